package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// query is a statement in the making: its conditions and their values.
type query struct {
	where []string
	args  []any
}

// add adds a condition with one ? for each value.
func (q *query) add(condition string, values ...any) {
	for _, v := range values {
		condition = strings.Replace(condition, "?", q.value(v), 1)
	}
	q.where = append(q.where, condition)
}

// value adds a value and returns its mark.
func (q *query) value(v any) string {
	q.args = append(q.args, v)
	return fmt.Sprintf("$%d", len(q.args))
}

func (q *query) clause() string {
	if len(q.where) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(q.where, " AND ")
}

// page narrows to what follows the cursor and is settled.
func (q *query) page(id string, page store.Page, settled int64) {
	q.add(id+" > ?", page.After)
	q.add(id+" <= ?", settled)
}

// list reads a page in which no row can come late.
func list[T any](ctx context.Context, s *Store, what string, ask func(settled int64) (string, []any), scan func(pgx.Row) (T, error)) ([]T, error) {
	done, err := s.queue.Enter()
	if err != nil {
		return nil, err
	}
	defer done()
	settled, err := s.settled(ctx)
	if err != nil {
		return nil, err
	}
	text, args := ask(settled)
	all, err := collect(ctx, s, text, args, scan)
	if err != nil {
		return nil, fmt.Errorf("postgres: listing %s: %w", what, err)
	}
	return all, nil
}

