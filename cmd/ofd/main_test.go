package main

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/internal/pgtest"
	"github.com/fiscalbench/fiscalbench/server/servertest"
)

// asProgram makes the test binary behave as ofd.
const asProgram = "RUN_AS_OFD"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(run(os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
	}
	testscript.Main(pgtest.Main(m), map[string]func(){"ofd": func() { main() }})
}

func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{Dir: "testdata"})
}

// program is a running ofd.
type program struct {
	t                  *testing.T
	cmd                *exec.Cmd
	kkt, marking, http string
	control            string // empty without one
	mu                 sync.Mutex
	stderr             bytes.Buffer
	rest               chan string // stdout after the ready line
}

func (p *program) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stderr.Write(b)
}

func (p *program) log() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stderr.String()
}

var readyLine = regexp.MustCompile(`^ready kkt=(\S+) marking=(\S+) http=(\S+)(?: control=(\S+))?\n$`)

// start runs ofd on free ports and waits for its ready line. The store is a file or
// the URL of a database.
func start(t *testing.T, db string, args ...string) *program {
	t.Helper()
	p := &program{t: t, rest: make(chan string, 1)}
	if !strings.Contains(db, "://") {
		db = "sqlite:" + db
	}
	args = append([]string{"serve", "--kkt=127.0.0.1:0", "--marking=127.0.0.1:0", "--http=127.0.0.1:0", "--store=" + db}, args...)
	p.cmd = exec.Command(os.Args[0], args...)
	p.cmd.Env = append(os.Environ(), asProgram+"=1")
	p.cmd.Stderr = p
	out, err := p.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.cmd.Start())
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	r := bufio.NewReader(out)
	line, err := r.ReadString('\n')
	require.NoError(t, err, p.log)
	m := readyLine.FindStringSubmatch(line)
	require.NotNil(t, m, line)
	p.kkt, p.marking, p.http, p.control = m[1], m[2], m[3], m[4]
	go func() {
		b, _ := io.ReadAll(r)
		p.rest <- string(b)
	}()
	return p
}

// stop sends a signal and returns the exit code.
func (p *program) stop(sig os.Signal) int {
	p.t.Helper()
	require.NoError(p.t, p.cmd.Process.Signal(sig))
	assert.Empty(p.t, <-p.rest, "nothing but the ready line on stdout")
	_ = p.cmd.Wait()
	return p.cmd.ProcessState.ExitCode()
}

func (p *program) get(path string) (int, string) {
	p.t.Helper()
	resp, err := http.Get("http://" + p.http + path)
	require.NoError(p.t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	require.NoError(p.t, err)
	return resp.StatusCode, string(b)
}

func confirm(t *testing.T, addr string, docs ...servertest.Doc) {
	t.Helper()
	c, err := servertest.Dial(addr)
	require.NoError(t, err)
	defer c.Close()
	for _, d := range docs {
		a, err := c.Confirm(d)
		require.NoError(t, err)
		assert.True(t, a.Accepted(), "FD %d: code %d", d.FD, a.Code)
	}
}

func TestServe_ConfirmsAndDrains(t *testing.T) {
	t.Parallel()
	for _, sig := range []os.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			p := start(t, filepath.Join(t.TempDir(), "ofd.db"), "--clock=2026-08-01T09:02:01Z")
			r := servertest.NewRegister(1, fiscal.FFD105)
			confirm(t, p.kkt, r.Registration(), r.OpenShift())
			confirm(t, p.marking, r.Receipt(100)) // one listener serves everything (transport.md 12.1)
			code, health := p.get("/healthz")
			assert.Equal(t, http.StatusOK, code)
			assert.Equal(t, "{\"status\":\"ok\"}\n", health)
			var metrics string
			require.Eventually(t, func() bool { // counted when the answer has left
				_, metrics = p.get("/metrics")
				return strings.Contains(metrics, "ofd_confirmations_total 3")
			}, 5*time.Second, 5*time.Millisecond)
			assert.Contains(t, metrics, `ofd_documents_total{form="3",verdict="accepted"} 1`)
			assert.Contains(t, metrics, "go_goroutines")
			idle, err := servertest.Dial(p.kkt) // a peer that says nothing does not hold the end up
			require.NoError(t, err)
			defer idle.Close()
			began := time.Now()
			assert.Equal(t, exitFine, p.stop(sig))
			assert.Less(t, time.Since(began), 5*time.Second)
			assert.Contains(t, p.log(), "TEST BENCH")
			assert.Contains(t, p.log(), "keys are public")
		})
	}
}

