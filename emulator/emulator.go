// Package emulator joins a fiscal drive, a cash register and its link to the
// operator into one value that lives a register's life.
//
// The parts work alone too: a drive behind a serial line (package serial), a
// register over a foreign drive (kkt with any fnport.Port), a link to any operator.
package emulator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/emulator/fnport"
	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/emulator/link"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
)

// Options of an emulated register. The zero value is a register with a new debug
// drive that has nobody to send to.
type Options struct {
	Device *fn.Device // an existing drive; nil: one made from FN
	// FN makes the drive. An empty Number is drawn from Rand; nil Signer and Marking
	// are of Signs.
	FN fn.Options
	// Port makes the way from register and link to a drive, the first one and each that
	// replaces it; nil: a direct one (fnport.Local).
	Port func(*fn.Device) (fnport.Port, error)
	// KKT are the register's options; Port, Lock, Now, Logger and Marking are filled
	// in when they are not set.
	KKT kkt.Options
	// Link are the options of the exchange; Driver, Lock, Now, Logger and Addr are
	// filled in. Its Faults may move the register's clock (clock.jump). One connection carries many documents unless OneShot is set.
	Link    link.Options
	OFD     string // host:port of the operator; empty: nothing is sent
	Marking string // host:port of the marking operator, through the OFD; empty: none
	OneShot bool   // one connection for each document (TRN-062)
	// Now is the register's clock; its location is the place of settlement. nil:
	// time.Now.
	Now    func() time.Time
	Rand   *rand.Rand    // draws the drive's number; nil: a fixed seed
	Signs  *sign.TBGOST1 // makes the drive's keys; nil: of the public test key
	Logger *slog.Logger  // nil: discarded
}

// Emulator is a register with its drive and its link. Its register and its links
// may be used at the same time; a link by one goroutine at a time.
type Emulator struct {
	opts    Options
	lock    sync.Mutex // of the drive
	device  *fn.Device
	port    fnport.Port // to the device
	kkt     *kkt.KKT
	link    *link.Link // nil without an operator
	notices *link.Link // nil without a marking operator
}

// New makes a register. It touches no network.
func New(opts Options) (*Emulator, error) {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	opts.Now = opts.Link.Faults.Clock(opts.Now)
	if opts.Signs == nil {
		opts.Signs = sign.NewTBGOST1(sign.TBGOST1Options{})
	}
	if opts.Rand == nil {
		opts.Rand = rand.New(rand.NewPCG(1, 1))
	}
	e := &Emulator{opts: opts, device: opts.Device}
	if e.device == nil {
		var err error
		if e.device, err = e.newDevice(opts.FN); err != nil {
			return nil, err
		}
	}
	if err := e.join(); err != nil {
		return nil, err
	}
	return e, nil
}

// newDevice makes a drive, drawing its number when there is none.
func (e *Emulator) newDevice(o fn.Options) (*fn.Device, error) {
	if o.Number == "" {
		o.Number = DrawNumber(e.opts.Rand)
	}
	if o.Signer == nil {
		o.Signer = e.opts.Signs.Drive(o.Number, 0)
		if o.Marking == nil {
			o.Marking = e.opts.Signs.Marking(o.Number)
		}
	}
	d, err := fn.New(o)
	if err != nil {
		return nil, fmt.Errorf("emulator: %w", err)
	}
	return d, nil
}

// DrawNumber draws the number of a debug drive of FFD up to 1.2: 9999078902 and six
// digits.
func DrawNumber(r *rand.Rand) fiscal.FNNumber {
	return fiscal.FNNumber(fmt.Sprintf("9999078902%06d", r.IntN(1_000_000)))
}

// join builds register and links over the drive.
func (e *Emulator) join() error {
	o := e.opts.KKT
	var err error
	if e.port, err = e.reach(e.device); err != nil {
		return err
	}
	if o.Port == nil {
		o.Port = e.port
	}
	o.Lock = &e.lock
	if o.Now == nil {
		o.Now = e.opts.Now
	}
	if o.Logger == nil {
		o.Logger = e.opts.Logger
	}
	if o.Marking == nil && e.opts.Marking != "" {
		o.Marking = &link.Marking{FN: e.device.Number(), Addr: e.opts.Marking}
	}
	if e.kkt, err = kkt.New(o); err != nil {
		return fmt.Errorf("emulator: %w", err)
	}
	return e.connect()
}

// reach makes the port of a drive.
func (e *Emulator) reach(d *fn.Device) (fnport.Port, error) {
	if e.opts.Port == nil {
		return fnport.Local(d), nil
	}
	port, err := e.opts.Port(d)
	if err != nil {
		return nil, fmt.Errorf("emulator: reaching the drive: %w", err)
	}
	return port, nil
}

// connect builds the links over the drive in use.
func (e *Emulator) connect() error {
	var err error
	e.link, e.notices = nil, nil
	if e.opts.OFD != "" || e.opts.Link.Dial != nil {
		if e.link, err = e.newLink(e.opts.Link, e.opts.OFD); err != nil {
			return err
		}
	}
	if e.opts.Marking != "" {
		o := e.opts.Link
		o.Notices, o.Dial = true, nil
		if e.notices, err = e.newLink(o, e.opts.Marking); err != nil {
			return err
		}
	}
	return nil
}

