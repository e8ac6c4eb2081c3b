package searchbench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// pourBatch is how many documents are made ahead, and pourCommit how many batches are
// in a transaction.
const pourBatch, pourCommit = 2000, 50

// pourSQLite writes the documents of the base into an empty file past the store, which
// must be closed: the same rows as fill makes but for the links of the chains, several
// times as fast. Nothing is safe on the disk before it ends.
func (b *base) pourSQLite(ctx context.Context, path string, progress func(done int64)) (err error) {
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=synchronous(OFF)&_pragma=cache_size(-1000000)&_pragma=wal_autocheckpoint(50000)&_pragma=locking_mode(EXCLUSIVE)")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if err := b.pourDrives(ctx, tx); err != nil {
		return err
	}
	made := make(chan [][]any, 8)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go b.rows(ctx, func(register int) int64 { return int64(register + 1) }, made)
	done := int64(0)
	batches := 0
	for all := range made {
		st, err := tx.PrepareContext(ctx, pourDocument)
		if err != nil {
			return err
		}
		for _, row := range all {
			if _, err := st.ExecContext(ctx, row...); err != nil {
				return fmt.Errorf("document %v: %w", row[0], err)
			}
		}
		done += int64(len(all))
		progress(done)
		if batches++; batches%pourCommit == 0 {
			if err := tx.Commit(); err != nil {
				return err
			}
			if tx, err = db.BeginTx(ctx, nil); err != nil {
				return err
			}
		}
	}
	return tx.Commit()
}

const pourColumns = `id, drive_id, registration_id, fd, form, ffd, date_time, received_at, shift, number, operation, total, fpd, policy, fps, fpd_check,
	took, peer, detail, stlv_at, stlv_len, message, confirmation, chain_seq, link`

var pourDocument = "INSERT INTO documents (" + pourColumns + ") VALUES (" + strings.TrimSuffix(strings.Repeat("?, ", 25), ", ") + ")"

// rows makes the rows of documents, those of all registers mixed, in the order of the
// days.
func (b *base) rows(ctx context.Context, drive func(register int) int64, made chan<- [][]any) {
	defer close(made)
	link := make([]byte, 56)
	id := int64(0)
	var all [][]any
	for n := range b.each {
		for register := range b.registers {
			d := b.document(register, n)
			id++
			all = append(all, []any{id, drive(register), int64(register + 1), int64(d.FD), int64(d.Form), int64(d.FFD), d.DateTime.Unix(), d.ReceivedAt.UnixNano(),
				int64(d.Shift), int64(d.Number), int64(d.Operation), int64(d.Total), int64(d.FPD), d.Policy, d.FPS, d.FPDCheck,
				int64(1_000_000), "127.0.0.1:40000", "", int64(stlvAt), int64(len(d.STLV)), d.Message, d.Confirmation, int64(n + 1), link})
			if len(all) < pourBatch && id < int64(b.documents()) {
				continue
			}
			select {
			case made <- all:
				all = nil
			case <-ctx.Done():
				return
			}
		}
	}
}

func (b *base) pourDrives(ctx context.Context, tx *sql.Tx) error {
	for register := range b.registers {
		d := b.document(register, b.each-1)
		if _, err := tx.ExecContext(ctx, `INSERT INTO drives (id, fn, version, reg_id, user_inn, user_name, kkt_number, address, ffd, status, last_fd, last_at, documents, policy,
				gap_count, stored, confirmed, findings, history, chain_length) VALUES (?, ?, ?, ?, ?, 'ООО Ромашка', ?, '101000, г. Москва, ул. Ленина, д. 1', ?, 'active', ?, ?, ?, ?, 0, ?, ?, 0, ?, ?)`,
			register+1, string(d.FN), b.each, string(d.RegID), string(d.UserINN), factory, int64(d.FFD), int64(d.FD), d.ReceivedAt.UnixNano(), b.each, d.Policy,
			b.each, b.each, history, b.each); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO registrations (id, drive_id, reg_id, user_inn) VALUES (?, ?, ?, ?)`, register+1, register+1, string(d.RegID), string(d.UserINN)); err != nil {
			return err
		}
	}
	return nil
}

// pourPostgres is pourSQLite for an empty database.
func (b *base) pourPostgres(ctx context.Context, url string, progress func(done int64)) (err error) {
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close(context.WithoutCancel(ctx))) }()
	drive := func(register int) int64 {
		id, _ := strconv.ParseInt("1"+string(fnOf(register)), 10, 64) // 17 digits
		return id
	}
	for _, text := range []string{"SET synchronous_commit = off", fmt.Sprintf("SELECT setval('row_ids', %d)", b.documents()+b.registers)} {
		if _, err := c.Exec(ctx, text); err != nil {
			return err
		}
	}
	for register := range b.registers {
		d := b.document(register, b.each-1)
		if _, err := c.Exec(ctx, `INSERT INTO drives (drive_id, id, fn, version, reg_id, user_inn, user_name, kkt_number, address, ffd, status, last_fd, last_at, documents, policy,
				gap_count, stored, confirmed, findings, history, chain_length) VALUES ($1, $2, $3, $4, $5, $6, 'ООО Ромашка', $7, '101000, г. Москва, ул. Ленина, д. 1', $8, 'active', $9, $10, $4, $11, 0, $4, $4, 0, $12, $4)`,
			drive(register), int64(b.documents()+register), string(d.FN), int64(b.each), string(d.RegID), string(d.UserINN), factory, int64(d.FFD), int64(d.FD), d.ReceivedAt.UnixNano(), d.Policy, history); err != nil {
			return err
		}
		if _, err := c.Exec(ctx, `INSERT INTO registrations (drive_id, id, reg_id, user_inn) VALUES ($1, $2, $3, $4)`, drive(register), register+1, string(d.RegID), string(d.UserINN)); err != nil {
			return err
		}
	}
	made := make(chan [][]any, 8)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go b.rows(ctx, drive, made)
	columns, done := strings.Split(strings.Join(strings.Fields(pourColumns), ""), ","), int64(0)
	for all := range made {
		if _, err := c.CopyFrom(ctx, pgx.Identifier{"documents"}, columns, pgx.CopyFromRows(all)); err != nil {
			return err
		}
		done += int64(len(all))
		progress(done)
	}
	return ctx.Err()
}
