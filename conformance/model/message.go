package model

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Message is what the harness, as the operator, reads from the bytes of a register.
type Message struct {
	Raw       []byte
	Marking   bool // of the marking exchange
	PVersion  [2]byte
	Flags     uint16
	FN        string
	FD        uint32 // of the container header
	Form      int    // of the container header
	Encrypted bool
	STLV      []byte // plain; nil when it cannot be read
	FFD       byte   // 1209; 1 when absent
	keys      *Keys
	fields    []field
}

// Whole reports whether there is a container at all.
func (m *Message) Whole() bool { return m.keys != nil }

// Value is the value of a first-level field; nil when absent.
func (m *Message) Value(tag int) []byte {
	if f := find(m.fields, tag); f != nil {
		return f.value
	}
	return nil
}

// Values are the values of every first-level field with the tag.
func (m *Message) Values(tag int) (all [][]byte) {
	for _, f := range m.fields {
		if f.tag == tag {
			all = append(all, f.value)
		}
	}
	return all
}

// Number is the value of a first-level field as a little-endian number; -1 when
// absent.
func (m *Message) Number(tag int) int64 { return number(m.Value(tag)) }

func number(v []byte) int64 {
	if v == nil || len(v) > 7 {
		return -1
	}
	n := int64(0)
	for i := len(v) - 1; i >= 0; i-- {
		n = n<<8 | int64(v[i])
	}
	return n
}

// Text is the value of a first-level field without the spaces after it.
func (m *Message) Text(tag int) string { return strings.TrimRight(string(m.Value(tag)), " ") }

// FPD is the document's sign as it is printed.
func (m *Message) FPD() uint32 {
	if v := m.Value(1077); len(v) == 6 {
		return binary.BigEndian.Uint32(v[2:])
	}
	return 0
}

// Nested are the fields of a structure as numbers, by tag; the first of each.
func (m *Message) Nested(tag int) map[int]int64 {
	inner, _ := fields(m.Value(tag))
	all := map[int]int64{}
	for _, f := range inner {
		if _, seen := all[f.tag]; !seen {
			all[f.tag] = number(f.value)
		}
	}
	return all
}

// Inner is a structure inside a structure, as Nested.
func (m *Message) Inner(tag, inside int) map[int]int64 {
	outer, _ := fields(m.Value(tag))
	f := find(outer, inside)
	if f == nil {
		return nil
	}
	return (&Message{fields: []field{*f}}).Nested(inside)
}

// ReadMessage judges a register's message as the operator with this INN: headers,
// check codes, signs, and that they agree with each other.
func ReadMessage(master [32]byte, ofd string, raw []byte) (*Message, []Problem) {
	m := &Message{Raw: raw, FFD: 1}
	var bad []Problem
	want := func(check string, offset int, expected, seen any, ok bool) {
		if !ok {
			bad = append(bad, Problem{check, offset, fmt.Sprint(expected), fmt.Sprint(seen)})
		}
	}
	if len(raw) < 30 {
		want("session/whole", len(raw), "a header of 30 bytes", len(raw), false)
		return m, bad
	}
	m.readSession(raw, want)
	if !m.Marking {
		m.checkPVersion(want)
	}
	if len(raw) == 30 {
		return m, bad
	}
	c := raw[30:]
	if len(c) < 46 {
		want("container/whole", 30, "at least 46 bytes", len(c), false)
		return m, bad
	}
	m.keys = DeriveKeys(master, m.FN, ofd)
	m.readContainer(c, want)
	m.readDocument(c, want)
	return m, bad
}

func (m *Message) readSession(raw []byte, want expectation) {
	copy(m.PVersion[:], raw[6:8])
	m.FN = strings.TrimRight(string(raw[8:24]), " ")
	m.Flags = binary.LittleEndian.Uint16(raw[26:])
	m.Marking = bytes.Equal(raw[:4], SignatureMarking[:])
	signature, version := SignatureOFD, SVersionOFD
	if m.Marking {
		signature, version = SignatureMarking, SVersionMarking
	}
	want("session/signature", 0, hex.EncodeToString(signature[:]), hex.EncodeToString(raw[:4]), bytes.Equal(raw[:4], signature[:]))
	want("session/s-version", 4, hex.EncodeToString(version[:]), hex.EncodeToString(raw[4:6]), bytes.Equal(raw[4:6], version[:]))
	digits := strings.IndexFunc(m.FN, func(r rune) bool { return r < '0' || r > '9' }) < 0 && len(m.FN) >= 15
	want("session/fn", 8, "15 or 16 digits, then spaces", fmt.Sprintf("%q", raw[8:24]), digits)
	length := int(binary.LittleEndian.Uint16(raw[24:]))
	want("session/length", 24, len(raw)-30, length, length == len(raw)-30)
	wait, mode := m.Flags>>4&3, m.Flags&3
	want("session/flags", 26, "a legal combination", fmt.Sprintf("%04x", m.Flags), m.Flags&0xFF08 == 0 && wait <= 1 && mode <= 2 && (m.Flags&4 != 0) == (len(raw) > 30))
	code := uint16(0)
	switch mode {
	case 1:
		code = crc16(raw[:28])
	case 2:
		code = crc16(raw[:28], raw[30:])
	}
	want("session/crc", 28, fmt.Sprintf("%04x", code), fmt.Sprintf("%04x", binary.LittleEndian.Uint16(raw[28:])), binary.LittleEndian.Uint16(raw[28:]) == code)
}

