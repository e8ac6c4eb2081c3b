package watch

import (
	"encoding/binary"

	"github.com/fiscalbench/fiscalbench/conformance/model"
)

// Limits of reading along.
const (
	headerLen = 30
	// maxBody is the greatest body of a message (transport.md 6 TRN-050).
	maxBody = 32 + 32768 + 4 + 10
	// keptOfGarbage is how much of what cannot be read is kept to be shown.
	keptOfGarbage = 4096
)

// fate is what became of bytes that were read along.
type fate uint8

const (
	nothing  fate = iota // more bytes are needed
	message              // a whole message
	garbage              // no signature where a message must begin
	oversize             // a length that no message has
)

// stream finds messages in one direction of a connection. After bytes that are no
// message it has lost its place and reads no more.
type stream struct {
	buf  []byte
	lost bool
}

func (s *stream) add(b []byte) {
	if !s.lost {
		s.buf = append(s.buf, b...)
	} else if room := keptOfGarbage - len(s.buf); room > 0 {
		s.buf = append(s.buf, b[:min(room, len(b))]...)
	}
}

// next takes the next message. What is lost stays in the buffer, shortened.
func (s *stream) next() ([]byte, fate) {
	if s.lost || len(s.buf) < 4 {
		return nil, nothing
	}
	if sig := [4]byte(s.buf); sig != model.SignatureOFD && sig != model.SignatureMarking {
		return s.lose(garbage)
	}
	if len(s.buf) < headerLen {
		return nil, nothing
	}
	n := int(binary.LittleEndian.Uint16(s.buf[24:]))
	if n > maxBody {
		return s.lose(oversize)
	}
	if len(s.buf) < headerLen+n {
		return nil, nothing
	}
	raw := s.buf[: headerLen+n : headerLen+n]
	s.buf = s.buf[headerLen+n:]
	return raw, message
}

func (s *stream) lose(f fate) ([]byte, fate) {
	s.lost = true
	s.buf = append([]byte(nil), s.buf[:min(len(s.buf), keptOfGarbage)]...)
	return s.buf, f
}

// rest is what stands unread when the direction ends; nil after a loss, which was
// told already.
func (s *stream) rest() []byte {
	if s.lost || len(s.buf) == 0 {
		return nil
	}
	return s.buf
}
