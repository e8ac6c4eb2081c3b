package fnport

import (
	"bytes"
	"encoding/binary"
	"time"

	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// Record is a short archive record (40h; fn.md section 11). Fields that the form
// does not have are zero.
type Record struct {
	Form      fiscal.Form
	RawForm   byte // as answered: drives of FFD 1.1 and 1.2 set high bits
	Confirmed bool
	Time      time.Time
	FD        fiscal.FDNumber
	FPD       fiscal.FPD
	INN       fiscal.INN           // 1, 11, 6
	RegNumber fiscal.RegNumber     // 1, 11, 6
	Tax       byte                 // 1, 11
	Mode      Mode                 // 1, 11
	Reason    byte                 // 11
	Operation fiscal.OperationType // 3, 4, 31, 41
	Total     fiscal.Kopecks       // 3, 4, 31, 41
	Shift     uint16               // 2, 5
	Unsent    uint32               // 21
	FirstTime time.Time            // 21, of the first unconfirmed document
	Extra     []byte               // bytes after the known record: longer records of FFD 1.1 and 1.2
}

// FindDocument reads an archive record (40h).
func (d *Driver) FindDocument(fd fiscal.FDNumber) (Record, error) {
	r, err := d.start().u32(uint32(fd)).call(fn.CmdFindDocument)
	if err != nil {
		return Record{}, err
	}
	return parseRecord(&r)
}

// formMask leaves the form code of an archive record's first byte.
const formMask = 0x3F

func parseRecord(r *reader) (Record, error) {
	raw := r.byte()
	rec := Record{Form: fiscal.Form(raw & formMask), RawForm: raw, Confirmed: r.byte() != 0, Time: r.time(), FD: r.fd(), FPD: r.fpd()}
	switch {
	case rec.Form.IsRegistration():
		rec.INN, rec.RegNumber = r.inn(), r.regNumber()
		rec.Tax, rec.Mode = r.byte(), Mode(r.byte())
		if rec.Form == fiscal.FormFiscalReportCorrection && len(r.buf) > 0 {
			rec.Reason = r.byte()
		}
	case rec.Form.IsReceipt():
		rec.Operation, rec.Total = fiscal.OperationType(r.byte()), fiscal.Kopecks(r.uint(5))
	case rec.Form == fiscal.FormOpenShift || rec.Form == fiscal.FormCloseShift:
		rec.Shift = r.u16()
	case rec.Form == fiscal.FormCloseArchive:
		rec.INN, rec.RegNumber = r.inn(), r.regNumber()
	case rec.Form == fiscal.FormCurrentStateReport:
		rec.Unsent, rec.FirstTime = r.u32(), r.time()
	}
	rec.Extra = bytes.Clone(r.rest())
	return rec, r.err
}

func (r *reader) inn() fiscal.INN {
	return fiscal.INN(bytes.TrimRight(r.take(fiscal.INNLen), " "))
}

func (r *reader) regNumber() fiscal.RegNumber {
	return fiscal.RegNumber(bytes.TrimRight(r.take(fiscal.RegNumberLen), " "))
}

// AckRecord is a stored confirmation (41h).
type AckRecord struct {
	Time time.Time
	FPO  [18]byte // operator's sign, 16 bytes and two zeros
	FD   fiscal.FDNumber
}

// FindAck reads the confirmation of a document (41h).
func (d *Driver) FindAck(fd fiscal.FDNumber) (AckRecord, error) {
	r, err := d.start().u32(uint32(fd)).call(fn.CmdFindAck)
	if err != nil {
		return AckRecord{}, err
	}
	return parseAckRecord(&r)
}

func parseAckRecord(r *reader) (AckRecord, error) {
	a := AckRecord{Time: r.time()}
	copy(a.FPO[:], r.take(len(a.FPO)))
	a.FD = r.fd()
	return a, r.err
}

// Unconfirmed counts documents without a confirmation (42h).
func (d *Driver) Unconfirmed() (int, error) {
	r, err := d.start().call(fn.CmdUnconfirmed)
	if err != nil {
		return 0, err
	}
	n := int(r.u16())
	return n, r.err
}

// RegistrationResult is the answer to 43h.
type RegistrationResult struct {
	Time      time.Time
	INN       fiscal.INN
	RegNumber fiscal.RegNumber
	Tax       byte
	Mode      Mode
	Reason    byte // only when asked by index; 0 for the first registration
	FD        fiscal.FDNumber
	FPD       fiscal.FPD
}

// RegistrationResult asks for the last registration report (43h).
func (d *Driver) RegistrationResult() (RegistrationResult, error) {
	r, err := d.start().call(fn.CmdRegistrationResult)
	if err != nil {
		return RegistrationResult{}, err
	}
	return parseRegistrationResult(&r, false)
}

// RegistrationResultAt asks for the registration report with an index from 1 (43h).
func (d *Driver) RegistrationResultAt(index byte) (RegistrationResult, error) {
	r, err := d.start().byte(index).call(fn.CmdRegistrationResult)
	if err != nil {
		return RegistrationResult{}, err
	}
	return parseRegistrationResult(&r, true)
}

// parseRegistrationResult reads the answer. With an index one byte of reason
// stands before FD and FP (fn.md 9.1); drives leave it out for the first
// registration or not, so the length decides.
func parseRegistrationResult(r *reader, indexed bool) (RegistrationResult, error) {
	res := RegistrationResult{Time: r.time(), INN: r.inn(), RegNumber: r.regNumber(), Tax: r.byte(), Mode: Mode(r.byte())}
	if indexed && len(r.buf) > 8 {
		res.Reason = r.byte()
	}
	res.FD, res.FPD = r.fd(), r.fpd()
	return res, r.err
}

// RegistrationTag reads one field of the last registration report (44h): the TLV
// with its header.
func (d *Driver) RegistrationTag(tag tlv.Tag) ([]byte, error) {
	r, err := d.start().u16(uint16(tag)).call(fn.CmdRegistrationTag)
	return r.rest(), err
}

// allTags asks 44h for every field, to be fetched by 47h.
const allTags = 0xFFFF

// Registration reads every field of the registration report with an index from 1,
// 0 meaning the last (44h FFFFh, then 47h until 08h).
func (d *Driver) Registration(index byte) ([]byte, error) {
	d.start()
	if index != 0 {
		d.byte(index)
	}
	first, err := d.u16(allTags).call(fn.CmdRegistrationTag)
	if err != nil {
		return nil, err
	}
	return d.collect(bytes.Clone(first.rest()), fn.CmdNextRegistration)
}

// Document reads a document from the 30-day store (45h, then 46h until 08h): the
// STLV with its header. Refused with 08h when the store no longer has it.
func (d *Driver) Document(fd fiscal.FDNumber) ([]byte, error) {
	r, err := d.start().u32(uint32(fd)).call(fn.CmdDocumentTLV)
	if err != nil {
		return nil, err
	}
	form, size := r.u16(), int(r.u16())
	if r.err != nil {
		return nil, r.err
	}
	stlv := make([]byte, tlv.HeaderLen, tlv.HeaderLen+size)
	stlv, err = d.collect(stlv, fn.CmdNextTLV)
	if err != nil {
		return nil, err
	}
	if got := len(stlv) - tlv.HeaderLen; got > tlv.MaxValueLen {
		return nil, &AnswerError{Command: fn.CmdNextTLV, Expected: "at most 65535 bytes of fields", Got: "more"}
	}
	binary.LittleEndian.PutUint16(stlv, form&formMask16)
	binary.LittleEndian.PutUint16(stlv[2:], uint16(len(stlv)-tlv.HeaderLen))
	return stlv, nil
}

// formMask16 drops the marks of FFD 1.1 and 1.2 from a form code, as formMask.
const formMask16 = formMask

// collect appends the answers to cmd until the drive says that there is no more.
func (d *Driver) collect(dst []byte, cmd byte) ([]byte, error) {
	for len(dst) <= tlv.MaxValueLen+tlv.HeaderLen {
		a, err := d.port.Exec(cmd, nil)
		switch {
		case err != nil:
			return nil, err
		case a.Code == fn.NoData:
			return dst, nil
		case a.Code != fn.Done:
			return nil, &fn.Error{Command: cmd, Answer: a}
		case len(a.Data) == 0:
			return nil, &AnswerError{Command: cmd, Expected: "a field", Got: "nothing"}
		}
		dst = append(dst, a.Data...)
	}
	return nil, &AnswerError{Command: cmd, Expected: "an end of the fields", Got: "more than 65535 bytes"}
}
