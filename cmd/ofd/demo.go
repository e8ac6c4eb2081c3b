package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// demoOptions are what the demo needs of the server around it.
type demoOptions struct {
	KKTAddr string     // where registers connect, HOST:PORT
	OFD     fiscal.INN // the operator's number, tag 1017
	Seed    int64      // the same seed gives the same documents
	// Stats are the server's totals, for the running summary line.
	Stats  func(context.Context) (store.Stats, error)
	Stdout io.Writer // of the summary line, after the ready line
	Logger *slog.Logger
}

// startDemo runs emulated registers against the server until ctx ends, and writes a
// running one-line summary. It returns nil or ctx's error when it ended because ctx
// did; any other error ends the server. Registers are at rest when it returns.
func startDemo(ctx context.Context, o demoOptions) error {
	g, ctx := errgroup.WithContext(ctx)
	start := demoStart(time.Now())
	for i, shop := range demoShops {
		rng := rand.New(rand.NewPCG(uint64(o.Seed), uint64(i)))
		g.Go(func() error {
			if err := shop.live(ctx, o, start, rng); err != nil {
				return fmt.Errorf("demo register %q: %w", shop.user, err)
			}
			return nil
		})
	}
	g.Go(func() error { return summarise(ctx, o) })
	return g.Wait()
}

// Pace of the demo: a month that went by is lived at a day a minute.
const (
	demoDays      = 30
	demoDayLength = time.Minute
	demoOpens     = 9 * time.Hour  // of the day, on the register's clock
	demoTrades    = 12 * time.Hour // a day
)

// demoStart is midnight before the first day of the demo, on the wall clock.
func demoStart(now time.Time) time.Time {
	y, m, d := now.Date()
	return time.Date(y, m, d-demoDays, 0, 0, 0, 0, now.Location())
}

// Periods of the summary: on a terminal one line is written over, elsewhere lines
// follow one another.
const (
	summaryOnTerminal = 500 * time.Millisecond
	summaryInFile     = 5 * time.Second
)

func summarise(ctx context.Context, o demoOptions) error {
	start, end, period := "", "\n", summaryInFile
	if f, ok := o.Stdout.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			start, end, period = "\r", "", summaryOnTerminal
			defer fmt.Fprintln(o.Stdout)
		}
	}
	tick := time.NewTicker(period)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			s, err := o.Stats(ctx)
			if ctx.Err() != nil {
				return nil
			}
			if err != nil {
				return fmt.Errorf("demo summary: %w", err)
			}
			fmt.Fprintf(o.Stdout, "%sregisters %d, documents %d, confirmations %d, findings %d%s", start, s.Drives, s.Documents, s.Confirmations, s.Findings, end)
		}
	}
}
