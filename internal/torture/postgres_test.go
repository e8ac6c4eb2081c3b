package torture

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/internal/pgtest"
	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/postgres"
)

// cluster is a database of the test's own with a port.
func cluster(t *testing.T, o pgtest.ClusterOptions) *pgtest.Cluster {
	t.Helper()
	o.TCP = true
	c, err := pgtest.StartClusterWith(t.Context(), o)
	if err != nil {
		pgtest.Missing(t, err)
	}
	t.Cleanup(func() { require.NoError(t, c.Remove()) })
	return c
}

// onPostgres is a world over a database behind a bad line.
func onPostgres(t *testing.T, name string, c *pgtest.Cluster) *world {
	t.Helper()
	w := newWorld(t, name)
	w.database, w.dbLine = c, newNetwork(t, c.Addr())
	w.c.store = pgtest.URLOf("postgres", w.dbLine.addr()) + "&connect_timeout=2"
	w.spec = func() string { return pgtest.URLOf("postgres", w.database.Addr()) }
	w.check = func(f func(ctx context.Context, s store.Store)) { lookAt(t, w.spec(), f) }
	return w
}

func lookAt(t *testing.T, url string, f func(ctx context.Context, s store.Store)) {
	t.Helper()
	s, err := postgres.Open(t.Context(), url, postgres.Options{})
	require.NoError(t, err)
	f(t.Context(), s)
	require.NoError(t, s.Close())
}

// The server is killed, and so is its database; both lines are bad.
func TestTorture_PostgreSQL(t *testing.T) {
	sized(t)
	w := onPostgres(t, "postgres", cluster(t, pgtest.ClusterOptions{}))
	w.begin(size(6, 12))
	w.run(schedule(w.tally.seed, plan{killServer: kills(3), killDatabase: size(1, 20), crashDatabase: size(0, 15), abortDatabase: size(0, 15), killBackend: size(1, 30)}))
}

func TestTorture_FullDiskPostgreSQL(t *testing.T) {
	fullOnly(t)
	w := onPostgres(t, "postgres on a full disk", cluster(t, pgtest.ClusterOptions{Place: smallDisk(t, size(160, 512)),
		Settings: []string{"max_wal_size=64MB", "min_wal_size=32MB"}}))
	w.data = w.database.Place()
	w.begin(size(4, 12))
	w.run(schedule(w.tally.seed, plan{fillDisk: size(1, 6), fillAndKill: size(0, 6)}))
}
