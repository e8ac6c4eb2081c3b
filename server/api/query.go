package api

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// query reads the parameters of a request. The first bad one sticks.
type query struct {
	req    *http.Request
	values url.Values
	err    error
}

// readQuery refuses parameters that the resource does not know: a filter with a
// misspelt name must not silently select everything. "*" allows any.
func readQuery(req *http.Request, known []string) (*query, error) {
	values, err := url.ParseQuery(req.URL.RawQuery)
	if err != nil {
		return nil, invalid("query: %v", err)
	}
	for name, all := range values {
		switch {
		case slices.Contains(known, "*"):
		case !slices.Contains(known, name):
			return nil, invalid("unknown parameter %q; this resource knows %q", name, known)
		case len(all) > 1:
			return nil, invalid("parameter %q is given %d times", name, len(all))
		}
	}
	return &query{req: req, values: values}, nil
}

func (q *query) fail(format string, args ...any) {
	if q.err == nil {
		q.err = invalid(format, args...)
	}
}

// number reads a number of low to high, def when absent.
func (q *query) number(name string, low, high, def int64) int64 {
	text := q.values.Get(name)
	if text == "" {
		return def
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < low || n > high {
		q.fail("%s=%q: want a number of %d to %d", name, text, low, high)
		return def
	}
	return n
}

func (q *query) flag(name string) bool { return q.number(name, 0, 1, 0) == 1 }

func (q *query) page() store.Page {
	return store.Page{After: q.number("after", 0, 1<<62, 0), Limit: int(q.number("limit", 1, store.MaxLimit, store.DefaultLimit))}
}

// fn reads the FN number from the path or, when it has none, from the query.
func (q *query) fn() fiscal.FNNumber {
	text := q.req.PathValue("fn")
	if text == "" {
		if text = q.values.Get("fn"); text == "" {
			return ""
		}
	}
	fn, err := fiscal.ParseFNNumber(text)
	if err != nil {
		q.fail("fn=%q: want 1 to %d digits", text, fiscal.FNNumberLen)
	}
	return fn
}

// fd reads the document number from the path.
func (q *query) fd() fiscal.FDNumber {
	text := q.req.PathValue("fd")
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		q.fail("fd=%q: want a document number", text)
	}
	return fiscal.FDNumber(n)
}

func (q *query) filter() store.DocumentFilter {
	f := store.DocumentFilter{
		FN:       q.fn(),
		Form:     fiscal.Form(q.number("form", 1, 1<<16-1, 0)),
		FPD:      fiscal.FPD(q.number("fpd", 1, 1<<32-1, 0)),
		From:     q.clock("from"),
		To:       q.clock("to"),
		Findings: q.flag("findings"),
	}
	if text := q.values.Get("rnm"); text != "" {
		rnm, err := fiscal.ParseRegNumber(text)
		if err != nil {
			q.fail("rnm=%q: want 16 digits", text)
		}
		f.RegID = rnm
	}
	if text := q.values.Get("inn"); text != "" {
		// Check digits are not asked for: a document with a wrong INN must be found too.
		if _, err := strconv.ParseUint(text, 10, 64); err != nil || len(text) > fiscal.INNLen {
			q.fail("inn=%q: want at most %d digits", text, fiscal.INNLen)
		}
		f.UserINN = fiscal.INN(text)
	}
	return f
}

// clock reads a time of the register's own clock, without a zone.
func (q *query) clock(name string) time.Time {
	text := q.values.Get(name)
	if text == "" {
		return time.Time{}
	}
	for _, layout := range []string{time.DateOnly, wallClock, "2006-01-02T15:04"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t
		}
	}
	q.fail("%s=%q: want 2006-01-02 or 2006-01-02T15:04:05, by the register's clock", name, text)
	return time.Time{}
}
