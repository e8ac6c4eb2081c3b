package receiptcheck

import (
	"fmt"
	"sync"
	"time"
)

// TooMany refuses a try: there were too many from the address (OPR-062).
type TooMany struct{ Wait time.Duration }

func (e *TooMany) Error() string {
	return fmt.Sprintf("receiptcheck: too many tries, wait %s", e.Wait)
}

// Allow notes a try from an address and fails with *TooMany when there were too many.
// Callers ask before each Find.
func (s *Service) Allow(address string) error {
	return s.limits.take("check "+address, s.o.Tries, s.o.Window)
}

// Letters of receipts that one address may ask for, and that one mailbox may get
// this way, in lettersWindow.
const (
	letters       = 5
	lettersWindow = 10 * time.Minute
)

// AllowLetter notes a letter that somebody at the address asks for, to a mailbox, and
// fails with *TooMany: nobody's mailbox is to be filled from here.
func (s *Service) AllowLetter(address, mailbox string) error {
	if err := s.limits.take("from "+address, letters, lettersWindow); err != nil {
		return err
	}
	return s.limits.take("to "+mailbox, letters, lettersWindow)
}

// maxPlaces are remembered; the map is emptied of old ones when it is full, and of
// all when that does not help.
const maxPlaces = 100_000

// limits count tries. They live in this process: several servers multiply them.
type limits struct {
	now func() time.Time
	mu  sync.Mutex
	at  map[string][]time.Time
}

func (l *limits) take(key string, n int, window time.Duration) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	old := func(t time.Time) bool { return now.Sub(t) > window || t.After(now) } // the bench's clock may go back
	if len(l.at) >= maxPlaces {
		for k, tries := range l.at {
			if old(tries[len(tries)-1]) {
				delete(l.at, k)
			}
		}
		if len(l.at) >= maxPlaces {
			clear(l.at)
		}
	}
	tries := l.at[key]
	for len(tries) > 0 && old(tries[0]) {
		tries = tries[1:]
	}
	if len(tries) >= n {
		l.at[key] = tries
		return &TooMany{max(window-now.Sub(tries[0]), time.Second)}
	}
	l.at[key] = append(tries, now)
	return nil
}
