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

// TestSelf_PassesEveryCase: the built-in operator conforms, every case was run and
// none was skipped.
func TestSelf_PassesEveryCase(t *testing.T) {
	t.Parallel()
	self, err := target.StartSelf(context.Background(), "7704358518")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, self.Stop()) })
	runner := &conformance.Runner{Target: self, OFD: "7704358518", Master: model.TestMasterKey(), Seed: 1,
		Start: time.Date(2026, 8, 1, 9, 0, 0, 0, time.UTC)}
	summary := runner.Run(context.Background(), cases.All())
	for _, r := range summary.Results {
		assert.Equal(t, conformance.Pass, r.Outcome, "%s %s %s: %+v", r.ID, r.Path, r.Reason, failed(r))
	}
	assert.Len(t, summary.Results, len(cases.All()))
	assert.True(t, summary.Conformant())
}

func failed(r conformance.Result) (bad []conformance.Check) {
	for _, c := range r.Checks {
		if !c.OK {
			bad = append(bad, c)
		}
	}
	return bad
}
