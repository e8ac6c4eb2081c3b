package target

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/emulator/fnport"
	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/emulator/link"
	"github.com/fiscalbench/fiscalbench/emulator/serial"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
)

// SelfKKT is the built-in register: each case gets one of its own, with a drive, a
// link and, when it asks, a serial line between register and drive.
type SelfKKT struct{ change []func(Parts) }

// Parts are what a built-in register is built of, before it is. Only one field is set
// at a time.
type Parts struct {
	Drive *fn.Options
	KKT   *kkt.Options
	Link  *link.Options
}

// NewSelfKKT judges the built-in register. Each register is built with the changes:
// see StartSelf.
func NewSelfKKT(change ...func(Parts)) *SelfKKT { return &SelfKKT{change: change} }

// Addr is empty: the register comes to the harness.
func (*SelfKKT) Addr() string { return "" }

// String names the target.
func (*SelfKKT) String() string { return "built-in register" }

// Can is everything.
func (*SelfKKT) Can() conformance.Capability {
	return conformance.NeedsDrive | conformance.NeedsLine | conformance.NeedsTrace | conformance.NeedsSetup | conformance.NeedsScale | conformance.NeedsTill | conformance.NeedsNames | conformance.NeedsStill | conformance.NeedsShown
}

// moscow is the place of settlement.
var moscow = time.FixedZone("MSK", 3*3600)

// Open makes a register.
func (s *SelfKKT) Open(ctx context.Context, o conformance.KKTOptions) (conformance.Register, error) {
	t := &till{o: o, number: fiscal.FNNumber(o.FN), change: s.change}
	wall := o.Start
	t.clock.wall = time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), 0, 0, moscow)
	t.signs = sign.NewTBGOST1(sign.TBGOST1Options{Key: sign.MasterKey(o.Master)})
	if err := t.insert(ctx, t.number); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

// watch is a clock of wall and of power: both go together unless the wall clock is
// set wrong.
type watch struct {
	mu    sync.Mutex
	wall  time.Time
	wrong time.Duration
	power time.Duration
}

func (w *watch) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.wall.Add(w.wrong)
}

func (w *watch) on() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.power
}

func (w *watch) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wall, w.power = w.wall.Add(d), w.power+d
}

func (w *watch) misset(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wrong = d
}

// till is the built-in register of one case.
type till struct {
	o      conformance.KKTOptions
	change []func(Parts)
	number fiscal.FNNumber
	clock  watch
	signs  *sign.TBGOST1
	lock   sync.Mutex // of the drive

	device  *fn.Device
	trace   *trace
	kkt     *kkt.KKT
	link    *link.Link
	notices *link.Link
	closers []io.Closer

	mu    sync.Mutex
	shown []conformance.Shown
}

// newDrive makes a drive as the case wants it.
func (t *till) newDrive(number fiscal.FNNumber) (*fn.Device, error) {
	s := t.o.Drive
	o := fn.Options{Number: number, Signer: t.signs.Drive(number, 0), Marking: t.signs.Marking(number), PowerTimer: t.clock.on,
		Settings: driveSettings(s)}
	if s.StrictLife {
		m, _ := fn.ModelByName(strictModel)
		o.Model = m
	}
	t.changed(Parts{Drive: &o})
	return fn.New(o)
}

// changed lets the changes at a part.
func (t *till) changed(p Parts) {
	for _, change := range t.change {
		change(p)
	}
}

// insert puts a drive in and builds the register around it.
func (t *till) insert(ctx context.Context, number fiscal.FNNumber) error {
	device, err := t.newDrive(number)
	if err != nil {
		return err
	}
	t.device, t.number, t.trace = device, number, &trace{device: device, line: t.o.Line}
	port := fnport.Port(t.trace)
	if t.o.Line {
		if port, err = t.overLine(ctx); err != nil {
			return err
		}
	}
	o := kkt.Options{Port: port, Lock: &t.lock, Now: t.clock.now, Printer: io.Discard}
	if t.o.MarkingAddr != "" {
		o.Marking = &link.Marking{FN: number, Addr: t.o.MarkingAddr, Timeout: max(t.scaled(5*time.Second), 200*time.Millisecond)}
	}
	t.changed(Parts{KKT: &o})
	if t.kkt == nil {
		if t.kkt, err = kkt.New(o); err != nil {
			return err
		}
	}
	return t.connect(port)
}

