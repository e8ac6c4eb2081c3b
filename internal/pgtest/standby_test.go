package pgtest

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What a primary with a synchronous standby confirmed is there when the standby has
// taken its place, and again when the first one follows.
func TestCluster_FailsOver(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	one, err := StartClusterWith(ctx, ClusterOptions{TCP: true, Settings: Synchronous()})
	if err != nil {
		Missing(t, err)
	}
	defer func() { require.NoError(t, one.Remove()) }()
	two, err := one.Standby(ctx, ClusterOptions{TCP: true})
	require.NoError(t, err)
	defer func() { require.NoError(t, two.Remove()) }()
	both := URLOf("postgres", one.Addr(), two.Addr())
	count := func(url string) (n int) {
		require.NoError(t, connect(t, url).QueryRow(ctx, "SELECT count(*) FROM things").Scan(&n))
		return n
	}

	c, err := pgx.Connect(ctx, both)
	require.NoError(t, err)
	_, err = c.Exec(ctx, "CREATE TABLE things (n int); INSERT INTO things VALUES (1)")
	require.NoError(t, err)
	pids, err := one.Backends()
	require.NoError(t, err)
	require.Contains(t, pids, int(c.PgConn().PID()))

	require.NoError(t, one.Kill())
	require.Error(t, execute(both, "INSERT INTO things VALUES (0)"), "nobody can be written")
	require.NoError(t, two.Promote(ctx))
	require.NoError(t, execute(both, "INSERT INTO things VALUES (2)"), "the new primary waits for nobody")
	require.Equal(t, 2, count(two.URL()))

	require.NoError(t, one.Rejoin(ctx, two))
	assert.Equal(t, 2, count(one.URL()))
	require.ErrorContains(t, execute(one.URL(), "INSERT INTO things VALUES (3)"), "read-only")
}
