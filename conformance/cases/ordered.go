package cases

import (
	"cmp"
	"iter"
	"maps"
	"slices"
)

// ordered goes through a map by its keys, the least first: the same seed must give
// the same bytes and the same results, and a map has no order of its own.
func ordered[K cmp.Ordered, V any](m map[K]V) iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		for _, k := range slices.Sorted(maps.Keys(m)) {
			if !yield(k, m[k]) {
				return
			}
		}
	}
}
