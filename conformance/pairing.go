package conformance

import (
	"context"
	"fmt"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance/model"
)

// PairTarget is a target of both ends: each case takes an operator and a register of
// its own.
type PairTarget interface {
	Target
	// Operator starts an operator under a clock that can be set.
	Operator(ctx context.Context, ofd string, settings map[string]string) (Target, func() error, error)
	// Open gives a register that is not registered yet.
	Open(ctx context.Context, o KKTOptions) (Register, error)
}

// Pairing is a register and an operator with the harness between them.
type Pairing struct {
	*Desk // its Operator is nil: the operator is real
	Tap   *Tap
	Codes *Tap // between them for marking; nil unless the case wants it
	OFD   *Run // the operator as a target of its own
}

// Pair opens both ends until the case ends.
func (r *Run) Pair(ctx context.Context, o DeskOptions) *Pairing {
	t, ok := r.runner.Target.(PairTarget)
	if !ok {
		r.Stop("the target %s is no pair", r.runner.Target)
	}
	operator, stop, err := t.Operator(ctx, r.runner.OFD, r.c.Settings)
	r.settle("starting the operator", err)
	r.onEnd(func() { _ = stop() }) // nothing to judge in how the stand-in ends
	other := *r.runner
	other.Target = operator
	scale := o.Scale
	if scale == 0 {
		scale = fastScale
	}
	scale = min(scale*max(r.pace, 1), 1)
	p := &Pairing{Desk: &Desk{Run: r, scale: scale, began: r.runner.Start}, Tap: r.tap(ctx, operator.Addr()),
		OFD: &Run{runner: &other, c: r.c, variant: r.variant, result: r.result, rand: r.rand}}
	r.between = p.Tap
	options := KKTOptions{FN: fmt.Sprintf("9999078902%06d", r.rand.IntN(1_000_000)), OFDAddr: p.Tap.Addr(), Master: r.Master(), Start: r.runner.Start,
		OneShot: o.OneShot, Scale: scale, Drive: o.Drive, Case: r.c.ID, Variant: r.variant.String()}
	if o.Marking {
		p.Codes = r.tap(ctx, operator.(Marking).MarkingAddr())
		options.MarkingAddr = p.Codes.Addr()
	}
	p.KKT, err = t.Open(ctx, options)
	r.settle("opening a register", err)
	r.onEnd(func() { _ = p.KKT.Close() })
	p.setClock(ctx)
	return p
}

func (r *Run) tap(ctx context.Context, forward string) *Tap {
	t, err := startTap(ctx, forward)
	r.settle("listening between the ends", err)
	r.onEnd(func() {
		t.Down()
		r.recordAll(t, t.exchanges())
	})
	return t
}

func (p *Pairing) setClock(ctx context.Context) {
	p.settle("setting the operator's clock", p.OFD.runner.Target.(Clocked).SetClock(ctx, p.now()))
}

// Advance lets time pass on both ends.
func (p *Pairing) Advance(ctx context.Context, d time.Duration) {
	p.Desk.Advance(ctx, d)
	p.setClock(ctx)
}

// Judge demands that everything that passed was right: each message by the model as
// the operator, each answer as the register. Codes other than clean are counted as
// wrong unless they may be flagged. It returns the messages.
func (p *Pairing) Judge(ctx context.Context, mark Mark) (all []*model.Message) {
	for i, x := range p.Tap.Passed() {
		all = append(all, p.judge(ctx, mark, i, x))
	}
	return all
}

// judge judges what passed as number i.
func (p *Pairing) judge(ctx context.Context, mark Mark, i int, x Passed) (m *model.Message) {
	p.lookingAt(p.Tap, i+1, func() {
		var problems []model.Problem
		m, problems = model.ReadMessage(p.Master(), p.Run.OFD(), x.Message)
		p.problems(problems, mark, fmt.Sprintf("document %d of the register is a right message", m.FD))
		if x.Answer == nil {
			p.Expect("wire/answered", mark, fmt.Sprintf("document %d is answered", m.FD), x.Note != "", "an answer", "none")
			return
		}
		reg := reader(p.Master(), m, p.Run.OFD())
		ack, problems := model.ReadAck(reg, x.Message, x.Answer)
		p.problems(problems, mark, fmt.Sprintf("the answer to document %d is a right confirmation", m.FD))
		if p.c.Settings["ack.extra_bits"] == "" {
			p.CleanCode(reg, Answer{Ack: ack}, mark)
		}
		rules := p.OFD.Document(ctx, m.FN, m.FD).Rules
		p.Should("document/findings", mark, fmt.Sprintf("the operator has nothing to remark on document %d", m.FD), len(rules) == 0, "none", rules)
	})
	return m
}

// Stored demands that the operator has every document of the drive once, without a
// gap.
func (p *Pairing) Stored(ctx context.Context, mark Mark, want int) {
	d := p.OFD.Drive(ctx, p.KKT.FN())
	p.Expect("store/documents", mark, "the operator has every document once", d.Documents == want, want, d.Documents)
	p.Expect("store/gaps", mark, "and misses none", len(d.Gaps) == 0, "no gap", d.Gaps)
}

// ReadCodes judges an exchange with the marking operator.
func (p *Pairing) ReadCodes(x Passed) (*model.Message, model.MarkingAnswer, []model.Problem) {
	m, problems := model.ReadMessage(p.Master(), p.Run.OFD(), x.Message)
	a, more := model.ReadMarking(reader(p.Master(), m, p.Run.OFD()), x.Message, x.Answer)
	return m, a, append(problems, more...)
}
