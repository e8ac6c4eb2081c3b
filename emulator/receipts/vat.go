package receipts

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// vatTags are the totals of a receipt with the rate each stands for; in old exports
// items have them too, instead of a rate.
var vatTags = []struct {
	tag  tlv.Tag
	rate kkt.VATRate
}{
	{ffd.TagNDS20, kkt.VAT20}, {ffd.TagNDS10, kkt.VAT10}, {ffd.TagNDS20120, kkt.VAT20120}, {ffd.TagNDS10110, kkt.VAT10110},
	{ffd.TagNDS0, kkt.VAT0}, {ffd.TagNDSNo, kkt.VATNone},
}

// vat reads the totals and the rates of items, and finds rates that are missing.
func (r *reader) vat(out *Receipt, top *fields, sources []itemSource) {
	totals := r.vatTotals(top)
	items := out.Sale.Items
	missing := 0
	for i := range sources {
		if items[i].VAT, sources[i].rated = r.itemRate(&items[i], sources[i].fields); !sources[i].rated {
			missing++
		}
	}
	if missing > 0 {
		r.deriveRates(out, totals, sources)
	}
	at := out.Origin.Time
	for i := range items {
		r.itemTax(&items[i], sources[i].fields, at)
	}
	out.Sale.VAT = r.checkTotals(out, totals, top)
}

func (r *reader) vatTotals(top *fields) map[kkt.VATRate]fiscal.Kopecks {
	totals := map[kkt.VATRate]fiscal.Kopecks{}
	for _, t := range vatTags {
		if sum := r.money(top, t.tag); sum != nil {
			totals[t.rate] = *sum
		}
	}
	var pairs func(n *node)
	pairs = func(n *node) {
		if n.kind != kindObject {
			r.note(n, BadValue, "не структура")
			n.mark()
			return
		}
		in := open(n, inVAT)
		for _, inner := range r.list(in, ffd.TagAmountsNDS) {
			pairs(inner)
		}
		rate := kkt.VATRate(r.small(in, ffd.TagNDSRate))
		sum := r.money(in, ffd.TagRateNDSSum)
		switch {
		case sum == nil && rate == 0:
		case sum == nil || rate < kkt.VAT20 || rate > kkt.VAT22122:
			r.note(n, BadValue, "ставка НДС чека без суммы или с неизвестным кодом")
		default:
			totals[rate] += *sum
		}
	}
	for _, n := range r.list(top, ffd.TagAmountsReceiptNDS) {
		pairs(n)
	}
	return totals
}

// itemRate reads 1199, or finds the rate by the amount that an old export gives for
// the item.
func (r *reader) itemRate(it *kkt.Item, f *fields) (kkt.VATRate, bool) {
	if v, at, ok := r.uint(f, ffd.TagNDSRate, 255); ok {
		if v >= 1 && kkt.VATRate(v) <= kkt.VAT22122 {
			r.amountBeside(it, f, kkt.VATRate(v))
			return kkt.VATRate(v), true
		}
		r.note(at, BadValue, "кода ставки НДС нет в перечне")
	}
	var best kkt.VATRate
	var from *node
	for _, t := range vatTags {
		n := r.one(f, t.tag)
		sum := r.money(f, t.tag)
		if sum == nil || from != nil && *sum == 0 {
			continue
		}
		if from != nil && best != 0 && *r.money(f, tagOfRate(best)) != 0 {
			r.note(n, Repeated, "у позиции суммы НДС по двум ставкам: взята первая")
			continue
		}
		best, from = t.rate, n
	}
	if from == nil {
		return 0, false
	}
	r.note(from, Derived, fmt.Sprintf("ставка НДС позиции определена по имени поля: код %d", best))
	if sum := r.money(f, tagOfRate(best)); best != kkt.VAT0 && best != kkt.VATNone {
		it.VATSum = sum
	}
	return best, true
}

// amountBeside reads the amount that stands beside the rate of an item: its tax, or
// its turnover, which needs no writing.
func (r *reader) amountBeside(it *kkt.Item, f *fields, rate kkt.VATRate) {
	for _, t := range vatTags {
		sum := r.money(f, t.tag)
		switch {
		case sum == nil:
		case t.rate == rate && (rate == kkt.VAT0 || rate == kkt.VATNone):
		case t.rate == rate:
			it.VATSum = sum
		case *sum != 0:
			r.note(r.one(f, t.tag), Conflict, fmt.Sprintf("сумма НДС по другой ставке, чем у позиции (код %d)", rate))
		}
	}
}

func tagOfRate(rate kkt.VATRate) tlv.Tag {
	for _, t := range vatTags {
		if t.rate == rate {
			return t.tag
		}
	}
	return 0
}

// itemTax reads 1200. For 0 % and without VAT there is no tax to write.
func (r *reader) itemTax(it *kkt.Item, f *fields, at time.Time) {
	sum := r.money(f, ffd.TagItemNDSSum)
	if sum == nil {
		return
	}
	if it.VAT.Percent(at) == 0 {
		if *sum == 0 {
			r.note(r.one(f, ffd.TagItemNDSSum), Empty, "сумма НДС 0 при ставке без налога не пишется")
		} else {
			r.note(r.one(f, ffd.TagItemNDSSum), Conflict, "сумма НДС указана при ставке без налога")
		}
		return
	}
	it.VATSum = sum
}

