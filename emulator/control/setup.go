package control

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/fiscalbench/fiscalbench/emulator"
	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/emulator/link"
	"github.com/fiscalbench/fiscalbench/fiscal"
)

// Setup is a register made anew for a test: a new drive, a clock of its own, other
// timers. The zero value is a new drive in the register as it was started.
type Setup struct {
	Number   fiscal.FNNumber `json:"number,omitempty"` // of the drive: 9999 and 12 digits; drawn when empty
	Model    string          `json:"model,omitempty"`  // of the drive; by its number when empty
	Settings fn.Settings     `json:"settings"`         // of the drive
	// Time is where the clock stands, with the place's offset from UTC; it stands still
	// until it is advanced, and the drive's timer with it. None: the clock runs on.
	Time     *time.Time `json:"time,omitempty"`
	Operator string     `json:"operator,omitempty"` // host:port; that of the start when empty
	Marking  string     `json:"marking,omitempty"`  // host:port of the marking operator; that of the start when empty
	Resolver string     `json:"resolver,omitempty"` // host:port of the name server (UDP) that knows the operator; the system's when empty
	OneShot  bool       `json:"one_shot,omitempty"` // one connection for each document
	// Scale multiplies the timers of the exchange that a real register has: 300 s for an
	// answer, 60 s between attempts. Those of the start when 0.
	Scale   float64 `json:"timer_scale,omitempty"`
	Line    bool    `json:"line,omitempty"`    // register and drive talk over a serial line inside the program
	Sending Sending `json:"sending,omitempty"` // eager when empty
}

// Sending is when the register sends what waits.
type Sending string

// Ways of sending.
const (
	SendEagerly  Sending = "eager"  // each document as it is made, and at every look at the queue
	SendWhenTold Sending = "asked"  // by Exchange alone
	SendByTimers Sending = "timers" // as a real register does: by its poll and retry timers
)

// known reports whether there is such a way.
func (s Sending) known() bool {
	return s == SendEagerly || s == SendWhenTold || s == SendByTimers
}

// Time limits of the marking exchange: as the register has it, and the least that
// this machine is given.
const (
	markingTimeout = 5 * time.Second
	markingLeast   = 200 * time.Millisecond
)

// Setup makes the register anew. The old drive is gone; nothing changes when the
// setup is refused.
func (t *Till) Setup(s Setup) error {
	if s.Sending == "" {
		s.Sending = SendEagerly
	}
	if err := s.check(); err != nil {
		return err
	}
	fresh, err := t.setupWorld(&s)
	if err != nil {
		return err
	}
	t.interrupt()
	t.sending.Lock()
	defer t.sending.Unlock()
	t.stopWork()
	t.mu.Lock()
	old := t.world
	t.world = fresh
	t.mu.Unlock()
	t.last.Lock()
	t.state = ExchangeState{}
	t.last.Unlock()
	t.paper.clear()
	t.begin(s.Sending)
	return old.close()
}

func (s *Setup) check() error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%w: %w", ErrBadSetup, fmt.Errorf(format, args...))
	}
	if s.Number != "" && !emulated(s.Number) {
		return ErrBadNumber
	}
	if !s.Sending.known() {
		return bad("sending %q: want eager, asked or timers", s.Sending)
	}
	if s.Scale < 0 || s.Scale > 1000 {
		return bad("timer_scale %g: want 0 to 1000", s.Scale)
	}
	for name, addr := range map[string]string{"operator": s.Operator, "marking": s.Marking, "resolver": s.Resolver} {
		if addr == "" {
			continue
		}
		if _, _, err := net.SplitHostPort(addr); err != nil {
			return bad("%s: %w", name, err)
		}
	}
	return nil
}

// emulated reports whether a number is one of an emulated drive.
func emulated(n fiscal.FNNumber) bool {
	_, err := fiscal.ParseFNNumber(string(n))
	return err == nil && len(n) >= 15 && n[:4] == "9999"
}

