package cases

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/model"
)

var kktReceipt = []conformance.Case{
	in(eachEncrypted, kkt("K-020", "kkt-receipt/exchange-order", conformance.Doc, "transport.md 7.1", "A receipt is read from the drive by 22h, 23h and 25h and confirmed by 26h; the queue is empty after it.", trace,
		func(ctx context.Context, r *conformance.Run) {
			d := begun(ctx, r, conformance.DeskOptions{})
			d.Do(ctx, conformance.Doc, sell)
			d.Commands()
			d.Sent(ctx, conformance.Doc)
			seen := codes(d.Commands(), 0x22, 0x23, 0x24, 0x25, 0x26)
			ok := len(seen) >= 4 && seen[0] == 0x22 && seen[len(seen)-2] == 0x25 && seen[len(seen)-1] == 0x26 && len(bytes.Trim(seen[1:len(seen)-2], "\x23")) == 0
			d.Expect("drive/order", conformance.Doc, "the commands come in their order", ok, "22 23… 25 26", fmt.Sprintf("% X", seen))
			v := d.View(ctx)
			d.Expect("drive/queue", conformance.Doc, "the queue is empty", v.Queue == 0, 0, v.Queue)
			d.Expect("drive/waiting", conformance.Doc, "bit 1 of 20h has fallen", v.Link&2 == 0, "bit 1 clear", v.Link)
		})),
	in(eachEncrypted, kkt("K-021", "kkt-receipt/on-the-wire", conformance.Cap, "transport.md 3, 4", "The session header is well-formed, and the container is the drive's, untouched.", trace,
		func(ctx context.Context, r *conformance.Run) {
			if r.Alone() {
				d := r.Desk(ctx, conformance.DeskOptions{})
				d.Message(ctx, 0)
				d.Framed(conformance.Cap)
				return
			}
			d := begun(ctx, r, conformance.DeskOptions{})
			for _, o := range []conformance.Order{sell, {Do: conformance.OrderSell, Items: 20}} {
				d.Do(ctx, conformance.Cap, o)
				d.Commands()
				d.Sent(ctx, conformance.Cap)
				var given []byte
				for _, c := range d.Commands() {
					if c.Cmd == 0x23 {
						given = append(given, c.Answer...)
					}
				}
				raw := last(d).Raw
				d.Expect("wire/container", conformance.Cap, "what is sent after the header is what 23h gave", len(raw) > 30 && bytes.Equal(raw[30:], given), hex.EncodeToString(given), hex.EncodeToString(raw))
			}
			d.Fine(conformance.Cap)
		})),
	in(conformance.EachFFD, kkt("K-022", "kkt-receipt/p-version", conformance.Code, "transport.md 3.1 TRN-012", "The P-version follows the registered format version.", till,
		func(ctx context.Context, r *conformance.Run) {
			if r.Alone() {
				d := r.Desk(ctx, conformance.DeskOptions{})
				m := d.Message(ctx, 0)
				want := map[byte]string{1: "0100", 2: "0105", 3: "0110", 4: "0120"}[m.FFD]
				seen := hex.EncodeToString(m.PVersion[:])
				d.Expect("session/p-version", conformance.Code, "the P-version is that of the document's version", seen == want, want, seen)
				return
			}
			d := begun(ctx, r, conformance.DeskOptions{})
			want := map[byte]string{2: "0105", 3: "0110", 4: "0120"}[r.FFD()]
			for _, h := range d.Operator.Heard() {
				seen := hex.EncodeToString(h.PVersion[:])
				d.Expect("session/p-version", conformance.Code, "the P-version is that of the version", seen == want, want, seen)
			}
		})),
	in([]conformance.Variant{{FFD: 2}}, kkt("K-023", "kkt-receipt/operator-codes", conformance.Doc, "transport.md 8.2", "Documents confirmed with 14, 11 and an unknown code leave the queue, and the person is shown the code.", drive|conformance.NeedsShown,
		func(ctx context.Context, r *conformance.Run) {
			d := begun(ctx, r, conformance.DeskOptions{})
			for _, value := range []int{14, 11, 99} {
				made := d.Do(ctx, conformance.Doc, sell)
				d.Operator.Next(conformance.Reaction{Note: fmt.Sprintf("1022 = %d", value), Answer: changed1022(d, value)})
				d.Sent(ctx, conformance.Doc)
				d.Queue(ctx, conformance.Doc, 0, "the document is delivered")
				shown(ctx, d, made.FD, byte(value), 0)
			}
			d.Do(ctx, conformance.Doc, sell)
			d.Sent(ctx, conformance.Doc)
		})),
	in(conformance.From11, kkt("K-024", "kkt-receipt/operator-message", conformance.Doc, "transport.md 8.3 TRN-080", "Bits of 1206 are shown, work goes on, and the bits return in the next shift report.", drive|conformance.NeedsShown,
		func(ctx context.Context, r *conformance.Run) {
			for _, bits := range []int{0x02, 0x40, 0x80, 0xC2} {
				d := begun(ctx, r, conformance.DeskOptions{})
				made := d.Do(ctx, conformance.Doc, sell)
				d.Operator.Next(conformance.Reaction{Note: fmt.Sprintf("1206 = %#x", bits), Answer: message(d, bits)})
				d.Sent(ctx, conformance.Doc)
				shown(ctx, d, made.FD, 0, byte(bits))
				d.Do(ctx, conformance.Doc, sell, closeShift)
				d.Sent(ctx, conformance.Doc)
				m := last(d)
				d.Expect("wire/1206", conformance.Doc, "the bits are in the closing report", m.Form == 5 && m.Number(1206) == int64(bits), bits, m.Number(1206))
				d.Do(ctx, conformance.Doc, openShift)
				d.Sent(ctx, conformance.Doc)
				again := last(d).Number(1206)
				d.Expect("wire/1206-once", conformance.Doc, "they do not come a second time", again <= 0, "absent", again)
			}
		})),
	in(conformance.EachFFD, kkt("K-025", "kkt-receipt/sign-with-leading-zeros", conformance.Cap, "fn.md 2", "A sign whose first byte is zero is printed with ten digits and stands without zeros in the QR code.", till|conformance.NeedsStill,
		func(ctx context.Context, r *conformance.Run) {
			d := begun(ctx, r, conformance.DeskOptions{})
			fd := last(d).FD + 1
			kopecks, want := uint64(10000), uint32(0)
			for {
				if want = model.ReceiptFPD(r.Master(), d.KKT.FN(), fd, r.Start(), 1, kopecks); want < 1<<24 {
					break
				}
				kopecks++
			}
			made := d.Do(ctx, conformance.Cap, conformance.Order{Do: conformance.OrderSell, Kopecks: kopecks})
			d.Expect("register/fpd", conformance.Cap, "the sign is the one the drive must make", made.FPD == want, want, made.FPD)
			paper, code := fmt.Sprintf("%010d", want), fmt.Sprintf("&fp=%d&", want)
			d.Expect("paper/fpd", conformance.Cap, "the paper shows ten digits", strings.Contains(made.Printed, paper), paper, made.Printed)
			d.Expect("paper/qr", conformance.Cap, "the QR code has no leading zeros", strings.Contains(made.QR, code), code, made.QR)
			d.Sent(ctx, conformance.Cap)
			d.Expect("wire/1077", conformance.Cap, "the document carries the same sign", last(d).FPD() == want, want, last(d).FPD())
		})),
	in(eachEncrypted, kkt("K-026", "kkt-receipt/greatest", conformance.Doc, "transport.md 6", "A receipt of almost 30 KB is made and sent; one that the drive refuses with 10h is cancelled.", trace,
		func(ctx context.Context, r *conformance.Run) {
			d := begun(ctx, r, conformance.DeskOptions{})
			of := func(items int) conformance.Order {
				return conformance.Order{Do: conformance.OrderSell, Items: items, Name: strings.Repeat("x", 120), Kopecks: 100}
			}
			one, two := d.Do(ctx, conformance.Doc, of(1)), d.Do(ctx, conformance.Doc, of(2))
			size := len(two.STLV) - len(one.STLV)
			if !d.Expect("register/size", conformance.Doc, "a second item makes the receipt longer", size > 0, "more than 0 bytes", size) {
				return
			}
			fits := (30*1024 - 400) / size
			made := d.Do(ctx, conformance.Doc, of(fits))
			d.Expect("register/size", conformance.Doc, "the receipt is of almost 30 KB", len(made.STLV) > 29*1024, "more than 29 KB", len(made.STLV))
			d.Sent(ctx, conformance.Doc)
			d.Expect("wire/fd", conformance.Doc, "it reaches the operator whole", last(d).FD == made.FD, made.FD, last(d).FD)
			d.Commands()
			d.Refuses(ctx, conformance.Doc, "a receipt beyond 30 KB is refused", of(fits+6))
			v := d.View(ctx)
			d.Expect("drive/cancelled", conformance.Doc, "no document stays begun in the drive", v.Document == 0, 0, v.Document)
			next := d.Do(ctx, conformance.Doc, sell)
			d.Expect("register/fd", conformance.Doc, "the next receipt has the next number", next.FD == made.FD+1, made.FD+1, next.FD)
			d.Sent(ctx, conformance.Doc)
			d.Fine(conformance.Doc)
		})),
	kkt("K-027", "kkt-receipt/late-answers", conformance.Doc, "fn.md 9", "Answers that come late, or only after ENQ, are asked for by ENQ; no command is done twice.", trace|conformance.NeedsLine,
		func(ctx context.Context, r *conformance.Run) {
			spoiled(ctx, r, conformance.CommandFault{Delay: 250 * time.Millisecond}, conformance.Doc)
			spoiled(ctx, r, conformance.CommandFault{Silent: true}, conformance.Doc)
		}),
	kkt("K-028", "kkt-receipt/damaged-answer", conformance.TB, "fn.md 9 FN-040", "A damaged answer is asked for again by ENQ; the command is not sent blindly again.", trace|conformance.NeedsLine,
		func(ctx context.Context, r *conformance.Run) {
			spoiled(ctx, r, conformance.CommandFault{BadCRC: true}, conformance.TB)
		}),
	in(conformance.EachFFD, kkt("K-029", "kkt-receipt/queue", conformance.Doc, "transport.md 7.1", "Five documents in the queue are sent oldest first, one after another without waiting for a timer.", till,
		func(ctx context.Context, r *conformance.Run) {
			d := begun(ctx, r, conformance.DeskOptions{})
			before := len(d.Operator.Heard())
			made := d.Do(ctx, conformance.Doc, sell, sell, sell, sell, sell)
			start := time.Now()
			d.Sent(ctx, conformance.Doc)
			took := time.Since(start)
			all := d.Operator.Heard()[before:]
			d.Expect("wire/all", conformance.Doc, "all five come", len(all) == 5, 5, len(all))
			for i, h := range all {
				want := made.FD - 4 + uint32(i)
				d.Expect("wire/order", conformance.Doc, "the oldest comes first", h.FD == want, want, h.FD)
			}
			d.Should("time/no-timer", conformance.Doc, "no timer stands between them", took < 3*time.Second, "less than 3 s", took)
		})),
}