func (m *Message) readContainer(c []byte, want expectation) {
	m.Form = int(c[5])
	m.FD = uint32(c[17])<<16 | uint32(c[18])<<8 | uint32(c[19])
	m.Encrypted = c[7]&1 != 0
	want("container/length", 30, len(c), binary.LittleEndian.Uint16(c), int(binary.LittleEndian.Uint16(c)) == len(c))
	code := crc16(c[:2], c[4:])
	want("container/crc", 32, fmt.Sprintf("%04x", code), fmt.Sprintf("%04x", binary.LittleEndian.Uint16(c[2:])), binary.LittleEndian.Uint16(c[2:]) == code)
	want("container/type", 34, "a5 or 5a", fmt.Sprintf("%02x", c[4]), c[4] == 0xA5 || c[4] == 0x5A)
	want("container/version", 36, "01", fmt.Sprintf("%02x", c[6]), c[6] == 1)
	if len(m.FN) <= 16 {
		want("container/fn", 39, hex.EncodeToString(bcd(m.FN)), hex.EncodeToString(c[9:17]), bytes.Equal(c[9:17], bcd(m.FN)))
	}
}

func (m *Message) readDocument(c []byte, want expectation) {
	payload := append([]byte{}, c[32:]...)
	if m.Encrypted {
		m.keys.up.CTR([8]byte(c[17:25]), payload, payload)
	}
	n := 4 + int(payload[2]) + int(payload[3])<<8
	if n > len(payload) {
		want("document/stlv", documentOffset, "an STLV inside the container", hex.EncodeToString(payload[:4]), false)
		return
	}
	m.STLV = payload[:n]
	trailer := payload[n:]
	want("document/form", documentOffset, m.Form, TagOf(payload), TagOf(payload) == m.Form)
	want("container/stlv-size", 60, n, binary.BigEndian.Uint16(c[30:]), int(binary.BigEndian.Uint16(c[30:])) == n)
	want("container/trailer", documentOffset+n, "8 bytes, or 10 with zeros at the end", hex.EncodeToString(trailer), len(trailer) == 8 || len(trailer) == 10 && trailer[8]|trailer[9] == 0)
	key := m.keys.msg
	if m.Marking {
		key = m.keys.km
	}
	mac := key.MAC(c[4:32], m.STLV)
	fps := append([]byte{0x81, 0x06}, mac[:6]...)
	want("sign/fps", documentOffset+n, hex.EncodeToString(fps), hex.EncodeToString(trailer), len(trailer) >= 8 && bytes.Equal(trailer[:8], fps))
	var whole bool
	m.fields, whole = fields(m.STLV[4:])
	want("document/tlv", documentOffset, "fields that fill the document", "a field that does not fit", whole)
	if m.Marking {
		return
	}
	if v := m.Value(1209); len(v) == 1 {
		m.FFD = v[0]
	}
	m.checkNumbers(want)
}

func (m *Message) checkNumbers(want expectation) {
	want("document/1040", documentOffset, m.FD, m.Number(1040), m.Number(1040) == int64(m.FD))
	want("document/1041", documentOffset, m.FN, m.Text(1041), m.Text(1041) == m.FN)
	input := binary.LittleEndian.AppendUint16(nil, uint16(m.Form))
	for _, tag := range slices.Sorted(slices.Values(covered[m.Form])) {
		if f := find(m.fields, tag); f != nil {
			input = append(input, f.raw...)
		}
	}
	mac := m.keys.doc.MAC(input)
	fpd := append([]byte{0x21, 0x04}, mac[:4]...)
	want("sign/fpd", documentOffset, hex.EncodeToString(fpd), hex.EncodeToString(m.Value(1077)), bytes.Equal(m.Value(1077), fpd))
}

// checkPVersion: 0101 and 0102 are known faults of firmware (TRN-012); that a legal
// value does not fit the document is an observation, not an error (TRN-010).
func (m *Message) checkPVersion(want expectation) {
	seen := hex.EncodeToString(m.PVersion[:])
	want("session/p-version", 6, "0001, 0002, 0100, 0105, 0110 or 0120", seen, slices.Contains([]string{"0001", "0002", "0100", "0105", "0110", "0120"}, seen))
}

// ReadDocument reads a plain document without judging it, as a register shows it.
func ReadDocument(stlv []byte) *Message {
	m := &Message{STLV: stlv, FFD: 1}
	if len(stlv) < 4 {
		return m
	}
	m.Form = TagOf(stlv)
	m.fields, _ = fields(stlv[4:])
	if v := m.Value(1209); len(v) == 1 {
		m.FFD = v[0]
	}
	m.FN, m.FD = m.Text(1041), uint32(max(m.Number(1040), 0))
	return m
}

// ReceiptFPD is the sign that a drive must make for a receipt of form 3.
func ReceiptFPD(master [32]byte, fn string, fd uint32, at time.Time, operation byte, kopecks uint64) uint32 {
	d := &Document{Register: &Register{Keys: DeriveKeys(master, fn, "")}, Form: 3, Fields: [][]byte{
		U32(1012, uint32(at.Unix())), VLN(1020, kopecks), U32(1040, fd), Fixed(1041, fn, 16), U8(1054, operation)}}
	return d.FPD()
}

// Nonce is what a drive of the bench writes into bytes 20 to 24 of its header
// (fiscal-sign.md 5.4).
func (m *Message) Nonce() []byte {
	mac := m.keys.msg.MAC([]byte("nonce"), binary.LittleEndian.AppendUint32(nil, m.FD))
	return mac[:5]
}
