// Package ack forms the operator's confirmation (form 7): which requisites it has
// in which format version, what it says of the document, and the reply message it
// travels in (transport.md section 8, fiscal-sign.md 5.4).
//
// It does not decide whether a document is confirmed or how (server/intake) and
// makes no signs itself (fiscal/sign).
package ack

import (
	"context"
	"fmt"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

// Codes of tag 1022 (transport.md 8.2).
const (
	CodeAccepted      uint8 = 0
	CodeNotRecognised uint8 = 11
	CodeFLKFailed     uint8 = 14
)

// Bits of tag 1206 (transport.md 8.3).
const (
	BitFLK     uint8 = 0x02 // ОШИБКА ФЛК
	BitContact uint8 = 0x40 // ТРЕБ. НАСТР. ККТ
	BitStops   uint8 = 0x80 // ОФД АННУЛИРОВАН
)

// BitsDefined are the bits of 1206 that have a meaning in some format version.
const BitsDefined uint8 = 0xDE

// Answer is what the operator says of a document, whatever the format version.
type Answer struct {
	Code    uint8 // 1022
	Contact bool  // ask the user to see to the connection settings (E-26)
}

// Merge joins two answers: the graver code (11 before 14 before 0), either request
// for contact.
func (a Answer) Merge(b Answer) Answer {
	code := a.Code
	if code == CodeAccepted || b.Code == CodeNotRecognised {
		code = b.Code
		if code == CodeAccepted {
			code = a.Code
		}
	}
	return Answer{Code: code, Contact: a.Contact || b.Contact}
}

// Bits is the answer as tag 1206 writes it. It has one bit for a bad document, so
// codes 11 and 14 become the same.
func (a Answer) Bits() uint8 {
	var bits uint8
	if a.Code != CodeAccepted {
		bits |= BitFLK
	}
	if a.Contact {
		bits |= BitContact
	}
	return bits
}

// ResponseCode is the answer as tag 1022 writes it. FFD 1.0 and 1.05 have no way to
// ask for contact: the document is reported as one that failed the control.
func (a Answer) ResponseCode() uint8 {
	if a.Code == CodeAccepted && a.Contact {
		return CodeFLKFailed
	}
	return a.Code
}

// Format is what the operator puts into every confirmation. The zero value follows
// TRN-072: 1068 always, 1206 when not zero, container type A5.
type Format struct {
	FNMessageOnError      bool  // 1068 only when the code is not 0 (ack.fn_message: on_error)
	OperatorMessageAlways bool  // 1206 even when zero (ack.operator_message: always)
	ExtraBits             uint8 // added to every 1206, to test firmware (O-014)
	ContainerType         byte  // wire.TypeFN when zero
}

// Confirmation is one confirmation to form.
type Confirmation struct {
	FN     fiscal.FNNumber
	FD     fiscal.FDNumber
	FFD    fiscal.FFD // of the document confirmed (TRN-070)
	OFD    fiscal.INN
	At     time.Time // when the document came (1012, UTC)
	Answer Answer
	// Request is the container confirmed; its header is mirrored.
	Request wire.Container
}

// Bits is the value of 1206 that the drive will see; zero in versions without it.
func (f *Format) Bits(c *Confirmation) uint8 {
	if c.FFD < fiscal.FFD11 {
		return 0
	}
	return c.Answer.Bits() | f.ExtraBits
}

// documentRoom is the length of the longest form 7 without 1078, in bytes.
const documentRoom = 7*tlv.HeaderLen + fiscal.INNLen + fiscal.FNNumberLen + 4 + 4 + 1

// Document writes form 7 without 1078, header included, in the order of TRN-074.
func (f *Format) Document(c *Confirmation) ([]byte, error) {
	fn, inn := c.FN.Padded(), c.OFD.Padded()
	var b tlv.Builder
	b.Grow(documentRoom)
	b.STLV(tlv.Tag(fiscal.FormOperatorAck), func(b *tlv.Builder) {
		b.Raw(ffd.TagOFDINN, inn[:])
		b.Raw(ffd.TagFNNumber, fn[:])
		b.Uint32(ffd.TagFDNumber, uint32(c.FD))
		b.Time(ffd.TagDateTime, c.At)
		if c.FFD < fiscal.FFD11 {
			if code := c.Answer.ResponseCode(); code != CodeAccepted || !f.FNMessageOnError {
				b.STLV(ffd.TagMessageToFN, func(b *tlv.Builder) { b.Byte(ffd.TagOFDResponseCode, code) })
			}
			return
		}
		if bits := f.Bits(c); bits != 0 || f.OperatorMessageAlways {
			b.Byte(ffd.TagOperatorMessage, bits)
		}
	})
	stlv, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("ack: forming the confirmation of FD %d: %w", c.FD, err)
	}
	return stlv, nil
}

// Form makes the finished container: the document, ФПО and ФПП by v, encrypted when
// the request was.
func (f *Format) Form(ctx context.Context, v sign.Verifier, c *Confirmation) ([]byte, error) {
	stlv, err := f.Document(c)
	if err != nil {
		return nil, err
	}
	container, err := v.Confirm(ctx, sign.ConfirmRequest{FN: c.FN, OFD: c.OFD, Request: c.Request, STLV: stlv, Type: f.ContainerType})
	if err != nil {
		return nil, fmt.Errorf("ack: signing the confirmation of FD %d: %w", c.FD, err)
	}
	if len(container) > wire.MaxAckContainer {
		return nil, fmt.Errorf("ack: confirmation of FD %d has %d bytes, a drive takes at most %d", c.FD, len(container), wire.MaxAckContainer)
	}
	return container, nil
}

// Reply writes the message that carries a container back, or the header alone when
// container is nil (service mode). The session header mirrors the request (TRN-011);
// mode is the CRC mode of the reply.
func Reply(request wire.Header, container []byte, mode wire.CRCMode) ([]byte, error) {
	return wire.AppendMessage(make([]byte, 0, wire.HeaderLen+len(container)), wire.Reply(request, mode), container)
}
