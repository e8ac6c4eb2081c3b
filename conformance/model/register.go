package model

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Register is the standard register of scenarios.md section 0 as raw bytes: it
// numbers and signs documents without knowing any rule, so it can be made to break
// each of them.
type Register struct {
	FN       string // 16 digits, 9999…
	RNM      string // 16 digits
	INN      string // of the user
	Factory  string
	OFD      string // INN of the operator under test
	FFD      byte   // value of tag 1209: 2, 3, 4
	PVersion [2]byte
	Encrypt  bool
	BSO      bool      // an automatic system of strict reporting forms: forms 4 and 41
	FD       uint32    // number of the last document
	Shift    uint32    // number of the last shift
	Open     bool      // the shift is open
	Opened   uint32    // number of its opening report
	Number   uint32    // receipts in the shift
	At       time.Time // wall clock of the last document, shown in UTC
	InShift  Ledger
	InLife   Ledger
	Keys     *Keys
}

// NewRegister makes a register with numbers of its own: serial tells registers of
// one run apart.
func NewRegister(master [32]byte, ofd string, serial uint64, ffd byte, at time.Time) *Register {
	serial %= 1_000_000_000_000
	r := &Register{
		FN: fmt.Sprintf("9999%012d", serial), INN: "7702203276", Factory: fmt.Sprintf("%012d", serial),
		OFD: ofd, FFD: ffd, At: at.Truncate(time.Minute),
		PVersion: map[byte][2]byte{1: {1, 0}, 2: {1, 5}, 3: {1, 0x10}, 4: {1, 0x20}}[ffd],
	}
	r.RNM = RNM(serial, r.INN, r.Factory)
	r.Keys = DeriveKeys(master, r.FN, ofd)
	return r
}

// RNM is a registration number with its check digits (flk.md section 9): serial has
// at most 10 digits.
func RNM(serial uint64, inn, factory string) string {
	lead := fmt.Sprintf("%010d", serial%10_000_000_000)
	zeros := func(s string, width int) string { return strings.Repeat("0", max(0, width-len(s))) + s }
	return lead + fmt.Sprintf("%06d", crc16([]byte(lead+zeros(inn, 12)+zeros(factory, 20))))
}

// Document is a message being made: change its parts before Bytes to break it.
type Document struct {
	Register *Register
	Form     int
	FD       uint32
	At       time.Time // 1012 as it was set by the register
	Fields   [][]byte  // TLVs in order, 1077 left out
	Flags    uint16
	PVersion [2]byte

	// Session header of another protocol; that of the operator's documents, or of the
	// marking exchange for forms 81 and above, when zero.
	Signature [4]byte
	SVersion  [2]byte

	HeaderForm int    // form in the container header; Form when zero
	HeaderFD   uint32 // FD in the container header; FD when zero
	Type       byte   // container type; A5 when zero
}

// next moves number and clock on and starts a document with the fields that every
// document has.
func (r *Register) next(form int) *Document {
	r.FD++
	r.At = r.At.Add(time.Minute)
	d := &Document{Register: r, Form: form, FD: r.FD, At: r.At, Flags: 0x0014, PVersion: r.PVersion}
	d.Fields = [][]byte{
		Fixed(1041, r.FN, 16), Fixed(1037, r.RNM, 20), Fixed(1018, r.INN, 12),
		U32(1040, r.FD), U32(1012, uint32(r.At.Unix())),
	}
	if r.FFD > 1 {
		d.Add(U8(1209, r.FFD))
	}
	return d
}

// Add appends fields.
func (d *Document) Add(fields ...[]byte) *Document {
	d.Fields = append(d.Fields, fields...)
	return d
}

// covered lists the tags under the document sign (fiscal-sign.md 5.1).
var covered = map[int][]int{
	1: {1012, 1017, 1018, 1037, 1040, 1041}, 11: {1012, 1017, 1018, 1037, 1040, 1041},
	2: {1012, 1037, 1038, 1040, 1041}, 5: {1012, 1037, 1038, 1040, 1041},
	21: {1012, 1037, 1040, 1041, 1097, 1098}, 6: {1012, 1037, 1040, 1041},
	3: {1012, 1020, 1040, 1041, 1054}, 4: {1012, 1020, 1040, 1041, 1054},
	31: {1012, 1020, 1040, 1041, 1054}, 41: {1012, 1020, 1040, 1041, 1054},
}

