package searchbench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/fiscalbench/fiscalbench/server/projection"
	"github.com/fiscalbench/fiscalbench/server/store/search"
)

// The worker of the server would take longer over millions of documents than the
// bench has. Copies of a mould are projected alike but for columns that the store has
// anyway, so the database does it in a few statements; the bench compares some rows
// with what projection.Decode gives.

// chunk is how many places of the list of documents one statement takes.
const chunk = 250_000

// project fills the projected tables past the store, which must be closed.
func (b *base) project(ctx context.Context, e *engine, progress func(done int64)) (err error) {
	db, err := sql.Open(e.driver, e.source)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(e.writers)
	do := func(statements ...string) {
		for _, text := range statements {
			if err == nil {
				if _, err = db.ExecContext(ctx, text); err != nil {
					err = fmt.Errorf("%.200s: %w", text, err)
				}
			}
		}
	}
	var indexes [][2]string
	rows, err := db.QueryContext(ctx, e.indexes)
	if err != nil {
		return err
	}
	for rows.Next() {
		var one [2]string
		if err := rows.Scan(&one[0], &one[1]); err != nil {
			return errors.Join(err, rows.Close())
		}
		indexes = append(indexes, one)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	do(e.hurry...)
	for _, one := range indexes {
		do("DROP INDEX " + one[0])
	}
	do("CREATE TABLE bench_moulds AS SELECT *, 0 AS mould, 0 AS stlv_len FROM projections LIMIT 0",
		"CREATE TABLE bench_items AS SELECT *, 0 AS mould FROM items LIMIT 0")
	do(b.mouldRows()...)
	do("CREATE INDEX bench_moulds_by_total ON bench_moulds (total, stlv_len, form, operation)", "CREATE INDEX bench_items_by_mould ON bench_items (mould)", "ANALYZE")
	var low, high int64
	if err == nil {
		err = db.QueryRowContext(ctx, "SELECT min(id), max(id) FROM documents").Scan(&low, &high)
	}
	if err == nil {
		err = e.inChunks(ctx, db, low, high, progress)
	}
	do("UPDATE projection SET upto = (SELECT max(id) FROM documents), passed = (SELECT count(*) FROM projections)")
	for _, one := range indexes {
		do(one[1])
	}
	do("DELETE FROM days", search.SheetsAgain(""))
	do("DROP TABLE bench_moulds", "DROP TABLE bench_items", "ANALYZE")
	do(e.rest...)
	return err
}

// inChunks projects with as many connections as the engine likes.
func (e *engine) inChunks(ctx context.Context, db *sql.DB, low, high int64, progress func(done int64)) error {
	var done atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(e.writers)
	for at := low; at <= high; at += chunk {
		g.Go(func() error {
			for _, text := range statements(e, at, at+chunk) {
				if _, err := db.ExecContext(ctx, text); err != nil {
					return fmt.Errorf("%.200s: %w", text, err)
				}
			}
			progress(done.Add(chunk))
			return nil
		})
	}
	return g.Wait()
}

// statements project the documents from one place to another.
func statements(e *engine, from, to int64) []string {
	columns := []string{"d.drive_id"}
	for _, c := range search.Columns {
		switch c {
		case "at":
			c = "d.date_time"
		case "id", "fd", "form", "shift", "number", "operation", "total", "fpd":
			c = "d." + c
		case "reg_id", "user_inn":
			c = "r." + c
		default:
			c = "m." + c
		}
		columns = append(columns, c)
	}
	tables := ` FROM documents d JOIN bench_moulds m ON m.total = d.total AND m.stlv_len = d.stlv_len AND m.form = d.form AND m.operation = d.operation`
	where := fmt.Sprintf(" WHERE d.id >= %d AND d.id < %d", from, to)
	return []string{
		"INSERT INTO projections (drive_id, " + strings.Join(search.Columns, ", ") + ") SELECT " + strings.Join(columns, ", ") + tables +
			" JOIN registrations r ON r.id = d.registration_id AND r.drive_id = d.drive_id" + where,
		"INSERT INTO items (" + e.itemKey + ", " + strings.Join(search.ItemColumns, ", ") + ") SELECT " + e.itemOf + ", x." + strings.Join(search.ItemColumns, ", x.") +
			tables + " JOIN bench_items x ON x.mould = m.mould" + where,
	}
}

// mouldRows are statements that store what is alike in all copies.
func (b *base) mouldRows() (all []string) {
	d := search.Dialect{Text: func(s string) string { return s }}
	moulds := []*mould{&b.moulds.registration, &b.moulds.open, &b.moulds.close}
	for i := range b.moulds.receipts {
		moulds = append(moulds, &b.moulds.receipts[i])
	}
	for n, m := range moulds {
		one := m.document(&place{fn: "1", reg: "1", user: "1"})
		p := projection.Decode(&one)
		all = append(all, fmt.Sprintf("INSERT INTO bench_moulds (mould, stlv_len, %s) VALUES (%d, %d, %s)", strings.Join(search.Columns, ", "), n, m.stlvLen, literals(search.Values(&p, d))))
		for i := range p.Items {
			all = append(all, fmt.Sprintf("INSERT INTO bench_items (mould, %s) VALUES (%d, %s)", strings.Join(search.ItemColumns, ", "), n, literals(search.ItemValues(&p.Items[i], d))))
		}
	}
	return all
}

func literals(values []any) string {
	var all []string
	for _, v := range values {
		switch v := v.(type) {
		case nil:
			all = append(all, "NULL")
		case string:
			all = append(all, "'"+strings.ReplaceAll(v, "'", "''")+"'")
		default:
			all = append(all, fmt.Sprint(v))
		}
	}
	return strings.Join(all, ", ")
}