func collect[T any](ctx context.Context, s *Store, text string, args []any, scan func(pgx.Row) (T, error)) ([]T, error) {
	rows, err := s.pool.Query(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	return pgx.AppendRows([]T(nil), rows, func(row pgx.CollectableRow) (T, error) { return scan(row) })
}

// Drives implements store.Store.
func (s *Store) Drives(ctx context.Context, page store.Page) ([]store.Drive, error) {
	return list(ctx, s, "drives", func(settled int64) (string, []any) {
		var q query
		q.page("id", page, settled)
		return selectDrives + q.clause() + ` ORDER BY id LIMIT ` + q.value(page.Rows()), q.args
	}, scanDrive)
}

// Documents implements store.Store.
func (s *Store) Documents(ctx context.Context, f store.DocumentFilter, page store.Page) ([]store.Document, error) {
	return list(ctx, s, "documents", func(settled int64) (string, []any) {
		var q query
		found := q.documents(f, page, settled)
		return found + selectDocuments + q.found(f) + ` ORDER BY d.id`, q.args
	}, scanDocument)
}

// documents is the head of a query: the page, found by small columns and sorted as
// numbers only. What is known to be few is collected before it is sorted: left to
// choose, the database might walk along the whole list for them.
func (q *query) documents(f store.DocumentFilter, page store.Page, settled int64) string {
	q.conditions(f)
	q.page("d.id", page, settled)
	from := `SELECT d.id, d.drive_id, d.fd FROM documents d` + q.clause()
	if f.FN != "" || f.RegID != "" || f.UserINN != "" || f.FPD != 0 {
		return `WITH few AS MATERIALIZED (` + from + `), found AS MATERIALIZED (SELECT * FROM few ORDER BY id LIMIT ` + q.value(page.Rows()) + `) `
	}
	return `WITH found AS MATERIALIZED (` + from + ` ORDER BY d.id LIMIT ` + q.value(page.Rows()) + `) `
}

// found are the documents of the page. The drive is named once more where it is known:
// in a database that is divided the page is read from its machine alone then.
func (q *query) found(f store.DocumentFilter) string {
	const page = ` WHERE (d.drive_id, d.fd) IN (SELECT drive_id, fd FROM found)`
	if f.FN == "" {
		return page
	}
	return page + ` AND d.drive_id = ` + q.value(journalDrive(f.FN))
}

// CountDocuments implements store.Store.
func (s *Store) CountDocuments(ctx context.Context, f store.DocumentFilter) (n int64, err error) {
	done, err := s.queue.Enter()
	if err != nil {
		return 0, err
	}
	defer done()
	var q query
	text := `SELECT coalesce(sum(stored), 0)::bigint FROM drives` // the total of all is kept
	if f != (store.DocumentFilter{}) {
		q.conditions(f)
		text = `SELECT count(*) FROM documents d` + q.clause()
	}
	if err := s.pool.QueryRow(ctx, text, q.args...).Scan(&n); err != nil {
		return 0, fmt.Errorf("postgres: counting documents: %w", err)
	}
	return n, nil
}

// conditions turns a filter into conditions on documents d.
func (q *query) conditions(f store.DocumentFilter) {
	if f.FN != "" {
		q.add("d.drive_id = ?", journalDrive(f.FN)) // 0, which no drive has, when it is no number
	}
	// The register and the user are found through the drives they were seen with.
	if f.RegID != "" {
		q.add("d.drive_id = ANY (ARRAY(SELECT drive_id FROM registrations WHERE reg_id = ?))", text(string(f.RegID)))
		q.add("d.registration_id = ANY (ARRAY(SELECT id FROM registrations WHERE reg_id = ?))", text(string(f.RegID)))
	}
	if f.UserINN != "" {
		q.add("d.drive_id = ANY (ARRAY(SELECT drive_id FROM registrations WHERE user_inn = ?))", text(string(f.UserINN)))
		q.add("d.registration_id = ANY (ARRAY(SELECT id FROM registrations WHERE user_inn = ?))", text(string(f.UserINN)))
	}
	if f.Form != 0 {
		q.add("d.form = ?", int32(f.Form))
	}
	if f.FPD != 0 {
		// The index is among the projections; what they do not have yet is looked through.
		of := ""
		if f.FN != "" {
			of = " AND drive_id = " + q.value(journalDrive(f.FN))
		}
		q.add(`d.id = ANY (ARRAY(SELECT id FROM projections WHERE fpd = ?`+of+` UNION ALL
			SELECT n.id FROM documents n WHERE n.id > (SELECT upto FROM projection) AND n.fpd = ?`+of+`))`, int64(f.FPD), int64(f.FPD))
	}
	if !f.From.IsZero() {
		q.add("d.date_time >= ?", ceilSeconds(f.From))
	}
	if !f.To.IsZero() {
		q.add("d.date_time < ?", ceilSeconds(f.To))
	}
	if f.Findings {
		q.add("d.findings IS NOT NULL")
	}
}

// ceilSeconds is the first whole second not before t.
func ceilSeconds(t time.Time) int64 {
	if t.Nanosecond() > 0 {
		return t.Unix() + 1
	}
	return t.Unix()
}

// entries is the query for a page of a journal. Entries of one FN lie where its drive
// does: both are named, the FN for those that share the place of what is no number.
func entries(columns, table string, fn fiscal.FNNumber, page store.Page) func(settled int64) (string, []any) {
	return func(settled int64) (string, []any) {
		var q query
		if fn != "" {
			q.add("drive_id = ?", journalDrive(fn))
			q.add("fn = ?", text(string(fn)))
		}
		q.page("id", page, settled)
		return `SELECT ` + columns + ` FROM ` + table + q.clause() + ` ORDER BY id LIMIT ` + q.value(page.Rows()), q.args
	}
}

// entry is what entries of all journals have.
type entry struct {
	at          *int64
	fn, comment string
	fd          int64
	fault       *string
}

// Quarantines implements store.Store.
func (s *Store) Quarantines(ctx context.Context, fn fiscal.FNNumber, page store.Page) ([]store.Quarantined, error) {
	return list(ctx, s, "quarantine", entries(`id, at, fn, fd, fault, detail, message`, "quarantine", fn, page), func(r pgx.Row) (q store.Quarantined, err error) {
		var e entry
		err = r.Scan(&q.ID, &e.at, &e.fn, &e.fd, &e.fault, &e.comment, &q.Message)
		q.At, q.FN, q.FD, q.Fault, q.Detail = fromNanos(e.at), fiscal.FNNumber(fromText(e.fn)), fiscal.FDNumber(e.fd), faultNamed(e.fault), fromText(e.comment)
		return q, err
	})
}

// Incidents implements store.Store.
func (s *Store) Incidents(ctx context.Context, fn fiscal.FNNumber, page store.Page) ([]store.Incident, error) {
	return list(ctx, s, "incidents", entries(`id, at, fn, fd, fault, text`, "incidents", fn, page), func(r pgx.Row) (i store.Incident, err error) {
		var e entry
		err = r.Scan(&i.ID, &e.at, &e.fn, &e.fd, &e.fault, &e.comment)
		i.At, i.FN, i.FD, i.Fault, i.Text = fromNanos(e.at), fiscal.FNNumber(fromText(e.fn)), fiscal.FDNumber(e.fd), faultNamed(e.fault), fromText(e.comment)
		return i, err
	})
}

// Exchanges implements store.Store. Exchanges of accepted documents are rows of
// documents; both kinds draw their IDs from one sequence.
func (s *Store) Exchanges(ctx context.Context, fn fiscal.FNNumber, page store.Page) ([]store.Exchange, error) {
	done, err := s.queue.Enter()
	if err != nil {
		return nil, err
	}
	defer done()
	settled, err := s.settled(ctx) // one for both
	if err != nil {
		return nil, err
	}
	statement, args := entries(`id, at, took, peer, fn, fd, fault, detail, request, response, NULL::bytea`, "exchanges", fn, page)(settled)
	apart, err := collect(ctx, s, statement, args, scanExchange)
	var q query
	f := store.DocumentFilter{FN: fn}
	found := q.documents(f, page, settled)
	accepted, err2 := collect(ctx, s, found+`SELECT d.id, coalesce(d.exchange_at, d.received_at), d.took, d.peer, substr(d.drive_id::text, 2), d.fd, d.fault, d.detail,
		coalesce(d.request, d.message), coalesce(d.response, d.confirmation), d.response_head
		FROM documents d`+q.found(f)+` ORDER BY d.id`, q.args, scanExchange)
	if err = errors.Join(err, err2); err != nil {
		return nil, fmt.Errorf("postgres: listing exchanges: %w", err)
	}
	all := append(apart, accepted...)
	slices.SortFunc(all, func(a, b store.Exchange) int { return cmp.Compare(a.ID, b.ID) })
	return all[:min(len(all), page.Rows())], nil
}

func scanExchange(r pgx.Row) (x store.Exchange, err error) {
	var e entry
	var took int64
	var peer string
	var head []byte
	err = r.Scan(&x.ID, &e.at, &took, &peer, &e.fn, &e.fd, &e.fault, &e.comment, &x.Request, &x.Response, &head)
	x.At, x.Took, x.Peer, x.Detail = fromNanos(e.at), time.Duration(took), fromText(peer), fromText(e.comment)
	x.FN, x.FD, x.Fault = fiscal.FNNumber(fromText(e.fn)), fiscal.FDNumber(e.fd), faultNamed(e.fault)
	if len(head) > 0 {
		x.Response = slices.Concat(head, x.Response)
	}
	return x, err
}
