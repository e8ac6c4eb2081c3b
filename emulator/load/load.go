package load

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/fiscalbench/fiscalbench/fiscal/sign"
)

// ErrUnreachable: no register could send its first documents.
var ErrUnreachable = errors.New("load: the operator cannot be reached")

// run is one run of the program.
type run struct {
	o         Options
	signs     *sign.TBGOST1
	registers []*register
	n         *counts
	built     atomic.Int64
	enrolled  atomic.Int64

	end atomic.Int64 // no answer is awaited longer, Unix nanoseconds; 0: none yet
}

// Run builds the registers, lets them send and returns what was measured. When ctx
// ends the documents under way are given a few seconds and Result.Interrupted is set.
// The error tells what kept the run from being made; refused and lost documents are
// in the result.
func Run(ctx context.Context, o Options) (Result, error) {
	o, err := o.resolved()
	if err != nil {
		return Result{}, err
	}
	r := &run{o: o, signs: sign.NewTBGOST1(sign.TBGOST1Options{}), n: newCounts()}
	defer r.disconnect()
	stop := r.report(Building, time.Time{})
	err = r.build(ctx)
	stop()
	if err != nil {
		return r.early(ctx, err)
	}
	stop = r.report(Enrolling, time.Time{})
	err = r.enrol(ctx)
	stop()
	if err != nil {
		return r.early(ctx, err)
	}
	return r.send(ctx)
}

// early is the result of a run that ended before its clock started.
func (r *run) early(ctx context.Context, err error) (Result, error) {
	if ctx.Err() != nil {
		err = nil
	}
	result := r.result(0)
	result.Interrupted = ctx.Err() != nil
	return result, err
}

// build makes the registers and, when asked for, their documents.
func (r *run) build(ctx context.Context) error {
	r.registers = make([]*register, r.o.Registers)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i := range r.registers {
		group.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			g, err := newRegister(r, i)
			if err != nil {
				return err
			}
			r.registers[i] = g
			if r.o.Prebuilt {
				n := enrolment + r.o.share(i)
				err = g.build(n)
				g.till.e, g.till.drive = nil, nil // all that is left to do is to send
				r.built.Add(int64(n))
			} else {
				r.built.Add(1)
			}
			return err
		})
	}
	return group.Wait()
}

// atOnce bounds how many registers enrol at a time: the run is about what comes after.
const atOnce = 128

// enrol sends the registrations and the openings of shifts.
func (r *run) enrol(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, r.o.Answer)
	defer cancel()
	group := errgroup.Group{}
	group.SetLimit(atOnce)
	for _, g := range r.registers {
		group.Go(func() error {
			for range enrolment {
				if err := g.hand(limited, time.Time{}); err != nil {
					return err
				}
			}
			r.enrolled.Add(1)
			return nil
		})
	}
	err := group.Wait()
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return fmt.Errorf("%w: %d of %d registers enrolled within %s: %s", ErrUnreachable, r.enrolled.Load(), r.o.Registers, r.o.Answer, r.n.reasons())
	}
	return err
}

// grace is how long confirmations are awaited after an interruption.
const grace = 3 * time.Second

// send lets all registers send until the time is over.
func (r *run) send(ctx context.Context) (Result, error) {
	enrolled := r.n
	r.n = newCounts()
	start := time.Now()
	deadline := start.Add(r.o.Duration)
	stop := r.report(Sending, deadline)
	defer stop()

	// Sending ends with the time or with ctx; waiting for confirmations later.
	sending, cancelSending := context.WithDeadline(ctx, deadline)
	defer cancelSending()
	waiting, cancelWaiting := context.WithDeadline(context.WithoutCancel(ctx), deadline.Add(r.o.Answer))
	defer cancelWaiting()
	defer context.AfterFunc(ctx, func() {
		r.limit(time.Now().Add(grace))
		time.AfterFunc(grace, cancelWaiting)
	})()

	var group errgroup.Group
	for i, g := range r.registers {
		group.Go(func() error { return g.work(sending, waiting, start, i) })
	}
	err := group.Wait()
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		err = nil // counted as unconfirmed
	}
	end := r.n.last
	if end.IsZero() {
		end = time.Now()
	}
	result := r.result(end.Sub(start))
	result.Enrolled = enrolled.confirmed.Load()
	result.add(enrolled)
	result.Interrupted = ctx.Err() != nil
	return result, err
}

// work sends what is the register's to send. At a rate the n-th document of all is
// due at a fixed moment, and its latency counts from then however late the register
// was: a slow answer is not hidden by documents that were not sent meanwhile
// (coordinated omission).
func (g *register) work(sending, waiting context.Context, start time.Time, i int) error {
	o := &g.run.o
	share := o.share(i)
	for k := 0; k != share; k++ {
		var due time.Time
		if o.Rate > 0 {
			due = start.Add(time.Duration(float64(k*o.Registers+i) / o.Rate * float64(time.Second)))
			if wait := time.Until(due); wait > 0 {
				if pause(sending, wait) != nil {
					return nil
				}
			}
		}
		if sending.Err() != nil {
			return nil
		}
		if err := g.hand(waiting, due); err != nil {
			return err
		}
	}
	return nil
}

// limit ends all waiting for answers at a moment.
func (r *run) limit(end time.Time) {
	r.end.Store(end.UnixNano())
	for _, g := range r.registers {
		g.hurry(end)
	}
}

// deadline is d, or the end of all waiting when that comes first.
func (r *run) deadline(d time.Time) time.Time {
	if end := r.end.Load(); end != 0 && end < d.UnixNano() {
		return time.Unix(0, end)
	}
	return d
}

func (r *run) disconnect() {
	for _, g := range r.registers {
		if g != nil {
			g.disconnect()
		}
	}
}
