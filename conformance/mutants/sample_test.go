package mutants_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/conformance/mutants"
)

// sample are mutants that need no binary of their own, so that every run of the tests
// sees the measuring work.
var sample = []string{"fault/reply.bad-sign", "fault/reply.wrong-fd/text", "E-13/code11", "E-20/close", "M-03/off"}

// TestSample: a few mutants are noticed by the cases that must, and the same cases are
// green without them.
func TestSample(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	require.NoError(t, err)
	r := &mutants.Runner{Root: root, Dir: t.TempDir(), Reference: self, Seed: seed, Parallel: 2, Quick: true}
	var some []mutants.Mutant
	var cases []string
	for _, id := range sample {
		m, ok := mutants.Find(id)
		require.True(t, ok, id)
		some = append(some, m)
		cases = append(cases, m.By...)
	}
	for _, o := range r.Run(t.Context(), some) {
		assert.Empty(t, o.Error, o.ID)
		assert.True(t, o.Killed(), "%s survived", o.ID)
		assert.Empty(t, o.Missing, o.ID)
	}
	j, err := r.Ask(t.Context(), self, mutants.Order{Suite: mutants.OFD, Only: cases, Seed: seed})
	require.NoError(t, err)
	assert.Empty(t, j.Red)
	assert.NotZero(t, j.Ran)
}
