package kkt

import (
	"math/big"

	"github.com/fiscalbench/fiscalbench/emulator/fnport"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
)

// Subjects of settlement with rules of their own (tag 1212).
const (
	subjectGoods        = 1
	subjectExcise       = 2
	subjectExciseNoCode = 30
	subjectExciseMarked = 31
	subjectNoCode       = 32
	subjectMarked       = 33
	methodAdvance       = 3 // tag 1214
	methodFull          = 4
	maxSubject105       = 26
	maxSubject11        = 27
	maxOfflineCodes     = 10
)

func (it *Item) orDefaults() {
	keep(&it.Subject, subjectGoods)
	keep(&it.Method, methodFull)
}

// checkItems computes the sum of each item and checks what concerns it alone.
func (s *settlement) checkItems() {
	w := s.w
	if len(s.Items) == 0 && s.correction == nil {
		w.refuse("S-07", "в чеке нет предметов расчета (1059)")
	}
	s.sums = make([]fiscal.Kopecks, len(s.Items))
	s.codes = make([]markedCode, len(s.Items))
	items := make([]Item, len(s.Items)) // the caller's are left as they are
	codes := 0
	for i := range s.Items {
		it := &items[i]
		*it = s.Items[i]
		it.orDefaults()
		s.sums[i] = s.checkItemSum(i, it)
		s.checkSubject(i, it)
		s.checkCode(i, it)
		if it.Code != "" {
			codes++
		}
	}
	s.Items = items
	if s.reg.Autonomous && w.v < fiscal.FFD12 && codes > maxOfflineCodes {
		w.refuse("R-08", "автономный режим: в чеке не более %d предметов расчета с кодом товара, передано %d", maxOfflineCodes, codes)
	}
}

// checkItemSum is price × quantity rounded half up; a given sum may differ by one
// kopeck (M-01).
func (s *settlement) checkItemSum(i int, it *Item) fiscal.Kopecks {
	w := s.w
	if it.Price < 0 || it.Price > fiscal.MaxKopecks {
		w.refuse(RuleValue, "предмет расчета %d: цена %s вне пределов", i+1, it.Price)
		return 0
	}
	if it.Quantity.Magnitude == 0 {
		w.refuse(RuleValue, "предмет расчета %d: количество (1023) должно быть больше нуля", i+1)
		return 0
	}
	product, ok := it.Quantity.MulRound(uint64(it.Price))
	if !ok || product > uint64(fiscal.MaxKopecks) {
		w.refuse(RuleValue, "предмет расчета %d: стоимость вне пределов", i+1)
		return 0
	}
	sum := fiscal.Kopecks(product)
	if it.Sum == nil {
		return sum
	}
	if !withinKopeck(it.Quantity, it.Price, *it.Sum) {
		w.refuse("M-01", "предмет расчета %d: стоимость %s не равна цене, умноженной на количество: %s", i+1, *it.Sum, sum)
	}
	if *it.Sum < 0 || *it.Sum > fiscal.MaxKopecks {
		w.refuse(RuleValue, "предмет расчета %d: стоимость вне пределов", i+1)
		return 0
	}
	return *it.Sum
}

// withinKopeck is |sum − price × quantity| ≤ 1, in exact arithmetic.
func withinKopeck(q Quantity, price, sum fiscal.Kopecks) bool {
	unit := new(big.Int).SetUint64(pow10(q.Decimals))
	product := new(big.Int).Mul(new(big.Int).SetUint64(q.Magnitude), big.NewInt(int64(price)))
	product.Sub(product, new(big.Int).Mul(unit, big.NewInt(int64(sum))))
	return product.CmpAbs(unit) <= 0
}

func (s *settlement) checkSubject(i int, it *Item) {
	w := s.w
	limit := uint8(maxSubject105)
	switch w.v {
	case fiscal.FFD11:
		limit = maxSubject11
	case fiscal.FFD12:
		limit = subjectMarked
	}
	switch {
	case it.Subject > limit:
		w.refuse("S-10", "предмет расчета %d: признак предмета расчета (1212) %d не входит в ФФД %s", i+1, it.Subject, w.v)
	case it.Subject == subjectExcise || it.Subject == subjectExciseNoCode || it.Subject == subjectExciseMarked:
		if !s.reg.Excise {
			w.refuse("R-07", "предмет расчета %d: подакцизный товар, а ККТ зарегистрирована без признака торговли подакцизными товарами", i+1)
		}
	}
	if it.Name == "" && it.Method != methodAdvance {
		w.refuse("R-05", "предмет расчета %d: нет наименования (1030)", i+1)
	}
	if w.v == fiscal.FFD12 && it.Measure == 0 && it.Quantity.Magnitude%pow10(it.Quantity.Decimals) != 0 {
		w.refuse("R-18", "предмет расчета %d: количество в штуках (2108 = 0) должно быть целым", i+1)
	}
	s.checkFraction(i, it)
}

func pow10(n uint8) uint64 {
	p := uint64(1)
	for range n {
		p *= 10
	}
	return p
}

// checkFraction is M-07 and M-08: a part of a marked product is sold as 1023 = 1
// with numerator and denominator in 1291.
func (s *settlement) checkFraction(i int, it *Item) {
	f, w := it.Fraction, s.w
	switch {
	case f == nil:
	case f.Numerator == 0 || f.Numerator >= f.Denominator:
		w.refuse("M-08", "предмет расчета %d: числитель дроби (1293) должен быть от 1 и меньше знаменателя (1294)", i+1)
	case it.Quantity.Magnitude != pow10(it.Quantity.Decimals):
		w.refuse("M-07", "предмет расчета %d: часть товара продается с количеством 1 и дробью (1291)", i+1)
	}
}

// writeItem is one 1059.
func (s *settlement) writeItem(i int) {
	w, it := s.w, &s.Items[i]
	before := w.b.Len()
	defer func() {
		if n := w.b.Len() - before; n > fnport.MaxData {
			w.refuse("S-08", "предмет расчета %d занимает %d байт: ФН принимает не более %d одной командой", i+1, n, fnport.MaxData)
		}
	}()
	w.group(ffd.TagItem, func() {
		w.text(ffd.TagItemName, it.Name)
		w.sum(ffd.TagPrice, it.Price)
		w.quantity(ffd.TagQuantity, it.Quantity)
		if w.v == fiscal.FFD12 {
			w.byte(ffd.TagQuantityMeasure, it.Measure)
		} else if it.Measure != 0 {
			w.byte(ffd.TagQuantityMeasure, it.Measure) // refused: FFD 1.2 only
		}
		w.text(ffd.TagUnit, it.Unit)
		w.sum(ffd.TagItemSum, s.sums[i])
		if it.VAT != VATAbsent {
			w.byte(ffd.TagNDSRate, byte(it.VAT))
		}
		w.optionalSum(ffd.TagItemNDSSum, it.VATSum)
		w.optionalSum(ffd.TagUnitNDS, it.UnitVAT)
		w.byte(ffd.TagProductType, it.Subject)
		w.byte(ffd.TagPaymentType, it.Method)
		s.writeCode(i, it)
		s.writeItemAgent(it)
		w.optionalSum(ffd.TagExciseDuty, it.ExciseDuty)
		w.text(ffd.TagOriginCountryCode, it.Country)
		w.text(ffd.TagCustomEntryNum, it.CustomEntry)
		w.text(ffd.TagItemProperty, it.Property)
		w.industry(ffd.TagItemsIndustryDetails, it.Industry)
	})
}
