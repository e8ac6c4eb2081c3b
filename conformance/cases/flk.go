package cases

import (
	"context"
	"fmt"
	"strings"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/model"
)

// verdict is how an operator answers a document that breaks a rule of flk.md.
type verdict uint8

const (
	failed  verdict = iota // 1022 = 14, or 1206 bit 1
	unread                 // 1022 = 11, or 1206 bit 1
	refused                // no answer
	noted                  // confirmed as clean; people see a finding
)

// rule is one row of flk.md as a case: a document that keeps it and one that breaks
// nothing else.
type rule struct {
	id     string // of flk.md: "M-03"
	title  string
	mark   conformance.Mark
	ways   []conformance.Variant
	seen   string // name of the finding when it is not the rule's own
	want   verdict
	good   func(*scene) *model.Document
	bad    func(*scene) *model.Document
	beyond string
}

// scene is a register on its way to the document that a rule is about.
type scene struct {
	r    *conformance.Run
	c    *conformance.Conn
	reg  *model.Register
	mark conformance.Mark
	// answers is the version the answer must follow when the document names another
	// one than its register; 0: the register's.
	answers byte
}

func newScene(ctx context.Context, r *conformance.Run, mark conformance.Mark) *scene {
	return &scene{r: r, c: r.Dial(ctx), reg: r.Standard(), mark: mark}
}

// sent sends documents that must be confirmed as clean.
func (s *scene) sent(all ...*model.Document) {
	s.r.Given("documents before it", func() {
		for _, d := range all {
			s.r.CleanCode(s.reg, s.c.Accepted(s.reg, d.Bytes(), s.mark), s.mark)
		}
	})
}

// registered and trading bring the register to where most rules apply.
func (s *scene) registered() { s.sent(s.reg.Registration()) }

func (s *scene) trading() {
	s.registered()
	s.sent(s.reg.OpenShift())
}

// edit changes a document.
type edit func(*model.Document)

func set(field []byte, path ...int) edit { return func(d *model.Document) { d.Set(field, path...) } }
func put(field []byte, path ...int) edit { return func(d *model.Document) { d.Put(field, path...) } }
func del(tag int, path ...int) edit      { return func(d *model.Document) { d.Del(tag, path...) } }

// made applies edits to the next document of a kind.
func made(before func(*scene), kind func(*model.Register) *model.Document, edits ...edit) func(*scene) *model.Document {
	return func(s *scene) *model.Document {
		before(s)
		d := kind(s.reg)
		for _, e := range edits {
			e(d)
		}
		return d
	}
}

func fresh(*scene) {}

// receiptWith, correctionWith, reportWith, openingWith: the documents that most rules
// speak of. A receipt is of one item for 100.00 in cash, without VAT.
func receiptWith(edits ...edit) func(*scene) *model.Document {
	return made((*scene).trading, func(r *model.Register) *model.Document { return r.Receipt(10000) }, edits...)
}

func correctionWith(edits ...edit) func(*scene) *model.Document {
	return made((*scene).trading, func(r *model.Register) *model.Document { return r.Correction(10000) }, edits...)
}

func reportWith(edits ...edit) func(*scene) *model.Document {
	return made(fresh, (*model.Register).Registration, edits...)
}

func openingWith(edits ...edit) func(*scene) *model.Document {
	return made((*scene).registered, (*model.Register).OpenShift, edits...)
}

func stateWith(edits ...edit) func(*scene) *model.Document {
	return made((*scene).registered, (*model.Register).StateReport, edits...)
}

// flkCases turns the table into cases. Ids are those of flk.md after an F.
func flkCases() (all []conformance.Case) {
	for _, rules := range [][]rule{structureRules, identityRules, sequenceRules, moneyRules, receiptRules, reportRules} {
		for _, x := range rules {
			all = append(all, x.asCase())
		}
	}
	return all
}

func (x rule) asCase() conformance.Case {
	level := conformance.Must
	if x.want == noted {
		level = conformance.Should
	}
	return conformance.Case{
		ID: "F-" + x.id, Path: "flk/" + strings.ToLower(x.id), Title: x.title, Source: "flk.md " + x.id, Mark: x.mark, Level: level, Tags: []string{"flk"},
		Variants: x.ways, Beyond: x.beyond,
		Run: func(ctx context.Context, r *conformance.Run) {
			s := newScene(ctx, r, x.mark)
			d := x.good(s)
			r.CleanCode(s.reg, s.c.Accepted(s.reg, d.Bytes(), x.mark), x.mark)
			s = newScene(ctx, r, x.mark)
			x.judge(ctx, s, x.bad(s))
		},
	}
}

func (x rule) judge(ctx context.Context, s *scene, d *model.Document) {
	r, reg := s.r, *s.reg
	if s.answers != 0 {
		reg.FFD = s.answers
	}
	if x.want == refused {
		s.c.Refused(d.Bytes(), x.mark, "a document that breaks "+x.id+" gets no answer")
		return
	}
	a := s.c.Accepted(s.reg, d.Bytes(), x.mark)
	switch x.want {
	case unread:
		r.Unrecognised(&reg, a, x.mark)
	case noted:
		r.Expect("document/code", x.mark, "the answer is a confirmation", a.Code != 11, "not 11", a.Code)
	default:
		r.FLKCode(&reg, a, x.mark)
	}
	if !r.CanInspect() {
		return
	}
	name := x.seen
	if name == "" {
		name = x.id
	}
	rules := r.Document(ctx, reg.FN, d.FD).Rules
	r.Expect("document/finding", conformance.TB, "the finding names the rule", contains(rules, name), name, fmt.Sprint(rules))
}

func contains(all []string, one string) bool {
	for _, x := range all {
		if x == one {
			return true
		}
	}
	return false
}
