package server_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server"
	"github.com/fiscalbench/fiscalbench/server/servertest"
	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/sqlite"
)

// ask is the answer to GET path.
func ask(srv *server.Server, path string) (int, string) {
	w := httptest.NewRecorder()
	srv.Handler().ServeHTTP(w, httptest.NewRequestWithContext(context.Background(), http.MethodGet, path, nil))
	return w.Code, w.Body.String()
}

func wantAnswer(t *testing.T, srv *server.Server, path string, code int, status string) {
	t.Helper()
	got, body := ask(srv, path)
	assert.Equal(t, code, got, path)
	assert.Equal(t, "{\"status\":\""+status+"\"}\n", body, path)
}

// The whole life: before anybody is served, while serving, about to end, ended.
func TestServer_ReadyTellsTheTruth(t *testing.T) {
	t.Parallel()
	srv, err := server.New(server.Options{Store: servertest.NewMemory(), Now: func() time.Time { return servertest.Clock }})
	require.NoError(t, err)
	wantAnswer(t, srv, "/readyz", 503, "starting")
	wantAnswer(t, srv, "/healthz", 200, "ok")
	_, metrics := ask(srv, "/metrics")
	assert.Contains(t, metrics, "\nofd_ready 0\n")

	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	require.Eventually(t, func() bool { code, _ := ask(srv, "/readyz"); return code == 200 }, time.Minute, time.Millisecond)
	wantAnswer(t, srv, "/readyz", 200, "ok")
	_, metrics = ask(srv, "/metrics")
	assert.Contains(t, metrics, "\nofd_ready 1\n")

	srv.Leave()
	wantAnswer(t, srv, "/readyz", 503, "draining")
	wantAnswer(t, srv, "/healthz", 200, "ok")
	c, err := servertest.Dial(ln.Addr().String())
	require.NoError(t, err, "registers are taken until the port closes")
	a, err := c.Confirm(servertest.NewRegister(1, fiscal.FFD105).Registration())
	require.NoError(t, err)
	assert.True(t, a.Accepted())
	c.Close()

	require.NoError(t, srv.Shutdown(t.Context()))
	require.NoError(t, <-served)
	wantAnswer(t, srv, "/readyz", 503, "draining")
	wantAnswer(t, srv, "/healthz", 503, "draining")
}

// A store that is closed, as one whose database is gone, makes the server unready.
func TestServer_DeadStore(t *testing.T) {
	t.Parallel()
	db, err := sqlite.Open(filepath.Join(t.TempDir(), "ofd.db"), sqlite.Options{})
	require.NoError(t, err)
	b := startOn(t, db)
	require.Eventually(t, func() bool { return b.srv.Ready(t.Context()) == nil }, time.Minute, time.Millisecond)
	require.NoError(t, db.Close())
	wantAnswer(t, b.srv, "/readyz", 503, "store")
	wantAnswer(t, b.srv, "/healthz", 503, "store")
}

// halting is a store whose writer tells what a test wants.
type halting struct {
	*servertest.Memory
	store.Observer
}

func (h *halting) Observe(o store.Observer) { h.Observer = o }

// A store that can be read and takes nothing, as on a full disk, is no ready one; the
// first write that succeeds makes it one again.
func TestServer_FailingWrites(t *testing.T) {
	t.Parallel()
	h := &halting{Memory: servertest.NewMemory()}
	registry := prometheus.NewRegistry()
	b := startOn(t, h, func(o *server.Options) { o.Registry = registry })
	require.Eventually(t, func() bool { return b.srv.Ready(t.Context()) == nil }, time.Minute, time.Millisecond)
	h.GroupBegins(3)
	require.NoError(t, b.srv.Ready(t.Context()), "a transaction is under way")
	h.GroupEnds(3, 2*time.Millisecond, nil)
	h.GroupBegins(5)
	h.GroupEnds(5, time.Millisecond, errors.New("disk full"))
	wantAnswer(t, b.srv, "/readyz", 503, "store")
	wantAnswer(t, b.srv, "/healthz", 200, "ok")
	h.GroupBegins(1)
	h.GroupEnds(1, time.Millisecond, nil)
	wantAnswer(t, b.srv, "/readyz", 200, "ok")
	_, metrics := ask(b.srv, "/metrics")
	for _, line := range []string{"ofd_group_works_sum 4", "ofd_group_works_count 2", "ofd_group_commit_seconds_count 3", "ofd_group_failures_total 1",
		`ofd_faults_total{fault="unknown_fn",row="E-12"} 0`, `ofd_injected_total{point="reply.drop"} 0`} {
		assert.Contains(t, metrics, "\n"+line+"\n")
	}
}
