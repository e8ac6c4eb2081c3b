package conformance

import (
	"context"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance/model"
)

// Run is one case under way. One goroutine uses it.
type Run struct {
	runner  *Runner
	c       *Case
	variant Variant
	result  *Result
	rand    *rand.Rand
	pace    float64 // of a starved machine: the limits of registers are so much longer
	conns   []*Conn
	closers []func()
	desk    []func() // end the operators of the desk in use
	unkept  bool     // the last exchange is not in the record
	// between is what writes down the exchanges of a register, which are recorded when it
	// ends; until then pending says which of them a check looked at.
	between heardSoFar
	pending []pendingCheck
}

// heardSoFar counts exchanges that are not recorded yet.
type heardSoFar interface{ count() int }

type pendingCheck struct {
	check int
	of    heardSoFar
	n     int // from 1
}

// Stop ends the case as an error of the harness.
func (r *Run) Stop(format string, args ...any) {
	panic(error(&stopped{Error, fmt.Sprintf(format, args...)}))
}

// Skip ends the case without a verdict.
func (r *Run) Skip(reason string) { panic(error(&stopped{Skip, reason})) }

// Given runs what the case starts from. When a check fails in it the case is blocked:
// what it is about cannot be judged.
func (r *Run) Given(what string, f func()) {
	before := len(r.result.Checks)
	f()
	for _, c := range r.result.Checks[before:] {
		if !c.OK {
			panic(error(&stopped{Blocked, fmt.Sprintf("%s: %s: expected %s, seen %s", what, c.Name, c.Expected, c.Seen)}))
		}
	}
}

// Variant is the way the case runs in.
func (r *Run) Variant() Variant { return r.variant }

// FFD is the format version of the variant, as tag 1209 has it.
func (r *Run) FFD() byte { return r.variant.Version() }

// Standard makes a register of the variant.
func (r *Run) Standard() *model.Register {
	reg := r.Register(r.FFD())
	reg.Encrypt = r.variant.Encrypt
	return reg
}

// Register makes a register of a version whose numbers come from the seed, the case
// and the variant.
func (r *Run) Register(ffd byte) *model.Register {
	return model.NewRegister(r.runner.Master, r.runner.OFD, r.Serial(), ffd, r.runner.Start)
}

// Patience is how long a case waits for a target that works by itself.
func (r *Run) Patience() time.Duration {
	if p, ok := r.runner.Target.(Patient); ok {
		return p.Patience()
	}
	return 2 * r.timeout()
}

// Serial draws a number that tells registers of all cases apart: at most 12 digits.
func (r *Run) Serial() uint64 { return r.rand.Uint64N(999_999_999_999) + 1 }

// Crowd is how many of n registers or peers a soak case has in this run, at least 2.
func (r *Run) Crowd(n int) int {
	if r.runner.Crowd > 0 {
		return max(2, int(float64(n)*r.runner.Crowd))
	}
	return n
}

// Random fills b from the case's own source.
func (r *Run) Random(b []byte) {
	for i := range b {
		b[i] = byte(r.rand.Uint32())
	}
}

// Start is the wall clock of the first document.
func (r *Run) Start() time.Time { return r.runner.Start }

// OFD is the INN of the operator.
func (r *Run) OFD() string { return r.runner.OFD }

// Master is the master key of the bench's sign scheme in this run.
func (r *Run) Master() [32]byte { return r.runner.Master }

// Expect records a check of the case's own level.
func (r *Run) Expect(name string, mark Mark, requirement string, ok bool, expected, seen any) bool {
	return r.check(name, r.c.Strength(), mark, requirement, ok, expected, seen)
}

// Should records a check that only warns.
func (r *Run) Should(name string, mark Mark, requirement string, ok bool, expected, seen any) bool {
	return r.check(name, Should, mark, requirement, ok, expected, seen)
}

func (r *Run) check(name string, level Level, mark Mark, requirement string, ok bool, expected, seen any) bool {
	c := Check{Name: name, Requirement: requirement, Level: level, Mark: mark, OK: ok}
	if !ok {
		c.Expected, c.Seen = fmt.Sprint(expected), fmt.Sprint(seen)
	}
	switch {
	case r.between != nil:
		r.pending = append(r.pending, pendingCheck{len(r.result.Checks), r.between, r.between.count()})
	case !r.unkept:
		c.Exchange = len(r.result.Exchanges)
	}
	r.result.Checks = append(r.result.Checks, c)
	return ok
}

// whole records a check of what the register did as a whole. A check that holds names
// no exchange: which one had ended by then is a matter of milliseconds, and the same
// seed gives the same results.
func (r *Run) whole(holds bool, check func()) {
	if !holds {
		check()
		return
	}
	between, unkept := r.between, r.unkept
	r.between, r.unkept = nil, true
	check()
	r.between, r.unkept = between, unkept
}

func (r *Run) record(sent, received []byte, e Ending) {
	r.result.Exchanges = append(r.result.Exchanges, Exchange{Sent: hex.EncodeToString(sent), Received: hex.EncodeToString(received), Ending: e})
}

// recordAll records the exchanges of what stood between, and lets the checks that
// looked at them say so.
func (r *Run) recordAll(of heardSoFar, all []Exchange) {
	for _, p := range r.pending {
		if p.of == of && p.n > 0 && p.n <= len(all) {
			r.result.Checks[p.check].Exchange = len(r.result.Exchanges) + p.n
		}
	}
	r.result.Exchanges = append(r.result.Exchanges, all...)
	if r.between == of {
		r.between = nil
	}
}

// lookingAt says for the checks of f that they look at exchange n, from 1.
func (r *Run) lookingAt(of heardSoFar, n int, f func()) {
	before := r.between
	r.between = at{of, n}
	first := len(r.pending)
	f()
	for i := first; i < len(r.pending); i++ {
		r.pending[i].of = of
	}
	r.between = before
}

// at is an exchange of what stands between.
type at struct {
	of heardSoFar
	n  int
}

func (a at) count() int { return a.n }

// onEnd has f called when the case ends, last first.
func (r *Run) onEnd(f func()) { r.closers = append(r.closers, f) }

func (r *Run) closeAll() {
	for _, c := range r.conns {
		c.Close()
	}
	for i := len(r.closers) - 1; i >= 0; i-- {
		r.closers[i]()
	}
}

// settle turns an error of a target's extra ability into the end of the case.
func (r *Run) settle(doing string, err error) {
	if err != nil {
		r.Stop("%s: %v", doing, err)
	}
}

// SetClock sets the clock of the target; the case must need NeedsClock.
func (r *Run) SetClock(ctx context.Context, t time.Time) {
	r.settle("setting the target's clock", r.runner.Target.(Clocked).SetClock(ctx, t))
}

// Stored asks the target how many documents of the drive it accepted; the case must
// need NeedsStore.
func (r *Run) Stored(ctx context.Context, fn string) int {
	n, err := r.runner.Target.(Stored).Documents(ctx, fn)
	r.settle("asking the target for its documents", err)
	return n
}
