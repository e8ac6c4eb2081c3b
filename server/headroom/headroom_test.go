package headroom

import (
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPercent(t *testing.T) {
	t.Parallel()
	assert.Equal(t, 400, percent(128<<20, 32<<20), "the room over what is alive")
	assert.Equal(t, 100, percent(128<<20, 1<<30), "never less than usual")
	assert.Equal(t, 10_000, percent(128<<20, 1), "never without bound")
	assert.Equal(t, 10_000, percent(128<<20, 0))
}

// The collector follows the live memory: much room while it is small, the usual when
// it is large.
func TestKeep_FollowsLiveMemory(t *testing.T) { // not parallel: it sets what all share
	if os := envSet(); os != "" {
		t.Skip(os + " is set")
	}
	inForce := func() int {
		now := debug.SetGCPercent(usual)
		debug.SetGCPercent(now)
		return now
	}
	require.Equal(t, usual, inForce())
	stop := Keep(64 << 20)
	require.NotNil(t, stop)
	small := inForce()
	assert.Greater(t, small, 4*usual)
	live := make([]byte, 96<<20)
	require.Eventually(t, func() bool { runtime.GC(); return inForce() == usual }, patience, poll)
	runtime.KeepAlive(live)
	live = nil
	require.Eventually(t, func() bool { runtime.GC(); return inForce() > 4*usual }, patience, poll)
	stop()
	assert.Equal(t, usual, inForce())
	stop()
}

func TestKeep_LeavesSettingsOfTheEnvironment(t *testing.T) {
	t.Setenv("GOGC", "50")
	assert.Nil(t, Keep(Default))
}
