package cases

import (
	"context"
	"fmt"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/model"
)

// ofDrive is a case of a drive alone.
func ofDrive(id, path string, mark conformance.Mark, source, title string, needs conformance.Capability, setup conformance.DriveSetup, run func(b *bare)) conformance.Case {
	return kkt(id, path, mark, source, title, drive|needs, func(ctx context.Context, r *conformance.Run) { run(alone(ctx, r, mark, setup)) })
}

var noSetup conformance.DriveSetup

// begins are the commands that begin a document, with data that is right.
func (b *bare) begins() []struct {
	name string
	cmd  byte
	data []byte
} {
	registration, first, change := byte(0x02), []byte{0}, []byte{2}
	if b.FFD() > 2 {
		registration, first, change = 0xA2, []byte{0, b.FFD()}, []byte{2, b.FFD()}
	}
	return []struct {
		name string
		cmd  byte
		data []byte
	}{
		{"a registration", registration, first}, {"a change", registration, change}, {"an opening", 0x11, b.now()}, {"a closing", 0x13, b.now()},
		{"a receipt", 0x15, b.now()}, {"a correction", 0x17, b.now()}, {"a state report", 0x18, b.now()}, {"the closing of the drive", 0x04, nil},
	}
}

// mayBegin demands which documents may be begun now; each is cancelled.
func (b *bare) mayBegin(when string, want ...string) {
	for _, c := range b.begins() {
		code := byte(0x02)
		for _, w := range want {
			if w == c.name {
				code = 0
			}
		}
		b.ask(fmt.Sprintf("%s: %s", when, c.name), code, c.cmd, c.data)
		if code == 0 {
			b.give(0x06)
		}
	}
}

