package target_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/model"
	"github.com/fiscalbench/fiscalbench/conformance/target"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func runKKT(all []conformance.Case, seed uint64, parallel int) conformance.Summary {
	runner := &conformance.Runner{Again: 3, Target: target.NewSelfKKT(), OFD: "7704358518", Master: model.TestMasterKey(), Seed: seed, Parallel: parallel,
		Start: time.Date(2026, 8, 1, 9, 0, 0, 0, time.UTC)}
	return runner.Run(context.Background(), all)
}

// TestSelfKKT_PassesEveryCase: the built-in register conforms, every case was run in
// all its variants.
func TestSelfKKT_PassesEveryCase(t *testing.T) {
	t.Parallel()
	all := casesOf(t, conformance.KKT, conformance.Selection{})
	s := runKKT(all, 1, 6)
	ids := map[string]bool{}
	for _, r := range s.Results {
		assert.Equal(t, conformance.Pass, r.Outcome, "%s %s %s: %+v", r.ID, r.Variant, r.Reason, failed(r))
		ids[r.ID] = true
	}
	assert.Len(t, ids, len(all))
	assert.True(t, s.Conformant())
}

// TestSelfKKT_OneSeedGivesOneRun: the same bytes come and go.
func TestSelfKKT_OneSeedGivesOneRun(t *testing.T) {
	t.Parallel()
	all := casesOf(t, conformance.KKT, conformance.Selection{FFD: 4, Skip: []string{"kkt-outage/.*", "kkt-reply/.*", "kkt-marking/.*", "kkt-receipt/(late|damaged).*"}})
	first, second := runKKT(all, 7, 1), runKKT(all, 7, 6)
	require.Equal(t, len(first.Results), len(second.Results))
	for i, r := range first.Results {
		assert.Equal(t, r.Exchanges, second.Results[i].Exchanges, "%s %s", r.ID, r.Variant)
		assert.Equal(t, r.Checks, second.Results[i].Checks, "%s %s", r.ID, r.Variant)
	}
}
