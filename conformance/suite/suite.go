// Package suite runs the catalogue of cases inside go test, one subtest per case and
// variant, for makers who keep their operator or register in Go, or start it from a
// test.
//
// It decides nothing: verdicts are those of package conformance, and the same seed
// sends the same bytes as the conformance command. It reaches nothing by itself but an
// address; other targets come from package conformance/target.
package suite

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/cases"
	"github.com/fiscalbench/fiscalbench/conformance/expect"
	"github.com/fiscalbench/fiscalbench/conformance/model"
	"github.com/fiscalbench/fiscalbench/conformance/report"
	"github.com/fiscalbench/fiscalbench/conformance/target"
)

// Options of a suite. Addr or Target is required; the rest may be zero.
type Options struct {
	Addr   string             // host:port of an operator that runs
	API    string             // host:port of its JSON API, when it has that of ofd serve
	Target conformance.Target // anything else: a register over its control port, a built-in end
	Of     conformance.Party  // who is judged; an operator when empty

	Select []string          // regular expressions; a case's id or path must match one as a whole
	Skip   []string          // patterns of cases to leave out
	Tags   []string          // a case must have one of them
	Level  conformance.Level // only cases of this level
	FFD    byte              // only variants of this version: 2, 3, 4 as tag 1209 has it

	Profile *conformance.Profile // what the target claims; nil: everything
	Expect  *expect.File         // known failures; nil: none

	OFD     string        // INN of the operator; 7704358518 when empty
	Key     *[32]byte     // master key of TB-GOST-1 of the target; the public one when nil
	Seed    uint64        // of all numbers; drawn when zero, and logged
	Timeout time.Duration // for an answer or a close; 5 s when zero
	Strict  bool          // failed checks of the bench's own decisions fail their case
}

// defaultOFD is the operator of scenarios.md section 0.
const defaultOFD = "7704358518"

// start is the wall clock of the first document of every case, the same as that of
// the conformance command.
var start = time.Date(2026, 8, 1, 9, 0, 0, 0, time.UTC)

// Run runs the chosen cases, each as a subtest of its own. An unexpected failure is
// t.Error with what was expected and seen and with the exchange, a skip is t.Skip with
// its reason, a warning is logged.
func Run(t *testing.T, o Options) {
	t.Helper()
	runner, chosen := prepare(t, &o)
	t.Logf("%s, seed %d", runner.Target, runner.Seed)
	proved := 0
	for _, c := range chosen {
		for _, v := range c.InWays() {
			name := c.ID
			if v.String() != "" {
				name += "@" + v.String()
			}
			t.Run(name, func(t *testing.T) {
				one := c
				one.Variants = []conformance.Variant{v}
				summary := runner.Run(t.Context(), []conformance.Case{one})
				if len(summary.Results) == 1 && judge(t, &o, &summary) {
					proved++
				}
			})
		}
	}
	if proved == 0 {
		t.Error("suite: nothing was judged: every case was skipped")
	}
}

func prepare(t *testing.T, o *Options) (*conformance.Runner, []conformance.Case) {
	t.Helper()
	if o.Target == nil {
		if o.Addr == "" {
			t.Fatal("suite: Options.Addr or Options.Target is required")
		}
		o.Target = target.NewAddr(o.Addr, o.API)
	}
	if o.Of == "" {
		o.Of = conformance.OFD
	}
	if o.OFD == "" {
		o.OFD = defaultOFD
	}
	if o.Seed == 0 {
		o.Seed = uint64(rand.Uint32()) + 1
	}
	master := model.TestMasterKey()
	if o.Key != nil {
		master = *o.Key
	}
	chosen, err := conformance.Selection{Of: o.Of, Patterns: o.Select, Skip: o.Skip, Tags: o.Tags, Level: o.Level, FFD: o.FFD}.Choose(cases.All())
	if err != nil {
		t.Fatal("suite: ", err)
	}
	conformance.Sort(chosen)
	return &conformance.Runner{Target: o.Target, OFD: o.OFD, Master: master, Seed: o.Seed, Timeout: o.Timeout, Start: start, Strict: o.Strict, Profile: o.Profile}, chosen
}

// judge tells the test what became of a case; ok is whether the case was judged.
func judge(t *testing.T, o *Options, s *conformance.Summary) (ok bool) {
	t.Helper()
	run := report.From(s)
	run.Target = report.Target{Kind: string(o.Of), Name: s.Target, Flags: flags(o), OFD: o.OFD, Key: "test"}
	var keys *report.Keys
	if o.Key != nil {
		run.Target.Key = "own"
	}
	if o.Expect != nil {
		o.Expect.Apply(run, time.Now())
	}
	for _, c := range run.Complaint {
		t.Error(c)
	}
	r := &run.Results[0]
	text := func() string {
		var b strings.Builder
		if err := run.WriteText(&b, report.TextOptions{Keys: keys}); err != nil {
			return err.Error()
		}
		return strings.TrimSpace(b.String())
	}
	switch {
	case r.Expected != nil:
		t.Logf("expected to end in %s: %s", r.Outcome, r.Expected.Reason)
	case report.Bad(r.Outcome):
		t.Error(text())
	case r.Outcome == conformance.Warn:
		t.Log(text())
	case r.Outcome == conformance.Skip:
		t.Skip(r.Reason)
	}
	return true
}

// flags reach the target again from the command line, as far as it can.
func flags(o *Options) string {
	if o.Addr != "" {
		return "--addr " + o.Addr
	}
	return "--target " + string(o.Of)
}
