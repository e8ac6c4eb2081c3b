package torture

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/internal/pgtest"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// shipped is the configuration that operators are given.
const shipped = "../../docs/haproxy.cfg"

// haproxy runs the shipped configuration with the ports of this test and returns the
// address for registers.
func haproxy(t *testing.T, servers []command) string {
	t.Helper()
	program, err := exec.LookPath("haproxy")
	if err != nil {
		if program = "/usr/sbin/haproxy"; !exists(program) {
			t.Skip("haproxy is not on this machine (Debian: haproxy)")
		}
	}
	front, err := pgtest.FreeAddr()
	require.NoError(t, err)
	stats, err := pgtest.FreeAddr()
	require.NoError(t, err)
	text, err := os.ReadFile(shipped)
	require.NoError(t, err)
	place := t.TempDir()
	config := string(text)
	replace := func(old, now string) {
		require.Equal(t, 1, strings.Count(config, old), "%q in %s", old, shipped)
		config = strings.Replace(config, old, now, 1)
	}
	replace("bind :7777", "bind "+front)
	replace("bind 127.0.0.1:8404", "bind "+stats)
	replace("/run/haproxy/admin.sock", filepath.Join(place, "admin.sock"))
	for i, c := range servers {
		line := regexp.MustCompile(fmt.Sprintf(`(?m)^(\s+server ofd%d )\S+ check port \d+`, i+1))
		require.Len(t, line.FindAllString(config, -1), 1, "server ofd%d in %s", i+1, shipped)
		_, port, _ := strings.Cut(c.http, ":")
		config = line.ReplaceAllString(config, "${1}"+c.kkt+" check port "+port)
	}
	file := filepath.Join(place, "haproxy.cfg")
	require.NoError(t, os.WriteFile(file, []byte(config), 0o600))
	out, err := exec.Command(program, "-c", "-f", file).CombinedOutput()
	require.NoError(t, err, "%s", out)
	cmd := exec.Command(program, "-db", "-f", file)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		require.NoError(t, cmd.Process.Kill())
		_ = cmd.Wait()
	})
	return front
}

func exists(path string) bool { _, err := os.Stat(path); return err == nil }

// Three servers on one database behind the balancer: each is told to end and started
// again under load, and now and then one is killed. Registers only reconnect, nothing
// is lost, and of two documents with one number that come to two servers at once one
// wins.
func TestTorture_RollingRestart(t *testing.T) {
	sized(t)
	w := newWorld(t, "three servers behind HAProxy")
	w.database = cluster(t, pgtest.ClusterOptions{})
	w.c.store = pgtest.URLOf("postgres", w.database.Addr())
	w.spec = func() string { return w.c.store }
	w.check = func(f func(ctx context.Context, s store.Store)) { lookAt(t, w.spec(), f) }
	commands, servers := make([]command, 3), make([]*server, 3)
	for i := range commands {
		commands[i] = w.c
		for _, addr := range []*string{&commands[i].kkt, &commands[i].http} {
			var err error
			*addr, err = pgtest.FreeAddr()
			require.NoError(t, err)
		}
	}
	start := func(i int) {
		var err error
		servers[i], err = commands[i].start(t)
		require.NoError(t, err)
	}
	for i := range servers {
		start(i)
	}
	front := haproxy(t, commands)
	w.l = newLoad(t, size(6, 24), w.tally.seed, func() string { return front })
	w.l.awaitMore(10)
	w.l.refused.Store(0) // while the balancer did not know the servers
	for n := range size(1, 12) {
		for i := range servers {
			require.True(t, servers[i].signal(syscall.SIGTERM), "server %d does not end: %s", i+1, &servers[i].log)
			require.Zero(t, servers[i].cmd.ProcessState.ExitCode(), "%s", &servers[i].log)
			w.l.awaitMore(5)
			start(i)
			w.tally.restarts++
			w.l.awaitMore(5)
			time.Sleep(time.Duration(w.rand.IntN(100)) * time.Millisecond)
		}
		w.look("after a rolling restart")
		require.Zero(t, w.l.refused.Load(), "the balancer had nobody to connect to")
		if n%3 == 2 {
			i := w.rand.IntN(len(servers))
			require.True(t, servers[i].signal(syscall.SIGKILL))
			w.tally.kinds[killServer]++
			w.l.awaitMore(20)
			start(i)
			w.look("after a kill")
			w.l.refused.Store(0)
		}
	}
	w.end()
	for i := range servers {
		require.True(t, servers[i].signal(syscall.SIGTERM))
	}
}
