package benchingest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"runtime/pprof"
	"strings"
	"syscall"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/server/intake"
	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/postgres"
	"github.com/fiscalbench/fiscalbench/server/store/sqlite"
)

// serverSettings come to the server's process in its environment.
type serverSettings struct {
	Store     string // sqlite:PATH or postgres://…
	Unchecked bool
	Profile   string // file of the CPU profile; empty: none
}

const settingsVariable = "BENCH_INGEST_SETTINGS"

// serverUse is what the server took while it was measured, told at its end.
type serverUse struct {
	Allocations uint64  `json:"allocations"` // objects
	Allocated   uint64  `json:"allocatedBytes"`
	CPUSeconds  float64 `json:"cpuSeconds"` // of the server's process: that of PostgreSQL is not in it
	Documents   int64   `json:"documents"`
}

func openStore(url string) (store.Store, error) {
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		return sqlite.Open(path, sqlite.Options{})
	}
	return postgres.Open(context.Background(), url, postgres.Options{})
}

// serve is the server's process: it prints its address, serves until its input
// ends, and prints what it used.
func serve() (err error) {
	var s serverSettings
	if err := json.Unmarshal([]byte(os.Getenv(settingsVariable)), &s); err != nil {
		return err
	}
	db, err := openStore(s.Store)
	if err != nil {
		return err
	}
	policies, err := sign.NewPolicies(sign.PolicyOptions{})
	if err != nil {
		return err
	}
	in, err := intake.New(intake.Options{Store: db, Policies: policies, Unchecked: s.Unchecked, Limits: intake.Limits{Connections: 20000, PerPeer: 20000}})
	if err != nil {
		return err
	}
	ln, err := (&net.ListenConfig{KeepAlive: -1}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	served := make(chan error, 1)
	go func() { served <- in.Serve(ln) }()
	if s.Profile != "" {
		f, err := os.Create(s.Profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
	}
	before := used()
	fmt.Println(ln.Addr()) //nolint: the line that the parent waits for
	_, _ = io.Copy(io.Discard, os.Stdin)
	pprof.StopCPUProfile()
	use := used()
	use.Allocations -= before.Allocations
	use.Allocated -= before.Allocated
	use.CPUSeconds -= before.CPUSeconds
	stats, err := db.Stats(context.Background())
	if err != nil {
		return err
	}
	use.Documents = stats.Documents
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := in.Shutdown(ctx); err != nil {
		return err
	}
	if err := <-served; err != nil {
		return err
	}
	if err := db.Close(); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(use)
}

func used() (u serverUse) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	u.Allocations, u.Allocated = m.Mallocs, m.TotalAlloc
	u.CPUSeconds = time.Duration(r.Utime.Nano() + r.Stime.Nano()).Seconds()
	return u
}
