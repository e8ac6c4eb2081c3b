package watch_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/conformance/model"
	"github.com/fiscalbench/fiscalbench/conformance/watch"
)

// ends are both ends of a connection through a watch.
func ends(t *testing.T) (w *watch.Watch, near, far *net.TCPConn, over func()) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { ln.Close() })
	w, addr, _, over := watching(t, watch.Options{Forward: ln.Addr().String()})
	a, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	b, err := ln.Accept()
	require.NoError(t, err)
	near, far = a.(*net.TCPConn), b.(*net.TCPConn)
	for _, c := range []*net.TCPConn{near, far} {
		require.NoError(t, c.SetDeadline(time.Now().Add(20*time.Second)))
		t.Cleanup(func() { c.Close() })
	}
	return w, near, far, over
}

func read(t *testing.T, c net.Conn, n int) []byte {
	t.Helper()
	b := make([]byte, n)
	_, err := io.ReadFull(c, b)
	require.NoError(t, err)
	return b
}

// Bytes of every kind pass unchanged both ways, a half that is shut is shut on the
// other side only, and what is still sent the other way arrives.
func TestRelay_HalfClose(t *testing.T) {
	t.Parallel()
	_, near, far, _ := ends(t)
	random := make([]byte, 3<<20)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range random {
		random[i] = byte(r.Uint32())
	}
	go func() { near.Write(random) }()
	assert.True(t, bytes.Equal(random, read(t, far, len(random))))
	require.NoError(t, near.CloseWrite())
	_, err := far.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
	go func() {
		far.Write(random)
		far.Close()
	}()
	assert.True(t, bytes.Equal(random, read(t, near, len(random))))
	_, err = near.Read(make([]byte, 1))
	assert.ErrorIs(t, err, io.EOF)
}

// A reset on one side is a reset on the other, whoever broke it.
func TestRelay_Reset(t *testing.T) {
	t.Parallel()
	for name, swap := range map[string]bool{"register": false, "operator": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, a, b, _ := ends(t)
			if swap {
				a, b = b, a
			}
			_, err := a.Write([]byte("to be read"))
			require.NoError(t, err)
			read(t, b, 10)
			require.NoError(t, a.SetLinger(0))
			require.NoError(t, a.Close())
			_, err = b.Read(make([]byte, 1))
			assert.True(t, errors.Is(err, syscall.ECONNRESET), "%v", err)
		})
	}
}

// A side that closed for good and is still written to answers with a reset: the
// writer learns it through the watch.
func TestRelay_WrittenToAfterTheEnd(t *testing.T) {
	t.Parallel()
	_, near, far, _ := ends(t)
	require.NoError(t, near.Close())
	_, err := far.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
	for err = nil; err == nil; { // until the end, or the deadline of the test
		_, err = far.Write(make([]byte, 1000))
	}
	assert.True(t, errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE), "%v", err)
}

// An operator that is not there looks like one that breaks off.
func TestRelay_NobodyThere(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	gone := ln.Addr().String()
	ln.Close()
	w, addr, _, over := watching(t, watch.Options{Forward: gone})
	require.Error(t, w.Reach(t.Context()))
	c, err := net.Dial("tcp", addr)
	if err == nil { // else the reset came before the connection was seen to stand
		defer c.Close()
		_, err = c.Read(make([]byte, 1))
	}
	require.Error(t, err)
	assert.True(t, errors.Is(err, syscall.ECONNRESET), "%v", err)
	over()
	assert.Equal(t, "unreachable", w.Results().Ended)
}

// What cannot be read is a finding with its bytes, passes on as it came, and the next
// connection is judged as ever.
func TestRelay_Garbage(t *testing.T) {
	t.Parallel()
	real, _ := ofd(t)
	w, addr, told, over := watching(t, watch.Options{Forward: real})
	c, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	rubbish := bytes.Repeat([]byte{0xEE, 1, 2, 3}, 300)
	_, err = c.Write(rubbish)
	require.NoError(t, err)
	b, err := io.ReadAll(c)
	assert.Empty(t, b)
	assert.True(t, err == nil || errors.Is(err, syscall.ECONNRESET), "%v", err)
	require.NoError(t, c.Close())
	long := append(model.SignatureOFD[:], 0x81, 0xA2, 1, 5)
	long = append(long, "9999000000000001\xff\xff\x14\x00\x00\x00"...)
	c, err = net.Dial("tcp", addr)
	require.NoError(t, err)
	_, err = c.Write(long)
	require.NoError(t, err)
	_, _ = io.ReadAll(c)
	require.NoError(t, c.Close())
	l := play(t, addr, small, 10*time.Second)
	require.NoError(t, l.err)
	over()
	require.Len(t, told.all, 2, "%v", told.lines())
	assert.Equal(t, "E-01", told.all[0].Requirement.ID)
	assert.Equal(t, 0, told.all[0].Offset)
	assert.Equal(t, rubbish, told.all[0].Bytes[:len(rubbish)])
	assert.Equal(t, "E-06", told.all[1].Requirement.ID)
	assert.Equal(t, 24, told.all[1].Offset)
	for _, id := range []string{"O-070", "O-105"} { // the operator did what it must
		held, broken := w.Counts(id, "*")
		assert.Equal(t, 1, held, id)
		assert.Zero(t, broken, id)
	}
	assert.Equal(t, l.Documents, w.Documents())
}

// A message about which the two sides are right although the register breaks a rule:
// the register is to blame, the operator says so.
func TestWatch_FormatControl(t *testing.T) {
	t.Parallel()
	real, _ := ofd(t)
	for name, forward := range map[string]string{"between": real, "operator": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, addr, told, over := watching(t, watch.Options{Forward: forward})
			c, err := net.Dial("tcp", addr)
			require.NoError(t, err)
			defer c.Close()
			reg := model.NewRegister(model.TestMasterKey(), "7704358518", uint64(len(name)), 2, time.Now())
			docs := []*model.Document{reg.Registration(), reg.OpenShift(), reg.Receipt(100),
				reg.Receipt(100).Set(model.VLN(1031, 99)), reg.Receipt(100).Del(1042), reg.Correction(100).Del(1174)}
			for i, d := range docs {
				_, err := c.Write(d.Bytes())
				require.NoError(t, err)
				head := read(t, c, 30)
				body := read(t, c, int(head[24])|int(head[25])<<8)
				ack, problems := model.ReadAck(reg, d.Bytes(), append(head, body...))
				assert.Empty(t, problems)
				assert.Equal(t, []int{0, 0, 0, 14, 14, 14}[i], ack.Code)
			}
			over()
			var ids []string
			for _, b := range told.all {
				ids = append(ids, b.Requirement.ID)
			}
			assert.ElementsMatch(t, []string{"M-03", "S-07", "R-14"}, ids, "%v", told.lines())
			held, _ := w.Counts("F-M-03", "*")
			assert.Equal(t, map[string]int{"between": 1, "operator": 0}[name], held)
		})
	}
}
