package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

// register sends the documents of one till, one after the other.
type register struct {
	run    *run
	till   *till
	signer sign.Signer // checks confirmations; nil: not asked for
	bcd    [8]byte

	built  []byte // messages made before the clock starts, one after the other
	ends   []int  // where each ends
	next   int
	buf    []byte // the message being sent, when it is made on the way
	fd     fiscal.FDNumber
	in     reader
	broken int // attempts in a row that failed

	mu   sync.Mutex // of conn: hurry is called by another goroutine
	conn net.Conn
}

// enrolment is how many documents a register sends before the clock starts:
// registration and opening of a shift.
const enrolment = 2

func newRegister(r *run, i int) (*register, error) {
	t, err := newTill(&r.o, r.signs, i)
	if err != nil {
		return nil, err
	}
	g := &register{run: r, till: t, bcd: t.fn.BCD()}
	if r.o.CheckSigns {
		g.signer = r.signs.Drive(t.fn, 0)
	}
	return g, nil
}

// build makes n messages before they are sent.
func (g *register) build(n int) error {
	for range n {
		start := len(g.built)
		var err error
		if g.built, err = g.till.message(g.built); err != nil {
			return err
		}
		g.ends = append(g.ends, len(g.built))
		if err := g.till.confirm(g.run.signs, g.built[start:], g.run.o.Now()); err != nil {
			return err
		}
	}
	return nil
}

// message is the next one to send.
func (g *register) message() (m []byte, err error) {
	if g.run.o.Prebuilt {
		start := 0
		if g.next > 0 {
			start = g.ends[g.next-1]
		}
		m = g.built[start:g.ends[g.next]]
		g.next++
	} else if m, err = g.till.message(g.buf[:0]); err != nil {
		return nil, err
	} else {
		g.buf = m
	}
	g.fd++
	return m, nil
}

// hand makes the next document and sends it until it is confirmed. A broken
// connection is opened anew and the same bytes are sent again, as registers do
// (TRN-060). ctx ends the trying.
func (g *register) hand(ctx context.Context, due time.Time) error {
	m, err := g.message()
	if err != nil {
		return err
	}
	first := time.Now()
	if due.IsZero() {
		due = first
	}
	for {
		code, err := g.exchange(ctx, m)
		if err == nil {
			g.broken = 0
			g.run.n.taken(due, first, time.Now(), code, len(m))
			return nil
		}
		g.disconnect()
		if ctx.Err() != nil {
			g.run.n.unconfirmed.Add(1)
			return ctx.Err()
		}
		var bad wrongError
		if errors.As(err, &bad) {
			g.run.n.wrong.Add(1)
		}
		g.run.n.failed(plain(err))
		g.run.o.Logger.Debug("no confirmation", "fn", string(g.till.fn), "fd", uint32(g.fd), "err", err)
		g.broken++
		if err := pause(ctx, backoff(g.broken)); err != nil {
			g.run.n.unconfirmed.Add(1)
			return err
		}
		g.run.n.repeats.Add(1)
	}
}

// exchange sends m and takes the confirmation.
func (g *register) exchange(ctx context.Context, m []byte) (code uint8, err error) {
	conn, err := g.connect(ctx)
	if err != nil {
		return 0, err
	}
	if g.run.o.OneConnection {
		defer g.disconnect()
	}
	if err := g.limit(conn); err != nil {
		return 0, err
	}
	if _, err := conn.Write(m); err != nil {
		return 0, err
	}
	container, err := g.in.read(conn, &g.till.header)
	if err != nil {
		return 0, err
	}
	code, err = confirmation(container, g.bcd, g.fd, g.run.o.OFD, g.signer)
	if err == nil && !g.run.o.Prebuilt {
		if _, err = g.till.drive.Ack(container); err != nil {
			err = wrong("refused by the drive: %w", err)
		}
	}
	return code, err
}

// connect is the open connection, or a new one.
func (g *register) connect(ctx context.Context) (net.Conn, error) {
	if g.conn != nil {
		return g.conn, nil
	}
	c, err := g.run.o.Dial(ctx)
	if err != nil {
		return nil, err
	}
	g.run.n.connects.Add(1)
	g.mu.Lock()
	g.conn = c
	g.mu.Unlock()
	return c, nil
}

// limit gives the exchange its time: that of an answer, less when all waiting ends
// before.
func (g *register) limit(c net.Conn) error {
	d := time.Now().Add(g.run.o.Answer)
	for {
		d = g.run.deadline(d)
		if err := c.SetDeadline(d); err != nil {
			return err
		}
		if g.run.deadline(d).Equal(d) { // the end was not moved meanwhile
			return nil
		}
	}
}

// hurry shortens the wait for the answer under way.
func (g *register) hurry(end time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.conn != nil {
		_ = g.conn.SetDeadline(end)
	}
}

func (g *register) disconnect() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.conn != nil {
		_ = g.conn.Close()
		g.conn = nil
	}
}

// First and longest pause before a document is sent again.
const firstPause, longestPause = 20 * time.Millisecond, 2 * time.Second

func backoff(attempt int) time.Duration {
	return min(firstPause<<min(attempt-1, 10), longestPause)
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// plain is the kind of an error, without addresses, to be counted by.
func plain(err error) string {
	var bad wrongError
	var wired *wire.Error
	var timeout net.Error
	var op *net.OpError
	var number syscall.Errno
	switch {
	case errors.As(err, &wired):
		return "wrong answer: " + wired.Fault.String()
	case errors.As(err, &bad):
		return "wrong answer: " + bad.Error()
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return "connection closed without an answer"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "no answer in time"
	case errors.As(err, &op) && errors.As(err, &number):
		return fmt.Sprintf("%s: %s", op.Op, number)
	}
	return err.Error()
}
