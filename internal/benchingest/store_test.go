package benchingest

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/fiscalbench/fiscalbench/emulator/load"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/intake"
	"github.com/fiscalbench/fiscalbench/server/servertest"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// groups are how many documents wait at once.
var groups = []int{1, 16, 128, 512}

// accepted are what the server gives its store for real documents: one list for
// each drive, in order.
func accepted(t *testing.T, registers, documents int) [][]store.Acceptance {
	t.Helper()
	mem := servertest.NewMemory()
	var mu sync.Mutex
	byFN := map[fiscal.FNNumber][]store.Acceptance{}
	mem.BeforeAccept = func(a store.Acceptance) error {
		mu.Lock()
		defer mu.Unlock()
		byFN[a.Document.FN] = append(byFN[a.Document.FN], a)
		return nil
	}
	in, err := intake.New(intake.Options{Store: mem})
	require.NoError(t, err)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- in.Serve(ln) }()
	r, err := load.Run(t.Context(), load.Options{Addr: ln.Addr().String(), Registers: registers, Documents: documents, Duration: time.Hour})
	require.NoError(t, err)
	require.True(t, r.Clean(), "%s", &r)
	require.NoError(t, in.Shutdown(t.Context()))
	require.NoError(t, <-served)
	var all [][]store.Acceptance
	for _, list := range byFN {
		all = append(all, list)
	}
	require.Len(t, all, registers)
	return all
}

// bare is how many documents a second a store takes from so many callers at once,
// without server, network and checks.
func bare(t *testing.T, url string, work [][]store.Acceptance, waiting int, limit time.Duration) float64 {
	t.Helper()
	db, err := openStore(url)
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	runtime.GC() // of what the last measure left
	var done, next atomic.Int64
	var wg sync.WaitGroup
	start := time.Now()
	for range min(waiting, len(work)) {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(work) {
					return
				}
				for _, a := range work[i] {
					if time.Since(start) > limit {
						return
					}
					if err := db.Accept(context.Background(), a); err != nil {
						t.Error(err)
						return
					}
					done.Add(1)
				}
			}
		})
	}
	wg.Wait()
	return float64(done.Load()) / time.Since(start).Seconds()
}

// appended is how many documents a second a file takes whose every group is written
// at once and flushed to the disk.
func appended(t *testing.T, place string, work [][]store.Acceptance, group int, limit time.Duration) float64 {
	t.Helper()
	f, err := os.Create(filepath.Join(place, "append"))
	require.NoError(t, err)
	defer func() {
		require.NoError(t, f.Close())
		require.NoError(t, os.Remove(f.Name()))
	}()
	documents, buf, start := 0, []byte(nil), time.Now()
	flush := func() {
		_, err := f.Write(buf)
		require.NoError(t, err)
		require.NoError(t, unix.Fdatasync(int(f.Fd())))
		buf = buf[:0]
	}
	for n := 0; time.Since(start) < limit; n++ {
		list := work[n%len(work)]
		a := &list[n/len(work)%len(list)]
		buf = append(append(append(buf, a.Document.Message...), a.Document.Confirmation...), a.Drive.History...)
		if documents++; documents%group == 0 {
			flush()
		}
	}
	return float64(documents) / time.Since(start).Seconds()
}
