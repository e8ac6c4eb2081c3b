package flk

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

func headerOf(f fiscal.Form, fn fiscal.FNNumber, fd fiscal.FDNumber) Context {
	return Context{Container: &ContainerInfo{Form: f, FN: fn, FD: fd}}
}

var structureCases = map[string][]ruleCase{
	"S-01": {
		{name: "form as in the container", base: receipt105, ctx: headerOf(3, testFN, 77)},
		{name: "unknown form", base: receipt105, edits: edits(form(77)), want: finds("S-01 error")},
		{name: "another form in the container", base: receipt105, ctx: headerOf(31, testFN, 77), want: finds("S-01 error")},
	},
	"S-02": {
		{name: "structure filled exactly", base: receipt105},
		{name: "structure not filled", base: receipt105, edits: edits(set(raw(ffd.TagItem, []byte{1, 2, 3}))), want: finds("S-02 error 1059")},
		{name: "field longer than its structure", base: receipt105,
			edits: edits(set(raw(ffd.TagItem, []byte{0xFF, 3, 9, 0, 0, 1}))), want: finds("S-02 error 1059")},
	},
	"S-03": {
		{name: "receipt of 32768 bytes", base: receipt105, edits: edits(exactly(32768)), want: finds("S-05 warning 9999")},
		{name: "receipt of 32769 bytes", base: receipt105, edits: edits(exactly(32769)), want: finds("S-05 warning 9999", "S-03 error")},
		{name: "shift report of 4096 bytes", base: open105, edits: edits(exactly(4096)), want: finds("S-05 warning 9999")},
		{name: "shift report of 4097 bytes", base: open105, edits: edits(exactly(4097)), want: finds("S-05 warning 9999", "S-03 error")},
		{name: "confirmation of 513 bytes", base: confirmation, edits: edits(exactly(513)), want: finds("S-05 warning 9999", "S-03 error")},
		{name: "FFD 1.0 has no limit", base: receipt10, edits: edits(exactly(40000)), want: finds("S-05 warning 9999")},
	},
	"S-04": {
		{name: "registration of 6144 bytes", base: registration12, edits: edits(exactly(6144)), want: finds("S-05 warning 9999")},
		{name: "registration of 6145 bytes", base: registration12, edits: edits(exactly(6145)), want: finds("S-05 warning 9999", "S-04 error")},
		{name: "notice of 32768 bytes", base: markNotice, edits: edits(exactly(32768)), want: finds("S-05 warning 9999")},
		{name: "answer of 513 bytes", base: markAnswer, edits: edits(exactly(513)), want: finds("S-05 warning 9999", "S-04 error")},
		{name: "request of 4097 bytes", base: markRequest, edits: edits(exactly(4097)), want: finds("S-05 warning 9999", "S-04 error")},
	},
	"S-05": {
		{name: "tag of the table", base: receipt105, edits: edits(add(text(ffd.TagReceiptProperty, "x")))},
		{name: "unknown tag", base: receipt105, edits: edits(add(u8(9999, 1))), want: finds("S-05 warning 9999")},
		{name: "tag of another document", base: receipt105, edits: edits(add(u8(ffd.TagAutoMode, 1))), want: finds("S-05 warning 1001")},
		{name: "tag of an item on the first level", base: receipt105, edits: edits(add(text(ffd.TagItemName, "x"))), want: finds("S-05 warning 1030")},
		{name: "tag of the document inside an item", base: receipt105, edits: edits(add(vln(ffd.TagTotalSum, 1), ffd.TagItem)),
			want: finds("S-05 warning 1059/1020")},
		{name: "for print only", base: receipt105, edits: edits(add(text(ffd.TagDocName, "Чек"))), want: finds("S-05 warning 1000")},
		{name: "structure of another document with its children", base: receipt105, edits: edits(add(counterSet(ffd.TagFNCounters))),
			want: finds("S-05 warning 1157")},
		{name: "requisite that only FFD 1.0 had", base: receipt10, edits: edits(add(text(1061, "ofd.example")))},
		{name: "the same in FFD 1.05", base: receipt105, edits: edits(add(text(1061, "ofd.example"))), want: finds("S-05 warning 1061")},
		{name: "unknown tag in FFD 1.0", base: receipt10, edits: edits(add(u8(9999, 1))), want: finds("S-05 warning 9999")},
	},
	"S-06": {
		{name: "items repeat", base: receipt105},
		{name: "phones repeat", base: receipt105, edits: edits(set(u8(ffd.TagAgentType, 4)), add(text(ffd.TagPaymentAgentPhone, "+70000000000")),
			add(text(ffd.TagPaymentAgentPhone, "+70000000001")), add(inn(ffd.TagProviderINN, testUser), ffd.TagItem)),
			want: finds("R-04 error 1059/1226")},
		{name: "total twice", base: receipt105, edits: edits(add(vln(ffd.TagTotalSum, 37083))), want: finds("S-06 error 1020")},
		{name: "reported once for three", base: receipt105, edits: edits(add(u32(ffd.TagShiftNumber, 5)), add(u32(ffd.TagShiftNumber, 5))),
			want: finds("S-06 error 1038")},
		{name: "name of an item twice", base: receipt105, edits: edits(add(text(ffd.TagItemName, "ещё"), ffd.TagItem)), want: finds("S-06 error 1059/1030")},
		{name: "table known from one source", base: receipt12, edits: edits(add(vln(ffd.TagTotalSum, 37083))), want: finds("S-06 warning 1020")},
	},
	"S-07": {
		{name: "nothing missing", base: archive105},
		{name: "shift number", base: receipt105, edits: edits(del(ffd.TagShiftNumber)), want: finds("S-07 error 1038")},
		{name: "two kinds of payment", base: receipt105, edits: edits(del(ffd.TagPrepaidSum), del(ffd.TagCreditSum)),
			want: finds("S-07 error 1215", "S-07 error 1216")},
		{name: "sum of an item", base: receipt105, edits: edits(del(ffd.TagItemSum, ffd.TagItem)),
			want: finds("S-07 error 1059/1043", "M-02 error 1020", "V-06 warning 1103")},
		{name: "obligation of an amendment", base: receipt105, edits: edits(del(ffd.TagPrice, ffd.TagItem)), want: finds("S-07 error 1059/1079")},
		{name: "two sources agree", base: receipt11, edits: edits(del(ffd.TagProductType, ffd.TagItem)), want: finds("S-07 error 1059/1212")},
		{name: "one source", base: receipt12, edits: edits(del(ffd.TagShiftNumber)), want: finds("S-07 warning 1038")},
		{name: "FFD 1.0", base: receipt10, edits: edits(del(ffd.TagShiftNumber)), want: finds("S-07 warning 1038")},
		{name: "confirmation without its sign", base: confirmation, edits: edits(del(ffd.TagFPO)), want: finds("S-07 error 1078")},
		{name: "answer that does not repeat the request", base: markAnswer, edits: edits(del(ffd.TagMarkingRequestNumber)), want: finds("S-07 error 2001")}, // K-02
	},
	"S-08": {
		{name: "empty VLN", base: receipt105, edits: edits(set(raw(ffd.TagPrepaidSum, []byte{})))},
		{name: "redundant high zeros", base: receipt105, edits: edits(set(raw(ffd.TagCreditSum, make([]byte, 8))))},
		{name: "quantity with redundant zeros", base: receipt105, edits: edits(set(raw(ffd.TagQuantity, []byte{0, 3, 0, 0, 0, 0, 0, 0, 0}), ffd.TagItem))},
		{name: "name of 128 bytes", base: receipt105, edits: edits(set(text(ffd.TagItemName, strings.Repeat("я", 128)), ffd.TagItem))},
		{name: "name of 129 bytes", base: receipt105, edits: edits(set(text(ffd.TagItemName, strings.Repeat("я", 129)), ffd.TagItem)),
			want: finds("S-08 error 1059/1030")},
		{name: "FN number of 15 bytes", base: receipt105, edits: edits(set(text(ffd.TagFNNumber, "999907890000548"))), want: finds("S-08 error 1041")},
		{name: "date of two bytes", base: receipt105, edits: edits(set(u16(ffd.TagDateTime, 1))), want: finds("S-08 error 1012")},
		{name: "sum of seven bytes", base: receipt105, edits: edits(set(raw(ffd.TagUnitNDS, []byte{1, 2, 3, 4, 5, 6, 7}), ffd.TagItem)),
			want: finds("S-08 error 1059/1198")},
		{name: "quantity of 18 decimals", base: receipt105, edits: edits(set(raw(ffd.TagQuantity, []byte{18, 1}), ffd.TagItem)),
			want: finds("S-08 error 1059/1023")},
		{name: "version of 8 bytes", base: registration105, edits: edits(set(text(ffd.TagKKTVersion, "version2")))},
		{name: "version of 9 bytes, length disputed", base: registration105, edits: edits(set(text(ffd.TagKKTVersion, "version 2"))),
			want: finds("S-08 warning 1188")},
		{name: "kind of paper in its long form", base: receipt12, edits: edits(add(buyer(fixed(ffd.TagBuyerDocumentCode, "21", 32))))},
		{name: "counters are longer than the order prints", base: close11},
	},
	"S-09": {
		{name: "INN padded on the right", base: receipt105, edits: edits(set(inn(ffd.TagBuyerINN, testUser)))},
		{name: "INN padded on the left", base: receipt105, edits: edits(set(text(ffd.TagUserINN, "  "+testUser))), want: finds("S-09 error 1018")},
		{name: "letters in the FN number", base: receipt105, edits: edits(set(text(ffd.TagFNNumber, "99990789000054AB"))), want: finds("S-09 error 1041")},
		{name: "country code with a letter", base: receipt105, edits: edits(set(text(ffd.TagOriginCountryCode, "64З"), ffd.TagItem)), want: finds("S-09 error 1059/1230")},
	},
	"S-10": {
		{name: "value of the list", base: receipt105, edits: edits(set(u8(ffd.TagPaymentType, 7), ffd.TagItem))},
		{name: "value out of the list", base: receipt105, edits: edits(set(u8(ffd.TagPaymentType, 8), ffd.TagItem)), want: finds("S-10 error 1059/1214")},
		{name: "reserved bit", base: registration105, edits: edits(set(u8(ffd.TagTaxationType, 0x41))), want: finds("S-10 error 1062")},
		{name: "subject of a later version", base: receipt105, edits: edits(set(u8(ffd.TagProductType, 33), ffd.TagItem)), want: finds("S-10 error 1059/1212")},
		{name: "unknown version", base: receipt105, edits: edits(set(u8(ffd.TagFFDVersion, 5))), want: finds("S-10 error 1209")},
		{name: "two agents at once", base: receipt105, edits: edits(set(u8(ffd.TagItemAgentType, 96), ffd.TagItem), set(inn(ffd.TagProviderINN, testUser), ffd.TagItem)),
			want: finds("S-10 error 1059/1222")},
		{name: "no agent written as zero", base: receipt105, edits: edits(set(u8(ffd.TagItemAgentType, 0), ffd.TagItem)), want: finds("S-10 warning 1059/1222")},
		{name: "marking list known from one source", base: markRequest, edits: edits(set(u8(ffd.TagPlannedStatus, 9))), want: finds("S-10 warning 2003")},
		{name: "paper of the buyer", base: receipt12, edits: edits(add(buyer(text(ffd.TagBuyerDocumentCode, "21"))))},
		{name: "paper of the buyer is no number", base: receipt12, edits: edits(add(buyer(text(ffd.TagBuyerDocumentCode, "AB")))),
			want: finds("S-09 warning 1256/1245")},
		{name: "unknown paper of the buyer", base: receipt12, edits: edits(add(buyer(text(ffd.TagBuyerDocumentCode, "99")))),
			want: finds("S-10 warning 1256/1245")},
	},
	"S-12": {
		{name: "FFD 1.0 in its time", base: receipt10},
		{name: "FFD 1.0 after its end", base: receipt10, edits: edits(set(at(ffd.TagDateTime, "2019-01-01 00:00"))), want: finds("S-12 warning 1209")},
		{name: "later requisites without a version", base: receipt105, edits: edits(del(ffd.TagFFDVersion)), want: finds("S-12 error 1209")},
	},
	"S-14": {
		{name: "FN of FFD 1.2", base: registration105, edits: edits(set(u8(ffd.TagFNFFDVersion, 4)))},
		{name: "1189 = 2 without 1190", base: registration105, edits: edits(del(ffd.TagFNFFDVersion))},
		{name: "register of FFD 1.0", base: registration105, edits: edits(set(u8(ffd.TagKKTFFDVersion, 1))), want: finds("S-14 error 1189")},
		{name: "FN of FFD 1.05", base: registration105, edits: edits(set(u8(ffd.TagFNFFDVersion, 2))), want: finds("S-14 error 1190")},
	},
}

