// Package server is a stand-in for an operator of fiscal data (ОФД): it takes
// documents from registers over TCP, checks them, keeps them and confirms them.
//
// It is a test bench with public keys, not an operator permitted by the tax service.
// It opens no files and no listeners: the caller brings a store and listeners. The
// work is in its subpackages: intake (TCP), flk (history), ack (confirmations),
// marking, store, api.
package server

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/internal/fault"
	"github.com/fiscalbench/fiscalbench/server/api"
	"github.com/fiscalbench/fiscalbench/server/intake"
	"github.com/fiscalbench/fiscalbench/server/marking"
	"github.com/fiscalbench/fiscalbench/server/projection"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// Options of a server. Only Store is needed; it stays the caller's to close.
type Options struct {
	Store    store.Store
	OFD      fiscal.INN // own number: intake.DefaultOFD when empty
	OFDName  string     // own name, shown to people: DefaultName when empty
	Policies *sign.Policies
	Settings intake.Settings // profile, answers to faults, rules
	Timeouts intake.Timeouts
	Limits   intake.Limits
	Marking  marking.Options
	Faults   *fault.Set // injected on purpose, each told in the log and counted; nil: none

	Now      func() time.Time      // time.Now when nil
	Follow   func(time.Time)       // told the time of each document: intake.Options.Follow
	Look     func(intake.Exchange) // shown every exchange: intake.Options.Look
	Logger   *slog.Logger
	Registry prometheus.Registerer // a registry of its own when nil; a Gatherer too, to be shown at /metrics
	API      api.Options           // of the read-only JSON API
	// Projection is for the worker that reads documents for searches and reports, while
	// the server serves; only a store that is a store.Projector has one.
	Projection projection.Options
}

// DefaultName says what this is.
const DefaultName = "Испытательный стенд ОФД"

// Server is an operator. Its methods are safe for concurrent use.
type Server struct {
	o        Options
	intake   *intake.Intake
	gatherer prometheus.Gatherer
	watch    watch
	metrics  *metrics
	serving  atomic.Bool        // Serve was called
	leaving  atomic.Bool        // Leave was called
	draining atomic.Bool        // Shutdown was called
	unwatch  func()             // ends the telling of injected faults
	worker   *projection.Worker // nil without
}

// New makes a server. It refuses options that do not exist or contradict each other.
func New(o Options) (*Server, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.OFDName == "" {
		o.OFDName = DefaultName
	}
	if o.Registry == nil {
		o.Registry = prometheus.NewRegistry()
	}
	if o.API.Logger == nil {
		o.API.Logger = o.Logger
	}
	unmoved := o.Now // the intake adds the jumps itself
	o.Now = o.Faults.Clock(unmoved)
	if o.Marking.Now == nil {
		o.Marking.Now = o.Now
	}
	s := &Server{o: o}
	m, err := newMetrics(o.Registry, s)
	if err != nil {
		return nil, fmt.Errorf("server: registering metrics: %w", err)
	}
	in, err := intake.New(intake.Options{
		Store: o.Store, OFD: o.OFD, Policies: o.Policies, Marking: marking.New(o.Marking), Settings: o.Settings,
		Timeouts: o.Timeouts, Limits: o.Limits, Now: unmoved, Follow: o.Follow, Faults: o.Faults, Logger: o.Logger, Observer: m, Look: o.Look,
	})
	if err != nil {
		return nil, err
	}
	s.intake, s.metrics = in, m
	if one, ok := o.Store.(store.Observable); ok {
		one.Observe(m)
	}
	if p, ok := o.Store.(store.Projector); ok {
		if o.Projection.Logger == nil {
			o.Projection.Logger = o.Logger
		}
		o.Projection.Registry, o.Projection.Now = o.Registry, o.Now
		if s.worker, err = projection.New(p, o.Projection); err != nil {
			return nil, fmt.Errorf("server: %w", err)
		}
	}
	s.unwatch = o.Faults.Watch(s.injected(m))
	s.gatherer, _ = o.Registry.(prometheus.Gatherer)
	return s, nil
}

// injected tells of a fault that was injected.
func (s *Server) injected(m *metrics) func(fault.Injected) {
	return func(i fault.Injected) {
		m.injected.WithLabelValues(i.Point.String()).Inc()
		s.o.Logger.Warn("fault injected", "injected", i.Point.String(), "rule", i.Rule, "n", i.N, "conn", i.Event.Peer,
			"fn", string(i.Event.FN), "fd", uint32(i.Event.FD), "kind", uint16(i.Event.Form))
	}
}

// Serve takes registers on ln until Shutdown, then returns nil. It may run for any
// number of listeners; each serves documents, marking and probes alike.
func (s *Server) Serve(ln net.Listener) error {
	if s.worker != nil {
		s.worker.Start()
	}
	s.serving.Store(true)
	return s.intake.Serve(ln)
}

// Shutdown answers what has come in, closes every connection and waits. When ctx
// ends first the rest is cut off and ctx's error returned. The store may be closed
// after it.
func (s *Server) Shutdown(ctx context.Context) error {
	s.leaving.Store(true)
	s.draining.Store(true)
	defer s.unwatch()
	err := s.intake.Shutdown(ctx)
	if s.worker != nil {
		s.worker.Stop()
	}
	return err
}

// Connections of registers that are open now.
func (s *Server) Connections() []intake.Connection { return s.intake.Connections() }

// Handler serves /healthz, /readyz, /metrics and, on all other paths, the read-only API of
// server/api.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", s.answer(s.Health))
	mux.HandleFunc("GET /readyz", s.answer(s.Ready))
	if s.gatherer != nil {
		mux.Handle("GET /metrics", promhttp.HandlerFor(s.gatherer, promhttp.HandlerOpts{}))
	}
	mux.Handle("/", api.New(s.o.Store, s.o.API))
	return mux
}
