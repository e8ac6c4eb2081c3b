package conformance

import (
	"context"
	"encoding/hex"
	"io"
	"net"
	"sync"

	"github.com/fiscalbench/fiscalbench/conformance/model"
)

// Tap stands between a register and an operator and writes down what passes. It
// changes nothing unless it is told to.
type Tap struct {
	forward string

	mu     sync.Mutex
	ln     net.Listener
	addr   string
	conns  map[net.Conn]struct{}
	passed []*Passed
	spoil  []Spoil
	wg     sync.WaitGroup
}

// Passed is a message with its answer as they left their makers.
type Passed struct {
	Message []byte
	Answer  []byte // nil: none came
	Conn    int
	Note    string // what the tap did on purpose
}

// Spoil is what a tap does to one message on its way.
type Spoil struct {
	Note       string
	Message    func([]byte) []byte // changes the message before the operator gets it
	Answer     func([]byte) []byte // changes the answer before the register gets it
	DropAnswer bool                // the answer is lost and the connection with it
	Close      bool                // the connection is cut after the answer
}

// startTap listens on a free loopback port and passes everything on to forward.
func startTap(ctx context.Context, forward string) (*Tap, error) {
	t := &Tap{forward: forward, addr: "127.0.0.1:0", conns: map[net.Conn]struct{}{}}
	return t, t.Up(ctx)
}

// Addr is where the register has to send.
func (t *Tap) Addr() string { return t.addr }

// Up opens the port, again after Down.
func (t *Tap) Up(ctx context.Context) error {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", t.addr)
	if err != nil {
		return err
	}
	t.mu.Lock()
	t.ln, t.addr = ln, ln.Addr().String()
	t.mu.Unlock()
	t.wg.Go(func() { t.accept(ln) })
	return nil
}

// Down closes the port and every connection: the line is cut.
func (t *Tap) Down() {
	t.mu.Lock()
	if t.ln != nil {
		t.ln.Close()
		t.ln = nil
	}
	for c := range t.conns {
		c.Close()
	}
	t.mu.Unlock()
	t.wg.Wait()
}

// Next spoils the next message that passes.
func (t *Tap) Next(s Spoil) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.spoil = append(t.spoil, s)
}

// Passed is what passed so far, oldest first.
func (t *Tap) Passed() []Passed {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := make([]Passed, len(t.passed))
	for i, p := range t.passed {
		all[i] = *p
	}
	return all
}

func (t *Tap) accept(ln net.Listener) {
	for n := 1; ; n++ {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		t.mu.Lock()
		if t.ln != ln {
			t.mu.Unlock()
			c.Close()
			continue
		}
		t.conns[c] = struct{}{}
		t.mu.Unlock()
		t.wg.Go(func() {
			t.pass(c, n)
			c.Close()
			t.mu.Lock()
			delete(t.conns, c)
			t.mu.Unlock()
		})
	}
}

// pass carries messages one way and answers the other until an end leaves.
func (t *Tap) pass(register net.Conn, n int) {
	operator, err := net.Dial("tcp", t.forward)
	if err != nil {
		return
	}
	t.mu.Lock()
	t.conns[operator] = struct{}{}
	t.mu.Unlock()
	pending := make(chan flight, 64)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer register.Close()
		t.answers(operator, register, pending)
	}()
	t.messages(register, operator, pending, n)
	close(pending)
	if tcp, ok := operator.(*net.TCPConn); ok {
		tcp.CloseWrite()
	}
	<-done
	operator.Close()
	t.mu.Lock()
	delete(t.conns, operator)
	t.mu.Unlock()
}

// flight is a message on its way with what is to be done to it.
type flight struct {
	*Passed
	spoil Spoil
}

func (t *Tap) messages(from, to net.Conn, pending chan<- flight, n int) {
	for {
		raw, err := readMessage(from)
		if err != nil {
			return
		}
		f := flight{Passed: &Passed{Message: raw, Conn: n}}
		t.mu.Lock()
		if len(t.spoil) > 0 {
			f.spoil, t.spoil = t.spoil[0], t.spoil[1:]
			f.Note = f.spoil.Note
		}
		t.passed = append(t.passed, f.Passed)
		t.mu.Unlock()
		pending <- f
		out := raw
		if f.spoil.Message != nil {
			out = f.spoil.Message(append([]byte{}, raw...))
		}
		if _, err := to.Write(out); err != nil {
			return
		}
	}
}

func (t *Tap) answers(from, to net.Conn, pending <-chan flight) {
	for f := range pending {
		raw, err := readMessage(from)
		if err != nil {
			return
		}
		t.mu.Lock()
		f.Answer = raw
		t.mu.Unlock()
		if f.spoil.DropAnswer {
			return
		}
		out := raw
		if f.spoil.Answer != nil {
			out = f.spoil.Answer(append([]byte{}, raw...))
		}
		if _, err := to.Write(out); err != nil || f.spoil.Close {
			return
		}
	}
	_, _ = io.Copy(to, from) // what nobody asked for passes too
}

func (t *Tap) count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.passed)
}

// exchanges are what passed, for the record.
func (t *Tap) exchanges() []Exchange {
	var all []Exchange
	for _, p := range t.Passed() {
		e := Answered
		if p.Answer == nil {
			e = Closed
		}
		all = append(all, Exchange{Sent: hex.EncodeToString(p.Message), Received: hex.EncodeToString(p.Answer), Ending: e, Note: p.Note})
	}
	return all
}

// reader is the register that a message comes from, as far as its answer must fit it.
func reader(master [32]byte, m *model.Message, ofd string) *model.Register {
	return &model.Register{FN: m.FN, OFD: ofd, FFD: m.FFD, Keys: model.DeriveKeys(master, m.FN, ofd)}
}
