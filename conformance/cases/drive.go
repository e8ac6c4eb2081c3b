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

// bare is a drive that the harness works by the commands of fn.md section 9 itself: what
// a register would keep it from being asked is asked here. Its operator's port is closed,
// so that nothing but the harness moves its queue.
type bare struct {
	*conformance.Desk
	mark    conformance.Mark
	exec    func(cmd byte, data []byte) (byte, []byte)
	cut     func() // takes the power away and gives it back
	faults  func(conformance.DriveFaults)
	wait    func(time.Duration) // lets the drive's own timer run
	at      time.Time           // of the next document
	inn     string
	rnm     string
	factory string
}

const (
	bareINN  = "7702203276"
	otherINN = "7707083893"
)

// alone takes the drive of a fresh register.
func alone(ctx context.Context, r *conformance.Run, mark conformance.Mark, setup conformance.DriveSetup) *bare {
	return workedBy(ctx, r.Desk(ctx, conformance.DeskOptions{Drive: setup}), mark)
}

func workedBy(ctx context.Context, d *conformance.Desk, mark conformance.Mark) *bare {
	d.Operator.Down()
	b := &bare{Desk: d, mark: mark, at: d.Start().Truncate(time.Minute), inn: bareINN, factory: "000000000002"}
	b.rnm = model.RNM(5, b.inn, b.factory)
	b.cut = func() { d.PowerCut(ctx) }
	b.faults = func(f conformance.DriveFaults) { d.Faults(ctx, f) }
	b.wait = func(t time.Duration) { d.Advance(ctx, t) }
	b.exec = func(cmd byte, data []byte) (byte, []byte) {
		code, answer, err := d.Exec(ctx, cmd, data)
		if err != nil {
			d.Stop("command %02Xh: %v", cmd, err)
		}
		return code &^ 0x80, answer
	}
	return b
}

// trading registers the drive and opens a shift.
func (b *bare) trading() *bare {
	b.Given("a registered drive with an open shift", func() {
		b.done(b.report(report{}))
		b.done(b.opening())
	})
	return b
}

// ask gives a command and demands its code.
func (b *bare) ask(why string, want byte, cmd byte, data ...[]byte) []byte {
	code, answer := b.exec(cmd, bytes.Join(data, nil))
	b.code(why, want, code)
	return answer
}

func (b *bare) code(why string, want, seen byte) bool {
	return b.Expect("drive/answer", b.mark, why, seen == want, fmt.Sprintf("%02Xh", want), fmt.Sprintf("%02Xh", seen))
}

// give gives a command that must be done.
func (b *bare) give(cmd byte, data ...[]byte) []byte {
	return b.ask(fmt.Sprintf("%02Xh is done", cmd), 0, cmd, data...)
}

// data demands the bytes of an answer.
func (b *bare) data(why string, want, seen []byte) {
	b.Expect("drive/data", b.mark, why, bytes.Equal(want, seen), hex.EncodeToString(want), hex.EncodeToString(seen))
}

// number demands a number that an answer or a document tells.
func (b *bare) number(why string, want, seen int64) {
	b.Expect("drive/number", b.mark, why, want == seen, want, seen)
}

// formed is a document made, or the code with which it was refused.
type formed struct {
	code   byte
	answer []byte
}

func (b *bare) done(f formed) []byte {
	b.code("the document is made", 0, f.code)
	return f.answer
}

func (b *bare) refused(why string, want byte, f formed) { b.code(why, want, f.code) }

func (b *bare) now() []byte { return clock(b.at) }

// clock is DATE_TIME.
func clock(t time.Time) []byte {
	return []byte{byte(t.Year() - 2000), byte(t.Month()), byte(t.Day()), byte(t.Hour()), byte(t.Minute())}
}

func (b *bare) pass(d time.Duration) { b.at = b.at.Add(d) }

// make begins a document, gives its data and finishes it; what was begun and is refused
// is cancelled.
func (b *bare) make(begin byte, first []byte, fields [][]byte, end byte, last []byte) formed {
	if code, answer := b.exec(begin, first); code != 0 {
		return formed{code, answer}
	}
	for _, f := range fields {
		if code, answer := b.exec(0x07, f); code != 0 {
			b.exec(0x06, nil)
			return formed{code, answer}
		}
	}
	code, answer := b.exec(end, last)
	if code != 0 {
		b.exec(0x06, nil)
	}
	return formed{code, answer}
}

// report is a registration report; zero fields are those of the standard register.
type report struct {
	kind     byte // 0 registration, 1 with a new drive, 2 change
	version  byte // the variant's when zero
	inn, rnm string
	ofd      string
	tax      byte
	mode     byte
	ext      byte
	reason   byte   // 1101; 3 when zero
	reasons  uint32 // 1205; bit 3 when zero and not none
	none     bool
	without  int // tag that is left out
	instead  []byte
	extra    [][]byte
	first    bool // without any 1209: FFD 1.0
}

