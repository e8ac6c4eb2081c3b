package control

import (
	"bytes"
	"context"
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

	mu     sync.RWMutex // of reg: written when another drive is loaded
	reg    *emulator.Emulator
	offset time.Duration // of the clock; under clock
	clock  sync.Mutex

	sending sync.Mutex // one exchange at a time
	state   ExchangeState
	wake    chan struct{}
}

var _ Machine = (*Till)(nil)

// NewTill makes a register with a new drive.
func NewTill(o TillOptions) (*Till, error) {
	t := newTill(o)
	reg, err := emulator.New(t.options(t.opt.FN))
	if err != nil {
		return nil, fmt.Errorf("control: %w", err)
	}
	t.reg = reg
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
	return &Till{opt: o, wake: make(chan struct{}, 1)}
}

func (t *Till) options(drive fn.Options) emulator.Options {
	return emulator.Options{FN: drive, OFD: t.opt.OFD, Marking: t.opt.Marking, OneShot: t.opt.OneShot, Now: t.Now, Rand: t.opt.Rand, Signs: t.opt.Signs,
		Logger: t.opt.Logger, KKT: kkt.Options{Printer: &t.paper}, Link: link.Options{Timers: t.opt.Timers, Faults: t.opt.Faults}}
}

// Now is the register's clock.
func (t *Till) Now() time.Time {
	t.clock.Lock()
	defer t.clock.Unlock()
	return t.opt.Now().Add(t.offset)
}

// Advance moves the clock.
func (t *Till) Advance(d time.Duration) time.Time {
	t.clock.Lock()
	t.offset += d
	t.clock.Unlock()
	return t.Now()
}

func (t *Till) emulator() *emulator.Emulator {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.reg
}

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

// ReplaceFN puts a new drive in: an empty number is drawn, an empty model is the one
// of the number.
func (t *Till) ReplaceFN(number fiscal.FNNumber, model string, c kkt.Change) (kkt.Result, error) {
	o := fn.Options{Number: number, PowerTimer: t.opt.FN.PowerTimer}
	if number == "" {
		o.Number = emulator.DrawNumber(t.opt.Rand)
	} else if _, err := fiscal.ParseFNNumber(string(number)); err != nil || len(number) < 15 || number[:4] != "9999" {
		return kkt.Result{}, ErrBadNumber
	}
	if model != "" {
		m, ok := fn.ModelByName(model)
		if !ok {
			return kkt.Result{}, ErrNoModel
		}
		o.Model = m
	}
	t.sending.Lock()
	defer t.sending.Unlock()
	_, res, err := t.emulator().ReplaceFN(o, c)
	return t.made(res, err)
}

// Status tells how the register is.
func (t *Till) Status() (Status, error) {
	e := t.emulator()
	s := Status{Time: t.Now(), Operator: t.opt.OFD}
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
	t.clock.Lock()
	defer t.clock.Unlock()
	if !t.state.At.IsZero() {
		last := t.state
		s.LastExchange = &last
	}
	return s, nil
}

// Exchange sends everything that waits.
func (t *Till) Exchange(ctx context.Context) (int, error) {
	t.sending.Lock()
	defer t.sending.Unlock()
	sent, err := t.emulator().Exchange(ctx)
	if errors.Is(err, emulator.ErrNoOperator) {
		return 0, ErrNoOperator
	}
	t.clock.Lock()
	defer t.clock.Unlock()
	t.state = ExchangeState{At: t.opt.Now().Add(t.offset), Sent: sent}
	if err != nil {
		t.state.Error = err.Error()
	}
	return sent, err
}

// Run sends what waits, as it comes and at least every poll, until ctx ends. The
// retry timer of a real register is left out: a test does not want to wait.
func (t *Till) Run(ctx context.Context, poll time.Duration) error {
	if t.opt.OFD == "" {
		<-ctx.Done()
		return nil
	}
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return t.emulator().Close()
		case <-tick.C:
		case <-t.wake:
		}
		if _, err := t.Exchange(ctx); err != nil && ctx.Err() == nil {
			t.opt.Logger.Warn("exchange failed", "err", err)
		}
	}
}

// Wake makes Run look at the queue.
func (t *Till) Wake() {
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
	t.sending.Lock()
	defer t.sending.Unlock()
	return e.Close() // the connections of a register without power are gone too
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
	drive := t.opt.FN
	if e := t.emulator(); e != nil {
		drive.Number = e.Number()
	}
	reg, err := emulator.Load(r, t.options(drive))
	if err != nil {
		return fmt.Errorf("control: %w", err)
	}
	t.sending.Lock()
	defer t.sending.Unlock()
	t.mu.Lock()
	old := t.reg
	t.reg = reg
	t.mu.Unlock()
	if old != nil {
		return old.Close()
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

func (p *paper) last() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text
}
