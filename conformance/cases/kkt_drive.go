package cases

import (
	"context"
	"fmt"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/model"
)

// warnings demands 1050 to 1053 of a shift report: value 1 or absent (P-08).
func warnings(d *conformance.Desk, m *model.Message, want map[int]bool) {
	for tag := 1050; tag <= 1053; tag++ {
		v, ok := want[tag]
		if !ok {
			continue
		}
		seen := m.Number(tag)
		d.Expect(fmt.Sprintf("document/%d", tag), conformance.Doc, "the warning stands in the shift report with value 1, or not at all", v && seen == 1 || !v && seen == -1, v, seen)
	}
}

var kktDrive = []conformance.Case{
	in(conformance.EachFFD, kkt("K-045", "kkt-drive/key-life", conformance.Doc, "fn.md 5.3", "The drive warns from 30 days and urgently from 3; the shift reports carry 1050 and 1051.", drive,
		func(ctx context.Context, r *conformance.Run) {
			d := begun(ctx, r, conformance.DeskOptions{})
			for _, left := range []int{31, 30, 4, 3, 0} {
				d.Faults(ctx, conformance.DriveFaults{KeyDays: &left})
				m := model.ReadDocument(d.Do(ctx, conformance.Doc, closeShift).STLV)
				w := d.View(ctx).Warnings & 3
				want := byte(0)
				if left <= 30 {
					want = 2
				}
				if left <= 3 {
					want = 3
				}
				d.Expect("drive/warnings", conformance.Doc, fmt.Sprintf("with %d days left the flags are right", left), w == want, want, w)
				warnings(d, m, map[int]bool{1050: left <= 30, 1051: left <= 3})
				m = model.ReadDocument(d.Do(ctx, conformance.Doc, openShift).STLV)
				warnings(d, m, map[int]bool{1050: left <= 30, 1051: left <= 3})
				d.Do(ctx, conformance.Doc, sell)
			}
			d.Sent(ctx, conformance.Doc)
			d.Fine(conformance.Doc)
		})),
	in(conformance.EachFFD, kkt("K-046", "kkt-drive/keys-over", conformance.Doc, "fn.md 5.4", "When the keys are over a sale is refused; closing the shift and the drive work.", drive,
		func(ctx context.Context, r *conformance.Run) {
			d := begun(ctx, r, conformance.DeskOptions{})
			over := -1
			d.Faults(ctx, conformance.DriveFaults{KeyDays: &over})
			code(r, conformance.Doc, d.Refuses(ctx, conformance.Doc, "a sale after the end of the keys is refused", sell), 0x12, 0x05)
			d.Do(ctx, conformance.Doc, closeShift)
			d.Refuses(ctx, conformance.Doc, "opening a shift after the end of the keys is refused", openShift)
			d.Sent(ctx, conformance.Doc)
			d.Do(ctx, conformance.Doc, closeDrive)
			d.Sent(ctx, conformance.Doc)
			d.Phase(ctx, conformance.Doc, 0x0F)
		})),
	in(conformance.EachFFD, kkt("K-047", "kkt-drive/archive-full", conformance.Doc, "fn.md 5.4", "At 90 % of the archive the drive warns; full, it refuses sales, and closing shift and drive work.", drive|conformance.NeedsSetup,
		func(ctx context.Context, r *conformance.Run) {
			d := r.Desk(ctx, conformance.DeskOptions{Drive: conformance.DriveSetup{Capacity: 1000}})
			d.Begin(ctx, conformance.Order{})
			d.Faults(ctx, conformance.DriveFaults{ArchiveUsed: 890})
			w := d.View(ctx).Warnings & 4
			d.Expect("drive/warnings", conformance.Doc, "below 90 % there is no warning", w == 0, 0, w)
			d.Faults(ctx, conformance.DriveFaults{ArchiveUsed: 900})
			m := model.ReadDocument(d.Do(ctx, conformance.Doc, closeShift).STLV)
			w = d.View(ctx).Warnings & 4
			d.Expect("drive/warnings", conformance.Doc, "from 90 % the flag is set", w == 4, 4, w)
			warnings(d, m, map[int]bool{1052: true})
			d.Do(ctx, conformance.Doc, openShift, sell)
			d.Faults(ctx, conformance.DriveFaults{ArchiveUsed: 1000})
			code(r, conformance.Doc, d.Refuses(ctx, conformance.Doc, "a sale with a full archive is refused", sell), 0x06, 0x14)
			d.Do(ctx, conformance.Doc, closeShift)
			d.Sent(ctx, conformance.Doc)
			d.Do(ctx, conformance.Doc, closeDrive)
		})),
	in(conformance.EachFFD, kkt("K-048", "kkt-drive/warning-bit", conformance.Doc, "fn.md 5.3", "An answer 80h is success with a warning: work goes on.", trace,
		func(ctx context.Context, r *conformance.Run) {
			d := begun(ctx, r, conformance.DeskOptions{})
			left := 20
			d.Faults(ctx, conformance.DriveFaults{KeyDays: &left})
			w := d.View(ctx).Warnings
			d.Given("a warning in every answer", func() { d.Expect("drive/warnings", conformance.Doc, "a warning is set", w != 0, "not 0", w) })
			d.Commands()
			d.Do(ctx, conformance.Doc, sell, closeShift, openShift, sell)
			d.Sent(ctx, conformance.Doc)
			silent := 0
			for _, c := range d.Commands() {
				if !c.Warning {
					silent++
				}
			}
			d.Expect("drive/bit-7", conformance.Doc, "bit 7 of every answer code is set", silent == 0, 0, silent)
			d.Queue(ctx, conformance.Doc, 0, "everything is confirmed")
		})),
	in(conformance.EachFFD, kkt("K-049", "kkt-drive/critical", conformance.Doc, "fn.md 5.3", "A critical error of the drive stops sales and is told.", drive,
		func(ctx context.Context, r *conformance.Run) {
			d := begun(ctx, r, conformance.DeskOptions{})
			d.Faults(ctx, conformance.DriveFaults{Critical: true})
			d.Refuses(ctx, conformance.Doc, "a sale with a drive in critical error is refused", sell)
		})),
}

