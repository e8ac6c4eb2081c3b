package link

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/fiscalbench/fiscalbench/emulator/fnport"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// operator accepts on 127.0.0.1:0 and plays one script for each connection, in
// order; the last one is repeated.
type operator struct {
	addr  string
	mu    sync.Mutex
	conns int
	got   []*wire.Message
}

type play func(t *testing.T, o *operator, c net.Conn)

func serve(t *testing.T, plays ...play) *operator {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	o := &operator{addr: ln.Addr().String()}
	var wg sync.WaitGroup
	t.Cleanup(func() { _ = ln.Close(); wg.Wait() })
	wg.Go(func() {
		for n := 0; ; n++ {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			o.mu.Lock()
			o.conns++
			o.mu.Unlock()
			wg.Go(func() {
				defer c.Close()
				plays[min(n, len(plays)-1)](t, o, c)
			})
		}
	})
	return o
}

// next reads one message; nil at the end of the stream.
func (o *operator) next(t *testing.T, c net.Conn) *wire.Message {
	var d wire.Decoder
	m, err := d.Read(c)
	if err != nil {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.got = append(o.got, m)
	return m
}

// fdOf is the document number that the test's drive put into every byte.
func fdOf(m *wire.Message) uint32 { return uint32(m.Body()[0]) }

func confirm(t *testing.T, o *operator, c net.Conn) {
	for {
		m := o.next(t, c)
		if m == nil {
			return
		}
		if _, err := c.Write(receipt(fdOf(m), 0)); err != nil {
			return
		}
	}
}

func drain(t *testing.T, l *Link) (int, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	return l.Drain(ctx)
}

// K-020, K-021, K-029, TRN-061.
func TestLink_SendsQueueOnOneConnection(t *testing.T) {
	t.Parallel()
	o, d, j := serve(t, confirm), newDrive(5), &journal{}
	l := newLink(t, d, Options{Addr: o.addr, KeepAlive: true, Observer: j.observe})
	sent, err := drain(t, l)
	require.NoError(t, err)
	assert.Equal(t, 5, sent)
	assert.Zero(t, d.left())
	require.NoError(t, l.Close())

	one := "22" + "2323" + "25" + "26"
	assert.Equal(t, "21"+one+one+one+one+one+"21", hexOf(d.log), "order of the drive's commands")
	assert.Equal(t, []bool{true, false}, d.transport)
	o.mu.Lock()
	defer o.mu.Unlock()
	assert.Equal(t, 1, o.conns)
	require.Len(t, o.got, 5)
	for i, m := range o.got {
		assert.Equal(t, uint32(i+1), fdOf(m), "oldest first")
		assert.Equal(t, wire.Flags(0x0014), m.Header.Flags)
		assert.Equal(t, wire.PVersion{0x01, 0x20}, m.Header.PVersion, "K-022: asked from the drive")
		assert.Equal(t, uint16(1500), m.Header.BodyLen)
		assert.Equal(t, newDrive(5).queue[i], m.Body(), "container untouched")
	}
	assert.Equal(t, o.got[0].Raw, j.of(Sent)[0].Data)
	assert.Equal(t, receipt(1, 0), j.of(Received)[0].Data)
}

// TRN-062.
func TestLink_OneConnectionForEach(t *testing.T) {
	t.Parallel()
	o, d := serve(t, confirm), newDrive(3)
	l := newLink(t, d, Options{Addr: o.addr})
	sent, err := drain(t, l)
	require.NoError(t, err)
	assert.Equal(t, 3, sent)
	assert.Equal(t, []bool{true, false, true, false, true, false}, d.transport)
	o.mu.Lock()
	defer o.mu.Unlock()
	assert.Equal(t, 3, o.conns)
}

// TRN-020: the header's check code in modes 1 and 2 is right for the operator's reader.
func TestLink_SessionCRC(t *testing.T) {
	t.Parallel()
	for _, mode := range []wire.CRCMode{wire.CRCHeader, wire.CRCWhole} {
		o, d := serve(t, confirm), newDrive(1)
		sent, err := drain(t, newLink(t, d, Options{Addr: o.addr, CRC: mode}))
		require.NoError(t, err)
		assert.Equal(t, 1, sent)
		assert.Equal(t, mode, o.got[0].Header.Flags.CRCMode())
	}
}

// K-060: connection refused; the queue stays, the drive is not told of a connection.
func TestLink_Refused(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := ln.Addr().String()
	require.NoError(t, ln.Close())
	d := newDrive(1)
	_, err = drain(t, newLink(t, d, Options{Addr: addr}))
	var e *Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, StageConnect, e.Stage)
	assert.ErrorIs(t, err, syscall.ECONNREFUSED)
	assert.Equal(t, fiscal.FDNumber(1), e.FD)
	assert.Empty(t, d.transport)
	assert.Equal(t, 1, d.left())
}

