package clock_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/internal/clock"
)

var noon = time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)

// SIM-11: the clock is moved, set and returned, and goes on with its base.
func TestClock_MovesAndGoesOn(t *testing.T) {
	t.Parallel()
	base := noon
	c := clock.New(func() time.Time { return base })
	assert.Equal(t, noon, c.Now())
	require.NoError(t, c.Move(24*time.Hour))
	require.NoError(t, c.Move(-time.Hour))
	assert.Equal(t, noon.Add(23*time.Hour), c.Now())
	base = base.Add(time.Minute)
	assert.Equal(t, noon.Add(23*time.Hour+time.Minute), c.Now())
	require.NoError(t, c.Set(noon.AddDate(0, 0, -3)))
	assert.Equal(t, noon.AddDate(0, 0, -3), c.Now())
	require.ErrorIs(t, c.Move(clock.Farthest+100*time.Hour), clock.ErrTooFar)
	assert.Equal(t, noon.AddDate(0, 0, -3), c.Now(), "a refused move moves nothing")
	c.Reset()
	assert.Equal(t, base, c.Now())
	assert.Zero(t, c.Moved())
}

// SIM-11
func TestClock_DoesWhatIsAsked(t *testing.T) {
	t.Parallel()
	for name, one := range map[string]struct {
		ask  clock.Request
		want time.Duration
		err  string
	}{
		"hours":    {clock.Request{Move: "24h"}, 24 * time.Hour, ""},
		"days":     {clock.Request{Move: "-3d"}, -72 * time.Hour, ""},
		"set":      {clock.Request{Set: "2026-08-01T16:00:00+03:00"}, time.Hour, ""},
		"reset":    {clock.Request{Reset: true}, 0, ""},
		"nothing":  {clock.Request{}, 0, "want one of"},
		"two":      {clock.Request{Move: "1h", Reset: true}, 0, "want one of"},
		"no unit":  {clock.Request{Move: "24"}, 0, "want a duration"},
		"days 1.5": {clock.Request{Move: "1.5d"}, 0, "want a duration"},
		"too far":  {clock.Request{Move: "9000d"}, 0, "farther than"},
		"no zone":  {clock.Request{Set: "2026-08-01T16:00:00"}, 0, "want a moment"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := clock.New(func() time.Time { return noon })
			state, err := c.Do(one.ask)
			assert.Equal(t, one.want, c.Moved())
			if one.err != "" {
				require.ErrorContains(t, err, one.err)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, noon.Add(one.want), state.Now)
		})
	}
}

func TestClock_TellsThoseWhoWatch(t *testing.T) {
	t.Parallel()
	c := clock.New(nil)
	ctx, cancel := context.WithCancel(t.Context())
	seen := c.Watch(ctx)
	for range 3 {
		require.NoError(t, c.Move(time.Hour))
		_, open := <-seen
		require.True(t, open)
	}
	require.NoError(t, c.Move(0))
	cancel()
	_, open := <-seen
	assert.False(t, open, "no move, no signal")
}
