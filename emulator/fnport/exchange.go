package fnport

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/fiscal"
)

// ExchangeStatus is the answer to 20h. Bits 3–5 of the first byte are never set by
// known operators.
type ExchangeStatus struct {
	Bits      byte
	Reading   bool // a message is being read
	Count     uint16
	First     fiscal.FDNumber // oldest message of the queue; 0 when empty
	FirstTime time.Time
}

// Connected reports bit 0: the drive was told that the connection is up.
func (s *ExchangeStatus) Connected() bool { return s.Bits&1 != 0 }

// Waiting reports bit 1: a message waits to be read.
func (s *ExchangeStatus) Waiting() bool { return s.Bits&2 != 0 }

// AwaitingAck reports bit 2: a message was read and its receipt is awaited.
func (s *ExchangeStatus) AwaitingAck() bool { return s.Bits&4 != 0 }

// ExchangeStatus asks for the state of the queue (20h).
func (d *Driver) ExchangeStatus() (ExchangeStatus, error) {
	r, err := d.start().call(fn.CmdExchangeStatus)
	if err != nil {
		return ExchangeStatus{}, err
	}
	return parseExchangeStatus(&r)
}

func parseExchangeStatus(r *reader) (ExchangeStatus, error) {
	s := ExchangeStatus{Bits: r.byte(), Reading: r.byte() != 0, Count: r.u16(), First: r.fd(), FirstTime: r.time()}
	return s, r.err
}

// Transport tells the drive that the connection is up or broken (21h).
func (d *Driver) Transport(up bool) error {
	var b byte
	if up {
		b = 1
	}
	return d.start().byte(b).simple(fn.CmdTransport)
}

// ErrShortRead means that the drive gave fewer bytes of a message than it announced.
var ErrShortRead = errors.New("fnport: the drive gave fewer bytes than it announced")

// messageCommands are the same exchange for documents and for notifications of
// marked goods.
type messageCommands struct{ begin, block, cancel, end, ack byte }

var (
	documentCommands = messageCommands{fn.CmdBeginRead, fn.CmdReadBlock, fn.CmdCancelRead, fn.CmdEndRead, fn.CmdAck}
	noticeCommands   = messageCommands{fn.CmdNoticeBeginRead, fn.CmdNoticeReadBlock, fn.CmdNoticeCancelRead, fn.CmdNoticeEndRead, fn.CmdNoticeAck}
)

// ReadMessage appends the oldest message of the queue to dst: 22h, 23h in blocks
// of at most MaxData bytes, 25h. What is read is the whole container. On an error
// in the middle reading is cancelled (24h).
func (d *Driver) ReadMessage(dst []byte) ([]byte, error) { return d.readMessage(dst, documentCommands) }

// ReadNotice is ReadMessage for notifications of marked goods (BBh–BEh).
func (d *Driver) ReadNotice(dst []byte) ([]byte, error) { return d.readMessage(dst, noticeCommands) }

func (d *Driver) readMessage(dst []byte, c messageCommands) ([]byte, error) {
	r, err := d.start().call(c.begin)
	if err != nil {
		return dst, err
	}
	size := int(r.u16())
	if r.err != nil {
		return dst, r.err
	}
	start := len(dst)
	for len(dst)-start < size {
		offset := len(dst) - start
		answer, err := d.start().u16(uint16(offset)).u16(uint16(min(size-offset, MaxData))).call(c.block)
		block := answer.rest()
		if err == nil && (len(block) == 0 || len(block) > size-offset) {
			err = fmt.Errorf("%w: %d of %d, then a block of %d", ErrShortRead, offset, size, len(block))
		}
		if err != nil {
			return dst[:start], errors.Join(err, d.start().simple(c.cancel))
		}
		dst = append(dst, block...)
	}
	return dst, d.start().simple(c.end)
}

// CancelRead drops a reading in progress (24h).
func (d *Driver) CancelRead() error { return d.start().simple(fn.CmdCancelRead) }

// Ack is the drive's answer to a confirmation that it took.
type Ack struct {
	HasCode bool
	Code    byte   // of the operator: 0, 11 or 14 (transport.md 8.2); others are shown and passed over
	STLV    []byte // for the register, when the operator sent any
}

// Ack hands a confirmation's container to the drive (26h). A refused one is
// *fn.Error with code 20h: see Reason.
func (d *Driver) Ack(container []byte) (Ack, error) { return d.ack(container, documentCommands) }

// AckNotice is Ack for the receipt on a notification (BFh).
func (d *Driver) AckNotice(container []byte) (Ack, error) { return d.ack(container, noticeCommands) }

func (d *Driver) ack(container []byte, c messageCommands) (Ack, error) {
	data, err := d.Exec(c.ack, container)
	if err != nil {
		return Ack{}, err
	}
	return parseAck(data), nil
}

func parseAck(data []byte) Ack {
	if len(data) == 0 {
		return Ack{}
	}
	return Ack{HasCode: true, Code: data[0], STLV: bytes.Clone(data[1:])}
}

// Refusal is why the drive refused a confirmation (fn.md 9.1).
type Refusal byte

// Reasons of refusal.
const (
	RefusedSign   Refusal = 1
	RefusedFormat Refusal = 2
	RefusedFD     Refusal = 3
	RefusedFN     Refusal = 4
	RefusedCRC    Refusal = 5
	RefusedLength Refusal = 7
)

// Reason tells why a confirmation was refused; ok is false when err is anything
// else. FFD 1.0 drives report a wrong check code as code 05h.
func Reason(err error) (r Refusal, ok bool) {
	var e *fn.Error
	if !errors.As(err, &e) {
		return 0, false
	}
	switch {
	case e.Command != fn.CmdAck && e.Command != fn.CmdNoticeAck && e.Command != fn.CmdMarkingAnswer && e.Command != fn.CmdKeyAnswer:
		return 0, false
	case e.Answer.Code == fn.AckRefused && len(e.Answer.Data) > 0:
		return Refusal(e.Answer.Data[0]), true
	case e.Answer.Code == fn.AckRefused:
		return 0, true
	case e.Answer.Code == fn.LifeOver:
		return RefusedCRC, true
	}
	return 0, false
}

// Code is the answer code of a refusal; fn.Done when err is not one.
func Code(err error) fn.Code {
	var e *fn.Error
	if errors.As(err, &e) {
		return e.Answer.Code
	}
	return fn.Done
}
