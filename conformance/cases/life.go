package cases

import (
	"context"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/model"
)

const day = 24 * time.Hour

// keyLife is what the model's registration says in 1213: 410 days.
const keyLife = 410 * day

var life = []conformance.Case{
	{
		ID: "O-045", Path: "life/keys-expired", Mark: conformance.Doc, Source: "fn.md 5.1 FN-021", Variants: conformance.From11, Needs: conformance.NeedsClock | conformance.NeedsInspect,
		Title: "Documents made after the end of the keys are confirmed and flagged, and people are told once.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg := r.Standard()
			c := r.Dial(ctx)
			r.Given("a registered drive", func() { c.Accepted(reg, reg.Registration().Bytes(), conformance.Doc) })
			reg.At = r.Start().Add(keyLife + 2*day)
			r.SetClock(ctx, reg.At.Add(time.Hour))
			c = r.Dial(ctx)
			for _, d := range []*model.Document{reg.OpenShift(), reg.Receipt(100)} {
				r.CleanCode(reg, c.Accepted(reg, d.Bytes(), conformance.Doc), conformance.Doc)
				r.ExpectRule(ctx, reg.FN, d.FD, "FN-021", conformance.Doc)
			}
			r.ExpectIncident(ctx, reg.FN, "", "после окончания срока действия ключей", 1, conformance.Doc)
		},
	},
	{
		ID: "O-046", Path: "life/reminders", Mark: conformance.Doc, Source: "fn.md 5.3", Variants: conformance.From11, Needs: conformance.NeedsClock | conformance.NeedsInspect,
		Title: "The end of the keys is announced once at 30 days and again at 3, not before.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg := r.Standard()
			c := r.Dial(ctx)
			r.Given("a registered drive", func() { c.Accepted(reg, reg.Registration().Bytes(), conformance.Doc) })
			end := r.Start().Truncate(day).Add(keyLife)
			for _, step := range []struct {
				left   time.Duration
				thirty int
				three  int
			}{{32 * day, 0, 0}, {30 * day, 1, 0}, {29 * day, 1, 0}, {4 * day, 1, 0}, {3 * day, 1, 1}, {2 * day, 1, 1}} {
				r.SetClock(ctx, end.Add(-step.left))
				r.ExpectIncident(ctx, reg.FN, "", "не более 30 дней", step.thirty, conformance.Doc)
				r.ExpectIncident(ctx, reg.FN, "", "не более 3 дней", step.three, conformance.Doc)
			}
		},
	},
	{
		ID: "O-050", Path: "life/archive-closed", Mark: conformance.Doc, Source: "fn.md 4 FN-010", Variants: conformance.EachWay,
		Title: "The report on closing the drive is confirmed, and only then is the drive shown as closed.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, c := trading(ctx, r, conformance.Doc)
			r.CleanCode(reg, c.Accepted(reg, reg.CloseShift().Bytes(), conformance.Doc), conformance.Doc)
			if r.CanInspect() {
				r.ExpectStatus(ctx, reg.FN, "active", conformance.Doc)
			}
			r.CleanCode(reg, c.Accepted(reg, reg.CloseArchive().Bytes(), conformance.Doc), conformance.Doc)
			if r.CanInspect() {
				r.ExpectStatus(ctx, reg.FN, "closed", conformance.Doc)
			}
		},
	},
	{
		ID: "O-051", Path: "life/after-closing", Mark: conformance.TB, Source: "transport.md E-25", Variants: conformance.EachFFD,
		Title: "After the report on closing, a receipt gets the mark of failed control and a state report is confirmed.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, c := trading(ctx, r, conformance.TB)
			r.Given("a closed drive", func() {
				c.Accepted(reg, reg.CloseShift().Bytes(), conformance.TB)
				c.Accepted(reg, reg.CloseArchive().Bytes(), conformance.TB)
			})
			r.CleanCode(reg, c.Accepted(reg, reg.StateReport().Bytes(), conformance.TB), conformance.TB)
			d := reg.Receipt(100)
			r.FLKCode(reg, c.Accepted(reg, d.Bytes(), conformance.TB), conformance.TB)
			if r.CanInspect() {
				r.ExpectFault(ctx, reg.FN, d.FD, "E-25", conformance.TB)
				r.ExpectIncident(ctx, reg.FN, "E-25", "", 1, conformance.TB)
				r.ExpectStatus(ctx, reg.FN, "closed", conformance.TB)
			}
		},
	},
	{
		ID: "O-052", Path: "life/closed-with-gaps", Mark: conformance.Doc, Source: "fn.md 4", Variants: conformance.EachFFD,
		Title: "A drive that closes while documents are missing is confirmed, and people are told which are missing.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, c := trading(ctx, r, conformance.Doc)
			reg.Receipt(100) // never sent, nor is the next
			reg.Receipt(200)
			r.Given("a closed shift", func() { c.Accepted(reg, reg.CloseShift().Bytes(), conformance.Doc) })
			r.CleanCode(reg, c.Accepted(reg, reg.CloseArchive().Bytes(), conformance.Doc), conformance.Doc)
			if r.CanInspect() {
				r.ExpectGaps(ctx, reg.FN, "3-4", conformance.Doc)
				r.ExpectIncident(ctx, reg.FN, "", "не получены документы: 3–4", 1, conformance.Doc)
			}
		},
	},
	{
		ID: "O-055", Path: "life/post-fiscal-transfer", Mark: conformance.Doc, Source: "fn.md 4 FN-011", Variants: conformance.EachFFD, Needs: conformance.NeedsClock,
		Title: "What a closed drive still has to send is confirmed after two days of outage, with the times of arrival.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, c := trading(ctx, r, conformance.Doc)
			queue := []*model.Document{reg.Receipt(100), reg.Receipt(200), reg.CloseShift(), reg.CloseArchive()}
			c.Close()
			for i, d := range queue {
				at := r.Start().Add(2*day + time.Duration(i)*time.Hour)
				r.SetClock(ctx, at)
				a := r.Dial(ctx).Accepted(reg, d.Bytes(), conformance.Doc)
				r.CleanCode(reg, a, conformance.Doc)
				r.Expect("document/1012", conformance.Doc, "1012 of the confirmation is the time of arrival", int64(a.Time) == at.Unix(), at.Unix(), a.Time)
				if r.CanInspect() {
					seen := r.Document(ctx, reg.FN, d.FD)
					r.Expect("document/received", conformance.Doc, "the time of arrival is shown", seen.ReceivedAt.Equal(at), at, seen.ReceivedAt)
				}
			}
			if r.CanInspect() {
				r.ExpectStatus(ctx, reg.FN, "closed", conformance.Doc)
			}
		},
	},
}
