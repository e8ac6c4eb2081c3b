package cases

import (
	"fmt"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/model"
)

const setup = conformance.NeedsSetup

// heard brings the drive a time without making anything.
func (b *bare) heard() {
	b.give(0x18, b.now())
	b.give(0x06)
}

var driveLimits = []conformance.Case{
	in(conformance.EachFFD, ofDrive("D-010", "drive/keys-by-calendar", conformance.Doc, "fn.md 5.3, 5.4, 7", "By the calendar: warnings 30 and 3 days before the end of the keys, their tags in shift reports, work on the last day, and 12h after it but for closing and exchange.", setup, conformance.DriveSetup{KeyDays: 60}, func(b *bare) {
		b.done(b.report(report{}))
		end := b.at.Truncate(day).Add(60 * day)
		life := b.give(0x32)
		b.data("32h tells the last day, the reports left and made", append(clock(end)[:3], 11, 1), life)
		for _, left := range []int{31, 30, 4, 3, 0} {
			b.at = end.Add(-time.Duration(left)*day + 10*time.Hour)
			b.drained()
			opened := b.done(b.opening())
			flags := byte(0)
			if left <= 30 {
				flags = 2
			}
			if left <= 3 {
				flags = 3
			}
			b.warns(fmt.Sprintf("%d days before the end", left), 3, flags)
			if b.FFD() > 2 {
				b.number("3Bh counts the days left", int64(left), le(b.give(0x3B, b.now())))
			}
			closed := b.done(b.closing())
			for _, answer := range [][]byte{opened, closed} {
				m := b.document(le32(answer[2:]))
				b.tag(m, 1050, map[bool]int64{true: 1, false: -1}[flags&2 != 0])
				b.tag(m, 1051, map[bool]int64{true: 1, false: -1}[flags&1 != 0])
			}
		}
		b.drained()
		b.done(b.opening())
		b.done(b.sale())
		b.give(0x15, b.now())
		for _, f := range b.receiptFields(0x15, 100, nil) {
			b.give(0x07, f)
		}
		b.at = end.Add(day)
		b.ask("the end of a receipt after the end of the keys", 0x12, 0x16, b.ending(1, 100))
		b.give(0x06)
		b.ask("a receipt after the end of the keys", 0x12, 0x15, b.now())
		b.ask("a correction", 0x12, 0x17, b.now())
		b.ask("a state report", 0x12, 0x18, b.now())
		b.done(b.closing())
		b.ask("an opening", 0x12, 0x11, b.now())
		b.drained()
		b.done(b.archive())
		b.drained()
		b.phase(0x0F)
	})),
	in(conformance.EachFFD, ofDrive("D-011", "drive/archive-filling", conformance.Doc, "fn.md 5.2, 5.3, 5.4", "From 90 % of the archive the drive warns, full it takes no shifts and receipts; closing reports, the closing of the drive and the exchange go on.", setup, conformance.DriveSetup{Capacity: 20}, func(b *bare) {
		b.trading()
		for range 15 {
			b.done(b.sale())
		}
		b.warns("17 of 20 documents", 4, 0)
		b.done(b.closing())
		b.warns("18 of 20 documents", 4, 4)
		opened := b.done(b.opening())
		b.tag(b.document(le32(opened[2:])), 1052, 1)
		if b.FFD() > 2 {
			b.number("3Dh tells the documents left", 1, le(b.give(0x3D)[:4]))
		}
		b.done(b.sale())
		b.ask("a receipt into a full archive", 0x06, 0x15, b.now())
		b.ask("a correction into a full archive", 0x06, 0x17, b.now())
		b.ask("a state report", 0x06, 0x18, b.now())
		b.tag(b.document(le32(b.done(b.closing())[2:])), 1052, 1)
		b.ask("an opening", 0x06, 0x11, b.now())
		b.drained()
		b.done(b.archive())
		b.drained()
	})),
	in(conformance.EachFFD, ofDrive("D-012", "drive/store-filling", conformance.Doc, "fn.md 5.2, 5.4", "When the store of unsent documents is full 14h stops shifts and receipts, and confirmations make room again.", setup, conformance.DriveSetup{StoreBytes: 3000}, func(b *bare) {
		b.trading()
		refused := formed{}
		for n := 0; refused.code == 0 && n < 30; n++ {
			refused = b.sale()
		}
		b.refused("a receipt into a full store", 0x14, refused)
		b.number("the queue holds what was made", int64(b.last()), int64(b.waiting()))
		b.drained()
		b.done(b.sale())
		b.done(b.closing())
	})),
	in(conformance.EachFFD, ofDrive("D-013", "drive/two-days", conformance.Doc, "fn.md 5.3, 6", "Two days after the oldest unconfirmed document flag 08 is set and the reports carry 1053; a confirmation takes both back at once.", 0, noSetup, func(b *bare) {
		b.trading()
		b.pass(2*day - time.Minute)
		b.heard()
		b.warns("a minute before two days", 8, 0)
		b.tag(b.document(le32(b.done(b.closing())[2:])), 1053, -1)
		b.pass(2 * time.Minute)
		b.heard()
		b.warns("a minute after two days", 8, 8)
		b.tag(b.document(le32(b.done(b.opening())[2:])), 1053, 1)
		b.tag(b.document(le32(b.done(b.closing())[2:])), 1053, 1)
		b.confirmed()
		b.confirmed()
		b.confirmed()
		b.warns("when the oldest are confirmed", 8, 0)
		b.tag(b.document(le32(b.done(b.opening())[2:])), 1053, -1)
	})),
	ofDrive("D-014", "drive/five-days", conformance.Doc, "fn.md 5.3, 6", "In FFD 1.0 the flag of the overdue operator is set after five days, not before.", 0, noSetup, func(b *bare) {
		b.done(b.report(report{first: true}))
		b.done(b.opening())
		b.pass(5*day - time.Minute)
		b.heard()
		b.warns("a minute before five days", 8, 0)
		b.pass(2 * time.Minute)
		b.heard()
		b.warns("a minute after five days", 8, 8)
	}),
	in(conformance.EachFFD, ofDrive("D-015", "drive/registrations", conformance.TB, "fn.md 4 FN-012", "The drive takes as many registration reports as it tells by 32h, the first included.", setup, conformance.DriveSetup{Registrations: 3}, func(b *bare) {
		for n := byte(0); n < 3; n++ {
			life := b.give(0x32)
			b.data("reports left and made", []byte{3 - n, n}, life[3:])
			b.done(b.report(report{kind: 2 * min(n, 1), reason: 3, reasons: uint32(min(n, 1)) << 3}))
		}
		b.data("reports left and made", []byte{0, 3}, b.give(0x32)[3:])
		b.refused("a report too many", 0x02, b.report(report{kind: 2}))
		b.done(b.opening())
	})),
	in(conformance.EachFFD, ofDrive("D-016", "drive/default-registrations", conformance.TB, "fn.md 4 FN-012", "A drive takes twelve registration reports unless it is set otherwise.", 0, noSetup, func(b *bare) {
		b.data("reports left and made", []byte{12, 0}, b.give(0x32)[3:])
	})),
	in(conformance.EachFFD, ofDrive("D-017", "drive/key-life", conformance.Code, "fn.md 5.1 FN-020, FN-021", "The life of the keys follows the conditions of the registration.", 0, noSetup, func(b *bare) {
		v12 := b.FFD() == 4
		pick := func(late bool, a, c int) int {
			if late {
				return a
			}
			return c
		}
		ext := func(n byte) byte { // extended modes are of A3h
			return n
		}
		for _, c := range []struct {
			why  string
			p    report
			days int
		}{
			{"a usual one", report{tax: 2, mode: 8}, 1110},
			{"simplified tax, goods", report{tax: 2}, 1110},
			{"general tax, services", report{tax: 1, mode: 8}, 1110},
			{"general tax, goods", report{tax: 1}, 560},
			{"autonomous", report{tax: 2, mode: 2 | 8}, 560},
			{"autonomous, general tax, goods", report{tax: 1, mode: 2}, pick(v12, 410, 560)},
			{"excise goods", report{tax: 2, ext: ext(1), extra: [][]byte{}}, 410},
		} {
			if c.p.ext != 0 && b.FFD() < 3 {
				c.p.ext, c.p.extra = 0, [][]byte{model.U8(1207, 1)}
			}
			b.done(b.report(c.p))
			want := clock(b.at.Truncate(day).Add(time.Duration(c.days) * day))[:3]
			b.data(c.why, want, b.give(0x32)[:3])
			b.give(0x60, []byte{0x16})
		}
	})),
	in(conformance.EachFFD, ofDrive("D-018", "drive/reset", conformance.Doc, "fn.md 9.1", "60h makes a debug drive new, and only with its parameter.", 0, noSetup, func(b *bare) {
		b.trading()
		b.ask("60h with another parameter", 0x01, 0x60, []byte{0x17})
		b.phase(0x03)
		b.give(0x60, []byte{0x16})
		b.phase(0x01)
		b.number("no document is left", 0, int64(b.last()))
		b.number("nothing waits", 0, int64(b.waiting()))
		b.trading()
	})),
	in(conformance.From11, ofDrive("D-019", "drive/totals", conformance.Doc, "fn.md 8", "A receipt that overflows a total of the shift is refused with 09h; the next shift begins from zero.", setup, conformance.DriveSetup{SumLimit: 25000}, func(b *bare) {
		b.trading()
		b.done(b.sale())
		b.done(b.sale())
		b.refused("a third one", 0x09, b.sale())
		b.done(b.receipt(0x15, 2, 10000, nil))
		b.done(b.receipt(0x17, 1, 10000, nil))
		b.done(b.receipt(0x15, 1, 5000, nil))
		b.refused("one kopeck more", 0x09, b.receipt(0x15, 1, 1, nil))
		b.done(b.closing())
		b.done(b.opening())
		b.done(b.sale())
	})),
	in(conformance.EachFFD, ofDrive("D-020", "drive/timer", conformance.Doc, "fn.md 7 FN-032", "With the rule of five minutes a receipt whose time runs away from the drive's timer by more than five minutes is refused with 17h.", setup, conformance.DriveSetup{FiveMinutes: true}, func(b *bare) {
		b.trading()
		b.done(b.sale())
		b.pass(5 * time.Minute)
		b.done(b.sale())
		b.pass(6 * time.Minute)
		b.refused("six minutes ahead", 0x17, b.sale())
		b.pass(-time.Minute)
		b.wait(11 * time.Minute)
		b.refused("six minutes behind", 0x17, b.sale())
		b.cut()
		b.done(b.sale())
	})),
}
