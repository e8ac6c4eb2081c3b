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

	_ "modernc.org/sqlite" // the driver "sqlite", pure Go

	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/group"
)

// Options of a store; the zero value works.
type Options struct {
	// Logger hears of records that nobody waits for and that could not be written.
	// Nil discards.
	Logger *slog.Logger
	// Readers is the greatest number of reading connections; when zero 8, or twice the
	// number of processors if that is more: what is read at once waits for the processor
	// then and not for a connection that a longer question has.
	Readers int
}

// Store is a store.Store in one SQLite file with its -wal and -shm beside it.
type Store struct {
	readDB   *sql.DB
	reads    readStatements
	searches *prepared
	writer   *writer
	queue    *group.Queue[operation] // also holds Close off while a call reads
}

var _ store.Store = (*Store)(nil)

// Open opens or creates the file and its folder and brings its schema up to date.
// It refuses a file with a schema newer than this program knows.
func Open(path string, o Options) (*Store, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Readers <= 0 {
		o.Readers = max(8, 2*runtime.NumCPU())
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
	if w.mover, err = startCheckpointer(abs, o.Logger); err != nil {
		return nil, errors.Join(err, w.close(ctx))
	}
	s := &Store{writer: w}
	if err := s.openReaders(ctx, abs, o.Readers); err != nil {
		return nil, errors.Join(err, w.close(ctx))
	}
	s.queue = group.Start(func(g []*item) error { return w.transact(ctx, g) }, group.Options[operation]{Logger: o.Logger, Hopeless: hopeless})
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
	s.readDB, s.searches = db, newPrepared(db)
	if err := s.reads.prepare(ctx, db); err != nil {
		return errors.Join(fmt.Errorf("sqlite: opening %s to read: %w", path, err), db.Close())
	}
	return nil
}

// Close writes what is queued, moves the write-ahead log into the file and closes
// it. It waits for reads under way.
func (s *Store) Close() error {
	if first := s.queue.Close(nil); !first {
		return nil
	}
	err := errors.Join(s.reads.close(), s.searches.close(), s.readDB.Close(), s.writer.close(context.Background()))
	if err != nil {
		return fmt.Errorf("sqlite: closing: %w", err)
	}
	return nil
}
