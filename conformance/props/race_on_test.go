//go:build race

package props_test

// Lives per machine, and which share of the mistakes is hunted without TORTURE: each n-th.
// The race detector makes all of it ten times as dear.
const (
	someLives  = "5"
	diskLives  = 1
	driveShare = 4
	tillShare  = 12
)
