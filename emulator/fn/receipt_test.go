package fn

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

func openRig(t tester, v fiscal.FFD, change ...func(*Options)) *testRig {
	r := newRig(t, v, change...)
	r.register(regFirst, 0)
	r.open()
	return r
}

func TestDevice_ChecksReceiptParameters(t *testing.T) {
	t.Parallel()
	r := openRig(t, fiscal.FFD105)
	r.no(WrongTime, CmdBeginReceipt, []byte{26, 2, 30, 1, 1})
	r.no(BadCommand, CmdBeginReceipt, []byte{26, 2})
	r.ok(CmdBeginReceipt, r.stamp())
	r.no(BadValue, CmdFormReceipt, r.form16(0, 1))
	r.no(BadValue, CmdFormReceipt, r.form16(5, 1))
	r.no(BadCommand, CmdFormReceipt, r.form16(1, 1)[:10])
	r.ok(CmdFormReceipt, r.form16(4, 1<<40-1))
	doc := r.document(3)
	assert.Equal(t, uint64(1<<40-1), doc.Uint(ffd.TagTotalSum))
	assert.Equal(t, uint64(4), doc.Uint(ffd.TagOperationType))
}

// K-026: 30 KB of data pass, one byte more is 10h.
func TestDevice_LimitsDocumentData(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		begin byte
		end   byte
		limit int
	}{
		{CmdBeginReceipt, CmdFormReceipt, 30 << 10},
		{CmdBeginCorrection, CmdFormReceipt, 30 << 10},
		{CmdBeginStateReport, CmdFormStateReport, 2 << 10},
		{CmdBeginCloseShift, CmdCloseShift, 1 << 10},
	} {
		r := openRig(t, fiscal.FFD105)
		r.ok(c.begin, r.stamp())
		piece := fields(func(b *tlv.Builder) { b.Raw(ffd.TagUserPropertyValue, make([]byte, 508)) })
		require.Len(t, piece, 512)
		for range c.limit / len(piece) {
			r.ok(CmdData, piece)
		}
		r.no(TooLong, CmdData, fields(func(b *tlv.Builder) { b.Raw(1, nil) }))
		var form []byte
		if c.end == CmdFormReceipt {
			form = r.form16(1, 1)
		}
		r.ok(c.end, form)
		doc := r.document(r.lastFD())
		assert.Len(t, doc.All(ffd.TagUserPropertyValue), c.limit/len(piece))
		size := len(r.ofd.items[len(r.ofd.items)-1].Container)
		assert.LessOrEqual(t, size, 32+4+32768+10)
	}
	r := openRig(t, fiscal.FFD105)
	r.ok(CmdBeginReceipt, r.stamp())
	long := fields(func(b *tlv.Builder) { b.Raw(ffd.TagUserPropertyValue, make([]byte, 30<<10-4)) })
	r.ok(CmdData, long) // a long field whole, not over a line
	r.ok(CmdFormReceipt, r.form16(1, 1))
}

// fn.md section 1: TLV lengths must agree; a bad block changes nothing.
func TestDevice_RefusesBrokenTLV(t *testing.T) {
	t.Parallel()
	r := openRig(t, fiscal.FFD105)
	r.ok(CmdBeginReceipt, r.stamp())
	r.ok(CmdData, fields(func(b *tlv.Builder) { b.Byte(1, 1) }))
	for _, data := range [][]byte{{1, 0, 9, 0, 1}, {1, 0, 0, 0, 5}, append(fields(func(b *tlv.Builder) { b.Byte(2, 2) }), 3, 0, 1, 0)} {
		r.no(BadCommand, CmdData, data)
	}
	r.no(BadCommand, CmdData, []byte{1, 0, 0})
	r.ok(CmdFormReceipt, r.form16(1, 1))
	tags := tagsOf(r.document(3))
	assert.Equal(t, []tlv.Tag{1038, 1042, 1054, 1020, 1}, tags[6:])
}

// fn.md section 12: duplicates.
func TestDevice_TreatsDuplicates(t *testing.T) {
	t.Parallel()
	own := fields(func(b *tlv.Builder) { b.Byte(ffd.TagOperationType, 1) })
	address := fields(func(b *tlv.Builder) { b.Text(ffd.TagRetailPlaceAddress, "Москва") })
	for _, c := range []struct {
		ffd    fiscal.FFD
		dup    DupTags
		reject bool
	}{
		{fiscal.FFD105, DupAuto, false},
		{fiscal.FFD105, DupReject, true},
		{fiscal.FFD12, DupAuto, true},
		{fiscal.FFD12, DupKeep, false},
	} {
		r := openRig(t, c.ffd, func(o *Options) { o.Settings.DupTags = c.dup })
		r.ok(CmdBeginReceipt, r.stamp())
		r.ok(CmdData, address)
		if c.reject {
			r.no(ForbiddenTags, CmdData, own)
			r.no(ForbiddenTags, CmdData, fields(func(b *tlv.Builder) { b.Uint32(ffd.TagDateTime, 1) }))
			r.no(DuplicateTags, CmdData, address)
			r.ok(CmdData, r.receiptData(100))
			r.ok(CmdFormReceipt, r.form16(1, 100))
			continue
		}
		r.ok(CmdData, own)
		r.ok(CmdData, address)
		r.ok(CmdData, r.receiptData(100))
		r.ok(CmdFormReceipt, r.form16(1, 100))
		doc := r.document(3)
		assert.Len(t, doc.All(ffd.TagOperationType), 2)
		assert.Len(t, doc.All(ffd.TagRetailPlaceAddress), 2)
	}
}