func (b *bare) report(p report) formed {
	v := p.version
	if v == 0 {
		v = b.FFD()
	}
	orText(&p.inn, b.inn)
	orText(&p.rnm, b.rnm)
	orText(&p.ofd, b.OFD())
	if p.tax == 0 {
		p.tax = 3
	}
	if p.mode&2 != 0 {
		p.ofd = "000000000000"
	}
	fields := [][]byte{model.Text(1048, "ООО Ромашка"), model.Text(1009, "Москва"), model.Text(1187, "касса 1"), model.Text(1013, b.factory),
		model.Text(1188, "1.0"), model.U8(1189, 4)}
	if !p.first {
		fields = append(fields, model.U8(1209, v))
	}
	if p.mode&2 == 0 {
		fields = append(fields, model.Fixed(1017, p.ofd, 12))
	}
	fields = replaced(append(fields, p.extra...), p.without, p.instead)
	params := bytes.Join([][]byte{b.now(), spaced(p.inn, 12), spaced(p.rnm, 20), {p.tax, p.mode}}, nil)
	if v < 3 {
		if p.kind == 2 {
			params = append(params, max(p.reason, 3*(1-min(p.reason, 1))))
		}
		return b.make(0x02, []byte{p.kind}, fields, 0x03, params)
	}
	params = append(append(params, p.ext), spaced(p.ofd, 12)...)
	if p.kind != 0 && p.reasons == 0 && !p.none {
		p.reasons = 1 << 3
	}
	if p.kind != 0 || p.reasons != 0 {
		params = append(params, u32(p.reasons)...)
	}
	return b.make(0xA2, []byte{p.kind, v}, fields, 0xA3, params)
}

func orText(s *string, v string) {
	if *s == "" {
		*s = v
	}
}

func spaced(s string, n int) []byte { return []byte(s + strings.Repeat(" ", max(0, n-len(s)))) }

// replaced leaves a tag out, or puts something in its place.
func replaced(fields [][]byte, tag int, instead []byte) (out [][]byte) {
	for _, f := range fields {
		if tag == 0 || int(f[0])|int(f[1])<<8 != tag {
			out = append(out, f)
		} else if instead != nil {
			out = append(out, instead)
		}
	}
	return out
}

func (b *bare) common() [][]byte {
	return [][]byte{model.Text(1021, "Кассир Иванов"), model.U8(1209, b.FFD())}
}

func (b *bare) openFields() [][]byte {
	return append(b.common(), model.Text(1188, "1.0"), model.U8(1189, 4))
}

func (b *bare) opening() formed { return b.make(0x11, b.now(), b.openFields(), 0x12, nil) }
func (b *bare) closing() formed { return b.make(0x13, b.now(), b.common(), 0x14, nil) }
func (b *bare) state() formed {
	return b.make(0x18, b.now(), [][]byte{model.U8(1209, b.FFD())}, 0x19, nil)
}

func (b *bare) archive() formed {
	return b.make(0x04, nil, append(b.common(), model.Text(1048, "ООО Ромашка")), 0x05, append(b.now(), spaced(b.rnm, 20)...))
}

// sums are a receipt's payments and VAT, in kopecks, by tag.
type sums map[int]uint64

func (b *bare) receiptFields(begin byte, total uint64, s sums) [][]byte {
	if s == nil {
		s = sums{1031: total, 1105: total}
	}
	item := bytes.Join([][]byte{model.Text(1030, "Хлеб"), model.VLN(1079, total), model.TLV(1023, []byte{0, 1}), model.VLN(1043, total)}, nil)
	fields := append(b.common(), model.U8(1055, 1), model.TLV(1059, item))
	for _, tag := range []int{1031, 1081, 1215, 1216, 1217} {
		fields = append(fields, model.VLN(tag, s[tag]))
	}
	for _, tag := range []int{1102, 1103, 1104, 1105, 1106, 1107} {
		if s[tag] > 0 {
			fields = append(fields, model.VLN(tag, s[tag]))
		}
	}
	if begin == 0x17 {
		fields = append(fields, model.U8(1173, 0), model.TLV(1174, model.U32(1178, uint32(b.at.Truncate(day).Unix()))))
	}
	return fields
}

// ending are the parameters of 16h.
func (b *bare) ending(operation byte, total uint64) []byte {
	return append(append(b.now(), operation), byte(total), byte(total>>8), byte(total>>16), byte(total>>24), byte(total>>32))
}

