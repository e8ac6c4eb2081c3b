package conformance

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance/model"
)

// Target is a server under test.
type Target interface {
	// Addr is where it takes documents, "host:port".
	Addr() string
	// String names the target in reports.
	String() string
}

// Stored is a target that tells what it stored.
type Stored interface {
	// Documents returns how many documents of a drive the server shows as accepted.
	Documents(ctx context.Context, fn string) (int, error)
}

// Clocked is a target whose clock can be set.
type Clocked interface {
	// SetClock makes the server's clock stand at t; the zero time sets it going again
	// with the present.
	SetClock(ctx context.Context, t time.Time) error
}

// Fresh is a target that can forget.
type Fresh interface {
	// Reset gives the server an empty store. Its address may change.
	Reset(ctx context.Context) error
}

// Runner runs cases against one target. The zero limits mean the defaults.
type Runner struct {
	Target  Target
	OFD     string        // INN of the operator under test
	Master  [32]byte      // TB-GOST-1 master key that the target uses
	Seed    uint64        // of every case's numbers: one seed, one run
	Timeout time.Duration // for an answer or a close; 5 s when zero (scenarios.md section 0)
	Start   time.Time     // wall clock of the first document
	Report  func(Result)  // called after each case; may be nil
}

// Run runs the cases one after another.
func (r *Runner) Run(ctx context.Context, cases []Case) Summary {
	s := Summary{Seed: r.Seed, Target: r.Target.String(), Results: []Result{}}
	for _, c := range cases {
		if ctx.Err() != nil {
			break
		}
		result := r.one(ctx, c)
		s.Results = append(s.Results, result)
		if r.Report != nil {
			r.Report(result)
		}
	}
	return s
}

func (r *Runner) one(ctx context.Context, c Case) (result Result) {
	result = Result{ID: c.ID, Path: c.Path, Title: c.Title, Source: c.Source, Mark: c.Mark, Checks: []Check{}, Exchanges: []Exchange{}}
	if missing := r.missing(c.Needs); missing != 0 {
		result.Outcome, result.Reason = Skip, "the target has not "+missing.String()
		return result
	}
	start := time.Now()
	run := &Run{runner: r, result: &result, rand: rand.New(rand.NewPCG(r.Seed, idHash(c.ID)))}
	defer func() {
		run.closeAll()
		result.Took = time.Since(start)
		if p := recover(); p != nil {
			var stop *stopped
			if err, ok := p.(error); !ok || !errors.As(err, &stop) {
				panic(p)
			}
			result.Reason = stop.reason
		}
		result.Outcome = run.outcome(result.Reason)
	}()
	if c.Needs&NeedsFresh != 0 {
		if err := r.Target.(Fresh).Reset(ctx); err != nil {
			run.Stop("giving the target an empty store: %v", err)
		}
	}
	if c.Needs&NeedsClock != 0 {
		defer run.SetClock(ctx, time.Time{})
	}
	c.Run(ctx, run)
	return result
}

func (r *Runner) missing(needs Capability) Capability {
	if _, ok := r.Target.(Stored); ok {
		needs &^= NeedsStore
	}
	if _, ok := r.Target.(Clocked); ok {
		needs &^= NeedsClock
	}
	if _, ok := r.Target.(Fresh); ok {
		needs &^= NeedsFresh
	}
	return needs
}

func idHash(id string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(id))
	return h.Sum64()
}

// Run is one case under way.
type Run struct {
	runner *Runner
	result *Result
	rand   *rand.Rand
	conns  []*Conn
}

// stopped ends a case early: the harness cannot go on.
type stopped struct{ reason string }

func (s *stopped) Error() string { return s.reason }

// Stop ends the case as an error of the harness.
func (r *Run) Stop(format string, args ...any) {
	panic(error(&stopped{fmt.Sprintf(format, args...)}))
}

// Register makes a register whose numbers come from the seed and the case.
func (r *Run) Register(ffd byte) *model.Register {
	start := r.runner.Start
	return model.NewRegister(r.runner.Master, r.runner.OFD, r.rand.Uint32N(99_999_999)+1, ffd, start)
}

// Random fills b from the case's own source.
func (r *Run) Random(b []byte) {
	for i := range b {
		b[i] = byte(r.rand.Uint32())
	}
}

// OFD is the INN of the operator under test.
func (r *Run) OFD() string { return r.runner.OFD }

// Master is the master key of the bench's sign scheme in this run.
func (r *Run) Master() [32]byte { return r.runner.Master }

// SetClock sets the clock of the target; the case must need NeedsClock.
func (r *Run) SetClock(ctx context.Context, t time.Time) {
	if err := r.runner.Target.(Clocked).SetClock(ctx, t); err != nil {
		r.Stop("setting the target's clock: %v", err)
	}
}

// Stored asks the target how many documents of the drive it accepted; the case
// must need NeedsStore.
func (r *Run) Stored(ctx context.Context, fn string) int {
	n, err := r.runner.Target.(Stored).Documents(ctx, fn)
	if err != nil {
		r.Stop("asking the target for its documents: %v", err)
	}
	return n
}

// Expect records a check.
func (r *Run) Expect(name string, mark Mark, requirement string, ok bool, expected, seen any) bool {
	c := Check{Name: name, Requirement: requirement, Mark: mark, OK: ok}
	if !ok {
		c.Expected, c.Seen = fmt.Sprint(expected), fmt.Sprint(seen)
	}
	r.result.Checks = append(r.result.Checks, c)
	return ok
}

// outcome sums the checks up: a failed check of a paper or a capture fails the
// case, one of the bench's own decisions warns.
func (r *Run) outcome(reason string) Outcome {
	if reason != "" {
		return Error
	}
	o := Pass
	for _, c := range r.result.Checks {
		switch {
		case c.OK:
		case c.Mark == TB:
			if o == Pass {
				o = Warn
			}
		default:
			o = Fail
		}
	}
	if len(r.result.Checks) == 0 {
		r.result.Reason = "the case checked nothing"
		return Error
	}
	return o
}

func (r *Run) record(sent, received []byte, e Ending) {
	r.result.Exchanges = append(r.result.Exchanges, Exchange{hex.EncodeToString(sent), hex.EncodeToString(received), e})
}
