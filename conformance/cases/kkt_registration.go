package cases

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/model"
)

var eachEncrypted = []conformance.Variant{{FFD: 2}, {FFD: 3}, {FFD: 4}, {FFD: 2, Encrypt: true}, {FFD: 4, Encrypt: true}}

var kktRegistration = []conformance.Case{
	in(eachEncrypted, kkt("K-001", "kkt-registration/form-1", conformance.Doc, "fn.md 9.1", "Registration brings the drive to fiscal mode; form 1 with number 1 reaches the operator, and the printed sign is that of the document.", drive,
		func(ctx context.Context, r *conformance.Run) {
			d := r.Desk(ctx, conformance.DeskOptions{})
			made := d.Do(ctx, conformance.Doc, register(r))
			d.Phase(ctx, conformance.Doc, 0x03)
			d.Expect("register/fd", conformance.Doc, "the report has number 1", made.FD == 1, 1, made.FD)
			d.Sent(ctx, conformance.Doc)
			all := d.Fine(conformance.Doc)
			if !d.Expect("wire/one", conformance.Doc, "one message comes", len(all) == 1, 1, len(all)) {
				return
			}
			m := all[0].Message
			d.Expect("wire/form", conformance.Doc, "it is form 1", m.Form == 1, 1, m.Form)
			d.Expect("register/fpd", conformance.Doc, "the sign the register tells is tag 1077 read high byte first", made.FPD == m.FPD(), m.FPD(), made.FPD)
			d.Expect("wire/1017", conformance.Doc, "it names this operator", m.Text(1017) == d.OFD(), d.OFD(), m.Text(1017))
			d.Expect("wire/encrypted", conformance.Doc, "it is encrypted as registered", m.Encrypted == r.Variant().Encrypt, r.Variant().Encrypt, m.Encrypted)
			printed := fmt.Sprintf("%010d", made.FPD)
			d.Should("paper/fpd", conformance.Doc, "the paper shows the sign with ten digits", made.Printed == "" || strings.Contains(made.Printed, printed), printed, made.Printed)
		})),
	in(conformance.EachFFD, kkt("K-002", "kkt-registration/refused-by-drive", conformance.Doc, "fn.md 10", "A registration that the drive refuses with 09h is cancelled, told, and leaves the register unregistered.", trace,
		func(ctx context.Context, r *conformance.Run) {
			d := r.Desk(ctx, conformance.DeskOptions{})
			d.Fault(ctx, formRegistration(r), 0x09)
			d.Commands()
			code(r, conformance.Doc, d.Refuses(ctx, conformance.Doc, "a registration that the drive refuses is refused", register(r)), 0x09)
			n := count(d.Commands(), 0x06)
			d.Expect("drive/cancelled", conformance.Doc, "the document begun is cancelled (06h)", n >= 1, 1, n)
			d.Phase(ctx, conformance.Doc, 0x01)
			d.Faults(ctx, conformance.DriveFaults{})
			bad := register(r)
			bad.BadRNM = true
			d.Refuses(ctx, conformance.Doc, "a registration number with wrong check digits is refused", bad)
			d.Do(ctx, conformance.Doc, register(r))
		})),
	in(conformance.EachFFD, kkt("K-003", "kkt-registration/none-left", conformance.Doc, "fn.md 4 FN-012", "With no registration reports left a change is refused and the register keeps working.", drive|conformance.NeedsSetup,
		func(ctx context.Context, r *conformance.Run) {
			d := r.Desk(ctx, conformance.DeskOptions{Drive: conformance.DriveSetup{Registrations: 1}})
			d.Do(ctx, conformance.Doc, register(r))
			d.Refuses(ctx, conformance.Doc, "a change beyond the drive's reports is refused", conformance.Order{Do: conformance.OrderChange, User: "ООО Василек"})
			d.Do(ctx, conformance.Doc, openShift, sell, closeShift)
		})),
	in(conformance.FFD12, kkt("K-004", "kkt-registration/life-does-not-suit", conformance.Code, "fn.md 5.1 FN-020", "A drive that answers 05h because the conditions do not suit its life is not asked again and again; the person is told.", trace|conformance.NeedsSetup,
		func(ctx context.Context, r *conformance.Run) {
			d := r.Desk(ctx, conformance.DeskOptions{Drive: conformance.DriveSetup{StrictLife: true}})
			d.Commands()
			refused := d.Refuses(ctx, conformance.Code, "the registration is refused", register(r))
			code(r, conformance.Code, refused, 0x05)
			n := count(d.Commands(), 0xA3)
			d.Expect("drive/once", conformance.Code, "the drive is asked once", n == 1, 1, n)
			d.Phase(ctx, conformance.Code, 0x01)
			d.Do(ctx, conformance.Code, conformance.Order{Do: conformance.OrderRegister, Tax: 2, Modes: []string{"services"}})
		})),
}

