package props

import (
	"bytes"
	"time"

	"pgregory.net/rapid"

	"github.com/fiscalbench/fiscalbench/conformance/model"
)

// other sends another document under a number that is stored.
func (s *sender) other() {
	d := s.pick(true)
	c := d.doc.Clone().Set(model.Text(1021, "Кассир Петров"))
	if rapid.Bool().Draw(s.t, "time") {
		c = d.doc.Clone().Set(model.U32(1012, uint32(s.reg.At.Add(time.Minute).Unix())))
	}
	s.say("another document %d is sent", d.paper.FD)
	one := dispatch{doc: c, paper: paperOf(c), message: c.Bytes()}
	s.judge(&one, s.ask(one.message))
}

// damages are ways in which a message fails before its content counts.
var damages = []struct {
	name string
	do   func(d *dispatch) []byte
}{
	{"with a wrong sign", func(d *dispatch) []byte {
		m := bytes.Clone(d.message)
		m[len(m)-3] ^= 1
		model.FixContainerCRC(m[headerLen:])
		return m
	}},
	{"with a wrong check code", func(d *dispatch) []byte {
		m := bytes.Clone(d.message)
		m[headerLen+2] ^= 1
		return m
	}},
	{"with another drive in the session header", func(d *dispatch) []byte {
		m := bytes.Clone(d.message)
		m[8+15] ^= 1
		return m
	}},
	{"with another number in the container header", func(d *dispatch) []byte {
		c := d.doc.Clone()
		c.HeaderFD = c.FD + 1000
		return c.Bytes()
	}},
	{"with a changed byte in the document", func(d *dispatch) []byte {
		m := bytes.Clone(d.message)
		m[headerLen+containerLen+20] ^= 1
		model.FixContainerCRC(m[headerLen:])
		return m
	}},
}

// damaged sends a damaged message. The first document of a drive decides whose signs
// it has (fiscal-sign.md section 7), so nothing is damaged before it.
func (s *sender) damaged() {
	if s.file.Count() == 0 {
		s.t.Skip("the operator does not know the drive")
	}
	var d *dispatch
	if rapid.Bool().Draw(s.t, "new") {
		d = s.next()
	} else {
		d = &s.made[rapid.IntRange(0, len(s.made)-1).Draw(s.t, "which")]
	}
	how := rapid.SampledFrom(damages).Draw(s.t, "damage")
	s.say("document %d comes %s", d.paper.FD, how.name)
	p := d.paper
	p.Damaged = true
	message := how.do(d)
	if err := s.file.answered(p, message, s.ask(message), false); err != nil {
		s.fail("%v (%s)", err, how.name)
	}
}

// against makes and sends a document that breaks one rule of flk.md.
func (s *sender) against() {
	if s.reg.FD == 0 {
		s.t.Skip("nothing is registered")
	}
	r := s.reg
	var all []broken
	for _, b := range breaks {
		if b.when(s) {
			all = append(all, b)
		}
	}
	b := rapid.SampledFrom(all).Draw(s.t, "rule")
	if rapid.IntRange(0, 3).Draw(s.t, "with gaps") < 3 {
		s.sendRest()
	}
	shift, open, count, opened := r.Shift, r.Open, r.Number, r.Opened
	d := b.make(s)
	if r.Open == open { // else the register knows best where it stands
		r.Shift, r.Number, r.Opened = shift, count, opened
	}
	s.wrong = true
	one := s.add(d)
	s.say("document %d, form %d, is sent: %s", d.FD, d.Form, b.name)
	s.send(one)
}

type broken struct {
	name string
	when func(*sender) bool
	make func(*sender) *model.Document
}

func isOpen(s *sender) bool   { return s.reg.Open && !s.closed }
func isClosed(s *sender) bool { return !s.reg.Open && !s.closed }
func always(*sender) bool     { return true }

// breaks are documents against rules of severity E.
var breaks = []broken{
	{"a receipt outside shifts (Q-05)", isClosed, func(s *sender) *model.Document { return s.reg.Receipt(100).Set(model.U32(1038, s.reg.Shift)) }}, // before the first shift: 0
	{"a receipt of shift 0 (Q-05)", always, func(s *sender) *model.Document { return s.reg.Receipt(100).Set(model.U32(1038, 0)) }},
	{"a receipt of another shift (Q-05)", isOpen, func(s *sender) *model.Document { return s.reg.Receipt(100).Set(model.U32(1038, s.reg.Shift+7)) }},
	{"a shift number is left out (Q-04)", isClosed, func(s *sender) *model.Document { return s.reg.OpenShift().Set(model.U32(1038, s.reg.Shift+5)) }},
	{"the closing of another shift (Q-07)", isOpen, func(s *sender) *model.Document { return s.reg.CloseShift().Set(model.U32(1038, s.reg.Shift+1)) }},
	{"a wrong count of receipts (Q-08)", isOpen, func(s *sender) *model.Document { return s.reg.CloseShift().Set(model.U32(1118, s.reg.Number+1)) }},
	{"a state report with a shift and none open (Q-09)", isClosed, func(s *sender) *model.Document {
		return s.reg.StateReport().Set(model.U32(1038, max(s.reg.Shift, 1)))
	}},
	{"a second registration (Q-01)", isClosed, func(s *sender) *model.Document { return s.reg.Registration() }},
	{"another user (I-04)", always, func(s *sender) *model.Document {
		return s.reg.StateReport().Set(model.Fixed(1018, string(otherINN), 12))
	}},
	{"a receipt after the closing of the drive (E-25)", func(s *sender) bool { return s.closed }, func(s *sender) *model.Document { return s.reg.Receipt(100) }},
}
