package steps

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/cucumber/godog"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/emulator"
	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/emulator/link"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
)

// place is where every scenario's register stands.
var place = time.FixedZone("MSK", 3*60*60)

// world is the state of one scenario.
type world struct {
	opts  *Options
	pool  *pool
	rand  *rand.Rand
	clock *emulator.Clock
	line  *line

	operator conformance.Target // that the register sends to; nil before the register
	main     conformance.Target // the first one
	reserve  conformance.Target // the main one's other site
	former   conformance.Target // the one before a change of operator
	stops    []func() error

	drive     fn.Options // of the next drive
	oneShot   bool
	settings  map[string]string // of the operator, before it is used
	noMarking bool              // nobody answers about marking codes

	emu     *emulator.Emulator
	reg     kkt.Registration
	last    kkt.Result
	link    link.Event // the last confirmation that the drive took
	oldFN   fiscal.FNNumber
	product string // code of the last marked product
	notice  bool   // the exchange under way is about notifications

	told   map[conformance.Target]time.Time // clocks of operators as last set
	behind time.Duration                    // of the register's clock, which a step put back

	// What went wrong and was not looked at yet: each must be expected by a step.
	refusal  error
	exchange error
}

// newWorld makes a world; the scenario's generator comes when its text is known.
func newWorld(o *Options, p *pool) *world {
	w := &world{opts: o, pool: p, line: &line{}, told: map[conformance.Target]time.Time{}}
	w.clock = emulator.NewClock(o.Start.In(place))
	return w
}

// close ends what the scenario started.
func (w *world) close() error {
	var errs []error
	if w.emu != nil {
		errs = append(errs, w.emu.Close())
	}
	for i := len(w.stops) - 1; i >= 0; i-- {
		errs = append(errs, w.stops[i]())
	}
	return errors.Join(errs...)
}

// skip ends a scenario for which the target lacks something.
func skip(what string) error {
	return fmt.Errorf("the target has no %s: %w", what, godog.ErrSkip)
}

// can takes an ability of the operator that the register sends to.
func can[T any](t conformance.Target, what string) (T, error) {
	if v, ok := t.(T); ok {
		return v, nil
	}
	var none T
	return none, skip(what)
}

// startOperator brings up the operator of the scenario once.
func (w *world) startOperator(ctx context.Context) error {
	if w.main != nil {
		return nil
	}
	w.main = w.opts.Target
	if w.main == nil {
		self, err := w.pool.take(ctx)
		if err != nil {
			return err
		}
		back := func() error { return w.pool.put(self) }
		if len(w.settings) > 0 { // it is not as others want it
			back = self.Stop
		}
		w.main, w.stops = self, append(w.stops, back)
	}
	if len(w.settings) > 0 {
		c, err := can[conformance.Configurable](w.main, "settings that can be changed")
		if err != nil {
			return err
		}
		if err := c.Configure(ctx, w.settings); err != nil {
			return err
		}
	}
	w.use(w.main)
	return nil
}

// ofd is the operator's INN that the register names now.
func (w *world) ofd() fiscal.INN {
	if w.reg.OFDINN == "" {
		return w.opts.OFD
	}
	return w.reg.OFDINN
}

// use makes the register send to an operator.
func (w *world) use(t conformance.Target) {
	w.operator = t
	w.line.set(func(l *line) { l.addr = t.Addr() })
	if w.emu != nil {
		_ = w.emu.Close() // a kept connection leads to the other one
	}
}

// setClocks moves the operators' clocks to the register's before anything is asked
// of them. A target that others use too keeps its own.
func (w *world) setClocks(ctx context.Context) error {
	if w.opts.Target != nil {
		return nil
	}
	now := w.clock.Now().Add(w.behind)
	for _, t := range []conformance.Target{w.main, w.reserve, w.former, w.operator} {
		c, ok := t.(conformance.Clocked)
		if !ok || w.told[t].Equal(now) {
			continue
		}
		if err := c.SetClock(ctx, now); err != nil {
			return err
		}
		w.told[t] = now
	}
	return nil
}

// drawNumber draws a drive's number: 9999 and twelve digits, which are not those of
// debug models of FFD 1.05.
func (w *world) drawNumber() fiscal.FNNumber {
	return fiscal.FNNumber(fmt.Sprintf("9999%012d", 100_000_000_000+w.rand.Int64N(600_000_000_000)))
}

