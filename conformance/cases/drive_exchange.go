package cases

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/model"
)

// link demands the answer of 20h: bits, whether it is read, count, first number.
func (b *bare) link(when string, bits, reading byte, count int, first uint32) {
	s := b.give(0x20)
	want := append([]byte{bits, reading}, append(u16(count), u32(first)...)...)
	b.data("20h "+when, want, s[:min(len(s), 8)])
}

var driveExchange = []conformance.Case{
	in(eachEncrypted, kktBare("D-030", "drive/exchange", conformance.Doc, "fn.md 9.1, 6 FN-042, FN-043", "The exchange goes by 21h, 22h, 23h, 25h and 26h in this order, oldest document first; every state of it is told by 20h, and 21h 0 ends it.", 0, func(b *bare) {
		b.link("of an empty drive", 0, 0, 0, 0)
		b.done(b.report(report{mode: encryption(b)}))
		b.link("with a document", 2, 0, 1, 1)
		b.ask("reading without a connection", 0x11, 0x22)
		b.ask("a block without a connection", 0x11, 0x23, u16(0), u16(10))
		b.ask("a state of the connection that is none", 0x01, 0x21, []byte{2})
		b.give(0x21, []byte{1})
		b.link("connected", 3, 0, 1, 1)
		b.ask("a block before 22h", 0x02, 0x23, u16(0), u16(10))
		b.ask("24h before 22h", 0x02, 0x24)
		b.ask("25h before 22h", 0x02, 0x25)
		b.ask("26h before a reading", 0x02, 0x26, make([]byte, 100))
		n := int(le(b.give(0x22)))
		b.link("reading", 3, 1, 1, 1)
		whole := b.give(0x23, u16(0), u16(1024))
		b.number("23h gives all that is asked for", int64(min(n, 1024)), int64(len(whole)))
		b.data("a block from the middle", whole[7:12], b.give(0x23, u16(7), u16(5)))
		b.data("fewer bytes at the end", whole[n-3:], b.give(0x23, u16(n-3), u16(100)))
		b.ask("a block from beyond the end", 0x01, 0x23, u16(n), u16(1))
		b.ask("26h while reading", 0x02, 0x26, make([]byte, 100))
		b.number("a second 22h begins anew", int64(n), le(b.give(0x22)))
		b.give(0x24)
		b.ask("a block after 24h", 0x02, 0x23, u16(0), u16(10))
		b.ask("25h after 24h", 0x02, 0x25)
		m := b.message()
		b.data("the bytes of every reading are the same", whole, m.Raw[30:])
		b.link("awaiting a receipt", 5, 0, 1, 1)
		b.ask("22h while a receipt is awaited", 0x08, 0x22)
		b.wait(299 * time.Second)
		b.ask("22h within 300 s", 0x08, 0x22)
		b.wait(time.Second)
		b.link("after 300 s the message is offered again", 3, 0, 1, 1)
		b.ask("26h after 300 s", 0x02, 0x26, b.confirmation(m).Container())
		b.data("and has the same bytes", whole, b.message().Raw[30:])
		b.give(0x21, []byte{0})
		b.link("disconnected", 2, 0, 1, 1)
		b.ask("26h after the connection was lost", 0x02, 0x26, b.confirmation(m).Container())
		again := b.message()
		b.data("after a break the same bytes", whole, again.Raw[30:])
		b.give(0x26, b.confirmation(again).Container())
		b.link("confirmed", 1, 0, 0, 0)
		b.ask("reading an empty queue", 0x08, 0x22)
		b.ask("a second receipt", 0x02, 0x26, b.confirmation(again).Container())
		b.give(0x21, []byte{1})
		b.done(b.opening())
		b.done(b.sale())
		b.done(b.closing())
		for fd := uint32(2); fd <= 4; fd++ {
			b.link("with documents", 3, 0, int(5-fd), fd)
			m := b.confirmed()
			b.number("the oldest comes first", int64(fd), int64(m.FD))
			b.number("it is encrypted as registered", int64(encryption(b)), map[bool]int64{true: 1}[m.Encrypted])
		}
		b.link("with everything sent", 1, 0, 0, 0)
	})),
	in(eachEncrypted, kktBare("D-031", "drive/confirmation-parts", conformance.Doc, "fn.md 9.1 FN-041, fiscal-sign.md 5.3, transport.md 4.1, 8.1", "A confirmation with anything wrong is refused with its reason and costs nothing; the right one is taken after all of them.", 0, func(b *bare) {
		b.done(b.report(report{mode: encryption(b)}))
		b.done(b.opening())
		b.confirmed()
		m := b.message()
		before := b.confirmation(m)
		refuse := func(why string, reason byte, change func(*model.Confirmation)) {
			c := *before
			change(&c)
			answer := b.ask(why+" is refused", 0x20, 0x26, c.Container())
			b.data(why+": the reason", []byte{reason}, answer)
			b.number("the document still waits", 1, int64(b.waiting()))
		}
		after := func(f func(c []byte) []byte) func(*model.Confirmation) {
			return func(c *model.Confirmation) { c.Signed = f }
		}
		header := func(at int, to byte) func(*model.Confirmation) {
			return func(c *model.Confirmation) { c.Header = func(h []byte) { h[at] ^= to } }
		}
		field := func(i int, to []byte) func(*model.Confirmation) {
			return func(c *model.Confirmation) {
				c.Fields = func(f [][]byte) [][]byte { f[i] = to; return f }
			}
		}
		without := func(i int) func(*model.Confirmation) {
			return func(c *model.Confirmation) {
				c.Fields = func(f [][]byte) [][]byte { return append(append([][]byte{}, f[:i]...), f[i+1:]...) }
			}
		}
		crc := func(at int) {
			c := before.Container()
			c[at] ^= 1
			b.data("a wrong check code: the reason", []byte{5}, b.ask("a wrong check code is refused", 0x20, 0x26, c))
		}
		crc(2)
		crc(3)
		for _, cut := range []int{1, 20} {
			c := before.Container()
			b.data("bytes cut off: the reason", []byte{7}, b.ask("bytes cut off are refused", 0x20, 0x26, c[:len(c)-cut]))
		}
		long := append(before.Container(), 0)
		b.data("a byte too many: the reason", []byte{7}, b.ask("a byte too many is refused", 0x20, 0x26, long))
		b.data("nothing at all: the reason", []byte{7}, b.ask("nothing at all is refused", 0x20, 0x26, []byte{1, 2, 3}))
		refuse("another form in the header", 2, header(5, 3))
		refuse("another drive in the header", 4, func(c *model.Confirmation) {
			c.Header = func(h []byte) { h[16] ^= 1 }
		})
		refuse("another document in the header", 3, func(c *model.Confirmation) {
			c.Header = func(h []byte) { h[19] ^= 1 }
		})
		refuse("another drive in 1041", 4, field(1, model.Fixed(1041, "9999078902999999", 16)))
		refuse("another document in 1040", 3, field(2, model.U32(1040, m.FD+1)))
		refuse("an earlier document in both places", 3, func(c *model.Confirmation) {
			c.Header = func(h []byte) { h[19] = 1 }
			c.Fields = func(f [][]byte) [][]byte { f[2] = model.U32(1040, 1); return f }
		})
		for i, name := range []string{"1017", "1041", "1040", "1012"} {
			refuse("without "+name, 2, without(i))
		}
		refuse("1012 of two bytes", 2, field(3, model.TLV(1012, []byte{1, 2})))
		refuse("1017 of ten bytes", 2, field(0, model.TLV(1017, []byte(b.OFD()))))
		if !m.Encrypted {
			refuse("without 1078", 2, after(func(c []byte) []byte {
				stlv := model.ReadDocument(c[32 : len(c)-10])
				n := len(stlv.STLV) - 20
				out := append(append([]byte{}, c[:32+n]...), c[len(c)-10:]...)
				binary.LittleEndian.PutUint16(out[34:], uint16(n-4))
				return out
			}))
		}
		refuse("bytes 20 to 24 not repeated", 1, header(22, 1))
		for _, at := range []int{25, 29} {
			c := *before
			c.Header = func(h []byte) { h[at] = 1 }
			b.ask(fmt.Sprintf("byte %d of the header not zero is refused", at), 0x04, 0x26, c.Container())
		}
		refuse("a bit of ФПП changed", 1, after(spoilFPP))
		refuse("the first byte of ФПП changed", 1, after(func(c []byte) []byte {
			c[len(c)-8] ^= 1
			return c
		}))
		refuse("the mark before ФПП changed", 1, after(func(c []byte) []byte {
			c[len(c)-9] ^= 1
			return c
		}))
		// every part of the coverage of ФПП, changed under the sign that was made before
		for _, p := range []struct {
			name string
			at   int
			bit  byte
		}{{"container type", 4, 0xA5 ^ 0x5A}, {"service byte", 8, 1}, {"size of the STLV", 31, 1}} {
			refuse("coverage of ФПП: "+p.name, 1, after(func(c []byte) []byte {
				c[p.at] ^= p.bit
				return c
			}))
		}
		for _, tag := range []int{1017, 1012, 1078, 1068} {
			c := before.Container()
			at := valueAt(c, tag)
			if at == 0 || m.Encrypted {
				continue
			}
			at += map[int]int{1068: 4}[tag]
			refuse(fmt.Sprintf("coverage of ФПП: tag %d", tag), 1, after(func(c []byte) []byte {
				c[at] ^= 1
				return c
			}))
		}
		other := *before
		other.To = b.readAs(m, "7841465198")
		if !m.Encrypted { // else it cannot even be read
			refuse("a right one of another operator", 1, func(c *model.Confirmation) { *c = other })
		}
		answer := b.give(0x26, before.Container())
		want := []byte{0}
		b.data("the answer to the right one", want, answer)
		b.number("nothing waits", 0, int64(b.waiting()))
	})),
	in(conformance.EachFFD, ofDrive("D-032", "drive/confirmation-kept", conformance.Doc, "fn.md 9.1, 11, transport.md 8.2", "The operator's code comes back from 26h, and the archive keeps the confirmation: time, ФПО, number.", 0, noSetup, func(b *bare) {
		b.done(b.report(report{}))
		b.done(b.opening())
		b.ask("41h of a document without a confirmation", 0x08, 0x41, u32(1))
		b.number("40h: not confirmed", 0, int64(b.give(0x40, u32(1))[1]))
		for _, code := range []int{0, 14, 11} {
			m := b.message()
			c := b.confirmation(m)
			c.At = b.at.Add(-3*time.Hour + 17*time.Minute)
			if b.FFD() < 3 {
				c.Code = code
			} else {
				code = 0
			}
			b.data("26h returns the code", []byte{byte(code)}, b.give(0x26, c.Container()))
			b.number("40h: confirmed", 1, int64(b.give(0x40, u32(m.FD))[1]))
			want := append(append(append(clock(c.At), c.FPO()...), 0, 0), u32(m.FD)...)
			b.data("41h keeps the confirmation", want, b.give(0x41, u32(m.FD)))
			b.done(b.sale())
		}
	})),
	in(conformance.From11, ofDrive("D-033", "drive/operator-message", conformance.Doc, "transport.md 8.3 TRN-080", "Bits 1, 6 and 7 of 1206 are collected between shift reports and told by the next of them, once; other bits are not; 26h gives each to the register.", 0, noSetup, func(b *bare) {
		b.trading()
		with := func(bits int) {
			m := b.message()
			c := b.confirmation(m)
			c.Bits = bits
			b.data("26h gives 1206 to the register", append([]byte{0}, model.U8(1206, byte(bits))...), b.give(0x26, c.Container()))
		}
		with(0x02)
		with(0x40)
		m := b.document(le32(b.done(b.closing())[2:]))
		b.tag(m, 1206, 0x42)
		with(0x80 | 0x3D)
		m = b.document(le32(b.done(b.opening())[2:]))
		b.tag(m, 1206, 0x80)
		with(0x1C)
		m = b.document(le32(b.done(b.closing())[2:]))
		b.tag(m, 1206, -1)
	})),
	in(conformance.EachFFD, ofDrive("D-034", "drive/another-operator", conformance.TB, "fiscal-sign.md 5", "After a change to another operator documents are under the new operator's key, the report itself included.", 0, noSetup, func(b *bare) {
		b.done(b.report(report{ofd: "7841465198"}))
		m := b.messageTo("7841465198")
		b.give(0x26, model.Confirm(m, "7841465198", b.at).Container())
		b.done(b.report(report{kind: 2, reason: 2, reasons: 1 << 1}))
		b.confirmed()
		b.done(b.opening())
		b.confirmed()
	})),
}

