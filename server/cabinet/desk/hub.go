package desk

import (
	"sync"
	"sync/atomic"

	"github.com/fiscalbench/fiscalbench/server/intake"
)

// Kept is how many exchanges the desk remembers, for pages without a script.
const Kept = 60

// waiting bounds the exchanges that wait for one slow browser.
const waiting = 64

// Seen is an exchange with its number.
type Seen struct {
	Seq uint64
	intake.Exchange
}

// Hub hands exchanges to whoever watches. It never makes the intake wait: what a
// browser does not take in time is dropped and counted. The zero value works.
type Hub struct {
	mu        sync.Mutex
	seq       uint64
	kept      []Seen // ring, the oldest at seq % Kept
	listeners map[*Listener]struct{}
	closed    bool
}

// Listener gets exchanges from C until it is closed, by itself or with the hub.
type Listener struct {
	C       chan Seen
	hub     *Hub
	dropped atomic.Uint64
}

// Look takes an exchange; it is the intake's Options.Look.
func (h *Hub) Look(e intake.Exchange) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.seq++
	one := Seen{h.seq, e}
	if len(h.kept) < Kept {
		h.kept = append(h.kept, one)
	} else {
		h.kept[(h.seq-1)%Kept] = one
	}
	for l := range h.listeners {
		select {
		case l.C <- one:
		default:
			l.dropped.Add(1)
		}
	}
}

// Recent are the exchanges remembered, newest first.
func (h *Hub) Recent() []Seen {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := make([]Seen, len(h.kept))
	for i := range all {
		all[i] = h.kept[(h.seq-1-uint64(i))%Kept]
	}
	return all
}

// Listen begins to watch.
func (h *Hub) Listen() *Listener {
	l := &Listener{C: make(chan Seen, waiting), hub: h}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		close(l.C)
		return l
	}
	if h.listeners == nil {
		h.listeners = map[*Listener]struct{}{}
	}
	h.listeners[l] = struct{}{}
	return l
}

// Dropped counts the exchanges that were lost since the last call.
func (l *Listener) Dropped() uint64 { return l.dropped.Swap(0) }

// Close ends the watching.
func (l *Listener) Close() {
	l.hub.mu.Lock()
	defer l.hub.mu.Unlock()
	if _, there := l.hub.listeners[l]; there {
		delete(l.hub.listeners, l)
		close(l.C)
	}
}

// Close ends all watching, so that a server can be shut down.
func (h *Hub) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for l := range h.listeners {
		close(l.C)
	}
	h.listeners = nil
}
