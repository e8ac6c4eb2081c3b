package fn

import (
	"context"
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/fiscaltest"
	"github.com/fiscalbench/fiscalbench/fiscal/gost"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

func (r *testRig) bits() byte { return r.ok(CmdExchangeStatus)[0] }

// K-020, K-029: order of reading, oldest first, bits of 20h.
func TestDevice_GivesMessagesOldestFirst(t *testing.T) {
	t.Parallel()
	r := openRig(t, fiscal.FFD105)
	r.sell(1)
	assert.Equal(t, LinkMessage, r.bits())
	r.no(NoTransport, CmdBeginRead)
	r.no(NoTransport, CmdReadBlock, le16(0), le16(1))
	r.no(WrongState, CmdCancelRead)
	r.no(WrongState, CmdEndRead)
	r.no(BadCommand, CmdTransport, []byte{2})
	r.ok(CmdTransport, []byte{1})
	r.no(WrongState, CmdReadBlock, le16(0), le16(1)) // FN-043
	r.no(WrongState, CmdAck, make([]byte, 100))
	for fd := uint32(1); fd <= 3; fd++ {
		status := r.ok(CmdExchangeStatus)
		assert.Equal(t, LinkUp|LinkMessage, status[0])
		assert.Equal(t, 4-fd, uint32(binary.LittleEndian.Uint16(status[2:])))
		assert.Equal(t, fd, binary.LittleEndian.Uint32(status[4:]))
		assert.Equal(t, r.stamp(), status[8:])
		c := r.readMessage()
		assert.Equal(t, LinkUp|LinkAwaitsReply, r.bits())
		r.no(WrongState, CmdEndRead)
		assert.Equal(t, []byte{0}, r.ok(CmdAck, r.ack(c)))
		r.no(WrongState, CmdAck, r.ack(c))
	}
	assert.Equal(t, LinkUp, r.bits())
	r.no(NoData, CmdBeginRead)
}

func TestDevice_ReadsBlocks(t *testing.T) {
	t.Parallel()
	r := newRig(t, fiscal.FFD105)
	r.register(regFirst, 0)
	r.ok(CmdTransport, []byte{1})
	size := int(binary.LittleEndian.Uint16(r.ok(CmdBeginRead)))
	assert.Equal(t, byte(1), r.ok(CmdExchangeStatus)[1])
	whole := r.ofd.first().Container
	require.Len(t, whole, size)
	assert.Equal(t, whole[10:20], r.ok(CmdReadBlock, le16(10), le16(10)))
	assert.Equal(t, whole[size-3:], r.ok(CmdReadBlock, le16(uint16(size-3)), le16(100)), "fewer at the end")
	assert.Empty(t, r.ok(CmdReadBlock, le16(0), le16(0)))
	r.no(BadCommand, CmdReadBlock, le16(uint16(size)), le16(1))
	r.ok(CmdBeginRead) // FN-043: restarts
	r.ok(CmdCancelRead)
	assert.Equal(t, LinkUp|LinkMessage, r.bits())
	r.ok(CmdBeginRead)
	r.ok(CmdTransport, []byte{0}) // FN-042, K-066
	assert.Equal(t, LinkMessage, r.bits())
	r.no(NoTransport, CmdReadBlock, le16(0), le16(1))
	assert.Equal(t, whole, r.readMessage(), "the same bytes again (TRN-060)")
	blk := openRig(t, fiscal.FFD105)
	blk.ok(CmdBeginReceipt, blk.stamp())
	blk.ok(CmdData, fields(func(b *tlv.Builder) { b.Raw(ffd.TagUserPropertyValue, make([]byte, 5000)) }))
	blk.ok(CmdFormReceipt, blk.form16(1, 1))
	blk.deliver()
	blk.deliver()
	blk.ok(CmdBeginRead)
	assert.Len(t, blk.ok(CmdReadBlock, le16(0), le16(4000)), 1024, "a frame carries no more")
}

// FN-042, K-061, K-097: 300 s from the end of reading.
func TestDevice_OffersMessageAgainAfter300Seconds(t *testing.T) {
	t.Parallel()
	var power time.Duration
	r := newRig(t, fiscal.FFD105, func(o *Options) { o.PowerTimer = func() time.Duration { return power } })
	r.register(regFirst, 0)
	c := r.readMessage()
	power += 299 * time.Second
	assert.Equal(t, LinkUp|LinkAwaitsReply, r.bits())
	r.no(NoData, CmdBeginRead)
	power += time.Second
	assert.Equal(t, LinkUp|LinkMessage, r.bits())
	r.no(WrongState, CmdAck, r.ack(c))
	assert.Equal(t, c, r.readMessage())
	power += 299 * time.Second
	r.ok(CmdAck, r.ack(c))
	assert.Zero(t, r.unsent())
}

// forge changes a confirmation and signs it anew.
func (r *testRig) forge(request []byte, header func([]byte), body func(*tlv.Builder)) []byte {
	r.t.Helper()
	c, err := wire.ReadContainer(append([]byte{}, request...))
	require.NoError(r.t, err)
	if header != nil {
		header(c.Raw)
		c, err = wire.ReadContainer(c.Raw)
		require.NoError(r.t, err)
	}
	var b tlv.Builder
	b.STLV(tlv.Tag(fiscal.FormOperatorAck), body)
	stlv, err := b.Bytes()
	require.NoError(r.t, err)
	out, err := r.scheme.Confirm(context.Background(), sign.ConfirmRequest{FN: r.Number(), OFD: r.reg().OFD, Request: c, STLV: stlv})
	require.NoError(r.t, err)
	return out
}

// The reasons of refusal in their order (fn.md 9.1); a bad receipt costs nothing
// (transport.md 7.1, K-074).
func TestDevice_RefusesBadReceipts(t *testing.T) {
	t.Parallel()
	r := newRig(t, fiscal.FFD105)
	r.register(regFirst, 0)
	r.open()
	first := r.readMessage()
	good := r.ack(first)
	fn, inn := testNumber.Padded(), testOFD.Padded()
	std := func(change func(tags map[tlv.Tag][]byte)) func(*tlv.Builder) {
		tags := map[tlv.Tag][]byte{
			ffd.TagOFDINN: inn[:], ffd.TagFNNumber: append([]byte{}, fn[:]...), ffd.TagFDNumber: {1, 0, 0, 0}, ffd.TagDateTime: {1, 2, 3, 4},
		}
		if change != nil {
			change(tags)
		}
		return func(b *tlv.Builder) {
			for _, tag := range []tlv.Tag{ffd.TagOFDINN, ffd.TagFNNumber, ffd.TagFDNumber, ffd.TagDateTime} {
				if v, ok := tags[tag]; ok {
					b.Raw(tag, v)
				}
			}
		}
	}
	patched := func(at int, finish bool, v ...byte) []byte {
		b := append([]byte{}, good...)
		copy(b[at:], v)
		if finish {
			wire.FinishContainer(b)
		}
		return b
	}
	for _, c := range []struct {
		name   string
		ack    []byte
		reason byte
	}{
		{"nothing", nil, AckWrongLength},
		{"a piece of a header", good[:20], AckWrongLength},
		{"cut short (K-096)", good[:len(good)-1], AckWrongLength},
		{"with rubbish behind (K-099)", append(append([]byte{}, good...), 1, 2, 3), AckWrongLength},
		{"length field wrong", patched(0, false, 1, 1), AckWrongLength},
		{"CRC wrong (K-070)", patched(2, false, good[2]^1), AckBadCRC},
		{"a bit of the body turned, CRC not", patched(40, false, good[40]^1), AckBadCRC},
		{"type 00", patched(4, true, 0), AckBadFormat},
		{"version 11", patched(6, true, 0x11), AckBadFormat},
		{"form 3 in the header", patched(5, true, 3), AckBadFormat},
		{"another STLV", patched(32, true, 8), AckBadFormat},
		{"STLV runs past the end", patched(34, true, 0xFF, 0xFF), AckBadFormat},
		{"no 1041", patched(32+4+16, true, 0x12), AckBadFormat},
		{"1040 of two bytes", r.forge(first, nil, std(func(m map[tlv.Tag][]byte) { m[ffd.TagFDNumber] = []byte{1, 0} })), AckBadFormat},
		{"FN number in the header", r.forge(first, func(b []byte) { b[9] = 0x98 }, std(nil)), AckWrongFN},
		{"FN number in the document (K-071)", r.forge(first, nil, std(func(m map[tlv.Tag][]byte) { m[ffd.TagFNNumber][15] = '9' })), AckWrongFN},
		{"FD number of another document (K-080)", r.forge(first, func(b []byte) { b[19] = 2 }, std(func(m map[tlv.Tag][]byte) { m[ffd.TagFDNumber][0] = 2 })), AckWrongFD},
		{"FD number as text (K-081)", r.forge(first, func(b []byte) { copy(b[17:], "363") }, std(nil)), AckWrongFD},
		{"FD number in the document only", r.forge(first, nil, std(func(m map[tlv.Tag][]byte) { m[ffd.TagFDNumber][0] = 2 })), AckWrongFD},
		{"bytes 20–24 not copied (K-083)", r.forge(first, func(b []byte) { copy(b[20:], make([]byte, 5)) }, std(nil)), AckBadSign},
		{"ФПП changed (K-090)", patched(len(good)-3, true, good[len(good)-3]^1), AckBadSign},
		{"time changed, CRC right", patched(32+4+16+20+8+4, true, 0xEE), AckBadSign},
	} {
		a := r.Exec(CmdAck, c.ack)
		require.Equal(t, AckRefused, a.Code, "%s: %s", c.name, a.Why)
		assert.Equal(t, []byte{c.reason}, a.Data, "%s: %s", c.name, a.Why)
		assert.NotEmpty(t, a.Why)
		assert.Equal(t, 2, r.unsent())
		assert.Equal(t, LinkUp|LinkAwaitsReply, r.bits(), c.name)
	}
	// bytes after 24 not zero: error of the crypto block (transport.md 4.1)
	r.no(CryptoError, CmdAck, patched(25, true, 1))
	r.no(BadCommand, CmdAck, make([]byte, 1025)) // K-073
	r.ok(CmdAck, good)
	// FN-041, K-082: a good confirmation of the document before
	r.readMessage()
	a := r.no(AckRefused, CmdAck, good)
	assert.Equal(t, []byte{AckWrongFD}, a.Data)
	assert.Equal(t, 1, r.unsent())
}

// K-091: a drive cannot check ФПО; 41h gives the changed bytes. The message sign is
// made here from the key of the vectors.
func TestDevice_KeepsForeignFPO(t *testing.T) {
	t.Parallel()
	const number fiscal.FNNumber = "9999078900005488"
	r := newRig(t, fiscal.FFD105, func(o *Options) { o.Number = number })
	r.register(regFirst, 0)
	r.no(NoData, CmdFindAck, fdArg(1))
	r.no(NoData, CmdFindAck, fdArg(9))
	ack := r.ack(r.readMessage())
	stlv, trailer, err := wire.SplitPayload(ack[wire.ContainerHeaderLen:])
	require.NoError(t, err)
	fpo, ok := tlv.Find(stlv[tlv.HeaderLen:], ffd.TagFPO)
	require.True(t, ok)
	fpo[3] ^= 0x77
	wire.FinishContainer(ack)
	assert.Equal(t, []byte{AckBadSign}, r.no(AckRefused, CmdAck, ack).Data)
	mac := gost.NewKuznyechik([32]byte(fiscaltest.Protocol().KeysOf(number).Msg)).MAC(ack[4:32], stlv)
	copy(trailer[2:], mac[:6])
	wire.FinishContainer(ack)
	r.ok(CmdAck, ack)
	want := append(appendTime(nil, r.now.Unix()-3*hour), append(append([]byte{}, fpo...), 0, 0, 1, 0, 0, 0)...)
	assert.Equal(t, want, r.ok(CmdFindAck, fdArg(1)))
}

// K-023: codes 14, 11 and unknown ones are handed over, the document is delivered.
func TestDevice_HandsOverOperatorCode(t *testing.T) {
	t.Parallel()
	r := openRig(t, fiscal.FFD105)
	r.sell(1)
	for _, code := range []byte{14, 11, 99} {
		_, answer := r.deliver(func(b *tlv.Builder) {
			b.STLV(ffd.TagMessageToFN, func(b *tlv.Builder) { b.Byte(ffd.TagOFDResponseCode, code) })
		})
		assert.Equal(t, []byte{code}, answer)
	}
	assert.Zero(t, r.unsent())
}

// fiscal-sign.md 5.5: an encrypted drive.
func TestDevice_ExchangesEncrypted(t *testing.T) {
	t.Parallel()
	r := newRig(t, fiscal.FFD12)
	r.mode |= ModeEncryption
	r.register(regFirst, 0)
	r.open()
	raw := r.readMessage()
	c, err := wire.ReadContainer(raw)
	require.NoError(t, err)
	assert.True(t, c.Encrypted())
	good := r.ack(raw)
	// a header with other numbers cannot be decrypted: the number is the reason
	bad := append([]byte{}, good...)
	bad[19] = 7
	wire.FinishContainer(bad)
	assert.Equal(t, []byte{AckWrongFD}, r.no(AckRefused, CmdAck, bad).Data)
	bad = append([]byte{}, good...)
	bad[40] ^= 1
	wire.FinishContainer(bad)
	assert.Contains(t, []byte{AckBadSign, AckBadFormat, AckWrongFN}, r.no(AckRefused, CmdAck, bad).Data[0])
	r.ok(CmdAck, good)
	doc, _ := r.deliver()
	assert.Equal(t, fiscal.FormOpenShift, doc.Form)
}
