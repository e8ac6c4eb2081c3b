package sqlite

import (
	"context"
	"fmt"

	"github.com/fiscalbench/fiscalbench/server/store"
)

type quarantineOp struct{ q store.Quarantined }

// Quarantine implements store.Store.
func (s *Store) Quarantine(ctx context.Context, q store.Quarantined) error {
	return s.queue.Do(ctx, &quarantineOp{q})
}

func (op *quarantineOp) apply(ctx context.Context, w *writer) error {
	q := &op.q
	if _, err := w.st.addQuarantine.ExecContext(ctx, nanos(q.At), string(q.FN), int64(q.FD), faultName(q.Fault), q.Detail, blob(q.Message)); err != nil {
		return fmt.Errorf("sqlite: storing a quarantined message of FN %s: %w", q.FN, err)
	}
	return addIncident(ctx, w, &store.Incident{At: q.At, FN: q.FN, FD: q.FD, Fault: q.Fault, Text: q.Detail})
}

type incidentOp struct{ i store.Incident }

// AddIncident implements store.Store.
func (s *Store) AddIncident(ctx context.Context, i store.Incident) error {
	return s.queue.Do(ctx, &incidentOp{i})
}

func (op *incidentOp) apply(ctx context.Context, w *writer) error { return addIncident(ctx, w, &op.i) }

func addIncident(ctx context.Context, w *writer, i *store.Incident) error {
	if _, err := w.st.addIncident.ExecContext(ctx, nanos(i.At), string(i.FN), int64(i.FD), faultName(i.Fault), i.Text); err != nil {
		return fmt.Errorf("sqlite: storing an incident of FN %s: %w", i.FN, err)
	}
	return nil
}

type exchangeOp struct{ e store.Exchange }

// LogExchange implements store.Store.
func (s *Store) LogExchange(ctx context.Context, e store.Exchange) error {
	return s.queue.Submit(ctx, &exchangeOp{e})
}

func (op *exchangeOp) apply(ctx context.Context, w *writer) error {
	e := &op.e
	if _, err := w.st.addExch.ExecContext(ctx, w.newID(), nanos(e.At), int64(e.Took), e.Peer, string(e.FN), int64(e.FD),
		faultName(e.Fault), e.Detail, blob(e.Request), blob(e.Response)); err != nil {
		return fmt.Errorf("sqlite: storing an exchange with FN %s: %w", e.FN, err)
	}
	return nil
}
