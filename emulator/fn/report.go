package fn

import (
	"encoding/binary"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

const stateNeeds = needKeys | needArchive | needStore

// beginStateReport is 18h: form 21, in any state of the shift (FN-002).
func (d *Device) beginStateReport(data []byte) ([]byte, *refusal) {
	t, r := d.readTime(data)
	if r != nil {
		return nil, r
	}
	if r := d.notBefore(t); r != nil {
		return nil, r
	}
	if r := d.limits(stateNeeds); r != nil {
		return nil, r
	}
	d.begin(kindState, t)
	d.markTimer(t)
	return nil, nil
}

// formStateReport is 19h.
func (d *Device) formStateReport([]byte) ([]byte, *refusal) {
	if r := d.limits(stateNeeds); r != nil {
		return nil, r
	}
	if r := d.checkRequired(); r != nil {
		return nil, r
	}
	t, reg := d.doc.Begun, d.reg()
	unsent, first := d.ofd.count(), d.ofd.first()
	doc, r := d.compose(formState, t, reg, func(b *tlv.Builder) {
		if d.st.Shift.Open {
			b.Uint32(ffd.TagShiftNumber, uint32(d.st.Shift.Number))
		}
		if reg.autonomous() {
			b.Byte(ffd.TagOfflineMode, 1)
		} else {
			b.Uint32(ffd.TagUnsentFirstNumber, first.Number)
			b.Uint32(ffd.TagUnsentCount, uint32(unsent))
			b.Uint32(ffd.TagUnsentFirstTime, uint32(startOfDay(first.Time)))
		}
		d.versionField(b)
		if reg.FFD >= fiscal.FFD11 {
			if reg.FFD == fiscal.FFD12 {
				d.keyResourceField(b, t)
			}
			d.st.Totals.write(b, ffd.TagFNCounters)
			if !reg.autonomous() {
				d.writeUnsent(b)
			}
		}
		d.noticeCountField(b)
	})
	if r != nil {
		return nil, r
	}
	if r := d.roomFor(doc); r != nil {
		return nil, r
	}
	d.commit(doc, record{Value: uint64(unsent), First: first.Time})
	out := binary.LittleEndian.AppendUint32(doc.numbers(nil), uint32(unsent))
	return appendDate(out, first.Time), nil
}

// beginCloseArchive is 04h.
func (d *Device) beginCloseArchive([]byte) ([]byte, *refusal) {
	if r := d.mayClose(); r != nil {
		return nil, r
	}
	d.begin(kindCloseArchive, 0)
	return nil, nil
}

// mayClose is FN-010: form 6 only after everything earlier was confirmed.
func (d *Device) mayClose() *refusal {
	if n := d.ofd.count(); n > 0 && !d.set.LooseClose {
		return refuse(WrongState, "закрытие ФН при непереданных документах: %d, передайте их в ОФД", n)
	}
	return nil
}

// closeArchive is 05h: time 5, RNM 20. Form 6 ends the fiscal mode for good.
func (d *Device) closeArchive(data []byte) ([]byte, *refusal) {
	t, r := d.readTime(data)
	if r != nil {
		return nil, r
	}
	if r := d.notBefore(t); r != nil {
		return nil, r
	}
	if r := d.mayClose(); r != nil {
		return nil, r
	}
	reg := d.reg()
	if rnm, err := fiscal.ParseRegNumber(string(data[timeLen:])); err != nil || rnm != reg.RNM {
		return nil, refuse(BadValue, "РНМ %q: в ФН записан %s", string(data[timeLen:]), reg.RNM)
	}
	if r := d.checkRequired(); r != nil {
		return nil, r
	}
	doc, r := d.compose(formCloseArchive, t, reg, func(b *tlv.Builder) {
		b.Uint32(ffd.TagShiftNumber, uint32(d.st.Shift.Number))
		d.versionField(b)
		if reg.FFD >= fiscal.FFD11 {
			d.st.Totals.write(b, ffd.TagFNCounters)
		}
	})
	if r != nil {
		return nil, r
	}
	d.commit(doc, record{})
	d.markTimer(t)
	d.st.Phase = PhasePostFiscal
	d.leavePostFiscal()
	return doc.numbers(nil), nil
}
