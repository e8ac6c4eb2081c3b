package cases

import (
	"bytes"
	"context"
	"encoding/hex"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/model"
)

var outage = []conformance.Case{
	{
		ID: "O-060", Path: "outage/after-store", Mark: conformance.Doc, Source: "transport.md 10 E-20", Needs: conformance.NeedsRestart | conformance.NeedsStore, Variants: conformance.EachFFD, Tags: smoke,
		Title: "A server killed after storing and before answering gives the stored confirmation when the register comes again, and keeps one copy.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, _ := trading(ctx, r, conformance.Doc)
			m := reg.Receipt(100).Bytes()
			r.CutAfterStore(ctx)
			reply, end := r.Dial(ctx).Ask(m)
			r.Expect("connection/ended", conformance.Doc, "the dying server sends nothing", len(reply) == 0 && ended(end), "closed or reset", end)
			r.Restart(ctx)
			first := r.Dial(ctx).Accepted(reg, m, conformance.Doc)
			r.CleanCode(reg, first, conformance.Doc)
			again := r.Dial(ctx).Accepted(reg, m, conformance.Doc)
			r.Expect("answer/same", conformance.Doc, "the stored confirmation comes, byte for byte", bytes.Equal(first.Bytes, again.Bytes), hex.EncodeToString(first.Bytes), hex.EncodeToString(again.Bytes))
			n := r.Stored(ctx, reg.FN)
			r.Expect("store/once", conformance.Doc, "the document is stored once", n == 3, 3, n)
		},
	},
	{
		ID: "O-061", Path: "outage/while-receiving", Mark: conformance.Doc, Source: "transport.md 14", Needs: conformance.NeedsRestart | conformance.NeedsStore, Variants: conformance.EachFFD,
		Title: "A server killed while receiving keeps no trace of the half, and takes the whole when the register comes again.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, _ := trading(ctx, r, conformance.Doc)
			m := reg.Receipt(100).Bytes()
			half := r.Dial(ctx)
			half.Send(m[:len(m)/2])
			r.Restart(ctx)
			reply, end := half.Receive()
			r.Expect("connection/ended", conformance.Doc, "half a message gets no answer", len(reply) == 0 && ended(end), "closed or reset", end)
			n := r.Stored(ctx, reg.FN)
			r.Expect("store/nothing", conformance.Doc, "half a message leaves no trace", n == 2, 2, n)
			r.CleanCode(reg, r.Dial(ctx).Accepted(reg, m, conformance.Doc), conformance.Doc)
			n = r.Stored(ctx, reg.FN)
			r.Expect("store/once", conformance.Doc, "the document is stored once", n == 3, 3, n)
		},
	},
	{
		ID: "O-062", Path: "outage/after-29-days", Mark: conformance.TB, Source: "transport.md 7.2", Tags: soak, Needs: conformance.NeedsClock,
		Title: "29 days of documents from 100 registers that all come back at once are confirmed in order.",
		Run: func(ctx context.Context, r *conformance.Run) {
			r.SetClock(ctx, r.Start().Add(29*day))
			crowd(ctx, r, 100, func(reg *model.Register) [][]byte {
				all := [][]byte{reg.Registration().Bytes()}
				for range 29 {
					all = append(all, reg.OpenShift().Bytes(), reg.Receipt(100).Bytes(), reg.Receipt(200).Bytes(), reg.CloseShift().Bytes())
					reg.At = reg.At.Add(day - 4*time.Minute)
				}
				return all
			})
		},
	},
}
