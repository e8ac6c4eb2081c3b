package fn

import (
	"encoding/binary"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// shift is the shift that is open, or the last one.
type shift struct {
	Open      bool
	Number    uint16
	Opened    moment
	Receipts  uint16 // receipts, БСО and corrections together (tags 1042, 1118)
	Documents uint32 // all documents made since and with the opening report
	Totals    totals // of the shift (1194)
}

// shiftParams is 10h.
func (d *Device) shiftParams([]byte) ([]byte, *refusal) {
	out := []byte{b2i(d.st.Shift.Open)}
	out = binary.LittleEndian.AppendUint16(out, d.st.Shift.Number)
	return binary.LittleEndian.AppendUint16(out, d.st.Shift.Receipts), nil
}

func b2i(v bool) byte {
	if v {
		return 1
	}
	return 0
}

const openingNeeds = needKeys | needArchive | needStore | needConfirmed

// beginOpenShift is 11h.
func (d *Device) beginOpenShift(data []byte) ([]byte, *refusal) {
	t, r := d.readTime(data)
	if r != nil {
		return nil, r
	}
	if d.st.Shift.Number == 1<<16-1 {
		return nil, refuse(ArchiveFull, "номера смен исчерпаны: %d", d.st.Shift.Number)
	}
	if r := d.openingNotBefore(t); r != nil {
		return nil, r
	}
	if r := d.limits(openingNeeds); r != nil {
		return nil, r
	}
	d.begin(kindOpening, t)
	d.markTimer(t)
	return nil, nil
}

// openShift is 12h.
func (d *Device) openShift([]byte) ([]byte, *refusal) {
	t := d.doc.Begun
	if r := d.limits(openingNeeds); r != nil {
		return nil, r
	}
	if r := d.checkRequired(); r != nil {
		return nil, r
	}
	number := d.st.Shift.Number + 1
	doc, r := d.compose(formOpenShift, t, d.reg(), func(b *tlv.Builder) {
		b.Uint32(ffd.TagShiftNumber, uint32(number))
		d.warningFields(b)
		d.versionField(b)
	})
	if r != nil {
		return nil, r
	}
	if r := d.roomFor(doc); r != nil {
		return nil, r
	}
	d.st.Shift = shift{Open: true, Number: number, Opened: t}
	d.reportMessages()
	d.commit(doc, record{Value: uint64(number)})
	return doc.numbers(binary.LittleEndian.AppendUint16(nil, number)), nil
}

// beginCloseShift is 13h.
func (d *Device) beginCloseShift(data []byte) ([]byte, *refusal) {
	t, r := d.readTime(data)
	if r != nil {
		return nil, r
	}
	if r := d.notBefore(t); r != nil {
		return nil, r
	}
	if r := d.limits(needConfirmed); r != nil {
		return nil, r
	}
	d.begin(kindClosing, t)
	d.markTimer(t)
	return nil, nil
}

// closeShift is 14h.
func (d *Device) closeShift([]byte) ([]byte, *refusal) {
	t := d.doc.Begun
	if r := d.limits(needConfirmed); r != nil {
		return nil, r
	}
	if r := d.checkRequired(); r != nil {
		return nil, r
	}
	s := &d.st.Shift
	doc, r := d.compose(formCloseShift, t, d.reg(), func(b *tlv.Builder) {
		b.Uint32(ffd.TagShiftNumber, uint32(s.Number))
		b.Uint32(ffd.TagReceiptQuantity, uint32(s.Receipts))
		b.Uint32(ffd.TagDocumentsQuantity, s.Documents+1)
		if !d.reg().autonomous() {
			b.Uint32(ffd.TagUnsentCount, uint32(d.ofd.count()))
			b.Uint32(ffd.TagUnsentFirstTime, uint32(startOfDay(d.ofd.first().Time)))
		}
		d.warningFields(b)
		d.versionField(b)
		if d.ffd() >= fiscal.FFD11 {
			d.keyResourceField(b, t)
			d.st.Totals.write(b, ffd.TagFNCounters)
			s.Totals.write(b, ffd.TagShiftCounters)
		}
		d.noticeFields(b)
	})
	if r != nil {
		return nil, r
	}
	d.reportMessages()
	d.st.Marking.reported()
	d.commit(doc, record{Value: uint64(s.Number)})
	s.Open = false
	return doc.numbers(binary.LittleEndian.AppendUint16(nil, s.Number)), nil
}

// warningFields writes the flags of both shift reports: value 1 only, absent when 0
// (fn.md 5.3), and the operator's message (TRN-080).
func (d *Device) warningFields(b *tlv.Builder) {
	w := d.warnings()
	for _, f := range []struct {
		tag tlv.Tag
		set bool
	}{
		{ffd.TagFNExhaustionSign, w&WarnNearEnd != 0},
		{ffd.TagFNReplaceRequiredSign, w&WarnReplace != 0},
		{ffd.TagFNMemoryExceededSign, d.archiveFilled(d.set.MemoryTagPercent)},
		{ffd.TagOFDResponseTimeoutSign, w&WarnWaiting != 0},
	} {
		if f.set {
			b.Byte(f.tag, 1)
		}
	}
	if d.st.Messages != 0 && d.ffd() >= fiscal.FFD11 {
		b.Byte(ffd.TagOperatorMessage, d.st.Messages)
	}
}

// reportMessages begins a new interval of TRN-080 after a shift report.
func (d *Device) reportMessages() { d.st.Messages = 0 }

// versionField adds 1209 to a document of FFD 1.1 and 1.2 whose register did not.
func (d *Device) versionField(b *tlv.Builder) {
	if d.ffd() >= fiscal.FFD11 && !d.doc.seen.has(ffd.TagFFDVersion) {
		b.Byte(ffd.TagFFDVersion, byte(d.ffd()))
	}
}

func (d *Device) keyResourceField(b *tlv.Builder, t moment) {
	if !d.doc.seen.has(ffd.TagKeyResource) {
		b.Uint16(ffd.TagKeyResource, d.daysLeft(t, d.st.LifeEnd))
	}
}
