package fn

import (
	"encoding/binary"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

const receiptNeeds = needKeys | needArchive | needStore | needConfirmed

// beginReceipt is 15h: a receipt, or a БСО when the register was registered so.
func (d *Device) beginReceipt(data []byte) ([]byte, *refusal) {
	if d.reg().bso() {
		return d.startReceipt(kindBSO, data)
	}
	return d.startReceipt(kindReceipt, data)
}

// beginCorrection is 17h.
func (d *Device) beginCorrection(data []byte) ([]byte, *refusal) {
	if d.reg().bso() {
		return d.startReceipt(kindBSOCorrection, data)
	}
	return d.startReceipt(kindCorrection, data)
}

func (d *Device) startReceipt(k docKind, data []byte) ([]byte, *refusal) {
	t, r := d.readTime(data)
	if r != nil {
		return nil, r
	}
	if r := d.receiptAllowed(t); r != nil {
		return nil, r
	}
	if r := d.withinDrift(t); r != nil {
		return nil, r
	}
	d.begin(k, t)
	d.markTimer(t)
	return nil, nil
}

// receiptAllowed is asked at the beginning and again at the end (FN-024).
func (d *Device) receiptAllowed(t moment) *refusal {
	if r := d.notBefore(t); r != nil {
		return r
	}
	if r := d.limits(receiptNeeds); r != nil {
		return r
	}
	if d.st.Shift.Receipts == 1<<16-1 {
		return refuse(BadValue, "номера чеков смены исчерпаны: %d, закройте смену", d.st.Shift.Receipts)
	}
	return d.withinShift(t)
}

// formReceipt is 16h: time 5, operation 1, total u40. It finishes corrections too.
func (d *Device) formReceipt(data []byte) ([]byte, *refusal) {
	t, r := d.readTime(data)
	if r != nil {
		return nil, r
	}
	op, total := fiscal.OperationType(data[timeLen]), readU40(data[timeLen+1:])
	if op < fiscal.Sell || op > fiscal.BuyReturn {
		return nil, refuse(BadValue, "признак расчета %d: нужен от 1 до 4", op)
	}
	if t < d.doc.Begun {
		return nil, refuse(WrongTime, "чек завершается в %s, начат в %s", clock(t), clock(d.doc.Begun))
	}
	if r := d.receiptAllowed(t); r != nil {
		return nil, r
	}
	if r := d.checkRequired(); r != nil {
		return nil, r
	}
	if r := d.checkNotice(); r != nil {
		return nil, r
	}
	form, number := d.doc.Kind.form(), d.st.Shift.Receipts+1
	sums := tally(total, d.doc.Data)
	if r := d.sumsFit(form, op, &sums); r != nil {
		return nil, r
	}
	doc, r := d.compose(form, t, d.reg(), func(b *tlv.Builder) {
		b.Uint32(ffd.TagShiftNumber, uint32(d.st.Shift.Number))
		b.Uint32(ffd.TagRequestNumber, uint32(number))
		b.Byte(ffd.TagOperationType, byte(op))
		b.VLN(ffd.TagTotalSum, total)
		d.versionField(b)
	})
	if r != nil {
		return nil, r
	}
	if r := d.roomFor(doc); r != nil {
		return nil, r
	}
	notice, r := d.makeNotice(doc, op)
	if r != nil {
		return nil, r
	}
	d.st.Shift.Receipts = number
	d.addSums(form, op, &sums, doc.container != nil)
	d.addNotice(notice)
	d.commit(doc, record{Op: op, Value: total})
	d.markTimer(t)
	d.archive.keepSign(doc.fd, d.signArchive(doc))
	return doc.numbers(binary.LittleEndian.AppendUint16(nil, number)), nil
}

// readU40 reads five bytes, little-endian.
func readU40(b []byte) uint64 {
	return uint64(binary.LittleEndian.Uint32(b)) | uint64(b[4])<<32
}

func appendU40(dst []byte, v uint64) []byte {
	return append(binary.LittleEndian.AppendUint32(dst, uint32(v)), byte(v>>32))
}
