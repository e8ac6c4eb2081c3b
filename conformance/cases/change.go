package cases

import (
	"context"
	"fmt"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/model"
)

// reason is a change of the user's data: 1101 in FFD 1.05, a bit of 1205 after.
func reason(ffd byte, code, bit uint32) uint32 {
	if ffd < 3 {
		return code
	}
	return 1 << bit
}

var change = []conformance.Case{
	{
		ID: "O-040", Path: "change/user", Mark: conformance.Doc, Source: "fn.md 9.1", Variants: conformance.EachWay,
		Title: "A change of the user's name is confirmed; the card shows the new name, the old report keeps the old one.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg := r.Standard()
			c := r.Dial(ctx)
			r.Given("a registered drive", func() { c.Accepted(reg, reg.Registration().Bytes(), conformance.Doc) })
			d := reg.Change(reason(reg.FFD, 3, 2)).Set(model.Text(1048, "ООО Василек"))
			r.CleanCode(reg, c.Accepted(reg, d.Bytes(), conformance.Doc), conformance.Doc)
			if !r.CanInspect() {
				return
			}
			drive := r.Drive(ctx, reg.FN)
			r.Expect("drive/user", conformance.Doc, "the card shows the new name", drive.User == "ООО Василек", "ООО Василек", drive.User)
			old := text(r.Document(ctx, reg.FN, 1), "user")
			r.Expect("document/1048", conformance.Doc, "the old name is kept in the old report", old == "ООО Ромашка", "ООО Ромашка", old)
		},
	},
	{
		ID: "O-041", Path: "change/operator", Mark: conformance.TB, Source: "fiscal-sign.md 5", Variants: conformance.EachFFD, Needs: conformance.NeedsTwin,
		Title: "A register that moves to another operator is followed by it under its own key; the old operator marks the drive as gone.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, c := trading(ctx, r, conformance.TB)
			r.CleanCode(reg, c.Accepted(reg, reg.CloseShift().Bytes(), conformance.TB), conformance.TB)
			twin := r.Twin(ctx, another(r))
			told := *reg
			d := told.Change(reason(reg.FFD, 2, 1)).Set(model.Fixed(1017, twin.OFD, 12))
			c.Ask(d.Bytes()) // under the old operator's key: it learns that the drive leaves
			if r.CanInspect() {
				r.ExpectStatus(ctx, reg.FN, "gone", conformance.TB)
			}
			reg.OFD = twin.OFD
			reg.Rename(r.Master(), reg.FN) // keys of the messages to the new operator
			b := twin.Dial(ctx)
			for _, d := range []*model.Document{reg.Change(reason(reg.FFD, 2, 1)), reg.OpenShift(), reg.Receipt(100)} {
				r.CleanCode(reg, b.Accepted(reg, d.Bytes(), conformance.TB), conformance.TB)
			}
			twin.ExpectStatus(ctx, reg.FN, "active", conformance.TB)
		},
	},
	{
		ID: "O-042", Path: "change/identity", Mark: conformance.Doc, Source: "fn.md 4", Variants: conformance.EachFFD,
		Title: "A change of the registration number or of the user's INN in the same drive gets the mark of failed control, and people are told.",
		Run: func(ctx context.Context, r *conformance.Run) {
			for _, what := range []string{"РНМ", "ИНН"} {
				reg := r.Standard()
				c := r.Dial(ctx)
				r.Given("a registered drive", func() { c.Accepted(reg, reg.Registration().Bytes(), conformance.Doc) })
				if what == "ИНН" {
					reg.INN = "7825706086"
				}
				lead := r.Serial()
				if what == "ИНН" {
					_, err := fmt.Sscanf(reg.RNM[:10], "%d", &lead)
					if err != nil {
						r.Stop("reading the registration number: %v", err)
					}
				}
				reg.RNM = model.RNM(lead, reg.INN, reg.Factory)
				r.FLKCode(reg, c.Accepted(reg, reg.Change(reason(reg.FFD, 3, 2)).Bytes(), conformance.Doc), conformance.Doc)
				if r.CanInspect() {
					r.ExpectFault(ctx, reg.FN, 2, "E-18", conformance.Doc)
					r.ExpectIncident(ctx, reg.FN, "", what, 1, conformance.Doc)
				}
			}
		},
	},
	{
		ID: "O-043", Path: "change/autonomous-with-gaps", Mark: conformance.Doc, Source: "fn.md 4 FN-014", Variants: conformance.From11,
		Title: "A change to autonomous mode while documents are missing is confirmed, and people are told what is missing.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, c := trading(ctx, r, conformance.Doc)
			r.CleanCode(reg, c.Accepted(reg, reg.CloseShift().Bytes(), conformance.Doc), conformance.Doc)
			reg.StateReport() // never sent
			d := reg.Change(1 << 5).Set(model.U8(1002, 1)).Set(model.Fixed(1017, "000000000000", 12)).Del(1046).Del(1060).Del(1117)
			r.CleanCode(reg, c.Accepted(reg, d.Bytes(), conformance.Doc), conformance.Doc)
			if r.CanInspect() {
				r.ExpectRule(ctx, reg.FN, d.FD, "Q-14", conformance.Doc)
				r.ExpectIncident(ctx, reg.FN, "", "не получены документы: 4", 1, conformance.Doc)
			}
		},
	},
}
