package props

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/model"
	"github.com/fiscalbench/fiscalbench/conformance/model/life"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// Operator is an operator under test that shows what it keeps and can be restarted;
// target.Self is one.
type Operator interface {
	Addr() string
	Documents(ctx context.Context, fn string) (int, error)
	Drive(ctx context.Context, fn string) (conformance.Drive, error)
	Document(ctx context.Context, fn string, fd uint32) (conformance.Document, error)
	Restart(ctx context.Context) error
	CutAfterStore(ctx context.Context) error
}

// LateClock is where the clock of an operator under test should stand: after every
// life.
var LateClock = time.Date(2090, time.January, 1, 0, 0, 0, 0, time.UTC)

// file is what the operator must have of a drive and how its answers are judged.
type file struct {
	life.File
	op       Operator
	fn       string
	register *model.Register // for its keys
	known    map[uint32]bool // confirmed documents whose record was looked at
}

func newFile(op Operator, fn string) *file {
	r := &model.Register{FN: fn, OFD: string(ofdINN), Keys: model.DeriveKeys(model.TestMasterKey(), fn, string(ofdINN))}
	return &file{op: op, fn: fn, register: r, known: map[uint32]bool{}}
}

// Offsets in a session message.
const (
	headerLen    = 30
	containerLen = 32
	offForm      = headerLen + 5
	offFD        = headerLen + 17
)

// number is the FD number in the header of a message.
func numberOf(message []byte) uint32 {
	return uint32(message[offFD])<<16 | uint32(message[offFD+1])<<8 | uint32(message[offFD+2])
}

// paper reads from a plain message what the operator's duties depend on.
func paper(message []byte) life.Paper {
	p := life.Paper{FD: numberOf(message), Form: int(message[offForm]), Bytes: string(message[headerLen:])}
	outer, _, err := tlv.Outer(message[headerLen+containerLen : len(message)-10])
	if err != nil {
		p.Damaged = true
		return p
	}
	uint32Of := func(tag tlv.Tag) uint32 {
		v, _ := tlv.Find(outer.Value, tag)
		n, _ := tlv.Uint(v)
		return uint32(n)
	}
	textOf := func(tag tlv.Tag) string {
		v, _ := tlv.Find(outer.Value, tag)
		return string(bytes.TrimRight(v, " "))
	}
	p.Shift, p.Number, p.Count = uint32Of(ffd.TagShiftNumber), uint32Of(ffd.TagRequestNumber), uint32Of(ffd.TagReceiptQuantity)
	p.RNM, p.INN = textOf(ffd.TagKKTRegID), textOf(ffd.TagUserINN)
	return p
}

// answered judges an answer (nil: the connection ended without one) to a paper, and
// keeps both. lawful: the paper is right whatever came before it.
func (f *file) answered(p life.Paper, message, reply []byte, lawful bool) error {
	v := f.Arrive(p)
	if v.Silent {
		if reply != nil {
			return fmt.Errorf("document %d was answered and must not be (%s)", p.FD, v.Why)
		}
		return nil
	}
	if reply == nil {
		return fmt.Errorf("document %d was not answered", p.FD)
	}
	ack, problems := model.ReadAck(f.register, message, reply)
	for _, bad := range problems {
		return fmt.Errorf("answer to document %d: %s at %d: expected %s, seen %s", p.FD, bad.Check, bad.Offset, bad.Expected, bad.Seen)
	}
	if v.Again {
		if v.Repeat != "" && v.Repeat != string(reply) {
			return fmt.Errorf("document %d was answered with other bytes the second time (E-20):\n%x\n%x", p.FD, v.Repeat, reply)
		}
		f.Answer(p.FD, string(reply))
		return nil
	}
	flagged := ack.Code > 0 || ack.Message > 0
	switch {
	case v.Flagged && !flagged:
		return fmt.Errorf("document %d against %s got no code 14 and no bit 1", p.FD, v.Why)
	case !v.Flagged && flagged && (!v.Unclear || lawful):
		return fmt.Errorf("document %d got code %d, message %#x, and breaks no rule", p.FD, ack.Code, ack.Message)
	}
	f.Keep(p, string(reply))
	return nil
}

// stored compares what the operator shows of the drive with what it must have.
func (f *file) stored(ctx context.Context) error {
	d, err := f.op.Drive(ctx, f.fn)
	if err != nil {
		return err
	}
	n, err := f.op.Documents(ctx, f.fn)
	switch {
	case err != nil:
		return err
	case n != f.Count():
		return fmt.Errorf("the operator has %d documents, must have %d", n, f.Count())
	case d.LastFD != f.High():
		return fmt.Errorf("the operator's last document is %d, must be %d", d.LastFD, f.High())
	}
	missing := map[uint32]bool{}
	for _, g := range d.Gaps {
		for fd := g.From; fd <= g.To; fd++ {
			if fd > f.First() { // numbers below the first received are the operator's own affair
				missing[fd] = true
			}
		}
	}
	for _, fd := range f.Missing() {
		if !missing[fd] {
			return fmt.Errorf("document %d is missing and not shown as such (gaps %v)", fd, d.Gaps)
		}
		delete(missing, fd)
	}
	for fd := range missing {
		return fmt.Errorf("document %d is shown as missing (gaps %v)", fd, d.Gaps)
	}
	return nil
}

// record looks at one stored document: confirmed implies stored, with the bytes that
// were sent.
func (f *file) record(ctx context.Context, fd uint32) error {
	if f.known[fd] {
		return nil
	}
	p, ok := f.Paper(fd)
	if !ok {
		return fmt.Errorf("document %d is confirmed and never was accepted", fd)
	}
	d, err := f.op.Document(ctx, f.fn, fd)
	switch {
	case err != nil:
		return err
	case d.FD != fd:
		return fmt.Errorf("document %d is confirmed and not stored", fd)
	case len(d.Message) < headerLen || string(d.Message[headerLen:]) != p.Bytes:
		return fmt.Errorf("document %d is stored with other bytes", fd)
	case d.Form != p.Form:
		return fmt.Errorf("document %d is stored as form %d, is form %d", fd, d.Form, p.Form)
	case !d.Confirmed:
		return fmt.Errorf("document %d is confirmed and stored as not confirmed", fd)
	}
	f.known[fd] = true
	return nil
}
