package flk

import (
	"bytes"
	"fmt"
	"math/bits"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// Group R: other rules of receipts.
//
// R-11 is an error in flk.md, yet an automat whose 1036 the registration already
// carries may leave out both 1036 and 1021, which one document cannot show.
var receiptRules = []Rule{
	{ID: "R-01", Severity: Error, FFD: vAll, Forms: formsReceipts, Path: []tlv.Tag{ffd.TagOperationType}, Source: "O, K", Code: 9701,
		Text: "Чек должен содержать ровно один признак расчёта (1054) с допустимым значением", document: oneOperation},
	{ID: "R-02", Severity: Error, FFD: vAll, Forms: formsReceipts, Path: []tlv.Tag{ffd.TagAppliedTaxationType}, Source: "O, I", Code: 9702,
		Text: "В чеке должна быть указана ровно одна система налогообложения (1055)", document: oneTaxation},
	{ID: "R-03", Severity: Warning, FFD: before12, Forms: formsReceipts, Source: "O17, O", Code: 9703,
		Text: "Данные агента указываются только с подходящим признаком агента (1057 или 1222)", document: agentData, item: itemAgentData},
	{ID: "R-04", Severity: Error, FFD: from105, Forms: formsSales, Path: []tlv.Tag{ffd.TagItem, ffd.TagProviderINN}, Source: "O", Code: codeMissing,
		Text: "При расчёте агента предмет расчёта должен содержать ИНН поставщика (1226)", document: supplierGiven},
	{ID: "R-05", Severity: Error, FFD: v105, Forms: formsSales, Path: []tlv.Tag{ffd.TagItem, ffd.TagItemName}, Source: "O", Code: codeMissing,
		Text: "Предмет расчёта должен иметь наименование (1030), кроме аванса (1214 = 3)", item: itemNamed},
	{ID: "R-06", Severity: Warning, FFD: v105, Forms: formsSales, Path: []tlv.Tag{ffd.TagItem, ffd.TagPaymentType}, Source: "O", Code: 9706,
		Text: "Признак способа расчёта (1214) может отсутствовать только при полном расчёте", item: methodGiven},
	{ID: "R-11", Severity: Warning, FFD: vAll, Forms: formsReceipts, Path: []tlv.Tag{ffd.TagCashier}, Source: "O", Code: codeMissing,
		Text: "Чек должен содержать кассира (1021), если ККТ не в составе платёжного автомата (1036)", document: cashierGiven},
	{ID: "R-12", Severity: Warning, FFD: vAll, Forms: formsReceipts, Source: "O", Code: 9712,
		Text: "Реквизиты 1008 и 1117 должны содержать телефон (+ и цифры), адрес электронной почты или none", document: contactsWritten},
	{ID: "R-13", Severity: Warning, FFD: from105, Forms: formsReceipts, Path: []tlv.Tag{ffd.TagInternetPayment}, Source: "K, P", Code: 9713,
		Text: "При расчёте в Интернете (1125 = 1) место расчётов (1187) — адрес сайта, а адрес покупателя (1008) указан", document: internetPayment},
	{ID: "R-14", Severity: Error, FFD: from105, Forms: formsCorrections, Path: []tlv.Tag{ffd.TagCorrectionBase}, Source: "O, K", Code: codeMissing,
		Text: "Чек коррекции должен содержать основание (1174) с датой расчёта (1178), а по предписанию (1173 = 1) — и его номер (1179)", document: correctionFounded},
	{ID: "R-16", Severity: Warning, FFD: v12, Forms: formsReceipts, Path: []tlv.Tag{ffd.TagItem, ffd.TagProductCodeNew}, Source: "K, I", Code: 9716,
		Text: "Код маркировки (1163) и результат его проверки (2106) должны соответствовать признаку предмета расчёта (1212)", item: markAsSubject},
	{ID: "R-17", Severity: Warning, FFD: v12, Forms: formsSales, Path: []tlv.Tag{ffd.TagMarkedProductsResult}, Source: "I", Code: 9717,
		Text: "Реквизит 2107 равен 1 тогда и только тогда, когда проверка какого-либо товара (2106) отрицательна", document: markVerdict},
	{ID: "R-18", Severity: Warning, FFD: v12, Forms: formsSales, Path: []tlv.Tag{ffd.TagItem, ffd.TagQuantityMeasure}, Source: "K, I", Code: 9718,
		Text: "Предмет расчёта должен содержать количество (1023) и его меру (2108); штуки считаются целыми", item: measured},
}

// oneOperation is R-01: corrections before FFD 1.1 know sale and purchase only.
func oneOperation(c *checker, r *Rule) {
	first := c.root.get(ffd.TagOperationType)
	if first == nil {
		c.missing(r, nil, ffd.TagOperationType)
		return
	}
	count := 0
	for i := range c.root.nodes {
		if c.root.nodes[i].Tag == ffd.TagOperationType {
			count++
		}
	}
	if count > 1 {
		c.fail(r, first, fmt.Sprintf("указано %d", count))
	}
	v := fiscal.OperationType(number(first))
	switch {
	case v < fiscal.Sell || v > fiscal.BuyReturn || len(first.Value) > 1:
		c.fail(r, first, fmt.Sprintf("значение %d", number(first)))
	case c.ffd <= fiscal.FFD105 && c.document.Form.IsCorrection() && v != fiscal.Sell && v != fiscal.Buy:
		c.fail(r, first, fmt.Sprintf("в чеке коррекции значение %d", v))
	}
}

// allTaxations are the bits that 1055 knows.
const allTaxations = 1<<6 - 1

func oneTaxation(c *checker, r *Rule) {
	n := c.root.get(ffd.TagAppliedTaxationType)
	if n == nil {
		return // S-07
	}
	switch v := number(n); {
	case v == 0 && c.ffd == fiscal.FFD10:
		c.warn(r, n, "значение 0") // met in real receipts
	case bits.OnesCount64(v) != 1 || v > allTaxations:
		c.fail(r, n, fmt.Sprintf("значение %d", v))
	}
}

// Kinds of agents as bits of 1057 and 1222.
const (
	bankAgents    = 1 | 2
	paymentAgents = 4 | 8
	anyAgents     = 0x7F
)

// agentTags says which agents a requisite belongs to. The supplier's phone 1171
// goes with any: inside 1224 the order has it for every agent.
var agentTags = [...]struct {
	tag   tlv.Tag
	kinds uint64
}{
	{ffd.TagTransferOperatorAddress, bankAgents}, {ffd.TagTransferOperatorINN, bankAgents},
	{ffd.TagTransferOperatorName, bankAgents}, {ffd.TagPaymentAgentOperation, bankAgents},
	{ffd.TagTransferOperatorPhone, bankAgents}, {ffd.TagPaymentAgentPhone, bankAgents | paymentAgents},
	{ffd.TagPaymentOperatorPhone, paymentAgents}, {ffd.TagProviderPhone, anyAgents},
}

func agentData(c *checker, r *Rule) {
	for _, a := range agentTags {
		n := c.root.get(a.tag)
		if n == nil || len(trimmed(n.Value)) == 0 {
			continue
		}
		if (c.root.uint(ffd.TagAgentType)|c.totals.agents)&a.kinds == 0 {
			c.failAt(r, n, named([]tlv.Tag{a.tag}), a.tag)
		}
	}
}

func itemAgentData(c *checker, r *Rule) {
	data, supplier := c.item.get(ffd.TagAgentData), c.item.get(ffd.TagProviderData)
	if data == nil && supplier == nil {
		return
	}
	kinds := c.root.uint(ffd.TagAgentType) | c.item.uint(ffd.TagItemAgentType)
	if supplier != nil && kinds&anyAgents == 0 {
		c.failAt(r, supplier, named([]tlv.Tag{ffd.TagProviderData}), ffd.TagItem, ffd.TagProviderData)
	}
	if data == nil {
		return
	}
	for _, a := range agentTags {
		if n := data.Child(a.tag); n != nil && len(trimmed(n.Value)) > 0 && kinds&a.kinds == 0 {
			c.failAt(r, n, named([]tlv.Tag{a.tag}), ffd.TagItem, ffd.TagAgentData, a.tag)
		}
	}
}

// supplierGiven is R-04. Where items say themselves which of them are an agent's,
// 1057 does not speak for the others.
func supplierGiven(c *checker, r *Rule) {
	if c.totals.agents == 0 && c.root.uint(ffd.TagAgentType) == 0 {
		return
	}
	for i := range c.root.nodes {
		n := &c.root.nodes[i]
		if n.Tag != ffd.TagItem || n.Child(ffd.TagProviderINN) != nil {
			continue
		}
		if c.totals.agents == 0 || number(n.Child(ffd.TagItemAgentType)) != 0 {
			c.missing(r, n, ffd.TagItem, ffd.TagProviderINN)
		}
	}
}

// Values of 1214 that rules name.
const methodAdvance = 3

func itemNamed(c *checker, r *Rule) {
	if !c.item.has(ffd.TagItemName) && c.item.uint(ffd.TagPaymentType) != methodAdvance {
		c.missing(r, c.goods, ffd.TagItem, ffd.TagItemName)
	}
}

// methodGiven is R-06 as far as one document shows: a sum on credit (1216) says
// that the settlement is not full.
func methodGiven(c *checker, r *Rule) {
	if !c.item.has(ffd.TagPaymentType) && c.root.uint(ffd.TagCreditSum) > 0 {
		c.missing(r, c.goods, ffd.TagItem, ffd.TagPaymentType)
	}
}

func cashierGiven(c *checker, r *Rule) {
	if !c.root.has(ffd.TagCashier) && !c.root.has(ffd.TagMachineNumber) {
		c.missing(r, nil, ffd.TagCashier)
	}
}

// contactsWritten is R-12; the contact itself never goes into a finding.
func contactsWritten(c *checker, r *Rule) {
	for _, t := range [...]tlv.Tag{ffd.TagBuyerPhoneOrAddress, ffd.TagSellerAddress} {
		if n := c.root.get(t); n != nil && !contact(trimmed(n.Value)) {
			c.failAt(r, n, named([]tlv.Tag{t}), t)
		}
	}
}

func contact(v []byte) bool {
	if string(v) == "none" {
		return true
	}
	if len(v) > 0 && v[0] == '+' {
		return len(v) > 5 && onlyDigits(v[1:])
	}
	at := bytes.IndexByte(v, '@')
	return at > 0 && at < len(v)-1 && bytes.IndexByte(v, ' ') < 0
}

// internetPayment is R-13. An absent 1187 means that of the registration.
func internetPayment(c *checker, r *Rule) {
	if c.root.uint(ffd.TagInternetPayment) != 1 {
		return
	}
	if n := c.root.get(ffd.TagRetailPlace); n != nil && !site(trimmed(n.Value)) {
		c.failAt(r, n, "1187 не похож на адрес сайта", ffd.TagRetailPlace)
	}
	if n := c.root.get(ffd.TagBuyerPhoneOrAddress); n == nil || len(trimmed(n.Value)) == 0 {
		c.missing(r, n, ffd.TagBuyerPhoneOrAddress)
	}
}

// site reports what can be a site's address: no spaces, a point inside.
func site(v []byte) bool {
	dot := bytes.LastIndexByte(v, '.')
	return dot > 0 && dot < len(v)-1 && bytes.IndexByte(v, ' ') < 0
}

// correctionFounded is R-14. 1178 and 1179 are conditional in the tables: their
// absence is a warning.
func correctionFounded(c *checker, r *Rule) {
	n := c.root.get(ffd.TagCorrectionBase)
	if n == nil {
		c.missing(r, nil, ffd.TagCorrectionBase)
		return
	}
	if n.Child(ffd.TagCorrectionDocumentDate) == nil {
		path := []tlv.Tag{ffd.TagCorrectionBase, ffd.TagCorrectionDocumentDate}
		c.warnAt(r, n, "нет "+named(path), path...)
	}
	if c.root.uint(ffd.TagCorrectionType) == 1 && n.Child(ffd.TagCorrectionDocumentNumber) == nil {
		path := []tlv.Tag{ffd.TagCorrectionBase, ffd.TagCorrectionDocumentNumber}
		c.warnAt(r, n, "коррекция по предписанию, нет "+named(path), path...)
	}
}

// Values of 1212 for marked goods.
const (
	exciseUnmarked = 30
	exciseMarked   = 31
	goodsUnmarked  = 32
	goodsMarked    = 33
)

func markAsSubject(c *checker, r *Rule) {
	switch c.item.uint(ffd.TagProductType) {
	case exciseMarked, goodsMarked:
		if code := c.item.get(ffd.TagProductCodeNew); code == nil || !hasMark(code, true) {
			c.fail(r, c.goods, "нет кода маркировки")
		}
		if !c.item.has(ffd.TagProductCheckResult) {
			c.missing(r, c.goods, ffd.TagItem, ffd.TagProductCheckResult)
		}
	case exciseUnmarked, goodsUnmarked:
		if code := c.item.get(ffd.TagProductCodeNew); code != nil && hasMark(code, false) {
			c.fail(r, code, "код маркировки у товара без кода маркировки")
		}
	}
}

// hasMark reports a marking code inside 1163; a code of an unknown kind (1300,
// 1320 to 1325) may be one.
func hasMark(code *tlv.Node, unknownToo bool) bool {
	for i := range code.Children {
		switch t := code.Children[i].Tag; {
		case t >= ffd.TagCodeGS1M && t <= ffd.TagCodeEGAIS3:
			return true
		case unknownToo && (t == ffd.TagCodeUndefined || t >= ffd.TagCodeF1 && t <= ffd.TagCodeF6):
			return true
		}
	}
	return false
}

// negative reports the values of 2106 for a failed check.
func negative(result uint64) bool {
	return result == 1 || result == 5 || result == 7 || result == 17
}

func markVerdict(c *checker, r *Rule) {
	n := c.root.get(ffd.TagMarkedProductsResult)
	said := number(n) == 1
	switch {
	case c.totals.failedMark && !said:
		c.fail(r, n, "проверка товара отрицательна, а 2107 не равен 1")
	case said && !c.totals.failedMark:
		c.fail(r, n, "отрицательных проверок товара нет")
	}
}

func measured(c *checker, r *Rule) {
	quantity, measure := c.item.get(ffd.TagQuantity), c.item.get(ffd.TagQuantityMeasure)
	if quantity == nil {
		c.missing(r, c.goods, ffd.TagItem, ffd.TagQuantity)
	}
	if measure == nil {
		c.missing(r, c.goods, ffd.TagItem, ffd.TagQuantityMeasure)
	}
	if quantity == nil || measure == nil || number(measure) != 0 {
		return
	}
	if q, err := tlv.ParseFVLN(quantity.Value); err == nil && q.Magnitude%pow10(q.Decimals) != 0 {
		c.fail(r, measure, "количество "+q.String()+" штук")
	}
}
