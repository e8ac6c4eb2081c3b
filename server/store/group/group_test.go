package group_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/group"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	waitLimit = time.Minute
	waitStep  = 100 * time.Microsecond
)

var errBad = errors.New("cannot be written")

// recorder is a commit that keeps what it was given. A negative work cannot be
// written, and zero is refused.
type recorder struct {
	groups [][]int // tried
	stored []int
	held   chan struct{} // when not nil, each commit takes one from here first
	began  chan struct{}
}

func (r *recorder) commit(g []*group.Item[int]) error {
	if r.held != nil {
		r.began <- struct{}{}
		<-r.held
	}
	var works []int
	for _, one := range g {
		one.Err = nil
		works = append(works, one.Work)
	}
	r.groups = append(r.groups, works)
	if slices.Min(works) < 0 {
		return errBad
	}
	for _, one := range g {
		if one.Work == 0 {
			one.Err = store.ErrExists
			continue
		}
		r.stored = append(r.stored, one.Work)
	}
	return nil
}

// gathered queues works behind a held commit, so that they make one group, and
// returns what each was told.
func gathered(t *testing.T, r *recorder, o group.Options[int], works ...int) []error {
	t.Helper()
	r.held, r.began = make(chan struct{}), make(chan struct{}, 1000)
	q := group.Start(r.commit, o)
	defer q.Close(nil)
	errs := make([]error, len(works))
	var wg sync.WaitGroup
	wg.Go(func() { assert.NoError(t, q.Do(context.Background(), 1_000_000)) })
	<-r.began
	for i, w := range works { // one after another: their order is the group's
		queued := q.Len()
		wg.Go(func() { errs[i] = q.Do(context.Background(), w) })
		require.Eventually(t, func() bool { return q.Len() == queued+1 }, waitLimit, waitStep)
	}
	close(r.held)
	wg.Wait()
	return errs
}

func TestQueue_TakesWhateverWaits(t *testing.T) {
	t.Parallel()
	var r recorder
	for _, err := range gathered(t, &r, group.Options[int]{}, 1, 2, 3) {
		require.NoError(t, err)
	}
	assert.Equal(t, [][]int{{1_000_000}, {1, 2, 3}}, r.groups)
}

func TestQueue_RefusalTouchesNobodyElse(t *testing.T) {
	t.Parallel()
	var r recorder
	errs := gathered(t, &r, group.Options[int]{}, 1, 0, 3)
	require.NoError(t, errs[0])
	require.ErrorIs(t, errs[1], store.ErrExists)
	require.NoError(t, errs[2])
	assert.Len(t, r.groups, 2, "a refusal does not break the group")
}

func TestQueue_FailureTouchesNobodyElse(t *testing.T) {
	t.Parallel()
	var r recorder
	errs := gathered(t, &r, group.Options[int]{}, 1, -2, 0, 4)
	require.NoError(t, errs[0])
	require.ErrorIs(t, errs[1], errBad)
	require.ErrorIs(t, errs[2], store.ErrExists)
	require.NoError(t, errs[3])
	assert.Equal(t, []int{1_000_000, 1, 4}, r.stored)
	assert.Equal(t, [][]int{{1_000_000}, {1, -2, 0, 4}, {1}, {-2}, {0}, {4}}, r.groups)
}

func TestQueue_DoesNotTryWhatIsHopeless(t *testing.T) {
	t.Parallel()
	var r recorder
	for _, err := range gathered(t, &r, group.Options[int]{Hopeless: func(err error) bool { return errors.Is(err, errBad) }}, 1, -2, 3) {
		require.ErrorIs(t, err, errBad)
	}
	assert.Len(t, r.groups, 2)
}

func TestQueue_EndsTransactions(t *testing.T) {
	t.Parallel()
	var r recorder
	gathered(t, &r, group.Options[int]{Ends: func(w *int) bool { return *w%10 == 0 }}, 1, 10, 20, 3)
	assert.Equal(t, [][]int{{1_000_000}, {1, 10}, {20}, {3}}, r.groups)
}

