package cases

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/model"
)

// gs1 is a marking code with a check part of 4 characters.
func gs1(r *conformance.Run) string {
	return fmt.Sprintf("010460043993125621%013d\x1d93dGVz", r.Serial())
}

// marked is a register that sells marked goods, with its shift open.
func marked(ctx context.Context, r *conformance.Run, o conformance.DeskOptions) *conformance.Desk {
	o.Marking = true
	d := r.Desk(ctx, o)
	d.Begin(ctx, conformance.Order{Marking: true})
	return d
}

func sellCode(r *conformance.Run) conformance.Order {
	return conformance.Order{Do: conformance.OrderSell, Code: gs1(r), Name: "Молоко"}
}

// result is 2106 of the first item of a receipt; -1 when absent.
func result(m *model.Message) int64 {
	if v, ok := m.Nested(1059)[2106]; ok {
		return v
	}
	return -1
}

var kktMarking = []conformance.Case{
	in(conformance.FFD12, kkt("K-110", "kkt-marking/order", conformance.Code, "fn.md 9.2", "A code is checked by B1h, asked about by B5h and B6h, kept by B2h, and then sold; 2106 of the receipt is the drive's.", trace,
		func(ctx context.Context, r *conformance.Run) {
			d := marked(ctx, r, conformance.DeskOptions{})
			d.Commands()
			made := d.Do(ctx, conformance.Code, sellCode(r))
			commands := d.Commands()
			seen := codes(commands, 0xB1, 0xB5, 0xB6, 0xB2, 0x15, 0x16)
			d.Expect("drive/order", conformance.Code, "the commands come in their order", string(seen) == "\xB1\xB5\xB6\xB2\x15\x16", "B1 B5 B6 B2 15 16", fmt.Sprintf("% X", seen))
			_, kept := answered(commands, 0xB2)
			value := result(model.ReadDocument(made.STLV))
			d.Expect("document/2106", conformance.Code, "2106 is what the drive said", len(kept) == 1 && value == int64(kept[0]), fmt.Sprintf("% x", kept), value)
			all := d.Marking.Heard()
			d.Expect("wire/81", conformance.Code, "the marking operator is asked once, by form 81", len(all) == 1 && all[0].Form == 81 && all[0].Whole(), 81, forms(all))
			for _, h := range all {
				d.Expect("wire/81-right", conformance.Code, "the request is a right message", len(h.Problems) == 0, "no problem", fmt.Sprint(h.Problems))
			}
			d.Sent(ctx, conformance.Code)
			all = d.Marking.Heard()
			d.Expect("wire/82", conformance.Code, "the sale is notified by form 82", len(all) == 2 && all[1].Form == 82, "81, 82", forms(all))
			d.Fine(conformance.Code)
		})),
	in(conformance.FFD12, kkt("K-111", "kkt-marking/refused-by-drive", conformance.Code, "fn.md 10", "When the drive refuses a code with 33h, 35h or 3Eh nothing is sold with a wrong result, and the next sale starts clean.", trace,
		func(ctx context.Context, r *conformance.Run) {
			d := marked(ctx, r, conformance.DeskOptions{})
			for _, f := range []struct{ cmd, code byte }{{0xB1, 0x33}, {0xB2, 0x35}, {0xB7, 0x3E}} {
				before := d.View(ctx).LastFD
				d.Fault(ctx, f.cmd, f.code)
				d.Commands()
				made, refused := d.Try(ctx, sellCode(r))
				commands := d.Commands()
				if refused != nil {
					code(r, conformance.Code, refused, f.code)
					v := d.View(ctx)
					d.Expect("drive/nothing", conformance.Code, "no receipt is made", v.LastFD == before && v.Document == 0, before, fmt.Sprint(v.LastFD, " document ", v.Document))
				} else {
					d.Expect("register/repeated", conformance.Code, "the register repeated the command rightly", count(commands, f.cmd) > 1 && made.FD == before+1, "repeated", count(commands, f.cmd))
				}
				d.Faults(ctx, conformance.DriveFaults{})
				d.Commands()
				d.Do(ctx, conformance.Code, sellCode(r))
				seen := codes(d.Commands(), 0xB3, 0xB1)
				d.Expect("drive/cleared", conformance.Code, "old results are cleared (B3h) before the next code", count(commands, 0xB3) > 0 || len(seen) > 0 && seen[0] == 0xB3, "B3h", fmt.Sprintf("% X", seen))
			}
			d.Sent(ctx, conformance.Code)
			d.Fine(conformance.Code)
		})),
	in(conformance.FFD12, kkt("K-112", "kkt-marking/thirty-days", conformance.Code, "fn.md 10", "When notifications were not sent for 30 days marked goods are refused and other goods sold.", drive,
		func(ctx context.Context, r *conformance.Run) {
			d := marked(ctx, r, conformance.DeskOptions{})
			d.Do(ctx, conformance.Code, sellCode(r))
			d.Marking.Down()
			fiscalOnly(ctx, d)
			d.Advance(ctx, outageLimit+day)
			d.Do(ctx, conformance.Code, closeShift, openShift)
			code(r, conformance.Code, d.Refuses(ctx, conformance.Code, "marked goods are refused", sellCode(r)), 0x34, 0x32)
			d.Do(ctx, conformance.Code, sell)
			if err := d.Marking.Up(ctx); err != nil {
				r.Stop("listening again: %v", err)
			}
			d.Sent(ctx, conformance.Code)
			d.Do(ctx, conformance.Code, sellCode(r))
		})),
	in(conformance.FFD12, kkt("K-113", "kkt-marking/silent", conformance.Code, "transport.md 12", "A marking operator that is silent at form 81 does not stop the sale: the result says that the status was not checked.", drive,
		func(ctx context.Context, r *conformance.Run) {
			d := marked(ctx, r, conformance.DeskOptions{})
			d.Marking.Next(silent)
			made := d.Do(ctx, conformance.Code, sellCode(r))
			value := result(model.ReadDocument(made.STLV))
			d.Expect("document/2106", conformance.Code, "2106 has no bit of a checked status", value >= 0 && value&0x0C == 0, "0, 1 or 3", value)
			d.Expect("register/told", conformance.Code, "the person at the till is told", len(made.Warnings) > 0, "a warning", made.Warnings)
		})),
	in(conformance.FFD12, kkt("K-114", "kkt-marking/queues", conformance.Code, "fn.md 9.2", "Notifications and documents are queued apart: one that is stuck does not stop the other.", drive|conformance.NeedsScale,
		func(ctx context.Context, r *conformance.Run) {
			d := marked(ctx, r, conformance.DeskOptions{})
			queues := func(documents, notices int, why string) {
				v := d.View(ctx)
				d.Expect("drive/queues", conformance.Code, why, v.Queue == documents && v.Notices == notices, fmt.Sprint(documents, notices), fmt.Sprint(v.Queue, v.Notices))
			}
			d.Do(ctx, conformance.Code, sellCode(r))
			d.Sent(ctx, conformance.Code)
			queues(0, 0, "both are empty after an exchange")
			d.Marking.Down()
			d.Do(ctx, conformance.Code, sellCode(r))
			fiscalOnly(ctx, d)
			queues(0, 1, "documents go although notifications cannot")
			if err := d.Marking.Up(ctx); err != nil {
				r.Stop("listening again: %v", err)
			}
			d.Advance(ctx, answerTimer+time.Minute) // the drive offers the notification again (FN-042)
			d.Operator.Down()
			d.Do(ctx, conformance.Code, sell)
			_ = d.KKT.Exchange(ctx) // fails for the documents
			queues(1, 0, "notifications go although documents cannot")
			comesBack(ctx, d)
			d.Sent(ctx, conformance.Code)
			queues(0, 0, "both are empty in the end")
		})),
	in(conformance.FFD12, kkt("K-115", "kkt-marking/key-update", conformance.Code, "transport.md 12", "When the drive asks for new marking keys (D7h) they are fetched by D0h and D1h; 30h repeats the exchange once.", trace|conformance.NeedsSetup,
		func(ctx context.Context, r *conformance.Run) {
			d := r.Desk(ctx, conformance.DeskOptions{Marking: true, Drive: conformance.DriveSetup{KeyUpdateDays: 1}})
			d.Begin(ctx, conformance.Order{Marking: true})
			d.Advance(ctx, 2*day)
			d.Do(ctx, conformance.Code, stateOrder) // the drive knows the time from commands alone
			d.Fault(ctx, 0xD1, 0x30)
			d.Commands()
			d.Do(ctx, conformance.Code, conformance.Order{Do: conformance.OrderUpdateKeys})
			seen := bytes.Replace(codes(d.Commands(), 0xD7, 0xD0, 0xD1), []byte{0xD7, 0xD7}, []byte{0xD7}, 1) // D7h also tells the address
			d.Expect("drive/order", conformance.Code, "the exchange is repeated once", string(seen) == "\xD7\xD0\xD1\xD0\xD1", "D7 D0 D1 D0 D1", fmt.Sprintf("% X", seen))
		})),
}

// fiscalOnly exchanges while the marking operator is away: the documents go, the
// attempt as a whole fails.
func fiscalOnly(ctx context.Context, d *conformance.Desk) {
	err := d.KKT.Exchange(ctx)
	d.Expect("exchange/failed", conformance.Code, "the notification cannot be sent", err != nil, "an error", err)
	d.Queue(ctx, conformance.Code, 0, "the documents are confirmed all the same")
}

func forms(all []conformance.Heard) (seen []int) {
	for _, h := range all {
		seen = append(seen, h.Form)
	}
	return seen
}
