package flk

import "github.com/fiscalbench/fiscalbench/fiscal/ffd"

// offline turns a registration report to autonomous mode.
func offline() []edit {
	return edits(set(u8(ffd.TagOfflineMode, 1)), set(inn(ffd.TagOFDINN, "000000000000")))
}

var reportCases = map[string][]ruleCase{
	"P-01": {
		{name: "set flag", base: registration105, edits: edits(set(u8(ffd.TagBSOSign, 1)))},
		{name: "lottery may be absent in FFD 1.05", base: registration105, edits: edits(del(ffd.TagLotterySign))},
		{name: "lottery absent in FFD 1.1", base: registration11, edits: edits(del(ffd.TagLotterySign)), want: finds("P-01 error 1126")},
		{name: "absent", base: change105, edits: edits(del(ffd.TagPrintInMachineSign)), want: finds("P-01 error 1221")},
		{name: "neither 0 nor 1", base: registration105, edits: edits(set(u8(ffd.TagInternetSign, 2))), want: finds("P-01 error 1108")},
	},
	"P-02": {
		{name: "encrypted transmission", base: registration105, edits: edits(set(u8(ffd.TagEncryptionSign, 1)))},
		{name: "encrypted autonomy", base: registration105, edits: append(offline(), set(u8(ffd.TagEncryptionSign, 1))), want: finds("P-02 error 1056")},
	},
	"P-03": {
		{name: "automat with its number", base: registration105, edits: edits(set(u8(ffd.TagAutoMode, 1)), set(text(ffd.TagMachineNumber, "1")))},
		{name: "automat without a number", base: registration12, edits: edits(set(u8(ffd.TagAutoMode, 1))), want: finds("P-03 error 1036")},
	},
	"P-04": {
		{name: "autonomous", base: registration105, edits: append(offline(), del(ffd.TagOFDName), del(ffd.TagFNSSite), del(ffd.TagSellerAddress))},
		{name: "no operator", base: registration105, edits: edits(del(ffd.TagOFDINN), del(ffd.TagOFDName)), want: finds("P-04 error 1017", "P-04 error 1046")},
		{name: "no sites", base: change11, edits: edits(del(ffd.TagFNSSite), del(ffd.TagSellerAddress)), want: finds("P-04 error 1060", "P-04 error 1117")},
	},
	"P-05": {
		{name: "two reasons", base: change105, edits: edits(add(u8(ffd.TagChangeReason, 1)))},
		{name: "no reason", base: change105, edits: edits(del(ffd.TagChangeReason)), want: finds("P-05 error 1101")},
		{name: "unknown reason", base: change105, edits: edits(add(u8(ffd.TagChangeReason, 5))), want: finds("P-05 error 1101")},
	},
	"P-06": {
		{name: "other reasons", base: change11, edits: edits(set(u32(ffd.TagChangeReasons, 1<<31)))},
		{name: "no bit", base: change11, edits: edits(set(u32(ffd.TagChangeReasons, 0))), want: finds("P-06 warning 1205")},
		{name: "absent", base: change11, edits: edits(del(ffd.TagChangeReasons)), want: finds("P-06 warning 1205")},
	},
	"P-08": {
		{name: "resource ends", base: open105, edits: edits(set(u8(ffd.TagFNExhaustionSign, 1)))},
		{name: "zero", base: open105, edits: edits(set(u8(ffd.TagFNMemoryExceededSign, 0))), want: finds("P-08 error 1052")},
		{name: "zero in a closing report", base: close105, edits: edits(set(u8(ffd.TagFNReplaceRequiredSign, 0))), want: finds("P-08 error 1051")},
	},
	"P-09": {
		{name: "unsent documents", base: state105},
		{name: "autonomous", base: state105, edits: edits(set(u8(ffd.TagOfflineMode, 1)), del(ffd.TagUnsentCount), del(ffd.TagUnsentFirstTime), del(ffd.TagUnsentFirstNumber))},
		{name: "both", base: state105, edits: edits(set(u8(ffd.TagOfflineMode, 1))), want: finds("P-09 error 1097", "P-09 error 1098", "P-09 error 1116")},
		{name: "sign of another mode", base: state105, edits: edits(set(u8(ffd.TagOfflineMode, 0))), want: finds("P-09 error 1002")},
		{name: "no number", base: state105, edits: edits(del(ffd.TagUnsentFirstNumber)), want: finds("P-09 error 1116")},
		{name: "no counters in FFD 1.1", base: state11, edits: edits(del(ffd.TagUnsentCounters)), want: finds("P-09 error 1158")},
		{name: "no counters in FFD 1.2, one source", base: state12, edits: edits(del(ffd.TagUnsentCounters)), want: finds("P-09 warning 1158")},
	},
	"P-11": {
		{name: "counts agree", base: close11},
		{name: "one receipt too many", base: close11, edits: edits(set(u32(ffd.TagTotalReceiptCount, 4), ffd.TagShiftCounters)), want: finds("P-11 warning 1194/1134")},
		{name: "one correction too few", base: change11, edits: edits(set(u32(ffd.TagCorrectionCount, 2), ffd.TagFNCounters, ffd.TagCorrectionOper)),
			want: finds("P-11 warning 1157/1134")},
	},
	"P-12": {
		{name: "sums agree", base: close11},
		{name: "sum of sales off", base: close11, edits: edits(set(vln(ffd.TagCounterTotalSum, 1), ffd.TagShiftCounters, ffd.TagSellOper)),
			want: finds("P-12 warning 1194/1129/1201")},
		{name: "sum of corrections off", base: close11, edits: edits(set(vln(ffd.TagCounterCashSum, 1), ffd.TagFNCounters, ffd.TagCorrectionOper, ffd.TagSellCorrection)),
			want: finds("P-12 warning 1157/1133/1145/1201")},
	},
	"P-13": {
		{name: "kinds without receipts are short", base: close11},
		{name: "receipts without a sum", base: close11, edits: edits(del(ffd.TagCounterTotalSum, ffd.TagShiftCounters, ffd.TagSellOper)),
			want: finds("P-13 warning 1194/1129/1201")},
		{name: "corrections without their counters", base: close11, edits: edits(del(ffd.TagSellCorrection, ffd.TagFNCounters, ffd.TagCorrectionOper)),
			want: finds("P-13 warning 1157/1133")},
	},
}

