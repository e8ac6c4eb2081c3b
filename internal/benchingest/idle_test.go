package benchingest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
	"github.com/fiscalbench/fiscalbench/server/servertest"
)

// idleSettings come to the process of the silent peers.
type idleSettings struct {
	Addr        string
	Connections int
	Message     []byte // exchanged once on each connection; empty: nothing is said
}

// perSource is how many connections come from one address: the ports of one are
// some 28,000.
const perSource = 10_000

// stayIdle is the process of peers that connect, say one thing or nothing, and stay.
func stayIdle() error {
	var s idleSettings
	if err := json.Unmarshal([]byte(os.Getenv(settingsVariable)), &s); err != nil {
		return err
	}
	conns := make([]net.Conn, 0, s.Connections)
	for i := range s.Connections {
		d := net.Dialer{KeepAlive: -1, LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(2+i/perSource))}}
		c, err := d.Dial("tcp", s.Addr)
		if err != nil {
			return fmt.Errorf("connection %d: %w", i, err)
		}
		if len(s.Message) > 0 {
			if _, err := c.Write(s.Message); err != nil {
				return fmt.Errorf("connection %d: %w", i, err)
			}
			var dec wire.Decoder
			if _, err := dec.Read(c); err != nil {
				return fmt.Errorf("connection %d: %w", i, err)
			}
		}
		conns = append(conns, c)
	}
	fmt.Println("connected")
	_, _ = io.Copy(io.Discard, os.Stdin)
	for i, c := range conns { // still open: the server closes none of them
		if err := syscallPeek(c); err != nil {
			return fmt.Errorf("connection %d was not kept: %w", i, err)
		}
	}
	fmt.Println("kept")
	return nil
}

// syscallPeek fails when the peer closed or said something.
func syscallPeek(c net.Conn) error {
	raw, err := c.(*net.TCPConn).SyscallConn()
	if err != nil {
		return err
	}
	var n int
	var result error
	err = raw.Control(func(fd uintptr) {
		n, _, result = syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	})
	switch {
	case err != nil:
		return err
	case result == syscall.EAGAIN:
		return nil
	case result == nil:
		return fmt.Errorf("%d bytes or the end came", n)
	}
	return result
}

// The goal is 100,000 idle connections under 2 GiB.
const idleGoal = 2 << 30 / 100_000

// TestSample_Idle keeps the measure working on a few connections.
func TestSample_Idle(t *testing.T) {
	t.Parallel()
	for _, spoken := range []bool{false, true} {
		before, after, collected := idle(t, 100, spoken)
		assert.InDelta(t, before.Goroutines+100, after.Goroutines, 10, "one goroutine a connection, and what the store does beside")
		assert.GreaterOrEqual(t, collected.Goroutines, before.Goroutines+100)
	}
}

// TestTorture_IdleConnections opens as many connections as the file limit of a
// process allows and tells what one takes (make bench-idle).
func TestTorture_IdleConnections(t *testing.T) {
	if os.Getenv("TORTURE") == "" {
		t.Skip("set TORTURE=1 to open as many connections as the file limit allows")
	}
	var limit syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit))
	n := int(min(limit.Cur, 100_200)) - 200
	for _, spoken := range []bool{false, true} {
		before, after, collected := idle(t, n, spoken)
		each := func(m memory) uint64 { return (m.Resident - min(before.Resident, m.Resident)) / uint64(n) }
		t.Logf("%d idle connections, %s: %d bytes each (heap %d, stacks %d), %d after a collection; a hundred thousand: %.2f GiB; kernel not counted",
			n, name(spoken, "after a document", "silent"), each(after), (after.Heap-before.Heap)/uint64(n), (after.Stacks-before.Stacks)/uint64(n),
			each(collected), float64(each(after))*100_000/(1<<30))
		assert.Less(t, each(after), uint64(idleGoal))
	}
}

// idle opens n connections and returns the memory of the server before, with them,
// and with them after a collection.
func idle(t *testing.T, n int, spoken bool) (before, after, collected memory) {
	t.Helper()
	server, stdin, out := start(t, "server", serverSettings{Store: "sqlite:" + filepath.Join(t.TempDir(), "idle.db")})
	lines := bufio.NewReader(out)
	addr, err := lines.ReadString('\n')
	require.NoError(t, err, "the server did not start")
	ask := func(what string) (m memory) {
		_, err := io.WriteString(stdin, what+"\n")
		require.NoError(t, err)
		text, err := lines.ReadString('\n')
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal([]byte(text), &m))
		return m
	}
	s := idleSettings{Addr: strings.TrimSpace(addr), Connections: n}
	if spoken {
		s.Message = servertest.NewRegister(1, fiscal.FFD12).Registration().Message
	}
	before = ask("collect")
	peers, end, said := start(t, "idle", s)
	words := bufio.NewReader(said)
	word, err := words.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "connected\n", word)
	if !spoken { // connected is not yet accepted
		require.Eventually(t, func() bool { return ask("memory").Goroutines >= before.Goroutines+n }, patience, poll)
	}
	after, collected = ask("memory"), ask("collect")
	require.NoError(t, end.Close())
	word, err = words.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "kept\n", word)
	require.NoError(t, peers.Wait())
	require.NoError(t, stdin.Close())
	_, err = io.Copy(io.Discard, lines)
	require.NoError(t, err)
	require.NoError(t, server.Wait())
	return before, after, collected
}
