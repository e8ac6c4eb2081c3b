package intake

import (
	"container/list"
	"context"
	"sync"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/flk"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// lanes lets one document of a drive through at a time; drives do not wait for each
// other. Only drives at work take memory.
type lanes struct {
	mu     sync.Mutex
	byFN   map[fiscal.FNNumber]*lane
	unused []*lane
}

type lane struct {
	turn  chan struct{} // holds one token while nobody is inside
	users int
}

// enter waits for the drive's turn; leave must follow unless it fails.
func (l *lanes) enter(ctx context.Context, fn fiscal.FNNumber) (leave func(), err error) {
	l.mu.Lock()
	one := l.byFN[fn]
	if one == nil {
		if n := len(l.unused); n > 0 {
			one, l.unused = l.unused[n-1], l.unused[:n-1]
		} else {
			one = &lane{turn: make(chan struct{}, 1)}
			one.turn <- struct{}{}
		}
		if l.byFN == nil {
			l.byFN = map[fiscal.FNNumber]*lane{}
		}
		l.byFN[fn] = one
	}
	one.users++
	l.mu.Unlock()

	select {
	case <-one.turn:
		return func() { one.turn <- struct{}{}; l.drop(fn, one) }, nil
	case <-ctx.Done():
		l.drop(fn, one)
		return nil, ctx.Err()
	}
}

// maxUnused bounds the lanes kept for reuse.
const maxUnused = 64

func (l *lanes) drop(fn fiscal.FNNumber, one *lane) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if one.users--; one.users > 0 {
		return
	}
	delete(l.byFN, fn)
	if len(l.unused) < maxUnused {
		l.unused = append(l.unused, one)
	}
}

// drive is what is remembered of a drive: its row as stored and its history. It is
// never changed, only replaced.
type drive struct {
	row     store.Drive
	history flk.History
}

// known reports a drive that registered with this operator (E-12).
func (d *drive) known() bool {
	return d.history.Registered() && d.history.Status != store.DriveUnregistered
}

// driveCache remembers the drives seen last, so that a register at work costs no
// reading of the store.
type driveCache struct {
	mu   sync.Mutex
	max  int
	byFN map[fiscal.FNNumber]*list.Element
	used *list.List // of cached, most recent first
}

type cached struct {
	fn fiscal.FNNumber
	d  *drive
}

func newDriveCache(size int) *driveCache {
	return &driveCache{max: size, byFN: make(map[fiscal.FNNumber]*list.Element), used: list.New()}
}

func (c *driveCache) get(fn fiscal.FNNumber) *drive {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.byFN[fn]
	if e == nil {
		return nil
	}
	c.used.MoveToFront(e)
	return e.Value.(*cached).d
}

func (c *driveCache) put(fn fiscal.FNNumber, d *drive) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.byFN[fn]; e != nil {
		e.Value.(*cached).d = d
		c.used.MoveToFront(e)
		return
	}
	c.byFN[fn] = c.used.PushFront(&cached{fn, d})
	if c.used.Len() > c.max {
		last := c.used.Back()
		delete(c.byFN, last.Value.(*cached).fn)
		c.used.Remove(last)
	}
}

func (c *driveCache) forget(fn fiscal.FNNumber) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.byFN[fn]; e != nil {
		delete(c.byFN, fn)
		c.used.Remove(e)
	}
}