var kktShift = []conformance.Case{
	in(conformance.EachFFD, kkt("K-010", "kkt-shift/longer-than-a-day", conformance.Doc, "fn.md 7 FN-031", "After 24 hours and a minute a sale is refused, and closing the shift works.", till,
		func(ctx context.Context, r *conformance.Run) {
			d := begun(ctx, r, conformance.DeskOptions{})
			d.Advance(ctx, day+time.Minute)
			d.Refuses(ctx, conformance.Doc, "a sale in a shift of more than 24 hours is refused", sell)
			d.Do(ctx, conformance.Doc, closeShift, openShift, sell)
		})),
	in(conformance.EachFFD, kkt("K-011", "kkt-shift/exactly-a-day", conformance.Doc, "fn.md 7 FN-033", "After exactly 24 hours a sale still passes.", till|conformance.NeedsStill,
		func(ctx context.Context, r *conformance.Run) {
			d := begun(ctx, r, conformance.DeskOptions{})
			d.Advance(ctx, day)
			d.Do(ctx, conformance.Doc, sell)
		})),
	in(conformance.EachFFD, kkt("K-012", "kkt-shift/clock-goes-back", conformance.Doc, "fn.md 7 FN-030", "A shift is not opened two hours before the last document, but is one hour before it.", till,
		func(ctx context.Context, r *conformance.Run) {
			d := begun(ctx, r, conformance.DeskOptions{})
			d.Do(ctx, conformance.Doc, closeShift)
			back := openShift
			back.WrongClock = -2 * time.Hour
			code(r, conformance.Doc, d.Refuses(ctx, conformance.Doc, "opening two hours back is refused", back), 0x07, 0)
			back.WrongClock = -time.Hour
			d.Do(ctx, conformance.Doc, back)
		})),
	in(conformance.EachFFD, kkt("K-013", "kkt-shift/power-cut", conformance.Doc, "fn.md 12 FN-034", "After a power cut in the middle of opening the register asks for the drive's state and opens anew; no number is lost.", trace,
		func(ctx context.Context, r *conformance.Run) {
			d := r.Desk(ctx, conformance.DeskOptions{})
			d.Given("a registered register", func() { d.Do(ctx, conformance.Doc, register(r)) })
			d.Faults(ctx, conformance.DriveFaults{Commands: []conformance.CommandFault{{Command: 0x12, Call: 1, Times: 1, PowerLoss: true}}})
			_, err := d.KKT.Do(ctx, openShift)
			d.Given("a power cut", func() {
				d.Expect("power/cut", conformance.Doc, "the document is not made", err != nil, "an error", err)
			})
			d.PowerCut(ctx)
			d.Commands()
			made := d.Do(ctx, conformance.Doc, openShift)
			seen := codes(d.Commands(), 0x30, 0x11)
			d.Expect("drive/asked", conformance.Doc, "the drive's state is asked (30h) before the opening begins (11h)", len(seen) > 1 && seen[0] == 0x30, "30h before 11h", fmt.Sprintf("% X", seen))
			d.Expect("register/fd", conformance.Doc, "the opening has the next number", made.FD == 2, 2, made.FD)
		})),
	in(conformance.From11, kkt("K-014", "kkt-shift/totals-overflow", conformance.Doc, "fn.md 8", "A receipt that overflows the totals of the shift is cancelled and told; closing the shift works.", trace|conformance.NeedsSetup,
		func(ctx context.Context, r *conformance.Run) {
			d := r.Desk(ctx, conformance.DeskOptions{Drive: conformance.DriveSetup{SumLimit: 25000}})
			d.Begin(ctx, conformance.Order{})
			d.Do(ctx, conformance.Doc, sell, sell)
			d.Commands()
			code(r, conformance.Doc, d.Refuses(ctx, conformance.Doc, "a receipt beyond the totals is refused", sell), 0x09)
			n := count(d.Commands(), 0x06)
			d.Expect("drive/cancelled", conformance.Doc, "the receipt is cancelled (06h)", n >= 1, 1, n)
			d.Do(ctx, conformance.Doc, closeShift, openShift, sell)
		})),
	in(conformance.EachFFD, kkt("K-015", "kkt-shift/clock-and-timer", conformance.Doc, "fn.md 7 FN-032", "A clock that runs away from the drive's timer by more than five minutes is told; with the right time work goes on.", drive|conformance.NeedsSetup,
		func(ctx context.Context, r *conformance.Run) {
			d := r.Desk(ctx, conformance.DeskOptions{Drive: conformance.DriveSetup{FiveMinutes: true}})
			d.Begin(ctx, conformance.Order{})
			d.Do(ctx, conformance.Doc, sell)
			ahead := sell
			ahead.WrongClock = 10 * time.Minute
			code(r, conformance.Doc, d.Refuses(ctx, conformance.Doc, "a clock ten minutes ahead is refused", ahead), 0x17)
			d.Advance(ctx, time.Minute)
			d.Do(ctx, conformance.Doc, sell)
		})),
}