// changed1022 and message confirm with another code, and with bits of 1206.
func changed1022(d *conformance.Desk, value int) func(*model.Message) []byte {
	return confirm(d, func(c *model.Confirmation) { c.Code = value })
}

func message(d *conformance.Desk, bits int) func(*model.Message) []byte {
	return confirm(d, func(c *model.Confirmation) { c.Bits = bits })
}

// confirm is a right confirmation with something changed before it is signed.
func confirm(d *conformance.Desk, change func(*model.Confirmation)) func(*model.Message) []byte {
	return func(m *model.Message) []byte {
		c := model.Confirm(m, d.OFD(), d.Now())
		change(c)
		return c.Bytes()
	}
}

// shown demands that the register told its user about a confirmation.
func shown(ctx context.Context, d *conformance.Desk, fd uint32, code, bits byte) {
	all, err := d.KKT.Shown(ctx)
	if err != nil {
		d.Stop("asking what the register showed: %v", err)
	}
	var seen conformance.Shown
	for _, s := range all {
		if s.FD == fd {
			seen = s
		}
	}
	want := conformance.Shown{FD: fd, Code: code, Message: bits}
	d.Expect("register/shown", conformance.Doc, "the person is shown the operator's answer", seen == want, fmt.Sprintf("%+v", want), fmt.Sprintf("%+v", seen))
}

