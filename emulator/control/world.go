package control

import (
	"sync"
	"time"

	"github.com/fiscalbench/fiscalbench/emulator"
)

// world is a register with all that was made for it; a setup makes another.
type world struct {
	reg     *emulator.Emulator
	options emulator.Options // that reg was made with
	watch   *watch
	record  *record // nil: nothing is recorded
}

func (w *world) close() error {
	err := w.reg.Close()
	if w.record != nil {
		w.record.close()
	}
	return err
}

// watch is a wall clock and the timer that a drive under power counts by.
type watch struct {
	base func() time.Time // nil: the clock stands still at start unless it is advanced

	mu    sync.Mutex
	start time.Time
	ahead time.Duration // of the clock
	power time.Duration // that advancing added to the timer
}

func (w *watch) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.base == nil {
		return w.start.Add(w.ahead)
	}
	return w.base().Add(w.ahead)
}

// on is how long the drive has had power since the setup.
func (w *watch) on() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.base == nil {
		return w.power
	}
	return w.base().Sub(w.start) + w.power
}

// advance moves the clock, and the timer unless the clock alone is set.
func (w *watch) advance(d time.Duration, clockOnly bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ahead += d
	if !clockOnly {
		w.power += d
	}
}
