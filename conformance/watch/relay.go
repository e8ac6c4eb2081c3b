package watch

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// chunk is what is read and passed on at a time.
const chunk = 64 << 10

// relay passes every byte on as it came, and every way of ending: a half that is shut
// is shut on the other side, a reset is a reset there. Judging follows behind and
// holds nothing up.
func (w *Watch) relay(ctx context.Context, reg *net.TCPConn, id int) {
	ofd, err := w.dial(ctx)
	if err != nil {
		if ctx.Err() == nil {
			w.failing.Store(true)
			w.o.event("operator", err.Error())
			w.o.Logger.Warn("the operator is not reachable", "conn", id, "err", err)
		}
		_ = reg.SetLinger(0) // as near to a refused connection as can be
		return
	}
	w.failing.Store(false)
	if !w.hold(ofd) {
		ofd.Close()
		return
	}
	defer w.drop(ofd)
	p := &pipe{ends: [2]*net.TCPConn{reg, ofd}}
	var wg sync.WaitGroup
	wg.Go(func() { w.pass(p, register, id) })
	wg.Go(func() { w.pass(p, operator, id) })
	wg.Wait()
	w.log.add(happening{id: id, over: true})
}

// pipe is a connection that is passed on. Its fields are by the side they tell of.
type pipe struct {
	ends [2]*net.TCPConn

	mu   sync.Mutex
	done [2]bool // nothing more is read from this side
	gone [2]bool // this side took no more: it broke the connection
}

// pass carries what one side sends. It is noted before it is written, so that an
// answer is never noted before its question.
func (w *Watch) pass(p *pipe, from side, id int) {
	to := 1 - from
	buf := make([]byte, chunk)
	for {
		n, err := p.ends[from].Read(buf)
		if n > 0 {
			w.log.add(happening{id: id, from: from, bytes: append([]byte(nil), buf[:n]...), at: w.o.Now()})
			if _, werr := p.ends[to].Write(buf[:n]); werr != nil {
				// What the other side sent before it broke off is still to be read by the
				// other direction, which then resets this side.
				p.mu.Lock()
				p.done[from], p.gone[to] = true, true
				last := p.done[to]
				p.mu.Unlock()
				if last {
					w.broke(p, to, id)
				}
				return
			}
			if err == nil {
				continue
			}
		}
		p.mu.Lock()
		p.done[from] = true
		gone := p.gone[from]
		p.mu.Unlock()
		switch {
		case w.ending():
			w.log.add(happening{id: id, from: from, end: cut, at: w.o.Now()})
		case errors.Is(err, net.ErrClosed): // by the other direction, which told already
		case errors.Is(err, io.EOF) && !gone:
			w.log.add(happening{id: id, from: from, end: finished, at: w.o.Now()})
			_ = p.ends[to].CloseWrite() // a side that is gone already needs no end
		default:
			w.broke(p, from, id)
		}
		return
	}
}

// broke resets the side opposite to the one that broke the connection.
func (w *Watch) broke(p *pipe, who side, id int) {
	w.log.add(happening{id: id, from: who, end: reset, at: w.o.Now()})
	other := p.ends[1-who]
	_ = other.SetLinger(0)
	_ = other.Close()
}

// happening is something that was seen on a connection.
type happening struct {
	id    int
	from  side
	bytes []byte
	end   string
	over  bool
	at    time.Time
}

// maxWaiting is how many bytes may wait to be judged. More are passed on unjudged.
const maxWaiting = 256 << 20

// backlog is what waits to be judged, in the order of its happening over all
// connections.
type backlog struct {
	mu      sync.Mutex
	items   []happening
	bytes   int
	skipped map[int]bool // connections of which bytes were lost to judging
	news    chan struct{}
	closed  bool
}

func newBacklog() *backlog { return &backlog{skipped: map[int]bool{}, news: make(chan struct{}, 1)} }

func (b *backlog) add(h happening) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.bytes+len(h.bytes) > maxWaiting {
		b.skipped[h.id] = true
	}
	if b.skipped[h.id] && h.bytes != nil {
		h.bytes, h.end = nil, cut
	}
	b.items, b.bytes = append(b.items, h), b.bytes+len(h.bytes)
	select {
	case b.news <- struct{}{}:
	default:
	}
}

// take gives what waits; none and false after the end.
func (b *backlog) take() ([]happening, bool) {
	for {
		b.mu.Lock()
		items, closed := b.items, b.closed
		b.items, b.bytes = nil, 0
		b.mu.Unlock()
		if len(items) > 0 {
			return items, true
		}
		if closed {
			return nil, false
		}
		<-b.news
	}
}

func (b *backlog) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	select {
	case b.news <- struct{}{}:
	default:
	}
}

// follow judges what was noted until the backlog is closed.
func (w *Watch) follow() {
	for {
		items, ok := w.log.take()
		if !ok {
			return
		}
		for _, h := range items {
			switch {
			case h.over:
				w.judge.forget(h.id)
			case h.end != "":
				w.judge.end(h.id, h.from, h.end, h.at)
			default:
				w.judge.bytes(h.id, h.from, h.bytes, h.at)
			}
		}
		w.o.passed()
	}
}
