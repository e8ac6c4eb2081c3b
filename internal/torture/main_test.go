package torture

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/fiscalbench/fiscalbench/internal/pgtest"
)

func TestMain(m *testing.M) { os.Exit(torturing{pgtest.Main(m)}.Run()) }

// torturing removes the program and shows the table of what was done.
type torturing struct{ m pgtest.Runner }

func (t torturing) Run() int {
	code := t.m.Run()
	if built.folder != "" {
		_ = os.RemoveAll(built.folder)
	}
	for _, line := range done.lines() {
		fmt.Println(line)
	}
	return code
}

// Settings of the environment.
const (
	fullVariable  = "TORTURE"
	seedVariable  = "TORTURE_SEED"
	killsVariable = "TORTURE_KILLS"
)

func full() bool { return os.Getenv(fullVariable) == "1" }

// size is the small one in an ordinary run and the full one in torture.
func size(small, large int) int {
	if full() {
		return large
	}
	return small
}

// sized lets small tests run at the same time: they wait more than they work.
func sized(t *testing.T) {
	if !full() {
		t.Parallel()
	}
}

// fullOnly skips what takes too long for every day.
func fullOnly(t *testing.T) {
	t.Helper()
	if !full() {
		t.Skipf("only with %s=1", fullVariable)
	}
}

// kills is how often a server is killed.
func kills(small int) int {
	if n, err := strconv.Atoi(os.Getenv(killsVariable)); err == nil {
		return n
	}
	return size(small, 200)
}

// seed of this run.
func seed(t *testing.T) uint64 {
	t.Helper()
	text := os.Getenv(seedVariable)
	if text == "" {
		return 1
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s=%q: want a number", seedVariable, text)
	}
	return n
}

// built is the program under test.
var built struct {
	once   sync.Once
	folder string
	err    error
}

// program builds ofd with the failing disk, once.
func program(t *testing.T) string {
	t.Helper()
	built.once.Do(func() {
		if built.folder, built.err = os.MkdirTemp("", "torture"); built.err != nil {
			return
		}
		cmd := exec.Command("go", "build", "-tags", "torture", "-buildvcs=false", "-ldflags=-s -w", "-o", built.folder+"/", "github.com/fiscalbench/fiscalbench/cmd/ofd")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			built.err = fmt.Errorf("%w: %s", err, out)
		}
	})
	if built.err != nil {
		t.Fatalf("building ofd: %v", built.err)
	}
	return filepath.Join(built.folder, "ofd")
}
