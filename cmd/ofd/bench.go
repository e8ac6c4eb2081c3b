package main

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/internal/clock"
	"github.com/fiscalbench/fiscalbench/server"
	"github.com/fiscalbench/fiscalbench/server/control"
)

// bench is what makes an operator a test bench: its clock (SIM-11) and its demo.
type bench struct {
	clock *clock.Clock
	past  *demoTime // nil without a demo
	demo  *demo     // nil without one
}

// newBench puts the one clock of the bench into the options. In a demo documents
// arrive in the past while the history is made; everything else is in the present.
func (s *serveCmd) newBench(o *server.Options) *bench {
	b := &bench{clock: clock.New(o.Now)}
	o.Now = b.clock.Now
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

// prepareDemo makes the chain's registers and, with a cabinet, its people and places.
func (s *serveCmd) prepareDemo(ctx context.Context, l listeners, o *server.Options, b *bench, office *people, p *process, log *slog.Logger) error {
	if !s.Demo {
		return nil
	}
	var err error
	b.demo, err = newDemo(demoOptions{KKTAddr: l.kkt.Addr().String(), OFD: fiscal.INN(s.INN), Seed: s.Seed, Days: s.DemoDays, Time: b.past,
		Drive: o.Store.Drive, Stats: o.Store.Stats, Stdout: p.out, Logger: log})
	if err != nil {
		return err
	}
	if err := b.demo.start(ctx, b.clock.Now()); err != nil {
		return err
	}
	if office == nil {
		return nil
	}
	return b.demo.furnish(ctx, office, b.clock.Now)
}
