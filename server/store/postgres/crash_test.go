package postgres_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/internal/pgtest"
	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/postgres"
	"github.com/fiscalbench/fiscalbench/server/store/storetest"
)

// The server is killed with two transactions under way, the database goes on.
func TestStore_SurvivesKill(t *testing.T) {
	storetest.Crash(t, opensWith(2, database), func(t *testing.T, place string) {
		requireSound(t, database(t, place))
	}, pgtest.URLVariable+"="+pgtest.URL(t)) // the child uses the same database server
}

// And where the tables are divided, with a queue for each machine.
func TestTorture_KilledOnPieces(t *testing.T) {
	if size(0, 1) == 0 {
		t.Skip("TORTURE=1 runs it: TestStore_SurvivesKill is the same in one place")
	}
	storetest.Crash(t, opensWith(2, dividedDatabase), func(t *testing.T, place string) {
		requireSound(t, database(t, place))
	}, pgtest.URLVariable+"="+pgtest.URL(t))
}

// requireSound compares what the database keeps twice.
func requireSound(t *testing.T, url string) {
	t.Helper()
	var wrong int
	require.NoError(t, raw(t, url).QueryRow(t.Context(), `SELECT count(*) FROM drives v WHERE version <> stored
		OR stored <> (SELECT count(*) FROM documents d WHERE d.drive_id = v.drive_id)
		OR last_fd <> (SELECT max(fd) FROM documents d WHERE d.drive_id = v.drive_id)
		OR EXISTS (SELECT FROM documents d WHERE d.drive_id = v.drive_id AND d.registration_id IS NULL)`).Scan(&wrong))
	require.Zero(t, wrong, "drives and documents belong together")
	var doubled int
	require.NoError(t, raw(t, url).QueryRow(t.Context(), `SELECT count(*) FROM (SELECT id FROM documents GROUP BY id HAVING count(*) > 1) twice`).Scan(&doubled))
	require.Zero(t, doubled, "places in the list are given once")
	a, err := postgres.OpenArchive(t.Context(), url)
	require.NoError(t, err)
	storetest.RequireChains(t, a)
}

// databaseKills is how often the database is killed in a normal run.
const databaseKills = 3

// The database is killed in the middle of the load, three servers go on. Each kind
// of end leaves another half-done state. TORTURE=1 kills fifty times.
func TestTorture_KilledDatabase(t *testing.T) {
	t.Parallel()
	kills := size(databaseKills, 50)
	c, err := pgtest.StartCluster(t.Context())
	if err != nil {
		pgtest.Missing(t, err)
	}
	t.Cleanup(func() { require.NoError(t, c.Remove()) })
	l := newLoad(t, c.URL())
	for i := range kills {
		l.awaitMore(1 + rand.IntN(150))
		sig := []syscall.Signal{syscall.SIGKILL, syscall.SIGQUIT, syscall.SIGINT}[i%3]
		require.NoError(t, c.Signal(sig))
		require.NoError(t, c.Start(t.Context()), "after %s", sig)
	}
	l.awaitMore(20)
	l.stop()
	requireSound(t, c.URL())
	s := openURL(t, c.URL())
	defer func() { require.NoError(t, s.Close()) }()
	for n := range loadDrives {
		last := fiscal.FDNumber(l.confirmed[n].Load())
		for fd := fiscal.FDNumber(1); fd <= last; fd++ {
			d, err := s.Document(t.Context(), drive(n), fd)
			require.NoError(t, err)
			d.ID = 0
			require.Equal(t, storetest.Sample(drive(n), int64(fd), fd).Document, d)
		}
	}
	t.Logf("%d documents confirmed over %d ends of the database", l.total.Load(), kills)
}

const loadDrives = 12

// load is registers that send through three stores without end.
type load struct {
	t         *testing.T
	stores    []*postgres.Store
	cancel    context.CancelFunc
	wg        sync.WaitGroup
	confirmed [loadDrives]atomic.Int64 // the last document
	total     atomic.Int64
}

func newLoad(t *testing.T, url string) *load {
	l := &load{t: t}
	for i := range 3 {
		s, err := postgres.Open(t.Context(), url, postgres.Options{Readers: 4, RetryFor: time.Second, Writers: i})
		require.NoError(t, err)
		l.stores = append(l.stores, s)
	}
	ctx, cancel := context.WithCancel(context.Background())
	l.cancel = cancel
	for n := range loadDrives {
		l.wg.Go(func() { l.register(ctx, n) })
	}
	return l
}

// register does what a register and its server do: a document that was not confirmed
// comes again, to another server, and what exists already is confirmed as it is.
func (l *load) register(ctx context.Context, n int) {
	for fd, try := int64(1), n; ctx.Err() == nil; try++ {
		s := l.stores[try%len(l.stores)]
		err := s.Accept(context.WithoutCancel(ctx), storetest.Sample(drive(n), fd, fiscal.FDNumber(fd)))
		if err != nil {
			if _, read := s.Document(context.WithoutCancel(ctx), drive(n), fiscal.FDNumber(fd)); read != nil {
				assert.NotErrorIs(l.t, err, store.ErrStale, "nobody else writes this drive")
				continue
			}
		}
		l.confirmed[n].Store(fd)
		l.total.Add(1)
		fd++
	}
}

// awaitMore waits until so many more documents are confirmed.
func (l *load) awaitMore(n int) {
	l.t.Helper()
	until := l.total.Load() + int64(n)
	require.Eventually(l.t, func() bool { return l.total.Load() >= until }, time.Minute, time.Millisecond, fmt.Sprint("waiting for ", until))
}

func (l *load) stop() {
	l.cancel()
	l.wg.Wait()
	for _, s := range l.stores {
		require.NoError(l.t, s.Close())
	}
}
