package marking

import (
	"fmt"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

// answer forms the document that answers stlv. A nil document means silence or a
// fault, which r tells.
func (s *Service) answer(v wire.SVersion, r *Result, stlv []byte) (fiscal.Form, []byte, error) {
	d, err := ffd.Decode(stlv)
	if err != nil {
		r.Fault, r.Detail = fiscal.UnparseableDocument, err.Error()
		return 0, nil, nil
	}
	if d.Form != r.Form {
		r.Fault, r.Detail = fiscal.DataTypeMismatch, fmt.Sprintf("в контейнере форма %d, в документе %d", r.Form, d.Form)
		return 0, nil, nil
	}
	if fn := d.FNNumber(); fn != "" && fn != r.FN {
		r.Fault, r.Detail = fiscal.FNNumberMismatch, "номер ФН в документе и в заголовке различаются"
		return 0, nil, nil
	}
	var b tlv.Builder
	switch {
	case v == wire.SVersionKeyUpdate:
		s.keysFresh(&b, r, d)
		r.Detail = "ключи не требуют обновления"
	case d.Form == fiscal.FormMarkingRequest:
		s.request(&b, r, d)
	case d.Form == fiscal.FormMarkingNotice:
		s.notice(&b, r, d)
	default:
		r.Fault, r.Detail = fiscal.UnparseableDocument, fmt.Sprintf("форма %d не относится к обмену о маркировке", d.Form)
	}
	if r.Silent || r.Fault != fiscal.FaultNone {
		return 0, nil, nil
	}
	out, err := b.Bytes()
	if err != nil {
		return 0, nil, fmt.Errorf("marking: forming an answer: %w", err)
	}
	return fiscal.Form(uint16(out[0]) | uint16(out[1])<<8), out, nil
}

// code is the marking code of a request or of one marked item.
func code(fields []tlv.Node) []byte {
	if n := tlv.Lookup(fields, ffd.TagMarkingCode); n != nil {
		return n.Value
	}
	if item := tlv.Lookup(fields, ffd.TagMarkedItem); item != nil {
		return code(item.Children)
	}
	return nil
}

// request answers form 81 with form 83 (order ЕД-7-20/662@, table 131).
func (s *Service) request(b *tlv.Builder, r *Result, d *ffd.Document) {
	km := code(d.Fields)
	o := OutcomeOf(km)
	if o == inTurnover && d.Uint(ffd.TagPlannedStatus) == statusSold && s.codes.isSold(km) {
		o = sold
	}
	r.Detail, r.Silent = o.Name, o.Silent
	b.STLV(tlv.Tag(fiscal.FormMarkingAnswer), func(b *tlv.Builder) {
		copyField(b, d.Fields, ffd.TagMarkingRequestNumber)
		if !copyField(b, d.Fields, ffd.TagRequestTime) {
			b.Time(ffd.TagRequestTime, s.o.Now())
		}
		b.Byte(ffd.TagRequestProcessingCode, o.Processing)
		if o.Processing != 0 { // K-03: the rest depends on 2105
			return
		}
		b.Byte(ffd.TagMarkingCodeMode, 0)
		if !copyField(b, d.Fields, ffd.TagMarkingCodeType) {
			b.Byte(ffd.TagMarkingCodeType, 1)
		}
		b.Byte(ffd.TagProductStatusAnswer, o.Status)
		b.Raw(ffd.TagProductID, productID(km))
		b.Byte(ffd.TagRequestResults, o.Results)
	})
}

// notice answers form 82 with form 84 (TRN-110, K-06). Every marked item counts.
func (s *Service) notice(b *tlv.Builder, r *Result, d *ffd.Document) {
	worst := Outcome{Name: "accepted"}
	items := d.All(ffd.TagMarkedItem)
	if len(items) == 0 {
		worst = Outcome{Name: "no marked item", Notice: 1}
	}
	for _, item := range items {
		km := code(item.Children)
		o := OutcomeOf(km)
		if o.Notice == 0 && o.BadCode == 0 && s.codes.notify(km, uint8(ffd.NodeUint(item.Child(ffd.TagAssignedStatus)))) {
			o = sold
		}
		if o.Silent || o.Notice|o.BadCode != 0 {
			worst.Name = o.Name
		}
		worst.Silent = worst.Silent || o.Silent
		worst.Notice |= o.Notice
		worst.BadCode |= o.BadCode
	}
	r.Detail, r.Silent = worst.Name, worst.Silent
	b.STLV(tlv.Tag(fiscal.FormMarkingReceipt), func(b *tlv.Builder) {
		copyField(b, d.Fields, ffd.TagFNNumber)
		copyField(b, d.Fields, ffd.TagFDNumber)
		copyField(b, d.Fields, ffd.TagMarkingRequestNumber)
		copyField(b, d.Fields, ffd.TagMarkingNoticeNumber)
		b.Time(ffd.TagRequestTime, s.o.Now())
		b.Byte(ffd.TagNoticeProcessingCode, worst.Notice)
		if worst.BadCode != 0 {
			b.Byte(ffd.TagInvalidMarkingCodesSign, worst.BadCode)
		}
	})
}

// keysFresh answers the key service: the form and number of the request and 2105 =
// 0, nothing to load. The real exchange is not known.
func (s *Service) keysFresh(b *tlv.Builder, r *Result, d *ffd.Document) {
	b.STLV(tlv.Tag(d.Form), func(b *tlv.Builder) {
		copyField(b, d.Fields, ffd.TagFNNumber)
		copyField(b, d.Fields, ffd.TagMarkingRequestNumber)
		b.Time(ffd.TagRequestTime, s.o.Now())
		b.Byte(ffd.TagRequestProcessingCode, 0)
	})
}

func copyField(b *tlv.Builder, fields []tlv.Node, tag tlv.Tag) bool {
	n := tlv.Lookup(fields, tag)
	if n == nil {
		return false
	}
	b.Raw(tag, n.Value)
	return true
}

// productID is 2101: the part of the code before its check part, as far as the
// stand-in can tell: the first 31 bytes of a GS1 code (01 + 14 digits + 21 + 13).
func productID(km []byte) []byte {
	return km[:min(len(km), 31)]
}
