package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// querier is what both *sql.DB and *sql.Tx can do.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// list runs a query on the readers and reads its rows.
func list[T any](ctx context.Context, s *Store, what, query string, args []any, scan func(row) (T, error)) ([]T, error) {
	done, err := s.queue.Enter()
	if err != nil {
		return nil, err
	}
	defer done()
	all, err := collect(ctx, s.readDB, query, args, scan)
	if err != nil {
		return nil, fmt.Errorf("sqlite: listing %s: %w", what, err)
	}
	return all, nil
}

func collect[T any](ctx context.Context, q querier, query string, args []any, scan func(row) (T, error)) (all []T, err error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// Drives implements store.Store.
func (s *Store) Drives(ctx context.Context, page store.Page) ([]store.Drive, error) {
	return list(ctx, s, "drives", selectDrives+` WHERE id > ? ORDER BY id LIMIT ?`, []any{page.After, page.Rows()}, scanDrive)
}

// Documents implements store.Store.
func (s *Store) Documents(ctx context.Context, f store.DocumentFilter, page store.Page) ([]store.Document, error) {
	where, args := conditions(f)
	where, args = append(where, "d.id > ?"), append(args, page.After)
	// The inner query finds the page by small columns and sorts numbers only.
	query := selectDocuments + ` WHERE d.id IN (SELECT d.id FROM documents d` + whereClause(where) +
		` ORDER BY d.id LIMIT ?) ORDER BY d.id`
	return list(ctx, s, "documents", query, append(args, page.Rows()), scanDocument)
}

// CountDocuments implements store.Store.
func (s *Store) CountDocuments(ctx context.Context, f store.DocumentFilter) (int64, error) {
	done, err := s.queue.Enter()
	if err != nil {
		return 0, err
	}
	defer done()
	where, args := conditions(f)
	var n int64
	if err := s.readDB.QueryRowContext(ctx, `SELECT count(*) FROM documents d`+whereClause(where), args...).Scan(&n); err != nil {
		return 0, fmt.Errorf("sqlite: counting documents: %w", err)
	}
	return n, nil
}

// conditions turns a filter into conditions on documents d.
func conditions(f store.DocumentFilter) (where []string, args []any) {
	add := func(condition string, values ...any) {
		where, args = append(where, condition), append(args, values...)
	}
	if f.FN != "" {
		add("d.drive_id = (SELECT id FROM drives WHERE fn = ?)", string(f.FN))
	}
	// The register and the user are found through the drives they were seen with.
	if f.RegID != "" {
		add("d.drive_id IN (SELECT drive_id FROM registrations WHERE reg_id = ?)", string(f.RegID))
		add("d.registration_id IN (SELECT id FROM registrations WHERE reg_id = ?)", string(f.RegID))
	}
	if f.UserINN != "" {
		add("d.drive_id IN (SELECT drive_id FROM registrations WHERE user_inn = ?)", string(f.UserINN))
		add("d.registration_id IN (SELECT id FROM registrations WHERE user_inn = ?)", string(f.UserINN))
	}
	if f.Form != 0 {
		add("d.form = ?", int64(f.Form))
	}
	if f.FPD != 0 {
		// The index is among the projections; what they do not have yet is looked through.
		add(`d.id IN (SELECT id FROM projections WHERE fpd = ? UNION ALL
			SELECT n.id FROM documents n WHERE n.id > (SELECT upto FROM projection) AND n.fpd = ?)`, int64(f.FPD), int64(f.FPD))
	}
	if !f.From.IsZero() {
		add("d.date_time >= ?", ceilSeconds(f.From))
	}
	if !f.To.IsZero() {
		add("d.date_time < ?", ceilSeconds(f.To))
	}
	if f.Findings {
		add("d.findings IS NOT NULL")
	}
	return where, args
}

// ceilSeconds is the first whole second not before t.
func ceilSeconds(t time.Time) int64 {
	if t.Nanosecond() > 0 {
		return t.Unix() + 1
	}
	return t.Unix()
}

func whereClause(where []string) string {
	if len(where) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(where, " AND ")
}

// ofFN narrows a list to one drive and to what follows the page's cursor.
func ofFN(fn fiscal.FNNumber, page store.Page) (clause string, args []any) {
	if fn == "" {
		return ` WHERE id > ? ORDER BY id LIMIT ?`, []any{page.After, page.Rows()}
	}
	return ` WHERE fn = ? AND id > ? ORDER BY id LIMIT ?`, []any{string(fn), page.After, page.Rows()}
}

// Quarantines implements store.Store.
func (s *Store) Quarantines(ctx context.Context, fn fiscal.FNNumber, page store.Page) ([]store.Quarantined, error) {
	clause, args := ofFN(fn, page)
	return list(ctx, s, "quarantine", `SELECT id, at, fn, fd, fault, detail, message FROM quarantine`+clause, args, func(r row) (q store.Quarantined, err error) {
		var at sql.NullInt64
		var fault sql.NullString
		err = r.Scan(&q.ID, &at, &q.FN, &q.FD, &fault, &q.Detail, &q.Message)
		q.At, q.Fault = fromNanos(at), faultNamed(fault)
		return q, err
	})
}

// Incidents implements store.Store.
func (s *Store) Incidents(ctx context.Context, fn fiscal.FNNumber, page store.Page) ([]store.Incident, error) {
	clause, args := ofFN(fn, page)
	return list(ctx, s, "incidents", `SELECT id, at, fn, fd, fault, text FROM incidents`+clause, args, func(r row) (i store.Incident, err error) {
		var at sql.NullInt64
		var fault sql.NullString
		err = r.Scan(&i.ID, &at, &i.FN, &i.FD, &fault, &i.Text)
		i.At, i.Fault = fromNanos(at), faultNamed(fault)
		return i, err
	})
}

// Exchanges implements store.Store. Exchanges of accepted documents are rows of
// documents; both kinds draw their IDs from one sequence. They are read in one
// transaction: a row committed between two reads would be passed over for good.
func (s *Store) Exchanges(ctx context.Context, fn fiscal.FNNumber, page store.Page) ([]store.Exchange, error) {
	done, err := s.queue.Enter()
	if err != nil {
		return nil, err
	}
	defer done()
	tx, err := s.readDB.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("sqlite: listing exchanges: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	clause, args := ofFN(fn, page)
	apart, err := collect(ctx, tx, `SELECT id, at, took, peer, fn, fd, fault, detail, request, response, NULL FROM exchanges`+clause, args, scanExchange)
	if err != nil {
		return nil, fmt.Errorf("sqlite: listing exchanges: %w", err)
	}
	where, args := conditions(store.DocumentFilter{FN: fn})
	where, args = append(where, "d.id > ?"), append(args, page.After, page.Rows())
	accepted, err := collect(ctx, tx, `SELECT d.id, coalesce(d.exchange_at, d.received_at), d.took, d.peer, v.fn, d.fd, d.fault, d.detail,
		coalesce(d.request, d.message), coalesce(d.response, d.confirmation), d.response_head
		FROM documents d JOIN drives v ON v.id = d.drive_id
		WHERE d.id IN (SELECT d.id FROM documents d`+whereClause(where)+` ORDER BY d.id LIMIT ?) ORDER BY d.id`, args, scanExchange)
	if err != nil {
		return nil, fmt.Errorf("sqlite: listing exchanges of documents: %w", err)
	}
	all := append(apart, accepted...)
	slices.SortFunc(all, func(a, b store.Exchange) int { return cmp.Compare(a.ID, b.ID) })
	return all[:min(len(all), page.Rows())], nil
}

func scanExchange(r row) (e store.Exchange, err error) {
	var at sql.NullInt64
	var fault sql.NullString
	var head []byte
	err = r.Scan(&e.ID, &at, &e.Took, &e.Peer, &e.FN, &e.FD, &fault, &e.Detail, &e.Request, &e.Response, &head)
	e.At, e.Fault = fromNanos(at), faultNamed(fault)
	if len(head) > 0 {
		e.Response = slices.Concat(head, e.Response)
	}
	return e, err
}