func (t *till) scaled(d time.Duration) time.Duration {
	if t.o.Scale > 0 {
		return time.Duration(float64(d) * t.o.Scale)
	}
	return d
}

// connect builds the links over the port.
func (t *till) connect(port fnport.Port) (err error) {
	o := link.Options{Driver: fnport.New(port), Lock: &t.lock, Addr: t.o.OFDAddr, KeepAlive: !t.o.OneShot, Now: t.clock.now, Observer: t.observe,
		Timers: timers(t.o.Scale)}
	if t.o.Resolver != "" {
		o.Dial = dialer(t.o.OFDAddr, t.o.Resolver)
	}
	t.changed(Parts{Link: &o})
	if t.link, err = link.New(o); err != nil || t.o.MarkingAddr == "" {
		return err
	}
	o.Addr, o.Dial, o.Notices = t.o.MarkingAddr, nil, true
	t.notices, err = link.New(o)
	return err
}

// timers are shortened, but for those of the loopback itself.
func timers(scale float64) link.Timers {
	t := link.Timers{Scale: scale}
	if scale > 0 {
		t.Connect = time.Duration(float64(link.DefaultConnect) / scale)
		t.Write = time.Duration(float64(link.DefaultWrite) / scale)
	}
	return t
}

// dialer asks a name server of the harness.
func dialer(addr, server string) link.Dialer {
	names := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", server)
	}}
	return func(ctx context.Context) (net.Conn, error) {
		d := net.Dialer{Resolver: names}
		return d.DialContext(ctx, "tcp4", addr)
	}
}

// overLine puts the drive behind a serial line and returns the register's end.
func (t *till) overLine(ctx context.Context) (fnport.Port, error) {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	var d net.Dialer
	near, err := d.DialContext(ctx, "tcp", ln.Addr().String())
	if err != nil {
		return nil, errors.Join(err, ln.Close())
	}
	live, cancel := context.WithCancel(context.WithoutCancel(ctx))
	server := serial.NewServer(serial.Options{Drive: t.trace})
	done := make(chan error, 1)
	go func() { done <- server.Serve(live, ln) }()
	client := serial.NewClient(&tapped{near, t.trace}, serial.ClientOptions{Timeout: lineTimeout, Settle: time.Millisecond})
	t.closers = append(t.closers, closerFunc(func() error {
		err := client.Close()
		cancel()
		return errors.Join(err, <-done)
	}))
	return client, nil
}

// lineTimeout is how long the register waits for an answer of the drive before it
// asks by ENQ.
const lineTimeout = 150 * time.Millisecond

type closerFunc func() error

// Close calls the function.
func (f closerFunc) Close() error { return f() }

func (t *till) observe(e link.Event) {
	if e.Kind != link.Acknowledged {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.shown = append(t.shown, conformance.Shown{FD: uint32(e.FD), Code: e.Code, Message: e.Message})
}

// FN is the number of the drive.
func (t *till) FN() string { return string(t.number) }

// Shown are the codes that the register told.
func (t *till) Shown(context.Context) ([]conformance.Shown, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]conformance.Shown(nil), t.shown...), nil
}

// Exchange sends what waits.
func (t *till) Exchange(ctx context.Context) error {
	_, err := t.link.Drain(ctx)
	if t.notices == nil {
		return err
	}
	_, notices := t.notices.Drain(ctx)
	return errors.Join(err, notices)
}

// Work exchanges until ctx ends.
func (t *till) Work(ctx context.Context) error { return t.link.Run(ctx) }

// Advance lets time pass.
func (t *till) Advance(_ context.Context, d time.Duration) error {
	t.clock.pass(d)
	return nil
}

// Close ends the register.
func (t *till) Close() error {
	var errs []error
	for _, l := range []*link.Link{t.link, t.notices} {
		if l != nil {
			errs = append(errs, l.Close())
		}
	}
	for _, c := range t.closers {
		errs = append(errs, c.Close())
	}
	t.link, t.notices, t.closers = nil, nil, nil
	return errors.Join(errs...)
}

// trace records the commands that reach the drive and the bytes on the line.
type trace struct {
	device *fn.Device
	line   bool // the answer goes over a serial line, which spoils it itself

	mu       sync.Mutex
	commands []conformance.Command
	written  []byte
}

