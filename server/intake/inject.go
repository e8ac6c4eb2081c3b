package intake

import (
	"context"
	"net"

	"github.com/fiscalbench/fiscalbench/fiscal/wire"
	"github.com/fiscalbench/fiscalbench/internal/fault"
)

// injected is what fault points do to one message. What they spoil is the answer on
// its way out: the document and the confirmation that are kept stay the true ones.
type injected struct {
	names   []string
	message []byte // sent instead of the answer; nil: the answer itself
	fault.Delivery
}

// event is what fault points are asked about.
func (x *exchange) event(at string) fault.Event {
	return fault.Event{FN: x.fn, FD: x.fd, Form: x.form, Peer: x.peer, At: at}
}

// fire asks a point about x and marks x when it acts.
func (in *Intake) fire(x *exchange, p fault.Point, at string) (fault.Hit, bool) {
	hit, ok := in.o.Faults.Fire(p, x.event(at))
	if ok {
		x.mark(p)
	}
	return hit, ok
}

func (x *exchange) mark(p fault.Point) {
	if x.faulty == nil {
		x.faulty = &injected{}
	}
	x.faulty.names = append(x.faulty.names, p.String())
	x.note("внедрён сбой: " + p.String())
}

// outgoing is what is sent of the answer, for the log.
func (x *exchange) outgoing() []byte {
	if x.faulty == nil || x.reply == nil {
		return x.reply
	}
	return x.faulty.Bytes(x.faulty.answer(x))
}

func (f *injected) answer(x *exchange) []byte {
	if f.message != nil {
		return f.message
	}
	return x.reply
}

// turnedAway ends a new connection when accept.refuse acts.
func (in *Intake) turnedAway(nc net.Conn) bool {
	hit, ok := in.o.Faults.Fire(fault.AcceptRefuse, fault.Event{Peer: nc.RemoteAddr().String()})
	if !ok {
		return false
	}
	in.o.Observer.Refused("injected")
	if hit.Text("by") == "reset" {
		_ = fault.Abort(nc)
	} else {
		_ = nc.Close()
	}
	return true
}

// stall asks read.stall once about each message, when its header has come.
func (c *conn) stall() {
	if c.headed || c.dec.Pending() < wire.HeaderLen {
		return
	}
	c.headed = true
	h, _, err := wire.ParseHeader((*[wire.HeaderLen]byte)(c.dec.Tail()), wire.Lenient)
	if err != nil {
		return
	}
	fn, _ := h.FNNumber()
	if hit, ok := c.in.o.Faults.Fire(fault.ReadStall, fault.Event{FN: fn, Peer: c.peer}); ok {
		c.stalled = true
		_ = fault.Sleep(c.in.awake, hit.Duration("time"))
	}
}

// ended asks the points that act before a message is handled. It reports that the
// connection was ended, with nothing stored.
func (in *Intake) ended(c *conn, x *exchange) bool {
	x.fn, _ = x.message.Header.FNNumber()
	if container, err := wire.ReadContainer(x.message.Body()); err == nil {
		x.fd, x.form = container.FD, container.Form
	}
	if c.stalled {
		x.mark(fault.ReadStall)
	}
	if hit, ok := in.fire(x, fault.OperatorClockJump, ""); ok {
		in.o.Faults.Jump(hit.Duration("by"))
	}
	if _, ok := in.fire(x, fault.OperatorReset, "request"); ok {
		_ = fault.Abort(c.nc)
		x.at, x.then, x.result = in.o.Now().UTC(), thenClose, "injected"
		return true
	}
	if _, ok := in.fire(x, fault.OperatorHalfClose, "request"); ok {
		_ = fault.HalfClose(c.nc)
		x.at, x.then, x.result = in.o.Now().UTC(), thenHold, "injected"
		return true
	}
	x.fn, x.fd, x.form = "", 0, 0 // found again by who handles the message
	return false
}

// tampered asks the points of a document on its way to the store: whether it shall
// fail, and what becomes of its answer, so that this is kept with the document.
func (in *Intake) tampered(ctx context.Context, x *exchange) error {
	if _, ok := in.fire(x, fault.StoreFail, ""); ok {
		x.reply = nil
		return fault.ErrInjected
	}
	in.spoil(ctx, x)
	return nil
}

// spoil asks, once, the points that act on the answer and prepares what they do.
func (in *Intake) spoil(ctx context.Context, x *exchange) {
	if in.o.Faults == nil || x.reply == nil || x.asked {
		return
	}
	x.asked = true
	if _, ok := in.fire(x, fault.OperatorReset, "stored"); ok {
		x.faulty.Delivery = fault.Delivery{Drop: true, End: fault.Reset}
		return
	}
	message := x.reply
	if !x.message.Header.Service() {
		message = in.misstate(ctx, x, message)
	}
	if hit, ok := in.fire(x, fault.ReplyBadLength, ""); ok {
		message = fault.BadLength(message, hit.Text("part"), hit.Int("by"))
	}
	if hit, ok := in.fire(x, fault.ReplyBadCRC, ""); ok {
		message = fault.BadCRC(message, hit.Text("part"))
	}
	d := in.delivery(x)
	if x.faulty != nil {
		x.faulty.message, x.faulty.Delivery = message, d
	}
}

// delivery asks the points that act on the bytes as they go out.
func (in *Intake) delivery(x *exchange) (d fault.Delivery) {
	if _, ok := in.fire(x, fault.OperatorHalfClose, "reply"); ok {
		d.End = fault.HalfEnd
	}
	if hit, ok := in.fire(x, fault.ReplyDelay, ""); ok {
		d.Delay = hit.Duration("time")
	}
	if hit, ok := in.fire(x, fault.ReplyDrop, ""); ok {
		d.Drop, d.End = true, fault.EndOf(hit.Text("then"))
	}
	if hit, ok := in.fire(x, fault.ReplyDuplicate, ""); ok {
		d.Times = hit.Int("times")
	}
	if hit, ok := in.fire(x, fault.ReplyTruncate, ""); ok {
		d.Cut, d.Keep, d.End = true, hit.Int("keep"), fault.EndOf(hit.Text("then"))
	}
	if hit, ok := in.fire(x, fault.OperatorReset, "reply"); ok {
		d.Cut, d.Keep, d.End = true, hit.Int("keep"), fault.Reset
	}
	if hit, ok := in.fire(x, fault.ReplySplit, ""); ok {
		d.Size, d.Pause = hit.Int("size"), hit.Duration("pause")
	}
	return d
}

// misdeliver sends the answer as the points want it.
func (in *Intake) misdeliver(c *conn, x *exchange) error {
	f := x.faulty
	if err := f.Send(in.awake, c.nc, f.answer(x), in.o.Timeouts.Write); err != nil {
		x.then = thenClose
		return err
	}
	if !f.Drop && !x.message.Header.Service() {
		in.o.Observer.Confirmation()
	}
	switch f.End {
	case fault.Close, fault.Reset:
		x.then = thenClose
	case fault.Wait, fault.HalfEnd:
		x.then = thenHold
	}
	return nil
}
