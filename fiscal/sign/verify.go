package sign

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/gost"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

// Open implements Verifier. The verdict on ФПС is OK or Bad; the document is
// returned either way.
func (s *TBGOST1) Open(_ context.Context, fn fiscal.FNNumber, ofd fiscal.INN, c wire.Container) (Opened, error) {
	keys := s.linkKeys(fn, ofd)
	var enc *gost.Kuznyechik
	if c.Encrypted() {
		enc, _ = keys.encryption()
	}
	stlv, trailer, err := unseal(&c, enc)
	if err != nil {
		return Opened{}, err
	}
	o := Opened{STLV: stlv, Trailer: trailer, FPS: judge(keys.msg, &c, stlv, trailer)}
	if o.FPS == Bad {
		want := messageSign(keys.msg, c.Raw, stlv)
		o.Detail = fmt.Sprintf("ФПС не сходится: в сообщении %x, по ключу %s для ИНН ОФД %s должно быть %x",
			trailer[:wire.SignLen], s.keyID, ofd, want)
	}
	return o, nil
}

// CheckFPD implements Verifier. Forms without ФПД are Skipped; fields that break
// are an *tlv.Error.
func (s *TBGOST1) CheckFPD(_ context.Context, fn fiscal.FNNumber, form fiscal.Form, stlv []byte) (Verdict, string, error) {
	tags := covered(form)
	if tags == nil {
		return Skipped, fmt.Sprintf("у формы %d нет ФПД", form), nil
	}
	doc, err := checkSTLV(stlv)
	if err != nil {
		return Skipped, "", fmt.Errorf("sign: checking ФПД: %w", err)
	}
	mac, got, _, err := macFields(s.driveKeys(fn).doc, form, tags, doc.Value)
	if err != nil {
		return Skipped, "", fmt.Errorf("sign: checking ФПД: %w", err)
	}
	if v, detail := fpdShape(got, true); v != OK {
		return v, detail, nil
	}
	if !gost.Equal(got[len(fpdMark):], mac[:fpdLen-len(fpdMark)]) {
		return Bad, fmt.Sprintf("ФПД не сходится: в документе %s, по ключу %s должен быть %s", paper(got[len(fpdMark):]), s.keyID, paper(mac[:4])), nil
	}
	return OK, "", nil
}

// fpdShape judges the shape of tag 1077: six bytes; strict asks for the mark 21 04
// too, which other schemes need not use (fiscal-sign.md section 6).
func fpdShape(value []byte, strict bool) (Verdict, string) {
	switch {
	case value == nil:
		return Absent, "в документе нет ФПД (тег 1077)"
	case len(value) != fpdLen:
		return BadFormat, fmt.Sprintf("ФПД (тег 1077) занимает %d байт вместо %d", len(value), fpdLen)
	case strict && [2]byte(value) != fpdMark:
		return BadFormat, fmt.Sprintf("ФПД (тег 1077) начинается с %x вместо %x", value[:2], fpdMark)
	}
	return OK, ""
}

func paper(b []byte) string { return fiscal.FPD(binary.BigEndian.Uint32(b)).Paper() }

// Confirm implements Verifier (fiscal-sign.md 5.3–5.5). The confirmation must carry
// 1012, 1017, 1040 and 1041.
func (s *TBGOST1) Confirm(_ context.Context, r ConfirmRequest) ([]byte, error) {
	doc, err := checkSTLV(r.STLV)
	if err != nil {
		return nil, fmt.Errorf("sign: confirming FD %d: %w", r.Request.FD, err)
	}
	if len(r.Request.Raw) < wire.ContainerHeaderLen {
		return nil, fmt.Errorf("sign: confirming FD %d: the request has no container header", r.Request.FD)
	}
	fpo, err := operatorSign(s.operatorKey(r.OFD), doc.Value)
	if err != nil {
		return nil, fmt.Errorf("sign: confirming FD %d: %w", r.Request.FD, err)
	}
	var b tlv.Builder
	b.Grow(len(r.STLV) + tlv.HeaderLen + len(fpo))
	b.STLV(doc.Tag, func(b *tlv.Builder) {
		b.Fields(doc.Value)
		b.Raw(ffd.TagFPO, fpo[:])
	})
	stlv, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("sign: confirming FD %d: %w", r.Request.FD, err)
	}
	keys := s.linkKeys(r.FN, r.OFD)
	h := mirror(&r.Request, fiscal.FormOperatorAck)
	h.Type = r.Type
	var enc *gost.Kuznyechik
	if r.Request.Encrypted() {
		_, enc = keys.encryption()
		h.Service[0] = encryptedFlag
	}
	return seal(&h, stlv, keys.msg, enc), nil
}

// mirror is the header of an answer: bytes 9–24 of the request, the rest zero
// (TRN-030).
func mirror(request *wire.Container, form fiscal.Form) wire.ContainerHeader {
	return wire.ContainerHeader{Form: form, FN: request.FNBCD, FD: request.FD,
		Nonce: [5]byte(request.Raw[wire.OffNonce:wire.OffTail])}
}
