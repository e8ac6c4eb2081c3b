package model

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
)

// Ack is what the harness reads from the bytes of an answer.
type Ack struct {
	PVersion [2]byte
	Flags    uint16
	Code     int // 1022; -1 without 1068
	Message  int // 1206; -1 when absent
	OFD      string
	FD       uint32
	Time     uint32 // 1012, UTC
}

// Problem is one thing wrong with an answer.
type Problem struct {
	Check    string // name of the check it breaks
	Offset   int    // in the answer
	Expected string
	Seen     string
}

// ReadAck judges an answer against the message it answers: the conditions of
// "accepted" in scenarios.md section 0, all of them, as bytes.
func ReadAck(r *Register, request, reply []byte) (Ack, []Problem) {
	a := Ack{Code: -1, Message: -1}
	var bad []Problem
	want := func(check string, offset int, expected, seen any, ok bool) {
		if !ok {
			bad = append(bad, Problem{check, offset, fmt.Sprint(expected), fmt.Sprint(seen)})
		}
	}
	c := readHeaders(request, reply, 7, want)
	if c == nil {
		return a, bad
	}
	copy(a.PVersion[:], reply[6:8])
	a.Flags = binary.LittleEndian.Uint16(reply[26:])
	encrypted := request[37]&1 != 0
	want("container/encryption", 37, encrypted, c[7]&1 != 0, encrypted == (c[7]&1 != 0))
	payload := append([]byte{}, c[32:]...)
	if c[7]&1 != 0 {
		r.Keys.down.CTR([8]byte(c[17:25]), payload, payload)
	}
	a.readDocument(r, c[:32], payload, request, want)
	return a, bad
}

// readHeaders judges session and container header of an answer of a form and returns
// the container; nil when it is too short to be one.
func readHeaders(request, reply []byte, form byte, want expectation) []byte {
	if len(reply) < 66 {
		want("answer/whole", len(reply), "at least 66 bytes", len(reply), false)
		return nil
	}
	flags := binary.LittleEndian.Uint16(reply[26:])
	want("session/signature", 0, hex.EncodeToString(request[:4]), hex.EncodeToString(reply[:4]), bytes.Equal(reply[:4], request[:4]))
	want("session/s-version", 4, hex.EncodeToString(request[4:6]), hex.EncodeToString(reply[4:6]), bytes.Equal(reply[4:6], request[4:6]))
	want("session/p-version", 6, hex.EncodeToString(request[6:8]), hex.EncodeToString(reply[6:8]), bytes.Equal(reply[6:8], request[6:8]))
	want("session/fn", 8, string(request[8:24]), string(reply[8:24]), bytes.Equal(reply[8:24], request[8:24]))
	want("session/flags", 26, "container bit set", fmt.Sprintf("%04x", flags), flags&4 != 0)
	c := reply[30:]
	want("session/length", 24, len(c), binary.LittleEndian.Uint16(reply[24:]), int(binary.LittleEndian.Uint16(reply[24:])) == len(c))
	want("container/length", 30, len(c), binary.LittleEndian.Uint16(c), int(binary.LittleEndian.Uint16(c)) == len(c))
	code := crc16(c[:2], c[4:])
	want("container/crc", 32, fmt.Sprintf("%04x", code), fmt.Sprintf("%04x", binary.LittleEndian.Uint16(c[2:])), binary.LittleEndian.Uint16(c[2:]) == code)
	want("container/form", 35, form, c[5], c[5] == form)
	want("container/mirror", 39, hex.EncodeToString(request[39:55]), hex.EncodeToString(c[9:25]), bytes.Equal(c[9:25], request[39:55]))
	want("container/zeros", 55, "zeros in bytes 25-31", hex.EncodeToString(c[25:32]), bytes.Equal(c[25:32], make([]byte, 7)))
	want("container/fits-fn", 30, "at most 1024 bytes", len(c), len(c) <= 1024)
	return c
}

// expectation records a problem when its last argument is false.
type expectation func(check string, offset int, expected, seen any, ok bool)

const documentOffset = 62

func (a *Ack) readDocument(r *Register, header, payload, request []byte, want expectation) {
	if len(payload) < 4 {
		want("document/stlv", documentOffset, "one STLV of form 7", hex.EncodeToString(payload), false)
		return
	}
	outer, _ := fields(payload[:min(len(payload), 4+int(binary.LittleEndian.Uint16(payload[2:])))])
	if len(outer) != 1 || outer[0].tag != 7 {
		want("document/stlv", documentOffset, "one STLV of form 7", hex.EncodeToString(payload[:4]), false)
		return
	}
	doc := outer[0]
	trailer := payload[len(doc.raw):]
	all, whole := fields(doc.value)
	want("document/tlv", documentOffset, "fields that fill the document", "a field that does not fit", whole)
	text := func(tag int) string {
		if f := find(all, tag); f != nil {
			return strings.TrimRight(string(f.value), " ")
		}
		return ""
	}
	number := func(tag int) uint32 {
		if f := find(all, tag); f != nil && len(f.value) == 4 {
			return binary.LittleEndian.Uint32(f.value)
		}
		return 0
	}
	a.OFD, a.FD, a.Time = text(1017), number(1040), number(1012)
	sentFD := uint32(request[47])<<16 | uint32(request[48])<<8 | uint32(request[49])
	want("document/1017", documentOffset, r.OFD, a.OFD, a.OFD == r.OFD)
	want("document/1041", documentOffset, r.FN, text(1041), text(1041) == r.FN)
	want("document/1040", documentOffset, sentFD, a.FD, a.FD == sentFD)
	want("document/1012", documentOffset, "a time", a.Time, a.Time != 0)
	if f := find(all, 1068); f != nil {
		inner, _ := fields(f.value)
		if code := find(inner, 1022); code != nil && len(code.value) == 1 {
			a.Code = int(code.value[0])
		}
	}
	if f := find(all, 1206); f != nil && len(f.value) == 1 {
		a.Message = int(f.value[0])
	}
	a.checkSigns(r, header, doc, all, trailer, want)
}

func (a *Ack) checkSigns(r *Register, header []byte, doc field, all []field, trailer []byte, want expectation) {
	input := []byte{7, 0}
	for _, tag := range []int{1012, 1017, 1040, 1041} {
		if f := find(all, tag); f != nil {
			input = append(input, f.raw...)
		}
	}
	mac := r.Keys.opr.MAC(input)
	seen := "absent"
	fpo := find(all, 1078)
	if fpo != nil {
		seen = hex.EncodeToString(fpo.value)
	}
	want("sign/fpo", documentOffset, hex.EncodeToString(mac[:]), seen, fpo != nil && bytes.Equal(fpo.value, mac[:]))
	sum := r.Keys.msg.MAC(header[4:32], doc.raw)
	fpp := append([]byte{0x81, 0x06}, sum[:6]...)
	ok := len(trailer) >= 8 && bytes.Equal(trailer[:8], fpp) && (len(trailer) == 8 || bytes.Equal(trailer[8:], []byte{0, 0}))
	want("sign/fpp", documentOffset+len(doc.raw), hex.EncodeToString(fpp), hex.EncodeToString(trailer), ok)
}
