package server_test

import (
	"context"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/server"
	"github.com/fiscalbench/fiscalbench/server/servertest"
	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/sqlite"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bench is a server on a loopback port with its store.
type bench struct {
	t     *testing.T
	addr  string
	store store.Store
	srv   *server.Server
}

// start runs a server over memory that checks every drive by TB-GOST-1, under the
// clock of the vectors. configure may change anything before.
func start(t *testing.T, configure ...func(*server.Options)) *bench {
	t.Helper()
	return startOn(t, servertest.NewMemory(), configure...)
}

// startSQLite is start with a file and its flushes.
func startSQLite(t *testing.T, configure ...func(*server.Options)) *bench {
	t.Helper()
	db, err := sqlite.Open(filepath.Join(t.TempDir(), "ofd.db"), sqlite.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	return startOn(t, db, configure...)
}

func startOn(t *testing.T, db store.Store, configure ...func(*server.Options)) *bench {
	t.Helper()
	o := server.Options{Store: db, OFD: servertest.OFD, Now: func() time.Time { return servertest.Clock },
		Policies: policies(t, sign.PolicyTBGOST1), Logger: slog.New(slog.NewTextHandler(testLog{t}, nil))}
	o.Marking.Delay = -1
	for _, c := range configure {
		c(&o)
	}
	srv, err := server.New(o)
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
	})
	return &bench{t: t, addr: ln.Addr().String(), store: db, srv: srv}
}

// testLog writes to t.Log, but only what a failing test needs: nothing of level info.
type testLog struct{ t *testing.T }

func (l testLog) Write(p []byte) (int, error) {
	if !strings.Contains(string(p), "level=INFO") {
		l.t.Log(strings.TrimSpace(string(p)))
	}
	return len(p), nil
}

func policies(t *testing.T, p sign.Policy) *sign.Policies {
	t.Helper()
	all, err := sign.NewPolicies(sign.PolicyOptions{Default: p})
	require.NoError(t, err)
	return all
}

func withPolicy(t *testing.T, p sign.Policy) func(*server.Options) {
	return func(o *server.Options) { o.Policies = policies(t, p) }
}

func setting(t *testing.T, name, value string) func(*server.Options) {
	return func(o *server.Options) { require.NoError(t, o.Settings.Set(name, value)) }
}

func (b *bench) dial() *servertest.Client {
	b.t.Helper()
	c, err := servertest.Dial(b.addr)
	require.NoError(b.t, err)
	b.t.Cleanup(func() { _ = c.Close() })
	return c
}

// confirmed sends documents one after another, each on its own connection, and wants
// every one of them accepted.
func (b *bench) confirmed(docs ...servertest.Doc) {
	b.t.Helper()
	for _, d := range docs {
		a := b.ack(d)
		if !assert.Truef(b.t, a.Accepted(), "FD %d, form %d: code %d, bits %#x", d.FD, d.Form, a.Code, a.Bits) {
			b.t.Log(b.document(d).Findings)
		}
	}
}

// ack sends a document on its own connection and reads the confirmation.
func (b *bench) ack(d servertest.Doc) *servertest.Ack {
	b.t.Helper()
	c, err := servertest.Dial(b.addr)
	require.NoError(b.t, err)
	defer c.Close()
	a, err := c.Confirm(d)
	require.NoError(b.t, err)
	return a
}

func (b *bench) document(d servertest.Doc) store.Document {
	b.t.Helper()
	stored, err := b.store.Document(b.t.Context(), d.FN, d.FD)
	require.NoError(b.t, err)
	return stored
}

func (b *bench) drive(fn fiscal.FNNumber) store.Drive {
	b.t.Helper()
	d, err := b.store.Drive(b.t.Context(), fn)
	require.NoError(b.t, err)
	return d
}

// rules are the ids of the findings of a stored document.
func (b *bench) rules(d servertest.Doc) []string {
	b.t.Helper()
	var ids []string
	for _, f := range b.document(d).Findings {
		ids = append(ids, f.Rule)
	}
	return ids
}

// incidents are the texts about a drive.
func (b *bench) incidents(fn fiscal.FNNumber) []string {
	b.t.Helper()
	list, err := b.store.Incidents(b.t.Context(), fn, store.Page{})
	require.NoError(b.t, err)
	var texts []string
	for _, i := range list {
		texts = append(texts, i.Text)
	}
	return texts
}
