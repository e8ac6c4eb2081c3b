package conformance

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance/model"
)

// Desk is a register under test with the operators that the harness plays for it.
type Desk struct {
	*Run
	KKT      Register
	Operator *Operator
	Marking  *Operator // nil unless the case wants marked goods
	scale    float64
	began    time.Time
	ahead    atomic.Int64 // of began, where the register's own clock stood, nanoseconds
	passed   atomic.Int64 // since then, nanoseconds
}

// DeskOptions say what a case wants.
type DeskOptions struct {
	Marking bool
	Line    bool
	OneShot bool
	Scale   float64 // of the register's time limits; fastScale when zero and the target can
	Drive   DriveSetup
	Names   *Names // the operator is known to the register by name
}

// fastScale makes the 300 s of an answer 1.5 s.
const fastScale = 0.005

// Listener is a target that wants the harness at addresses of its own: a register
// that was told once where its operator is.
type Listener interface{ Listen() (ofd, marking string) }

// Timed is a register with a clock of its own, which the harness can only move.
type Timed interface {
	Time(ctx context.Context) (time.Time, error)
}

// Eager is a target whose register sends each document by itself as it is made.
type Eager interface{ Eager() bool }

// Eager reports whether the register sends by itself.
func (d *Desk) Eager() bool {
	e, ok := d.runner.Target.(Eager)
	return ok && e.Eager()
}

// Alone reports whether nobody drives the register: the case judges what comes.
func (r *Run) Alone() bool {
	t, ok := r.runner.Target.(KKTTarget)
	return ok && t.Can()&NeedsTill == 0
}

// Message waits for message i of the case; when none comes the case ends without a
// verdict.
func (d *Desk) Message(ctx context.Context, i int) Heard {
	if !d.Operator.Await(ctx, i+1, d.Patience()) {
		d.Skip(fmt.Sprintf("no message came within %s: let the register have something to send", d.Patience()))
	}
	return d.Operator.Heard()[i]
}

// Traced reports whether the register's commands to its drive are recorded.
func (d *Desk) Traced() bool { return d.runner.Target.(KKTTarget).Can()&NeedsTrace != 0 }

// Desk opens a register and the operators it talks to, until the case ends.
func (r *Run) Desk(ctx context.Context, o DeskOptions) *Desk {
	t, ok := r.runner.Target.(KKTTarget)
	if !ok {
		r.Stop("the target %s is no register", r.runner.Target)
	}
	for _, end := range r.desk { // a case that takes a second desk is done with the first
		end()
	}
	r.desk = nil
	d := &Desk{Run: r, scale: o.Scale, began: r.runner.Start}
	if d.scale == 0 {
		d.scale = fastScale
	}
	d.scale = min(d.scale*max(r.pace, 1), 1)
	if t.Can()&NeedsScale == 0 {
		d.scale = 1
	}
	var ofd, marking string
	if l, fixed := r.runner.Target.(Listener); fixed {
		ofd, marking = l.Listen()
	}
	d.Operator = r.operator(ctx, orFree(ofd), d.now)
	r.between = d.Operator
	if o.Marking {
		d.Marking = r.operator(ctx, orFree(marking), d.now)
		d.Marking.right = markingRight(d.now)
	}
	options := KKTOptions{FN: fmt.Sprintf("9999078902%06d", r.rand.IntN(1_000_000)), OFDAddr: d.Operator.Addr(), Master: r.Master(), Start: r.runner.Start,
		Line: o.Line, OneShot: o.OneShot, Scale: d.scale, Drive: o.Drive, Case: r.c.ID, Variant: r.variant.String()}
	if o.Names != nil {
		_, port, err := net.SplitHostPort(d.Operator.Addr())
		r.settle("reading the operator's address", err)
		options.OFDAddr, options.Resolver = net.JoinHostPort(o.Names.Name, port), o.Names.Addr()
	}
	if d.Marking != nil {
		options.MarkingAddr = d.Marking.Addr()
	}
	kkt, err := t.Open(ctx, options)
	if errors.Is(err, ErrCannot) {
		r.Skip(err.Error())
	}
	r.settle("opening a register", err)
	if timed, ok := kkt.(Timed); ok {
		at, err := timed.Time(ctx)
		r.settle("asking the register for its time", err)
		d.ahead.Store(int64(at.Sub(d.began)))
	}
	d.KKT = kkt
	r.onEnd(func() { _ = kkt.Close() }) // nothing to judge in how the stand-in ends
	return d
}

