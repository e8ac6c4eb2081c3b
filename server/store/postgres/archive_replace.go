package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/fiscalbench/fiscalbench/server/archive"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// wouldReplace asks whether replaceDrive would tell the drive: the same conditions.
const wouldReplace = `SELECT FROM drives WHERE drive_id = $1 AND reg_id = $3 AND status = $4 AND coalesce(replaced_by, 0) < $2
	AND NOT EXISTS (SELECT FROM documents d WHERE d.drive_id = $1 AND d.id > $2 AND d.form IN (1, 11))`

// pending are the replacements of which drives are to be told yet, oldest first. The
// report of each is stored.
func (s snapshot) pending(ctx context.Context) (all []replacement, err error) {
	for after := int64(0); ; after = all[len(all)-1].id {
		page, err := rowsOf(ctx, s.tx, "replacements", dueReplacements, []any{after}, scanReplacement)
		if err != nil || len(page) == 0 {
			return all, err
		}
		all = append(all, page...)
	}
}

// settle shows drives as they are once all pending replacements are done: a drive whose
// register another one has taken over is replaced, whether or not it was told before
// the snapshot. Nothing is written: its machine may be away, and the servers do it.
func (s snapshot) settle(ctx context.Context, drives map[int64]*archive.Drive, due []replacement) error {
	of := make(map[string][]replacement, len(due))
	for _, r := range due {
		of[r.regID] = append(of[r.regID], r)
	}
	for id, v := range drives {
		for _, r := range of[text(v.RegID)] {
			if r.driveID == id || v.Status != string(store.DriveActive) {
				continue
			}
			err := s.tx.QueryRow(ctx, wouldReplace, id, r.id, r.regID, string(store.DriveActive)).Scan()
			if errors.Is(err, pgx.ErrNoRows) {
				continue
			}
			if err != nil {
				return fmt.Errorf("postgres: looking what a replacement changes: %w", err)
			}
			v.Status, v.Version = string(store.DriveReplaced), v.Version+1
		}
	}
	return nil
}
