package props

import (
	"context"
	"slices"

	"pgregory.net/rapid"

	"github.com/fiscalbench/fiscalbench/conformance/model/life"
	"github.com/fiscalbench/fiscalbench/emulator/fnport"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

// office is an operator without a network and without a memory: it opens messages and
// confirms them.
type office struct{ scheme *sign.TBGOST1 }

func newOffice() office { return office{sign.NewTBGOST1(sign.TBGOST1Options{})} }

// confirm opens a message, judges its signs, and makes a confirmation of another
// document when fd is not zero.
func (o office) confirm(m *machine, message string, fd uint32) []byte {
	m.t.Helper()
	c, _, err := wire.ParseContainer([]byte(message), wire.Strict)
	if err != nil {
		m.fail("a message of the drive: %v", err)
	}
	opened, err := o.scheme.Open(context.Background(), m.terms.Number, ofdINN, c)
	if err != nil || opened.FPS != sign.OK {
		m.fail("message %d of the drive: sign %s: %v", c.FD, opened.FPS, err)
	}
	if v, why, err := o.scheme.CheckFPD(context.Background(), m.terms.Number, c.Form, opened.STLV); v != sign.OK || err != nil {
		m.fail("document %d of the drive: sign %s: %s: %v", c.FD, v, why, err)
	}
	if fd == 0 {
		fd = uint32(c.FD)
	}
	var b tlv.Builder
	b.STLV(tlv.Tag(fiscal.FormOperatorAck), func(b *tlv.Builder) {
		b.FixedText(ffd.TagOFDINN, string(ofdINN), fiscal.INNLen)
		b.FixedText(ffd.TagFNNumber, string(m.terms.Number), fiscal.FNNumberLen)
		b.Uint32(ffd.TagFDNumber, fd)
		b.Time(ffd.TagDateTime, m.now())
		if m.terms.FFD <= fiscal.FFD105 {
			b.STLV(ffd.TagMessageToFN, func(b *tlv.Builder) { b.Byte(ffd.TagOFDResponseCode, 0) })
		}
	})
	stlv, err := b.Bytes()
	if err != nil {
		m.fail("a confirmation: %v", err)
	}
	ack, err := o.scheme.Confirm(context.Background(), sign.ConfirmRequest{FN: m.terms.Number, OFD: ofdINN, Request: c, STLV: stlv})
	if err != nil {
		m.fail("a confirmation: %v", err)
	}
	return ack
}

// link tells the drive about the connection.
func (m *machine) link(up bool) {
	m.t.Helper()
	r := m.model.Link()
	if c := m.agree("21h", r, m.ask.Transport(up)); c == life.Done {
		m.model.SetLink(up)
	}
}

// read takes the oldest message out of the drive; it must be the same bytes each time
// (TRN-060) and of the right document.
func (m *machine) read() bool {
	m.t.Helper()
	message, err := m.ask.ReadMessage(nil)
	if c := m.agree("22h", m.model.Read(m.timer()), err); c != life.Done {
		return false
	}
	fd := m.model.First().FD
	c, _, err := wire.ParseContainer(message, wire.Strict)
	switch {
	case err != nil:
		m.fail("message of document %d: %v", fd, err)
	case uint32(c.FD) != fd:
		m.fail("message of document %d, the oldest is %d", c.FD, fd)
	}
	if before, ok := m.messages[fd]; ok && before != string(message) {
		m.fail("message of document %d differs from what was read before (TRN-060)", fd)
	}
	m.messages[fd] = string(message)
	m.model.WasRead(m.timer())
	return true
}

// take gives the drive a right confirmation of the first document.
func (m *machine) take(o office) {
	m.t.Helper()
	fd := m.model.First().FD
	ack := []byte("no receipt")
	if fd != 0 && m.messages[fd] != "" {
		ack = o.confirm(m, m.messages[fd], 0)
	}
	_, err := m.ask.Ack(ack)
	if c := m.agree("26h", m.model.Take(fd, m.timer()), err); c == life.Done {
		m.sent[fd] = string(ack)
		m.model.Took()
	}
}

// spoils are ways to spoil a confirmation, with the reason that 26h must give.
var spoils = []struct {
	name    string
	reasons []fnport.Refusal
	spoil   func(ack []byte) []byte
}{
	{"one byte short", []fnport.Refusal{fnport.RefusedLength, fnport.RefusedFormat}, func(a []byte) []byte { return a[:len(a)-1] }},
	{"a wrong check code", []fnport.Refusal{fnport.RefusedCRC}, func(a []byte) []byte { a[2] ^= 1; return a }},
	{"another FN", []fnport.Refusal{fnport.RefusedFN}, func(a []byte) []byte { a[9+7] ^= 1; return fixed(a) }},
	{"another document in the header", []fnport.Refusal{fnport.RefusedFD}, func(a []byte) []byte { a[9+8+2] ^= 1; return fixed(a) }},
	{"a wrong sign", []fnport.Refusal{fnport.RefusedSign}, func(a []byte) []byte { a[len(a)-3] ^= 1; return fixed(a) }},
	{"a changed time", []fnport.Refusal{fnport.RefusedSign}, func(a []byte) []byte {
		if i := slices.Index(a[32:], 0xF4); i >= 0 { // 1012
			a[32+i+4] ^= 1
		}
		return fixed(a)
	}},
}

// fixed gives a container the check code of its bytes.
func fixed(c []byte) []byte {
	code := fiscal.CRC16(c[:2], c[4:])
	c[2], c[3] = byte(code), byte(code>>8)
	return c
}

// spoiled gives the drive a confirmation with one thing wrong, or an old one.
func (m *machine) spoiled(o office) {
	m.t.Helper()
	how := rapid.IntRange(0, len(spoils)).Draw(m.t, "spoil")
	fd := m.model.First().FD
	if fd == 0 {
		m.t.Skip("nothing to confirm")
	}
	if !m.model.Awaiting {
		m.link(true)
		m.read()
	}
	var ack []byte
	var reasons []fnport.Refusal
	name := "an old confirmation"
	if how == len(spoils) {
		if fd == 1 || m.sent[fd-1] == "" {
			m.t.Skip("nothing confirmed yet")
		}
		ack, reasons = []byte(m.sent[fd-1]), []fnport.Refusal{fnport.RefusedFD} // FN-041
	} else {
		name, reasons = spoils[how].name, spoils[how].reasons
		ack = spoils[how].spoil(o.confirm(m, m.messages[fd], 0))
	}
	m.trace.Add("", "%s the drive gets %s", stamp(m.now()), name)
	r := m.model.Take(fd, m.timer())
	if !r.Refused() {
		r.No(name, life.AckRefused)
	}
	_, err := m.ask.Ack(ack)
	if c := m.agree("26h with "+name, r, err); c == life.AckRefused {
		if got, _ := fnport.Reason(err); !slices.Contains(reasons, got) {
			m.fail("26h with %s: refused with reason %d, must be %v", name, got, reasons)
		}
	}
	m.expect()
}

// drain confirms everything.
func (m *machine) drain(o office) {
	m.t.Helper()
	if m.model.Phase == life.Archive {
		return
	}
	m.link(true)
	for m.model.Queue() > 0 {
		if m.model.Awaiting && m.timer()-m.model.ReadAt <= life.ReceiptTimer {
			m.link(false)
			m.link(true)
		}
		if !m.read() {
			return
		}
		m.take(o)
	}
}
