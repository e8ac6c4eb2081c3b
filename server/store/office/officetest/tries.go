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
	t.Run("Windows", func(t *testing.T) {
		t.Parallel()
		s, ctx := open(t), context.Background()
		try := func(subject string, after time.Duration) (int, time.Duration) {
			t.Helper()
			n, ends, err := s.Try(ctx, subject, epoch.Add(after), time.Minute)
			require.NoError(t, err)
			return n, ends.Sub(epoch)
		}
		for i := range 3 {
			n, ends := try("a", time.Duration(i)*time.Second)
			assert.Equal(t, i+1, n)
			assert.Equal(t, time.Minute, ends, "of the first try")
		}
		n, _ := try("b", 0)
		assert.Equal(t, 1, n, "another subject")
		n, _ = try("a", time.Minute-1)
		assert.Equal(t, 4, n)
		n, ends := try("a", time.Minute)
		assert.Equal(t, 1, n, "a new window")
		assert.Equal(t, 2*time.Minute, ends)
		n, _ = try("a", -time.Hour)
		assert.Equal(t, 1, n, "the clock went back")
		require.NoError(t, s.ForgetTries(ctx, "a"))
		require.NoError(t, s.ForgetTries(ctx, "a"), "twice is once")
		n, _ = try("a", -time.Hour+1)
		assert.Equal(t, 1, n)
		dropped, err := s.DropTries(ctx, epoch)
		require.NoError(t, err)
		assert.EqualValues(t, 1, dropped, "the one of an hour ago")
		n, _ = try("b", 1)
		assert.Equal(t, 2, n)
	})
	t.Run("EachIsCounted", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		var wait sync.WaitGroup
		var let atomic.Int64
		for range 20 {
			wait.Go(func() {
				n, _, err := s.Try(context.Background(), "a", epoch, time.Minute)
				if assert.NoError(t, err) && n <= 5 {
					let.Add(1)
				}
			})
		}
		wait.Wait()
		assert.EqualValues(t, 5, let.Load())
	})
}
