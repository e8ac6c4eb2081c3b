package cases

import (
	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/model"
)

// total gives the receipt another total, paid in cash.
func total(kopecks uint64) edit {
	return func(d *model.Document) { d.Set(model.VLN(1020, kopecks)).Set(model.VLN(1031, kopecks)) }
}

// quantity is 1023 without decimals.
func quantity(n byte) edit { return set(model.TLV(1023, []byte{0, n}), 1059) }

// amount gives the only item another sum, with everything that follows from it.
func amount(kopecks uint64) edit {
	return func(d *model.Document) {
		total(kopecks)(d)
		d.Set(model.VLN(1043, kopecks), 1059).Set(model.VLN(1105, kopecks))
	}
}

// secondItem adds an item of 50.00 at a rate.
func secondItem(rate byte) edit {
	return func(d *model.Document) {
		var item []byte
		for _, f := range [][]byte{model.Text(1030, "Чай"), model.VLN(1079, 5000), model.TLV(1023, []byte{0, 1}), model.VLN(1043, 5000), model.U8(1199, rate), model.U8(1214, 4), model.U8(1212, 1)} {
			item = append(item, f...)
		}
		if d.Register.FFD == 4 {
			item = append(item, model.U8(2108, 0)...)
		}
		d.Put(model.TLV(1059, item))
		total(15000)(d)
	}
}

// piece is 1162 of one marked instance: kind 44 4D, a GTIN, a serial number.
var piece = model.TLV(1162, append([]byte{0x44, 0x4D, 0, 0, 0, 0, 0, 1}, "serial"...))

// all applies several edits as one.
func all(edits ...edit) edit {
	return func(d *model.Document) {
		for _, e := range edits {
			e(d)
		}
	}
}

var moneyRules = []rule{
	{id: "M-01", title: "The sum of an item is its price times its quantity, to a kopeck.", mark: conformance.Doc, ways: conformance.EachFFD,
		good: receiptWith(amount(10001)), bad: receiptWith(amount(10002))},
	{id: "M-02", title: "The total is the sum of the items, to the rouble.", mark: conformance.Doc, ways: conformance.EachFFD,
		good: receiptWith(secondItem(6), set(model.VLN(1105, 15000))), bad: receiptWith(secondItem(6), set(model.VLN(1105, 15000)), total(15100))},
	{id: "M-03", title: "The payments add up to the total.", mark: conformance.Doc, ways: conformance.EachFFD,
		good: receiptWith(set(model.VLN(1031, 4000)), set(model.VLN(1081, 5000)), set(model.VLN(1215, 700)), set(model.VLN(1216, 200)), set(model.VLN(1217, 100))), bad: receiptWith(set(model.VLN(1031, 9999)))},
	{id: "M-05", title: "The items of a correction, when there are any, add up to its total.", mark: conformance.Doc, ways: ffd105,
		good: correctionWith(del(1059)), bad: correctionWith(total(30000))},
	{id: "M-07", title: "One marked instance is sold by one.", mark: conformance.Doc, ways: conformance.Before,
		good: receiptWith(put(piece, 1059)), bad: receiptWith(put(piece, 1059), quantity(2), set(model.VLN(1079, 5000), 1059))},
	{id: "V-01", title: "A receipt has a total of some VAT rate.", mark: conformance.Doc, ways: []conformance.Variant{{FFD: 2}, {FFD: 4}},
		good: correctionWith(), bad: correctionWith(del(1059), del(1105))},
	{id: "V-02", title: "Every VAT rate of an item has its total.", mark: conformance.Doc, ways: conformance.EachFFD,
		good: receiptWith(secondItem(2), put(model.VLN(1103, 455))), bad: receiptWith(secondItem(2))},
	{id: "V-05", title: "The turnover without VAT is the sum of the items without VAT.", mark: conformance.Doc, ways: conformance.EachFFD,
		good: receiptWith(secondItem(5), put(model.VLN(1104, 5000))), bad: receiptWith(secondItem(5), put(model.VLN(1104, 4000)))},
}
