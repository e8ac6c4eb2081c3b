package storetest

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/server/store"
)

func reopen(t *testing.T, open Open) {
	place := t.TempDir()
	const rounds, drives = 3, 4
	var lastID int64
	for round := range rounds {
		s := open(t, place)
		for n := range drives {
			for i := range 2 {
				version := int64(2*round + i + 1)
				accept(t, s, Sample(fnNumber(n), version, fdOf(version)))
			}
		}
		all, err := s.Documents(t.Context(), store.DocumentFilter{}, store.Page{})
		require.NoError(t, err)
		require.Len(t, all, 2*drives*(round+1))
		require.Greater(t, all[len(all)-1].ID, lastID)
		lastID = all[len(all)-1].ID
		for _, d := range all {
			assert.Equal(t, Sample(d.FN, int64(d.FD), d.FD).Document, bare(d))
		}
		require.ErrorIs(t, s.Accept(t.Context(), Sample(fnNumber(0), 1, 1)), store.ErrExists)
		require.ErrorIs(t, s.Accept(t.Context(), Sample(fnNumber(0), 1, 99)), store.ErrStale)
		require.NoError(t, s.Close())
	}
}

func closed(t *testing.T, open Open) {
	s := open(t, t.TempDir())
	accept(t, s, Sample(fnNumber(1), 1, 1))
	require.NoError(t, s.Close())
	require.NoError(t, s.Close(), "a second Close does nothing")
	ctx := t.Context()
	for what, err := range map[string]error{
		"Accept":         s.Accept(ctx, Sample(fnNumber(1), 2, 2)),
		"Quarantine":     s.Quarantine(ctx, store.Quarantined{}),
		"AddIncident":    s.AddIncident(ctx, store.Incident{}),
		"LogExchange":    s.LogExchange(ctx, store.Exchange{}),
		"Drive":          second(s.Drive(ctx, fnNumber(1))),
		"Document":       second(s.Document(ctx, fnNumber(1), 1)),
		"Drives":         second(s.Drives(ctx, store.Page{})),
		"Documents":      second(s.Documents(ctx, store.DocumentFilter{}, store.Page{})),
		"CountDocuments": second(s.CountDocuments(ctx, store.DocumentFilter{})),
		"Quarantines":    second(s.Quarantines(ctx, "", store.Page{})),
		"Incidents":      second(s.Incidents(ctx, "", store.Page{})),
		"Exchanges":      second(s.Exchanges(ctx, "", store.Page{})),
		"Stats":          second(s.Stats(ctx)),
	} {
		require.ErrorIs(t, err, store.ErrClosed, what)
	}
}

func second[T any](_ T, err error) error { return err }

// Close under load loses nothing that was confirmed and nothing that was queued.
func closeFlushes(t *testing.T, open Open) {
	place := t.TempDir()
	s := open(t, place)
	var mu sync.Mutex
	var logged, confirmed int
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			ctx := context.Background()
			for i := int64(1); ; i++ {
				if err := s.LogExchange(ctx, store.Exchange{FN: fnNumber(n)}); err != nil {
					assert.ErrorIs(t, err, store.ErrClosed)
					return
				}
				mu.Lock()
				logged++
				mu.Unlock()
				if err := s.Accept(ctx, Sample(fnNumber(n), i, fdOf(i))); err != nil {
					assert.ErrorIs(t, err, store.ErrClosed)
					return
				}
				mu.Lock()
				confirmed++
				if confirmed == 20 {
					go func() { assert.NoError(t, s.Close()) }()
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	require.NoError(t, s.Close(), "waits for the first Close")

	s = open(t, place)
	defer func() { require.NoError(t, s.Close()) }()
	total, err := s.Stats(t.Context())
	require.NoError(t, err)
	assert.EqualValues(t, confirmed, total.Documents)
	var rows int
	for after := int64(0); ; {
		all, err := s.Exchanges(t.Context(), "", store.Page{After: after, Limit: store.MaxLimit})
		require.NoError(t, err)
		if len(all) == 0 {
			break
		}
		rows, after = rows+len(all), all[len(all)-1].ID
	}
	assert.Equal(t, logged+confirmed, rows)
}
