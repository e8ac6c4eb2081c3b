package flk

import (
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
)

var identityCases = map[string][]ruleCase{
	"I-01": {
		{name: "as in the container", base: receipt105, ctx: headerOf(3, testFN, 77)},
		{name: "15 digits as in the container", base: receipt10, edits: edits(set(fixed(ffd.TagFNNumber, "999907891234567", 16))),
			ctx: headerOf(3, "999907891234567", 77)},
		{name: "another FN", base: receipt105, ctx: headerOf(3, "9999078900005489", 77), want: finds("I-01 error 1041")},
		{name: "nothing to compare with", base: receipt105},
	},
	"I-02": {
		{name: "as in the container", base: receipt105, ctx: headerOf(3, testFN, 77)},
		{name: "another number", base: receipt105, ctx: headerOf(3, testFN, 78), want: finds("I-02 error 1040")},
	},
	"I-03": {
		{name: "check digits right", base: registration105},
		{name: "any 16 digits where no factory number stands", base: receipt105, edits: edits(set(fixed(ffd.TagKKTRegID, "1234567890123456", 20)))},
		{name: "12 digits", base: receipt105, edits: edits(set(fixed(ffd.TagKKTRegID, "120000130000", 20))), want: finds("I-03 error 1037")},
		{name: "check digits wrong", base: registration105, edits: edits(set(fixed(ffd.TagKKTRegID, "0000000005008571", 20))), want: finds("I-03 error 1037")},
		{name: "factory number of another register", base: change105, edits: edits(set(text(ffd.TagKKTNumber, "000000000003"))), want: finds("I-03 error 1037")}, // I-06
		{name: "second sample of the sources", base: registration105, edits: edits(set(fixed(ffd.TagKKTRegID, "0007795807005569", 20)),
			set(inn(ffd.TagUserINN, "7825706086")), set(text(ffd.TagKKTNumber, "00105726645591")))},
	},
	"I-04": {
		{name: "organisation", base: receipt105},
		{name: "person", base: receipt105, edits: edits(set(inn(ffd.TagUserINN, "500100732259")))},
		{name: "wrong check digit", base: receipt105, edits: edits(set(inn(ffd.TagUserINN, "7702203277"))), want: finds("I-04 error 1018")},
		{name: "eleven digits", base: receipt105, edits: edits(set(inn(ffd.TagUserINN, "77022032760"))), want: finds("I-04 error 1018")},
		{name: "empty", base: receipt105, edits: edits(set(inn(ffd.TagUserINN, ""))), want: finds("I-04 error 1018")},
		{name: "two zeros on the left", base: receipt105, edits: edits(set(inn(ffd.TagUserINN, "00"+testUser))), want: finds("I-04 warning 1018")},
		{name: "marking request", base: markRequest, edits: edits(set(inn(ffd.TagUserINN, "7702203277"))), want: finds("I-04 error 1018")},
	},
	"I-05": {
		{name: "this operator", base: registration105, ctx: Context{OFD: testOFD}},
		{name: "any operator when none is named", base: registration105, edits: edits(set(inn(ffd.TagOFDINN, testUser)))},
		{name: "another operator", base: registration105, edits: edits(set(inn(ffd.TagOFDINN, testUser))), ctx: Context{OFD: testOFD}, want: finds("I-05 error 1017")},
		{name: "wrong check digit", base: registration105, edits: edits(set(inn(ffd.TagOFDINN, "7704358519"))), want: finds("I-05 error 1017")},
		{name: "zeros in autonomous mode", base: registration105, edits: edits(set(u8(ffd.TagOfflineMode, 1)), set(inn(ffd.TagOFDINN, "000000000000"))), ctx: Context{OFD: testOFD}},
		{name: "absent in autonomous mode", base: registration105, edits: edits(set(u8(ffd.TagOfflineMode, 1)), del(ffd.TagOFDINN))},
		{name: "an operator in autonomous mode", base: registration105, edits: edits(set(u8(ffd.TagOfflineMode, 1))), want: finds("I-05 error 1017")},
		{name: "zeros in transmission mode", base: registration105, edits: edits(set(inn(ffd.TagOFDINN, "000000000000"))), ctx: Context{OFD: testOFD},
			want: finds("I-05 error 1017")},
	},
	"I-07": {
		{name: "cashier", base: receipt105, edits: edits(set(inn(ffd.TagCashierINN, "500100732259")))},
		{name: "empty and zeros", base: receipt105, edits: edits(set(inn(ffd.TagCashierINN, "")), set(inn(ffd.TagProviderINN, "000000000000"), ffd.TagItem))},
		{name: "cashier with a wrong number", base: receipt105, edits: edits(set(inn(ffd.TagCashierINN, "771234567890"))), want: finds("I-07 warning 1203")},
		{name: "cashier with the number of an organisation", base: receipt105, edits: edits(set(inn(ffd.TagCashierINN, testUser))), want: finds("I-07 warning 1203")},
		{name: "buyer", base: receipt105, edits: edits(set(inn(ffd.TagBuyerINN, "7702203277"))), want: finds("I-07 warning 1228")},
		{name: "buyer of FFD 1.2", base: receipt12, edits: edits(add(buyer(inn(ffd.TagBuyerINN, "7702203277")))), want: finds("I-07 warning 1256/1228")},
		{name: "supplier", base: receipt105, edits: edits(set(inn(ffd.TagProviderINN, "7702203277"), ffd.TagItem)), want: finds("I-07 warning 1059/1226")},
		{name: "transfer operator of a bank agent", base: receipt105, edits: edits(set(u8(ffd.TagItemAgentType, 1), ffd.TagItem),
			set(inn(ffd.TagProviderINN, testUser), ffd.TagItem), set(stlv(ffd.TagAgentData, inn(ffd.TagTransferOperatorINN, "7702203277")), ffd.TagItem)),
			want: finds("I-07 warning 1059/1223/1016")},
	},
}

