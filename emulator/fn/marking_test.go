package fn

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

const testCode = "010460043993125621JgXJ5.T"

func markRig(t tester, change ...func(*Options)) *testRig {
	r := newRig(t, fiscal.FFD12, change...)
	r.ext = ExtMarking
	r.register(regFirst, 0)
	r.open()
	r.deliverAll()
	return r
}

func checkArg(kind byte, code string, offsets ...byte) []byte {
	return append(append([]byte{kind, byte(len(code))}, code...), offsets...)
}

func (r *testRig) requestArg() []byte {
	return join(r.stamp(), fields(func(b *tlv.Builder) {
		b.Byte(ffd.TagPlannedStatus, 1)
		b.Byte(ffd.TagMarkingCodeMode, 0)
	}))
}

// answer is a container of the marking operator.
func (r *testRig) answer(request []byte, form fiscal.Form, write func(*tlv.Builder)) []byte {
	r.t.Helper()
	c, _, err := wire.ParseContainer(request, wire.Strict)
	require.NoError(r.t, err)
	stlv := fields(func(b *tlv.Builder) { b.STLV(tlv.Tag(form), write) })
	out, err := r.scheme.Marking(r.Number()).Answer(c, form, stlv)
	require.NoError(r.t, err)
	return out
}

func (r *testRig) openMark(container []byte) *ffd.Document {
	r.t.Helper()
	c, _, err := wire.ParseContainer(container, wire.Strict)
	require.NoError(r.t, err)
	stlv, v, err := r.scheme.Marking(r.Number()).Open(c)
	require.NoError(r.t, err)
	require.Equal(r.t, sign.OK, v)
	doc, err := ffd.Decode(stlv)
	require.NoError(r.t, err)
	return doc
}

func item(code string) []byte {
	return fields(func(b *tlv.Builder) {
		b.STLV(ffd.TagMarkedItem, func(b *tlv.Builder) {
			b.Raw(ffd.TagMarkingCode, []byte(code))
			b.Byte(ffd.TagAssignedStatus, 1)
		})
	})
}

// checked takes a code through B1h and B2h.
func (r *testRig) checked(code string) {
	r.t.Helper()
	r.ok(CmdMarkingCheck, checkArg(4, code))
	r.ok(CmdMarkingKeep, []byte{1})
}

