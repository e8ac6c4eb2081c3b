package wire

import (
	"fmt"

	"github.com/fiscalbench/fiscalbench/fiscal"
)

// AppendMessage writes a session header for body and the body. The header's
// BodyLen is set from the body, and its CRC from the mode in its flags. A body
// longer than the length field is refused.
func AppendMessage(dst []byte, h Header, body []byte) ([]byte, error) {
	if len(body) > 1<<16-1 {
		return dst, fmt.Errorf("wire: body of %d bytes does not fit a session", len(body))
	}
	h.BodyLen, h.CRC = uint16(len(body)), 0
	var b [HeaderLen]byte
	h.Put(&b)
	switch h.Flags.CRCMode() {
	case CRCHeader:
		h.CRC = fiscal.CRC16(b[:offCRC])
	case CRCWhole:
		h.CRC = fiscal.CRC16(b[:offCRC], body)
	}
	h.Put(&b)
	return append(append(dst, b[:]...), body...), nil
}

// Request is the session header of a register's message.
func Request(fn fiscal.FNNumber, v fiscal.FFD) Header {
	return Header{Signature: SignatureOFD, SVersion: SVersionOFD, PVersion: PVersionFor(v), FN: fn.Padded(), Flags: FlagsContainer}
}

// Probe is the header of a service-mode request (transport.md section 9).
func Probe(fn fiscal.FNNumber, v fiscal.FFD) Header {
	h := Request(fn, v)
	h.Flags = FlagsService
	return h
}

// Reply mirrors a request's header for the operator's answer: signature, versions
// and FN number are repeated (TRN-011, TRN-090). mode is the CRC mode of the
// answer; TRN-020 sends none by default, service mode repeats the request's.
func Reply(request Header, mode CRCMode) Header {
	h := request
	h.BodyLen, h.CRC = 0, 0
	h.Flags = FlagsContainer.WithCRC(mode)
	if request.Service() {
		h.Flags = FlagsServiceAnswer.WithCRC(mode)
	}
	return h
}
