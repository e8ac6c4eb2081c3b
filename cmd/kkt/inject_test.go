package main

import (
	"context"
	"encoding/json"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/emulator/link"
	"github.com/fiscalbench/fiscalbench/emulator/script"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/internal/fault"
	"github.com/fiscalbench/fiscalbench/server"
	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/sqlite"
)

// A day with faults on the register's side ends as the day without: every document
// is stored once and confirmed. The same seed gives the same faults.
func TestPlay_LivesThroughItsFaults(t *testing.T) {
	t.Parallel()
	var outs []string
	for range 2 {
		addr := operator(t)
		code, out, log := kkt(t, "play", "day", "--ofd", addr, "--seed", "5", "--answer", "2s", "--no-keep-alive",
			"--inject", "send.truncate:rate=0.3,keep=10", "--inject", "send.bad-sign:every=4", "--inject", "receipt.drop:nth=3", "--inject", "conn.reset:fd=7,next=2",
			"--inject", "dial.fail:nth=2", "--inject", "send.duplicate:next=1", "--inject", "conn.half-close:fd=9")
		require.Zero(t, code, log)
		m := lastLine.FindStringSubmatch(out)
		require.NotNil(t, m, out)
		assert.Equal(t, m[1], m[2], "all confirmed")
		for _, name := range []string{"send.truncate", "send.bad-sign", "receipt.drop", "conn.reset", "dial.fail", "send.duplicate", "conn.half-close"} {
			assert.Contains(t, log, "injected="+name)
		}
		outs = append(outs, m[5])
	}
	assert.Equal(t, outs[0], outs[1])
}

// clock.jump moves the clock of the register: what is made after it is dated so.
func TestPlay_ClockJumps(t *testing.T) {
	t.Parallel()
	last := func(rules ...string) time.Time {
		args := []string{"play", "day", "--ofd", operator(t), "--json"}
		for _, r := range rules {
			args = append(args, "--inject", r)
		}
		_, out, _ := kkt(t, args...)
		var at time.Time
		for line := range strings.Lines(out) {
			var d struct{ DateTime time.Time }
			if json.Unmarshal([]byte(line), &d) == nil && !d.DateTime.IsZero() {
				at = d.DateTime
			}
		}
		return at
	}
	assert.Equal(t, 2*time.Hour, last("clock.jump:fd=3,by=2h").Sub(last()))
}

// Both ends misbehave by chance at once, and still every document is stored once,
// confirmed, and what is stored is what the drive made.
func TestPair_LivesThroughFaultsOfBothEnds(t *testing.T) {
	t.Parallel()
	db, err := sqlite.Open(filepath.Join(t.TempDir(), "ofd.db"), sqlite.Options{})
	require.NoError(t, err)
	theirs, err := fault.Load(fault.Operator, 1, []string{"accept.refuse:rate=0.1", "conn.reset:rate=0.1", "conn.reset:rate=0.1,at=request", "store.fail:rate=0.1",
		"reply.wrong-fd:rate=0.1", "reply.wrong-fn:rate=0.1", "reply.stale:rate=0.1", "reply.foreign:rate=0.1", "reply.bad-sign:rate=0.1", "reply.bad-crc:rate=0.1",
		"reply.bad-length:rate=0.1", "reply.drop:rate=0.1,then=close", "reply.duplicate:rate=0.1", "reply.truncate:rate=0.1", "reply.split:rate=0.1,size=30"})
	require.NoError(t, err)
	srv, err := server.New(server.Options{Store: db, Faults: theirs})
	require.NoError(t, err)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	ours, err := fault.Load(fault.Register, 2, []string{"dial.fail:rate=0.1", "conn.reset:rate=0.1", "send.wrong-fd:rate=0.1", "send.wrong-fn:rate=0.1", "send.bad-sign:rate=0.1",
		"send.bad-crc:rate=0.1", "send.truncate:rate=0.1", "send.duplicate:rate=0.1", "send.split:rate=0.1,size=300", "receipt.drop:rate=0.1", "send.stale:rate=0.1"})
	require.NoError(t, err)
	text, ok := script.Example("day")
	require.True(t, ok)
	s, err := script.Parse("day", text)
	require.NoError(t, err)
	made := map[fiscal.FDNumber][]byte{}
	r, err := s.Play(t.Context(), script.Options{OFD: ln.Addr().String(), Seed: 3, Faults: ours, Timers: link.Timers{Answer: 150 * time.Millisecond},
		Document: func(d script.Document) { made[d.FD] = d.STLV }})
	require.NoError(t, err)
	assert.Equal(t, r.Documents, r.Confirmed)

	docs, err := db.Documents(t.Context(), store.DocumentFilter{}, store.Page{})
	require.NoError(t, err)
	require.Len(t, docs, r.Documents)
	for _, d := range docs {
		assert.Equal(t, made[d.FD], d.STLV, "FD %d", d.FD)
		assert.NotEmpty(t, d.Confirmation)
	}
	assert.Greater(t, len(theirs.Injected(0)), 10)
	assert.Greater(t, len(ours.Injected(0)), 10)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	assert.NoError(t, srv.Shutdown(ctx))
	assert.NoError(t, <-served)
	assert.NoError(t, db.Close())
}