var driveOrder = []conformance.Case{
	in(conformance.EachFFD, ofDrive("D-001", "drive/phases", conformance.Doc, "fn.md 3, 3.1, 4", "In each phase the drive begins those documents and takes those commands that the phase allows, and no others.", 0, noSetup, func(b *bare) {
		always := func(exchange byte) {
			for _, cmd := range []byte{0x30, 0x31, 0x33, 0x35, 0x32, 0x42} {
				b.give(cmd)
			}
			b.ask("20h in this phase", exchange, 0x20)
			b.ask("21h in this phase", exchange, 0x21, []byte{0})
			b.ask("40h of a document that is not there", 0x08, 0x40, u32(999))
		}
		b.phase(0x01)
		always(0)
		b.mayBegin("before registration", "a registration")
		b.ask("43h before registration", 0x02, 0x43)
		b.done(b.report(report{}))
		b.phase(0x03)
		always(0)
		b.mayBegin("registered, shift closed", "a change", "an opening", "a state report")
		b.drained()
		b.mayBegin("registered, shift closed, nothing unsent", "a change", "an opening", "a state report", "the closing of the drive")
		b.done(b.opening())
		b.drained()
		b.mayBegin("shift open", "a closing", "a receipt", "a correction", "a state report")
		b.done(b.sale())
		b.done(b.closing())
		b.ask("closing the drive with documents unsent", 0x02, 0x04)
		b.drained()
		b.done(b.archive())
		b.phase(0x07)
		always(0)
		b.mayBegin("after form 6", "a state report")
		b.done(b.state())
		b.confirmed()
		b.phase(0x07)
		b.confirmed()
		b.phase(0x0F)
		always(0x02)
		b.mayBegin("archive reading")
		for _, cmd := range []byte{0x22, 0x24, 0x25} {
			b.ask("the exchange has ended", 0x02, cmd)
		}
		b.give(0x43)
		b.give(0x40, u32(1))
		b.give(0x45, u32(1))
	})),
	in(conformance.EachFFD, ofDrive("D-002", "drive/order-of-commands", conformance.Doc, "fn.md 9.1, 12", "Documents are begun, given their data and finished in this order, one at a time, by their own commands; 06h drops one.", 0, noSetup, func(b *bare) {
		b.ask("data without a document", 0x02, 0x07, model.Text(1048, "x"))
		b.ask("the end of a registration that was not begun", 0x02, map[bool]byte{true: 0x03, false: 0xA3}[b.FFD() < 3], make([]byte, map[bool]int{true: 39, false: 52}[b.FFD() < 3]))
		b.done(b.report(report{}))
		ends := map[byte][]byte{0x12: nil, 0x14: nil, 0x16: b.ending(1, 100), 0x19: nil, 0x05: append(b.now(), spaced(b.rnm, 20)...)}
		for cmd, data := range ordered(ends) {
			b.ask("the end of a document that was not begun", 0x02, cmd, data)
		}
		b.give(0x11, b.now())
		b.number("30h tells the document being made", 0x02, int64(b.status()[1]))
		b.number("30h tells that it has no data", 0, int64(b.status()[2]))
		b.give(0x07, model.Text(1021, "Кассир"))
		b.number("30h tells that it has data", 1, int64(b.status()[2]))
		for cmd, data := range ordered(ends) {
			if cmd != 0x12 {
				b.ask("the end of another document", 0x02, cmd, data)
			}
		}
		b.mayBegin("a document is being made")
		b.give(0x06)
		b.number("after 06h nothing is made", 0, int64(b.status()[1]))
		b.ask("data after 06h", 0x02, 0x07, model.Text(1048, "x"))
		b.ask("the end after 06h", 0x02, 0x12)
		b.done(b.opening())
		for _, c := range []struct{ begin, kind byte }{{0x15, 0x04}, {0x17, 0x14}, {0x13, 0x08}, {0x18, 0x17}} {
			b.give(c.begin, b.now())
			b.number("30h tells the kind", int64(c.kind), int64(b.status()[1]))
			b.ask("12h does not finish it", 0x02, 0x12)
			b.give(0x06)
		}
		b.number("nothing of this used up a number", 2, int64(b.last()))
	})),
	in(conformance.EachFFD, ofDrive("D-003", "drive/unfinished", conformance.Doc, "fn.md 12, FN-034", "A document that is refused at its end changes nothing; one that the power cuts off is lost, and all else stays.", 0, noSetup, func(b *bare) {
		b.trading()
		before := b.status()
		counters := func() []byte {
			if b.FFD() < 3 {
				return nil
			}
			return append(b.give(0x36, []byte{0}), b.give(0x39)...)
		}
		sums := counters()
		b.refused("operation 5", 0x09, b.receipt(0x15, 5, 100, nil))
		b.refused("operation 0", 0x09, b.receipt(0x15, 0, 100, nil))
		b.data("30h is as before", before, b.status())
		b.data("counters are as before", sums, counters())
		b.give(0x15, b.now())
		b.give(0x07, model.U8(1055, 1))
		b.give(0x21, []byte{1})
		b.cut()
		b.data("after a power cut 30h is as before", before, b.status())
		b.ask("the document is lost", 0x02, 0x16, b.ending(1, 100))
		b.ask("the connection is down until 21h", 0x11, 0x22)
		b.number("the queue stays", 2, int64(b.waiting()))
		answer := b.done(b.sale())
		b.number("the next receipt has the next number in the shift", 1, le(answer[:2]))
		b.number("and the next number of all", 3, le(answer[2:6]))
	})),
	in(conformance.EachFFD, ofDrive("D-004", "drive/clock", conformance.Doc, "fn.md 7 FN-030", "Time never goes back before the last document; an opening alone may lie an hour before the closing before it.", 0, noSetup, func(b *bare) {
		b.done(b.report(report{}))
		b.pass(-time.Hour - time.Minute)
		b.refused("an opening more than an hour before the registration", 0x07, b.opening())
		b.pass(time.Minute)
		b.done(b.opening())
		b.pass(time.Hour)
		b.done(b.sale())
		early := func(why string, f func() formed) {
			b.pass(-time.Minute)
			b.refused(why+" a minute before the last document", 0x07, f())
			b.pass(time.Minute)
		}
		early("a receipt", b.sale)
		early("a correction", func() formed { return b.receipt(0x17, 1, 100, nil) })
		early("a closing", b.closing)
		early("a state report", b.state)
		b.pass(time.Minute)
		b.give(0x15, b.now())
		for _, f := range b.receiptFields(0x15, 100, nil) {
			b.give(0x07, f)
		}
		b.pass(-time.Minute)
		b.ask("a receipt that ends before it began", 0x07, 0x16, b.ending(1, 100))
		b.pass(time.Minute)
		b.give(0x06)
		b.done(b.closing())
		early("a change", func() formed { return b.report(report{kind: 2}) })
		b.done(b.state())
		early("an opening with a report between", b.opening)
		b.drained()
		early("the closing of the drive", b.archive)
		for _, wrong := range [][]byte{{27, 13, 1, 0, 0}, {27, 2, 29, 0, 0}, {27, 1, 1, 24, 0}, {27, 1, 1, 0, 60}, {27, 0, 1, 0, 0}, {27, 1, 0, 0, 0}} {
			b.ask("a time that does not exist", 0x07, 0x18, wrong)
		}
	})),
	in(conformance.EachFFD, ofDrive("D-005", "drive/a-day", conformance.Doc, "fn.md 7 FN-031, FN-033, 5.4 FN-024", "24 hours after its opening a shift takes no receipts, asked at the beginning and at the end of each; reports go on.", 0, noSetup, func(b *bare) {
		b.trading()
		b.pass(day)
		b.done(b.sale())
		b.done(b.receipt(0x17, 1, 100, nil))
		b.give(0x15, b.now())
		for _, f := range b.receiptFields(0x15, 100, nil) {
			b.give(0x07, f)
		}
		b.pass(time.Minute)
		b.ask("a receipt finished too late", 0x16, 0x16, b.ending(1, 100))
		b.give(0x06)
		b.ask("a receipt begun too late", 0x16, 0x15, b.now())
		b.ask("a correction begun too late", 0x16, 0x17, b.now())
		b.done(b.state())
		b.done(b.closing())
		b.done(b.opening())
		b.done(b.sale())
	})),
	in(conformance.EachFFD, ofDrive("D-006", "drive/thirty-days", conformance.Doc, "fn.md 5.4, 6", "When the oldest unconfirmed document is older than 30 days 15h stops shifts and receipts, at their beginning and at their end; the exchange, state reports and what follows a confirmation go on.", 0, noSetup, func(b *bare) {
		b.done(b.report(report{}))
		b.pass(30*day - time.Minute)
		b.done(b.opening())
		b.done(b.sale())
		b.done(b.closing())
		b.done(b.opening())
		late := func(why string, want byte, begin byte, fields [][]byte, end byte, last func() []byte) {
			b.give(begin, b.now())
			for _, f := range fields {
				b.give(0x07, f)
			}
			if b.FFD() > 2 {
				b.pass(2 * time.Minute)
				b.give(0x3B, b.now()) // a command that brings a time and makes nothing
				b.ask("the end of "+why+" after 30 days", want, end, last())
				b.pass(-2 * time.Minute)
			}
			b.give(0x06)
		}
		none := func() []byte { return nil }
		late("a receipt", 0x15, 0x15, b.receiptFields(0x15, 100, nil), 0x16, func() []byte { return b.ending(1, 100) })
		late("a closing", 0x15, 0x13, b.common(), 0x14, none)
		b.done(b.closing())
		late("an opening", 0x15, 0x11, b.openFields(), 0x12, none)
		b.done(b.opening())
		b.pass(2 * time.Minute)
		b.ask("a receipt", 0x15, 0x15, b.now())
		b.ask("a correction", 0x15, 0x17, b.now())
		b.ask("a closing", 0x15, 0x13, b.now())
		b.done(b.state())
		b.confirmed()
		b.done(b.sale())
		b.done(b.closing())
		b.done(b.report(report{kind: 2}))
		b.pass(31 * day)
		b.ask("an opening", 0x15, 0x11, b.now())
		b.drained()
		b.done(b.opening())
		b.done(b.closing())
	})),
}
