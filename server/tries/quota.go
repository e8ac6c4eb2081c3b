package tries

import (
	"context"
	"sync"
	"time"
)

// Quota counts frequent tries, so many within any window: it takes some from the store
// in advance and gives them out here. What it took is good until the end of a slot, a
// twentieth of the window, and counts from there on: a caller who asks evenly gets 20/21
// of the quota at least, one who asks in a burst all of it. What was not given out goes
// back with the next taking; a server that is not asked any more leaves it to time.
//
// Its methods are safe for concurrent use.
type Quota struct {
	store  Store
	now    func() time.Time
	of     int
	window time.Duration
	slot   time.Duration
	sweep  sweeper

	mu   sync.Mutex
	held map[string]*lease
}

// slots in a window.
const slots = 20

// NewQuota lets through so many in any window; without a store it counts in this
// process alone.
func NewQuota(s Store, now func() time.Time, of int, window time.Duration) *Quota {
	if s == nil {
		s = &Memory{}
	}
	return &Quota{store: s, now: now, of: of, window: window, slot: max(window/slots, 1), held: map[string]*lease{}}
}

// lease is what this process took of a subject's quota.
type lease struct {
	mu      sync.Mutex // whoever comes meanwhile waits for what the store gives
	until   time.Time  // end of the slot
	unspent int
	spent   int // in the slot
	before  int // in the slot before
	left    int // in the store, when it was asked last
	free    time.Time
	refused bool // the store had none; until free
}

// Standing is how a caller stands after a try.
type Standing struct {
	// Left is how many more would be let through, as far as this process knows: what it
	// holds and what the store had when it was asked last, a slot ago at the most.
	Left int
	// Reset is how long until tries counted before begin to be given back.
	Reset time.Duration
	// Wait is zero when the try was let through, else how long until one may be.
	Wait time.Duration
}

// Take counts a try for the key.
func (q *Quota) Take(ctx context.Context, key string) (Standing, error) {
	subject, now := subjectOf(key), q.now()
	l := q.lease(subject, now)
	l.mu.Lock()
	defer l.mu.Unlock()
	ask := Ask{Subject: subject, Now: now, Window: q.window, Of: q.of}
	if end := now.Truncate(q.slot).Add(q.slot); !end.Equal(l.until) {
		ask.Back, ask.BackAt = l.unspent, l.until
		if l.before = 0; l.until.Add(q.slot).Equal(end) {
			l.before = l.spent
		}
		l.until, l.spent, l.unspent = end, 0, 0
	}
	wait := l.free.Sub(now)
	if l.refused = l.refused && wait > 0 && wait <= q.window+q.slot; l.refused {
		return Standing{Reset: wait, Wait: wait}, nil
	}
	if l.unspent == 0 {
		ask.At, ask.Want = l.until, l.want()
		got, err := q.store.Take(ctx, ask)
		if err != nil {
			return Standing{}, err
		}
		l.unspent, l.left, l.free = got.Got, got.Left, got.Free
		if got.Got == 0 {
			l.refused = true
			wait := max(got.Free.Sub(now), time.Second)
			return Standing{Reset: wait, Wait: wait}, nil
		}
		if err := q.sweep.sweep(ctx, q.store, now); err != nil {
			return Standing{}, err
		}
	}
	l.unspent--
	l.spent++
	return Standing{Left: l.unspent + l.left, Reset: max(l.free.Sub(now), 0)}, nil
}

// want is how many to take: as many as were needed lately, but half of what the store
// has left at the most, for other servers need some, too.
func (l *lease) want() int {
	want := l.spent
	if want == 0 {
		want = l.before
	}
	return max(1, min(want, l.left/2))
}

// lease finds what is held for the subject.
func (q *Quota) lease(subject string, now time.Time) *lease {
	q.mu.Lock()
	defer q.mu.Unlock()
	l := q.held[subject]
	if l == nil {
		if len(q.held) >= maxSubjects {
			clear(q.held) // what was held stays counted
		}
		l = &lease{left: q.of}
		q.held[subject] = l
	}
	return l
}
