package torture

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/fiscalbench/fiscalbench/internal/pgtest"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// world is a server with what it stands on, under load.
type world struct {
	t       *testing.T
	c       command
	s       *server // nil: none runs
	failing bool    // it runs on a failing disk
	l       *load
	line    *network // between registers and server
	rand    *rand.Rand
	tally   tally

	data     string          // folder that a full disk is made of
	database *pgtest.Cluster // nil on SQLite
	dbLine   *network
	// check lets f look into the store while no server runs on it or does not matter.
	check func(f func(ctx context.Context, s store.Store))
	spec  func() string // of the store, past the bad line
}

func newWorld(t *testing.T, name string) *world {
	t.Helper()
	kkt, err := pgtest.FreeAddr()
	require.NoError(t, err)
	w := &world{t: t, rand: rand.New(rand.NewPCG(seed(t), 0x776f726c64)), line: newNetwork(t, kkt), tally: tally{name: name, seed: seed(t)}}
	w.c = command{program: program(t), kkt: kkt, http: "127.0.0.1:0"}
	return w
}

// begin starts the server and the load.
func (w *world) begin(registers int) {
	w.t.Helper()
	w.start()
	w.l = newLoad(w.t, registers, w.tally.seed, w.line.addr)
	w.l.awaitMore(int64(registers))
}

// start starts the server, which must succeed: what is left of the last round must not
// keep it from its work.
func (w *world) start(env ...string) {
	w.t.Helper()
	c := w.c
	c.env = env
	s, err := c.start(w.t)
	if err != nil && len(env) > 0 { // on a failing disk it may
		w.ended(s)
		w.tally.failedStarts++
		env = nil
		s, err = w.c.start(w.t)
	}
	require.NoError(w.t, err)
	w.s, w.failing = s, len(env) > 0
}

// ended takes the counts of a server that runs no more.
func (w *world) ended(s *server) {
	w.tally.diskFaults += s.log.faults
	w.tally.sectors += s.log.lost
	w.s = nil
}

func (w *world) kill(sig syscall.Signal) {
	w.t.Helper()
	s := w.s
	require.True(w.t, s.signal(sig), "the server hangs: %s", &s.log)
	w.ended(s)
}

// run goes through the rounds and then lets everything end well.
func (w *world) run(rounds []round) {
	t := w.t
	t.Helper()
	for i, r := range rounds {
		began := time.Now()
		w.round(r)
		lived := time.Since(began)
		w.look(r.String())
		if testing.Verbose() {
			t.Logf("round %d of %d in %s and %s, %d documents: %s", i+1, len(rounds), lived.Round(time.Millisecond),
				(time.Since(began) - lived).Round(time.Millisecond), w.l.confirmed.Load(), r)
		}
	}
	if w.s == nil {
		w.start()
	}
	w.end()
}

// end drains the queues, stops the server and judges everything.
func (w *world) end() {
	t := w.t
	t.Helper()
	began := time.Now()
	w.l.finish()
	drained := time.Since(began)
	if w.s != nil {
		w.kill(syscall.SIGTERM)
	}
	t.Logf("queues drained in %s, server ended in %s", drained.Round(time.Millisecond), (time.Since(began) - drained).Round(time.Millisecond))
	var f *found
	w.check(func(ctx context.Context, s store.Store) {
		var err error
		f, err = look(ctx, s, w.l)
		require.NoError(t, err)
		require.NoError(t, f.drives(ctx, s))
	})
	w.note(f)
	read := w.l.history.tick()
	for fn, r := range f.ledgers {
		w.l.history.audited(read, fn, r)
	}
	ledgers, bad := judge(w.l.history.ops, judgeLimit)
	w.tally.ledgers, w.tally.illegal, w.tally.operations = ledgers, len(bad), len(w.l.history.ops)
	w.tally.verified = verify(t, w.c.program, w.spec())
	w.tally.of(w.l)
	done.add(w.tally)
	t.Log(w.tally.String())
	f.requireSound(t, "at the end")
	w.l.requireNothingWrong()
	require.Empty(t, bad, "the history does not fit the model")
	require.Equal(t, w.l.held(), int(w.l.confirmed.Load()))
}

