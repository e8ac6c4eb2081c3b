//go:build !race

package props_test

// Lives per machine, and which share of the mistakes is hunted without TORTURE: each n-th.
const (
	someLives  = "40"
	diskLives  = 12
	driveShare = 1
	tillShare  = 3
)
