package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// leaveMark writes something that nobody reads into the log of the database, so that
// its commit waits for the standby, and by it for all that was written before.
const leaveMark = `SELECT pg_logical_emit_message(true, 'ofd', '') FROM documents WHERE drive_id = $1 AND fd = $2`

var _ store.Settler = (*Store)(nil)

// Settle implements store.Settler. A commit that waits for a synchronous standby is
// seen by nobody, until a process of the database is killed: after its recovery all
// that is in its own log is seen, and the standby may know nothing of it.
func (s *Store) Settle(ctx context.Context, fn fiscal.FNNumber, fd fiscal.FDNumber) error {
	done, err := s.queue.Enter()
	if err != nil {
		return err
	}
	defer done()
	id, err := driveIDOf(fn)
	if err != nil {
		return fmt.Errorf("%w: %w", store.ErrNotFound, err)
	}
	found := false
	b := &pgx.Batch{}
	b.Queue("BEGIN")
	if s.pool.Config().ConnConfig.RuntimeParams["synchronous_commit"] != "remote_apply" {
		b.Queue("SET LOCAL synchronous_commit = on")
	}
	b.Queue(leaveMark, id, int64(fd)).Query(func(rows pgx.Rows) error {
		found = rows.Next()
		rows.Close()
		return rows.Err()
	})
	b.Queue("COMMIT")
	switch err := s.pool.SendBatch(ctx, b).Close(); {
	case err != nil:
		return fmt.Errorf("postgres: waiting for the standby with FN %s FD %d: %w", fn, fd, err)
	case !found:
		return fmt.Errorf("FN %s FD %d: %w", fn, fd, store.ErrNotFound)
	}
	return nil
}
