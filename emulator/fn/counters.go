package fn

import (
	"encoding/binary"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// sums are the twelve sums of fn.md section 8, kopecks: total, cash, cashless,
// prepayment, credit, other provision, VAT 20 %, VAT 10 %, turnover at 0 %, turnover
// without VAT, VAT 20/120, VAT 10/110.
type sums [12]uint64

// sumTags pairs each sum but the total with the receipt's tag it is taken from and
// the counter's tag it is told by.
//
// Sums of the rates 5, 7 and 22 % (tag 1115) enter no VAT counter: no paper gives
// them one, and the counters that exist are named after other rates. Their receipts
// enter the totals and the payments like any other.
var sumTags = [12]struct{ receipt, counter tlv.Tag }{
	{0, ffd.TagCounterTotalSum},
	{ffd.TagCashTotalSum, ffd.TagCounterCashSum},
	{ffd.TagEcashTotalSum, ffd.TagCounterEcashSum},
	{ffd.TagPrepaidSum, ffd.TagCounterPrepaidSum},
	{ffd.TagCreditSum, ffd.TagCounterCreditSum},
	{ffd.TagProvisionSum, ffd.TagCounterProvisionSum},
	{ffd.TagNDS20, ffd.TagCounterNDS20},
	{ffd.TagNDS10, ffd.TagCounterNDS10},
	{ffd.TagNDS0, ffd.TagCounterNDS0},
	{ffd.TagNDSNo, ffd.TagCounterNDSNo},
	{ffd.TagNDS20120, ffd.TagCounterNDS20120},
	{ffd.TagNDS10110, ffd.TagCounterNDS10110},
}

// payments is how many of the sums the counters of corrections and of unsent
// receipts have (ffd/README.md section 3).
const payments = 6

// opTotals are the counters of one operation type.
type opTotals struct {
	Count uint32
	Sums  sums
}

// totals are the counters of a shift or of the drive's life.
type totals struct {
	Ops   [4]opTotals // receipts and БСО: sale, sale return, purchase, purchase return
	Corr  [4]opTotals // corrections
	Forms [4]formTotal
}

type formTotal struct {
	Count uint32
	Sum   uint64
}

// countedForms is the order of totals.Forms.
var countedForms = [4]fiscal.Form{fiscal.FormReceipt, fiscal.FormBSO, fiscal.FormReceiptCorrection, fiscal.FormBSOCorrection}

// tally takes the sums of a receipt from its first level. A field that is no number
// counts as zero: the drive judges no content.
func tally(total uint64, body []byte) sums {
	s := sums{total}
	w := tlv.Walk(body)
	for w.Next() {
		f := w.Field()
		for i := 1; i < len(sumTags); i++ {
			if sumTags[i].receipt == f.Tag {
				s[i], _ = tlv.Uint(f.Value)
				break
			}
		}
	}
	return s
}

func (t *totals) of(form fiscal.Form, op fiscal.OperationType) *opTotals {
	if form.IsCorrection() {
		return &t.Corr[op-1]
	}
	return &t.Ops[op-1]
}

// sumsFit is the overflow of totals: code 09h at 16h (K-014).
func (d *Device) sumsFit(form fiscal.Form, op fiscal.OperationType, s *sums) *refusal {
	shift, life := d.st.Shift.Totals.of(form, op), d.st.Totals.of(form, op)
	for i, v := range s {
		if v > d.set.SumLimit-min(shift.Sums[i], d.set.SumLimit) {
			return refuse(BadValue, "итог смены переполнен: %d и еще %d копеек, предел %d; отмените чек и закройте смену", shift.Sums[i], v, d.set.SumLimit)
		}
		if v > maxSum-life.Sums[i] || v > maxSum-d.st.Unsent[op-1].Sums[i] {
			return refuse(BadValue, "итог ФН переполнен: %d и еще %d копеек", life.Sums[i], v)
		}
	}
	return nil
}

func (t *opTotals) add(s *sums) {
	t.Count++
	for i, v := range s {
		t.Sums[i] += v
	}
}

func (t *opTotals) remove(s *sums) {
	t.Count--
	for i, v := range s {
		t.Sums[i] -= v
	}
}

func (d *Device) addSums(form fiscal.Form, op fiscal.OperationType, s *sums, unsent bool) {
	for _, t := range []*totals{&d.st.Shift.Totals, &d.st.Totals} {
		t.of(form, op).add(s)
		for i, f := range countedForms {
			if f == form {
				t.Forms[i].Count++
				t.Forms[i].Sum += s[0]
			}
		}
	}
	if unsent {
		d.st.Unsent[op-1].add(s)
	}
}

// confirmSums takes a confirmed receipt out of the counters of unsent ones.
func (d *Device) confirmSums(r *record, stlv []byte) {
	if r.Form.IsReceipt() && r.Op != 0 {
		s := tally(r.Value, stlv[tlv.HeaderLen:])
		d.st.Unsent[r.Op-1].remove(&s)
	}
}

func (t *totals) count() (receipts, corrections uint32) {
	for i := range t.Ops {
		receipts += t.Ops[i].Count
		corrections += t.Corr[i].Count
	}
	return receipts, corrections
}

// Counters' tags by operation type: receipts, and corrections or unsent receipts.
var (
	opTags   = [4]tlv.Tag{ffd.TagSellOper, ffd.TagSellReturnOper, ffd.TagBuyOper, ffd.TagBuyReturnOper}
	corrTags = [4]tlv.Tag{ffd.TagSellCorrection, ffd.TagSellReturnCorrection, ffd.TagBuyCorrection, ffd.TagBuyReturnCorrection}
)

// write puts the counters under 1157 or 1194 (ffd/README.md section 3). A kind
// without receipts keeps its number only.
func (t *totals) write(b *tlv.Builder, tag tlv.Tag) {
	receipts, corrections := t.count()
	b.STLV(tag, func(b *tlv.Builder) {
		b.Uint32(ffd.TagTotalReceiptCount, receipts+corrections)
		for i := range t.Ops {
			t.Ops[i].write(b, opTags[i], len(sumTags))
		}
		b.STLV(ffd.TagCorrectionOper, func(b *tlv.Builder) { writeCorrections(b, corrections, &t.Corr) })
	})
}

// writeUnsent puts the counters under 1158.
func (d *Device) writeUnsent(b *tlv.Builder) {
	var n uint32
	for i := range d.st.Unsent {
		n += d.st.Unsent[i].Count
	}
	b.STLV(ffd.TagUnsentCounters, func(b *tlv.Builder) { writeCorrections(b, n, &d.st.Unsent) })
}

func writeCorrections(b *tlv.Builder, n uint32, ops *[4]opTotals) {
	b.Uint32(ffd.TagCorrectionCount, n)
	if n == 0 {
		return
	}
	for i := range ops {
		ops[i].write(b, corrTags[i], payments)
	}
}

func (t *opTotals) write(b *tlv.Builder, tag tlv.Tag, n int) {
	b.STLV(tag, func(b *tlv.Builder) {
		b.Uint32(ffd.TagReceiptCount, t.Count)
		if t.Count == 0 {
			return
		}
		for i := range n {
			b.VLN(sumTags[i].counter, t.Sums[i])
		}
	})
}

// scope picks the counters by the parameter of 36h–38h: 0 shift, 1 since
// registration, with the number that goes before them.
func (d *Device) scope(arg byte) (*totals, uint16, *refusal) {
	switch arg {
	case 0:
		return &d.st.Shift.Totals, d.st.Shift.Number, nil
	case 1:
		return &d.st.Totals, uint16(len(d.st.Regs)), nil
	}
	return nil, 0, refuse(BadCommand, "счетчики %d: 0 — смена, 1 — с регистрации", arg)
}

// counters is 36h.
func (d *Device) counters(data []byte) ([]byte, *refusal) {
	t, number, r := d.scope(data[0])
	if r != nil {
		return nil, r
	}
	receipts, corrections := t.count()
	out := binary.LittleEndian.AppendUint16(make([]byte, 0, 354), number)
	out = binary.LittleEndian.AppendUint32(out, receipts+corrections)
	for i := range t.Ops {
		out = t.Ops[i].append(out, len(sumTags))
	}
	out = binary.LittleEndian.AppendUint32(out, corrections)
	for i := range t.Corr {
		out = t.Corr[i].append(out, 1)
	}
	return out, nil
}

func (t *opTotals) append(dst []byte, n int) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, t.Count)
	for _, v := range t.Sums[:n] {
		dst = appendU48(dst, v)
	}
	return dst
}

