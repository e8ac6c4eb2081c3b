package link

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/emulator/fnport"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
	"github.com/fiscalbench/fiscalbench/internal/fault"
)

// Dialer opens a connection to the operator. It is asked anew for each
// connection, so a changed address is found without a restart (K-065).
type Dialer func(ctx context.Context) (net.Conn, error)

// Options of a link. Driver and one of Dial and Addr are required.
type Options struct {
	Driver *fnport.Driver
	// Lock is held during each use of the drive and never while waiting for the
	// network; nil when nobody else uses it.
	Lock sync.Locker
	Dial Dialer
	Addr string // host:port, when Dial is nil
	// Notices sends the notifications of marked goods (BAh–BFh) instead of documents:
	// another queue, usually another address (transport.md 12).
	Notices bool
	// FFD chooses the P-version of the session header; zero: what the drive is
	// registered for.
	FFD fiscal.FFD
	// KeepAlive sends many documents on one connection (TRN-061); false opens one for
	// each (TRN-062).
	KeepAlive bool
	CRC       wire.CRCMode // of the session header; real registers send none
	Timers    Timers
	Faults    *fault.Set       // of the register; nil: none is injected
	Now       func() time.Time // for events; nil: time.Now
	Logger    *slog.Logger
	Observer  func(Event) // nil: nobody looks
}

// Link carries the drive's queue to the operator. One goroutine at a time may use
// it; Wake is safe from any.
type Link struct {
	opts   Options
	timers Timers
	log    *slog.Logger
	wake   chan struct{}

	fn     fiscal.FNNumber
	header wire.Header

	conn    net.Conn
	used    bool      // the connection has carried a message
	lastUse time.Time // when it did last
	queue   []byte    // message being sent
	before  []byte    // message sent before, kept for send.stale
	spent   bool      // the connection can carry no further message
	in      []byte    // buffer of received bytes
}

// New makes a link. It does not touch the drive or the network.
func New(opts Options) (*Link, error) {
	if opts.Driver == nil {
		return nil, errors.New("link: no driver of a drive")
	}
	if opts.Dial == nil {
		if opts.Addr == "" {
			return nil, errors.New("link: neither an address nor a way to dial")
		}
		addr := opts.Addr
		opts.Dial = func(ctx context.Context) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "tcp", addr)
		}
	}
	if opts.Faults != nil && opts.Faults.Side() != fault.Register {
		return nil, errors.New("link: the fault points are not those of a register")
	}
	if opts.CRC > wire.CRCWhole {
		return nil, fmt.Errorf("link: CRC mode %d: want 0, 1 or 2", opts.CRC)
	}
	if opts.Lock == nil {
		opts.Lock = noLock{}
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	l := &Link{opts: opts, timers: opts.Timers.resolved(), log: opts.Logger, wake: make(chan struct{}, 1), in: make([]byte, 2048)}
	if l.log == nil {
		l.log = slog.New(slog.DiscardHandler)
	}
	return l, nil
}

type noLock struct{}

func (noLock) Lock()   {}
func (noLock) Unlock() {}

// Run sends whatever the drive's queue holds until ctx ends: poll, exchange, and
// after a failure the retry timer. It returns nil when ctx ends, with the
// connection closed.
func (l *Link) Run(ctx context.Context) error {
	defer l.Close()
	for {
		_, err := l.Drain(ctx)
		wait := l.timers.Poll
		if err != nil && ctx.Err() == nil {
			l.log.Warn("exchange failed", "fn", l.fn, "err", err)
			wait = l.timers.Retry
		}
		if l.conn != nil {
			wait = min(wait, l.timers.Idle)
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		case <-l.wake:
			timer.Stop()
		}
	}
}

// Wake makes Run poll the drive at once. It never blocks.
func (l *Link) Wake() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Close closes the connection and tells the drive. The link can be used again.
func (l *Link) Close() error { return l.disconnect() }

