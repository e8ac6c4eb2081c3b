package target

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server"
	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/sqlite"
)

// Self is the built-in operator: a whole server on a store of its own, with a clock
// that cases can set and a store that they can have emptied. Cases use it one after
// another.
type Self struct {
	ofd    fiscal.INN
	server *server.Server
	store  store.Store
	ln     net.Listener
	served chan error
	dir    string
	clock  atomic.Pointer[time.Time] // nil: the present
}

// StartSelf starts an operator with the given INN on a free loopback port.
func StartSelf(ctx context.Context, ofd fiscal.INN) (*Self, error) {
	s := &Self{ofd: ofd}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.clean())
	}
	return s, nil
}

func (s *Self) start(ctx context.Context) (err error) {
	if s.dir, err = os.MkdirTemp("", "conformance-"); err != nil {
		return err
	}
	if s.store, err = sqlite.Open(filepath.Join(s.dir, "ofd.db"), sqlite.Options{}); err != nil {
		return err
	}
	s.server, err = server.New(server.Options{Store: s.store, OFD: s.ofd, Now: s.now})
	if err != nil {
		return err
	}
	var lc net.ListenConfig
	if s.ln, err = lc.Listen(ctx, "tcp", "127.0.0.1:0"); err != nil {
		return err
	}
	s.served = make(chan error, 1)
	go func() { s.served <- s.server.Serve(s.ln) }()
	return nil
}

// Reset starts the operator anew with an empty store.
func (s *Self) Reset(ctx context.Context) error {
	if err := s.Stop(); err != nil {
		return err
	}
	return s.start(ctx)
}

func (s *Self) now() time.Time {
	if t := s.clock.Load(); t != nil {
		return *t
	}
	return time.Now()
}

// Addr is where documents are taken.
func (s *Self) Addr() string { return s.ln.Addr().String() }

// String names the target.
func (s *Self) String() string { return "built-in operator" }

// Documents counts the accepted documents of a drive.
func (s *Self) Documents(ctx context.Context, fn string) (int, error) {
	d, err := s.store.Drive(ctx, fiscal.FNNumber(fn))
	if errors.Is(err, store.ErrNotFound) {
		return 0, nil
	}
	return int(d.Documents), err
}

// SetClock makes the server's clock stand at t; the zero time sets it going again.
func (s *Self) SetClock(_ context.Context, t time.Time) error {
	if t.IsZero() {
		s.clock.Store(nil)
	} else {
		s.clock.Store(&t)
	}
	return nil
}

// stopLimit bounds the wait for connections that cases left open.
const stopLimit = 5 * time.Second

// Stop ends the server and removes its store.
func (s *Self) Stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopLimit)
	defer cancel()
	err := s.server.Shutdown(ctx)
	return errors.Join(err, <-s.served, s.clean())
}

func (s *Self) clean() error {
	var err error
	if s.store != nil {
		err = s.store.Close()
		s.store = nil
	}
	if rm := os.RemoveAll(s.dir); rm != nil {
		err = errors.Join(err, fmt.Errorf("target: removing the store: %w", rm))
	}
	return err
}
