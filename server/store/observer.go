package store

import "time"

// Observer hears how the writer of a store works, for metrics and for whoever must
// know whether the store takes anything. Calls come from the writer itself: they must
// be quick and must not call the store. A store with several writers calls from each.
type Observer interface {
	// GroupBegins: a transaction of so many works is being written.
	GroupBegins(works int)
	// GroupEnds: it is on disk, or nothing of it is (err).
	GroupEnds(works int, took time.Duration, err error)
}

// Observable is a store that tells an observer of its transactions; the last one set
// is told. Every engine is one.
type Observable interface {
	Observe(o Observer)
}
