package mutants

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/cases"
	"github.com/fiscalbench/fiscalbench/conformance/model"
	"github.com/fiscalbench/fiscalbench/conformance/steps"
	"github.com/fiscalbench/fiscalbench/conformance/target"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/internal/fault"
	"github.com/fiscalbench/fiscalbench/server"
)

// Order is one run of a suite.
type Order struct {
	Suite  Suite
	Mutant string   // whose faults or settings are switched on; empty: none
	Only   []string // ids of cases or files of scenarios; all when empty
	Seed   uint64
	// Stop ends the run when so many cases have turned red; 0: never.
	Stop int
	// Parallel cases; a few when zero.
	Parallel int
}

// Judged is what became of a run.
type Judged struct {
	Red     []Red `json:"red"`     // in the order of the suite
	Ran     int   `json:"ran"`     // cases in all their variants, scenarios
	Stopped bool  `json:"stopped"` // there may be more
}

// Red is a case in one variant, or a scenario, that does not go well.
type Red struct {
	Case    string `json:"case"`    // "O-020", "pair/outage.feature"
	Variant string `json:"variant"` // or line of the scenario
	Why     string `json:"why"`     // names of the failed checks, or the reason
}

// Limits of a run. Those of the harness are shorter than a user's: a mutant often has
// hundreds of them pass.
const (
	answerLimit = 2 * time.Second
	crowd       = 0.02
	ofd         = "7704358518"
)

var start = time.Date(2026, 8, 1, 9, 0, 0, 0, time.UTC)

// Judge runs a suite against the built-in ends of this binary.
func Judge(ctx context.Context, o Order) (Judged, error) {
	var m Mutant
	if o.Mutant != "" {
		var ok bool
		if m, ok = Find(o.Mutant); !ok {
			return Judged{}, fmt.Errorf("mutants: no mutant %q", o.Mutant)
		}
	}
	if o.Parallel == 0 {
		o.Parallel = 6
	}
	if o.Suite == Features {
		return o.features(ctx)
	}
	return o.cases(ctx, &m)
}

func (o *Order) cases(ctx context.Context, m *Mutant) (Judged, error) {
	chosen, err := conformance.Selection{Of: conformance.Party(o.Suite), IDs: o.Only}.Choose(cases.All())
	if err != nil {
		return Judged{}, err
	}
	under, end, err := m.target(ctx, o.Suite)
	if err != nil {
		return Judged{}, err
	}
	limited, cancel := context.WithCancel(ctx)
	defer cancel()
	var j Judged
	r := &conformance.Runner{Target: under, OFD: ofd, Master: model.TestMasterKey(), Seed: o.Seed, Parallel: o.Parallel, Crowd: crowd, Strict: true,
		Timeout: answerLimit, Start: start, Report: func(r conformance.Result) {
			j.Ran++
			if limited.Err() == nil && isRed(r.Outcome) {
				j.Red = append(j.Red, Red{Case: r.ID, Variant: r.Variant, Why: why(&r)})
				if o.Stop > 0 && len(j.Red) >= o.Stop {
					j.Stopped = true
					cancel()
				}
			}
		}}
	r.Run(limited, chosen)
	slices.SortFunc(j.Red, func(a, b Red) int { return strings.Compare(a.Case+" "+a.Variant, b.Case+" "+b.Variant) })
	if err := end(); err != nil && len(j.Red) == 0 {
		return j, fmt.Errorf("mutants: stopping the target: %w", err)
	}
	return j, ctx.Err()
}

// isRed: a run with this outcome is not conformant. The cases run strictly, so that a
// warning is a SHOULD that was not kept.
func isRed(o conformance.Outcome) bool {
	return o == conformance.Fail || o == conformance.Blocked || o == conformance.Error
}

func why(r *conformance.Result) string {
	var names []string
	for _, c := range r.Checks {
		if !c.OK && !slices.Contains(names, c.Name) {
			names = append(names, c.Name)
		}
	}
	if len(names) > 0 {
		return strings.Join(names, " ")
	}
	line, _, _ := strings.Cut(r.Reason, "\n")
	return string(r.Outcome) + ": " + line
}

// target is the built-in end that the suite judges, with the switches of the mutant.
func (m *Mutant) target(ctx context.Context, s Suite) (conformance.Target, func() error, error) {
	nothing := func() error { return nil }
	operator, err := m.operator()
	if err != nil {
		return nil, nil, err
	}
	registers, err := m.register()
	if err != nil {
		return nil, nil, err
	}
	switch s {
	case OFD:
		self, err := target.StartSelf(ctx, ofd, operator)
		if err != nil {
			return nil, nil, err
		}
		return self, self.Stop, nil
	case KKT:
		return target.NewSelfKKT(registers), nothing, nil
	case Pair:
		return target.NewPairOf(target.NewSelfKKT(registers), operator), nothing, nil
	}
	return nil, nil, fmt.Errorf("mutants: no suite %q", s)
}

// operator switches faults and settings of an operator on. Every life of it has a
// fault set of its own.
func (m *Mutant) operator() (func(*server.Options), error) {
	if m.Side != Operator {
		return func(*server.Options) {}, nil
	}
	if err := m.bend(&server.Options{}); err != nil { // before anything runs
		return nil, err
	}
	return func(o *server.Options) { _ = m.bend(o) }, nil
}

func (m *Mutant) bend(o *server.Options) (err error) {
	if len(m.Faults) > 0 {
		o.Faults = fault.New(fault.Operator, 1)
		if _, err := o.Faults.Add(m.Faults...); err != nil {
			return err
		}
	}
	for name, value := range m.Settings {
		if name != "policy" {
			err = errors.Join(err, o.Settings.Set(name, value))
			continue
		}
		var p sign.PolicyOptions
		err = errors.Join(err, p.AddRule("*="+value))
		if err == nil {
			o.Policies, err = sign.NewPolicies(p)
		}
	}
	return err
}

// register switches faults of a register on; all registers of the run share one set,
// its jumped clock included.
func (m *Mutant) register() (func(target.Parts), error) {
	if m.Side != Register || len(m.Faults) == 0 {
		return func(target.Parts) {}, nil
	}
	set := fault.New(fault.Register, 1)
	if _, err := set.Add(m.Faults...); err != nil {
		return nil, err
	}
	return func(p target.Parts) {
		switch {
		case p.KKT != nil:
			p.KKT.Now = set.Clock(p.KKT.Now)
		case p.Link != nil:
			p.Link.Faults = set
			p.Link.Now = set.Clock(p.Link.Now)
		}
	}, nil
}

func (o *Order) features(ctx context.Context) (Judged, error) {
	limited, cancel := context.WithCancel(ctx)
	defer cancel()
	var j Judged
	var mu sync.Mutex
	_, err := steps.Run(limited, steps.Options{Paths: o.Only, Seed: o.Seed, Parallel: o.Parallel, Timeout: answerLimit, Report: func(r steps.Result) {
		mu.Lock()
		defer mu.Unlock()
		j.Ran++
		if limited.Err() == nil && isRed(r.Outcome) {
			j.Red = append(j.Red, Red{Case: r.File, Variant: fmt.Sprint(r.Line), Why: r.Step})
			if o.Stop > 0 && len(j.Red) >= o.Stop {
				j.Stopped = true
				cancel()
			}
		}
	}})
	slices.SortFunc(j.Red, func(a, b Red) int { return strings.Compare(a.Case+" "+a.Variant, b.Case+" "+b.Variant) })
	if len(j.Red) > 0 && ctx.Err() == nil {
		err = nil // a run cut short, or operators that do not stop any more
	}
	return j, err
}
