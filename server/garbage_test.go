package server_test

import (
	"context"
	"io"
	"log/slog"
	"math/rand"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server"
	"github.com/fiscalbench/fiscalbench/server/servertest"
	"github.com/fiscalbench/fiscalbench/server/store/sqlite"
)

// serveForBench runs a server outside of a test's cleanup order.
func serveForBench(dir string) (addr string, stop func(), err error) {
	db, err := sqlite.Open(filepath.Join(dir, "ofd.db"), sqlite.Options{})
	if err != nil {
		return "", nil, err
	}
	srv, err := server.New(server.Options{Store: db, Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return servertest.Clock }})
	if err != nil {
		return "", nil, err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Serve(ln) }()
	return ln.Addr().String(), func() {
		_ = srv.Shutdown(context.Background())
		<-done
		_ = db.Close()
	}, nil
}

// memoryInUse is the heap after a full collection, in bytes.
func memoryInUse() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// throwGarbage opens connections and writes size random bytes on each until the
// server has enough. Every second one begins like a message, so that the server
// reads on for a while.
func throwGarbage(t *testing.T, addr string, connections, size int, seed int64) {
	t.Helper()
	d := servertest.NewRegister(1, fiscal.FFD105).Registration()
	var wg sync.WaitGroup
	for i := range connections {
		wg.Go(func() {
			c, err := net.Dial("tcp", addr)
			if !assert.NoError(t, err) {
				return
			}
			defer c.Close()
			rng := rand.New(rand.NewSource(seed + int64(i)))
			garbage := make([]byte, size)
			rng.Read(garbage)
			if i%2 == 1 {
				copy(garbage, d.Message[:26+rng.Intn(len(d.Message)-26)])
			}
			_ = c.SetDeadline(time.Now().Add(20 * time.Second))
			_, _ = c.Write(garbage) // the server resets somewhere inside
			_, _ = io.Copy(io.Discard, c)
		})
	}
	wg.Wait()
}

// O-080 small: random bytes end their connections and cost others nothing.
func TestServer_Garbage(t *testing.T) {
	t.Parallel()
	b := startSQLite(t, func(o *server.Options) { o.Timeouts.Silence = 200 * time.Millisecond })
	r := servertest.NewRegister(2, fiscal.FFD105)
	b.confirmed(r.Registration(), r.OpenShift())
	throwGarbage(t, b.addr, 60, 20_000, 1)
	d := r.Receipt(100)
	b.confirmed(d)
	assert.Empty(t, b.rules(d))
	stats, err := b.store.Stats(t.Context())
	require.NoError(t, err)
	assert.EqualValues(t, 3, stats.Documents)
}

// O-080: 1 MB of random bytes on 1,000 connections, several rounds, with steady
// memory and a register at work all the while. TORTURE=1 runs it (make torture).
func TestTorture_Garbage(t *testing.T) {
	if os.Getenv("TORTURE") == "" {
		t.Skip("TORTURE is not set: see make torture")
	}
	b := startSQLite(t, func(o *server.Options) { o.Timeouts.Silence = time.Second })
	r := servertest.NewRegister(2, fiscal.FFD105)
	b.confirmed(r.Registration(), r.OpenShift())
	const connections, size, rounds = 1000, 1 << 20, 5
	var peak, first uint64
	for round := range rounds {
		stop, watched := make(chan struct{}), make(chan uint64)
		go func() {
			var top uint64
			var m runtime.MemStats
			for tick := time.NewTicker(20 * time.Millisecond); ; {
				select {
				case <-stop:
					tick.Stop()
					watched <- top
					return
				case <-tick.C:
					runtime.ReadMemStats(&m)
					top = max(top, m.HeapInuse)
				}
			}
		}()
		for batch := range 10 { // the peers themselves hold 1 MB each: not all at once in this process
			throwGarbage(t, b.addr, connections/10, size, int64(round*connections+batch))
		}
		b.confirmed(r.Receipt(100))
		close(stop)
		peak = max(peak, <-watched)
		used := memoryInUse()
		t.Logf("round %d: %d connections × %d bytes: heap %d KiB after, peak %d MiB with the peers' own buffers", round+1, connections, size, used>>10, peak>>20)
		if round == 0 {
			first = used
		} else {
			assert.Less(t, used, first+first/2+4<<20, "memory grows from round to round")
		}
	}
	require.Less(t, runtime.NumGoroutine(), 100)
}

// O-031: 200 registers in parallel, 50 receipts each, one connection a document:
// nothing crossed, 99 of 100 answered within 3 s.
func TestTorture_ManyRegisters(t *testing.T) {
	if os.Getenv("TORTURE") == "" {
		t.Skip("TORTURE is not set: see make torture")
	}
	b := startSQLite(t)
	const registers, receipts = 200, 50
	times := make(chan time.Duration, registers*(receipts+3))
	var wg sync.WaitGroup
	for i := range registers {
		wg.Go(func() {
			r := servertest.NewRegister(1000+i, fiscal.FFD105)
			docs := []servertest.Doc{r.Registration(), r.OpenShift()}
			for range receipts {
				docs = append(docs, r.Receipt(uint64(i+1)))
			}
			for _, d := range append(docs, r.CloseShift()) {
				began := time.Now()
				m, err := servertest.Send(b.addr, d.Message)
				if !assert.NoError(t, err) {
					return
				}
				times <- time.Since(began)
				a, err := servertest.ReadAck(d, m)
				if assert.NoError(t, err) {
					assert.True(t, a.Accepted())
				}
			}
		})
	}
	wg.Wait()
	close(times)
	var all []time.Duration
	for took := range times {
		all = append(all, took)
	}
	slices.Sort(all)
	require.Len(t, all, registers*(receipts+3))
	t.Logf("%d documents: median %s, 99 %% %s, longest %s", len(all), all[len(all)/2], all[len(all)*99/100], all[len(all)-1])
	assert.LessOrEqual(t, all[len(all)*99/100], 3*time.Second)
	stats, err := b.store.Stats(t.Context())
	require.NoError(t, err)
	assert.Zero(t, stats.Findings)
}
