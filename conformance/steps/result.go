package steps

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/cucumber/godog"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/fiscal/explain"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
)

// Result is what became of one scenario, or of one row of an outline.
type Result struct {
	File     string // with :LINE when it was chosen by line
	Line     int    // of the scenario, or of the row
	Language string // "en", "ru"
	Feature  string
	Rule     string // the requirement, as the file quotes it; may be empty
	Name     string
	Case     string   // from the tag @case:…; may be empty in files of others
	Tags     []string // as written
	Outcome  conformance.Outcome
	Step     string // that failed or skipped the rest
	Reason   string // of a failure or a skip
	Took     time.Duration

	Exchanges []Exchange
	// Explained is the last exchanges of a failed scenario, decoded.
	Explained []byte
	Repeat    string // command that runs it again; of failed ones, when Options.Repeat makes one
}

// Summary is a run.
type Summary struct {
	Seed    uint64
	Target  string
	Results []Result // by file and line
	Took    time.Duration
}

// Count is the number of scenarios with an outcome.
func (s *Summary) Count(o conformance.Outcome) (n int) {
	for i := range s.Results {
		if s.Results[i].Outcome == o {
			n++
		}
	}
	return n
}

// Conformant reports whether nothing failed and something passed.
func (s *Summary) Conformant() bool {
	return s.Count(conformance.Pass) > 0 && s.Count(conformance.Pass)+s.Count(conformance.Skip) == len(s.Results)
}

// run is one run under way.
type run struct {
	opts    *Options
	start   time.Time
	mu      sync.Mutex
	results map[string]*Result // by the id of the pickle
}

// follow hangs a scenario's world into godog and keeps its result.
func (r *run) follow(sc *godog.ScenarioContext, w *world) {
	var begun time.Time
	var failed, reason string
	sc.Before(func(ctx context.Context, p *godog.Scenario) (context.Context, error) {
		begun = time.Now()
		w.rand = source(r.opts.Seed, p)
		return ctx, nil
	})
	sc.StepContext().After(func(ctx context.Context, st *godog.Step, status godog.StepResultStatus, err error) (context.Context, error) {
		if err != nil && failed == "" {
			failed, reason = st.Text, err.Error()
			if status == godog.StepUndefined {
				reason = "no sentence of the vocabulary fits this step under its keyword (docs/steps.md)"
			}
		}
		return ctx, nil
	})
	sc.After(func(ctx context.Context, p *godog.Scenario, stepErr error) (context.Context, error) {
		// godog joins what the hook returns to what the step returned: only what the
		// hook itself finds is returned.
		var found error
		if reason == "" {
			found = w.unexpected()
		}
		if err := w.close(); err != nil {
			found = errors.Join(found, fmt.Errorf("ending the scenario: %w", err))
		}
		if found != nil && reason == "" {
			failed, reason = p.Steps[len(p.Steps)-1].Text, found.Error()
		}
		outcome := conformance.Pass
		switch {
		case found != nil, stepErr != nil && !errors.Is(stepErr, godog.ErrSkip):
			outcome = conformance.Fail
		case reason != "":
			outcome = conformance.Skip
		}
		body := r.finish(p, outcome, failed, reason, w, time.Since(begun))
		if len(body) > 0 {
			ctx = godog.Attach(ctx, godog.Attachment{Body: body, FileName: "exchange.txt", MediaType: "text/plain"})
		}
		return ctx, found
	})
}

