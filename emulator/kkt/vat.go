package kkt

import (
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
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
