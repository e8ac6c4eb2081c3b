package wire

import (
	"fmt"
	"io"

	"github.com/fiscalbench/fiscalbench/fiscal"
)

// Message is one session message. Body is nil in service mode.
type Message struct {
	Header Header
	Raw    []byte // session header and body as received
	Notes  []Note
}

// Body is the container: what follows the session header.
func (m *Message) Body() []byte { return m.Raw[HeaderLen:] }

// Decoder finds messages in a stream that is fed to it in pieces of any size, one
// byte if need be. It stops for good at the first error: the stream has no other
// place to start again (transport.md section 3). The zero value is a strict
// decoder with the limit of TRN-050.
type Decoder struct {
	Profile Profile
	MaxBody int // bytes after the session header; MaxContainer when zero

	buf    []byte
	header Header
	notes  []Note
	parsed bool // the header of the message at the front of buf was read
	err    error
}

// Feed adds received bytes. They are copied.
func (d *Decoder) Feed(p []byte) { d.buf = append(d.buf, p...) }

// Next returns the next complete message, or nil when more bytes are needed. The
// message owns its bytes. Errors are *Error and stay: an oversized body is
// refused from its header, before the body is read.
func (d *Decoder) Next() (*Message, error) {
	if d.err != nil {
		return nil, d.err
	}
	if !d.parsed {
		if len(d.buf) < HeaderLen {
			return nil, nil
		}
		if d.err = d.readHeader(); d.err != nil {
			return nil, d.err
		}
	}
	size := HeaderLen + int(d.header.BodyLen)
	if len(d.buf) < size {
		return nil, nil
	}
	m := &Message{Header: d.header, Raw: d.buf[:size:size], Notes: d.notes}
	d.buf = append([]byte(nil), d.buf[size:]...)
	d.parsed, d.notes = false, nil
	if m.Header.Flags.CRCMode() == CRCWhole {
		want := fiscal.CRC16(m.Raw[:offCRC], m.Body())
		if m.Header.CRC != want {
			d.err = fault(fiscal.BadSessionCRC, offCRC, fmt.Sprintf("%04x", want), "%04x", m.Header.CRC)
			return nil, d.err
		}
	}
	return m, nil
}

func (d *Decoder) readHeader() (err error) {
	d.header, d.notes, err = ParseHeader((*[HeaderLen]byte)(d.buf), d.Profile)
	if err != nil {
		return err
	}
	limit := d.MaxBody
	if limit == 0 {
		limit = MaxContainer
	}
	if int(d.header.BodyLen) > limit {
		return fault(fiscal.Oversize, offBodyLen, fmt.Sprintf("at most %d", limit), "%d", d.header.BodyLen)
	}
	d.parsed = true
	return nil
}

// Pending is the number of bytes of a message that has begun and is not complete;
// zero between messages.
func (d *Decoder) Pending() int { return len(d.buf) }

// Tail returns the undecoded bytes, for the log of a broken exchange.
func (d *Decoder) Tail() []byte { return d.buf }

// Close tells the decoder that the stream ended. Inside a message that is
// IncompleteBody (E-07), between messages it is nil (TRN-063).
func (d *Decoder) Close() error {
	if d.err != nil || len(d.buf) == 0 {
		return d.err
	}
	want := HeaderLen
	if d.parsed {
		want += int(d.header.BodyLen)
	}
	d.err = fault(fiscal.IncompleteBody, len(d.buf), fmt.Sprintf("%d bytes", want), "end of stream after %d", len(d.buf))
	return d.err
}

// Read takes one message from r with d's rules, reading no byte past it. It
// returns io.EOF when the stream ends before the first byte.
func (d *Decoder) Read(r io.Reader) (*Message, error) {
	for {
		m, err := d.Next()
		if m != nil || err != nil {
			return m, err
		}
		want := HeaderLen
		if d.parsed {
			want += int(d.header.BodyLen)
		}
		start := len(d.buf)
		d.buf = append(d.buf, make([]byte, want-start)...)
		n, err := io.ReadFull(r, d.buf[start:])
		d.buf = d.buf[:start+n]
		switch {
		case err == nil:
		case err == io.EOF && len(d.buf) == 0:
			return nil, io.EOF
		case err == io.EOF || err == io.ErrUnexpectedEOF:
			return nil, d.Close()
		default:
			return nil, fmt.Errorf("wire: reading a message: %w", err)
		}
	}
}
