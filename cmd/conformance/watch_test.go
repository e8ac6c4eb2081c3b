package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/conformance/target"
	"github.com/fiscalbench/fiscalbench/emulator/script"
)

// told is output that can be waited for.
type told struct {
	mu sync.Mutex
	b  bytes.Buffer
	in chan struct{}
}

func (o *told) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	select {
	case o.in <- struct{}{}:
	default:
	}
	return o.b.Write(b)
}

func (o *told) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// await returns the first group of what matches.
func (o *told) await(t *testing.T, re *regexp.Regexp) string {
	t.Helper()
	late := time.After(30 * time.Second)
	for {
		if m := re.FindStringSubmatch(o.String()); m != nil {
			return m[1]
		}
		select {
		case <-o.in:
		case <-late:
			require.Fail(t, "nothing matches", "%s in %s", re, o)
		}
	}
}

var watchingOn = regexp.MustCompile(`watching on (\S+) as`)

// four is a life of four documents.
const four = "steps:\n  - register: {}\n  - open\n  - sell: {}\n  - close\n"

// play lives a script, or an example by its name, against an address.
func play(t *testing.T, addr, text string) script.Report {
	t.Helper()
	if b, ok := script.Example(text); ok {
		text = string(b)
	}
	s, err := script.Parse("script", []byte(text))
	require.NoError(t, err)
	r, err := s.Play(t.Context(), script.Options{OFD: addr, Seed: 8})
	require.NoError(t, err)
	return r
}

func validResults(t *testing.T, dir string) {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	schema, err := c.Compile(filepath.Join("..", "..", "docs", "results.schema.json"))
	require.NoError(t, err)
	b, err := os.ReadFile(filepath.Join(dir, "results.json"))
	require.NoError(t, err)
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	require.NoError(t, err)
	require.NoError(t, schema.Validate(v))
}

// A day between a register and a whole operator is conformant, and SIGINT ends the
// watch with its files.
func TestWatch_InterruptedBetween(t *testing.T) {
	real, err := target.StartSelf(t.Context(), defaultINN)
	require.NoError(t, err)
	defer func() { assert.NoError(t, real.Stop()) }()
	require.NoError(t, real.SetClock(t.Context(), time.Now()))
	dir := t.TempDir()
	out, errs := &told{in: make(chan struct{}, 1)}, &told{in: make(chan struct{}, 1)}
	code := make(chan int, 1)
	go func() {
		code <- run([]string{"watch", "--listen", "127.0.0.1:0", "--forward", real.Addr(), "--out", dir}, streams{out, errs})
	}()
	r := play(t, out.await(t, watchingOn), "day")
	require.NoError(t, syscall.Kill(os.Getpid(), syscall.SIGINT))
	assert.Equal(t, exitConformant, <-code, "%s%s", out, errs)
	assert.NotContains(t, out.String(), "BROKEN")
	assert.Regexp(t, `(?m)^\d+ passed, 0 failed, \d+ skipped, 0 errors`, out.String())
	validResults(t, dir)
	traffic, err := os.ReadFile(filepath.Join(dir, "traffic.ndjson"))
	require.NoError(t, err)
	assert.Equal(t, r.Documents, strings.Count(string(traffic), "\n"))
}

// On a terminal one line tells how things stand and is gone at the end.
func TestWatch_LiveLineOnATerminal(t *testing.T) {
	t.Parallel()
	ours, theirs, err := pty.Open()
	if err != nil {
		t.Skip("no pseudo-terminal: ", err)
	}
	defer ours.Close()
	seen := &told{in: make(chan struct{}, 1)}
	read := make(chan struct{})
	go func() {
		defer close(read)
		buf := make([]byte, 4096)
		for {
			n, err := ours.Read(buf)
			seen.Write(buf[:n])
			if err != nil || strings.Contains(seen.String(), " errors (seed") {
				return
			}
		}
	}()
	dir := t.TempDir()
	code := make(chan int, 1)
	go func() {
		code <- run([]string{"watch", "--listen", "127.0.0.1:0", "--until-documents", "4", "--out", dir}, streams{theirs, theirs})
	}()
	play(t, seen.await(t, watchingOn), four)
	assert.Equal(t, exitConformant, <-code)
	theirs.Close()
	<-read
	assert.Regexp(t, `\r\x1b\[K\d+ documents of 1 drives; \d+ requirements held, 0 broken`, seen.String())
	validResults(t, dir)
}
