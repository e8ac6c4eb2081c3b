package fault

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/fiscalbench/fiscalbench/fiscal"
)

// Event is what a point is asked about. Fields that its moment does not know are
// empty.
type Event struct {
	FN   fiscal.FNNumber
	FD   fiscal.FDNumber
	Form fiscal.Form // of the document that the message carries or answers; 0 in service mode
	Peer string
	At   string // step within a message, for points whose parameter "at" chooses one
}

// when is the kind of a trigger.
type when uint8

const (
	whenAlways when = iota + 1
	whenNext
	whenNth
	whenEvery
	whenRate
)

// trigger says at which of the events that pass its filters a rule acts.
type trigger struct {
	when when
	n    uint64
	rate float64

	fns  []string // numbers, or beginnings that end in *
	fds  []fiscal.FDNumber
	docs []fiscal.Form
	at   string // value of the parameter "at"
}

// matches reports an event that passes the filters.
func (t *trigger) matches(e *Event) bool {
	switch {
	case t.at != "" && t.at != e.At:
		return false
	case t.fns != nil && !slices.ContainsFunc(t.fns, func(f string) bool { return matchesFN(f, string(e.FN)) }):
		return false
	case t.fds != nil && !slices.Contains(t.fds, e.FD):
		return false
	}
	return t.docs == nil || slices.Contains(t.docs, e.Form)
}

func matchesFN(filter, fn string) bool {
	if prefix, ok := strings.CutSuffix(filter, "*"); ok {
		return strings.HasPrefix(fn, prefix)
	}
	return filter == fn
}

// fires decides about the event that is number seen, from 1, of those that match;
// draw is in [0, 1).
func (t *trigger) fires(seen uint64, draw func() float64) bool {
	switch t.when {
	case whenNext:
		return seen <= t.n
	case whenNth:
		return seen == t.n
	case whenEvery:
		return seen%t.n == 0
	case whenRate:
		return draw() < t.rate
	}
	return true
}

// triggerNames are the words of triggers and filters; parameters have others.
var triggerNames = []string{"next", "nth", "every", "rate", "always", "fn", "fd", "doc"}

// set reads one word of a trigger. known is false for other words.
func (t *trigger) set(moment Moment, name, value string) (known bool, err error) {
	switch name {
	case "next", "nth", "every", "rate", "always":
		if t.when != 0 {
			return true, fmt.Errorf("%s: another of next, nth, every, rate and always was given before", name)
		}
		return true, t.count(name, value)
	case "fn", "fd", "doc":
		if allowed := moment.Filters(); !slices.Contains(allowed, name) {
			return true, fmt.Errorf("%s: not known at the moment of this point, which is asked for %s", name, moment)
		}
		return true, t.filter(name, value)
	}
	return false, nil
}

func (t *trigger) count(name, value string) (err error) {
	switch name {
	case "always":
		if value != "" {
			return fmt.Errorf("always=%q: takes no value", value)
		}
		t.when = whenAlways
		return nil
	case "rate":
		t.when = whenRate
		t.rate, err = strconv.ParseFloat(value, 64)
		if err != nil || !(t.rate > 0 && t.rate <= 1) { // NaN too
			return fmt.Errorf("rate=%q: want a number above 0, at most 1", value)
		}
		return nil
	}
	t.when = map[string]when{"next": whenNext, "nth": whenNth, "every": whenEvery}[name]
	if t.n, err = strconv.ParseUint(value, 10, 64); err != nil || t.n == 0 || t.n > math.MaxInt64 {
		return fmt.Errorf("%s=%q: want a whole number from 1", name, value)
	}
	return nil
}

// filter reads the values of one filter, divided by slashes.
func (t *trigger) filter(name, value string) error {
	for one := range strings.SplitSeq(value, "/") {
		switch name {
		case "fn":
			if err := checkFNFilter(one); err != nil {
				return err
			}
			t.fns = append(t.fns, one)
		case "fd":
			n, err := strconv.ParseUint(one, 10, 32)
			if err != nil || n == 0 {
				return fmt.Errorf("fd=%q: want the number of a document", one)
			}
			t.fds = append(t.fds, fiscal.FDNumber(n))
		case "doc":
			form, err := parseForm(one)
			if err != nil {
				return err
			}
			t.docs = append(t.docs, form)
		}
	}
	return nil
}

func checkFNFilter(text string) error {
	digits := strings.TrimSuffix(text, "*")
	if digits == "" || len(digits) > fiscal.FNNumberLen || strings.Trim(digits, "0123456789") != "" {
		return fmt.Errorf("fn=%q: want the number of a drive, or its beginning and *", text)
	}
	return nil
}

// service is the name of messages without a body among the names of documents.
const service = "service"

func parseForm(text string) (fiscal.Form, error) {
	if text == service {
		return 0, nil
	}
	if f := fiscal.FormByJSONName(text); f != 0 {
		return f, nil
	}
	if n, err := strconv.ParseUint(text, 10, 8); err == nil && n > 0 {
		return fiscal.Form(n), nil
	}
	return 0, fmt.Errorf("doc=%q: want a document's name as receipt, closeShift, a form number, or service", text)
}
