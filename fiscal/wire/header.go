package wire

import (
	"encoding/binary"
	"fmt"

	"github.com/fiscalbench/fiscalbench/fiscal"
)

// HeaderLen is the length of a session header in bytes.
const HeaderLen = 30

// Offsets in the session header (transport.md section 3).
const (
	offSignature = 0
	offSVersion  = 4
	offPVersion  = 6
	offFN        = 8
	offBodyLen   = 24
	offFlags     = 26
	offCRC       = 28
)

// Signature is the first four bytes of a session header; it routes the message.
type Signature [4]byte

// Signatures in use (transport.md sections 3 and 12.1).
var (
	SignatureOFD     = Signature{0x2A, 0x08, 0x41, 0x0A}
	SignatureMarking = Signature{0xDD, 0x80, 0xCA, 0xA1}
)

// SVersion is the session protocol version, bytes in order.
type SVersion [2]byte

// Session protocol versions (transport.md sections 3 and 12.1).
var (
	SVersionOFD       = SVersion{0x81, 0xA2}
	SVersionMarking   = SVersion{0x82, 0xA2}
	SVersionKeyUpdate = SVersion{0x82, 0xA1}
	SVersionProbe     = SVersion{0x82, 0xFB}
)

// PVersion is the document protocol version, bytes in order.
type PVersion [2]byte

// PVersionFor gives the value that a register writes for its format version
// (transport.md 3.1).
func PVersionFor(v fiscal.FFD) PVersion {
	switch v {
	case fiscal.FFD105:
		return PVersion{0x01, 0x05}
	case fiscal.FFD11:
		return PVersion{0x01, 0x10}
	case fiscal.FFD12:
		return PVersion{0x01, 0x20}
	}
	return PVersion{0x01, 0x00}
}

// legal values of P-version; the second list is a quirk of one driver (TRN-012).
var (
	legalPVersions  = []PVersion{{0x01, 0x00}, {0x00, 0x01}, {0x00, 0x02}, {0x01, 0x05}, {0x01, 0x10}, {0x01, 0x20}}
	quirkyPVersions = []PVersion{{0x01, 0x01}, {0x01, 0x02}}
)

// CRCMode says which bytes the session check code covers: flags bits 1–0.
type CRCMode uint8

// Modes of the session check code.
const (
	CRCNone   CRCMode = 0
	CRCHeader CRCMode = 1
	CRCWhole  CRCMode = 2
)

// Flags is the flag word of a session header (transport.md 3.2).
type Flags uint16

// Flags met in practice.
const (
	FlagsContainer     Flags = 0x0014 // container follows, an answer is awaited
	FlagsOneWay        Flags = 0x0004 // container follows, no answer is awaited (TRN-021)
	FlagsService       Flags = 0x0010 // service mode request
	FlagsServiceAnswer Flags = 0x0000 // service mode reply
	flagContainer      Flags = 0x0004
	flagsReserved      Flags = 0xFF08
)

// CRCMode returns bits 1–0.
func (f Flags) CRCMode() CRCMode { return CRCMode(f & 3) }

// WithCRC sets bits 1–0.
func (f Flags) WithCRC(m CRCMode) Flags { return f&^3 | Flags(m) }

// HasContainer returns bit 2.
func (f Flags) HasContainer() bool { return f&flagContainer != 0 }

// AwaitsAnswer returns bits 5–4 = 1.
func (f Flags) AwaitsAnswer() bool { return f>>4&3 == 1 }

// Priority returns bits 7–6, 0 to 3; it is recorded and changes nothing (TRN-022).
func (f Flags) Priority() uint8 { return uint8(f >> 6 & 3) }

// Header is a session header.
type Header struct {
	Signature Signature
	SVersion  SVersion
	PVersion  PVersion
	FN        [fiscal.FNNumberLen]byte // ASCII padded with spaces, as sent
	BodyLen   uint16                   // bytes after the header; 0 in service mode
	Flags     Flags
	CRC       uint16
}

// Service reports service mode: a header without a body (transport.md section 9).
func (h *Header) Service() bool { return h.BodyLen == 0 }

// FNNumber is the number in the header without padding. It fails when the field
// holds anything but digits and trailing spaces.
func (h *Header) FNNumber() (fiscal.FNNumber, error) { return fiscal.ParseFNNumber(string(h.FN[:])) }

