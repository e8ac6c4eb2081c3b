package fiscal

import "strconv"

// Form is the form code of a document (код формы ФД): the outer tag of its STLV
// and byte 5 of the container header (order ЕД-7-20/662@, table 11).
type Form uint16

// The documents of a register, the operator's confirmation and the marking
// exchange of FFD 1.2.
const (
	FormFiscalReport           Form = 1  // отчет о регистрации
	FormOpenShift              Form = 2  // отчет об открытии смены
	FormReceipt                Form = 3  // кассовый чек
	FormBSO                    Form = 4  // бланк строгой отчетности
	FormCloseShift             Form = 5  // отчет о закрытии смены
	FormCloseArchive           Form = 6  // отчет о закрытии ФН
	FormOperatorAck            Form = 7  // подтверждение оператора
	FormFiscalReportCorrection Form = 11 // отчет об изменении параметров регистрации
	FormCurrentStateReport     Form = 21 // отчет о текущем состоянии расчетов
	FormReceiptCorrection      Form = 31 // кассовый чек коррекции
	FormBSOCorrection          Form = 41 // БСО коррекции
	FormMarkingRequest         Form = 81 // запрос о коде маркировки
	FormMarkingNotice          Form = 82 // уведомление о реализации маркированного товара
	FormMarkingAnswer          Form = 83 // ответ на запрос
	FormMarkingReceipt         Form = 84 // квитанция на уведомление
)

type formInfo struct{ json, ru string }

var forms = map[Form]formInfo{
	FormFiscalReport:           {"fiscalReport", "отчет о регистрации"},
	FormOpenShift:              {"openShift", "отчет об открытии смены"},
	FormReceipt:                {"receipt", "кассовый чек"},
	FormBSO:                    {"bso", "бланк строгой отчетности"},
	FormCloseShift:             {"closeShift", "отчет о закрытии смены"},
	FormCloseArchive:           {"closeArchive", "отчет о закрытии фискального накопителя"},
	FormOperatorAck:            {"operatorAck", "подтверждение оператора"},
	FormFiscalReportCorrection: {"fiscalReportCorrection", "отчет об изменении параметров регистрации"},
	FormCurrentStateReport:     {"currentStateReport", "отчет о текущем состоянии расчетов"},
	FormReceiptCorrection:      {"receiptCorrection", "кассовый чек коррекции"},
	FormBSOCorrection:          {"bsoCorrection", "бланк строгой отчетности коррекции"},
	FormMarkingRequest:         {"markingRequest", "запрос о коде маркировки"},
	FormMarkingNotice:          {"markingNotice", "уведомление о реализации маркированного товара"},
	FormMarkingAnswer:          {"markingAnswer", "ответ на запрос о коде маркировки"},
	FormMarkingReceipt:         {"markingReceipt", "квитанция на уведомление"},
}

// Known reports whether f is a form code of the formats.
func (f Form) Known() bool { _, ok := forms[f]; return ok }

// JSONName is the name of the document's object in the tax service's JSON
// ("receipt"). Names of 81–84 are our own: no source gives them.
func (f Form) JSONName() string { return forms[f].json }

// String is the Russian name of the document, or "форма N" when unknown.
func (f Form) String() string {
	if i, ok := forms[f]; ok {
		return i.ru
	}
	return "форма " + strconv.Itoa(int(f))
}

// FormByJSONName finds a form by the name of its JSON object; 0 when unknown.
func FormByJSONName(name string) Form {
	for f, i := range forms {
		if i.json == name {
			return f
		}
	}
	return 0
}

// IsReceipt reports a receipt or БСО, corrections included (3, 4, 31, 41).
func (f Form) IsReceipt() bool {
	return f == FormReceipt || f == FormBSO || f.IsCorrection()
}

// IsCorrection reports a correction receipt or БСО correction (31, 41).
func (f Form) IsCorrection() bool {
	return f == FormReceiptCorrection || f == FormBSOCorrection
}

// IsRegistration reports a registration report or its change (1, 11).
func (f Form) IsRegistration() bool {
	return f == FormFiscalReport || f == FormFiscalReportCorrection
}

// IsMarking reports a document of the marking exchange (81–84).
func (f Form) IsMarking() bool { return f >= FormMarkingRequest && f <= FormMarkingReceipt }
