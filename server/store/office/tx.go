package office

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jmoiron/sqlx"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/fiscalbench/fiscalbench/server/account"
)

// runner is a database or a transaction in it. Statements are written with "?".
type runner interface {
	sqlx.ExtContext
	GetContext(ctx context.Context, dest any, query string, args ...any) error
	SelectContext(ctx context.Context, dest any, query string, args ...any) error
}

// tx runs work in one transaction: all of it is kept, or nothing.
func (o *Office) tx(ctx context.Context, work func(tx runner) error) error {
	tx, err := o.db.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("office: %w", err)
	}
	if err := work(tx); err != nil {
		return errors.Join(err, ignoreDone(tx.Rollback()))
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("office: %w", err)
	}
	return nil
}

// noted does work and writes the journal in one transaction.
func (o *Office) noted(ctx context.Context, journal []account.Event, work func(tx runner) error) error {
	return o.tx(ctx, func(tx runner) error {
		if err := work(tx); err != nil {
			return err
		}
		return addEvents(ctx, tx, journal...)
	})
}

func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}

// exec runs a statement and tells how many rows it touched.
func exec(ctx context.Context, r runner, query string, args ...any) (int64, error) {
	res, err := r.ExecContext(ctx, r.Rebind(query), args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// one reads a row into dest, a pointer to a struct or a value; absent when there is none.
func one(ctx context.Context, r runner, absent error, dest any, query string, args ...any) error {
	err := r.GetContext(ctx, dest, r.Rebind(query), args...)
	if errors.Is(err, sql.ErrNoRows) {
		return absent
	}
	return err
}

// many reads rows into dest, a pointer to a slice.
func many(ctx context.Context, r runner, dest any, query string, args ...any) error {
	return r.SelectContext(ctx, dest, r.Rebind(query), args...)
}

// duplicate tells that a row with a unique value is there already.
func duplicate(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "23505"
	}
	var lite *sqlite.Error
	return errors.As(err, &lite) && (lite.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || lite.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
}

// ns is a time as the tables have it: nanoseconds since 1970 UTC, 0 for none.
func ns(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// at is the time of ns, in UTC.
func at(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}
