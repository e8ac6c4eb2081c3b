package tries

import (
	"context"
	"sync"
	"time"
)

// Memory is a store of this process alone. The zero Memory is empty. It holds so many
// subjects; more empty it: who floods it gains a try for each 100,000 spent.
type Memory struct {
	mu sync.Mutex
	at map[string]window
}

type window struct {
	begun, ends time.Time
	tries       int
}

const maxSubjects = 100_000

// Try implements Store.
func (m *Memory) Try(_ context.Context, subject string, now time.Time, long time.Duration) (int, time.Time, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.at == nil {
		m.at = map[string]window{}
	}
	if len(m.at) >= maxSubjects {
		clear(m.at)
	}
	w, ok := m.at[subject]
	if !ok || !now.Before(w.ends) || now.Before(w.begun) {
		w = window{begun: now, ends: now.Add(long)}
	}
	w.tries++
	m.at[subject] = w
	return w.tries, w.ends, nil
}

// ForgetTries implements Store.
func (m *Memory) ForgetTries(_ context.Context, subject string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.at, subject)
	return nil
}

// DropTries implements Store.
func (m *Memory) DropTries(_ context.Context, before time.Time) (n int64, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for subject, w := range m.at {
		if !w.ends.After(before) {
			delete(m.at, subject)
			n++
		}
	}
	return n, nil
}
