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

// badReply sells one receipt, answers it wrongly once and closes, and demands that the document
// stays in the queue, that sales go on, and that the right answer is taken when the
// register comes again with the same bytes. reasons are those that 26h may give; none
// when the register may drop the reply before the drive sees it.
func badReply(ctx context.Context, r *conformance.Run, mark conformance.Mark, note string, answer func(d *conformance.Desk, m *model.Message) []byte, reasons ...byte) {
	if r.Alone() {
		again := r.Desk(ctx, conformance.DeskOptions{})
		comesAgain(ctx, again, mark, conformance.Reaction{Note: note, Answer: func(m *model.Message) []byte { return answer(again, m) }, Then: conformance.ThenClose})
		return
	}
	d := begun(ctx, r, conformance.DeskOptions{})
	first := len(d.Operator.Heard())
	d.Operator.Next(conformance.Reaction{Note: note, Answer: func(m *model.Message) []byte { return answer(d, m) }, Then: conformance.ThenClose})
	refusedReply(ctx, d, mark, first, reasons...)
}

func refusedReply(ctx context.Context, d *conformance.Desk, mark conformance.Mark, first int, reasons ...byte) {
	d.Do(ctx, mark, sell)
	if d.Eager() { // the first attempt is made by now, and perhaps the second
		d.Operator.Await(ctx, first+1, d.Patience())
	} else {
		d.Commands()
		err := d.KKT.Exchange(ctx)
		d.Expect("exchange/failed", mark, "a wrong answer confirms nothing", err != nil, "an error", err)
		d.Queue(ctx, mark, 1, "the document stays in the queue")
	}
	if status, data := answered(d.Commands(), 0x26); len(reasons) > 0 && d.Traced() {
		ok := status == 0x05 && bytes.IndexByte(reasons, 5) >= 0 || status == 0x20 && len(data) > 0 && bytes.IndexByte(reasons, data[0]) >= 0
		d.Expect("drive/reason", mark, "26h refuses it with its reason", ok, fmt.Sprintf("20h reason %d", reasons), fmt.Sprintf("%02Xh % x", status, data))
	}
	d.Do(ctx, mark, sell)
	d.Sent(ctx, mark)
	d.Queue(ctx, mark, 0, "both are confirmed when the operator answers rightly")
	all := d.Operator.Heard()
	if d.Expect("wire/again", mark, "the document comes again", len(all) >= first+2, first+2, len(all)) {
		d.Expect("wire/same", mark, "with the same bytes", bytes.Equal(all[first].Raw, all[first+1].Raw), hex.EncodeToString(all[first].Raw), hex.EncodeToString(all[first+1].Raw))
	}
}

// comesAgain judges a register that nobody drives: whatever it sends is answered in a
// way that confirms nothing to its drive, and the same document must come again with
// the same bytes.
func comesAgain(ctx context.Context, d *conformance.Desk, mark conformance.Mark, reaction conformance.Reaction) {
	d.Operator.Next(reaction)
	first := d.Message(ctx, 0)
	second := d.Message(ctx, 1)
	d.Expect("wire/same", mark, "the document comes again with the same bytes", bytes.Equal(first.Raw, second.Raw), hex.EncodeToString(first.Raw), hex.EncodeToString(second.Raw))
}

// patched is a right confirmation with bytes of the whole message changed.
func patched(at int, xor byte) func(*conformance.Desk, *model.Message) []byte {
	return func(d *conformance.Desk, m *model.Message) []byte {
		b := model.Confirm(m, d.OFD(), d.Now()).Bytes()
		b[at] ^= xor
		return b
	}
}

// signed is a confirmation changed before it is signed.
func signed(change func(*model.Confirmation)) func(*conformance.Desk, *model.Message) []byte {
	return func(d *conformance.Desk, m *model.Message) []byte {
		c := model.Confirm(m, d.OFD(), d.Now())
		change(c)
		return c.Bytes()
	}
}

// afterSigns changes a finished container; its check code is made anew.
func afterSigns(f func(c []byte) []byte) func(*conformance.Desk, *model.Message) []byte {
	return signed(func(c *model.Confirmation) { c.Signed = f })
}