// K-110: B1h, B5h, exchange, B6h, B2h, receipt with its notification.
func TestDevice_ChecksMarkingCode(t *testing.T) {
	t.Parallel()
	r := markRig(t)
	state := func() []byte { return r.ok(CmdMarkingState) }
	assert.Equal(t, []byte{markNone, 0, 0b101, 0, 0, 0, 0, 0}, state())
	r.no(MarkingOrder, CmdMarkingKeep, []byte{1})
	r.no(MarkingOrder, CmdMarkingRequest, r.requestArg())
	r.no(MarkingOrder, CmdMarkingAnswer, make([]byte, 64))

	assert.Equal(t, []byte{3, 0}, r.ok(CmdMarkingCheck, checkArg(4, testCode)))
	assert.Equal(t, []byte{markChecked, 0, 0b1110, 0, 0, 0, 0, 0}, state())
	r.no(MarkingOrder, CmdMarkingCheck, checkArg(4, testCode))
	r.no(MarkingTags, CmdMarkingRequest, r.stamp(), fields(func(b *tlv.Builder) { b.Byte(ffd.TagPlannedStatus, 1) }))
	r.no(WrongTag, CmdMarkingRequest, r.requestArg(), fields(func(b *tlv.Builder) { b.Byte(ffd.TagTotalSum, 1) }))
	r.no(MarkingUnchecked, CmdMarkingRequest, r.requestArg(), item("another"))
	request := r.ok(CmdMarkingRequest, r.requestArg(), item(testCode))
	doc := r.openMark(request)
	assert.Equal(t, fiscal.FormMarkingRequest, doc.Form)
	assert.Equal(t, testCode, doc.Text(ffd.TagMarkingCode))
	assert.Equal(t, uint64(1), doc.Uint(ffd.TagMarkingRequestNumber))
	assert.Equal(t, uint64(3), doc.Uint(ffd.TagFNCheckResult))
	assert.False(t, doc.Has(ffd.TagMarkedItem))
	assert.Equal(t, markRequested, state()[0])

	reply := func(number uint32) func(*tlv.Builder) {
		return func(b *tlv.Builder) {
			b.Uint32(ffd.TagMarkingRequestNumber, number)
			b.Byte(ffd.TagRequestProcessingCode, 0)
			b.Byte(ffd.TagProductStatusAnswer, 1)
			b.Byte(ffd.TagRequestResults, 15)
		}
	}
	assert.Equal(t, []byte{AckWrongFD}, r.no(AckRefused, CmdMarkingAnswer, r.answer(request, 83, reply(2))).Data)
	assert.Equal(t, []byte{AckBadFormat}, r.no(AckRefused, CmdMarkingAnswer, r.answer(request, 84, reply(1))).Data)
	assert.Equal(t, []byte{AckBadFormat}, r.no(AckRefused, CmdMarkingAnswer, r.answer(request, 83, func(b *tlv.Builder) { b.Uint32(ffd.TagMarkingRequestNumber, 1) })).Data)
	broken := r.answer(request, 83, reply(1))
	broken[len(broken)-3] ^= 1
	wire.FinishContainer(broken)
	assert.Equal(t, []byte{AckBadSign}, r.no(AckRefused, CmdMarkingAnswer, broken).Data)
	got := r.ok(CmdMarkingAnswer, r.answer(request, 83, reply(1)))
	assert.Equal(t, byte(15), got[0], "2106")
	assert.Equal(t, markAnswered, state()[0])
	assert.Equal(t, []byte{15}, r.ok(CmdMarkingKeep, []byte{1}))
	assert.Equal(t, byte(1), state()[3])

	r.ok(CmdBeginReceipt, r.stamp())
	r.ok(CmdData, r.receiptData(100))
	r.no(MarkingUnchecked, CmdMarkingNotice, []byte{2}, item("another")) // K-111
	r.no(MarkingTags, CmdMarkingNotice, []byte{2}, fields(func(b *tlv.Builder) { b.STLV(ffd.TagMarkedItem, func(*tlv.Builder) {}) }))
	r.no(MarkingTags, CmdMarkingNotice, []byte{2})
	r.no(WrongTag, CmdMarkingNotice, []byte{2}, fields(func(b *tlv.Builder) { b.Byte(1, 1) }))
	r.no(WrongTag, CmdMarkingNotice, []byte{1}, fields(func(b *tlv.Builder) { b.Byte(ffd.TagTotalSum, 1) }))
	r.no(BadCommand, CmdMarkingNotice, []byte{4})
	r.no(MarkingOrder, CmdMarkingNotice, []byte{3})
	r.ok(CmdMarkingNotice, []byte{1}, fields(func(b *tlv.Builder) { b.Byte(ffd.TagTimeZone, 2) }))
	r.no(MarkingOrder, CmdFormReceipt, r.form16(1, 100))
	r.ok(CmdMarkingNotice, []byte{2}, item(testCode))
	r.ok(CmdMarkingNotice, []byte{3})
	r.no(MarkingOrder, CmdMarkingNotice, []byte{2}, item(testCode))
	assert.Equal(t, []byte{3, 0b101, 1, 1}, state()[1:5])
	r.ok(CmdFormReceipt, r.form16(1, 100))
	assert.False(t, r.document(r.lastFD()).Has(ffd.TagMarkedItem))
	assert.Equal(t, []byte{markNone, 0, 0b101, 0, 0, 0, 1, 0}, state(), "results are spent, one notification waits")
}

