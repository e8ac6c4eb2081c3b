package cases

import (
	"bytes"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/model"
)

var (
	ffd105 = []conformance.Variant{{FFD: 2}}
	ffd12  = []conformance.Variant{{FFD: 4}}
)

// padded makes the document's value exactly so many bytes long, by a field that no
// table knows.
func padded(size int) edit {
	return func(d *model.Document) { d.Add(model.TLV(9999, bytes.Repeat([]byte{'x'}, size-d.Len()-4))) }
}

// asForm turns the document into one of another form in header and STLV.
func asForm(form int) edit { return func(d *model.Document) { d.Form = form } }

// dated gives the document another time, seconds included.
func dated(t time.Time) edit { return set(model.U32(1012, uint32(t.Unix()))) }

var structureRules = []rule{
	{id: "S-01", title: "A document of an unknown form is not recognised.", mark: conformance.Doc, ways: conformance.EachFFD, want: unread,
		good: receiptWith(), bad: receiptWith(asForm(77))},
	{id: "S-02", title: "A structure whose fields do not fill it is not recognised.", mark: conformance.Doc, ways: conformance.EachFFD, want: unread,
		good: receiptWith(), bad: receiptWith(set(model.TLV(1059, []byte{1, 2, 3})))},
	{id: "S-03", title: "A report of 4096 bytes is taken, one byte more is refused.", mark: conformance.Doc, ways: conformance.Before, want: refused,
		good: openingWith(padded(4096)), bad: openingWith(padded(4097))},
	{id: "S-04", title: "A registration report of 6144 bytes is taken, one byte more is refused.", mark: conformance.Doc, ways: ffd12, want: refused,
		good: reportWith(padded(6144)), bad: reportWith(padded(6145))},
	{id: "S-06", title: "A requisite that does not repeat stands once.", mark: conformance.Doc, ways: conformance.Before,
		good: receiptWith(), bad: receiptWith(put(model.U32(1042, 1)))},
	{id: "S-07", title: "A mandatory requisite is present.", mark: conformance.Doc, ways: conformance.Before,
		good: receiptWith(), bad: receiptWith(del(1042))},
	{id: "S-08", title: "A value is as long as its format says.", mark: conformance.Doc, ways: conformance.EachFFD,
		good: receiptWith(set(model.Text(1030, strings.Repeat("x", 128)), 1059)), bad: receiptWith(set(model.Text(1030, strings.Repeat("x", 129)), 1059))},
	{id: "S-09", title: "A field of digits holds digits.", mark: conformance.Doc, ways: conformance.EachFFD,
		good: receiptWith(set(model.Text(1230, "643"), 1059)), bad: receiptWith(set(model.Text(1230, "64A"), 1059))},
	{id: "S-10", title: "A value of a list is in the list.", mark: conformance.Doc, ways: conformance.EachFFD,
		good: receiptWith(set(model.U8(1214, 7), 1059)), bad: receiptWith(set(model.U8(1214, 8), 1059))},
	{id: "S-12", title: "A document names its format version.", mark: conformance.Doc, ways: conformance.EachFFD,
		good: receiptWith(), bad: func(s *scene) *model.Document { s.answers = 1; return receiptWith(del(1209))(s) }},
	{id: "S-13", title: "A document is of the format version of the registration in force.", mark: conformance.Doc, ways: conformance.EachFFD,
		good: receiptWith(), bad: func(s *scene) *model.Document {
			s.answers = map[byte]byte{2: 3, 3: 2, 4: 3}[s.reg.FFD]
			return receiptWith(set(model.U8(1209, s.answers)))(s)
		}},
	{id: "S-14", title: "The register's and the drive's format versions of a registration of FFD 1.05 are ones that exist.", mark: conformance.Doc, ways: ffd105,
		good: reportWith(set(model.U8(1190, 4))), bad: reportWith(set(model.U8(1189, 1)))},
	{id: "D-03", title: "A document is not older than the formats.", mark: conformance.Obs, ways: conformance.EachFFD,
		good: receiptWith(), bad: receiptWith(dated(time.Date(2016, 8, 31, 23, 59, 0, 0, time.UTC)))},
	{id: "D-05", title: "A correction is not of an earlier day than the settlement it corrects.", mark: conformance.Doc, ways: conformance.EachFFD,
		good: correctionWith(), bad: correctionWith(func(d *model.Document) {
			d.Set(model.U32(1178, uint32(d.At.Truncate(24*time.Hour).AddDate(0, 0, 1).Unix())), 1174)
		})},
}

// another register's number with right check digits.
func otherRNM(d *model.Document) {
	d.Set(model.Fixed(1037, model.RNM(1, d.Register.INN, d.Register.Factory), 20))
}

