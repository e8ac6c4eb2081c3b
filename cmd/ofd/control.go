package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/fiscalbench/fiscalbench/internal/fault"
	"github.com/fiscalbench/fiscalbench/server"
	"github.com/fiscalbench/fiscalbench/server/control"
)

// faults are those of --inject; nil when neither they nor the control port nor a demo,
// whose desk can switch them on, are asked for.
func (s *serveCmd) faults() (*fault.Set, error) {
	if len(s.Inject) == 0 && s.Control == "" && !s.Demo {
		return nil, nil
	}
	set, err := fault.Load(fault.Operator, uint64(s.Seed), s.Inject)
	if err != nil {
		return nil, usage("--inject: %w", err)
	}
	return set, nil
}

// listenControl opens the control port; nil when it is not asked for.
func (s *serveCmd) listenControl(ctx context.Context) (net.Listener, error) {
	if s.Control == "" {
		return nil, nil
	}
	ln, err := control.Listen(ctx, s.Control)
	var taken *net.OpError
	switch {
	case errors.As(err, &taken):
		return nil, coded{exitUnreachable, fmt.Errorf("--control: %w", err)}
	case err != nil:
		return nil, usage("--control: %w", err)
	}
	return ln, nil
}

func controlOf(srv *server.Server, o *server.Options, b *bench, log *slog.Logger) http.Handler {
	return control.Handler(control.Options{Faults: o.Faults, Health: srv.Health, Stats: o.Store.Stats, Clock: b.clock, Logger: log})
}

func newWeb(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug)}
}

// serveWeb serves ln, if there is one, until the server is shut down.
func serveWeb(web *http.Server, ln net.Listener) error {
	if ln == nil {
		return nil
	}
	if err := web.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving HTTP: %w", err)
	}
	return nil
}
