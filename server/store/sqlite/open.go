package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	_ "modernc.org/sqlite" // the driver "sqlite", pure Go

	"github.com/fiscalbench/fiscalbench/server/store"
)

// Options of a store; the zero value works.
type Options struct {
	// Logger hears of records that nobody waits for and that could not be written.
	// Nil discards.
	Logger *slog.Logger
	// Readers is the greatest number of reading connections; 4 or the number of
	// processors, whichever is greater, when zero.
	Readers int
}

const (
	maxGroup = 512  // writes in one transaction
	queueLen = 1024 // writes that wait before callers do
)

// Store is a store.Store in one SQLite file with its -wal and -shm beside it.
type Store struct {
	log     *slog.Logger
	readDB  *sql.DB
	reads   readStatements
	writes  chan *write
	written chan struct{} // closed when the writer has ended
	writer  *writer

	mu     sync.RWMutex // held for reading while a call reads or queues
	closed bool
}

var _ store.Store = (*Store)(nil)

// Open opens or creates the file and its folder and brings its schema up to date.
// It refuses a file with a schema newer than this program knows.
func Open(path string, o Options) (*Store, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Readers <= 0 {
		o.Readers = max(4, runtime.NumCPU())
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %s: %w", path, err)
	}
	if err := os.MkdirAll(filepath.Dir(abs), 0o750); err != nil {
		return nil, fmt.Errorf("sqlite: making the folder of %s: %w", path, err)
	}
	ctx := context.Background()
	w, err := openWriter(ctx, abs, o.Logger)
	if err != nil {
		return nil, err
	}
	s := &Store{log: o.Logger, writer: w, writes: make(chan *write, queueLen), written: make(chan struct{})}
	if err := s.openReaders(ctx, abs, o.Readers); err != nil {
		return nil, errors.Join(err, w.close(ctx))
	}
	go func() {
		defer close(s.written)
		w.run(ctx, s.writes)
	}()
	return s, nil
}

// dsn is the driver's name for the file with the pragmas of one connection.
func dsn(path string, pragmas ...string) string {
	v := url.Values{"_pragma": append([]string{"busy_timeout(10000)"}, pragmas...)}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: v.Encode()}).String()
}

func (s *Store) openReaders(ctx context.Context, path string, n int) error {
	db, err := sql.Open("sqlite", dsn(path, "query_only(1)", "cache_size(-8000)"))
	if err != nil {
		return fmt.Errorf("sqlite: opening %s to read: %w", path, err)
	}
	db.SetMaxOpenConns(n)
	db.SetMaxIdleConns(n)
	s.readDB = db
	if err := s.reads.prepare(ctx, db); err != nil {
		return errors.Join(fmt.Errorf("sqlite: opening %s to read: %w", path, err), db.Close())
	}
	return nil
}

// Close writes what is queued, moves the write-ahead log into the file and closes
// it. It waits for reads under way.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		<-s.written
		return nil
	}
	s.closed = true
	close(s.writes)
	s.mu.Unlock()
	<-s.written
	err := errors.Join(s.reads.close(), s.readDB.Close(), s.writer.close(context.Background()))
	if err != nil {
		return fmt.Errorf("sqlite: closing: %w", err)
	}
	return nil
}

// reading reports whether reads are allowed and holds Close off until done.
func (s *Store) reading() (done func(), err error) {
	s.mu.RLock()
	if s.closed {
		s.mu.RUnlock()
		return nil, store.ErrClosed
	}
	return s.mu.RUnlock, nil
}
