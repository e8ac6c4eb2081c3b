package benchingest

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/fiscalbench/fiscalbench/internal/pgtest"
)

// The test program is started again for each role: server and load share the
// processors as they would on one machine, not a heap.
const roleVariable = "BENCH_INGEST_ROLE"

func TestMain(m *testing.M) {
	role := map[string]func() error{"server": serve, "load": generate, "idle": stayIdle}[os.Getenv(roleVariable)]
	if role == nil {
		os.Exit(pgtest.Main(m).Run())
	}
	if err := role(); err != nil {
		fmt.Fprintln(os.Stderr, "benchingest:", err)
		os.Exit(1)
	}
}

// Waits of the tests for what other processes do.
const patience, poll = time.Minute, 20 * time.Millisecond