// look looks into the store after a round.
func (w *world) look(when string) {
	w.t.Helper()
	w.check(func(ctx context.Context, s store.Store) {
		f, err := look(ctx, s, w.l)
		require.NoError(w.t, err, when)
		w.note(f)
		f.requireSound(w.t, when)
	})
	w.l.requireNothingWrong()
}

func (w *world) note(f *found) {
	w.tally.lost, w.tally.doubled, w.tally.changed = max(w.tally.lost, f.lost), max(w.tally.doubled, f.doubled), max(w.tally.changed, f.changed)
	w.tally.documents = f.documents
}

// round lives through one round.
func (w *world) round(r round) {
	t := w.t
	t.Helper()
	if w.s != nil && r.kind == cutPower { // the disk is chosen at a start
		w.kill(syscall.SIGTERM)
	}
	if w.s == nil {
		if r.kind == cutPower {
			w.start("TORTURE_DISK=" + r.disk.String())
		} else {
			w.start()
		}
	}
	for _, x := range []struct {
		line *network
		trouble
	}{{w.line, r.registers}, {w.dbLine, r.database}} {
		if x.line != nil && x.kind != "" {
			x.line.suffer(t, x.trouble)
			w.tally.troubles++
		}
	}
	time.Sleep(r.after) // the moment is what is tested
	w.blow(r)
	w.line.recover(w.t)
	if w.dbLine != nil {
		w.dbLine.recover(w.t)
	}
	w.tally.kinds[r.kind]++
}

// blow ends a round.
func (w *world) blow(r round) {
	t := w.t
	t.Helper()
	switch r.kind {
	case killServer:
		w.kill(syscall.SIGKILL)
	case cutPower:
		if !w.failing { // it did not start on that disk
			w.kill(syscall.SIGKILL)
			break
		}
		w.kill(syscall.SIGUSR1) // it kills itself
	case killDatabase:
		require.NoError(t, w.database.Kill())
		w.revive()
	case crashDatabase:
		require.NoError(t, w.database.Signal(syscall.SIGKILL))
		w.revive()
	case abortDatabase:
		require.NoError(t, w.database.Signal(syscall.SIGQUIT))
		w.revive()
	case killBackend:
		pids, err := w.database.Backends()
		require.NoError(t, err)
		if len(pids) == 0 {
			break
		}
		// The database ends all the others too and recovers by itself.
		require.NoError(t, syscall.Kill(pids[w.rand.IntN(len(pids))], syscall.SIGKILL))
		for _, pid := range pids {
			require.Eventually(t, func() bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }, waitLimit, time.Millisecond)
		}
		require.NoError(t, w.database.Await(t.Context()))
		w.line.recover(t)
		w.dbLine.recover(t)
		w.l.awaitMore(10)
	case fillDisk, fillAndKill:
		w.fill(r)
	}
}

// revive starts the database again; the server must go on by itself.
func (w *world) revive() {
	w.t.Helper()
	require.NoError(w.t, w.database.Start(w.t.Context()))
	w.line.recover(w.t)
	w.dbLine.recover(w.t)
	w.l.awaitMore(10)
}

// fill takes all the room of the disk, for a while.
func (w *world) fill(r round) {
	t := w.t
	t.Helper()
	ballast := filepath.Join(w.data, "ballast")
	f, err := os.Create(ballast)
	require.NoError(t, err)
	for chunk := make([]byte, 64<<10); err == nil && len(chunk) > 0; {
		if _, err = f.Write(chunk); errors.Is(err, unix.ENOSPC) {
			chunk, err = chunk[:len(chunk)/2], nil
		}
	}
	require.NoError(t, err)
	require.NoError(t, f.Close())
	time.Sleep(r.after + 200*time.Millisecond)
	w.tally.full++
	if r.kind == fillAndKill {
		w.kill(syscall.SIGKILL)
		if s, err := w.c.start(t); err == nil { // without room it may start or not
			w.s = s
		} else {
			w.ended(s)
			w.tally.failedStarts++
		}
		time.Sleep(100 * time.Millisecond)
	}
	require.NoError(t, os.Remove(ballast))
	if w.database != nil && !w.database.Running() { // no room for its log ends it
		w.tally.databaseEnds++
		require.NoError(t, w.database.Start(t.Context()))
	}
	if w.s == nil || !w.s.running() {
		w.start()
	}
	w.line.recover(w.t)
	w.l.awaitMore(10)
}
