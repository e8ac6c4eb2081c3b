package postgres_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/postgres"
	"github.com/fiscalbench/fiscalbench/server/store/storetest"
)

// Whatever comes at once, of whichever drives: no transaction writes to two pieces, and
// all is stored. The check is in the database: postgres.Divided.
func TestStore_TransactionsKeepToOnePiece(t *testing.T) {
	t.Parallel()
	url := dividedDatabase(t, t.TempDir())
	s, err := postgres.Open(t.Context(), url, postgres.Options{Writers: 1})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	var drives atomic.Int64
	var incidents, documents int64
	rapid.Check(t, func(rt *rapid.T) {
		base := int(drives.Add(1000))
		var wg sync.WaitGroup
		start := make(chan struct{})
		send := func(do func(ctx context.Context) error) {
			wg.Go(func() {
				<-start
				assert.NoError(t, do(context.Background()))
			})
		}
		for i := range rapid.IntRange(1, 120).Draw(rt, "works") {
			fn := drive(base + i)
			switch rapid.SampledFrom([]string{"document", "document", "with incidents", "replacing", "quarantine", "incident", "exchange", "no number"}).Draw(rt, "work") {
			case "document":
				send(func(ctx context.Context) error { return s.Accept(ctx, storetest.Sample(fn, 1, 1)) })
				documents++
			case "with incidents":
				a := storetest.Sample(fn, 1, 1)
				a.Incidents = []store.Incident{{FN: fn, Text: "a"}, {FN: fn, Text: "b"}}
				send(func(ctx context.Context) error { return s.Accept(ctx, a) })
				documents, incidents = documents+1, incidents+2
			case "replacing":
				a := storetest.Sample(fn, 1, 1)
				a.Replaces, a.Drive.RegID = true, fiscal.MakeRegNumber(uint64(base), "7704358518", string(fn))
				a.Document.RegID = a.Drive.RegID
				send(func(ctx context.Context) error { return s.Accept(ctx, a) })
				documents++
			case "quarantine":
				send(func(ctx context.Context) error { return s.Quarantine(ctx, store.Quarantined{FN: fn}) })
				incidents++
			case "incident":
				send(func(ctx context.Context) error { return s.AddIncident(ctx, store.Incident{FN: fn}) })
				incidents++
			case "exchange":
				send(func(ctx context.Context) error { return s.LogExchange(ctx, store.Exchange{FN: fn}) })
			case "no number":
				send(func(ctx context.Context) error { return s.AddIncident(ctx, store.Incident{FN: "ФН"}) })
				incidents++
			}
		}
		close(start)
		wg.Wait()
	})
	total, err := s.Stats(t.Context())
	require.NoError(t, err)
	assert.Equal(t, documents, total.Documents)
	assert.Equal(t, incidents, total.Incidents)
}

// A new drive of a register, whichever piece it lies in, replaces those of all others
// before it is confirmed; and when one cannot be told the document is confirmed all the
// same, and the drive is told later.
func TestStore_ReplacesOverPieces(t *testing.T) {
	t.Parallel()
	url := dividedDatabase(t, t.TempDir())
	s, err := postgres.Open(t.Context(), url, postgres.Options{Writers: 2})
	require.NoError(t, err)
	c := raw(t, url)
	const drives = 20 // over 8 pieces
	for n := range drives {
		a := storetest.Sample(drive(n), 1, 1)
		a.Replaces = n > 0
		require.NoError(t, s.Accept(t.Context(), a))
		if n > 0 {
			v, err := s.Drive(t.Context(), drive(n-1))
			require.NoError(t, err)
			require.Equal(t, store.DriveReplaced, v.Status)
			require.EqualValues(t, 2, v.Version, "told once")
		}
	}
	notes := func() (n int) {
		require.NoError(t, c.QueryRow(t.Context(), `SELECT count(*) FROM replacements`).Scan(&n))
		return n
	}
	require.Zero(t, notes())

	tx, err := c.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), `SELECT FROM drives WHERE fn = $1 FOR UPDATE`, string(drive(drives-1))) // as if its machine were away
	require.NoError(t, err)
	a := storetest.Sample(drive(drives), 1, 1)
	a.Replaces = true
	patient, cancel := context.WithTimeout(t.Context(), waitLimit)
	defer cancel()
	require.NoError(t, s.Accept(patient, a), "after two seconds")
	v, err := s.Drive(t.Context(), drive(drives-1))
	require.NoError(t, err)
	require.Equal(t, store.DriveActive, v.Status)
	require.Equal(t, 1, notes())
	require.NoError(t, s.Close())
	require.NoError(t, tx.Rollback(t.Context()))

	s, err = postgres.Open(t.Context(), url, postgres.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	require.Eventually(t, func() bool { return notes() == 0 }, waitLimit, waitStep)
	v, err = s.Drive(t.Context(), drive(drives-1))
	require.NoError(t, err)
	assert.Equal(t, store.DriveReplaced, v.Status)
	assert.EqualValues(t, 2, v.Version)
}
