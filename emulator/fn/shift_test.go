package fn

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

func TestDevice_NumbersShiftsAndReceipts(t *testing.T) {
	t.Parallel()
	r := newRig(t, fiscal.FFD105)
	r.register(regFirst, 0)
	assert.Equal(t, []byte{0, 0, 0, 0, 0}, r.ok(CmdShiftParams))
	for shift := byte(1); shift <= 2; shift++ {
		answer := r.open()
		assert.Equal(t, []byte{shift, 0}, answer[:2])
		assert.Equal(t, []byte{1, shift, 0, 0, 0}, r.ok(CmdShiftParams))
		r.no(WrongState, CmdBeginOpenShift, r.stamp())
		assert.Equal(t, []byte{1, 0}, r.sell(100)[:2])
		assert.Equal(t, []byte{2, 0}, r.correct(1, 100)[:2])
		r.state()
		assert.Equal(t, uint64(shift), r.document(r.lastFD()).Uint(ffd.TagShiftNumber), "Q-09")
		assert.Equal(t, []byte{shift, 0}, r.close()[:2])
		doc := r.document(r.lastFD())
		assert.Equal(t, uint64(2), doc.Uint(ffd.TagReceiptQuantity))
		assert.Equal(t, uint64(5), doc.Uint(ffd.TagDocumentsQuantity), "both reports and form 21 counted")
		assert.Equal(t, []byte{0, shift, 0, 2, 0}, r.ok(CmdShiftParams))
		r.no(WrongState, CmdBeginCloseShift, r.stamp())
		r.no(WrongState, CmdBeginReceipt, r.stamp())
		r.no(WrongState, CmdBeginCorrection, r.stamp()) // K-030
		r.state()
		assert.False(t, r.document(r.lastFD()).Has(ffd.TagShiftNumber))
	}
}

// The order of fn.md section 12 for each form.
func TestDevice_OrdersFields(t *testing.T) {
	t.Parallel()
	first := []tlv.Tag{1041, 1037, 1018, 1040, 1012, 1077}
	r := newRig(t, fiscal.FFD105)
	r.register(regFirst, 0)
	expect := func(tags ...tlv.Tag) {
		t.Helper()
		assert.Equal(t, append(append([]tlv.Tag{}, first...), tags...), tagsOf(r.document(r.lastFD())))
	}
	expect(1056, 1002, 1001, 1109, 1110, 1108, 1062, 1013, 1048, 1009, 1187, 1017, 1188, 1189, 1209)
	r.open()
	expect(1038, 1021)
	r.sell(12345)
	expect(1038, 1042, 1054, 1020, 1055, 1059, 1031, 1081, 1215, 1216, 1217, 1105)
	r.state()
	expect(1038, 1116, 1097, 1098)
	r.close()
	expect(1038, 1118, 1111, 1097, 1098)
	r.deliverAll()
	r.closeFN()
	expect(1038, 1048)
	doc := r.document(r.lastFD())
	assert.Equal(t, uint64(1), doc.Uint(ffd.TagShiftNumber), "the last shift")

	r = newRig(t, fiscal.FFD12)
	r.register(regFirst, 0)
	r.open()
	expect(1038, 1209, 1021, 1188, 1189)
	r.sell(12345)
	expect(1038, 1042, 1054, 1020, 1209, 1055, 1059, 1031, 1081, 1215, 1216, 1217, 1105)
	r.state()
	expect(1038, 1116, 1097, 1098, 1209, 1213, 1157, 1158)
	r.close()
	expect(1038, 1118, 1111, 1097, 1098, 1209, 1213, 1157, 1194)
	r.deliverAll()
	r.closeFN()
	expect(1038, 1209, 1157, 1048)
}

// K-010, K-011, FN-031, FN-033.
func TestDevice_RefusesReceiptsAfter24Hours(t *testing.T) {
	t.Parallel()
	r := newRig(t, fiscal.FFD105)
	r.register(regFirst, 0)
	r.open()
	r.later(24 * time.Hour)
	r.sell(100) // exactly 24 h 00 min
	r.ok(CmdBeginReceipt, r.stamp())
	r.later(time.Minute)
	r.no(ShiftTooLong, CmdFormReceipt, r.form16(1, 100)) // again at the end: FN-024
	r.ok(CmdCancel)
	r.no(ShiftTooLong, CmdBeginReceipt, r.stamp())
	r.no(ShiftTooLong, CmdBeginCorrection, r.stamp())
	r.state()
	r.close()
	r.open()
	r.sell(100)
}

