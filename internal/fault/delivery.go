package fault

import (
	"context"
	"errors"
	"net"
	"time"
)

// End is what becomes of a connection after a message.
type End uint8

// Ends.
const (
	Stay    End = iota // it serves on
	Wait               // it stays open and silent
	Close              // FIN
	Reset              // RST
	HalfEnd            // the writing half is shut
)

var endNames = map[string]End{"listen": Stay, "wait": Wait, "close": Close, "reset": Reset, "half-close": HalfEnd}

// EndOf is the value of a choice like "then".
func EndOf(text string) End { return endNames[text] }

// ErrInjected is the error of a step that a fault point ended.
var ErrInjected = errors.New("fault: injected")

// Delivery is how the bytes of one message go out. The zero value sends them whole
// and leaves the connection as it is.
type Delivery struct {
	Delay time.Duration // before the first byte
	Drop  bool          // nothing is sent
	Times int           // copies; 0: one

	Cut  bool
	Keep int // with Cut: bytes that are sent of the whole; negative: cut off its end

	Size  int           // of pieces in bytes; 0: the whole
	Pause time.Duration // between pieces
	After int           // bytes before one pause of Stall; 0: no such pause
	Stall time.Duration

	End End
}

// Bytes are those that will be sent of a message.
func (d *Delivery) Bytes(message []byte) []byte {
	if d.Drop {
		return nil
	}
	var all []byte
	for range max(d.Times, 1) {
		all = append(all, message...)
	}
	if !d.Cut {
		return all
	}
	keep := d.Keep
	if keep < 0 {
		keep += len(all)
	}
	return all[:max(0, min(keep, len(all)-1))]
}

// Send writes a message so and does to the connection what follows; with Wait and
// Stay that is nothing. Each write has limit. It ends early with ctx. The error of a
// connection that broke, or ctx's.
func (d *Delivery) Send(ctx context.Context, c net.Conn, message []byte, limit time.Duration) error {
	if err := Sleep(ctx, d.Delay); err != nil {
		return err
	}
	rest := d.Bytes(message)
	if d.After > 0 && d.After < len(rest) {
		if err := d.pieces(ctx, c, rest[:d.After], limit); err != nil {
			return err
		}
		if err := Sleep(ctx, d.Stall); err != nil {
			return err
		}
		rest = rest[d.After:]
	}
	if err := d.pieces(ctx, c, rest, limit); err != nil {
		return err
	}
	switch d.End {
	case Close:
		return c.Close()
	case Reset:
		return Abort(c)
	case HalfEnd:
		return HalfClose(c)
	}
	return nil
}

func (d *Delivery) pieces(ctx context.Context, c net.Conn, b []byte, limit time.Duration) error {
	size := d.Size
	if size == 0 {
		size = len(b)
	}
	for len(b) > 0 {
		n := min(size, len(b))
		if err := c.SetWriteDeadline(time.Now().Add(limit)); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil { // whoever ended ctx may have set a deadline before
			return err
		}
		if _, err := c.Write(b[:n]); err != nil {
			return err
		}
		if b = b[n:]; len(b) > 0 {
			if err := Sleep(ctx, d.Pause); err != nil {
				return err
			}
		}
	}
	return nil
}

// Sleep waits, at most until ctx ends, whose error it returns then.
func Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Abort ends a connection with RST where it can (TCP, or a wrapper that shows its
// NetConn), else by closing it.
func Abort(c net.Conn) error {
	if t, ok := inner(c).(interface{ SetLinger(int) error }); ok {
		_ = t.SetLinger(0)
	}
	return c.Close()
}

// HalfClose shuts the writing half where there is one.
func HalfClose(c net.Conn) error {
	if t, ok := inner(c).(interface{ CloseWrite() error }); ok {
		return t.CloseWrite()
	}
	return errors.New("fault: the connection has no writing half of its own")
}

func inner(c net.Conn) net.Conn {
	for {
		w, ok := c.(interface{ NetConn() net.Conn })
		if !ok {
			return c
		}
		c = w.NetConn()
	}
}
