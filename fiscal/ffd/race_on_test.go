//go:build race

package ffd

// raceFactor is how much slower the race detector makes code.
const raceFactor = 10
