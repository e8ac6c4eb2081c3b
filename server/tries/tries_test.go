package tries_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

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
	mu       sync.Mutex
	subjects []string
	sweeps   int
	fail     error
}

func (w *watched) Take(ctx context.Context, a tries.Ask) (tries.Answer, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.subjects = append(w.subjects, a.Subject)
	if w.fail != nil {
		return tries.Answer{}, w.fail
	}
	return w.Memory.Take(ctx, a)
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
	now = now.Add(55 * time.Second)
	require.NoError(t, take(0), "the first counts no more")
	require.ErrorAs(t, take(1), &many)
	assert.Equal(t, time.Second, many.Wait, "the second does")
	now = now.Add(-time.Hour)
	require.NoError(t, take(0), "a bench's clock went back")
	now = now.Add(time.Hour)
	require.NoError(t, servers[1].Forget(ctx, "login ivan@x.example"))
	for n := range 5 {
		require.NoError(t, take(n), "a good try ends the count")
	}
	require.ErrorAs(t, take(0), &many)
	for _, s := range base.subjects {
		assert.Len(t, s, 64)
		assert.False(t, strings.Contains(s, "ivan"), "nobody's name is kept")
	}
	assert.Positive(t, base.sweeps, "logs that are over go")
	base.fail = errors.New("the base is away")
	require.ErrorIs(t, servers[0].Take(ctx, "x", 1, time.Minute), base.fail, "who cannot count lets nobody in")
	_, err := tries.NewQuota(base, clock, 1, time.Minute).Take(ctx, "x")
	require.ErrorIs(t, err, base.fail)
}

// within counts moments in the window that ends with now, which counts itself.
func within(passed []time.Time, now time.Time, window time.Duration) (n int) {
	for _, at := range passed {
		if at.After(now.Add(-window)) && !at.After(now) {
			n++
		}
	}
	return n
}

// In any interval of the window's length, wherever it begins, no more than n pass; and
// nobody is refused who could have passed, nor longer than was said.
func TestLimits_NoIntervalHasMore(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		const window = time.Minute
		n, ctx := rapid.IntRange(1, 6).Draw(t, "n"), context.Background()
		now := time.Unix(1_000_000, int64(rapid.IntRange(0, 1e9-1).Draw(t, "begun")))
		base := &tries.Memory{}
		var servers []*tries.Limits
		for range rapid.IntRange(1, 3).Draw(t, "servers") {
			servers = append(servers, tries.New(base, func() time.Time { return now }))
		}
		var passed []time.Time
		for range rapid.IntRange(1, 60).Draw(t, "tries") {
			// Often just before and after the edges of windows.
			now = now.Add(rapid.SampledFrom([]time.Duration{0, 1, time.Second, window / 2, window - 2*time.Second, window - 1, window, window / 7}).Draw(t, "pause"))
			err := rapid.SampledFrom(servers).Draw(t, "server").Take(ctx, "x", n, window)
			var many *tries.TooMany
			if err == nil {
				passed = append(passed, now)
				require.LessOrEqual(t, within(passed, now, window), n)
				continue
			}
			require.ErrorAs(t, err, &many)
			require.Equal(t, n, within(passed, now, window), "refused while there was room")
			require.Less(t, within(passed, now.Add(many.Wait), window), n, "to wait %s is not enough", many.Wait)
		}
	})
}

// The same of a quota, however many servers lease of it; and whoever waits as long as
// told is let through.
func TestQuota_NoIntervalHasMore(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		const window = time.Minute
		of, ctx := rapid.IntRange(1, 80).Draw(t, "of"), context.Background()
		now := time.Unix(1_000_000, int64(rapid.IntRange(0, 1e9-1).Draw(t, "begun")))
		base := &tries.Memory{}
		var servers []*tries.Quota
		for range rapid.IntRange(1, 3).Draw(t, "servers") {
			servers = append(servers, tries.NewQuota(base, func() time.Time { return now }, of, window))
		}
		var passed []time.Time
		for range rapid.IntRange(1, 300).Draw(t, "tries") {
			if rapid.IntRange(0, 5).Draw(t, "quick") == 0 {
				now = now.Add(rapid.SampledFrom([]time.Duration{1, 500 * time.Millisecond, 3 * time.Second, 20 * time.Second, window - 1, window}).Draw(t, "pause"))
			}
			q := rapid.SampledFrom(servers).Draw(t, "server")
			s, err := q.Take(ctx, "x")
			require.NoError(t, err)
			if s.Wait == 0 {
				passed = append(passed, now)
				n := within(passed, now, window)
				require.LessOrEqual(t, n, of)
				require.LessOrEqual(t, s.Left, of-1)
				if len(servers) == 1 {
					require.LessOrEqual(t, s.Left, of-n, "more promised than there is")
				}
				continue
			}
			require.Zero(t, s.Left)
			if len(passed) > 0 && len(servers) == 1 {
				require.GreaterOrEqual(t, within(passed, now, window+window/10), of*2/3, "refused with much of it unspent")
			}
			if rapid.Bool().Draw(t, "waits") {
				now = now.Add(s.Wait)
				s, err = q.Take(ctx, "x")
				require.NoError(t, err)
				require.Zero(t, s.Wait, "waited in vain")
				passed = append(passed, now)
				require.LessOrEqual(t, within(passed, now, window), of)
			}
		}
	})
}

