package benchingest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strings"
	"syscall"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/server/headroom"
	"github.com/fiscalbench/fiscalbench/server/intake"
	"github.com/fiscalbench/fiscalbench/server/projection"
	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/postgres"
	"github.com/fiscalbench/fiscalbench/server/store/sqlite"
)

// serverSettings come to the server's process in its environment.
type serverSettings struct {
	Store     string // sqlite:PATH or postgres://…
	Unchecked bool
	Project   bool   // items of receipts behind the documents
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

// serve is the server's process: it prints its address, serves and obeys until its
// input ends, and prints what it used.
func serve() (err error) {
	var s serverSettings
	if err := json.Unmarshal([]byte(os.Getenv(settingsVariable)), &s); err != nil {
		return err
	}
	headroom.Keep(headroom.Default) // as ofd serve does
	db, err := openStore(s.Store)
	if err != nil {
		return err
	}
	policies, err := sign.NewPolicies(sign.PolicyOptions{})
	if err != nil {
		return err
	}
	in, err := intake.New(intake.Options{Store: db, Policies: policies, Unchecked: s.Unchecked, Limits: intake.Limits{Connections: 1 << 20, PerPeer: 1 << 20},
		Timeouts: intake.Timeouts{Idle: time.Hour}})
	if err != nil {
		return err
	}
	ln, err := (&net.ListenConfig{KeepAlive: -1}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	served := make(chan error, 1)
	go func() { served <- in.Serve(ln) }()
	stopProjecting := func() {}
	if s.Project {
		w, err := projection.New(db.(store.Projector), projection.Options{})
		if err != nil {
			return err
		}
		w.Start()
		stopProjecting = w.Stop
	}
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
	fmt.Println(ln.Addr())
	obey()
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
	stopProjecting()
	if err := db.Close(); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(use)
}

// obey answers the lines of the input with lines of JSON, until its end.
func obey() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		if lines.Text() == "collect" {
			runtime.GC() // twice: stacks shrink by half each time
			runtime.GC()
			debug.FreeOSMemory()
		}
		_ = json.NewEncoder(os.Stdout).Encode(memoryNow())
	}
}

// memory of the server's process, in bytes.
type memory struct {
	Resident   uint64 // of the process, as the system counts it
	Heap       uint64
	Stacks     uint64
	Goroutines int
}

func memoryNow() (m memory) {
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	m.Heap, m.Stacks, m.Goroutines = s.HeapInuse, s.StackInuse, runtime.NumGoroutine()
	if text, err := os.ReadFile("/proc/self/statm"); err == nil {
		var size, pages uint64
		if _, err := fmt.Sscan(string(text), &size, &pages); err == nil {
			m.Resident = pages * uint64(os.Getpagesize())
		}
	}
	return m
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