// Exec passes a command on.
func (t *trace) Exec(cmd byte, data []byte) (fn.Answer, error) {
	a := t.device.Exec(cmd, data)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.commands = append(t.commands, conformance.Command{Cmd: cmd, Data: append([]byte(nil), data...), Code: byte(a.Code), Answer: append([]byte(nil), a.Data...), Warning: a.Byte()&0x80 != 0})
	if a.Line.Silent && !t.line {
		return fn.Answer{}, fnport.ErrSilent
	}
	return a, nil
}

// tapped is the register's end of the line, overheard.
type tapped struct {
	net.Conn
	trace *trace
}

// Write passes bytes on.
func (t *tapped) Write(b []byte) (int, error) {
	t.trace.mu.Lock()
	t.trace.written = append(t.trace.written, b...)
	t.trace.mu.Unlock()
	return t.Conn.Write(b)
}

// Commands since the last call.
func (t *till) Commands() []conformance.Command {
	t.trace.mu.Lock()
	defer t.trace.mu.Unlock()
	all := t.trace.commands
	t.trace.commands = nil
	return all
}

// Line are the bytes written since the last call.
func (t *till) Line() []byte {
	t.trace.mu.Lock()
	defer t.trace.mu.Unlock()
	all := t.trace.written
	t.trace.written = nil
	return all
}

// Drive is the state of the drive.
func (t *till) Drive(context.Context) (conformance.DriveView, error) {
	t.lock.Lock()
	defer t.lock.Unlock()
	d := view(t.device.View())
	if a := t.device.Exec(fn.CmdExchangeStatus, nil); a.Code == fn.Done {
		d.linkState(a.Data)
	}
	return d.DriveView, nil
}

// driveView is a view of a drive being put together.
type driveView struct{ conformance.DriveView }

func view(v fn.View) *driveView {
	return &driveView{conformance.DriveView{Phase: byte(v.Phase), ShiftOpen: v.ShiftOpen, LastFD: uint32(v.LastFD), Queue: v.Unconfirmed,
		Document: v.Document, Warnings: v.Warnings, Notices: v.Notices}}
}

// linkState reads the answer to 20h (fn.md 9.1).
func (d *driveView) linkState(b []byte) {
	if len(b) == 13 {
		d.Link = b[0]
		d.First = uint32(b[4]) | uint32(b[5])<<8 | uint32(b[6])<<16 | uint32(b[7])<<24
	}
}

// Faults sets the drive's switches.
func (t *till) Faults(_ context.Context, f conformance.DriveFaults) error {
	t.lock.Lock()
	defer t.lock.Unlock()
	return t.device.SetFaults(faults(f))
}

func faults(f conformance.DriveFaults) fn.Faults {
	out := fn.Faults{Critical: f.Critical, OFDSilentDays: f.SilentDays, KeyDaysLeft: f.KeyDays, ArchiveUsed: f.ArchiveUsed}
	for _, r := range f.RefuseAcks {
		out.RefuseAcks = append(out.RefuseAcks, fn.AckFault{Reason: r})
	}
	for _, c := range f.Commands {
		one := fn.CommandFault{Command: c.Command, Call: c.Call, Times: c.Times, DelayMS: int(c.Delay.Milliseconds()), Silent: c.Silent, BadCRC: c.BadCRC, PowerLoss: c.PowerLoss}
		if c.Refuse {
			code := fn.Code(c.Answer)
			one.Answer = &code
		}
		out.Commands = append(out.Commands, one)
	}
	return out
}

// Exec gives the drive a command beside the register.
func (t *till) Exec(_ context.Context, cmd byte, data []byte) (byte, []byte, error) {
	t.lock.Lock()
	defer t.lock.Unlock()
	a := t.device.Exec(cmd, data)
	return byte(a.Code), a.Data, nil
}

// PowerCut takes the power of register and drive away and gives it back.
func (t *till) PowerCut(context.Context) error {
	t.lock.Lock()
	t.device.PowerCut()
	t.lock.Unlock()
	t.kkt.Forget()
	return nil
}

func unknown(o conformance.Order) error {
	return fmt.Errorf("target: %w: %q", conformance.ErrCannot, o.Do)
}
