package projection_test

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/projection"
	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/sqlite"
	"github.com/fiscalbench/fiscalbench/server/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is a projector that is asked and answers as a test wants.
type fake struct {
	store.Projector
	mu      sync.Mutex
	calls   []time.Time
	waiting int
	answer  func(call int) (int, error)
}

func (f *fake) Project(context.Context, int, func(*store.Document) store.Projection) (int, error) {
	f.mu.Lock()
	f.calls = append(f.calls, time.Now())
	n := len(f.calls)
	f.mu.Unlock()
	time.Sleep(10 * time.Millisecond) // of the bubble
	return f.answer(n)
}

func (f *fake) Progress(context.Context) (store.Progress, error) {
	return store.Progress{Behind: 5, Since: time.Now().Add(-90 * time.Second), Unread: []store.Unread{{Reason: "encrypted", Documents: 2}}}, nil
}

func (f *fake) Waiting() int { return f.waiting }

// pauses runs a worker over so many calls and returns the times between them.
func pauses(t *testing.T, f *fake, calls int) (all []time.Duration) {
	w, err := projection.New(f, projection.Options{})
	require.NoError(t, err)
	w.Start()
	w.Start()
	for {
		synctest.Wait()
		f.mu.Lock()
		n := len(f.calls)
		f.mu.Unlock()
		if n > calls {
			break
		}
		time.Sleep(time.Millisecond)
	}
	w.Stop()
	w.Stop()
	w.Start() // does nothing any more
	for i := 1; i <= calls; i++ {
		all = append(all, f.calls[i].Sub(f.calls[i-1]))
	}
	return all
}

func TestWorker_Paces(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		waiting int
		answer  func(int) (int, error)
		want    time.Duration
	}{
		{"works while there is something to do", 0, func(int) (int, error) { return 1, nil }, 10 * time.Millisecond},
		{"rests when there is nothing", 0, func(int) (int, error) { return 0, nil }, 210 * time.Millisecond},
		{"lets documents go first", 100, func(int) (int, error) { return 1, nil }, 50 * time.Millisecond},
		{"goes on after a failure", 0, func(int) (int, error) { return 0, errors.New("no store") }, 1010 * time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				for _, p := range pauses(t, &fake{waiting: c.waiting, answer: c.answer}, 5) {
					assert.Equal(t, c.want, p)
				}
			})
		})
	}
}

func TestWorker_TellsLag(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := prometheus.NewRegistry()
		w, err := projection.New(&fake{answer: func(int) (int, error) { return 3, nil }}, projection.Options{Registry: r})
		require.NoError(t, err)
		w.Start()
		time.Sleep(15 * time.Millisecond)
		synctest.Wait()
		w.Stop()
		got := map[string]float64{}
		families, err := r.Gather()
		require.NoError(t, err)
		for _, f := range families {
			got[f.GetName()] = f.GetMetric()[0].GetGauge().GetValue() + f.GetMetric()[0].GetCounter().GetValue()
		}
		assert.Equal(t, 5.0, got["ofd_projection_behind_documents"])
		assert.InDelta(t, 90, got["ofd_projection_behind_seconds"], 1)
		assert.Equal(t, 2.0, got["ofd_projection_unread_documents"])
		assert.GreaterOrEqual(t, got["ofd_projection_documents_total"], 3.0)
		problems, err := testutil.GatherAndLint(r)
		require.NoError(t, err)
		assert.Empty(t, problems)
		_, err = projection.New(&fake{}, projection.Options{Registry: r})
		require.Error(t, err, "registered twice")
	})
}

func TestWorker_Off(t *testing.T) {
	t.Parallel()
	w, err := projection.New(&fake{}, projection.Options{Off: true})
	require.NoError(t, err)
	w.Start()
	w.Stop()
}

// With a real store a worker that is stopped and started anew at any moment projects
// every document once.
func TestWorker_CatchesUp(t *testing.T) {
	t.Parallel()
	s, err := sqlite.Open(filepath.Join(t.TempDir(), "ofd.db"), sqlite.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	const documents = 120
	var writing sync.WaitGroup
	writing.Go(func() {
		for n := int64(1); n <= documents; n++ {
			assert.NoError(t, s.Accept(context.Background(), storetest.Sample("9999078900000001", n, fiscal.FDNumber(n))))
		}
	})
	var progress store.Progress
	require.Eventually(t, func() bool {
		w, err := projection.New(s, projection.Options{Batch: 7, Idle: time.Millisecond})
		require.NoError(t, err)
		w.Start()
		progress, err = s.Progress(context.Background())
		require.NoError(t, err)
		w.Stop()
		return progress.Passed == documents && progress.Behind == 0
	}, time.Minute, time.Millisecond)
	writing.Wait()
	all, err := s.Search(t.Context(), store.Search{Oldest: true}, store.Place{}, store.MaxLimit)
	require.NoError(t, err)
	require.Len(t, all, documents)
	for i, p := range all {
		assert.Equal(t, fiscal.FDNumber(i+1), p.FD)
		assert.Equal(t, projection.Undecodable, p.Unread, "samples are noise")
	}
	assert.Equal(t, []store.Unread{{Reason: projection.Undecodable, Documents: documents}}, progress.Unread)
}
