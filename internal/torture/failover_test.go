package torture

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/internal/pgtest"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// A primary with a synchronous standby is killed under load and the standby takes its
// place, again and again: no confirmed document is lost. The server is told of both
// and finds the one that can be written by itself.
func TestTorture_Failover(t *testing.T) {
	sized(t)
	w := newWorld(t, "postgres with a synchronous standby")
	primary := cluster(t, pgtest.ClusterOptions{Settings: pgtest.Synchronous()})
	standby, err := primary.Standby(t.Context(), pgtest.ClusterOptions{TCP: true, Settings: pgtest.Synchronous()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, standby.Remove()) })
	addrs := []string{primary.Addr(), standby.Addr()}
	w.c.store = pgtest.URLOf("postgres", addrs...) + "&connect_timeout=2"
	w.spec = func() string { return w.c.store }
	w.check = func(f func(ctx context.Context, s store.Store)) { lookAt(t, w.spec(), f) }
	w.begin(size(6, 12))
	for n := range size(1, 15) {
		time.Sleep(time.Duration(20+w.rand.IntN(300)) * time.Millisecond) // the moment is what is tested
		require.NoError(t, primary.Kill())
		require.NoError(t, standby.Promote(t.Context()))
		w.tally.failovers++
		// It waits for a standby too: nothing is confirmed before there is one again.
		primary, standby = standby, primary
		require.NoError(t, standby.Rejoin(t.Context(), primary))
		w.l.awaitMore(10)
		w.look("after a failover")
		t.Logf("failover %d, %d documents", n+1, w.l.confirmed.Load())
	}
	w.end()
}
