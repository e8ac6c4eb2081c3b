package cases

import (
	"fmt"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/model"
)

// counts is what 36h, 1157 and 1194 must tell of one operation type, or of corrections of
// one.
type counts struct {
	n    int64
	sums sums // by tag of the receipt; 1020 is the total
}

// counterTags are the tags of a counter beside the receipt's they sum up, in the order of
// 36h.
var counterTags = [12][2]int{{1020, 1201}, {1031, 1136}, {1081, 1138}, {1215, 1218}, {1216, 1219}, {1217, 1220},
	{1102, 1139}, {1103, 1140}, {1104, 1143}, {1105, 1183}, {1106, 1141}, {1107, 1142}}

func (c *counts) add(total uint64, s sums) {
	if c.sums == nil {
		c.sums = sums{}
	}
	c.n++
	c.sums[1020] += total
	for tag, v := range s {
		c.sums[tag] += v
	}
}

// totals is a ledger of the case's own.
type totals struct{ ops, corrections [4]counts }

func (t *totals) answer(number int) []byte {
	sum := func(c *counts, n int) (out []byte) {
		out = append(out, u32(uint32(c.n))...)
		for i := range n {
			v := c.sums[counterTags[i][0]]
			out = append(out, u32(uint32(v))...)
			out = append(out, byte(v>>32), byte(v>>40))
		}
		return out
	}
	all, corrected := int64(0), int64(0)
	for i := range 4 {
		all, corrected = all+t.ops[i].n+t.corrections[i].n, corrected+t.corrections[i].n
	}
	out := append(u16(number), u32(uint32(all))...)
	for i := range t.ops {
		out = append(out, sum(&t.ops[i], 12)...)
	}
	out = append(out, u32(uint32(corrected))...)
	for i := range t.corrections {
		out = append(out, sum(&t.corrections[i], 1)...)
	}
	return out
}

// inDocument compares counters under 1157 or 1194 with the ledger.
func (t *totals) inDocument(b *bare, m *model.Message, under int) {
	all, corrected := int64(0), int64(0)
	for i := range 4 {
		all, corrected = all+t.ops[i].n+t.corrections[i].n, corrected+t.corrections[i].n
	}
	tell := func(why string, want, seen int64) {
		b.Expect("document/counter", b.mark, fmt.Sprintf("%d of form %d: %s", under, m.Form, why), want == seen, want, seen)
	}
	tell("receipts of all kinds (1134)", all, m.Nested(under)[1134])
	for i, kind := range []int{1129, 1130, 1131, 1132} {
		inner := m.Inner(under, kind)
		tell(fmt.Sprintf("number of %d", kind), t.ops[i].n, inner[1135])
		for _, c := range counterTags {
			if t.ops[i].n > 0 {
				tell(fmt.Sprintf("%d of %d", c[1], kind), int64(t.ops[i].sums[c[0]]), inner[c[1]])
			}
		}
	}
	tell("number of corrections (1144)", corrected, m.Inner(under, 1133)[1144])
}

