package fault

import (
	"context"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

const fn fiscal.FNNumber = "9999000000000001"

// message is a sound one with document 258 and the given CRC mode.
func message(mode wire.CRCMode) []byte {
	ch := wire.ContainerHeader{Form: fiscal.FormReceipt, FN: fn.BCD(), FD: 258, STLVSize: 8}
	c := ch.Append(nil)
	c = append(c, 3, 0, 4, 0, 1, 2, 3, 4)       // STLV
	c = append(c, 9, 9, 9, 9, 9, 9, 9, 9, 0, 0) // trailer
	wire.FinishContainer(c)
	h := wire.Request(fn, fiscal.FFD12)
	h.Flags = h.Flags.WithCRC(mode)
	return join(h, c)
}

// look says what a strict reader finds in a message.
func look(m []byte) (wire.Header, wire.Container, fiscal.Fault) {
	var d wire.Decoder
	d.Feed(m)
	got, err := d.Next()
	if err == nil && got == nil {
		err = d.Close()
	}
	var e *wire.Error
	if errors.As(err, &e) {
		return wire.Header{}, wire.Container{}, e.Fault
	}
	c, _, err := wire.ParseContainer(got.Body(), wire.Strict)
	errors.As(err, &e)
	if err != nil {
		return got.Header, c, e.Fault
	}
	return got.Header, c, fiscal.FaultNone
}

// Each way to spoil a message is found as that fault and no other, in every CRC
// mode of the session.
func TestEdits_SpoilOneThing(t *testing.T) {
	t.Parallel()
	for _, mode := range []wire.CRCMode{wire.CRCNone, wire.CRCHeader, wire.CRCWhole} {
		m := message(mode)
		before := string(m)
		for name, c := range map[string]struct {
			got  []byte
			want fiscal.Fault
		}{
			"sound":            {m, fiscal.FaultNone},
			"session CRC":      {BadCRC(m, "session"), fiscal.BadSessionCRC},
			"container CRC":    {BadCRC(m, "container"), fiscal.BadContainerCRC},
			"container length": {BadLength(m, "container", 1), fiscal.LengthMismatch},
			"session longer":   {BadLength(m, "session", 1), fiscal.IncompleteBody},
			"FD":               {WrongFD(m, 1), fiscal.FaultNone},
			"FD as text":       {TextFD(m), fiscal.FaultNone},
			"FN":               {WrongFN(m, "all", "9999000000000002"), fiscal.FaultNone},
			"sign":             {BadSign(m), fiscal.FaultNone},
		} {
			_, _, got := look(c.got)
			assert.Equal(t, c.want, got, "%s, mode %d", name, mode)
			assert.Equal(t, name == "sound", string(c.got) == before, name)
		}
		assert.Equal(t, before, string(m), "the message itself stays")
	}
}

func TestEdits_SayWhatTheyShould(t *testing.T) {
	t.Parallel()
	m := message(wire.CRCNone)
	_, c, _ := look(WrongFD(m, -259))
	assert.EqualValues(t, 0xFFFFFF, c.FD)
	_, c, _ = look(TextFD(m))
	assert.Equal(t, []byte("258"), c.Raw[wire.OffFD:wire.OffNonce])
	h, c, _ := look(WrongFN(m, "session", "9999000000000002"))
	assert.Equal(t, fiscal.FNNumber("9999000000000002").Padded(), h.FN)
	assert.Equal(t, fn.BCD(), c.FNBCD)
	h, c, _ = look(WrongFN(m, "container", "9999000000000002"))
	assert.Equal(t, fn.Padded(), h.FN)
	assert.Equal(t, fiscal.FNNumber("9999000000000002").BCD(), c.FNBCD)
	_, c, _ = look(BadSign(m))
	assert.Equal(t, byte(8), c.Raw[len(c.Raw)-wire.TrailerLen])
	assert.Equal(t, fiscal.FNNumber("9999000000000002"), OtherFN(fn, ""))
	assert.Equal(t, fiscal.FNNumber("9990"), OtherFN("9999", ""))
	assert.Equal(t, fiscal.FNNumber("1"), OtherFN("9999", "1"))
}

// Bytes of any length are spoiled or left, never a panic.
func TestEdits_AnyBytes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := rapid.SliceOfN(rapid.Byte(), 0, 120).Draw(t, "message")
		by := rapid.IntRange(-70000, 70000).Draw(t, "by")
		for _, out := range [][]byte{BadCRC(m, "session"), BadCRC(m, "container"), BadLength(m, "session", by), BadLength(m, "container", by),
			WrongFD(m, by), TextFD(m), WrongFN(m, "all", fn), BadSign(m)} {
			if len(out) != len(m) {
				t.Fatalf("%d bytes became %d", len(m), len(out))
			}
		}
	})
}

