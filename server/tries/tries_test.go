package tries_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/server/store/office/officetest"
	"github.com/fiscalbench/fiscalbench/server/tries"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	officetest.Tries(t, func(*testing.T) tries.Store { return &tries.Memory{} })
}

// watched notes what a store is asked.
type watched struct {
	tries.Memory
	subjects []string
	sweeps   int
	fail     error
}

func (w *watched) Try(ctx context.Context, subject string, now time.Time, window time.Duration) (int, time.Time, error) {
	w.subjects = append(w.subjects, subject)
	if w.fail != nil {
		return 0, time.Time{}, w.fail
	}
	return w.Memory.Try(ctx, subject, now, window)
}

func (w *watched) DropTries(ctx context.Context, before time.Time) (int64, error) {
	w.sweeps++
	return w.Memory.DropTries(ctx, before)
}

// CAB-032, OPR-062: so many tries in a window, on whichever server.
func TestLimits_OfAllServers(t *testing.T) {
	t.Parallel()
	base, ctx := &watched{}, context.Background()
	now := time.Unix(1_000_000, 0)
	clock := func() time.Time { return now }
	servers := []*tries.Limits{tries.New(base, clock), tries.New(base, clock)}
	take := func(n int) error { return servers[n%2].Take(ctx, "login ivan@x.example", 5, time.Minute) }
	for n := range 5 {
		require.NoError(t, take(n))
		now = now.Add(time.Second)
	}
	var many *tries.TooMany
	for n := range 2 {
		require.ErrorAs(t, take(n), &many)
		assert.Equal(t, 55*time.Second, many.Wait)
	}
	asked := len(base.subjects)
	for n := range 10 {
		require.ErrorAs(t, take(n), &many)
	}
	assert.Len(t, base.subjects, asked, "what is used up needs no store")
	require.NoError(t, servers[0].Take(ctx, "login olga@x.example", 5, time.Minute), "another name")
	now = now.Add(-time.Hour)
	require.NoError(t, take(0), "a bench's clock went back")
	now = now.Add(time.Hour + 55*time.Second)
	require.NoError(t, take(1), "a new window")
	require.NoError(t, servers[1].Forget(ctx, "login ivan@x.example"))
	for n := range 5 {
		require.NoError(t, take(n), "a good try ends the count")
	}
	require.ErrorAs(t, take(0), &many)
	for _, s := range base.subjects {
		assert.Len(t, s, 64)
		assert.False(t, strings.Contains(s, "ivan"), "nobody's name is kept")
	}
	assert.Positive(t, base.sweeps, "windows that are over go")
	base.fail = errors.New("the base is away")
	require.ErrorIs(t, servers[0].Take(ctx, "x", 1, time.Minute), base.fail, "who cannot count lets nobody in")
}
