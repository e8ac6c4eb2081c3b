package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/fiscalbench/fiscalbench/server/archive"
	"github.com/fiscalbench/fiscalbench/server/store/chain"
)

// expireLock is the advisory lock of who deletes: entries of the protocol follow
// each other.
const expireLock = 254<<52 | 2

// Expire implements archive.Base. The youngest row of each list stays, as on SQLite.
func (a *Archive) Expire(ctx context.Context, lot archive.Lot) (e *chain.Entry, err error) {
	err = a.transact(ctx, pgx.TxOptions{}, func(tx pgx.Tx) (bool, error) {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, int64(expireLock)); err != nil {
			return false, err
		}
		var t *archive.Tally
		var driveID int64
		if lot.What == "documents" {
			t, driveID, err = expiredDocuments(ctx, tx, lot)
		} else {
			t, err = expiredEvents(ctx, tx, lot)
		}
		if err != nil {
			return false, err
		}
		if e = t.Entry(); e == nil || lot.DryRun {
			return false, nil
		}
		return true, expire(ctx, tx, e, driveID, t.IDs)
	})
	if err != nil {
		return nil, fmt.Errorf("postgres: deleting from %s: %w", lot.What, err)
	}
	return e, nil
}

// expire writes the entry and deletes its rows.
func expire(ctx context.Context, tx pgx.Tx, e *chain.Entry, driveID int64, ids []int64) error {
	var previous []byte
	err := tx.QueryRow(ctx, `SELECT id, hash FROM protocol ORDER BY id DESC LIMIT 1`).Scan(&e.ID, &previous)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	e.ID++
	e.Hash = e.Sum(previous)
	if _, err := tx.Exec(ctx, addEntry, entryValues(e)...); err != nil {
		return err
	}
	if driveID == 0 {
		_, err := tx.Exec(ctx, `DELETE FROM `+e.What+` WHERE id = ANY ($1)`, ids)
		return err
	}
	if err := forgetProjected(ctx, tx, driveID, ids); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM documents WHERE drive_id = $1 AND id = ANY ($2)`, driveID, ids); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE drives SET stored = stored - $1, confirmed = confirmed - $2, findings = findings - $3 WHERE drive_id = $4`,
		e.Rows, e.Confirmed, e.Findings, driveID)
	return err
}

// errEnough ends the reading of rows.
var errEnough = errors.New("enough")

// expiredDocuments are the oldest of the chain that came before the day; the first
// one that is younger, or came nobody knows when, ends them. The drive is locked, so
// that its documents wait.
func expiredDocuments(ctx context.Context, tx pgx.Tx, lot archive.Lot) (*archive.Tally, int64, error) {
	t := archive.NewTally(lot)
	driveID, err := driveIDOf(fnNumber(lot.FN))
	if err != nil {
		return t, 0, err
	}
	var youngest int64
	err = tx.QueryRow(ctx, `SELECT (SELECT coalesce(max(id), 0) FROM documents) FROM drives WHERE drive_id = $1 FOR NO KEY UPDATE`, driveID).Scan(&youngest)
	if errors.Is(err, pgx.ErrNoRows) {
		return t, driveID, nil
	}
	if err != nil {
		return t, driveID, err
	}
	rows, err := tx.Query(ctx, `SELECT id, fd, received_at, confirmation IS NOT NULL, findings::text, coalesce(chain_seq, 0), link FROM documents
		WHERE drive_id = $1 ORDER BY id LIMIT $2`, driveID, lot.Limit())
	if err != nil {
		return t, driveID, err
	}
	var r chain.Row
	var confirmed bool
	_, err = pgx.ForEachRow(rows, []any{&r.ID, &r.FD, &r.ReceivedAt, &confirmed, &r.Findings, &r.Seq, &r.Link}, func() error {
		if r.ID == youngest {
			return errEnough
		}
		more, err := t.Document(&r, confirmed)
		if err == nil && !more {
			err = errEnough
		}
		return err
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return t, driveID, err
}

func expiredEvents(ctx context.Context, tx pgx.Tx, lot archive.Lot) (*archive.Tally, error) {
	t := archive.NewTally(lot)
	rows, err := tx.Query(ctx, `SELECT id FROM `+lot.What+` WHERE at < $1 AND id < (SELECT max(id) FROM `+lot.What+`) ORDER BY id LIMIT $2`,
		lot.Before.UnixNano(), lot.Limit())
	if err != nil {
		return t, err
	}
	var id int64
	_, err = pgx.ForEachRow(rows, []any{&id}, func() error {
		t.Event(id)
		return nil
	})
	return t, err
}
