package intake

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/internal/fault"
	"github.com/fiscalbench/fiscalbench/server/marking"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// DefaultOFD is the bench's own number as an operator.
const DefaultOFD fiscal.INN = "7704358518"

// Options of an intake. Only Store is needed.
type Options struct {
	Store    store.Store
	OFD      fiscal.INN       // own number, tag 1017: DefaultOFD when empty
	Policies *sign.Policies   // PolicyAuto for every drive when nil
	Marking  *marking.Service // nil: messages about marking get no answer
	Settings Settings
	Timeouts Timeouts
	Limits   Limits
	Faults   *fault.Set // of the operator; nil: none is injected

	Now func() time.Time // of arrival: time.Now when nil
	// Follow is told the time (1012) of each document with a right sign before it is
	// judged, so that a clock may follow registers that live in a time of their own.
	Follow   func(time.Time)
	Logger   *slog.Logger // discarded when nil
	Observer Observer
	// Look is shown every exchange when it is over, documents and broken messages alike.
	// It is called on the way of the documents, concurrently, and must not wait.
	Look func(Exchange)

	// Unchecked confirms and stores documents without parsing or checking them. It is
	// there to measure what the checks cost and nothing else: no program has a setting
	// for it.
	Unchecked bool
}

// Intake serves registers. Its methods are safe for concurrent use.
type Intake struct {
	o      Options
	log    *slog.Logger
	lanes  lanes
	drives *driveCache

	base   context.Context // ends when connections are cut off
	cutOff context.CancelFunc
	awake  context.Context // ends when Shutdown begins: injected pauses end with it
	rouse  context.CancelFunc

	draining atomic.Bool
	mu       sync.Mutex
	lns      map[net.Listener]struct{}
	conns    map[*conn]struct{}
	peers    map[netip.Addr]*peer
	swept    int            // addresses that were left after the last sweep
	wg       sync.WaitGroup // connections
}

// New makes an intake. It refuses settings that do not exist or contradict each
// other.
func New(o Options) (*Intake, error) {
	if o.Store == nil {
		return nil, errors.New("intake: no store")
	}
	if o.OFD == "" {
		o.OFD = DefaultOFD
	}
	if err := o.OFD.Check(); err != nil {
		return nil, fmt.Errorf("intake: own INN: %w", err)
	}
	if err := errors.Join(o.Settings.Check(), o.Timeouts.Check(), o.Limits.Check()); err != nil {
		return nil, err
	}
	if o.Policies == nil {
		p, err := sign.NewPolicies(sign.PolicyOptions{})
		if err != nil {
			return nil, fmt.Errorf("intake: default policies: %w", err)
		}
		o.Policies = p
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Faults != nil && o.Faults.Side() != fault.Operator {
		return nil, errors.New("intake: the fault points are not those of an operator")
	}
	o.Now = o.Faults.Clock(o.Now)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Observer == nil {
		o.Observer = nobody{}
	}
	o.Timeouts, o.Limits = o.Timeouts.orDefault(), o.Limits.orDefault()
	in := &Intake{o: o, log: o.Logger, drives: newDriveCache(o.Limits.CachedDrives),
		lns: map[net.Listener]struct{}{}, conns: map[*conn]struct{}{}, peers: map[netip.Addr]*peer{}}
	in.base, in.cutOff = context.WithCancel(context.Background())
	in.awake, in.rouse = context.WithCancel(in.base)
	return in, nil
}

// Pauses of the accept loop while the system has no room for connections.
const (
	firstPause = 5 * time.Millisecond
	maxPause   = time.Second
)

// Serve accepts connections until Shutdown, then closes ln and returns nil, or until
// ln breaks for good. It may run for several listeners: every one takes documents, marking
// and probes alike. A lack of file descriptors is waited out with one line of log.
func (in *Intake) Serve(ln net.Listener) error {
	if !in.listen(ln) {
		_ = ln.Close() // shut down before it began
		return nil
	}
	pause := time.Duration(0)
	for {
		nc, err := ln.Accept()
		switch {
		case err == nil:
			pause = 0
			in.admit(nc)
			continue
		case in.draining.Load():
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("intake: accepting: %w", err)
		}
		if pause == 0 {
			in.log.Warn("accepting is held up", "err", err)
		}
		pause = min(max(2*pause, firstPause), maxPause)
		t := time.NewTimer(pause)
		select {
		case <-t.C:
		case <-in.base.Done():
			t.Stop()
			return nil
		}
	}
}

func (in *Intake) listen(ln net.Listener) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.draining.Load() {
		return false
	}
	in.lns[ln] = struct{}{}
	return true
}

// admit starts a connection within the limits, else closes it at once.
func (in *Intake) admit(nc net.Conn) {
	if in.turnedAway(nc) {
		return
	}
	addr := address(nc.RemoteAddr())
	in.mu.Lock()
	p := in.peerOf(addr)
	why := in.full(p)
	if why != "" {
		in.mu.Unlock()
		in.o.Observer.Refused(why)
		in.log.Debug("connection refused", "conn", nc.RemoteAddr().String(), "limit", why)
		_ = nc.Close() // refused: nothing was written that could be lost
		return
	}
	c := newConn(in, nc, p)
	in.conns[c] = struct{}{}
	p.conns++
	in.wg.Add(1)
	in.mu.Unlock()
	in.o.Observer.Connections(1)
	go c.serve(in.base)
}

// full says why a peer may not connect; "" when it may. The caller holds in.mu.
func (in *Intake) full(p *peer) string {
	l := &in.o.Limits
	switch now := time.Now(); {
	case in.draining.Load():
		return "draining"
	case len(in.conns) >= l.Connections:
		return "total"
	case p.conns >= l.PerPeer:
		return "peer"
	case p.connects.wait(l.ConnectRate, now) > 0:
		return "connect-rate"
	default:
		p.connects.take(l.ConnectRate, now)
		return ""
	}
}

func (in *Intake) leave(c *conn) {
	in.mu.Lock()
	delete(in.conns, c)
	in.left(c.from)
	in.mu.Unlock()
	in.o.Observer.Connections(-1)
	in.wg.Done()
}

// Shutdown stops accepting, lets every message that has come in whole be answered,
// closes all other connections at once and waits. When ctx ends first what is left
// is cut off and ctx's error returned.
func (in *Intake) Shutdown(ctx context.Context) error {
	in.mu.Lock()
	in.draining.Store(true)
	in.rouse()
	for ln := range in.lns {
		_ = ln.Close() // the accept loop ends by it
	}
	for c := range in.conns {
		c.wake()
	}
	in.mu.Unlock()

	done := make(chan struct{})
	go func() { in.wg.Wait(); close(done) }()
	defer in.cutOff()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	in.cutOff()
	in.mu.Lock()
	for c := range in.conns {
		_ = c.nc.Close()
	}
	in.mu.Unlock()
	<-done
	return fmt.Errorf("intake: shutting down: %w", ctx.Err())
}
