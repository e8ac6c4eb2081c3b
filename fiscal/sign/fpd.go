package sign

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/gost"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// ErrNoFPD is the answer for a form that carries no ФПД.
var ErrNoFPD = errors.New("sign: the form carries no ФПД")

// maxCovered is the length of the longest list below.
const maxCovered = 6

// What ФПД covers besides the form code, ascending (fiscal-sign.md 5.1).
var (
	coveredRegistration = []tlv.Tag{ffd.TagDateTime, ffd.TagOFDINN, ffd.TagUserINN, ffd.TagKKTRegID, ffd.TagFDNumber, ffd.TagFNNumber}
	coveredShift        = []tlv.Tag{ffd.TagDateTime, ffd.TagKKTRegID, ffd.TagShiftNumber, ffd.TagFDNumber, ffd.TagFNNumber}
	coveredState        = []tlv.Tag{ffd.TagDateTime, ffd.TagKKTRegID, ffd.TagFDNumber, ffd.TagFNNumber, ffd.TagUnsentCount, ffd.TagUnsentFirstTime}
	coveredReceipt      = []tlv.Tag{ffd.TagDateTime, ffd.TagTotalSum, ffd.TagFDNumber, ffd.TagFNNumber, ffd.TagOperationType}
	coveredClose        = []tlv.Tag{ffd.TagDateTime, ffd.TagKKTRegID, ffd.TagFDNumber, ffd.TagFNNumber}
)

func covered(form fiscal.Form) []tlv.Tag {
	switch form {
	case fiscal.FormFiscalReport, fiscal.FormFiscalReportCorrection:
		return coveredRegistration
	case fiscal.FormOpenShift, fiscal.FormCloseShift:
		return coveredShift
	case fiscal.FormCurrentStateReport:
		return coveredState
	case fiscal.FormReceipt, fiscal.FormBSO, fiscal.FormReceiptCorrection, fiscal.FormBSOCorrection:
		return coveredReceipt
	case fiscal.FormCloseArchive:
		return coveredClose
	}
	return nil
}

// macFields is MAC(form ‖ raw TLVs) of the first occurrences of tags in body, which
// must be ascending and at most maxCovered. found says which were there; sign is
// the value of 1077, nil when absent. A body whose fields break is an *tlv.Error.
func macFields(k *gost.Kuznyechik, form fiscal.Form, tags []tlv.Tag, body []byte) (mac [16]byte, sign []byte, found int, err error) {
	var raws [maxCovered][]byte
	w := tlv.Walk(body)
	for w.Next() {
		tag := w.Field().Tag
		if tag == ffd.TagFPD && sign == nil {
			sign = w.Field().Value
			continue
		}
		for i, t := range tags {
			if t == tag && raws[i] == nil {
				raws[i] = w.Raw()
				found++
				break
			}
		}
	}
	if err := w.Err(); err != nil {
		return mac, sign, found, err
	}
	head := [2]byte{byte(form), byte(form >> 8)}
	return k.MAC(head[:], raws[0], raws[1], raws[2], raws[3], raws[4], raws[5]), sign, found, nil
}

// signDocument makes the value of 1077 over a document body.
func signDocument(k *gost.Kuznyechik, form fiscal.Form, body []byte) (fpd [fpdLen]byte, err error) {
	tags := covered(form)
	if tags == nil {
		return fpd, fmt.Errorf("signing a document of form %d: %w", form, ErrNoFPD)
	}
	mac, _, _, err := macFields(k, form, tags, body)
	if err != nil {
		return fpd, fmt.Errorf("sign: signing a document of form %d: %w", form, err)
	}
	copy(fpd[:], fpdMark[:])
	copy(fpd[len(fpdMark):], mac[:])
	return fpd, nil
}

// Paper is what a printed receipt or its QR says: enough to compute the ФПД for who
// has the key.
type Paper struct {
	Form      fiscal.Form // receipt, БСО or a correction
	Time      time.Time   // its wall clock counts; paper has minutes, drives write seconds 00
	Total     fiscal.Kopecks
	Operation fiscal.OperationType
	FN        fiscal.FNNumber
	FD        fiscal.FDNumber
	FPD       fiscal.FPD
}

// PaperFPD computes the ФПД of the bench's drive from the paper requisites (the
// field FPD is not used). It is exact for documents that write the total as short
// as possible (fiscal-sign.md 5.1).
func (s *TBGOST1) PaperFPD(p Paper) (fiscal.FPD, error) {
	if !p.Form.IsReceipt() {
		return 0, fmt.Errorf("sign: form %d is no receipt", p.Form)
	}
	if p.Total < 0 || p.Total > fiscal.MaxKopecks {
		return 0, fmt.Errorf("sign: total %v does not fit a receipt", p.Total)
	}
	var b tlv.Builder
	b.Time(ffd.TagDateTime, tlv.WallClock(p.Time))
	b.VLN(ffd.TagTotalSum, uint64(p.Total))
	b.Uint32(ffd.TagFDNumber, uint32(p.FD))
	fn := p.FN.Padded()
	b.Raw(ffd.TagFNNumber, fn[:])
	b.Byte(ffd.TagOperationType, uint8(p.Operation))
	body, err := b.Bytes()
	if err != nil {
		return 0, fmt.Errorf("sign: requisites of a receipt: %w", err)
	}
	tag, err := signDocument(s.driveKeys(p.FN).doc, p.Form, body)
	return fiscal.FPD(binary.BigEndian.Uint32(tag[len(fpdMark):])), err
}

// CheckPaper is the buyer's check of a printed receipt.
func (s *TBGOST1) CheckPaper(p Paper) (Verdict, error) {
	want, err := s.PaperFPD(p)
	switch {
	case err != nil:
		return Skipped, err
	case want != p.FPD:
		return Bad, nil
	}
	return OK, nil
}
