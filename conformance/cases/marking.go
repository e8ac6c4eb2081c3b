package cases

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/model"
)

// markingCode is a code of the run's own whose last two digits choose what the
// stand-in says of it (package marking).
func markingCode(r *conformance.Run, tail string) string {
	return fmt.Sprintf("010460043993125621%011d%s", r.Serial()%100_000_000_000, tail)
}

var marking = []conformance.Case{
	{
		ID: "O-120", Path: "marking/probe", Mark: conformance.Code, Source: "transport.md 12.1", Needs: conformance.NeedsMarking,
		Title: "A probe of the marking port is answered by a header of the same protocol, and nothing is stored.",
		Run: func(ctx context.Context, r *conformance.Run) {
			probe := vector("prb-01")
			for _, version := range []byte{0xA2, 0xA1, 0xFB} {
				probe[5] = version
				reply, end := r.DialMarking(ctx).Ask(probe)
				if r.Expect("connection/answered", conformance.Code, "the probe is answered", end == conformance.Answered, conformance.Answered, end) {
					want := append([]byte{}, probe...)
					want[26] = 0 // flags of an answer in service mode
					r.Expect("session/header", conformance.Code, "the answer is a header that mirrors the probe", bytes.Equal(reply, want), hex.EncodeToString(want), hex.EncodeToString(reply))
				}
			}
		},
	},
	{
		ID: "O-121", Path: "marking/routed-by-signature", Mark: conformance.TB, Source: "transport.md 12.1", Needs: conformance.NeedsMarking,
		Title: "A fiscal message on the marking port and a marking message on the fiscal port are both answered.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg := r.Register(4)
			r.CleanCode(reg, r.DialMarking(ctx).Accepted(reg, reg.Registration().Bytes(), conformance.TB), conformance.TB)
			a, ok := r.Dial(ctx).Marking(reg, reg.MarkingRequest(1, markingCode(r, "00"), 1).Plain(), conformance.TB)
			r.Expect("document/2105", conformance.TB, "the request is processed", ok && a.Processing == 0, 0, a.Processing)
			c := r.Dial(ctx)
			for i := range uint32(3) {
				r.CleanCode(reg, c.Accepted(reg, reg.StateReport().Bytes(), conformance.TB), conformance.TB)
				c.Marking(reg, reg.MarkingRequest(i+2, markingCode(r, "00"), 1).Plain(), conformance.TB)
			}
		},
	},
	{
		ID: "O-122", Path: "marking/known-code", Mark: conformance.TB, Source: "transport.md 12.2 TRN-110", Needs: conformance.NeedsMarking,
		Title: "A request about a code in turnover is answered within a second: processed, status right.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg := r.Register(4)
			start := time.Now()
			a, _ := r.DialMarking(ctx).Marking(reg, reg.MarkingRequest(7, markingCode(r, "00"), 1).Plain(), conformance.TB)
			took := time.Since(start)
			r.Expect("document/2001", conformance.TB, "the answer repeats the number of the request", a.Request == 7, 7, a.Request)
			r.Expect("document/2105", conformance.TB, "the request is processed", a.Processing == 0, 0, a.Processing)
			r.Expect("document/2109", conformance.TB, "the planned status is right", a.Status == 1, 1, a.Status)
			r.Expect("time/answer", conformance.TB, "the answer comes within a second", took < time.Second, "1s", took)
		},
	},
	markingAnswer("O-123", "marking/bad-codes", "A code that is not known and one that is malformed are answered so.", "transport.md 12.2", []markingCase{{"90", -1, 2}, {"93", 2, -1}, {"94", 1, -1}}),
	markingAnswer("O-124", "marking/suspended", "A code whose turnover is suspended is answered so.", "transport.md 12.2", []markingCase{{"92", -1, 3}}),
	{
		ID: "O-125", Path: "marking/sold", Mark: conformance.TB, Source: "transport.md 12.2 TRN-110", Needs: conformance.NeedsMarking,
		Title: "A notification of sale is received and the code becomes sold; selling it again is refused, a return puts it back.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg := r.Register(4)
			c := r.DialMarking(ctx)
			code := markingCode(r, "00")
			status := func(n uint32, want int, why string) {
				a, _ := c.Marking(reg, reg.MarkingRequest(n, code, 1).Plain(), conformance.TB)
				r.Expect("document/2109", conformance.TB, why, a.Status == want, want, a.Status)
			}
			notify := func(n uint32, kind byte, bad int, why string) {
				a, _ := c.Marking(reg, reg.MarkingNotice(n, n, code, kind).Plain(), conformance.TB)
				r.Expect("document/2111", conformance.TB, "the notification is accepted", a.Accepted == 0, 0, a.Accepted)
				r.Expect("document/2002", conformance.TB, "the receipt repeats the number of the notification", a.Notice == int(n), n, a.Notice)
				r.Expect("document/2112", conformance.TB, why, a.BadCodes == bad, bad, a.BadCodes)
			}
			status(1, 1, "before the sale the status is right")
			notify(1, 1, -1, "the first sale has no incorrect codes")
			status(2, 2, "a sold code has another status")
			notify(2, 1, 4, "the second sale of a code is an incorrect code")
			notify(3, 3, -1, "a return has no incorrect codes")
			status(3, 1, "after the return the status is right again")
		},
	},
	{
		ID: "O-126", Path: "marking/operator-down", Mark: conformance.Doc, Source: "transport.md 12 TRN-111", Needs: conformance.NeedsMarking | conformance.NeedsSettings, Settings: map[string]string{"marking": "down"},
		Title: "While the marking operator is down the server gives no answer of its own, and fiscal documents are confirmed.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg := r.Register(4)
			c := r.DialMarking(ctx)
			for _, m := range [][]byte{reg.MarkingRequest(1, markingCode(r, "00"), 1).Plain(), reg.MarkingNotice(1, 1, markingCode(r, "00"), 1).Plain()} {
				reply, end := c.AskWithin(m, 200*time.Millisecond)
				r.Expect("connection/no-answer", conformance.Doc, "the operator of fiscal data says nothing for the marking operator", len(reply) == 0, "no byte", fmt.Sprintf("%d bytes, %s", len(reply), end))
				c = r.DialMarking(ctx)
			}
			fiscal := r.Dial(ctx)
			for _, d := range []*model.Document{reg.Registration(), reg.OpenShift(), reg.Receipt(100)} {
				r.CleanCode(reg, fiscal.Accepted(reg, d.Bytes(), conformance.Doc), conformance.Doc)
			}
		},
	},
}

// markingCase is what the stand-in says of a code with this tail; -1 does not ask.
type markingCase struct {
	tail               string
	processing, status int
}

func markingAnswer(id, path, title, source string, all []markingCase) conformance.Case {
	return conformance.Case{ID: id, Path: path, Mark: conformance.Code, Source: source, Title: title, Needs: conformance.NeedsMarking,
		Run: func(ctx context.Context, r *conformance.Run) {
			reg := r.Register(4)
			c := r.DialMarking(ctx)
			for i, one := range all {
				a, _ := c.Marking(reg, reg.MarkingRequest(uint32(i+1), markingCode(r, one.tail), 1).Plain(), conformance.Code)
				if one.processing >= 0 {
					r.Expect("document/2105", conformance.Code, "the request is answered as not processed", a.Processing == one.processing, one.processing, a.Processing)
				}
				if one.status >= 0 {
					r.Expect("document/2109", conformance.Code, "the status is answered", a.Status == one.status, one.status, a.Status)
				}
			}
		}}
}
