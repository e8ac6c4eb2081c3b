package server_test

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
	"github.com/fiscalbench/fiscalbench/server"
	"github.com/fiscalbench/fiscalbench/server/servertest"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// O-021, O-023: a shift on one connection, then messages written back to back.
func TestServer_OneConnectionInOrder(t *testing.T) {
	t.Parallel()
	b := start(t)
	r := servertest.NewRegister(1, fiscal.FFD105)
	c := b.dial()
	docs := []servertest.Doc{r.Registration(), r.OpenShift()}
	for range 10 {
		docs = append(docs, r.Receipt(100))
	}
	for _, d := range append(docs, r.CloseShift()) {
		a, err := c.Confirm(d)
		require.NoError(t, err)
		assert.True(t, a.Accepted())
	}
	docs = []servertest.Doc{r.OpenShift(), r.Receipt(1), r.Receipt(2), r.Receipt(3)}
	var all []byte
	for _, d := range docs {
		all = append(all, d.Message...)
	}
	_, err := c.Write(all)
	require.NoError(t, err)
	for _, d := range docs {
		m, err := c.Next()
		require.NoError(t, err)
		a, err := servertest.ReadAck(d, m)
		require.NoError(t, err)
		assert.True(t, a.Accepted())
	}
}

// O-109: segments of any size. O-110: the writing half shut after a message: answered,
// then closed. O-111: shut or broken inside a message: reset, nothing stored.
func TestServer_Segments(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1, 7, 29, 31} {
		b := start(t)
		d := servertest.NewRegister(size, fiscal.FFD105).Registration()
		c := b.dial()
		require.NoError(t, c.Conn.(*net.TCPConn).SetNoDelay(true))
		for rest := d.Message; len(rest) > 0; {
			n := min(size, len(rest))
			_, err := c.Write(rest[:n])
			require.NoError(t, err)
			rest = rest[n:]
		}
		require.NoError(t, c.Conn.(*net.TCPConn).CloseWrite())
		m, err := c.Next()
		require.NoError(t, err)
		_, err = servertest.ReadAck(d, m)
		require.NoError(t, err)
		_, err = c.Next()
		assert.ErrorIs(t, err, io.EOF)
	}
}

func TestServer_HalfMessages(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*net.TCPConn) error{
		"half-close": (*net.TCPConn).CloseWrite,
		"reset":      func(c *net.TCPConn) error { _ = c.SetLinger(0); return c.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := start(t)
			r := servertest.NewRegister(1, fiscal.FFD105)
			d := r.Registration()
			c := b.dial()
			_, err := c.Write(d.Message[:len(d.Message)/2])
			require.NoError(t, err)
			require.NoError(t, end(c.Conn.(*net.TCPConn)))
			if name == "half-close" {
				_, err = c.Next()
				assert.ErrorIs(t, err, io.EOF)
			}
			b.awaitFault("incomplete_body")
			_, err = b.store.Document(t.Context(), d.FN, d.FD)
			assert.ErrorIs(t, err, store.ErrNotFound)
			b.confirmed(d) // O-061
			assert.Empty(t, b.document(d).Findings)
		})
	}
}

// O-025: a message that awaits no answer is processed; asked for later, the
// confirmation is formed once and stays the same.
func TestServer_OneWay(t *testing.T) {
	t.Parallel()
	b := start(t)
	r := servertest.NewRegister(1, fiscal.FFD105)
	r.Flags = wire.FlagsOneWay
	d := r.Registration()
	c := b.dial()
	_, err := c.Write(d.Message)
	require.NoError(t, err)
	r.Flags = wire.FlagsContainer
	open := r.OpenShift()
	a, err := c.Confirm(open) // the first bytes that come back are of the second
	require.NoError(t, err)
	assert.True(t, a.Accepted())
	assert.Nil(t, b.document(d).Confirmation)
	m := r.Message(d.Container)
	first, again := b.exchange(m), b.exchange(m)
	require.NotNil(t, first)
	assert.Equal(t, first.Raw, again.Raw)
	ack, err := servertest.ReadAck(d, first)
	require.NoError(t, err)
	assert.True(t, ack.Accepted())
	assert.Equal(t, servertest.Clock, ack.At, "time of the first arrival")
}

// O-027: a receipt as long as the formats allow. O-106: a shift report longer than
// its form allows.
func TestServer_LongDocuments(t *testing.T) {
	t.Parallel()
	fill := func(r *servertest.Register, size int) func(b *tlv.Builder) {
		return func(b *tlv.Builder) { b.Raw(3000, make([]byte, size)) }
	}
	for _, profile := range []wire.Profile{wire.Strict, wire.Lenient} {
		t.Run(profile.String(), func(t *testing.T) {
			t.Parallel()
			b := start(t, func(o *server.Options) { o.Settings.Profile = profile })
			r := servertest.NewRegister(1, fiscal.FFD105)
			b.confirmed(r.Registration(), r.OpenShift())
			plain := len(r.Receipt(100).STLV)
			r.FD, r.Number = r.FD-1, r.Number-1
			full := r.Receipt(100, fill(r, wire.MaxSTLV+tlv.HeaderLen-plain-tlv.HeaderLen))
			require.Len(t, full.STLV, wire.MaxSTLV+tlv.HeaderLen)
			b.confirmed(full)

			r.Open = false
			long := r.CloseShift(fill(r, 5000))
			if profile == wire.Strict {
				assert.Nil(t, b.exchange(long.Message))
				b.awaitFault("oversize")
				return
			}
			a := b.ack(long)
			assert.Equal(t, 14, a.Code)
			assert.Contains(t, b.rules(long), "S-03")
		})
	}
}

