package props

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"pgregory.net/rapid"

	"github.com/fiscalbench/fiscalbench/conformance/model"
	"github.com/fiscalbench/fiscalbench/conformance/model/life"
)

// sender is a register of raw bytes that sends to an operator in any order.
type sender struct {
	t     *rapid.T
	ctx   context.Context
	trace *Trace
	file  *file
	reg   *model.Register
	conn  net.Conn

	made   []dispatch
	closed bool // form 6 was made
	wrong  bool // a document against the rules was made
}

// dispatch is a document made, sent or not.
type dispatch struct {
	doc     *model.Document
	paper   life.Paper
	message []byte
	lawful  bool
	sent    bool
}

// ServerLife is a random life of an operator: documents in any order, repeats, gaps,
// damaged and wrong ones, restarts.
func ServerLife(ctx context.Context, t *rapid.T, trace *Trace, op Operator) {
	*trace = Trace{Name: trace.Name, Start: begin}
	ffd := rapid.SampledFrom([]byte{2, 3, 4}).Draw(t, "ffd")
	r := model.NewRegister(model.TestMasterKey(), string(ofdINN), uint64(serial.Add(1)), ffd, begin)
	r.Encrypt = rapid.IntRange(0, 4).Draw(t, "encrypted") == 4
	s := &sender{t: t, ctx: ctx, trace: trace, reg: r, file: newFile(op, r.FN)}
	s.file.register = r
	defer s.hangUp()
	all := map[string]func(*rapid.T){"": func(t *rapid.T) { s.t = t; s.check() }}
	for name, f := range map[string]func(){
		"make and send": s.makeAndSend, "make and send more": s.makeAndSend, "trade": s.trade, "make and keep": s.makeAndKeep, "send late": s.sendLate,
		"repeat": s.repeat, "repeat at once": s.repeatLast, "other content": s.other, "damaged": s.damaged, "against the rules": s.against,
		"pipeline": s.pipeline, "half a message": s.half, "hang up": func() { s.say("the register hangs up"); s.hangUp() },
		"restart": s.restart, "dies after storing": s.dies,
	} {
		all[name] = func(t *rapid.T) { s.t = t; f() }
	}
	t.Repeat(all)
}

func (s *sender) say(format string, args ...any) { s.trace.Add("", format, args...) }

func (s *sender) fail(format string, args ...any) {
	s.t.Helper()
	what := fmt.Sprintf(format, args...)
	s.trace.Fail(what)
	s.t.Fatalf("%s\n%s", what, s.trace)
}

// add notes a document that was made.
func (s *sender) add(d *model.Document) *dispatch {
	s.made = append(s.made, dispatch{doc: d, paper: paperOf(d), message: d.Bytes(), lawful: !s.wrong})
	return &s.made[len(s.made)-1]
}

// paperOf is paper for a document of the raw builder, which may be encrypted.
func paperOf(d *model.Document) life.Paper {
	message := d.Bytes()
	p := life.Paper{FD: d.FD, Form: d.Form, Bytes: string(message[headerLen:])}
	for _, f := range d.Fields {
		value, number := f[4:], uint32(0)
		if len(value) == 4 {
			number = binary.LittleEndian.Uint32(value)
		}
		switch binary.LittleEndian.Uint16(f) {
		case 1038:
			p.Shift = number
		case 1042:
			p.Number = number
		case 1118:
			p.Count = number
		case 1037:
			p.RNM = string(bytes.TrimRight(value, " "))
		case 1018:
			p.INN = string(bytes.TrimRight(value, " "))
		}
	}
	return p
}

// next makes a lawful document.
func (s *sender) next() *dispatch {
	r := s.reg
	r.At = r.At.Add(rapid.SampledFrom([]time.Duration{0, time.Hour, 20 * time.Hour, 5 * life.Day}).Draw(s.t, "later"))
	kopecks := rapid.Uint64Range(1, 1_000_000).Draw(s.t, "kopecks")
	switch {
	case r.FD == 0:
		return s.add(r.Registration())
	case s.closed:
		return s.add(r.StateReport())
	case r.Open:
		switch rapid.IntRange(0, 6).Draw(s.t, "document") {
		case 0, 1:
			return s.add(r.Receipt(kopecks))
		case 2:
			return s.add(r.Sale(3, rapid.ByteRange(2, 4).Draw(s.t, "operation"), kopecks, rapid.IntRange(1, 3).Draw(s.t, "items")))
		case 3:
			return s.add(r.Correction(kopecks))
		case 4:
			return s.add(r.StateReport())
		}
		return s.add(r.CloseShift())
	}
	switch rapid.IntRange(0, 9).Draw(s.t, "document") {
	case 9:
		s.closed = true
		return s.add(r.CloseArchive())
	case 8:
		reason := uint32(3)
		if r.FFD > 2 {
			reason = 1 << 3
		}
		return s.add(r.Change(reason))
	case 7:
		return s.add(r.StateReport())
	}
	return s.add(r.OpenShift())
}

func (s *sender) makeAndSend() {
	d := s.next()
	s.say("document %d, form %d, is made and sent", d.paper.FD, d.paper.Form)
	s.send(d)
}

func (s *sender) trade() {
	for range rapid.IntRange(2, 6).Draw(s.t, "documents") {
		s.makeAndSend()
	}
}

func (s *sender) makeAndKeep() {
	d := s.next()
	s.say("document %d, form %d, is made and kept back", d.paper.FD, d.paper.Form)
}

