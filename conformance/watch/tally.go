package watch

import (
	"fmt"

	"github.com/fiscalbench/fiscalbench/conformance"
)

// Breach is the first time that a requirement was broken by a drive or towards it.
type Breach struct {
	Requirement Requirement
	FN          string // empty when no drive could be told
	FD          uint32
	Expected    string
	Seen        string
	Offset      int    // of the offending byte, -1 when it is about what did not come
	Bytes       []byte // what the offset is in
}

// String is one line for people.
func (b Breach) String() string {
	who := b.FN
	if who == "" {
		who = "no drive"
	}
	if b.FD != 0 {
		who += fmt.Sprintf(" FD %d", b.FD)
	}
	at := ""
	if b.Offset >= 0 {
		at = fmt.Sprintf(" (offset %d of %d bytes: %s)", b.Offset, len(b.Bytes), around(b.Bytes, b.Offset))
	}
	return fmt.Sprintf("%s %s: %s expected %s, seen %s%s", b.Requirement.ID, who, b.Requirement.Title, b.Expected, b.Seen, at)
}

// shownBytes are shown from the offending one on.
const shownBytes = 8

func around(b []byte, offset int) string {
	if offset >= len(b) {
		return "the end"
	}
	return fmt.Sprintf("%x", b[offset:min(len(b), offset+shownBytes)])
}

// exchange is a message and what it was met with.
type exchange struct {
	fn     string
	fd     uint32
	raw    []byte // of the register; nil for what the operator sent unasked
	answer []byte
	ending conformance.Ending // how the operator left it; empty while it may answer
	msg    *arrived
	wrong  string // requirement on the register's reaction to a wrong answer or none
	right  bool   // a whole answer that a drive accepts
	code   bool   // with a code or message other than clean
	early  bool   // the register had left before the answer came
	closed bool   // the operator shut its half right after the answer
}

// count is the state of a requirement for one drive.
type count struct {
	held, broken int
	breach       *breach
}

type breach struct {
	Breach
	x *exchange
}

// tally keeps a count for each requirement and drive.
type tally struct {
	by     map[string]Requirement
	counts map[string]map[string]*count
	sums   map[string]*count    // over all drives
	sample map[string]*exchange // the first in which a requirement held
	drives []string             // in the order of their first appearance
	known  map[string]bool
	only   conformance.Party // judge nobody else; empty: both
	tell   func(Breach)
}

func newTally(only conformance.Party, tell func(Breach)) *tally {
	t := &tally{by: map[string]Requirement{}, counts: map[string]map[string]*count{}, sums: map[string]*count{}, sample: map[string]*exchange{}, known: map[string]bool{}, only: only, tell: tell}
	for _, r := range Requirements() {
		t.by[r.ID] = r
	}
	return t
}

// of is the count of a requirement for the drive of an exchange; nil when it is not
// judged.
func (t *tally) of(id string, x *exchange) *count {
	r, ok := t.by[id]
	if !ok {
		panic("watch: no requirement " + id) // a wrong static table
	}
	if t.only != "" && r.Of != t.only {
		return nil
	}
	if !t.known[x.fn] {
		t.known[x.fn] = true
		t.drives = append(t.drives, x.fn)
	}
	m := t.counts[id]
	if m == nil {
		m = map[string]*count{}
		t.counts[id], t.sums[id] = m, &count{}
	}
	c := m[x.fn]
	if c == nil {
		c = &count{}
		m[x.fn] = c
	}
	return c
}

func (t *tally) hold(id string, x *exchange) {
	if c := t.of(id, x); c != nil {
		c.held++
		t.sums[id].held++
		if t.sample[id] == nil {
			t.sample[id] = x
		}
	}
}

// broke counts a breach; the first of a drive is kept with its bytes and told. An
// offset below zero points nowhere.
func (t *tally) broke(id string, x *exchange, offset int, expected, seen any) {
	c := t.of(id, x)
	if c == nil {
		return
	}
	t.sums[id].broken++
	if c.broken++; c.breach != nil {
		return
	}
	b := Breach{Requirement: t.by[id], FN: x.fn, FD: x.fd, Expected: fmt.Sprint(expected), Seen: fmt.Sprint(seen), Offset: offset, Bytes: x.raw}
	if b.Requirement.Of == conformance.OFD {
		b.Bytes = x.answer
	}
	if len(b.Bytes) == 0 {
		b.Offset = -1
	}
	c.breach = &breach{b, x}
	t.tell(b)
}

// judge is hold or broke by what a finding says.
func (t *tally) judge(id string, x *exchange, f finding) {
	switch {
	case !f.judged:
	case f.ok:
		t.hold(id, x)
	default:
		t.broke(id, x, f.offset, f.expected, f.seen)
	}
}
