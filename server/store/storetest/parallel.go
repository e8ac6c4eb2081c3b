package storetest

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// What Accept confirmed is there for every reader at once.
func manyWriters(t *testing.T, open Open) {
	s := fresh(t, open)
	const drives, documents = 16, 15
	var wg sync.WaitGroup
	for n := range drives {
		wg.Go(func() {
			ctx := context.Background()
			for _, a := range life(fnNumber(n), documents) {
				if !assert.NoError(t, s.Accept(ctx, a)) {
					return
				}
				d, err := s.Document(ctx, a.Document.FN, a.Document.FD)
				assert.NoError(t, err)
				assert.Equal(t, a.Document, bare(d))
				v, err := s.Drive(ctx, a.Document.FN)
				assert.NoError(t, err)
				assert.Equal(t, a.Drive, bareDrive(v))
			}
		})
	}
	wg.Wait()
	total, err := s.Stats(t.Context())
	require.NoError(t, err)
	assert.EqualValues(t, drives*documents, total.Documents)
	assert.EqualValues(t, drives, total.Drives)
}

// Who follows a list by its cursor while others write sees each row once.
func followWhileWriting(t *testing.T, open Open) {
	s := fresh(t, open)
	const drives, documents = 8, 25
	var wg sync.WaitGroup
	for n := range drives {
		wg.Go(func() {
			ctx := context.Background()
			for i, a := range life(fnNumber(n), documents) {
				if i%2 == 1 {
					assert.NoError(t, s.LogExchange(ctx, store.Exchange{FN: a.Document.FN, FD: a.Document.FD}))
				}
				assert.NoError(t, s.Accept(ctx, a))
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
	read := func() {
		for {
			all, err := s.Exchanges(t.Context(), "", store.Page{After: after, Limit: 7})
			require.NoError(t, err)
			if len(all) == 0 {
				return
			}
			for _, e := range all {
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
		read()
	}
	assert.Len(t, seen, drives*(documents+documents/2))
	for k, times := range seen {
		assert.Equal(t, 1, times, "%s document=%v", name(k.fn, k.fd), k.document)
	}
}
