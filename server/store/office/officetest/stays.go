package officetest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/fleet"
)

// stays is the part of the contract about places that registers left.
func stays(t *testing.T, s fleet.Store, ctx context.Context) {
	const reg, other = fiscal.RegNumber("0000000001012345"), fiscal.RegNumber("0000000002054321")
	for _, id := range []string{"a", "b", "c"} {
		require.NoError(t, s.CreateNode(ctx, fleet.Node{ID: id, Org: "o", Kind: fleet.Outlet, Name: id}))
	}
	r := fleet.Register{Org: "o", RegID: reg, Name: "x", Outlet: "a", Groups: []string{}, Connected: epoch, Version: 1}
	require.NoError(t, s.CreateRegister(ctx, r))
	require.NoError(t, s.CreateRegister(ctx, fleet.Register{Org: "o", RegID: other, Name: "y", Connected: epoch, Version: 1}))
	require.NoError(t, s.CreateRegister(ctx, fleet.Register{Org: "other", RegID: reg, Name: "z", Connected: epoch, Version: 1}))
	left := func(org string) []fleet.Left {
		t.Helper()
		all, err := s.Left(ctx, org)
		require.NoError(t, err)
		return all
	}
	assert.Empty(t, left("o"))
	wall := func(minutes int) time.Time {
		return epoch.Truncate(time.Second).Add(time.Duration(minutes) * time.Minute)
	}
	move := func(to string, at time.Time, clock time.Time) error {
		was := r.Outlet
		r.Outlet = to
		err := s.MoveRegister(ctx, r, fleet.Left{RegID: reg, Outlet: was, At: at, Wall: clock})
		if err != nil {
			r.Outlet = was
			return err
		}
		r.Version++
		return nil
	}
	at := func(minutes int) time.Time { return epoch.Add(time.Duration(minutes) * time.Minute) }
	require.NoError(t, move("b", at(10), wall(190)))
	require.NoError(t, move("", at(20), wall(200)))
	got, err := s.Register(ctx, "o", reg)
	require.NoError(t, err)
	assert.Equal(t, r, got)
	want := []fleet.Left{{RegID: reg, Outlet: "a", At: at(10), Wall: wall(190)}, {RegID: reg, Outlet: "b", At: at(20), Wall: wall(200)}}
	assert.Equal(t, want, left("o"))
	assert.Empty(t, left("other"), "another organisation's register of the same number")

	// What was changed meanwhile moves nothing and keeps nothing.
	r.Version--
	require.ErrorIs(t, move("c", at(25), wall(205)), fleet.ErrStale)
	r.Version++
	assert.Equal(t, want, left("o"))
	require.ErrorIs(t, s.MoveRegister(ctx, fleet.Register{Org: "o", RegID: "9", Version: 1}, fleet.Left{RegID: "9", At: epoch}), fleet.ErrNotFound)

	// A register's clock does not go back, whatever the zones of the places are.
	require.NoError(t, move("c", at(30), wall(100)))
	want = append(want, fleet.Left{RegID: reg, At: at(30), Wall: wall(200)})
	assert.Equal(t, want, left("o"))
	// The clock of the bench may: what it has not come to yet is brought back to it.
	require.NoError(t, move("a", at(15), wall(195)))
	want[1].At, want[1].Wall = at(15), wall(195)
	want[2].At, want[2].Wall = at(15), wall(195)
	want = append(want, fleet.Left{RegID: reg, Outlet: "c", At: at(15), Wall: wall(195)})
	assert.Equal(t, want, left("o"))

	// A place of the past stays, and an empty one goes.
	require.ErrorIs(t, s.DeleteNode(ctx, "o", "b"), fleet.ErrStood)
	require.ErrorIs(t, s.DeleteNode(ctx, "o", "b"), fleet.ErrNotEmpty)
	require.NoError(t, s.CreateNode(ctx, fleet.Node{ID: "d", Org: "o", Kind: fleet.Outlet, Name: "d"}))
	require.NoError(t, s.DeleteNode(ctx, "o", "d"))
}
