package flk

import (
	"fmt"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// Group V: VAT in receipts.
var vatRules = []Rule{
	{ID: "V-01", Severity: Error, Weak: v11, FFD: from105, Forms: formsReceipts, Source: "O, K", Code: codeMissing,
		Text: "Чек должен содержать хотя бы один реквизит НДС (1102–1107, 1115)", document: someVAT},
	{ID: "V-02", Severity: Error, FFD: from105, Forms: formsReceipts, Source: "O, K", Code: 9602,
		Text: "Для каждой ставки НДС предметов расчёта (1199) в чеке должна быть её сумма", document: totalOfEveryRate},
	{ID: "V-03", Severity: Warning, FFD: from105, Forms: formsReceipts, Source: "I", Code: 9603,
		Text: "В чеке не должно быть суммы по ставке НДС, которой нет у предметов расчёта", document: noIdleTotals},
	{ID: "V-04", Severity: Warning, FFD: vAll, Forms: formsReceipts, Source: "P", Code: 9604,
		Text: "Реквизиты 1104 и 1105 не должны быть нулевыми", document: noZeroTurnover},
	{ID: "V-05", Severity: Error, FFD: from105, Forms: formsReceipts, Source: "O, C", Code: 9605,
		Text: "Суммы расчётов по ставке 0 % (1104) и без НДС (1105) должны равняться стоимости таких предметов расчёта", document: turnoverOfItems},
	{ID: "V-06", Severity: Warning, FFD: from105, Forms: formsReceipts, Source: "C", Code: 9606,
		Text: "Суммы НДС по ставкам 20 % (1102) и 10 % (1103) должны следовать из стоимости предметов расчёта", document: taxOfRates},
	{ID: "V-07", Severity: Warning, FFD: from105, Forms: formsReceipts, Source: "C", Code: 9607,
		Text: "Суммы НДС по ставкам 20/120 (1106) и 10/110 (1107) должны следовать из стоимости предметов расчёта", document: taxOfFractions},
	{ID: "V-08", Severity: Warning, FFD: from105, Forms: formsReceipts, Path: []tlv.Tag{ffd.TagAmountsReceiptNDS}, Source: "K, I", Code: 9608,
		Text: "Суммы НДС (1120) по ставкам 5, 7 и 22 % и их расчётным ставкам должны следовать из стоимости предметов расчёта", document: taxOfNewRates},
	{ID: "V-09", Severity: Warning, FFD: from105, Forms: formsReceipts, Path: []tlv.Tag{ffd.TagItem, ffd.TagItemNDSSum}, Source: "C", Code: 9609,
		Text: "НДС предмета расчёта (1200) должен следовать из его стоимости и ставки с округлением до копейки", item: taxOfItem},
	{ID: "V-10", Severity: Warning, FFD: from105, Forms: formsReceipts, Path: []tlv.Tag{ffd.TagItem, ffd.TagNDSRate}, Source: "O", Code: 9610,
		Text: "Без ставки НДС (1199) могут быть только предметы расчёта неплательщиков и освобождённые от НДС", document: ratesGiven},
	{ID: "V-11", Severity: Warning, FFD: from105, Forms: formsReceipts, Source: "K, I", Code: 9611,
		Text: "Ставки НДС 5 и 7 % применяются с 01.01.2025, 22 % — с 01.01.2026", document: ratesInForce},
}

// rateInfo describes a value of 1199: its tax is sum × percent / (100 + percent).
type rateInfo struct {
	percent uint64  // 0 for turnovers
	total   tlv.Tag // where its sum goes
	since   uint64  // unixtime
}

var (
	since2025 = uint64(time.Date(2025, time.January, 1, 0, 0, 0, 0, time.UTC).Unix())
	since2026 = uint64(time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC).Unix())
	// since20 is when 18 % became 20 % under the same codes, and FFD 1.0 ended.
	since20 = uint64(time.Date(2019, time.January, 1, 0, 0, 0, 0, time.UTC).Unix())
)

// rates is indexed by the value of 1199; 0 stands for its absence.
var rates = [13]rateInfo{
	{0, ffd.TagNDSNo, 0},
	{20, ffd.TagNDS20, 0}, {10, ffd.TagNDS10, 0}, {20, ffd.TagNDS20120, 0}, {10, ffd.TagNDS10110, 0},
	{0, ffd.TagNDS0, 0}, {0, ffd.TagNDSNo, 0},
	{5, ffd.TagAmountsReceiptNDS, since2025}, {7, ffd.TagAmountsReceiptNDS, since2025},
	{5, ffd.TagAmountsReceiptNDS, since2025}, {7, ffd.TagAmountsReceiptNDS, since2025},
	{22, ffd.TagAmountsReceiptNDS, since2026}, {22, ffd.TagAmountsReceiptNDS, since2026},
}

