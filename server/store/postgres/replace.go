package postgres

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fiscalbench/fiscalbench/server/store"
)

// replacement is a register that got another drive in a database that is divided: the
// drives it had before lie on other machines. The transaction of the new drive's report
// notes it; after the commit the others are told one by one, each in a transaction on
// its own machine; then the note is deleted. Whoever dies in between leaves the note,
// and any server finds it.
type replacement struct {
	driveID int64  // the new drive
	id      int64  // of its report: place in the lists
	regID   string // as it is kept
}

const (
	addReplacements  = `INSERT INTO replacements (drive_id, id, reg_id) SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[])`
	dueReplacements  = `SELECT drive_id, id, reg_id FROM replacements WHERE id > $1 ORDER BY id LIMIT 100`
	drivesOfRegister = `SELECT DISTINCT drive_id FROM registrations WHERE reg_id = $1 AND drive_id <> $2`
	lockDrive        = `SELECT FROM drives WHERE drive_id = $1 FOR NO KEY UPDATE`
	// replaceDrive tells a drive once, and not at all when it came back to a register
	// with a later report (forms 1 and 11).
	replaceDrive = `UPDATE drives SET status = $4, version = version + 1, replaced_by = $2
		WHERE drive_id = $1 AND reg_id = $3 AND status = $5 AND coalesce(replaced_by, 0) < $2
		AND NOT EXISTS (SELECT FROM documents d WHERE d.drive_id = $1 AND d.id > $2 AND d.form IN (1, 11))`
	endReplacement = `DELETE FROM replacements WHERE drive_id = $1 AND id = $2`

	// replaceLimit bounds what a confirmation waits for machines that it does not need.
	replaceLimit = 2 * time.Second
	// repairEvery is how often notes are looked for that somebody left.
	repairEvery = 10 * time.Second
)

// replacementRows are the values of addReplacements.
func replacementRows(all []replacement) []any {
	drives, ids, regs := make([]int64, len(all)), make([]int64, len(all)), make([]string, len(all))
	for i, r := range all {
		drives[i], ids[i], regs[i] = r.driveID, r.id, r.regID
	}
	return []any{drives, ids, regs}
}

// replaceInTime does what follows from a document that is stored. What fails is done
// later: the document is confirmed all the same.
func (s *Store) replaceInTime(ctx context.Context, r replacement) {
	ctx, cancel := context.WithTimeout(ctx, replaceLimit)
	defer cancel()
	if err := s.replace(ctx, r); err != nil {
		s.log.Warn("the drives that were replaced will be told later", "fn", string(fnOf(r.driveID)), "err", err)
	}
}

// replace tells the other drives of the register. It may be done any number of times,
// by any number of servers.
func (s *Store) replace(ctx context.Context, r replacement) error {
	rows, _ := s.pool.Query(ctx, drivesOfRegister, r.regID, r.driveID) // its error is that of CollectRows
	others, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return fmt.Errorf("postgres: looking for the drives of a register: %w", err)
	}
	for _, id := range others {
		b := &pgx.Batch{}
		b.Queue("BEGIN")
		b.Queue(lockDrive, id) // apart, so that the next one sees what it waited for
		b.Queue(replaceDrive, id, r.id, r.regID, string(store.DriveReplaced), string(store.DriveActive))
		b.Queue("COMMIT")
		if err := s.pool.SendBatch(ctx, b).Close(); err != nil {
			return fmt.Errorf("postgres: replacing the drive %s: %w", fnOf(id), err)
		}
	}
	if _, err := s.pool.Exec(ctx, endReplacement, r.driveID, r.id); err != nil {
		return fmt.Errorf("postgres: ending a replacement: %w", err)
	}
	return nil
}

// repair does all replacements that are due. One that cannot be done does not hold the
// others up.
func (s *Store) repair(ctx context.Context) error {
	var failed error
	for after := int64(0); ; {
		rows, _ := s.pool.Query(ctx, dueReplacements, after) // its error is that of CollectRows
		due, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (replacement, error) { return scanReplacement(row) })
		if err != nil {
			return fmt.Errorf("postgres: looking for replacements: %w", err)
		}
		if len(due) == 0 {
			return failed
		}
		for _, r := range due {
			if err := s.replace(ctx, r); err != nil {
				failed = err
			}
			after = r.id
		}
	}
}

func scanReplacement(row pgx.Row) (r replacement, err error) {
	err = row.Scan(&r.driveID, &r.id, &r.regID)
	return r, err
}

// repairs is the goroutine that repairs; none where tables are not divided.
type repairs struct {
	cancel context.CancelFunc
	done   sync.WaitGroup
}

func (r *repairs) start(ctx context.Context, s *Store) {
	ctx, r.cancel = context.WithCancel(ctx)
	r.done.Go(func() {
		every := time.NewTicker(repairEvery)
		defer every.Stop()
		for {
			if err := s.repair(ctx); err != nil && ctx.Err() == nil {
				s.log.Warn("drives that were replaced are not told yet", "err", err)
			}
			select {
			case <-ctx.Done():
				return
			case <-every.C:
			}
		}
	})
}

func (r *repairs) stop() {
	if r.cancel != nil {
		r.cancel()
		r.done.Wait()
	}
}
