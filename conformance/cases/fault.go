package cases

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/model"
)

// refused is a case of altered messages that must be met with a closed connection
// and no byte, after which the server still serves.
func refused(id, path string, mark conformance.Mark, source, title string, messages ...string) conformance.Case {
	return conformance.Case{ID: id, Path: path, Mark: mark, Source: source, Title: title,
		Run: func(ctx context.Context, r *conformance.Run) {
			for _, m := range messages {
				r.Dial(ctx).Refused(vector(m), mark, fmt.Sprintf("%s (%s)", title, m))
			}
			stillServes(ctx, r, mark)
		}}
}

func stillServes(ctx context.Context, r *conformance.Run, mark conformance.Mark) {
	reg := r.Register(2)
	r.Dial(ctx).Accepted(reg, reg.Registration().Bytes(), mark)
}

var header = []conformance.Case{
	refused("O-070", "header/signature", conformance.TB, "transport.md E-01", "An unknown signature is refused.", "neg-01"),
	refused("O-071", "header/s-version", conformance.TB, "transport.md E-02", "An unknown S-version is refused.", "neg-02"),
	refused("O-072", "header/p-version", conformance.TB, "transport.md E-03", "An unknown P-version is refused.", "neg-03"),
	refused("O-073", "header/flags", conformance.Doc, "transport.md E-04", "Forbidden flags are refused.", "neg-06", "neg-07", "neg-08"),
	{
		ID: "O-074", Path: "header/session-crc", Mark: conformance.Doc, Source: "transport.md E-05",
		Title: "A wrong check code of mode 1 or 2 is refused.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, _ := trading(ctx, r, 2, conformance.Doc)
			for _, flags := range []uint16{0x0015, 0x0016} {
				d := reg.Receipt(100)
				d.Flags = flags
				m := d.Bytes()
				m[28] ^= 1
				r.Dial(ctx).Refused(m, conformance.Doc, "a message with a wrong check code gets no answer")
			}
		},
	},
	refused("O-075", "header/container-crc", conformance.Doc, "transport.md E-09", "A wrong check code of the container is refused.", "neg-09"),
	refused("O-076", "header/lengths", conformance.TB, "transport.md E-08", "Lengths that disagree are refused.", "neg-05"),
	refused("O-077", "header/container-kind", conformance.TB, "transport.md E-10", "Unknown container types and versions are refused.", "neg-10", "neg-12"),
	{
		ID: "O-078", Path: "header/container-type-5a", Mark: conformance.TB, Source: "transport.md 4",
		Title: "A container of type 5A is accepted.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg := r.Register(2)
			d := reg.Registration()
			d.Type = 0x5A
			r.Dial(ctx).Accepted(reg, d.Bytes(), conformance.TB)
		},
	},
	{
		ID: "O-079", Path: "header/container-bit", Mark: conformance.TB, Source: "transport.md 9 TRN-091",
		Title: "A container bit that does not fit the length is refused.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg := r.Register(2)
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
			c := r.Dial(ctx)
			c.Send(b)
			reply, end := c.Receive()
			r.Expect("connection/ended", conformance.TB, "garbage is met with a close", len(reply) == 0 && end != conformance.Hung, "closed or reset", end)
			stillServes(ctx, r, conformance.TB)
		},
	},
}

