package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
)

const (
	// checkpointEvery is how many works make the log worth moving: some 10,000 pages.
	checkpointEvery = 4000
	// logLimit is when the writer moves the rest of the log itself, in pages (160 MB).
	// SQLite begins the log anew only when all of it was moved, which the checkpointer
	// cannot reach while others go on writing. What it left is little.
	logLimit = 40_000
)

// checkpointer moves the write-ahead log into the file beside the writer, so that no
// group waits for it. It promises nothing: what it did not move is still in the log.
type checkpointer struct {
	db    *sql.DB
	log   *slog.Logger
	wake  chan struct{} // holds a token while there is something to do
	ended chan struct{}
	since int // works since the last token; the writer's own
}

func startCheckpointer(path string, log *slog.Logger) (*checkpointer, error) {
	db, err := sql.Open("sqlite", dsn(path, "synchronous(FULL)"))
	if err != nil {
		return nil, fmt.Errorf("sqlite: opening %s to move its log: %w", path, err)
	}
	db.SetMaxOpenConns(1)
	c := &checkpointer{db: db, log: log, wake: make(chan struct{}, 1), ended: make(chan struct{})}
	go c.run()
	return c, nil
}

func (c *checkpointer) run() {
	defer close(c.ended)
	failing := false
	for range c.wake {
		// PASSIVE neither waits for the writer nor lets it wait.
		_, err := c.db.ExecContext(context.Background(), "PRAGMA wal_checkpoint(PASSIVE)")
		if err != nil && !failing {
			c.log.Warn("the write-ahead log cannot be moved into the file", "err", err)
		}
		failing = err != nil
	}
}

// committed tells of works that were committed. It never waits.
func (c *checkpointer) committed(works int) {
	if c.since += works; c.since < checkpointEvery {
		return
	}
	c.since = 0
	select {
	case c.wake <- struct{}{}:
	default: // it is at work and will find these too
	}
}

// stop ends the work. Nothing may be committed any more.
func (c *checkpointer) stop() error {
	close(c.wake)
	<-c.ended
	return c.db.Close()
}
