// Package tries bounds how often something may be tried: passwords of a name, receipts
// asked for from an address, requests made with a key. The counts are kept in a Store that
// all servers of a base share, so that another server is no other chance.
//
// Limits count one by one; Quota counts in advance, so that not every request costs a
// write. Both are exact: in no interval of the window's length, wherever it begins, more
// than so many are let through, as long as clocks of servers agree and none goes back.
//
// The package knows neither what is tried nor who tries.
package tries

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"sync"
	"time"
)

// Store keeps counts. Every engine passes officetest.Tries.
type Store interface {
	// Take counts tries as Log.Take does, on the subject's log. Of those who take at the
	// same time each sees what the others took.
	Take(ctx context.Context, a Ask) (Answer, error)
	// ForgetTries empties the subject's log.
	ForgetTries(ctx context.Context, subject string) error
	// DropTries removes logs of which nothing counted any more before.
	DropTries(ctx context.Context, before time.Time) (int64, error)
}

// TooMany refuses a try.
type TooMany struct{ Wait time.Duration }

func (e *TooMany) Error() string { return "tries: too many, wait " + e.Wait.String() }

// Limits counts tries in a store. Its methods are safe for concurrent use.
type Limits struct {
	store Store
	now   func() time.Time
	sweep sweeper

	mu      sync.Mutex
	refused map[string]ending // known here to be used up: the store need not be asked
}

type ending struct{ since, until time.Time }

// New makes limits; without a store they count in this process alone.
func New(s Store, now func() time.Time) *Limits {
	if s == nil {
		s = &Memory{}
	}
	return &Limits{store: s, now: now, refused: map[string]ending{}}
}

// maxRefused is how many subjects are remembered here.
const maxRefused = 100_000

// Take counts a try for the key and fails with *TooMany when there were n before it
// within the window; one that fails is not counted.
func (l *Limits) Take(ctx context.Context, key string, n int, window time.Duration) error {
	subject, now := subjectOf(key), l.now()
	if wait := l.known(subject, now); wait > 0 {
		return &TooMany{wait}
	}
	got, err := l.store.Take(ctx, Ask{Subject: subject, Now: now, Window: window, Of: n, Want: 1})
	if err != nil {
		return err
	}
	if got.Got == 1 {
		return l.sweep.sweep(ctx, l.store, now)
	}
	l.remember(subject, now, got.Free)
	return &TooMany{max(got.Free.Sub(now), time.Second)}
}

// Forget ends the count for the key: the try was a good one.
func (l *Limits) Forget(ctx context.Context, key string) error {
	subject := subjectOf(key)
	l.mu.Lock()
	delete(l.refused, subject)
	l.mu.Unlock()
	return l.store.ForgetTries(ctx, subject)
}

// known is how long a subject is refused as far as this process knows.
func (l *Limits) known(subject string, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, ok := l.refused[subject]
	if !ok || !now.Before(e.until) || now.Before(e.since) {
		delete(l.refused, subject)
		return 0
	}
	return e.until.Sub(now)
}

func (l *Limits) remember(subject string, now, until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.refused) >= maxRefused {
		clear(l.refused) // the store knows
	}
	l.refused[subject] = ending{now, until}
}

// sweepEvery is how often a process drops what is over.
const sweepEvery = 10 * time.Minute

// sweeper drops what is over, now and then. The zero sweeper does so at once.
type sweeper struct {
	mu    sync.Mutex
	swept time.Time
}

func (s *sweeper) sweep(ctx context.Context, store Store, now time.Time) error {
	s.mu.Lock()
	due := now.Sub(s.swept).Abs() >= sweepEvery
	if due {
		s.swept = now
	}
	s.mu.Unlock()
	if !due {
		return nil
	}
	_, err := store.DropTries(ctx, now)
	return err
}

// subjectOf keeps names and addresses of people out of the store.
func subjectOf(key string) string {
	h := sha256.Sum256([]byte(key))
	return hex.EncodeToString(h[:])
}
