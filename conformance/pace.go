package conformance

import (
	"context"
	"sync/atomic"
	"time"
)

// The built-in ends have their time limits shortened a hundredfold and more, so that a
// machine with too much to do can keep an end from keeping its time. The monitor
// notices that, and what failed meanwhile is run again with longer limits.

// How a starved machine is known, and what is done about it.
const (
	beat    = 4 * time.Millisecond  // how often the monitor wants to wake up
	starved = 12 * time.Millisecond // so late it is starved: an end's shortest limit is some hundred
	slower  = 4.0                   // how much longer the limits are at each further try
)

// monitor measures how late the machine wakes a sleeper.
type monitor struct {
	last atomic.Int64 // when it was starved last, nanoseconds since the start
	from time.Time
}

// watch measures until ctx ends.
func (m *monitor) watch(ctx context.Context) {
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	before := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := time.Now()
		if now.Sub(before) > beat+starved {
			m.last.Store(int64(now.Sub(m.from)))
		}
		before = now
	}
}

// since reports whether the machine was starved after a moment.
func (m *monitor) since(t time.Time) bool {
	last := m.last.Load()
	return last > 0 && m.from.Add(time.Duration(last)).After(t)
}

// patiently runs a job, and again with longer limits as long as it does not end well
// while the machine was starved and may be repeated at all.
func (r *Runner) patiently(ctx context.Context, j job, m *monitor) Result {
	start := time.Now()
	result := r.one(ctx, j, 1)
	for pace, again := slower, 0; again < r.Again; pace, again = pace*slower, again+1 {
		if !r.repeatable(&j.c) || ctx.Err() != nil || !m.since(start) {
			break
		}
		switch result.Outcome {
		case Pass, Skip:
			return result
		}
		start = time.Now()
		took := result.Took
		result = r.one(ctx, j, pace)
		result.Took += took
	}
	return result
}

// repeatable reports whether a case begins anew each time: with a register of its own,
// or an empty store.
func (r *Runner) repeatable(c *Case) bool {
	return c.Party() != OFD || c.Needs&(NeedsSettings|NeedsFresh) != 0
}
