// Package group lets callers that wait for the disk share a commit: one goroutine
// takes whatever waits, commits it as one transaction and answers each.
//
// There is no timer: a lone caller is served at once, and while one group is being
// committed the next gathers. The package knows nothing of databases, nor of what is
// written; engines of server/store bring the transaction.
package group

import (
	"context"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fiscalbench/fiscalbench/server/store"
)

const (
	// Max is the greatest number of works in one transaction.
	Max = 512
	// Waiting is how many works wait before callers do.
	Waiting = 1024
)

// Item is one caller's work in a group.
type Item[T any] struct {
	Work T
	// Err is what the caller is told. A commit may set it for an item it refused, and
	// must leave or make it nil for the others.
	Err error

	key  int           // of Options.Key
	done chan struct{} // closed after the commit; nil when nobody waits
}

// Commit does a group in one transaction, in its order. A nil error means that the
// transaction is on disk, but for the items that have an Err of their own, which
// changed nothing. An error means that nothing of the group was stored. It is called
// by one goroutine at a time and must not keep the slice.
type Commit[T any] func(group []*Item[T]) error

// Options of a queue; the zero value works.
type Options[T any] struct {
	// Logger hears of failed works that nobody waits for; nil discards.
	Logger *slog.Logger
	// Hopeless reports an error of a commit after which it is of no use to try the
	// works of the group one by one; nil means none is.
	Hopeless func(err error) bool
	// Ends reports a work that must be the last of its transaction; nil means none is.
	Ends func(work *T) bool
	// Key tells which works may share a transaction: those with one key, which keep
	// their order. A transaction takes all that waits with the key of the work that
	// waits longest. Nil means that all may.
	Key func(work *T) int
}

// Queue is where works wait. All methods are safe for concurrent use.
type Queue[T any] struct {
	commit Commit[T]
	o      Options[T]
	items  chan *Item[T]
	ended  chan struct{} // closed when the last group is committed

	waiting []*Item[T]   // taken out of items and not committed yet, in the order of their turn
	aside   []*Item[T]   // room of arrange
	held    atomic.Int64 // how many of waiting are not in the transaction under way

	observer atomic.Pointer[store.Observer] // nil: nobody

	mu     sync.RWMutex // held for reading while a call is inside
	closed bool
}

// Start returns a queue whose works are committed until it is closed.
func Start[T any](commit Commit[T], o Options[T]) *Queue[T] {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Hopeless == nil {
		o.Hopeless = func(error) bool { return false }
	}
	if o.Ends == nil {
		o.Ends = func(*T) bool { return false }
	}
	q := &Queue[T]{commit: commit, o: o, items: make(chan *Item[T], Waiting), ended: make(chan struct{})}
	go q.run()
	return q
}

// Do queues work and waits until it is committed. When ctx ends first it returns
// ctx's error and the work may be done all the same; when ctx has ended before, or
// the queue is closed (store.ErrClosed), it is not.
func (q *Queue[T]) Do(ctx context.Context, work T) error {
	one := &Item[T]{Work: work, done: make(chan struct{})}
	if err := q.put(ctx, one); err != nil {
		return err
	}
	select {
	case <-one.done:
		return one.Err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Submit queues work and waits only while the queue is full. It fails as Do does
// before the work is queued; the failure of the work itself is logged.
func (q *Queue[T]) Submit(ctx context.Context, work T) error {
	return q.put(ctx, &Item[T]{Work: work})
}

func (q *Queue[T]) put(ctx context.Context, one *Item[T]) error {
	if q.o.Key != nil {
		one.key = q.o.Key(&one.Work)
	}
	leave, err := q.Enter()
	if err != nil {
		return err
	}
	defer leave()
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case q.items <- one:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Enter holds Close off until leave is called, which the caller must do. It fails
// with store.ErrClosed.
func (q *Queue[T]) Enter() (leave func(), err error) {
	q.mu.RLock()
	if q.closed {
		q.mu.RUnlock()
		return nil, store.ErrClosed
	}
	return q.mu.RUnlock, nil
}

// Len is the number of works that wait for the next group.
func (q *Queue[T]) Len() int { return len(q.items) + int(q.held.Load()) }

// Observe tells o of every transaction from now on, instead of whoever was told before.
func (q *Queue[T]) Observe(o store.Observer) { q.observer.Store(&o) }

// Close waits for calls inside and until all that is queued is committed. It reports
// whether it was the first; later calls wait and do nothing else. Closing is called
// when no more works can come and before the last are committed; nil does nothing.
func (q *Queue[T]) Close(closing func()) (first bool) {
	q.mu.Lock()
	first = !q.closed
	q.closed = true
	if first {
		close(q.items)
		if closing != nil {
			closing()
		}
	}
	q.mu.Unlock()
	<-q.ended
	return first
}

func (q *Queue[T]) run() {
	defer close(q.ended)
	q.waiting = make([]*Item[T], 0, Max)
	for {
		if len(q.waiting) == 0 {
			first, open := <-q.items
			if !open {
				return
			}
			q.waiting = append(q.waiting, first)
		}
		q.gather()
		n := q.arrange()
		q.held.Store(int64(len(q.waiting) - n))
		q.do(q.waiting[:n])
		rest := copy(q.waiting, q.waiting[n:])
		clear(q.waiting[rest:])
		q.waiting = q.waiting[:rest]
	}
}

// gather adds what waits already.
func (q *Queue[T]) gather() {
	// Callers that were answered together come back together: let those that are
	// ready to run queue up before the group is closed.
	runtime.Gosched()
	limit := Max
	if q.o.Key != nil {
		limit = Waiting // so that groups of one key can be large although others wait too
	}
	for len(q.waiting) < limit {
		select {
		case next, open := <-q.items:
			if !open {
				return
			}
			q.waiting = append(q.waiting, next)
		default:
			return
		}
	}
}

// arrange puts the works of the next transaction first, and tells how many they are.
func (q *Queue[T]) arrange() (n int) {
	n = len(q.waiting)
	if q.o.Key != nil {
		key := q.waiting[0].key
		n, q.aside = 0, q.aside[:0]
		for _, one := range q.waiting {
			if one.key == key && n < Max {
				q.waiting[n] = one
				n++
			} else {
				q.aside = append(q.aside, one)
			}
		}
		copy(q.waiting[n:], q.aside)
		clear(q.aside)
	}
	for i, one := range q.waiting[:n] {
		if q.o.Ends(&one.Work) {
			return i + 1
		}
	}
	return n
}

// do commits a group. When that fails, each work gets a transaction of its own, so
// that one that cannot be written does not take its neighbours with it.
func (q *Queue[T]) do(group []*Item[T]) {
	if err := q.transact(group); err != nil {
		for i, one := range group {
			if !q.o.Hopeless(err) {
				err = q.transact(group[i : i+1])
			}
			if err != nil {
				one.Err = err
			}
		}
	}
	for _, one := range group {
		switch {
		case one.done != nil:
			close(one.done)
		case one.Err != nil:
			q.o.Logger.Error("a record was lost", "err", one.Err)
		}
	}
}

// transact commits a group and tells the observer.
func (q *Queue[T]) transact(group []*Item[T]) error {
	o := q.observer.Load()
	if o == nil {
		return q.commit(group)
	}
	began := time.Now()
	(*o).GroupBegins(len(group))
	err := q.commit(group)
	(*o).GroupEnds(len(group), time.Since(began), err)
	return err
}
