package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/search"
)

var _ store.Projector = (*Store)(nil)

// perOperation is how many documents are projected in one operation of the writer,
// so that documents that come meanwhile wait for a few milliseconds at most.
const perOperation = 128

// dialect of SQLite. Parameters are told apart by their order alone.
var dialect = search.Dialect{
	Mark:     func(int) string { return "?" },
	Drive:    "(SELECT id FROM drives WHERE fn = ?)",
	DriveArg: func(fn fiscal.FNNumber) any { return string(fn) },
	FN:       "(SELECT v.fn FROM drives v WHERE v.id = p.drive_id)",
	Document: "p.id = (SELECT d.id FROM documents d WHERE d.drive_id = (SELECT id FROM drives WHERE fn = ?) AND d.fd = ?)",
	ItemKey:  [2]string{"p.id", "document_id"},
	Contains: "instr(i.name, ?) > 0",
	Text:     func(s string) string { return s },
	FromText: func(s string) string { return s },
}

// projectOp stores what was made of the documents after one place.
type projectOp struct {
	from, upto int64 // documents.id
	passed     int64
	rows       []store.Projection
	sheets     [][]driver.NamedValue // of days
}

// Project implements store.Projector.
func (s *Store) Project(ctx context.Context, limit int, decode func(d *store.Document) store.Projection) (int, error) {
	op, err := s.decodeNext(ctx, min(limit, perOperation), decode)
	if err != nil || op.passed == 0 {
		return 0, err
	}
	err = s.queue.Do(ctx, op)
	switch {
	case errors.Is(err, store.ErrStale): // somebody else has projected them
		return 0, nil
	case err != nil:
		return 0, fmt.Errorf("sqlite: storing projections: %w", err)
	}
	return int(op.passed), nil
}

