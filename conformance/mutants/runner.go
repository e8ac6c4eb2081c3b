package mutants

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// OrderVariable is the environment variable by which a binary of the judge is told what
// to run; it writes a Judged to its standard output.
const OrderVariable = "FISCALBENCH_MUTANT"

// Outcome is what became of a mutant.
type Outcome struct {
	ID      string  `json:"id"`
	Digest  string  `json:"digest"`
	Suite   Suite   `json:"suite"` // the last one that was run
	Red     []Red   `json:"red"`   // the first of them, when Stopped
	Ran     int     `json:"ran"`
	Stopped bool    `json:"stopped,omitempty"`
	Seconds float64 `json:"seconds"` // of building and judging
	// Error is why nothing can be said: it does not build, or the judge itself broke.
	Error string `json:"-"`
	// Missing are the cases that had to turn red and did not.
	Missing []string `json:"-"`
}

// Killed reports that some case turned red.
func (o *Outcome) Killed() bool { return o.Error == "" && len(o.Red) > 0 }

// Cases are the ids of the red cases, each once.
func (o *Outcome) Cases() []string {
	var ids []string
	for _, r := range o.Red {
		ids = append(ids, r.Case)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// Runner runs suites against mutants, each in a process of its own.
type Runner struct {
	Root string // of the module
	Dir  string // for binaries
	// Reference is a binary without edits: Build(ctx, root, nil, …).
	Reference string
	Seed      uint64
	Parallel  int  // mutants at a time
	Cases     int  // cases at a time for each; 0: a few
	Stop      int  // red cases after which a run is cut short; 0: never
	Quick     bool // no case but those that must turn red, when they do
	// Report is called after each mutant, never twice at a time.
	Report func(Outcome)

	building sync.Mutex
	shared   map[string]string // binaries by their edits
	together *together         // nil: none
}

// Run judges the mutants and returns their outcomes in the order of the table.
func (r *Runner) Run(ctx context.Context, all []Mutant) []Outcome {
	outcomes := make([]Outcome, len(all))
	var err error
	if r.together, err = buildTogether(ctx, r.Root, all, filepath.Join(r.Dir, "together.test")); err != nil {
		return []Outcome{{ID: "together", Error: err.Error()}}
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	queue := make(chan int)
	for range max(r.Parallel, 1) {
		wg.Go(func() {
			for i := range queue {
				o := r.one(ctx, &all[i])
				mu.Lock()
				outcomes[i] = o
				if r.Report != nil {
					r.Report(o)
				}
				mu.Unlock()
			}
		})
	}
	for i := range all {
		if ctx.Err() == nil {
			queue <- i
		}
	}
	close(queue)
	wg.Wait()
	return slices.DeleteFunc(outcomes, func(o Outcome) bool { return o.ID == "" })
}

func (r *Runner) one(ctx context.Context, m *Mutant) Outcome {
	began := time.Now()
	o := Outcome{ID: m.ID, Digest: m.Digest(), Red: []Red{}}
	if err := r.judge(ctx, m, &o); err != nil {
		o.Error = err.Error()
	}
	o.Seconds = time.Since(began).Round(100 * time.Millisecond).Seconds()
	seen := o.Cases()
	for _, id := range m.By {
		if !slices.Contains(seen, id) {
			o.Missing = append(o.Missing, id)
		}
	}
	return o
}

func (r *Runner) judge(ctx context.Context, m *Mutant, o *Outcome) error {
	binary, order := r.Reference, Order{Mutant: m.ID, Seed: r.Seed, Stop: r.Stop, Parallel: r.Cases}
	if m.Kind() == Change {
		var err error
		if binary, err = r.built(ctx, m); err != nil {
			return err
		}
		if m.Switch == "" && r.together.number(m.ID) == 0 {
			defer os.Remove(binary)
		}
	}
	for _, suite := range m.Judges() {
		order.Suite, o.Suite = suite, suite
		// Those that must notice come first: the run of all may be cut short.
		if order.Only = m.by(suite); len(order.Only) > 0 {
			if err := r.add(ctx, binary, order, o); err != nil {
				return err
			}
		}
		if r.Quick && len(o.Red) > 0 {
			o.Stopped = true
			return nil
		}
		order.Only = nil
		if err := r.add(ctx, binary, order, o); err != nil || len(o.Red) > 0 {
			return err
		}
	}
	return nil
}

// built is the binary of a mutant; mutants of one set of edits share it.
func (r *Runner) built(ctx context.Context, m *Mutant) (string, error) {
	if r.together.number(m.ID) > 0 {
		return r.together.binary, nil
	}
	name := filepath.Join(r.Dir, strings.ReplaceAll(m.ID, "/", "_")+".test")
	if m.Switch == "" {
		return name, Build(ctx, r.Root, m, name)
	}
	r.building.Lock()
	defer r.building.Unlock()
	key := fmt.Sprintf("%q", m.Edits)
	if had, ok := r.shared[key]; ok {
		return had, nil
	}
	if err := Build(ctx, r.Root, m, name); err != nil {
		return "", err
	}
	if r.shared == nil {
		r.shared = map[string]string{}
	}
	r.shared[key] = name
	return name, nil
}

// add asks and joins the answer to what is known.
func (r *Runner) add(ctx context.Context, binary string, order Order, o *Outcome) error {
	j, err := r.Ask(ctx, binary, order)
	if err != nil {
		return err
	}
	for _, red := range j.Red {
		if !slices.ContainsFunc(o.Red, func(had Red) bool { return had.Case == red.Case && had.Variant == red.Variant }) {
			o.Red = append(o.Red, red)
		}
	}
	if o.Stopped = j.Stopped; order.Only == nil {
		o.Ran += j.Ran
	}
	return nil
}

// askLimit bounds one run of a suite.
const askLimit = 5 * time.Minute

// Ask has a binary run a suite.
func (r *Runner) Ask(ctx context.Context, binary string, o Order) (j Judged, err error) {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	b, err := json.Marshal(o)
	if err != nil {
		return j, err
	}
	var out, log bytes.Buffer
	cmd := exec.CommandContext(ctx, binary)
	cmd.Dir, cmd.Stdout, cmd.Stderr = r.Dir, &out, &log
	m, _ := Find(o.Mutant)
	cmd.Env = append(os.Environ(), OrderVariable+"="+string(b), SwitchVariable+"="+m.Switch, fmt.Sprint(numberVariable, "=", r.together.number(o.Mutant)))
	if err := cmd.Run(); err != nil {
		return j, fmt.Errorf("mutants: judging %s by %s: %w\n%s", o.Mutant, o.Suite, errors.Join(err, ctx.Err()), tail(log.Bytes()))
	}
	if err := json.Unmarshal(out.Bytes(), &j); err != nil {
		return j, fmt.Errorf("mutants: the judge of %s by %s said: %w\n%s", o.Mutant, o.Suite, err, tail(log.Bytes()))
	}
	return j, nil
}

func tail(b []byte) []byte { return bytes.TrimSpace(b[max(0, len(b)-2000):]) }

// Alarms runs the suites against the ends as they are, with one seed after another,
// and returns what turned red: false alarms. The limits are those of the mutants. What
// turned red is asked once more by itself and counts when it is red again: a machine
// that does too much else is no mistake of an end. Slow tells what was not.
func (r *Runner) Alarms(ctx context.Context, suites []Suite, times int) (ran int, alarms, slow []Red, err error) {
	for n := range times {
		for _, s := range suites {
			order := Order{Suite: s, Seed: r.Seed + uint64(n), Parallel: r.Cases}
			j, err := r.Ask(ctx, r.Reference, order)
			if err != nil {
				return ran, alarms, slow, err
			}
			ran += j.Ran
			if len(j.Red) == 0 {
				continue
			}
			for _, red := range j.Red {
				if !slices.Contains(order.Only, red.Case) {
					order.Only = append(order.Only, red.Case)
				}
			}
			again, err := r.Ask(ctx, r.Reference, order)
			if err != nil {
				return ran, alarms, slow, err
			}
			alarms, slow = append(alarms, again.Red...), append(slow, j.Red...)
		}
	}
	return ran, alarms, slow, nil
}