// FN-030, K-012.
func TestDevice_RefusesTimeThatGoesBack(t *testing.T) {
	t.Parallel()
	r := newRig(t, fiscal.FFD105)
	r.register(regFirst, 0)
	back := func(d time.Duration) []byte { return appendTime(nil, r.now.Add(-d).Unix()) }
	r.no(WrongTime, CmdBeginOpenShift, back(2*time.Hour))
	r.no(WrongTime, CmdBeginOpenShift, back(time.Hour+time.Minute))
	r.ok(CmdBeginOpenShift, back(time.Hour)) // before registration
	r.ok(CmdOpenShift)
	r.sell(100)
	for _, cmd := range []byte{CmdBeginReceipt, CmdBeginCorrection, CmdBeginStateReport, CmdBeginCloseShift} {
		r.no(WrongTime, cmd, back(time.Minute))
	}
	r.ok(CmdBeginReceipt, r.stamp())
	r.no(WrongTime, CmdFormReceipt, appendU40(append(back(time.Minute), 1), 100))
	r.ok(CmdFormReceipt, r.form16(1, 100))
	r.close()
	r.no(WrongTime, CmdBeginOpenShift, back(61*time.Minute))
	r.ok(CmdBeginOpenShift, back(60*time.Minute)) // before closing
	r.ok(CmdCancel)
	r.state()
	r.no(WrongTime, CmdBeginOpenShift, back(time.Minute)) // no relief against another document
	rnm := testRNM.Padded()
	r.deliverAll()
	r.ok(CmdBeginCloseArchive)
	r.no(WrongTime, CmdCloseArchive, back(time.Minute), rnm[:])
	r.no(BadValue, CmdCloseArchive, r.stamp(), []byte("0000000000000000    "))
	r.ok(CmdCancel)
	p := r.registrationParams(regChange, 4)
	r.beginRegistration(regChange)
	copy(p, back(time.Minute))
	r.no(WrongTime, CmdFormRegistration, p)
}

// FN-032, K-015: the drive's timer runs while it is powered.
func TestDevice_ComparesClockWithTimer(t *testing.T) {
	t.Parallel()
	var power time.Duration
	r := newRig(t, fiscal.FFD105, func(o *Options) {
		o.PowerTimer = func() time.Duration { return power }
		o.Settings.FiveMinutes = true
	})
	r.register(regFirst, 0)
	r.open()
	r.sell(100)
	r.later(10 * time.Minute)
	r.no(TimeDifference, CmdBeginReceipt, r.stamp())
	r.no(TimeDifference, CmdBeginCorrection, r.stamp())
	power += 5 * time.Minute
	r.sell(100) // exactly five minutes of difference
	r.later(6 * time.Minute)
	r.no(TimeDifference, CmdBeginReceipt, r.stamp())
	r.PowerCut()
	r.sell(100) // nothing to measure from
	power += time.Hour
	r.no(TimeDifference, CmdBeginReceipt, r.stamp())
	r.later(time.Hour)
	r.sell(100)

	r = newRig(t, fiscal.FFD105, func(o *Options) { o.PowerTimer = func() time.Duration { return 0 } })
	r.register(regFirst, 0)
	r.open()
	r.later(time.Hour)
	r.sell(100) // the rule is off by default
}

// K-013, FN-034: power lost in the middle of a document.
func TestDevice_LosesUnfinishedDocumentWithPower(t *testing.T) {
	t.Parallel()
	r := newRig(t, fiscal.FFD105)
	r.register(regFirst, 0)
	r.ok(CmdBeginOpenShift, r.stamp())
	r.ok(CmdData, r.shiftData())
	assert.Equal(t, []byte{byte(kindOpening), 1, 0}, r.ok(CmdStatus)[1:4])
	r.PowerCut()
	assert.Equal(t, []byte{0, 0, 0}, r.ok(CmdStatus)[1:4])
	r.no(WrongState, CmdOpenShift)
	r.ok(CmdCancel)
	r.open()
	assert.Equal(t, uint32(2), r.lastFD())
	r.ok(CmdTransport, []byte{1})
	r.ok(CmdBeginRead)
	r.PowerCut()
	assert.Equal(t, []byte{LinkMessage, 0, 2, 0}, r.ok(CmdExchangeStatus)[:4])
	r.no(NoTransport, CmdReadBlock, le16(0), le16(10))
}