func TestDelivery_Bytes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		d    Delivery
		want string
	}{
		"whole":            {Delivery{}, "0123456789"},
		"dropped":          {Delivery{Drop: true}, ""},
		"twice":            {Delivery{Times: 2}, "01234567890123456789"},
		"first four":       {Delivery{Cut: true, Keep: 4}, "0123"},
		"all but three":    {Delivery{Cut: true, Keep: -3}, "0123456"},
		"never the whole":  {Delivery{Cut: true, Keep: 99}, "012345678"},
		"nothing":          {Delivery{Cut: true, Keep: -99}, ""},
		"nothing, said so": {Delivery{Cut: true}, ""},
	} {
		assert.Equal(t, c.want, string(c.d.Bytes([]byte("0123456789"))), name)
	}
}

// pair is a TCP connection over loopback.
func pair(t *testing.T) (near, far net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	near, err = net.Dial("tcp", ln.Addr().String())
	require.NoError(t, err)
	far, err = ln.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { _ = near.Close(); _ = far.Close() })
	require.NoError(t, far.SetDeadline(time.Now().Add(10*time.Second)))
	return near, far
}

// wrapped hides a connection behind another one, as a gate does.
type wrapped struct{ net.Conn }

func (w wrapped) NetConn() net.Conn { return w.Conn }

func TestDelivery_Ends(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		end  End
		want error
	}{"close": {Close, nil}, "half": {HalfEnd, nil}, "reset": {Reset, syscall.ECONNRESET}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			near, far := pair(t)
			d := Delivery{Cut: true, Keep: 3, End: c.end}
			require.NoError(t, d.Send(t.Context(), wrapped{near}, []byte("message"), time.Second))
			got, err := io.ReadAll(far)
			if c.want != nil {
				require.ErrorIs(t, err, c.want)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, "mes", string(got))
			if c.end == HalfEnd {
				_, err = far.Write([]byte("x"))
				require.NoError(t, err)
				_, err = io.ReadFull(near, make([]byte, 1))
				assert.NoError(t, err, "the other half is open")
			}
		})
	}
}

// written records each write: a reader that sleeps would find some together.
type written struct {
	net.Conn
	pieces []string
}

func (w *written) Write(b []byte) (int, error) {
	w.pieces = append(w.pieces, string(b))
	return w.Conn.Write(b)
}

func TestDelivery_SplitsAndWaits(t *testing.T) {
	t.Parallel()
	near, far := pair(t)
	begin, w := time.Now(), &written{Conn: near}
	d := Delivery{Delay: 20 * time.Millisecond, Size: 2, Pause: 20 * time.Millisecond, After: 1, Stall: 20 * time.Millisecond}
	require.NoError(t, d.Send(context.Background(), w, []byte("12345"), time.Second))
	assert.Equal(t, []string{"1", "23", "45"}, w.pieces)
	assert.GreaterOrEqual(t, time.Since(begin), 60*time.Millisecond)
	require.NoError(t, near.Close())
	got, err := io.ReadAll(far)
	require.NoError(t, err)
	assert.Equal(t, "12345", string(got))
}

func TestDelivery_EndsWithContext(t *testing.T) {
	t.Parallel()
	near, _ := pair(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, d := range []Delivery{{Delay: time.Hour}, {Size: 1, Pause: time.Hour}, {After: 1, Stall: time.Hour}} {
		assert.ErrorIs(t, d.Send(ctx, near, []byte("ab"), time.Second), context.Canceled)
	}
}