var kktClosing = []conformance.Case{
	in(conformance.EachFFD, kkt("K-050", "kkt-closing/open-shift", conformance.Doc, "fn.md 4 FN-010", "Closing the drive with an open shift is refused; after closing the shift it works.", drive,
		func(ctx context.Context, r *conformance.Run) {
			d := begun(ctx, r, conformance.DeskOptions{})
			d.Refuses(ctx, conformance.Doc, "closing the drive with an open shift is refused", closeDrive)
			d.Phase(ctx, conformance.Doc, 0x03)
			d.Do(ctx, conformance.Doc, closeShift)
			d.Sent(ctx, conformance.Doc)
			d.Do(ctx, conformance.Doc, closeDrive)
			if !d.Eager() {
				d.Phase(ctx, conformance.Doc, 0x07)
			}
			d.Sent(ctx, conformance.Doc)
			d.Phase(ctx, conformance.Doc, 0x0F)
		})),
	in(conformance.EachFFD, kkt("K-051", "kkt-closing/unsent", conformance.Doc, "fn.md 4 FN-010", "With documents unsent and the operator silent closing the drive is refused; once they are confirmed it works.", drive,
		func(ctx context.Context, r *conformance.Run) {
			d := begun(ctx, r, conformance.DeskOptions{})
			d.Operator.Down()
			d.Do(ctx, conformance.Doc, sell, sell, closeShift)
			d.Queue(ctx, conformance.Doc, 3, "three documents wait")
			d.Refuses(ctx, conformance.Doc, "closing the drive with unsent documents is refused", closeDrive)
			d.Phase(ctx, conformance.Doc, 0x03)
			comesBack(ctx, d)
			d.Sent(ctx, conformance.Doc)
			d.Do(ctx, conformance.Doc, closeDrive)
		})),
	in(conformance.EachFFD, kkt("K-052", "kkt-closing/autonomous", conformance.Doc, "fn.md 4", "An autonomous register closes its drive at once.", drive,
		func(ctx context.Context, r *conformance.Run) {
			d := r.Desk(ctx, conformance.DeskOptions{})
			d.Do(ctx, conformance.Doc, conformance.Order{Do: conformance.OrderRegister, Autonomous: true}, openShift, sell, closeShift, closeDrive)
			d.Phase(ctx, conformance.Doc, 0x0F)
		})),
	in(conformance.EachFFD, kkt("K-055", "kkt-closing/operator-comes-back", conformance.Doc, "fn.md 4 FN-011", "A closed drive goes on being sent without anybody's action, and reaches its last phase.", drive,
		func(ctx context.Context, r *conformance.Run) {
			d := closed(ctx, r)
			d.Phase(ctx, conformance.Doc, 0x07)
			stop := working(ctx, d)
			n := len(d.Operator.Heard())
			comesBack(ctx, d)
			came := d.Operator.Await(ctx, n+1, d.Patience())
			d.Expect("wire/sent", conformance.Doc, "the report on closing comes by itself", came && last(d).Form == 6, 6, last(d).Form)
			settles(ctx, d, 0)
			stop()
			d.Phase(ctx, conformance.Doc, 0x0F)
		})),
	in(conformance.EachFFD, kkt("K-056", "kkt-closing/sale-after", conformance.Doc, "fn.md 3.1", "After closing the drive a sale is refused and a state report works.", drive,
		func(ctx context.Context, r *conformance.Run) {
			d := closed(ctx, r)
			d.Refuses(ctx, conformance.Doc, "a sale after closing is refused", sell)
			d.Refuses(ctx, conformance.Doc, "opening a shift after closing is refused", openShift)
			d.Do(ctx, conformance.Doc, stateOrder)
			comesBack(ctx, d)
			d.Sent(ctx, conformance.Doc)
			d.Fine(conformance.Doc)
		})),
	in(conformance.EachFFD, kkt("K-057", "kkt-closing/archive-read", conformance.Doc, "fn.md 11", "The archive of a closed drive agrees with what was sent; 08h ends its lists.", drive,
		func(ctx context.Context, r *conformance.Run) {
			d := begun(ctx, r, conformance.DeskOptions{})
			d.Do(ctx, conformance.Doc, sell, closeShift)
			d.Sent(ctx, conformance.Doc)
			d.Do(ctx, conformance.Doc, closeDrive)
			d.Sent(ctx, conformance.Doc)
			d.Phase(ctx, conformance.Doc, 0x0F)
			all := d.Fine(conformance.Doc)
			for _, h := range all {
				archived(ctx, d, h.Message)
			}
			status, _, err := d.Exec(ctx, 0x40, u32(uint32(len(all)+1)))
			d.Expect("archive/end", conformance.Doc, "the document after the last is not there", status == 0x08 && err == nil, "08h", fmt.Sprintf("%02Xh", status))
		})),
	in(conformance.EachFFD, kkt("K-058", "kkt-closing/drive-replaced", conformance.Doc, "fn.md 4 FN-013", "A new drive is reported by form 11 with number 1, reason 1 and the factory number.", drive,
		func(ctx context.Context, r *conformance.Run) {
			d := begun(ctx, r, conformance.DeskOptions{})
			d.Do(ctx, conformance.Doc, closeShift)
			d.Sent(ctx, conformance.Doc)
			d.Do(ctx, conformance.Doc, closeDrive)
			d.Sent(ctx, conformance.Doc)
			rnm := last(d).Text(1037)
			number := fmt.Sprintf("9999078902%06d", r.Serial()%1_000_000)
			d.Do(ctx, conformance.Doc, conformance.Order{Do: conformance.OrderReplaceDrive, NewFN: number})
			d.Sent(ctx, conformance.Doc)
			m := last(d)
			d.Expect("wire/form", conformance.Doc, "form 11 with number 1 of the new drive comes", m.Form == 11 && m.FD == 1 && m.FN == number, "11, 1, "+number, fmt.Sprint(m.Form, m.FD, m.FN))
			d.Expect("wire/1037", conformance.Doc, "the registration number stays", m.Text(1037) == rnm, rnm, m.Text(1037))
			d.Expect("wire/1013", conformance.Doc, "the factory number is there", m.Text(1013) != "", "a number", m.Text(1013))
			reason := m.Number(1101) == 1 || m.Number(1205) > 0 && m.Number(1205)&1 != 0
			d.Expect("wire/reason", conformance.Doc, "the reason is the new drive", reason, "1101 = 1, or bit 0 of 1205", fmt.Sprint(m.Number(1101), m.Number(1205)))
			d.Do(ctx, conformance.Doc, openShift, sell)
			d.Sent(ctx, conformance.Doc)
			d.Fine(conformance.Doc)
		})),
}