// build makes the register, not registered yet.
func (w *world) build(ctx context.Context, kind registerKind, v fiscal.FFD) error {
	if w.emu != nil {
		return errors.New("the scenario has a register already")
	}
	if err := w.startOperator(ctx); err != nil {
		return err
	}
	signs := sign.NewTBGOST1(sign.TBGOST1Options{Key: w.opts.Key})
	w.drive.Number = w.drawNumber()
	o := emulator.Options{FN: w.drive, Now: w.clock.Now, Signs: signs, OneShot: w.oneShot}
	o.Link = link.Options{Dial: w.line.dial, Observer: w.observe, Timers: link.Timers{Answer: w.opts.Timeout, Connect: w.opts.Timeout, Write: w.opts.Timeout}}
	if m, ok := w.main.(conformance.Marking); ok && v == fiscal.FFD12 {
		o.Marking = m.MarkingAddr()
		o.KKT.Marking = &link.Marking{FN: w.drive.Number, Dial: w.dialMarking, Timeout: w.opts.Timeout}
	}
	if kind.careless {
		o.KKT.Waive = waivable
	}
	var err error
	if w.emu, err = emulator.New(o); err != nil {
		return err
	}
	inn := fiscal.WithCheckDigits(fmt.Sprintf("77%07d", w.rand.IntN(10_000_000)))
	factory := fmt.Sprintf("%014d", w.rand.Int64N(100_000_000_000_000))
	w.reg = kkt.Registration{
		FFD: v, RegNumber: fiscal.MakeRegNumber(w.rand.Uint64N(10_000_000_000), inn, factory), KKTNumber: factory,
		User: "ООО «Ромашка»", UserINN: inn, Address: "101000, г. Москва, ул. Ленина, д. 1", Place: "Магазин №1",
		Tax: kkt.TaxGeneral | kkt.TaxSimplified, OFDINN: w.opts.OFD, OFDName: "Испытательный стенд ОФД", SellerAddress: "shop@example.test",
		Cashier: kkt.Cashier{Name: "Кассир"}, Modes: kind.modes,
	}
	if kind.modes.Autonomous {
		w.reg.OFDINN, w.reg.OFDName, w.reg.SellerAddress = "", "", ""
	}
	return nil
}

// waivable are the rules that a careless register does not enforce.
var waivable = []string{"I-03", "M-01", "M-02", "M-03", "M-04", "V-01", "V-02", "R-01", "R-02", "R-05", "R-12", "R-14", "D-05", "S-07", kkt.RuleFFD, kkt.RuleRequired}

// register is the built register.
func (w *world) register() (*kkt.KKT, error) {
	if w.emu == nil {
		return nil, errors.New("the scenario has no register yet: begin with «a new register» or «a registered register»")
	}
	return w.emu.KKT(), nil
}

// made notes what became of a document: a refusal waits to be expected.
func (w *world) made(r kkt.Result, err error) error {
	if err != nil {
		w.refusal = err
		return nil
	}
	w.last = r
	return nil
}

// send exchanges with the operator; a failure waits to be expected.
func (w *world) send(ctx context.Context) {
	if w.emu == nil {
		return
	}
	if w.exchange = w.setClocks(ctx); w.exchange == nil {
		_, w.exchange = w.emu.Exchange(ctx)
	}
}

// deliver makes and sends what a scenario starts from; any failure is an error.
func (w *world) deliver(ctx context.Context, r kkt.Result, err error) error {
	if err != nil {
		return err
	}
	w.last = r
	if w.send(ctx); w.exchange != nil {
		return w.exchange
	}
	return nil
}

// observe follows the links: confirmations, and messages about marked goods, which
// do not go over the line.
func (w *world) observe(e link.Event) {
	switch e.Kind {
	case link.Acknowledged:
		w.link = e
	case link.Sent:
		if w.notice = marking(e.Data); w.notice {
			w.line.set(func(l *line) { l.log = append(l.log, Exchange{Message: append([]byte(nil), e.Data...)}) })
		}
	case link.Received:
		if w.notice {
			w.line.set(func(l *line) {
				x := &l.log[len(l.log)-1]
				x.Reply = append(x.Reply, e.Data...)
			})
		}
	}
}
