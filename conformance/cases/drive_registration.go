package cases

import (
	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/model"
)

var driveRegistration = []conformance.Case{
	in(conformance.EachFFD, ofDrive("D-021", "drive/registration-report", conformance.Doc, "fn.md 4, 9.1, 12", "A registration report has number 1, begins with the six fields of every document and carries the parameters of its command.", 0, noSetup, func(b *bare) {
		answer := b.done(b.report(report{tax: 5, mode: 0x20}))
		b.phase(0x03)
		b.number("its number", 1, le(answer[:4]))
		m := b.document(1)
		b.tag(m, 1062, 5)
		b.tag(m, 1002, 0)
		b.tag(m, 1056, 0)
		b.tag(m, 1001, 0)
		if b.FFD() < 4 {
			b.tag(m, 1108, 1)
			b.tag(m, 1109, 0)
			b.tag(m, 1110, 0)
		} else {
			b.tag(m, 1290, 1<<5)
		}
		if b.FFD() > 2 {
			b.tag(m, 1205, -1)
			b.tag(m, 1190, 4)
		}
		b.tag(m, 1101, -1)
		b.tag(m, 1157, -1)
		b.number("the sign of the answer is that of 1077", int64(m.FPD()), le(answer[4:8]))
		b.firstSix(m)
		b.number("it waits to be sent", 1, int64(b.waiting()))
		sent := b.confirmed()
		b.data("what is sent is what is kept", m.STLV, sent.STLV)
		b.number("nothing waits any more", 0, int64(b.waiting()))
		b.phase(0x03)
	})),
	in(conformance.EachFFD, ofDrive("D-022", "drive/registration-refused", conformance.Doc, "fn.md 2, 9.1, 12", "Registration numbers, INN, tax systems and modes that cannot be are refused, and the drive stays unregistered.", 0, noSetup, func(b *bare) {
		wrong := []byte(b.rnm)
		wrong[15] = '0' + (wrong[15]-'0'+1)%10
		b.refused("check digits of the registration number", 0x09, b.report(report{rnm: string(wrong)}))
		b.refused("a registration number of letters", 0x09, b.report(report{rnm: "ABCDEFGHIJKLMNOP"}))
		b.refused("an INN of nine digits", 0x09, b.report(report{inn: "770220327"}))
		b.refused("an INN of letters", 0x09, b.report(report{inn: "77022032AB"}))
		b.refused("a registration number of another user", 0x09, b.report(report{inn: otherINN}))
		if b.FFD() < 3 { // without the factory number the check digits say nothing
			b.refused("an INN of nine digits", 0x09, b.report(report{inn: "770220327", without: 1013}))
		}
		b.refused("a tax system that does not exist", 0x09, b.report(report{tax: 0x40}))
		b.refused("encryption in autonomous mode", 0x09, b.report(report{mode: 3}))
		b.refused("an operator in autonomous mode", 0x09, b.report(report{mode: 2, extra: [][]byte{model.Fixed(1017, "7704358518", 12)}}))
		kind := byte(0x02)
		data := []byte{3}
		if b.FFD() > 2 {
			kind, data = 0xA2, []byte{3, b.FFD()}
		}
		b.ask("a kind of report that does not exist", 0x01, kind, data)
		b.phase(0x01)
		b.number("no document was made", 0, int64(b.last()))
		b.done(b.report(report{}))
	})),
	in(conformance.From11, ofDrive("D-023", "drive/registration-data", conformance.Code, "fn.md 9.2, 10, 12", "From FFD 1.1 on a registration lacking a requisite is refused with 0Dh, one that disagrees with its command with 19h, another version with 0Ah or 09h.", 0, noSetup, func(b *bare) {
		for _, tag := range []int{1048, 1009, 1187, 1013, 1188, 1189} {
			b.refused("a requisite is missing", 0x0D, b.report(report{without: tag}))
		}
		b.refused("another operator than that of the command", 0x19, b.report(report{without: 1017, instead: model.Fixed(1017, "7841465198", 12)}))
		b.refused("another version than that of the command", 0x19, b.report(report{without: 1209, instead: model.U8(1209, b.FFD()^7)}))
		b.refused("another version of the drive", 0x19, b.report(report{extra: [][]byte{model.U8(1190, 3)}}))
		b.refused("an operator that is no INN", 0x09, b.report(report{ofd: "77043585"}))
		b.refused("reasons in a first registration", 0x09, b.report(report{reasons: 4}))
		b.ask("A2h for FFD 1.05", 0x09, 0xA2, []byte{0, 2})
		b.ask("A2h for a version to come", 0x09, 0xA2, []byte{0, 5})
		b.give(0xA2, []byte{0, b.FFD()})
		b.ask("begun by A2h, finished by 03h", 0x02, 0x03, make([]byte, 39))
		b.give(0x06)
		b.give(0x02, []byte{0})
		b.ask("begun by 02h, finished by A3h", 0x02, 0xA3, make([]byte, 52))
	})),
	in(conformance.EachFFD, ofDrive("D-024", "drive/change", conformance.Doc, "fn.md 1, 4, 9.1", "A change of registration keeps registration number, user and version, has a reason other than the drive itself, and tells it.", 0, noSetup, func(b *bare) {
		b.done(b.report(report{}))
		b.drained()
		life := b.give(0x32)
		b.pass(10 * day)
		if b.FFD() < 3 {
			b.refused("another user alone", 0x09, b.report(report{kind: 2, inn: otherINN, without: 1013}))
		}
		b.refused("another user", 0x09, b.report(report{kind: 2, inn: otherINN, rnm: model.RNM(5, otherINN, b.factory)}))
		b.refused("another registration number", 0x09, b.report(report{kind: 2, rnm: model.RNM(6, b.inn, b.factory)}))
		if b.FFD() < 3 {
			for _, code := range []byte{1, 5} {
				b.refused("a reason that is none", 0x09, b.report(report{kind: 2, reason: code}))
			}
			answer := b.done(b.report(report{kind: 2, reason: 4}))
			b.tag(b.document(le32(answer)), 1101, 4)
		} else {
			b.refused("no reason", 0x09, b.report(report{kind: 2, none: true}))
			b.refused("the drive as reason", 0x09, b.report(report{kind: 2, reasons: 1 | 8}))
			b.refused("a reserved reason", 0x09, b.report(report{kind: 2, reasons: 1 << 22}))
			b.refused("a reserved reason", 0x09, b.report(report{kind: 2, reasons: 1 << 30}))
			answer := b.done(b.report(report{kind: 2, reasons: 1<<2 | 1<<31}))
			m := b.document(le32(answer))
			b.tag(m, 1205, 1<<2|1<<31)
			b.number("1157 counts nothing yet", 0, m.Nested(1157)[1134])
			if b.FFD() == 4 {
				b.refused("a version below the registered one", 0x09, b.report(report{kind: 2, version: 3}))
			}
		}
		b.data("32h tells two reports and the same end of the keys", append(life[:3:3], life[3]-1, 2), b.give(0x32))
		b.firstSix(b.document(2))
	})),
	in(conformance.EachFFD, ofDrive("D-025", "drive/change-of-autonomy", conformance.Doc, "fn.md 4 FN-014", "A change to autonomous mode is refused while documents wait, and made when all are sent; an autonomous drive queues nothing.", 0, noSetup, func(b *bare) {
		b.done(b.report(report{}))
		b.refused("while a document waits", 0x02, b.report(report{kind: 2, mode: 2, reasons: 1 << 5}))
		b.drained()
		b.done(b.report(report{kind: 2, mode: 2, reasons: 1 << 5}))
		b.number("nothing waits", 0, int64(b.waiting()))
		b.done(b.opening())
		b.done(b.sale())
		b.number("nothing waits", 0, int64(b.waiting()))
		b.pass(day)
		m := b.document(le32(b.done(b.state())))
		b.tag(m, 1002, 1)
		b.tag(m, 1097, -1)
		b.tag(m, 1116, -1)
		b.pass(40 * day)
		b.heard()
		b.warns("no operator can be overdue", 8, 0)
		m = b.document(le32(b.done(b.closing())[2:]))
		b.tag(m, 1097, -1)
		b.done(b.archive())
		b.phase(0x0F)
	})),
	in(conformance.EachFFD, ofDrive("D-026", "drive/replacement", conformance.Doc, "fn.md 4 FN-013", "The first report of a new drive for a known register has number 1 and names the drive as its reason.", 0, noSetup, func(b *bare) {
		answer := b.done(b.report(report{kind: 1}))
		b.number("its number", 1, le(answer[:4]))
		m := b.document(1)
		b.number("its form", 11, int64(m.Form))
		if b.FFD() < 3 {
			b.tag(m, 1101, 1)
		} else {
			b.tag(m, 1205, 1|1<<3)
		}
		b.tag(m, 1157, -1)
		b.phase(0x03)
	})),
	in([]conformance.Variant{{FFD: 2}, {FFD: 4}}, ofDrive("D-027", "drive/forms-by-mode", conformance.Doc, "fn.md 3.2, 9.1", "A drive registered for an automatic system of strict reporting forms makes forms 4 and 41, others 3 and 31.", 0, noSetup, func(b *bare) {
		for _, c := range []struct {
			mode  byte
			forms [2]int64
			kinds [2]int64
		}{{0, [2]int64{3, 31}, [2]int64{0x04, 0x14}}, {0x10, [2]int64{4, 41}, [2]int64{0x11, 0x15}}} {
			b.done(b.report(report{mode: c.mode}))
			b.done(b.opening())
			for i, begin := range []byte{0x15, 0x17} {
				b.give(begin, b.now())
				b.number("30h tells the kind", c.kinds[i], int64(b.status()[1]))
				b.give(0x06)
				answer := b.done(b.receipt(begin, 1, 100, nil))
				m := b.document(le32(answer[2:]))
				b.number("the form", c.forms[i], int64(m.Form))
				b.firstSix(m)
			}
			for _, m := range b.drained() {
				b.number("the form in the header is the document's", int64(le(m.STLV[:2])), int64(m.Form))
			}
			b.give(0x60, []byte{0x16})
		}
	})),
}

// firstSix demands 1041, 1037, 1018, 1040, 1012 and 1077 at the head of a document, with
// their values.
func (b *bare) firstSix(m *model.Message) {
	var want []byte
	for _, f := range [][]byte{model.Fixed(1041, b.KKT.FN(), 16), model.Fixed(1037, b.rnm, 20), model.Fixed(1018, b.inn, 12), model.U32(1040, m.FD),
		model.U32(1012, uint32(b.at.Unix())), {0x35, 0x04, 6, 0, 0x21, 0x04}} {
		want = append(want, f...)
	}
	b.data("the six first fields", want, m.STLV[4:min(len(m.STLV), 4+len(want))])
}
