package conformance

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance/model"
)

// Configure gives the target other settings in the middle of a case, and an empty
// store; the case must need NeedsSettings.
func (r *Run) Configure(ctx context.Context, settings map[string]string) { r.configure(ctx, settings) }

// Restart cuts the target's power and starts it again on its store; the case must
// need NeedsRestart.
func (r *Run) Restart(ctx context.Context) {
	r.settle("starting the target again", r.runner.Target.(Restartable).Restart(ctx))
}

// CutAfterStore takes the target's power away once, after it stored the next document
// and before it answers; the case must need NeedsRestart.
func (r *Run) CutAfterStore(ctx context.Context) {
	r.settle("preparing the power cut", r.runner.Target.(Restartable).CutAfterStore(ctx))
}

// Twin starts a second operator with another INN until the case ends; the case must
// need NeedsTwin.
func (r *Run) Twin(ctx context.Context, ofd string) *Twin {
	t, stop, err := r.runner.Target.(Twinned).Twin(ctx, ofd)
	r.settle("starting a second operator", err)
	r.onEnd(func() { _ = stop() }) // nothing to judge in how the stand-in ends
	other := *r.runner
	other.Target, other.OFD = t, ofd
	twin := &Run{runner: &other, c: r.c, variant: r.variant, result: r.result, rand: r.rand}
	r.onEnd(twin.closeAll)
	return &Twin{Run: twin, OFD: ofd}
}

// Twin is a second operator: a Run whose checks count for the same case.
type Twin struct {
	*Run
	OFD string
}

// DialMarking opens a connection to where the target takes messages about marking;
// the case must need NeedsMarking.
func (r *Run) DialMarking(ctx context.Context) *Conn {
	return r.DialAt(ctx, r.runner.Target.(Marking).MarkingAddr())
}

// Scaled is a time limit of the target under the case's setting timeouts.scale.
func (r *Run) Scaled(limit time.Duration, scale float64) time.Duration {
	return time.Duration(float64(limit) * scale)
}

// Quiet keeps no exchanges of the connection: the case has thousands.
func (c *Conn) Quiet() *Conn {
	c.quiet = true
	return c
}

// AskWithin is Ask with a limit of its own for the answer or the end.
func (c *Conn) AskWithin(b []byte, limit time.Duration) ([]byte, Ending) {
	return c.ask(b, limit)
}

// End waits for the connection to end and tells how it did and how long it took.
func (c *Conn) End(limit time.Duration) (Ending, time.Duration) {
	start := time.Now()
	got, end := c.receive(limit)
	c.settle(got, end)
	return end, time.Since(start)
}

// Marking sends a message of the marking exchange and demands a right answer of
// the form that follows.
func (c *Conn) Marking(register *model.Register, message []byte, mark Mark) (model.MarkingAnswer, bool) {
	reply, end := c.Ask(message)
	if !c.run.Expect("connection/answered", mark, "the marking operator's answer comes on the same connection", end == Answered, Answered, end) {
		return model.MarkingAnswer{}, false
	}
	a, problems := model.ReadMarking(register, message, reply)
	c.run.problems(problems, mark, "the answer is a right one of the marking exchange")
	return a, len(problems) == 0
}

// Break ends the connection by RST.
func (c *Conn) Break() {
	if tcp, ok := c.Conn.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	c.Close()
}

// Flood writes a message again and again without reading a byte, until a write makes
// no progress for the given time, the connection ends, or the limit passes. It
// reports whether the peer stopped reading.
func (c *Conn) Flood(message []byte, stuck, limit time.Duration) bool {
	if tcp, ok := c.Conn.(*net.TCPConn); ok {
		// The read buffer stays: with a tiny one the kernel drops what does not fit, and
		// then a reset too, for it stands outside of the window.
		tcp.SetWriteBuffer(4 << 10)
	}
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); {
		c.SetWriteDeadline(time.Now().Add(stuck))
		if n, err := c.Write(message); err != nil {
			return n < len(message)
		}
	}
	return false
}

// CutOff waits, without reading a byte, for the peer to end a connection that it
// cannot write to: more of the message is written until a write fails for another
// reason than time, or until nothing of it was taken for the limit. It tells how long
// nothing had been taken.
func (c *Conn) CutOff(message []byte, limit time.Duration) (Ending, time.Duration) {
	moved := time.Now()
	for time.Since(moved) < limit {
		c.SetWriteDeadline(time.Now().Add(limit / 50))
		n, err := c.Write(message)
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			c.settle(nil, Reset)
			return Reset, time.Since(moved)
		}
		if n > 0 {
			moved = time.Now()
		}
	}
	c.settle(nil, Hung)
	return Hung, time.Since(moved)
}

// Ended waits for the end of a connection whose answers nobody read: what still
// comes is thrown away.
func (c *Conn) Ended(limit time.Duration) (Ending, time.Duration) {
	start := time.Now()
	c.SetReadDeadline(start.Add(limit))
	_, err := io.Copy(io.Discard, c.Conn)
	end := Closed
	if err != nil {
		end = ending(err)
	}
	c.settle(nil, end)
	return end, time.Since(start)
}