func orFree(addr string) string {
	if addr == "" {
		return "127.0.0.1:0"
	}
	return addr
}

func (r *Run) operator(ctx context.Context, addr string, now func() time.Time) *Operator {
	o, err := startOperator(ctx, addr, r.runner.OFD, r.runner.Master, now)
	r.settle("listening for the register", err)
	ended := false
	end := func() {
		if !ended {
			ended = true
			o.Down()
			r.recordAll(o, o.exchanges())
		}
	}
	r.desk = append(r.desk, end)
	r.onEnd(end)
	return o
}

// markingRight answers requests about codes and notifications as fine.
func markingRight(now func() time.Time) func(*model.Message) []byte {
	return func(m *model.Message) []byte {
		c := &model.Confirmation{To: m}
		if m.Form == 81 {
			return c.MarkingReply(model.U8(2105, 0), model.U8(2102, 0), model.U8(2100, byte(max(m.Number(2100), 1))), model.U8(2109, 1),
				model.TLV(2101, []byte("0104600439931256")), model.U8(2005, 15))
		}
		return c.MarkingReply(model.U32(2114, uint32(now().Unix())), model.U8(2111, 0))
	}
}

// now is the operator's clock: UTC of the register's wall clock in Moscow.
func (d *Desk) now() time.Time {
	return d.began.Add(time.Duration(d.ahead.Load()+d.passed.Load()) - 3*time.Hour)
}

// Scaled is a time limit of the register as it is in this run.
func (d *Desk) Scaled(limit time.Duration) time.Duration {
	return time.Duration(float64(limit) * d.scale)
}

// Advance lets time pass for the register, its drive and the operators.
func (d *Desk) Advance(ctx context.Context, t time.Duration) {
	d.settle("letting time pass", d.KKT.Advance(ctx, t))
	d.passed.Add(int64(t))
}

// Try gives an order and returns what came of it: a document or a refusal.
func (d *Desk) Try(ctx context.Context, o Order) (Made, *Refused) {
	if o.OFD == "" {
		o.OFD = d.OFD()
	}
	if o.FFD == 0 {
		o.FFD = d.FFD()
	}
	m, err := d.KKT.Do(ctx, o)
	var refused *Refused
	switch {
	case errors.As(err, &refused):
		return m, refused
	case errors.Is(err, ErrHands):
		d.Skip("needs hands: " + string(o.Do))
	case errors.Is(err, ErrCannot):
		d.Skip("the register cannot " + string(o.Do))
	case err != nil:
		d.Stop("the register cannot %s: %v", o.Do, err)
	}
	return m, nil
}

// Do gives orders that the register must carry out.
func (d *Desk) Do(ctx context.Context, mark Mark, orders ...Order) (last Made) {
	for _, o := range orders {
		m, refused := d.Try(ctx, o)
		seen := "done"
		if refused != nil {
			seen = refused.Error()
		}
		d.whole(refused == nil, func() {
			d.Expect("register/did", mark, "the register does it: "+string(o.Do), refused == nil, "done", seen)
		})
		last = m
	}
	return last
}

// Begin registers and opens the shift, as the point from which most cases start.
func (d *Desk) Begin(ctx context.Context, o Order) {
	o.Do = OrderRegister
	o.Encrypt = d.variant.Encrypt
	d.Given("a registered register with an open shift", func() {
		d.Do(ctx, Doc, o, Order{Do: OrderOpenShift})
		d.Sent(ctx, Doc)
	})
}

// Refuses gives an order that must be refused and returns how it was.
func (d *Desk) Refuses(ctx context.Context, mark Mark, why string, o Order) *Refused {
	m, refused := d.Try(ctx, o)
	if !d.Expect("register/refused", mark, why, refused != nil, "a refusal", fmt.Sprintf("document %d", m.FD)) {
		return &Refused{}
	}
	d.Expect("register/told", mark, "the person at the till is told why", refused.Text != "", "a text", refused.Text)
	return refused
}

