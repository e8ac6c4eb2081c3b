package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/fiscalbench/fiscalbench/emulator"
	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/emulator/fnport"
	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/emulator/link"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/internal/fault"
)

// TillOptions of an interactive register. The zero value is a new drive that sends to
// nobody.
type TillOptions struct {
	FN      fn.Options // an empty number is drawn from Rand
	OFD     string     // host:port
	Marking string     // host:port
	OneShot bool       // one connection for each document
	Timers  link.Timers
	Faults  *fault.Set // of the register; clock.jump moves its clock
	Signs   *sign.TBGOST1
	Rand    *rand.Rand
	Now     func() time.Time // time.Now when nil; Advance is added to it
	Printer io.Writer        // beside Printed
	Logger  *slog.Logger
}

// Till is an emulated register under control. It is safe for concurrent use.
type Till struct {
	opt   TillOptions
	paper paper

	mu    sync.RWMutex // of world: written by Load and Setup
	world *world

	sending sync.Mutex // one exchange at a time; held by whoever changes how it is done
	stop    func()     // ends sending by timers; nil when it is not done; under sending
	last    sync.Mutex // of what follows
	state   ExchangeState
	way     Sending
	cancel  context.CancelFunc // of the exchange under way
	wake    chan struct{}
}

var _ Machine = (*Till)(nil)

// NewTill makes a register with a new drive.
func NewTill(o TillOptions) (*Till, error) {
	t := newTill(o)
	w := &world{watch: &watch{base: t.opt.Now}}
	w.options = t.options(t.opt.FN, w.watch)
	var err error
	if w.reg, err = emulator.New(w.options); err != nil {
		return nil, fmt.Errorf("control: %w", err)
	}
	t.world = w
	return t, nil
}

// LoadTill makes a register with a drive from a snapshot (Save). An empty number in
// o.FN is the snapshot's.
func LoadTill(r io.Reader, o TillOptions) (*Till, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("control: reading a snapshot: %w", err)
	}
	if o.FN.Number == "" { // keys are made from the number, so it must be known first
		d, err := fn.Load(bytes.NewReader(text), fn.Options{})
		if err != nil {
			return nil, fmt.Errorf("control: %w", err)
		}
		o.FN.Number = d.Number()
	}
	t := newTill(o)
	if err := t.Load(bytes.NewReader(text)); err != nil {
		return nil, err
	}
	return t, nil
}

