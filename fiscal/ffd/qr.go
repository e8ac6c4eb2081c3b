package ffd

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
)

// QR is the text of a receipt's QR code (order ЕД-7-20/662@, paragraph 15).
type QR struct {
	Time      time.Time // wall clock, shown in UTC
	Seconds   bool      // the text says seconds
	Total     fiscal.Kopecks
	FN        fiscal.FNNumber
	FD        fiscal.FDNumber
	FPD       fiscal.FPD
	Operation fiscal.OperationType
}

// ReadQR takes the fields of the code from a document.
func ReadQR(d *Document) QR {
	return QR{
		Time: d.DateTime(), Total: d.Sum(TagTotalSum), FN: d.FNNumber(), FD: d.FDNumber(), FPD: d.FPD(),
		Operation: fiscal.OperationType(d.Uint(TagOperationType)),
	}
}

// QRText is the text of the QR code of a receipt or correction, minutes as the
// order wants: t=20200924T1837&s=349.93&fn=9282440300682838&i=46534&fp=1273019065&n=1.
func QRText(d *Document) string { return ReadQR(d).String() }

// String writes the text; seconds only when Seconds is set.
func (q QR) String() string {
	layout := "20060102T1504"
	if q.Seconds {
		layout = "20060102T150405"
	}
	return fmt.Sprintf("t=%s&s=%v&fn=%s&i=%d&fp=%s&n=%d", q.Time.Format(layout), q.Total, q.FN, q.FD, q.FPD.QR(), q.Operation)
}

// ParseQR reads the text of a QR code: letters of any case, keys in any order,
// seconds or none, document number and sign with or without leading zeros, and the
// query of a link. Every key must stand there once.
func ParseQR(text string) (QR, error) {
	var q QR
	if i := strings.LastIndexByte(text, '?'); i >= 0 {
		text = text[i+1:]
	}
	seen := map[string]bool{}
	for part := range strings.SplitSeq(strings.TrimSpace(text), "&") {
		key, value, ok := strings.Cut(part, "=")
		key = strings.ToLower(key)
		if !ok {
			return q, fmt.Errorf("ffd: QR text: part without a value")
		}
		if seen[key] {
			return q, fmt.Errorf("ffd: QR text: %q twice", key)
		}
		if err := q.set(key, value); err != nil {
			return q, err
		}
		seen[key] = true
	}
	for _, key := range []string{"t", "s", "fn", "i", "fp", "n"} {
		if !seen[key] {
			return q, fmt.Errorf("ffd: QR text: no %q", key)
		}
	}
	return q, nil
}

func (q *QR) set(key, value string) (err error) {
	switch key {
	case "t":
		err = q.setTime(strings.ToUpper(value))
	case "s":
		q.Total, err = fiscal.ParseKopecks(value)
	case "fn":
		q.FN, err = fiscal.ParseFNNumber(value)
	case "i":
		var n uint64
		n, err = strconv.ParseUint(value, 10, 32)
		q.FD = fiscal.FDNumber(n)
	case "fp":
		var n uint64
		n, err = strconv.ParseUint(value, 10, 32)
		q.FPD = fiscal.FPD(n)
	case "n":
		var n uint64
		n, err = strconv.ParseUint(value, 10, 8)
		if err == nil && (n < 1 || n > 4) {
			err = fmt.Errorf("want 1 to 4")
		}
		q.Operation = fiscal.OperationType(n)
	}
	if err != nil {
		return fmt.Errorf("ffd: QR text: bad %q: %w", key, err)
	}
	return nil
}

func (q *QR) setTime(s string) (err error) {
	switch len(s) {
	case len("20060102T1504"):
		q.Time, err = time.Parse("20060102T1504", s)
	case len("20060102T150405"):
		q.Seconds = true
		q.Time, err = time.Parse("20060102T150405", s)
	default:
		err = fmt.Errorf("want YYYYMMDDTHHMM or YYYYMMDDTHHMMSS")
	}
	return err
}
