package props

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"time"
)

// wiring is the line between a register and its operator, with its faults. It keeps
// what went over it. It is used by one goroutine at a time.
type wiring struct {
	addr  func() string // of the operator, which may come back elsewhere
	down  bool          // the operator cannot be reached
	lose  int           // so many answers are read and thrown away with the connection
	cut   int           // the next message breaks off after so many bytes; 0: none does
	twice bool          // each answer comes twice

	open  []net.Conn
	log   []passed
	acked []uint32 // documents whose confirmation the drive took, in order
}

// passed is a message that went whole and its answer; nil when none came.
type passed struct{ message, reply []byte }

var (
	errDown = errors.New("props: the operator cannot be reached")
	errCut  = errors.New("props: the line broke")
)

// answerLimit is how long an answer may take.
const answerLimit = 10 * time.Second

// dial is the register's dialer.
func (w *wiring) dial(ctx context.Context) (net.Conn, error) {
	if w.down {
		return nil, errDown
	}
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", w.addr())
	if err != nil {
		return nil, err
	}
	w.open = append(w.open, c)
	return &wired{Conn: c, w: w}, nil
}

// hangUp closes what the register left open.
func (w *wiring) hangUp() {
	for _, c := range w.open {
		_ = c.Close() // most are closed already
	}
	w.open = nil
}

// wired is a connection over the wiring. The register writes one whole message and
// then reads.
type wired struct {
	net.Conn
	w    *wiring
	rest []byte // of an answer, not read yet
}

// Write sends a message, or its beginning.
func (c *wired) Write(b []byte) (int, error) {
	if n := c.w.cut; n > 0 {
		c.w.cut = 0
		n = min(n, len(b)-1)
		_, _ = c.Conn.Write(b[:n])
		_ = c.Conn.Close()
		return n, errCut
	}
	n, err := c.Conn.Write(b)
	if err == nil {
		c.w.log = append(c.w.log, passed{message: append([]byte{}, b...)})
	}
	return n, err
}

// Read gives the answer, throws it away, or gives it twice.
func (c *wired) Read(b []byte) (int, error) {
	if len(c.rest) == 0 {
		reply, err := readMessage(c.Conn)
		if err != nil {
			return 0, err
		}
		if n := len(c.w.log); n > 0 {
			c.w.log[n-1].reply = reply
		}
		if c.w.lose > 0 {
			c.w.lose--
			_ = c.Conn.Close()
			return 0, io.EOF
		}
		if c.rest = reply; c.w.twice {
			c.rest = append(append([]byte{}, reply...), reply...)
		}
	}
	n := copy(b, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// readMessage reads a session header and the body it announces.
func readMessage(r io.Reader) ([]byte, error) {
	m := make([]byte, headerLen)
	if _, err := io.ReadFull(r, m); err != nil {
		return nil, err
	}
	body := make([]byte, binary.LittleEndian.Uint16(m[24:]))
	if _, err := io.ReadFull(r, body); err != nil {
		return nil, err
	}
	return append(m, body...), nil
}
