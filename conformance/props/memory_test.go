package props_test

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/props"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server"
	"github.com/fiscalbench/fiscalbench/server/intake"
	"github.com/fiscalbench/fiscalbench/server/servertest"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// memory is the operator of package server over a store without a disk, for hunts: the
// lives of many operators would take their time from the disk's engine.
type memory struct {
	settings intake.Settings
	store    *dying
	ln       net.Listener
	server   *server.Server
	served   chan error
}

// dying is a store that may fail after it stored.
type dying struct {
	*servertest.Memory
	armed atomic.Bool
}

var errDied = errors.New("the operator died")

// Accept stores; when armed, nobody hears of it.
func (d *dying) Accept(ctx context.Context, a store.Acceptance) error {
	err := d.Memory.Accept(ctx, a)
	if err == nil && d.armed.CompareAndSwap(true, false) {
		return errDied
	}
	return err
}

func inMemory(t *testing.T, settings map[string]string) *memory {
	t.Helper()
	m := &memory{store: &dying{Memory: servertest.NewMemory()}}
	for name, value := range settings {
		require.NoError(t, m.settings.Set(name, value))
	}
	require.NoError(t, m.begin(t.Context()))
	t.Cleanup(func() { require.NoError(t, m.end()) })
	return m
}

func (m *memory) begin(ctx context.Context) (err error) {
	var lc net.ListenConfig
	if m.ln, err = lc.Listen(ctx, "tcp", "127.0.0.1:0"); err != nil {
		return err
	}
	m.server, err = server.New(server.Options{Store: m.store, OFD: "7704358518", Settings: m.settings, Now: func() time.Time { return props.LateClock }})
	if err != nil {
		return err
	}
	m.served = make(chan error, 1)
	srv, ln, served := m.server, m.ln, m.served
	go func() { served <- srv.Serve(ln) }()
	return nil
}

// end stops the server as a power cut would.
func (m *memory) end() error {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := m.server.Shutdown(ctx); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return <-m.served
}

func (m *memory) Addr() string { return m.ln.Addr().String() }

func (m *memory) Restart(ctx context.Context) error {
	m.store.armed.Store(false)
	if err := m.end(); err != nil {
		return err
	}
	return m.begin(ctx)
}

// Reset restarts with an empty store.
func (m *memory) Reset(ctx context.Context) error {
	if err := m.end(); err != nil {
		return err
	}
	m.store = &dying{Memory: servertest.NewMemory()}
	return m.begin(ctx)
}

func (m *memory) CutAfterStore(context.Context) error { m.store.armed.Store(true); return nil }

func (m *memory) Documents(ctx context.Context, fn string) (int, error) {
	d, err := m.Drive(ctx, fn)
	return d.Documents, err
}

func (m *memory) Drive(ctx context.Context, fn string) (conformance.Drive, error) {
	row, err := m.store.Drive(ctx, fiscal.FNNumber(fn))
	if errors.Is(err, store.ErrNotFound) {
		return conformance.Drive{}, nil
	}
	d := conformance.Drive{FN: fn, LastFD: uint32(row.LastFD), Documents: int(row.Documents)}
	for _, g := range row.Gaps {
		d.Gaps = append(d.Gaps, conformance.Gap{From: uint32(g.From), To: uint32(g.To)})
	}
	return d, err
}

func (m *memory) Document(ctx context.Context, fn string, fd uint32) (conformance.Document, error) {
	row, err := m.store.Document(ctx, fiscal.FNNumber(fn), fiscal.FDNumber(fd))
	if errors.Is(err, store.ErrNotFound) {
		return conformance.Document{}, nil
	}
	return conformance.Document{FN: fn, FD: uint32(row.FD), Form: int(row.Form), Confirmed: row.Confirmation != nil, Message: append([]byte{}, row.Message...)}, err
}