// spoiled sells one receipt whose forming command has its answer spoiled on the
// line, and judges what the register wrote.
func spoiled(ctx context.Context, r *conformance.Run, fault conformance.CommandFault, mark conformance.Mark) {
	d := r.Desk(ctx, conformance.DeskOptions{Line: true})
	d.Begin(ctx, conformance.Order{})
	fault.Command, fault.Call, fault.Times = 0x16, 1, 1
	d.Faults(ctx, conformance.DriveFaults{Commands: []conformance.CommandFault{fault}})
	d.Commands()
	d.Line()
	made := d.Do(ctx, mark, sell)
	d.Expect("register/fd", mark, "the receipt has the next number", made.FD == 3, 3, made.FD)
	n := count(d.Commands(), 0x16)
	d.Expect("drive/once", mark, "the drive forms the receipt once", n == 1, 1, n)
	frames, enq, bad := lineFrames(d.Line())
	sent := 0
	for _, f := range frames {
		if f == 0x16 {
			sent++
		}
	}
	d.Expect("line/once", mark, "the command goes over the line once", sent == 1, 1, sent)
	d.Expect("line/enq", mark, "its answer is asked for by ENQ", enq >= 1, "ENQ", enq)
	d.Expect("line/frames", mark, "every frame is well-formed", bad == "", "no fault", bad)
}

// lineFrames reads what a register wrote on the serial line (fn.md section 9):
// commands in order, lone ENQ bytes, and the first fault found.
func lineFrames(b []byte) (commands []byte, enq int, bad string) {
	for len(b) > 0 {
		switch {
		case b[0] == 0x05:
			enq++
			b = b[1:]
			continue
		case b[0] != 0x04:
			return commands, enq, fmt.Sprintf("byte %02X between frames", b[0])
		case len(b) < 6:
			return commands, enq, "a frame cut short"
		}
		n := int(b[1]) | int(b[2])<<8
		if n < 1 || len(b) < 3+n+2 {
			return commands, enq, fmt.Sprintf("length %d with %d bytes left", n, len(b)-3)
		}
		if crc := model.CRC16(b[1 : 3+n]); byte(crc) != b[3+n] || byte(crc>>8) != b[4+n] {
			return commands, enq, fmt.Sprintf("check code %02x%02x, want %04x", b[4+n], b[3+n], crc)
		}
		commands = append(commands, b[3])
		b = b[5+n:]
	}
	return commands, enq, ""
}
