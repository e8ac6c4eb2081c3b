package cases

import (
	"bytes"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/model"
)

// filled gives data of so many bytes to the document being made.
func (b *bare) filled(n int) {
	for n > 0 {
		part := min(n, 1000)
		if n-part > 0 && n-part < 4 {
			part -= 4
		}
		b.give(0x07, model.TLV(1085+n%7, make([]byte, part-4)))
		n -= part
	}
}

// marks gives a code to the drive: B1h, and B2h to keep it.
func (b *bare) checked(code string) {
	b.give(0xB1, []byte{0, byte(len(code))}, []byte(code))
	b.give(0xB2, []byte{1})
}

var driveData = []conformance.Case{
	in([]conformance.Variant{{FFD: 2}}, ofDrive("D-050", "drive/sizes-of-data", conformance.Doc, "fn.md 9.1", "Data of a document are taken up to the length of its kind, and refused with 10h one byte beyond; a block that is no whole TLVs is refused whole.", 0, noSetup, func(b *bare) {
		try := func(begin byte, first []byte, limit int) {
			b.give(begin, first)
			b.filled(limit - 4)
			b.ask("one byte too many", 0x10, 0x07, model.TLV(1187, []byte{0}))
			b.give(0x07, model.TLV(1187, nil))
			b.ask("more than there is room for", 0x10, 0x07, model.TLV(1187, nil))
			b.give(0x06)
		}
		try(0x02, []byte{0}, 2<<10)
		b.trading()
		try(0x15, b.now(), 30<<10)
		try(0x17, b.now(), 30<<10)
		try(0x13, b.now(), 1<<10)
		try(0x18, b.now(), 2<<10)
		b.give(0x18, b.now())
		b.ask("a TLV that is cut", 0x01, 0x07, model.TLV(1021, []byte("Кассир"))[:8])
		b.ask("two of which the second is cut", 0x01, 0x07, model.U8(1209, 2), model.U8(1055, 1)[:3])
		b.number("nothing of it was kept", 0, int64(b.status()[2]))
		b.give(0x06)
		b.done(b.closing())
		try(0x11, b.now(), 1<<10)
		b.drained()
		try(0x04, nil, 2<<10)
		try(0x02, []byte{2}, 2<<10)
	})),
	in(conformance.From11, ofDrive("D-051", "drive/tags-refused", conformance.Code, "fn.md 1, 10, 12", "From FFD 1.1 on tags that the drive adds are refused with 0Bh, repeated ones with 0Ch, missing ones with 0Dh, ones of another document with 18h, ones that disagree with the registration with 19h.", setup, conformance.DriveSetup{MaxItems: 3}, func(b *bare) {
		b.done(b.report(report{tax: 3}))
		b.give(0x11, b.now())
		for _, tag := range []int{1041, 1037, 1018, 1040, 1012, 1077, 1038, 1050, 1053, 1206} {
			b.ask("the drive adds it", 0x0B, 0x07, model.U8(tag, 1))
		}
		b.ask("a receipt's", 0x18, 0x07, model.VLN(1031, 1))
		b.ask("a receipt's", 0x18, 0x07, model.TLV(1059, nil))
		b.ask("a correction's", 0x18, 0x07, model.U8(1173, 0))
		b.give(0x07, model.Text(1021, "Кассир"))
		b.ask("twice", 0x0C, 0x07, model.Text(1021, "Кассир"))
		b.ask("twice in one block", 0x0C, 0x07, model.Text(1188, "1.0"), model.Text(1188, "1.0"))
		b.ask("another version", 0x19, 0x07, model.U8(1209, b.FFD()^7))
		b.ask("an opening without 1188 and 1189", 0x0D, 0x12)
		b.give(0x07, model.Text(1188, "1.0"))
		b.ask("an opening without 1189", 0x0D, 0x12)
		b.give(0x07, model.U8(1189, 4))
		b.give(0x12)
		for _, begin := range []byte{0x15, 0x17} {
			b.give(begin, b.now())
			for _, tag := range []int{1042, 1054, 1020, 1038} {
				b.ask("the drive adds it", 0x0B, 0x07, model.U8(tag, 1))
			}
			for _, tax := range []byte{0, 3, 4, 0x20} {
				b.ask("a tax system that is not one of the registered", 0x19, 0x07, model.U8(1055, tax))
			}
			b.give(0x06)
			for _, tag := range []int{1055, 1031, 1081, 1215, 1216, 1217, map[byte]int{0x15: 1059, 0x17: 1174}[begin]} {
				f := b.make(begin, b.now(), replaced(b.receiptFields(begin, 100, nil), tag, nil), 0x16, b.ending(1, 100))
				b.refused("a requisite is missing", 0x0D, f)
			}
		}
		b.give(0x15, b.now())
		b.ask("a correction's in a receipt", 0x18, 0x07, model.TLV(1174, nil))
		for range 3 {
			b.give(0x07, model.TLV(1059, nil))
		}
		b.ask("an item too many", 0x0E, 0x07, model.TLV(1059, nil))
		b.give(0x06)
		b.done(b.sale())
		b.done(b.closing())
		b.drained()
		f := b.make(0x04, nil, b.common(), 0x05, append(b.now(), spaced(b.rnm, 20)...))
		b.refused("closing the drive without 1048", 0x0D, f)
		f = b.make(0x04, nil, append(b.common(), model.Text(1048, "x")), 0x05, append(b.now(), spaced(model.RNM(6, b.inn, b.factory), 20)...))
		b.refused("closing the drive under another registration number", 0x09, f)
		b.done(b.archive())
	})),
	in([]conformance.Variant{{FFD: 2}}, ofDrive("D-052", "drive/tags-kept", conformance.TB, "fn.md 1, 12", "A drive of FFD 1.05 judges no content: what the register gives follows what the drive adds, in its order.", 0, noSetup, func(b *bare) {
		b.trading()
		fields := [][]byte{model.Text(1021, "Б"), model.U8(1055, 9), model.Text(1021, "А"), model.U8(1038, 77), model.TLV(1031, nil)}
		answer := b.done(b.make(0x15, b.now(), fields, 0x16, b.ending(1, 0)))
		m := b.document(le32(answer[2:]))
		want := bytes.Join(fields, nil)
		b.data("the end of the document", want, m.STLV[max(0, len(m.STLV)-len(want)):])
		b.number("the drive's own stands first", 1, m.Number(1038))
	})),
	in(conformance.FFD12, ofDrive("D-055", "drive/marking-order", conformance.Code, "fn.md 9.2, 10", "Codes go through B1h, B5h, B6h and B2h in this order; each step out of it is 33h, a code that was not checked 3Eh, a full table 35h, and a register that was not registered for it gets 32h.", setup, conformance.DriveSetup{MarkingTable: 2}, func(b *bare) {
		code := func(n byte) []byte { return append([]byte{0, 4}, '0', '1', '2', '0'+n) }
		status := func(why string, check, saved byte) {
			s := b.give(0xB0)
			b.data("B0h "+why, []byte{check, saved}, []byte{s[0], s[3]})
		}
		b.trading()
		b.ask("marking without the registration", 0x32, 0xB1, code(1))
		status("without the registration", 0, 0)
		b.give(0x60, []byte{0x16})
		b.done(b.report(report{ext: 1 << 4}))
		b.done(b.opening())
		status("at first", 1, 0)
		block := model.TLV(2007, model.Text(2000, "0121"))
		b.ask("B2h before B1h", 0x33, 0xB2, []byte{1})
		b.ask("B5h before B1h", 0x33, 0xB5, b.now())
		b.ask("B6h before B5h", 0x33, 0xB6, make([]byte, 60))
		b.data("B1h", []byte{0, 1}, b.give(0xB1, code(1)))
		status("after B1h", 2, 0)
		b.ask("a second B1h", 0x33, 0xB1, code(2))
		b.ask("B5h without 2003", 0x3C, 0xB5, b.now(), model.U8(2102, 0))
		b.ask("B5h with another code", 0x3E, 0xB5, b.now(), model.U8(2003, 1), model.U8(2102, 0), model.TLV(2007, model.Text(2000, "9999")))
		request := b.give(0xB5, b.now(), model.U8(2003, 1), model.U8(2102, 0))
		status("after B5h", 3, 0)
		m := b.readMarking(request)
		b.number("it is form 81", 81, int64(m.Form))
		b.number("its number", 1, m.Number(2001))
		b.tag(m, 2114, b.at.Unix())
		b.ask("a second B5h", 0x33, 0xB5, b.now(), model.U8(2003, 1), model.U8(2102, 0))
		right := (&model.Confirmation{To: m}).MarkingReply(model.U8(2105, 0), model.U8(2109, 1), model.U8(2005, 15))[30:]
		spoiled := append([]byte{}, right...)
		spoilFPP(spoiled)
		model.FixContainerCRC(spoiled)
		b.data("an answer with a wrong sign: the reason", []byte{1}, b.ask("an answer with a wrong sign", 0x20, 0xB6, spoiled))
		other := append([]byte{}, right...)
		other[19]++
		model.FixContainerCRC(other)
		b.data("an answer to another request: the reason", []byte{3}, b.ask("an answer to another request", 0x20, 0xB6, other))
		answer := b.give(0xB6, right)
		b.data("B6h: 2106, 2105, 2109 and 2005", bytes.Join([][]byte{{15}, model.U8(2105, 0), model.U8(2109, 1), model.U8(2005, 15)}, nil), answer)
		status("after B6h", 4, 0)
		b.data("B2h", []byte{15}, b.give(0xB2, []byte{1}))
		status("after B2h", 1, 1)
		b.give(0xB1, code(2))
		b.data("B2h of a code dropped", []byte{0}, b.give(0xB2, []byte{0}))
		status("a dropped one is not kept", 1, 1)
		b.give(0xB1, code(2))
		b.give(0xB2, []byte{1})
		b.ask("a third code", 0x35, 0xB1, code(3))
		b.give(0xB3)
		status("after B3h", 1, 0)
		b.give(0x15, b.now())
		b.ask("a code that was not checked", 0x3E, 0xB7, append([]byte{2}, model.TLV(2007, model.Text(2000, "0121"))...))
		b.ask("a block without a code", 0x3C, 0xB7, append([]byte{2}, model.TLV(2007, model.U8(2110, 1))...))
		b.ask("the end before the items", 0x33, 0xB7, []byte{3})
		b.ask("a part that is none", 0x01, 0xB7, []byte{4})
		b.give(0x06)
		b.checked("0121")
		b.give(0x15, b.now())
		b.give(0xB7, append([]byte{1}, model.U8(1055, 1)...))
		for _, f := range b.receiptFields(0x15, 100, nil) {
			b.give(0x07, f)
		}
		b.ask("a notification begun and without items", 0x33, 0x16, b.ending(1, 100))
		b.give(0xB7, append([]byte{2}, block...))
		b.give(0xB7, []byte{3})
		b.ask("an item after the end", 0x33, 0xB7, append([]byte{2}, block...))
		b.give(0x16, b.ending(1, 100))
		status("the codes are spent", 1, 0)
		b.number("one notification waits", 1, le(b.give(0xBA)[1:3]))
	})),
	in(conformance.FFD12, ofDrive("D-056", "drive/notifications", conformance.Code, "fn.md 9.2, 10", "Notifications are read and confirmed by BBh to BFh in their own queue; after 30 days of silence marked goods are refused with 34h.", 0, noSetup, func(b *bare) {
		b.done(b.report(report{ext: 1 << 4}))
		b.done(b.opening())
		sell := func(code string) {
			b.checked(code)
			b.give(0x15, b.now())
			for _, f := range b.receiptFields(0x15, 100, nil) {
				b.give(0x07, f)
			}
			b.give(0xB7, append([]byte{2}, model.TLV(2007, append(model.Text(2000, code), model.U8(2110, 1)...))...))
			b.give(0x16, b.ending(1, 100))
		}
		b.ask("nothing to read", 0x08, 0xBB)
		sell("AAAA")
		sell("BBBB")
		b.drained()
		var earlier []byte
		for n := int64(1); n <= 2; n++ {
			queue := b.give(0xBA)
			b.data("BAh: state, count, first", append([]byte{0}, append(u16(int(3-n)), u32(uint32(n))...)...), queue[:7])
			size := int(le(b.give(0xBB)))
			b.number("BAh while reading", 1, int64(b.give(0xBA)[0]))
			b.ask("a receipt while reading", 0x02, 0xBF, make([]byte, 60))
			container := b.give(0xBC, u16(0), u16(size))
			b.give(0xBE)
			b.number("BAh while a receipt is awaited", 2, int64(b.give(0xBA)[0]))
			m := b.readMarking(container)
			b.number("it is form 82", 82, int64(m.Form))
			b.tag(m, 2002, n)
			b.tag(m, 2040, 2+n)
			b.tag(m, 1040, 2+n)
			right := (&model.Confirmation{To: m}).MarkingReply(model.U8(2111, 0))[30:]
			wrong := append([]byte{}, right...)
			wrong[19]++
			model.FixContainerCRC(wrong)
			b.data("a receipt on another notification: the reason", []byte{3}, b.ask("a receipt on another notification", 0x20, 0xBF, wrong))
			if earlier != nil {
				b.data("the receipt of the one before: the reason", []byte{3}, b.ask("the receipt of the one before", 0x20, 0xBF, earlier))
			}
			b.data("the receipt's result", []byte{0}, b.give(0xBF, right))
			earlier = right
		}
		b.number("none waits", 0, le(b.give(0xBA)[1:3]))
		sell("CCCC")
		b.drained()
		m := b.document(le32(b.done(b.state())))
		b.tag(m, 2104, 1)
		b.pass(30*day - time.Minute)
		b.drained()
		b.done(b.closing())
		b.done(b.opening())
		b.checked("DDDD")
		b.give(0xB3)
		b.pass(2 * time.Minute)
		b.heard()
		b.ask("marked goods after 30 days", 0x34, 0xB1, []byte{0, 4, 'E', 'E', 'E', 'E'})
		b.number("B0h is blocked", 0, int64(b.give(0xB0)[0]))
		b.done(b.sale())
	})),
}
