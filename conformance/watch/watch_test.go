package watch_test

import (
	"context"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/fiscalbench/fiscalbench/conformance/watch"
	"github.com/fiscalbench/fiscalbench/emulator/link"
	"github.com/fiscalbench/fiscalbench/emulator/script"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/internal/fault"
	"github.com/fiscalbench/fiscalbench/server"
	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/sqlite"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// breaches collects what a watch tells.
type breaches struct {
	mu  sync.Mutex
	all []watch.Breach
}

func (b *breaches) add(x watch.Breach) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all = append(b.all, x)
}

func (b *breaches) lines() (all []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, x := range b.all {
		all = append(all, x.String())
	}
	return all
}

// watching starts a watch; over ends it and waits.
func watching(t *testing.T, o watch.Options) (w *watch.Watch, addr string, told *breaches, over func()) {
	t.Helper()
	told = &breaches{}
	o.Breach = told.add
	w = watch.New(o)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.Serve(ctx, ln) }()
	var once sync.Once
	over = func() {
		once.Do(func() {
			cancel()
			require.NoError(t, <-ended)
		})
	}
	t.Cleanup(over)
	return w, ln.Addr().String(), told, over
}

// ofd is a whole server.
func ofd(t *testing.T, rules ...string) (addr string, db store.Store) {
	t.Helper()
	db, err := sqlite.Open(filepath.Join(t.TempDir(), "ofd.db"), sqlite.Options{})
	require.NoError(t, err)
	faults, err := fault.Load(fault.Operator, 1, rules)
	require.NoError(t, err)
	srv, err := server.New(server.Options{Store: db, Faults: faults})
	require.NoError(t, err)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		assert.NoError(t, srv.Shutdown(ctx))
		assert.NoError(t, <-served)
		assert.NoError(t, db.Close())
	})
	return ln.Addr().String(), db
}

// life is what a register lived.
type life struct {
	script.Report
	made map[fiscal.FDNumber][]byte // of all its drives
	err  error
}

// play lives an example, or a script given as text.
func play(t *testing.T, addr, text string, answer time.Duration, rules ...string) life {
	t.Helper()
	if b, ok := script.Example(text); ok {
		text = string(b)
	}
	s, err := script.Parse("script", []byte(text))
	require.NoError(t, err)
	var faults *fault.Set // a script lives through its faults; without any it does not try again
	if len(rules) > 0 {
		faults, err = fault.Load(fault.Register, 2, rules)
		require.NoError(t, err)
	}
	l := life{made: map[fiscal.FDNumber][]byte{}}
	l.Report, l.err = s.Play(t.Context(), script.Options{OFD: addr, Marking: addr, Seed: 3, KeepAlive: true, Faults: faults, Timers: link.Timers{Answer: answer},
		Document: func(d script.Document) { l.made[d.FD] = d.STLV }})
	return l
}

// A register's lives pass by the operator that the watch is, and nothing is wrong.
func TestWatch_AsOperator(t *testing.T) {
	t.Parallel()
	for _, example := range []string{"day", "registration", "change", "close", "ffd", "replace_fn", "ofd_silent", "key_expiry", "power_cut", "shift24", "autonomous"} {
		t.Run(example, func(t *testing.T) {
			t.Parallel()
			w, addr, told, over := watching(t, watch.Options{})
			l := play(t, addr, example, 10*time.Second)
			require.NoError(t, l.err)
			over()
			assert.Empty(t, told.lines())
			run := w.Results()
			for i := range run.Results {
				assert.NotEqual(t, "fail", string(run.Results[i].Outcome), run.Results[i].ID)
				assert.NotEqual(t, "error", string(run.Results[i].Outcome), run.Results[i].Reason)
			}
			assert.Equal(t, l.Confirmed, w.Documents())
		})
	}
}

// The same lives pass between a register and a whole server: both sides are right,
// and what is stored is what was made.
func TestWatch_Between(t *testing.T) {
	t.Parallel()
	for _, example := range []string{"day", "change", "close"} {
		t.Run(example, func(t *testing.T) {
			t.Parallel()
			real, db := ofd(t)
			w, addr, told, over := watching(t, watch.Options{Forward: real})
			require.NoError(t, w.Reach(t.Context()))
			l := play(t, addr, example, 10*time.Second)
			require.NoError(t, l.err)
			over()
			assert.Empty(t, told.lines())
			docs, err := db.Documents(t.Context(), store.DocumentFilter{}, store.Page{Limit: 1000})
			require.NoError(t, err)
			assert.Len(t, docs, l.Documents)
			for _, d := range docs {
				if made, ok := l.made[d.FD]; ok { // reports that a change needs are not told
					assert.Equal(t, made, d.STLV, "FD %d", d.FD)
				}
			}
			assert.Equal(t, l.Documents, w.Documents())
			held, broken := w.Counts("W-26", "*")
			assert.Equal(t, l.Documents, held)
			assert.Zero(t, broken)
		})
	}
}

// A drive of FFD 1.0 has no 1209: it is read, confirmed and not judged by tables that
// nobody has.
func TestWatch_OldFormat(t *testing.T) {
	t.Parallel()
	w, addr, told, over := watching(t, watch.Options{})
	l := play(t, addr, `
steps:
  - register: {ffd: 1.0}
  - open
  - sell: {count: 3}
  - close
  - change: {ffd: 1.05, reasons: [4]}
`, 10*time.Second)
	require.NoError(t, l.err)
	over()
	assert.Empty(t, told.lines())
	assert.Equal(t, l.Documents, w.Documents())
}
