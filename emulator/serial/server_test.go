package serial

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/fiscal/fiscaltest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// drive answers every command with its own data turned round and counts calls.
type drive struct {
	mu    sync.Mutex
	calls []byte
}

func (d *drive) Exec(cmd byte, data []byte) (fn.Answer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls = append(d.calls, cmd)
	switch cmd {
	case 0xEE:
		return fn.Answer{}, errors.New("drive is gone")
	case 0xEF:
		return fn.Answer{Data: make([]byte, MaxData+1)}, nil
	case 0xF0: // a fault switch of the drive itself
		return fn.Answer{Data: []byte{byte(len(d.calls))}, Line: fn.Line{BadCRC: true}}, nil
	case 0x82:
		return fn.Answer{Code: fn.WrongState, Warning: true}, nil
	}
	out := []byte{byte(len(d.calls))}
	for i := len(data) - 1; i >= 0; i-- {
		out = append(out, data[i])
	}
	return fn.Answer{Data: out}, nil
}

func (d *drive) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.calls)
}

// script damages answers in order; after its end nothing is damaged.
type script struct{ steps []Damage }

func (s *script) Damage(byte, bool) Damage {
	if len(s.steps) == 0 {
		return Damage{}
	}
	d := s.steps[0]
	s.steps = s.steps[1:]
	return d
}

// serve starts a server on a free port and returns its address.
func serve(t *testing.T, opt Options) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- NewServer(opt).Serve(ctx, ln) }()
	t.Cleanup(func() {
		cancel()
		assert.NoError(t, <-done)
	})
	return ln.Addr().String()
}

func dial(t *testing.T, addr string, opt ClientOptions) *Client {
	t.Helper()
	c, err := Dial(t.Context(), addr, opt)
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	return c
}

func TestServer_CarriesCommands(t *testing.T) {
	t.Parallel()
	d := &drive{}
	c := dial(t, serve(t, Options{Drive: d}), ClientOptions{})
	a, err := c.Exec(0x30, []byte{1, 2, 3})
	require.NoError(t, err)
	assert.Equal(t, fn.Answer{Data: []byte{1, 3, 2, 1}}, a)

	a, err = c.Exec(0x82, nil)
	require.NoError(t, err)
	assert.Equal(t, fn.WrongState, a.Code)
	assert.True(t, a.Warning, "bit 7 of the answer byte (fnc-23)")

	big := make([]byte, MaxData-1)
	a, err = c.Exec(0x07, big)
	require.NoError(t, err)
	assert.Len(t, a.Data, MaxData)

	for _, cmd := range []byte{0xEE, 0xEF} {
		a, err = c.Exec(cmd, nil)
		require.NoError(t, err)
		assert.Equal(t, fn.DriveError, a.Code)
	}
	_, err = c.Exec(0x07, make([]byte, MaxData+1))
	assert.Error(t, err)
}

// K-028, K-027: a damaged or missing answer is fetched by ENQ, the command runs once.
func TestClient_RepeatsByENQ(t *testing.T) {
	t.Parallel()
	cases := map[string][]Damage{
		"bad CRC":          {{BadCRC: true}},
		"bad LEN":          {{BadLength: true}},
		"silence":          {{Silence: true}},
		"late answer":      {{Delay: 150 * time.Millisecond}},
		"twice":            {{BadCRC: true}, {Silence: true}},
		"three times over": {{Silence: true}, {BadCRC: true}, {BadCRC: true}},
	}
	for name, steps := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := &drive{}
			c := dial(t, serve(t, Options{Drive: d, Faults: &script{steps}}), ClientOptions{Timeout: 100 * time.Millisecond, Settle: 100 * time.Millisecond})
			a, err := c.Exec(0x11, []byte{7})
			require.NoError(t, err)
			assert.Equal(t, []byte{1, 7}, a.Data)
			assert.Equal(t, 1, d.count())
			a, err = c.Exec(0x12, []byte{8})
			require.NoError(t, err)
			assert.Equal(t, []byte{2, 8}, a.Data, "the late or repeated answer is not taken for the next one")
		})
	}
}

