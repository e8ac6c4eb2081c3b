package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// settleLimit is how long a list waits for commits under way; then it ends before
	// the first row that may still come.
	settleLimit = time.Second
	settlePause = time.Millisecond

	lastPlace = `SELECT last_value FROM row_ids`
	// firstUnderWay is the least place after which a transaction under way may have
	// drawn places: it holds the lock of the statement announce.
	firstUnderWay = `SELECT min(((classid::bigint & 1048575) << 32) | objid::bigint) FROM pg_locks
		WHERE locktype = 'advisory' AND objsubid = 1 AND classid::bigint >> 20 = 253
		AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`
)

// settled is the last place of the lists up to which nothing can come any more, and
// all that is confirmed is there. Places are drawn before the commit and writers
// commit in any order: without this a reader who follows a list would pass over rows
// that come late. What is read must be read after it.
//
// Why it holds: a writer takes its lock with a value before every place it draws. A
// place q in flight below a visible place r was drawn before r, so its writer's lock
// was there before lastPlace could be r; the lock, asked for after it, is still
// there or its writer has ended, and locks are given up after the commit is visible.
func (s *Store) settled(ctx context.Context) (int64, error) {
	var last int64
	var first *int64
	b := &pgx.Batch{} // two statements: the locks must be looked at later
	b.Queue(lastPlace).QueryRow(func(row pgx.Row) error { return row.Scan(&last) })
	b.Queue(firstUnderWay).QueryRow(func(row pgx.Row) error { return row.Scan(&first) })
	if err := s.pool.SendBatch(ctx, b).Close(); err != nil {
		return 0, fmt.Errorf("postgres: looking for commits under way: %w", err)
	}
	limit := time.NewTimer(settleLimit)
	defer limit.Stop()
	for first != nil && *first < last {
		pause := time.NewTimer(settlePause)
		select {
		case <-ctx.Done():
			pause.Stop()
			return 0, ctx.Err()
		case <-limit.C:
			pause.Stop()
			return *first, nil
		case <-pause.C:
		}
		if err := s.pool.QueryRow(ctx, firstUnderWay).Scan(&first); err != nil {
			return 0, fmt.Errorf("postgres: looking for commits under way: %w", err)
		}
	}
	return last, nil
}
