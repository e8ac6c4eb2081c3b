package receipts

import (
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// itemSource keeps an item's fields for what is decided after all items are known.
type itemSource struct {
	fields *fields
	rated  bool // the item says its VAT rate
}

// items reads tag 1059.
func (r *reader) items(out *Receipt, top *fields) (sources []itemSource) {
	for _, n := range r.list(top, ffd.TagItem) {
		if n.kind != kindObject {
			r.note(n, BadValue, "позиция чека — не структура")
			n.mark()
			continue
		}
		f := open(n, inItem)
		it := kkt.Item{Name: r.str(f, ffd.TagItemName), Subject: r.small(f, ffd.TagProductType), Method: r.small(f, ffd.TagPaymentType)}
		r.amounts(out, &it, f)
		r.measure(out, &it, f)
		it.Property = r.str(f, ffd.TagItemProperty)
		it.ExciseDuty = r.money(f, ffd.TagExciseDuty)
		it.UnitVAT = r.money(f, ffd.TagUnitNDS)
		it.Country, it.CustomEntry = r.country(f), r.str(f, ffd.TagCustomEntryNum)
		r.code(out, &it, f)
		it.Industry = r.industry(out, f, ffd.TagItemsIndustryDetails)
		r.modifiers(f)
		if it.Method == 0 && out.Origin.FFD != fiscal.FFD10 && len(f.byTag[ffd.TagPaymentType]) == 0 {
			r.noteAt(n.path, Derived, "признак способа расчета не указан: полный расчет")
		}
		out.Sale.Items = append(out.Sale.Items, it)
		sources = append(sources, itemSource{fields: f})
	}
	return sources
}

// amounts reads price, quantity and sum and finds the one that is missing.
func (r *reader) amounts(out *Receipt, it *kkt.Item, f *fields) {
	price, sum := r.money(f, ffd.TagPrice), r.money(f, ffd.TagItemSum)
	quantity, hasQuantity := r.quantity(f, ffd.TagQuantity)
	path := f.at.path
	if !hasQuantity || quantity.Magnitude == 0 && (price == nil || *price != 0 || sum != nil && *sum != 0) {
		quantity = kkt.Pieces(1)
		if price != nil && sum != nil && *price > 0 && *sum%*price == 0 && *sum > 0 {
			quantity = kkt.Pieces(uint64(*sum / *price))
		}
		r.noteAt(path, Derived, "количество не указано: принято "+quantity.String())
	}
	it.Quantity, it.Sum = quantity, sum
	if price == nil {
		price = new(fiscal.Kopecks)
		if sum != nil {
			*price = unitPrice(*sum, quantity)
		}
		r.noteAt(path, Derived, "цена не указана: принята "+price.String())
	}
	if sum == nil {
		r.noteAt(path, Derived, "стоимость не указана: цена × количество")
	}
	it.Price = *price
	if sum == nil || fits(it.Price, quantity, *sum) || out.Origin.FFD >= fiscal.FFD105 {
		return
	}
	// FFD 1.0 wrote the price before discounts and markups; later versions write it after.
	if p := unitPrice(*sum, quantity); fits(p, quantity, *sum) {
		it.Price = p
		r.noteAt(path, Derived, fmt.Sprintf("цена %s без скидок и наценок заменена ценой с их учетом %s", *price, p))
	}
}

// unitPrice is sum / quantity rounded to the kopeck; zero for a zero quantity.
func unitPrice(sum fiscal.Kopecks, q kkt.Quantity) fiscal.Kopecks {
	v, ok := rational(q.String())
	if !ok || v.Sign() == 0 {
		return 0
	}
	p := new(big.Rat).Quo(new(big.Rat).SetInt64(int64(sum)), v)
	p.Add(p, big.NewRat(1, 2))
	n := new(big.Int).Quo(p.Num(), p.Denom())
	if !n.IsInt64() || fiscal.Kopecks(n.Int64()) > fiscal.MaxKopecks {
		return 0
	}
	return fiscal.Kopecks(n.Int64())
}

// fits is flk.md M-01: a difference of at most one kopeck.
func fits(price fiscal.Kopecks, q kkt.Quantity, sum fiscal.Kopecks) bool {
	product, ok := q.MulRound(uint64(price))
	return ok && product < 1<<48 && max(fiscal.Kopecks(product)-sum, sum-fiscal.Kopecks(product)) <= 1
}

// units are the words for tag 2108 in exports of older formats.
var units = map[string]uint8{
	"": 0, "шт": 0, "штука": 0, "штук": 0, "ед": 0, "единица": 0, "pcs": 0, "г": 10, "гр": 10, "грамм": 10, "кг": 11, "килограмм": 11, "kg": 11, "т": 12,
	"тонна": 12, "см": 20, "дм": 21, "м": 22, "метр": 22, "пог м": 22, "кв см": 30, "кв дм": 31, "кв м": 32, "м2": 32, "м²": 32, "мл": 40, "л": 41,
	"литр": 41, "куб м": 42, "м3": 42, "м³": 42, "квтч": 50, "квт ч": 50, "квт*ч": 50, "гкал": 51, "сут": 70, "сутки": 70, "день": 70, "час": 71, "ч": 71,
	"мин": 72, "минута": 72, "с": 73, "сек": 73, "кбайт": 80, "мбайт": 81, "гбайт": 82, "тбайт": 83,
}

const otherMeasure = 255

// measure reads 1197 or 2108, whichever the new format has.
func (r *reader) measure(out *Receipt, it *kkt.Item, f *fields) {
	unit, at := r.text(f, ffd.TagUnit)
	code, codeAt, hasCode := r.uint(f, ffd.TagQuantityMeasure, 255)
	unit = strings.TrimSpace(unit)
	if out.FFD < fiscal.FFD12 {
		it.Unit = unit
		if hasCode && unit == "" && code != 0 {
			if it.Unit = ffd.Meaning(ffd.TagQuantityMeasure, code); it.Unit == "" || len([]rune(it.Unit)) > 16 {
				it.Unit = ""
				r.note(codeAt, NotInFFD, "мера количества есть только в ФФД 1.2")
			} else {
				r.note(codeAt, Derived, "мера количества записана единицей измерения «"+it.Unit+"»")
			}
		}
		return
	}
	whole := it.Quantity.Decimals == 0
	switch key := strings.Trim(strings.NewReplacer(".", " ", "·", "", "  ", " ").Replace(strings.ToLower(unit)), " "); {
	case hasCode:
		it.Measure = uint8(code)
	case unit != "":
		known, ok := units[key]
		if it.Measure = known; !ok {
			it.Measure = otherMeasure
		}
		r.note(at, Derived, fmt.Sprintf("единица измерения записана мерой количества %d", it.Measure))
	case !whole && fraction(it.Quantity):
		it.Measure = otherMeasure
		r.noteAt(f.at.path, Derived, "мера количества не указана, количество дробное: записана «иная» (255)")
	}
}

func fraction(q kkt.Quantity) bool {
	v, ok := rational(q.String())
	return ok && !v.IsInt()
}

// country pads a code that lost its zeros as a number.
func (r *reader) country(f *fields) string {
	s, at := r.text(f, ffd.TagOriginCountryCode)
	if at != nil && s != "" && len(s) < 3 && at.kind == kindNumber {
		s = strings.Repeat("0", 3-len(s)) + s
	}
	return strings.TrimSpace(s)
}

// industry reads tags 1260 and 1261.
func (r *reader) industry(out *Receipt, f *fields, tag tlv.Tag) (all []kkt.Industry) {
	for _, n := range r.list(f, tag) {
		if n.kind != kindObject {
			r.note(n, BadValue, "не структура")
			n.mark()
			continue
		}
		if out.FFD < fiscal.FFD12 {
			r.note(n, NotInFFD, "отраслевой реквизит есть только в ФФД 1.2")
			n.mark()
			continue
		}
		in := open(n, inIndustry)
		date, at := r.text(in, ffd.TagFoundationDocDateTime)
		if at != nil {
			if m, ok := readMoment(at); ok {
				date = m.at.Format("02.01.2006")
			}
		}
		foiv, at := r.text(in, ffd.TagFOIVID)
		if at != nil && at.kind == kindNumber && len(foiv) < 3 {
			foiv = strings.Repeat("0", 3-len(foiv)) + foiv
		}
		all = append(all, kkt.Industry{FOIV: foiv, Date: date, Number: r.str(in, ffd.TagFoundationDocNumber), Value: r.str(in, ffd.TagIndustryPropValue)})
	}
	return all
}

// modifiers are discounts and markups of FFD 1.0.
func (r *reader) modifiers(f *fields) {
	for _, n := range r.list(f, tagModifiers) {
		r.note(n, NotInFFD, "скидки и наценки отдельными реквизитами были только в ФФД 1.0: цены и суммы чека их уже учитывают")
		n.mark()
	}
}

// Requisites of FFD 1.0 only.
const (
	tagStornoItems tlv.Tag = 1071
	tagModifiers   tlv.Tag = 1112
	tagBarcode     tlv.Tag = 1080
)

// storno takes cancelled items of FFD 1.0 out of the receipt.
func (r *reader) storno(out *Receipt, top *fields, sources []itemSource) []itemSource {
	defer func() { r.cancelled = nil }()
	r.modifiers(top)
	for _, n := range r.list(top, tagStornoItems) {
		n.mark()
		if n.kind != kindObject {
			r.note(n, BadValue, "сторнированная позиция — не структура")
			continue
		}
		f := open(n, inItem)
		name := r.str(f, ffd.TagItemName)
		price, sum := r.sum(f, ffd.TagPrice), r.sum(f, ffd.TagItemSum)
		n.mark()
		if i := r.stornoIndex(out.Sale.Items, name, price, sum); i >= 0 {
			r.cancelled = append(r.cancelled, i)
			r.note(n, NotInFFD, "сторно было только в ФФД 1.0: позиция и ее сторно не перенесены")
			continue
		}
		r.note(n, NotInFFD, "сторно было только в ФФД 1.0, а такой позиции в чеке нет")
	}
	slices.Sort(r.cancelled)
	for _, i := range slices.Backward(r.cancelled) {
		sources[i].fields.at.mark()
		out.Sale.Items = slices.Delete(out.Sale.Items, i, i+1)
		sources = slices.Delete(sources, i, i+1)
	}
	return sources
}

func (r *reader) stornoIndex(items []kkt.Item, name string, price, sum fiscal.Kopecks) int {
	for i := range items {
		if !slices.Contains(r.cancelled, i) && items[i].Name == name && (items[i].Price == price || items[i].Sum != nil && *items[i].Sum == sum) {
			return i
		}
	}
	return -1
}