// pick draws one of the documents that are sent, or not.
func (s *sender) pick(sent bool) *dispatch {
	var all []*dispatch
	for i := range s.made {
		if s.made[i].sent == sent {
			all = append(all, &s.made[i])
		}
	}
	if len(all) == 0 {
		s.t.Skip("none")
	}
	return all[rapid.IntRange(0, len(all)-1).Draw(s.t, "which")]
}

func (s *sender) sendLate() {
	d := s.pick(false)
	s.say("document %d, form %d, is sent late", d.paper.FD, d.paper.Form)
	s.send(d)
}

// sendRest sends what was kept back: only a whole row of documents is judged strictly.
func (s *sender) sendRest() {
	for i := range s.made {
		if d := &s.made[i]; !d.sent {
			s.say("document %d, form %d, is sent late", d.paper.FD, d.paper.Form)
			s.send(d)
		}
	}
}

func (s *sender) repeat() {
	d := s.pick(true)
	s.say("document %d is sent again", d.paper.FD)
	s.send(d)
}

func (s *sender) repeatLast() {
	d := s.next()
	s.say("document %d, form %d, is sent twice", d.paper.FD, d.paper.Form)
	s.send(d)
	s.send(d)
}

// send sends a document on the open connection, or a new one, and judges the answer.
func (s *sender) send(d *dispatch) {
	s.t.Helper()
	reply := s.ask(d.message)
	s.judge(d, reply)
}

func (s *sender) judge(d *dispatch, reply []byte) {
	s.t.Helper()
	if err := s.file.answered(d.paper, d.message, reply, d.lawful); err != nil {
		s.fail("%v", err)
	}
	d.sent = d.sent || s.file.Has(d.paper.FD)
}

// pipeline sends two or three documents at once; the answers come in order (TRN-061).
func (s *sender) pipeline() {
	n := rapid.IntRange(2, 3).Draw(s.t, "documents")
	first := len(s.made)
	var all []byte
	for range n {
		all = append(all, s.next().message...)
	}
	s.say("documents %d to %d are sent in one go", s.made[first].paper.FD, s.made[first+n-1].paper.FD)
	s.dial()
	if _, err := s.conn.Write(all); err != nil {
		s.t.Fatal(err)
	}
	for i := range n {
		s.judge(&s.made[first+i], s.receive())
	}
}

// half sends a part of a document and hangs up: it did not come.
func (s *sender) half() {
	d := s.next()
	n := rapid.SampledFrom([]int{1, 29, 30, 61, 62, 100, len(d.message) - 1}).Draw(s.t, "bytes")
	s.say("%d bytes of document %d are sent", n, d.paper.FD)
	s.hangUp()
	s.dial()
	if _, err := s.conn.Write(d.message[:min(n, len(d.message)-1)]); err != nil {
		s.t.Fatal(err)
	}
	if err := s.conn.(*net.TCPConn).CloseWrite(); err != nil {
		s.t.Fatal(err)
	}
	if reply := s.receive(); reply != nil {
		s.fail("half of document %d was answered", d.paper.FD)
	}
}

func (s *sender) restart() {
	s.say("the operator is restarted")
	s.hangUp()
	if err := s.file.op.Restart(s.ctx); err != nil {
		s.t.Fatal(err)
	}
}

// dies has the operator die between storing a document and answering it.
func (s *sender) dies() {
	d := s.next()
	s.say("document %d, form %d, is sent; the operator dies after it stored it, and is started again", d.paper.FD, d.paper.Form)
	if err := s.file.op.CutAfterStore(s.ctx); err != nil {
		s.t.Fatal(err)
	}
	if reply := s.ask(d.message); reply != nil {
		s.fail("document %d was answered by a dead operator", d.paper.FD)
	}
	s.restart()
	v := s.file.Arrive(d.paper)
	if v.Silent || v.Again {
		s.fail("document %d: the model is confused: %+v", d.paper.FD, v)
	}
	s.file.Keep(d.paper, "")
	d.sent = true
}

// check is the invariant: the operator has what it must have.
func (s *sender) check() {
	if err := s.file.stored(s.ctx); err != nil {
		s.fail("%v", err)
	}
	for i := range s.made {
		if d := &s.made[i]; d.sent {
			if err := s.file.record(s.ctx, d.paper.FD); err != nil {
				s.fail("%v", err)
			}
		}
	}
}

func (s *sender) hangUp() {
	if s.conn != nil {
		_ = s.conn.Close() // the operator may have closed it already
		s.conn = nil
	}
}

func (s *sender) dial() {
	if s.conn != nil {
		return
	}
	var d net.Dialer
	c, err := d.DialContext(s.ctx, "tcp", s.file.op.Addr())
	if err != nil {
		s.t.Fatal(err)
	}
	s.conn = c
}

// ask sends a message and reads the answer; nil when the connection ended without one.
func (s *sender) ask(message []byte) []byte {
	s.t.Helper()
	s.dial()
	if _, err := s.conn.Write(message); err != nil {
		s.t.Fatal(err)
	}
	return s.receive()
}

func (s *sender) receive() []byte {
	s.t.Helper()
	if err := s.conn.SetReadDeadline(time.Now().Add(answerLimit)); err != nil {
		s.t.Fatal(err)
	}
	reply, err := readMessage(s.conn)
	if err == nil {
		return reply
	}
	s.hangUp()
	var late net.Error
	switch {
	case errors.As(err, &late) && late.Timeout():
		s.fail("neither an answer nor an end within %s", answerLimit)
	case errors.Is(err, io.ErrUnexpectedEOF):
		s.fail("the answer ended in the middle: %v", err)
	}
	return nil
}