// Values of 1199 that rules name.
const (
	rateNone  = 0
	rate20    = 1
	rate20120 = 3
	rateZero  = 5
	rateNoVAT = 6
	firstNew  = 7 // this and greater go into 1115
	lastRate  = 12
)

// vatTotal finds the receipt's sum of a rate; nil when it has none. For new rates
// it is 1120 of the first 1119 with that rate, and inside tells them apart.
func (c *checker) vatTotal(rate int) *tlv.Node {
	n := c.root.get(rates[rate].total)
	if n == nil || rate < firstNew {
		return n
	}
	for i := range n.Children {
		if amount := &n.Children[i]; amount.Tag == ffd.TagAmountsNDS && number(amount.Child(ffd.TagNDSRate)) == uint64(rate) {
			if tax := amount.Child(ffd.TagRateNDSSum); tax != nil {
				return tax
			}
			return amount
		}
	}
	return nil
}

// vatPath is the place of a rate's sum.
func vatPath(rate int) []tlv.Tag {
	if rate >= firstNew {
		return []tlv.Tag{ffd.TagAmountsReceiptNDS, ffd.TagAmountsNDS, ffd.TagRateNDSSum}
	}
	return []tlv.Tag{rates[rate].total}
}

// percents are the rates that may hide behind a value of 1199: 18 % until 2019,
// both for returns and corrections made later, which may concern older sales.
func (c *checker) percents(rate int) (first, other uint64) {
	p := rates[rate].percent
	if rate != rate20 && rate != rate20120 {
		return p, p
	}
	made, ok := moment(c.root.get(ffd.TagDateTime))
	operation := c.root.uint(ffd.TagOperationType)
	switch {
	case ok && made < since20:
		return 18, 18
	case ok && !c.document.Form.IsCorrection() && operation != uint64(fiscal.SellReturn) && operation != uint64(fiscal.BuyReturn):
		return p, p
	}
	return p, 18
}

func someVAT(c *checker, r *Rule) {
	for _, t := range [...]tlv.Tag{ffd.TagNDS20, ffd.TagNDS10, ffd.TagNDS0, ffd.TagNDSNo, ffd.TagNDS20120, ffd.TagNDS10110, ffd.TagAmountsReceiptNDS} {
		if c.root.has(t) {
			return
		}
	}
	c.fail(r, nil, "нет ни одного")
}

// totalOfEveryRate is V-02. A rate whose tax rounds to nothing needs no total. Sums
// of the rates since 2025 are known from one source: a warning. Items without a
// rate are left to V-05 and V-10.
func totalOfEveryRate(c *checker, r *Rule) {
	for rate := rate20; rate <= lastRate; rate++ {
		t := c.totals.rates[rate]
		if t.items == 0 || c.totals.unreadable || c.vatTotal(rate) != nil {
			continue
		}
		if p := rates[rate].percent; t.sum == 0 || p != 0 && t.sum*p*2 < 100+p {
			continue
		}
		path := vatPath(rate)
		detail := fmt.Sprintf("есть ставка %d, нет %s", rate, tlv.PathString(path))
		if rate >= firstNew {
			c.warnAt(r, nil, detail, path...)
		} else {
			c.failAt(r, nil, detail, path...)
		}
	}
}

func noIdleTotals(c *checker, r *Rule) {
	if c.totals.items == 0 {
		return
	}
	for rate := rate20; rate <= lastRate; rate++ {
		used := c.totals.rates[rate].items
		if rate == rateNoVAT {
			used += c.totals.rates[rateNone].items
		}
		if used > 0 {
			continue
		}
		n := c.vatTotal(rate)
		if n == nil || rates[rate].percent == 0 && number(n) == 0 { // V-04
			continue
		}
		c.failAt(r, n, fmt.Sprintf("ставки %d у предметов расчёта нет", rate), vatPath(rate)...)
	}
}

func noZeroTurnover(c *checker, r *Rule) {
	for _, t := range [...]tlv.Tag{ffd.TagNDS0, ffd.TagNDSNo} {
		if n := c.root.get(t); n != nil && number(n) == 0 {
			c.failAt(r, n, named([]tlv.Tag{t}), t)
		}
	}
}

