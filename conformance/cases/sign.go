package cases

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/model"
)

// foreignKey is a master key that no target has.
func foreignKey(r *conformance.Run) (key [32]byte) {
	r.Random(key[:])
	return key
}

var signs = []conformance.Case{
	{
		ID: "O-095", Path: "sign/message", Mark: conformance.Doc, Source: "transport.md E-13", Variants: conformance.EachWay, Tags: smoke,
		Title: "A changed message sign is refused, kept apart and told to people, and the true message is taken after it.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, _ := trading(ctx, r, conformance.Doc)
			m := reg.Receipt(100).Bytes()
			broken := append([]byte{}, m...)
			broken[len(broken)-3] ^= 0x01 // last byte of the sign
			model.FixContainerCRC(broken[30:])
			r.Dial(ctx).Refused(broken, conformance.Doc, "a message whose sign does not fit gets no answer")
			keptApart(ctx, r, reg.FN, "E-13", 1)
			r.CleanCode(reg, r.Dial(ctx).Accepted(reg, m, conformance.Doc), conformance.Doc)
		},
	},
	{
		ID: "O-096", Path: "sign/document", Mark: conformance.TB, Source: "transport.md E-19", Variants: conformance.EachWay,
		Title: "A wrong document sign under a right message sign gets code 14, and people are told.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, c := trading(ctx, r, conformance.TB)
			d := reg.Receipt(100)
			stlv := model.TLV(3, append(bytes.Join(d.Fields, nil), model.TLV(1077, []byte{0x21, 0x04, 1, 2, 3, 4})...))
			r.FLKCode(reg, c.Accepted(reg, d.Message(stlv), conformance.TB), conformance.TB)
			if r.CanInspect() {
				r.ExpectFault(ctx, reg.FN, d.FD, "E-19", conformance.TB)
				r.ExpectIncident(ctx, reg.FN, "E-19", "неверный ФПД", 1, conformance.TB)
			}
		},
	},
	{
		ID: "O-097", Path: "sign/total-changed", Mark: conformance.Doc, Source: "transport.md E-13", Variants: conformance.EachFFD,
		Title: "One changed bit of the total is caught by the sign although the check code fits.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, _ := trading(ctx, r, conformance.Doc)
			m := reg.Receipt(12345).Bytes()
			at := bytes.Index(m, model.VLN(1020, 12345))
			m[at+4] ^= 0x01
			model.FixContainerCRC(m[30:])
			r.Dial(ctx).Refused(m, conformance.Doc, "a changed total gets no answer")
		},
	},
	{
		ID: "O-098", Path: "sign/broken-document", Mark: conformance.Doc, Source: "transport.md E-16", Variants: conformance.EachWay,
		Title: "A document that cannot be parsed under right signs gets the mark of content not recognised.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, c := trading(ctx, r, conformance.Doc)
			d := reg.Receipt(100)
			body := bytes.Join(d.Fields, nil)
			body = append(body, 0xFC, 0x03, 0xFF, 0x00, 1, 2) // 1020 that runs past the end
			r.Unrecognised(reg, c.Accepted(reg, d.Message(model.TLV(3, body)), conformance.Doc), conformance.Doc)
			if r.CanInspect() {
				r.ExpectFault(ctx, reg.FN, d.FD, "E-16", conformance.Doc)
			}
		},
	},
	{
		ID: "O-099", Path: "sign/no-way-back", Mark: conformance.TB, Source: "fiscal-sign.md 7", Variants: conformance.EachWay,
		Title: "A drive once known by its right signs is refused under a foreign key; it never becomes one that cannot be checked.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, c := trading(ctx, r, conformance.TB)
			stranger := *reg
			stranger.Keys = model.DeriveKeys(foreignKey(r), reg.FN, reg.OFD)
			r.Dial(ctx).Refused(stranger.Receipt(100).Bytes(), conformance.TB, "a message under a foreign key gets no answer")
			r.CleanCode(reg, c.Accepted(reg, reg.Receipt(100).Bytes(), conformance.TB), conformance.TB)
			if r.CanInspect() {
				policy := r.Drive(ctx, reg.FN).Policy
				r.Expect("drive/policy", conformance.TB, "the drive's signs are still checked", policy == "tb-gost-1", "tb-gost-1", policy)
			}
		},
	},
	{
		ID: "O-100", Path: "sign/silent-verifier", Mark: conformance.TB, Source: "fiscal-sign.md 7", Needs: conformance.NeedsSettings,
		Title: "A drive whose verifier is silent gets its answer, or none, after the verifier's limit; other registers do not wait.",
		Run: func(ctx context.Context, r *conformance.Run) {
			const limit = 400 * time.Millisecond // stands for the 5 s of the paper
			slow, quick := r.Standard(), r.Standard()
			r.Configure(ctx, map[string]string{"policy": slow.FN + "=external *=tb-gost-1", "plugin": "silent", "plugin.limit": limit.String()})
			waiting := r.Dial(ctx)
			d := slow.Registration()
			start := time.Now()
			waiting.Send(d.Bytes())
			a := r.Dial(ctx).Accepted(quick, quick.Registration().Bytes(), conformance.TB)
			took := time.Since(start)
			r.CleanCode(quick, a, conformance.TB)
			r.Expect("time/others", conformance.TB, "another register is answered meanwhile", took < limit, "less than "+limit.String(), took)
			_, end := waiting.Receive()
			took = time.Since(start)
			r.Expect("time/limit", conformance.TB, "the silent verifier is waited for until its limit and not longer than a few times", took >= limit && took < 20*limit, limit, took)
			r.Expect("connection/ended", conformance.TB, "its own register is answered or let go", end != conformance.Hung, "answered or closed", end)
		},
	},
	{
		ID: "O-101", Path: "sign/foreign-encryption", Mark: conformance.TB, Source: "transport.md 11 TRN-101", Needs: conformance.NeedsSettings | conformance.NeedsInspect, Variants: conformance.EachFFD,
		Title: "An encrypted container of an unknown scheme is refused, or confirmed unseen when the setting says so.",
		Run: func(ctx context.Context, r *conformance.Run) {
			for _, setting := range []string{"reset", "blind"} {
				r.Configure(ctx, map[string]string{"on_foreign_encrypted": setting})
				reg := r.Standard()
				reg.Encrypt = true
				stranger := *reg
				stranger.Keys = model.DeriveKeys(foreignKey(r), reg.FN, reg.OFD)
				m := stranger.Registration().Bytes()
				if setting == "reset" {
					r.Dial(ctx).Refused(m, conformance.TB, "what cannot be read gets no answer")
					r.ExpectIncident(ctx, reg.FN, "E-14", "", 1, conformance.TB)
					continue
				}
				r.Dial(ctx).Accepted(reg, m, conformance.TB)
				seen := r.Document(ctx, reg.FN, 1)
				r.Expect("document/unseen", conformance.TB, "the document is flagged as one whose content nobody saw", seen.Fault == "E-14" && len(seen.Fields) == 0, "E-14 without fields", fmt.Sprintf("%s with %d fields", seen.Fault, len(seen.Fields)))
			}
		},
	},
	{
		ID: "O-102", Path: "sign/encryption-bit", Mark: conformance.TB, Source: "fiscal-sign.md 5.5", Variants: conformance.EachFFD,
		Title: "An encrypted message whose encryption bit was cleared is refused.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg := r.Standard()
			reg.Encrypt = true
			c := r.Dial(ctx)
			open(r, c, reg, conformance.TB)
			m := reg.Receipt(100).Bytes()
			m[37] &^= 1
			model.FixContainerCRC(m[30:])
			r.Dial(ctx).Refused(m, conformance.TB, "a message that says it is plain and is not gets no answer")
		},
	},
}
