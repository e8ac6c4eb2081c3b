package tries

import (
	"context"
	"sync"
	"time"
)

// Memory is a store of this process alone. The zero Memory is empty. It holds so many
// subjects; more empty it: who floods it gains a window for each 100,000 spent.
type Memory struct {
	mu sync.Mutex
	at map[string]kept
}

type kept struct {
	log  Log
	ends time.Time
}

const maxSubjects = 100_000

// Take implements Store.
func (m *Memory) Take(_ context.Context, a Ask) (Answer, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.at == nil {
		m.at = map[string]kept{}
	}
	if len(m.at) >= maxSubjects {
		clear(m.at)
	}
	log, answer := m.at[a.Subject].log.Take(a)
	if len(log) == 0 {
		delete(m.at, a.Subject)
		return answer, nil
	}
	m.at[a.Subject] = kept{log, log.Ends(a.Window)}
	return answer, nil
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
	for subject, k := range m.at {
		if !k.ends.After(before) {
			delete(m.at, subject)
			n++
		}
	}
	return n, nil
}
