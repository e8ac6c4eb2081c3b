package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/fiscalbench/fiscalbench/server/archive"
	"github.com/fiscalbench/fiscalbench/server/store/chain"
)

// Archive is the database as its keeper sees it; servers may work on it too. It has
// one connection and is for one caller at a time.
type Archive struct {
	conn *pgx.Conn
}

var _ archive.Base = (*Archive)(nil)

// OpenArchive connects to the database as Open does and brings its schema up to date.
func OpenArchive(ctx context.Context, url string) (*Archive, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	prepareConfig(config)
	if err := migrate(ctx, config.Copy()); err != nil {
		return nil, err
	}
	config.RuntimeParams["synchronous_commit"] = "on"
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("postgres: connecting: %w", err)
	}
	return &Archive{conn: conn}, nil
}

// Close ends the connection.
func (a *Archive) Close() error {
	if err := a.conn.Close(context.Background()); err != nil {
		return fmt.Errorf("postgres: closing: %w", err)
	}
	return nil
}

// transact runs do in one transaction and ends it as do asks for.
func (a *Archive) transact(ctx context.Context, o pgx.TxOptions, do func(tx pgx.Tx) (keep bool, err error)) error {
	tx, err := a.conn.BeginTx(ctx, o)
	if err != nil {
		return fmt.Errorf("postgres: beginning a transaction: %w", err)
	}
	keep, err := do(tx)
	if err != nil || !keep {
		if rollback := tx.Rollback(context.WithoutCancel(ctx)); rollback != nil && !errors.Is(rollback, pgx.ErrTxClosed) {
			err = errors.Join(err, fmt.Errorf("postgres: undoing: %w", rollback))
		}
		return err
	}
	if err := tx.Commit(ctx); err != nil {
		return fmt.Errorf("postgres: committing: %w", err)
	}
	return nil
}

// Snapshot implements archive.Base.
func (a *Archive) Snapshot(ctx context.Context, read func(archive.Snapshot) error) error {
	return a.transact(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) (bool, error) {
		return false, read(snapshot{tx})
	})
}

// snapshot reads inside one transaction.
type snapshot struct{ tx pgx.Tx }

func rowsOf[T any](ctx context.Context, tx pgx.Tx, what, query string, args []any, scan func(pgx.Row) (T, error)) ([]T, error) {
	rows, err := tx.Query(ctx, query, args...)
	if err == nil {
		var all []T
		if all, err = pgx.AppendRows(all, rows, func(row pgx.CollectableRow) (T, error) { return scan(row) }); err == nil {
			return all, nil
		}
	}
	return nil, fmt.Errorf("postgres: reading %s: %w", what, err)
}

const archiveDrives = `SELECT id, fn, version, reg_id, user_inn, user_name, kkt_number, address, ffd, status, last_fd, last_at, documents, policy,
	gap_count, gaps::text, stored, confirmed, findings, history, chain_length, chain_head FROM drives`

func scanArchiveDrive(r pgx.Row) (v archive.Drive, err error) {
	err = r.Scan(&v.ID, &v.FN, &v.Version, &v.RegID, &v.UserINN, &v.User, &v.KKTNumber, &v.Address, &v.FFD, &v.Status, &v.LastFD, &v.LastAt, &v.Documents, &v.Policy,
		&v.GapCount, &v.Gaps, &v.Stored, &v.Confirmed, &v.Findings, &v.History, &v.ChainLength, &v.ChainHead)
	for _, s := range []*string{&v.RegID, &v.UserINN, &v.User, &v.KKTNumber, &v.Address, &v.Status, &v.Policy} {
		*s = fromText(*s)
	}
	return v, err
}

