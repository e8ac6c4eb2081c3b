package wire

import (
	"encoding/binary"
	"fmt"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// Sizes of a container and its parts, in bytes (transport.md sections 4–6).
const (
	ContainerHeaderLen = 32
	SignLen            = 8     // ФПС, ФПП by the format tables
	TrailerLen         = 10    // sign and two zero bytes, as captured
	MaxSTLV            = 32768 // value of a receipt's STLV
	// MaxContainer is the greatest container: TRN-050 gives 32 + 32 768 + 4 + 10.
	MaxContainer = ContainerHeaderLen + tlv.HeaderLen + MaxSTLV + TrailerLen
	// MaxAckContainer is the greatest confirmation: it must fit one FN command 26h.
	MaxAckContainer = 1024
	minContainer    = ContainerHeaderLen + tlv.HeaderLen + SignLen // TRN-051
)

// Offsets in the container header.
const (
	OffLength   = 0
	OffCRC      = 2
	OffType     = 4
	OffForm     = 5
	OffVersion  = 6
	OffService  = 7  // two bytes; bit 0 of the first: data encrypted
	OffFN       = 9  // BCD, 8 bytes
	OffFD       = 17 // 3 bytes, big-endian
	OffNonce    = 20 // 5 bytes
	OffTail     = 25 // 5 bytes of unknown meaning
	OffSTLVSize = 30 // big-endian
)

// Types of a container (byte 4): which side made it, by one source; both sides
// accept both (transport.md section 4).
const (
	TypeFN  byte = 0xA5
	TypeOFD byte = 0x5A
)

// Container is a parsed container header over its bytes.
type Container struct {
	Raw      []byte // the whole container
	Length   uint16
	CRC      uint16
	Type     byte
	Form     fiscal.Form
	Version  byte
	Service  [2]byte
	FNBCD    [8]byte
	FD       fiscal.FDNumber
	STLVSize uint16
}

// Encrypted reports bit 0 of byte 7 (TRN-102).
func (c *Container) Encrypted() bool { return c.Service[0]&1 != 0 }

// Payload is what follows the header: STLV and trailer, possibly encrypted.
func (c *Container) Payload() []byte { return c.Raw[ContainerHeaderLen:] }

// FNNumber reads the number from its BCD form.
func (c *Container) FNNumber() (fiscal.FNNumber, error) { return fiscal.FNNumberFromBCD(c.FNBCD) }

// ReadContainer takes the header apart without judging it; b must have at least
// ContainerHeaderLen bytes, else the error is TruncatedContainer.
func ReadContainer(b []byte) (Container, error) {
	if len(b) < ContainerHeaderLen {
		return Container{Raw: b}, fault(fiscal.TruncatedContainer, 0, "at least 32 bytes of container header", "%d bytes", len(b))
	}
	return Container{
		Raw:      b,
		Length:   binary.LittleEndian.Uint16(b[OffLength:]),
		CRC:      binary.LittleEndian.Uint16(b[OffCRC:]),
		Type:     b[OffType],
		Form:     fiscal.Form(b[OffForm]),
		Version:  b[OffVersion],
		Service:  [2]byte(b[OffService:OffFN]),
		FNBCD:    [8]byte(b[OffFN:OffFD]),
		FD:       fiscal.FDNumber(b[OffFD])<<16 | fiscal.FDNumber(b[OffFD+1])<<8 | fiscal.FDNumber(b[OffFD+2]),
		STLVSize: binary.BigEndian.Uint16(b[OffSTLVSize:]),
	}, nil
}

// ParseContainer reads and checks a container that fills b: length, check code,
// type, version. Fields are returned even with an error, for the log. Errors are
// *Error with offsets from the start of the container.
func ParseContainer(b []byte, p Profile) (c Container, notes []Note, err error) {
	c, err = ReadContainer(b)
	if err != nil {
		return c, nil, err
	}
	switch {
	case int(c.Length) == len(b):
	case p == Lenient && int(c.Length) == len(b)-ContainerHeaderLen:
		notes = append(notes, Note{fiscal.LengthMismatch, OffLength, "container length counts the data only"})
	default:
		return c, nil, fault(fiscal.LengthMismatch, OffLength, fmt.Sprintf("%d, the body length", len(b)), "%d", c.Length)
	}
	if len(b) < minContainer {
		return c, notes, fault(fiscal.TruncatedContainer, OffLength, fmt.Sprintf("at least %d bytes", minContainer), "%d", len(b))
	}
	if want := containerCRC(b); c.CRC != want {
		return c, notes, fault(fiscal.BadContainerCRC, OffCRC, fmt.Sprintf("%04x", want), "%04x", c.CRC)
	}
	if c.Type != TypeFN && c.Type != TypeOFD {
		return c, notes, fault(fiscal.BadContainerType, OffType, "a5 or 5a", "%02x", c.Type)
	}
	if c.Version>>4 != 0 {
		return c, notes, fault(fiscal.BadContainerVersion, OffVersion, "upper half zero", "%02x", c.Version)
	}
	return c, notes, nil
}

// containerCRC covers the container without its own field (bytes 2–3).
func containerCRC(b []byte) uint16 { return fiscal.CRC16(b[:OffCRC], b[OffType:]) }

// FinishContainer sets length and check code of a container whose other bytes are
// ready. b must have at least ContainerHeaderLen and at most 65 535 bytes.
func FinishContainer(b []byte) {
	binary.LittleEndian.PutUint16(b[OffLength:], uint16(len(b)))
	binary.LittleEndian.PutUint16(b[OffCRC:], containerCRC(b))
}

// ContainerHeader is what a maker of containers chooses; length and check code
// are computed by FinishContainer.
type ContainerHeader struct {
	Type     byte // TypeFN when zero
	Form     fiscal.Form
	Service  [2]byte
	FN       [8]byte // BCD
	FD       fiscal.FDNumber
	Nonce    [5]byte
	Tail     [5]byte
	STLVSize uint16
}

// Append writes the 32 bytes with zero length and check code. Format version is 01.
func (h *ContainerHeader) Append(dst []byte) []byte {
	t := h.Type
	if t == 0 {
		t = TypeFN
	}
	dst = append(dst, 0, 0, 0, 0, t, byte(h.Form), 0x01, h.Service[0], h.Service[1])
	dst = append(dst, h.FN[:]...)
	dst = append(dst, byte(h.FD>>16), byte(h.FD>>8), byte(h.FD))
	dst = append(dst, h.Nonce[:]...)
	dst = append(dst, h.Tail[:]...)
	return binary.BigEndian.AppendUint16(dst, h.STLVSize)
}

// SplitPayload splits a plain payload into the STLV (header included) and the
// trailer. The trailer must have 8 bytes, or 10 with the last two zero (TRN-040);
// anything else is BadTrailer, a broken STLV is UnparseableDocument. Offsets of
// errors count from the start of the container.
func SplitPayload(payload []byte) (stlv, trailer []byte, err error) {
	_, rest, err := tlv.Outer(payload)
	if err != nil {
		return nil, nil, fault(fiscal.UnparseableDocument, ContainerHeaderLen, "an STLV inside the container", "%v", err)
	}
	stlv = payload[:len(payload)-len(rest)]
	switch {
	case len(rest) == SignLen:
	case len(rest) == TrailerLen && rest[8] == 0 && rest[9] == 0:
	default:
		return nil, nil, fault(fiscal.BadTrailer, ContainerHeaderLen+len(stlv), "8 bytes, or 10 ending in two zeros", "%d bytes", len(rest))
	}
	return stlv, rest, nil
}

// MessageSignOf is the ФПС of a whole message with a plain container; nil when there is
// none to be read: the message is short or broken, or its container encrypted.
func MessageSignOf(message []byte) []byte {
	if len(message) < HeaderLen {
		return nil
	}
	c, err := ReadContainer(message[HeaderLen:])
	if err != nil || c.Encrypted() {
		return nil
	}
	_, trailer, err := SplitPayload(c.Payload())
	if err != nil {
		return nil
	}
	return trailer[:SignLen]
}
