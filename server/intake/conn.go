package intake

import (
	"context"
	"errors"
	"io"
	"net"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

// conn is one connection. One goroutine reads, works and writes, so messages are
// answered strictly in order (TRN-061).
type conn struct {
	in      *Intake
	nc      net.Conn
	peer    string
	from    *peer
	dec     wire.Decoder
	began   time.Time // when the first byte of the message being read came
	headed  bool      // the header of the message being read came, and read.stall was asked
	stalled bool      // and it acted
	held    bool      // by the limit of messages
	receive *receiver

	// For people who look on.
	since    time.Time
	fn       atomic.Pointer[fiscal.FNNumber]
	messages atomic.Uint64
}

var errDraining = errors.New("intake: draining")

func newConn(in *Intake, nc net.Conn, from *peer) *conn {
	return &conn{in: in, nc: nc, peer: nc.RemoteAddr().String(), from: from, since: time.Now(), receive: newReceiver(nc),
		dec: wire.Decoder{Profile: in.o.Settings.profileFor(fiscal.BadPVersion), MaxBody: in.o.Limits.Body}}
}

func (c *conn) serve(ctx context.Context) {
	defer c.in.leave(c)
	defer c.nc.Close()
	defer func() {
		if p := recover(); p != nil {
			c.in.log.Error("connection ended by a bug", "conn", c.peer, "err", p, "stack", string(debug.Stack()))
		}
	}()
	for ctx.Err() == nil {
		c.turn(ctx)
		m, err := c.next()
		if err != nil {
			c.broken(ctx, err)
			return
		}
		c.counted()
		switch c.in.exchange(ctx, c, m) {
		case thenClose:
			return
		case thenHold:
			c.hold()
			return
		}
		if c.in.draining.Load() {
			return
		}
		if c.dec.Pending() > 0 {
			c.began = time.Now()
		}
	}
}

// next reads until a whole message is there.
func (c *conn) next() (*wire.Message, error) {
	c.headed, c.stalled = false, false
	for {
		if c.in.o.Faults != nil {
			c.stall()
		}
		m, err := c.dec.Next()
		if m != nil || err != nil {
			return m, err
		}
		if err := c.read(); err != nil {
			return nil, err
		}
	}
}

// read waits for bytes: at most the idle limit before a message, the limits of
// silence and of the whole message inside one.
func (c *conn) read() error {
	inside := c.dec.Pending() > 0
	limits := &c.in.o.Timeouts
	deadline := time.Now().Add(limits.Idle)
	if inside {
		deadline = time.Now().Add(limits.Silence)
		if whole := c.began.Add(limits.Message); whole.Before(deadline) {
			deadline = whole
		}
	}
	if err := c.nc.SetReadDeadline(deadline); err != nil {
		return err
	}
	if c.in.draining.Load() { // after the deadline: wake sets another
		return errDraining
	}
	return c.receive.next(func(b []byte) {
		if !inside {
			c.began = time.Now()
		}
		c.dec.Feed(b)
	})
}

// wake ends a read that waits, so that the connection sees the shutdown.
func (c *conn) wake() { _ = c.nc.SetReadDeadline(time.Unix(1, 0)) }

// broken ends a connection that gave no further message: quietly between messages
// (TRN-063), with a fault inside one (E-01 to E-07).
func (c *conn) broken(ctx context.Context, err error) {
	log := c.in.log
	var e *wire.Error
	switch {
	case errors.As(err, &e):
	case c.dec.Pending() == 0:
		log.Debug("connection closed between messages", "conn", c.peer, "why", err)
		return
	case errors.Is(err, errDraining) || c.in.draining.Load():
		log.Debug("half a message dropped: shutting down", "conn", c.peer)
		return
	default:
		e = &wire.Error{Fault: fiscal.IncompleteBody, Offset: c.dec.Pending(), Expected: "the rest of the message", Got: reason(err)}
	}
	if c.in.frameFault(ctx, c, e) == thenHold {
		c.hold()
	}
}

func reason(err error) string {
	var timeout net.Error
	switch {
	case errors.Is(err, io.EOF):
		return "the end of the stream"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "silence"
	}
	return "a broken connection"
}

// write sends an answer within its limit. The error is for the log alone: what was
// stored stays, the register will come again.
func (c *conn) write(b []byte) error {
	if err := c.nc.SetWriteDeadline(time.Now().Add(c.in.o.Timeouts.Write)); err != nil {
		return err
	}
	_, err := c.nc.Write(b)
	return err
}

// hold keeps the connection open without an answer until the peer leaves or the
// limit passes. What still comes is thrown away.
func (c *conn) hold() {
	if c.nc.SetReadDeadline(time.Now().Add(c.in.o.Timeouts.Hold)) != nil || c.in.draining.Load() {
		return
	}
	_, _ = io.Copy(io.Discard, struct{ io.Reader }{c.nc}) // ends with the deadline or the peer
}