// receipt is made by 15h, or by 17h when it is a correction.
func (b *bare) receipt(begin, operation byte, total uint64, s sums) formed {
	return b.make(begin, b.now(), b.receiptFields(begin, total, s), 0x16, b.ending(operation, total))
}

func (b *bare) sale() formed { return b.receipt(0x15, 1, 10000, nil) }

// document reads what the drive keeps of a document, whole.
func (b *bare) document(fd uint32) *model.Message {
	head := b.give(0x45, u32(fd))
	if len(head) != 4 {
		b.Stop("45h of document %d: %d bytes", fd, len(head))
	}
	body := []byte{}
	for range 5000 {
		code, field := b.exec(0x46, nil)
		if code != 0 {
			break
		}
		body = append(body, field...)
	}
	b.number("45h announces the length of the document", int64(len(body)), int64(head[2])|int64(head[3])<<8)
	return model.ReadDocument(append(head, body...))
}

// tag demands a number in a document; -1 when it must be absent.
func (b *bare) tag(m *model.Message, tag int, want int64) {
	seen := m.Number(tag)
	b.Expect("document/value", b.mark, fmt.Sprintf("tag %d of form %d is right", tag, m.Form), seen == want, want, seen)
}

// message reads the oldest message from the drive: 21h, 22h, 23h, 25h.
func (b *bare) message() *model.Message {
	b.give(0x21, []byte{1})
	size := b.give(0x22)
	if len(size) != 2 {
		b.Stop("22h: %d bytes", len(size))
	}
	n, c := int(size[0])|int(size[1])<<8, []byte{}
	for len(c) < n {
		part := b.give(0x23, u16(len(c)), u16(min(n-len(c), 1024)))
		if len(part) == 0 {
			b.Stop("23h gives nothing at %d of %d", len(c), n)
		}
		c = append(c, part...)
	}
	b.give(0x25)
	return b.read(c)
}

// read judges a container as the operator.
func (b *bare) read(container []byte) *model.Message {
	head := (&model.Document{Register: &model.Register{FN: b.KKT.FN()}, Flags: 0x14, PVersion: [2]byte{1, 5}}).Session(container)
	m, problems := model.ReadMessage(b.Master(), b.OFD(), head)
	b.Expect("drive/message", b.mark, fmt.Sprintf("document %d is a right message", m.FD), len(problems) == 0, "no fault", fmt.Sprint(problems))
	return m
}

// confirmation is a right one.
func (b *bare) confirmation(m *model.Message) *model.Confirmation {
	return model.Confirm(m, b.OFD(), b.at.Add(-3*time.Hour))
}

// confirmed reads the oldest message and confirms it.
func (b *bare) confirmed() *model.Message {
	m := b.message()
	b.give(0x26, b.confirmation(m).Container())
	return m
}

// drained confirms everything that waits.
func (b *bare) drained() (all []*model.Message) {
	for range 1000 {
		if b.waiting() == 0 {
			return all
		}
		all = append(all, b.confirmed())
	}
	return all
}

// waiting is the count of 42h.
func (b *bare) waiting() int {
	n := b.give(0x42)
	if len(n) != 2 {
		b.Stop("42h: %d bytes", len(n))
	}
	return int(n[0]) | int(n[1])<<8
}

// status is the answer to 30h.
func (b *bare) status() []byte {
	s := b.give(0x30)
	if len(s) != 30 {
		b.Stop("30h: %d bytes", len(s))
	}
	return s
}

// last is the number of the last document.
func (b *bare) last() uint32 { return le32(b.status()[26:]) }

func (b *bare) phase(want byte) { b.number("the phase of 30h", int64(want), int64(b.status()[0])) }

// warns demands the flags of 30h under a mask, after the drive has heard the time.
func (b *bare) warns(why string, mask, want byte) {
	seen := b.status()[4] & mask
	b.Expect("drive/flags", b.mark, why, seen == want, fmt.Sprintf("%02X", want), fmt.Sprintf("%02X", seen))
}

func u16(n int) []byte { return []byte{byte(n), byte(n >> 8)} }

// le reads up to eight bytes, little-endian.
func le(b []byte) (n int64) {
	for i := len(b) - 1; i >= 0; i-- {
		n = n<<8 | int64(b[i])
	}
	return n
}

// readMarking judges a container of the marking exchange.
func (b *bare) readMarking(container []byte) *model.Message {
	head := (&model.Document{Register: &model.Register{FN: b.KKT.FN()}, Form: 81, Flags: 0x14, PVersion: [2]byte{0, 1}}).Session(container)
	m, problems := model.ReadMessage(b.Master(), b.OFD(), head)
	b.Expect("drive/message", b.mark, fmt.Sprintf("message %d of form %d is a right one", m.FD, m.Form), len(problems) == 0, "no fault", fmt.Sprint(problems))
	return m
}