func appendU48(dst []byte, v uint64) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(v))
	return binary.LittleEndian.AppendUint16(dst, uint16(v>>32))
}

// operationCounters is 37h. Its layout is not in the papers; here: scope 1,
// operation 1 in, count u32 and the twelve sums u48 out.
func (d *Device) operationCounters(data []byte) ([]byte, *refusal) {
	t, _, r := d.scope(data[0])
	if r != nil {
		return nil, r
	}
	if data[1] < 1 || data[1] > 4 {
		return nil, refuse(BadCommand, "признак расчета %d: нужен от 1 до 4", data[1])
	}
	return t.Ops[data[1]-1].append(nil, len(sumTags)), nil
}

// kindCounters is 38h. Its layout is not in the papers; here: scope 1, form 1 (3, 4,
// 31, 41) in, count u32 and total u48 out.
func (d *Device) kindCounters(data []byte) ([]byte, *refusal) {
	t, _, r := d.scope(data[0])
	if r != nil {
		return nil, r
	}
	for i, f := range countedForms {
		if f == fiscal.Form(data[1]) {
			return appendU48(binary.LittleEndian.AppendUint32(nil, t.Forms[i].Count), t.Forms[i].Sum), nil
		}
	}
	return nil, refuse(BadCommand, "форма %d: счетчики есть у форм 3, 4, 31, 41", data[1])
}

// unsentCounters is 39h. Its layout is not in the papers; here it is the part of
// corrections of 36h: count u32, four times count u32 and total u48.
func (d *Device) unsentCounters([]byte) ([]byte, *refusal) {
	var n uint32
	for i := range d.st.Unsent {
		n += d.st.Unsent[i].Count
	}
	out := binary.LittleEndian.AppendUint32(nil, n)
	for i := range d.st.Unsent {
		out = d.st.Unsent[i].append(out, 1)
	}
	return out, nil
}
