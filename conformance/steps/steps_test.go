package steps_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/steps"
)

// TestFeatures plays every feature file of the program.
func TestFeatures(t *testing.T) {
	t.Parallel()
	s, err := steps.Run(context.Background(), steps.Options{Seed: 1})
	require.NoError(t, err)
	for _, r := range s.Results {
		t.Run(r.File+"/"+r.Name, func(t *testing.T) {
			assert.Equal(t, conformance.Pass, r.Outcome, "%s:%d: %s: %s\n%s", r.File, r.Line, r.Step, r.Reason, r.Explained)
		})
	}
	assert.True(t, s.Conformant())
}
