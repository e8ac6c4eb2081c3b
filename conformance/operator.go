package conformance

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance/model"
)

// Operator is the operator that the harness plays for a register: it reads messages,
// judges them by the model and answers as a script says, else rightly.
type Operator struct {
	ofd    string
	master [32]byte
	now    func() time.Time
	right  func(*model.Message) []byte // the answer without a script

	mu     sync.Mutex
	ln     net.Listener
	addr   string
	conns  map[net.Conn]struct{}
	script []Reaction
	always *Reaction
	heard  []Heard
	dials  int
	news   chan struct{} // closed and replaced when something is heard
	wg     sync.WaitGroup
}

// Heard is a message that came, with what the model found wrong with it.
type Heard struct {
	*model.Message
	Problems []model.Problem
	Conn     int // which connection since the operator began, from 1
	Answer   []byte
	Note     string
	After    Ending        // how the register left the connection after the answer; empty while it stands
	Idle     time.Duration // of the connection, before the first byte
	Took     time.Duration // from the first byte to the last
	Early    bool          // the register shut its half before it was answered
}

// Reaction is what the operator does about one message. The zero value answers
// rightly at once and reads on.
type Reaction struct {
	Note  string        // for the record
	Delay time.Duration // before anything is sent
	// Answer makes the bytes to send; nil: a right confirmation.
	Answer func(*model.Message) []byte
	Silent bool          // nothing is sent, the connection stays
	Pace   time.Duration // between single bytes
	Cut    int           // only so many bytes are sent, then the connection is closed
	Then   After
}

// After is what the operator does with the connection after an answer.
type After uint8

// What follows an answer.
const (
	ThenListen After = iota
	ThenHalfClose
	ThenClose
	ThenReset
)

// startOperator listens on a free loopback port, or on addr.
func startOperator(ctx context.Context, addr, ofd string, master [32]byte, now func() time.Time) (*Operator, error) {
	o := &Operator{ofd: ofd, master: master, now: now, addr: addr, conns: map[net.Conn]struct{}{}, news: make(chan struct{})}
	o.right = func(m *model.Message) []byte {
		if !m.Whole() {
			return model.ServiceReply(m.Raw)
		}
		return model.Confirm(m, ofd, now()).Bytes()
	}
	return o, o.up(ctx)
}

// takenFor is how long an address that is taken is waited for: a connection that
// somebody made may have its port for a moment.
const takenFor, takenPause = 3 * time.Second, 20 * time.Millisecond

func (o *Operator) up(ctx context.Context) error {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", o.addr)
	for until := time.Now().Add(takenFor); errors.Is(err, syscall.EADDRINUSE) && time.Now().Before(until); ln, err = lc.Listen(ctx, "tcp", o.addr) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(takenPause):
		}
	}
	if err != nil {
		return err
	}
	o.mu.Lock()
	o.ln, o.addr = ln, ln.Addr().String()
	o.mu.Unlock()
	o.wg.Go(func() { o.accept(ln) })
	return nil
}

// Addr is where the register has to send.
func (o *Operator) Addr() string { return o.addr }

// Down closes the port and every connection: a register that calls is refused.
func (o *Operator) Down() {
	o.mu.Lock()
	if o.ln != nil {
		o.ln.Close()
		o.ln = nil
	}
	for c := range o.conns {
		c.Close()
	}
	o.mu.Unlock()
	o.wg.Wait()
}

// Up opens the port again.
func (o *Operator) Up(ctx context.Context) error { return o.up(ctx) }

// Next adds reactions to the script: one for each of the next messages.
func (o *Operator) Next(all ...Reaction) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.script = append(o.script, all...)
}

// Always sets the reaction to every message without one in the script; nil answers
// rightly.
func (o *Operator) Always(r *Reaction) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.always = r
}

// Heard are the messages so far, oldest first.
func (o *Operator) Heard() []Heard {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]Heard(nil), o.heard...)
}

// Dials counts the connections so far.
func (o *Operator) Dials() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.dials
}

// Await waits until n messages were heard in all, and reports whether they were.
func (o *Operator) Await(ctx context.Context, n int, limit time.Duration) bool {
	return o.until(ctx, limit, func() bool { return len(o.heard) >= n })
}

// AwaitDials waits until n connections were opened in all.
func (o *Operator) AwaitDials(ctx context.Context, n int, limit time.Duration) bool {
	return o.until(ctx, limit, func() bool { return o.dials >= n })
}

// AwaitLeft waits until the register has left the connection of message i.
func (o *Operator) AwaitLeft(ctx context.Context, i int, limit time.Duration) (Ending, bool) {
	ok := o.until(ctx, limit, func() bool { return i < len(o.heard) && o.heard[i].After != "" })
	if !ok {
		return Hung, false
	}
	return o.Heard()[i].After, true
}

func (o *Operator) until(ctx context.Context, limit time.Duration, done func() bool) bool {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for {
		o.mu.Lock()
		ok, news := done(), o.news
		o.mu.Unlock()
		if ok {
			return true
		}
		select {
		case <-news:
		case <-timer.C:
			return false
		case <-ctx.Done():
			return false
		}
	}
}

