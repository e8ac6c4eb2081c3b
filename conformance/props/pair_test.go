package props_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/fiscalbench/fiscalbench/conformance/props"
	"github.com/fiscalbench/fiscalbench/conformance/target"
)

// operator starts the built-in operator with its clock after every life.
func operator(t *testing.T) *target.Self {
	t.Helper()
	self, err := target.StartSelf(t.Context(), "7704358518")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, self.Stop()) })
	require.NoError(t, self.SetClock(t.Context(), props.LateClock))
	return self
}

// A register and its operator keep the papers together: whatever breaks between them,
// what is confirmed is stored, and nothing is lost or doubled.
func TestPair_LivesByThePapers(t *testing.T) {
	t.Parallel()
	trace := &props.Trace{Name: "pair"}
	tell(t, trace)
	op := operator(t)
	rapid.Check(t, func(rt *rapid.T) { props.PairLife(context.Background(), rt, trace, op, props.Breaker{}) })
}
