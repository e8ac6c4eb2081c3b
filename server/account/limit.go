package account

import (
	"sync"
	"time"
)

// limits bound tries of a kind from one place or for one name: so many in a window.
// They live in this process: several servers behind one address multiply them.
type limits struct {
	now func() time.Time
	mu  sync.Mutex
	at  map[string][]time.Time
}

const (
	loginTries  = 10
	loginWindow = 15 * time.Minute
	maxPlaces   = 100_000 // remembered; the map is emptied of old ones when it is full
)

func newLimits(now func() time.Time) *limits { return &limits{now: now, at: map[string][]time.Time{}} }

// take notes a try for key and refuses it when there were n in the window.
func (l *limits) take(key string, n int, window time.Duration) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if len(l.at) >= maxPlaces {
		for k, tries := range l.at {
			if now.Sub(tries[len(tries)-1]) > window {
				delete(l.at, k)
			}
		}
	}
	tries := l.at[key]
	for len(tries) > 0 && now.Sub(tries[0]) > window {
		tries = tries[1:]
	}
	if len(tries) >= n {
		return &Refused{Reason: TooMany, Wait: window - now.Sub(tries[0])}
	}
	l.at[key] = append(tries, now)
	return nil
}

// forget ends the count for key: the try was a good one.
func (l *limits) forget(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.at, key)
}
