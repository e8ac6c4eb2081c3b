package postgres

import (
	"context"
	"runtime"

	"github.com/fiscalbench/fiscalbench/server/store"
)

// write is one caller's work in the queue: one of the four.
type write struct {
	acceptance *acceptance
	quarantine *store.Quarantined
	incident   *store.Incident
	exchange   *store.Exchange

	err  error
	done chan struct{} // closed after the commit; nil when nobody waits
}

// submit queues w. It fails when the store is closed or ctx ends first.
func (s *Store) submit(ctx context.Context, w *write) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return store.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case s.writes <- w:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// do queues w and waits for the disk.
func (s *Store) do(ctx context.Context, w *write) error {
	w.done = make(chan struct{})
	if err := s.submit(ctx, w); err != nil {
		return err
	}
	select {
	case <-w.done:
		return w.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// gather adds what waits already to the group.
func gather(group []*write, queue <-chan *write) []*write {
	// Callers that were answered together come back together: let those that are
	// ready to run queue up before the group is closed.
	runtime.Gosched()
	for len(group) < maxGroup {
		select {
		case next, open := <-queue:
			if !open {
				return group
			}
			group = append(group, next)
		default:
			return group
		}
	}
	return group
}

// firstPart is how many of the writes go into one transaction. One that changes
// other drives than its own ends a transaction, so that the others need not be
// followed in memory.
func firstPart(group []*write) int {
	for i, one := range group {
		if one.acceptance != nil && one.acceptance.replaces() {
			return i + 1
		}
	}
	return len(group)
}

// Quarantine implements store.Store.
func (s *Store) Quarantine(ctx context.Context, q store.Quarantined) error {
	return s.do(ctx, &write{quarantine: &q})
}

// AddIncident implements store.Store.
func (s *Store) AddIncident(ctx context.Context, i store.Incident) error {
	return s.do(ctx, &write{incident: &i})
}

// LogExchange implements store.Store.
func (s *Store) LogExchange(ctx context.Context, e store.Exchange) error {
	return s.submit(ctx, &write{exchange: &e})
}
