package sqlite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sqlitelib "modernc.org/sqlite/lib"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/storetest"
)

// operationFunc lets a test act in the writer's place.
type operationFunc func(ctx context.Context, w *writer) error

func (f operationFunc) apply(ctx context.Context, w *writer) error { return f(ctx, w) }

func openTest(t *testing.T, o Options) *Store {
	s, err := Open(filepath.Join(t.TempDir(), "bench.db"), o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// limitPages lets the file grow by so many pages of 4,096 bytes and no more, which
// SQLite reports as it reports a full disk.
func limitPages(t *testing.T, s *Store, more int64) {
	require.NoError(t, s.queue.Do(t.Context(), operationFunc(func(ctx context.Context, w *writer) error {
		var pages int64
		if err := w.conn.QueryRowContext(ctx, "PRAGMA page_count").Scan(&pages); err != nil {
			return err
		}
		_, err := w.conn.ExecContext(ctx, fmt.Sprintf("PRAGMA max_page_count = %d", pages+more))
		return err
	})))
}

// hold keeps the writer busy until release is called, so that what is sent
// meanwhile makes one group.
func hold(t *testing.T, s *Store) (release func()) {
	held, free := make(chan struct{}), make(chan struct{})
	var once sync.Once
	go func() {
		assert.NoError(t, s.queue.Do(context.Background(), operationFunc(func(context.Context, *writer) error {
			once.Do(func() { close(held) })
			<-free
			return nil
		})))
	}()
	<-held
	release = sync.OnceFunc(func() { close(free) })
	t.Cleanup(release)
	return release
}

func big(fn fiscal.FNNumber, version int64) store.Acceptance {
	a := storetest.Sample(fn, version, fiscal.FDNumber(version))
	a.Document.STLV, a.Document.Message = nil, bytes.Repeat([]byte{7}, 60_000)
	return a
}

func TestStore_OutlivesFullDisk(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := openTest(t, Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	ctx := t.Context()
	require.NoError(t, s.Accept(ctx, storetest.Sample("1", 1, 1)))
	limitPages(t, s, 3)

	err := s.Accept(ctx, big("1", 2))
	require.True(t, isCode(err, sqlitelib.SQLITE_FULL), "%v", err)
	require.NotErrorIs(t, err, store.ErrStale)
	require.NotErrorIs(t, err, store.ErrExists)
	_, err = s.Document(ctx, "1", 2)
	require.ErrorIs(t, err, store.ErrNotFound)
	v, err := s.Drive(ctx, "1")
	require.NoError(t, err)
	assert.EqualValues(t, 1, v.Version)
	require.Error(t, s.Quarantine(ctx, store.Quarantined{Message: make([]byte, 60_000)}))
	require.NoError(t, s.LogExchange(ctx, store.Exchange{Peer: "lost", Request: make([]byte, 60_000)}))

	release := hold(t, s)
	results := make(map[fiscal.FNNumber]chan error)
	for _, fn := range []fiscal.FNNumber{"2", "3", "4", "5"} {
		a := big(fn, 1)
		if fn == "4" {
			a = storetest.Sample(fn, 1, 1)
		}
		result := make(chan error, 1)
		results[fn] = result
		go func() { result <- s.Accept(context.Background(), a) }()
	}
	require.Eventually(t, func() bool { return s.queue.Len() == len(results) }, waitLimit, waitStep)
	release()
	for fn, result := range results {
		err := <-result
		if fn == "4" {
			require.NoError(t, err, "the one that fits is stored")
			continue
		}
		require.True(t, isCode(err, sqlitelib.SQLITE_FULL), "%s: %v", fn, err)
	}

	limitPages(t, s, 10_000)
	require.NoError(t, s.Accept(ctx, big("1", 2)))
	for _, fn := range []fiscal.FNNumber{"2", "3", "5"} {
		require.NoError(t, s.Accept(ctx, big(fn, 1)))
	}
	all, err := s.Documents(ctx, store.DocumentFilter{}, store.Page{})
	require.NoError(t, err)
	assert.Len(t, all, 6)
	total, err := s.Stats(ctx)
	require.NoError(t, err)
	assert.Equal(t, store.Stats{Drives: 5, Documents: 6, Confirmations: 6, Behind: 6}, total)
	assert.Contains(t, log.String(), "a record was lost")
}

// A connection that breaks in the middle is replaced, and the neighbours of the
// write it broke under are stored.
func TestStore_ReplacesBrokenConnection(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(ctx context.Context, w *writer) error{
		"closed": func(_ context.Context, w *writer) error {
			return errors.Join(errors.New("broken on purpose"), w.conn.Close())
		},
		"error": func(context.Context, *writer) error { return errors.New("broken on purpose") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openTest(t, Options{})
			require.NoError(t, s.Accept(t.Context(), storetest.Sample("1", 1, 1)))
			release := hold(t, s)
			broken, good := make(chan error, 1), make(chan error, 2)
			go func() { good <- s.Accept(context.Background(), storetest.Sample("1", 2, 2)) }()
			require.Eventually(t, func() bool { return s.queue.Len() == 1 }, waitLimit, waitStep)
			go func() { broken <- s.queue.Do(context.Background(), operationFunc(damage)) }()
			require.Eventually(t, func() bool { return s.queue.Len() == 2 }, waitLimit, waitStep)
			go func() { good <- s.Accept(context.Background(), storetest.Sample("2", 1, 1)) }()
			require.Eventually(t, func() bool { return s.queue.Len() == 3 }, waitLimit, waitStep)
			release()
			require.Error(t, <-broken)
			require.NoError(t, <-good)
			require.NoError(t, <-good)
			require.NoError(t, s.Accept(t.Context(), storetest.Sample("1", 3, 3)))
			n, err := s.CountDocuments(t.Context(), store.DocumentFilter{})
			require.NoError(t, err)
			assert.EqualValues(t, 4, n)
		})
	}
}

// Two stores on one file are not meant to be, yet neither may lose or mix anything.
func TestStore_BearsSecondWriter(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bench.db")
	one, err := Open(path, Options{})
	require.NoError(t, err)
	two, err := Open(path, Options{})
	require.NoError(t, err)
	ctx := t.Context()
	for version := int64(1); version <= 10; version++ {
		s, other := one, two
		if version%2 == 0 {
			s, other = two, one
		}
		a := storetest.Sample("1", version, fiscal.FDNumber(version))
		require.NoError(t, s.Accept(ctx, a), "version %d", version)
		require.ErrorIs(t, other.Accept(ctx, a), store.ErrExists)
		require.ErrorIs(t, other.Accept(ctx, storetest.Sample("1", version, 99)), store.ErrStale)
		require.NoError(t, other.LogExchange(ctx, store.Exchange{FN: "1"}))
		require.NoError(t, other.AddIncident(ctx, store.Incident{FN: "1"}))
	}
	require.NoError(t, two.Close())
	all, err := one.Exchanges(ctx, "1", store.Page{})
	require.NoError(t, err)
	assert.Len(t, all, 20)
	require.NoError(t, one.Close())
}

// Frequent lists must not read the whole table of documents.
func TestStore_ListsUseIndexes(t *testing.T) {
	t.Parallel()
	s := openTest(t, Options{})
	for name, c := range map[string]struct {
		filter store.DocumentFilter
		want   string
	}{
		"FN":       {store.DocumentFilter{FN: "1"}, "documents_by_fd (drive_id=?)"},
		"register": {store.DocumentFilter{RegID: "1"}, "documents_by_fd (drive_id=?)"},
		"user":     {store.DocumentFilter{UserINN: "1"}, "documents_by_fd (drive_id=?)"},
		"FPD":      {store.DocumentFilter{FPD: 1}, "projections_by_fpd (fpd=?"},
		"findings": {store.DocumentFilter{Findings: true}, "documents_flagged"},
	} {
		where, args := conditions(c.filter)
		where, args = append(where, "d.id > ?"), append(args, 0)
		rows, err := s.readDB.QueryContext(t.Context(), "EXPLAIN QUERY PLAN SELECT d.id FROM documents d"+whereClause(where)+" ORDER BY d.id LIMIT 100", args...)
		require.NoError(t, err)
		var plan string
		for rows.Next() {
			var id, parent, unused int
			var detail string
			require.NoError(t, rows.Scan(&id, &parent, &unused, &detail))
			plan += detail + "\n"
		}
		require.NoError(t, rows.Close())
		assert.Contains(t, plan, c.want, name)
	}
}

const (
	waitLimit = 10 * time.Second
	waitStep  = time.Millisecond
)