// fn.md section 13: what the drive's own fault switches ask of the line happens once,
// ENQ gets the answer whole.
func TestServer_DamageAskedByTheDrive(t *testing.T) {
	t.Parallel()
	conn, err := net.Dial("tcp", serve(t, Options{Drive: &drive{}}))
	require.NoError(t, err)
	defer conn.Close()
	bad := raw(t, conn, fiscaltest.Hex(frame(t, 0xF0)).String(), 7)
	good := raw(t, conn, "05", 7)
	assert.Equal(t, good[:12], bad[:12])
	assert.NotEqual(t, good[12:], bad[12:])
}

func frame(t *testing.T, code byte) []byte {
	t.Helper()
	b, err := AppendFrame(nil, Frame{Code: code})
	require.NoError(t, err)
	return b
}

func TestClient_GivesUp(t *testing.T) {
	t.Parallel()
	silent := &script{make([]Damage, 100)}
	for i := range silent.steps {
		silent.steps[i].Silence = true
	}
	d := &drive{}
	c := dial(t, serve(t, Options{Drive: d, Faults: silent}), ClientOptions{Timeout: 20 * time.Millisecond, Repeats: 2})
	_, err := c.Exec(0x11, nil)
	require.ErrorIs(t, err, ErrNoAnswer)
	assert.Equal(t, 1, d.count())
}

// raw writes bytes and reads an answer of known length, or silence.
func raw(t *testing.T, conn net.Conn, in string, n int) string {
	t.Helper()
	b, err := hex.DecodeString(in)
	require.NoError(t, err)
	_, err = conn.Write(b)
	require.NoError(t, err)
	if n == 0 {
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(50*time.Millisecond)))
		_, err = conn.Read(make([]byte, 1))
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		return ""
	}
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(5*time.Second)))
	out := make([]byte, n)
	_, err = io.ReadFull(conn, out)
	require.NoError(t, err)
	return hex.EncodeToString(out)
}

// FN-040
func TestServer_DamagedCommand(t *testing.T) {
	t.Parallel()
	const badCRC, unknown = "04010030ffcc", "040100018deb" // fnf-01 with a wrong bit; fnc-22
	t.Run("answered 01h", func(t *testing.T) {
		t.Parallel()
		conn, err := net.Dial("tcp", serve(t, Options{Drive: &drive{}}))
		require.NoError(t, err)
		defer conn.Close()
		assert.Equal(t, unknown, raw(t, conn, badCRC, 6))
		assert.Equal(t, unknown, raw(t, conn, "040000", 6), "LEN 0")
		assert.Equal(t, unknown, raw(t, conn, "04ffff", 6), "LEN 65535")
	})
	t.Run("silent", func(t *testing.T) {
		t.Parallel()
		d := &drive{}
		conn, err := net.Dial("tcp", serve(t, Options{Drive: d, BadFrame: SilentBadFrame}))
		require.NoError(t, err)
		defer conn.Close()
		raw(t, conn, badCRC, 0)
		raw(t, conn, "05", 0) // ENQ before any answer
		assert.Zero(t, d.count())
	})
}

func TestServer_ENQRepeatsTheSameBytes(t *testing.T) {
	t.Parallel()
	d := &drive{}
	conn, err := net.Dial("tcp", serve(t, Options{Drive: d}))
	require.NoError(t, err)
	defer conn.Close()
	first := raw(t, conn, "04010030ffcd", 7)
	assert.Equal(t, first, raw(t, conn, "05", 7))
	assert.Equal(t, first, raw(t, conn, "05", 7))
	assert.Equal(t, 1, d.count())
}

func TestServer_SecondPeer(t *testing.T) {
	t.Parallel()
	t.Run("replaces", func(t *testing.T) {
		t.Parallel()
		addr := serve(t, Options{Drive: &drive{}})
		a, b := dial(t, addr, ClientOptions{}), dial(t, addr, ClientOptions{})
		_, err := b.Exec(0x30, nil)
		require.NoError(t, err)
		_, err = a.Exec(0x30, nil)
		assert.Error(t, err, "the first line is closed")
	})
	t.Run("is refused", func(t *testing.T) {
		t.Parallel()
		addr := serve(t, Options{Drive: &drive{}, Second: RefuseSecond})
		a := dial(t, addr, ClientOptions{})
		_, err := a.Exec(0x30, nil)
		require.NoError(t, err)
		b := dial(t, addr, ClientOptions{})
		_, err = b.Exec(0x30, nil)
		assert.Error(t, err)
		_, err = a.Exec(0x30, nil)
		assert.NoError(t, err, "the first line works on")
	})
}
