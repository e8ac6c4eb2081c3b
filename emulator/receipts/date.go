package receipts

import (
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// Layouts of dates in public files. The wall clock is kept as it stands: documents
// carry local time, and a zone in a file does not say which place's it is.
var (
	clockLayouts = []string{
		"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04", "02.01.2006 15:04:05", "02.01.2006 15:04",
		"02.01.2006T15:04:05", "20060102T150405", "20060102T1504", "02.01.06 15:04", "2006.01.02 15:04:05",
	}
	zoneLayouts = []string{time.RFC3339, "2006-01-02T15:04:05-0700", "2006-01-02T15:04Z07:00", "2006-01-02 15:04:05Z07:00"}
	dayLayouts  = []string{"2006-01-02", "02.01.2006", "20060102", "2006.01.02"}
)

// moment is a time read from a source.
type moment struct {
	at   time.Time // wall clock in UTC
	day  bool      // only the day was there
	zone bool      // a zone was there
}

// readMoment reads a date in words, or a number: seconds since 1970, or milliseconds
// when it is too large for seconds.
func readMoment(n *node) (moment, bool) {
	text := strings.TrimSpace(n.text)
	if n.kind != kindString && n.kind != kindNumber {
		return moment{}, false
	}
	for _, l := range dayLayouts {
		if len(text) != len(l) || n.kind != kindString {
			continue
		}
		if t, err := time.Parse(l, text); err == nil {
			return moment{at: t, day: true}, true
		}
	}
	if v, ok := whole(n); ok && v.IsInt64() {
		return epoch(v.Int64())
	}
	if t, err := parseLayouts(clockLayouts, text); err == nil {
		return moment{at: t}, true
	}
	if t, err := parseLayouts(zoneLayouts, text); err == nil {
		return moment{at: tlv.WallClock(t), zone: true}, true
	}
	return moment{}, false
}

// epoch takes a count since 1970 of the wall clock, as tag 1012 has it.
func epoch(v int64) (moment, bool) {
	const firstMilli = 1 << 33 // as seconds, the year 2242
	if v >= firstMilli {
		v /= 1000
	}
	if v <= 0 || v >= firstMilli {
		return moment{}, false
	}
	return moment{at: time.Unix(v, 0).UTC()}, true
}

func parseLayouts(layouts []string, text string) (t time.Time, err error) {
	for _, l := range layouts {
		if t, err = time.Parse(l, text); err == nil {
			return t, nil
		}
	}
	return t, err
}

// moment reads a tag with a date.
func (r *reader) moment(f *fields, tag tlv.Tag) (moment, *node) {
	n := r.one(f, tag)
	if n == nil {
		return moment{}, nil
	}
	m, ok := readMoment(n)
	if !ok {
		r.note(n, BadValue, "не дата и не время")
		return moment{}, nil
	}
	return m, n
}
