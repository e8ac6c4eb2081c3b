package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/postgres"
	"github.com/fiscalbench/fiscalbench/server/store/storetest"
)

// openThree opens three stores on one database.
func openThree(t *testing.T) (all []*postgres.Store) {
	return openThreeOf(t, database(t, t.TempDir()))
}

// openThreeOf opens stores with one, two and three writers.
func openThreeOf(t *testing.T, url string) (all []*postgres.Store) {
	for i := range 3 {
		s, err := postgres.Open(t.Context(), url, postgres.Options{Readers: 4, Writers: i + 1})
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, s.Close()) })
		all = append(all, s)
	}
	return all
}

func drive(n int) fiscal.FNNumber { return fiscal.FNNumber(fmt.Sprintf("99990789%08d", n)) }

// Three servers, each with a register that stays with it and with registers that
// knock at all three at once with the same documents: of each document one server
// stores one copy, and the others hear so.
func TestStore_SharedByManyServers(t *testing.T) {
	t.Parallel()
	all := openThree(t)
	const shared, own = 6, 4
	documents := size(12, 40)
	var mu sync.Mutex
	stored := map[fiscal.FNNumber]map[fiscal.FDNumber]string{} // peer of the copy that was confirmed
	var wg sync.WaitGroup
	ctx := context.Background()
	send := func(s *postgres.Store, server int, fn fiscal.FNNumber) {
		for fd := fiscal.FDNumber(1); fd <= fiscal.FDNumber(documents); {
			v, err := s.Drive(ctx, fn)
			if err != nil && !assert.ErrorIs(t, err, store.ErrNotFound) {
				return
			}
			a := storetest.Sample(fn, v.Version+1, fd)
			a.Exchange.Peer = fmt.Sprint("server ", server)
			switch err := s.Accept(ctx, a); {
			case err == nil:
				mu.Lock()
				if stored[fn] == nil {
					stored[fn] = map[fiscal.FDNumber]string{}
				}
				assert.Empty(t, stored[fn][fd], "confirmed twice")
				stored[fn][fd] = a.Exchange.Peer
				mu.Unlock()
				fd++
			case errors.Is(err, store.ErrExists):
				_, err := s.Document(ctx, fn, fd)
				assert.NoError(t, err, "what exists can be read")
				fd++
			case errors.Is(err, store.ErrStale): // another was faster
			default:
				assert.NoError(t, err)
				return
			}
		}
	}
	for server, s := range all {
		for n := range shared {
			wg.Go(func() { send(s, server, drive(n)) })
		}
		for n := range own {
			wg.Go(func() { send(s, server, drive(shared+server*own+n)) })
		}
	}
	wg.Wait()

	const drives = shared + 3*own
	require.Len(t, stored, drives)
	total, err := all[0].Stats(ctx)
	require.NoError(t, err)
	assert.EqualValues(t, drives*documents, total.Documents)
	assert.EqualValues(t, drives, total.Drives)
	for fn, fds := range stored {
		require.Len(t, fds, documents)
		list, err := all[1].Exchanges(ctx, fn, store.Page{})
		require.NoError(t, err)
		require.Len(t, list, documents)
		for i, e := range list {
			require.EqualValues(t, i+1, e.FD, "in the order of the drive")
			assert.Equal(t, fds[e.FD], e.Peer)
		}
		v, err := all[2].Drive(ctx, fn)
		require.NoError(t, err)
		assert.EqualValues(t, documents, v.Version)
	}
}