var dateCases = map[string][]ruleCase{
	"D-02": {
		{name: "far east is twelve hours ahead", base: receipt105, ctx: Context{Now: time.Date(2026, 8, 1, 0, 2, 0, 0, time.UTC)}},
		{name: "five minutes more are allowed", base: receipt105, ctx: Context{Now: time.Date(2026, 7, 31, 23, 57, 0, 0, time.UTC)}},
		{name: "ahead of every zone", base: receipt105, ctx: Context{Now: time.Date(2026, 7, 31, 23, 56, 59, 0, time.UTC)}, want: finds("D-02 warning 1012")},
		{name: "late is no fault", base: receipt105, ctx: Context{Now: time.Date(2027, 8, 1, 0, 0, 0, 0, time.UTC)}},
	},
	"D-03": {
		{name: "a day ahead", base: receipt105, ctx: Context{Now: time.Date(2026, 7, 31, 12, 2, 0, 0, time.UTC)}, want: finds("D-02 warning 1012")},
		{name: "more than a day ahead", base: receipt105, ctx: Context{Now: time.Date(2026, 7, 31, 12, 1, 59, 0, time.UTC)}, want: finds("D-03 error 1012")},
		{name: "first day", base: receipt10, edits: edits(set(at(ffd.TagDateTime, "2016-09-01 00:00")))},
		{name: "before the first day", base: receipt10, edits: edits(set(at(ffd.TagDateTime, "2016-08-31 23:59"))), want: finds("D-03 error 1012")},
		{name: "confirmation of tomorrow", base: confirmation, ctx: Context{Now: time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)}, want: finds("D-03 error 1012")},
		{name: "no clock", base: receipt105, edits: edits(set(at(ffd.TagDateTime, "2040-01-01 00:00")))},
	},
	"D-05": {
		{name: "date before", base: correction105},
		{name: "same day", base: correction105, edits: edits(set(at(ffd.TagCorrectionDocumentDate, "2026-08-01 00:00"), ffd.TagCorrectionBase))},
		{name: "next day", base: correction105, edits: edits(set(at(ffd.TagCorrectionDocumentDate, "2026-08-02 00:00"), ffd.TagCorrectionBase)),
			want: finds("D-05 error 1174/1178")},
		{name: "time of day", base: correction105, edits: edits(set(at(ffd.TagCorrectionDocumentDate, "2026-07-30 10:00"), ffd.TagCorrectionBase)),
			want: finds("D-05 error 1174/1178")},
	},
	"D-06": {
		{name: "date", base: state105},
		{name: "none", base: state105, edits: edits(set(u32(ffd.TagUnsentFirstTime, 0)))},
		{name: "time of day", base: state105, edits: edits(set(at(ffd.TagUnsentFirstTime, "2026-08-01 10:00"))), want: finds("D-06 warning 1098")},
		{name: "closing report", base: close105, edits: edits(set(at(ffd.TagUnsentFirstTime, "2026-08-01 10:00"))), want: finds("D-06 warning 1098")},
	},
	"D-08": {
		{name: "three days", base: close105, edits: edits(set(u8(ffd.TagOFDResponseTimeoutSign, 1)), set(at(ffd.TagUnsentFirstTime, "2026-07-29 00:00")))},
		{name: "same day", base: close105, edits: edits(set(u8(ffd.TagOFDResponseTimeoutSign, 1))), want: finds("D-08 warning 1053")},
		{name: "nothing unsent", base: close105, edits: edits(set(u8(ffd.TagOFDResponseTimeoutSign, 1)), set(u32(ffd.TagUnsentCount, 0)),
			set(u32(ffd.TagUnsentFirstTime, 0))), want: finds("D-08 warning 1053")},
	},
}