// decodeNext reads past the writer: the next documents are there for good, since IDs
// are given in the order of commits.
func (s *Store) decodeNext(ctx context.Context, limit int, decode func(d *store.Document) store.Projection) (*projectOp, error) {
	done, err := s.queue.Enter()
	if err != nil {
		return nil, err
	}
	defer done()
	op := &projectOp{}
	if err := s.readDB.QueryRowContext(ctx, `SELECT upto FROM projection`).Scan(&op.from); err != nil {
		return nil, fmt.Errorf("sqlite: reading how far the projection is: %w", err)
	}
	op.upto = op.from
	rows, err := s.readDB.QueryContext(ctx, selectDocuments+` WHERE d.id > ? ORDER BY d.id LIMIT ?`, op.from, limit)
	if err != nil {
		return nil, fmt.Errorf("sqlite: reading documents to project: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		d, err := scanDocument(rows)
		if err != nil {
			return nil, fmt.Errorf("sqlite: reading a document to project: %w", err)
		}
		op.upto = d.ID
		op.passed++
		op.rows = append(op.rows, decode(&d))
	}
	for _, sheet := range search.Sheets(op.rows) {
		op.sheets = append(op.sheets, inOrder(append(sheet.Values(dialect), string(sheet.FN))))
	}
	return op, rows.Err()
}

func (op *projectOp) apply(ctx context.Context, w *writer) error {
	res, err := w.st.moveProjection.ExecContext(ctx, op.upto, op.passed, op.from)
	if err != nil {
		return fmt.Errorf("sqlite: moving the projection: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return errors.Join(err, fmt.Errorf("projection after %d: %w", op.from, store.ErrStale))
	}
	for i := range op.rows {
		p := &op.rows[i]
		if _, err := w.st.addProjection.ExecContext(ctx, append(search.Values(p, dialect), p.ID)...); err != nil {
			return fmt.Errorf("sqlite: projecting FN %s FD %d: %w", p.FN, p.FD, err)
		}
		for k := range p.Items {
			if _, err := w.st.addItem.ExecContext(ctx, append(search.ItemValues(&p.Items[k], dialect), p.ID)...); err != nil {
				return fmt.Errorf("sqlite: projecting the items of FN %s FD %d: %w", p.FN, p.FD, err)
			}
		}
		if p.Unread != "" {
			if _, err := w.st.countUnread.ExecContext(ctx, p.Unread); err != nil {
				return fmt.Errorf("sqlite: counting what was not read: %w", err)
			}
		}
	}
	for _, sheet := range op.sheets {
		if _, err := w.st.addSheet.ExecContext(ctx, sheet); err != nil {
			return fmt.Errorf("sqlite: adding up the days of projections after %d: %w", op.from, err)
		}
	}
	return nil
}

// Statements of the projection.
var (
	addProjection = `INSERT INTO projections (` + strings.Join(search.Columns, ", ") + `, drive_id) VALUES (` + marks(strings.Join(search.Columns, ",")) + `, (SELECT drive_id FROM documents WHERE id = ?))`
	addItem       = `INSERT INTO items (` + strings.Join(search.ItemColumns, ", ") + `, document_id) VALUES (` + marks(strings.Join(search.ItemColumns, ",")) + `, ?)`
)

// addSheet adds what documents of a day add up to; the FN is the last of the values.
var addSheet = `INSERT INTO days (` + strings.Join(search.SheetColumns, ", ") + `, drive_id) VALUES (` + marks(strings.Join(search.SheetColumns, ",")) +
	`, (SELECT id FROM drives WHERE fn = ?))` + search.AddSheet("min", "max")

const (
	moveProjection = `UPDATE projection SET upto = ?, passed = passed + ? WHERE upto = ?`
	countUnread    = `INSERT INTO unread (reason, documents) VALUES (?, 1) ON CONFLICT (reason) DO UPDATE SET documents = documents + 1`
)

// sheetKey is what all sheets of a day have in common.
type sheetKey struct {
	drive     int64
	user, reg string
	day       int64
}

// forgetProjected deletes what was made of documents that are deleted. Days that they
// were in are added up anew of what is left.
func forgetProjected(ctx context.Context, c *sql.Conn, ids []int64) error {
	touched := map[sheetKey]bool{}
	for _, id := range ids {
		if _, err := c.ExecContext(ctx, `DELETE FROM items WHERE document_id = ?`, id); err != nil {
			return fmt.Errorf("sqlite: deleting items: %w", err)
		}
		gone, err := collect(ctx, c, `DELETE FROM projections WHERE id = ? RETURNING drive_id, user_inn, reg_id, at / 86400`, []any{id}, func(r row) (k sheetKey, err error) {
			return k, r.Scan(&k.drive, &k.user, &k.reg, &k.day)
		})
		for _, k := range gone {
			touched[k] = true
			_, err = c.ExecContext(ctx, `UPDATE projection SET passed = passed - 1`)
		}
		if err != nil {
			return fmt.Errorf("sqlite: deleting projections: %w", err)
		}
	}
	for k := range touched {
		if err := addUpAnew(ctx, c, k); err != nil {
			return fmt.Errorf("sqlite: adding up what is left: %w", err)
		}
	}
	return nil
}

func addUpAnew(ctx context.Context, c *sql.Conn, k sheetKey) error {
	const day = 86400
	_, err := c.ExecContext(ctx, `DELETE FROM days WHERE user_inn = ? AND reg_id = ? AND drive_id = ? AND day = ?`, k.user, k.reg, k.drive, k.day)
	if err == nil {
		_, err = c.ExecContext(ctx, search.SheetsAgain(`p.user_inn = ? AND p.reg_id = ? AND p.drive_id = ? AND p.at >= ? AND p.at < ?`),
			k.user, k.reg, k.drive, k.day*day, (k.day+1)*day)
	}
	return err
}

// Progress implements store.Projector.
func (s *Store) Progress(ctx context.Context) (p store.Progress, err error) {
	done, err := s.queue.Enter()
	if err != nil {
		return p, err
	}
	defer done()
	tx, err := s.readDB.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return p, fmt.Errorf("sqlite: reading how far the projection is: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	var stored int64
	var since sql.NullInt64
	err = tx.QueryRowContext(ctx, `SELECT passed, (SELECT coalesce(sum(stored), 0) FROM drives),
		(SELECT received_at FROM documents WHERE id > upto ORDER BY id LIMIT 1) FROM projection`).Scan(&p.Passed, &stored, &since)
	if err == nil {
		p.Behind, p.Since = max(stored-p.Passed, 0), fromNanos(since)
		p.Unread, err = collect(ctx, tx, `SELECT reason, documents FROM unread ORDER BY reason`, nil, func(r row) (u store.Unread, err error) {
			err = r.Scan(&u.Reason, &u.Documents)
			return u, err
		})
	}
	if err != nil {
		return p, fmt.Errorf("sqlite: reading how far the projection is: %w", err)
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
func (s searcher) Query(ctx context.Context, text string, args []any, scan func(search.Row) error) (err error) {
	done, err := s.s.queue.Enter()
	if err != nil {
		return err
	}
	defer done()
	st, given, err := s.s.searches.take(ctx, text)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, given()) }()
	rows, err := st.QueryContext(ctx, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
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
		return fmt.Errorf("sqlite: %w", err)
	}
	return nil
}
