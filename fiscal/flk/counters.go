package flk

import (
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// Rules of the counter structures of FFD 1.1 and 1.2 (ffd/README.md section 3).
var counterRules = []Rule{
	{ID: "P-11", Severity: Warning, FFD: from11, Forms: formsCounters, Source: "O, I", Code: 9811,
		Text: "Количество чеков (1134) должно равняться сумме по признакам расчёта (1135) и чеков коррекции (1144)", document: counterTotals},
	{ID: "P-12", Severity: Warning, FFD: from11, Forms: formsCounters, Source: "I", Code: 9812,
		Text: "Общая сумма счётчика (1201) должна равняться сумме по видам оплаты (1136, 1138, 1218–1220)", document: counterSums},
	{ID: "P-13", Severity: Warning, FFD: from11, Forms: formsCounters, Source: "O17, I", Code: 9813,
		Text: "Счётчики могут быть опущены только для признака расчёта без чеков (1135 = 0) и при отсутствии чеков коррекции (1144 = 0)", document: countersComplete},
}

var (
	counterSets  = [...]tlv.Tag{ffd.TagFNCounters, ffd.TagUnsentCounters, ffd.TagShiftCounters}
	paymentSums  = [...]tlv.Tag{ffd.TagCounterCashSum, ffd.TagCounterEcashSum, ffd.TagCounterPrepaidSum, ffd.TagCounterCreditSum, ffd.TagCounterProvisionSum}
	correctionOf = [...]tlv.Tag{ffd.TagSellCorrection, ffd.TagBuyCorrection, ffd.TagSellReturnCorrection, ffd.TagBuyReturnCorrection}
)

// counterKind reports the structures that count one sign of settlement.
func counterKind(t tlv.Tag) bool {
	switch t {
	case ffd.TagSellOper, ffd.TagSellReturnOper, ffd.TagBuyOper, ffd.TagBuyReturnOper,
		ffd.TagSellCorrection, ffd.TagBuyCorrection, ffd.TagSellReturnCorrection, ffd.TagBuyReturnCorrection:
		return true
	}
	return false
}

// eachCounter calls judge for every counter structure of the document, those
// inside 1133 included.
func (c *checker) eachCounter(judge func(n *tlv.Node, path []tlv.Tag)) {
	for _, set := range counterSets {
		n := c.root.get(set)
		if n == nil {
			continue
		}
		judge(n, []tlv.Tag{set})
		for i := range n.Children {
			kind := &n.Children[i]
			judge(kind, []tlv.Tag{set, kind.Tag})
			if kind.Tag != ffd.TagCorrectionOper {
				continue
			}
			for j := range kind.Children {
				judge(&kind.Children[j], []tlv.Tag{set, kind.Tag, kind.Children[j].Tag})
			}
		}
	}
}

// counterTotals is P-11; a kind that is left out counts as none.
func counterTotals(c *checker, r *Rule) {
	for _, set := range counterSets {
		n := c.root.get(set)
		if n == nil {
			continue
		}
		whole := n.Child(ffd.TagTotalReceiptCount)
		if whole == nil {
			continue
		}
		var parts uint64
		for i := range n.Children {
			switch kind := &n.Children[i]; {
			case counterKind(kind.Tag):
				parts += number(kind.Child(ffd.TagReceiptCount))
			case kind.Tag == ffd.TagCorrectionOper:
				parts += number(kind.Child(ffd.TagCorrectionCount))
			}
		}
		if parts != number(whole) {
			c.failAt(r, whole, counts(tlv.PathString([]tlv.Tag{set, ffd.TagTotalReceiptCount}), number(whole), "сумма", parts), set, ffd.TagTotalReceiptCount)
		}
	}
}

func counterSums(c *checker, r *Rule) {
	c.eachCounter(func(n *tlv.Node, path []tlv.Tag) {
		whole := n.Child(ffd.TagCounterTotalSum)
		if !counterKind(n.Tag) || whole == nil {
			return
		}
		var parts uint64
		for _, t := range paymentSums {
			parts += number(n.Child(t))
		}
		if parts != number(whole) {
			path = append(path, ffd.TagCounterTotalSum)
			c.failAt(r, whole, amounts(tlv.PathString(path), number(whole), "по видам оплаты", parts), path...)
		}
	})
}

// countersComplete is P-13 read the other way round: what may be omitted only when
// nothing was counted stands there when something was.
func countersComplete(c *checker, r *Rule) {
	c.eachCounter(func(n *tlv.Node, path []tlv.Tag) {
		switch {
		case counterKind(n.Tag) && number(n.Child(ffd.TagReceiptCount)) > 0:
			for _, t := range append(paymentSums[:len(paymentSums):len(paymentSums)], ffd.TagCounterTotalSum) {
				if n.Child(t) == nil {
					at := append(path[:len(path):len(path)], t)
					c.failAt(r, n, "нет "+named(at), at...)
				}
			}
		case number(n.Child(ffd.TagCorrectionCount)) > 0:
			for _, t := range correctionOf {
				if n.Child(t) != nil {
					return
				}
			}
			c.failAt(r, n, "есть чеки коррекции, нет их счётчиков", path...)
		}
	})
}
