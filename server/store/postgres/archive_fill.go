package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/archive"
	"github.com/fiscalbench/fiscalbench/server/store/chain"
)

// fillRows is how many rows go to the database at once.
const fillRows = 500

// keptTables are those that Fill wants empty.
const keptTables = `drives, documents, exchanges, quarantine, incidents, protocol`

// Fill implements archive.Base. Nobody else writes meanwhile.
func (a *Archive) Fill(ctx context.Context, write func(archive.Filler) error) error {
	return a.transact(ctx, pgx.TxOptions{}, func(tx pgx.Tx) (bool, error) {
		if _, err := tx.Exec(ctx, `LOCK TABLE `+keptTables+` IN EXCLUSIVE MODE`); err != nil {
			return false, fmt.Errorf("postgres: locking the tables: %w", err)
		}
		var any bool
		if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM drives) OR EXISTS (SELECT FROM documents) OR EXISTS (SELECT FROM exchanges)
			OR EXISTS (SELECT FROM quarantine) OR EXISTS (SELECT FROM incidents) OR EXISTS (SELECT FROM protocol)`).Scan(&any); err != nil {
			return false, fmt.Errorf("postgres: looking whether the base is empty: %w", err)
		}
		if any {
			return false, fmt.Errorf("postgres: %w", archive.ErrNotEmpty)
		}
		f := &filler{tx: tx, drives: map[string]int64{}, registrations: map[registration]int64{}}
		if err := write(f); err != nil {
			return false, err
		}
		if err := f.flush(ctx); err != nil {
			return false, err
		}
		if _, err := tx.Exec(ctx, `SELECT setval('row_ids', greatest($1, (SELECT last_value FROM row_ids)))`, f.last); err != nil {
			return false, fmt.Errorf("postgres: going on with the ids: %w", err)
		}
		return true, nil
	})
}

// filler copies rows of one table at a time.
type filler struct {
	tx            pgx.Tx
	drives        map[string]int64
	registrations map[registration]int64
	table         string
	columns       []string
	rows          [][]any
	last          int64 // greatest id
}

func (f *filler) add(ctx context.Context, table string, columns []string, id int64, values []any) error {
	if table != f.table || len(f.rows) >= fillRows {
		if err := f.flush(ctx); err != nil {
			return err
		}
		f.table, f.columns = table, columns
	}
	f.rows, f.last = append(f.rows, values), max(f.last, id)
	return nil
}

func (f *filler) flush(ctx context.Context) error {
	if len(f.rows) == 0 {
		return nil
	}
	if _, err := f.tx.CopyFrom(ctx, pgx.Identifier{f.table}, f.columns, pgx.CopyFromRows(f.rows)); err != nil {
		return fmt.Errorf("postgres: writing %s: %w", f.table, err)
	}
	clear(f.rows)
	f.rows = f.rows[:0]
	return nil
}

var fillDrive = []string{"drive_id", "id", "fn", "version", "reg_id", "user_inn", "user_name", "kkt_number", "address", "ffd", "status", "last_fd", "last_at", "documents",
	"policy", "gap_count", "gaps", "stored", "confirmed", "findings", "history", "chain_length", "chain_head"}

// Drive implements archive.Filler.
func (f *filler) Drive(ctx context.Context, v *archive.Drive) error {
	id, err := driveIDOf(fnNumber(v.FN))
	if err != nil {
		return err
	}
	f.drives[v.FN] = id
	err = f.add(ctx, "drives", fillDrive, v.ID, []any{id, v.ID, v.FN, v.Version, text(v.RegID), text(v.UserINN), text(v.User), text(v.KKTNumber), text(v.Address), v.FFD,
		text(v.Status), v.LastFD, v.LastAt, v.Documents, text(v.Policy), v.GapCount, jsonText(v.Gaps), v.Stored, v.Confirmed, v.Findings,
		blob(v.History), v.ChainLength, blob(v.ChainHead)})
	if err != nil || len(v.Registrations) == 0 {
		return err
	}
	if err := f.flush(ctx); err != nil { // registrations refer to it
		return err
	}
	for _, one := range v.Registrations {
		var row int64
		if err := f.tx.QueryRow(ctx, `INSERT INTO registrations (drive_id, reg_id, user_inn) VALUES ($1, $2, $3) RETURNING id`,
			id, text(one.RegID), text(one.UserINN)).Scan(&row); err != nil {
			return fmt.Errorf("postgres: writing registrations: %w", err)
		}
		f.registrations[registration{id, fiscal.RegNumber(one.RegID), fiscal.INN(one.UserINN)}] = row
	}
	return nil
}

// Document implements archive.Filler.
func (f *filler) Document(ctx context.Context, r *chain.Row) error {
	driveID, ok := f.drives[r.FN]
	if !ok {
		return fmt.Errorf("postgres: document of FN %q, which is no drive of the base", r.FN)
	}
	var id any
	if r.RegID != "" || r.UserINN != "" {
		if id, ok = f.registrations[registration{driveID, fiscal.RegNumber(r.RegID), fiscal.INN(r.UserINN)}]; !ok {
			return fmt.Errorf("postgres: FN %s FD %d: its drive has no registration %q of %q", r.FN, r.FD, r.RegID, r.UserINN)
		}
	}
	fault := r.Fault
	fault.String = text(fault.String)
	return f.add(ctx, "documents", names(documentColumns), r.ID, []any{r.ID, driveID, id, r.FD, r.Form, r.FFD, r.DateTime, r.ReceivedAt, r.Shift, r.Number, r.Operation,
		r.Total, r.FPD, text(r.Policy), text(r.FPS), text(r.FPDCheck), fault, r.ExchangeAt, r.Took, text(r.Peer), text(r.Detail), int4(r.STLVAt), int4(r.STLVLen),
		jsonText(r.Findings), blob(r.Message), blob(r.Confirmation), blob(r.STLV), blob(r.Request), blob(r.Response), blob(r.ResponseHead), r.Seq, r.Link})
}

// Event implements archive.Filler.
func (f *filler) Event(ctx context.Context, table archive.Table, e *archive.Event) error {
	fault := e.Fault
	fault.String = text(fault.String)
	all := []any{journalDrive(fnNumber(e.FN)), e.ID, e.At, text(e.FN), e.FD, fault, text(e.Text)}
	switch table {
	case archive.Exchanges:
		all = append(all, e.Took, text(e.Peer), blob(e.Bytes), blob(e.Response))
	case archive.Quarantine:
		all = append(all, blob(e.Bytes))
	}
	return f.add(ctx, string(table), append([]string{"drive_id"}, eventColumns[table]...), e.ID, all)
}

// Entry implements archive.Filler.
func (f *filler) Entry(ctx context.Context, e *chain.Entry) error {
	if err := f.flush(ctx); err != nil {
		return err
	}
	if _, err := f.tx.Exec(ctx, addEntry, entryValues(e)...); err != nil {
		return fmt.Errorf("postgres: writing the protocol: %w", err)
	}
	return nil
}