func newTill(o TillOptions) *Till {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Signs == nil {
		o.Signs = sign.NewTBGOST1(sign.TBGOST1Options{})
	}
	if o.Rand == nil {
		o.Rand = rand.New(rand.NewPCG(1, 1))
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.FN.Number == "" {
		o.FN.Number = emulator.DrawNumber(o.Rand)
	}
	return &Till{opt: o, way: SendEagerly, wake: make(chan struct{}, 1)}
}

func (t *Till) options(drive fn.Options, w *watch) emulator.Options {
	return emulator.Options{FN: drive, OFD: t.opt.OFD, Marking: t.opt.Marking, OneShot: t.opt.OneShot, Now: w.now, Rand: t.opt.Rand, Signs: t.opt.Signs,
		Logger: t.opt.Logger, KKT: kkt.Options{Printer: &t.paper}, Link: link.Options{Timers: t.opt.Timers, Faults: t.opt.Faults}}
}

// Now is the register's clock.
func (t *Till) Now() time.Time { return t.present().watch.now() }

// Advance lets time pass: for the clock and the drive's timer, or for the clock alone,
// as when somebody sets it wrong.
func (t *Till) Advance(d time.Duration, clockOnly bool) time.Time {
	w := t.present().watch
	w.advance(d, clockOnly)
	return w.now()
}

func (t *Till) present() *world {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.world
}

func (t *Till) emulator() *emulator.Emulator { return t.present().reg }

// Port is the drive for a serial line.
func (t *Till) Port() fnport.Port { return tillPort{t} }

type tillPort struct{ t *Till }

func (p tillPort) Exec(cmd byte, data []byte) (fn.Answer, error) { return p.t.Exec(cmd, data) }

// Exec gives one command to the drive.
func (t *Till) Exec(cmd byte, data []byte) (a fn.Answer, err error) {
	e := t.emulator()
	err = e.Do(func(d *fn.Device) error { a = d.Exec(cmd, data); return nil })
	if cmd == fn.CmdReset && a.Code == fn.Done {
		e.KKT().Forget()
	}
	t.Wake()
	return a, err
}

// made wakes the exchange after a document.
func (t *Till) made(res kkt.Result, err error) (kkt.Result, error) {
	if err == nil {
		t.Wake()
		if t.opt.Printer != nil && res.Text != "" {
			_, _ = io.WriteString(t.opt.Printer, res.Text+"\n")
		}
	}
	return res, err
}

func (t *Till) Register(r kkt.Registration) (kkt.Result, error) {
	return t.made(t.emulator().KKT().Register(r))
}

func (t *Till) Change(c kkt.Change) (kkt.Result, error) {
	return t.made(t.emulator().KKT().ChangeRegistration(c))
}

func (t *Till) OpenShift(c kkt.Cashier) (kkt.Result, error) {
	return t.made(t.emulator().KKT().OpenShift(c))
}

func (t *Till) Receipt(r kkt.Receipt) (kkt.Result, error) {
	return t.made(t.emulator().KKT().Receipt(r))
}

func (t *Till) Correction(c kkt.Correction) (kkt.Result, error) {
	return t.made(t.emulator().KKT().Correction(c))
}

func (t *Till) StateReport() (kkt.Result, error) { return t.made(t.emulator().KKT().StateReport()) }

func (t *Till) CloseShift(c kkt.Cashier) (kkt.Result, error) {
	return t.made(t.emulator().KKT().CloseShift(c))
}

func (t *Till) CloseArchive(c kkt.Cashier) (kkt.Result, error) {
	return t.made(t.emulator().KKT().CloseArchive(c))
}

func (t *Till) Injection() *fault.Set { return t.opt.Faults }

func (t *Till) UpdateKeys() (bool, error) { return t.emulator().KKT().UpdateKeys() }

// ReplaceFN puts a new drive in: an empty number is drawn, an empty model is the one
// of the number.
func (t *Till) ReplaceFN(number fiscal.FNNumber, model string, c kkt.Change) (kkt.Result, error) {
	o := fn.Options{Number: number, PowerTimer: t.present().options.FN.PowerTimer, Settings: t.present().options.FN.Settings,
		Faults: t.opt.FN.Faults}
	if number == "" {
		o.Number = emulator.DrawNumber(t.opt.Rand)
	} else if !emulated(number) {
		return kkt.Result{}, ErrBadNumber
	}
	if model != "" {
		m, ok := fn.ModelByName(model)
		if !ok {
			return kkt.Result{}, ErrNoModel
		}
		o.Model = m
	}
	var res kkt.Result
	err := t.paused(func(reg *emulator.Emulator) (err error) {
		_, res, err = reg.ReplaceFN(o, c)
		return err
	})
	return t.made(res, err)
}

// injected are the rules by which the register misbehaves, and the drive's switches of
// the start.
func (t *Till) injected() (all []string) {
	if t.opt.Faults != nil {
		for _, r := range t.opt.Faults.Rules() {
			all = append(all, r.Text)
		}
	}
	if b, err := json.Marshal(t.opt.FN.Faults); err == nil && string(b) != "{}" {
		all = append(all, "drive "+string(b))
	}
	return all
}

// Status tells how the register is.
func (t *Till) Status() (Status, error) {
	w := t.present()
	e := w.reg
	s := Status{Time: w.watch.now(), Operator: w.options.OFD, Sending: t.sends(), Injected: t.injected()}
	if err := e.Do(func(d *fn.Device) error { s.Drive = d.View(); return nil }); err != nil {
		return s, err
	}
	if s.Drive.Registrations > 0 {
		reg, ok, err := e.KKT().Registration()
		if err != nil {
			return s, err
		}
		if s.Registered = ok; ok {
			s.Registration = &reg
		}
	}
	t.last.Lock()
	defer t.last.Unlock()
	if !t.state.At.IsZero() {
		last := t.state
		s.LastExchange = &last
	}
	return s, nil
}

// Exchange sends everything that waits.
func (t *Till) Exchange(ctx context.Context) (int, error) {
	if t.sends() == SendByTimers {
		return 0, ErrWorking
	}
	t.sending.Lock()
	defer t.sending.Unlock()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	t.last.Lock()
	t.cancel = cancel
	t.last.Unlock()
	w := t.present()
	sent, err := w.reg.Exchange(ctx)
	if errors.Is(err, emulator.ErrNoOperator) {
		return 0, ErrNoOperator
	}
	t.last.Lock()
	defer t.last.Unlock()
	t.cancel = nil
	t.state = ExchangeState{At: w.watch.now(), Sent: sent}
	if err != nil {
		t.state.Error = err.Error()
	}
	return sent, err
}

// Run sends what waits, as it comes and at least every poll, until ctx ends. The
// retry timer of a real register is left out: a test does not want to wait. It stands
// aside while the register sends when told or by its timers (SetSending).
func (t *Till) Run(ctx context.Context, poll time.Duration) error {
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return t.Close()
		case <-tick.C:
		case <-t.wake:
		}
		if t.sends() != SendEagerly || t.present().options.OFD == "" {
			continue
		}
		if _, err := t.Exchange(ctx); err != nil && ctx.Err() == nil {
			t.opt.Logger.Warn("exchange failed", "err", err)
		}
	}
}

