package cases

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance"
)

// pair is a case of both ends.
func pair(id, path, source, title string, ways []conformance.Variant, run func(ctx context.Context, r *conformance.Run)) conformance.Case {
	return conformance.Case{ID: id, Path: path, Of: conformance.Pair, Mark: conformance.Doc, Source: source, Title: title, Variants: ways, Run: run}
}

// together opens both ends with a registered register and an open shift.
func together(ctx context.Context, r *conformance.Run, o conformance.DeskOptions) *conformance.Pairing {
	p := r.Pair(ctx, o)
	p.Begin(ctx, conformance.Order{Marking: o.Marking})
	return p
}

// told gives the case settings of the operator.
func told(settings map[string]string, c conformance.Case) conformance.Case {
	c.Settings = settings
	return c
}

const doc = conformance.Doc

var pairs = []conformance.Case{
	pair("P-001", "pair/registration", "fn.md 3.2, transport.md 8", "A registration passes; both ends agree on the register.", eachEncrypted, func(ctx context.Context, r *conformance.Run) {
		p := r.Pair(ctx, conformance.DeskOptions{})
		p.Do(ctx, doc, register(r))
		p.Sent(ctx, doc)
		all := p.Judge(ctx, doc)
		p.Phase(ctx, doc, 0x03)
		d := p.OFD.Drive(ctx, p.KKT.FN())
		p.Expect("drive/same", doc, "the operator shows the register's numbers", len(all) == 1 && d.RegID == all[0].Text(1037) && d.UserINN == all[0].Text(1018) && d.Status == "active",
			"the numbers of form 1", fmt.Sprintf("%+v", d))
	}),
	pair("P-002", "pair/day", "transport.md 7.2", "A day of receipts, corrections and reports passes in order.", eachEncrypted, func(ctx context.Context, r *conformance.Run) {
		p := together(ctx, r, conformance.DeskOptions{})
		for i := range 10 {
			p.Do(ctx, doc, conformance.Order{Do: conformance.OrderSell, Kopecks: uint64(100 * (i + 1)), Items: i + 1})
			p.Advance(ctx, time.Minute)
		}
		p.Do(ctx, doc, conformance.Order{Do: conformance.OrderSell, Operation: 2}, conformance.Order{Do: conformance.OrderCorrect, Operation: 1}, stateOrder, closeShift)
		p.Sent(ctx, doc)
		all := p.Judge(ctx, doc)
		for i, m := range all {
			p.Expect("wire/order", doc, "documents come in the order of their numbers", m.FD == uint32(i+1), i+1, m.FD)
		}
		p.Queue(ctx, doc, 0, "everything is confirmed")
		p.Stored(ctx, doc, len(all))
	}),
	pair("P-003", "pair/connection-per-document", "transport.md 7.2 TRN-062", "One connection for each document works as well.", conformance.EachFFD, func(ctx context.Context, r *conformance.Run) {
		p := together(ctx, r, conformance.DeskOptions{OneShot: true})
		p.Do(ctx, doc, sell, sell, closeShift)
		p.Sent(ctx, doc)
		p.Judge(ctx, doc)
		conns := map[int]bool{}
		for _, x := range p.Tap.Passed() {
			conns[x.Conn] = true
		}
		p.Expect("wire/connections", doc, "each document has a connection of its own", len(conns) == 5, 5, len(conns))
	}),
	pair("P-004", "pair/change", "fn.md 9.1", "A change of registration passes, and the operator shows the new name.", eachEncrypted, func(ctx context.Context, r *conformance.Run) {
		p := together(ctx, r, conformance.DeskOptions{})
		p.Do(ctx, doc, closeShift, conformance.Order{Do: conformance.OrderChange, User: "ООО Василек"}, openShift, sell)
		p.Sent(ctx, doc)
		p.Judge(ctx, doc)
		user := p.OFD.Drive(ctx, p.KKT.FN()).User
		p.Expect("drive/user", doc, "the card shows the new name", user == "ООО Василек", "ООО Василек", user)
	}),
	pair("P-005", "pair/next-version", "flk.md Q-10, transport.md 8.1 TRN-070", "A change of the format version passes with the report before it; the confirmations follow.", conformance.From11, func(ctx context.Context, r *conformance.Run) {
		p := r.Pair(ctx, conformance.DeskOptions{})
		before := r.FFD() - 1
		p.Given("a registered register of the version before", func() {
			p.Do(ctx, doc, conformance.Order{Do: conformance.OrderRegister, FFD: before}, openShift, sell, closeShift)
			p.Sent(ctx, doc)
		})
		p.Do(ctx, doc, conformance.Order{Do: conformance.OrderChange, FFD: r.FFD()})
		p.Do(ctx, doc, openShift, sell)
		p.Sent(ctx, doc)
		all := p.Judge(ctx, doc)
		last := all[len(all)-1].FFD
		p.Expect("wire/1209", doc, "the receipt is of the new version", last == r.FFD(), r.FFD(), last)
	}),
	pair("P-006", "pair/outage-two-days", "fn.md 6", "After two days without the operator the reports carry 1053, everything comes when the line is back, and the warning goes.", conformance.EachFFD, func(ctx context.Context, r *conformance.Run) {
		p := together(ctx, r, conformance.DeskOptions{})
		p.Tap.Down()
		p.Do(ctx, doc, sell, closeShift)
		p.Advance(ctx, 2*day+time.Hour)
		p.Do(ctx, doc, openShift, sell, closeShift)
		err := p.KKT.Exchange(ctx)
		p.Expect("exchange/failed", doc, "nothing passes while the line is cut", err != nil, "an error", err)
		lineBack(ctx, p)
		p.Sent(ctx, doc)
		all := p.Judge(ctx, doc)
		warned := all[len(all)-1].Number(1053)
		p.Expect("wire/1053", doc, "the closing report carries the warning", warned == 1, 1, warned)
		p.Do(ctx, doc, openShift)
		p.Sent(ctx, doc)
		all = p.Judge(ctx, doc)
		warned = all[len(all)-1].Number(1053)
		p.Expect("wire/1053-gone", doc, "the next report does not", warned == -1, "absent", warned)
		p.Stored(ctx, doc, len(all))
	}),
	pair("P-007", "pair/outage-thirty-days", "fn.md 6", "After 30 days the drive refuses everything but the exchange; when the line is back all arrives and work resumes.", conformance.EachFFD, func(ctx context.Context, r *conformance.Run) {
		p := together(ctx, r, conformance.DeskOptions{})
		p.Tap.Down()
		p.Do(ctx, doc, sell)
		p.Advance(ctx, outageLimit+time.Hour)
		code(r, doc, p.Refuses(ctx, doc, "after 30 days closing the shift is refused", closeShift), 0x15)
		lineBack(ctx, p)
		p.Sent(ctx, doc)
		p.Do(ctx, doc, closeShift, openShift, sell)
		p.Sent(ctx, doc)
		p.Stored(ctx, doc, len(p.Judge(ctx, doc)))
	}),
	pair("P-008", "pair/archive-closed", "fn.md 4 FN-010", "A drive is closed on both ends after its last confirmation.", eachEncrypted, func(ctx context.Context, r *conformance.Run) {
		p := together(ctx, r, conformance.DeskOptions{})
		p.Do(ctx, doc, sell, closeShift)
		p.Sent(ctx, doc)
		p.Do(ctx, doc, closeDrive)
		p.Phase(ctx, doc, 0x07)
		p.OFD.ExpectStatus(ctx, p.KKT.FN(), "active", doc)
		p.Sent(ctx, doc)
		p.Phase(ctx, doc, 0x0F)
		p.OFD.ExpectStatus(ctx, p.KKT.FN(), "closed", doc)
		p.Judge(ctx, doc)
	}),
	pair("P-009", "pair/drive-replaced", "fn.md 4 FN-013", "A drive is replaced: the old one is closed, the new one reports itself and trades.", conformance.EachFFD, func(ctx context.Context, r *conformance.Run) {
		p := together(ctx, r, conformance.DeskOptions{})
		p.Do(ctx, doc, closeShift)
		p.Sent(ctx, doc)
		p.Do(ctx, doc, closeDrive)
		p.Sent(ctx, doc)
		old := p.KKT.FN()
		p.Do(ctx, doc, conformance.Order{Do: conformance.OrderReplaceDrive, NewFN: fmt.Sprintf("9999078902%06d", r.Serial()%1_000_000)})
		p.Sent(ctx, doc)
		p.Do(ctx, doc, openShift, sell)
		p.Sent(ctx, doc)
		p.Judge(ctx, doc)
		p.OFD.ExpectStatus(ctx, p.KKT.FN(), "active", doc)
		status := p.OFD.Drive(ctx, old).Status
		p.Expect("drive/old", doc, "the old drive is no longer active", status == "closed" || status == "replaced", "closed or replaced", status)
	}),
	pair("P-010", "pair/post-fiscal-transfer", "fn.md 4 FN-011", "What a closed drive still holds arrives after two days.", conformance.EachFFD, func(ctx context.Context, r *conformance.Run) {
		p := together(ctx, r, conformance.DeskOptions{})
		p.Do(ctx, doc, sell, closeShift)
		p.Sent(ctx, doc)
		p.Tap.Down()
		p.Do(ctx, doc, closeDrive)
		p.Advance(ctx, 2*day)
		lineBack(ctx, p)
		p.Sent(ctx, doc)
		p.Judge(ctx, doc)
		p.Phase(ctx, doc, 0x0F)
		p.OFD.ExpectStatus(ctx, p.KKT.FN(), "closed", doc)
	}),
	pair("P-011", "pair/lost-answer", "transport.md 10 E-20", "When the answer is lost the document comes again with the same bytes, gets the same confirmation and is stored once.", eachEncrypted, func(ctx context.Context, r *conformance.Run) {
		p := together(ctx, r, conformance.DeskOptions{OneShot: true})
		p.Tap.Next(conformance.Spoil{Note: "the answer is lost", DropAnswer: true})
		again(ctx, p)
	}),
	pair("P-012", "pair/damaged-answer", "transport.md 7.1", "When the answer is damaged on its way the drive refuses it, and the document comes again.", eachEncrypted, func(ctx context.Context, r *conformance.Run) {
		p := together(ctx, r, conformance.DeskOptions{OneShot: true})
		p.Tap.Next(conformance.Spoil{Note: "one bit of the answer changed", Answer: func(b []byte) []byte { b[len(b)-5] ^= 1; return b }, Close: true})
		again(ctx, p)
	}),
	pair("P-013", "pair/damaged-message", "transport.md E-09", "When the message is damaged on its way the operator gives no answer, and the document comes again.", eachEncrypted, func(ctx context.Context, r *conformance.Run) {
		p := together(ctx, r, conformance.DeskOptions{OneShot: true})
		p.Tap.Next(conformance.Spoil{Note: "one bit of the message changed", Message: func(b []byte) []byte { b[100] ^= 1; return b }})
		before := len(p.Tap.Passed())
		p.Do(ctx, doc, sell)
		err := p.KKT.Exchange(ctx)
		p.Expect("exchange/failed", doc, "the attempt fails", err != nil, "an error", err)
		p.Sent(ctx, doc)
		all := p.Tap.Passed()[before:]
		p.Expect("wire/none", doc, "the damaged message is not answered", len(all) == 2 && all[0].Answer == nil && all[1].Answer != nil, "none, then one", len(all))
		p.Judge(ctx, doc)
		p.Stored(ctx, doc, 3)
	}),
	told(map[string]string{"ack.extra_bits": "0x42"}, pair("P-014", "pair/operator-message", "transport.md 8.3 TRN-080", "Bits of 1206 come to the drive and back in the shift reports.", conformance.From11, func(ctx context.Context, r *conformance.Run) {
		p := together(ctx, r, conformance.DeskOptions{})
		p.Do(ctx, doc, sell, closeShift)
		p.Sent(ctx, doc)
		p.Do(ctx, doc, openShift)
		p.Sent(ctx, doc)
		all := p.Judge(ctx, doc)
		for _, m := range all {
			if m.Form == 2 && m.FD > 2 || m.Form == 5 {
				p.Expect("wire/1206", doc, "the shift report repeats the bits", m.Number(1206) == 0x42, 0x42, m.Number(1206))
			}
		}
	})),
	pair("P-015", "pair/marking", "transport.md 12", "A marked piece is asked about, sold and notified; selling it again is answered as wrong.", conformance.FFD12, func(ctx context.Context, r *conformance.Run) {
		p := together(ctx, r, conformance.DeskOptions{Marking: true})
		order := sellCode(r)
		p.Do(ctx, doc, order)
		p.Sent(ctx, doc)
		v := p.View(ctx)
		p.Expect("drive/queues", doc, "both queues are empty", v.Queue == 0 && v.Notices == 0, "0 0", fmt.Sprint(v.Queue, v.Notices))
		p.Do(ctx, doc, order)
		p.Sent(ctx, doc)
		var status []int
		for _, x := range p.Codes.Passed() {
			m, a, problems := p.ReadCodes(x)
			p.Expect("wire/marking", conformance.TB, fmt.Sprintf("form %d and its answer are right", m.Form), len(problems) == 0, "no problem", problems)
			if m.Form == 81 {
				status = append(status, a.Status)
			}
		}
		p.Expect("wire/2109", conformance.TB, "the first sale is right, the second wrong", fmt.Sprint(status) == "[1 2]", "[1 2]", status)
		p.Judge(ctx, doc)
	}),
	pair("P-016", "pair/autonomous", "fn.md 12", "Of an autonomous register nothing passes.", conformance.EachFFD, func(ctx context.Context, r *conformance.Run) {
		p := r.Pair(ctx, conformance.DeskOptions{})
		p.Do(ctx, doc, conformance.Order{Do: conformance.OrderRegister, Autonomous: true}, openShift, sell, closeShift, closeDrive)
		p.Sent(ctx, doc)
		n := len(p.Tap.Passed())
		p.Expect("wire/nothing", doc, "no message passes", n == 0, 0, n)
		p.Phase(ctx, doc, 0x0F)
	}),
	pair("P-017", "pair/operator-restarted", "transport.md 10 E-20", "An operator that dies after storing gives the stored confirmation when it is back.", eachEncrypted, func(ctx context.Context, r *conformance.Run) {
		p := together(ctx, r, conformance.DeskOptions{OneShot: true})
		p.OFD.CutAfterStore(ctx)
		p.Do(ctx, doc, sell)
		err := p.KKT.Exchange(ctx)
		p.Expect("exchange/failed", doc, "the attempt fails", err != nil, "an error", err)
		p.OFD.Restart(ctx)
		p.Sent(ctx, doc)
		p.Queue(ctx, doc, 0, "the receipt is confirmed")
		p.Stored(ctx, doc, 3)
	}),
	pair("P-018", "pair/keys-end", "fn.md 5.4, 5.1", "At the end of its keys a drive sells no more and can be closed; the operator has nothing to remark.", conformance.From11, func(ctx context.Context, r *conformance.Run) {
		p := r.Pair(ctx, conformance.DeskOptions{Drive: conformance.DriveSetup{KeyDays: 40}})
		p.Begin(ctx, conformance.Order{})
		p.Do(ctx, doc, closeShift)
		p.Sent(ctx, doc)
		p.Advance(ctx, 39*day)
		p.Do(ctx, doc, openShift, sell)
		p.Sent(ctx, doc)
		p.OFD.ExpectTold(ctx, p.KKT.FN(), "не более 3 дней", doc)
		p.Advance(ctx, 3*day)
		code(r, doc, p.Refuses(ctx, doc, "a sale after the end of the keys is refused", sell), 0x12, 0x05, 0)
		p.Do(ctx, doc, closeShift)
		p.Sent(ctx, doc)
		p.Do(ctx, doc, closeDrive)
		p.Sent(ctx, doc)
		p.Judge(ctx, doc)
		p.Phase(ctx, doc, 0x0F)
	}),
}

func lineBack(ctx context.Context, p *conformance.Pairing) {
	if err := p.Tap.Up(ctx); err != nil {
		p.Stop("listening again: %v", err)
	}
}

// again sells one receipt whose first answer does not arrive.
func again(ctx context.Context, p *conformance.Pairing) {
	before := len(p.Tap.Passed())
	p.Do(ctx, doc, sell)
	err := p.KKT.Exchange(ctx)
	p.Expect("exchange/failed", doc, "the first attempt fails", err != nil, "an error", err)
	p.Sent(ctx, doc)
	p.Queue(ctx, doc, 0, "the second succeeds")
	all := p.Tap.Passed()[before:]
	if p.Expect("wire/twice", doc, "the document passes twice", len(all) == 2, 2, len(all)) {
		p.Expect("wire/same", doc, "with the same bytes", bytes.Equal(all[0].Message, all[1].Message), hex.EncodeToString(all[0].Message), hex.EncodeToString(all[1].Message))
		p.Expect("answer/same", doc, "and the same confirmation", bytes.Equal(all[0].Answer, all[1].Answer), hex.EncodeToString(all[0].Answer), hex.EncodeToString(all[1].Answer))
	}
	p.Judge(ctx, doc)
	p.Stored(ctx, doc, 3)
}
