package officetest

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/server/tries"
)

// Tries is the contract of tries.Store. open gives an empty one.
func Tries(t *testing.T, open func(t *testing.T) tries.Store) {
	ctx := context.Background()
	moment := func(after time.Duration) time.Time { return epoch.Add(after) }
	t.Run("Slides", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		take := func(subject string, after time.Duration) (got, left int, free time.Duration) {
			t.Helper()
			a, err := s.Take(ctx, tries.Ask{Subject: subject, Now: moment(after), Window: time.Minute, Of: 3, Want: 1})
			require.NoError(t, err)
			return a.Got, a.Left, a.Free.Sub(epoch)
		}
		want := func(subject string, after time.Duration, got, left int, free time.Duration) {
			t.Helper()
			g, l, f := take(subject, after)
			assert.Equal(t, []any{got, left, free}, []any{g, l, f})
		}
		want("a", 0, 1, 2, time.Minute)
		want("a", 20*time.Second, 1, 1, time.Minute)
		want("a", 50*time.Second, 1, 0, time.Minute)
		want("b", 50*time.Second, 1, 2, 110*time.Second)
		want("a", time.Minute-1, 0, 0, time.Minute)
		want("a", time.Minute, 1, 0, 80*time.Second) // of the first alone
		want("a", time.Minute+1, 0, 0, 80*time.Second)
		want("a", 200*time.Second, 1, 2, 260*time.Second)
		want("a", 199*time.Second, 1, 1, 259*time.Second) // another server's clock is behind
		want("a", -time.Hour, 1, 2, time.Minute-time.Hour)
		require.NoError(t, s.ForgetTries(ctx, "a"))
		require.NoError(t, s.ForgetTries(ctx, "a"), "twice is once")
		want("a", 0, 1, 2, time.Minute)

		dropped, err := s.DropTries(ctx, moment(time.Minute))
		require.NoError(t, err)
		assert.EqualValues(t, 1, dropped, "a's")
		want("b", 51*time.Second, 1, 1, 110*time.Second)
	})
	t.Run("ManyAtOnce", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		take := func(a tries.Ask) tries.Answer {
			t.Helper()
			a.Subject, a.Window, a.Of = "a", time.Minute, 10
			got, err := s.Take(ctx, a)
			require.NoError(t, err)
			got.Free = got.Free.UTC()
			return got
		}
		later := moment(3 * time.Second)
		assert.Equal(t, tries.Answer{Got: 4, Left: 6, Free: later.Add(time.Minute)}, take(tries.Ask{Now: moment(0), At: later, Want: 4}))
		assert.Equal(t, tries.Answer{Got: 1, Left: 5, Free: later.Add(time.Minute)}, take(tries.Ask{Now: moment(1), At: later, Want: 1}))
		next := moment(6 * time.Second)
		assert.Equal(t, tries.Answer{Got: 7, Free: later.Add(time.Minute)}, take(tries.Ask{Now: moment(4 * time.Second), At: next, Want: 9, Back: 2, BackAt: later}), "as many as there is room for")
		assert.Equal(t, tries.Answer{Free: later.Add(time.Minute)}, take(tries.Ask{Now: moment(5 * time.Second), At: next, Want: 1, Back: 5, BackAt: moment(77)}), "what was never taken cannot go back")
		assert.Equal(t, tries.Answer{Left: 7, Free: later.Add(time.Minute)}, take(tries.Ask{Now: moment(5 * time.Second), Back: 9, BackAt: next}))
		assert.Equal(t, tries.Answer{Left: 10}, take(tries.Ask{Now: later.Add(time.Minute)}))
	})
	t.Run("EachIsCounted", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		var wait sync.WaitGroup
		var let atomic.Int64
		for n := range 20 {
			wait.Go(func() {
				got, err := s.Take(ctx, tries.Ask{Subject: "a", Now: moment(time.Duration(n)), Window: time.Minute, Of: 5, Want: 1 + n%2})
				if assert.NoError(t, err) {
					let.Add(int64(got.Got))
				}
			})
		}
		wait.Wait()
		assert.EqualValues(t, 5, let.Load())
	})
}
