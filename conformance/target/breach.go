package target

import (
	"strings"

	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// spoil makes a receipt of one item break a rule of flk.md, and that rule alone where it
// can be done.
func spoil(r *kkt.Receipt, rule string) {
	it, more := &r.Items[0], r.Payments.Cash+100
	switch rule {
	case "M-01":
		sum := more
		it.Sum, r.Payments.Cash = &sum, sum
	case "M-02":
		r.Total, r.Payments.Cash = &more, more
	case "M-03":
		r.Payments.Cash++
	case "M-04":
		r.Payments.Ecash, r.Payments.Cash = r.Payments.Cash, 0
		r.Payments.Details = []kkt.EcashDetail{{Sum: 1, Sign: 1, Ident: "1"}}
	case "M-08":
		it.Fraction = &kkt.Fraction{Numerator: 2, Denominator: 2}
	case "R-01":
		r.Operation = 5
	case "R-02":
		r.Tax = kkt.TaxPatent
	case "R-02-two":
		r.Tax = kkt.TaxGeneral | kkt.TaxSimplified
	case "R-04":
		it.Agent = kkt.AgentOther
	case "R-05":
		it.Name = ""
	case "R-07":
		it.Subject = 2
	case "R-12":
		r.BuyerContact = "nobody"
	case "R-13":
		r.Internet = true
	case "R-16":
		it.Subject = 33
	case "R-18":
		it.Quantity = kkt.Quantity{FVLN: tlv.FVLN{Magnitude: 15, Decimals: 1}}
		r.Payments.Cash = r.Payments.Cash * 3 / 2
	case "S-07":
		total := r.Payments.Cash
		r.Items, r.Total, r.VAT = nil, &total, map[kkt.VATRate]fiscal.Kopecks{kkt.VATNone: total}
	case "S-08":
		it.Name = strings.Repeat("x", 129)
	case "S-10":
		it.Subject = 99
	case "V-01":
		r.VAT = map[kkt.VATRate]fiscal.Kopecks{kkt.VATAbsent: 1, kkt.VATNone: r.Payments.Cash}
	case "V-02":
		r.VAT = map[kkt.VATRate]fiscal.Kopecks{kkt.VAT10: 1}
	case "V-09":
		sum := fiscal.Kopecks(1)
		it.VATSum = &sum
	case "V-11":
		it.VAT = kkt.VAT20
	case "I-07":
		r.Buyer = &kkt.Buyer{Name: "x", INN: "7702203277"}
	}
}
