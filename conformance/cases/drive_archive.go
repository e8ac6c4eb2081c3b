package cases

import (
	"bytes"
	"fmt"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/model"
)

var driveArchive = []conformance.Case{
	in(conformance.EachFFD, ofDrive("D-045", "drive/archive-records", conformance.Doc, "fn.md 9.1, 11", "40h gives the record of each form as it was made, 43h and 44h the registration in force and each before it.", 0, noSetup, func(b *bare) {
		first := b.done(b.report(report{}))
		registered := b.at
		b.pass(time.Hour)
		reason, bits := byte(3), uint32(1<<3)
		second := b.done(b.report(report{kind: 2, tax: 1, reason: reason, reasons: bits}))
		changed := b.at
		b.pass(time.Minute)
		opened := b.done(b.opening())
		b.pass(time.Minute)
		sold := b.done(b.receipt(0x15, 3, 1<<33+7, nil))
		corrected := b.done(b.receipt(0x17, 1, 777, nil))
		at := b.at
		stated := b.done(b.state())
		closed := b.done(b.closing())
		identity := append(spaced(b.inn, 12), spaced(b.rnm, 20)...)
		marks := map[byte][2]byte{2: {0, 0}, 3: {0x40, 0x80}, 4: {0x40, 0xC0}}[b.FFD()]
		record := func(name string, form byte, at time.Time, fd uint32, sign []byte, rest ...[]byte) {
			want := bytes.Join(append([][]byte{{form, 0}, clock(at), u32(fd), sign}, rest...), nil)
			seen := b.give(0x40, u32(fd))
			b.data("the record of "+name, want, seen[:min(len(seen), len(want))])
			if b.FFD() < 3 {
				b.number("the length of the record of "+name, int64(len(want)), int64(len(seen)))
			}
		}
		change := []byte{1, 0}
		if b.FFD() < 3 {
			change = append(change, reason)
		}
		record("a registration", 1+marks[0], registered, 1, first[4:8], identity, []byte{3, 0})
		record("a change", 11+marks[0], changed, 2, second[4:8], identity, change)
		record("an opening", 2, b.at.Add(-time.Minute), 3, opened[6:10], u16(1))
		record("a receipt", 3+marks[1], at, 4, sold[6:10], []byte{3, 7, 0, 0, 0, 2})
		record("a correction", 31+marks[1], at, 5, corrected[6:10], []byte{1}, u32(777), []byte{0})
		record("a state report", 21, at, 6, stated[4:8], u32(5), clock(registered))
		record("a closing", 5, at, 7, closed[6:10], u16(1))
		b.ask("40h of number 0", 0x08, 0x40, u32(0))
		b.ask("40h of the next number", 0x08, 0x40, u32(8))
		b.ask("41h of the next number", 0x08, 0x41, u32(8))
		b.ask("45h of the next number", 0x08, 0x45, u32(8))
		base := func(at time.Time, tax byte, reasons []byte, fd uint32, sign []byte) []byte {
			return bytes.Join([][]byte{clock(at), identity, {tax, 0}, reasons, u32(fd), sign}, nil)
		}
		b.data("43h is the report in force", base(changed, 1, nil, 2, second[4:8]), b.give(0x43))
		b.data("43h of the first", base(registered, 3, []byte{0}, 1, first[4:8]), b.give(0x43, []byte{1}))
		b.ask("43h of a third", 0x08, 0x43, []byte{3})
		b.data("44h gives a tag of the report in force", model.U8(1062, 1), b.give(0x44, u16(1062)))
		b.data("44h gives a tag of the first", model.U8(1062, 3), b.give(0x44, []byte{1}, u16(1062)))
		b.ask("44h of a tag that is not there", 0x08, 0x44, u16(1059))
		b.give(0x44, u16(0xFFFF))
		var all []byte
		for range 200 {
			code, field := b.exec(0x47, nil)
			if code != 0 {
				b.code("08h ends the list of 47h", 0x08, code)
				break
			}
			all = append(all, field...)
		}
		b.data("47h gives the whole report", b.document(2).STLV[4:], all)
		b.drained()
		b.done(b.archive())
		b.drained()
		seen := b.give(0x40, u32(8))
		b.number("the form of the closing of the drive", 6, int64(seen[0]))
		b.data("and its identity", identity, seen[len(seen)-32:])
		b.give(0x45, u32(8))
		b.give(0x45, u32(1))
		for fd := uint32(1); fd <= 8; fd++ {
			b.number(fmt.Sprintf("document %d is confirmed", fd), 1, int64(b.give(0x40, u32(fd))[1]))
		}
	})),
	in(conformance.EachFFD, ofDrive("D-046", "drive/thirty-day-store", conformance.Doc, "fn.md 5.2, 11", "A document is kept whole for 30 days, and until it is confirmed; registration reports and the newest of each kind stay.", 0, noSetup, func(b *bare) {
		b.done(b.report(report{}))
		b.done(b.opening())
		b.done(b.sale())
		b.pass(time.Minute)
		b.done(b.sale())
		b.drained()
		b.pass(30*day - 2*time.Minute)
		b.done(b.state())
		b.give(0x45, u32(3))
		b.drained()
		b.pass(time.Minute)
		b.done(b.state())
		b.ask("after 30 days a confirmed receipt is not whole any more", 0x08, 0x45, u32(3))
		b.give(0x45, u32(4))
		b.give(0x40, u32(3))
		b.give(0x45, u32(1))
		b.give(0x45, u32(2))
		b.drained()
		b.done(b.closing())
		b.done(b.opening())
		b.done(b.sale())
		b.done(b.sale())
		b.pass(29 * day)
		b.done(b.state())
		b.pass(2 * day)
		b.done(b.state())
		b.give(0x45, u32(9))
		b.drained()
		b.done(b.state())
		b.ask("once confirmed it goes", 0x08, 0x45, u32(9))
	})),
	in(conformance.EachFFD, ofDrive("D-047", "drive/status", conformance.Doc, "fn.md 9.1, 9.2", "30h to 35h, 3Ah, 3Bh and 3Dh tell what the drive is and where it stands.", 0, noSetup, func(b *bare) {
		number := spaced(b.KKT.FN(), 16)
		b.data("31h", number, b.give(0x31))
		want := append(append([]byte{1, 0, 0, 0, 0, 0, 0, 0, 0, 0}, number...), 0, 0, 0, 0)
		b.data("30h of a new drive", want, b.status())
		b.data("32h of a new drive", []byte{0, 0, 0, 12, 0}, b.give(0x32))
		version := b.give(0x33)
		b.number("33h has 16 characters and a type", 18, int64(len(version)))
		b.number("33h tells a debug drive", 0, int64(version[16]))
		b.data("3Ah of a new drive", []byte{0, 4}, b.give(0x3A))
		b.data("3Dh of a new drive", append(append(u32(250_000), u32(50<<10)...), 0), b.give(0x3D))
		b.trading()
		b.pass(time.Minute)
		b.done(b.sale())
		want = append(append(append([]byte{3, 0, 0, 1, 0}, clock(b.at)...), number...), 3, 0, 0, 0)
		b.data("30h", want, b.status())
		if b.FFD() > 2 {
			b.data("3Ah", []byte{b.FFD(), 4}, b.give(0x3A))
		}
		b.number("3Dh counts down", 250_000-3, le(b.give(0x3D)[:4]))
		b.ask("a command that does not exist", 0x01, 0x77)
		b.ask("11h without its time", 0x01, 0x11, []byte{1, 2})
		b.ask("11h with a byte too many", 0x01, 0x11, make([]byte, 6))
		b.ask("35h tells errors in pairs", 0, 0x35)
		errors := b.give(0x35)
		b.data("35h ends with the last errors", []byte{0x77, 1, 0x11, 1, 0x11, 1}, errors[max(0, len(errors)-6):])
		if b.FFD() < 3 {
			b.ask("36h before FFD 1.1", 0x0A, 0x36, []byte{0})
			b.ask("B0h before FFD 1.2", 0x0A, 0xB0)
		}
		if b.FFD() == 3 {
			b.ask("B0h before FFD 1.2", 0x0A, 0xB0)
		}
	})),
	in(conformance.EachFFD, ofDrive("D-048", "drive/autonomous", conformance.Doc, "fn.md 12, fiscal-sign.md 5.6", "An autonomous drive queues nothing, is never overdue, closes at once, and from FFD 1.1 on keeps an archive sign with each receipt.", 0, noSetup, func(b *bare) {
		b.done(b.report(report{mode: 2}))
		m := b.document(1)
		b.tag(m, 1002, 1)
		b.Expect("document/1017", b.mark, "1017 is twelve zeros", b.FFD() < 3 || m.Text(1017) == "000000000000", "000000000000", m.Text(1017))
		b.done(b.opening())
		b.done(b.sale())
		b.number("nothing waits", 0, int64(b.waiting()))
		b.link("of an autonomous drive", 0, 0, 0, 0)
		b.pass(60 * day)
		b.heard()
		b.warns("after 60 days", 8, 0)
		if b.FFD() > 2 {
			record := b.give(0x40, u32(3))
			sign := model.ArchiveSign(b.Master(), b.KKT.FN(), b.document(3).STLV)
			b.data("the archive sign of the receipt", append([]byte{16}, sign...), record[min(len(record), 21):])
		}
		b.tag(b.document(le32(b.done(b.closing())[2:])), 1097, -1)
		b.done(b.opening())
		b.done(b.closing())
		b.done(b.archive())
		b.phase(0x0F)
	})),
}
