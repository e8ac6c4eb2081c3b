package torture

import (
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/internal/pgtest"
	"github.com/fiscalbench/fiscalbench/server/servertest"
)

// A commit waits for the standby, which hangs, and the process of the database that
// waits is killed. After its recovery the primary shows the document, but the standby
// has not got it: to confirm the repeat would be to lose it with the primary.
func TestTorture_RepeatWaitsForStandby(t *testing.T) {
	fullOnly(t)
	primary := cluster(t, pgtest.ClusterOptions{Settings: pgtest.Synchronous()})
	standby, err := primary.Standby(t.Context(), pgtest.ClusterOptions{TCP: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, standby.Remove()) })
	kkt, err := pgtest.FreeAddr()
	require.NoError(t, err)
	s, err := command{program: program(t), kkt: kkt, http: "127.0.0.1:0", store: pgtest.URLOf("postgres", primary.Addr(), standby.Addr())}.start(t)
	require.NoError(t, err)
	l := &load{t: t, history: newHistory(), addr: func() string { return kkt }}
	r := servertest.NewRegister(1, fiscal.FFD105)
	for _, d := range []servertest.Doc{r.Registration(), r.OpenShift()} {
		e, _ := l.send(d)
		require.Equal(t, confirmed, e.verdict)
	}

	require.NoError(t, standby.Pause())
	d := r.Receipt(100)
	first := make(chan []byte, 1)
	go func() {
		_, confirmation := l.send(d)
		first <- confirmation
	}()
	watcher, err := pgx.Connect(t.Context(), primary.URL())
	require.NoError(t, err)
	var pid int
	require.Eventually(t, func() bool {
		return watcher.QueryRow(t.Context(), "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'").Scan(&pid) == nil
	}, waitLimit, 5*time.Millisecond, "nothing waits for the standby")
	require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	require.Eventually(t, func() bool { return watcher.Ping(t.Context()) != nil }, waitLimit, time.Millisecond)
	require.NoError(t, primary.Await(t.Context()))
	confirmation := <-first
	if confirmation == nil {
		_, confirmation = l.send(d) // the register comes again
	}
	assert.Empty(t, confirmation, "confirmed although the standby cannot have it")

	require.NoError(t, standby.Kill())
	require.NoError(t, primary.Kill())
	require.NoError(t, standby.Start(t.Context()))
	require.NoError(t, standby.Promote(t.Context()))
	var again []byte
	require.Eventually(t, func() bool { _, again = l.send(d); return again != nil }, waitLimit, 10*time.Millisecond)
	if confirmation != nil {
		assert.Equal(t, confirmation, again, "confirmed and lost")
	}
	l.requireNothingWrong()
	require.True(t, s.signal(syscall.SIGTERM))
}