func (t *Till) setupWorld(s *Setup) (*world, error) {
	drive := fn.Options{Number: s.Number, Settings: s.Settings, Faults: t.opt.FN.Faults}
	if s.Number == "" {
		drive.Number = emulator.DrawNumber(t.opt.Rand)
	}
	if s.Model != "" {
		m, ok := fn.ModelByName(s.Model)
		if !ok {
			return nil, ErrNoModel
		}
		drive.Model = m
	}
	w := &world{watch: &watch{base: t.opt.Now}, record: newRecord(s.Line)}
	if s.Time != nil {
		w.watch = &watch{start: *s.Time}
	} else {
		w.watch.start = t.opt.Now()
	}
	drive.PowerTimer = w.watch.on
	w.options = t.options(drive, w.watch)
	w.options.Port, w.options.Link.Observer = w.record.port, w.record.observe
	s.exchange(&w.options)
	var err error
	if w.reg, err = emulator.New(w.options); err != nil {
		w.record.close()
		return nil, fmt.Errorf("%w: %w", ErrBadSetup, err)
	}
	return w, nil
}

// exchange puts what the setup says of the exchange into the options.
func (s *Setup) exchange(o *emulator.Options) {
	if s.Operator != "" {
		o.OFD = s.Operator
	}
	if s.Marking != "" {
		o.Marking = s.Marking
	}
	o.OneShot = o.OneShot || s.OneShot
	if s.Scale > 0 {
		// Opening a connection and writing go at the pace of the machine, not of the register.
		o.Link.Timers = link.Timers{Scale: s.Scale, Connect: time.Duration(float64(link.DefaultConnect) / s.Scale),
			Write: time.Duration(float64(link.DefaultWrite) / s.Scale)}
		if o.Marking != "" {
			o.KKT.Marking = &link.Marking{FN: o.FN.Number, Addr: o.Marking, Timeout: max(time.Duration(float64(markingTimeout)*s.Scale), markingLeast)}
		}
	}
	if s.Resolver != "" && o.OFD != "" {
		o.Link.Dial = resolving(o.OFD, s.Resolver)
	}
}

// resolving asks a name server for the operator's address, anew for each connection.
func resolving(addr, server string) link.Dialer {
	names := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", server)
	}}
	return func(ctx context.Context) (net.Conn, error) {
		d := net.Dialer{Resolver: names}
		return d.DialContext(ctx, "tcp4", addr)
	}
}

// SetSending changes when the register sends.
func (t *Till) SetSending(s Sending) error {
	if !s.known() {
		return fmt.Errorf("%w: sending %q: want eager, asked or timers", ErrBadSetup, s)
	}
	t.interrupt()
	t.sending.Lock()
	defer t.sending.Unlock()
	t.stopWork()
	t.begin(s)
	return nil
}

// begin takes up a way of sending; the sending lock is held and nothing works.
func (t *Till) begin(s Sending) {
	t.last.Lock()
	t.way = s
	t.last.Unlock()
	if s == SendByTimers {
		ctx, cancel := context.WithCancel(context.Background()) // ends with this way of sending
		done := make(chan struct{})
		reg := t.emulator()
		go func() {
			defer close(done)
			if err := reg.Run(ctx); err != nil {
				t.opt.Logger.Warn("exchange ended", "err", err)
			}
		}()
		t.stop = func() { cancel(); <-done }
	}
	t.Wake()
}

// stopWork ends sending by timers; the sending lock is held.
func (t *Till) stopWork() {
	if t.stop != nil {
		t.stop()
		t.stop = nil
	}
}

// interrupt ends an exchange under way.
func (t *Till) interrupt() {
	t.last.Lock()
	defer t.last.Unlock()
	if t.cancel != nil {
		t.cancel()
	}
}

func (t *Till) sends() Sending {
	t.last.Lock()
	defer t.last.Unlock()
	return t.way
}

// Close ends what the register does by itself and its connections.
func (t *Till) Close() error {
	t.interrupt()
	t.sending.Lock()
	defer t.sending.Unlock()
	t.stopWork()
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.world.close()
}

// Take is what was recorded since the last call; nothing before the first setup.
func (t *Till) Take() Recorded {
	t.mu.RLock()
	r := t.world.record
	t.mu.RUnlock()
	if r == nil {
		return Recorded{}
	}
	return r.take()
}

// Shown are the operator's codes and messages that the register told its user since
// the setup.
func (t *Till) Shown() []Shown {
	t.mu.RLock()
	r := t.world.record
	t.mu.RUnlock()
	if r == nil {
		return []Shown{}
	}
	return r.told()
}

// Errors of a setup.
var (
	ErrBadSetup = errors.New("control: not to be had")
	ErrWorking  = errors.New("control: the register sends by its timers")
)
