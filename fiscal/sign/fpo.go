package sign

import (
	"fmt"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/gost"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// fpoLen is the length of tag 1078; ArchiveFPOLen that of the record in a drive's
// archive, in bytes.
const (
	fpoLen        = 16
	ArchiveFPOLen = 18
)

// coveredAck is what ФПО covers besides the form code, ascending (fiscal-sign.md 5.3).
var coveredAck = []tlv.Tag{ffd.TagDateTime, ffd.TagOFDINN, ffd.TagFDNumber, ffd.TagFNNumber}

// operatorSign is ФПО over the body of a confirmation.
func operatorSign(k *gost.Kuznyechik, body []byte) (fpo [fpoLen]byte, err error) {
	mac, _, found, err := macFields(k, fiscal.FormOperatorAck, coveredAck, body)
	if err != nil {
		return fpo, err
	}
	if found != len(coveredAck) {
		return fpo, fmt.Errorf("confirmation lacks one of 1012, 1017, 1040, 1041")
	}
	return mac, nil
}

// CheckFPO checks tag 1078 of a confirmation, given as STLV with its header, with
// the key of the operator ofd. A drive does not do it: the tax service would.
func (s *TBGOST1) CheckFPO(ofd fiscal.INN, stlv []byte) (Verdict, error) {
	doc, err := checkSTLV(stlv)
	if err != nil {
		return Skipped, fmt.Errorf("sign: checking ФПО: %w", err)
	}
	want, err := operatorSign(s.operatorKey(ofd), doc.Value)
	if err != nil {
		return Skipped, fmt.Errorf("sign: checking ФПО: %w", err)
	}
	got, ok := tlv.Find(doc.Value, ffd.TagFPO)
	switch {
	case !ok:
		return Absent, nil
	case !gost.Equal(got, want[:]):
		return Bad, nil
	}
	return OK, nil
}

// ArchiveFPO is the record that a drive keeps of a confirmation (command 41h): tag
// 1078 of its body followed by zeros. false when the confirmation has no 1078 or a
// longer one than the record.
func ArchiveFPO(body []byte) (record [ArchiveFPOLen]byte, ok bool) {
	fpo, ok := tlv.Find(body, ffd.TagFPO)
	if !ok || len(fpo) > ArchiveFPOLen {
		return record, false
	}
	copy(record[:], fpo)
	return record, true
}
