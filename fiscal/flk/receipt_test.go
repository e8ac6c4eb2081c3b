package flk

import (
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// supplier gives the first item, or every item, a supplier's INN.
func supplier() edit { return set(inn(ffd.TagProviderINN, testUser), ffd.TagItem) }

func suppliers() edit {
	return func(d *draft) {
		for i := range d.nodes {
			if n := &d.nodes[i]; n.Tag == ffd.TagItem {
				n.Children = append(n.Children, inn(ffd.TagProviderINN, testUser))
			}
		}
	}
}

func agentOf(kind uint8) edit     { return set(u8(ffd.TagAgentType, kind)) }
func itemAgentOf(kind uint8) edit { return set(u8(ffd.TagItemAgentType, kind), ffd.TagItem) }

// marked gives the first item of an FFD 1.2 receipt a subject and a code kind.
func marked(subject uint8, code tlv.Tag) []edit {
	return edits(set(u8(ffd.TagProductType, subject), ffd.TagItem), set(stlv(ffd.TagProductCodeNew, text(code, "01046004399312")), ffd.TagItem))
}

var receiptCases = map[string][]ruleCase{
	"R-01": {
		{name: "purchase", base: receipt105, edits: edits(set(u8(ffd.TagOperationType, 3)))},
		{name: "correction of a return in FFD 1.1", base: correction11, edits: edits(set(u8(ffd.TagOperationType, 2)))},
		{name: "correction of a return in FFD 1.05", base: correction105, edits: edits(set(u8(ffd.TagOperationType, 2))), want: finds("R-01 error 1054")},
		{name: "two", base: receipt105, edits: edits(add(u8(ffd.TagOperationType, 2))), want: finds("R-01 error 1054")},
		{name: "none", base: receipt105, edits: edits(del(ffd.TagOperationType)), want: finds("R-01 error 1054")},
		{name: "none in FFD 1.0", base: receipt10, edits: edits(del(ffd.TagOperationType)), want: finds("R-01 warning 1054")},
		{name: "unknown", base: receipt105, edits: edits(set(u8(ffd.TagOperationType, 5))), want: finds("R-01 error 1054")},
	},
	"R-02": {
		{name: "patent", base: receipt105, edits: edits(set(u8(ffd.TagAppliedTaxationType, 32)))},
		{name: "two", base: receipt105, edits: edits(set(u8(ffd.TagAppliedTaxationType, 3))), want: finds("R-02 error 1055")},
		{name: "none", base: receipt105, edits: edits(set(u8(ffd.TagAppliedTaxationType, 0))), want: finds("R-02 error 1055")},
		{name: "none in FFD 1.0", base: receipt10, edits: edits(set(u8(ffd.TagAppliedTaxationType, 0))), want: finds("R-02 warning 1055")},
		{name: "two in FFD 1.0", base: receipt10, edits: edits(set(u8(ffd.TagAppliedTaxationType, 3))), want: finds("R-02 error 1055")},
		{name: "reserved bit", base: receipt105, edits: edits(set(u8(ffd.TagAppliedTaxationType, 64))), want: finds("R-02 error 1055")},
	},
	"R-03": {
		{name: "payment agent with phones", base: receipt105, edits: edits(agentOf(4), suppliers(), add(text(ffd.TagPaymentAgentPhone, "+70000000000")),
			add(text(ffd.TagPaymentOperatorPhone, "+70000000000")), add(text(ffd.TagProviderPhone, "+70000000000")))},
		{name: "empty fields of an exporter", base: receipt105, edits: edits(add(text(ffd.TagTransferOperatorName, "")), add(text(ffd.TagPaymentAgentPhone, " ")))},
		{name: "phone without an agent", base: receipt105, edits: edits(add(text(ffd.TagPaymentAgentPhone, "+70000000000"))), want: finds("R-03 warning 1073")},
		{name: "data of a bank agent with another agent", base: receipt105, edits: edits(agentOf(64), suppliers(), add(text(ffd.TagTransferOperatorName, "Банк"))),
			want: finds("R-03 warning 1026")},
		{name: "agent of an item", base: receipt105, edits: edits(itemAgentOf(1), supplier(),
			set(stlv(ffd.TagAgentData, text(ffd.TagTransferOperatorName, "Банк")), ffd.TagItem), set(stlv(ffd.TagProviderData, text(ffd.TagProviderName, "ООО")), ffd.TagItem))},
		{name: "data in an item without an agent", base: receipt105, edits: edits(set(stlv(ffd.TagAgentData, text(ffd.TagTransferOperatorName, "Банк")), ffd.TagItem),
			set(stlv(ffd.TagProviderData, text(ffd.TagProviderName, "ООО")), ffd.TagItem)), want: finds("R-03 warning 1059/1223/1026", "R-03 warning 1059/1224")},
		{name: "supplier's phone in an item of an agent", base: receipt105, edits: edits(itemAgentOf(64), supplier(),
			set(stlv(ffd.TagProviderData, text(ffd.TagProviderPhone, "+70000000000")), ffd.TagItem))},
	},
	"R-04": {
		{name: "commissioner", base: receipt105, edits: edits(agentOf(32), suppliers())},
		{name: "one item of two", base: receipt105, edits: edits(itemAgentOf(32), supplier())},
		{name: "receipt's agent, one supplier missing", base: receipt105, edits: edits(agentOf(32), supplier()), want: finds("R-04 error 1059/1226")},
		{name: "item's agent, supplier missing", base: receipt105, edits: edits(itemAgentOf(32)), want: finds("R-04 error 1059/1226")},
		{name: "items speak for themselves", base: receipt105, edits: edits(agentOf(32), itemAgentOf(32), supplier())},
	},
	"R-05": {
		{name: "advance", base: receipt105, edits: edits(del(ffd.TagItemName, ffd.TagItem), set(u8(ffd.TagPaymentType, 3), ffd.TagItem))},
		{name: "goods without a name", base: receipt105, edits: edits(del(ffd.TagItemName, ffd.TagItem)), want: finds("R-05 error 1059/1030")},
	},
	"R-06": {
		{name: "full payment", base: receipt105, edits: edits(del(ffd.TagPaymentType, ffd.TagItem))},
		{name: "on credit", base: receipt105, edits: edits(del(ffd.TagPaymentType, ffd.TagItem), set(vln(ffd.TagCreditSum, 24738)), set(vln(ffd.TagEcashTotalSum, 0))),
			want: finds("R-06 warning 1059/1214")},
	},
	"R-11": {
		{name: "automat", base: receipt105, edits: edits(del(ffd.TagCashier), set(text(ffd.TagMachineNumber, "1")))},
		{name: "nobody", base: receipt105, edits: edits(del(ffd.TagCashier)), want: finds("R-11 warning 1021")},
	},
	"R-12": {
		{name: "phone", base: receipt105, edits: edits(set(text(ffd.TagBuyerPhoneOrAddress, "+70000000000")))},
		{name: "e-mail with spaces after it", base: receipt105, edits: edits(set(text(ffd.TagBuyerPhoneOrAddress, "a@example.test   ")))},
		{name: "none", base: receipt105, edits: edits(set(text(ffd.TagBuyerPhoneOrAddress, "none")), set(text(ffd.TagSellerAddress, "none")))},
		{name: "phone without +", base: receipt105, edits: edits(set(text(ffd.TagBuyerPhoneOrAddress, "80000000000"))), want: finds("R-12 warning 1008")},
		{name: "site of the seller", base: receipt105, edits: edits(set(text(ffd.TagSellerAddress, "example.test"))), want: finds("R-12 warning 1117")},
	},
	"R-13": {
		{name: "internet shop", base: receipt105, edits: edits(set(u8(ffd.TagInternetPayment, 1)), set(text(ffd.TagRetailPlace, "https://shop.example")),
			set(text(ffd.TagBuyerPhoneOrAddress, "a@example.test")))},
		{name: "not in the internet", base: receipt105, edits: edits(set(u8(ffd.TagInternetPayment, 0)), set(text(ffd.TagRetailPlace, "Магазин")))},
		{name: "a place, and no buyer", base: receipt105, edits: edits(set(u8(ffd.TagInternetPayment, 1)), set(text(ffd.TagRetailPlace, "Магазин 5"))),
			want: finds("R-13 warning 1187", "R-13 warning 1008")},
	},
	"R-14": {
		{name: "by order", base: correction105, edits: edits(set(u8(ffd.TagCorrectionType, 1)))},
		{name: "on one's own without a number", base: correction105, edits: edits(del(ffd.TagCorrectionDocumentNumber, ffd.TagCorrectionBase))},
		{name: "by order without a number", base: correction105, edits: edits(set(u8(ffd.TagCorrectionType, 1)), del(ffd.TagCorrectionDocumentNumber, ffd.TagCorrectionBase)),
			want: finds("R-14 warning 1174/1179")},
		{name: "no date", base: correction105, edits: edits(del(ffd.TagCorrectionDocumentDate, ffd.TagCorrectionBase)), want: finds("R-14 warning 1174/1178")},
		{name: "no basis", base: correction105, edits: edits(del(ffd.TagCorrectionBase)), want: finds("R-14 error 1174")},
	},
	"R-16": {
		{name: "marked with a code", base: receipt12, edits: append(marked(33, ffd.TagCodeGS1M), set(u8(ffd.TagProductCheckResult, 15), ffd.TagItem))},
		{name: "marked with an unreadable code", base: receipt12, edits: append(marked(31, ffd.TagCodeUndefined), set(u8(ffd.TagProductCheckResult, 0), ffd.TagItem))},
		{name: "marked without a code and a result", base: receipt12, edits: marked(33, ffd.TagCodeGS1), want: finds("R-16 warning 1059/1163", "R-16 warning 1059/2106")},
		{name: "unmarked without a code", base: receipt12, edits: edits(set(u8(ffd.TagProductType, 32), ffd.TagItem))},
		{name: "unmarked with a code", base: receipt12, edits: marked(30, ffd.TagCodeKMK), want: finds("R-16 warning 1059/1163")},
	},
	"R-17": {
		{name: "negative and said so", base: receipt12, edits: append(marked(33, ffd.TagCodeGS1M), set(u8(ffd.TagProductCheckResult, 5), ffd.TagItem), set(u8(ffd.TagMarkedProductsResult, 1)))},
		{name: "negative and not said", base: receipt12, edits: append(marked(33, ffd.TagCodeGS1M), set(u8(ffd.TagProductCheckResult, 17), ffd.TagItem)),
			want: finds("R-17 warning 2107")},
		{name: "said, yet nothing negative", base: receipt12, edits: edits(set(u8(ffd.TagMarkedProductsResult, 1))), want: finds("R-17 warning 2107")},
	},
	"R-18": {
		{name: "kilograms may be broken", base: receipt12},
		{name: "no measure", base: receipt12, edits: edits(del(ffd.TagQuantityMeasure, ffd.TagItem)), want: finds("R-18 warning 1059/2108")},
		{name: "no quantity", base: receipt12, edits: edits(del(ffd.TagQuantity, ffd.TagItem)), want: finds("R-18 warning 1059/1023")},
		{name: "half a piece", base: receipt12, edits: join(alone(24690, "0.5", 12345), untaxed(12345)), want: finds("R-18 warning 1059/2108")},
	},
}
