package rest

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/flk"
	"github.com/fiscalbench/fiscalbench/server/projection"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// Statuses of a document (OPR-050), as the operator's own checks see it: there is no
// exchange with the tax service. ISOLATION is what only the tax service says.
const (
	accepted = "ACCEPTED"
	warned   = "WARNINGS"
	wrong    = "ERRORS"
	unknown  = "UNKNOWN"
)

var statuses = []string{accepted, warned, wrong, unknown}

func statusOf(d *store.Document) string {
	switch flk.Worst(d.Findings) {
	case flk.Error:
		return wrong
	case flk.Warning:
		return warned
	}
	if _, err := ffd.Decode(d.STLV); err != nil || len(d.STLV) == 0 {
		return unknown
	}
	return accepted
}

// sieve is what can be asked of whole documents only; the zero value lets all through.
type sieve struct {
	statuses []string
	property string
}

func (w Wanted) sieve() (s sieve, err error) {
	for one := range strings.SplitSeq(w.Status, ",") {
		if one = strings.ToUpper(strings.TrimSpace(one)); one == "" {
			continue
		}
		if !slices.Contains(statuses, one) {
			p := problem(http.StatusBadRequest, "invalid", "Состояния: "+strings.Join(statuses, ", ")+".")
			p.Field = "status"
			return s, p
		}
		s.statuses = append(s.statuses, one)
	}
	s.property = w.Property
	return s, nil
}

func (s sieve) empty() bool { return len(s.statuses) == 0 && s.property == "" }

func (s sieve) passes(d *store.Document) bool {
	return (len(s.statuses) == 0 || slices.Contains(s.statuses, statusOf(d))) && (s.property == "" || hasProperty(d, s.property))
}

// hasProperty looks for tag 1084 with the name, the value or "name=value".
func hasProperty(d *store.Document, text string) bool {
	doc, err := ffd.Decode(d.STLV)
	if err != nil || len(d.STLV) == 0 {
		return false
	}
	for _, n := range doc.All(ffd.TagUserProperty) {
		name, value := ffd.NodeText(n.Child(ffd.TagUserPropertyName)), ffd.NodeText(n.Child(ffd.TagUserPropertyValue))
		if text == name || text == value || text == name+"="+value {
			return true
		}
	}
	return false
}

// fits tells whether a document is what a search asks for, but for its date.
func fits(q *store.Search, p *store.Projection) bool {
	same := func(asked, is int64) bool { return asked == 0 || asked == is }
	items := func(has func(i store.Item) bool) bool { return slices.ContainsFunc(p.Items, has) }
	paid := map[store.Payment]int64{store.Cash: int64(p.Paid.Cash), store.Ecash: int64(p.Paid.Ecash), store.Prepaid: int64(p.Paid.Prepaid), store.Credit: int64(p.Paid.Credit), store.Provision: int64(p.Paid.Provision)}
	return (q.FN == "" || q.FN == p.FN) && (len(q.Forms) == 0 || slices.Contains(q.Forms, p.Form)) && same(int64(q.FPD), int64(p.FPD)) && same(int64(q.Operation), int64(p.Operation)) &&
		same(int64(q.Shift), int64(p.Shift)) && same(int64(q.Number), int64(p.Number)) && same(int64(q.Taxation), int64(p.Taxation)) && (q.Payment == store.AnyPayment || paid[q.Payment] != 0) &&
		p.Total >= q.MinTotal && (q.MaxTotal == 0 || p.Total <= q.MaxTotal) && (q.Contact == "" || q.Contact == p.Contact) &&
		(q.Item == "" || items(func(i store.Item) bool { return strings.Contains(i.Name, q.Item) })) && (q.Code == "" || items(func(i store.Item) bool { return i.Code == q.Code }))
}

// arrivalSlack is how much later than others documents with smaller numbers may say
// that they came: servers have clocks of their own, and transactions take their time.
const arrivalSlack = time.Minute