var driveContent = []conformance.Case{
	in(conformance.EachFFD, ofDrive("D-040", "drive/shift-documents", conformance.Doc, "fn.md 2, 12", "Documents of a shift carry the numbers that the drive counts: of the shift, of the receipt in it, of receipts and documents, of those unsent.", 0, noSetup, func(b *bare) {
		b.done(b.report(report{}))
		b.drained()
		began := b.at
		for shift := int64(1); shift <= 2; shift++ {
			b.pass(day / 2)
			first := le32(b.done(b.opening())[2:])
			opened := b.at
			m := b.document(first)
			b.tag(m, 1038, shift)
			b.firstSix(m)
			b.data("10h of an open shift without receipts", append([]byte{1}, append(u16(int(shift)), 0, 0)...), b.give(0x10))
			for n := int64(1); n <= 3; n++ {
				b.pass(time.Minute)
				begin := byte(0x15)
				if n == 2 {
					begin = 0x17
				}
				answer := b.done(b.receipt(begin, byte(n), uint64(1001*n), nil))
				b.number("the number of the receipt in the answer", n, le(answer[:2]))
				m := b.document(le32(answer[2:]))
				b.tag(m, 1038, shift)
				b.tag(m, 1042, n)
				b.tag(m, 1054, n)
				b.tag(m, 1020, 1001*n)
				b.tag(m, 1209, int64(b.FFD()))
				b.firstSix(m)
				b.number("the sign in the answer", int64(m.FPD()), le(answer[6:10]))
			}
			b.data("10h of an open shift", append([]byte{1}, append(u16(int(shift)), 3, 0)...), b.give(0x10))
			b.pass(time.Minute)
			stated := b.done(b.state())
			m = b.document(le32(stated))
			b.tag(m, 1038, shift)
			b.tag(m, 1097, 4)
			b.tag(m, 1116, int64(first))
			b.tag(m, 1098, opened.Truncate(day).Unix())
			b.firstSix(m)
			b.data("19h tells the unsent and the first of their dates", append(u32(4), clock(opened)[:3]...), stated[8:])
			b.pass(time.Minute)
			closed := b.done(b.closing())
			b.number("the number of the shift in the answer", shift, le(closed[:2]))
			m = b.document(le32(closed[2:]))
			b.tag(m, 1038, shift)
			b.tag(m, 1118, 3)
			b.tag(m, 1111, 6)
			b.tag(m, 1097, 5)
			b.tag(m, 1098, opened.Truncate(day).Unix())
			b.firstSix(m)
			if b.FFD() > 2 {
				b.tag(m, 1213, 560-int64(b.at.Truncate(day).Sub(began.Truncate(day))/day))
			}
			b.data("10h of a closed shift", append([]byte{0}, append(u16(int(shift)), 3, 0)...), b.give(0x10))
			b.pass(time.Minute)
			m = b.document(le32(b.done(b.state())))
			b.tag(m, 1038, -1)
			b.drained()
		}
		m := b.document(le32(b.done(b.state())))
		b.tag(m, 1097, 0)
		b.tag(m, 1116, 0)
		b.tag(m, 1098, 0)
		b.drained()
		m = b.document(le32(b.done(b.archive())))
		b.number("its form", 6, int64(m.Form))
		b.tag(m, 1038, 2)
		b.firstSix(m)
	})),
	in(conformance.From11, ofDrive("D-041", "drive/counters", conformance.Code, "fn.md 8", "36h to 39h, 1157, 1194 and 1158 count receipts and their sums by operation type and kind, for the shift, for the life, and for what is not confirmed.", 0, noSetup, func(b *bare) {
		b.trading()
		b.drained()
		var life, shift totals
		var unsent [4]counts
		sell := func(begin, operation byte, total uint64, s sums) {
			b.done(b.receipt(begin, operation, total, s))
			if begin == 0x17 {
				life.corrections[operation-1].add(total, s)
				shift.corrections[operation-1].add(total, s)
			} else {
				life.ops[operation-1].add(total, s)
				shift.ops[operation-1].add(total, s)
			}
			unsent[operation-1].add(total, s)
		}
		compare := func(number int) {
			b.data("36h of the shift", shift.answer(number), b.give(0x36, []byte{0}))
			b.data("36h of the life", life.answer(1), b.give(0x36, []byte{1}))
			for op := range 4 {
				at := 6 + 76*op
				b.data("37h is the part of 36h", life.answer(1)[at:at+76], b.give(0x37, []byte{1, byte(op + 1)}))
			}
			n, want := uint32(0), []byte{}
			for i := range unsent {
				n += uint32(unsent[i].n)
				v := unsent[i].sums[1020]
				want = append(append(append(want, u32(uint32(unsent[i].n))...), u32(uint32(v))...), byte(v>>32), byte(v>>40))
			}
			b.data("39h counts the unconfirmed", append(u32(n), want...), b.give(0x39))
		}
		compare(1)
		sell(0x15, 1, 100_00, sums{1031: 40_00, 1081: 30_00, 1215: 15_00, 1216: 10_00, 1217: 5_00, 1102: 1_00, 1103: 2_00, 1104: 3_00, 1105: 4_00, 1106: 5_00, 1107: 6_00})
		sell(0x15, 1, 11_00, sums{1031: 11_00, 1105: 11_00})
		sell(0x15, 2, 7_00, sums{1081: 7_00, 1105: 7_00})
		sell(0x15, 3, 1<<33+5, sums{1031: 1<<33 + 5, 1105: 3})
		sell(0x15, 4, 8_00, sums{1031: 8_00, 1105: 8_00})
		for op := byte(1); op <= 4; op++ {
			sell(0x17, op, uint64(op)*1_11, sums{1031: uint64(op) * 1_11, 1105: 2})
		}
		compare(1)
		b.data("38h counts receipts by form", append(u32(5), 0x3D, 0x31, 0, 0, 2, 0), b.give(0x38, []byte{0, 3}))
		b.data("38h counts corrections by form", append(u32(4), append(u32(1110), 0, 0)...), b.give(0x38, []byte{0, 31}))
		b.ask("a scope that is none", 0x01, 0x36, []byte{2})
		b.ask("a form that is not counted", 0x01, 0x38, []byte{0, 5})
		m := b.document(le32(b.done(b.state())))
		life.inDocument(b, m, 1157)
		b.number("1158 counts the unsent", 9, m.Nested(1158)[1144])
		b.number("1158: their sales", 3, m.Inner(1158, 1145)[1135])
		b.number("1158: the sum of their sales", 112_11, m.Inner(1158, 1145)[1201])
		b.confirmed()
		unsent[0] = counts{2, sums{1020: 12_11}}
		compare(1)
		b.confirmed()
		unsent[0] = counts{1, sums{1020: 1_11}}
		compare(1)
		b.drained()
		unsent = [4]counts{}
		compare(1)
		closed := b.document(le32(b.done(b.closing())[2:]))
		life.inDocument(b, closed, 1157)
		shift.inDocument(b, closed, 1194)
		m = b.document(le32(b.done(b.state())))
		b.number("1158 counts nothing", 0, m.Nested(1158)[1144])
		b.done(b.opening())
		shift = totals{}
		compare(2)
		sell(0x15, 1, 3_00, sums{1031: 3_00, 1105: 3_00})
		compare(2)
		m = b.document(le32(b.done(b.closing())[2:]))
		life.inDocument(b, m, 1157)
		shift.inDocument(b, m, 1194)
		m = b.document(le32(b.done(b.report(report{kind: 2}))))
		life.inDocument(b, m, 1157)
		b.drained()
		m = b.document(le32(b.done(b.archive())))
		life.inDocument(b, m, 1157)
	})),
	in(conformance.EachFFD, ofDrive("D-042", "drive/signs", conformance.TB, "fiscal-sign.md 5.1, 5.2, 5.4", "Every document is signed as the scheme says: ФПД over the fields of its form, ФПС over header and document, the same bytes each time.", 0, noSetup, func(b *bare) {
		b.done(b.report(report{}))
		b.done(b.opening())
		b.done(b.sale())
		b.done(b.receipt(0x17, 3, 777, nil))
		b.done(b.state())
		b.done(b.closing())
		b.done(b.report(report{kind: 2}))
		b.number("all are signed", 7, int64(len(b.drained())))
		b.done(b.archive())
		m := b.message()
		b.data("the service bytes", []byte{0x10, 0x09}, m.Raw[37:39])
		b.data("the bytes after the nonce", []byte{0, 0, 1, 0, 2}, m.Raw[55:60])
		b.data("the trailer ends in two zeros", []byte{0, 0}, m.Raw[len(m.Raw)-2:])
		b.data("the nonce is that of the number", m.Nonce(), m.Raw[50:55])
	})),
}