// K-113: without an answer the drive's own result counts.
func TestDevice_SellsWithoutMarkingAnswer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		kind   byte
		code   string
		offs   []byte
		answer []byte
		result byte
	}{
		{"checked by the drive", 2, testCode, nil, []byte{3, 0}, 3},
		{"not checkable", 1, testCode, nil, []byte{0, 1}, 0},
		{"bad parts 91/92", 4, testCode, []byte{200}, []byte{0, 3}, 0},
		{"negative", 4, testCode + "95", nil, []byte{1, 0}, 1},
	} {
		r := markRig(t)
		assert.Equal(t, c.answer, r.ok(CmdMarkingCheck, checkArg(c.kind, c.code, c.offs...)), c.name)
		r.ok(CmdMarkingRequest, r.requestArg())
		assert.Equal(t, []byte{c.result}, r.ok(CmdMarkingKeep, []byte{1}), c.name)
	}
	r := markRig(t)
	r.no(BadValue, CmdMarkingCheck, checkArg(6, testCode))
	r.no(BadCommand, CmdMarkingCheck, []byte{4, 20, 'x'})
	r.no(BadCommand, CmdMarkingCheck, []byte{4, 0})
	r.ok(CmdMarkingCheck, checkArg(4, testCode))
	r.no(BadCommand, CmdMarkingKeep, []byte{2})
	r.ok(CmdMarkingKeep, []byte{0})
	assert.Zero(t, r.ok(CmdMarkingState)[3])
	r.checked(testCode)
	r.ok(CmdMarkingClear)
	assert.Zero(t, r.ok(CmdMarkingState)[3])

	keyless := markRig(t, func(o *Options) {
		o.Signer = sign.NewTBGOST1(sign.TBGOST1Options{}).Drive(testNumber, 0)
	})
	assert.Equal(t, []byte{0, reasonNoKey}, keyless.ok(CmdMarkingCheck, checkArg(4, testCode)))
	keyless.no(CryptoError, CmdMarkingRequest, keyless.requestArg())

	auto := newRig(t, fiscal.FFD12)
	auto.ext, auto.mode = ExtMarking, ModeAutonomous|ModeServices
	auto.register(regFirst, 0)
	auto.open()
	auto.ok(CmdMarkingCheck, checkArg(4, testCode))
	auto.no(MarkingOrder, CmdMarkingRequest, auto.requestArg())
	assert.Equal(t, []byte{19}, auto.ok(CmdMarkingKeep, []byte{1}))
	auto.no(WrongState, CmdNoticeBeginRead)
}

// Codes 32h, 35h, 0Ah.
func TestDevice_RefusesMarking(t *testing.T) {
	t.Parallel()
	r := openRig(t, fiscal.FFD12)
	r.no(MarkingForbidden, CmdMarkingCheck, checkArg(4, testCode))
	assert.Equal(t, markBlocked, r.ok(CmdMarkingState)[0])
	r.ok(CmdBeginReceipt, r.stamp())
	r.no(MarkingForbidden, CmdData, item(testCode))
	r.no(MarkingForbidden, CmdMarkingNotice, []byte{2}, item(testCode))

	r = openRig(t, fiscal.FFD11)
	for _, cmd := range []byte{CmdMarkingState, CmdMarkingCheck, CmdNoticeStatus, CmdKeyRequest} {
		assert.Equal(t, NotForFFD, r.Exec(cmd, make([]byte, commands[cmd].min)).Code)
	}
	r = markRig(t, func(o *Options) { o.Settings.MarkingTable = 2 })
	r.checked(testCode + "1")
	r.checked(testCode + "2")
	r.no(MarkingTableFull, CmdMarkingCheck, checkArg(4, testCode))
	for _, cmd := range []byte{CmdExportBegin, CmdExportRead, CmdExportEnd, CmdExportConfirm} {
		r.no(BadCommand, cmd)
	}
}