// sign computes the value of tag 1077.
func (d *Document) sign() []byte {
	input := binary.LittleEndian.AppendUint16(nil, uint16(d.Form))
	for _, tag := range slices.Sorted(slices.Values(covered[d.Form])) {
		if i := slices.IndexFunc(d.Fields, func(f []byte) bool { return TagOf(f) == tag }); i >= 0 {
			input = append(input, d.Fields[i]...)
		}
	}
	mac := d.Register.Keys.doc.MAC(input)
	return append([]byte{0x21, 0x04}, mac[:4]...)
}

// Bytes finishes the message: signs, container, check code, session header.
func (d *Document) Bytes() []byte {
	stlv := TLV(d.Form, append(bytes.Join(d.Fields, nil), TLV(1077, d.sign())...))
	return d.Message(stlv)
}

// Message wraps a ready STLV; cases that break the document build it themselves.
func (d *Document) Message(stlv []byte) []byte {
	r := d.Register
	form, fd, kind := d.HeaderForm, d.HeaderFD, d.Type
	if form == 0 {
		form = d.Form
	}
	if fd == 0 {
		fd = d.FD
	}
	if kind == 0 {
		kind = 0xA5
	}
	key := r.Keys.msg
	if d.marking() {
		key = r.Keys.km
	}
	nonce := key.MAC([]byte("nonce"), binary.LittleEndian.AppendUint32(nil, fd))
	c := []byte{0, 0, 0, 0, kind, byte(form), 1, 0x10, 0x09}
	encrypt := r.Encrypt && !d.marking()
	if encrypt {
		c[7] = 0x11
	}
	c = append(c, bcd(r.FN)...)
	c = append(c, byte(fd>>16), byte(fd>>8), byte(fd))
	c = append(c, nonce[:5]...)
	c = append(c, 0, 0, 1, 0, 2)
	c = binary.BigEndian.AppendUint16(c, uint16(len(stlv)))
	mac := key.MAC(c[4:32], stlv)
	payload := append(append(append([]byte{}, stlv...), 0x81, 0x06), mac[:6]...)
	payload = append(payload, 0, 0)
	if encrypt {
		r.Keys.up.CTR([8]byte(c[17:25]), payload, payload)
	}
	c = append(c, payload...)
	binary.LittleEndian.PutUint16(c, uint16(len(c)))
	binary.LittleEndian.PutUint16(c[2:], crc16(c[:2], c[4:]))
	return d.Session(c)
}

// Session puts a session header before a body, with the check code of its flags.
func (d *Document) Session(body []byte) []byte {
	signature, version := d.Signature, d.SVersion
	switch {
	case signature != [4]byte{}:
	case d.marking():
		signature, version = SignatureMarking, SVersionMarking
	default:
		signature, version = SignatureOFD, SVersionOFD
	}
	h := append(append(append([]byte{}, signature[:]...), version[:]...), d.PVersion[:]...)
	h = append(h, fmt.Sprintf("%-16s", d.Register.FN)...)
	h = binary.LittleEndian.AppendUint16(h, uint16(len(body)))
	h = binary.LittleEndian.AppendUint16(h, d.Flags)
	var code uint16
	switch d.Flags & 3 {
	case 1:
		code = crc16(h)
	case 2:
		code = crc16(h, body)
	}
	return append(binary.LittleEndian.AppendUint16(h, code), body...)
}

// Session headers of both exchanges (transport.md 3 and 12.1).
var (
	SignatureOFD     = [4]byte{0x2A, 0x08, 0x41, 0x0A}
	SVersionOFD      = [2]byte{0x81, 0xA2}
	SignatureMarking = [4]byte{0xDD, 0x80, 0xCA, 0xA1}
	SVersionMarking  = [2]byte{0x82, 0xA2}
	pVersionMarking  = [2]byte{0x00, 0x01}
)

func (d *Document) marking() bool { return d.Form >= 81 }

// FPD is the document's sign as it is printed and searched for.
func (d *Document) FPD() uint32 { return binary.BigEndian.Uint32(d.sign()[2:]) }

func bcd(fn string) []byte {
	b := make([]byte, 8)
	for i := range b {
		for half := range 2 {
			digit := byte(0xF)
			if k := 2*i + half; k < len(fn) {
				digit = fn[k] - '0'
			}
			b[i] = b[i]<<4 | digit
		}
	}
	return b
}

// Rename gives the register another drive number.
func (r *Register) Rename(master [32]byte, fn string) {
	r.FN = fn
	r.Keys = DeriveKeys(master, fn, r.OFD)
}
