package cases

import (
	"bytes"
	"context"
	"encoding/hex"
	"slices"
	"sync"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/model"
)

// keptApart demands that a refused message is told to people and kept in quarantine.
func keptApart(ctx context.Context, r *conformance.Run, fn, row string, n int) {
	if r.CanInspect() {
		r.ExpectIncident(ctx, fn, row, "", n, conformance.TB)
		r.ExpectQuarantine(ctx, fn, row, conformance.TB)
	}
}

var number = []conformance.Case{
	{
		ID: "O-085", Path: "number/fn-in-container", Mark: conformance.TB, Source: "transport.md E-11", Variants: conformance.EachWay,
		Title: "A container of another drive is refused, and people are told.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, _ := trading(ctx, r, conformance.TB)
			m := reg.Receipt(100).Bytes()
			m[46] ^= 0x01 // last byte of the BCD number
			model.FixContainerCRC(m[30:])
			r.Dial(ctx).Refused(m, conformance.TB, "another FN number in the container header is refused")
			keptApart(ctx, r, reg.FN, "E-11", 1)
		},
	},
	{
		ID: "O-086", Path: "number/fn-in-document", Mark: conformance.TB, Source: "transport.md E-11", Variants: conformance.EachWay,
		Title: "A document of another drive is refused although its signs fit, and people are told.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, _ := trading(ctx, r, conformance.TB)
			d := reg.Receipt(100).Set(model.Fixed(1041, "9999078900000000", 16))
			r.Dial(ctx).Refused(d.Bytes(), conformance.TB, "another FN number in tag 1041 is refused")
			keptApart(ctx, r, reg.FN, "E-11", 1)
		},
	},
	{
		ID: "O-087", Path: "number/unknown-drive", Mark: conformance.TB, Source: "transport.md E-12", Needs: conformance.NeedsSettings | conformance.NeedsInspect, Variants: conformance.EachFFD,
		Title: "A drive the server does not know is answered as the setting says, and shown to people.",
		Run: func(ctx context.Context, r *conformance.Run) {
			for _, setting := range []string{"close", "code14", "confirm"} {
				r.Configure(ctx, map[string]string{"unknown_fn": setting})
				reg := r.Standard()
				d := reg.Registration()
				switch setting {
				case "close":
					r.Dial(ctx).Refused(d.Bytes(), conformance.TB, "an unknown drive gets no answer")
				case "code14":
					r.FLKCode(reg, r.Dial(ctx).Accepted(reg, d.Bytes(), conformance.TB), conformance.TB)
				default:
					r.CleanCode(reg, r.Dial(ctx).Accepted(reg, d.Bytes(), conformance.TB), conformance.TB)
					r.ExpectStatus(ctx, reg.FN, "active", conformance.TB)
					continue
				}
				r.ExpectIncident(ctx, reg.FN, "E-12", "", 1, conformance.TB)
			}
		},
	},
	{
		ID: "O-088", Path: "number/sent-twice", Mark: conformance.Doc, Source: "transport.md E-20", Needs: conformance.NeedsStore, Variants: conformance.EachWay, Tags: smoke,
		Title: "The same document sent again gets the same confirmation, byte for byte, also at the same moment, and is stored once.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, c := trading(ctx, r, conformance.Doc)
			m := reg.Receipt(100).Bytes()
			first := c.Accepted(reg, m, conformance.Doc)
			replies := [][]byte{c.Accepted(reg, m, conformance.Doc).Bytes, r.Dial(ctx).Accepted(reg, m, conformance.Doc).Bytes}
			same(r, first.Bytes, replies)
			m = reg.Receipt(200).Bytes()
			replies = atTheSameMoment(ctx, r, m, 4)
			ack, problems := model.ReadAck(reg, m, replies[0])
			r.Expect("answer/right", conformance.Doc, "the answer is a right confirmation", len(problems) == 0 && ack.FD == reg.FD, "no problem", problems)
			same(r, replies[0], replies[1:])
			n := r.Stored(ctx, reg.FN)
			r.Expect("store/once", conformance.Doc, "each document is stored once", n == 4, 4, n)
		},
	},
	{
		ID: "O-089", Path: "number/two-documents", Mark: conformance.TB, Source: "transport.md E-21", Variants: conformance.EachFFD,
		Title: "Another document under a number that was confirmed is refused, and people are told.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, c := trading(ctx, r, conformance.TB)
			before := *reg
			r.Given("a confirmed receipt", func() { c.Accepted(reg, reg.Receipt(100).Bytes(), conformance.TB) })
			r.Dial(ctx).Refused(before.Receipt(200).Bytes(), conformance.TB, "a second document with one number gets no answer")
			keptApart(ctx, r, reg.FN, "E-21", 1)
		},
	},
	{
		ID: "O-090", Path: "number/gap", Mark: conformance.TB, Source: "transport.md E-22", Variants: conformance.EachFFD, Needs: conformance.NeedsClock | conformance.NeedsInspect,
		Title: "Documents after a gap are confirmed, the gap is shown, and after 24 hours people are told.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, c := trading(ctx, r, conformance.TB)
			for range 2 {
				r.Given("receipts before the gap", func() { c.Accepted(reg, reg.Receipt(100).Bytes(), conformance.TB) })
			}
			reg.Receipt(200)
			reg.Receipt(300)
			r.CleanCode(reg, c.Accepted(reg, reg.Receipt(400).Bytes(), conformance.TB), conformance.TB)
			r.ExpectGaps(ctx, reg.FN, "5-6", conformance.TB)
			const alarm = "не получены более 24 часов"
			now := vectorTime
			r.SetClock(ctx, now.Add(23*time.Hour))
			r.ExpectIncident(ctx, reg.FN, "E-22", alarm, 0, conformance.TB)
			r.SetClock(ctx, now.Add(25*time.Hour))
			r.ExpectIncident(ctx, reg.FN, "E-22", alarm, 1, conformance.TB)
			r.SetClock(ctx, now.Add(26*time.Hour))
			r.ExpectIncident(ctx, reg.FN, "E-22", alarm, 1, conformance.TB)
		},
	},
	{
		ID: "O-091", Path: "number/gap-filled", Mark: conformance.TB, Source: "transport.md E-23", Variants: conformance.EachWay,
		Title: "Late documents that fill a gap are confirmed, in any order, and the gap is closed.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, c := trading(ctx, r, conformance.TB)
			late := []*model.Document{reg.Receipt(100), reg.Receipt(200), reg.Receipt(300)}
			r.CleanCode(reg, c.Accepted(reg, reg.Receipt(400).Bytes(), conformance.TB), conformance.TB)
			for i, step := range []struct {
				d    int
				gaps string
			}{{1, "3-3, 5-5"}, {0, "5-5"}, {2, ""}} {
				r.CleanCode(reg, c.Accepted(reg, late[step.d].Bytes(), conformance.TB), conformance.TB)
				if r.CanInspect() {
					if i == 0 {
						r.ExpectFault(ctx, reg.FN, late[step.d].FD, "E-23", conformance.TB)
					}
					r.ExpectGaps(ctx, reg.FN, step.gaps, conformance.TB)
				}
			}
		},
	},
	{
		ID: "O-092", Path: "number/fd-in-header", Mark: conformance.TB, Source: "transport.md E-17", Variants: conformance.EachWay,
		Title: "A container header with another document number is refused, its sign right or wrong.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, _ := trading(ctx, r, conformance.TB)
			d := reg.Receipt(100)
			d.HeaderFD = d.FD + 1
			r.Dial(ctx).Refused(d.Bytes(), conformance.TB, "another number in the header is refused, its sign right")
			keptApart(ctx, r, reg.FN, "E-17", 1)
			d.HeaderFD = 0
			m := d.Bytes()
			m[49]++
			model.FixContainerCRC(m[30:])
			r.Dial(ctx).Refused(m, conformance.TB, "another number in the header is refused, its sign wrong")
		},
	},
	{
		ID: "O-093", Path: "number/receipt-in-shift", Mark: conformance.Doc, Source: "fn.md 2, flk.md Q-06", Variants: conformance.EachFFD,
		Title: "A receipt number in the shift that repeats or jumps is confirmed and flagged.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, c := trading(ctx, r, conformance.Doc)
			for i, n := range []uint32{1, 1, 5} {
				d := reg.Receipt(100).Set(model.U32(1042, n))
				r.CleanCode(reg, c.Accepted(reg, d.Bytes(), conformance.Doc), conformance.Doc)
				if !r.CanInspect() {
					continue
				}
				flagged := slices.Contains(r.Document(ctx, reg.FN, d.FD).Rules, "Q-06")
				r.Expect("document/finding", conformance.Doc, "a number that breaks the row is marked, and only such", flagged == (i > 0), i > 0, flagged)
			}
		},
	},
}

func same(r *conformance.Run, first []byte, others [][]byte) {
	for _, b := range others {
		r.Expect("answer/same", conformance.Doc, "the stored confirmation comes again, byte for byte", bytes.Equal(b, first), hex.EncodeToString(first), hex.EncodeToString(b))
	}
}

// atTheSameMoment sends one message on n connections at once and returns the answers.
func atTheSameMoment(ctx context.Context, r *conformance.Run, m []byte, n int) [][]byte {
	conns := make([]*conformance.Conn, n)
	for i := range conns {
		conns[i] = r.Dial(ctx).Quiet()
	}
	replies := make([][]byte, n)
	var wg sync.WaitGroup
	for i, c := range conns {
		wg.Go(func() {
			if _, err := c.Write(m); err == nil {
				replies[i], _ = c.Receive()
			}
		})
	}
	wg.Wait()
	return replies
}
