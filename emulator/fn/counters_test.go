package fn

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// receipt sells with the payments and taxes given.
func (r *testRig) receipt(begin, op byte, total uint64, sums map[tlv.Tag]uint64) {
	r.t.Helper()
	r.ok(begin, r.stamp())
	r.ok(CmdData, fields(func(b *tlv.Builder) {
		b.Byte(ffd.TagAppliedTaxationType, 2)
		b.STLV(ffd.TagItem, func(*tlv.Builder) {})
		for i := 1; i < len(sumTags); i++ {
			if v, ok := sums[sumTags[i].receipt]; ok || i < payments {
				b.VLN(sumTags[i].receipt, v)
			}
		}
		b.STLV(ffd.TagAmountsReceiptNDS, func(b *tlv.Builder) {
			b.STLV(ffd.TagAmountsNDS, func(b *tlv.Builder) { b.Byte(ffd.TagNDSRate, 11); b.VLN(ffd.TagRateNDSSum, 5) })
		})
		if begin == CmdBeginCorrection {
			b.STLV(ffd.TagCorrectionBase, func(*tlv.Builder) {})
		}
	}))
	r.ok(CmdFormReceipt, r.form16(op, total))
}

// fn.md section 8 and ffd/README.md section 3, worked by hand.
func TestDevice_CountsTotals(t *testing.T) {
	t.Parallel()
	r := openRig(t, fiscal.FFD12)
	r.deliverAll()
	r.receipt(CmdBeginReceipt, 1, 1000, map[tlv.Tag]uint64{1031: 600, 1081: 400, 1102: 100, 1103: 20})
	r.receipt(CmdBeginReceipt, 1, 500, map[tlv.Tag]uint64{1215: 100, 1216: 150, 1217: 250, 1104: 30, 1105: 40, 1106: 50, 1107: 60})
	r.receipt(CmdBeginReceipt, 2, 70, map[tlv.Tag]uint64{1031: 70})
	r.receipt(CmdBeginCorrection, 3, 9, map[tlv.Tag]uint64{1081: 9})

	got := r.ok(CmdCounters, []byte{0})
	assert.Len(t, got, 354)
	var want []byte
	want = append(want, 1, 0, 4, 0, 0, 0) // shift 1, four receipts
	op := func(count uint32, sums ...uint64) {
		want = binary.LittleEndian.AppendUint32(want, count)
		for _, v := range sums {
			want = appendU48(want, v)
		}
	}
	op(2, 1500, 600, 400, 100, 150, 250, 100, 20, 30, 40, 50, 60)
	op(1, 70, 70, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	op(0, make([]uint64, 12)...)
	op(0, make([]uint64, 12)...)
	want = append(want, 1, 0, 0, 0)
	op(0, 0)
	op(0, 0)
	op(1, 9)
	op(0, 0)
	assert.Equal(t, want, got)

	assert.Equal(t, want[6:6+76], r.ok(CmdOperationCounters, []byte{0, 1}))
	assert.Equal(t, []byte{3, 0, 0, 0, 0x22, 0x06, 0, 0, 0, 0}, r.ok(CmdKindCounters, []byte{0, 3}))
	assert.Equal(t, []byte{1, 0, 0, 0, 9, 0, 0, 0, 0, 0}, r.ok(CmdKindCounters, []byte{1, 31}))
	r.no(BadCommand, CmdKindCounters, []byte{0, 5})
	r.no(BadCommand, CmdOperationCounters, []byte{0, 5})
	r.no(BadCommand, CmdCounters, []byte{2})

	unsent := func(counts ...uint32) {
		t.Helper()
		out := r.ok(CmdUnsentCounters)
		assert.Equal(t, counts[0], binary.LittleEndian.Uint32(out))
		for i, c := range counts[1:] {
			assert.Equal(t, c, binary.LittleEndian.Uint32(out[4+10*i:]))
		}
	}
	unsent(4, 2, 1, 1, 0)
	r.state()
	doc := r.document(r.lastFD())
	u := doc.Field(ffd.TagUnsentCounters)
	assert.Equal(t, uint64(4), ffd.NodeUint(u.Child(ffd.TagCorrectionCount)))
	assert.Equal(t, uint64(1500), ffd.NodeUint(u.Child(ffd.TagSellCorrection).Child(ffd.TagCounterTotalSum)))
	assert.Nil(t, u.Child(ffd.TagSellCorrection).Child(ffd.TagCounterNDS20))
	r.deliver()
	unsent(3, 1, 1, 1, 0)
	r.deliverAll()
	unsent(0, 0, 0, 0, 0)
	r.close()
	doc = r.document(r.lastFD())
	for _, tag := range []tlv.Tag{ffd.TagShiftCounters, ffd.TagFNCounters} {
		n := doc.Field(tag)
		assert.Equal(t, uint64(4), ffd.NodeUint(n.Child(ffd.TagTotalReceiptCount)))
		sell, buy := n.Child(ffd.TagSellOper), n.Child(ffd.TagBuyOper)
		assert.Equal(t, uint64(100), ffd.NodeUint(sell.Child(ffd.TagCounterNDS20)))
		assert.Equal(t, uint64(40), ffd.NodeUint(sell.Child(ffd.TagCounterNDSNo)))
		assert.Len(t, buy.Children, 1, "P-13")
		corr := n.Child(ffd.TagCorrectionOper)
		assert.Equal(t, uint64(1), ffd.NodeUint(corr.Child(ffd.TagCorrectionCount)))
		assert.Equal(t, uint64(9), ffd.NodeUint(corr.Child(ffd.TagBuyCorrection).Child(ffd.TagCounterEcashSum)))
	}
	r.open() // shift counters start anew, the drive's go on
	r.receipt(CmdBeginReceipt, 1, 1, nil)
	assert.Equal(t, uint32(1), binary.LittleEndian.Uint32(r.ok(CmdCounters, []byte{0})[2:]))
	assert.Equal(t, uint32(5), binary.LittleEndian.Uint32(r.ok(CmdCounters, []byte{1})[2:]))

	old := openRig(t, fiscal.FFD105)
	for _, cmd := range []byte{CmdCounters, CmdOperationCounters, CmdKindCounters, CmdUnsentCounters} {
		a := old.Exec(cmd, make([]byte, commands[cmd].min))
		assert.Equal(t, NotForFFD, a.Code)
	}
	old.close()
	assert.False(t, old.document(3).Has(ffd.TagShiftCounters))
}

// The counters fit a form 5 whatever is in them, and an answer of 46h.
func TestTotals_FitFrame(t *testing.T) {
	t.Parallel()
	var full totals
	for i := range full.Ops {
		for _, o := range []*opTotals{&full.Ops[i], &full.Corr[i]} {
			o.Count = 1<<32 - 1
			for j := range o.Sums {
				o.Sums[j] = maxSum
			}
		}
	}
	raw := fields(func(b *tlv.Builder) { full.write(b, ffd.TagFNCounters) })
	assert.LessOrEqual(t, len(raw), maxData)
}
