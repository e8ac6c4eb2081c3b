package target_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/cases"
	"github.com/fiscalbench/fiscalbench/conformance/model"
	"github.com/fiscalbench/fiscalbench/conformance/target"
)

// casesOf are all cases of a party, under the race detector in one version only.
func casesOf(t *testing.T, party conformance.Party, s conformance.Selection) []conformance.Case {
	if s.Of = party; raced {
		s.FFD = 4
	}
	chosen, err := s.Choose(cases.All())
	require.NoError(t, err)
	return chosen
}

func runSelf(t *testing.T, all []conformance.Case, seed uint64, parallel int) conformance.Summary {
	self, err := target.StartSelf(context.Background(), "7704358518")
	require.NoError(t, err)
	defer func() { assert.NoError(t, self.Stop()) }()
	runner := &conformance.Runner{Again: 3, Target: self, OFD: "7704358518", Master: model.TestMasterKey(), Seed: seed, Parallel: parallel, Crowd: 0.02,
		Start: time.Date(2026, 8, 1, 9, 0, 0, 0, time.UTC)}
	return runner.Run(context.Background(), all)
}

// TestSelf_PassesEveryCase: the built-in operator conforms, every case was run in all
// its variants and none was skipped.
func TestSelf_PassesEveryCase(t *testing.T) {
	t.Parallel()
	all := casesOf(t, conformance.OFD, conformance.Selection{})
	s := runSelf(t, all, 1, 4)
	ids, beyond := map[string]bool{}, map[string]bool{}
	for _, c := range all {
		beyond[c.ID] = c.Beyond != ""
	}
	for _, r := range s.Results {
		if beyond[r.ID] {
			assert.Equal(t, conformance.Skip, r.Outcome)
			ids[r.ID] = true
			continue
		}
		assert.Equal(t, conformance.Pass, r.Outcome, "%s %s %s: %+v", r.ID, r.Variant, r.Reason, failed(r))
		ids[r.ID] = true
	}
	for _, c := range all {
		assert.True(t, ids[c.ID], c.ID)
	}
	assert.True(t, s.Conformant())
	names := checksOf(s)
	for name := range names {
		assert.Contains(t, operatorChecks, name, "a check without a broken operator: see TestPower_Operator")
	}
	for _, name := range operatorChecks {
		assert.True(t, names[name], "no case makes the check %s", name)
	}
}

// TestSelf_OneSeedGivesOneRun: one case at a time or many, the same bytes go both
// ways.
func TestSelf_OneSeedGivesOneRun(t *testing.T) {
	t.Parallel()
	chosen := conformance.Selection{FFD: 4, Skip: []string{"limit/.*", ".*/.*-days", ".*/two-hundred-registers"}}
	if raced {
		chosen.Patterns = []string{"registration/.*", "receipt/.*", "outage/.*", "flk/m-.*"}
	}
	all := casesOf(t, conformance.OFD, chosen)
	first, second := runSelf(t, all, 7, 1), runSelf(t, all, 7, 6)
	require.Equal(t, len(first.Results), len(second.Results))
	for i, r := range first.Results {
		again := second.Results[i]
		assert.Equal(t, r.ID+r.Variant, again.ID+again.Variant)
		assert.Equal(t, r.Exchanges, again.Exchanges, "%s %s", r.ID, r.Variant)
		assert.Equal(t, r.Checks, again.Checks, "%s %s", r.ID, r.Variant)
	}
}

func allCases() []conformance.Case { return cases.All() }

func failed(r conformance.Result) (bad []conformance.Check) {
	for _, c := range r.Checks {
		if !c.OK {
			bad = append(bad, c)
		}
	}
	return bad
}
