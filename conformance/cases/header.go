package cases

import (
	"context"
	"fmt"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/model"
)

// resetBy is a case of altered messages that must be met with a closed connection
// and no byte, after which the server still serves.
func resetBy(id, path string, mark conformance.Mark, source, title string, messages ...string) conformance.Case {
	return conformance.Case{ID: id, Path: path, Mark: mark, Source: source, Title: title, Tags: shortRun(id),
		Run: func(ctx context.Context, r *conformance.Run) {
			for _, m := range messages {
				r.Dial(ctx).Refused(vector(m), mark, fmt.Sprintf("%s (%s)", title, m))
			}
			stillServes(ctx, r, mark)
		}}
}

func shortRun(id string) []string {
	if id == "O-070" || id == "O-075" {
		return smoke
	}
	return nil
}

func stillServes(ctx context.Context, r *conformance.Run, mark conformance.Mark) {
	reg := r.Standard()
	r.CleanCode(reg, r.Dial(ctx).Accepted(reg, reg.Registration().Bytes(), mark), mark)
}

var header = []conformance.Case{
	resetBy("O-070", "header/signature", conformance.TB, "transport.md E-01", "An unknown signature is refused.", "neg-01"),
	resetBy("O-071", "header/s-version", conformance.TB, "transport.md E-02", "An unknown S-version is refused.", "neg-02"),
	resetBy("O-072", "header/p-version", conformance.TB, "transport.md E-03", "An unknown P-version is refused.", "neg-03"),
	resetBy("O-073", "header/flags", conformance.Doc, "transport.md E-04", "Forbidden flags are refused.", "neg-06", "neg-07", "neg-08"),
	{
		ID: "O-074", Path: "header/session-crc", Mark: conformance.Doc, Source: "transport.md E-05", Variants: conformance.EachFFD,
		Title: "A wrong check code of mode 1 or 2 is refused.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, _ := trading(ctx, r, conformance.Doc)
			for _, flags := range []uint16{0x0015, 0x0016} {
				d := reg.Receipt(100)
				d.Flags = flags
				m := d.Bytes()
				m[28] ^= 1
				r.Dial(ctx).Refused(m, conformance.Doc, "a message with a wrong check code gets no answer")
			}
			body := reg.Receipt(100)
			body.Flags = 0x0016
			m := body.Bytes()
			m[len(m)-4] ^= 1
			model.FixContainerCRC(m[30:])
			r.Dial(ctx).Refused(m, conformance.Doc, "mode 2 covers the body too")
		},
	},
	resetBy("O-075", "header/container-crc", conformance.Doc, "transport.md E-09", "A wrong check code of the container is refused.", "neg-09"),
	resetBy("O-076", "header/lengths", conformance.TB, "transport.md E-08", "Lengths that disagree are refused.", "neg-05"),
	resetBy("O-077", "header/container-kind", conformance.TB, "transport.md E-10", "Unknown container types and versions are refused.", "neg-10", "neg-12"),
	{
		ID: "O-078", Path: "header/container-type-5a", Mark: conformance.TB, Source: "transport.md 4", Variants: conformance.EachWay,
		Title: "A container of type 5A is accepted.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg := r.Standard()
			d := reg.Registration()
			d.Type = 0x5A
			r.CleanCode(reg, r.Dial(ctx).Accepted(reg, d.Bytes(), conformance.TB), conformance.TB)
		},
	},
	{
		ID: "O-079", Path: "header/container-bit", Mark: conformance.TB, Source: "transport.md 9 TRN-091",
		Title: "A container bit that does not fit the length is refused.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg := r.Standard()
			empty := &model.Document{Register: reg, Flags: 0x0014, PVersion: reg.PVersion}
			r.Dial(ctx).Refused(empty.Session(nil), conformance.TB, "the container bit with length 0 is refused")
			full := &model.Document{Register: reg, Flags: 0x0010, PVersion: reg.PVersion}
			r.Dial(ctx).Refused(full.Session(make([]byte, 20)), conformance.TB, "length 20 without the container bit is refused")
		},
	},
	{
		ID: "O-080", Path: "header/garbage", Mark: conformance.TB, Source: "transport.md 7.2",
		Title: "A megabyte of random bytes is refused and disturbs nothing.",
		Run: func(ctx context.Context, r *conformance.Run) {
			b := make([]byte, 1<<20)
			r.Random(b)
			c := r.Dial(ctx).Quiet()
			c.Send(b)
			reply, end := c.Receive()
			r.Expect("connection/ended", conformance.TB, "garbage is met with a close", len(reply) == 0 && end != conformance.Hung, "closed or reset", end)
			stillServes(ctx, r, conformance.TB)
		},
	},
}
