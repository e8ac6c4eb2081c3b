package main

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/internal/clock"
	"github.com/fiscalbench/fiscalbench/server"
	"github.com/fiscalbench/fiscalbench/server/cabinet/desk"
	"github.com/fiscalbench/fiscalbench/server/control"
)

// bench is what makes an operator a test bench: its clock (SIM-11), the protocol desk
// and its demo.
type bench struct {
	clock *clock.Clock
	hub   *desk.Hub
	past  *demoTime // nil without a demo
	demo  *demo     // nil without one
}

// newBench puts the one clock of the bench into the options. In a demo documents
// arrive in the past while the history is made; everything else is in the present.
func (s *serveCmd) newBench(o *server.Options) *bench {
	b := &bench{clock: clock.New(o.Now), hub: &desk.Hub{}}
	o.Now = b.clock.Now
	if s.HTTP != "" && s.Cabinet {
		o.Look = b.hub.Look
	}
	if s.Demo {
		b.past = newDemoTime(b.clock.Now)
		o.Now = b.past.Now
	}
	return b
}

// api adds what moves the clock to the bench's own API.
func (b *bench) api(h http.Handler, log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/bench/v1/clock", control.Clock(b.clock, log))
	mux.Handle("/", h)
	return mux
}

// desk is the protocol desk of the cabinet. It is open to all of the bench where the
// bench's own API is.
func (b *bench) desk(srv *server.Server, o *server.Options, open bool) *desk.Options {
	d := &desk.Options{Hub: b.hub, Connections: srv.Connections, Faults: o.Faults, Open: open}
	if b.demo != nil {
		d.Registers = b.demo
	}
	return d
}

// newDemo makes the chain's registers.
func (s *serveCmd) newDemo(ctx context.Context, l listeners, o *server.Options, b *bench, p *process, log *slog.Logger) (err error) {
	if !s.Demo {
		return nil
	}
	if b.demo, err = newDemo(demoOptions{KKTAddr: l.kkt.Addr().String(), OFD: fiscal.INN(s.INN), Seed: s.Seed, Days: s.DemoDays, Time: b.past,
		Drive: o.Store.Drive, Stats: o.Store.Stats, Stdout: p.out, Logger: log}); err != nil {
		return err
	}
	return b.demo.start(ctx, b.clock.Now())
}
