package benchingest

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// steadiness is how even the speed of a processor is while nothing else runs: what no
// latency of this machine can be better than.
type steadiness struct {
	Window  float64 `json:"windowMs"`
	Slow    float64 `json:"shareUnderHalfSpeed"` // of the windows
	Longest float64 `json:"longestSlowMs"`       // of slow windows in a row
	Worst   float64 `json:"worstSpeed"`          // of a window, as a part of the usual speed
}

// window of work whose speed is told from others.
const window = 10 * time.Millisecond

// steady hashes the same block again and again for a while.
func steady(during time.Duration) steadiness {
	var block [1024]byte
	var speeds []float64
	began := time.Now()
	for since, done := began, 0; since.Sub(began) < during; {
		for range 16 {
			sha256.Sum256(block[:])
			done++
		}
		if now := time.Now(); now.Sub(since) >= window {
			speeds = append(speeds, float64(done)/now.Sub(since).Seconds())
			since, done = now, 0
		}
	}
	return steadinessOf(speeds)
}

// steadinessOf compares the speeds of windows in a row with the usual one, the median.
func steadinessOf(speeds []float64) (s steadiness) {
	usual := slices.Sorted(slices.Values(speeds))[len(speeds)/2]
	s.Window, s.Worst = float64(window.Milliseconds()), slices.Min(speeds)/usual
	slow, row := 0, 0
	for _, speed := range speeds {
		row++
		if speed*2 >= usual {
			row = 0
			continue
		}
		slow++
		s.Longest = max(s.Longest, float64(row)*s.Window)
	}
	s.Slow = float64(slow) / float64(len(speeds))
	return s
}

func (s *steadiness) String() string {
	if s.Slow == 0 {
		return fmt.Sprintf("even, never under %.0f %% of its usual speed for %.0f ms", 100*s.Worst, s.Window)
	}
	return fmt.Sprintf("%.1f %% of its time under half of its usual speed, down to %.0f %%, for up to %.0f ms in a row", 100*s.Slow, 100*s.Worst, s.Longest)
}

func TestSteadiness(t *testing.T) {
	t.Parallel()
	assert.Equal(t, steadiness{Window: 10, Slow: 0.375, Longest: 20, Worst: 0.1}, steadinessOf([]float64{100, 40, 100, 10, 49, 100, 100, 100}))
	assert.Equal(t, steadiness{Window: 10, Worst: 0.5}, steadinessOf([]float64{100, 50, 100}))
}