// Put writes the header as its fields say; the check code is not computed here.
func (h *Header) Put(b *[HeaderLen]byte) {
	copy(b[offSignature:], h.Signature[:])
	copy(b[offSVersion:], h.SVersion[:])
	copy(b[offPVersion:], h.PVersion[:])
	copy(b[offFN:], h.FN[:])
	binary.LittleEndian.PutUint16(b[offBodyLen:], h.BodyLen)
	binary.LittleEndian.PutUint16(b[offFlags:], uint16(h.Flags))
	binary.LittleEndian.PutUint16(b[offCRC:], h.CRC)
}

// readHeader takes the fields apart without judging them.
func readHeader(b *[HeaderLen]byte) Header {
	return Header{
		Signature: Signature(b[offSignature:offSVersion]),
		SVersion:  SVersion(b[offSVersion:offPVersion]),
		PVersion:  PVersion(b[offPVersion:offFN]),
		FN:        [fiscal.FNNumberLen]byte(b[offFN:offBodyLen]),
		BodyLen:   binary.LittleEndian.Uint16(b[offBodyLen:]),
		Flags:     Flags(binary.LittleEndian.Uint16(b[offFlags:])),
		CRC:       binary.LittleEndian.Uint16(b[offCRC:]),
	}
}

// ParseHeader reads and checks a session header in the order of transport.md
// section 14: signature, versions, flags, check code of mode 1. The fields are
// returned even when the error is not nil, for the log. Errors are *Error.
func ParseHeader(b *[HeaderLen]byte, p Profile) (h Header, notes []Note, err error) {
	h = readHeader(b)
	switch h.Signature {
	case SignatureOFD:
		if h.SVersion != SVersionOFD {
			return h, nil, fault(fiscal.BadSVersion, offSVersion, "81a2", "%x", h.SVersion)
		}
	case SignatureMarking:
		if h.SVersion != SVersionMarking && h.SVersion != SVersionKeyUpdate && h.SVersion != SVersionProbe {
			return h, nil, fault(fiscal.BadSVersion, offSVersion, "82a2, 82a1 or 82fb", "%x", h.SVersion)
		}
	default:
		return h, nil, fault(fiscal.BadSessionSignature, offSignature, "2a08410a or dd80caa1", "%x", h.Signature)
	}
	if notes, err = checkPVersion(h.PVersion, p); err != nil {
		return h, nil, err
	}
	if err := checkFlags(&h); err != nil {
		return h, notes, err
	}
	if h.Flags.CRCMode() == CRCHeader {
		if want := fiscal.CRC16(b[:offCRC]); h.CRC != want {
			return h, notes, fault(fiscal.BadSessionCRC, offCRC, fmt.Sprintf("%04x", want), "%04x", h.CRC)
		}
	}
	return h, notes, nil
}

func checkPVersion(v PVersion, p Profile) ([]Note, error) {
	for _, legal := range legalPVersions {
		if v == legal {
			return nil, nil
		}
	}
	if p == Lenient {
		for _, quirk := range quirkyPVersions {
			if v == quirk {
				return []Note{{fiscal.BadPVersion, offPVersion, fmt.Sprintf("P-version %x is a quirk of a driver, taken as %x", v, [2]byte{v[0], v[1] << 4})}}, nil
			}
		}
	}
	return nil, fault(fiscal.BadPVersion, offPVersion, "0100, 0001, 0002, 0105, 0110 or 0120", "%x", v)
}

func checkFlags(h *Header) error {
	f := h.Flags
	switch {
	case f&flagsReserved != 0:
		return fault(fiscal.BadFlags, offFlags, "reserved bits 3 and 8–15 zero", "%04x", uint16(f))
	case f>>4&3 > 1:
		return fault(fiscal.BadFlags, offFlags, "0 or 1 in bits 5–4", "%d", f>>4&3)
	case f.CRCMode() == 3:
		return fault(fiscal.BadFlags, offFlags, "0, 1 or 2 in bits 1–0", "3")
	case f.HasContainer() && h.BodyLen == 0:
		return fault(fiscal.BadFlags, offFlags, "no container bit with an empty body (TRN-091)", "%04x", uint16(f))
	case !f.HasContainer() && h.BodyLen > 0:
		return fault(fiscal.BadFlags, offFlags, "the container bit with a body (TRN-091)", "%04x", uint16(f))
	}
	return nil
}

func fault(f fiscal.Fault, offset int, expected, gotFormat string, got ...any) *Error {
	return &Error{Fault: f, Offset: offset, Expected: expected, Got: fmt.Sprintf(gotFormat, got...)}
}
