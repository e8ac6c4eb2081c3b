package office

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/integration"
)

func (s integrations) Marks(ctx context.Context, hook string) (map[string]string, error) {
	var rows []struct{ Subject, Mark string }
	if err := many(ctx, s.db, &rows, `SELECT subject, mark FROM webhook_marks WHERE hook = ?`, hook); err != nil {
		return nil, integrationError("reading marks", err)
	}
	all := make(map[string]string, len(rows))
	for _, r := range rows {
		all[r.Subject] = r.Mark
	}
	return all, nil
}

func (s integrations) Note(ctx context.Context, hook string, before, changed map[string]string, all []integration.Delivery) error {
	return integrationError("keeping marks", s.tx(ctx, func(tx runner) error {
		// In one order on every server: two that met half way would wait for each other.
		for _, subject := range slices.Sorted(maps.Keys(changed)) {
			query, args := `UPDATE webhook_marks SET mark = ? WHERE hook = ? AND subject = ? AND mark = ?`, []any{changed[subject], hook, subject, before[subject]}
			if _, known := before[subject]; !known {
				query, args = `INSERT INTO webhook_marks (mark, hook, subject) VALUES (?,?,?) ON CONFLICT (hook, subject) DO NOTHING`, args[:3]
			}
			n, err := exec(ctx, tx, query, args...)
			if err == nil && n == 0 {
				err = integration.ErrStale
			}
			if err != nil {
				return err
			}
		}
		return addDeliveries(ctx, tx, all)
	}))
}

type deliveryRow struct {
	ID, Hook, Org, Event, State, Reason string
	Body                                []byte
	Tries, Status                       int
	Created, Due, Done                  int64
}

func (r deliveryRow) delivery() integration.Delivery {
	return integration.Delivery{ID: r.ID, Hook: r.Hook, Org: r.Org, Event: integration.Event(r.Event), Body: r.Body, State: integration.DeliveryState(r.State),
		Tries: r.Tries, Status: r.Status, Reason: r.Reason, Created: at(r.Created), Due: at(r.Due), Done: at(r.Done)}
}

func (s integrations) AddDelivery(ctx context.Context, d integration.Delivery, journal ...account.Event) error {
	return integrationError("adding a delivery", s.noted(ctx, journal, func(tx runner) error {
		n, err := addDelivery(ctx, tx, d)
		if err == nil && n == 0 {
			err = integration.ErrNotFound
		}
		return err
	}))
}

const deliveryColumns = `SELECT id, hook, org, event, body, state, tries, status, reason, created, due, done FROM webhook_deliveries `

func (s integrations) deliveries(ctx context.Context, where string, args ...any) ([]integration.Delivery, error) {
	var rows []deliveryRow
	if err := many(ctx, s.db, &rows, deliveryColumns+where, args...); err != nil {
		return nil, integrationError("reading deliveries", err)
	}
	all := make([]integration.Delivery, len(rows))
	for i, r := range rows {
		all[i] = r.delivery()
	}
	return all, nil
}

func (s integrations) Delivery(ctx context.Context, hook, id string) (integration.Delivery, error) {
	found, err := s.deliveries(ctx, `WHERE hook = ? AND id = ?`, hook, id)
	if err == nil && len(found) == 0 {
		err = integration.ErrNotFound
	}
	if err != nil {
		return integration.Delivery{}, err
	}
	return found[0], nil
}

func (s integrations) Deliveries(ctx context.Context, hook, before string, limit int) ([]integration.Delivery, error) {
	where, args := `WHERE hook = ?`, []any{hook}
	if before != "" {
		where, args = where+` AND id < ?`, append(args, before)
	}
	return s.deliveries(ctx, where+` ORDER BY id DESC LIMIT ?`, append(args, limit)...)
}

func (s integrations) Due(ctx context.Context, now time.Time, limit int) ([]integration.Delivery, error) {
	return s.deliveries(ctx, `WHERE state = ? AND due <= ? ORDER BY due, id LIMIT ?`, string(integration.Queued), ns(now), limit)
}

func (s integrations) Settle(ctx context.Context, d integration.Delivery, tries int) error {
	n, err := exec(ctx, s.db, `UPDATE webhook_deliveries SET state = ?, tries = ?, status = ?, reason = ?, due = ?, done = ? WHERE id = ? AND state = ? AND tries = ?`,
		string(d.State), d.Tries, d.Status, d.Reason, ns(d.Due), ns(d.Done), d.ID, string(integration.Queued), tries)
	if err == nil && n == 0 {
		err = integration.ErrStale
	}
	return integrationError("settling a delivery", err)
}

func (s integrations) DropDeliveries(ctx context.Context, before time.Time) (int64, error) {
	n, err := exec(ctx, s.db, `DELETE FROM webhook_deliveries WHERE created < ?`, ns(before))
	return n, integrationError("dropping deliveries", err)
}

func (s integrations) Claim(ctx context.Context, a integration.Answer) error {
	_, err := exec(ctx, s.db, `INSERT INTO api_answers (id, request, at_time) VALUES (?,?,?)`, a.ID, a.Request, ns(a.At))
	return integrationError("claiming an answer", err)
}

func (s integrations) Answer(ctx context.Context, id string) (integration.Answer, error) {
	var r struct {
		ID, Request, Header string
		Status              int
		Body                []byte
		AtTime              int64 `db:"at_time"`
	}
	if err := one(ctx, s.db, integration.ErrNotFound, &r, `SELECT id, request, status, header, body, at_time FROM api_answers WHERE id = ?`, id); err != nil {
		return integration.Answer{}, integrationError("reading an answer", err)
	}
	a := integration.Answer{ID: r.ID, Request: r.Request, Status: r.Status, Body: r.Body, At: at(r.AtTime)}
	return a, integrationError("reading an answer", json.Unmarshal([]byte(r.Header), &a.Header))
}

func (s integrations) Finish(ctx context.Context, a integration.Answer) error {
	header, err := json.Marshal(a.Header)
	if err == nil {
		_, err = exec(ctx, s.db, `UPDATE api_answers SET status = ?, header = ?, body = ? WHERE id = ?`, a.Status, string(header), a.Body, a.ID)
	}
	return integrationError("keeping an answer", err)
}

func (s integrations) Forget(ctx context.Context, id string) error {
	_, err := exec(ctx, s.db, `DELETE FROM api_answers WHERE id = ?`, id)
	return integrationError("forgetting an answer", err)
}

func (s integrations) DropAnswers(ctx context.Context, before time.Time) (int64, error) {
	n, err := exec(ctx, s.db, `DELETE FROM api_answers WHERE at_time < ?`, ns(before))
	return n, integrationError("dropping answers", err)
}