// O-105, O-107, O-079: refused from the header, before any body.
func TestServer_RefusesFromHeader(t *testing.T) {
	t.Parallel()
	h := wire.Request("9999000000000001", fiscal.FFD105)
	for name, c := range map[string]struct {
		length uint16
		flags  wire.Flags
		fault  string
		body   int
	}{
		"body of 65535":                 {65535, wire.FlagsContainer, "oversize", 0},
		"body of 32815":                 {wire.MaxContainer + 1, wire.FlagsContainer, "oversize", 0},
		"body of 20":                    {20, wire.FlagsContainer, "truncated_container", 20},
		"empty body with container bit": {0, wire.FlagsContainer, "bad_flags", 0},
		"body without container bit":    {20, wire.FlagsService, "bad_flags", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := start(t)
			h := h
			h.BodyLen, h.Flags = c.length, c.flags
			var raw [wire.HeaderLen]byte
			h.Put(&raw)
			assert.Nil(t, b.exchange(append(raw[:], make([]byte, c.body)...)))
			b.awaitFault(c.fault)
		})
	}
}

// O-074: one wrong bit in a session check code of either mode.
func TestServer_RefusesSessionCRC(t *testing.T) {
	t.Parallel()
	for _, mode := range []wire.CRCMode{wire.CRCHeader, wire.CRCWhole} {
		b := start(t)
		r := servertest.NewRegister(1, fiscal.FFD105)
		r.Flags = wire.FlagsContainer.WithCRC(mode)
		d := r.Registration()
		m := append([]byte(nil), d.Message...)
		m[28] ^= 1
		assert.Nil(t, b.exchange(m))
		b.awaitFault("bad_session_crc")
		b.confirmed(d)
	}
}

// O-006: every P-version of the table whatever FFD is inside; the reply repeats it.
// TRN-012: two quirky ones in the lenient profile only. E-08 likewise.
func TestServer_Profiles(t *testing.T) {
	t.Parallel()
	for _, profile := range []wire.Profile{wire.Strict, wire.Lenient} {
		b := start(t, func(o *server.Options) { o.Settings.Profile = profile })
		for i, v := range []wire.PVersion{{0, 1}, {1, 0}, {0, 2}, {1, 5}, {1, 0x10}, {1, 0x20}, {1, 1}, {1, 2}} {
			d := servertest.NewRegister(i, fiscal.FFD105).Registration()
			m := append([]byte(nil), d.Message...)
			copy(m[6:], v[:])
			reply := b.exchange(m)
			if profile == wire.Strict && i >= 6 {
				assert.Nil(t, reply, "%x", v)
				continue
			}
			require.NotNil(t, reply, "%x", v)
			assert.Equal(t, v, reply.Header.PVersion)
			a, err := servertest.ReadAck(d, reply)
			require.NoError(t, err)
			assert.True(t, a.Accepted())
		}
		d := servertest.NewRegister(99, fiscal.FFD105).Registration()
		short := append([]byte(nil), d.Container...)
		short[0], short[1] = byte(len(short)-32), byte((len(short)-32)>>8)
		crc := fiscal.CRC16(short[:2], short[4:])
		short[2], short[3] = byte(crc), byte(crc>>8)
		reply := b.exchange(append(d.Message[:wire.HeaderLen:wire.HeaderLen], short...))
		assert.Equal(t, profile == wire.Lenient, reply != nil, "length of the data alone (E-08)")
	}
}

// O-008: a number of 15 digits, BCD ending in F, the session field padded.
func TestServer_ShortFNNumber(t *testing.T) {
	t.Parallel()
	b := start(t)
	r := servertest.NewRegister(1, fiscal.FFD105)
	r.FN = "999907891234567"
	d := r.Registration()
	reply := b.exchange(d.Message)
	require.NotNil(t, reply)
	a, err := servertest.ReadAck(d, reply)
	require.NoError(t, err)
	assert.True(t, a.Accepted())
	assert.Equal(t, "999907891234567 ", string(reply.Header.FN[:]))
	at, ok := tlv.Find(reply.Body()[wire.ContainerHeaderLen+tlv.HeaderLen:], ffd.TagFNNumber)
	require.True(t, ok)
	assert.Equal(t, "999907891234567 ", string(at))
}

// O-028: 1012 of the confirmation is the operator's UTC, that of the document the
// register's wall clock.
func TestServer_Times(t *testing.T) {
	t.Parallel()
	b := start(t)
	r := servertest.NewRegister(1, fiscal.FFD105)
	r.Time = servertest.Clock.Add(12 * time.Hour).Truncate(time.Minute)
	at := r.Time
	d := r.Registration()
	assert.Equal(t, servertest.Clock, b.ack(d).At)
	assert.Equal(t, at, b.document(d).DateTime)
	assert.Equal(t, servertest.Clock, b.document(d).ReceivedAt)
}

// O-102: the encryption bit cleared and the check code made right: the sign cannot be
// right, so reset and quarantine.
func TestServer_EncryptionBitCleared(t *testing.T) {
	t.Parallel()
	b := start(t)
	b.ack(vectorRegister(fiscal.FFD105).Registration())
	m := vector("tb-receipt-encrypted")
	body := m[wire.HeaderLen:]
	body[wire.OffService] &^= 1
	wire.FinishContainer(body)
	assert.Nil(t, b.exchange(m))
	held, err := b.store.Quarantines(t.Context(), "", store.Page{})
	require.NoError(t, err)
	require.Len(t, held, 1)
	assert.Equal(t, m, held[0].Message)
}
