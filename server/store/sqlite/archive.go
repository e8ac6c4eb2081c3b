package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/fiscalbench/fiscalbench/server/archive"
	"github.com/fiscalbench/fiscalbench/server/store/chain"
)

// Archive is the file as its keeper sees it; a server may have it open too.
type Archive struct {
	path string
	db   *sql.DB
}

var _ archive.Base = (*Archive)(nil)

// OpenArchive opens the file at path and brings its schema up to date. Unless create
// is set it fails with archive.ErrNoBase when there is no file.
func OpenArchive(ctx context.Context, path string, create bool) (*Archive, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %s: %w", path, err)
	}
	if create {
		if err := os.MkdirAll(filepath.Dir(abs), 0o750); err != nil {
			return nil, fmt.Errorf("sqlite: making the folder of %s: %w", path, err)
		}
	} else if _, err := os.Stat(abs); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("sqlite: %s: %w", path, archive.ErrNoBase)
		}
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	db, err := sql.Open("sqlite", dsn(abs, "journal_mode(WAL)", "synchronous(FULL)", "cache_size(-64000)"))
	if err != nil {
		return nil, fmt.Errorf("sqlite: opening %s: %w", path, err)
	}
	if err := migrate(ctx, db, abs); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &Archive{path: abs, db: db}, nil
}

// Close closes the file and leaves its write-ahead log to whoever has it open.
func (a *Archive) Close() error {
	if err := a.db.Close(); err != nil {
		return fmt.Errorf("sqlite: closing: %w", err)
	}
	return nil
}

// transact runs do on one connection between begin and the end that do asks for.
func (a *Archive) transact(ctx context.Context, begin string, do func(c *sql.Conn) (keep bool, err error)) (err error) {
	c, err := a.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("sqlite: opening %s: %w", a.path, err)
	}
	defer func() { _ = c.Close() }()
	if _, err := c.ExecContext(ctx, begin); err != nil {
		return fmt.Errorf("sqlite: beginning a transaction: %w", err)
	}
	keep, err := do(c)
	end := "COMMIT"
	if err != nil || !keep {
		end = "ROLLBACK"
	}
	after := context.WithoutCancel(ctx)
	if _, endErr := c.ExecContext(after, end); endErr != nil && err == nil {
		err = fmt.Errorf("sqlite: ending a transaction: %w", endErr)
		_, _ = c.ExecContext(after, "ROLLBACK") // of a commit that failed: its error is the one that counts
	}
	return err
}

// Snapshot implements archive.Base.
func (a *Archive) Snapshot(ctx context.Context, read func(archive.Snapshot) error) error {
	return a.transact(ctx, "BEGIN", func(c *sql.Conn) (bool, error) { return false, read(snapshot{c}) })
}

// snapshot reads inside one transaction.
type snapshot struct{ c *sql.Conn }

const archiveDrives = `SELECT id, fn, version, reg_id, user_inn, user_name, kkt_number, address, ffd, status, last_fd, last_at, documents, policy,
	gap_count, gaps, stored, confirmed, findings, history, chain_length, chain_head FROM drives`

func scanArchiveDrive(r row) (v archive.Drive, err error) {
	err = r.Scan(&v.ID, &v.FN, &v.Version, &v.RegID, &v.UserINN, &v.User, &v.KKTNumber, &v.Address, &v.FFD, &v.Status, &v.LastFD, &v.LastAt, &v.Documents, &v.Policy,
		&v.GapCount, &v.Gaps, &v.Stored, &v.Confirmed, &v.Findings, &v.History, &v.ChainLength, &v.ChainHead)
	return v, err
}

// Drives implements archive.Snapshot.
func (s snapshot) Drives(ctx context.Context, after int64, limit int) ([]archive.Drive, error) {
	all, err := collect(ctx, s.c, archiveDrives+` WHERE id > ? ORDER BY id LIMIT ?`, []any{after, limit}, scanArchiveDrive)
	if err != nil || len(all) == 0 {
		return nil, wrapped("drives", err)
	}
	places := make(map[int64]*archive.Drive, len(all))
	for i := range all {
		places[all[i].ID] = &all[i]
	}
	_, err = collect(ctx, s.c, `SELECT drive_id, reg_id, user_inn FROM registrations WHERE drive_id BETWEEN ? AND ? ORDER BY drive_id, reg_id, user_inn`,
		[]any{all[0].ID, all[len(all)-1].ID}, func(r row) (one archive.Registration, err error) {
			var id int64
			if err = r.Scan(&id, &one.RegID, &one.UserINN); err == nil && places[id] != nil {
				places[id].Registrations = append(places[id].Registrations, one)
			}
			return one, err
		})
	return all, wrapped("registrations", err)
}

// Documents implements archive.Snapshot.
func (s snapshot) Documents(ctx context.Context, fn string, after int64, limit int) ([]chain.Row, error) {
	query, args := selectRows+` WHERE d.id > ? ORDER BY d.id LIMIT ?`, []any{after, limit}
	if fn != "" {
		query = selectRows + ` WHERE d.id IN (SELECT id FROM documents WHERE drive_id = (SELECT id FROM drives WHERE fn = ?) AND id > ? ORDER BY id LIMIT ?) ORDER BY d.id`
		args = []any{fn, after, limit}
	}
	all, err := collect(ctx, s.c, query, args, scanChainRow)
	return all, wrapped("documents", err)
}

// eventColumns are those of archive.Event in each table, in the order of eventValues.
var eventColumns = map[archive.Table]string{
	archive.Exchanges:  `id, at, fn, fd, fault, detail, took, peer, request, response`,
	archive.Quarantine: `id, at, fn, fd, fault, detail, message`,
	archive.Incidents:  `id, at, fn, fd, fault, text`,
}

// eventValues are places to scan into, as many as the table has columns.
func eventValues(table archive.Table, e *archive.Event) []any {
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
	query := `SELECT ` + eventColumns[table] + ` FROM ` + string(table) + ` WHERE id > ? ORDER BY id LIMIT ?`
	all, err := collect(ctx, s.c, query, []any{after, limit}, func(r row) (e archive.Event, err error) {
		err = r.Scan(eventValues(table, &e)...)
		return e, err
	})
	return all, wrapped(string(table), err)
}

// Protocol implements archive.Snapshot.
func (s snapshot) Protocol(ctx context.Context, after int64, limit int) ([]chain.Entry, error) {
	all, err := collect(ctx, s.c, `SELECT `+entryColumns+` FROM protocol WHERE id > ? ORDER BY id LIMIT ?`, []any{after, limit}, scanEntry)
	return all, wrapped("the protocol", err)
}

func wrapped(what string, err error) error {
	if err != nil {
		return fmt.Errorf("sqlite: reading %s: %w", what, err)
	}
	return nil
}