// A burst gets the whole quota for a few writes; an even caller nearly all of it.
func TestQuota_FewWrites(t *testing.T) {
	t.Parallel()
	ctx, now := context.Background(), time.Unix(1_000_000, 0)
	clock := func() time.Time { return now }
	base := &watched{}
	q := tries.NewQuota(base, clock, 600, time.Minute)
	for n := range 600 {
		s, err := q.Take(ctx, "x")
		require.NoError(t, err)
		require.Zero(t, s.Wait)
		require.Equal(t, 599-n, s.Left)
	}
	assert.LessOrEqual(t, len(base.subjects), 40, "of 600")
	s, err := q.Take(ctx, "x")
	require.NoError(t, err)
	assert.Equal(t, 0, s.Left)
	assert.Greater(t, s.Wait, 59*time.Second)
	assert.LessOrEqual(t, s.Wait, 63*time.Second)
	asked := len(base.subjects)
	for range 100 {
		s, err := q.Take(ctx, "x")
		require.NoError(t, err)
		require.Positive(t, s.Wait)
	}
	assert.Len(t, base.subjects, asked, "what is used up needs no store")

	// Ten minutes in turn on two servers: all of the quota evenly, and half of it.
	servers := []*tries.Quota{q, tries.NewQuota(base, clock, 600, time.Minute)}
	for _, c := range []struct {
		every       time.Duration
		let, writes int
	}{{100 * time.Millisecond, 5600, 2000}, {200 * time.Millisecond, 3000, 800}} {
		base.subjects = nil
		now = now.Add(time.Hour)
		let := 0
		for n := range int(10 * time.Minute / c.every) {
			s, err := servers[n%2].Take(ctx, "x")
			require.NoError(t, err)
			if s.Wait == 0 {
				let++
			}
			now = now.Add(c.every)
		}
		t.Logf("every %s: %d let through, %d writes", c.every, let, len(base.subjects))
		assert.GreaterOrEqual(t, let, c.let)
		assert.LessOrEqual(t, len(base.subjects), c.writes)
	}

	// A clock that goes back by far begins anew.
	now = now.Add(-24 * time.Hour)
	s, err = q.Take(ctx, "x")
	require.NoError(t, err)
	assert.Equal(t, 599, s.Left)
}

// Requests at the same moment are counted each.
func TestQuota_AtOnce(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_000_000, 0)
	q := tries.NewQuota(nil, func() time.Time { return now }, 50, time.Minute)
	var let, refused int
	var mu sync.Mutex
	var wait sync.WaitGroup
	for range 80 {
		wait.Go(func() {
			s, err := q.Take(context.Background(), "x")
			assert.NoError(t, err)
			mu.Lock()
			defer mu.Unlock()
			if s.Wait == 0 {
				let++
			} else {
				refused++
			}
		})
	}
	wait.Wait()
	assert.Equal(t, []int{50, 30}, []int{let, refused})
}

// Bytes of a store that are no log are refused, and logs come back as they were.
func TestParseLog(t *testing.T) {
	t.Parallel()
	l := tries.Log{{At: -5, N: 1}, {At: 7, N: 300}}
	got, err := tries.ParseLog(l.Bytes())
	require.NoError(t, err)
	assert.Equal(t, l, got)
	for _, bad := range [][]byte{{1}, l.Bytes()[:13], append(l.Bytes(), l.Bytes()...), make([]byte, 12)} {
		_, err := tries.ParseLog(bad)
		require.ErrorIs(t, err, tries.ErrBadLog)
	}
}

func FuzzParseLog(f *testing.F) {
	f.Add(tries.Log{{At: 1, N: 2}, {At: 3, N: 4}}.Bytes())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		if l, err := tries.ParseLog(b); err == nil {
			assert.Equal(t, b, append([]byte{}, l.Bytes()...))
		}
	})
}
