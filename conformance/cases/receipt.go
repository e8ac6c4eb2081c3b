package cases

import (
	"bytes"
	"context"
	"encoding/hex"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/model"
)

// trading registers a drive and opens its shift over one connection.
func trading(ctx context.Context, r *conformance.Run, ffd byte, mark conformance.Mark) (*model.Register, *conformance.Conn) {
	reg := r.Register(ffd)
	c := r.Dial(ctx)
	c.Accepted(reg, reg.Registration().Bytes(), mark)
	c.Accepted(reg, reg.OpenShift().Bytes(), mark)
	return reg, c
}

// registerVectorDrive gives the server the drive that sent the receipt of the
// vectors: registered the day before, its documents 2 to 76 still on their way.
func registerVectorDrive(ctx context.Context, r *conformance.Run, encrypt bool) {
	reg := r.Register(2)
	reg.FN, reg.RNM, reg.INN, reg.Factory = "9999078900005488", "0000000005008570", "7702203276", "000000000002"
	reg.Keys = model.DeriveKeys(r.Master(), reg.FN, reg.OFD)
	reg.At, reg.Encrypt = vectorTime.AddDate(0, 0, -1).Truncate(time.Minute), encrypt
	r.Dial(ctx).Accepted(reg, reg.Registration().Bytes(), conformance.TB)
}

// vectorTime is the clock of the confirmations in the vectors.
var vectorTime = time.Date(2026, 8, 1, 9, 2, 1, 0, time.UTC)

var receipt = []conformance.Case{
	{
		ID: "O-020", Path: "receipt/confirmed-byte-for-byte", Mark: conformance.TB, Source: "transport.md 8, fiscal-sign.md 8", Needs: conformance.NeedsClock | conformance.NeedsFresh,
		Title: "The receipt of the vectors gets exactly the confirmation of the vectors.",
		Run: func(ctx context.Context, r *conformance.Run) {
			r.SetClock(ctx, vectorTime)
			registerVectorDrive(ctx, r, false)
			reply, end := r.Dial(ctx).Ask(vector("tb-receipt"))
			sameAsVector(r, "tb-confirmation", reply, end)
		},
	},
	{
		ID: "O-021", Path: "receipt/one-connection", Mark: conformance.Doc, Source: "transport.md 7.2 TRN-061",
		Title: "A day of documents on one connection is confirmed in order.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, c := trading(ctx, r, 2, conformance.Doc)
			for i := range 10 {
				r.CleanCode(reg, c.Accepted(reg, reg.Receipt(uint64(100*i+100)).Bytes(), conformance.Doc), conformance.Doc)
			}
			r.CleanCode(reg, c.Accepted(reg, reg.CloseShift().Bytes(), conformance.Doc), conformance.Doc)
		},
	},
	{
		ID: "O-022", Path: "receipt/connection-per-document", Mark: conformance.Code, Source: "transport.md 7.2 TRN-062",
		Title: "A day of documents, each on a connection of its own, is confirmed.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg := r.Register(3)
			day := [][]byte{reg.Registration().Bytes(), reg.OpenShift().Bytes(), reg.Receipt(500).Bytes(), reg.Receipt(700).Bytes(), reg.CloseShift().Bytes()}
			for _, m := range day {
				c := r.Dial(ctx)
				c.Accepted(reg, m, conformance.Code)
				c.Close()
			}
		},
	},
	{
		ID: "O-023", Path: "receipt/back-to-back", Mark: conformance.TB, Source: "transport.md 7.2 TRN-061",
		Title: "Two messages written before the first answer is read get two answers in order.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, c := trading(ctx, r, 2, conformance.TB)
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
			reg, c := trading(ctx, r, 2, conformance.Doc)
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
			reg, c := trading(ctx, r, 2, conformance.Doc)
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
			reg, c := trading(ctx, r, 2, conformance.TB)
			d := reg.Receipt(100)
			d.Flags = 0x00D4
			c.Accepted(reg, d.Bytes(), conformance.TB)
		},
	},
	{
		ID: "O-028", Path: "receipt/confirmation-time", Mark: conformance.Doc, Source: "transport.md 8.1 TRN-073", Needs: conformance.NeedsClock,
		Title: "The confirmation carries the operator's time in UTC, not the register's wall clock.",
		Run: func(ctx context.Context, r *conformance.Run) {
			at := vectorTime.Add(90 * time.Minute)
			r.SetClock(ctx, at)
			reg := r.Register(2)
			reg.At = at.Add(12 * time.Hour) // wall clock of UTC+12
			a := r.Dial(ctx).Accepted(reg, reg.Registration().Bytes(), conformance.Doc)
			r.Expect("document/1012", conformance.Doc, "1012 is UTC of arrival", int64(a.Time) == at.Unix(), at.Unix(), a.Time)
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
		ID: "O-032", Path: "receipt/service-mode", Mark: conformance.Doc, Source: "transport.md 9",
		Title: "A header without a body is answered by a header, with the check code of its mode.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg := r.Register(2)
			for flags, want := range map[uint16]uint16{0x0010: 0x0000, 0x0011: 0x0001} {
				d := &model.Document{Register: reg, Flags: flags, PVersion: reg.PVersion}
				reply, end := r.Dial(ctx).Ask(d.Session(nil))
				expected := &model.Document{Register: reg, Flags: want, PVersion: reg.PVersion}
				if r.Expect("connection/answered", conformance.Doc, "service mode is answered", end == conformance.Answered, conformance.Answered, end) {
					r.Expect("session/header", conformance.Doc, "the answer mirrors the request", bytes.Equal(reply, expected.Session(nil)), hex.EncodeToString(expected.Session(nil)), hex.EncodeToString(reply))
				}
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
			reg := r.Register(2)
			r.Dial(ctx).Accepted(reg, reg.Registration().Bytes(), conformance.Code)
		},
	},
}

func sameAsVector(r *conformance.Run, id string, reply []byte, end conformance.Ending) {
	if r.Expect("connection/answered", conformance.TB, "the server answers on the same connection", end == conformance.Answered, conformance.Answered, end) {
		r.Expect("answer/bytes", conformance.TB, "the answer equals the vector "+id, bytes.Equal(reply, vector(id)), hex.EncodeToString(vector(id)), hex.EncodeToString(reply))
	}
}

var correction = []conformance.Case{
	{
		ID: "O-036", Path: "correction/without-basis", Mark: conformance.Doc, Source: "transport.md E-18",
		Title: "A correction without 1174 gets the mark of failed control.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, c := trading(ctx, r, 2, conformance.Doc)
			d := reg.Receipt(100)
			d.Form = 31
			r.FLKCode(reg, c.Accepted(reg, d.Add(model.U8(1173, 0)).Bytes(), conformance.Doc), conformance.Doc)
		},
	},
	{
		ID: "O-037", Path: "correction/data-type-mismatch", Mark: conformance.TB, Source: "transport.md E-15",
		Title: "A container that says 31 over a document that says 3 gets code 11.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, c := trading(ctx, r, 2, conformance.TB)
			d := reg.Receipt(100)
			d.HeaderForm = 31
			a := c.Accepted(reg, d.Bytes(), conformance.TB)
			r.Expect("document/1022", conformance.TB, "the operator's code says that the content is not recognised", a.Code == 11, 11, a.Code)
		},
	},
}