var identityRules = []rule{
	{id: "I-01", title: "1041 is the number of the headers.", mark: conformance.Doc, ways: conformance.EachFFD, want: refused,
		good: receiptWith(), bad: receiptWith(set(model.Fixed(1041, "9999000000000001", 16)))},
	{id: "I-02", title: "1040 is the number of the container header.", mark: conformance.Cap, ways: conformance.EachFFD, want: refused,
		good: receiptWith(), bad: receiptWith(set(model.U32(1040, 9)))},
	{id: "I-03", title: "1037 is the number the drive is registered under.", mark: conformance.Doc, ways: conformance.EachFFD,
		good: receiptWith(), bad: receiptWith(otherRNM)},
	{id: "I-04", title: "The user's INN has right check digits.", mark: conformance.Doc, ways: conformance.EachFFD,
		good: receiptWith(), bad: receiptWith(set(model.Fixed(1018, "7702203277", 12)))},
	{id: "I-05", title: "A registration in transfer mode names the operator that gets it.", mark: conformance.Doc, ways: conformance.EachFFD,
		good: reportWith(), bad: func(s *scene) *model.Document { return reportWith(set(model.Fixed(1017, another(s.r), 12)))(s) }},
	{id: "I-06", title: "The factory number of a registration is the one its registration number was made of.", mark: conformance.Doc, ways: conformance.EachFFD, seen: "I-03",
		good: reportWith(), bad: reportWith(set(model.Text(1013, "000000000003")))},
}

var sequenceRules = []rule{
	{id: "Q-01", title: "A registration report has number 1.", mark: conformance.Doc, ways: conformance.EachFFD,
		good: reportWith(), bad: func(s *scene) *model.Document { s.reg.FD = 1; return s.reg.Registration() }},
	{id: "Q-02", title: "A report on a new drive has number 1.", mark: conformance.Doc, ways: conformance.EachFFD,
		good: func(s *scene) *model.Document { return s.reg.Change(1) }, bad: func(s *scene) *model.Document { s.reg.FD = 1; return s.reg.Change(1) }},
	{id: "Q-03", title: "Numbers of documents grow by one; a gap is noted.", mark: conformance.Doc, ways: conformance.EachFFD, want: noted,
		good: receiptWith(), bad: func(s *scene) *model.Document { s.trading(); s.reg.FD++; return s.reg.Receipt(100) }},
	{id: "Q-04", title: "Shifts are numbered from 1 by one.", mark: conformance.Doc, ways: conformance.EachFFD,
		good: openingWith(), bad: openingWith(set(model.U32(1038, 2)))},
	{id: "Q-05", title: "A receipt is made inside the open shift.", mark: conformance.Doc, ways: conformance.EachFFD,
		good: receiptWith(), bad: func(s *scene) *model.Document { s.trading(); s.sent(s.reg.CloseShift()); return s.reg.Receipt(100) }},
	{id: "Q-06", title: "Receipts of a shift are numbered from 1 by one; a break is noted.", mark: conformance.Doc, ways: conformance.EachFFD, want: noted,
		good: receiptWith(), bad: receiptWith(set(model.U32(1042, 2)))},
	{id: "Q-07", title: "A closing report closes the open shift.", mark: conformance.Doc, ways: conformance.EachFFD,
		good: made((*scene).trading, (*model.Register).CloseShift), bad: made((*scene).trading, (*model.Register).CloseShift, set(model.U32(1038, 2)))},
	{id: "Q-08", title: "A closing report counts the receipts of its shift.", mark: conformance.Doc, ways: conformance.EachFFD,
		good: made((*scene).trading, (*model.Register).CloseShift), bad: made((*scene).trading, (*model.Register).CloseShift, set(model.U32(1118, 5)))},
	{id: "Q-09", title: "A state report names a shift only while one is open.", mark: conformance.Doc, ways: conformance.EachFFD,
		good: stateWith(), bad: stateWith(put(model.U32(1038, 1)))},
	{id: "Q-10", title: "A change of the format version stands right after a state report.", mark: conformance.Doc, ways: conformance.From11,
		good: func(s *scene) *model.Document { return nextVersion(s, true) }, bad: func(s *scene) *model.Document { return nextVersion(s, false) }},
	{id: "Q-11", title: "A report on closing the drive names its last shift.", mark: conformance.Doc, ways: conformance.EachFFD,
		good: closing(1), bad: closing(2)},
}

// nextVersion changes a register of the version before to the variant's.
func nextVersion(s *scene, report bool) *model.Document {
	to, version := s.reg.FFD, s.reg.PVersion
	s.reg.FFD--
	s.sent(s.reg.Registration(), s.reg.OpenShift(), s.reg.CloseShift())
	if report {
		s.sent(s.reg.StateReport())
	}
	s.reg.FFD, s.reg.PVersion = to, version
	return s.reg.Change(1 << 21)
}

func closing(shift uint32) func(*scene) *model.Document {
	return func(s *scene) *model.Document {
		s.trading()
		s.sent(s.reg.CloseShift())
		return s.reg.CloseArchive().Set(model.U32(1038, shift))
	}
}
