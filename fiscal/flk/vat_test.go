package flk

import (
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// newRate is the structure 1115 with one rate and its tax.
func newRate(rate uint8, tax uint64) tlv.Node {
	return stlv(ffd.TagAmountsReceiptNDS, stlv(ffd.TagAmountsNDS, u8(ffd.TagNDSRate, rate), vln(ffd.TagRateNDSSum, tax)))
}

// oneItem keeps one item of 123.45 at a rate; 0 leaves the rate out.
func oneItem(rate uint8) []edit {
	e := alone(12345, "1", 12345)
	if rate == 0 {
		return append(e, del(ffd.TagNDSRate, ffd.TagItem))
	}
	return append(e, set(u8(ffd.TagNDSRate, rate), ffd.TagItem))
}

// withRate is oneItem with more edits.
func withRate(rate uint8, more ...edit) []edit { return join(oneItem(rate), more) }

var vatCases = map[string][]ruleCase{
	"V-01": {
		{name: "turnover without VAT", base: receipt105, edits: withRate(6, set(vln(ffd.TagNDSNo, 12345)))},
		{name: "rate of 2025", base: receipt105, edits: withRate(7, set(newRate(7, 588)))},
		{name: "none", base: correction105, edits: edits(del(ffd.TagNDS20)), want: finds("V-01 error")},
		{name: "none in FFD 1.1, once allowed", base: correction11, edits: withRate(0, set(u8(ffd.TagAppliedTaxationType, 2))), want: finds("V-01 warning")},
		{name: "none of an item at 10 %", base: receipt105, edits: oneItem(2), want: finds("V-01 error", "V-02 error 1103")},
	},
	"V-02": {
		{name: "total of the rate", base: receipt105},
		{name: "no total", base: receipt105, edits: edits(del(ffd.TagNDS10)), want: finds("V-02 error 1103")},
		{name: "no total at 20/120", base: receipt105, edits: withRate(3, set(vln(ffd.TagNDS10110, 0))), want: finds("V-02 error 1106", "V-03 warning 1107")},
		{name: "no turnover at 0 %", base: receipt105, edits: withRate(5, set(newRate(7, 588))), want: finds("V-02 error 1104", "V-03 warning 1115/1119/1120")},
		{name: "rate of 2025 known from one source", base: receipt105, edits: withRate(8, set(vln(ffd.TagNDS20, 808))),
			want: finds("V-02 warning 1115/1119/1120", "V-03 warning 1102")},
		{name: "another rate inside 1115", base: receipt105, edits: withRate(8, set(newRate(7, 588))),
			want: finds("V-02 warning 1115/1119/1120", "V-03 warning 1115/1119/1120")},
		{name: "nothing to tax", base: receipt105, edits: join(alone(0, "1", 0), edits(set(vln(ffd.TagNDSNo, 0)))), want: finds("V-04 warning 1105")},
	},
	"V-03": {
		{name: "used rates only", base: receipt105},
		{name: "correction without items", base: correction105},
		{name: "idle total", base: receipt105, edits: edits(set(vln(ffd.TagNDS20120, 0))), want: finds("V-03 warning 1106")},
		{name: "no rate counts as exempt", base: receipt105, edits: withRate(0, set(vln(ffd.TagNDSNo, 12345)))},
	},
	"V-04": {
		{name: "turnover", base: receipt105, edits: withRate(6, set(vln(ffd.TagNDSNo, 12345)))},
		{name: "zero turnover", base: receipt105, edits: edits(set(vln(ffd.TagNDSNo, 0)), set(vln(ffd.TagNDS0, 0))), want: finds("V-04 warning 1104", "V-04 warning 1105")},
	},
	"V-05": {
		{name: "rate 0 %", base: receipt105, edits: withRate(5, set(vln(ffd.TagNDS0, 12345)))},
		{name: "no rate", base: receipt105, edits: withRate(0, set(vln(ffd.TagNDSNo, 12345)))},
		{name: "a kopeck off", base: receipt105, edits: withRate(6, set(vln(ffd.TagNDSNo, 12344))), want: finds("V-05 error 1105")},
		{name: "rate 0 % off", base: receipt105, edits: withRate(5, set(vln(ffd.TagNDS0, 1))), want: finds("V-05 error 1104")},
		{name: "rounded with the total", base: receipt105, edits: withRate(6, set(vln(ffd.TagNDSNo, 12300)), set(vln(ffd.TagTotalSum, 12300)), set(vln(ffd.TagCashTotalSum, 12300)))},
	},
	"V-06": {
		// 123.45 × 20/120 = 20.575 of one item: one kopeck off at most.
		{name: "rounded up", base: receipt105, edits: withRate(1, set(vln(ffd.TagNDS20, 2058)))},
		{name: "rounded down", base: receipt105, edits: withRate(1, set(vln(ffd.TagNDS20, 2057)))},
		{name: "too little", base: receipt105, edits: withRate(1, set(vln(ffd.TagNDS20, 2056))), want: finds("V-06 warning 1102")},
		{name: "too much", base: receipt105, edits: withRate(1, set(vln(ffd.TagNDS20, 2059))), want: finds("V-06 warning 1102")},
		{name: "10 %", base: receipt105, edits: edits(set(vln(ffd.TagNDS10, 1100))), want: finds("V-06 warning 1103")},
		// 123.45 × 18/118 = 18.83.
		{name: "18 % in 2018", base: receipt105, edits: withRate(1, set(vln(ffd.TagNDS20, 1883)), set(at(ffd.TagDateTime, "2018-12-31 23:59")))},
		{name: "20 % in 2018", base: receipt105, edits: withRate(1, set(vln(ffd.TagNDS20, 2058)), set(at(ffd.TagDateTime, "2018-12-31 23:59"))), want: finds("V-06 warning 1102")},
		{name: "18 % in 2019", base: receipt105, edits: withRate(1, set(vln(ffd.TagNDS20, 1883)), set(at(ffd.TagDateTime, "2019-01-01 00:00"))), want: finds("V-06 warning 1102")},
		{name: "return of a sale of 2018", base: receipt105, edits: withRate(1, set(vln(ffd.TagNDS20, 1883)), set(at(ffd.TagDateTime, "2019-01-01 00:00")), set(u8(ffd.TagOperationType, 2)))},
	},
	"V-07": {
		{name: "20/120", base: receipt105, edits: withRate(3, set(vln(ffd.TagNDS20120, 2058)))},
		{name: "20/120 off", base: receipt105, edits: withRate(3, set(vln(ffd.TagNDS20120, 2000))), want: finds("V-07 warning 1106")},
		{name: "10/110", base: receipt105, edits: withRate(4, set(vln(ffd.TagNDS10110, 1122)))},
		{name: "10/110 off", base: receipt105, edits: withRate(4, set(vln(ffd.TagNDS10110, 1125))), want: finds("V-07 warning 1107")},
	},
	"V-08": {
		{name: "5 %", base: receipt105, edits: withRate(7, set(newRate(7, 588)))},
		{name: "7/107", base: receipt105, edits: withRate(10, set(newRate(10, 808)))},
		{name: "22 %", base: receipt105, edits: withRate(11, set(newRate(11, 2226)))},
		{name: "rate without a tax", base: receipt105, edits: withRate(7, set(stlv(ffd.TagAmountsReceiptNDS, stlv(ffd.TagAmountsNDS, u8(ffd.TagNDSRate, 7)))))},
		{name: "22/122 off", base: receipt105, edits: withRate(12, set(newRate(12, 2058))), want: finds("V-08 warning 1115/1119/1120")},
	},
	"V-09": {
		// 54.99 × 20/120 = 9.165 goes up.
		{name: "half a kopeck goes up", base: receipt105, edits: join(alone(5499, "1", 5499), edits(set(u8(ffd.TagNDSRate, 1), ffd.TagItem),
			set(vln(ffd.TagItemNDSSum, 917), ffd.TagItem), set(vln(ffd.TagNDS20, 916))))},
		{name: "half a kopeck goes down", base: receipt105, edits: join(alone(5499, "1", 5499), edits(set(u8(ffd.TagNDSRate, 1), ffd.TagItem),
			set(vln(ffd.TagItemNDSSum, 916), ffd.TagItem), set(vln(ffd.TagNDS20, 917)))), want: finds("V-09 warning 1059/1200")},
		{name: "exempt", base: receipt105, edits: withRate(6, set(vln(ffd.TagNDSNo, 12345)), set(vln(ffd.TagItemNDSSum, 0), ffd.TagItem))},
		{name: "tax of an exempt item", base: receipt105, edits: withRate(6, set(vln(ffd.TagNDSNo, 12345)), set(vln(ffd.TagItemNDSSum, 1), ffd.TagItem)),
			want: finds("V-09 warning 1059/1200")},
	},
	"V-10": {
		{name: "exempt turnover stated", base: receipt105, edits: withRate(0, set(vln(ffd.TagNDSNo, 12345)))},
		{name: "who pays no VAT", base: receipt105, edits: withRate(0, set(u8(ffd.TagAppliedTaxationType, 2)), set(vln(ffd.TagNDSNo, 12345)))},
		{name: "no rate and no turnover", base: receipt105, edits: edits(del(ffd.TagNDSRate, ffd.TagItem), del(ffd.TagItemNDSSum, ffd.TagItem), del(ffd.TagNDS10)),
			want: finds("V-10 warning 1059/1199")},
	},
	"V-11": {
		{name: "5 % in 2025", base: receipt105, edits: withRate(7, set(newRate(7, 588)), set(at(ffd.TagDateTime, "2025-01-01 00:00")))},
		{name: "5 % in 2024", base: receipt105, edits: withRate(7, set(newRate(7, 588)), set(at(ffd.TagDateTime, "2024-12-31 23:59"))), want: finds("V-11 warning 1059/1199")},
		{name: "22 % in 2025", base: receipt105, edits: withRate(11, set(newRate(11, 2226)), set(at(ffd.TagDateTime, "2025-12-31 23:59"))), want: finds("V-11 warning 1059/1199")},
		{name: "7 % in the total of 2024", base: correction105, edits: edits(set(newRate(8, 1)), set(at(ffd.TagDateTime, "2024-12-31 23:59")),
			set(at(ffd.TagCorrectionDocumentDate, "2024-12-01 00:00"), ffd.TagCorrectionBase)), want: finds("V-11 warning 1115/1119/1120")},
	},
}