// TRN-080, O-014, K-024: bits 1, 6 and 7 of 1206 are collected between reports.
func TestDevice_CollectsOperatorMessages(t *testing.T) {
	t.Parallel()
	r := newRig(t, fiscal.FFD11)
	say := func(bits byte) func(*tlv.Builder) {
		return func(b *tlv.Builder) { b.Byte(ffd.TagOperatorMessage, bits) }
	}
	r.register(regFirst, 0)
	_, answer := r.deliver(say(0x02))
	assert.Equal(t, []byte{0, 0xB6, 0x04, 1, 0, 0x02}, answer)
	r.open()
	assert.Equal(t, uint64(0x02), r.document(2).Uint(ffd.TagOperatorMessage), "received before the opening")
	r.sell(1)
	r.deliver(say(0x40))
	r.deliver(say(0x9C)) // bits 2, 3, 4 are not collected
	r.close()
	assert.Equal(t, uint64(0xC0), r.document(4).Uint(ffd.TagOperatorMessage))
	r.open()
	assert.False(t, r.document(5).Has(ffd.TagOperatorMessage))

	old := newRig(t, fiscal.FFD105) // no 1206 in the documents of 1.05
	old.register(regFirst, 0)
	old.deliver(say(0x02))
	old.open()
	assert.False(t, old.document(2).Has(ffd.TagOperatorMessage))
}

// fn.md 3.1: 02h for the wrong end of a document, 06h.
func TestDevice_EndsOnlyWhatWasBegun(t *testing.T) {
	t.Parallel()
	r := newRig(t, fiscal.FFD105)
	r.register(regFirst, 0)
	r.open()
	finish := map[byte][]byte{
		CmdOpenShift: nil, CmdCloseShift: nil, CmdFormReceipt: r.form16(1, 1), CmdFormStateReport: nil,
		CmdCloseArchive: make([]byte, 25), CmdFormRegistration: make([]byte, regBase),
	}
	begin := map[byte]byte{CmdBeginReceipt: CmdFormReceipt, CmdBeginCorrection: CmdFormReceipt, CmdBeginCloseShift: CmdCloseShift, CmdBeginStateReport: CmdFormStateReport}
	for cmd, data := range finish {
		r.no(WrongState, cmd, data)
	}
	for start, end := range begin {
		r.ok(start, r.stamp())
		for cmd, data := range finish {
			if cmd != end {
				r.no(WrongState, cmd, data)
			}
		}
		for other := range begin {
			r.no(WrongState, other, r.stamp())
		}
		r.ok(CmdCancel)
		r.ok(CmdCancel) // nothing to cancel is fine
	}
	assert.Equal(t, uint32(2), r.lastFD())
}

// Form 21: fn.md 9.1, FN-002.
func TestDevice_ReportsState(t *testing.T) {
	t.Parallel()
	r := newRig(t, fiscal.FFD105)
	r.register(regFirst, 0)
	r.later(25 * time.Hour)
	r.state()
	doc := r.document(2)
	assert.Equal(t, uint64(1), doc.Uint(ffd.TagUnsentCount))
	assert.Equal(t, uint64(1), doc.Uint(ffd.TagUnsentFirstNumber))
	assert.Equal(t, uint64(startOfDay(r.now.Add(-25*time.Hour).Unix())), doc.Uint(ffd.TagUnsentFirstTime), "D-06")
	r.deliverAll()
	answer := r.state()
	assert.Equal(t, make([]byte, 7), answer[8:])
	assert.Zero(t, r.document(3).Uint(ffd.TagUnsentFirstTime))
	rec := r.ok(CmdFindDocument, binary.LittleEndian.AppendUint32(nil, 2))
	assert.Equal(t, append([]byte{1, 0, 0, 0}, appendTime(nil, r.now.Add(-25*time.Hour).Unix())...), rec[15:])
}