// received lists by arrival, the first first.
func (l *listing) received(ctx context.Context, zone *time.Location) (*many[Document], error) {
	from, err := moment("from", l.in.From, zone)
	if err != nil {
		return nil, err
	}
	to, err := moment("to", l.in.To, zone)
	if err != nil {
		return nil, err
	}
	first := int64(0)
	if !from.IsZero() {
		if first, err = l.arrived(ctx, from.Add(-arrivalSlack)); err != nil {
			return nil, err
		}
	}
	after := first
	if l.in.Cursor != "" {
		if after, err = cursorNumber(l.in.Cursor, "v"); err != nil {
			return nil, err
		}
	}
	page := Page[Document]{Items: []Document{}, Page: PageInfo{Limit: l.in.Limit}, fields: l.in.names()}
	if l.in.lines() {
		page.stream = func(yield func(Document) error) error {
			_, _, err := l.arrivals(ctx, after, from, to, 0, func(d Document) (bool, error) { return true, yield(d) })
			return err
		}
		return &many[Document]{page}, nil
	}
	skip := l.in.Offset
	place, ended, err := l.arrivals(ctx, after, from, to, maxScan, func(d Document) (bool, error) {
		if skip > 0 {
			skip--
			return true, nil
		}
		page.Items = append(page.Items, d)
		return len(page.Items) < l.in.Limit, nil
	})
	if err != nil {
		return nil, err
	}
	if !ended {
		page.Page.Next = cursor("v", strconv.FormatInt(place, 10))
	}
	if l.in.Total {
		n := 0
		_, ended, err := l.arrivals(ctx, first, from, to, maxTotal, func(Document) (bool, error) { n++; return true, nil })
		if err != nil {
			return nil, err
		}
		page.Page.Total, page.Page.AtLeast = &n, !ended
	}
	// What came before an hour that is over has come.
	page.Page.Complete = !to.IsZero() && l.o.Now().After(to.Add(arrivalSlack))
	return &many[Document]{page}, nil
}

// arrivals gives documents of the sight that came in [from, to) after a place, until
// take wants no more or, when most is not 0, so many were looked at.
func (l *listing) arrivals(ctx context.Context, after int64, from, to time.Time, most int, take func(Document) (bool, error)) (place int64, ended bool, err error) {
	if l.sight.Empty() {
		return after, true, nil
	}
	f := store.DocumentFilter{UserINN: l.sight.INN(), FN: l.q.FN}
	limit := l.batch()
	for looked := 0; ; {
		docs, err := l.o.Arrivals.Documents(ctx, f, store.Page{After: after, Limit: limit})
		if err != nil {
			return after, false, err
		}
		for i := range docs {
			d := &docs[i]
			if !to.IsZero() && d.ReceivedAt.After(to.Add(arrivalSlack)) {
				return after, true, nil
			}
			after = d.ID
			looked++
			more := true
			if !d.ReceivedAt.Before(from) && (to.IsZero() || d.ReceivedAt.Before(to)) && l.shows(d) {
				if more, err = take(showStored(d, l.clocks)); err != nil {
					return after, false, err
				}
			}
			if !more || (most > 0 && looked >= most) {
				return after, false, nil
			}
		}
		if len(docs) < limit {
			return after, true, nil
		}
		limit = store.MaxLimit
	}
}

func (l *listing) shows(d *store.Document) bool {
	if !l.sight.Shows(d.RegID, d.UserINN, filed(d)) || !l.sieve.passes(d) {
		return false
	}
	p := projection.Decode(d)
	return fits(&l.q, &p)
}

// filed is the time a document is filed under: its own, or its arrival.
func filed(d *store.Document) time.Time {
	if d.DateTime.IsZero() {
		return d.ReceivedAt.Truncate(time.Second)
	}
	return d.DateTime
}

// arrived is a place after which everything is that came at the time or later. Places
// grow with time, so it is found by doubling and halving; of the documents met on the
// way, others' among them, nothing but the time is looked at. A clock of the bench
// that was put back breaks the order: then the feed is the truth.
func (a *api) arrived(ctx context.Context, at time.Time) (int64, error) {
	// earlier is the place of the first document after a place when it came before the
	// time, else 0.
	earlier := func(place int64) (int64, error) {
		docs, err := a.o.Arrivals.Documents(ctx, store.DocumentFilter{}, store.Page{After: place, Limit: 1})
		if err != nil || len(docs) == 0 || !docs[0].ReceivedAt.Before(at) {
			return 0, err
		}
		return docs[0].ID, nil
	}
	low, high := int64(0), int64(1)
	for {
		found, err := earlier(high)
		if err != nil {
			return 0, err
		}
		if found == 0 {
			break
		}
		low, high = found, 2*found
	}
	for low < high {
		middle := low + (high-low)/2
		found, err := earlier(middle)
		if err != nil {
			return 0, err
		}
		if found == 0 {
			high = middle
		} else {
			low = found
		}
	}
	return low, nil
}

// moment reads a time of the server; without a zone it is in the given one.
func moment(field, s string, zone *time.Location) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	for _, layout := range []string{time.DateOnly, "2006-01-02T15:04", wallClock} {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil {
			return t, nil
		}
	}
	p := problem(http.StatusBadRequest, "invalid", "Время поступления: 2026-03-01, 2026-03-01T10:00:00 или с зоной, 2026-03-01T10:00:00+03:00.")
	p.Field = field
	return time.Time{}, p
}

// cursorNumber reads a cursor that holds a place of the order of arrival.
func cursorNumber(text, kind string) (int64, error) {
	s, err := uncursor(text, kind)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return 0, badCursor()
	}
	return n, nil
}
