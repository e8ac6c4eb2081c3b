package kkt

import (
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// VATRate is the code of a VAT rate (tag 1199).
type VATRate uint8

// VAT rates (enums.md, 1199).
const (
	VATAbsent VATRate = 0 // the field is left out: not a payer of VAT
	VAT20     VATRate = 1 // 20 %, before 2019 18 %
	VAT10     VATRate = 2
	VAT20120  VATRate = 3 // 20/120, before 2019 18/118
	VAT10110  VATRate = 4
	VAT0      VATRate = 5
	VATNone   VATRate = 6 // без НДС
	VAT5      VATRate = 7
	VAT7      VATRate = 8
	VAT5105   VATRate = 9
	VAT7107   VATRate = 10
	VAT22     VATRate = 11
	VAT22122  VATRate = 12
)

// Percent is the rate in whole per cent at a date; the tax inside a sum is
// Percent/(100+Percent) of it for plain and calculated rates alike. It is 0 for 0 %
// and without VAT.
func (r VATRate) Percent(at time.Time) uint64 {
	switch r {
	case VAT20, VAT20120:
		if at.Year() < 2019 {
			return 18
		}
		return 20
	case VAT10, VAT10110:
		return 10
	case VAT5, VAT5105:
		return 5
	case VAT7, VAT7107:
		return 7
	case VAT22, VAT22122:
		return 22
	}
	return 0
}

// Tax is the VAT inside a sum, rounded half up to the kopeck (V-06, V-09); for 0 %
// and without VAT it is the sum itself, as tags 1104 and 1105 carry turnover.
func (r VATRate) Tax(sum fiscal.Kopecks, at time.Time) fiscal.Kopecks {
	p := fiscal.Kopecks(r.Percent(at))
	if p == 0 {
		return sum
	}
	return (2*sum*p + 100 + p) / (2 * (100 + p))
}

// inForce tells whether the rate may stand in a document of that date. Rates of 20
// per cent remain for returns and corrections of older sales (V-11).
func (r VATRate) inForce(at time.Time, older bool) error {
	year := at.Year()
	switch {
	case r > VAT22122:
		return refuse("S-10", "ставка НДС %d: нет такого кода", r)
	case r >= VAT22 && year < 2026:
		return refuse("V-11", "ставка НДС 22 %% действует с 01.01.2026")
	case r >= VAT5 && r <= VAT7107 && year < 2025:
		return refuse("V-11", "ставки НДС 5 %% и 7 %% действуют с 01.01.2025")
	case (r == VAT20 || r == VAT20120) && year >= 2026 && !older:
		return refuse("V-11", "ставка НДС 20 %% с 01.01.2026 не применяется к новым расчетам: только возврат и коррекция прежних")
	}
	return nil
}

// vatTotals are the sums of tags 1102–1107 and 1115 by rate: tax for the rates,
// turnover for 0 % and without VAT. Tax is computed once from the sum of each rate's
// items, not item by item (V-06 accepts both). Items without a rate count as
// without VAT (V-05).
func (s *settlement) vatTotals() (totals [VAT22122 + 1]fiscal.Kopecks, used [VAT22122 + 1]bool) {
	if s.VAT != nil {
		for rate, sum := range s.VAT {
			if rate <= VAT22122 {
				totals[rate], used[rate] = sum, true
			}
		}
		return totals, used
	}
	for i := range s.Items {
		rate := s.Items[i].VAT
		if rate > VAT22122 {
			continue
		}
		totals[rate] += s.sums[i]
		used[rate] = true
	}
	totals[VATNone] += totals[VATAbsent]
	for rate := VAT20; rate <= VAT22122; rate++ {
		totals[rate] = rate.Tax(totals[rate], s.priced())
	}
	used[VATAbsent] = false
	used[VAT0], used[VATNone] = totals[VAT0] > 0, totals[VATNone] > 0 // V-04
	for _, u := range used {
		if u {
			return totals, used
		}
	}
	used[VATNone] = true // V-01: at least one total, be it zero
	return totals, used
}

// priced is the date whose rates hold: of the corrected settlement, else of the
// receipt.
func (s *settlement) priced() time.Time {
	if s.correction != nil && !s.correction.Date.IsZero() {
		return s.correction.Date
	}
	return s.at
}

// checkVAT is V-11 for every rate named, and V-02 for given totals.
func (s *settlement) checkVAT() {
	w := s.w
	older := s.Operation == fiscal.SellReturn || s.Operation == fiscal.BuyReturn || s.correction != nil && s.priced().Year() < 2026
	for i := range s.Items {
		w.check(s.Items[i].VAT.inForce(s.at, older))
		if s.Items[i].VATSum != nil && s.Items[i].VAT.Percent(s.at) == 0 {
			w.refuse("V-09", "предмет расчета %d: сумма НДС (1200) без ставки НДС", i+1)
		}
	}
	for rate := range s.VAT {
		if rate == VATAbsent {
			w.refuse("V-01", "итог НДС без ставки")
		}
		w.check(rate.inForce(s.at, older))
	}
	if s.VAT != nil {
		for i := range s.Items {
			if rate := s.Items[i].VAT; rate != VATAbsent {
				if _, ok := s.VAT[rate]; !ok {
					w.refuse("V-02", "нет итога по ставке НДС %d предмета расчета %d", rate, i+1)
				}
			}
		}
	} else if len(s.Items) == 0 {
		w.refuse("V-01", "без предметов расчета укажите суммы по ставкам НДС")
	}
}

// writeVAT is tags 1102–1107 and 1115.
func (s *settlement) writeVAT() {
	totals, used := s.vatTotals()
	w := s.w
	tags := [...]tlv.Tag{VAT20: ffd.TagNDS20, VAT10: ffd.TagNDS10, VAT20120: ffd.TagNDS20120, VAT10110: ffd.TagNDS10110,
		VAT0: ffd.TagNDS0, VATNone: ffd.TagNDSNo}
	for rate := VAT20; rate <= VATNone; rate++ {
		if used[rate] {
			w.sum(tags[rate], totals[rate])
		}
	}
	newer := false
	for rate := VAT5; rate <= VAT22122; rate++ {
		newer = newer || used[rate]
	}
	if !newer {
		return
	}
	w.group(ffd.TagAmountsReceiptNDS, func() {
		for rate := VAT5; rate <= VAT22122; rate++ {
			if used[rate] {
				w.group(ffd.TagAmountsNDS, func() {
					w.byte(ffd.TagNDSRate, byte(rate))
					w.sum(ffd.TagRateNDSSum, totals[rate])
				})
			}
		}
	})
}