func (e *Emulator) newLink(o link.Options, addr string) (*link.Link, error) {
	o.Driver, o.Lock, o.Addr = fnport.New(e.port), &e.lock, addr
	o.KeepAlive = !e.opts.OneShot
	if o.Now == nil {
		o.Now = e.opts.Now
	}
	if o.Logger == nil {
		o.Logger = e.opts.Logger
	}
	l, err := link.New(o)
	if err != nil {
		return nil, fmt.Errorf("emulator: %w", err)
	}
	return l, nil
}

// KKT is the register.
func (e *Emulator) KKT() *kkt.KKT { return e.kkt }

// Link is the exchange of documents; nil without an operator.
func (e *Emulator) Link() *link.Link { return e.link }

// Notices is the exchange of notifications of marked goods; nil without a marking
// operator.
func (e *Emulator) Notices() *link.Link { return e.notices }

// Number of the drive in use.
func (e *Emulator) Number() fiscal.FNNumber { return e.device.Number() }

// Device is the drive in use. Use Do while a link runs or others use the register.
func (e *Emulator) Device() *fn.Device { return e.device }

// Do calls f with the drive while nobody else uses it.
func (e *Emulator) Do(f func(*fn.Device) error) error {
	e.lock.Lock()
	defer e.lock.Unlock()
	return f(e.device)
}

// ErrNoOperator means that the emulator was made without an address to send to.
var ErrNoOperator = errors.New("emulator: no address of an operator")

// Exchange sends what the drive has to send, documents and notifications, until
// both queues are empty or an attempt fails (link.Link.Drain). It must not run
// together with Run.
func (e *Emulator) Exchange(ctx context.Context) (sent int, err error) {
	if e.link == nil {
		return 0, ErrNoOperator
	}
	sent, err = e.link.Drain(ctx)
	if e.notices == nil {
		return sent, err
	}
	n, nerr := e.notices.Drain(ctx) // one stuck queue does not stop the other (K-114)
	return sent + n, errors.Join(err, nerr)
}

// Run keeps exchanging until ctx ends. Documents are made by calls to KKT
// meanwhile; Wake sends them without waiting for the poll timer.
func (e *Emulator) Run(ctx context.Context) error {
	if e.link == nil {
		<-ctx.Done()
		return nil
	}
	var wg sync.WaitGroup
	errs := make([]error, 2)
	wg.Go(func() { errs[0] = e.link.Run(ctx) })
	if e.notices != nil {
		wg.Go(func() { errs[1] = e.notices.Run(ctx) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// Wake makes Run look at the queues at once.
func (e *Emulator) Wake() {
	for _, l := range []*link.Link{e.link, e.notices} {
		if l != nil {
			l.Wake()
		}
	}
}

// ReplaceFN puts a new drive in, made from o, and reports it (form 11 with reason 1;
// FN-013). The old drive is given back, so that what it still holds can be read. It
// must not run together with Run or Exchange.
func (e *Emulator) ReplaceFN(o fn.Options, c kkt.Change) (old *fn.Device, res kkt.Result, err error) {
	fresh, err := e.newDevice(o)
	if err != nil {
		return nil, kkt.Result{}, err
	}
	port, err := e.reach(fresh)
	if err != nil {
		return nil, kkt.Result{}, err
	}
	if res, err = e.kkt.ReplaceFN(port, c); err != nil {
		return nil, res, err
	}
	if err := e.Close(); err != nil {
		return nil, res, err
	}
	old, e.device, e.port = e.device, fresh, port
	if m, ok := e.marking(); ok {
		m.FN = fresh.Number()
	}
	return old, res, e.connect()
}

func (e *Emulator) marking() (*link.Marking, bool) {
	m, ok := e.kkt.Marking().(*link.Marking)
	return m, ok
}

// Close closes the connections; the emulator can be used again.
func (e *Emulator) Close() error {
	var errs []error
	for _, l := range []*link.Link{e.link, e.notices} {
		if l != nil {
			errs = append(errs, l.Close())
		}
	}
	return errors.Join(errs...)
}

// Save writes a snapshot of the drive (fn.Device.Save). The register has nothing to
// save: it reads what it must know from its drive.
func (e *Emulator) Save(w io.Writer) error {
	return e.Do(func(d *fn.Device) error { return d.Save(w) })
}

// Load makes a register whose drive comes from a snapshot. FN.Number in opts names
// the drive expected. The power was off meanwhile.
func Load(r io.Reader, opts Options) (*Emulator, error) {
	if opts.Signs == nil {
		opts.Signs = sign.NewTBGOST1(sign.TBGOST1Options{})
	}
	if opts.FN.Signer == nil {
		opts.FN.Signer = opts.Signs.Drive(opts.FN.Number, 0)
		if opts.FN.Marking == nil {
			opts.FN.Marking = opts.Signs.Marking(opts.FN.Number)
		}
	}
	d, err := fn.Load(r, opts.FN)
	if err != nil {
		return nil, fmt.Errorf("emulator: %w", err)
	}
	d.PowerCut()
	opts.Device = d
	return New(opts)
}