// Codes 0Dh, 0Eh, 18h, 19h of FFD 1.1 and 1.2; drives of 1.05 do not look.
func TestDevice_JudgesTagsFromFFD11(t *testing.T) {
	t.Parallel()
	bad := []struct {
		name  string
		want  Code
		block []byte
	}{
		{"1209 of another format", NotAsRegistered, fields(func(b *tlv.Builder) { b.Byte(ffd.TagFFDVersion, 2) })},
		{"tax system not registered", NotAsRegistered, fields(func(b *tlv.Builder) { b.Byte(ffd.TagAppliedTaxationType, 1) })},
		{"two tax systems", NotAsRegistered, fields(func(b *tlv.Builder) { b.Byte(ffd.TagAppliedTaxationType, 3) })},
		{"base of correction in a receipt", WrongTag, fields(func(b *tlv.Builder) { b.STLV(ffd.TagCorrectionBase, func(*tlv.Builder) {}) })},
	}
	for _, v := range []fiscal.FFD{fiscal.FFD105, fiscal.FFD11, fiscal.FFD12} {
		r := openRig(t, v, func(o *Options) { o.Settings.MaxItems = 2 })
		for _, c := range bad {
			r.ok(CmdBeginReceipt, r.stamp())
			if v == fiscal.FFD105 {
				r.ok(CmdData, c.block)
			} else {
				r.no(c.want, CmdData, c.block)
			}
			r.ok(CmdCancel)
		}
		r.ok(CmdBeginStateReport, r.stamp())
		item := fields(func(b *tlv.Builder) { b.STLV(ffd.TagItem, func(*tlv.Builder) {}) })
		if v == fiscal.FFD105 {
			r.ok(CmdData, item)
		} else {
			r.no(WrongTag, CmdData, item)
		}
		r.ok(CmdCancel)
		r.ok(CmdBeginReceipt, r.stamp())
		r.ok(CmdData, item, item)
		if v == fiscal.FFD105 {
			r.ok(CmdData, item)
			r.ok(CmdFormReceipt, r.form16(1, 1))
			continue
		}
		r.no(TooManyItems, CmdData, item)
		r.no(MissingTags, CmdFormReceipt, r.form16(1, 1))
		r.ok(CmdCancel)
		r.sell(1)
	}
	r := newRig(t, fiscal.FFD12)
	r.beginRegistration(regFirst)
	r.no(NotAsRegistered, CmdData, fields(func(b *tlv.Builder) { b.Byte(ffd.TagFNFFDVersion, 2) }))
	r.no(MissingTags, r.formCmd(), r.registrationParams(regFirst, 0))
	assert.Equal(t, PhaseReady, r.st.Phase)
}

// K-014.
func TestDevice_RefusesOverflowOfTotals(t *testing.T) {
	t.Parallel()
	r := openRig(t, fiscal.FFD105, func(o *Options) { o.Settings.SumLimit = 1000 })
	r.sell(600)
	r.ok(CmdBeginReceipt, r.stamp())
	r.ok(CmdData, r.receiptData(500))
	r.no(BadValue, CmdFormReceipt, r.form16(1, 500))
	r.ok(CmdCancel)
	r.sell(400) // exactly to the limit
	r.correct(1, 1000)
	r.close()
	r.open()
	r.sell(1000)

	r = openRig(t, fiscal.FFD105) // 48 bits by default, and no wrap-around at 64
	r.ok(CmdBeginReceipt, r.stamp())
	r.ok(CmdData, fields(func(b *tlv.Builder) { b.Raw(ffd.TagCashTotalSum, bytes.Repeat([]byte{0xFF}, 8)) }))
	r.no(BadValue, CmdFormReceipt, r.form16(1, 500))
}

// K-031: corrections with every operation.
func TestDevice_MakesCorrections(t *testing.T) {
	t.Parallel()
	r := openRig(t, fiscal.FFD105)
	for op := byte(1); op <= 4; op++ {
		r.correct(op, 300)
		doc := r.document(r.lastFD())
		assert.Equal(t, fiscal.FormReceiptCorrection, doc.Form)
		assert.Equal(t, uint64(op), doc.Uint(ffd.TagOperationType))
	}
	assert.Equal(t, byte(kindNone), r.ok(CmdStatus)[1])
	for mode, kinds := range map[byte][2]docKind{ModeServices: {kindReceipt, kindCorrection}, ModeBSO: {kindBSO, kindBSOCorrection}} {
		r := newRig(t, fiscal.FFD105)
		r.mode = mode
		r.register(regFirst, 0)
		r.open()
		for i, cmd := range []byte{CmdBeginReceipt, CmdBeginCorrection} {
			r.ok(cmd, r.stamp())
			assert.Equal(t, byte(kinds[i]), r.ok(CmdStatus)[1])
			r.ok(CmdCancel)
		}
	}
}

// K-025: the number of the sign goes over the line little-endian, in the tag
// big-endian.
func TestDevice_AnswersSignNumber(t *testing.T) {
	t.Parallel()
	r := openRig(t, fiscal.FFD105)
	answer := r.sell(12345)
	doc := r.document(3)
	tag := doc.Field(ffd.TagFPD).Value
	assert.Equal(t, []byte{0x21, 0x04}, tag[:2])
	assert.Equal(t, []byte{tag[5], tag[4], tag[3], tag[2]}, answer[6:10])
}

// The container has three bytes for the number of a document.
func TestNextNumber_EndsWith24Bits(t *testing.T) {
	t.Parallel()
	n, r := nextNumber(uint32(fiscal.MaxFDNumber) - 1)
	require.Nil(t, r)
	assert.Equal(t, uint32(fiscal.MaxFDNumber), n)
	_, r = nextNumber(n)
	require.NotNil(t, r)
	assert.Equal(t, ArchiveFull, r.code)
}
