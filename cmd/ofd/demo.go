package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync/atomic"
	"time"
	_ "time/tzdata" // the chain stands in several zones, on machines that know none too

	"golang.org/x/sync/errgroup"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// demoOptions are what the demo needs of the server around it.
type demoOptions struct {
	KKTAddr string     // where registers connect, HOST:PORT
	OFD     fiscal.INN // the operator's number, tag 1017
	Seed    int64      // the same seed and the same end give the same documents
	Days    int        // of the history before the present
	Thin    int        // one buyer of so many comes; every one when zero
	Time    *demoTime
	Drive   func(context.Context, fiscal.FNNumber) (store.Drive, error)
	// Stats are the server's totals, for the running summary line.
	Stats func(context.Context) (store.Stats, error)
	// Arrived is called once when the history was made; nil: nothing is.
	Arrived func(context.Context) error
	Stdout  io.Writer // of the summary line, after the ready line
	Logger  *slog.Logger
}

// demoTime is the operator's time of arrival in a demo: while the history is made it
// runs through the past with the registers, afterwards it is the bench's clock.
type demoTime struct {
	present func() time.Time
	past    atomic.Int64 // nanoseconds; 0: the present
	over    atomic.Bool
}

func newDemoTime(present func() time.Time) *demoTime { return &demoTime{present: present} }

// Now is when a document arrives.
func (d *demoTime) Now() time.Time {
	if past := d.past.Load(); past != 0 {
		return time.Unix(0, past)
	}
	return d.present()
}

// follow moves the past on to a moment; never back.
func (d *demoTime) follow(at time.Time) {
	for !d.over.Load() {
		before := d.past.Load()
		if at.UnixNano() <= before || d.past.CompareAndSwap(before, at.UnixNano()) {
			return
		}
	}
}

// arrive ends the past.
func (d *demoTime) arrive() {
	d.over.Store(true)
	d.past.Store(0)
}

// demo is the registers of the chain.
type demo struct {
	o         demoOptions
	registers []*demoRegister
	again     bool // the past was made before
}

// newDemo makes the registers; they are at rest.
func newDemo(o demoOptions) (*demo, error) {
	d := &demo{o: o}
	for n := range chainRegisters {
		r, err := newDemoRegister(n, o.Seed)
		if err != nil {
			return nil, fmt.Errorf("demo: %w", err)
		}
		d.registers = append(d.registers, r)
	}
	return d, nil
}

// start puts drives into the registers. There is no history to be made when the store
// knows the drives that the seed gives: the past is there, and the registers get new
// ones.
func (d *demo) start(ctx context.Context, now time.Time) error {
	used := func(n fiscal.FNNumber) bool {
		_, err := d.o.Drive(ctx, n)
		d.again = d.again || err == nil
		return err == nil
	}
	for _, r := range d.registers {
		if err := r.start(&d.o, now, used); err != nil {
			return fmt.Errorf("demo: %w", err)
		}
	}
	if d.again {
		for _, r := range d.registers {
			r.first = r.dayOf(now).AddDate(0, 0, 1) // no past
		}
	}
	return nil
}

// historyStep is how far registers may be apart in the past: what one sends arrives
// no later than that.
const historyStep = 15 * time.Minute

// maxAtOnce bounds the registers at work at the same time.
const maxAtOnce = 8

// run lives through the history, then goes on in the present until ctx ends, and
// writes a running one-line summary. It returns nil or ctx's error when it ended
// because ctx did; any other error ends the server. Registers are at rest when it
// returns.
func (d *demo) run(ctx context.Context) error {
	defer func() {
		for _, r := range d.registers {
			r.mu.Lock()
			if r.e != nil {
				_ = r.e.Close()
			}
			r.mu.Unlock()
		}
	}()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		if err := d.history(ctx); err != nil {
			return ignoreEnd(ctx, err)
		}
		if d.o.Arrived != nil && !d.again {
			g.Go(func() error { return ignoreEnd(ctx, d.o.Arrived(ctx)) })
		}
		live, ctx := errgroup.WithContext(ctx)
		for _, r := range d.registers {
			if r.working() {
				live.Go(func() error { return r.trade(ctx, &d.o) })
			}
		}
		return live.Wait()
	})
	g.Go(func() error { return summarise(ctx, d.o) })
	return g.Wait()
}

// history makes the past up to the present, all registers in step.
func (d *demo) history(ctx context.Context) error {
	defer d.o.Time.arrive()
	from := d.registers[0].first
	for _, r := range d.registers {
		if r.first.Before(from) {
			from = r.first
		}
	}
	for at := from; ; at = at.Add(historyStep) {
		now := d.o.Time.present()
		g, ctx := errgroup.WithContext(ctx)
		g.SetLimit(maxAtOnce)
		for _, r := range d.registers {
			g.Go(func() error { return r.live(ctx, &d.o, earlier(at, now)) })
		}
		if err := g.Wait(); err != nil || !at.Before(now) {
			return err
		}
	}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// ignoreEnd drops what went wrong because the demo was told to end.
func ignoreEnd(ctx context.Context, err error) error {
	if ctx.Err() != nil || errors.Is(err, context.Canceled) {
		return nil
	}
	return err
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
			fmt.Fprintf(o.Stdout, "%sregisters %d, documents %d, confirmations %d, findings %d, %s%s", start, s.Drives, s.Documents, s.Confirmations, s.Findings, o.Time.where(), end)
		}
	}
}

// where the demo is in its time; always as long, so that a line covers the last one.
func (d *demoTime) where() string {
	if past := d.past.Load(); past != 0 {
		return "history " + time.Unix(0, past).UTC().Format(time.DateOnly)
	}
	return "at the present    "
}
