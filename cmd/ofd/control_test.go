package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/servertest"
)

func (p *program) ask(method, path, body string) string {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), method, "http://"+p.control+path, strings.NewReader(body))
	require.NoError(p.t, err)
	resp, err := http.DefaultClient.Do(r)
	require.NoError(p.t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	require.NoError(p.t, err)
	assert.Equal(p.t, 200, resp.StatusCode, string(b))
	return string(b)
}

// Faults by flag, and by the control port while the program runs; marked in log,
// metrics and the exchange log.
func TestServe_InjectsFaults(t *testing.T) {
	t.Parallel()
	p := start(t, filepath.Join(t.TempDir(), "ofd.db"), "--control=127.0.0.1:0", "--inject=store.fail:next=1", "--clock=2026-08-01T09:02:01Z")
	r := servertest.NewRegister(1, fiscal.FFD105)
	first := r.Registration()
	_, err := servertest.Send(p.kkt, first.Message)
	require.ErrorIs(t, err, io.EOF, "store.fail: no answer")
	confirm(t, p.kkt, first, r.OpenShift())

	p.ask("POST", "/faults", `{"rules":["reply.code:for doc=receipt,code=11"]}`)
	c, err := servertest.Dial(p.kkt)
	require.NoError(t, err)
	defer c.Close()
	receipt := r.Receipt(100)
	a, err := c.Confirm(receipt)
	require.NoError(t, err)
	assert.Equal(t, 11, a.Code)
	p.ask("DELETE", "/faults", "")
	a, err = c.Confirm(receipt)
	require.NoError(t, err)
	assert.True(t, a.Accepted(), "the true one was kept")

	assert.Contains(t, p.ask("GET", "/counters", ""), `"injected":{"reply.code":1,"store.fail":1},"store":{"drives":1,"documents":3`)
	assert.Contains(t, p.ask("GET", "/health", ""), `"status":"ok"`)
	_, metrics := p.get("/metrics")
	assert.Contains(t, metrics, `ofd_injected_total{point="store.fail"} 1`)
	_, exchanges := p.get("/bench/v1/exchanges")
	assert.Contains(t, exchanges, "внедрён сбой: reply.code")
	assert.Contains(t, p.log(), "injected=reply.code")
	assert.Equal(t, 0, p.stop(syscall.SIGTERM))
}

// Rules come from the settings file as a list or a map, from a file of rules, and
// from the environment.
func TestServe_InjectLayers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rules, list, mapped := filepath.Join(dir, "rules"), filepath.Join(dir, "list.yaml"), filepath.Join(dir, "map.yaml")
	require.NoError(t, os.WriteFile(rules, []byte("# twice\nreply.duplicate:next=1\n"), 0o600))
	require.NoError(t, os.WriteFile(list, []byte("inject:\n- conn.reset:nth=90,at=reply\n- '@"+rules+"'\n"), 0o600))
	require.NoError(t, os.WriteFile(mapped, []byte("inject:\n  reply.drop: next=2,doc=receipt\n"), 0o600))

	for name, c := range map[string]struct {
		args, env, want []string
	}{
		"list and flag": {[]string{"serve", "--config", list, "--inject", "store.fail:nth=5"}, nil,
			[]string{"conn.reset:nth=90,at=reply", "reply.duplicate:next=1", "store.fail:nth=5"}},
		"map": {[]string{"serve", "--config", mapped}, nil, []string{"reply.drop=next=2,doc=receipt"}},
		"environment": {[]string{"serve"}, []string{"OFD_INJECT=reply.drop:next=1,doc=receipt; conn.reset:nth=4"},
			[]string{"reply.drop:next=1,doc=receipt", "conn.reset:nth=4"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pr := &process{env: c.env, out: io.Discard, err: io.Discard}
			cli, _, err := parse(c.args, pr)
			require.NoError(t, err)
			args, err := layered(c.args, cli.Serve.Config, pr)
			require.NoError(t, err)
			cli, _, err = parse(args, pr)
			require.NoError(t, err)
			set, err := cli.Serve.faults()
			require.NoError(t, err)
			var got []string
			for _, r := range set.Rules() {
				got = append(got, r.Text)
			}
			assert.Equal(t, c.want, got)
		})
	}
}