// Sent lets the register send what waits and demands that it succeeds. A register
// that sends by itself may be in the middle of an attempt that must fail: it gets a
// second one.
func (d *Desk) Sent(ctx context.Context, mark Mark) {
	err := d.KKT.Exchange(ctx)
	if err != nil && d.Eager() {
		err = d.KKT.Exchange(ctx)
	}
	d.whole(err == nil, func() {
		d.Expect("exchange/done", mark, "everything that waits is sent and confirmed", err == nil, "no error", err)
	})
}

// View is the state of the drive; the case must need NeedsDrive.
func (d *Desk) View(ctx context.Context) DriveView {
	v, err := d.KKT.(Driven).Drive(ctx)
	d.settle("asking the drive", err)
	return v
}

// Faults sets the drive's switches; the case must need NeedsDrive.
func (d *Desk) Faults(ctx context.Context, f DriveFaults) {
	d.settle("setting the drive's faults", d.KKT.(Driven).Faults(ctx, f))
}

// Fault answers a code to a command of the drive, once.
func (d *Desk) Fault(ctx context.Context, cmd, code byte) {
	d.Faults(ctx, DriveFaults{Commands: []CommandFault{{Command: cmd, Call: 1, Times: 1, Refuse: true, Answer: code}}})
}

// Commands are the codes of the commands that the drive executed since the last
// call; the case must need NeedsTrace.
func (d *Desk) Commands() []Command {
	if t, ok := d.KKT.(Traced); ok {
		return t.Commands()
	}
	return nil
}

// Queue demands how many documents wait.
func (d *Desk) Queue(ctx context.Context, mark Mark, want int, why string) {
	v := d.View(ctx)
	d.Expect("drive/queue", mark, why, v.Queue == want, want, v.Queue)
}

// Phase demands the phase of the drive's life.
func (d *Desk) Phase(ctx context.Context, mark Mark, want byte) {
	v := d.View(ctx)
	d.Expect("drive/phase", mark, "the drive is in its phase", v.Phase == want, fmt.Sprintf("%02Xh", want), fmt.Sprintf("%02Xh", v.Phase))
}

// Fine demands that the model found nothing wrong with any message so far, and
// returns them.
func (d *Desk) Fine(mark Mark) []Heard {
	all := d.Operator.Heard()
	for i, h := range all {
		d.lookingAt(d.Operator, i+1, func() {
			d.problems(h.Problems, mark, fmt.Sprintf("document %d is a right message", h.FD))
		})
	}
	return all
}

// Exec gives the drive a command beside the register; the case must need NeedsDrive.
func (d *Desk) Exec(ctx context.Context, cmd byte, data []byte) (code byte, answer []byte, err error) {
	return d.KKT.(Driven).Exec(ctx, cmd, data)
}

// PowerCut takes the power of register and drive away and gives it back; the case
// must need NeedsDrive.
func (d *Desk) PowerCut(ctx context.Context) {
	d.settle("cutting the power", d.KKT.(Driven).PowerCut(ctx))
}

// Now is the operator's clock, UTC.
func (d *Desk) Now() time.Time { return d.now() }

// Line are the bytes that the register wrote on the serial line since the last call;
// the case must need NeedsLine.
func (d *Desk) Line() []byte { return d.KKT.(Traced).Line() }

// Elsewhere is the operator at a second address, until the case ends.
func (d *Desk) Elsewhere(ctx context.Context, addr string) *Operator {
	return d.operator(ctx, addr, d.now)
}

// Framed demands that the headers of every message so far are right. Signs are left
// out: those of a real drive nobody can check here.
func (d *Desk) Framed(mark Mark) {
	for i, h := range d.Operator.Heard() {
		var found []model.Problem
		for _, p := range h.Problems {
			if !strings.HasPrefix(p.Check, "sign/") {
				found = append(found, p)
			}
		}
		d.lookingAt(d.Operator, i+1, func() { d.problems(found, mark, fmt.Sprintf("document %d is well-formed", h.FD)) })
	}
}