// deriveRates gives rates to items that have none, from the totals of the receipt.
func (r *reader) deriveRates(out *Receipt, totals map[kkt.VATRate]fiscal.Kopecks, sources []itemSource) {
	var given []kkt.VATRate // rates with a total, those of other items apart
	for rate, sum := range totals {
		if sum > 0 {
			given = append(given, rate)
		}
	}
	if len(given) == 0 && len(totals) == 1 {
		for rate := range totals {
			given = append(given, rate)
		}
	}
	slices.Sort(given)
	var open []int
	for i := range sources {
		if !sources[i].rated {
			open = append(open, i)
		}
	}
	set := func(i int, rate kkt.VATRate, how string) {
		out.Sale.Items[i].VAT = rate
		r.noteAt(sources[i].fields.at.path, Derived, fmt.Sprintf("ставка НДС не указана: принят код %d, %s", rate, how))
	}
	switch {
	case len(given) == 0:
		for _, i := range open {
			set(i, kkt.VATNone, "сумм НДС в чеке тоже нет")
		}
		return
	case len(given) == 1:
		for _, i := range open {
			set(i, given[0], "единственная ставка в итогах чека")
		}
		return
	}
	if split, ok := splitRates(out.Sale.Items, open, given, totals, out.Origin.Time); ok {
		for k, i := range open {
			set(i, split[k], "единственное распределение, которое дает суммы НДС чека")
		}
		return
	}
	names := make([]string, len(given))
	for i, rate := range given {
		names[i] = fmt.Sprint(uint8(rate))
	}
	out.Refusal = &kkt.Refusal{Rule: "V-02", Text: "у позиций нет ставок НДС, а в итогах чека их несколько (коды " + strings.Join(names, ", ") +
		"): распределить их однозначно нельзя"}
	r.noteAt(out.Origin.Path, Conflict, out.Refusal.Text)
}

// maxSplit bounds the search of splitRates.
const maxSplit = 16

// splitRates looks for the only way to give items one of two rates so that both totals
// come out, half a kopeck an item apart (V-06). Items of one name and sum are the same.
func splitRates(items []kkt.Item, open []int, given []kkt.VATRate, totals map[kkt.VATRate]fiscal.Kopecks, at time.Time) ([]kkt.VATRate, bool) {
	if len(given) != 2 || len(open) != len(items) || len(open) > maxSplit {
		return nil, false
	}
	sums := make([]fiscal.Kopecks, len(open))
	var all fiscal.Kopecks
	for k, i := range open {
		if items[i].Sum == nil {
			return nil, false
		}
		sums[k] = *items[i].Sum
		all += sums[k]
	}
	slack := fiscal.Kopecks(len(open)+1) / 2
	near := func(rate kkt.VATRate, sum fiscal.Kopecks) bool {
		d := rate.Tax(sum, at) - totals[rate]
		return max(d, -d) <= slack
	}
	found, masks := map[string]bool{}, uint32(0)
	for mask := range uint32(1) << len(open) {
		var a fiscal.Kopecks
		var part []string
		for k, i := range open {
			if mask>>k&1 == 1 {
				a += sums[k]
				part = append(part, fmt.Sprint(sums[k], items[i].Name))
			}
		}
		if mask == 0 || len(part) == len(open) || !near(given[0], a) || !near(given[1], all-a) {
			continue
		}
		slices.Sort(part)
		found[fmt.Sprint(part)] = true
		if len(found) > 1 {
			return nil, false
		}
		masks = mask
	}
	if len(found) == 0 {
		return nil, false
	}
	rates := make([]kkt.VATRate, len(open))
	for k := range open {
		rates[k] = given[1]
		if masks>>k&1 == 1 {
			rates[k] = given[0]
		}
	}
	return rates, true
}

// checkTotals prepares the totals that the new receipt repeats: those of the source,
// with rates that items use and the source leaves out computed. nil lets the register
// compute all of them.
func (r *reader) checkTotals(out *Receipt, totals map[kkt.VATRate]fiscal.Kopecks, top *fields) map[kkt.VATRate]fiscal.Kopecks {
	bases := map[kkt.VATRate]fiscal.Kopecks{}
	for i := range out.Sale.Items {
		it := &out.Sale.Items[i]
		rate := it.VAT
		if rate == 0 {
			rate = kkt.VATNone
		}
		if it.Sum != nil {
			bases[rate] += *it.Sum
		} else if n, ok := it.Quantity.MulRound(uint64(it.Price)); ok {
			bases[rate] += fiscal.Kopecks(n)
		}
	}
	had := len(totals) > 0
	for _, rate := range []kkt.VATRate{kkt.VAT0, kkt.VATNone} {
		if sum, ok := totals[rate]; ok && sum == 0 {
			delete(totals, rate) // V-04
			r.note(r.one(top, tagOfRate(rate)), Empty, "нулевая сумма расчета без налога не пишется")
		}
	}
	if len(totals) == 0 && !had {
		r.noteAt(top.at.path, Derived, "сумм НДС чека нет: вычислены по позициям")
		return nil
	}
	if len(out.Sale.Items) == 0 {
		return totals
	}
	for rate, sum := range totals {
		if _, used := bases[rate]; !used && sum == 0 {
			delete(totals, rate)
		}
	}
	rates := make([]kkt.VATRate, 0, len(bases))
	for rate := range bases {
		rates = append(rates, rate)
	}
	slices.Sort(rates)
	for _, rate := range rates {
		tax := rate.Tax(bases[rate], out.Origin.Time)
		if _, ok := totals[rate]; !ok && tax > 0 {
			totals[rate] = tax
			r.noteAt(top.at.path, Derived, fmt.Sprintf("итога НДС по ставке с кодом %d нет: вычислен по позициям, %s", rate, tax))
		}
	}
	if len(totals) == 0 {
		return nil
	}
	return totals
}
