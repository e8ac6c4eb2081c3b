package torture

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/fiscalbench/fiscalbench/fiscal"
)

// place is what a ledger holds under one number. A ledger is a map of numbers to
// documents and no operation but an audit touches two of them, so every number is
// judged alone: what a search among thousands of documents without an answer could
// not do in time.
type place struct {
	taken bool
	entry entry
	given bool // the confirmation is known
}

// step tells whether a ledger may answer so, and what it is after.
func step(state, input, output any) (bool, any) {
	p := state.(place)
	switch in := input.(type) {
	case sending:
		return p.send(in, output.(ending))
	case audit:
		return p.holds(output.([]entry)), p
	}
	return false, p
}

// send: the first document with a number is stored and confirmed; the same one again
// gets the same confirmation, another one none. Whoever got no answer changes nothing
// or the same.
func (p place) send(s sending, e ending) (bool, any) {
	fits := !p.taken || p.entry.document == s.document
	switch {
	case e.verdict == unknown && !p.taken:
		return true, place{taken: true, entry: entry{document: s.document}}
	case e.verdict == unknown:
		return true, p
	case e.verdict == refused:
		return !fits, p
	case !fits || p.given && p.entry.confirmation != e.confirmation:
		return false, p
	}
	return true, place{taken: true, entry: entry{s.document, e.confirmation}, given: true}
}

// holds: nothing is missing, nothing is there twice, nothing else is there.
func (p place) holds(read []entry) bool {
	if !p.taken {
		return len(read) == 0
	}
	return len(read) == 1 && read[0].document == p.entry.document && (!p.given || read[0].confirmation == p.entry.confirmation)
}

// key is a number in the ledger of a drive.
type key struct {
	fn fiscal.FNNumber
	fd fiscal.FDNumber
}

// model is one number of one ledger.
var model = porcupine.Model{Init: func() any { return place{} }, Step: step}

// partition divides a history by drive and number; each number gets its part of every
// audit of its drive.
func partition(all []porcupine.Operation) map[key][]porcupine.Operation {
	parts := map[key][]porcupine.Operation{}
	open := map[sending]int64{} // when one without an answer began first
	for _, op := range all {
		if in, ok := op.Input.(sending); ok && op.Output.(ending).verdict == unknown {
			if at, known := open[in]; !known || op.Call < at {
				open[in] = op.Call
			}
		}
	}
	for _, op := range all {
		switch in := op.Input.(type) {
		case sending:
			// Of sendings of the same bytes without an answer the first says all: it may
			// take effect whenever a later one may, and only one of them changes anything.
			if op.Output.(ending).verdict == unknown && op.Call != open[in] {
				continue
			}
			k := key{in.fn, in.fd}
			parts[k] = append(parts[k], op)
		case audit:
			for fd := range op.Output.(reading) {
				if k := (key{in.fn, fd}); parts[k] == nil {
					parts[k] = []porcupine.Operation{} // nobody sent it
				}
			}
		}
	}
	byDrive := map[fiscal.FNNumber][]key{}
	for k := range parts {
		byDrive[k.fn] = append(byDrive[k.fn], k)
	}
	for _, op := range all {
		if in, ok := op.Input.(audit); ok {
			for _, k := range byDrive[in.fn] {
				one := op
				one.Output = op.Output.(reading)[k.fd]
				parts[k] = append(parts[k], one)
			}
		}
	}
	return parts
}

// judge checks a history and names the ledgers and numbers that do not fit the model.
func judge(ops []porcupine.Operation, limit time.Duration) (ledgers int, bad []string) {
	drives := map[fiscal.FNNumber]bool{}
	for k, part := range partition(ops) {
		drives[k.fn] = true
		if r := porcupine.CheckOperationsTimeout(model, part, limit); r != porcupine.Ok {
			bad = append(bad, fmt.Sprintf("FN %s FD %d: %s (%d operations)", k.fn, k.fd, strings.ToLower(string(r)), len(part)))
		}
	}
	slices.Sort(bad)
	return len(drives), bad
}