var kktChange = []conformance.Case{
	in(conformance.EachFFD, kkt("K-030", "kkt-correction/outside-shift", conformance.Doc, "fn.md 9.1", "A correction before the shift is open is refused.", till,
		func(ctx context.Context, r *conformance.Run) {
			d := r.Desk(ctx, conformance.DeskOptions{})
			d.Given("a registered register", func() { d.Do(ctx, conformance.Doc, register(r)) })
			d.Refuses(ctx, conformance.Doc, "a correction outside a shift is refused", conformance.Order{Do: conformance.OrderCorrect})
			d.Do(ctx, conformance.Doc, openShift, conformance.Order{Do: conformance.OrderCorrect})
		})),
	in(conformance.EachFFD, kkt("K-031", "kkt-correction/of-a-purchase", conformance.Doc, "fn.md 9.1", "A correction of operation 3 carries 1054 = 3, and the drive counts it among the corrections.", drive,
		func(ctx context.Context, r *conformance.Run) {
			d := begun(ctx, r, conformance.DeskOptions{})
			d.Do(ctx, conformance.Doc, conformance.Order{Do: conformance.OrderCorrect, Operation: 3, Kopecks: 4500})
			d.Sent(ctx, conformance.Doc)
			m := last(d)
			d.Expect("wire/form", conformance.Doc, "a correction comes", m.Form == 31, 31, m.Form)
			d.Expect("wire/1054", conformance.Doc, "1054 is 3", m.Number(1054) == 3, 3, m.Number(1054))
			if r.FFD() < 3 {
				return
			}
			status, data, err := d.Exec(ctx, 0x36, []byte{0})
			if err != nil || status != 0 || len(data) < 354 {
				r.Stop("reading the drive's counters: %02Xh, %d bytes, %v", status, len(data), err)
			}
			const corrections = 6 + 4*76
			sum := 0
			for i := 5; i >= 0; i-- {
				sum = sum<<8 | int(data[corrections+4+2*10+4+i])
			}
			d.Expect("drive/corrections", conformance.Code, "36h counts one correction of purchases with its total", data[corrections] == 1 && data[corrections+4+2*10] == 1 && sum == 4500,
				"1, 1, 4500", fmt.Sprint(data[corrections], data[corrections+4+2*10], sum))
		})),
	in(conformance.EachFFD, kkt("K-040", "kkt-change/open-shift", conformance.Doc, "fn.md 3.1", "A change of registration with an open shift is refused; after closing it works.", till,
		func(ctx context.Context, r *conformance.Run) {
			d := begun(ctx, r, conformance.DeskOptions{})
			change := conformance.Order{Do: conformance.OrderChange, User: "ООО Василек"}
			d.Refuses(ctx, conformance.Doc, "a change with an open shift is refused", change)
			d.Do(ctx, conformance.Doc, closeShift, change)
		})),
	in(conformance.EachFFD, kkt("K-041", "kkt-change/reasons", conformance.Doc, "fn.md 9.1", "Reasons of a change are right, one or several.", till,
		func(ctx context.Context, r *conformance.Run) {
			d := r.Desk(ctx, conformance.DeskOptions{})
			d.Given("a registered register", func() { d.Do(ctx, conformance.Doc, register(r)) })
			for _, step := range []struct {
				o     conformance.Order
				codes []int64
				bits  int64
			}{
				{conformance.Order{User: "ООО Василек"}, []int64{3}, 1 << 2},
				{conformance.Order{Tax: 7}, []int64{4}, 1 << 7},
				{conformance.Order{User: "ООО Лютик", Tax: 3}, []int64{3, 4}, 1<<2 | 1<<7},
			} {
				step.o.Do = conformance.OrderChange
				d.Do(ctx, conformance.Doc, step.o)
				d.Sent(ctx, conformance.Doc)
				m := last(d)
				if r.FFD() >= 3 {
					d.Expect("wire/1205", conformance.Doc, "1205 tells what changed", m.Number(1205) == step.bits, step.bits, m.Number(1205))
					continue
				}
				seen := []int64{}
				for _, v := range m.Values(1101) {
					if len(v) == 1 {
						seen = append(seen, int64(v[0]))
					}
				}
				d.Expect("wire/1101", conformance.Doc, "1101 tells what changed", sameSet(seen, step.codes), step.codes, seen)
			}
			d.Fine(conformance.Doc)
		})),
	in(conformance.EachFFD, kkt("K-042", "kkt-change/autonomous", conformance.Doc, "fn.md 12", "An autonomous register names no operator, queues nothing and is never stopped by an operator's silence.", drive,
		func(ctx context.Context, r *conformance.Run) {
			d := r.Desk(ctx, conformance.DeskOptions{})
			made := d.Do(ctx, conformance.Doc, conformance.Order{Do: conformance.OrderRegister, Autonomous: true})
			m := model.ReadDocument(made.STLV)
			d.Expect("document/1017", conformance.Doc, "1017 is twelve zeros", m.Text(1017) == "000000000000", "000000000000", m.Text(1017))
			d.Do(ctx, conformance.Doc, openShift, sell, closeShift)
			d.Queue(ctx, conformance.Doc, 0, "nothing is queued")
			d.Sent(ctx, conformance.Doc)
			n := len(d.Operator.Heard())
			d.Expect("wire/nothing", conformance.Doc, "nothing is sent", n == 0, 0, n)
			d.Advance(ctx, 40*day)
			d.Do(ctx, conformance.Doc, openShift, sell)
		})),
}

func sameSet(a, b []int64) bool {
	if len(a) != len(b) {
		return false
	}
	have := map[int64]bool{}
	for _, x := range a {
		have[x] = true
	}
	for _, x := range b {
		if !have[x] {
			return false
		}
	}
	return true
}
