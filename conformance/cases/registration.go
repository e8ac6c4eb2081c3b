package cases

import (
	"context"
	"encoding/hex"
	"fmt"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/model"
)

var registration = []conformance.Case{
	{
		ID: "O-001", Path: "registration/accepted", Mark: conformance.Doc, Source: "fn.md 3.2, transport.md 8", Variants: conformance.EachWay, Tags: smoke,
		Title: "A registration report with number 1 is confirmed, and the register appears with its data.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg := r.Standard()
			r.CleanCode(reg, r.Dial(ctx).Accepted(reg, reg.Registration().Bytes(), conformance.Doc), conformance.Doc)
			if !r.CanInspect() {
				return
			}
			d := r.Drive(ctx, reg.FN)
			for _, field := range []struct{ name, want, seen string }{
				{"status", "active", d.Status}, {"rnm", reg.RNM, d.RegID}, {"inn", reg.INN, d.UserINN}, {"address", "Москва, ул. Тестовая, 1", d.Address},
				{"user", "ООО Ромашка", d.User}, {"factory", reg.Factory, d.KKTNumber}, {"ffd", fmt.Sprint(reg.FFD), fmt.Sprint(d.FFD)},
			} {
				r.Expect("drive/"+field.name, conformance.Doc, "the register is shown with its data", field.seen == field.want, field.want, field.seen)
			}
		},
	},
	{
		ID: "O-002", Path: "registration/drive-replaced", Mark: conformance.Doc, Source: "fn.md 4 FN-013", Variants: conformance.EachFFD,
		Title: "A new drive of the same register reports itself by form 11 with number 1; the old one is shown as replaced.",
		Run: func(ctx context.Context, r *conformance.Run) {
			old := r.Standard()
			c := r.Dial(ctx)
			r.Given("a closed drive", func() {
				c.Accepted(old, old.Registration().Bytes(), conformance.Doc)
			})
			reg := old.Replaced(r.Master(), r.Serial())
			a := r.Dial(ctx).Accepted(reg, reg.Change(1).Bytes(), conformance.Doc)
			r.CleanCode(reg, a, conformance.Doc)
			r.CleanCode(reg, r.Dial(ctx).Accepted(reg, reg.OpenShift().Bytes(), conformance.Doc), conformance.Doc)
			if r.CanInspect() {
				r.ExpectStatus(ctx, old.FN, "replaced", conformance.Doc)
				r.ExpectStatus(ctx, reg.FN, "active", conformance.Doc)
			}
		},
	},
	{
		ID: "O-003", Path: "registration/unregistered-drive", Mark: conformance.TB, Source: "transport.md E-24", Variants: conformance.EachFFD,
		Title: "A drive whose first document is not a registration report gets the mark of failed control.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg := r.Standard()
			reg.FD = 1
			r.FLKCode(reg, r.Dial(ctx).Accepted(reg, reg.OpenShift().Bytes(), conformance.TB), conformance.TB)
			if r.CanInspect() {
				r.ExpectFault(ctx, reg.FN, 2, "E-24", conformance.TB)
				r.ExpectStatus(ctx, reg.FN, "unregistered", conformance.TB)
			}
		},
	},
	{
		ID: "O-004", Path: "registration/wrong-check-digits", Mark: conformance.Cap, Source: "fn.md 2", Variants: conformance.EachFFD,
		Title: "A registration number whose check digits do not fit gets the mark of failed control.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg := r.Standard()
			last := reg.RNM[15]
			reg.RNM = reg.RNM[:15] + string('0'+(last-'0'+1)%10)
			r.FLKCode(reg, r.Dial(ctx).Accepted(reg, reg.Registration().Bytes(), conformance.Cap), conformance.Cap)
			if r.CanInspect() {
				r.ExpectFault(ctx, reg.FN, 1, "E-18", conformance.Cap)
			}
		},
	},
	{
		ID: "O-005", Path: "registration/another-operator", Mark: conformance.TB, Source: "transport.md E-26", Variants: conformance.EachFFD,
		Title: "A registration with another operator is never silently accepted.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg := r.Standard()
			d := reg.Registration().Set(model.Fixed(1017, another(r), 12))
			reply, end := r.Dial(ctx).Ask(d.Bytes())
			if end != conformance.Answered {
				r.Expect("connection/ended", conformance.TB, "the answer is a close or a message of the operator", ended(end), "closed or reset", end)
				return
			}
			ack, _ := model.ReadAck(reg, d.Bytes(), reply)
			r.Expect("document/message", conformance.TB, "the operator says that something is wrong", ack.Message > 0 || ack.Code > 0, "1206 or 1022 that is not 0", fmt.Sprintf("1206 = %d, 1022 = %d", ack.Message, ack.Code))
			if r.CanInspect() {
				r.ExpectFault(ctx, reg.FN, 1, "E-26", conformance.TB)
				r.ExpectIncident(ctx, reg.FN, "E-26", "", 1, conformance.TB)
			}
		},
	},
	{
		ID: "O-006", Path: "registration/p-version-mirrored", Mark: conformance.Cap, Source: "transport.md 3.1 TRN-010, TRN-011",
		Title: "Every legal P-version is accepted whatever the document says, and repeated in the answer.",
		Run: func(ctx context.Context, r *conformance.Run) {
			for _, v := range [][2]byte{{0, 1}, {0, 2}, {1, 0}, {1, 5}, {1, 0x10}, {1, 0x20}} {
				reg := r.Standard()
				d := reg.Registration()
				d.PVersion = v
				a := r.Dial(ctx).Accepted(reg, d.Bytes(), conformance.Cap)
				r.Expect("session/p-version", conformance.Code, "the reply repeats the P-version", a.PVersion == v, fmt.Sprintf("%x", v), fmt.Sprintf("%x", a.PVersion))
			}
		},
	},
	{
		ID: "O-007", Path: "registration/ffd12", Mark: conformance.Code, Source: "transport.md 3.1, 8.1", Variants: conformance.FFD12,
		Title: "FFD 1.2 with P-version 0120 is confirmed without 1068.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg := r.Standard()
			a := r.Dial(ctx).Accepted(reg, reg.Registration().Bytes(), conformance.Code)
			r.Expect("document/1068", conformance.Code, "no 1068 for FFD 1.2", a.Code == -1, "absent", a.Code)
		},
	},
	{
		ID: "O-008", Path: "registration/fifteen-digits", Mark: conformance.Cap, Source: "transport.md 3, 4 (cap-02)", Variants: conformance.EachFFD,
		Title: "A drive number of 15 digits is padded as the captures show, and comes back byte for byte.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg := r.Standard()
			reg.Rename(r.Master(), reg.FN[:15])
			a := r.Dial(ctx).Accepted(reg, reg.Registration().Bytes(), conformance.Cap)
			r.CleanCode(reg, a, conformance.Cap)
			want := model.Fixed(1041, reg.FN, 16)
			r.Expect("document/1041-padded", conformance.Cap, "1041 of the answer is the one sent, padding included", holds(a.Bytes, want), hex.EncodeToString(want), hex.EncodeToString(a.Bytes))
		},
	},
	{
		ID: "O-009", Path: "registration/captured-message", Mark: conformance.Cap, Source: "vectors cap-01, fiscal-sign.md 7",
		Title: "A captured message of a real drive is taken and decoded, although its signs cannot be checked.",
		Run: func(ctx context.Context, r *conformance.Run) {
			_, end := r.Dial(ctx).Ask(vector("cap-01"))
			r.Expect("connection/ended", conformance.Cap, "the server answers or closes by its policy and does not hang", end != conformance.Hung, "answered or closed", end)
			if !r.CanInspect() || end != conformance.Answered {
				return
			}
			d := r.Document(ctx, "9999078900005488", 1)
			for _, f := range []struct{ name, want, seen string }{
				{"fps", "unverifiable", d.FPS}, {"form", "11", fmt.Sprint(d.Form)}, {"1012", "2017-03-03T11:38:00", d.DateTime}, {"fpd", "2853205313", fmt.Sprint(d.FPD)},
				{"1037", "0000000005008570", text(d, "kktRegId")}, {"1018", "7702203276", text(d, "userInn")}, {"1013", "000000000002", text(d, "kktNumber")},
				{"1209", "2", text(d, "fiscalDocumentFormatVer")},
			} {
				r.Expect("document/decoded-"+f.name, conformance.Cap, "the document is shown as the capture says", f.seen == f.want, f.want, f.seen)
			}
		},
	},
}