var markingCases = map[string][]ruleCase{
	"K-03": {
		{name: "result", base: markAnswer},
		{name: "no result of a bad request", base: markAnswer, edits: edits(set(u8(ffd.TagRequestProcessingCode, 1)), del(ffd.TagRequestResults), del(ffd.TagMarkingCodeType),
			del(ffd.TagMarkingCodeMode), del(ffd.TagProductStatusAnswer))},
		{name: "result of a bad request", base: markAnswer, edits: edits(set(u8(ffd.TagRequestProcessingCode, 2))),
			want: finds("K-03 warning 2102", "K-03 warning 2100", "K-03 warning 2109", "K-03 warning 2005")},
	},
	"K-05": {
		{name: "two goods", base: markNotice, edits: edits(add(markedGoods()))},
		{name: "no goods", base: markNotice, edits: edits(del(ffd.TagMarkedItem)), want: finds("K-05 warning 2007")},
		{name: "no zone and no receipt", base: markNotice, edits: edits(del(ffd.TagTimeZone), del(ffd.TagNoticeFDNumber)), want: finds("K-05 warning 1011", "K-05 warning 2040")},
	},
	"K-06": {
		{name: "number and code", base: markReceipt},
		{name: "neither", base: markReceipt, edits: edits(del(ffd.TagMarkingNoticeNumber), del(ffd.TagNoticeProcessingCode)), want: finds("K-06 warning 2002", "K-06 warning 2111")},
	},
	"K-07": {
		{name: "return of a returned piece", base: markNotice, edits: edits(set(u8(ffd.TagOperationType, 2)), set(u8(ffd.TagAssignedStatus, 3), ffd.TagMarkedItem))},
		{name: "status unchanged", base: markNotice, edits: edits(set(u8(ffd.TagOperationType, 2)), set(u8(ffd.TagAssignedStatus, 255), ffd.TagMarkedItem))},
		{name: "return of a sold piece", base: markNotice, edits: edits(set(u8(ffd.TagOperationType, 2))), want: finds("K-07 warning 2007/2110")},
		{name: "purchases are not judged", base: markNotice, edits: edits(set(u8(ffd.TagOperationType, 3)), set(u8(ffd.TagAssignedStatus, 3), ffd.TagMarkedItem))},
		{name: "no status", base: markNotice, edits: edits(del(ffd.TagAssignedStatus, ffd.TagMarkedItem)), want: finds("S-07 warning 2007/2110")},
		{name: "sale of a returned piece", base: markNotice, edits: edits(set(u8(ffd.TagAssignedStatus, 4), ffd.TagMarkedItem)), want: finds("K-07 warning 2007/2110")},
	},
}
