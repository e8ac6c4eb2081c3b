package target

import (
	"context"
	"net"
	"sync"
	"time"
)

// gate is the one listener of the built-in operator through all its lives. It knows
// every connection, so that it can cut them as a power cut would.
type gate struct {
	ln *net.TCPListener

	mu    sync.Mutex
	dark  bool // nothing passes until the next life
	conns map[net.Conn]struct{}
}

func openGate(ctx context.Context) (*gate, error) {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return &gate{ln: ln.(*net.TCPListener), conns: map[net.Conn]struct{}{}}, nil
}

// cut closes every connection at once; bytes not yet sent are lost.
func (g *gate) cut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.dark = true
	for c := range g.conns {
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // a peer sees a reset, whatever was on its way
		}
		_ = c.Close() // the server's own close then does nothing
	}
	clear(g.conns)
}

// life opens the gate for a server.
func (g *gate) life() net.Listener {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.dark = false
	_ = g.ln.SetDeadline(time.Time{}) // only a closed listener refuses it, and then Accept tells
	return &life{g}
}

// life is the listener of one server: closing it leaves the port open.
type life struct{ gate *gate }

// Accept takes a connection.
func (l *life) Accept() (net.Conn, error) {
	for {
		c, err := l.gate.ln.Accept()
		if err != nil {
			return nil, err
		}
		if wrapped, ok := l.gate.let(c); ok {
			return wrapped, nil
		}
		c.Close()
	}
}

func (g *gate) let(c net.Conn) (net.Conn, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.dark {
		return nil, false
	}
	g.conns[c] = struct{}{}
	return &passing{c, g}, true
}

// Close ends Accept.
func (l *life) Close() error { return l.gate.ln.SetDeadline(time.Unix(1, 0)) }

// Addr of the port.
func (l *life) Addr() net.Addr { return l.gate.ln.Addr() }

// passing is a connection that went through the gate.
type passing struct {
	net.Conn
	gate *gate
}

// NetConn is the connection itself, for what only TCP can do: RST and closing one
// half (conn.reset and conn.half-close of docs/faults.md).
func (p *passing) NetConn() net.Conn { return p.Conn }

// Close forgets and closes it.
func (p *passing) Close() error {
	p.gate.mu.Lock()
	delete(p.gate.conns, p.Conn)
	p.gate.mu.Unlock()
	return p.Conn.Close()
}
