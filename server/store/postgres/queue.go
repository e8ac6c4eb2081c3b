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

// queues are those of the writers. They stand for one: what a caller gives is done by
// the writer of its drive.
type queues struct {
	route route
	all   []*group.Queue[work]
}

func (q *queues) of(w *work) *group.Queue[work] {
	if len(q.all) == 1 {
		return q.all[0]
	}
	writer, _ := q.route.of(w.driveID())
	return q.all[writer]
}

// Do is that of group.Queue.
func (q *queues) Do(ctx context.Context, w work) error { return q.of(&w).Do(ctx, w) }

// Submit is that of group.Queue.
func (q *queues) Submit(ctx context.Context, w work) error { return q.of(&w).Submit(ctx, w) }

// Enter is that of group.Queue: the first queue stands for all, and is closed first.
func (q *queues) Enter() (leave func(), err error) { return q.all[0].Enter() }

// Len is that of group.Queue, of all together.
func (q *queues) Len() (n int) {
	for _, one := range q.all {
		n += one.Len()
	}
	return n
}

// Observe is that of group.Queue. The writers tell o at the same time.
func (q *queues) Observe(o store.Observer) {
	for _, one := range q.all {
		one.Observe(o)
	}
}

// Close is that of group.Queue.
func (q *queues) Close(closing func()) (first bool) {
	for i, one := range q.all {
		if i == 0 {
			first = one.Close(closing)
		} else {
			one.Close(nil)
		}
	}
	return first
}

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
