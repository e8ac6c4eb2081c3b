package serial

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"github.com/fiscalbench/fiscalbench/emulator/fn"
)

// ErrNoAnswer means that the drive stayed silent through all repeats of ENQ.
var ErrNoAnswer = errors.New("serial: no answer of the drive")

// ClientOptions of a line to a drive.
type ClientOptions struct {
	Timeout time.Duration // for one answer; 2 s when zero
	Repeats int           // ENQ sent before giving up; 3 when zero, negative for none
	Settle  time.Duration // silence awaited after an exchange that needed ENQ; 50 ms when zero
}

// deadliner is a stream whose reading can be bounded in time.
type deadliner interface {
	io.ReadWriteCloser
	SetReadDeadline(time.Time) error
}

// Client is the register's end of a line; it is an fnport.Port. It is safe for
// concurrent use, commands go one at a time.
type Client struct {
	opt ClientOptions

	mu    sync.Mutex
	rw    deadliner
	stale bool // an answer given up on, or its repeat, may still arrive
	buf   [MaxFrame]byte
}

// Dial connects to a drive behind TCP.
func Dial(ctx context.Context, addr string, opt ClientOptions) (*Client, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("serial: connecting to the drive: %w", err)
	}
	return NewClient(conn, opt), nil
}

// Open reaches a drive behind a terminal device: a serial port at 115200 8N1, or the
// path that Server.ServePTY gave.
func Open(path string, opt ClientOptions) (*Client, error) {
	f, err := openTTY(path)
	if err != nil {
		return nil, err
	}
	return newClient(f, opt), nil
}

// NewClient uses a connection that is open already.
func NewClient(conn net.Conn, opt ClientOptions) *Client { return newClient(conn, opt) }

func newClient(rw deadliner, opt ClientOptions) *Client {
	if opt.Timeout == 0 {
		opt.Timeout = 2 * time.Second
	}
	if opt.Repeats == 0 {
		opt.Repeats = 3
	}
	if opt.Settle == 0 {
		opt.Settle = 50 * time.Millisecond
	}
	return &Client{opt: opt, rw: rw}
}

// Close ends the line.
func (c *Client) Close() error { return c.rw.Close() }

// Exec sends one command and waits for its answer. When none comes in time or it
// arrives damaged, ENQ asks for it again; the command itself is never sent twice
// (K-028). ErrNoAnswer means silence to the end.
func (c *Client) Exec(cmd byte, data []byte) (fn.Answer, error) {
	frame, err := AppendFrame(nil, Frame{Code: cmd, Data: data})
	if err != nil {
		return fn.Answer{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.settle(); err != nil {
		return fn.Answer{}, err
	}
	for try := 0; try <= max(c.opt.Repeats, 0); try++ {
		if _, err := c.rw.Write(frame); err != nil {
			return fn.Answer{}, fmt.Errorf("serial: sending command %02Xh: %w", cmd, err)
		}
		f, err := c.read()
		if err == nil {
			c.stale = c.stale || try > 0
			return fn.Answer{Code: fn.Code(f.Code & 0x7F), Warning: f.Code&0x80 != 0, Data: f.Data}, nil
		}
		if !errors.Is(err, errDamaged) && !errors.Is(err, os.ErrDeadlineExceeded) {
			return fn.Answer{}, fmt.Errorf("serial: reading the answer to %02Xh: %w", cmd, err)
		}
		c.stale = true
		frame = []byte{ENQ}
	}
	return fn.Answer{}, fmt.Errorf("%w to %02Xh after %d repeats", ErrNoAnswer, cmd, max(c.opt.Repeats, 0))
}

var errDamaged = errors.New("damaged answer")

// read waits for one good frame. A damaged one is reported so that ENQ goes out at
// once.
func (c *Client) read() (Frame, error) {
	if err := c.rw.SetReadDeadline(time.Now().Add(c.opt.Timeout)); err != nil {
		return Frame{}, err
	}
	d := Decoder{FrameTime: c.opt.Timeout}
	for {
		n, err := c.rw.Read(c.buf[:])
		for i, b := range c.buf[:n] {
			e, ok := d.Feed(b, time.Now())
			switch {
			case !ok || e.Kind == GotENQ:
			case e.Kind == GotFrame:
				c.stale = c.stale || i+1 < n
				return e.Frame, nil
			default:
				return Frame{}, errDamaged
			}
		}
		if err != nil {
			return Frame{}, err
		}
	}
}

// settle drops what a former exchange left on the line: a late answer must not be
// taken for that of the next command.
func (c *Client) settle() error {
	for c.stale {
		if err := c.rw.SetReadDeadline(time.Now().Add(c.opt.Settle)); err != nil {
			return fmt.Errorf("serial: clearing the line: %w", err)
		}
		_, err := c.rw.Read(c.buf[:])
		if errors.Is(err, os.ErrDeadlineExceeded) {
			c.stale = false
		} else if err != nil {
			return fmt.Errorf("serial: clearing the line: %w", err)
		}
	}
	return nil
}