var number = []conformance.Case{
	{
		ID: "O-085", Path: "number/fn-in-container", Mark: conformance.TB, Source: "transport.md E-11",
		Title: "A container of another drive is refused.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, _ := trading(ctx, r, 2, conformance.TB)
			m := reg.Receipt(100).Bytes()
			m[46] ^= 0x01 // last byte of the BCD number
			model.FixContainerCRC(m[30:])
			r.Dial(ctx).Refused(m, conformance.TB, "another FN number in the container header is refused")
		},
	},
	{
		ID: "O-086", Path: "number/fn-in-document", Mark: conformance.TB, Source: "transport.md E-11",
		Title: "A document of another drive is refused although its signs fit.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, _ := trading(ctx, r, 2, conformance.TB)
			d := reg.Receipt(100).Replace(model.Fixed(1041, "9999078900000000", 16))
			r.Dial(ctx).Refused(d.Bytes(), conformance.TB, "another FN number in tag 1041 is refused")
		},
	},
	{
		ID: "O-088", Path: "number/sent-twice", Mark: conformance.Doc, Source: "transport.md E-20", Needs: conformance.NeedsStore,
		Title: "The same document sent again gets the same confirmation, byte for byte, and is stored once.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, c := trading(ctx, r, 2, conformance.Doc)
			m := reg.Receipt(100).Bytes()
			first := c.Accepted(reg, m, conformance.Doc)
			again := c.Accepted(reg, m, conformance.Doc)
			other := r.Dial(ctx).Accepted(reg, m, conformance.Doc)
			for _, a := range []conformance.Answer{again, other} {
				r.Expect("answer/same", conformance.Doc, "the stored confirmation comes again", bytes.Equal(a.Bytes, first.Bytes), hex.EncodeToString(first.Bytes), hex.EncodeToString(a.Bytes))
			}
			n := r.Stored(ctx, reg.FN)
			r.Expect("store/once", conformance.Doc, "the document is stored once", n == 3, 3, n)
		},
	},
	{
		ID: "O-089", Path: "number/two-documents", Mark: conformance.TB, Source: "transport.md E-21",
		Title: "Another document under a number that was confirmed is refused.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, c := trading(ctx, r, 2, conformance.TB)
			c.Accepted(reg, reg.Receipt(100).Bytes(), conformance.TB)
			reg.FD--
			reg.Number--
			r.Dial(ctx).Refused(reg.Receipt(200).Bytes(), conformance.TB, "a second document with one number gets no answer")
		},
	},
	{
		ID: "O-090", Path: "number/gap", Mark: conformance.TB, Source: "transport.md E-22, E-23",
		Title: "Documents after a gap and the late ones that fill it are confirmed.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, c := trading(ctx, r, 2, conformance.TB)
			late := [][]byte{reg.Receipt(100).Bytes(), reg.Receipt(200).Bytes()}
			c.Accepted(reg, reg.Receipt(300).Bytes(), conformance.TB)
			for _, m := range late {
				c.Accepted(reg, m, conformance.TB)
			}
		},
	},
	{
		ID: "O-092", Path: "number/fd-in-header", Mark: conformance.TB, Source: "transport.md E-17",
		Title: "A container header with another document number is refused, its sign right or wrong.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, _ := trading(ctx, r, 2, conformance.TB)
			d := reg.Receipt(100)
			d.HeaderFD = d.FD + 1
			r.Dial(ctx).Refused(d.Bytes(), conformance.TB, "another number in the header is refused, its sign right")
			d.HeaderFD = 0
			m := d.Bytes()
			m[49]++
			model.FixContainerCRC(m[30:])
			r.Dial(ctx).Refused(m, conformance.TB, "another number in the header is refused, its sign wrong")
		},
	},
}

var signs = []conformance.Case{
	{
		ID: "O-095", Path: "sign/message", Mark: conformance.Doc, Source: "transport.md E-13",
		Title: "A changed message sign is refused, and the true message is taken after it.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, _ := trading(ctx, r, 2, conformance.Doc)
			m := reg.Receipt(100).Bytes()
			broken := append([]byte{}, m...)
			broken[len(broken)-3] ^= 0x01 // last byte of the sign
			model.FixContainerCRC(broken[30:])
			r.Dial(ctx).Refused(broken, conformance.Doc, "a message whose sign does not fit gets no answer")
			r.Dial(ctx).Accepted(reg, m, conformance.Doc)
		},
	},
	{
		ID: "O-096", Path: "sign/document", Mark: conformance.TB, Source: "transport.md E-19",
		Title: "A wrong document sign under a right message sign gets code 14.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, c := trading(ctx, r, 2, conformance.TB)
			d := reg.Receipt(100)
			stlv := model.TLV(3, append(bytes.Join(d.Fields, nil), model.TLV(1077, []byte{0x21, 0x04, 1, 2, 3, 4})...))
			r.FLKCode(reg, c.Accepted(reg, d.Message(stlv), conformance.TB), conformance.TB)
		},
	},
	{
		ID: "O-097", Path: "sign/total-changed", Mark: conformance.Doc, Source: "transport.md E-13",
		Title: "One changed bit of the total is caught by the sign although the check code fits.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, _ := trading(ctx, r, 2, conformance.Doc)
			m := reg.Receipt(12345).Bytes()
			at := bytes.Index(m, model.VLN(1020, 12345))
			m[at+4] ^= 0x01
			model.FixContainerCRC(m[30:])
			r.Dial(ctx).Refused(m, conformance.Doc, "a changed total gets no answer")
		},
	},
	{
		ID: "O-098", Path: "sign/broken-document", Mark: conformance.Doc, Source: "transport.md E-16",
		Title: "A document that cannot be parsed under right signs gets code 11.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, c := trading(ctx, r, 2, conformance.Doc)
			d := reg.Receipt(100)
			body := bytes.Join(d.Fields, nil)
			body = append(body, 0xFC, 0x03, 0xFF, 0x00, 1, 2) // 1020 that runs past the end
			a := c.Accepted(reg, d.Message(model.TLV(3, body)), conformance.Doc)
			r.Expect("document/1022", conformance.Doc, "the operator's code says that the content is not recognised", a.Code == 11, 11, a.Code)
		},
	},
	{
		ID: "O-102", Path: "sign/encryption-bit", Mark: conformance.TB, Source: "fiscal-sign.md 5.5",
		Title: "An encrypted message whose encryption bit was cleared is refused.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg := r.Register(2)
			reg.Encrypt = true
			d := reg.Registration()
			m := d.Bytes()
			body := append([]byte{}, m[30:]...)
			body[7] &^= 1
			model.FixContainerCRC(body)
			reply, end := r.Dial(ctx).Ask(d.Session(body))
			if end == conformance.Answered {
				ack, _ := model.ReadAck(reg, m, reply)
				r.Expect("document/1022", conformance.TB, "an answer, if any, says that the content is not recognised", ack.Code == 11, "close or 11", ack.Code)
				return
			}
			r.Expect("connection/ended", conformance.TB, "the message is refused", end == conformance.Closed || end == conformance.Reset, "closed or reset", end)
		},
	},
}