// Drives implements archive.Snapshot. Notes of replacements are read first: a drive that
// was told meanwhile needs none.
func (s snapshot) Drives(ctx context.Context, after int64, limit int) ([]archive.Drive, error) {
	due, err := s.pending(ctx)
	if err != nil {
		return nil, err
	}
	all, err := rowsOf(ctx, s.tx, "drives", archiveDrives+` WHERE id > $1 ORDER BY id LIMIT $2`, []any{after, limit}, scanArchiveDrive)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	places, ids := make(map[int64]*archive.Drive, len(all)), make([]int64, 0, len(all))
	for i := range all {
		id, err := driveIDOf(fnNumber(all[i].FN))
		if err != nil {
			return nil, err
		}
		places[id], ids = &all[i], append(ids, id)
	}
	if err := s.settle(ctx, places, due); err != nil {
		return nil, err
	}
	_, err = rowsOf(ctx, s.tx, "registrations", `SELECT drive_id, reg_id, user_inn FROM registrations WHERE drive_id = ANY ($1)`, []any{ids}, func(r pgx.Row) (one archive.Registration, err error) {
		var id int64
		if err = r.Scan(&id, &one.RegID, &one.UserINN); err == nil {
			one.RegID, one.UserINN = fromText(one.RegID), fromText(one.UserINN)
			places[id].Registrations = append(places[id].Registrations, one)
		}
		return one, err
	})
	for i := range all { // by bytes, not as the database's language has it
		slices.SortFunc(all[i].Registrations, func(a, b archive.Registration) int {
			if c := strings.Compare(a.RegID, b.RegID); c != 0 {
				return c
			}
			return strings.Compare(a.UserINN, b.UserINN)
		})
	}
	return all, err
}

// Documents implements archive.Snapshot.
func (s snapshot) Documents(ctx context.Context, fn string, after int64, limit int) ([]chain.Row, error) {
	if fn == "" {
		return rowsOf(ctx, s.tx, "documents", selectRows+` WHERE d.id > $1 ORDER BY d.id LIMIT $2`, []any{after, limit}, scanChainRow)
	}
	id, err := driveIDOf(fnNumber(fn))
	if err != nil {
		return nil, err
	}
	return rowsOf(ctx, s.tx, "documents", `WITH few AS MATERIALIZED (SELECT drive_id, fd FROM documents WHERE drive_id = $1 AND id > $2 ORDER BY id LIMIT $3) `+
		selectRows+` WHERE (d.drive_id, d.fd) IN (SELECT drive_id, fd FROM few) ORDER BY d.id`, []any{id, after, limit}, scanChainRow)
}

// eventColumns are those of archive.Event in each table, in the order of eventPlaces.
var eventColumns = map[archive.Table][]string{
	archive.Exchanges:  {"id", "at", "fn", "fd", "fault", "detail", "took", "peer", "request", "response"},
	archive.Quarantine: {"id", "at", "fn", "fd", "fault", "detail", "message"},
	archive.Incidents:  {"id", "at", "fn", "fd", "fault", "text"},
}

// eventPlaces are places to scan into, as many as the table has columns.
func eventPlaces(table archive.Table, e *archive.Event) []any {
	all := []any{&e.ID, &e.At, &e.FN, &e.FD, &e.Fault, &e.Text}
	switch table {
	case archive.Exchanges:
		all = append(all, &e.Took, &e.Peer, &e.Bytes, &e.Response)
	case archive.Quarantine:
		all = append(all, &e.Bytes)
	}
	return all
}

// Events implements archive.Snapshot.
func (s snapshot) Events(ctx context.Context, table archive.Table, after int64, limit int) ([]archive.Event, error) {
	query := `SELECT ` + strings.Join(eventColumns[table], ", ") + ` FROM ` + string(table) + ` WHERE id > $1 ORDER BY id LIMIT $2`
	return rowsOf(ctx, s.tx, string(table), query, []any{after, limit}, func(r pgx.Row) (e archive.Event, err error) {
		err = r.Scan(eventPlaces(table, &e)...)
		for _, s := range []*string{&e.FN, &e.Text, &e.Peer} {
			*s = fromText(*s)
		}
		return e, err
	})
}

// Protocol implements archive.Snapshot.
func (s snapshot) Protocol(ctx context.Context, after int64, limit int) ([]chain.Entry, error) {
	return rowsOf(ctx, s.tx, "the protocol", `SELECT `+entryColumns+` FROM protocol WHERE id > $1 ORDER BY id LIMIT $2`, []any{after, limit}, scanEntry)
}