// finish keeps the result and gives the decoded exchanges of a failure.
func (r *run) finish(p *godog.Scenario, outcome conformance.Outcome, step, reason string, w *world, took time.Duration) []byte {
	log := w.line.exchanges()
	var explained []byte
	if outcome == conformance.Fail {
		explained = r.explain(log, w)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	result := r.results[p.Id]
	result.Outcome, result.Step, result.Reason, result.Took = outcome, step, reason, took
	result.Exchanges, result.Explained = log, explained
	if outcome == conformance.Fail && r.opts.Repeat != nil {
		result.Repeat = r.opts.Repeat(*result)
	}
	letter := map[conformance.Outcome]string{conformance.Pass: ".", conformance.Fail: "F", conformance.Skip: "s"}[outcome]
	_, _ = io.WriteString(r.opts.Out, letter)
	if r.opts.Report != nil {
		r.opts.Report(*result)
	}
	return explained
}

// shownExchanges is how many of a failed scenario's exchanges are decoded: the last.
const shownExchanges = 3

func (r *run) explain(log []Exchange, w *world) []byte {
	var b bytes.Buffer
	first := max(len(log)-shownExchanges, 0)
	if first > 0 {
		fmt.Fprintf(&b, "(%d exchanges before are left out)\n", first)
	}
	scheme := sign.NewTBGOST1(sign.TBGOST1Options{Key: r.opts.Key})
	for i, e := range log[first:] {
		n := first + i + 1
		part := func(title string, raw []byte) {
			if len(raw) == 0 {
				return
			}
			fmt.Fprintf(&b, "--- %s of exchange %d, %d bytes\n", title, n, len(raw))
			for _, report := range explain.Bytes(context.Background(), raw, explain.Options{Scheme: scheme, OFD: w.ofd(), Now: w.clock.Now().UTC()}) {
				_ = report.WriteText(&b) // a buffer takes everything
			}
		}
		part("message", e.Message)
		part("reply", e.Reply)
		part("reply as the register got it", e.Altered)
		switch {
		case e.Lost:
			fmt.Fprintf(&b, "--- the register got no reply of exchange %d: a step of the scenario took it away\n", n)
		case e.Closed:
			fmt.Fprintf(&b, "--- the operator closed the connection without a reply in exchange %d\n", n)
		case len(e.Reply) == 0:
			fmt.Fprintf(&b, "--- no reply in exchange %d\n", n)
		}
	}
	return b.Bytes()
}

func (r *run) summary() Summary {
	s := Summary{Seed: r.opts.Seed, Target: "built-in operator", Took: time.Since(r.start)}
	if r.opts.Target != nil {
		s.Target = r.opts.Target.String()
	}
	for _, result := range r.results {
		s.Results = append(s.Results, *result)
	}
	sort.Slice(s.Results, func(i, j int) bool {
		a, b := &s.Results[i], &s.Results[j]
		if a.File != b.File {
			return a.File < b.File
		}
		return a.Line < b.Line
	})
	return s
}

// WriteText prints what failed and was skipped, and the totals.
func (s *Summary) WriteText(w io.Writer) {
	fmt.Fprintln(w)
	for i := range s.Results {
		r := &s.Results[i]
		if r.Outcome == conformance.Pass {
			continue
		}
		id := r.Case
		if id == "" {
			id = "—"
		}
		fmt.Fprintf(w, "\n%s %s  %s:%d\n", strings.ToUpper(string(r.Outcome)), id, r.File, r.Line)
		fmt.Fprintf(w, "  %s: %s\n", r.Feature, r.Name)
		if r.Rule != "" {
			fmt.Fprintf(w, "  rule: %s\n", r.Rule)
		}
		fmt.Fprintf(w, "  step: %s\n  %s\n", r.Step, r.Reason)
		if len(r.Explained) > 0 {
			fmt.Fprintf(w, "\n%s\n", indent(r.Explained))
		}
		if r.Repeat != "" {
			fmt.Fprintf(w, "  again: %s\n", r.Repeat)
		}
	}
	fmt.Fprintf(w, "\n%d passed, %d failed, %d skipped, %d errors (seed %d, %.1f s)\n", s.Count(conformance.Pass), s.Count(conformance.Fail),
		s.Count(conformance.Skip), s.Count(conformance.Error), s.Seed, s.Took.Seconds())
}

func indent(text []byte) []byte {
	return append([]byte("    "), bytes.ReplaceAll(bytes.TrimRight(text, "\n"), []byte("\n"), []byte("\n    "))...)
}
