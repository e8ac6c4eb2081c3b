package fn

import (
	"encoding/binary"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

// marking is the drive's part of the work with marking codes (fn.md 9.2). Formats of
// its messages are the bench's own (TRN-110).
type marking struct {
	Current  *markCheck  // code between B1h and B2h
	Saved    []savedMark // results kept for the receipt
	Requests uint32      // number of the last request (2001)
	Notices  uint32      // number of the last notification (2002)
	BadCodes byte        // 2112 of the next closing report
	BadForms byte        // 2113
}

// Steps of the check of one code: byte 0 of B0h.
const (
	markBlocked   byte = 0
	markNone      byte = 1
	markChecked   byte = 2 // B1h done
	markRequested byte = 3 // B5h done
	markAnswered  byte = 4 // B6h done
)

// markCheck is the code being checked.
type markCheck struct {
	Step    byte
	Type    byte // tag 2100
	Code    []byte
	Own     byte // tag 2004
	Result  byte // tag 2106
	Request entry
}

type savedMark struct {
	Code   []byte
	Result byte // tag 2106
}

// Bits of 2004, 2005 and 2106 (enums.md).
const (
	markDone       byte = 1 << 0
	markPositive   byte = 1 << 1
	markAutonomous byte = 1 << 4
	markResults    byte = 0x0F
)

// markingAllowed is asked by every command from B1h to B7h: code 32h without the
// registration for marked goods, 34h when notifications were not sent for 30 days.
func (d *Device) markingAllowed() *refusal {
	if !d.reg().marking() {
		return refuse(MarkingForbidden, "ККТ зарегистрирована без признака торговли маркированными товарами")
	}
	if d.noticesBlocked() {
		return refuse(MarkingBlocked, "уведомление №%d от %s не передано 30 суток", d.notices.first().Number, clock(d.notices.first().Time))
	}
	return nil
}

func (d *Device) noticesBlocked() bool {
	return d.notices.count() > 0 && !d.reg().autonomous() && d.st.Clock-d.notices.first().Time >= blockedAfter
}

// withMarking wraps a handler in the checks of markingAllowed.
func withMarking(h handler) handler {
	return func(d *Device, data []byte) ([]byte, *refusal) {
		if r := d.markingAllowed(); r != nil {
			return nil, r
		}
		return h(d, data)
	}
}

// markingState is B0h.
func (d *Device) markingState([]byte) ([]byte, *refusal) {
	m, check, notice := &d.st.Marking, markNone, byte(0)
	if !d.reg().marking() || d.noticesBlocked() {
		check = markBlocked
	} else if m.Current != nil {
		check = m.Current.Step
	}
	codes := 0
	if d.doc != nil {
		codes = d.doc.Notice.Codes
		notice = d.doc.Notice.Stage
	}
	out := []byte{check, notice, d.markingCommands(check), byte(len(m.Saved)), byte(min(codes, 255)), d.noticeFill() / 34}
	return binary.LittleEndian.AppendUint16(out, clamp16(d.notices.count())), nil
}

// markingCommands is byte 2 of B0h: bits of B1h, B2h, B3h, B5h, B6h, B7h parts 1–3.
func (d *Device) markingCommands(check byte) byte {
	var bits byte
	switch check {
	case markBlocked:
		return 0
	case markNone:
		bits = 1 << 0
	case markChecked:
		bits = 1<<1 | 1<<3
	case markRequested:
		bits = 1<<1 | 1<<4
	case markAnswered:
		bits = 1 << 1
	}
	bits |= 1 << 2
	if d.doc != nil && d.doc.Kind.form().IsReceipt() {
		bits |= d.doc.Notice.allowed() << 5
	}
	return bits
}

// Answers of B1h that tell why a code was not checked.
const (
	reasonChecked      byte = 0
	reasonNotCheckable byte = 1
	reasonNoKey        byte = 2
	reasonBadGS1       byte = 3
)

// checkMark is B1h: code type 1, length 1, code, offsets. Types 2 and 4 are checked
// in the drive (enums.md, 2100). A bench drive cannot check the real sign of a code:
// it calls codes that end in 95 and 96 negative, as the bench's marking operator
// does, and the rest positive.
func (d *Device) checkMark(data []byte) ([]byte, *refusal) {
	if d.st.Marking.Current != nil {
		return nil, refuse(MarkingOrder, "проверка предыдущего кода не завершена командой B2h")
	}
	kind, n := data[0], int(data[1])
	if kind > 5 {
		return nil, refuse(BadValue, "тип кода маркировки %d: нужен от 0 до 5", kind)
	}
	if n == 0 || len(data) < 2+n {
		return nil, refuse(BadCommand, "длина кода %d, передано байт: %d", n, len(data)-2)
	}
	if len(d.st.Marking.Saved) >= d.set.MarkingTable {
		return nil, refuse(MarkingTableFull, "в таблице проверенных кодов %d, больше нельзя", len(d.st.Marking.Saved))
	}
	code, offsets := append([]byte{}, data[2:2+n]...), data[2+n:]
	own, reason := d.judgeMark(kind, code, offsets)
	d.st.Marking.Current = &markCheck{Step: markChecked, Type: kind, Code: code, Own: own, Result: d.markResult(own)}
	return []byte{own, reason}, nil
}

func (d *Device) judgeMark(kind byte, code, offsets []byte) (own, reason byte) {
	if kind != 2 && kind != 4 {
		return 0, reasonNotCheckable
	}
	if d.km == nil {
		return 0, reasonNoKey
	}
	for _, o := range offsets {
		if int(o) > len(code) {
			return 0, reasonBadGS1
		}
	}
	if n := len(code); n >= 2 && (string(code[n-2:]) == "95" || string(code[n-2:]) == "96") {
		return markDone, reasonChecked
	}
	return markDone | markPositive, reasonChecked
}

// markResult is 2106 from what is known of a code.
func (d *Device) markResult(bits byte) byte {
	if d.reg().autonomous() {
		return bits | markAutonomous
	}
	return bits
}

// keepMark is B2h: 1 keeps the result for the receipt, 0 drops it.
func (d *Device) keepMark(data []byte) ([]byte, *refusal) {
	m := &d.st.Marking
	switch {
	case m.Current == nil:
		return nil, refuse(MarkingOrder, "код не проверялся командой B1h")
	case data[0] > 1:
		return nil, refuse(BadCommand, "решение %d: 1 — принять, 0 — отказаться", data[0])
	}
	result := m.Current.Result
	if data[0] == 1 {
		m.Saved = append(m.Saved, savedMark{Code: m.Current.Code, Result: result})
	}
	m.Current = nil
	return []byte{result}, nil
}

// clearMarks is B3h.
func (d *Device) clearMarks([]byte) ([]byte, *refusal) {
	d.st.Marking.Current, d.st.Marking.Saved = nil, nil
	return nil, nil
}

// requestTags are what B5h may bring; the first two it must.
var requestTags = []tlv.Tag{ffd.TagPlannedStatus, ffd.TagMarkingCodeMode, ffd.TagQuantity, ffd.TagQuantityMeasure, ffd.TagFractionalQuantity, ffd.TagMarkedItem}

const requestRequired = 2

// requestMark is B5h: time 5, TLVs. It answers with the container of form 81.
func (d *Device) requestMark(data []byte) ([]byte, *refusal) {
	m := &d.st.Marking
	if m.Current == nil || m.Current.Step != markChecked {
		return nil, refuse(MarkingOrder, "запрос делается после проверки кода командой B1h")
	}
	if d.reg().autonomous() {
		return nil, refuse(MarkingOrder, "в автономном режиме запросы не передаются")
	}
	t, r := d.readTime(data)
	if r != nil {
		return nil, r
	}
	fields, r := blockFields(data[timeLen:], requestTags, requestRequired)
	if r != nil {
		return nil, r
	}
	if item, ok := tlv.Find(data[timeLen:], ffd.TagMarkedItem); ok {
		if code, ok := tlv.Find(item, ffd.TagMarkingCode); ok && string(code) != string(m.Current.Code) {
			return nil, refuse(MarkingUnchecked, "код в запросе не тот, что проверен командой B1h")
		}
	}
	number, r := nextNumber(m.Requests)
	if r != nil {
		return nil, r
	}
	container, r := d.sealMark(fiscal.FormMarkingRequest, number, func(b *tlv.Builder) {
		fn, inn := d.number.Padded(), d.reg().INN.Padded()
		b.Raw(ffd.TagFNNumber, fn[:])
		b.Raw(ffd.TagUserINN, inn[:])
		b.Uint32(ffd.TagMarkingRequestNumber, number)
		b.Uint32(ffd.TagRequestTime, uint32(t))
		b.Byte(ffd.TagMarkingCodeType, m.Current.Type)
		b.Raw(ffd.TagMarkingCode, m.Current.Code)
		b.Byte(ffd.TagFNCheckResult, m.Current.Own)
		b.Fields(fields)
	})
	if r != nil {
		return nil, r
	}
	if len(container) > maxData {
		return nil, refuse(TooLong, "запрос занимает %d байт, допустимо %d", len(container), maxData)
	}
	m.Requests = number
	m.Current.Step = markRequested
	m.Current.Request = entry{Number: number, Time: t, Container: container}
	return append([]byte{}, container...), nil
}

// blockFields keeps the allowed tags of a block, 2007 left out, and demands the
// first n of them (code 3Ch).
func blockFields(block []byte, allowed []tlv.Tag, n int) ([]byte, *refusal) {
	var kept []byte
	var seen tagSet
	w := tlv.Walk(block)
	for w.Next() {
		tag := w.Field().Tag
		ok := false
		for _, a := range allowed {
			ok = ok || a == tag
		}
		if !ok {
			return nil, refuse(WrongTag, "реквизиту %d не место в этом блоке", tag)
		}
		seen.add(tag)
		if tag != ffd.TagMarkedItem {
			kept = append(kept, w.Raw()...)
		}
	}
	if err := w.Err(); err != nil {
		return nil, refuse(BadCommand, "блок не делится на целые TLV: %v", err)
	}
	for _, tag := range allowed[:n] {
		if !seen.has(tag) {
			return nil, refuse(MarkingTags, "в блоке нет обязательного реквизита %d", tag)
		}
	}
	return kept, nil
}

// sealMark builds a message of the marking exchange and protects it.
func (d *Device) sealMark(form fiscal.Form, number uint32, fields func(*tlv.Builder)) ([]byte, *refusal) {
	if d.km == nil {
		return nil, refuse(CryptoError, "в ФН нет ключей маркировки")
	}
	var b tlv.Builder
	b.STLV(tlv.Tag(form), fields)
	stlv, err := b.Bytes()
	if err != nil || len(stlv) > tlv.HeaderLen+maxReceiptBody {
		return nil, refuse(TooLong, "сообщение формы %d длиной %d байт не собрать", form, len(stlv))
	}
	container, err := d.km.Seal(form, fiscal.FDNumber(number), stlv)
	if err != nil {
		return nil, refuse(CryptoError, "сообщение формы %d не защищено: %v", form, err)
	}
	return container, nil
}

// markRule is the rule of a reply of the marking exchange.
func (d *Device) markRule(form fiscal.Form, number tlv.Tag, fields ...fieldRule) replyRule {
	return replyRule{form, func(c wire.Container) ([]byte, sign.Verdict, error) {
		if d.km == nil {
			return nil, sign.Unverifiable, nil
		}
		return d.km.Open(c)
	}, fields, number}
}

// answerMark is B6h: the container of form 83. It answers with 2106 and the tags
// 2105, 2109, 2005 of the answer.
func (d *Device) answerMark(data []byte) ([]byte, *refusal) {
	m := &d.st.Marking
	if m.Current == nil || m.Current.Step != markRequested {
		return nil, refuse(MarkingOrder, "ответ принимается после запроса командой B5h")
	}
	body, r := d.openReply(data, m.Current.Request, d.markRule(fiscal.FormMarkingAnswer, ffd.TagMarkingRequestNumber,
		fieldRule{ffd.TagMarkingRequestNumber, 4, 4}, fieldRule{ffd.TagRequestProcessingCode, 1, 1}))
	if r != nil {
		return nil, r
	}
	processing := byteField(body, ffd.TagRequestProcessingCode)
	result := m.Current.Own
	if v, ok := tlv.Find(body, ffd.TagRequestResults); ok && len(v) == 1 && processing == 0 {
		result = v[0] & markResults
	}
	m.Current.Step, m.Current.Result = markAnswered, d.markResult(result)
	switch processing {
	case 1:
		m.BadForms |= 1 << 0
	case 2:
		m.BadCodes |= 1 << 1
	}
	out := []byte{m.Current.Result}
	for _, tag := range []tlv.Tag{ffd.TagRequestProcessingCode, ffd.TagProductStatusAnswer, ffd.TagRequestResults} {
		if raw, ok := tlv.FindRaw(body, tag); ok && len(out)+len(raw) <= maxData {
			out = append(out, raw...)
		}
	}
	return out, nil
}

// byteField is the first byte of a field; 0 when it is absent or empty.
func byteField(body []byte, tag tlv.Tag) byte {
	if v, ok := tlv.Find(body, tag); ok && len(v) > 0 {
		return v[0]
	}
	return 0
}