// Works with different keys never meet, those with one key keep their order, and the
// work that waits longest has its turn.
func TestQueue_DividesByKey(t *testing.T) {
	t.Parallel()
	var r recorder
	gathered(t, &r, group.Options[int]{Key: func(w *int) int { return *w % 10 }}, 1, 2, 11, 23, 12, 21, 33)
	assert.Equal(t, [][]int{{1_000_000}, {1, 11, 21}, {2, 12}, {23, 33}}, r.groups)
}

// What comes with the same key while another group is committed joins those that wait.
func TestQueue_KeyTakesWhatComesLater(t *testing.T) {
	t.Parallel()
	r := recorder{held: make(chan struct{}), began: make(chan struct{}, 10)}
	q := group.Start(r.commit, group.Options[int]{Key: func(w *int) int { return *w % 10 }, Ends: func(w *int) bool { return *w == 32 }})
	for _, w := range []int{1, 2, 11} {
		require.NoError(t, q.Submit(t.Context(), w))
		if w == 1 {
			<-r.began
		}
	}
	r.held <- struct{}{} // 1 is done, 2 begins
	<-r.began
	assert.Equal(t, 1, q.Len(), "11 waits")
	for _, w := range []int{21, 32, 42} {
		require.NoError(t, q.Submit(t.Context(), w))
	}
	close(r.held)
	q.Close(nil)
	assert.Equal(t, [][]int{{1}, {2}, {11, 21}, {32}, {42}}, r.groups)
}

// Whatever comes in whatever order: no transaction mixes keys or is too large, nothing
// is lost or doubled, and each key keeps its order.
func TestQueue_KeysHold(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		keys := rapid.IntRange(1, 9).Draw(rt, "keys")
		last := rapid.SampledFrom([]int{0, 3}).Draw(rt, "ends") // no transaction goes on after a work of this kind
		works := rapid.SliceOfN(rapid.IntRange(1, 1_000_000), 1, 2*group.Max).Draw(rt, "works")
		r := recorder{held: make(chan struct{}), began: make(chan struct{}, 2*len(works))}
		q := group.Start(r.commit, group.Options[int]{Key: func(w *int) int { return *w % keys }, Ends: func(w *int) bool { return last != 0 && *w%7 == last }})
		want := map[int][]int{}
		open := rapid.IntRange(0, len(works)-1).Draw(rt, "open") // works that gather before commits begin
		for i, w := range works {
			require.NoError(rt, q.Submit(context.Background(), w))
			want[w%keys] = append(want[w%keys], w)
			if i == open {
				close(r.held)
			}
		}
		q.Close(nil)
		got := map[int][]int{}
		for _, g := range r.groups {
			require.LessOrEqual(rt, len(g), group.Max)
			for i, w := range g {
				require.Equal(rt, g[0]%keys, w%keys, "one key a transaction")
				require.True(rt, i == len(g)-1 || last == 0 || w%7 != last, "it should have ended")
				got[w%keys] = append(got[w%keys], w)
			}
		}
		require.Equal(rt, want, got)
	})
}

func TestQueue_BoundsGroups(t *testing.T) {
	t.Parallel()
	r := recorder{held: make(chan struct{}), began: make(chan struct{}, 10)}
	q := group.Start(r.commit, group.Options[int]{})
	ctx := context.Background()
	require.NoError(t, q.Submit(ctx, 1))
	<-r.began
	for n := range group.Waiting {
		require.NoError(t, q.Submit(ctx, n+2))
	}
	close(r.held)
	q.Close(nil)
	require.Len(t, r.groups, 1+group.Waiting/group.Max)
	for _, g := range r.groups[1:] {
		assert.Len(t, g, group.Max)
	}
	assert.True(t, slices.IsSorted(r.stored), "works keep their order")
}

