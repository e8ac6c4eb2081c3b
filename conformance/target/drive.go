package target

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/emulator/serial"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
)

// Drive is the drive that the harness plays for a register that has none: it speaks
// the serial protocol of fn.md section 9 over TCP or a pseudo-terminal. Cases put
// another device in, which a register sees as another drive on the same line.
type Drive struct {
	signs *sign.TBGOST1
	start time.Time

	mu     sync.Mutex
	trace  *trace
	number fiscal.FNNumber
	line   []byte // written by the register since the last Line
	heard  bool   // bytes on the line are known
}

// NewDrive makes a drive of the given number whose keys come from the master key.
func NewDrive(number fiscal.FNNumber, master [32]byte) (*Drive, error) {
	d := &Drive{signs: sign.NewTBGOST1(sign.TBGOST1Options{Key: sign.MasterKey(master)}), start: time.Now()}
	return d, d.insert(number, conformance.DriveSetup{})
}

// insert puts a new device on the line.
func (d *Drive) insert(number fiscal.FNNumber, s conformance.DriveSetup) error {
	o := fn.Options{Number: number, Signer: d.signs.Drive(number, 0), Marking: d.signs.Marking(number), Settings: driveSettings(s),
		PowerTimer: func() time.Duration { return time.Since(d.start) }}
	if s.StrictLife {
		o.Model, _ = fn.ModelByName(strictModel)
	}
	device, err := fn.New(o)
	if err != nil {
		return fmt.Errorf("target: the drive of the bench: %w", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.trace, d.number, d.line = &trace{device: device, line: true}, number, nil
	return nil
}

// Exec gives the device on the line a command.
func (d *Drive) Exec(cmd byte, data []byte) (fn.Answer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.trace.Exec(cmd, data)
}

// Overhear says that registers will come to Serve, where what they write is known.
func (d *Drive) Overhear() { d.heard = true }

// Serve takes registers from ln until ctx ends.
func (d *Drive) Serve(ctx context.Context, ln net.Listener) error {
	return serial.NewServer(serial.Options{Drive: d}).Serve(ctx, &overheard{ln, d})
}

// ServePTY takes a register at a pseudo-terminal, whose path ready is told.
func (d *Drive) ServePTY(ctx context.Context, ready func(path string)) error {
	return serial.NewServer(serial.Options{Drive: d}).ServePTY(ctx, ready)
}

// overheard is a listener whose connections are written down.
type overheard struct {
	net.Listener
	drive *Drive
}

// Accept takes a register.
func (o *overheard) Accept() (net.Conn, error) {
	c, err := o.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &overheardConn{c, o.drive}, nil
}

type overheardConn struct {
	net.Conn
	drive *Drive
}

// Read passes on what the register wrote.
func (c *overheardConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.drive.mu.Lock()
	c.drive.line = append(c.drive.line, b[:n]...)
	c.drive.mu.Unlock()
	return n, err
}

// withDrive is a register worked by hand whose drive is the bench's.
type withDrive struct {
	byHand
	drive *Drive
}

// FN is the number of the drive.
func (w *withDrive) FN() string {
	w.drive.mu.Lock()
	defer w.drive.mu.Unlock()
	return string(w.drive.number)
}

// Do asks the person. Another drive is put on the line by the harness itself.
func (w *withDrive) Do(ctx context.Context, o conformance.Order) (conformance.Made, error) {
	if o.Do == conformance.OrderReplaceDrive {
		if err := w.drive.insert(fiscal.FNNumber(o.NewFN), conformance.DriveSetup{}); err != nil {
			return conformance.Made{}, err
		}
	}
	return w.byHand.Do(ctx, o)
}

// Drive is the state of the drive.
func (w *withDrive) Drive(context.Context) (conformance.DriveView, error) {
	w.drive.mu.Lock()
	defer w.drive.mu.Unlock()
	d := view(w.drive.trace.device.View())
	if a := w.drive.trace.device.Exec(fn.CmdExchangeStatus, nil); a.Code == fn.Done {
		d.linkState(a.Data)
	}
	return d.DriveView, nil
}

// Faults sets the drive's switches.
func (w *withDrive) Faults(_ context.Context, f conformance.DriveFaults) error {
	w.drive.mu.Lock()
	defer w.drive.mu.Unlock()
	return w.drive.trace.device.SetFaults(faults(f))
}

// Exec gives the drive a command beside the register.
func (w *withDrive) Exec(_ context.Context, cmd byte, data []byte) (byte, []byte, error) {
	w.drive.mu.Lock()
	defer w.drive.mu.Unlock()
	a := w.drive.trace.device.Exec(cmd, data)
	return byte(a.Code), a.Data, nil
}

// PowerCut takes the drive's power; that of the register is in somebody's hands.
func (w *withDrive) PowerCut(ctx context.Context) error {
	if w.f.Ask == nil {
		return conformance.ErrHands
	}
	w.drive.mu.Lock()
	w.drive.trace.device.PowerCut()
	w.drive.mu.Unlock()
	return w.f.Ask(ctx, "take the register's power away and give it back")
}

// Commands since the last call.
func (w *withDrive) Commands() []conformance.Command {
	w.drive.mu.Lock()
	defer w.drive.mu.Unlock()
	all := w.drive.trace.commands
	w.drive.trace.commands = nil
	return all
}

// Line are the bytes that the register wrote since the last call.
func (w *withDrive) Line() []byte {
	w.drive.mu.Lock()
	defer w.drive.mu.Unlock()
	all := w.drive.line
	w.drive.line = nil
	return all
}

var _ interface {
	conformance.Driven
	conformance.Traced
} = (*withDrive)(nil)
