package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/archive"
	"github.com/fiscalbench/fiscalbench/server/store/chain"
)

// Fill implements archive.Base. What does not fit into memory waits in the
// write-ahead log.
func (a *Archive) Fill(ctx context.Context, write func(archive.Filler) error) error {
	err := a.transact(ctx, "BEGIN IMMEDIATE", func(c *sql.Conn) (bool, error) {
		for _, table := range []string{"drives", "documents", "exchanges", "quarantine", "incidents", "protocol"} {
			var one int
			err := c.QueryRowContext(ctx, `SELECT 1 FROM `+table+` LIMIT 1`).Scan(&one)
			switch {
			case err == nil:
				return false, fmt.Errorf("sqlite: %s: %w", table, archive.ErrNotEmpty)
			case !errors.Is(err, sql.ErrNoRows):
				return false, fmt.Errorf("sqlite: reading %s: %w", table, err)
			}
		}
		f := &filler{c: c, drives: map[string]int64{}, registrations: map[registration]int64{}, statements: map[string]*sql.Stmt{}}
		err := write(f)
		for _, st := range f.statements {
			err = errors.Join(err, st.Close())
		}
		return err == nil, err
	})
	if err != nil {
		return err
	}
	if _, err := a.db.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		return fmt.Errorf("sqlite: moving the log into %s: %w", a.path, err)
	}
	return nil
}

type filler struct {
	c             *sql.Conn
	drives        map[string]int64
	registrations map[registration]int64
	statements    map[string]*sql.Stmt
}

func (f *filler) insert(ctx context.Context, table, columns string, values []any) (sql.Result, error) {
	st, ok := f.statements[table]
	if !ok {
		var err error
		if st, err = f.c.PrepareContext(ctx, `INSERT INTO `+table+` (`+columns+`) VALUES (`+marks(columns)+`)`); err != nil {
			return nil, fmt.Errorf("sqlite: preparing to write %s: %w", table, err)
		}
		f.statements[table] = st
	}
	r, err := st.ExecContext(ctx, values...)
	if err != nil {
		return nil, fmt.Errorf("sqlite: writing %s: %w", table, err)
	}
	return r, nil
}

// Drive implements archive.Filler.
func (f *filler) Drive(ctx context.Context, v *archive.Drive) error {
	_, err := f.insert(ctx, "drives", driveColumns+`, id, fn, version, stored, confirmed, findings, chain_length, chain_head`, []any{
		v.RegID, v.UserINN, v.User, v.KKTNumber, v.Address, v.FFD, v.Status, v.LastFD, v.LastAt, v.Documents, v.Policy, v.GapCount, v.Gaps, blob(v.History),
		v.ID, v.FN, v.Version, v.Stored, v.Confirmed, v.Findings, v.ChainLength, blob(v.ChainHead)})
	if err != nil {
		return err
	}
	f.drives[v.FN] = v.ID
	for _, one := range v.Registrations {
		r, err := f.insert(ctx, "registrations", `drive_id, reg_id, user_inn`, []any{v.ID, one.RegID, one.UserINN})
		if err != nil {
			return err
		}
		id, err := r.LastInsertId()
		if err != nil {
			return fmt.Errorf("sqlite: writing registrations: %w", err)
		}
		f.registrations[registration{v.ID, fiscal.RegNumber(one.RegID), fiscal.INN(one.UserINN)}] = id
	}
	return nil
}

// Document implements archive.Filler.
func (f *filler) Document(ctx context.Context, r *chain.Row) error {
	driveID, ok := f.drives[r.FN]
	if !ok {
		return fmt.Errorf("sqlite: document of FN %q, which is no drive of the base", r.FN)
	}
	var id any
	if r.RegID != "" || r.UserINN != "" {
		if id, ok = f.registrations[registration{driveID, fiscal.RegNumber(r.RegID), fiscal.INN(r.UserINN)}]; !ok {
			return fmt.Errorf("sqlite: FN %s FD %d: its drive has no registration %q of %q", r.FN, r.FD, r.RegID, r.UserINN)
		}
	}
	_, err := f.insert(ctx, "documents", documentColumns, values(r, r.ID, driveID, id))
	return err
}

// Event implements archive.Filler.
func (f *filler) Event(ctx context.Context, table archive.Table, e *archive.Event) error {
	all := []any{e.ID, e.At, e.FN, e.FD, e.Fault, e.Text}
	switch table {
	case archive.Exchanges:
		all = append(all, e.Took, e.Peer, blob(e.Bytes), blob(e.Response))
	case archive.Quarantine:
		all = append(all, blob(e.Bytes))
	}
	_, err := f.insert(ctx, string(table), eventColumns[table], all)
	return err
}

// Entry implements archive.Filler.
func (f *filler) Entry(ctx context.Context, e *chain.Entry) error {
	if err := addEntry(ctx, f.c, e); err != nil {
		return fmt.Errorf("sqlite: writing the protocol: %w", err)
	}
	return nil
}