// O-060, O-061, OPR-010: killed with documents confirmed, it has them all after a
// new start and repeats their confirmations byte for byte.
func TestServe_OutlivesKill(t *testing.T) {
	t.Parallel()
	db := filepath.Join(t.TempDir(), "ofd.db")
	r := servertest.NewRegister(1, fiscal.FFD105)
	docs := []servertest.Doc{r.Registration(), r.OpenShift()}
	for range 20 {
		docs = append(docs, r.Receipt(100))
	}
	p := start(t, db)
	c, err := servertest.Dial(p.kkt)
	require.NoError(t, err)
	defer c.Close()
	var replies [][]byte
	for i, d := range docs {
		if i == len(docs)-1 { // half a message, and one whole that nobody waits for
			_, err = c.Write(d.Message[:len(d.Message)/2])
			require.NoError(t, err)
			break
		}
		m, err := c.Exchange(d.Message)
		require.NoError(t, err)
		replies = append(replies, m.Raw)
	}
	require.NoError(t, p.cmd.Process.Kill())
	<-p.rest
	_ = p.cmd.Wait()

	p = start(t, db)
	for i, d := range docs {
		m, err := servertest.Send(p.kkt, d.Message)
		require.NoError(t, err)
		a, err := servertest.ReadAck(d, m)
		require.NoError(t, err)
		assert.True(t, a.Accepted())
		if i < len(replies) {
			assert.Equal(t, replies[i], m.Raw, "FD %d", d.FD)
		}
	}
	_, metrics := p.get("/metrics")
	assert.Contains(t, metrics, `ofd_faults_total{fault="duplicate_same",row="E-20"} 21`)
	assert.Contains(t, metrics, `ofd_documents_total{form="3",verdict="accepted"} 1`+"\n")
	assert.Equal(t, exitFine, p.stop(syscall.SIGTERM))
}

// Defaults, file, environment, flags: later ones win (style.md section 6).
func TestLayers(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "ofd.yaml")
	require.NoError(t, os.WriteFile(file, []byte("profile: lenient\nidle: 5s\nwrite-limit: 6s\nfault:\n  unknown_fn: close\n  E-21: code11\npolicy: [reject, 9999*=tb-gost-1]\ndemo: true\n"), 0o600))
	var errs strings.Builder
	p := &process{env: []string{"OFD_CONFIG=" + file, "OFD_IDLE=7s", "OFD_PROFILE=strict", "OFD_FAULT=unknown_fn=code14,E-19=close", "OFD_NOVELTY=1"}, err: &errs}
	args, err := layered([]string{"serve", "--profile=lenient", "--fault=on_bad_sign=code11"}, "", p)
	require.NoError(t, err)
	c, _, err := parse(args, p)
	require.NoError(t, err)
	s := &c.Serve
	assert.Equal(t, "lenient", s.Profile)
	assert.Equal(t, 7*time.Second, s.Idle)
	assert.Equal(t, 6*time.Second, s.WriteLimit)
	assert.Equal(t, 30*time.Second, s.Silence)
	assert.True(t, s.Demo)
	assert.Equal(t, []string{"reject", "9999*=tb-gost-1"}, s.Policy)
	set, err := s.settings()
	require.NoError(t, err)
	assert.EqualValues(t, "code14", set.Action(fiscal.UnknownFN))
	assert.EqualValues(t, "code11", set.Action(fiscal.DuplicateOther))
	assert.EqualValues(t, "code11", set.Action(fiscal.BadMessageSign))
	assert.EqualValues(t, "close", set.Action(fiscal.BadFPD))
	assert.Contains(t, errs.String(), "OFD_NOVELTY")
}

func TestRun_ExitCodes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args []string
		want int
	}{
		"version":         {[]string{"version"}, exitFine},
		"help":            {[]string{"serve", "--help"}, exitFine},
		"no command":      {nil, exitUsage},
		"bad INN":         {[]string{"serve", "--inn=1"}, exitUsage},
		"contradiction":   {[]string{"serve", "--fault=E-13=close", "--fault=on_bad_sign=code11"}, exitUsage},
		"no such address": {[]string{"serve", "--kkt=256.0.0.1:1", "--store=sqlite:" + filepath.Join(t.TempDir(), "a.db")}, exitUnreachable},
		"no such folder":  {[]string{"serve", "--store=sqlite:/proc/no/ofd.db"}, exitUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out, errs strings.Builder
			assert.Equal(t, c.want, run(c.args, nil, &out, &errs), errs.String())
		})
	}
}

// Registers that live in a time of their own are not told that they are early or late.
func TestServe_ClockFollowsDocuments(t *testing.T) {
	t.Parallel()
	for clock, want := range map[string]int{"documents": 0, "2026-08-01T09:02:01Z": 14} {
		t.Run(clock, func(t *testing.T) {
			t.Parallel()
			p := start(t, filepath.Join(t.TempDir(), "ofd.db"), "--clock="+clock)
			r := servertest.NewRegister(1, fiscal.FFD105)
			confirm(t, p.kkt, r.Registration())
			r.Time = r.Time.AddDate(2, 0, 0)
			d := r.OpenShift()
			m, err := servertest.Send(p.kkt, d.Message)
			require.NoError(t, err)
			a, err := servertest.ReadAck(d, m)
			require.NoError(t, err)
			assert.Equal(t, want, a.Code, "D-03")
			if clock == "documents" {
				assert.Equal(t, r.Time.Add(-time.Minute), a.At)
			}
			assert.Equal(t, exitFine, p.stop(syscall.SIGTERM))
		})
	}
}
