// Package tries bounds how often something may be tried: passwords of a name, receipts
// asked for from an address. The counts are kept in a Store that all servers of a base
// share, so that another server is no other chance.
//
// It knows neither what is tried nor who tries.
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
	// Try counts a try for the subject at now and tells how many there were in its
	// window and when that ends. A window begins with the first try and is as long as
	// that one said; one that is over, or that began after now (a bench's clock may go
	// back), gives way to a new one. Tries at the same time are all counted.
	Try(ctx context.Context, subject string, now time.Time, window time.Duration) (tries int, ends time.Time, err error)
	// ForgetTries ends the subject's window.
	ForgetTries(ctx context.Context, subject string) error
	// DropTries removes windows that were over before.
	DropTries(ctx context.Context, before time.Time) (int64, error)
}

// TooMany refuses a try.
type TooMany struct{ Wait time.Duration }

func (e *TooMany) Error() string { return "tries: too many, wait " + e.Wait.String() }

// Limits counts tries in a store. Its methods are safe for concurrent use.
type Limits struct {
	store Store
	now   func() time.Time

	mu      sync.Mutex
	refused map[string]ending // known here to be used up: the store need not be asked
	swept   time.Time
}

type ending struct{ since, until time.Time }

// New makes limits; without a store they count in this process alone.
func New(s Store, now func() time.Time) *Limits {
	if s == nil {
		s = &Memory{}
	}
	return &Limits{store: s, now: now, refused: map[string]ending{}}
}

const (
	sweepEvery = 10 * time.Minute
	maxRefused = 100_000 // remembered here
)

// Take counts a try for the key and fails with *TooMany when there were n before it in
// the window.
func (l *Limits) Take(ctx context.Context, key string, n int, window time.Duration) error {
	subject, now := subjectOf(key), l.now()
	if wait := l.known(subject, now); wait > 0 {
		return &TooMany{wait}
	}
	tries, ends, err := l.store.Try(ctx, subject, now, window)
	if err != nil {
		return err
	}
	if tries <= n {
		return l.sweep(ctx, now)
	}
	l.remember(subject, now, ends)
	return &TooMany{max(ends.Sub(now), time.Second)}
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

// sweep drops what is over, now and then.
func (l *Limits) sweep(ctx context.Context, now time.Time) error {
	l.mu.Lock()
	due := now.Sub(l.swept).Abs() >= sweepEvery
	if due {
		l.swept = now
	}
	l.mu.Unlock()
	if !due {
		return nil
	}
	_, err := l.store.DropTries(ctx, now)
	return err
}

// subjectOf keeps names and addresses of people out of the store.
func subjectOf(key string) string {
	h := sha256.Sum256([]byte(key))
	return hex.EncodeToString(h[:])
}
