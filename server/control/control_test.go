package control

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/internal/fault"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// shownRule is what the port answers about a rule.
type shownRule struct {
	ID          int
	Rule, Point string
	Seen, Fired uint64
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// port is a control port of a set.
type port struct {
	t      *testing.T
	faults *fault.Set
	o      Options
}

func open(t *testing.T, configure ...func(*Options)) *port {
	p := &port{t: t, faults: fault.New(fault.Operator, 42)}
	p.o = Options{Faults: p.faults}
	for _, c := range configure {
		c(&p.o)
	}
	return p
}

func (p *port) do(method, path, body string, want int, into any) string {
	p.t.Helper()
	r := httptest.NewRequestWithContext(p.t.Context(), method, "http://127.0.0.1:1"+path, strings.NewReader(body))
	w := httptest.NewRecorder()
	Handler(p.o).ServeHTTP(w, r)
	require.Equal(p.t, want, w.Code, w.Body.String())
	assert.Equal(p.t, "application/json; charset=utf-8", w.Header().Get("Content-Type"))
	if into != nil {
		d := json.NewDecoder(strings.NewReader(w.Body.String()))
		d.DisallowUnknownFields()
		require.NoError(p.t, d.Decode(into))
	}
	return w.Body.String()
}

func (p *port) fails(method, path, body string, want int) Error {
	p.t.Helper()
	var e Error
	p.do(method, path, body, want, &e)
	return e
}

func TestHandler_SetsAndClearsFaults(t *testing.T) {
	t.Parallel()
	p := open(t)
	var rules struct{ Rules []shownRule }
	p.do("POST", "/faults", `{"rules":["reply.drop:next=1","clock.jump:nth=2,by=90s"]}`, 200, &rules)
	assert.Equal(t, []shownRule{{ID: 1, Rule: "reply.drop:next=1", Point: "reply.drop"}, {ID: 2, Rule: "clock.jump:nth=2,by=90s", Point: "clock.jump"}}, rules.Rules)
	for range 2 {
		p.faults.Fire(fault.ReplyDrop, fault.Event{FN: "9999000000000001", FD: 3, Form: fiscal.FormReceipt, Peer: "peer"})
	}
	p.do("GET", "/faults", "", 200, &rules)
	assert.EqualValues(t, 2, rules.Rules[0].Seen)
	assert.EqualValues(t, 1, rules.Rules[0].Fired)

	var list struct{ Injected []Injected }
	p.do("GET", "/injected", "", 200, &list)
	require.Len(t, list.Injected, 1)
	got := list.Injected[0]
	assert.False(t, got.At.IsZero())
	got.At = list.Injected[0].At.Truncate(0)
	assert.Equal(t, Injected{Seq: 1, At: got.At, Point: "reply.drop", Rule: "reply.drop:next=1", N: 1, FN: "9999000000000001", FD: 3, Form: 3, Conn: "peer"}, got)
	p.do("GET", "/injected?after=1", "", 200, &list)
	assert.Empty(t, list.Injected)

	p.do("DELETE", "/faults/1", "", 200, &rules)
	require.Len(t, rules.Rules, 1)
	assert.Equal(t, 2, rules.Rules[0].ID)
	assert.Equal(t, "not_found", p.fails("DELETE", "/faults/1", "", 404).Code)
	assert.Equal(t, "not_found", p.fails("DELETE", "/faults/x", "", 404).Code)
	p.do("DELETE", "/faults", "", 200, &rules)
	assert.Empty(t, rules.Rules)
	assert.False(t, p.faults.Armed(fault.OperatorClockJump))
}

func TestHandler_CountsAndResets(t *testing.T) {
	t.Parallel()
	p := open(t, func(o *Options) {
		o.Stats = func(context.Context) (store.Stats, error) { return store.Stats{Documents: 7}, nil }
	})
	_, err := p.faults.Add("reply.drop:always")
	require.NoError(t, err)
	p.faults.Fire(fault.ReplyDrop, fault.Event{})
	var c Counters
	p.do("GET", "/counters", "", 200, &c)
	assert.Equal(t, map[string]uint64{"reply.drop": 1}, c.Injected)
	assert.EqualValues(t, 7, c.Store.Documents)
	c = Counters{}
	p.do("POST", "/reset", "", 200, &c)
	assert.Empty(t, c.Injected)
	assert.Empty(t, p.faults.Rules())

	p.o.Stats = func(context.Context) (store.Stats, error) { return store.Stats{}, errors.New("secret path") }
	assert.Equal(t, Error{"internal", "internal error"}, p.fails("GET", "/counters", "", 500))
}

func TestHandler_ListsPoints(t *testing.T) {
	t.Parallel()
	var list struct{ Points []Point }
	open(t).do("GET", "/points", "", 200, &list)
	require.Len(t, list.Points, len(fault.Points(fault.Operator)))
	assert.Equal(t, "accept.refuse", list.Points[0].Name)
	assert.Equal(t, "operator", list.Points[0].Side)
	assert.Equal(t, []string{"reset", "close"}, list.Points[0].Params[0].Choices)
	assert.Equal(t, []string{"fn", "fd", "doc"}, list.Points[len(list.Points)-1].Filters)
}

func TestHandler_Health(t *testing.T) {
	t.Parallel()
	p := open(t)
	assert.JSONEq(t, `{"status":"ok","seed":42}`, p.do("GET", "/health", "", 200, nil))
	p.o.Health = func(context.Context) error { return errors.New("server: draining") }
	assert.Equal(t, Error{"unavailable", "server: draining"}, p.fails("GET", "/health", "", 503))
}

func TestHandler_Refuses(t *testing.T) {
	t.Parallel()
	p := open(t)
	for body, want := range map[string]string{
		`{"rules":["reply.drop:next=1","reply.dorp:next=1"]}`: `no point "reply.dorp"`,
		`{"rules":[]}`:               "no rules",
		``:                           "body: EOF",
		`{"rules":["a"],"x":1}`:      `unknown field "x"`,
		`{"rules":["a"]} {}`:         "more than one JSON value",
		strings.Repeat(" ", 1<<20+1): "request body too large",
	} {
		e := p.fails("POST", "/faults", body, 400)
		assert.Equal(t, "invalid", e.Code)
		assert.Contains(t, e.Message, want)
	}
	assert.Empty(t, p.faults.Rules(), "all or none")
	assert.Equal(t, "invalid", p.fails("GET", "/injected?after=-1", "", 400).Code)
	assert.Equal(t, "method_not_allowed", p.fails("PUT", "/faults", "", 405).Code)
	assert.Equal(t, "not_found", p.fails("GET", "/nothing", "", 404).Code)

	for name, forge := range map[string]func(*http.Request){
		"another site": func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
		"another name": func(r *http.Request) { r.Host = "bench.example:80" },
	} {
		r := httptest.NewRequest("POST", "http://localhost:1/reset", nil)
		forge(r)
		w := httptest.NewRecorder()
		Handler(p.o).ServeHTTP(w, r)
		assert.Equal(t, 403, w.Code, name)
	}
}

func TestListen_LoopbackOnly(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:0", "bench.example:0", "127.0.0.1"} {
		_, err := Listen(t.Context(), addr)
		assert.ErrorContains(t, err, addr)
	}
	for _, addr := range []string{"127.0.0.1:0", "localhost:0", "127.9.9.9:0"} {
		ln, err := Listen(t.Context(), addr)
		require.NoError(t, err)
		srv := httptest.NewUnstartedServer(Handler(Options{Faults: fault.New(fault.Operator, 1)}))
		_ = srv.Listener.Close()
		srv.Listener = ln
		srv.Start()
		resp, err := srv.Client().Get(srv.URL + "/health")
		require.NoError(t, err)
		b, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		assert.Contains(t, string(b), `"ok"`)
		srv.Close()
	}
}

// The document tells of every operation.
func TestDocs_HaveEveryRoute(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "faults.md"))
	require.NoError(t, err)
	for _, r := range routes {
		assert.Contains(t, string(text), "`"+r.method+" "+strings.Replace(r.path, "{id}", "ID", 1), r.path)
	}
}

// Profiles are for who sits at the machine, as everything of this port.
func TestHandler_ServesProfiles(t *testing.T) {
	t.Parallel()
	h := Handler(open(t).o)
	for _, c := range []struct {
		host, path, want string
		code             int
	}{
		{"127.0.0.1:1", "/debug/pprof/", "goroutine", 200},
		{"localhost", "/debug/pprof/goroutine?debug=1", "goroutine profile:", 200},
		{"[::1]:1", "/debug/pprof/cmdline", "control.test", 200},
		{"ofd.example.test", "/debug/pprof/heap", "loopback names only", 403},
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+c.host+c.path, nil))
		assert.Equal(t, c.code, w.Code, c.path)
		assert.Contains(t, w.Body.String(), c.want, c.path)
	}
}
