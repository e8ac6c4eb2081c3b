package feed_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/internal/pgtest"
	"github.com/fiscalbench/fiscalbench/server/feed"
	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/postgres"
	"github.com/fiscalbench/fiscalbench/server/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m).Run()) }

// user is the taxpayer of storetest's samples.
const user fiscal.INN = "7704358518"

// twoServers are two stores on one PostgreSQL, and a connection beside them.
func twoServers(t *testing.T) (servers [2]*postgres.Store, beside *pgx.Conn) {
	t.Helper()
	url := pgtest.Clone(t, "feed", func(ctx context.Context, url string) error {
		s, err := postgres.Open(ctx, url, postgres.Options{})
		if err != nil {
			return err
		}
		return s.Close()
	})
	for i := range servers {
		s, err := postgres.Open(t.Context(), url, postgres.Options{Readers: 4, Writers: 2})
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, s.Close()) })
		servers[i] = s
	}
	beside, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, beside.Close(context.Background())) })
	return servers, beside
}

// slowly makes the transactions of documents do something after they drew their places
// and before they commit.
func slowly(t *testing.T, c *pgx.Conn, when, what string) {
	t.Helper()
	for _, statement := range []string{
		"CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF " + when + " THEN PERFORM " + what + "; END IF; RETURN NULL; END $$",
		"CREATE TRIGGER hold AFTER INSERT ON documents FOR EACH ROW EXECUTE FUNCTION hold()",
	} {
		_, err := c.Exec(t.Context(), statement)
		require.NoError(t, err)
	}
}

// reader follows a list with a cursor, as programs follow /documents/changes.
type reader struct {
	source feed.Source
	filter store.DocumentFilter
	after  int64
	seen   []string
}

func (r *reader) read(t *testing.T, limit int) (n int) {
	t.Helper()
	docs, err := r.source.Documents(context.Background(), r.filter, store.Page{After: r.after, Limit: limit})
	require.NoError(t, err)
	for _, d := range docs {
		require.Greater(t, d.ID, r.after)
		r.after = d.ID
		r.seen = append(r.seen, fmt.Sprintf("%s/%d", d.FN, d.FD))
	}
	return len(docs)
}

// API-03: a document whose transaction drew an earlier place and commits later is not
// passed over: what came after it on another server is shown after it.
func TestFollower_WaitsForEarlierPlaces(t *testing.T) {
	t.Parallel()
	servers, beside := twoServers(t)
	const key = 4242
	slowly(t, beside, "NEW.fd = 777", fmt.Sprintf("pg_advisory_xact_lock(%d)", key))
	ctx := context.Background()
	_, err := beside.Exec(ctx, "SELECT pg_advisory_lock($1)", key)
	require.NoError(t, err)
	first, second := fiscal.FNNumber("9999000000000001"), fiscal.FNNumber("9999000000000002")
	late := make(chan error, 1)
	go func() { late <- servers[0].Accept(ctx, storetest.Sample(first, 1, 777)) }()
	require.Eventually(t, func() bool { // it has drawn its place and waits
		var waits bool
		err := beside.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = $1 AND NOT granted)", key).Scan(&waits)
		return err == nil && waits
	}, time.Minute, time.Millisecond)
	require.NoError(t, servers[1].Accept(ctx, storetest.Sample(second, 1, 1)), "a later place, committed before")

	var visible int
	require.NoError(t, beside.QueryRow(ctx, "SELECT count(*) FROM documents").Scan(&visible))
	require.Equal(t, 1, visible, "a reader of the bare table would take it and pass over the other for good")
	everything, users := &reader{source: servers[1]}, &reader{source: servers[0], filter: store.DocumentFilter{UserINN: user}}
	assert.Zero(t, everything.read(t, 10), "nothing is shown beyond what may still come")
	assert.Zero(t, users.read(t, 10))
	var followed []string
	follower := inMemory(servers[1], &followed)
	require.NoError(t, follower.CatchUp(ctx))
	assert.Empty(t, followed)

	_, err = beside.Exec(ctx, "SELECT pg_advisory_unlock($1)", key)
	require.NoError(t, err)
	require.NoError(t, <-late)
	want := []string{string(first) + "/777", string(second) + "/1"}
	for _, r := range []*reader{everything, users} {
		for r.read(t, 1) > 0 {
		}
		assert.Equal(t, want, r.seen, "in the order of places")
	}
	require.NoError(t, follower.CatchUp(ctx))
	assert.Equal(t, want, followed)
}

// inMemory is a follower that notes what it was given.
func inMemory(source feed.Source, seen *[]string) *feed.Follower {
	var place int64
	return &feed.Follower{Name: "test", Source: source, Batch: 7, Place: func(context.Context) (int64, error) { return place, nil },
		Handle: func(_ context.Context, from int64, docs []store.Document) error {
			if from != place {
				return feed.ErrMoved
			}
			for _, d := range docs {
				*seen = append(*seen, fmt.Sprintf("%s/%d", d.FN, d.FD))
			}
			place = docs[len(docs)-1].ID
			return nil
		}}
}

// API-03: two servers commit in any order; who follows with a cursor, of all documents
// or of a taxpayer's, meets each once.
func TestFollower_ServersCommitInAnyOrder(t *testing.T) {
	t.Parallel()
	servers, beside := twoServers(t)
	slowly(t, beside, "random() < 0.3", "pg_sleep(random() * 0.02)")
	ctx := context.Background()
	const drives, documents = 8, 25
	var writers sync.WaitGroup
	for n := range drives {
		fn, s := fiscal.FNNumber(fmt.Sprintf("99990001%08d", n+1)), servers[n%2]
		writers.Go(func() {
			for fd := fiscal.FDNumber(1); fd <= documents; fd++ {
				a := storetest.Sample(fn, int64(fd), fd)
				if n >= drives/2 { // another taxpayer's, with places in between
					a.Document.UserINN, a.Drive.UserINN = "7707083893", "7707083893"
				}
				if !assert.NoError(t, s.Accept(ctx, a)) {
					return
				}
			}
		})
	}
	ended := make(chan struct{})
	go func() { writers.Wait(); close(ended) }()
	all := []*reader{{source: servers[0]}, {source: servers[1]}, {source: servers[0], filter: store.DocumentFilter{UserINN: user}}}
	var followed []string
	follower := inMemory(servers[1], &followed)
	early := 0 // pages and documents read while it was written
	for done := false; !done; {
		select {
		case <-ended:
			done = true
		default:
		}
		for _, r := range all {
			for r.read(t, 5) > 0 && !done {
				early++
			}
			for done && r.read(t, 5) > 0 {
			}
		}
		before := len(followed)
		require.NoError(t, follower.CatchUp(ctx)) // which may take until all is written
		if !done {
			early += len(followed) - before
		}
	}
	assert.Positive(t, early)
	for i, want := range []int{drives * documents, drives * documents, drives / 2 * documents} {
		assert.Len(t, all[i].seen, want, "reader %d", i)
		slices.Sort(all[i].seen)
		assert.Len(t, slices.Compact(all[i].seen), want, "reader %d passed something over", i)
	}
	assert.Len(t, followed, drives*documents, "each once")
	slices.Sort(followed)
	assert.Len(t, slices.Compact(followed), drives*documents)
}
