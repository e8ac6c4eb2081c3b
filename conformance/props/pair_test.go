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
	lives(t, "pair", func(rt *rapid.T, trace *props.Trace, op props.Operator) {
		props.PairLife(context.Background(), rt, trace, op, props.Breaker{})
	})
}

// An operator keeps, answers and repeats as the papers say, in whatever order and
// state documents come.
func TestServer_LivesByThePapers(t *testing.T) {
	t.Parallel()
	lives(t, "server", func(rt *rapid.T, trace *props.Trace, op props.Operator) {
		props.ServerLife(context.Background(), rt, trace, op)
	})
}

// lives lives many lives with a store in memory, and some with the built-in operator
// and its disk.
func lives(t *testing.T, name string, life func(*rapid.T, *props.Trace, props.Operator)) {
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		trace := &props.Trace{Name: name}
		tell(t, trace)
		op := inMemory(t, nil)
		rapid.Check(t, func(rt *rapid.T) { life(rt, trace, op) })
	})
	t.Run("disk", func(t *testing.T) {
		t.Parallel()
		trace := &props.Trace{Name: name}
		tell(t, trace)
		op := operator(t)
		n := 0
		rapid.Check(t, func(rt *rapid.T) {
			if n++; n > diskLives && !torture() && !t.Failed() && !trace.Broken() {
				return // lived enough: the disk is slow
			}
			life(rt, trace, op)
		})
	})
}
