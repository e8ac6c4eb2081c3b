package receipts

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/fiscalbench/fiscalbench/emulator"
	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/emulator/link"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
)

// ReissueOptions say how receipts are issued again. The zero value issues them on
// registers that send to nobody.
type ReissueOptions struct {
	OFD     string      // host:port of the operator; nothing is sent when empty and Dial is nil
	Dial    link.Dialer // instead of OFD
	Marking string      // host:port of the marking operator
	OFDINN  fiscal.INN  // of the operator in the registrations; DefaultOFD when empty
	OFDName string
	// Rand draws numbers of drives and registers: one seed and one input give the same
	// bytes. nil: seed 1.
	Rand  *rand.Rand
	Signs *sign.TBGOST1
	// Undated is the time of receipts that have none; DefaultUndated when zero.
	Undated  time.Time
	Timers   link.Timers
	Observer func(fiscal.FNNumber, link.Event)
	Printer  io.Writer
	Logger   *slog.Logger
}

// Defaults of ReissueOptions.
const (
	DefaultOFD     fiscal.INN = "7704358518"
	defaultOFDName string     = "ОФД стенда"
)

// DefaultUndated is the time of receipts without any.
var DefaultUndated = time.Date(2024, time.January, 10, noon, 0, 0, 0, time.UTC)

// Outcome is what became of one receipt.
type Outcome struct {
	Receipt  *Receipt
	Register fiscal.FNNumber // drive on which it was issued
	Result   kkt.Result      // zero when refused
	Err      error           // why the register or its drive refused it: *kkt.Refusal, *fn.Error; nil when issued
	Answered bool            // the operator confirmed it
	Code     byte            // the operator's code (transport.md 8.2)
	Notes    []Note          // of the receipt, and what was found when it was issued
}

// Reissue issues receipts on as many emulated registers as their users, format
// versions and ways of settlement need, at their own dates, and sends them when there
// is an operator. Outcomes stand in the order of all. The error is about the exchange
// or about a register that could not be set up; outcomes up to there are valid.
func Reissue(ctx context.Context, all []*Receipt, o ReissueOptions) ([]Outcome, error) {
	if o.OFDINN == "" {
		o.OFDINN = DefaultOFD
	}
	if o.OFDName == "" {
		o.OFDName = defaultOFDName
	}
	if o.Rand == nil {
		o.Rand = rand.New(rand.NewPCG(1, 1))
	}
	if o.Signs == nil {
		o.Signs = sign.NewTBGOST1(sign.TBGOST1Options{})
	}
	if o.Undated.IsZero() {
		o.Undated = DefaultUndated
	}
	outcomes := make([]Outcome, len(all))
	for i, r := range all {
		outcomes[i] = Outcome{Receipt: r, Notes: r.Notes, Err: errNotReached}
	}
	drives := map[fiscal.FNNumber]bool{}
	span := maxSpan
	if o.OFD == "" && o.Dial == nil {
		span = maxUnsent
	}
	for _, g := range groups(all, o.Undated, span) {
		b := &batch{opt: &o, group: g, outcomes: outcomes, clock: emulator.NewClock(time.Time{}), acks: map[fiscal.FDNumber]byte{}}
		if err := b.run(ctx, drives); err != nil {
			return outcomes, err
		}
	}
	return outcomes, nil
}

var errNotReached = errors.New("receipts: not issued: an earlier register or exchange failed")

// batch issues one group on one register.
type batch struct {
	opt      *ReissueOptions
	group    group
	outcomes []Outcome
	clock    *emulator.Clock
	reg      *emulator.Emulator
	acks     map[fiscal.FDNumber]byte
	opened   time.Time // of the open shift; zero when closed
}

