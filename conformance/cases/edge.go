package cases

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"sync"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/model"
)

// recontained puts a changed container back behind its session header: lengths and
// check codes fit, the message sign stays.
func recontained(d *model.Document, container []byte, length int) []byte {
	binary.LittleEndian.PutUint16(container, uint16(length))
	model.FixContainerCRC(container)
	return d.Session(container)
}

// edges are cases at the edge of the requirements: messages that are right but for one
// thing, and what must be kept for later. Each was made for a mistake that no case of
// the scenarios noticed (docs/mutants.md).
var edges = []conformance.Case{
	{
		ID: "O-203", Path: "receipt/no-session-crc", Mark: conformance.TB, Source: "transport.md 3.2 TRN-020",
		Title: "An answer has no session check code, whatever the mode of the message.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, c := trading(ctx, r, conformance.TB)
			for _, flags := range []uint16{0x0014, 0x0015, 0x0016} {
				d := reg.Receipt(100)
				d.Flags = flags
				a := c.Accepted(reg, d.Bytes(), conformance.TB)
				if len(a.Bytes) >= 30 {
					r.Expect("session/flags", conformance.TB, "the flags of the answer are 0014 and there is no check code", bytes.Equal(a.Bytes[26:30], []byte{0x14, 0, 0, 0}), "14000000", hex.EncodeToString(a.Bytes[26:30]))
				}
			}
		},
	},
	{
		ID: "O-204", Path: "registration/another-operator-bit", Mark: conformance.TB, Source: "transport.md E-26, 8.3", Variants: conformance.From11,
		Title: "A registration with another operator is answered with bit 6 of 1206.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg := r.Standard()
			d := reg.Registration().Set(model.Fixed(1017, another(r), 12))
			a := r.Dial(ctx).Accepted(reg, d.Bytes(), conformance.TB)
			r.Expect("document/message", conformance.TB, "bit 6 is set and bit 7 is not", a.Message > 0 && a.Message&0xC0 == 0x40, "bit 6", a.Message)
		},
	},
	{
		ID: "O-205", Path: "receipt/kept-as-sent", Mark: conformance.Doc, Source: "operator.md OPR-014, OPR-022", Variants: conformance.EachWay, Needs: conformance.NeedsInspect,
		Title: "A document is kept with the bytes it came in, and as confirmed.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, c := trading(ctx, r, conformance.Doc)
			d := reg.Receipt(100)
			m := d.Bytes()
			c.Accepted(reg, m, conformance.Doc)
			seen := r.Document(ctx, reg.FN, d.FD)
			r.Expect("document/message-kept", conformance.Doc, "the message is kept byte for byte", bytes.Equal(seen.Message, m), hex.EncodeToString(m), hex.EncodeToString(seen.Message))
			r.Expect("document/confirmed", conformance.Doc, "the document is shown as confirmed", seen.Confirmed, true, seen.Confirmed)
		},
	},
	{
		ID: "O-206", Path: "outage/remembers", Mark: conformance.Doc, Source: "transport.md E-22, E-25, 14", Variants: conformance.EachFFD,
		Needs: conformance.NeedsRestart | conformance.NeedsClock | conformance.NeedsInspect,
		Title: "A restart forgets neither that a drive is registered or closed nor that people were told.",
		Run: func(ctx context.Context, r *conformance.Run) {
			r.SetClock(ctx, vectorTime)
			gone, c := trading(ctx, r, conformance.Doc)
			r.Given("a closed drive", func() {
				c.Accepted(gone, gone.CloseShift().Bytes(), conformance.Doc)
				c.Accepted(gone, gone.CloseArchive().Bytes(), conformance.Doc)
			})
			late, c := trading(ctx, r, conformance.Doc)
			late.Receipt(100) // never sent
			r.Given("a gap", func() { c.Accepted(late, late.Receipt(200).Bytes(), conformance.Doc) })
			const alarm = "не получен более 24 часов"
			r.SetClock(ctx, vectorTime.Add(25*time.Hour))
			r.ExpectIncident(ctx, late.FN, "E-22", alarm, 1, conformance.TB)
			r.Restart(ctx)
			r.SetClock(ctx, vectorTime.Add(26*time.Hour))
			r.ExpectIncident(ctx, late.FN, "E-22", alarm, 1, conformance.TB)
			d := gone.Receipt(100)
			r.FLKCode(gone, r.Dial(ctx).Accepted(gone, d.Bytes(), conformance.TB), conformance.TB)
			r.ExpectFault(ctx, gone.FN, d.FD, "E-25", conformance.TB)
			r.CleanCode(late, r.Dial(ctx).Accepted(late, late.Receipt(300).Bytes(), conformance.Doc), conformance.Doc)
			r.ExpectStatus(ctx, late.FN, "active", conformance.Doc)
		},
	},
	{
		ID: "O-207", Path: "marking/forged", Mark: conformance.TB, Source: "transport.md 12 TRN-110, fiscal-sign.md 5.6", Needs: conformance.NeedsMarking,
		Title: "A message about marking with a wrong sign or another drive's container gets no answer.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg := r.Register(4)
			request := func(n uint32) []byte { return reg.MarkingRequest(n, markingCode(r, "00"), 1).Plain() }
			unsigned := request(1)
			unsigned[len(unsigned)-3] ^= 0x01
			model.FixContainerCRC(unsigned[30:])
			r.DialMarking(ctx).Refused(unsigned, conformance.TB, "a message whose sign does not fit gets no answer")
			other := *reg // the right keys, another number in the container alone
			other.FN = reg.FN[:15] + string('0'+(reg.FN[15]-'0'+1)%10)
			d := other.MarkingRequest(2, markingCode(r, "00"), 1)
			for i, f := range d.Fields {
				if bytes.HasPrefix(f, []byte{0x11, 0x04}) { // 1041
					d.Fields[i] = model.Fixed(1041, reg.FN, 16)
				}
			}
			m := d.Plain()
			copy(m[8:24], reg.FN)
			r.DialMarking(ctx).Refused(m, conformance.TB, "a container of another drive gets no answer")
			a, _ := r.DialMarking(ctx).Marking(reg, request(3), conformance.TB)
			r.Expect("document/2105", conformance.TB, "the next request is processed", a.Processing == 0, 0, a.Processing)
		},
	},
	{
		ID: "O-208", Path: "header/right-but-for-one", Mark: conformance.TB, Source: "transport.md E-02, E-03, E-08, TRN-040, TRN-091", Variants: conformance.EachFFD,
		Title: "A message that is right but for one field of its frame is refused.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, _ := trading(ctx, r, conformance.TB)
			d := reg.Receipt(100)
			m := d.Bytes()
			refused := func(m []byte, why string) { r.Dial(ctx).Refused(m, conformance.TB, why+" is refused") }
			for _, v := range [][2]byte{{1, 1}, {1, 2}} {
				quirk := append([]byte{}, m...)
				copy(quirk[6:], v[:])
				refused(quirk, "a P-version of faulty firmware")
			}
			d.Flags = 0x0010
			refused(d.Session(m[30:]), "a container without its bit")
			d.Flags = 0x0014
			container := func() []byte { return append([]byte{}, m[30:]...) }
			for _, by := range []int{-32, 1, -1} {
				refused(recontained(d, container(), len(m)-30+by), fmt.Sprintf("a container length off by %d", by))
			}
			nine := container()
			nine = nine[:len(nine)-1]
			refused(recontained(d, nine, len(nine)), "a trailer of nine bytes")
			full := container()
			full[len(full)-1] = 1
			refused(recontained(d, full, len(full)), "a trailer that does not end in zeros")
			marking := r.Register(4).MarkingRequest(1, markingCode(r, "00"), 1).Plain()
			marking[5] = 0xA7
			refused(marking, "an unknown S-version of the marking exchange")
			r.CleanCode(reg, r.Dial(ctx).Accepted(reg, m, conformance.TB), conformance.TB)
		},
	},
	{
		ID: "O-209", Path: "limit/silence-before-idle", Mark: conformance.TB, Source: "transport.md 7.2 TRN-064", Needs: conformance.NeedsSettings, Settings: quickly,
		Title: "A peer that falls silent inside a message is let go before one that says nothing at all.",
		Run: func(ctx context.Context, r *conformance.Run) {
			inside, idle := r.Dial(ctx), r.Dial(ctx)
			inside.Send(vector("neg-04"))
			var silent, unused time.Duration
			var ends [2]conformance.Ending
			var wg sync.WaitGroup
			wg.Go(func() { ends[0], silent = inside.Ended(20 * short(idleLimit)) })
			wg.Go(func() { ends[1], unused = idle.Ended(20 * short(idleLimit)) })
			wg.Wait()
			r.Expect("connection/ended", conformance.TB, "both connections are ended", ended(ends[0]) && ended(ends[1]), "closed", fmt.Sprint(ends))
			r.Expect("time/limit", conformance.TB, "the limit of silence is shorter than the idle limit", silent < unused, "less than "+unused.String(), silent)
		},
	},
	{
		ID: "O-210", Path: "sign/every-byte", Mark: conformance.Doc, Source: "transport.md E-13, E-19, fiscal-sign.md 5.1, 5.2", Variants: conformance.EachFFD,
		Title: "Every byte of the message sign and of the document sign counts.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, c := trading(ctx, r, conformance.Doc)
			m := reg.Receipt(100).Bytes()
			for at := range 8 {
				broken := append([]byte{}, m...)
				broken[len(broken)-10+at] ^= 0x10
				model.FixContainerCRC(broken[30:])
				r.Dial(ctx).Refused(broken, conformance.Doc, fmt.Sprintf("a message whose sign is wrong in byte %d gets no answer", at))
			}
			r.CleanCode(reg, c.Accepted(reg, m, conformance.Doc), conformance.Doc)
			for at := range 6 {
				d := reg.Receipt(100)
				fpd := binary.BigEndian.AppendUint32([]byte{0x21, 0x04}, d.FPD())
				fpd[at] ^= 0x10
				stlv := model.TLV(3, append(bytes.Join(d.Fields, nil), model.TLV(1077, fpd)...))
				r.FLKCode(reg, c.Accepted(reg, d.Message(stlv), conformance.TB), conformance.TB)
			}
		},
	},
	{
		ID: "O-211", Path: "receipt/other-frames", Mark: conformance.Doc, Source: "transport.md 5 TRN-040, 10 E-20", Variants: conformance.EachFFD,
		Title: "A trailer of eight bytes is as good as one of ten, and a document is the same one under another session header.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg, c := trading(ctx, r, conformance.Doc)
			short := reg.Receipt(100)
			container := short.Bytes()[30:]
			container = container[:len(container)-2]
			r.CleanCode(reg, c.Accepted(reg, recontained(short, container, len(container)), conformance.Doc), conformance.Doc)
			d := reg.Receipt(200)
			m := d.Bytes()
			first := c.Accepted(reg, m, conformance.Doc)
			d.Flags = 0x0015
			again := r.Dial(ctx).Accepted(reg, d.Session(m[30:]), conformance.Doc)
			r.CleanCode(reg, again, conformance.Doc)
			if len(first.Bytes) > 30 && len(again.Bytes) > 30 {
				same(r, first.Bytes[30:], [][]byte{again.Bytes[30:]})
			}
		},
	},
	{
		ID: "O-212", Path: "receipt/nothing-to-say", Mark: conformance.TB, Source: "transport.md 8.1 TRN-072", Variants: conformance.From11,
		Title: "The confirmation of a clean document of FFD 1.1 and later has no 1206 at all.",
		Run: func(ctx context.Context, r *conformance.Run) {
			reg := r.Standard()
			a := r.Dial(ctx).Accepted(reg, reg.Registration().Bytes(), conformance.TB)
			r.Expect("document/1206", conformance.TB, "there is no 1206", a.Message == -1, "absent", a.Message)
		},
	},
}
