package torture

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// load is registers and rivals at work.
type load struct {
	t         *testing.T
	history   *history
	registers []*register
	addr      func() string // where the next connection goes

	confirmed, reconnects, repeats, conflicts, contests atomic.Int64
	refused                                             atomic.Int64 // connections that could not be had

	cancel context.CancelFunc
	over   atomic.Bool // nobody will answer any more
	wg     sync.WaitGroup

	mu     sync.Mutex
	wrongs []string
}

const maxWrongs = 20

// wrong notes a broken promise.
func (l *load) wrong(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.wrongs) < maxWrongs {
		l.wrongs = append(l.wrongs, fmt.Sprintf(format, args...))
	}
}

func (l *load) requireNothingWrong() {
	l.t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, w := range l.wrongs {
		l.t.Error(w)
	}
	if len(l.wrongs) > 0 {
		l.t.FailNow()
	}
}

// contestNumber is the number of the drive that two senders use at once.
const contestNumber = 77

// newLoad makes registers and lets everybody begin.
func newLoad(t *testing.T, registers int, seed uint64, addr func() string) *load {
	t.Helper()
	l := &load{t: t, history: newHistory(), addr: addr}
	for n := range registers {
		r, err := newRegister(l, n, rand.New(rand.NewPCG(seed, uint64(n))))
		require.NoError(t, err)
		l.registers = append(l.registers, r)
	}
	ctx, cancel := context.WithCancel(context.Background())
	l.cancel = cancel
	t.Cleanup(func() { l.over.Store(true); cancel(); l.wg.Wait() })
	for _, r := range l.registers {
		l.wg.Go(func() { r.live(ctx) })
	}
	l.wg.Go(func() { l.rival(ctx, rand.New(rand.NewPCG(seed, 1001))) })
	l.wg.Go(func() { l.contest(ctx, contestNumber) })
	return l
}

// pause waits; false when the load is over.
func (l *load) pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// awaitMore waits until so many more documents are confirmed.
func (l *load) awaitMore(n int64) {
	l.t.Helper()
	until := l.confirmed.Load() + n
	require.Eventually(l.t, func() bool { return l.confirmed.Load() >= until }, waitLimit, 2*time.Millisecond, "nothing is confirmed any more")
}

// finish ends the work and drains the queues, which must succeed.
func (l *load) finish() {
	l.t.Helper()
	l.cancel()
	l.wg.Wait() // the contest ends when both are answered
	l.over.Store(true)
	ctx, cancel := context.WithTimeout(context.Background(), waitLimit)
	defer cancel()
	errs := make([]error, len(l.registers))
	var wg sync.WaitGroup
	for i, r := range l.registers {
		wg.Go(func() { errs[i] = r.drain(ctx) })
	}
	wg.Wait()
	for _, err := range errs {
		require.NoError(l.t, err, "a queue does not drain")
	}
}

// held is how many confirmations the registers have.
func (l *load) held() (n int) {
	for _, r := range l.registers {
		n += len(r.holds())
	}
	return n
}