var limits = []conformance.Case{
	{
		ID: "O-105", Path: "limit/oversize", Mark: conformance.TB, Source: "transport.md 6 TRN-050",
		Title: "A body length of 65 535 is refused before the body comes.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg := r.Register(2)
			d := &model.Document{Register: reg, Flags: 0x0014, PVersion: reg.PVersion}
			m := d.Session(make([]byte, 65535))
			r.Dial(ctx).Refused(m[:30], conformance.TB, "the connection ends after the header")
		},
	},
	{
		ID: "O-107", Path: "limit/truncated", Mark: conformance.TB, Source: "transport.md 6 TRN-051",
		Title: "A container of 20 bytes is refused.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg := r.Register(2)
			d := &model.Document{Register: reg, Flags: 0x0014, PVersion: reg.PVersion}
			r.Dial(ctx).Refused(d.Session(make([]byte, 20)), conformance.TB, "a container shorter than its header gets no answer")
		},
	},
	{
		ID: "O-109", Path: "limit/segments", Mark: conformance.TB, Source: "transport.md 7.2",
		Title: "A message split into segments of 1, 7, 29 and 31 bytes is confirmed.",
		Run: func(ctx context.Context, r *conformance.Run) {
			for _, size := range []int{1, 7, 29, 31} {
				reg := r.Register(2)
				c := r.Dial(ctx)
				m := reg.Registration().Bytes()
				for start := 0; start < len(m); start += size {
					c.Send(m[start:min(start+size, len(m))])
				}
				c.Next(reg, m, conformance.TB)
			}
		},
	},
	{
		ID: "O-110", Path: "limit/half-close", Mark: conformance.TB, Source: "transport.md 7.2 TRN-065",
		Title: "A client that shuts its writing half after a message still gets its answer.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg := r.Register(2)
			c := r.Dial(ctx)
			m := reg.Registration().Bytes()
			c.Send(m)
			c.CloseWrite()
			c.Next(reg, m, conformance.TB)
			_, end := c.Receive()
			r.Expect("connection/ended", conformance.TB, "the server closes after the answer", end == conformance.Closed || end == conformance.Reset, "closed", end)
		},
	},
	{
		ID: "O-111", Path: "limit/half-message", Mark: conformance.Doc, Source: "transport.md 7.2 TRN-065", Needs: conformance.NeedsStore,
		Title: "A client that shuts its writing half inside a message gets nothing, and nothing is stored.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg := r.Register(2)
			c := r.Dial(ctx)
			m := reg.Registration().Bytes()
			c.Send(m[:len(m)/2])
			c.CloseWrite()
			reply, end := c.Receive()
			r.Expect("connection/no-answer", conformance.Doc, "half a message gets no answer", len(reply) == 0 && end != conformance.Hung, "closed", end)
			n := r.Stored(ctx, reg.FN)
			r.Expect("store/nothing", conformance.Doc, "half a message is not stored", n == 0, 0, n)
		},
	},
}
