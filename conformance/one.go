package conformance

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"runtime/debug"
	"time"
)

// stopped ends a case early with an outcome of its own: Error, Skip or Blocked.
type stopped struct {
	outcome Outcome
	reason  string
}

func (s *stopped) Error() string { return s.reason }

// one runs a case in one variant.
func (r *Runner) one(ctx context.Context, j job, pace float64) (result Result) {
	c := &j.c
	result = Result{ID: c.ID, Path: c.Path, Variant: j.v.String(), Of: c.Party(), Title: c.Title, Source: c.Source, Mark: c.Mark,
		Level: c.Strength(), Tags: c.Tags, Checks: []Check{}, Exchanges: []Exchange{}}
	start := time.Now()
	run := &Run{runner: r, c: c, variant: j.v, result: &result, rand: rand.New(rand.NewPCG(r.Seed, identity(c.ID, j.v))), pace: pace}
	var ended *stopped
	defer func() {
		run.closeAll()
		result.Took = time.Since(start)
		if p := recover(); p != nil {
			if err, ok := p.(error); !ok || !errors.As(err, &ended) {
				// One case that stumbles over what a peer sent must not end the run.
				ended = &stopped{Error, fmt.Sprintf("the harness broke: %v\n%s", p, debug.Stack())}
			}
		}
		result.Outcome, result.Reason = run.outcome(ended)
	}()
	if why := r.Profile.unclaimed(c, j.v); why != "" {
		run.Skip(why)
	}
	missing := r.missing(c.Needs)
	if waits := c.Waits && is[Patient](r.Target) && missing&NeedsTill != 0; waits {
		missing = 0
	}
	if missing&NeedsTill != 0 {
		run.Skip("needs hands: somebody has to work the register")
	}
	if missing != 0 {
		run.Skip("the target has not " + missing.String())
	}
	if c.Party() == KKT && !is[KKTTarget](r.Target) || c.Party() == Pair && !is[PairTarget](r.Target) || c.Party() == OFD && r.Target.Addr() == "" {
		run.Skip("the target is not what the case judges: " + string(c.Party()))
	}
	switch {
	case c.Beyond != "":
		run.Skip("cannot be judged: " + c.Beyond)
	case c.Hands != "" && !r.attended():
		run.Skip("needs hands: " + c.Hands)
	}
	if p, ok := r.Target.(Prepared); ok {
		if err := p.Prepare(ctx, c.ID, j.v.String()); err != nil {
			run.Stop("preparing the target: %v", err)
		}
	}
	switch {
	case c.Party() != OFD:
	case c.Needs&NeedsSettings != 0:
		run.configure(ctx, c.Settings)
		defer run.configure(context.WithoutCancel(ctx), nil)
	case c.Needs&NeedsFresh != 0:
		if err := r.Target.(Fresh).Reset(ctx); err != nil {
			run.Stop("giving the target an empty store: %v", err)
		}
	}
	if c.Needs&NeedsClock != 0 && c.Party() == OFD {
		defer run.SetClock(context.WithoutCancel(ctx), time.Time{})
	}
	c.Run(ctx, run)
	return result
}

// Attended is a target beside which a person stands.
type Attended interface{ Attended() bool }

func (r *Runner) attended() bool {
	a, ok := r.Target.(Attended)
	return ok && a.Attended()
}

func (r *Run) configure(ctx context.Context, settings map[string]string) {
	if err := r.runner.Target.(Configurable).Configure(ctx, settings); err != nil {
		r.Stop("changing the target's settings: %v", err)
	}
}

// identity seeds the case's own generator.
func identity(id string, v Variant) uint64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s\n%s", id, v)
	return h.Sum64()
}

// outcome sums the checks up: a failed check decides unless it is a SHOULD or the
// bench's own.
func (r *Run) outcome(ended *stopped) (Outcome, string) {
	if ended != nil {
		return ended.outcome, ended.reason
	}
	o := Pass
	for _, c := range r.result.Checks {
		switch {
		case c.OK:
		case c.Level == Should || c.Mark == TB && !r.runner.Strict:
			if o == Pass {
				o = Warn
			}
		default:
			o = Fail
		}
	}
	if len(r.result.Checks) == 0 {
		return Error, "the case checked nothing"
	}
	return o, ""
}