// BAh–BFh; K-114: its own queue, read without 21h; flags into the closing report.
func TestDevice_SendsNotices(t *testing.T) {
	t.Parallel()
	r := markRig(t)
	r.checked(testCode)
	r.ok(CmdBeginReceipt, r.stamp())
	r.ok(CmdData, r.receiptData(100), item(testCode)) // 2007 among the data of the receipt
	assert.Equal(t, byte(1), r.ok(CmdStatus)[2])
	r.ok(CmdFormReceipt, r.form16(1, 100))
	receipt := r.lastFD()
	assert.False(t, r.document(receipt).Has(ffd.TagMarkedItem))

	status := r.ok(CmdNoticeStatus)
	assert.Equal(t, join([]byte{0, 1, 0, 1, 0, 0, 0}, r.stamp(), []byte{0}), status)
	r.state()
	assert.Equal(t, uint64(1), r.document(r.lastFD()).Uint(ffd.TagUnsentNotices))
	r.ok(CmdTransport, []byte{0})
	r.no(WrongState, CmdNoticeAck, make([]byte, 50))
	r.ok(CmdNoticeBeginRead)
	assert.Equal(t, byte(1), r.ok(CmdNoticeStatus)[0])
	r.ok(CmdNoticeCancelRead)
	container := r.read(CmdNoticeBeginRead, CmdNoticeReadBlock, CmdNoticeEndRead)
	assert.Equal(t, byte(2), r.ok(CmdNoticeStatus)[0])
	doc := r.openMark(container)
	assert.Equal(t, fiscal.FormMarkingNotice, doc.Form)
	assert.Equal(t, uint64(receipt), doc.Uint(ffd.TagNoticeFDNumber))
	assert.Equal(t, uint64(1), doc.Uint(ffd.TagMarkingNoticeNumber))
	assert.Equal(t, testCode, ffd.NodeText(doc.Field(ffd.TagMarkedItem).Child(ffd.TagMarkingCode)))
	answer := func(notice uint32) []byte {
		return r.answer(container, 84, func(b *tlv.Builder) {
			b.Uint32(ffd.TagMarkingNoticeNumber, notice)
			b.Byte(ffd.TagNoticeProcessingCode, 1)
			b.Byte(ffd.TagInvalidMarkingCodesSign, 4)
		})
	}
	assert.Equal(t, []byte{AckWrongFD}, r.no(AckRefused, CmdNoticeAck, answer(2)).Data)
	assert.Equal(t, []byte{1, 0x40, 0x08, 1, 0, 4}, r.ok(CmdNoticeAck, answer(1)))
	assert.Zero(t, binary.LittleEndian.Uint16(r.ok(CmdNoticeStatus)[1:]))
	r.no(NoData, CmdNoticeBeginRead)
	r.close()
	doc = r.document(r.lastFD())
	assert.Equal(t, uint64(4), doc.Uint(ffd.TagInvalidMarkingCodesSign))
	assert.Equal(t, uint64(2), doc.Uint(ffd.TagInvalidRequestsSign))
	r.open()
	r.close()
	assert.False(t, r.document(r.lastFD()).Has(ffd.TagInvalidRequestsSign), "told once")
}

// K-112: notifications unsent for 30 days stop marked goods only.
func TestDevice_BlocksMarkingAfter30Days(t *testing.T) {
	t.Parallel()
	r := markRig(t)
	r.checked(testCode)
	r.ok(CmdBeginReceipt, r.stamp())
	r.ok(CmdData, r.receiptData(100), item(testCode))
	r.ok(CmdFormReceipt, r.form16(1, 100))
	r.close()
	r.deliverAll()
	r.later(30 * 24 * time.Hour)
	r.open()
	r.no(MarkingBlocked, CmdMarkingCheck, checkArg(4, testCode))
	assert.Equal(t, markBlocked, r.ok(CmdMarkingState)[0])
	r.sell(100)
}

// K-115: update of keys with one repeat.
func TestDevice_UpdatesKeys(t *testing.T) {
	t.Parallel()
	r := markRig(t, func(o *Options) { o.Settings.KeyUpdateDays, o.Settings.KeyServiceURI = 20, "tcp://127.0.0.1:1" })
	assert.Equal(t, "tcp://127.0.0.1:1", string(r.ok(CmdKeyService, []byte{1})))
	assert.Equal(t, []byte{0}, r.ok(CmdKeyService, []byte{0}))
	r.no(BadCommand, CmdKeyService, []byte{2})
	r.no(WrongState, CmdKeyAnswer, make([]byte, 50))
	r.later(20 * 24 * time.Hour)
	r.ok(CmdDaysLeft, r.stamp())
	assert.Equal(t, []byte{1}, r.ok(CmdKeyService, []byte{0}))
	for _, c := range []struct {
		value []byte
		want  Code
	}{{[]byte{1}, RepeatKeyUpdate}, {[]byte{2}, KeyServiceNo}, {[]byte{9}, UnknownAnswer}, {nil, UnknownAnswer}, {[]byte{0}, Done}} {
		request := r.ok(CmdKeyRequest, r.stamp())
		a := r.Exec(CmdKeyAnswer, r.answer(request, 81, func(b *tlv.Builder) { b.Raw(ffd.TagRequestProcessingCode, c.value) }))
		assert.Equal(t, c.want, a.Code, a.Why)
	}
	assert.Equal(t, []byte{0}, r.ok(CmdKeyService, []byte{0}))
}
