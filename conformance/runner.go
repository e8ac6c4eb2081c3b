package conformance

import (
	"context"
	"sync"
	"time"
)

// Runner runs cases against one target. The zero limits mean the defaults.
type Runner struct {
	Target   Target
	OFD      string        // INN of the operator: of the one under test, or of the one the harness plays
	Master   [32]byte      // TB-GOST-1 master key that the target uses
	Seed     uint64        // of every case's numbers: one seed, one run
	Timeout  time.Duration // for an answer or a close; 5 s when zero (scenarios.md section 0)
	Start    time.Time     // wall clock of the first document
	Parallel int           // cases at a time of those that leave the target as it is; 1 when zero
	Crowd    float64       // share of the registers and peers that soak cases have; 1 when zero
	// Again is how many more times, each with longer limits, a case is run that fails
	// while the machine is starved, when it begins anew each time. For built-in ends.
	Again   int
	Profile *Profile      // what the target claims; nil: everything
	Strict  bool          // a failed check of the bench's own decisions fails its case
	Finish  func(*Result) // called at the end of each case, before Report, by its goroutine; may be nil
	Report  func(Result)  // called after each case, never twice at a time; may be nil
}

// job is one case in one variant.
type job struct {
	c     Case
	v     Variant
	place int
}

// Run runs the cases in all their variants: first those that leave the target as it
// is, Parallel at a time, then one after another those that change its clock, store
// or settings. Cases of a register each open one of their own. Results are sorted.
func (r *Runner) Run(ctx context.Context, cases []Case) Summary {
	cases = append([]Case(nil), cases...)
	Sort(cases)
	var shared, alone []job
	n := 0
	for _, c := range cases {
		for _, v := range r.ways(&c) {
			j := job{c, v, n}
			n++
			if c.Needs&exclusive != 0 && c.Party() == OFD || is[Single](r.Target) {
				alone = append(alone, j)
			} else {
				shared = append(shared, j)
			}
		}
	}
	watching := &monitor{from: time.Now()}
	if r.Again > 0 {
		live, cancel := context.WithCancel(ctx)
		var wg sync.WaitGroup
		wg.Go(func() { watching.watch(live) })
		defer wg.Wait()
		defer cancel()
	}
	results := make([]*Result, n)
	var mu sync.Mutex
	do := func(j job) {
		result := r.patiently(ctx, j, watching)
		if r.Finish != nil {
			r.Finish(&result)
		}
		mu.Lock()
		defer mu.Unlock()
		results[j.place] = &result
		if r.Report != nil {
			r.Report(result)
		}
	}
	r.pool(ctx, shared, do)
	for _, j := range alone {
		if ctx.Err() == nil {
			do(j)
		}
	}
	s := Summary{Seed: r.Seed, Target: r.Target.String(), Results: []Result{}}
	for _, result := range results {
		if result != nil {
			s.Results = append(s.Results, *result)
		}
	}
	return s
}

// ways are the variants that a case runs in.
func (r *Runner) ways(c *Case) []Variant {
	if c.Waits && is[Patient](r.Target) && (&Run{runner: r}).Alone() {
		return []Variant{{}} // the register is what it is
	}
	return c.InWays()
}

// Jobs counts the cases in the variants that Run runs them in.
func (r *Runner) Jobs(cases []Case) (n int) {
	for i := range cases {
		n += len(r.ways(&cases[i]))
	}
	return n
}

// Single is a target of which there is only one for all cases: a register on the
// desk.
type Single interface{ Single() }

func (r *Runner) pool(ctx context.Context, jobs []job, do func(job)) {
	var wg sync.WaitGroup
	queue := make(chan job)
	for range max(r.Parallel, 1) {
		wg.Go(func() {
			for j := range queue {
				do(j)
			}
		})
	}
	for _, j := range jobs {
		if ctx.Err() != nil {
			break
		}
		queue <- j
	}
	close(queue)
	wg.Wait()
}