// tell wakes those who wait; the lock is held.
func (o *Operator) tell() {
	close(o.news)
	o.news = make(chan struct{})
}

func (o *Operator) accept(ln net.Listener) {
	for {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		o.mu.Lock()
		if o.ln != ln {
			o.mu.Unlock()
			c.Close()
			continue
		}
		o.dials++
		n := o.dials
		o.conns[c] = struct{}{}
		o.tell()
		o.mu.Unlock()
		o.wg.Go(func() {
			o.serve(c, n)
			c.Close()
			o.mu.Lock()
			delete(o.conns, c)
			o.mu.Unlock()
		})
	}
}

// serve reads messages until the register leaves or the script ends the connection.
func (o *Operator) serve(c net.Conn, n int) {
	last, ready := -1, time.Now()
	for {
		raw, began, err := readTimed(c)
		if err != nil {
			o.left(last, err)
			return
		}
		m, problems := model.ReadMessage(o.master, o.ofd, raw)
		o.mu.Lock()
		r := Reaction{}
		switch {
		case len(o.script) > 0:
			r, o.script = o.script[0], o.script[1:]
		case o.always != nil:
			r = *o.always
		}
		last = len(o.heard)
		o.heard = append(o.heard, Heard{Message: m, Problems: problems, Conn: n, Note: r.Note, Idle: began.Sub(ready), Took: time.Since(began)})
		o.tell()
		o.mu.Unlock()
		if !o.react(c, m, &r, last) {
			return
		}
		ready = time.Now()
	}
}

func (o *Operator) left(i int, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if i >= 0 && o.heard[i].After == "" {
		o.heard[i].After = ending(err)
		o.tell()
	}
}

// react does what the reaction says and reports whether reading goes on.
func (o *Operator) react(c net.Conn, m *model.Message, r *Reaction, i int) bool {
	if r.Delay > 0 {
		early := shut(c, r.Delay)
		o.mu.Lock()
		o.heard[i].Early = early
		o.mu.Unlock()
	}
	if r.Silent {
		return true
	}
	answer := r.Answer
	if answer == nil {
		answer = o.right
	}
	b := answer(m)
	o.mu.Lock()
	o.heard[i].Answer = b
	o.mu.Unlock()
	if r.Cut > 0 && r.Cut < len(b) {
		b = b[:r.Cut]
	}
	if !write(c, b, r.Pace) {
		return true // reading tells how the register left
	}
	switch tcp, _ := c.(*net.TCPConn); {
	case r.Cut > 0 || r.Then == ThenClose:
		return false
	case r.Then == ThenReset && tcp != nil:
		tcp.SetLinger(0)
		return false
	case r.Then == ThenHalfClose && tcp != nil:
		tcp.CloseWrite()
	}
	return true
}

func write(c net.Conn, b []byte, pace time.Duration) bool {
	if pace == 0 {
		_, err := c.Write(b)
		return err == nil
	}
	for i := range b {
		if _, err := c.Write(b[i : i+1]); err != nil {
			return false
		}
		time.Sleep(pace)
	}
	return true
}

// shut waits and reports whether the register ended its half meanwhile. What it sends
// besides is kept for the next reading by nobody: a register waits for its answer.
func shut(c net.Conn, wait time.Duration) bool {
	end := time.Now().Add(wait)
	_ = c.SetReadDeadline(end)
	_, err := c.Read(make([]byte, 1))
	_ = c.SetReadDeadline(time.Time{})
	time.Sleep(time.Until(end))
	return errors.Is(err, io.EOF)
}

// readMessage reads a session header and the body it announces.
func readMessage(c net.Conn) ([]byte, error) {
	raw, _, err := readTimed(c)
	return raw, err
}

// readTimed is readMessage that tells when the first
// byte came.
func readTimed(c net.Conn) (raw []byte, began time.Time, err error) {
	header := make([]byte, 30)
	if _, err := io.ReadFull(c, header[:1]); err != nil {
		return nil, began, err
	}
	began = time.Now()
	if _, err := io.ReadFull(c, header[1:]); err != nil {
		return nil, began, err
	}
	body := make([]byte, binary.LittleEndian.Uint16(header[24:]))
	if _, err := io.ReadFull(c, body); err != nil {
		return nil, began, err
	}
	return append(header, body...), began, nil
}

func (o *Operator) count() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.heard)
}

// exchanges are what was heard and answered, for the record.
func (o *Operator) exchanges() []Exchange {
	var all []Exchange
	for _, h := range o.Heard() {
		e := h.After
		switch e {
		case "":
			e = Answered
		case Reset: // a register that closes with bytes unread resets; how many it read before is chance
			e = Closed
		}
		all = append(all, Exchange{Sent: hex.EncodeToString(h.Answer), Received: hex.EncodeToString(h.Raw), Ending: e, Incoming: true, Note: h.Note})
	}
	return all
}
