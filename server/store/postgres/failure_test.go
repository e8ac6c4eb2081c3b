package postgres_test

import (
	"bytes"
	"context"
	"log/slog"
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

// A connection that is cut at any moment costs nobody anything: writers do not even
// notice.
func TestStore_ReplacesLostConnection(t *testing.T) {
	t.Parallel()
	url := database(t, t.TempDir())
	s := openURL(t, url)
	defer func() { require.NoError(t, s.Close()) }()
	killer := raw(t, url)
	ctx := context.Background()
	const drives, cutEvery = 6, 40
	documents := int64(size(40, 200))
	var wg sync.WaitGroup
	var done atomic.Int64
	for n := range drives {
		wg.Go(func() {
			for fd := int64(1); fd <= documents; fd++ {
				err := s.Accept(ctx, storetest.Sample(drive(n), fd, fiscal.FDNumber(fd)))
				if err != nil && !assert.ErrorIs(t, err, store.ErrExists, "cut off in its commit, which nobody can know") {
					return
				}
				done.Add(1)
			}
		})
	}
	cuts := 0
	for next := int64(cutEvery); next < drives*documents; next += cutEvery {
		require.Eventually(t, func() bool { return done.Load() >= next }, time.Minute, time.Millisecond)
		var n int
		require.NoError(t, killer.QueryRow(ctx, `SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity
			WHERE datname = current_database() AND application_name = 'ofd'`).Scan(&n))
		cuts += n
	}
	wg.Wait()
	require.Positive(t, cuts)
	total, err := s.Stats(ctx)
	if err != nil { // a reader that was cut
		total, err = s.Stats(ctx)
	}
	require.NoError(t, err)
	assert.EqualValues(t, drives*documents, total.Documents)
	requireSound(t, url)
}

// While the database is away the first writes wait for it, later ones are told at
// once, and when it is back all goes on.
func TestStore_OutlivesAbsentDatabase(t *testing.T) {
	t.Parallel()
	c, err := pgtest.StartCluster(t.Context())
	if err != nil {
		pgtest.Missing(t, err)
	}
	t.Cleanup(func() { require.NoError(t, c.Remove()) })
	var log bytes.Buffer
	const patience = 600 * time.Millisecond
	s, err := postgres.Open(t.Context(), c.URL(), postgres.Options{RetryFor: patience, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	require.NoError(t, err)
	ctx := context.Background()
	require.NoError(t, s.Accept(ctx, storetest.Sample(drive(1), 1, 1)))

	require.NoError(t, c.Signal(syscall.SIGQUIT))
	began := time.Now()
	err = s.Accept(ctx, storetest.Sample(drive(1), 2, 2))
	require.Error(t, err)
	require.NotErrorIs(t, err, store.ErrExists)
	require.NotErrorIs(t, err, store.ErrStale)
	assert.Greater(t, time.Since(began), patience/2)
	began = time.Now()
	require.Error(t, s.Accept(ctx, storetest.Sample(drive(1), 2, 2)))
	require.Error(t, s.Quarantine(ctx, store.Quarantined{}))
	assert.Less(t, time.Since(began), patience, "both are told at once")
	require.NoError(t, s.LogExchange(ctx, store.Exchange{Peer: "lost"}))
	require.Error(t, s.AddIncident(ctx, store.Incident{}))
	_, err = s.Drive(ctx, drive(1))
	require.Error(t, err)
	require.NotErrorIs(t, err, store.ErrNotFound)

	require.NoError(t, c.Start(ctx))
	require.NoError(t, s.Accept(ctx, storetest.Sample(drive(1), 2, 2)))
	require.NoError(t, c.Signal(syscall.SIGINT))
	answer := make(chan error, 1)
	go func() { answer <- s.Accept(ctx, storetest.Sample(drive(1), 3, 3)) }()
	require.NoError(t, c.Start(ctx))
	if err := <-answer; err != nil { // the start took longer than the patience
		require.NoError(t, s.Accept(ctx, storetest.Sample(drive(1), 3, 3)))
	}
	total, err := s.Stats(ctx)
	if err != nil {
		total, err = s.Stats(ctx)
	}
	require.NoError(t, err)
	assert.Equal(t, store.Stats{Drives: 1, Documents: 3, Confirmations: 3, Behind: 3}, total)

	require.NoError(t, c.Signal(syscall.SIGINT))
	require.Error(t, s.Accept(ctx, storetest.Sample(drive(1), 4, 4)))
	require.NoError(t, s.Close(), "nothing holds the end up")
	assert.Contains(t, log.String(), "a record was lost")
	assert.Contains(t, log.String(), "the database is away")
}

// One that the database cannot take does not take its neighbours with it.
func TestStore_IsolatesWhatCannotBeWritten(t *testing.T) {
	t.Parallel()
	url := database(t, t.TempDir())
	s := openURL(t, url)
	defer func() { require.NoError(t, s.Close()) }()
	_, err := raw(t, url).Exec(t.Context(), "ALTER TABLE documents ADD CHECK (peer <> 'bad'); ALTER TABLE exchanges ADD CHECK (peer <> 'bad')")
	require.NoError(t, err)
	ctx := context.Background()
	require.NoError(t, s.LogExchange(ctx, store.Exchange{Peer: "bad"}))
	var wg sync.WaitGroup
	for n := range 64 {
		wg.Go(func() {
			a := storetest.Sample(drive(n), 1, 1)
			if n%9 == 0 {
				a.Exchange.Peer = "bad"
				err := s.Accept(ctx, a)
				assert.ErrorContains(t, err, "check constraint")
				return
			}
			assert.NoError(t, s.Accept(ctx, a))
		})
	}
	wg.Wait()
	total, err := s.Stats(ctx)
	require.NoError(t, err)
	assert.EqualValues(t, 64-8, total.Documents)
	assert.EqualValues(t, 64-8, total.Drives)
}

// Registers send names in a code page of their own, peers send anything.
func TestStore_KeepsAnyText(t *testing.T) {
	t.Parallel()
	s := openURL(t, database(t, t.TempDir()))
	defer func() { require.NoError(t, s.Close()) }()
	ctx := t.Context()
	for i, odd := range []string{"\x00", "a\x00b\xffc", "\xc3", "\U0010FFFF", "\U0010FF00ю\xf4\x8f\xbf", "\uFFFD", "ёлка \U0001F384"} {
		a := storetest.Sample(drive(i), 1, 1)
		a.Drive.User, a.Drive.Address, a.Drive.KKTNumber = odd, odd+"!", "№"+odd
		a.Document.RegID, a.Document.UserINN, a.Drive.RegID = fiscal.RegNumber(odd), fiscal.INN(odd), fiscal.RegNumber(odd)
		a.Exchange.Peer, a.Exchange.Detail = odd, odd
		require.NoError(t, s.Accept(ctx, a))
		require.NoError(t, s.Quarantine(ctx, store.Quarantined{FN: fiscal.FNNumber(odd), Detail: odd}))
		v, err := s.Drive(ctx, drive(i))
		require.NoError(t, err)
		v.ID = 0
		assert.Equal(t, a.Drive, v)
		for _, f := range []store.DocumentFilter{{RegID: a.Document.RegID}, {UserINN: a.Document.UserINN}} {
			all, err := s.Documents(ctx, f, store.Page{})
			require.NoError(t, err)
			require.Len(t, all, 1, "%q", odd)
			assert.Equal(t, a.Document.RegID, all[0].RegID)
		}
		x, err := s.Exchanges(ctx, drive(i), store.Page{})
		require.NoError(t, err)
		require.Len(t, x, 1)
		assert.Equal(t, odd, x[0].Peer)
		assert.Equal(t, odd, x[0].Detail)
		q, err := s.Quarantines(ctx, fiscal.FNNumber(odd), store.Page{})
		require.NoError(t, err)
		require.Len(t, q, 1)
		assert.Equal(t, store.Quarantined{ID: q[0].ID, FN: fiscal.FNNumber(odd), Detail: odd}, q[0])
	}
}

// FN numbers of any length and with leading zeros are different drives; what is no
// number is refused.
func TestStore_TellsDrivesApart(t *testing.T) {
	t.Parallel()
	s := openURL(t, database(t, t.TempDir()))
	defer func() { require.NoError(t, s.Close()) }()
	good := []fiscal.FNNumber{"0", "00", "1", "01", "0000000000000001", "9999999999999999", "999999999999999"}
	for _, fn := range good {
		require.NoError(t, s.Accept(t.Context(), storetest.Sample(fn, 1, 1)), "%q", fn)
	}
	for _, fn := range good {
		d, err := s.Document(t.Context(), fn, 1)
		require.NoError(t, err)
		assert.Equal(t, fn, d.FN)
	}
	all, err := s.Documents(t.Context(), store.DocumentFilter{}, store.Page{})
	require.NoError(t, err)
	for i, d := range all {
		assert.Equal(t, good[i], d.FN)
	}
	for _, fn := range []fiscal.FNNumber{"", "x", "1 ", " 1", "-1", "99999999999999999"} {
		err := s.Accept(t.Context(), storetest.Sample(fn, 1, 1))
		require.ErrorContains(t, err, "is not a number", "%q", fn)
		_, err = s.Drive(t.Context(), fn)
		require.ErrorIs(t, err, store.ErrNotFound)
		none, err := s.Documents(t.Context(), store.DocumentFilter{FN: "x"}, store.Page{})
		require.NoError(t, err)
		assert.Empty(t, none)
	}
}
