package storetest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// crashPlace tells the child process where its store is.
const crashPlace = "STORETEST_CRASH_PLACE"

// crashRounds is how often the child is killed in a normal run.
const crashRounds = 3

// Crash starts the test program again as a child that accepts documents and
// prints each after its confirmation, and projects them beside that; it kills the
// child at a random moment, and demands every printed document from the store opened
// anew, each projected and added up once; check may look deeper. The
// child continues the store of the round before and has env in its environment. The
// calling test must have no parent test and do nothing before this call that the
// child must not do too.
func Crash(t *testing.T, open Open, check func(t *testing.T, place string), env ...string) {
	if place := os.Getenv(crashPlace); place != "" {
		acceptUntilKilled(t, open, place, os.NewFile(3, "confirmed"))
		return
	}
	t.Parallel()
	place, program := t.TempDir(), executable(t)
	confirmed := map[string]fiscal.FDNumber{}
	for round := range crashRounds {
		kill := 1 + rand.IntN(200)
		for _, line := range runUntil(t, program, t.Name(), place, kill, env) {
			var fn string
			var fd fiscal.FDNumber
			_, err := fmt.Sscanf(line, "%s %d", &fn, &fd)
			require.NoError(t, err, "line %q", line)
			confirmed[fn] = max(confirmed[fn], fd)
		}
		require.NotEmpty(t, confirmed)
		requireConfirmed(t, open, place, confirmed, fmt.Sprintf("round %d, killed after %d", round, kill))
		check(t, place)
	}
}

func executable(t *testing.T) string {
	program, err := os.Executable()
	require.NoError(t, err)
	program, err = filepath.Abs(program)
	require.NoError(t, err)
	return program
}

// runUntil kills the child after n confirmed documents and returns all that it
// printed before it died.
func runUntil(t *testing.T, program, test, place string, n int, env []string) (lines []string) {
	read, write, err := os.Pipe()
	require.NoError(t, err)
	defer func() { _ = read.Close() }()
	c := exec.CommandContext(t.Context(), program, "-test.run", "^"+test+"$", "-test.v")
	c.Env = append(append(os.Environ(), crashPlace+"="+place), env...)
	c.ExtraFiles = []*os.File{write}
	var output strings.Builder
	c.Stdout, c.Stderr = &output, &output
	require.NoError(t, c.Start())
	require.NoError(t, write.Close())

	in := bufio.NewReader(read)
	for {
		line, err := in.ReadString('\n')
		if err == io.EOF { // what stands before it without an end was cut short by the kill
			break
		}
		require.NoError(t, err)
		if lines = append(lines, line); len(lines) == n {
			require.NoError(t, c.Process.Kill())
		}
	}
	require.Error(t, c.Wait(), "the child must not end by itself")
	require.GreaterOrEqual(t, len(lines), n, "the child ended too early:\n%s", &output)
	return lines
}

// acceptUntilKilled is the child.
func acceptUntilKilled(t *testing.T, open Open, place string, out io.Writer) {
	s := open(t, place)
	var mu sync.Mutex
	var wg sync.WaitGroup
	came := make(chan struct{}, 1)
	wg.Go(func() {
		for range came {
			if _, err := projector(t, s).Project(context.Background(), 20, project); !assert.NoError(t, err) {
				return
			}
		}
	})
	for n := range 8 {
		wg.Go(func() {
			ctx := context.Background()
			fn := fnNumber(n)
			v, err := s.Drive(ctx, fn)
			if err != nil && !assert.ErrorIs(t, err, store.ErrNotFound) {
				return
			}
			for version := v.Version + 1; ; version++ {
				if !assert.NoError(t, s.Accept(ctx, Sample(fn, version, fdOf(version)))) {
					return
				}
				mu.Lock()
				_, err := fmt.Fprintf(out, "%s %d\n", fn, version)
				mu.Unlock()
				if !assert.NoError(t, err) {
					return
				}
				select {
				case came <- struct{}{}:
				default: // it is about to look
				}
			}
		})
	}
	wg.Wait()
}

func requireConfirmed(t *testing.T, open Open, place string, confirmed map[string]fiscal.FDNumber, when string) {
	s := open(t, place)
	defer func() { require.NoError(t, s.Close()) }()
	for fn, last := range confirmed {
		for fd := fiscal.FDNumber(1); fd <= last; fd++ {
			d, err := s.Document(t.Context(), fiscal.FNNumber(fn), fd)
			require.NoError(t, err, when)
			require.Equal(t, Sample(d.FN, int64(fd), fd).Document, bare(d), when)
		}
		v, err := s.Drive(t.Context(), fiscal.FNNumber(fn))
		require.NoError(t, err, when)
		require.GreaterOrEqual(t, v.LastFD, last, when)
		n, err := s.CountDocuments(t.Context(), store.DocumentFilter{FN: v.FN})
		require.NoError(t, err, when)
		require.EqualValues(t, v.Version, n, "drive and documents belong together, %s", when)
	}
	p := projector(t, s)
	inn := Sample("1", 1, 1).Document.UserINN
	RequireSums(t, p, inn) // as far as it was when it was killed
	projectAll(t, p, 100)
	total, err := s.CountDocuments(t.Context(), store.DocumentFilter{})
	require.NoError(t, err)
	require.Equal(t, total, RequireSums(t, p, inn).Sales, when)
}
