package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	sqlitelib "modernc.org/sqlite/lib"
)

// settle puts on the disk what a process that was killed has written and not synced.
// The system's cache outlives a process: what is read from there may be confirmed as a
// repeat, with nothing written, and be lost with the power. A checkpoint syncs the
// write-ahead log before all else.
func settle(ctx context.Context, db *sql.DB, path string) error {
	var busy, frames, done int
	err := db.QueryRowContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)").Scan(&busy, &frames, &done)
	if err != nil && !isCode(err, sqlitelib.SQLITE_FULL) { // without room the log stays, synced
		return fmt.Errorf("sqlite: syncing what was found in %s: %w", path, err)
	}
	return nil
}