// Wake makes Run look at the queue.
func (t *Till) Wake() {
	if t.sends() == SendByTimers {
		return // nothing but its timers moves it
	}
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// Faults tells the fault switches.
func (t *Till) Faults() (f fn.Faults) {
	_ = t.emulator().Do(func(d *fn.Device) error { f = d.Faults(); return nil })
	return f
}

// SetFaults replaces the fault switches.
func (t *Till) SetFaults(f fn.Faults) error {
	return t.emulator().Do(func(d *fn.Device) error { return d.SetFaults(f) })
}

// PowerCut takes the power away and gives it back.
func (t *Till) PowerCut() error {
	e := t.emulator()
	if err := e.Do(func(d *fn.Device) error { d.PowerCut(); return nil }); err != nil {
		return err
	}
	e.KKT().Forget()
	// The connections of a register without power are gone too.
	return t.paused(func(reg *emulator.Emulator) error { return reg.Close() })
}

// paused calls f while nothing is sent.
func (t *Till) paused(f func(*emulator.Emulator) error) error {
	t.interrupt()
	t.sending.Lock()
	defer t.sending.Unlock()
	working := t.stop != nil
	t.stopWork()
	err := f(t.emulator())
	if working {
		t.begin(SendByTimers)
	}
	return err
}

// Save writes the drive.
func (t *Till) Save(w io.Writer) error {
	// The drive is held only while it writes to memory.
	var b bytes.Buffer
	if err := t.emulator().Save(&b); err != nil {
		return err
	}
	_, err := b.WriteTo(w)
	return err
}

// Load puts a drive from a snapshot in place of the present one. Nothing changes when
// the snapshot is refused.
func (t *Till) Load(r io.Reader) error {
	now := &world{watch: &watch{base: t.opt.Now}}
	now.options = t.options(t.opt.FN, now.watch)
	old := t.present()
	if old != nil {
		*now = *old
		now.options.FN.Number = old.reg.Number()
	}
	var err error
	if now.reg, err = emulator.Load(r, now.options); err != nil {
		return fmt.Errorf("control: %w", err)
	}
	t.interrupt()
	t.sending.Lock()
	defer t.sending.Unlock()
	working := t.stop != nil
	t.stopWork()
	t.mu.Lock()
	t.world = now
	t.mu.Unlock()
	if working {
		t.begin(SendByTimers)
	}
	if old != nil {
		return old.reg.Close()
	}
	return nil
}

// Printed is the last document as on paper.
func (t *Till) Printed() string { return t.paper.last() }

// paper keeps the last thing printed.
type paper struct {
	mu   sync.Mutex
	text string
}

func (p *paper) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.text = string(b)
	return len(b), nil
}

func (p *paper) clear() { _, _ = p.Write(nil) }

func (p *paper) last() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text
}
