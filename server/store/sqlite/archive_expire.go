package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/fiscalbench/fiscalbench/server/archive"
	"github.com/fiscalbench/fiscalbench/server/store/chain"
)

// Expire implements archive.Base. The youngest row of each list stays, so that ids
// go on growing.
func (a *Archive) Expire(ctx context.Context, lot archive.Lot) (e *chain.Entry, err error) {
	err = a.transact(ctx, "BEGIN IMMEDIATE", func(c *sql.Conn) (bool, error) {
		var ids []int64
		var driveID int64
		if lot.What == "documents" {
			e, driveID, ids, err = expiredDocuments(ctx, c, lot)
		} else {
			e, ids, err = expiredEvents(ctx, c, lot)
		}
		if err != nil || e == nil || lot.DryRun {
			return false, err
		}
		return true, expire(ctx, c, e, driveID, ids)
	})
	if err != nil {
		return nil, fmt.Errorf("sqlite: deleting from %s: %w", lot.What, err)
	}
	return e, nil
}

// expire writes the entry and deletes its rows.
func expire(ctx context.Context, c *sql.Conn, e *chain.Entry, driveID int64, ids []int64) error {
	var previous []byte
	err := c.QueryRowContext(ctx, `SELECT id, hash FROM protocol ORDER BY id DESC LIMIT 1`).Scan(&e.ID, &previous)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	e.ID++
	e.Hash = e.Sum(previous)
	if err := addEntry(ctx, c, e); err != nil {
		return err
	}
	st, err := c.PrepareContext(ctx, `DELETE FROM `+e.What+` WHERE id = ?`)
	if err != nil {
		return err
	}
	defer func() { _ = st.Close() }()
	for _, id := range ids {
		if _, err := st.ExecContext(ctx, id); err != nil {
			return err
		}
	}
	if driveID == 0 {
		return nil
	}
	if err := forgetProjected(ctx, c, ids); err != nil {
		return err
	}
	_, err = c.ExecContext(ctx, `UPDATE drives SET stored = stored - ?, confirmed = confirmed - ?, findings = findings - ? WHERE id = ?`,
		e.Rows, e.Confirmed, e.Findings, driveID)
	return err
}

// expiredDocuments are the oldest of the chain that came before the day; the first
// one that is younger, or came nobody knows when, ends them.
func expiredDocuments(ctx context.Context, c *sql.Conn, lot archive.Lot) (e *chain.Entry, driveID int64, ids []int64, err error) {
	var youngest int64
	err = c.QueryRowContext(ctx, `SELECT id, (SELECT coalesce(max(id), 0) FROM documents) FROM drives WHERE fn = ?`, lot.FN).Scan(&driveID, &youngest)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, 0, nil, nil
	}
	if err != nil {
		return nil, 0, nil, err
	}
	rows, err := c.QueryContext(ctx, `SELECT id, fd, received_at, confirmation IS NOT NULL, findings, coalesce(chain_seq, 0), link FROM documents
		WHERE drive_id = ? ORDER BY id LIMIT ?`, driveID, lot.Limit())
	if err != nil {
		return nil, 0, nil, err
	}
	defer rows.Close()
	t := archive.NewTally(lot)
	for rows.Next() {
		var r chain.Row
		var confirmed bool
		if err := rows.Scan(&r.ID, &r.FD, &r.ReceivedAt, &confirmed, &r.Findings, &r.Seq, &r.Link); err != nil {
			return nil, 0, nil, err
		}
		if r.ID == youngest {
			break
		}
		if more, err := t.Document(&r, confirmed); err != nil || !more {
			return t.Entry(), driveID, t.IDs, err
		}
	}
	return t.Entry(), driveID, t.IDs, rows.Err()
}

func expiredEvents(ctx context.Context, c *sql.Conn, lot archive.Lot) (*chain.Entry, []int64, error) {
	t := archive.NewTally(lot)
	_, err := collect(ctx, c, `SELECT id FROM `+lot.What+` WHERE at < ? AND id < (SELECT max(id) FROM `+lot.What+`) ORDER BY id LIMIT ?`,
		[]any{lot.Before.UnixNano(), lot.Limit()}, func(r row) (id int64, err error) {
			if err = r.Scan(&id); err == nil {
				t.Event(id)
			}
			return id, err
		})
	return t.Entry(), t.IDs, err
}