// Drain sends the queue, oldest first, one after another without waiting for a
// timer (K-029), until it is empty or an attempt fails. sent counts confirmations
// that the drive took. A failed attempt closes the connection, tells the drive
// (21h 0) and leaves the document in the queue.
func (l *Link) Drain(ctx context.Context) (sent int, err error) {
	if l.conn != nil { // a kept one: the format version may have changed
		if err := l.identify(); err != nil {
			return 0, l.fail(StageDrive, 0, err)
		}
	}
	for {
		if err := ctx.Err(); err != nil {
			return sent, err
		}
		count, first, err := l.pending()
		if err != nil {
			return sent, l.fail(StageDrive, 0, err)
		}
		if count == 0 {
			l.closeIdle()
			return sent, nil
		}
		err = l.exchange(ctx, first)
		if errors.Is(err, errStale) {
			err = l.exchange(ctx, first)
		}
		if errors.Is(err, errLater) {
			return sent, nil
		}
		if err != nil {
			return sent, err
		}
		sent++
		if !l.opts.KeepAlive {
			if err := l.disconnect(); err != nil {
				return sent, l.fail(StageDrive, first, err)
			}
		}
	}
}

// closeIdle closes a kept connection that was idle too long.
func (l *Link) closeIdle() {
	if l.conn != nil && l.opts.Now().Sub(l.lastUse) >= l.timers.Idle {
		_ = l.disconnect()
	}
}

// errStale: a kept connection turned out to be closed by the operator meanwhile.
// That is no failure of the exchange; a new one is opened at once.
var errStale = errors.New("the operator closed the idle connection")

// pending asks for the queue. Drives that may not exchange in their phase have an
// empty one.
func (l *Link) pending() (count int, first fiscal.FDNumber, err error) {
	l.opts.Lock.Lock()
	defer l.opts.Lock.Unlock()
	if l.opts.Notices {
		s, err := l.opts.Driver.NoticeStatus()
		if c := fnport.Code(err); c == fn.WrongState || c == fn.NotForFFD || c == fn.BadCommand || c == fn.MarkingForbidden {
			return 0, 0, nil
		}
		return int(s.Count), fiscal.FDNumber(s.First), err
	}
	s, err := l.opts.Driver.ExchangeStatus()
	if fnport.Code(err) == fn.WrongState {
		return 0, 0, nil
	}
	return int(s.Count), s.First, err
}

// identify asks the drive for its number and format version, which go into the
// session header.
func (l *Link) identify() error {
	l.opts.Lock.Lock()
	defer l.opts.Lock.Unlock()
	var err error
	if l.fn, err = l.opts.Driver.Number(); err != nil {
		return err
	}
	if l.opts.Notices {
		l.header = markingHeader(l.fn)
	} else {
		l.header = wire.Request(l.fn, l.version())
	}
	l.header.Flags = l.header.Flags.WithCRC(l.opts.CRC)
	return nil
}

// version finds the format version: option, command 3Ah, tag 1209 of the
// registration, 1.05.
func (l *Link) version() fiscal.FFD {
	if l.opts.FFD != 0 {
		return l.opts.FFD
	}
	if v, _, err := l.opts.Driver.FFD(); err == nil && v != 0 {
		return v
	}
	field, err := l.opts.Driver.RegistrationTag(ffd.TagFFDVersion)
	if fnport.Code(err) == fn.NoData { // a report without 1209 is of FFD 1.0
		if _, err := l.opts.Driver.RegistrationTag(ffd.TagKKTRegID); err == nil {
			return fiscal.FFD10
		}
	}
	if err == nil {
		if value, ok := tlv.Find(field, ffd.TagFFDVersion); ok && len(value) == 1 {
			return fiscal.FFD(value[0])
		}
	}
	return fiscal.FFD105
}

func (l *Link) emit(e Event) {
	if l.opts.Observer != nil {
		e.At = l.opts.Now()
		l.opts.Observer(e)
	}
}

// fail closes the connection, tells the drive, and wraps the cause.
func (l *Link) fail(stage Stage, fd fiscal.FDNumber, cause error) error {
	err := &Error{Stage: stage, FD: fd, Err: cause}
	if derr := l.disconnect(); derr != nil {
		err.Err = errors.Join(cause, derr)
	}
	l.emit(Event{Kind: Failed, FD: fd, Err: err})
	return err
}
