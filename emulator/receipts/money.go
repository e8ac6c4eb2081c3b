package receipts

import (
	"math/bits"
	"slices"

	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// payments reads the total and how it was paid.
func (r *reader) payments(out *Receipt, top *fields) {
	out.Sale.Total = r.money(top, ffd.TagTotalSum)
	p := &out.Sale.Payments
	p.Cash, p.Ecash = r.sum(top, ffd.TagCashTotalSum), r.sum(top, ffd.TagEcashTotalSum)
	p.Prepaid, p.Credit, p.Provision = r.sum(top, ffd.TagPrepaidSum), r.sum(top, ffd.TagCreditSum), r.sum(top, ffd.TagProvisionSum)
	details := r.list(top, ffd.TagAllECashProp)
	for len(details) > 0 {
		n := details[0]
		details = details[1:]
		if n.kind != kindObject {
			r.note(n, BadValue, "не структура")
			n.mark()
			continue
		}
		in := open(n, inEcash)
		details = append(r.list(in, ffd.TagEcashProp), details...)
		if sum := r.money(in, ffd.TagEcashPartSum); sum != nil {
			p.Details = append(p.Details, kkt.EcashDetail{Sum: *sum, Sign: r.small(in, ffd.TagEcashSign),
				Ident: r.str(in, ffd.TagEcashIdent), Info: r.str(in, ffd.TagEcashAddInfo)})
		}
	}
}

// settle makes payments add up to the total (M-03) where it is plain what is missing.
func (r *reader) settle(out *Receipt, top *fields) {
	s := &out.Sale
	if s.Total == nil {
		var sum fiscal.Kopecks
		for i := range s.Items {
			if v := s.Items[i].Sum; v != nil {
				sum += *v
			} else if n, ok := s.Items[i].Quantity.MulRound(uint64(s.Items[i].Price)); ok {
				sum += fiscal.Kopecks(n)
			}
		}
		s.Total = &sum
		r.noteAt(top.at.path, Derived, "итог не указан: взята сумма позиций")
	}
	paid := s.Cash + s.Ecash + s.Prepaid + s.Credit + s.Provision
	switch {
	case paid < *s.Total:
		r.unpaid(out, top, *s.Total-paid)
	case paid > *s.Total && s.Cash >= paid-*s.Total:
		r.note(r.one(top, ffd.TagCashTotalSum), Derived, "оплата больше итога на "+(paid-*s.Total).String()+": наличные уменьшены на сдачу")
		s.Cash -= paid - *s.Total
	case paid > *s.Total:
		r.noteAt(top.at.path, Conflict, "оплата больше итога на "+(paid-*s.Total).String())
	}
}

// unpaid puts the part of the total that no payment covers where the source has no
// field for it.
func (r *reader) unpaid(out *Receipt, top *fields, rest fiscal.Kopecks) {
	s := &out.Sale
	said := func(tag tlv.Tag) bool { return len(top.byTag[tag]) > 0 }
	if !slices.ContainsFunc([]tlv.Tag{ffd.TagCashTotalSum, ffd.TagEcashTotalSum, ffd.TagPrepaidSum, ffd.TagCreditSum, ffd.TagProvisionSum}, said) {
		s.Ecash = rest
		r.noteAt(top.at.path, Derived, "вид оплаты не указан: принята безналичная, "+rest.String())
		return
	}
	text := "оплаты меньше итога на " + rest.String() + ": "
	switch {
	case !said(ffd.TagPrepaidSum):
		s.Prepaid = rest
		r.noteAt(top.at.path, Derived, text+"разница принята за зачет предоплаты, которого нет в выгрузке")
	case !said(ffd.TagCreditSum):
		s.Credit = rest
		r.noteAt(top.at.path, Derived, text+"разница принята за постоплату, которой нет в выгрузке")
	case !said(ffd.TagProvisionSum):
		s.Provision = rest
		r.noteAt(top.at.path, Derived, text+"разница принята за встречное предоставление, которого нет в выгрузке")
	case s.Prepaid == 0 && s.Credit == 0 && s.Provision == 0:
		s.Prepaid = rest
		r.noteAt(top.at.path, Derived, text+"разница принята за зачет предоплаты: такие суммы выгрузка показала нулями")
	default:
		r.noteAt(top.at.path, Conflict, text+"чем оплачена разница, неизвестно")
	}
}

// tax reads 1055. Exports write it as appliedTaxationType or, older, taxationType;
// where both stand the latter may be the whole set of the registration.
func (r *reader) tax(out *Receipt, top *fields) {
	var chosen uint64
	var at *node
	for _, n := range top.byTag[ffd.TagAppliedTaxationType] {
		n.used = true
		v, ok := whole(n)
		if !ok || !v.IsUint64() || v.Uint64() > 0x3F {
			if !n.empty() {
				r.note(n, BadValue, "не система налогообложения")
			}
			continue
		}
		b := v.Uint64()
		if at == nil || bits.OnesCount64(chosen) != 1 && bits.OnesCount64(b) == 1 || isApplied(n) && bits.OnesCount64(b) == 1 {
			chosen, at = b, n
		}
	}
	for _, n := range top.byTag[ffd.TagAppliedTaxationType] {
		if v, ok := whole(n); ok && at != nil && n != at && v.IsUint64() && v.Uint64() != chosen {
			r.note(n, Settings, "система чека взята из "+at.path)
		}
	}
	switch {
	case bits.OnesCount64(chosen) == 1:
		out.Sale.Tax = kkt.TaxSystem(chosen)
		return
	case chosen != 0:
		out.Sale.Tax = kkt.TaxSystem(chosen & -chosen)
		r.note(at, Derived, "в чеке может быть одна система налогообложения: взята младшая")
		return
	}
	out.Sale.Tax = kkt.TaxSimplified
	text := "система налогообложения неизвестна: принята УСН доход"
	if taxed(top) {
		out.Sale.Tax = kkt.TaxGeneral
		text = "система налогообложения неизвестна, в чеке есть НДС: принята общая"
	}
	if at != nil {
		r.note(at, Derived, text)
	} else {
		r.noteAt(top.at.path, Derived, text)
	}
}

func isApplied(n *node) bool {
	const name = "appliedTaxationType"
	return len(n.path) >= len(name) && n.path[len(n.path)-len(name):] == name
}

// taxed tells that the receipt shows tax at some rate.
func taxed(top *fields) bool {
	for _, t := range vatTags {
		if t.rate == kkt.VATNone {
			continue
		}
		if n := top.byTag[t.tag]; len(n) > 0 && !n[0].empty() {
			if v, ok := whole(n[0]); ok && v.Sign() > 0 {
				return true
			}
		}
	}
	return len(top.byTag[ffd.TagAmountsReceiptNDS]) > 0
}
