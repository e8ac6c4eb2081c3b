package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/cases"
	"github.com/fiscalbench/fiscalbench/conformance/expect"
	"github.com/fiscalbench/fiscalbench/conformance/report"
)

type runCmd struct {
	choice
	targetFlags
	Failed   string  `type:"existingfile" placeholder:"RESULTS" help:"Only what failed in this results.json, with its seed unless --seed says another."`
	Expect   string  `type:"existingfile" placeholder:"FILE" help:"Expectations file: cases that are known to end badly."`
	Profile  string  `type:"existingfile" placeholder:"FILE" help:"What the target claims to do, YAML: cases of anything else are skipped."`
	Out      string  `type:"path" placeholder:"DIR" help:"Write results.json, junit.xml, report.html, protocol.md, protocol.html and trace/ here."`
	Seed     *uint64 `help:"Seed of all numbers; a random one when absent."`
	Parallel int     `short:"p" default:"1" help:"Cases at a time of those that leave the target as it is (default ${default})."`
	Strict   bool    `help:"Failed checks of the bench's own decisions (TB) fail their case instead of warning."`
	Features string  `placeholder:"DIR" help:"Play the feature files of this folder instead of cases; builtin: those of the program. Patterns are then files and folders in it, --tag a filter of tags."`
	Verbose  bool    `short:"v" help:"A line per case, and decoded bytes of every bad one."`
}

// caseStart is the wall clock of the first document of every case: fixed, so that
// one seed gives the same bytes.
var caseStart = time.Date(2026, 8, 1, 9, 0, 0, 0, time.UTC)

// Run runs the cases and sums up on the last line.
func (c *runCmd) Run(ctx context.Context, s streams) error {
	if err := c.check(); err != nil {
		return err
	}
	if c.Parallel < 1 {
		return fmt.Errorf("--parallel=%d: must be more than zero", c.Parallel)
	}
	if c.Features != "" {
		if err := c.checkFeatures(); err != nil {
			return err
		}
		return c.playFeatures(ctx, s)
	}
	chosen, err := c.chosen()
	if err != nil {
		return err
	}
	expected, err := c.expectations()
	if err != nil {
		return err
	}
	keys, err := c.keys()
	if err != nil {
		return err
	}
	if len(c.Inject) > 0 && c.Parallel > 1 {
		return errors.New("--inject counts events of one case after another: leave out --parallel")
	}
	in, err := c.injection(c.seed())
	if err != nil {
		return err
	}
	profile, err := c.claims()
	if err != nil {
		return err
	}
	under, err := c.open(ctx, s, in)
	if err != nil {
		return err
	}
	if in.told, err = c.askFaults(ctx, under); err != nil {
		return &exitError{exitUnreachable, errors.Join(err, under.stop())}
	}
	run, err := c.judge(ctx, s, under, chosen, in, profile)
	if err != nil {
		return err
	}
	if expected != nil {
		expected.Apply(run, time.Now())
	}
	if c.Out != "" {
		if err := run.WriteDir(c.Out, keys); err != nil {
			return &exitError{exitIncomplete, err}
		}
	}
	if err := run.WriteText(s.out, report.TextOptions{Keys: keys, Expect: expect.Line, Verbose: c.Verbose}); err != nil {
		return &exitError{exitIncomplete, err}
	}
	if c.Out != "" {
		fmt.Fprintf(s.out, "reports in %s\n", c.Out)
	}
	fmt.Fprintln(s.out, run.LastLine())
	return verdict(run)
}

// verdict is the exit code of a run.
func verdict(run *report.Run) error {
	switch run.Verdict() {
	case report.Conformant:
		return nil
	case report.NotConformant:
		return &exitError{exitNotConformant, nil}
	}
	switch run.Ended {
	case report.Unreachable:
		return &exitError{exitUnreachable, errors.New("the target takes no connections any more")}
	case report.Interrupted:
		return &exitError{exitIncomplete, errors.New("interrupted")}
	}
	if len(run.Faults) > 0 {
		return &exitError{exitIncomplete, errors.New("an end misbehaved on purpose: the run is no verdict")}
	}
	return &exitError{exitIncomplete, errors.New("not everything was judged")}
}

