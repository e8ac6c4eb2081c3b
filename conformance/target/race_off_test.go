//go:build !race

package target_test

const raced = false
