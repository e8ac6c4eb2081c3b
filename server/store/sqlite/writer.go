package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/chain"
	"github.com/fiscalbench/fiscalbench/server/store/group"
)

// operation is one caller's work inside a transaction. The errors store.ErrExists
// and store.ErrStale, plain or wrapped, mean that nothing was changed; any other,
// an undoError included, that the transaction must be rolled back.
type operation interface {
	apply(ctx context.Context, w *writer) error
}

// undoError is a refusal found after something was changed.
type undoError struct{ error }

func (e undoError) Unwrap() error { return e.error }

// beginError says that no transaction could begin.
type beginError struct{ error }

func (e beginError) Unwrap() error { return e.error }

// hopeless: nothing can begin, and trying for each would only make all wait.
func hopeless(err error) bool {
	var none beginError
	return errors.As(err, &none)
}

// item is an operation in the queue.
type item = group.Item[operation]

// writer owns the only connection that writes.
type writer struct {
	path  string
	log   *slog.Logger
	db    *sql.DB
	conn  *sql.Conn
	st    writeStatements
	mover *checkpointer // nil: the writer moves the log itself

	// What follows mirrors the file and is read anew after a rollback.
	nextID        int64 // of documents and exchanges
	drives        map[fiscal.FNNumber]drive
	registrations map[registration]int64
}

// drive is what the next document of an FN needs to know.
type drive struct {
	id, version int64
	head        chain.Head
	face        *face // as stored; nil: not known
}

type registration struct {
	drive int64
	reg   fiscal.RegNumber
	user  fiscal.INN
}

// maxCached bounds each map of the writer.
const maxCached = 1 << 17

func openWriter(ctx context.Context, path string, log *slog.Logger) (*writer, error) {
	w := &writer{path: path, log: log}
	db, err := sql.Open("sqlite", dsn(path, "journal_mode(WAL)", "synchronous(FULL)", fmt.Sprintf("wal_autocheckpoint(%d)", logLimit), "cache_size(-32000)"))
	if err != nil {
		return nil, fmt.Errorf("sqlite: opening %s: %w", path, err)
	}
	db.SetMaxOpenConns(1)
	w.db = db
	if err = migrate(ctx, db, path); err == nil {
		err = w.connect(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return w, nil
}

// connect takes the connection and prepares its statements.
func (w *writer) connect(ctx context.Context) (err error) {
	if w.conn, err = w.db.Conn(ctx); err != nil {
		return fmt.Errorf("sqlite: opening %s: %w", w.path, err)
	}
	// A connection that the pool kept may still be inside a transaction.
	_, _ = w.conn.ExecContext(ctx, "ROLLBACK")
	if err = w.st.prepare(ctx, w.conn); err == nil {
		err = w.forget(ctx)
	}
	if err != nil {
		w.disconnect()
		return fmt.Errorf("sqlite: opening %s: %w", w.path, err)
	}
	return nil
}

// disconnect throws the connection away with everything it holds.
func (w *writer) disconnect() {
	w.st.close()
	// ErrBadConn makes the pool close the connection instead of keeping it.
	_ = w.conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = w.conn.Close()
	w.conn = nil
}

// forget drops what was learned inside a transaction that did not happen.
func (w *writer) forget(ctx context.Context) error {
	w.drives, w.registrations = map[fiscal.FNNumber]drive{}, map[registration]int64{}
	return w.st.maxID.QueryRowContext(ctx).Scan(&w.nextID)
}

// transact does the group in one transaction. Refusals are left in the items; any
// error means that nothing was stored.
func (w *writer) transact(ctx context.Context, group []*item) error {
	if err := w.begin(ctx); err != nil {
		return err
	}
	for _, one := range group {
		one.Err = one.Work.apply(ctx, w)
		if one.Err != nil && !refusal(one.Err) {
			err := one.Err
			w.rollback(ctx)
			return err
		}
	}
	if _, err := w.st.commit.ExecContext(ctx); err != nil {
		w.rollback(ctx)
		return fmt.Errorf("sqlite: committing: %w", err)
	}
	if w.mover != nil {
		w.mover.committed(len(group))
	}
	return nil
}

// refusal reports an error of the contract that leaves the transaction alone.
func refusal(err error) bool {
	var undo undoError
	return !errors.As(err, &undo) && (errors.Is(err, store.ErrExists) || errors.Is(err, store.ErrStale))
}

func (w *writer) begin(ctx context.Context) error {
	if w.conn == nil {
		if err := w.connect(ctx); err != nil {
			return beginError{err}
		}
	}
	if len(w.drives) > maxCached {
		clear(w.drives)
	}
	if len(w.registrations) > maxCached {
		clear(w.registrations)
	}
	if _, err := w.st.begin.ExecContext(ctx); err != nil {
		w.disconnect()
		return beginError{fmt.Errorf("sqlite: beginning a transaction: %w", err)}
	}
	return nil
}

// rollback undoes the transaction. Some errors make SQLite roll back by itself;
// then there is nothing to undo. A connection that cannot go on is replaced.
func (w *writer) rollback(ctx context.Context) {
	_, _ = w.conn.ExecContext(ctx, "ROLLBACK")
	if err := w.forget(ctx); err != nil {
		w.log.Error("the writing connection is opened anew", "err", err)
		w.disconnect()
	}
}

// newID draws from the sequence that documents and exchanges share.
func (w *writer) newID() int64 {
	w.nextID++
	return w.nextID
}

func (w *writer) close(ctx context.Context) error {
	var errs []error
	if w.mover != nil {
		errs = append(errs, w.mover.stop())
	}
	if w.conn != nil {
		if _, err := w.conn.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
			errs = append(errs, fmt.Errorf("checkpoint: %w", err))
		}
		w.st.close()
		errs = append(errs, w.conn.Close())
	}
	return errors.Join(append(errs, w.db.Close())...)
}
