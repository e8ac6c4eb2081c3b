// Package headroom gives the garbage collector of a server room: a process whose live
// memory is small and whose connections are many would else collect many times a second
// and walk all stacks each time. It holds no limit of memory: GOMEMLIMIT is for that.
package headroom

import (
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// Default is how much a server may allocate between two collections when little of it
// stays alive.
const Default = 128 << 20

// usual is the percentage of Go, below which the room is never made smaller.
const usual = 100

// Keep sets the collector, after every collection anew, so that the next comes when
// room bytes were allocated or the live memory was doubled, whichever is more. It does
// nothing when the environment sets GOGC or GOMEMLIMIT: somebody knows better. stop,
// which may be nil, brings the usual percentage back.
func Keep(room uint64) (stop func()) {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return nil
	}
	k := &keeper{room: room, percent: usual}
	k.adjust()
	k.watch()
	return func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		if !k.stopped {
			k.stopped = true
			debug.SetGCPercent(usual)
		}
	}
}

type keeper struct {
	room uint64

	mu      sync.Mutex
	percent int // in force
	stopped bool
}

// mark is garbage that tells of collections.
type mark struct {
	k *keeper
	_ [16]byte // not among the tiny ones, which share their memory with others
}

// watch has adjust called after the next collection, and so on.
func (k *keeper) watch() {
	runtime.SetFinalizer(&mark{k: k}, func(m *mark) {
		if m.k.adjust() {
			m.k.watch()
		}
	})
}

// adjust reports whether to go on.
func (k *keeper) adjust() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.stopped {
		return false
	}
	// Setting it stops the world: small changes are not worth that.
	if want := percent(k.room, rooted()); math.Abs(float64(want-k.percent)) > float64(k.percent)/8 {
		k.percent = want
		debug.SetGCPercent(want)
	}
	return true
}

// percent of the memory that a collection begins from which is room.
func percent(room, rooted uint64) int {
	const most = 10_000
	return int(min(max(room*100/max(rooted, 1), usual), most))
}

// rooted is what the percentage counts from: live heap, stacks and globals, in bytes.
func rooted() (n uint64) {
	all := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/scan/stack:bytes"}, {Name: "/gc/scan/globals:bytes"}}
	metrics.Read(all)
	for _, s := range all {
		if s.Value.Kind() == metrics.KindUint64 {
			n += s.Value.Uint64()
		}
	}
	return n
}
