package cases

import (
	"context"
	"fmt"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/model"
)

var registration = []conformance.Case{
	{
		ID: "O-001", Path: "registration/accepted", Mark: conformance.Doc, Source: "fn.md 3.2, transport.md 8",
		Title: "A registration report with number 1 is confirmed for FFD 1.05, 1.1 and 1.2.",
		Run: func(ctx context.Context, r *conformance.Run) {
			for _, ffd := range []byte{2, 3, 4} {
				reg := r.Register(ffd)
				r.CleanCode(reg, r.Dial(ctx).Accepted(reg, reg.Registration().Bytes(), conformance.Doc), conformance.Doc)
			}
		},
	},
	{
		ID: "O-003", Path: "registration/unregistered-drive", Mark: conformance.TB, Source: "transport.md E-24",
		Title: "A drive whose first document is not a registration report gets the mark of failed control.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg := r.Register(2)
			reg.FD = 1
			r.FLKCode(reg, r.Dial(ctx).Accepted(reg, reg.OpenShift().Bytes(), conformance.TB), conformance.TB)
		},
	},
	{
		ID: "O-004", Path: "registration/wrong-check-digits", Mark: conformance.Cap, Source: "fn.md 2",
		Title: "A registration number whose check digits do not fit gets the mark of failed control.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg := r.Register(2)
			last := reg.RNM[15]
			reg.RNM = reg.RNM[:15] + string('0'+(last-'0'+1)%10)
			r.FLKCode(reg, r.Dial(ctx).Accepted(reg, reg.Registration().Bytes(), conformance.Cap), conformance.Cap)
		},
	},
	{
		ID: "O-005", Path: "registration/another-operator", Mark: conformance.TB, Source: "transport.md E-26",
		Title: "A registration with another operator is never silently accepted.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg := r.Register(3)
			d := reg.Registration().Replace(model.Fixed(1017, "7841465198", 12))
			reply, end := r.Dial(ctx).Ask(d.Bytes())
			if end != conformance.Answered {
				r.Expect("connection/ended", conformance.TB, "the answer is a close or a message of the operator", end == conformance.Closed || end == conformance.Reset, "closed or reset", end)
				return
			}
			ack, _ := model.ReadAck(reg, d.Bytes(), reply)
			r.Expect("document/1206", conformance.TB, "the operator's message is not empty", ack.Message > 0, "1206 with a bit", ack.Message)
		},
	},
	{
		ID: "O-006", Path: "registration/p-version-mirrored", Mark: conformance.Cap, Source: "transport.md 3.1",
		Title: "Every legal P-version is accepted whatever the document says, and repeated in the answer.",
		Run: func(ctx context.Context, r *conformance.Run) {
			for _, v := range [][2]byte{{0, 1}, {1, 0}, {1, 5}} {
				reg := r.Register(2)
				d := reg.Registration()
				d.PVersion = v
				a := r.Dial(ctx).Accepted(reg, d.Bytes(), conformance.Cap)
				r.Expect("session/p-version", conformance.Code, "the reply repeats the P-version", a.PVersion == v, fmt.Sprintf("%x", v), fmt.Sprintf("%x", a.PVersion))
			}
		},
	},
	{
		ID: "O-007", Path: "registration/ffd12", Mark: conformance.Code, Source: "transport.md 3.1, 8.1",
		Title: "FFD 1.2 with P-version 0120 is confirmed without 1068.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg := r.Register(4)
			a := r.Dial(ctx).Accepted(reg, reg.Registration().Bytes(), conformance.Code)
			r.Expect("document/1068", conformance.Code, "no 1068 for FFD 1.2", a.Code == -1, "absent", a.Code)
		},
	},
	{
		ID: "O-009", Path: "registration/captured-message", Mark: conformance.Cap, Source: "vectors cap-01",
		Title: "A captured message of a real drive is taken, although its signs cannot be checked.",
		Run: func(ctx context.Context, r *conformance.Run) {
			_, end := r.Dial(ctx).Ask(vector("cap-01"))
			r.Expect("connection/ended", conformance.Cap, "the server answers or closes by its policy and does not hang", end != conformance.Hung, "answered or closed", end)
		},
	},
}

var shift = []conformance.Case{
	{
		ID: "O-010", Path: "shift/opened-and-closed", Mark: conformance.Doc, Source: "transport.md 8",
		Title: "Opening and closing of a shift are confirmed.",
		Run: func(ctx context.Context, r *conformance.Run) {
			for _, ffd := range []byte{2, 3, 4} {
				reg := r.Register(ffd)
				c := r.Dial(ctx)
				c.Accepted(reg, reg.Registration().Bytes(), conformance.Doc)
				r.CleanCode(reg, c.Accepted(reg, reg.OpenShift().Bytes(), conformance.Doc), conformance.Doc)
				r.CleanCode(reg, c.Accepted(reg, reg.CloseShift().Bytes(), conformance.Doc), conformance.Doc)
			}
		},
	},
	{
		ID: "O-012", Path: "shift/opened-twice", Mark: conformance.TB, Source: "fn.md 3.1",
		Title: "A second opening report without a closing one is flagged or confirmed, never lost.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg := r.Register(2)
			c := r.Dial(ctx)
			c.Accepted(reg, reg.Registration().Bytes(), conformance.TB)
			c.Accepted(reg, reg.OpenShift().Bytes(), conformance.TB)
			c.Accepted(reg, reg.OpenShift().Bytes(), conformance.TB)
		},
	},
	{
		ID: "O-013", Path: "shift/warnings", Mark: conformance.Doc, Source: "fn.md 5.3",
		Title: "An opening report with 1050, 1051, 1052 and 1053 is confirmed.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg := r.Register(2)
			c := r.Dial(ctx)
			c.Accepted(reg, reg.Registration().Bytes(), conformance.Doc)
			d := reg.OpenShift().Add(model.U8(1050, 1), model.U8(1051, 1), model.U8(1052, 1), model.U8(1053, 1))
			c.Accepted(reg, d.Bytes(), conformance.Doc)
		},
	},
}
