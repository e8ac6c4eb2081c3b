package fn

import (
	"encoding/binary"

	"github.com/fiscalbench/fiscalbench/fiscal"
)

// status is 30h.
func (d *Device) status([]byte) ([]byte, *refusal) {
	kind, hasData := kindNone, false
	if d.doc != nil {
		kind, hasData = d.doc.Kind, len(d.doc.Data)+len(d.doc.Notice.Blocks) > 0
	}
	out := append(make([]byte, 0, 30), byte(d.st.Phase), byte(kind), b2i(hasData), b2i(d.st.Shift.Open), d.warnings())
	out = appendTime(out, d.st.LastDoc)
	number := d.number.Padded()
	out = append(out, number[:]...)
	return binary.LittleEndian.AppendUint32(out, d.lastFD()), nil
}

// tellNumber is 31h.
func (d *Device) tellNumber([]byte) ([]byte, *refusal) {
	number := d.number.Padded()
	return number[:], nil
}

// lastVersionByte follows the type in 33h of FN 1.2. Its meaning is unknown; the one
// capture of a debug drive has 07.
const lastVersionByte = 0x07

// version is 33h: 16 characters, type (0 debug, 1 serial).
func (d *Device) version([]byte) ([]byte, *refusal) {
	out := []byte("                ")
	copy(out, d.model.Version)
	out = append(out, b2i(!d.resettable()))
	if d.model.HighestFFD == fiscal.FFD12 {
		out = append(out, lastVersionByte)
	}
	return out, nil
}

// resettable: 60h works on debug models only.
func (d *Device) resettable() bool { return d.model.Debug && !d.set.Serial }

// lastErrors is 35h. The papers call it opaque; here it is pairs of command and
// code, oldest first.
func (d *Device) lastErrors([]byte) ([]byte, *refusal) {
	return append([]byte{}, d.st.Errors...), nil
}

// versions is 3Ah: registered and highest FFD; 0 before registration.
func (d *Device) versions([]byte) ([]byte, *refusal) {
	return []byte{byte(d.ffd()), byte(d.model.HighestFFD)}, nil
}

// lineSpeed is ABh. The code is kept and told by Speed; its values are not in the
// papers.
func (d *Device) lineSpeed(data []byte) ([]byte, *refusal) {
	d.st.Speed = data[0]
	return nil, nil
}

// resetKey is the parameter of 60h.
const resetKey = 0x16

// reset is 60h: a debug drive becomes new.
func (d *Device) reset(data []byte) ([]byte, *refusal) {
	switch {
	case !d.resettable():
		return nil, refuse(BadCommand, "сброс 60h есть только у отладочного ФН")
	case data[0] != resetKey:
		return nil, refuse(BadCommand, "параметр сброса %02X, нужен %02X", data[0], resetKey)
	}
	d.wipe()
	return nil, nil
}