func u32(n uint32) []byte { return []byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)} }

// closed is a register whose drive was closed while the operator was away: form 6
// waits.
func closed(ctx context.Context, r *conformance.Run) *conformance.Desk {
	d := begun(ctx, r, conformance.DeskOptions{})
	d.Given("a closed drive whose report waits", func() {
		d.Do(ctx, conformance.Doc, sell, closeShift)
		d.Sent(ctx, conformance.Doc)
		d.Operator.Down()
		d.Do(ctx, conformance.Doc, closeDrive)
	})
	return d
}

// archived compares the archive's record of a document with what was sent: 40h, 41h,
// and 45h with 46h while the drive keeps it whole.
func archived(ctx context.Context, d *conformance.Desk, m *model.Message) {
	status, data, err := d.Exec(ctx, 0x40, u32(m.FD))
	if err != nil {
		d.Stop("reading the archive: %v", err)
	}
	d.Expect("archive/record", conformance.Doc, "40h gives the document", status == 0 && len(data) > 15, "00h and a record", fmt.Sprintf("%02Xh, %d bytes", status, len(data)))
	if status != 0 || len(data) <= 15 {
		return
	}
	form := int(data[0]) &^ 0xC0
	if m.FFD < 3 {
		form = int(data[0])
	}
	fd, fpd := le32(data[7:]), le32(data[11:])
	want, seen := fmt.Sprint(m.Form&0x3F, 1, m.FD, m.FPD()), fmt.Sprint(form&0x3F, data[1], fd, fpd)
	d.Expect("archive/same", conformance.Doc, "form, confirmation, number and sign are those sent", want == seen, want, seen)
	status, data, err = d.Exec(ctx, 0x41, u32(m.FD))
	d.Expect("archive/confirmation", conformance.Doc, "41h gives its confirmation", err == nil && status == 0 && len(data) == 27 && le32(data[23:]) == m.FD, "00h and 27 bytes", fmt.Sprintf("%02Xh, %d bytes", status, len(data)))
	status, data, err = d.Exec(ctx, 0x45, u32(m.FD))
	if status == 0x08 && m.Form != 1 && m.Form != 6 {
		return // an old document is no longer kept whole
	}
	d.Expect("archive/whole", conformance.Doc, "45h announces the document", err == nil && status == 0 && len(data) == 4 && int(data[0])|int(data[1])<<8 == m.Form, m.Form, fmt.Sprintf("%02Xh, % x", status, data))
	var body []byte
	for range 1000 {
		status, data, err = d.Exec(ctx, 0x46, nil)
		if status != 0 || err != nil {
			break
		}
		body = append(body, data...)
	}
	d.Expect("archive/end-of-document", conformance.Doc, "08h ends it", status == 0x08, "08h", fmt.Sprintf("%02Xh", status))
	d.Expect("archive/bytes", conformance.Doc, "46h gives the bytes that were sent", string(body) == string(m.STLV[4:]), fmt.Sprintf("%x", m.STLV[4:]), fmt.Sprintf("%x", body))
}

func le32(b []byte) uint32 {
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
}
