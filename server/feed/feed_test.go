package feed_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/server/feed"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// line is a source of n documents with gaps between their ids, and a place.
type line struct {
	mu    sync.Mutex
	n     int64
	place int64
	seen  []int64
	fail  int // handlings to fail
}

func (l *line) Documents(_ context.Context, _ store.DocumentFilter, p store.Page) (docs []store.Document, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id := int64(3); id <= 3*l.n && len(docs) < p.Rows(); id += 3 {
		if id > p.After {
			docs = append(docs, store.Document{ID: id, ReceivedAt: time.Unix(id, 0)})
		}
	}
	return docs, nil
}

func (l *line) follower() *feed.Follower {
	return &feed.Follower{Name: "test", Source: l, Batch: 7, Poll: 1,
		Place: func(context.Context) (int64, error) { l.mu.Lock(); defer l.mu.Unlock(); return l.place, nil },
		Handle: func(_ context.Context, from int64, docs []store.Document) error {
			l.mu.Lock()
			defer l.mu.Unlock()
			if from != l.place {
				return feed.ErrMoved
			}
			if l.fail > 0 {
				l.fail--
				return errors.New("disk full")
			}
			for _, d := range docs {
				l.seen = append(l.seen, d.ID)
				l.place = d.ID
			}
			return nil
		}}
}

func (l *line) check(t *testing.T) {
	t.Helper()
	require.Len(t, l.seen, int(l.n))
	for i, id := range l.seen {
		assert.EqualValues(t, 3*(i+1), id, "each once, in order")
	}
}

func TestFollower_CatchesUpOnce(t *testing.T) {
	t.Parallel()
	l := &line{n: 100}
	require.NoError(t, l.follower().CatchUp(context.Background()))
	require.NoError(t, l.follower().CatchUp(context.Background()))
	l.check(t)
}

func TestFollower_SeveralServersAndFailures(t *testing.T) {
	t.Parallel()
	l := &line{n: 300, fail: 5}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var wait sync.WaitGroup
	for range 4 {
		f := l.follower()
		wait.Go(func() { assert.ErrorIs(t, f.Run(ctx), context.Canceled) })
	}
	require.Eventually(t, func() bool { l.mu.Lock(); defer l.mu.Unlock(); return l.place == 900 }, 60e9, 1e6)
	cancel()
	wait.Wait()
	l.check(t)
}

// watcher writes down what an observer is told.
type watcher struct {
	behind          []int64 // seconds; 0: caught up
	handled, failed int
}

func (w *watcher) Behind(since time.Time) {
	if since.IsZero() {
		since = time.Unix(0, 0)
	}
	w.behind = append(w.behind, since.Unix())
}
func (w *watcher) Handled(n int) { w.handled += n }
func (w *watcher) Failed()       { w.failed++ }

func TestFollower_TellsObserver(t *testing.T) {
	t.Parallel()
	l, w := &line{n: 10, fail: 1}, &watcher{}
	f := l.follower()
	f.Observer = w
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error)
	go func() { done <- f.Run(ctx) }()
	require.Eventually(t, func() bool { l.mu.Lock(); defer l.mu.Unlock(); return l.place == 30 }, 60e9, 1e6)
	cancel()
	<-done
	assert.Equal(t, 10, w.handled)
	assert.Equal(t, 1, w.failed)
	require.GreaterOrEqual(t, len(w.behind), 3)
	assert.Equal(t, []int64{3, 3, 24}, w.behind[:3], "the batch that failed is tried again")
}