// Writers of three servers change drives in all orders, register new ones and
// replace each other's: nobody deadlocks and nothing is lost.
func TestStore_ServersDoNotDeadlock(t *testing.T) {
	t.Parallel()
	url := database(t, t.TempDir())
	all := openThreeOf(t, url)
	const drives = 24
	rounds := size(8, 40)
	ctx := context.Background()
	for round := range rounds {
		var wg sync.WaitGroup
		var mu sync.Mutex
		accepted := 0
		for server, s := range all {
			for i := range drives {
				n := i
				if server == 1 {
					n = drives - 1 - i
				}
				wg.Go(func() {
					a := storetest.Sample(drive(n), int64(round+1), fiscal.FDNumber(3*round+server+1))
					if n%8 == 0 {
						a.Document.RegID, a.Drive.RegID = "0000000002054321", "0000000002054321"
						a.Drive.Status = store.DriveClosed // which is not replaced
						a.Replaces = true
					}
					err := s.Accept(ctx, a)
					if err == nil {
						mu.Lock()
						accepted++
						mu.Unlock()
						return
					}
					assert.ErrorIs(t, err, store.ErrStale)
				})
			}
		}
		wg.Wait()
		require.Equal(t, drives, accepted, "round %d: one server wins each drive", round)
	}
	total, err := all[0].Stats(ctx)
	require.NoError(t, err)
	assert.EqualValues(t, rounds*drives, total.Documents)
	for _, s := range all {
		require.NoError(t, s.Close()) // which reports what the connections have counted
	}
	var deadlocks int
	require.NoError(t, raw(t, url).QueryRow(ctx, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()").Scan(&deadlocks))
	assert.Zero(t, deadlocks, "solved by doing it again, yet slow")
}

// Who follows the lists at one server while three write sees each row once, in
// order, and what was confirmed before the question is in the answer.
func TestStore_FollowedWhileManyServersWrite(t *testing.T) {
	t.Parallel()
	all := openThree(t)
	const drives = 12
	documents := int64(size(20, 60))
	ctx := context.Background()
	var wg sync.WaitGroup
	for n := range drives {
		wg.Go(func() {
			s := all[n%len(all)]
			for i := int64(1); i <= documents; i++ {
				fd := fiscal.FDNumber(i)
				assert.NoError(t, s.LogExchange(ctx, store.Exchange{FN: drive(n), FD: fd}))
				assert.NoError(t, s.Accept(ctx, storetest.Sample(drive(n), i, fd)))
				if i%10 == 0 {
					mine, err := all[(n+1)%len(all)].Documents(ctx, store.DocumentFilter{FN: drive(n)}, store.Page{})
					assert.NoError(t, err)
					assert.Len(t, mine, int(i), "confirmed, and shown by another server")
				}
			}
		})
	}
	type key struct {
		fn       fiscal.FNNumber
		fd       fiscal.FDNumber
		document bool
	}
	seen := map[key]int{}
	var after int64
	follow := func() {
		for {
			page, err := all[0].Exchanges(t.Context(), "", store.Page{After: after, Limit: 13})
			require.NoError(t, err)
			if len(page) == 0 {
				return
			}
			for _, e := range page {
				require.Greater(t, e.ID, after)
				after = e.ID
				seen[key{e.FN, e.FD, len(e.Request) > 0}]++
			}
		}
	}
	ended := make(chan struct{})
	go func() { wg.Wait(); close(ended) }()
	for done := false; !done; {
		select {
		case <-ended:
			done = true
		default:
		}
		follow()
	}
	assert.EqualValues(t, 2*drives*documents, len(seen), "rows passed over")
	for k, times := range seen {
		require.Equal(t, 1, times, "%+v", k)
	}
}

// A transaction that hangs, as when its server was cut off, holds lists up for a
// moment only; they end before what it may still store.
func TestStore_ListsEndBeforeWhatHangs(t *testing.T) {
	t.Parallel()
	url := database(t, t.TempDir())
	s := openURL(t, url)
	defer func() { require.NoError(t, s.Close()) }()
	ctx := t.Context()
	require.NoError(t, s.Accept(ctx, storetest.Sample(drive(1), 1, 1)))

	hanging := raw(t, url)
	tx, err := hanging.Begin(ctx)
	require.NoError(t, err)
	for _, statement := range []string{
		"SELECT pg_advisory_xact_lock_shared((253::bigint << 52) | last_value) FROM row_ids",
		"INSERT INTO incidents (drive_id, fn, id, fd, text) VALUES (0, '', nextval('row_ids'), 0, 'late')",
	} {
		_, err := tx.Exec(ctx, statement)
		require.NoError(t, err)
	}
	require.NoError(t, s.AddIncident(ctx, store.Incident{Text: "early"}))
	require.NoError(t, s.Accept(ctx, storetest.Sample(drive(1), 2, 2)))
	began := time.Now()
	list, err := s.Incidents(ctx, "", store.Page{})
	require.NoError(t, err)
	assert.Empty(t, list)
	documents, err := s.Documents(ctx, store.DocumentFilter{}, store.Page{})
	require.NoError(t, err)
	assert.Len(t, documents, 1)
	assert.Greater(t, time.Since(began), time.Second)

	require.NoError(t, tx.Commit(ctx))
	list, err = s.Incidents(ctx, "", store.Page{})
	require.NoError(t, err)
	require.Len(t, list, 2)
	assert.Equal(t, "late", list[0].Text)
	documents, err = s.Documents(ctx, store.DocumentFilter{}, store.Page{})
	require.NoError(t, err)
	assert.Len(t, documents, 2)
}

const (
	waitLimit = time.Minute
	waitStep  = 5 * time.Millisecond
)
