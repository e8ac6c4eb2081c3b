package link

import (
	"encoding/binary"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

// Wrong receipts are dropped or refused by the drive, and the right one that
// follows on the same connection is taken (K-071, K-074, K-080).
func TestLink_BadThenGoodReceipt(t *testing.T) {
	t.Parallel()
	otherFN := wire.Request("9999000000000002", fiscal.FFD12)
	marking := markingHeader(testFN)
	for name, c := range map[string]struct {
		bad   []byte
		toFN  bool // the drive saw it
		event string
	}{
		"another document":   {receipt(7, 0), true, "refused by the drive"},
		"another FN":         {reply(otherFN, 1, 0), false, "dropped"},
		"marking signature":  {reply(marking, 1, 0), false, "dropped"},
		"header only":        {mustMessage(wire.Reply(wire.Probe(testFN, fiscal.FFD12), wire.CRCNone)), false, "dropped"},
		"CRC mode 2 (K-072)": {mustCRC(receipt(7, 0)), true, "refused by the drive"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := serve(t, func(t *testing.T, o *operator, conn net.Conn) {
				o.next(t, conn)
				_, _ = conn.Write(c.bad)
				_, _ = conn.Write(receipt(1, 0))
				_, _ = io.Copy(io.Discard, conn)
			})
			d, j := newDrive(1), &journal{}
			sent, err := drain(t, newLink(t, d, Options{Addr: o.addr, Timers: shortTimers, Observer: j.observe}))
			require.NoError(t, err)
			assert.Equal(t, 1, sent)
			require.Len(t, j.of(Dropped), 1)
			assert.Equal(t, c.bad, j.of(Dropped)[0].Data)
			acks := 0
			for _, cmd := range d.log {
				if cmd == 0x26 {
					acks++
				}
			}
			assert.Equal(t, c.toFN, acks == 2)
			assert.Equal(t, 1, o.conns)
		})
	}
}

func mustMessage(h wire.Header) []byte {
	m, err := wire.AppendMessage(nil, h, nil)
	if err != nil {
		panic(err)
	}
	return m
}

// mustCRC rewrites a message with the check code of mode 2.
func mustCRC(message []byte) []byte {
	h := wire.Request(testFN, fiscal.FFD12)
	h.Flags = h.Flags.WithCRC(wire.CRCWhole)
	m, err := wire.AppendMessage(nil, h, message[wire.HeaderLen:])
	if err != nil {
		panic(err)
	}
	return m
}

// Streams that are no receipt end the attempt; the next one works.
func TestLink_BrokenReplies(t *testing.T) {
	t.Parallel()
	oversize := receipt(1, 0)
	binary.LittleEndian.PutUint16(oversize[24:], 1025)
	badCRC := mustCRC(receipt(1, 0))
	badCRC[28] ^= 1
	for name, c := range map[string]struct {
		reply []byte
		half  bool // close the writing half only
		fault fiscal.Fault
	}{
		"garbage (K-100)":             {reply: make([]byte, 64<<10), fault: fiscal.BadSessionSignature},
		"1025 bytes of body (K-073)":  {reply: oversize, fault: fiscal.Oversize},
		"session CRC":                 {reply: badCRC, fault: fiscal.BadSessionCRC},
		"cut after 20 bytes (K-096)":  {reply: receipt(1, 0)[:20], fault: fiscal.IncompleteBody},
		"cut in the body":             {reply: receipt(1, 0)[:60], fault: fiscal.IncompleteBody},
		"closed at once":              {},
		"half-closed without a reply": {half: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := serve(t, func(t *testing.T, o *operator, conn net.Conn) {
				o.next(t, conn)
				_, _ = conn.Write(c.reply)
				if c.half {
					_ = conn.(*net.TCPConn).CloseWrite()
					_, _ = io.Copy(io.Discard, conn)
				}
			}, confirm)
			d := newDrive(1)
			l := newLink(t, d, Options{Addr: o.addr, KeepAlive: true, Timers: shortTimers})
			_, err := drain(t, l)
			require.Error(t, err)
			if c.fault != fiscal.FaultNone {
				var e *wire.Error
				require.ErrorAs(t, err, &e)
				assert.Equal(t, c.fault, e.Fault)
			} else {
				assert.ErrorIs(t, err, errUnanswered)
			}
			assert.Equal(t, 1, d.left(), "the document stays")
			assert.Equal(t, []bool{true, false}, d.transport)
			sent, err := drain(t, l)
			require.NoError(t, err)
			assert.Equal(t, 1, sent)
		})
	}
}
