package target

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server"
	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/sqlite"
)

// selfClock is the built-in operator's present: it stands still, so that one seed
// gives the same answers byte for byte.
var selfClock = time.Date(2026, 8, 1, 9, 2, 1, 0, time.UTC)

// Self is the built-in operator: a whole server on a store of its own, of which
// cases can have everything that conformance asks of a target: its clock, store,
// settings, a restart, a second operator. Its address never changes.
type Self struct {
	inspect
	ofd      fiscal.INN
	gate     *gate
	dir      string
	settings map[string]string
	change   []func(*server.Options)
	clock    atomic.Pointer[time.Time]

	server *server.Server
	store  *cutting
	served chan error
	ended  []func() error // of what the settings started
}

// StartSelf starts an operator with the given INN on a free loopback port. Every life
// of it, whatever settings a case asks for, is built with the changes, so that the
// power of the cases can be measured on operators that are wrong in one way.
func StartSelf(ctx context.Context, ofd fiscal.INN, change ...func(*server.Options)) (*Self, error) {
	s := &Self{ofd: ofd, change: change}
	s.clock.Store(&selfClock)
	s.inspect = inspect{base: "http://self", do: s.ask}
	var err error
	if s.gate, err = openGate(ctx); err != nil {
		return nil, err
	}
	if s.dir, err = os.MkdirTemp("", "conformance-"); err != nil {
		return nil, errors.Join(err, s.gate.ln.Close())
	}
	if err := s.begin(ctx); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// begin starts a server on the store file, which need not exist.
func (s *Self) begin(ctx context.Context) error {
	o, err := s.options(ctx)
	if err != nil {
		return err
	}
	db, err := sqlite.Open(filepath.Join(s.dir, "ofd.db"), sqlite.Options{})
	if err != nil {
		return err
	}
	s.store = &cutting{Store: db, gate: s.gate}
	o.Store = s.store
	for _, change := range s.change {
		change(&o)
	}
	if s.server, err = server.New(o); err != nil {
		return err
	}
	ln := s.gate.life()
	s.served = make(chan error, 1)
	srv, served := s.server, s.served
	go func() { served <- srv.Serve(ln) }()
	return nil
}

// stopLimit bounds the wait for connections that cases left open.
const stopLimit = 5 * time.Second

// end stops the server and closes its store. The file stays.
func (s *Self) end(ctx context.Context) error {
	var errs []error
	if s.server != nil && s.served != nil {
		if err := s.server.Shutdown(ctx); !errors.Is(err, context.Canceled) {
			errs = append(errs, err)
		}
		errs = append(errs, <-s.served)
	}
	if s.store != nil {
		errs = append(errs, s.store.Close())
	}
	for _, f := range s.ended {
		errs = append(errs, f())
	}
	s.server, s.served, s.store, s.ended = nil, nil, nil, nil
	return errors.Join(errs...)
}

// renew starts the operator anew with an empty store.
func (s *Self) renew(ctx context.Context) error {
	s.gate.cut()
	if err := s.end(ctx); err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(s.dir, "*"))
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := os.Remove(f); err != nil {
			return err
		}
	}
	return s.begin(ctx)
}

// Reset starts the operator anew with an empty store.
func (s *Self) Reset(ctx context.Context) error { return s.renew(ctx) }

// Configure starts the operator anew with other settings and an empty store.
func (s *Self) Configure(ctx context.Context, settings map[string]string) error {
	s.settings = settings
	return s.renew(ctx)
}

// Restart cuts every connection, drops what is under way and starts the operator
// again on its store.
func (s *Self) Restart(ctx context.Context) error {
	s.gate.cut()
	cut, cancel := context.WithCancel(ctx)
	cancel()
	if err := s.end(cut); err != nil {
		return err
	}
	return s.begin(ctx)
}

// CutAfterStore cuts every connection once the next document is stored.
func (s *Self) CutAfterStore(context.Context) error {
	s.store.armed.Store(true)
	return nil
}

// Twin starts another operator.
func (s *Self) Twin(ctx context.Context, ofd string) (conformance.Target, func() error, error) {
	twin, err := StartSelf(ctx, fiscal.INN(ofd), s.change...)
	if err != nil {
		return nil, nil, err
	}
	return twin, twin.Stop, nil
}

func (s *Self) now() time.Time { return *s.clock.Load() }

// Addr is where documents are taken.
func (s *Self) Addr() string { return s.gate.ln.Addr().String() }

// MarkingAddr is the same: the server tells messages apart by their signature.
func (s *Self) MarkingAddr() string { return s.Addr() }

// String names the target.
func (s *Self) String() string { return "built-in operator" }

// SetClock makes the operator's clock stand at t and has it look after its drives;
// the zero time returns to where the clock stood at first.
func (s *Self) SetClock(ctx context.Context, t time.Time) error {
	if t.IsZero() {
		t = selfClock
	}
	s.clock.Store(&t)
	return s.server.Sweep(ctx)
}

// Stop ends the server and removes its store.
func (s *Self) Stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopLimit)
	defer cancel()
	err := errors.Join(s.end(ctx), s.gate.ln.Close())
	if rm := os.RemoveAll(s.dir); rm != nil {
		err = errors.Join(err, fmt.Errorf("target: removing the store: %w", rm))
	}
	return err
}

// cutting is a store that can take the power away after it stored a document.
type cutting struct {
	store.Store
	gate  *gate
	armed atomic.Bool
}

// Accept stores; when armed, the world ends before the answer.
func (c *cutting) Accept(ctx context.Context, a store.Acceptance) error {
	err := c.Store.Accept(ctx, a)
	if err == nil && c.armed.CompareAndSwap(true, false) {
		c.gate.cut()
	}
	return err
}
