package cases

import (
	"context"
	"fmt"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/model"
)

// limp is a document at the edge of a rule: one that keeps it though it looks odd, or
// one that breaks it only just.
type limp struct {
	rule string
	what string
	only []byte // versions; all when empty
	make func(*scene) *model.Document
}

func (l *limp) in(ffd byte) bool {
	for _, v := range l.only {
		if v == ffd {
			return true
		}
	}
	return len(l.only) == 0
}

var (
	only105 = []byte{2}
	only11  = []byte{2, 3}
	later   = []byte{3, 4}
)

// odd are documents that keep their rule.
var odd = []limp{
	{rule: "M-02", what: "a total rounded down to the rouble", make: receiptWith(set(model.VLN(1079, 10050), 1059), amount(10050), total(10000))},
	{rule: "I-04", what: "an INN of ten digits after two zeros", make: func(s *scene) *model.Document { return receiptWith(set(model.Fixed(1018, "00"+s.reg.INN, 12)))(s) }},
	{rule: "D-03", what: "the time of the eastmost zone", make: func(s *scene) *model.Document { return receiptWith(dated(s.r.Start().Add(12 * time.Hour)))(s) }},
	{rule: "S-08", what: "an empty number", make: receiptWith(set(model.TLV(1217, nil)))},
	{rule: "Q-08", what: "a shift with a correction", make: func(s *scene) *model.Document {
		s.trading()
		s.sent(s.reg.Receipt(100), s.reg.Correction(200))
		return s.reg.CloseShift()
	}},
}

// bent are documents that break their rule.
var bent = []limp{
	{rule: "M-03", what: "payments above the total", make: receiptWith(set(model.VLN(1031, 10001)))},
	{rule: "M-07", what: "two furs of one code", only: only11, make: receiptWith(put(model.TLV(1162, append([]byte{0x52, 0x46}, "RU-430301-ABC1234567"...)), 1059), quantity(2), set(model.VLN(1079, 5000), 1059))},
	{rule: "D-03", what: "a date that nobody lived", make: receiptWith(dated(time.Date(2089, time.May, 9, 12, 0, 0, 0, time.UTC)))},
	{rule: "D-05", what: "a corrected day with a time", make: func(s *scene) *model.Document {
		at := s.reg.At.Truncate(day).Add(-day + time.Hour)
		return correctionWith(set(model.TLV(1174, append(model.U32(1178, uint32(at.Unix())), model.Text(1179, "1")...))))(s)
	}},
	{rule: "P-04", what: "no sender of receipts", make: reportWith(del(1117))},
	{rule: "P-09", what: "a state report that says it is not autonomous", make: stateWith(put(model.U8(1002, 0)))},
	{rule: "R-01", what: "two operation types", make: receiptWith(put(model.U8(1054, 1)))},
	{rule: "R-01", what: "a correction that is a refund", only: only105, make: correctionWith(set(model.U8(1054, 2)))},
	{rule: "R-02", what: "no tax system", make: receiptWith(set(model.U8(1055, 0)))},
	{rule: "S-08", what: "a fixed text without its spaces", make: func(s *scene) *model.Document { return receiptWith(set(model.Text(1018, s.reg.INN)))(s) }},
	{rule: "Q-04", what: "a shift number left out", make: func(s *scene) *model.Document {
		s.trading()
		s.sent(s.reg.CloseShift())
		return s.reg.OpenShift().Set(model.U32(1038, 3))
	}},
	{rule: "Q-05", what: "a receipt of a shift to come", make: receiptWith(set(model.U32(1038, 2)))},
	{rule: "Q-07", what: "a shift closed twice", make: func(s *scene) *model.Document {
		s.trading()
		s.sent(s.reg.CloseShift())
		return s.reg.CloseShift()
	}},
	{rule: "Q-10", what: "a new format version with a queue", only: later, make: func(s *scene) *model.Document {
		return toVersion(s, func() {
			s.sent(s.reg.OpenShift(), s.reg.CloseShift(), s.reg.StateReport().Set(model.U32(1097, 1)).Set(model.U32(1116, 3)))
		})
	}},
	{rule: "Q-10", what: "a new format version inside a shift", only: later, make: func(s *scene) *model.Document {
		return toVersion(s, func() { s.sent(s.reg.OpenShift(), s.reg.StateReport()) })
	}},
}

// toVersion changes a register of the version before to the variant's, after what it
// does until then.
func toVersion(s *scene, before func()) *model.Document {
	to, version := s.reg.FFD, s.reg.PVersion
	s.reg.FFD--
	s.sent(s.reg.Registration())
	before()
	s.reg.FFD, s.reg.PVersion = to, version
	return s.reg.Change(1 << 21)
}

// remarks are what is confirmed as clean and shown with a remark.
var remarks = []limp{
	{rule: "Q-03", make: func(s *scene) *model.Document { s.trading(); s.reg.FD++; return s.reg.Receipt(100) }},
	{rule: "R-11", make: receiptWith(del(1021))},
	{rule: "P-06", only: later, make: changed(set(model.U32(1205, 0)))},
}

var flkEdges = []conformance.Case{
	{
		ID: "O-201", Path: "flk/remarks", Mark: conformance.TB, Source: "flk.md Q-03, R-11, P-06", Tags: []string{"flk"}, Variants: conformance.EachFFD, Needs: conformance.NeedsInspect,
		Title: "What is noted without failing the control is shown with the document.",
		Run: func(ctx context.Context, r *conformance.Run) {
			for _, l := range remarks {
				s := newScene(ctx, r, conformance.TB)
				if !l.in(s.reg.FFD) {
					continue
				}
				d := l.make(s)
				r.CleanCode(s.reg, s.c.Accepted(s.reg, d.Bytes(), s.mark), s.mark)
				r.ExpectRule(ctx, s.reg.FN, d.FD, l.rule, s.mark)
			}
		},
	},
	{
		ID: "O-202", Path: "flk/edges", Mark: conformance.Doc, Source: "flk.md 1 to 8", Tags: []string{"flk"}, Variants: conformance.EachFFD,
		Title: "What only looks wrong is confirmed as clean, and what is only just wrong fails the control.",
		Run: func(ctx context.Context, r *conformance.Run) {
			for _, l := range odd {
				s := newScene(ctx, r, conformance.Doc)
				d := l.make(s)
				a := s.c.Accepted(s.reg, d.Bytes(), s.mark)
				clean := a.Code <= 0 && a.Message <= 0
				r.Expect("document/code", s.mark, l.rule+": "+l.what+" is confirmed as clean", clean, "no remark", fmt.Sprintf("1022 = %d, 1206 = %d", a.Code, a.Message))
			}
			for _, l := range bent {
				s := newScene(ctx, r, conformance.Doc)
				if !l.in(s.reg.FFD) {
					continue
				}
				d := l.make(s)
				a := s.c.Accepted(s.reg, d.Bytes(), s.mark)
				flagged := a.Code == 14 || a.Code == -1 && a.Message > 0 && a.Message&2 != 0
				r.Expect("document/code", s.mark, l.rule+": "+l.what+" fails the control", flagged, "14, or bit 1 of 1206", fmt.Sprintf("1022 = %d, 1206 = %d", a.Code, a.Message))
				if r.CanInspect() {
					r.ExpectRule(ctx, s.reg.FN, d.FD, l.rule, conformance.TB)
				}
			}
		},
	},
}
