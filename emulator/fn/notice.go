package fn

import (
	"encoding/binary"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// noticeDraft is what the register gave for the notification of sale (form 82) that
// goes with the receipt being made. Nothing of it enters the receipt.
type noticeDraft struct {
	Stage  byte   // 0 nothing, 1 part 1 given, 2 items given, 3 finished
	Common []byte // TLVs of part 1
	Blocks []byte // TLVs 2007
	Codes  int
}

// Parts of B7h. What each holds is not in the papers; here: 1 the common tags, 2 one
// or more blocks 2007, 3 the end.
const (
	noticeCommon byte = 1
	noticeItems  byte = 2
	noticeEnd    byte = 3
)

// allowed are the bits of parts 1–3.
func (n *noticeDraft) allowed() byte {
	switch n.Stage {
	case 0:
		return 0b011
	case noticeCommon:
		return 0b010
	case noticeItems:
		return 0b110
	}
	return 0
}

// commonTags are what part 1 may bring (transport.md 12.2, documents.csv form 82).
var commonTags = []tlv.Tag{ffd.TagIndustryReceiptDetails, ffd.TagBuyerINN, ffd.TagRetailPlaceAddress, ffd.TagAppliedTaxationType,
	ffd.TagUserProperty, ffd.TagTimeZone, ffd.TagInternetPayment, ffd.TagMarkingOperation}

// maxNotice is how many bytes of B7h a notification takes.
const maxNotice = 30 << 10

// noticeData is B7h: part 1, TLVs.
func (d *Device) noticeData(data []byte) ([]byte, *refusal) {
	part, block := data[0], data[1:]
	if part < noticeCommon || part > noticeEnd {
		return nil, refuse(BadCommand, "часть уведомления %d: нужна от 1 до 3", part)
	}
	next := d.doc.Notice
	if next.allowed()>>(part-1)&1 == 0 {
		return nil, refuse(MarkingOrder, "часть %d уведомления сейчас не ожидается", part)
	}
	if len(next.Common)+len(next.Blocks)+len(block) > maxNotice {
		return nil, refuse(TooLong, "данные уведомления больше %d байт", maxNotice)
	}
	switch part {
	case noticeCommon:
		common, r := blockFields(block, commonTags, 0)
		if r != nil {
			return nil, r
		}
		next.Common, next.Stage = common, noticeCommon
	case noticeItems:
		next.Blocks = next.Blocks[:len(next.Blocks):len(next.Blocks)]
		w := tlv.Walk(block)
		for w.Next() {
			if w.Field().Tag != ffd.TagMarkedItem {
				return nil, refuse(WrongTag, "реквизиту %d не место в части 2 уведомления", w.Field().Tag)
			}
			if r := d.addMarkedItem(&next, w.Raw(), w.Field().Value); r != nil {
				return nil, r
			}
		}
		if err := w.Err(); err != nil {
			return nil, refuse(BadCommand, "блок не делится на целые TLV: %v", err)
		}
		if next.Codes == 0 {
			return nil, refuse(MarkingTags, "в части 2 уведомления нет блока 2007")
		}
	case noticeEnd:
		if len(block) > 0 {
			return nil, refuse(BadCommand, "часть 3 уведомления данных не имеет")
		}
		next.Stage = noticeEnd
	}
	d.doc.Notice = next
	return nil, nil
}

// addMarkedItem takes one block 2007: its code must have been checked and kept
// (code 3Eh).
func (d *Device) addMarkedItem(n *noticeDraft, raw, block []byte) *refusal {
	if r := d.markingAllowed(); r != nil {
		return r
	}
	code, ok := tlv.Find(block, ffd.TagMarkingCode)
	if !ok {
		return refuse(MarkingTags, "в блоке 2007 нет кода маркировки (2000)")
	}
	if !d.checkedMark(code) {
		return refuse(MarkingUnchecked, "код маркировки в блоке 2007 не проверен командами B1h и B2h")
	}
	if n.Stage == noticeEnd {
		return refuse(MarkingOrder, "уведомление уже завершено частью 3")
	}
	n.Blocks = append(n.Blocks, raw...)
	n.Codes++
	n.Stage = noticeItems
	return nil
}

func (d *Device) checkedMark(code []byte) bool {
	for _, s := range d.st.Marking.Saved {
		if string(s.Code) == string(code) {
			return true
		}
	}
	return false
}

// checkNotice asks that a notification begun with part 1 has an item.
func (d *Device) checkNotice() *refusal {
	if n := &d.doc.Notice; n.Stage == noticeCommon {
		return refuse(MarkingOrder, "уведомление начато, но блоков 2007 в нем нет")
	}
	return nil
}

// makeNotice builds form 82 for a receipt with marked goods; an empty entry without
// them.
func (d *Device) makeNotice(doc *document, op fiscal.OperationType) (entry, *refusal) {
	n := &d.doc.Notice
	if n.Codes == 0 {
		return entry{}, nil
	}
	number, r := nextNumber(d.st.Marking.Notices)
	if r != nil {
		return entry{}, r
	}
	container, r := d.sealMark(fiscal.FormMarkingNotice, number, func(b *tlv.Builder) {
		fn, inn := d.number.Padded(), d.reg().INN.Padded()
		b.Raw(ffd.TagFNNumber, fn[:])
		b.Raw(ffd.TagUserINN, inn[:])
		b.Uint32(ffd.TagMarkingNoticeNumber, number)
		b.Uint32(ffd.TagFDNumber, doc.fd)
		b.Uint32(ffd.TagDateTime, uint32(doc.time))
		b.Byte(ffd.TagOperationType, byte(op))
		b.Uint32(ffd.TagNoticeFDNumber, doc.fd)
		b.Fields(n.Common)
		b.Fields(n.Blocks)
	})
	return entry{Number: number, Time: doc.time, Container: container}, r
}

// addNotice queues a notification; its codes are spent.
func (d *Device) addNotice(e entry) {
	if e.Container == nil {
		return
	}
	d.st.Marking.Notices = e.Number
	d.notices.push(e)
	d.st.Marking.Saved = nil
}

// noticeCapacity is how many unsent notifications fill their store [TB].
const noticeCapacity = 10_000

// noticeFill is the share of that store in use, per cent.
func (d *Device) noticeFill() byte {
	return byte(min(d.notices.count()*100/noticeCapacity, 100))
}

// noticeCountField writes 2104 into forms 5 and 21 of a register for marked goods.
func (d *Device) noticeCountField(b *tlv.Builder) {
	if d.reg().marking() {
		b.Uint32(ffd.TagUnsentNotices, uint32(d.notices.count()))
	}
}

// noticeFields writes 2104, 2112 and 2113 into the closing report.
func (d *Device) noticeFields(b *tlv.Builder) {
	d.noticeCountField(b)
	if v := d.st.Marking.BadCodes; v != 0 {
		b.Byte(ffd.TagInvalidMarkingCodesSign, v)
	}
	if v := d.st.Marking.BadForms; v != 0 {
		b.Byte(ffd.TagInvalidRequestsSign, v)
	}
}

// reported forgets the flags that a closing report told.
func (m *marking) reported() { m.BadCodes, m.BadForms = 0, 0 }

// noticeStatus is BAh: state 1, count u16, first number u32, its time 5, fill 1.
func (d *Device) noticeStatus([]byte) ([]byte, *refusal) {
	var state byte
	switch {
	case d.notices.reading:
		state = 1
	case d.notices.awaits(d.timer):
		state = 2
	}
	first := d.notices.first()
	out := append(make([]byte, 0, 13), state)
	out = binary.LittleEndian.AppendUint16(out, clamp16(d.notices.count()))
	out = binary.LittleEndian.AppendUint32(out, first.Number)
	return append(appendTime(out, first.Time), d.noticeFill()), nil
}

// Reading of notifications does not ask for 21h: their server is another one, and
// its queue must not stop with the operator's (K-114).

func (d *Device) noticeBeginRead([]byte) ([]byte, *refusal) {
	if d.reg().autonomous() {
		return nil, refuse(WrongState, "в автономном режиме уведомления не передаются")
	}
	return d.notices.beginRead(d.timer)
}

func (d *Device) noticeReadBlock(data []byte) ([]byte, *refusal) { return d.notices.readBlock(data) }
func (d *Device) noticeCancelRead([]byte) ([]byte, *refusal)     { return d.notices.cancelRead() }
func (d *Device) noticeEndRead([]byte) ([]byte, *refusal)        { return d.notices.endRead(d.timer) }

// noticeAck is BFh: the container of form 84. Answer: 2111, then 2112 as it came.
func (d *Device) noticeAck(data []byte) ([]byte, *refusal) {
	if !d.notices.awaits(d.timer) {
		return nil, refuse(WrongState, "квитанция на уведомление не ожидается")
	}
	body, r := d.openReply(data, d.notices.first(), d.markRule(fiscal.FormMarkingReceipt, ffd.TagMarkingNoticeNumber,
		fieldRule{ffd.TagNoticeProcessingCode, 1, 1}))
	if r != nil {
		return nil, r
	}
	if reason := d.faults.refuseAck(); reason != 0 {
		return nil, refuseAck(reason, "задано переключателем сбоя")
	}
	out := []byte{byteField(body, ffd.TagNoticeProcessingCode)}
	if out[0] != 0 {
		d.st.Marking.BadForms |= 1 << 1
	}
	if raw, ok := tlv.FindRaw(body, ffd.TagInvalidMarkingCodesSign); ok && len(raw) == tlv.HeaderLen+1 {
		d.st.Marking.BadCodes |= raw[tlv.HeaderLen] & (1 << 2)
		out = append(out, raw...)
	}
	d.notices.pop()
	return out, nil
}
