package fn

import (
	"encoding/binary"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// record is the short record of a document, kept for at least five years (fn.md
// section 11). Its FD number is its place in the archive.
type record struct {
	Time      moment
	Value     uint64 // total of a receipt; number of a shift; unconfirmed documents of form 21
	First     moment // form 21: time of the first unconfirmed document
	Acked     moment // time in the confirmation, UTC
	FP        uint32
	Form      fiscal.Form
	FFD       fiscal.FFD
	Op        fiscal.OperationType
	Confirmed bool
	FPO       [fpoLen]byte
}

// fpoLen is the operator's sign in the archive: 16 bytes and two zeros
// (fiscal-sign.md 5.3).
const fpoLen = 18

// archive is the 5-year archive.
type archive struct {
	records []record
	signs   map[uint32][]byte // ФПА of receipts made in autonomous mode, by FD number
}

// last is the newest record; a zero one when there is none.
func (a *archive) last() record {
	if n := len(a.records); n > 0 {
		return a.records[n-1]
	}
	return record{}
}

// find returns the record of a document; 08h when there is none.
func (a *archive) find(fd uint32) (*record, *refusal) {
	if fd == 0 || fd > uint32(len(a.records)) {
		return nil, refuse(NoData, "документа №%d нет, в архиве документов: %d", fd, len(a.records))
	}
	return &a.records[fd-1], nil
}

func (a *archive) keepSign(fd uint32, sign []byte) {
	if sign == nil {
		return
	}
	if a.signs == nil {
		a.signs = map[uint32][]byte{}
	}
	a.signs[fd] = sign
}

// archiveSigner is the ability of a signer to make the sign of the archive (ФПА,
// fiscal-sign.md 5.6).
type archiveSigner interface {
	SignArchive(stlv []byte) [16]byte
}

// signArchive makes the ФПА of a receipt of FFD 1.1 or 1.2 in autonomous mode, over
// its whole STLV; nil otherwise.
func (d *Device) signArchive(doc *document) []byte {
	s, ok := d.signer.(archiveSigner)
	if !ok || doc.container != nil || d.ffd() < fiscal.FFD11 {
		return nil
	}
	sign := s.SignArchive(doc.stlv)
	return sign[:]
}

// Marks that drives with FFD 1.1 and 1.2 add to the form byte of 40h.
const (
	markRegistration byte = 0x40
	markReceipt11    byte = 0x80
	markReceipt12    byte = 0xC0
)

func (r *record) formByte() byte {
	b := byte(r.Form)
	switch {
	case r.FFD < fiscal.FFD11:
		return b
	case r.Form.IsRegistration():
		return b + markRegistration
	case r.Form.IsReceipt() && r.FFD == fiscal.FFD11:
		return b + markReceipt11
	case r.Form.IsReceipt():
		return b + markReceipt12
	}
	return b
}

// findDocument is 40h: form, confirmed, short record. Marked records of FFD 1.1 and
// 1.2 go on after the base layout; how is not in the papers, here: registration has
// extended mode 1, operator's INN 12, and a change reasons u32 in place of the byte;
// a receipt has the length of the ФПА 1 and the ФПА.
func (d *Device) findDocument(data []byte) ([]byte, *refusal) {
	fd := binary.LittleEndian.Uint32(data)
	r, no := d.archive.find(fd)
	if no != nil {
		return nil, no
	}
	out := append(make([]byte, 0, 64), r.formByte(), b2i(r.Confirmed))
	out = appendTime(out, r.Time)
	out = binary.LittleEndian.AppendUint32(out, fd)
	out = binary.LittleEndian.AppendUint32(out, r.FP)
	switch {
	case r.Form.IsRegistration():
		reg := d.registrationOf(fd)
		out = appendIdentity(out, reg)
		out = append(out, reg.Tax, reg.Mode)
		if r.FFD >= fiscal.FFD11 {
			inn := reg.OFD.Padded()
			out = append(append(out, reg.Ext), inn[:]...)
			if r.Form == formChange {
				out = binary.LittleEndian.AppendUint32(out, reg.Reasons)
			}
		} else if r.Form == formChange {
			out = append(out, byte(reg.Reasons))
		}
	case r.Form.IsReceipt():
		out = appendU40(append(out, byte(r.Op)), r.Value)
		if r.FFD >= fiscal.FFD11 {
			sign := d.archive.signs[fd]
			out = append(append(out, byte(len(sign))), sign...)
		}
	case r.Form == formCloseArchive:
		out = appendIdentity(out, d.reg())
	case r.Form == formState:
		out = appendTime(binary.LittleEndian.AppendUint32(out, uint32(r.Value)), r.First)
	default:
		out = binary.LittleEndian.AppendUint16(out, uint16(r.Value))
	}
	return out, nil
}

func appendIdentity(dst []byte, reg *registration) []byte {
	inn, rnm := reg.INN.Padded(), reg.RNM.Padded()
	return append(append(dst, inn[:]...), rnm[:]...)
}

func (d *Device) registrationOf(fd uint32) *registration {
	for i := range d.st.Regs {
		if d.st.Regs[i].FD == fd {
			return &d.st.Regs[i]
		}
	}
	return &registration{}
}

// findAck is 41h: time 5, ФПО 18, FD u32.
func (d *Device) findAck(data []byte) ([]byte, *refusal) {
	fd := binary.LittleEndian.Uint32(data)
	r, no := d.archive.find(fd)
	if no != nil {
		return nil, no
	}
	if r.Acked == 0 {
		return nil, refuse(NoData, "подтверждения документа №%d нет", fd)
	}
	out := append(appendTime(nil, r.Acked), r.FPO[:]...)
	return binary.LittleEndian.AppendUint32(out, fd), nil
}

// unconfirmed is 42h.
func (d *Device) unconfirmed([]byte) ([]byte, *refusal) {
	return binary.LittleEndian.AppendUint16(nil, clamp16(d.ofd.count())), nil
}

func clamp16(n int) uint16 { return uint16(min(n, 1<<16-1)) }

// cursor is a reading of fields one by one: 46h after 45h, 47h after 44h.
type cursor struct {
	Doc, Reg []byte
}

// documentTLV is 45h: form u16, length u16. It works while the 30-day store has the
// document.
func (d *Device) documentTLV(data []byte) ([]byte, *refusal) {
	fd := binary.LittleEndian.Uint32(data)
	if _, r := d.archive.find(fd); r != nil {
		return nil, r
	}
	stlv, ok := d.store.docs[fd]
	if !ok {
		return nil, refuse(NoData, "документ №%d хранится только краткой записью", fd)
	}
	d.cursor.Doc = stlv[tlv.HeaderLen:]
	return append([]byte{}, stlv[:tlv.HeaderLen]...), nil
}

// nextTLV is 46h.
func (d *Device) nextTLV([]byte) ([]byte, *refusal) { return nextField(&d.cursor.Doc) }

// nextRegistrationTLV is 47h.
func (d *Device) nextRegistrationTLV([]byte) ([]byte, *refusal) { return nextField(&d.cursor.Reg) }

func nextField(rest *[]byte) ([]byte, *refusal) {
	w := tlv.Walk(*rest)
	if !w.Next() {
		return nil, refuse(NoData, "реквизитов больше нет")
	}
	raw := w.Raw()
	*rest = (*rest)[len(raw):]
	return append([]byte{}, raw...), nil
}

// registrationResult is 43h: without a parameter the registration in force, with an
// index (from 1) that report with its reason.
func (d *Device) registrationResult(data []byte) ([]byte, *refusal) {
	reg, r := d.pickRegistration(data)
	if r != nil {
		return nil, r
	}
	out := appendIdentity(appendTime(nil, reg.Time), reg)
	out = append(out, reg.Tax, reg.Mode)
	if len(data) > 0 {
		out = append(out, byte(reg.Reasons))
	}
	out = binary.LittleEndian.AppendUint32(out, reg.FD)
	return binary.LittleEndian.AppendUint32(out, reg.FP), nil
}

func (d *Device) pickRegistration(index []byte) (*registration, *refusal) {
	if d.reg() == nil {
		return nil, refuse(WrongState, "ФН не зарегистрирован")
	}
	if len(index) == 0 {
		return d.reg(), nil
	}
	if n := int(index[0]); n >= 1 && n <= len(d.st.Regs) {
		return &d.st.Regs[n-1], nil
	}
	return nil, refuse(NoData, "отчета о регистрации №%d нет, сделано %d", index[0], len(d.st.Regs))
}

// allTags asks 44h for every field: they are then read by 47h.
const allTags = 0xFFFF

// registrationTag is 44h: tag u16, or index 1 and tag u16.
func (d *Device) registrationTag(data []byte) ([]byte, *refusal) {
	reg, r := d.pickRegistration(data[:len(data)-2])
	if r != nil {
		return nil, r
	}
	body := d.store.docs[reg.FD][tlv.HeaderLen:]
	tag := binary.LittleEndian.Uint16(data[len(data)-2:])
	if tag == allTags {
		d.cursor.Reg = body
		return nil, nil
	}
	raw, ok := tlv.FindRaw(body, tlv.Tag(tag))
	if !ok {
		return nil, refuse(NoData, "реквизита %d в отчете о регистрации нет", tag)
	}
	return append([]byte{}, raw...), nil
}
