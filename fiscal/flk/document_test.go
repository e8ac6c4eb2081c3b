package flk

import (
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// draft is a document under construction: a tree that edits change.
type draft struct {
	form  fiscal.Form
	nodes []tlv.Node
}

// decode writes the draft out and reads it back, as an operator gets it.
func (d *draft) decode(t require.TestingT) *ffd.Document {
	doc, err := ffd.Decode(d.encode(t))
	require.NoError(t, err)
	return doc
}

func (d *draft) encode(t require.TestingT) []byte {
	raw, err := tlv.Append(nil, []tlv.Node{{Tag: tlv.Tag(d.form), Nested: true, Children: d.nodes}})
	require.NoError(t, err)
	return raw
}

func u8(tag tlv.Tag, v uint8) tlv.Node   { return tlv.Node{Tag: tag, Value: []byte{v}} }
func u16(tag tlv.Tag, v uint16) tlv.Node { return raw(tag, binary.LittleEndian.AppendUint16(nil, v)) }
func u32(tag tlv.Tag, v uint32) tlv.Node { return raw(tag, binary.LittleEndian.AppendUint32(nil, v)) }
func vln(tag tlv.Tag, v uint64) tlv.Node { return raw(tag, tlv.AppendVLN(nil, v)) }
func raw(tag tlv.Tag, v []byte) tlv.Node { return tlv.Node{Tag: tag, Value: v} }

func fvln(tag tlv.Tag, s string) tlv.Node {
	v, err := tlv.ParseDecimal(s)
	if err != nil {
		panic(err)
	}
	return raw(tag, v.Append(nil))
}

func text(tag tlv.Tag, s string) tlv.Node {
	v, err := tlv.AppendText([]byte{}, s)
	if err != nil {
		panic(err)
	}
	return raw(tag, v)
}

func fixed(tag tlv.Tag, s string, width int) tlv.Node {
	return text(tag, s+strings.Repeat(" ", width-len(s)))
}

func inn(tag tlv.Tag, s string) tlv.Node { return fixed(tag, s, fiscal.INNLen) }

func stlv(tag tlv.Tag, children ...tlv.Node) tlv.Node {
	return tlv.Node{Tag: tag, Nested: true, Children: children}
}

// at is a moment of a register's wall clock.
func at(tag tlv.Tag, s string) tlv.Node {
	moment, err := time.Parse("2006-01-02 15:04", s)
	if err != nil {
		panic(err)
	}
	return u32(tag, uint32(moment.Unix()))
}

// edit changes a draft; the path of an edit names the parent from outside in.
type edit func(*draft)

func (d *draft) level(path []tlv.Tag) *[]tlv.Node {
	nodes := &d.nodes
	for _, tag := range path {
		n := tlv.Lookup(*nodes, tag)
		if n == nil {
			panic("no parent " + tlv.PathString(path))
		}
		nodes = &n.Children
	}
	return nodes
}

// set replaces the first requisite with the node's tag, or adds it.
func set(n tlv.Node, path ...tlv.Tag) edit {
	return func(d *draft) {
		nodes := d.level(path)
		if old := tlv.Lookup(*nodes, n.Tag); old != nil {
			*old = n
			return
		}
		*nodes = append(*nodes, n)
	}
}

// add appends a requisite.
func add(n tlv.Node, path ...tlv.Tag) edit {
	return func(d *draft) {
		nodes := d.level(path)
		*nodes = append(*nodes, n)
	}
}

// del removes every requisite with the tag.
func del(tag tlv.Tag, path ...tlv.Tag) edit {
	return func(d *draft) {
		nodes := d.level(path)
		var kept []tlv.Node
		for _, n := range *nodes {
			if n.Tag != tag {
				kept = append(kept, n)
			}
		}
		*nodes = kept
	}
}

// form changes the form code.
func form(f fiscal.Form) edit { return func(d *draft) { d.form = f } }

// Identities of the test documents; the numbers belong together (flk.md section 9).
const (
	testFN     = "9999078900005488"
	testRegNum = "0000000005008570"
	testUser   = "7702203276"
	testOFD    = "7704358518"
)

// head is what every document of a register carries.
func head(form fiscal.Form, ffdVersion uint8, made string, fields ...tlv.Node) *draft {
	d := &draft{form: form, nodes: []tlv.Node{
		fixed(ffd.TagFNNumber, testFN, 16), fixed(ffd.TagKKTRegID, testRegNum, 20), inn(ffd.TagUserINN, testUser),
		u32(ffd.TagFDNumber, 77), at(ffd.TagDateTime, made), raw(ffd.TagFPD, []byte{0x31, 4, 1, 2, 3, 4}),
	}}
	if ffdVersion > 0 {
		d.nodes = append(d.nodes, u8(ffd.TagFFDVersion, ffdVersion))
	}
	d.nodes = append(d.nodes, fields...)
	return d
}

// bread is an item of 3 × 41.15 with VAT 10 %.
func bread() tlv.Node {
	return stlv(ffd.TagItem, text(ffd.TagItemName, "Хлеб ржаной"), vln(ffd.TagPrice, 4115), fvln(ffd.TagQuantity, "3"),
		u8(ffd.TagNDSRate, 2), vln(ffd.TagItemNDSSum, 1122), vln(ffd.TagItemSum, 12345), u8(ffd.TagPaymentType, 4), u8(ffd.TagProductType, 1))
}

// cheese is an item of 2.474 × 99.99 with VAT 20 %.
func cheese() tlv.Node {
	return stlv(ffd.TagItem, text(ffd.TagItemName, "Сыр"), vln(ffd.TagPrice, 9999), fvln(ffd.TagQuantity, "2.474"),
		u8(ffd.TagNDSRate, 1), vln(ffd.TagItemNDSSum, 4123), vln(ffd.TagItemSum, 24738), u8(ffd.TagPaymentType, 4), u8(ffd.TagProductType, 1))
}

func paid(cash, cashless uint64) []tlv.Node {
	return []tlv.Node{vln(ffd.TagTotalSum, cash+cashless), vln(ffd.TagCashTotalSum, cash), vln(ffd.TagEcashTotalSum, cashless),
		vln(ffd.TagPrepaidSum, 0), vln(ffd.TagCreditSum, 0), vln(ffd.TagProvisionSum, 0)}
}

func settlement() []tlv.Node {
	return append(paid(12345, 24738), u32(ffd.TagShiftNumber, 5), u32(ffd.TagRequestNumber, 2), u8(ffd.TagOperationType, 1),
		u8(ffd.TagAppliedTaxationType, 1), text(ffd.TagCashier, "Кассир"))
}

// receipt105 holds two items, VAT 10 % and 20 %, paid half in cash.
func receipt105() *draft {
	d := head(3, 2, "2026-08-01 12:02", settlement()...)
	d.nodes = append(d.nodes, bread(), cheese(), vln(ffd.TagNDS10, 1122), vln(ffd.TagNDS20, 4123))
	return d
}

func receipt11() *draft {
	d := receipt105()
	set(u8(ffd.TagFFDVersion, 3))(d)
	return d
}

// receipt12 has the item requisites of FFD 1.2.
func receipt12() *draft {
	d := head(3, 4, "2026-08-01 12:02", settlement()...)
	d.nodes = append(d.nodes, bread(), cheese(), vln(ffd.TagNDS10, 1122), vln(ffd.TagNDS20, 4123),
		text(ffd.TagRetailPlaceAddress, "Москва"), text(ffd.TagRetailPlace, "Магазин"))
	for i := range d.nodes {
		if n := &d.nodes[i]; n.Tag == ffd.TagItem {
			measure := uint8(0)
			if i > 0 && ffd.NodeText(n.Child(ffd.TagItemName)) == "Сыр" {
				measure = 11
			}
			n.Children = append(n.Children, u8(ffd.TagQuantityMeasure, measure))
		}
	}
	return d
}

// receipt10 is of FFD 1.0: no 1209, no kinds of payment beyond two.
func receipt10() *draft {
	d := receipt105()
	for _, t := range []tlv.Tag{ffd.TagFFDVersion, ffd.TagPrepaidSum, ffd.TagCreditSum, ffd.TagProvisionSum} {
		del(t)(d)
	}
	set(at(ffd.TagDateTime, "2017-08-01 12:02"))(d)
	return d
}

func basis() tlv.Node {
	return stlv(ffd.TagCorrectionBase, at(ffd.TagCorrectionDocumentDate, "2026-07-30 00:00"), text(ffd.TagCorrectionDocumentNumber, "б/н"))
}

// correction105 has no items: they are optional in FFD 1.05.
func correction105() *draft {
	d := head(31, 2, "2026-08-01 12:02", settlement()...)
	d.nodes = append(d.nodes, vln(ffd.TagNDS20, 6180), u8(ffd.TagCorrectionType, 0), basis())
	return d
}

func correction11() *draft {
	d := receipt11()
	d.form = 31
	d.nodes = append(d.nodes, u8(ffd.TagCorrectionType, 0), basis())
	return d
}

// transmission is the operator's part of a registration report.
func transmission() []tlv.Node {
	return []tlv.Node{u8(ffd.TagOfflineMode, 0), inn(ffd.TagOFDINN, testOFD), text(ffd.TagOFDName, "ООО ОФД"),
		text(ffd.TagFNSSite, "www.nalog.gov.ru"), text(ffd.TagSellerAddress, "shop@example.test")}
}

func registration(form fiscal.Form, version uint8) *draft {
	d := head(form, version, "2026-08-01 09:00", transmission()...)
	d.nodes = append(d.nodes, text(ffd.TagKKTNumber, "000000000002"), text(ffd.TagUser, "ООО Ромашка"),
		text(ffd.TagRetailPlaceAddress, "Москва"), text(ffd.TagRetailPlace, "Магазин"), text(ffd.TagCashier, "Кассир"),
		u8(ffd.TagTaxationType, 3), u8(ffd.TagAutoMode, 0), u8(ffd.TagEncryptionSign, 0), text(ffd.TagKKTVersion, "2.0"),
		u8(ffd.TagKKTFFDVersion, version), u8(ffd.TagFNFFDVersion, max(version, 3)), u16(ffd.TagKeyResource, 400))
	set(u32(ffd.TagFDNumber, 1))(d)
	if version < 4 {
		d.nodes = append(d.nodes, u8(ffd.TagInternetSign, 0), u8(ffd.TagBSOSign, 0), u8(ffd.TagPrintInMachineSign, 0),
			u8(ffd.TagServiceSign, 0), u8(ffd.TagExciseDutyProductSign, 0), u8(ffd.TagGamblingSign, 0), u8(ffd.TagLotterySign, 0))
	} else {
		d.nodes = append(d.nodes, u32(ffd.TagUsageConditions, 0x200))
	}
	return d
}

func registration105() *draft { return registration(1, 2) }
func registration11() *draft  { return registration(1, 3) }
func registration12() *draft  { return registration(1, 4) }

func change105() *draft {
	d := registration(11, 2)
	d.nodes = append(d.nodes, u8(ffd.TagChangeReason, 3))
	return d
}

func change11() *draft {
	d := registration(11, 3)
	d.nodes = append(d.nodes, u32(ffd.TagChangeReasons, 4), counterSet(ffd.TagFNCounters))
	return d
}

func open105() *draft {
	return head(2, 2, "2026-08-01 10:00", u32(ffd.TagShiftNumber, 5), text(ffd.TagCashier, "Кассир"),
		text(ffd.TagKKTVersion, "2.0"), u8(ffd.TagKKTFFDVersion, 2))
}

func close105() *draft {
	return head(5, 2, "2026-08-01 22:00", u32(ffd.TagShiftNumber, 5), text(ffd.TagCashier, "Кассир"),
		u32(ffd.TagDocumentsQuantity, 4), u32(ffd.TagReceiptQuantity, 2), u32(ffd.TagUnsentCount, 1),
		at(ffd.TagUnsentFirstTime, "2026-08-01 00:00"))
}

// counterSet counts two sales of 370.83 and one correction of 10.00.
func counterSet(tag tlv.Tag) tlv.Node {
	kind := func(tag tlv.Tag, count uint32, cash, cashless uint64) tlv.Node {
		return stlv(tag, u32(ffd.TagReceiptCount, count), vln(ffd.TagCounterCashSum, cash), vln(ffd.TagCounterEcashSum, cashless),
			vln(ffd.TagCounterPrepaidSum, 0), vln(ffd.TagCounterCreditSum, 0), vln(ffd.TagCounterProvisionSum, 0),
			vln(ffd.TagCounterTotalSum, cash+cashless))
	}
	return stlv(tag, u32(ffd.TagTotalReceiptCount, 3), kind(ffd.TagSellOper, 2, 12345, 24738),
		stlv(ffd.TagSellReturnOper, u32(ffd.TagReceiptCount, 0)), stlv(ffd.TagBuyOper, u32(ffd.TagReceiptCount, 0)),
		stlv(ffd.TagBuyReturnOper, u32(ffd.TagReceiptCount, 0)),
		stlv(ffd.TagCorrectionOper, u32(ffd.TagCorrectionCount, 1), kind(ffd.TagSellCorrection, 1, 1000, 0)))
}

func close11() *draft {
	d := close105()
	set(u8(ffd.TagFFDVersion, 3))(d)
	d.nodes = append(d.nodes, u16(ffd.TagKeyResource, 400), counterSet(ffd.TagFNCounters), counterSet(ffd.TagShiftCounters))
	return d
}

func unsent() []tlv.Node {
	return []tlv.Node{u32(ffd.TagUnsentFirstNumber, 76), u32(ffd.TagUnsentCount, 1), at(ffd.TagUnsentFirstTime, "2026-08-01 00:00")}
}

func state105() *draft { return head(21, 2, "2026-08-01 22:00", unsent()...) }

func state11() *draft {
	d := head(21, 3, "2026-08-01 22:00", unsent()...)
	d.nodes = append(d.nodes, counterSet(ffd.TagFNCounters), stlv(ffd.TagUnsentCounters, u32(ffd.TagCorrectionCount, 0)))
	return d
}

func state12() *draft {
	d := state11()
	set(u8(ffd.TagFFDVersion, 4))(d)
	set(u16(ffd.TagKeyResource, 400))(d)
	return d
}

func archive105() *draft {
	return head(6, 2, "2026-08-01 22:10", u32(ffd.TagShiftNumber, 5), text(ffd.TagCashier, "Кассир"), text(ffd.TagUser, "ООО Ромашка"))
}

func confirmation() *draft {
	return &draft{form: 7, nodes: []tlv.Node{inn(ffd.TagOFDINN, testOFD), fixed(ffd.TagFNNumber, testFN, 16), u32(ffd.TagFDNumber, 77),
		at(ffd.TagDateTime, "2026-08-01 09:02"), stlv(ffd.TagMessageToFN, u8(ffd.TagOFDResponseCode, 0)), raw(ffd.TagFPO, make([]byte, 16))}}
}

func markRequest() *draft {
	return &draft{form: 81, nodes: []tlv.Node{inn(ffd.TagUserINN, testUser), fixed(ffd.TagFNNumber, testFN, 16), text(ffd.TagMarkingCode, "0104600439931256"),
		u32(ffd.TagMarkingRequestNumber, 1), u8(ffd.TagPlannedStatus, 1), u8(ffd.TagFNCheckResult, 3), u8(ffd.TagMarkingCodeType, 4),
		u8(ffd.TagMarkingCodeMode, 0), at(ffd.TagRequestTime, "2026-08-01 12:00")}}
}

func markAnswer() *draft {
	return &draft{form: 83, nodes: []tlv.Node{u32(ffd.TagMarkingRequestNumber, 1), u8(ffd.TagRequestResults, 15), u8(ffd.TagMarkingCodeType, 4),
		text(ffd.TagProductID, "04600439931256"), u8(ffd.TagMarkingCodeMode, 0), u8(ffd.TagRequestProcessingCode, 0),
		u8(ffd.TagProductStatusAnswer, 1), at(ffd.TagRequestTime, "2026-08-01 12:00")}}
}

func markNotice() *draft {
	return &draft{form: 82, nodes: []tlv.Node{inn(ffd.TagUserINN, testUser), fixed(ffd.TagFNNumber, testFN, 16), u32(ffd.TagFDNumber, 77),
		at(ffd.TagDateTime, "2026-08-01 12:02"), u8(ffd.TagTimeZone, 2), u8(ffd.TagOperationType, 1), u8(ffd.TagAppliedTaxationType, 1),
		u32(ffd.TagMarkingNoticeNumber, 1), u32(ffd.TagNoticeFDNumber, 77), u8(ffd.TagMarkingOperation, 1), markedGoods()}}
}

func markedGoods() tlv.Node {
	return stlv(ffd.TagMarkedItem, text(ffd.TagItemName, "Молоко"), vln(ffd.TagItemSum, 9000), vln(ffd.TagPrice, 9000), u8(ffd.TagNDSRate, 2),
		vln(ffd.TagItemNDSSum, 818), u8(ffd.TagPaymentType, 4), text(ffd.TagMarkingCode, "0104600439931256"), u8(ffd.TagMarkingCodeType, 4),
		text(ffd.TagProductID, "04600439931256"), u8(ffd.TagMarkingCodeMode, 0), u8(ffd.TagProductCheckResult, 15), u8(ffd.TagAssignedStatus, 1),
		fixed(ffd.TagControlCode, "0976", 4))
}

func markReceipt() *draft {
	return &draft{form: 84, nodes: []tlv.Node{at(ffd.TagDateTime, "2026-08-01 09:02"), u32(ffd.TagMarkingNoticeNumber, 1), u8(ffd.TagNoticeProcessingCode, 0)}}
}

// bases are the documents that cases start from; every one is clean.
var bases = map[string]func() *draft{
	"receipt 1.0": receipt10, "receipt 1.05": receipt105, "receipt 1.1": receipt11, "receipt 1.2": receipt12,
	"correction 1.05": correction105, "correction 1.1": correction11,
	"registration 1.05": registration105, "registration 1.1": registration11, "registration 1.2": registration12,
	"change 1.05": change105, "change 1.1": change11, "open 1.05": open105, "close 1.05": close105, "close 1.1": close11,
	"state 1.05": state105, "state 1.1": state11, "state 1.2": state12, "archive 1.05": archive105, "confirmation": confirmation,
	"mark request": markRequest, "mark answer": markAnswer, "mark notice": markNotice, "mark receipt": markReceipt,
}

func TestCheck_CleanDocumentHasNoFindings(t *testing.T) {
	t.Parallel()
	ctx := Context{Now: time.Date(2026, 8, 1, 23, 0, 0, 0, time.UTC), OFD: testOFD}
	for name, base := range bases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Nil(t, Check(base().decode(t), ctx, nil))
		})
	}
}