// turnoverOfItems is V-05. Where the total was rounded down to roubles (M-02), the
// turnover may have been rounded with it.
func turnoverOfItems(c *checker, r *Rule) {
	if c.totals.items == 0 || c.totals.unreadable {
		return
	}
	rounding := difference(c.totals.sum, c.root.uint(ffd.TagTotalSum))
	if rounding >= 100 {
		rounding = 0
	}
	for _, rate := range [...]int{rateZero, rateNoVAT} {
		n := c.vatTotal(rate)
		sum := c.totals.rates[rate].sum
		if rate == rateNoVAT {
			sum += c.totals.rates[rateNone].sum
		}
		if n == nil || difference(number(n), sum) <= rounding {
			continue
		}
		c.failAt(r, n, amounts(tlv.PathString(vatPath(rate)), number(n), "предметы расчёта", sum), vatPath(rate)...)
	}
}

func difference(a, b uint64) uint64 { return max(a, b) - min(a, b) }

func taxOfRates(c *checker, r *Rule)     { c.taxes(r, 1, 2) }
func taxOfFractions(c *checker, r *Rule) { c.taxes(r, 3, 4) }
func taxOfNewRates(c *checker, r *Rule)  { c.taxes(r, firstNew, lastRate) }

// taxes compares the sums of rates with what follows from their items.
func (c *checker) taxes(r *Rule, from, to int) {
	if c.totals.unreadable {
		return
	}
	for rate := from; rate <= to; rate++ {
		t := c.totals.rates[rate]
		n := c.vatTotal(rate)
		if t.items == 0 || n == nil || n.Nested || t.sum > uint64(fiscal.MaxKopecks) || number(n) > uint64(fiscal.MaxKopecks) {
			continue
		}
		first, other := c.percents(rate)
		if taxOff(number(n), t, first) && taxOff(number(n), t, other) {
			c.failAt(r, n, fmt.Sprintf("ставка %d: НДС %s, предметы расчёта %s", rate, roubles(number(n)), roubles(t.sum)), vatPath(rate)...)
		}
	}
}

// taxOff reports a tax that no usual rounding explains: makers round once or item
// by item, so it may be off by half a kopeck an item and half a kopeck more,
// |tax − sum·p/(100+p)| ≤ (items + 1)/2 (V-06). All sums are at most 2^48.
func taxOff(tax uint64, t rateTotal, percent uint64) bool {
	whole := 100 + percent
	return 2*difference(tax*whole, t.sum*percent) > uint64(t.items+1)*whole
}

// taxOfItem is V-09: half a kopeck goes up.
func taxOfItem(c *checker, r *Rule) {
	n, sum := c.item.get(ffd.TagItemNDSSum), c.item.get(ffd.TagItemSum)
	rate := c.item.get(ffd.TagNDSRate)
	if n == nil || sum == nil || rate == nil || number(rate) > lastRate || number(sum) > uint64(fiscal.MaxKopecks) {
		return
	}
	first, other := c.percents(int(number(rate)))
	tax := number(n)
	if tax != taxHalfUp(number(sum), first) && tax != taxHalfUp(number(sum), other) {
		c.fail(r, n, fmt.Sprintf("ставка %d, стоимость %s, НДС %s", number(rate), roubles(number(sum)), roubles(tax)))
	}
}

// taxHalfUp is the tax inside a sum, rounded half up to the kopeck.
func taxHalfUp(sum, percent uint64) uint64 {
	whole := 100 + percent
	return (2*sum*percent + whole) / (2 * whole)
}

// ratesGiven is V-10 as far as one document shows: under the general tax system
// (1055 = 1) a receipt that counts nothing as exempt has a rate in every item.
func ratesGiven(c *checker, r *Rule) {
	none := c.totals.rates[rateNone]
	if none.items == 0 || none.sum == 0 || c.root.uint(ffd.TagAppliedTaxationType) != 1 || c.root.uint(ffd.TagNDSNo) != 0 {
		return
	}
	c.fail(r, nil, fmt.Sprintf("предметов расчёта без ставки %d, а реквизита 1105 нет", none.items))
}

func ratesInForce(c *checker, r *Rule) {
	made, ok := moment(c.root.get(ffd.TagDateTime))
	if !ok || made >= since2026 {
		return
	}
	for rate := firstNew; rate <= lastRate; rate++ {
		if made >= rates[rate].since {
			continue
		}
		if c.totals.rates[rate].items > 0 {
			c.failAt(r, nil, fmt.Sprintf("ставка %d у предмета расчёта", rate), ffd.TagItem, ffd.TagNDSRate)
		} else if n := c.vatTotal(rate); n != nil {
			c.failAt(r, n, fmt.Sprintf("ставка %d в суммах чека", rate), vatPath(rate)...)
		}
	}
}
