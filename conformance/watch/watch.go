package watch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance/model"
)

// Options of a watch. The zero value is an operator with the bench's public key.
type Options struct {
	Forward string   // "HOST:PORT" of the real operator; empty: the watch is the operator
	OFD     string   // INN of the operator; 7704358518 when empty
	Master  [32]byte // of the sign scheme; the bench's public key when zero
	NoSigns bool     // signs are not judged: drive and operator have keys of their own
	Strict  bool     // breaches of the bench's own decisions (TB) fail their requirement
	Now     func() time.Time
	Logger  *slog.Logger
	Traffic io.Writer               // gets every exchange as a line of JSON; nil: nobody
	Breach  func(Breach)            // told of each first breach, never twice at a time
	Event   func(kind, text string) // told of drives, and of an operator out of reach, as Breach is
	Passed  func()                  // called after something was judged, as Breach is
	Dial    time.Duration           // limit for reaching the real operator; 30 s when zero
}

func (o Options) withDefaults() Options {
	if o.OFD == "" {
		o.OFD = "7704358518"
	}
	if o.Master == [32]byte{} {
		o.Master = model.TestMasterKey()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Dial == 0 {
		o.Dial = 30 * time.Second
	}
	return o
}

func (o Options) breach(b Breach) {
	o.Logger.Info("broken", "case", b.Requirement.ID, "fn", b.FN, "fd", b.FD, "offset", b.Offset)
	if o.Breach != nil {
		o.Breach(b)
	}
}

func (o Options) event(kind, text string) {
	if o.Event != nil {
		o.Event(kind, text)
	}
}

func (o Options) passed() {
	if o.Passed != nil {
		o.Passed()
	}
}

// Watch is a place where a register talks and all that is judged there.
type Watch struct {
	o       Options
	judge   *judge
	log     *backlog
	began   time.Time
	next    atomic.Int64
	failing atomic.Bool // the last connection to the real operator could not be made

	mu    sync.Mutex
	conns map[net.Conn]struct{}
	over  bool
}

// New is a watch that nobody talks to yet.
func New(o Options) *Watch {
	o = o.withDefaults()
	return &Watch{o: o, judge: newJudge(o), log: newBacklog(), began: o.Now(), conns: map[net.Conn]struct{}{}}
}

// Reach opens and closes a connection to the real operator, which is legal
// (TRN-063); without one it does nothing.
func (w *Watch) Reach(ctx context.Context) error {
	if w.o.Forward == "" {
		return nil
	}
	c, err := w.dial(ctx)
	if err != nil {
		return err
	}
	return c.Close()
}

func (w *Watch) dial(ctx context.Context) (*net.TCPConn, error) {
	d := net.Dialer{Timeout: w.o.Dial}
	c, err := d.DialContext(ctx, "tcp", w.o.Forward)
	if err != nil {
		return nil, fmt.Errorf("watch: reaching the operator: %w", err)
	}
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return nil, errors.Join(errors.New("watch: the operator is not reached by TCP"), c.Close())
	}
	return tcp, nil
}

// Serve takes connections until the context ends, then ends those that are open.
func (w *Watch) Serve(ctx context.Context, ln net.Listener) error {
	var wg, behind sync.WaitGroup
	behind.Go(w.follow)
	stop := context.AfterFunc(ctx, func() {
		ln.Close()
		w.mu.Lock()
		defer w.mu.Unlock()
		w.over = true
		for c := range w.conns {
			c.Close()
		}
	})
	defer stop()
	defer func() {
		wg.Wait()
		w.log.close()
		behind.Wait()
	}()
	for {
		c, err := ln.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				c.Close()
			}
			return nil
		case err != nil:
			return fmt.Errorf("watch: taking a connection: %w", err)
		}
		tcp, ok := c.(*net.TCPConn)
		if !ok || !w.hold(tcp) {
			c.Close()
			continue
		}
		id := int(w.next.Add(1))
		wg.Go(func() {
			defer w.drop(tcp)
			if w.o.Forward == "" {
				w.operate(tcp, id)
				return
			}
			w.relay(ctx, tcp, id)
		})
	}
}

func (w *Watch) hold(c net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over {
		return false
	}
	w.conns[c] = struct{}{}
	return true
}

func (w *Watch) drop(c net.Conn) {
	c.Close()
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.conns, c)
}

// ending reports that the watch closes connections by itself.
func (w *Watch) ending() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.over
}

// Status is how things stand.
type Status struct {
	Drives    int // that sent a document
	Documents int // that passed, each counted once
	Messages  int
	Held      int // requirements that were seen and never broken
	Broken    int
}

// Status tells how things stand.
func (w *Watch) Status() Status {
	j := w.judge
	j.mu.Lock()
	defer j.mu.Unlock()
	s := Status{Drives: len(j.drives), Documents: j.documents, Messages: j.messages}
	for _, c := range j.tally.sums {
		switch {
		case c.broken > 0:
			s.Broken++
		case c.held > 0:
			s.Held++
		}
	}
	return s
}
