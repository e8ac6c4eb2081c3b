package flk

import (
	"fmt"
	"math/bits"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// Group M: money in receipts. All sums are whole kopecks and all arithmetic is
// exact.
var moneyRules = []Rule{
	{ID: "M-01", Severity: Error, FFD: from105, Forms: formsReceipts, Path: []tlv.Tag{ffd.TagItem, ffd.TagItemSum}, Source: "O, C", Code: 9501,
		Text: "Стоимость предмета расчёта (1043) должна равняться цене (1079), умноженной на количество (1023), с точностью до копейки", item: itemProduct},
	{ID: "M-02", Severity: Error, FFD: from105, Forms: formsReceipts, Path: []tlv.Tag{ffd.TagTotalSum}, Source: "O", Code: 9502,
		Text: "Итог (1020) должен равняться сумме стоимостей предметов расчёта (1043) с точностью до целых рублей", document: totalOfItems},
	{ID: "M-03", Severity: Error, FFD: from105, Forms: formsReceipts, Path: []tlv.Tag{ffd.TagTotalSum}, Source: "O, C", Code: codePayments,
		Text: "Сумма оплат (1031, 1081, 1215, 1216, 1217) должна равняться итогу (1020)", document: totalOfPayments},
	{ID: "M-04", Severity: Warning, FFD: from105, Forms: formsReceipts, Path: []tlv.Tag{ffd.TagEcashTotalSum}, Source: "P, K", Code: 9504,
		Text: "Сумма безналичных (1081) должна равняться сумме оплат безналичными (1082) в 1234", document: totalOfCashless},
	{ID: "M-05", Severity: Error, FFD: v105, Forms: formsCorrections, Path: []tlv.Tag{ffd.TagTotalSum}, Source: "O", Code: 9505,
		Text: "В чеке коррекции ФФД 1.05 с предметами расчёта итог (1020) должен равняться их сумме с точностью до целых рублей", document: correctionTotal},
	{ID: "M-07", Severity: Error, Weak: v12, FFD: from105, Forms: formsReceipts, Path: []tlv.Tag{ffd.TagItem, ffd.TagQuantity}, Source: "O, I", Code: 9507,
		Text: "Количество (1023) экземпляра маркированного товара должно равняться единице", item: singleInstance},
	{ID: "M-08", Severity: Warning, FFD: v12, Forms: formsReceipts, Path: []tlv.Tag{ffd.TagItem, ffd.TagFractionalQuantity}, Source: "I", Code: 9508,
		Text: "Дробное количество (1291) должно быть правильной дробью: 1 ≤ числитель (1293) < знаменатель (1294)", item: properFraction},
}

// totals sums the items of a receipt up.
type totals struct {
	items      int
	sum        uint64 // of 1043
	rates      [13]rateTotal
	unreadable bool   // a sum longer than the format allows: totals mean nothing
	agents     uint64 // kinds of agents that items name (1222)
	failedMark bool   // an item has a negative result in 2106
}

// rateTotal is what the items of one VAT rate sum up to. Rate 0 stands for items
// without 1199.
type rateTotal struct {
	items int
	sum   uint64
}

func (t *totals) add(c *checker) {
	t.items++
	n := c.item.get(ffd.TagItemSum)
	sum := number(n)
	if n != nil && len(n.Value) > 8 || sum > uint64(fiscal.MaxKopecks) {
		t.unreadable = true
	}
	t.sum += sum
	if rate := c.item.uint(ffd.TagNDSRate); rate < uint64(len(t.rates)) {
		t.rates[rate].items++
		t.rates[rate].sum += sum
	}
	t.agents |= c.item.uint(ffd.TagItemAgentType)
	if n := c.item.get(ffd.TagProductCheckResult); n != nil && negative(number(n)) {
		t.failedMark = true
	}
}

// roubles is a sum for people.
func roubles(kopecks uint64) string { return fiscal.Kopecks(kopecks).String() }

func amounts(a string, x uint64, b string, y uint64) string {
	return a + " " + roubles(x) + ", " + b + " " + roubles(y)
}

func counts(a string, x uint64, b string, y uint64) string {
	return fmt.Sprintf("%s %d, %s %d", a, x, b, y)
}

// itemProduct is M-01: an external calculator may be off by one kopeck.
func itemProduct(c *checker, r *Rule) {
	price, quantity, sum := c.item.get(ffd.TagPrice), c.item.get(ffd.TagQuantity), c.item.get(ffd.TagItemSum)
	if price == nil || quantity == nil || sum == nil || len(price.Value) > 8 || len(sum.Value) > 8 {
		return
	}
	q, err := tlv.ParseFVLN(quantity.Value)
	if err != nil {
		return // S-08 has reported it
	}
	if productOff(number(price), q, number(sum)) {
		detail := fmt.Sprintf("цена %s, количество %s, стоимость %s", roubles(number(price)), q, roubles(number(sum)))
		c.fail(r, sum, detail)
	}
}

// productOff reports |sum − price × q| > 1, exactly: both sides are multiplied by
// 10^decimals and kept in 128 bits.
func productOff(price uint64, q tlv.FVLN, sum uint64) bool {
	scale := pow10(q.Decimals)
	productHi, productLo := bits.Mul64(price, q.Magnitude)
	sumHi, sumLo := bits.Mul64(sum, scale)
	lo, borrow := bits.Sub64(productLo, sumLo, 0)
	hi, borrow := bits.Sub64(productHi, sumHi, borrow)
	if borrow != 0 {
		lo, borrow = bits.Sub64(0, lo, 0)
		hi, _ = bits.Sub64(0, hi, borrow)
	}
	return hi != 0 || lo > scale
}

// pow10 is 10^n for n up to 19.
func pow10(n uint8) uint64 {
	p := uint64(1)
	for range n {
		p *= 10
	}
	return p
}

// totalOfItems is M-02. Corrections of FFD 1.05 may have no items: M-05.
func totalOfItems(c *checker, r *Rule) {
	if c.ffd == fiscal.FFD105 && c.document.Form.IsCorrection() {
		return
	}
	correctionTotal(c, r)
}

// correctionTotal compares the total with the items, when there are any.
func correctionTotal(c *checker, r *Rule) {
	n := c.root.get(ffd.TagTotalSum)
	if n == nil || c.totals.items == 0 || c.totals.unreadable {
		return
	}
	if total := number(n); total/100 != c.totals.sum/100 {
		c.fail(r, n, amounts("итог", total, "предметы расчёта", c.totals.sum))
	}
}

var paymentTags = [...]tlv.Tag{ffd.TagCashTotalSum, ffd.TagEcashTotalSum, ffd.TagPrepaidSum, ffd.TagCreditSum, ffd.TagProvisionSum}

// totalOfPayments is M-03; an absent kind of payment counts as zero here, S-07
// reports it.
func totalOfPayments(c *checker, r *Rule) {
	n := c.root.get(ffd.TagTotalSum)
	if n == nil {
		return
	}
	var paid uint64
	for _, t := range paymentTags {
		v := c.root.uint(t)
		if v > uint64(fiscal.MaxKopecks) {
			return // S-08 has reported it
		}
		paid += v
	}
	if total := number(n); paid != total {
		c.fail(r, n, amounts("оплачено", paid, "итог", total))
	}
}

func totalOfCashless(c *checker, r *Rule) {
	all := c.root.get(ffd.TagAllECashProp)
	if all == nil {
		return
	}
	var parts uint64
	for i := range all.Children {
		if all.Children[i].Tag == ffd.TagEcashProp {
			parts += number(all.Children[i].Child(ffd.TagEcashPartSum))
		}
	}
	if cashless := c.root.uint(ffd.TagEcashTotalSum); parts != cashless {
		c.fail(r, all, amounts("1081", cashless, "сумма 1082", parts))
	}
}

// singleInstance is M-07: by the kind of code in 1162, in FFD 1.2 by 1291.
func singleInstance(c *checker, r *Rule) {
	n := c.item.get(ffd.TagQuantity)
	if n == nil {
		return
	}
	if c.ffd == fiscal.FFD12 {
		if !c.item.has(ffd.TagFractionalQuantity) {
			return
		}
	} else if code := c.item.get(ffd.TagProductCode); code == nil || !markedKind(code.Value) {
		return
	}
	q, err := tlv.ParseFVLN(n.Value)
	if err == nil && q.Magnitude != pow10(q.Decimals) {
		c.fail(r, n, "количество "+q.String())
	}
}

// markedKind reports the kinds of 1162 that name one marked instance: GS1, fur,
// ЕГАИС 2.0 and 3.0 (order ЕД-7-20/662@, table 26).
func markedKind(code []byte) bool {
	if len(code) < 2 {
		return false
	}
	switch [2]byte(code) {
	case [2]byte{0x44, 0x4D}, [2]byte{0x52, 0x46}, [2]byte{0xC5, 0x14}, [2]byte{0xC5, 0x1E}:
		return true
	}
	return false
}

func properFraction(c *checker, r *Rule) {
	n := c.item.get(ffd.TagFractionalQuantity)
	if n == nil {
		return
	}
	up, down := n.Child(ffd.TagNumerator), n.Child(ffd.TagDenominator)
	if up == nil || down == nil {
		return // S-07 reports it
	}
	if a, b := number(up), number(down); a < 1 || a >= b {
		c.fail(r, n, counts("числитель", a, "знаменатель", b))
	}
}