// K-061: no answer; the connection is closed, the drive told, and the next attempt
// sends the same bytes.
func TestLink_SilentThenAnswers(t *testing.T) {
	t.Parallel()
	silent := func(t *testing.T, o *operator, c net.Conn) {
		o.next(t, c)
		_, _ = io.Copy(io.Discard, c)
	}
	o, d := serve(t, silent, confirm), newDrive(1)
	l := newLink(t, d, Options{Addr: o.addr, Timers: Timers{Scale: 0.0005}}) // 300 s are 150 ms
	_, err := drain(t, l)
	require.ErrorIs(t, err, ErrNoReceipt)
	assert.Equal(t, []bool{true, false}, d.transport)
	sent, err := drain(t, l)
	require.NoError(t, err)
	assert.Equal(t, 1, sent)
	assert.Equal(t, o.got[0].Raw, o.got[1].Raw, "TRN-060")
}

// K-023: whatever code the operator answers, the document leaves the queue.
func TestLink_OperatorCodes(t *testing.T) {
	t.Parallel()
	codes := []byte{14, 11, 99}
	o := serve(t, func(t *testing.T, o *operator, c net.Conn) {
		for m := o.next(t, c); m != nil; m = o.next(t, c) {
			_, _ = c.Write(receipt(fdOf(m), codes[fdOf(m)-1]))
		}
	})
	d, j := newDrive(3), &journal{}
	sent, err := drain(t, newLink(t, d, Options{Addr: o.addr, KeepAlive: true, Observer: j.observe}))
	require.NoError(t, err)
	assert.Equal(t, 3, sent)
	for i, e := range j.of(Acknowledged) {
		assert.Equal(t, codes[i], e.Code)
	}
}

// K-098: the reply is taken although the operator shuts its writing half after it.
func TestLink_HalfCloseAfterReply(t *testing.T) {
	t.Parallel()
	o := serve(t, func(t *testing.T, o *operator, c net.Conn) {
		m := o.next(t, c)
		_, _ = c.Write(receipt(fdOf(m), 0))
		_ = c.(*net.TCPConn).CloseWrite()
		_, _ = io.Copy(io.Discard, c)
	})
	d := newDrive(3)
	sent, err := drain(t, newLink(t, d, Options{Addr: o.addr, KeepAlive: true, Timers: shortTimers}))
	require.NoError(t, err, "a kept connection that ended between documents is replaced at once")
	assert.Equal(t, 3, sent)
}

// K-099: a second reply glued to the first is not taken for the next document's.
func TestLink_TwoRepliesGlued(t *testing.T) {
	t.Parallel()
	o := serve(t, func(t *testing.T, o *operator, c net.Conn) {
		for m := o.next(t, c); m != nil; m = o.next(t, c) {
			_, _ = c.Write(append(receipt(fdOf(m), 0), "rubbish"...))
		}
	})
	d := newDrive(1)
	sent, err := drain(t, newLink(t, d, Options{Addr: o.addr, Timers: shortTimers}))
	require.NoError(t, err)
	assert.Equal(t, 1, sent)
}

// K-095: a reply in single bytes.
func TestLink_ByteByByte(t *testing.T) {
	t.Parallel()
	o := serve(t, func(t *testing.T, o *operator, c net.Conn) {
		m := o.next(t, c)
		for _, b := range receipt(fdOf(m), 0) {
			_, _ = c.Write([]byte{b})
		}
	})
	sent, err := drain(t, newLink(t, newDrive(1), Options{Addr: o.addr, Timers: shortTimers}))
	require.NoError(t, err)
	assert.Equal(t, 1, sent)
}

