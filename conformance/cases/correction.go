package cases

import (
	"context"
	"fmt"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/model"
)

var correction = []conformance.Case{
	{
		ID: "O-035", Path: "correction/accepted", Mark: conformance.Doc, Source: "fn.md 3.2", Variants: conformance.EachWay,
		Title: "A correction inside a shift is confirmed and shown apart from sales.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, c := trading(ctx, r, conformance.Doc)
			d := reg.Correction(100)
			r.CleanCode(reg, c.Accepted(reg, d.Bytes(), conformance.Doc), conformance.Doc)
			if r.CanInspect() {
				seen := r.Document(ctx, reg.FN, d.FD)
				r.Expect("document/form", conformance.Doc, "the correction is shown as one", seen.Form == 31, 31, seen.Form)
				kind := text(seen, "correctionType")
				r.Expect("document/1173", conformance.Doc, "its type is shown", kind == "0", 0, kind)
			}
		},
	},
	{
		ID: "O-036", Path: "correction/without-basis", Mark: conformance.Doc, Source: "transport.md E-18, flk.md R-14", Variants: conformance.EachFFD,
		Title: "A correction without 1174 gets the mark of failed control.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, c := trading(ctx, r, conformance.Doc)
			d := reg.Correction(100).Del(1174)
			r.FLKCode(reg, c.Accepted(reg, d.Bytes(), conformance.Doc), conformance.Doc)
			if r.CanInspect() {
				r.ExpectFault(ctx, reg.FN, d.FD, "E-18", conformance.Doc)
			}
		},
	},
	{
		ID: "O-037", Path: "correction/data-type-mismatch", Mark: conformance.TB, Source: "transport.md E-15", Variants: conformance.EachFFD,
		Title: "A container that says 31 over a document that says 3 gets the mark of content not recognised, and is flagged.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, c := trading(ctx, r, conformance.TB)
			d := reg.Receipt(100)
			d.HeaderForm = 31
			r.Unrecognised(reg, c.Accepted(reg, d.Bytes(), conformance.TB), conformance.TB)
			if r.CanInspect() {
				r.ExpectFault(ctx, reg.FN, d.FD, "E-15", conformance.TB)
				r.ExpectIncident(ctx, reg.FN, "E-15", "", 1, conformance.TB)
			}
		},
	},
	{
		ID: "O-038", Path: "correction/strict-reporting-forms", Mark: conformance.Doc, Source: "fn.md 3.2", Variants: conformance.EachFFD,
		Title: "БСО and its correction by an automatic system of strict reporting forms are confirmed.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg := r.Standard()
			reg.BSO = true
			c := r.Dial(ctx)
			open(r, c, reg, conformance.Doc)
			for _, d := range []*model.Document{reg.Receipt(100), reg.Correction(200)} {
				r.CleanCode(reg, c.Accepted(reg, d.Bytes(), conformance.Doc), conformance.Doc)
				if r.CanInspect() {
					seen := r.Document(ctx, reg.FN, d.FD)
					r.Expect("document/form", conformance.Doc, "the form is shown as it was sent", seen.Form == d.Form && len(seen.Rules) == 0, d.Form, fmt.Sprint(seen.Form, seen.Rules))
				}
			}
		},
	},
}
