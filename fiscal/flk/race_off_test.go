//go:build !race

package flk

// raceEnabled: the race detector makes sync.Pool forget, on purpose.
const raceEnabled = false