// chosen are the cases chosen by the flags and, with --failed, by an earlier run, whose
// seed is taken over.
func (c *runCmd) chosen() ([]conformance.Case, error) {
	chosen, err := c.choose(c.party())
	if err != nil || c.Failed == "" {
		return chosen, err
	}
	earlier, err := report.ReadFile(c.Failed)
	if err != nil {
		return nil, fmt.Errorf("--failed: %w", err)
	}
	if c.Seed == nil {
		seed := earlier.SeedNumber()
		c.Seed = &seed
	}
	return failed(chosen, earlier)
}

// claims reads the file of --profile; nil when there is none.
func (c *runCmd) claims() (*conformance.Profile, error) {
	if c.Profile == "" {
		return nil, nil
	}
	p, err := conformance.LoadProfile(c.Profile)
	if err != nil {
		return nil, err
	}
	if none := p.Unmatched(cases.All()); len(none) > 0 {
		return nil, fmt.Errorf("%s: no such case: %s", c.Profile, strings.Join(none, ", "))
	}
	return p, nil
}

// expectations reads the file of --expect; nil when there is none.
func (c *runCmd) expectations() (*expect.File, error) {
	if c.Expect == "" {
		return nil, nil
	}
	f, err := expect.Load(c.Expect)
	if err != nil {
		return nil, err
	}
	if unknown := f.Unknown(known); len(unknown) > 0 {
		return nil, fmt.Errorf("%s: no such case: %s", c.Expect, strings.Join(unknown, ", "))
	}
	return f, nil
}

// seed draws one, short enough to type, when none was given.
func (c *runCmd) seed() uint64 {
	if c.Seed == nil {
		seed := uint64(rand.Uint32())
		c.Seed = &seed
	}
	return *c.Seed
}

// judge runs the cases and stops the target.
func (c *runCmd) judge(ctx context.Context, s streams, under *reached, chosen []conformance.Case, in *injecting, profile *conformance.Profile) (*report.Run, error) {
	c.seed()
	master, err := c.master()
	if err != nil {
		return nil, err
	}
	runner := &conformance.Runner{Target: under.Target, OFD: c.INN, Master: master, Seed: *c.Seed, Timeout: c.Timeout, Start: caseStart,
		Parallel: c.Parallel, Strict: c.Strict, Finish: in.mark, Profile: profile}
	if c.Self {
		runner.Again = 3 // its limits are shortened more than a starved machine can keep
	}
	total := runner.Jobs(chosen)
	fmt.Fprintf(s.out, "%s, %d cases, seed %d\n", under, total, *c.Seed)
	line := newProgress(s.out, total)
	runner.Report = line.done
	start := time.Now()
	summary := runner.Run(ctx, chosen)
	line.clear()
	run := report.From(&summary)
	run.Tool, run.Target, run.Selected = tool(), c.describe(under.String()), total
	run.Started, run.Seconds = start.UTC().Truncate(time.Millisecond), report.Seconds(time.Since(start))
	if len(in.told) > 0 { // they have acted meanwhile
		if again, err := c.askFaults(ctx, under); err == nil && len(again) == len(in.told) {
			in.told = again
		}
	}
	in.note(run)
	switch {
	case ctx.Err() != nil:
		run.Ended = report.Interrupted
	case under.Addr() != "" && reachable(ctx, under.Addr(), c.Timeout) != nil:
		run.Ended = report.Unreachable
	}
	if err := under.stop(); err != nil {
		fmt.Fprintln(s.err, "conformance: stopping the target:", err)
	}
	return run, nil
}

// progress is a line that says how far a run is, on a terminal only.
type progress struct {
	w           io.Writer
	total, n    int
	bad         int
	on, written bool
}

func newProgress(w io.Writer, total int) *progress {
	return &progress{w: w, total: total, on: isTerminal(w)}
}

// done shows the line anew. The runner never calls it twice at a time.
func (p *progress) done(r conformance.Result) {
	p.n++
	if report.Bad(r.Outcome) {
		p.bad++
	}
	if !p.on {
		return
	}
	p.written = true
	text := fmt.Sprintf("%d of %d", p.n, p.total)
	if p.bad > 0 {
		text += fmt.Sprintf(", %d bad", p.bad)
	}
	fmt.Fprintf(p.w, "\r\x1b[K%s  %s %s", text, r.ID, r.Path)
}

func (p *progress) clear() {
	if p.written {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
