package load

import (
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

// wrongError is an answer that is no confirmation of the document sent.
type wrongError struct{ error }

func (e wrongError) Unwrap() error { return e.error }

func wrong(format string, args ...any) error { return wrongError{fmt.Errorf(format, args...)} }

// maxReply is the longest answer a drive takes, with its session header.
const maxReply = wire.HeaderLen + wire.MaxAckContainer

// reader takes answers from a connection. Its buffer is used again for each.
type reader struct{ buf [maxReply]byte }

// read takes one answer: its container. The bytes hold until the next read.
func (r *reader) read(c net.Conn, want *wire.Header) ([]byte, error) {
	n, err := io.ReadAtLeast(c, r.buf[:], wire.HeaderLen)
	if err != nil {
		return nil, err
	}
	h, _, err := wire.ParseHeader((*[wire.HeaderLen]byte)(r.buf[:]), wire.Strict)
	switch {
	case err != nil:
		return nil, wrongError{err}
	case h.Signature != want.Signature || h.FN != want.FN:
		return nil, wrong("the session header is for FN %q", h.FN[:])
	case h.BodyLen == 0:
		return nil, wrong("an answer without a container")
	}
	size := wire.HeaderLen + int(h.BodyLen)
	if size > maxReply {
		return nil, wrong("an answer of %d bytes, a drive takes at most %d", size, maxReply)
	}
	if n < size {
		if _, err := io.ReadFull(c, r.buf[n:size]); err != nil {
			return nil, err
		}
	} else if n > size {
		return nil, wrong("%d bytes after the answer", n-size)
	}
	return r.buf[wire.HeaderLen:size], nil
}

// confirmation checks that a container confirms the document fd and gives the code
// of the operator: 1022, or 1206 where the format has it; 0 is "accepted". signer
// checks the sign too unless it is nil.
func confirmation(container []byte, fn [8]byte, fd fiscal.FDNumber, ofd fiscal.INN, signer sign.Signer) (code uint8, err error) {
	c, _, err := wire.ParseContainer(container, wire.Strict) // the check code among others
	switch {
	case err != nil:
		return 0, wrongError{err}
	case c.Form != fiscal.FormOperatorAck:
		return 0, wrong("a document of form %d is no confirmation", c.Form)
	case c.FNBCD != fn:
		return 0, wrong("a confirmation for FN %x", c.FNBCD)
	case c.FD != fd:
		return 0, wrong("a confirmation of FD %d, %d was sent", c.FD, fd)
	}
	var stlv []byte
	switch {
	case signer != nil:
		verdict := sign.Skipped
		if stlv, verdict, err = signer.OpenAck(ofd, c); err == nil && verdict != sign.OK {
			err = fmt.Errorf("the sign is %s", verdict)
		}
	case c.Encrypted():
		err = errors.New("encrypted though the document was not")
	default:
		stlv, _, err = wire.SplitPayload(c.Payload())
	}
	if err != nil {
		return 0, wrongError{err}
	}
	return inside(stlv[tlv.HeaderLen:], fd)
}

// inside reads the number (1040) and the operator's code from a confirmation.
func inside(body []byte, fd fiscal.FDNumber) (code uint8, err error) {
	named := false
	w := tlv.Walk(body)
	for w.Next() {
		f := w.Field()
		switch f.Tag {
		case ffd.TagFDNumber:
			n, err := tlv.Uint(f.Value)
			if err != nil || fiscal.FDNumber(n) != fd {
				return 0, wrong("1040 of the confirmation is %d, FD %d was sent", n, fd)
			}
			named = true
		case ffd.TagOperatorMessage:
			if len(f.Value) == 1 {
				code = f.Value[0]
			}
		case ffd.TagMessageToFN:
			if v, ok := tlv.Find(f.Value, ffd.TagOFDResponseCode); ok && len(v) == 1 {
				code = v[0]
			}
		}
	}
	if err := w.Err(); err != nil {
		return 0, wrongError{err}
	}
	if !named {
		return 0, wrong("no 1040 in the confirmation")
	}
	return code, nil
}
