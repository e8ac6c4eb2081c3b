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

// registerVectorDrive gives the server the drive that sent the receipt of the
// vectors: registered the day before, its documents 2 to 76 still on their way.
func registerVectorDrive(ctx context.Context, r *conformance.Run, encrypt bool) {
	reg := r.Register(2)
	reg.RNM, reg.INN, reg.Factory = "0000000005008570", "7702203276", "000000000002"
	reg.Rename(r.Master(), "9999078900005488")
	reg.At, reg.Encrypt = vectorTime.AddDate(0, 0, -1).Truncate(time.Minute), encrypt
	r.Given("the drive of the vectors, registered", func() { r.Dial(ctx).Accepted(reg, reg.Registration().Bytes(), conformance.TB) })
}

// vectorTime is the clock of the confirmations in the vectors.
var vectorTime = time.Date(2026, 8, 1, 9, 2, 1, 0, time.UTC)

var receipt = []conformance.Case{
	{
		ID: "O-020", Path: "receipt/confirmed-byte-for-byte", Mark: conformance.TB, Source: "transport.md 8, fiscal-sign.md 8", Needs: conformance.NeedsClock | conformance.NeedsFresh, Tags: smoke,
		Title: "The receipt of the vectors gets exactly the confirmation of the vectors.",
		Run: func(ctx context.Context, r *conformance.Run) {
			r.SetClock(ctx, vectorTime)
			registerVectorDrive(ctx, r, false)
			reply, end := r.Dial(ctx).Ask(vector("tb-receipt"))
			sameAsVector(r, "tb-confirmation", reply, end)
		},
	},
	{
		ID: "O-021", Path: "receipt/one-connection", Mark: conformance.Doc, Source: "transport.md 7.2 TRN-061", Variants: conformance.EachWay, Tags: smoke,
		Title: "A day of documents on one connection is confirmed in order.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, c := trading(ctx, r, conformance.Doc)
			for i := range 10 {
				r.CleanCode(reg, c.Accepted(reg, reg.Receipt(uint64(100*i+100)).Bytes(), conformance.Doc), conformance.Doc)
			}
			r.CleanCode(reg, c.Accepted(reg, reg.CloseShift().Bytes(), conformance.Doc), conformance.Doc)
		},
	},
	{
		ID: "O-022", Path: "receipt/connection-per-document", Mark: conformance.Code, Source: "transport.md 7.2 TRN-062", Variants: conformance.EachFFD,
		Title: "A day of documents, each on a connection of its own, is confirmed.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg := r.Standard()
			for _, d := range []*model.Document{reg.Registration(), reg.OpenShift(), reg.Receipt(500), reg.Receipt(700), reg.CloseShift()} {
				c := r.Dial(ctx)
				r.CleanCode(reg, c.Accepted(reg, d.Bytes(), conformance.Code), conformance.Code)
				c.Close()
			}
		},
	},
	{
		ID: "O-023", Path: "receipt/back-to-back", Mark: conformance.TB, Source: "transport.md 7.2 TRN-061",
		Title: "Two messages written before the first answer is read get two answers in order.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, c := trading(ctx, r, conformance.TB)
			first, second := reg.Receipt(100).Bytes(), reg.Receipt(200).Bytes()
			c.Send(append(append([]byte{}, first...), second...))
			c.Next(reg, first, conformance.TB)
			c.Next(reg, second, conformance.TB)
		},
	},
	{
		ID: "O-024", Path: "receipt/session-crc", Mark: conformance.Doc, Source: "transport.md 3.2 TRN-020",
		Title: "Check codes of modes 1 and 2 are accepted when they are right.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, c := trading(ctx, r, conformance.Doc)
			for _, flags := range []uint16{0x0015, 0x0016} {
				d := reg.Receipt(100)
				d.Flags = flags
				c.Accepted(reg, d.Bytes(), conformance.Doc)
			}
		},
	},
	{
		ID: "O-025", Path: "receipt/no-answer-wanted", Mark: conformance.Doc, Source: "transport.md 3.2 TRN-021", Needs: conformance.NeedsStore,
		Title: "A message whose flags want no answer gets none, and is stored.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, c := trading(ctx, r, conformance.Doc)
			silent := reg.Receipt(100)
			silent.Flags = 0x0004
			c.Send(silent.Bytes())
			// The answer to the next message must be the first thing that comes.
			c.Accepted(reg, reg.Receipt(200).Bytes(), conformance.Doc)
			n := r.Stored(ctx, reg.FN)
			r.Expect("store/document", conformance.Doc, "the document is stored although nobody waits", n == 4, 4, n)
		},
	},
	{
		ID: "O-026", Path: "receipt/priority", Mark: conformance.TB, Source: "transport.md 3.2 TRN-022",
		Title: "Priority changes nothing.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, c := trading(ctx, r, conformance.TB)
			d := reg.Receipt(100)
			d.Flags = 0x00D4
			c.Accepted(reg, d.Bytes(), conformance.TB)
		},
	},
	{
		ID: "O-027", Path: "receipt/greatest", Mark: conformance.Doc, Source: "transport.md 6", Variants: conformance.EachWay,
		Title: "A receipt of 32 768 bytes is confirmed.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, c := trading(ctx, r, conformance.Doc)
			d := reg.Big(32768)
			if d.Len() != 32768 {
				r.Stop("the model made a receipt of %d bytes", d.Len())
			}
			r.CleanCode(reg, c.Accepted(reg, d.Bytes(), conformance.Doc), conformance.Doc)
		},
	},
	{
		ID: "O-028", Path: "receipt/confirmation-time", Mark: conformance.Doc, Source: "transport.md 8.1 TRN-073", Needs: conformance.NeedsClock,
		Title: "The confirmation carries the operator's time in UTC; the document keeps the register's wall clock.",
		Run: func(ctx context.Context, r *conformance.Run) {
			at := vectorTime.Add(90 * time.Minute)
			r.SetClock(ctx, at)
			reg := r.Standard()
			reg.At = at.Add(12 * time.Hour).Truncate(time.Minute) // wall clock of UTC+12
			d := reg.Registration()
			a := r.Dial(ctx).Accepted(reg, d.Bytes(), conformance.Doc)
			r.Expect("document/1012", conformance.Doc, "1012 is UTC of arrival", int64(a.Time) == at.Unix(), at.Unix(), a.Time)
			if r.CanInspect() {
				seen, want := r.Document(ctx, reg.FN, 1), d.At.Format("2006-01-02T15:04:05")
				r.Expect("document/shown", conformance.Doc, "the document is shown with the register's local time", seen.DateTime == want, want, seen.DateTime)
			}
		},
	},
	{
		ID: "O-029", Path: "receipt/sign-with-leading-zeros", Mark: conformance.TB, Source: "fiscal-sign.md 5.1", Needs: conformance.NeedsInspect,
		Title: "A receipt whose document sign begins with a zero byte is found with and without its leading zeros.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, c := trading(ctx, r, conformance.TB)
			before := *reg
			d := reg.Receipt(100)
			for kopecks := uint64(101); d.FPD() >= 1<<24; kopecks++ {
				*reg = before
				d = reg.Receipt(kopecks)
			}
			c.Accepted(reg, d.Bytes(), conformance.TB)
			seen := r.Document(ctx, reg.FN, d.FD)
			r.Expect("document/fpd", conformance.TB, "the sign is shown as the number that is printed", seen.FPD == d.FPD(), d.FPD(), seen.FPD)
			for _, written := range []string{fmt.Sprintf("%010d", d.FPD()), fmt.Sprint(d.FPD())} {
				found := false
				for _, one := range r.ByFPD(ctx, written) {
					found = found || one.FN == reg.FN && one.FD == d.FD
				}
				r.Expect("document/found", conformance.TB, "the receipt is found by its sign as "+written, found, true, found)
			}
		},
	},
	{
		ID: "O-030", Path: "receipt/encrypted", Mark: conformance.TB, Source: "transport.md 11", Needs: conformance.NeedsClock | conformance.NeedsFresh,
		Title: "An encrypted receipt gets exactly the encrypted confirmation of the vectors.",
		Run: func(ctx context.Context, r *conformance.Run) {
			r.SetClock(ctx, vectorTime)
			registerVectorDrive(ctx, r, true)
			reply, end := r.Dial(ctx).Ask(vector("tb-receipt-encrypted"))
			sameAsVector(r, "tb-confirmation-encrypted", reply, end)
		},
	},
	{
		ID: "O-031", Path: "receipt/two-hundred-registers", Mark: conformance.TB, Source: "transport.md 7.2", Tags: soak,
		Title: "200 registers with 50 receipts each are confirmed at the same time, none with another's confirmation, 99 % within 3 s.",
		Run: func(ctx context.Context, r *conformance.Run) {
			crowd(ctx, r, 200, func(reg *model.Register) [][]byte {
				all := [][]byte{reg.Registration().Bytes(), reg.OpenShift().Bytes()}
				for range 50 {
					all = append(all, reg.Receipt(100).Bytes())
				}
				return all
			})
		},
	},
	{
		ID: "O-032", Path: "receipt/service-mode", Mark: conformance.Doc, Source: "transport.md 9 TRN-090", Tags: smoke,
		Title: "A header without a body is answered by a header, with the check code of its mode, and nothing is stored.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg := r.Standard()
			for _, mode := range []struct{ flags, want uint16 }{{0x0010, 0x0000}, {0x0011, 0x0001}} {
				d := &model.Document{Register: reg, Flags: mode.flags, PVersion: reg.PVersion}
				reply, end := r.Dial(ctx).Ask(d.Session(nil))
				expected := &model.Document{Register: reg, Flags: mode.want, PVersion: reg.PVersion}
				if r.Expect("connection/answered", conformance.Doc, "service mode is answered", end == conformance.Answered, conformance.Answered, end) {
					r.Expect("session/header", conformance.Doc, "the answer mirrors the request", bytes.Equal(reply, expected.Session(nil)), hex.EncodeToString(expected.Session(nil)), hex.EncodeToString(reply))
				}
			}
			if r.CanInspect() {
				d := r.Drive(ctx, reg.FN)
				r.Expect("store/nothing", conformance.Doc, "no drive appears", d.FN == "", "no drive", d.FN)
			}
		},
	},
	{
		ID: "O-033", Path: "receipt/empty-connections", Mark: conformance.Code, Source: "transport.md 7.2 TRN-063",
		Title: "A hundred empty connections disturb nothing.",
		Run: func(ctx context.Context, r *conformance.Run) {
			for range 100 {
				r.Dial(ctx).Close()
			}
			reg := r.Standard()
			r.CleanCode(reg, r.Dial(ctx).Accepted(reg, reg.Registration().Bytes(), conformance.Code), conformance.Code)
		},
	},
	{
		ID: "O-034", Path: "receipt/version-changed", Mark: conformance.Doc, Source: "transport.md 8.1 TRN-070", Variants: conformance.From11,
		Title: "Each confirmation follows the version of its own document: 1068 for FFD 1.05, none after the change to a later one.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg := r.Register(2)
			c := r.Dial(ctx)
			for _, d := range []*model.Document{reg.Registration(), reg.OpenShift(), reg.CloseShift(), reg.StateReport()} {
				r.CleanCode(reg, c.Accepted(reg, d.Bytes(), conformance.Doc), conformance.Doc) // demands 1068 with 1022 = 0
			}
			reg.FFD = r.FFD()
			reg.PVersion = r.Standard().PVersion
			for _, d := range []*model.Document{reg.Change(1 << 21), reg.OpenShift(), reg.Receipt(100), reg.CloseShift()} {
				r.CleanCode(reg, c.Accepted(reg, d.Bytes(), conformance.Doc), conformance.Doc) // demands no 1068
			}
		},
	},
}

func sameAsVector(r *conformance.Run, id string, reply []byte, end conformance.Ending) {
	if r.Expect("connection/answered", conformance.TB, "the server answers on the same connection", end == conformance.Answered, conformance.Answered, end) {
		r.Expect("answer/bytes", conformance.TB, "the answer equals the vector "+id, bytes.Equal(reply, vector(id)), hex.EncodeToString(vector(id)), hex.EncodeToString(reply))
	}
}