// encryption is bit 0 of the mode byte as the variant says.
func encryption(b *bare) byte {
	if b.Variant().Encrypt {
		return 1
	}
	return 0
}

// kktBare is ofDrive without a setup, for variants that encrypt.
func kktBare(id, path string, mark conformance.Mark, source, title string, needs conformance.Capability, run func(b *bare)) conformance.Case {
	return ofDrive(id, path, mark, source, title, needs, noSetup, run)
}

// valueAt finds the value of a first-level field of a plain confirmation; 0 when it is
// absent.
func valueAt(c []byte, tag int) int {
	for at := 36; at+4 <= len(c)-10; {
		if int(c[at])|int(c[at+1])<<8 == tag {
			return at + 4
		}
		at += 4 + int(c[at+2]) + int(c[at+3])<<8
	}
	return 0
}

// readAs is a message as another operator would read it.
func (b *bare) readAs(m *model.Message, ofd string) *model.Message {
	other, _ := model.ReadMessage(b.Master(), ofd, m.Raw)
	other.Encrypted = m.Encrypted
	return other
}

// messageTo is message, judged as another operator.
func (b *bare) messageTo(ofd string) *model.Message {
	b.give(0x21, []byte{1})
	n := int(le(b.give(0x22)))
	c := b.give(0x23, u16(0), u16(n))
	b.give(0x25)
	head := (&model.Document{Register: &model.Register{FN: b.KKT.FN()}, Flags: 0x14, PVersion: [2]byte{1, 5}}).Session(c)
	m, problems := model.ReadMessage(b.Master(), ofd, head)
	b.Expect("drive/message", b.mark, "the document is a right message for its operator", len(problems) == 0, "no fault", fmt.Sprint(problems))
	return m
}
