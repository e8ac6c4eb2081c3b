package target_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/model"
	"github.com/fiscalbench/fiscalbench/conformance/target"
)

// TestPair_PassesEveryCase: the built-in ends get on with each other.
func TestPair_PassesEveryCase(t *testing.T) {
	t.Parallel()
	all := casesOf(t, conformance.Pair, conformance.Selection{})
	runner := &conformance.Runner{Again: 3, Target: target.NewPair(), OFD: "7704358518", Master: model.TestMasterKey(), Seed: 1, Parallel: 4,
		Start: time.Date(2026, 8, 1, 9, 0, 0, 0, time.UTC)}
	s := runner.Run(context.Background(), all)
	ids := map[string]bool{}
	for _, r := range s.Results {
		assert.Equal(t, conformance.Pass, r.Outcome, "%s %s %s: %+v", r.ID, r.Variant, r.Reason, failed(r))
		ids[r.ID] = true
	}
	assert.Len(t, ids, len(all))
}
