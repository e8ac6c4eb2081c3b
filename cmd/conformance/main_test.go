package main

import (
	"bytes"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/creack/pty"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"conformance": func() { os.Exit(run(os.Args[1:], streams{os.Stdout, os.Stderr})) },
		"operator":    func() { os.Exit(operator(os.Args[1:])) },
		"register":    func() { os.Exit(register(os.Args[1:])) },
	})
}

func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{Dir: "testdata/script"})
}

// watched calls then once when it was written to for the first time.
type watched struct {
	mu   sync.Mutex
	b    bytes.Buffer
	once sync.Once
	then func()
}

func (w *watched) Write(b []byte) (int, error) {
	w.once.Do(w.then)
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.Write(b)
}

// TestRun_InterruptedIsIncomplete: a signal ends the run; what was judged so far is
// reported, the rest is counted, and the exit code says so.
func TestRun_InterruptedIsIncomplete(t *testing.T) {
	dir := t.TempDir()
	var errs bytes.Buffer
	out := &watched{then: func() { require.NoError(t, syscall.Kill(os.Getpid(), syscall.SIGINT)) }}
	code := run([]string{"run", "--self", "--seed", "3", "--out", dir}, streams{out, &errs})
	assert.Equal(t, exitIncomplete, code, errs.String())
	assert.Contains(t, errs.String(), "interrupted")
	assert.Regexp(t, `\d+ cases were not run: interrupted`, out.b.String())
	b, err := os.ReadFile(dir + "/results.json")
	require.NoError(t, err)
	assert.Contains(t, string(b), `"ended": "interrupted"`)
}

// TestRun_ProgressOnATerminalOnly: the line is there for a person, and gone from
// what stays on the screen.
func TestRun_ProgressOnATerminalOnly(t *testing.T) {
	t.Parallel()
	ours, theirs, err := pty.Open()
	if err != nil {
		t.Skip("no pseudo-terminal: ", err)
	}
	defer ours.Close()
	read := make(chan string)
	go func() {
		var all bytes.Buffer
		buf := make([]byte, 4096)
		for {
			n, err := ours.Read(buf)
			all.Write(buf[:n])
			if err != nil || strings.Contains(all.String(), " errors (seed") {
				read <- all.String()
				return
			}
		}
	}()
	args := []string{"run", "--self", "--seed", "3", "O-001", "O-010"}
	assert.Zero(t, run(args, streams{theirs, theirs}))
	theirs.Close()
	text := <-read
	assert.Contains(t, text, "\r\x1b[K1 of ")
	var plain bytes.Buffer
	assert.Zero(t, run(args, streams{&plain, &plain}))
	assert.NotContains(t, plain.String(), "\x1b")
	assert.NotContains(t, plain.String(), " of ")
}

// TestRun_UnknownFlagsAreUsage: everything that is wrong before a case has run is
// exit code 2.
func TestRun_UnknownFlagsAreUsage(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{}, {"judge"}, {"run", "--everything"}, {"run", "--self", "--seed", "-1"}, {"replay"}, {"diff", "one"}} {
		var out, errs bytes.Buffer
		assert.Equal(t, exitUsage, run(args, streams{&out, &errs}), args)
		assert.True(t, strings.HasPrefix(errs.String(), "conformance: "), errs.String())
	}
}
