package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/fiscalbench/fiscalbench/fiscal"
)

// writer owns a connection that writes. All documents of a drive that come to this
// process go through one writer.
type writer struct {
	config   *pgx.ConnConfig
	log      *slog.Logger
	retryFor time.Duration
	closing  <-chan struct{}
	conn     *pgx.Conn     // nil when it was lost
	away     bool          // the last group met no database: the next does not wait again
	divided  bool          // the tables are, over several machines
	due      []replacement // by the last group, on other machines

	// registrations are those known to be committed; rows are never deleted.
	registrations map[registration]int64
	room          []byte // of the rows sent last, to be used again
}

type registration struct {
	drive int64
	reg   fiscal.RegNumber
	user  fiscal.INN
}

const (
	// maxCached bounds the writer's memory of registrations.
	maxCached = 1 << 17
	// First and longest pause between attempts.
	firstPause, longestPause = 10 * time.Millisecond, 500 * time.Millisecond
	// maxConflicts is how often a group is done anew because the database chose it to
	// give way to another process.
	maxConflicts = 20
)

func openWriter(ctx context.Context, config *pgx.ConnConfig, o Options) (*writer, error) {
	w := &writer{config: config, log: o.Logger, retryFor: o.RetryFor, registrations: map[registration]int64{}}
	if err := w.connect(ctx); err != nil {
		return nil, err
	}
	return w, nil
}

func (w *writer) connect(ctx context.Context) error {
	c, err := pgx.ConnectConfig(ctx, w.config)
	if err != nil {
		return fmt.Errorf("postgres: connecting to write: %w", err)
	}
	var fsync string
	if err := c.QueryRow(ctx, "SHOW fsync").Scan(&fsync); err != nil {
		return errors.Join(fmt.Errorf("postgres: connecting to write: %w", err), c.Close(ctx))
	}
	if fsync != "on" {
		w.log.Warn("the database does not wait for its disk: confirmed documents can be lost", "fsync", fsync)
	}
	w.conn = c
	return nil
}

// persist does a group in one transaction, again and again while that may help.
// Refusals are left in the items; any error means that nothing is known to be
// stored. When the connection is lost during a commit nobody knows whether it
// happened: done anew, a stored document is refused with store.ErrExists, and an
// entry of a journal may be there twice, which is better than not at all.
func (w *writer) persist(ctx context.Context, group []*item) error {
	stored := map[documentKey]bool{}
	var deadline time.Time
	pause, conflicts := firstPause, 0
	for {
		err := w.transact(ctx, group, stored)
		var found foundError
		switch {
		case err == nil:
			w.away = false
			return nil
		case errors.As(err, &found): // found out in the middle: now it is known before
			continue
		case conflict(err) && conflicts < maxConflicts:
			conflicts++
			continue
		case !lost(err):
			return err
		}
		now := time.Now() // of the wall, not of the bench
		if deadline.IsZero() {
			deadline = now.Add(w.retryFor)
			w.log.Warn("the database is away", "err", err)
		}
		if w.away || now.Add(pause).After(deadline) || !w.wait(pause) {
			w.away = true
			return err
		}
		pause = min(2*pause, longestPause)
	}
}

// wait pauses; false when the store is being closed.
func (w *writer) wait(pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-w.closing:
		return false
	}
}

// transact does the group in one transaction.
func (w *writer) transact(ctx context.Context, group []*item, stored map[documentKey]bool) error {
	if w.conn == nil {
		if err := w.connect(ctx); err != nil {
			return lostError{err}
		}
	}
	t := &transaction{conn: w.conn, divided: w.divided, known: w.registrations, group: group, stored: stored, room: w.room}
	err := t.run(ctx)
	w.room, w.due = t.room, nil
	if err != nil {
		if w.recover(ctx); w.conn == nil || goingAway(err) {
			return lostError{err}
		}
		return err
	}
	w.due = t.due
	if len(w.registrations) > maxCached {
		clear(w.registrations)
	}
	for r, id := range t.learned {
		w.registrations[r] = id
	}
	return nil
}

// recover ends a transaction that failed. A connection that cannot go on is thrown
// away.
func (w *writer) recover(ctx context.Context) {
	if !w.conn.IsClosed() {
		if _, err := w.conn.Exec(ctx, "ROLLBACK"); err == nil {
			return
		}
	}
	_ = w.conn.Close(ctx) // it is of no use any more
	w.conn = nil
}

func (w *writer) close(ctx context.Context) error {
	if w.conn == nil {
		return nil
	}
	return w.conn.Close(ctx)
}

// conflict reports that the database gave another process the preference:
// serialization_failure, deadlock_detected, lock_not_available.
func conflict(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && (e.Code == "40001" || e.Code == "40P01" || e.Code == "55P03")
}

// unique reports that a row with the same key is there.
func unique(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && e.Code == "23505"
}

// lostError says that the database was not there or went away.
type lostError struct{ error }

func (e lostError) Unwrap() error { return e.error }

func lost(err error) bool {
	var e lostError
	return errors.As(err, &e)
}

// goingAway is what a database says last: connection errors (class 08), shutdown and
// start (57P01 to 57P05), idle_in_transaction_session_timeout, a standby, too many
// connections.
func goingAway(err error) bool {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return false
	}
	return strings.HasPrefix(e.Code, "08") || strings.HasPrefix(e.Code, "57P") || e.Code == "25P03" || e.Code == "25006" || e.Code == "53300"
}