// buyer is the structure of FFD 1.2 about the buyer.
func buyer(children ...tlv.Node) tlv.Node {
	return stlv(ffd.TagBuyerInformation, append([]tlv.Node{text(ffd.TagBuyer, "Иванов")}, children...)...)
}

// exactly fills a document up to a length of its value with an unknown tag.
func exactly(length int) edit {
	return func(d *draft) {
		raw, err := tlv.Append(nil, d.nodes)
		if err != nil {
			panic(err)
		}
		add(text(9999, strings.Repeat("x", length-len(raw)-tlv.HeaderLen)))(d)
	}
}

// A document that was cut short keeps S-01 and S-02; rules that need the whole
// document say nothing of what is not there.
func TestCheck_BrokenDocument(t *testing.T) {
	t.Parallel()
	whole := receipt105().decode(t)
	for _, cut := range []int{0, 1, 3, 4, 5, 50, len(whole.Raw) / 2, len(whole.Raw) - 1} {
		d, err := ffd.Decode(whole.Raw[:cut])
		require.Error(t, err)
		found := Check(d, headerOf(3, testFN, 77), nil)
		if cut == 0 {
			continue // nothing was read: nothing but S-01 can be said
		}
		assert.Contains(t, briefs(found), "S-02 error", "cut at %d", cut)
		for _, f := range found {
			assert.Contains(t, []string{"S-01", "S-02"}, f.Rule)
		}
	}
	long := append(append([]byte{}, whole.Raw...), 1, 2, 3)
	d, err := ffd.Decode(long)
	require.Error(t, err)
	assert.Equal(t, []string{"S-02 error"}, briefs(Check(d, Context{}, nil)))
}

// A tree that was built, not read, has no lengths to check.
func TestCheck_BuiltTree(t *testing.T) {
	t.Parallel()
	d := receipt105()
	assert.Nil(t, Check(&ffd.Document{Form: d.form, Fields: d.nodes}, Context{}, nil))
	set(vln(ffd.TagCashTotalSum, 1))(d)
	assert.Equal(t, []string{"M-03 error 1020"}, briefs(Check(&ffd.Document{Form: d.form, Fields: d.nodes}, Context{}, nil)))
}
