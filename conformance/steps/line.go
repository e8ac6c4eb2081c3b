package steps

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"

	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

// Exchange is one message and what came back, as the operator's end saw and said it.
// Message is what went out after the scenario's damage; Altered is what the register
// got when that differs from Reply.
type Exchange struct {
	Message []byte
	Reply   []byte // empty: the operator answered nothing
	Altered []byte
	Lost    bool // the register got nothing of the reply
	Closed  bool // the operator ended the connection without an answer
}

// line is what lies between a register and its operator: real connections that steps
// can cut and spoil. One scenario's links use it one after another.
type line struct {
	mu       sync.Mutex
	addr     string // of the operator in use
	down     bool   // connections are refused
	mute     bool   // messages go out, nothing comes back
	damage   func([]byte)
	spoiling func([]byte)
	lose     bool // the next reply
	breaks   bool // in the middle of the next message
	log      []Exchange
	reached  int // connections that were made
}

// set changes the line for what follows.
func (l *line) set(f func(*line)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f(l)
}

// exchanges is what passed so far.
func (l *line) exchanges() []Exchange {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]Exchange(nil), l.log...)
}

// dial connects to the operator in use.
func (l *line) dial(ctx context.Context) (net.Conn, error) {
	l.mu.Lock()
	addr, down := l.addr, l.down
	l.mu.Unlock()
	if down {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	l.set(func(l *line) { l.reached++ })
	return &wireConn{Conn: c, line: l}, nil
}

// wireConn is a connection over the line. The register writes whole messages and
// reads whole replies, so each Write begins an exchange.
type wireConn struct {
	net.Conn
	line  *line
	muted bool
	rest  []byte // of a reply not read yet
}

// Write sends a message with the damage that a step asked for.
func (c *wireConn) Write(b []byte) (int, error) {
	l := c.line
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down {
		_ = c.Conn.Close()
		return 0, &net.OpError{Op: "write", Net: "tcp", Err: syscall.EPIPE}
	}
	message := append([]byte(nil), b...)
	if l.damage != nil {
		l.damage(message)
		l.damage = nil
	}
	if c.muted = l.mute; c.muted {
		l.log = append(l.log, Exchange{Message: message, Lost: true})
		return len(b), nil
	}
	if l.breaks {
		l.breaks = false
		half := message[:len(message)/2]
		_, err := c.Conn.Write(half)
		l.log = append(l.log, Exchange{Message: half, Lost: true})
		return 0, errors.Join(err, c.Conn.Close(), &net.OpError{Op: "write", Net: "tcp", Err: syscall.ECONNRESET})
	}
	l.log = append(l.log, Exchange{Message: message})
	_, err := c.Conn.Write(message)
	return len(b), err
}

// Read gives the operator's reply, spoiled when a step asked for it.
func (c *wireConn) Read(b []byte) (int, error) {
	if c.muted { // the register's answer timer, without waiting for it
		return 0, os.ErrDeadlineExceeded
	}
	if len(c.rest) == 0 {
		if err := c.reply(); err != nil {
			return 0, err
		}
	}
	n := copy(b, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// reply reads one whole reply of the operator.
func (c *wireConn) reply() error {
	got, err := readReply(c.Conn)
	l := c.line
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.log) == 0 {
		return err
	}
	e := &l.log[len(l.log)-1]
	e.Reply = append(e.Reply, got...)
	if err != nil && len(got) == 0 {
		e.Closed = len(e.Reply) == 0 && !errors.Is(err, os.ErrDeadlineExceeded)
		return err
	}
	if l.lose {
		l.lose, e.Lost = false, true
		return errors.Join(c.Conn.Close(), io.EOF)
	}
	if l.spoiling != nil && len(got) > wire.HeaderLen+wire.ContainerHeaderLen {
		got = append([]byte(nil), got...)
		l.spoiling(got)
		l.spoiling, e.Altered = nil, got
	}
	c.rest = got
	return nil
}

// readReply reads a session header and the body it announces, or what there is.
func readReply(r io.Reader) ([]byte, error) {
	header := make([]byte, wire.HeaderLen)
	n, err := io.ReadFull(r, header)
	if err != nil {
		return header[:n], notMid(err)
	}
	body := make([]byte, binary.LittleEndian.Uint16(header[24:]))
	n, err = io.ReadFull(r, body)
	return append(header, body[:n]...), notMid(err)
}

// notMid is err as a connection would give it.
func notMid(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return io.EOF
	}
	return err
}

const containerCRC = wire.HeaderLen + wire.OffCRC

// finished is a change after which length and check code of the container are made
// right again.
func finished(change func(message []byte)) func([]byte) {
	return func(message []byte) {
		change(message)
		wire.FinishContainer(message[wire.HeaderLen:])
	}
}

// damages are what can be wrong with a message on its way out.
var damages = list[func([]byte)]{
	{[2]string{"a foreign signature", "чужой сигнатурой"}, func(m []byte) { m[0] ^= 0xFF }},
	{[2]string{"an unknown version of the session protocol", "неизвестной версией сеансового протокола"}, func(m []byte) { m[4] ^= 0xFF }},
	{[2]string{"forbidden flags", "запрещёнными флагами"}, func(m []byte) { m[26] |= 0x03 }},
	{[2]string{"a wrong CRC of the container", "неверной контрольной суммой контейнера"}, func(m []byte) { m[containerCRC] ^= 0x01 }},
	{[2]string{"a wrong length of the container", "неверной длиной контейнера"}, func(m []byte) { m[wire.HeaderLen+wire.OffLength]++ }},
	{[2]string{"a wrong message sign", "неверным фискальным признаком сообщения"}, finished(func(m []byte) { m[len(m)-wire.TrailerLen] ^= 0x01 })},
	{[2]string{"one changed bit under a right CRC", "одним изменённым битом при верной контрольной сумме"}, finished(func(m []byte) {
		m[wire.HeaderLen+wire.ContainerHeaderLen+len(m[wire.HeaderLen+wire.ContainerHeaderLen:])/2] ^= 0x10
	})},
	{[2]string{"the number of another drive in the container", "номером другого ФН в контейнере"}, finished(func(m []byte) { m[wire.HeaderLen+wire.OffFN+7] ^= 0x01 })},
	{[2]string{"the number of another document in the container", "номером другого документа в контейнере"}, finished(func(m []byte) { m[wire.HeaderLen+wire.OffFD+2] ^= 0x01 })},
}

// spoilings are what can be wrong with a confirmation on its way back.
var spoilings = list[func([]byte)]{
	{[2]string{"a foreign signature", "чужой сигнатурой"}, func(m []byte) { m[0] ^= 0xFF }},
	{[2]string{"a wrong CRC of the container", "неверной контрольной суммой контейнера"}, func(m []byte) { m[containerCRC] ^= 0x01 }},
	{[2]string{"a wrong sign", "неверным фискальным признаком"}, finished(func(m []byte) { m[len(m)-wire.TrailerLen] ^= 0x01 })},
	{[2]string{"the number of another drive", "номером другого ФН"}, func(m []byte) { m[21] ^= 0x01 }},
	{[2]string{"the number of another document", "номером другого документа"}, finished(func(m []byte) { m[wire.HeaderLen+wire.OffFD+2] ^= 0x01 })},
}
