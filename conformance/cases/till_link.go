package cases

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/model"
)

var kktLink = []conformance.Case{
	in(conformance.EachFFD, kkt("T-010", "till-exchange/told-to-the-drive", conformance.Doc, "transport.md 7.1", "The drive is told that the connection is up before it is read, and that it is broken when an attempt fails.", trace,
		func(ctx context.Context, r *conformance.Run) {
			d := begun(ctx, r, conformance.DeskOptions{OneShot: true})
			for _, f := range []conformance.Reaction{{Note: "nothing but an end", Cut: 1}, {Note: "no answer", Silent: true}} {
				d.Operator.Next(f)
				d.Do(ctx, conformance.Doc, sell)
				d.Commands()
				err := d.KKT.Exchange(ctx)
				d.Expect("exchange/failed", conformance.Doc, "the attempt fails", err != nil, "an error", err)
				var seen []byte
				for _, c := range d.Commands() {
					if c.Cmd == 0x21 && len(c.Data) == 1 {
						seen = append(seen, c.Data[0])
					}
					if c.Cmd == 0x22 {
						seen = append(seen, 0x22)
					}
				}
				d.Expect("drive/told", conformance.Doc, "21h 1, then 22h, then 21h 0", bytes.Equal(seen, []byte{1, 0x22, 0}), "01 22 00", fmt.Sprintf("% x", seen))
				v := d.View(ctx)
				d.Expect("drive/waiting", conformance.Doc, "20h tells that the message waits and the connection is down", v.Link == 2, 2, v.Link)
				d.Sent(ctx, conformance.Doc)
			}
		})),
	in([]conformance.Variant{{FFD: 2}}, kkt("T-011", "till-exchange/retry-timer", conformance.Doc, "transport.md 7.1", "After a failure the next attempt waits for the retry timer, and comes by itself.", drive|conformance.NeedsScale,
		func(ctx context.Context, r *conformance.Run) {
			d := begun(ctx, r, conformance.DeskOptions{OneShot: true})
			first := len(d.Operator.Heard())
			d.Operator.Next(conformance.Reaction{Note: "cut", Cut: 1}, conformance.Reaction{Note: "cut", Cut: 1})
			d.Do(ctx, conformance.Doc, sell)
			stop := working(ctx, d)
			defer stop()
			d.Operator.Await(ctx, first+1, d.Patience())
			start := time.Now()
			came := d.Operator.Await(ctx, first+3, d.Patience())
			took, limit := time.Since(start), 2*d.Scaled(time.Minute)
			d.Expect("wire/again", conformance.Doc, "it tries again by itself", came, true, came)
			d.Expect("time/retry", conformance.Doc, "each time after the retry timer", took >= limit*8/10, limit, took)
			settles(ctx, d, 0)
		})),
	in(conformance.EachFFD, kkt("T-012", "till-exchange/closed-after-the-answer", conformance.Code, "transport.md 7.2 TRN-062", "An operator that closes the connection after its answer does not make the next document fail.", drive,
		func(ctx context.Context, r *conformance.Run) {
			d := begun(ctx, r, conformance.DeskOptions{})
			for range 2 {
				d.Operator.Next(conformance.Reaction{Note: "answered and closed", Then: conformance.ThenClose})
				d.Do(ctx, conformance.Code, sell)
				d.Sent(ctx, conformance.Code)
			}
			d.Do(ctx, conformance.Code, sell, sell)
			d.Sent(ctx, conformance.Code)
			d.Queue(ctx, conformance.Code, 0, "everything is confirmed")
			d.Fine(conformance.Code)
		})),
	in(conformance.EachFFD, kkt("T-013", "till-exchange/service-reply", conformance.Doc, "transport.md 7.1, 9", "A header without a container is no answer to a document.", drive,
		func(ctx context.Context, r *conformance.Run) {
			badReply(ctx, r, conformance.Doc, "a header without a container", func(_ *conformance.Desk, m *model.Message) []byte { return model.ServiceReply(m.Raw) })
		})),
	in(conformance.EachFFD, kkt("T-014", "till-exchange/connection-held", conformance.Doc, "transport.md 7.1", "While an answer is awaited the connection stays open in both directions; the message comes in one go soon after the connection.", drive|conformance.NeedsScale,
		func(ctx context.Context, r *conformance.Run) {
			d := begun(ctx, r, conformance.DeskOptions{OneShot: true})
			first := len(d.Operator.Heard())
			d.Operator.Next(conformance.Reaction{Note: "after 60 s", Delay: d.Scaled(time.Minute)})
			d.Do(ctx, conformance.Doc, sell, stateOrder)
			d.Sent(ctx, conformance.Doc)
			for _, h := range d.Operator.Heard()[first:] {
				d.Expect("session/awaits", conformance.Doc, "the header says that an answer is awaited", h.Flags&0x30 == 0x10, "bits 5-4 are 1", fmt.Sprintf("%04x", h.Flags))
				d.Expect("connection/held", conformance.Doc, "nothing ends before the answer", !h.Early, "open", "shut before the answer")
				d.Expect("time/began", conformance.TB, "the message begins soon after the connection", h.Idle < time.Second, "less than 1 s", h.Idle)
				d.Expect("time/whole", conformance.TB, "the message comes in one go", h.Took < time.Second, "less than 1 s", h.Took)
			}
			d.Fine(conformance.Doc)
		})),
	in(conformance.EachFFD, kkt("T-015", "till-exchange/on-one-connection", conformance.TB, "transport.md 7.2 TRN-061, TRN-062", "Documents that wait are sent once each, on one connection or on one each, as the register was set.", drive,
		func(ctx context.Context, r *conformance.Run) {
			for _, single := range []bool{false, true} {
				d := begun(ctx, r, conformance.DeskOptions{OneShot: single})
				d.Do(ctx, conformance.TB, sell, sell, sell)
				dials, first := d.Operator.Dials(), len(d.Operator.Heard())
				d.Sent(ctx, conformance.TB)
				all := d.Operator.Heard()[first:]
				d.Expect("wire/all", conformance.TB, "each comes once", len(all) == 3, 3, len(all))
				n := d.Operator.Dials() - dials
				d.Expect("wire/connections", conformance.TB, "on as many connections as set", single && n == 3 || !single && n <= 1, single, n)
			}
		})),
	in(conformance.FFD12, kkt("T-016", "till-exchange/marking-answers", conformance.Code, "transport.md 12, flk.md K-02", "An answer of the marking operator that is not to the request, or is not signed, is not used: the result says that the status was not checked.", drive,
		func(ctx context.Context, r *conformance.Run) {
			d := marked(ctx, r, conformance.DeskOptions{})
			reply := markingReply
			for note, change := range ordered(map[string]func([]byte) []byte{
				"signature of documents": func(b []byte) []byte { copy(b, []byte{0x2A, 0x08, 0x41, 0x0A, 0x81, 0xA2}); return b },
				"another drive":          func(b []byte) []byte { b[23] ^= 1; return b },
				"check code":             func(b []byte) []byte { b[32] ^= 1; return b },
				"sign":                   func(b []byte) []byte { b[len(b)-3] ^= 1; model.FixContainerCRC(b[30:]); return b },
				"another request":        func(b []byte) []byte { b[49]++; model.FixContainerCRC(b[30:]); return b },
			}) {
				d.Marking.Next(conformance.Reaction{Note: note, Answer: func(m *model.Message) []byte { return change(reply(m)) }})
				m, made := madeBy(ctx, d, sellCode(r))
				value := result(m)
				d.Expect("document/2106", conformance.Code, note+": 2106 has no bit of a checked status", value >= 0 && value&0x0C == 0, "0, 1 or 3", value)
				d.Expect("register/told", conformance.Code, "the person at the till is told", len(made.Warnings) > 0, "a warning", made.Warnings)
			}
			m, _ := madeBy(ctx, d, sellCode(r))
			d.Expect("document/2106", conformance.Code, "a right answer is used", result(m) == 15, 15, result(m))
			d.Sent(ctx, conformance.Code)
			d.Fine(conformance.Code)
		})),
}

// markingReply is a right answer to form 81.
func markingReply(m *model.Message) []byte {
	return (&model.Confirmation{To: m}).MarkingReply(model.U8(2105, 0), model.U8(2109, 1), model.U8(2005, 15))
}
