package cases

import (
	"context"
	"fmt"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/model"
)

var shift = []conformance.Case{
	{
		ID: "O-010", Path: "shift/opened-and-closed", Mark: conformance.Doc, Source: "transport.md 8", Variants: conformance.EachWay, Tags: smoke,
		Title: "Opening and closing of a shift are confirmed and shown with their times.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg := r.Standard()
			c := r.Dial(ctx)
			r.Given("a registered drive", func() { c.Accepted(reg, reg.Registration().Bytes(), conformance.Doc) })
			for _, d := range []*model.Document{reg.OpenShift(), reg.CloseShift()} {
				r.CleanCode(reg, c.Accepted(reg, d.Bytes(), conformance.Doc), conformance.Doc)
				if r.CanInspect() {
					want := d.At.Format("2006-01-02T15:04:05")
					seen := r.Document(ctx, reg.FN, d.FD)
					r.Expect("document/1012", conformance.Doc, "the report is shown with the register's time", seen.DateTime == want, want, seen.DateTime)
				}
			}
		},
	},
	{
		ID: "O-011", Path: "shift/wrong-counts", Mark: conformance.Doc, Source: "transport.md E-18, flk.md Q-08", Variants: conformance.EachFFD,
		Title: "A closing report whose counts disagree with the documents received is confirmed or flagged, and the discrepancy is recorded.",
		Run: func(ctx context.Context, r *conformance.Run) {
			for _, tag := range []int{1118, 1111} {
				reg, c := trading(ctx, r, conformance.Doc)
				c.Accepted(reg, reg.Receipt(100).Bytes(), conformance.Doc)
				d := reg.CloseShift()
				d.Set(model.U32(tag, 9))
				a := c.Accepted(reg, d.Bytes(), conformance.Doc)
				r.Expect("document/code", conformance.Doc, "the answer is a confirmation, or says that format control failed", a.Code != 11, "not 11", a.Code)
				if r.CanInspect() {
					r.ExpectRule(ctx, reg.FN, d.FD, "Q-08", conformance.Doc)
				}
			}
		},
	},
	{
		ID: "O-012", Path: "shift/opened-twice", Mark: conformance.TB, Source: "fn.md 3.1", Variants: conformance.EachFFD,
		Title: "A second opening report without a closing one gets the mark of failed control.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, c := trading(ctx, r, conformance.TB)
			d := reg.OpenShift()
			r.FLKCode(reg, c.Accepted(reg, d.Bytes(), conformance.TB), conformance.TB)
			if r.CanInspect() {
				r.ExpectFault(ctx, reg.FN, d.FD, "E-18", conformance.TB)
			}
		},
	},
	{
		ID: "O-013", Path: "shift/warnings", Mark: conformance.Doc, Source: "fn.md 5.3", Variants: conformance.EachFFD,
		Title: "An opening report with 1050, 1051, 1052 and 1053 is confirmed, and the four warnings are shown.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg := r.Standard()
			c := r.Dial(ctx)
			r.Given("a registered drive", func() { c.Accepted(reg, reg.Registration().Bytes(), conformance.Doc) })
			d := reg.OpenShift().Add(model.U8(1050, 1), model.U8(1051, 1), model.U8(1052, 1), model.U8(1053, 1))
			r.CleanCode(reg, c.Accepted(reg, d.Bytes(), conformance.Doc), conformance.Doc)
			if !r.CanInspect() {
				return
			}
			seen := r.Document(ctx, reg.FN, d.FD)
			for _, name := range []string{"fiscalDriveExhaustionSign", "fiscalDriveReplaceRequiredSign", "fiscalDriveMemoryExceededSign", "ofdResponseTimeoutSign"} {
				value := text(seen, name)
				r.Expect("document/"+name, conformance.Doc, "the warning is shown", value == "1" || value == "true", 1, value)
			}
		},
	},
	{
		ID: "O-014", Path: "shift/operator-message-returns", Mark: conformance.Doc, Source: "transport.md 8.3 TRN-080", Variants: conformance.From11,
		Needs: conformance.NeedsSettings, Settings: map[string]string{"ack.extra_bits": "0x42"},
		Title: "Bits of 1206 that the operator sent come back in the next shift reports and are read without a complaint.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg := r.Standard()
			c := r.Dial(ctx)
			send := func(d *model.Document) {
				a := c.Accepted(reg, d.Bytes(), conformance.Doc)
				r.Expect("document/1206", conformance.Doc, "the operator's message is the one set, and nothing is added", a.Message == 0x42, 0x42, a.Message)
				if r.CanInspect() {
					rules := r.Document(ctx, reg.FN, d.FD).Rules
					r.Expect("document/findings", conformance.Doc, "the bits that came back are no finding", len(rules) == 0, "none", fmt.Sprint(rules))
				}
			}
			send(reg.Registration())
			send(reg.OpenShift().Add(model.U8(1206, 0x42)))
			send(reg.Receipt(100))
			send(reg.CloseShift().Add(model.U8(1206, 0x42)))
			send(reg.OpenShift().Add(model.U8(1206, 0x42)))
		},
	},
}