// The operator closed a kept connection while it was idle: the next document goes
// over a new one and nobody calls it a failure.
func TestLink_IdleConnectionClosedByOperator(t *testing.T) {
	t.Parallel()
	once := func(t *testing.T, o *operator, c net.Conn) {
		m := o.next(t, c)
		_, _ = c.Write(receipt(fdOf(m), 0))
	}
	o, d, j := serve(t, once), newDrive(1), &journal{}
	l := newLink(t, d, Options{Addr: o.addr, KeepAlive: true, Timers: shortTimers, Observer: j.observe})
	for fd := range byte(4) {
		sent, err := drain(t, l)
		require.NoError(t, err)
		assert.Equal(t, 1, sent)
		d.queue = append(d.queue, []byte{fd + 2, fd + 2})
	}
	assert.Empty(t, j.of(Failed))
}

// K-066: the link ends in the middle of an exchange; the drive learns of the break
// and the next reading starts from offset 0.
func TestLink_ContextEnds(t *testing.T) {
	t.Parallel()
	got := make(chan struct{})
	o := serve(t, func(t *testing.T, o *operator, c net.Conn) {
		o.next(t, c)
		close(got)
		_, _ = io.Copy(io.Discard, c)
	}, confirm)
	d := newDrive(1)
	l := newLink(t, d, Options{Addr: o.addr, KeepAlive: true})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-got; cancel() }()
	_, err := l.Drain(ctx)
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, []bool{true, false}, d.transport)
	sent, err := drain(t, l)
	require.NoError(t, err)
	assert.Equal(t, 1, sent)
}

// K-066: the line to the drive breaks in the middle of 23h: reading is cancelled
// (24h), the drive learns of the break (21h 0), nothing was sent, and the next
// reading starts from offset 0.
func TestLink_CutWhileReading(t *testing.T) {
	t.Parallel()
	o, d := serve(t, confirm), newDrive(1)
	d.cutAt = 1024
	l := newLink(t, d, Options{Addr: o.addr, KeepAlive: true})
	_, err := drain(t, l)
	require.ErrorIs(t, err, errCut)
	var e *Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, StageDrive, e.Stage)
	assert.Equal(t, "21"+"22"+"2323"+"24"+"21", hexOf(d.log))
	sent, err := drain(t, l)
	require.NoError(t, err)
	assert.Equal(t, 1, sent)
	assert.Len(t, o.got, 1)
	assert.Equal(t, newDrive(1).queue[0], o.got[0].Body())
}

func TestNew_Refuses(t *testing.T) {
	t.Parallel()
	_, err := New(Options{})
	assert.Error(t, err)
	_, err = New(Options{Driver: newLink(t, newDrive(0), Options{Addr: "x"}).opts.Driver})
	assert.Error(t, err)
	_, err = New(Options{Driver: newLink(t, newDrive(0), Options{Addr: "x"}).opts.Driver, Addr: "x", CRC: 3})
	assert.Error(t, err)
	assert.True(t, errors.Is(&Error{Stage: StageSend, Err: io.EOF}, io.EOF))
}

// BenchmarkDrain measures one kept-alive exchange over loopback, both ends.
func BenchmarkDrain(b *testing.B) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	defer ln.Close()
	go func() {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		var d wire.Decoder
		for {
			m, err := d.Read(c)
			if err != nil {
				return
			}
			if _, err := c.Write(receipt(binary.LittleEndian.Uint32(m.Body()), 0)); err != nil {
				return
			}
		}
	}()
	d := newDrive(0)
	l, err := New(Options{Driver: fnport.New(d), Addr: ln.Addr().String(), KeepAlive: true})
	require.NoError(b, err)
	defer l.Close()
	b.ReportAllocs()
	for b.Loop() {
		d.queue = append(d.queue[:0], binary.LittleEndian.AppendUint32(nil, d.first))
		d.log = d.log[:0]
		if _, err := l.Drain(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
