package steps

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"math/rand/v2"
	"runtime"
	"strings"
	"time"

	"github.com/cucumber/godog"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/features"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
)

// Options of a run. The zero value plays the feature files of the program against
// operators of its own and prints nothing.
type Options struct {
	FS    fs.FS    // where the feature files are; nil: those of the program
	Paths []string // files, folders and FILE:LINE in FS; nil: all of it
	// Tags choose scenarios: "@must && ~@slow"; a comma is "or".
	Tags string
	Seed uint64 // of numbers and order: one seed, one run

	// Target is an operator that runs already. nil: each scenario starts one of its
	// own. Steps ask a target for what it can do (conformance.Inspector and so on);
	// a scenario that needs more is skipped. Its clock is left alone.
	Target conformance.Target
	OFD    fiscal.INN     // of the target; 7704358518 when empty
	Key    sign.MasterKey // of TB-GOST-1 that the target uses; the public one when zero

	Timeout  time.Duration // for an answer: 5 s when zero
	Start    time.Time     // of the first document; see the defaults in normal
	Parallel int           // scenarios at once; twice the processors, at most 8, when zero

	Out      io.Writer           // progress and failures as text; nil: nowhere
	Cucumber io.Writer           // Cucumber JSON with the exchanges attached; nil: nowhere
	Repeat   func(Result) string // command that repeats a scenario, printed with its failure; may be nil
	Report   func(Result)        // called after each scenario, one at a time; may be nil
}

// Defaults of Options.
const (
	DefaultOFD     fiscal.INN = "7704358518"
	DefaultTimeout            = 5 * time.Second
)

// defaultStart is when scenarios begin: nine in the morning of a Monday in Moscow.
var defaultStart = time.Date(2026, 6, 1, 6, 0, 0, 0, time.UTC)

// beforeNow is how long before the present scenarios begin for a target whose clock
// is its own, so that the documents of the longest of them are not of the future.
const beforeNow = 120 * 24 * time.Hour

func (o Options) normal() (Options, error) {
	if o.FS == nil {
		o.FS = features.FS()
	}
	if len(o.Paths) == 0 {
		o.Paths = []string{"."}
	}
	if o.OFD == "" {
		o.OFD = DefaultOFD
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	switch {
	case !o.Start.IsZero():
	case o.Target == nil:
		o.Start = defaultStart
	default:
		o.Start = time.Now().Add(-beforeNow).Truncate(24 * time.Hour).Add(defaultStart.Sub(defaultStart.Truncate(24 * time.Hour)))
	}
	if o.Parallel == 0 {
		o.Parallel = min(2*runtime.GOMAXPROCS(0), 8)
	}
	if o.Parallel < 0 {
		return o, fmt.Errorf("steps: %d scenarios at once: want 1 or more", o.Parallel)
	}
	if o.Target != nil && o.Target.Addr() == "" {
		return o, fmt.Errorf("steps: target %s takes no documents: features are for operators", o.Target)
	}
	for _, w := range []*io.Writer{&o.Out, &o.Cucumber} {
		if *w == nil {
			*w = io.Discard
		}
	}
	return o, checkTags(o.Tags)
}

// checkTags finds what the tag filter would take for something else: it has no "or"
// but the comma.
func checkTags(tags string) error {
	if tags == "" {
		return nil
	}
	for _, and := range strings.Split(tags, "&&") {
		for _, tag := range strings.Split(and, ",") {
			tag = strings.TrimSpace(tag)
			if name := strings.TrimPrefix(tag, "~"); !strings.HasPrefix(name, "@") || len(name) < 2 || strings.ContainsAny(name, " |()~") {
				return fmt.Errorf("steps: tags %q: %q is not a tag; write @name or ~@name, && for «and», a comma for «or»", tags, tag)
			}
		}
	}
	return nil
}

// ErrNoScenarios means that nothing was there to run.
var ErrNoScenarios = errors.New("steps: no scenarios")

// Run plays the scenarios that o chooses. Failed ones are in the summary; an error
// means that nothing could be run: no scenarios, a file that cannot be read, options
// that contradict each other.
func Run(ctx context.Context, o Options) (Summary, error) {
	o, err := o.normal()
	if err != nil {
		return Summary{}, err
	}
	patterns, err := patterns()
	if err != nil {
		return Summary{}, err
	}
	r := &run{opts: &o, start: time.Now(), results: map[string]*Result{}}
	suite := godog.TestSuite{Name: "fiscalbench", Options: &godog.Options{
		FS: o.FS, Paths: o.Paths, Tags: o.Tags, Strict: true, Randomize: order(o.Seed), Concurrency: o.Parallel,
		Format: "cucumber", NoColors: true, Output: o.Cucumber, DefaultContext: ctx,
	}}
	if err := r.collect(&suite); err != nil {
		return Summary{}, err
	}
	operators := &pool{ofd: o.OFD}
	suite.ScenarioInitializer = func(sc *godog.ScenarioContext) {
		w := newWorld(&o, operators)
		w.bind(sc, patterns)
		r.follow(sc, w)
	}
	fmt.Fprintf(o.Out, "%d scenarios, seed %d\n", len(r.results), o.Seed)
	status := suite.Run()
	if err := operators.stop(); err != nil {
		return Summary{}, fmt.Errorf("steps: stopping the built-in operators: %w", err)
	}
	s := r.summary()
	s.WriteText(o.Out)
	if status != 0 && s.Conformant() {
		return s, fmt.Errorf("steps: the runner ended with status %d though every scenario passed", status)
	}
	return s, ctx.Err()
}

// order is the seed as godog wants it: not 0, which means the order of the files,
// and not −1, which means a seed of its own.
func order(seed uint64) int64 { return int64(seed&(1<<62-1)) + 1 }

// collect reads the files and lists their scenarios.
func (r *run) collect(suite *godog.TestSuite) error {
	files, err := suite.RetrieveFeatures()
	if err != nil {
		return fmt.Errorf("steps: reading feature files: %w", err)
	}
	for _, f := range files {
		for _, p := range f.Pickles {
			result := &Result{File: f.Uri, Feature: f.Feature.Name, Name: p.Name, Language: f.Feature.Language, Outcome: conformance.Error,
				Reason: "the scenario was not run"}
			node := p.AstNodeIds[0]
			if rule := f.FindRule(node); rule != nil {
				result.Rule = rule.Name
			}
			result.Line = int(f.FindScenario(node).Location.Line)
			if len(p.AstNodeIds) > 1 {
				if _, row := f.FindExample(p.AstNodeIds[1]); row != nil {
					result.Line = int(row.Location.Line)
				}
			}
			for _, tag := range p.Tags {
				result.Tags = append(result.Tags, tag.Name)
				if id, ok := strings.CutPrefix(tag.Name, "@case:"); ok {
					result.Case = id
				}
			}
			if len(p.Steps) == 0 {
				return fmt.Errorf("steps: %s:%d: scenario %q has no steps", result.File, result.Line, p.Name)
			}
			r.results[p.Id] = result
		}
	}
	if len(r.results) == 0 {
		return fmt.Errorf("%w in %s with tags %q", ErrNoScenarios, strings.Join(suite.Options.Paths, ", "), suite.Options.Tags)
	}
	return nil
}

// source is the scenario's own generator: the same seed and the same text give the
// same numbers, whatever else runs.
func source(seed uint64, p *godog.Scenario) *rand.Rand {
	h := fnv.New64a()
	_, _ = io.WriteString(h, p.Uri+"\n"+p.Name)
	for _, s := range p.Steps {
		_, _ = io.WriteString(h, "\n"+s.Text)
	}
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}
