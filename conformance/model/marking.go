package model

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
)

// marked starts a message of the marking exchange under its own number (TRN-110).
func (r *Register) marked(form int, number uint32) *Document {
	return &Document{Register: r, Form: form, FD: number, Flags: 0x0014, PVersion: pVersionMarking}
}

// MarkingRequest is form 81: may this code be sold? Status is tag 2003.
func (r *Register) MarkingRequest(number uint32, code string, status byte) *Document {
	return r.marked(81, number).Add(Fixed(1041, r.FN, 16), Fixed(1018, r.INN, 12), U32(2001, number), U32(2114, uint32(r.At.Unix())),
		U8(2003, status), U8(2102, 0), U8(2100, 1), U8(2004, 0), Text(2000, code))
}

// MarkingNotice is form 82: the code was sold with receipt fd. Status is tag 2110.
func (r *Register) MarkingNotice(number, fd uint32, code string, status byte) *Document {
	operation := byte(1)
	if status == 3 {
		operation = 2
	}
	item := Text(1030, "Молоко")
	for _, f := range [][]byte{VLN(1079, 9000), TLV(1023, []byte{0, 1}), VLN(1043, 9000), U8(1199, 6), VLN(1200, 0), U8(1214, 4), Text(2000, code), U8(2100, 1),
		Text(2101, code[:min(len(code), 31)]), U8(2102, 0), U8(2106, 15), U8(2110, status), Text(2115, "0976")} {
		item = append(item, f...)
	}
	return r.marked(82, number).Add(Fixed(1041, r.FN, 16), Fixed(1018, r.INN, 12), U32(1040, fd), U32(1012, uint32(r.At.Unix())), U8(1011, 2),
		U8(1054, operation), U8(1055, 1), U32(2002, number), U32(2040, fd), U8(2116, 1), TLV(2007, item))
}

// Plain is the message without a ФПД, which messages about marking do not have.
func (d *Document) Plain() []byte { return d.Message(TLV(d.Form, bytes.Join(d.Fields, nil))) }

// MarkingAnswer is what the harness reads from form 83 or 84; -1 stands for an absent
// tag.
type MarkingAnswer struct {
	Request, Notice int // 2001, 2002
	Processing      int // 2105
	Status          int // 2109
	Result          int // 2005
	Accepted        int // 2111
	BadCodes        int // 2112
}

// ReadMarking judges an answer of the marking exchange as bytes: headers, sign, form.
func ReadMarking(r *Register, request, reply []byte) (MarkingAnswer, []Problem) {
	var bad []Problem
	want := func(check string, offset int, expected, seen any, ok bool) {
		if !ok {
			bad = append(bad, Problem{check, offset, fmt.Sprint(expected), fmt.Sprint(seen)})
		}
	}
	a := MarkingAnswer{-1, -1, -1, -1, -1, -1, -1}
	form := request[35] + 2
	c := readHeaders(request, reply, form, want)
	if c == nil {
		return a, bad
	}
	outer, _ := fields(c[32:min(len(c), 36+int(binary.LittleEndian.Uint16(c[34:])))])
	if len(outer) != 1 || outer[0].tag != int(form) {
		want("document/stlv", documentOffset, fmt.Sprintf("one STLV of form %d", form), hex.EncodeToString(c[32:min(len(c), 36)]), false)
		return a, bad
	}
	all, whole := fields(outer[0].value)
	want("document/tlv", documentOffset, "fields that fill the document", "a field that does not fit", whole)
	mac := r.Keys.km.MAC(c[4:32], outer[0].raw)
	trailer := c[32+len(outer[0].raw):]
	sum := append([]byte{0x81, 0x06}, mac[:6]...)
	want("sign/fpk", documentOffset+len(outer[0].raw), hex.EncodeToString(sum), hex.EncodeToString(trailer), len(trailer) >= 8 && bytes.Equal(trailer[:8], sum))
	for tag, to := range map[int]*int{2001: &a.Request, 2002: &a.Notice, 2105: &a.Processing, 2109: &a.Status, 2005: &a.Result, 2111: &a.Accepted, 2112: &a.BadCodes} {
		if f := find(all, tag); f != nil {
			*to = 0
			for i := len(f.value) - 1; i >= 0; i-- {
				*to = *to<<8 | int(f.value[i])
			}
		}
	}
	return a, bad
}
