//go:build race

package target_test

// raced: the race detector makes everything ten times slower, so fewer variants run.
const raced = true