// once sells a receipt that is answered in a way that must still confirm it.
func once(ctx context.Context, r *conformance.Run, mark conformance.Mark, scale float64, reaction func(*conformance.Desk) conformance.Reaction) *conformance.Desk {
	if r.Alone() {
		d := r.Desk(ctx, conformance.DeskOptions{})
		comesAgain(ctx, d, mark, reaction(d))
		return d
	}
	d := begun(ctx, r, conformance.DeskOptions{Scale: scale})
	d.Operator.Next(reaction(d))
	d.Do(ctx, mark, sell)
	d.Sent(ctx, mark)
	d.Queue(ctx, mark, 0, "the receipt is confirmed")
	return d
}

var kktReply = []conformance.Case{
	in(eachEncrypted, kkt("K-070", "kkt-reply/container-crc", conformance.Doc, "transport.md 7.1", "A confirmation with a changed check code is refused by the drive; the document stays and is sent again.", drive,
		func(ctx context.Context, r *conformance.Run) {
			badReply(ctx, r, conformance.Doc, "container check code changed", patched(32, 1), 5)
		})),
	in(conformance.EachFFD, kkt("K-071", "kkt-reply/session-header", conformance.Code, "transport.md 7.1 TRN-066", "A reply with another signature, S-version or drive number confirms nothing.", drive,
		func(ctx context.Context, r *conformance.Run) {
			badReply(ctx, r, conformance.Code, "signature changed", patched(0, 1))
			badReply(ctx, r, conformance.Code, "S-version changed", patched(5, 1))
			badReply(ctx, r, conformance.Code, "drive number changed", patched(23, 1))
		})),
	in(eachEncrypted, kkt("K-072", "kkt-reply/session-crc", conformance.Doc, "transport.md 3.2", "A reply with a right check code of mode 1 or 2 is taken.", drive,
		func(ctx context.Context, r *conformance.Run) {
			for _, flags := range []uint16{0x0015, 0x0016} {
				once(ctx, r, conformance.Doc, 0, func(d *conformance.Desk) conformance.Reaction {
					return conformance.Reaction{Note: fmt.Sprintf("flags %04x", flags), Answer: confirm(d, func(c *model.Confirmation) { c.Flags = flags })}
				})
			}
		})),
	in(conformance.EachFFD, kkt("K-073", "kkt-reply/too-long", conformance.Doc, "transport.md 6", "A reply whose container is longer than 1024 bytes is refused without harm.", drive,
		func(ctx context.Context, r *conformance.Run) {
			for _, size := range []int{1025, 4000} {
				badReply(ctx, r, conformance.Doc, fmt.Sprintf("container of %d bytes", size), func(d *conformance.Desk, m *model.Message) []byte {
					c := model.Confirm(m, d.OFD(), d.Now())
					short := len(c.Container())
					c.Fields = func(f [][]byte) [][]byte { return append(f, model.TLV(1067, make([]byte, size-short-4))) }
					return c.Bytes()
				})
			}
		})),
	in(conformance.EachFFD, kkt("K-074", "kkt-reply/wrong-then-right", conformance.Doc, "transport.md 7.1", "A wrong confirmation costs nothing: the right one after it is taken, on the same connection or the next.", drive,
		func(ctx context.Context, r *conformance.Run) {
			d := begun(ctx, r, conformance.DeskOptions{})
			d.Operator.Next(conformance.Reaction{Note: "one with a wrong ФПП, then the right one", Answer: func(m *model.Message) []byte {
				right := model.Confirm(m, d.OFD(), d.Now())
				wrong := *right
				wrong.Signed = spoilFPP
				return append(wrong.Bytes(), right.Bytes()...)
			}})
			d.Do(ctx, conformance.Doc, sell)
			if d.KKT.Exchange(ctx) != nil {
				d.Sent(ctx, conformance.Doc)
			}
			d.Queue(ctx, conformance.Doc, 0, "the receipt is confirmed")
		})),
	in(conformance.EachFFD, kkt("K-080", "kkt-reply/another-document", conformance.Doc, "fn.md 9.1", "A confirmation of another document is refused with reason 3.", drive,
		func(ctx context.Context, r *conformance.Run) {
			badReply(ctx, r, conformance.Doc, "confirmation of the next number", signed(func(c *model.Confirmation) {
				c.Header = func(h []byte) { h[19]++ }
				c.Fields = func(f [][]byte) [][]byte { f[2] = model.U32(1040, c.To.FD+1); return f }
			}), 3)
		})),
	in(conformance.EachFFD, kkt("K-081", "kkt-reply/number-as-text", conformance.Obs, "fn.md 9.1", "A document number written as text is refused with reason 3.", drive,
		func(ctx context.Context, r *conformance.Run) {
			badReply(ctx, r, conformance.Obs, "bytes 17-19 are text", signed(func(c *model.Confirmation) {
				c.Header = func(h []byte) { copy(h[17:20], fmt.Sprintf("%-3d", c.To.FD)) }
			}), 3)
		})),
	in(conformance.EachFFD, kkt("K-082", "kkt-reply/replayed", conformance.TB, "fn.md 9.1 FN-041", "A valid confirmation of the document before is refused with reason 3, and the queue is intact.", drive,
		func(ctx context.Context, r *conformance.Run) {
			d := begun(ctx, r, conformance.DeskOptions{})
			all := d.Operator.Heard()
			before := all[len(all)-1].Answer
			d.Operator.Next(conformance.Reaction{Note: "the confirmation of the document before", Answer: func(*model.Message) []byte { return before }, Then: conformance.ThenClose})
			refusedReply(ctx, d, conformance.TB, len(all), 3)
		})),
	in(conformance.EachFFD, kkt("K-083", "kkt-reply/header-not-mirrored", conformance.Obs, "transport.md 4.1", "A reply header that does not repeat bytes 20 to 24 is refused.", drive,
		func(ctx context.Context, r *conformance.Run) {
			badReply(ctx, r, conformance.Obs, "bytes 20-24 are zeros", signed(func(c *model.Confirmation) {
				c.Header = func(h []byte) { copy(h[20:25], make([]byte, 5)) }
			}), 1)
		})),
	in(eachEncrypted, kkt("K-090", "kkt-reply/confirmation-sign", conformance.Doc, "transport.md 7.1", "A confirmation with a changed ФПП is refused with reason 1; the document stays.", drive,
		func(ctx context.Context, r *conformance.Run) {
			badReply(ctx, r, conformance.Doc, "ФПП changed", afterSigns(spoilFPP), 1)
		})),
	in(conformance.EachFFD, kkt("K-091", "kkt-reply/operator-sign", conformance.TB, "fiscal-sign.md 5.3", "A changed ФПО under a right ФПП is taken by the drive, which cannot check it, and kept as it came.", drive,
		func(ctx context.Context, r *conformance.Run) {
			d := once(ctx, r, conformance.TB, 0, func(d *conformance.Desk) conformance.Reaction {
				return conformance.Reaction{Note: "ФПО changed", Answer: confirm(d, func(c *model.Confirmation) { c.BadFPO = true })}
			})
			m := last(d)
			status, data, err := d.Exec(ctx, 0x41, u32(m.FD))
			if err != nil || status != 0 || len(data) < 23 {
				r.Stop("reading the confirmation: %02Xh, %d bytes, %v", status, len(data), err)
			}
			all := d.Operator.Heard()
			sent := model.FPOOf(all[len(all)-1].Answer)
			d.Expect("archive/fpo", conformance.TB, "41h returns the sign that came", bytes.Equal(data[5:21], sent), hex.EncodeToString(sent), hex.EncodeToString(data[5:21]))
			right := model.Confirm(m, d.OFD(), d.Now()).FPO()
			d.Expect("model/fpo", conformance.TB, "a check with the operator's key finds it wrong", !bytes.Equal(data[5:21], right), "not "+hex.EncodeToString(right), hex.EncodeToString(data[5:21]))
		})),
	in(conformance.EachFFD, kkt("K-092", "kkt-reply/real-drive", conformance.Obs, "transport.md 4.1 TRN-031", "A drive that refuses the bench's confirmation with reason 1 leaves the register usable, and the document in the queue.", drive,
		func(ctx context.Context, r *conformance.Run) {
			if r.Alone() { // a real drive refuses without being told to
				comesAgain(ctx, r.Desk(ctx, conformance.DeskOptions{}), conformance.Obs, conformance.Reaction{Note: "a right confirmation of the bench"})
				return
			}
			d := begun(ctx, r, conformance.DeskOptions{})
			d.Faults(ctx, conformance.DriveFaults{RefuseAcks: []byte{1}})
			d.Operator.Next(conformance.Reaction{Note: "a right confirmation that the drive refuses", Then: conformance.ThenClose})
			refusedReply(ctx, d, conformance.Obs, len(d.Operator.Heard()), 1)
		})),
	in(conformance.EachFFD, kkt("K-095", "kkt-reply/byte-a-second", conformance.Doc, "transport.md 7.1", "A reply that comes byte by byte is collected and taken.", drive,
		func(ctx context.Context, r *conformance.Run) {
			once(ctx, r, conformance.Doc, 0.02, func(*conformance.Desk) conformance.Reaction {
				return conformance.Reaction{Note: "byte by byte, for half of the answer timer at most", Pace: time.Millisecond}
			})
		})),
	in(conformance.EachFFD, kkt("K-096", "kkt-reply/cut", conformance.Doc, "transport.md 7.1", "A reply cut after 20 bytes is dropped, and the document is sent again.", drive,
		func(ctx context.Context, r *conformance.Run) {
			cut := conformance.Reaction{Note: "20 bytes, then closed", Cut: 20}
			if r.Alone() {
				comesAgain(ctx, r.Desk(ctx, conformance.DeskOptions{}), conformance.Doc, cut)
				return
			}
			d := begun(ctx, r, conformance.DeskOptions{})
			first := len(d.Operator.Heard())
			d.Operator.Next(cut)
			refusedReply(ctx, d, conformance.Doc, first)
		})),
	in([]conformance.Variant{{FFD: 2}}, kkt("K-097", "kkt-reply/at-the-limit", conformance.Doc, "transport.md 7.1", "A reply before the 300 s of the answer timer are over is taken; one after them brings a new attempt.", drive|conformance.NeedsScale,
		func(ctx context.Context, r *conformance.Run) {
			const scale = 0.005
			once(ctx, r, conformance.Doc, scale, func(d *conformance.Desk) conformance.Reaction {
				return conformance.Reaction{Note: "after 200 s", Delay: d.Scaled(200 * time.Second)}
			})
			d := begun(ctx, r, conformance.DeskOptions{Scale: scale})
			first := len(d.Operator.Heard())
			d.Operator.Next(conformance.Reaction{Note: "after 400 s", Delay: d.Scaled(400 * time.Second)})
			refusedReply(ctx, d, conformance.Doc, first)
		})),
	in(conformance.EachFFD, kkt("K-098", "kkt-reply/half-close", conformance.Code, "transport.md 7.2 TRN-062", "A reply after which the operator shuts its writing half is taken first.", drive,
		func(ctx context.Context, r *conformance.Run) {
			d := once(ctx, r, conformance.Code, 0, func(*conformance.Desk) conformance.Reaction {
				return conformance.Reaction{Note: "half-closed after the reply", Then: conformance.ThenHalfClose}
			})
			if d.Alone() {
				return
			}
			d.Do(ctx, conformance.Code, sell)
			d.Sent(ctx, conformance.Code)
		})),
	in(conformance.EachFFD, kkt("K-099", "kkt-reply/glued", conformance.TB, "transport.md 7.1", "Of two replies glued together, the second rubbish, the first is taken and nothing hangs.", drive,
		func(ctx context.Context, r *conformance.Run) {
			d := once(ctx, r, conformance.TB, 0, func(d *conformance.Desk) conformance.Reaction {
				return conformance.Reaction{Note: "a right reply and rubbish", Answer: func(m *model.Message) []byte {
					b := model.Confirm(m, d.OFD(), d.Now()).Bytes()
					return append(append([]byte{}, b...), bytes.Repeat([]byte{0xEE}, len(b))...)
				}}
			})
			if d.Alone() {
				return
			}
			d.Do(ctx, conformance.TB, sell)
			if d.KKT.Exchange(ctx) != nil {
				d.Sent(ctx, conformance.TB)
			}
			d.Queue(ctx, conformance.TB, 0, "the next receipt is confirmed too")
		})),
	in(conformance.EachFFD, kkt("K-100", "kkt-reply/garbage", conformance.TB, "transport.md 7.1", "64 KB of garbage are met with a dropped connection; a sale is possible all the while.", drive,
		func(ctx context.Context, r *conformance.Run) {
			garbage := make([]byte, 64<<10)
			r.Random(garbage)
			garbage[0] = 0xFF
			badReply(ctx, r, conformance.TB, "64 KB of garbage", func(*conformance.Desk, *model.Message) []byte { return garbage })
		})),
}

// spoilFPP changes the last byte of the sign.
func spoilFPP(c []byte) []byte {
	c[len(c)-3] ^= 1
	return c
}
