package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/search"
)

var _ store.Projector = (*Store)(nil)

// projectionLock is the advisory lock of who projects.
const projectionLock = 254<<52 | 2

// dialect of PostgreSQL.
var dialect = search.Dialect{
	Mark:  func(n int) string { return "$" + strconv.Itoa(n) },
	Drive: "?",
	DriveArg: func(fn fiscal.FNNumber) any {
		id, err := driveIDOf(fn)
		if err != nil {
			id = 0 // which no drive has
		}
		return id
	},
	FN:       "substr(p.drive_id::text, 2)",
	Document: "p.drive_id = ? AND p.fd = ?",
	ItemKey:  [2]string{"(p.drive_id, p.fd)", "drive_id, fd"},
	Contains: "strpos(i.name, ?) > 0",
	Text:     text,
	FromText: fromText,
}

// Project implements store.Projector. Of several processes one projects at a time.
// Its commit does not wait for the disk: what a crash takes away is made again.
func (s *Store) Project(ctx context.Context, limit int, decode func(d *store.Document) store.Projection) (passed int, err error) {
	done, err := s.queue.Enter()
	if err != nil {
		return 0, err
	}
	defer done()
	settled, err := s.settled(ctx)
	if err != nil {
		return 0, err
	}
	tx, err := s.pool.Begin(ctx)
	if err != nil {
		return 0, fmt.Errorf("postgres: beginning to project: %w", err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // nothing after a commit
	if passed, err = project(ctx, tx, settled, limit, decode); err == nil && passed > 0 {
		err = tx.Commit(ctx)
	}
	if err != nil {
		return 0, fmt.Errorf("postgres: projecting: %w", err)
	}
	return passed, nil
}

func project(ctx context.Context, tx pgx.Tx, settled int64, limit int, decode func(d *store.Document) store.Projection) (int, error) {
	var mine bool
	var upto int64
	b := &pgx.Batch{}
	b.Queue(`SELECT pg_try_advisory_xact_lock($1)`, int64(projectionLock)).QueryRow(func(row pgx.Row) error { return row.Scan(&mine) })
	b.Queue(`SET LOCAL synchronous_commit = off`)
	if err := tx.SendBatch(ctx, b).Close(); err != nil || !mine {
		return 0, err
	}
	// Read only now: who had the lock before has moved it. Retention, which deletes
	// rows, waits for the row.
	if err := tx.QueryRow(ctx, `SELECT upto FROM projection FOR UPDATE`).Scan(&upto); err != nil {
		return 0, err
	}
	var q query
	found := q.documents(store.DocumentFilter{}, store.Page{After: upto, Limit: limit}, settled)
	rows, err := tx.Query(ctx, found+selectDocuments+` WHERE (d.drive_id, d.fd) IN (SELECT drive_id, fd FROM found) ORDER BY d.id`, q.args...)
	if err != nil {
		return 0, err
	}
	documents, err := pgx.AppendRows([]store.Document(nil), rows, func(row pgx.CollectableRow) (store.Document, error) { return scanDocument(row) })
	if err != nil || len(documents) == 0 {
		return 0, err
	}
	made, err := projected(documents, decode)
	if err != nil {
		return 0, err
	}
	if _, err := tx.CopyFrom(ctx, pgx.Identifier{"projections"}, append([]string{"drive_id"}, search.Columns...), pgx.CopyFromRows(made.projections)); err != nil {
		return 0, err
	}
	if _, err := tx.CopyFrom(ctx, pgx.Identifier{"items"}, append([]string{"drive_id", "fd"}, search.ItemColumns...), pgx.CopyFromRows(made.items)); err != nil {
		return 0, err
	}
	b = &pgx.Batch{}
	if len(made.sheets) > 0 {
		b.Queue(addSheets, columns(made.sheets)...)
	}
	for reason, n := range made.unread {
		b.Queue(`INSERT INTO unread (reason, documents) VALUES ($1, $2) ON CONFLICT (reason) DO UPDATE SET documents = unread.documents + $2`, text(reason), n)
	}
	b.Queue(`UPDATE projection SET upto = $1, passed = passed + $2`, documents[len(documents)-1].ID, int64(len(documents)))
	return len(documents), tx.SendBatch(ctx, b).Close()
}

// rowsMade are the rows made of documents.
type rowsMade struct {
	projections, items [][]any
	sheets             []search.Sheet // of days
	unread             map[string]int64
}

func projected(documents []store.Document, decode func(d *store.Document) store.Projection) (made rowsMade, err error) {
	made.unread = map[string]int64{}
	all := make([]store.Projection, len(documents))
	for i := range documents {
		all[i] = decode(&documents[i])
		p := &all[i]
		drive, err := driveIDOf(p.FN)
		if err != nil {
			return made, err
		}
		made.projections = append(made.projections, append([]any{drive}, search.Values(p, dialect)...))
		for k := range p.Items {
			made.items = append(made.items, append([]any{drive, int64(p.FD)}, search.ItemValues(&p.Items[k], dialect)...))
		}
		if p.Unread != "" {
			made.unread[p.Unread]++
		}
	}
	made.sheets = search.Sheets(all)
	return made, nil
}

// addSheets adds what documents add up to, each column an array.
var addSheets = func() string {
	names := append([]string{"drive_id"}, search.SheetColumns...)
	arrays := make([]string, len(names))
	for i, name := range names {
		kind := "bigint"
		if name == "user_inn" || name == "reg_id" {
			kind = "text"
		}
		arrays[i] = fmt.Sprintf("$%d::%s[]", i+1, kind)
	}
	return "INSERT INTO days (" + strings.Join(names, ", ") + ") SELECT * FROM unnest(" + strings.Join(arrays, ", ") + ")" + search.AddSheet("least", "greatest")
}()

// columns of the sheets as arrays. Their FNs are numbers: projected has seen to that.
func columns(sheets []search.Sheet) []any {
	drives := make([]int64, len(sheets))
	texts := [2][]string{}
	numbers := make([][]int64, len(search.SheetColumns)-len(texts))
	for i := range sheets {
		drives[i], _ = driveIDOf(sheets[i].FN)
		for n, v := range sheets[i].Values(dialect) {
			if n < len(texts) {
				texts[n] = append(texts[n], v.(string))
			} else {
				numbers[n-len(texts)] = append(numbers[n-len(texts)], v.(int64))
			}
		}
	}
	all := []any{drives, texts[0], texts[1]}
	for _, one := range numbers {
		all = append(all, one)
	}
	return all
}

// forgetProjected deletes what was made of documents of a drive that are deleted
// after it. Who projects has the row of the projection locked: first it is waited for,
// so that what it made is seen, and after it none of these documents is read. Days
// that they were in are added up anew of what is left.
func forgetProjected(ctx context.Context, tx pgx.Tx, driveID int64, ids []int64) error {
	if _, err := tx.Exec(ctx, `SELECT FROM projection FOR UPDATE`); err != nil {
		return fmt.Errorf("postgres: waiting for the projection: %w", err)
	}
	rows, err := tx.Query(ctx, `WITH gone AS (DELETE FROM projections WHERE drive_id = $1 AND id = ANY ($2) RETURNING fd, at, user_inn, reg_id),
			lines AS (DELETE FROM items WHERE drive_id = $1 AND fd IN (SELECT fd FROM gone)),
			counted AS (UPDATE projection SET passed = passed - (SELECT count(*) FROM gone))
		SELECT DISTINCT user_inn, reg_id, at / 86400 FROM gone`, driveID, ids)
	if err != nil {
		return fmt.Errorf("postgres: deleting projections: %w", err)
	}
	type day struct {
		User, Reg string
		Day       int64
	}
	touched, err := pgx.CollectRows(rows, pgx.RowToStructByPos[day])
	if err != nil {
		return fmt.Errorf("postgres: deleting projections: %w", err)
	}
	b := &pgx.Batch{}
	for _, t := range touched {
		const day = 86400
		b.Queue(`DELETE FROM days WHERE user_inn = $1 AND reg_id = $2 AND drive_id = $3 AND day = $4`, t.User, t.Reg, driveID, t.Day)
		b.Queue(search.SheetsAgain(`p.user_inn = $1 AND p.reg_id = $2 AND p.drive_id = $3 AND p.at >= $4 AND p.at < $5`), t.User, t.Reg, driveID, t.Day*day, (t.Day+1)*day)
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("postgres: adding up what is left: %w", err)
	}
	return nil
}

// Progress implements store.Projector.
func (s *Store) Progress(ctx context.Context) (p store.Progress, err error) {
	done, err := s.queue.Enter()
	if err != nil {
		return p, err
	}
	defer done()
	var stored int64
	var since *int64
	err = s.pool.QueryRow(ctx, `SELECT passed, (SELECT coalesce(sum(stored), 0)::bigint FROM drives),
		(SELECT received_at FROM documents WHERE id > upto ORDER BY id LIMIT 1) FROM projection`).Scan(&p.Passed, &stored, &since)
	if err == nil {
		p.Behind, p.Since = max(stored-p.Passed, 0), fromNanos(since)
		p.Unread, err = collect(ctx, s, `SELECT reason, documents FROM unread ORDER BY reason`, nil, func(r pgx.Row) (u store.Unread, err error) {
			err = r.Scan(&u.Reason, &u.Documents)
			u.Reason = fromText(u.Reason)
			return u, err
		})
	}
	if err != nil {
		return p, fmt.Errorf("postgres: reading how far the projection is: %w", err)
	}
	return p, nil
}

// Waiting implements store.Projector.
func (s *Store) Waiting() int { return s.queue.Len() }

// Observe implements store.Observable.
func (s *Store) Observe(o store.Observer) { s.queue.Observe(o) }

// searcher answers the statements of package search.
type searcher struct{ s *Store }

// Dialect implements search.Engine.
func (searcher) Dialect() search.Dialect { return dialect }

// Query implements search.Engine.
func (s searcher) Query(ctx context.Context, text string, args []any, scan func(search.Row) error) error {
	done, err := s.s.queue.Enter()
	if err != nil {
		return err
	}
	defer done()
	// Planned anew each time, with the values: a plan for any values looks through all
	// registers of a taxpayer instead of finding those that are asked for. Where shifts
	// are named there is but one way, and planning would take longer than going it.
	mode := pgx.QueryExecModeCacheDescribe
	if strings.Contains(text, "IN (VALUES ") {
		mode = pgx.QueryExecModeCacheStatement
	}
	rows, err := s.s.pool.Query(ctx, text, append([]any{mode}, args...)...)
	if err != nil {
		return err
	}
	for rows.Next() {
		if err := scan(rows); err != nil {
			rows.Close()
			return errors.Join(err, rows.Err())
		}
	}
	return rows.Err()
}

// Search implements store.Projector.
func (s *Store) Search(ctx context.Context, q store.Search, after store.Place, limit int) ([]store.Projection, error) {
	all, err := search.Search(ctx, searcher{s}, q, after, limit)
	return all, named(err)
}

// Items implements store.Projector.
func (s *Store) Items(ctx context.Context, fn fiscal.FNNumber, fd fiscal.FDNumber) ([]store.Item, error) {
	all, err := search.Items(ctx, searcher{s}, fn, fd)
	return all, named(err)
}

// Figures implements store.Projector.
func (s *Store) Figures(ctx context.Context, q store.Search, by store.Grouping) ([]store.Figures, error) {
	all, err := search.Figures(ctx, searcher{s}, q, by)
	return all, named(err)
}

// Goods implements store.Projector.
func (s *Store) Goods(ctx context.Context, q store.Search, limit int) ([]store.Goods, error) {
	all, err := search.Goods(ctx, searcher{s}, q, limit)
	return all, named(err)
}

func named(err error) error {
	if err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	return nil
}
