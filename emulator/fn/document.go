package fn

import (
	"encoding/binary"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// docKind is the "current document" of 30h (fn.md 9.1).
type docKind byte

const (
	kindNone          docKind = 0x00
	kindRegistration  docKind = 0x01
	kindOpening       docKind = 0x02
	kindReceipt       docKind = 0x04
	kindClosing       docKind = 0x08
	kindCloseArchive  docKind = 0x10
	kindBSO           docKind = 0x11
	kindReplacement   docKind = 0x12
	kindChange        docKind = 0x13
	kindCorrection    docKind = 0x14
	kindBSOCorrection docKind = 0x15
	kindState         docKind = 0x17
)

// Short names of the forms that a drive makes.
const (
	formRegistration = fiscal.FormFiscalReport
	formChange       = fiscal.FormFiscalReportCorrection
	formOpenShift    = fiscal.FormOpenShift
	formCloseShift   = fiscal.FormCloseShift
	formState        = fiscal.FormCurrentStateReport
	formCloseArchive = fiscal.FormCloseArchive
)

// docKinds joins a kind with its form, with the commands that finish it, and with
// the greatest length of the register's data in bytes (fn.md 9.1).
var docKinds = map[docKind]struct {
	form  fiscal.Form
	need  docNeed
	limit int
}{
	kindRegistration:  {formRegistration, regDoc, 2 << 10},
	kindReplacement:   {formChange, regDoc, 2 << 10},
	kindChange:        {formChange, regDoc, 2 << 10},
	kindOpening:       {formOpenShift, openingDoc, 1 << 10},
	kindClosing:       {formCloseShift, closingDoc, 1 << 10},
	kindReceipt:       {fiscal.FormReceipt, receiptDoc, 30 << 10},
	kindBSO:           {fiscal.FormBSO, receiptDoc, 30 << 10},
	kindCorrection:    {fiscal.FormReceiptCorrection, receiptDoc, 30 << 10},
	kindBSOCorrection: {fiscal.FormBSOCorrection, receiptDoc, 30 << 10},
	kindState:         {formState, stateDoc, 2 << 10},
	kindCloseArchive:  {formCloseArchive, closeDoc, 2 << 10},
}

func (k docKind) form() fiscal.Form { return docKinds[k].form }
func (k docKind) need() docNeed     { return docKinds[k].need }

// draft is a document in the making: it is lost with the power (FN-034).
type draft struct {
	Kind  docKind
	Begun moment     // of the begin command; 0 when it brings no time
	FFD   fiscal.FFD // that its checks follow; 0 while 02h does not know it yet
	V2    bool       // registration by A2h
	Data  []byte     // of 07h, whole TLVs as they came
	// Notice is what B7h and tag 2007 gave for the notification of sale.
	Notice noticeDraft

	seen  tagSet
	items int
}

// begin starts a document of a kind; the checks of its command are done.
func (d *Device) begin(k docKind, t moment) {
	d.doc = &draft{Kind: k, Begun: t, FFD: d.ffd()}
}

// Greatest length of a document's value in bytes (transport.md section 6; flk.md
// S-03, S-04).
const (
	maxReport      = 4096
	maxReport12    = 6144 // forms 1 and 11 of FFD 1.2
	maxReceiptBody = 32768
)

func maxBody(form fiscal.Form, v fiscal.FFD) int {
	switch {
	case form.IsReceipt():
		return maxReceiptBody
	case form.IsRegistration() && v == fiscal.FFD12:
		return maxReport12
	}
	return maxReport
}

// document is ready to be committed: nothing after it can fail.
type document struct {
	form      fiscal.Form
	fd        uint32
	time      moment
	fp        fiscal.FPD
	stlv      []byte
	container []byte // for the operator; nil in autonomous mode
}

// compose builds, signs and seals a document in the order of fn.md section 12: the
// six first fields, what add writes, the register's data. It changes nothing.
func (d *Device) compose(form fiscal.Form, t moment, reg *registration, add func(*tlv.Builder)) (*document, *refusal) {
	fd, r := nextNumber(d.lastFD())
	if r != nil {
		return nil, r
	}
	doc := &document{form: form, fd: fd, time: t}
	var b tlv.Builder
	number, rnm, inn := d.number.Padded(), reg.RNM.Padded(), reg.INN.Padded()
	b.Raw(ffd.TagFNNumber, number[:])
	b.Raw(ffd.TagKKTRegID, rnm[:])
	b.Raw(ffd.TagUserINN, inn[:])
	b.Uint32(ffd.TagFDNumber, doc.fd)
	b.Uint32(ffd.TagDateTime, uint32(t))
	first := b.Len()
	add(&b)
	b.Fields(d.doc.Data)
	body, err := b.Bytes()
	if err != nil {
		return nil, refuse(TooLong, "документ не собрать: %v", err)
	}
	size := len(body) + fpdField
	if limit := maxBody(form, reg.FFD); size > limit {
		return nil, refuse(TooLong, "документ формы %d занимает %d байт, допустимо %d", form, size, limit)
	}
	fpd, err := d.signer.SignDocument(form, body)
	if err != nil {
		return nil, refuse(CryptoError, "ФПД не сформирован: %v", err)
	}
	doc.fp, _ = fiscal.FPDFromTag(fpd[:])
	doc.stlv = make([]byte, 0, tlv.HeaderLen+size)
	doc.stlv = appendHeader(doc.stlv, tlv.Tag(form), size)
	doc.stlv = append(doc.stlv, body[:first]...)
	doc.stlv = append(appendHeader(doc.stlv, ffd.TagFPD, len(fpd)), fpd[:]...)
	doc.stlv = append(doc.stlv, body[first:]...)
	if reg.autonomous() {
		return doc, nil
	}
	doc.container, err = d.signer.Seal(form, fiscal.FDNumber(doc.fd), reg.OFD, doc.stlv, reg.encrypted())
	if err != nil {
		return nil, refuse(CryptoError, "контейнер не сформирован: %v", err)
	}
	return doc, nil
}

// nextNumber follows the last one of documents, requests or notifications: the
// container has three bytes for it.
func nextNumber(last uint32) (uint32, *refusal) {
	if last >= uint32(fiscal.MaxFDNumber) {
		return 0, refuse(ArchiveFull, "номера исчерпаны: после %d следующий не помещается в три байта контейнера", last)
	}
	return last + 1, nil
}

// fpdField is the length of tag 1077 with its header.
const fpdField = tlv.HeaderLen + 6

func appendHeader(dst []byte, tag tlv.Tag, n int) []byte {
	dst = binary.LittleEndian.AppendUint16(dst, uint16(tag))
	return binary.LittleEndian.AppendUint16(dst, uint16(n))
}

// commit is the one step in which a document becomes part of the drive: archive,
// 30-day store, queue. Nothing in it can fail (fn.md section 12).
func (d *Device) commit(doc *document, r record) {
	r.Form, r.Time, r.FP = doc.form, doc.time, uint32(doc.fp)
	r.FFD = d.ffd()
	d.archive.records = append(d.archive.records, r)
	queued := doc.container != nil
	if queued {
		d.ofd.push(entry{Number: doc.fd, Time: doc.time, Container: doc.container})
	}
	d.store.put(doc.fd, doc.form, doc.stlv, !queued)
	d.store.evict(d.archive.records, doc.time, d.set.StoreBytes)
	d.st.LastDoc = doc.time
	if d.st.Shift.Open {
		d.st.Shift.Documents++
	}
	d.doc = nil
}

// numbers is the common end of answers: FD u32, FP u32, little-endian.
func (doc *document) numbers(dst []byte) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, doc.fd)
	return binary.LittleEndian.AppendUint32(dst, uint32(doc.fp))
}

// cancel is 06h.
func (d *Device) cancel([]byte) ([]byte, *refusal) {
	d.doc = nil
	return nil, nil
}