func (b *batch) run(ctx context.Context, drives map[fiscal.FNNumber]bool) (err error) {
	number := emulator.DrawNumber(b.opt.Rand)
	for drives[number] {
		number = emulator.DrawNumber(b.opt.Rand)
	}
	drives[number] = true
	b.clock.Set(b.group.members[0].at.Add(-time.Minute))
	b.reg, err = emulator.New(emulator.Options{
		FN: fn.Options{Number: number}, OFD: b.opt.OFD, Marking: b.opt.Marking, Now: b.clock.Now, Rand: b.opt.Rand, Signs: b.opt.Signs, Logger: b.opt.Logger,
		KKT:  kkt.Options{Printer: b.opt.Printer},
		Link: link.Options{Dial: b.opt.Dial, Timers: b.opt.Timers, Observer: b.observe},
	})
	if err != nil {
		return fmt.Errorf("receipts: %w", err)
	}
	defer func() { err = errors.Join(err, b.reg.Close()) }()
	if _, err := b.reg.KKT().Register(b.group.registration(b.opt)); err != nil {
		return fmt.Errorf("receipts: registering a register for %d receipts: %w", len(b.group.members), err)
	}
	if err := b.exchange(ctx); err != nil {
		return err
	}
	for _, m := range b.group.members {
		if err := b.issue(ctx, m); err != nil {
			return err
		}
	}
	if err := b.closeShift(); err != nil {
		return err
	}
	return b.exchange(ctx)
}

func (b *batch) observe(e link.Event) {
	if e.Kind == link.Acknowledged {
		b.acks[e.FD] = e.Code
	}
	if b.opt.Observer != nil {
		b.opt.Observer(b.reg.Number(), e)
	}
}

// issue makes one receipt at its time, in a shift of its day.
func (b *batch) issue(ctx context.Context, m member) error {
	out := &b.outcomes[m.index]
	out.Register = b.reg.Number()
	out.Notes = append(out.Notes, m.notes...)
	if !b.opened.IsZero() && (!sameDay(b.opened, m.at) || m.at.Sub(b.opened) > kkt.ShiftLimit) {
		if err := errors.Join(b.closeShift(), b.exchange(ctx)); err != nil {
			return err
		}
	}
	b.clock.Set(m.at)
	if b.opened.IsZero() {
		if _, err := b.reg.KKT().OpenShift(kkt.Cashier{}); err != nil {
			return fmt.Errorf("receipts: opening a shift: %w", err)
		}
		b.opened = m.at
	}
	if r := out.Receipt; r.Refusal != nil {
		out.Err = r.Refusal
	} else if r.Form.IsCorrection() {
		out.Result, out.Err = b.reg.KKT().Correction(r.Correction())
	} else {
		out.Result, out.Err = b.reg.KKT().Receipt(r.Sale)
	}
	for _, w := range out.Result.Warnings {
		out.Notes = append(out.Notes, Note{Path: out.Receipt.Origin.Path, Reason: Imprecise, Text: w})
	}
	if err := b.exchange(ctx); err != nil {
		return err
	}
	if out.Err == nil {
		out.Code, out.Answered = b.acks[out.Result.FD], b.answered(out.Result.FD)
	}
	return nil
}

func (b *batch) answered(fd fiscal.FDNumber) bool {
	_, ok := b.acks[fd]
	return ok
}

func (b *batch) closeShift() error {
	if b.opened.IsZero() {
		return nil
	}
	b.opened = time.Time{}
	if _, err := b.reg.KKT().CloseShift(kkt.Cashier{}); err != nil {
		return fmt.Errorf("receipts: closing a shift: %w", err)
	}
	return nil
}

func (b *batch) exchange(ctx context.Context) error {
	if b.reg.Link() == nil {
		return nil
	}
	if _, err := b.reg.Exchange(ctx); err != nil {
		return fmt.Errorf("receipts: sending: %w", err)
	}
	return nil
}

func sameDay(a, b time.Time) bool {
	ay, am, ad := a.Date()
	by, bm, bd := b.Date()
	return ay == by && am == bm && ad == bd
}
