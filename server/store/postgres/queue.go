package postgres

import (
	"context"

	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/group"
)

// work is what a caller wants written: one of the four.
type work struct {
	acceptance *acceptance
	quarantine *store.Quarantined
	incident   *store.Incident
	exchange   *store.Exchange
}

// item is a work in the queue.
type item = group.Item[work]

// endsTransaction: a work that changes other drives than its own ends a transaction,
// so that the others need not be followed in memory.
func endsTransaction(w *work) bool { return w.acceptance != nil && w.acceptance.replaces() }

// Quarantine implements store.Store.
func (s *Store) Quarantine(ctx context.Context, q store.Quarantined) error {
	return s.queue.Do(ctx, work{quarantine: &q})
}

// AddIncident implements store.Store.
func (s *Store) AddIncident(ctx context.Context, i store.Incident) error {
	return s.queue.Do(ctx, work{incident: &i})
}

// LogExchange implements store.Store.
func (s *Store) LogExchange(ctx context.Context, e store.Exchange) error {
	return s.queue.Submit(ctx, work{exchange: &e})
}
