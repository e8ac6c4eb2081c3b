package fault

import (
	"encoding/binary"
	"slices"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

// The functions here spoil a whole message (session header and container) and
// return a copy with just that wrong: check codes over what was changed are right,
// unless the check code is what is spoiled. A message too short for a change comes
// back as it was. Bytes of transport.md sections 3 and 4.

// Offsets of the fields of a session header.
const (
	offBodyLen = 24
	offCRC     = 28
)

func split(message []byte) (wire.Header, []byte, bool) {
	if len(message) < wire.HeaderLen {
		return wire.Header{}, nil, false
	}
	h, _, _ := wire.ParseHeader((*[wire.HeaderLen]byte)(message), wire.Lenient) // fields come whatever is wrong
	return h, slices.Clone(message[wire.HeaderLen:]), true
}

func join(h wire.Header, body []byte) []byte {
	m, err := wire.AppendMessage(nil, h, body)
	if err != nil {
		panic(err) // body was taken from a message, so it fits one
	}
	return m
}

// editContainer lets edit change the container and sets its check code anew.
func editContainer(message []byte, edit func(c []byte)) []byte {
	h, body, ok := split(message)
	if !ok || len(body) < wire.ContainerHeaderLen {
		return message
	}
	edit(body)
	finish(body)
	return join(h, body)
}

// finish sets the check code alone: the length may be wrong on purpose.
func finish(c []byte) {
	binary.LittleEndian.PutUint16(c[wire.OffCRC:], fiscal.CRC16(c[:wire.OffCRC], c[wire.OffType:]))
}

// BadCRC spoils a check code: of the "container", or of the "session" header, which
// gets mode 1 when it had none.
func BadCRC(message []byte, part string) []byte {
	h, body, ok := split(message)
	switch {
	case !ok:
		return message
	case part == "session":
		if h.Flags.CRCMode() == wire.CRCNone {
			h.Flags = h.Flags.WithCRC(wire.CRCHeader)
		}
		m := join(h, body)
		m[offCRC] ^= 1
		return m
	case len(body) < wire.ContainerHeaderLen:
		return message
	}
	body[wire.OffCRC] ^= 1
	return join(h, body)
}

// BadLength adds by to the length field of the "session" header or the "container".
func BadLength(message []byte, part string, by int) []byte {
	if part == "container" {
		return editContainer(message, func(c []byte) { add16(c[wire.OffLength:], by) })
	}
	h, body, ok := split(message)
	if !ok {
		return message
	}
	m := join(h, body)
	add16(m[offBodyLen:], by)
	switch h.Flags.CRCMode() {
	case wire.CRCHeader:
		binary.LittleEndian.PutUint16(m[offCRC:], fiscal.CRC16(m[:offCRC]))
	case wire.CRCWhole:
		binary.LittleEndian.PutUint16(m[offCRC:], fiscal.CRC16(m[:offCRC], body))
	}
	return m
}

func add16(b []byte, by int) {
	binary.LittleEndian.PutUint16(b, uint16(int(binary.LittleEndian.Uint16(b))+by))
}

// WrongFD adds by to the document number in the container header, modulo its three
// bytes.
func WrongFD(message []byte, by int) []byte {
	return editContainer(message, func(c []byte) { putFD(c, FDPlus(fdOf(c), by)) })
}

// TextFD writes the number's last three digits as ASCII into the three bytes, as a
// known mock does (K-081).
func TextFD(message []byte) []byte {
	return editContainer(message, func(c []byte) { putFD(c, TextOf(fdOf(c))) })
}

// TextOf is the number whose three bytes are the last digits of fd in ASCII.
func TextOf(fd fiscal.FDNumber) fiscal.FDNumber {
	n := fd % 1000
	return ('0'+n/100)<<16 | ('0'+n/10%10)<<8 | ('0' + n%10)
}

// FDPlus is a document number moved by by within the three bytes of a header.
func FDPlus(fd fiscal.FDNumber, by int) fiscal.FDNumber {
	return fiscal.FDNumber((int64(fd) + int64(by)) & 0xFFFFFF)
}

func fdOf(c []byte) fiscal.FDNumber {
	return fiscal.FDNumber(c[wire.OffFD])<<16 | fiscal.FDNumber(c[wire.OffFD+1])<<8 | fiscal.FDNumber(c[wire.OffFD+2])
}

func putFD(c []byte, fd fiscal.FDNumber) {
	c[wire.OffFD], c[wire.OffFD+1], c[wire.OffFD+2] = byte(fd>>16), byte(fd>>8), byte(fd)
}

// WrongFN writes another drive's number into the "session" header, the header of the
// "container", or both ("all").
func WrongFN(message []byte, part string, fn fiscal.FNNumber) []byte {
	if part == "container" || part == "all" {
		message = editContainer(message, func(c []byte) {
			number := fn.BCD()
			copy(c[wire.OffFN:], number[:])
		})
	}
	if h, body, ok := split(message); ok && (part == "session" || part == "all") {
		h.FN = fn.Padded()
		message = join(h, body)
	}
	return message
}

// OtherFN is the drive that wrong-fn and foreign name when they are given none: the
// last digit is one greater, 9 becomes 0.
func OtherFN(fn fiscal.FNNumber, given string) fiscal.FNNumber {
	if given != "" {
		return fiscal.FNNumber(given)
	}
	if fn == "" {
		return "9999000000000000"
	}
	b := []byte(fn)
	last := &b[len(b)-1]
	*last = '0' + (*last-'0'+1)%10
	return fiscal.FNNumber(b)
}

// BadSign turns the last bit of the sign's first byte in the container's trailer.
func BadSign(message []byte) []byte {
	return editContainer(message, func(c []byte) {
		at := len(c) - wire.TrailerLen
		if _, trailer, err := wire.SplitPayload(c[wire.ContainerHeaderLen:]); err == nil {
			at = len(c) - len(trailer)
		}
		if at >= wire.ContainerHeaderLen+tlv.HeaderLen {
			c[at] ^= 1
		}
	})
}