// Backpressure: a full queue makes callers wait, as long as they want to.
func TestQueue_MakesCallersWait(t *testing.T) {
	t.Parallel()
	r := recorder{held: make(chan struct{}), began: make(chan struct{}, 10)}
	q := group.Start(r.commit, group.Options[int]{})
	require.NoError(t, q.Submit(t.Context(), 1))
	<-r.began
	for range group.Waiting {
		require.NoError(t, q.Submit(t.Context(), 2))
	}
	ctx, cancel := context.WithCancel(t.Context())
	told := make(chan error)
	go func() { told <- q.Submit(ctx, 3) }()
	go func() { told <- q.Do(ctx, 4) }()
	select {
	case err := <-told:
		t.Fatalf("did not wait: %v", err)
	default:
	}
	cancel()
	require.ErrorIs(t, <-told, context.Canceled)
	require.ErrorIs(t, <-told, context.Canceled)
	close(r.held)
	q.Close(nil)
	assert.Len(t, r.stored, 1+group.Waiting)
}

func TestQueue_GivenUpWorkIsDone(t *testing.T) {
	t.Parallel()
	r := recorder{held: make(chan struct{}), began: make(chan struct{}, 10)}
	q := group.Start(r.commit, group.Options[int]{})
	ctx, cancel := context.WithCancel(t.Context())
	told := make(chan error)
	go func() { told <- q.Do(ctx, 1) }()
	<-r.began
	cancel()
	require.ErrorIs(t, <-told, context.Canceled)
	require.ErrorIs(t, q.Do(ctx, 2), context.Canceled)
	close(r.held)
	q.Close(nil)
	assert.Equal(t, []int{1}, r.stored)
}

func TestQueue_Closes(t *testing.T) {
	t.Parallel()
	r := recorder{held: make(chan struct{}), began: make(chan struct{}, 10)}
	q := group.Start(r.commit, group.Options[int]{})
	for n := range 3 {
		require.NoError(t, q.Submit(t.Context(), n+1))
	}
	<-r.began
	leave, err := q.Enter()
	require.NoError(t, err)
	closing, closed := make(chan struct{}), make(chan bool)
	go func() { closed <- q.Close(func() { close(closing) }) }()
	select {
	case <-closing:
		t.Fatal("closed while a caller is inside")
	default:
	}
	leave()
	<-closing
	_, err = q.Enter()
	require.ErrorIs(t, err, store.ErrClosed)
	require.ErrorIs(t, q.Do(t.Context(), 9), store.ErrClosed)
	require.ErrorIs(t, q.Submit(t.Context(), 9), store.ErrClosed)
	select {
	case <-closed:
		t.Fatal("closed before all is written")
	default:
	}
	close(r.held)
	assert.True(t, <-closed)
	assert.Equal(t, []int{1, 2, 3}, r.stored)
	assert.False(t, q.Close(func() { t.Error("closing twice") }))
}

func TestQueue_LogsWhatNobodyWaitsFor(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	var r recorder
	q := group.Start(r.commit, group.Options[int]{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	require.NoError(t, q.Submit(t.Context(), -1))
	require.ErrorIs(t, q.Do(t.Context(), -2), errBad)
	q.Close(nil)
	assert.Equal(t, 1, bytes.Count(log.Bytes(), []byte("a record was lost")))
}

// watcher writes down what an observer is told.
type watcher struct{ begun, ended, failed []int }

func (w *watcher) GroupBegins(n int) { w.begun = append(w.begun, n) }

func (w *watcher) GroupEnds(n int, took time.Duration, err error) {
	if took < 0 {
		n = -n
	}
	if err != nil {
		w.failed = append(w.failed, n)
		return
	}
	w.ended = append(w.ended, n)
}

// Every transaction is told, the failed ones and those of one work each that follow too.
func TestQueue_TellsObserver(t *testing.T) {
	t.Parallel()
	r := recorder{held: make(chan struct{}), began: make(chan struct{}, 10)}
	q := group.Start(r.commit, group.Options[int]{})
	w := &watcher{}
	q.Observe(w)
	require.NoError(t, q.Submit(t.Context(), 1))
	<-r.began
	for _, n := range []int{2, -3, 4} {
		require.NoError(t, q.Submit(t.Context(), n))
	}
	close(r.held)
	q.Close(nil)
	assert.Equal(t, []int{1, 3, 1, 1, 1}, w.begun)
	assert.Equal(t, []int{1, 1, 1}, w.ended, "1, 2 and 4")
	assert.Equal(t, []int{3, 1}, w.failed, "the group, and -3 alone")
}
