package link

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
	"github.com/fiscalbench/fiscalbench/internal/fault"
)

// fire asks a fault point and tells when it acts.
func (l *Link) fire(p fault.Point, e fault.Event) (fault.Hit, bool) {
	hit, ok := l.opts.Faults.Fire(p, e)
	if ok {
		l.log.Warn("fault injected", "injected", p.String(), "fn", string(e.FN), "fd", uint32(e.FD))
		l.emit(Event{Kind: Injected, FD: e.FD, Fault: p.String()})
	}
	return hit, ok
}

// sending asks the points of one message.
type sending struct {
	*Link
	event fault.Event
}

func (s *sending) fire(p fault.Point) (fault.Hit, bool) { return s.Link.fire(p, s.event) }

func (s *sending) fireAt(p fault.Point, at string) (fault.Hit, bool) {
	e := s.event
	e.At = at
	return s.Link.fire(p, e)
}

// eventOf is what fault points are asked about when the message with this container
// is sent or answered.
func (l *Link) eventOf(fd fiscal.FDNumber, container []byte) fault.Event {
	e := fault.Event{FN: l.fn, FD: fd}
	if len(container) > wire.OffForm {
		e.Form = fiscal.Form(container[wire.OffForm])
	}
	if l.conn != nil {
		e.Peer = l.conn.RemoteAddr().String()
	}
	return e
}

// missend is send with the fault points asked. The drive's bytes stay untouched, so
// that the next attempt sends them as they are.
func (l *Link) missend(ctx context.Context, fd fiscal.FDNumber) error {
	s := &sending{l, l.eventOf(fd, l.queue[wire.HeaderLen:])}
	if hit, ok := s.fire(fault.RegisterClockJump); ok {
		l.opts.Faults.Jump(hit.Duration("by"))
	}
	d := s.ends()
	message := s.spoiled()
	s.delivery(&d)
	err := d.Send(ctx, l.conn, message, l.timers.Write)
	sent := slices.Clone(d.Bytes(message))
	l.before = append(l.before[:0], l.queue...) // now: message may be the one before
	if err != nil {
		return err
	}
	if len(sent) > 0 {
		l.emit(Event{Kind: Sent, FD: fd, Data: sent})
	}
	switch d.End {
	case fault.Close, fault.Reset:
		return fmt.Errorf("%w: the connection was ended", fault.ErrInjected)
	case fault.HalfEnd:
		l.spent = true
	}
	return nil
}

// ends asks the points that end the connection.
func (s *sending) ends() (d fault.Delivery) {
	if _, ok := s.fireAt(fault.RegisterReset, "sent"); ok {
		d.End = fault.Reset
	}
	if hit, ok := s.fireAt(fault.RegisterReset, "message"); ok {
		d = fault.Delivery{Cut: true, Keep: hit.Int("keep"), End: fault.Reset}
	}
	if _, ok := s.fire(fault.RegisterHalfClose); ok && d.End == fault.Stay {
		d.End = fault.HalfEnd
	}
	return d
}

// spoiled asks the points that change what the message says.
func (s *sending) spoiled() []byte {
	message := s.queue
	if len(s.before) > 0 {
		if _, ok := s.fire(fault.SendStale); ok {
			message = s.before
		}
	}
	if hit, ok := s.fire(fault.SendWrongFD); ok {
		message = fault.WrongFD(message, hit.Int("by"))
	}
	if hit, ok := s.fire(fault.SendWrongFN); ok {
		message = fault.WrongFN(message, hit.Text("part"), fault.OtherFN(s.fn, hit.Text("drive")))
	}
	if _, ok := s.fire(fault.SendBadSign); ok {
		message = fault.BadSign(message)
	}
	if hit, ok := s.fire(fault.SendBadLength); ok {
		message = fault.BadLength(message, hit.Text("part"), hit.Int("by"))
	}
	if hit, ok := s.fire(fault.SendBadCRC); ok {
		message = fault.BadCRC(message, hit.Text("part"))
	}
	return message
}

// delivery asks the points that act on the bytes as they go out.
func (s *sending) delivery(d *fault.Delivery) {
	if hit, ok := s.fire(fault.SendDelay); ok {
		d.Delay = hit.Duration("time")
	}
	if hit, ok := s.fire(fault.SendStall); ok {
		d.After, d.Stall = hit.Int("after"), hit.Duration("time")
	}
	if _, ok := s.fire(fault.SendDrop); ok {
		d.Drop = true
	}
	if hit, ok := s.fire(fault.SendDuplicate); ok {
		d.Times = hit.Int("times")
	}
	if hit, ok := s.fire(fault.SendTruncate); ok {
		d.Cut, d.Keep, d.End = true, hit.Int("keep"), fault.EndOf(hit.Text("then"))
	}
	if hit, ok := s.fire(fault.SendSplit); ok {
		d.Size, d.Pause = hit.Int("size"), hit.Duration("pause")
	}
}

// errWait: the answer was thrown away and another one is awaited.
var errWait = errors.New("link: the answer is lost")

// lose asks receipt.drop about an answer.
func (l *Link) lose(fd fiscal.FDNumber, m *wire.Message) error {
	if !l.opts.Faults.Armed(fault.ReceiptDrop) {
		return nil
	}
	hit, ok := l.fire(fault.ReceiptDrop, l.eventOf(fd, l.queue[wire.HeaderLen:])) // of the document answered
	if !ok {
		return nil
	}
	l.emit(Event{Kind: Dropped, FD: fd, Data: m.Raw, Err: fault.ErrInjected})
	if hit.Text("then") == "wait" {
		return errWait
	}
	return fault.ErrInjected
}
