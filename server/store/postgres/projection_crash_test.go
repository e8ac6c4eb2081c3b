package postgres_test

import (
	"context"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/internal/pgtest"
	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/storetest"
)

// The database is killed while documents are projected, whose commits do not wait for
// the disk: in the end each was projected and added up once. TORTURE=1 kills fifty times.
func TestTorture_KilledDatabaseProjectsOnce(t *testing.T) {
	t.Parallel()
	kills, each := 2, 60
	if os.Getenv("TORTURE") == "1" {
		kills, each = 50, 1500
	}
	const drives = 8
	c, err := pgtest.StartCluster(t.Context())
	if err != nil {
		pgtest.Missing(t, err)
	}
	t.Cleanup(func() { require.NoError(t, c.Remove()) })
	s := openURL(t, c.URL())
	defer func() { require.NoError(t, s.Close()) }()
	var writers sync.WaitGroup
	for n := range drives {
		writers.Go(func() {
			for fd := 1; fd <= each; fd++ {
				if !assert.NoError(t, s.Accept(context.Background(), storetest.Sample(drive(n), int64(fd), fiscal.FDNumber(fd)))) {
					return
				}
			}
		})
	}
	writers.Wait()

	total := int64(drives * each)
	var passed atomic.Int64 // as it was told: what a crash takes back is counted twice
	work, stop := context.WithCancel(context.Background())
	ended, moved := make(chan struct{}), make(chan struct{}, 1)
	go func() {
		defer close(ended)
		for work.Err() == nil {
			n, err := s.Project(work, 1+int(passed.Load()%13), bare)
			if err == nil {
				passed.Add(int64(n))
				select {
				case moved <- struct{}{}:
				default:
				}
			}
			if p, err := s.Progress(work); err == nil && p.Behind == 0 {
				return
			}
		}
	}()
	for i := range kills {
		for until, going := passed.Load()+rand.Int64N(total/int64(2*kills)+1), true; going && passed.Load() < until; {
			select {
			case <-moved:
			case <-ended:
				going = false
			}
		}
		sig := []syscall.Signal{syscall.SIGKILL, syscall.SIGQUIT, syscall.SIGINT}[i%3]
		require.NoError(t, c.Signal(sig))
		require.NoError(t, c.Start(t.Context()), "after %s", sig)
	}
	<-ended
	stop()
	for {
		n, err := s.Project(t.Context(), 100, bare)
		require.NoError(t, err)
		if n == 0 {
			break
		}
	}
	p, err := s.Progress(t.Context())
	require.NoError(t, err)
	assert.Equal(t, store.Progress{Passed: total}, p)
	sums := storetest.RequireSums(t, s, storetest.Sample("1", 1, 1).Document.UserINN)
	assert.Equal(t, total, sums.Sales)
	assert.EqualValues(t, drives*100*each*(each+1)/2, sums.Revenue)
	t.Logf("%d documents projected over %d ends of the database, %d of them told again", total, kills, passed.Load()-total)
}

// bare is a projection without a content.
func bare(d *store.Document) store.Projection {
	return store.Projection{ID: d.ID, FN: d.FN, FD: d.FD, Form: d.Form, RegID: d.RegID, UserINN: d.UserINN, At: d.DateTime, Shift: d.Shift, Number: d.Number,
		Operation: d.Operation, Total: d.Total, FPD: d.FPD, Paid: store.Paid{Cash: d.Total}}
}
