package report

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/ledger"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// figures of a shift as REP-02 has them.
type figures struct {
	receipts, returns, corrections int64
	revenue, returned, corrected   fiscal.Kopecks
	cash, ecash, other             fiscal.Kopecks
	vat                            store.VAT
}

func figuresOf(t ledger.Totals) figures {
	f := figures{receipts: t.Sales, returns: t.Returns, corrections: t.Corrections, revenue: t.Revenue, returned: t.Returned, corrected: t.Corrected,
		cash: t.Cash(), ecash: t.Ecash(), other: t.Other()}
	for i := range f.vat {
		f.vat[i] = t.SalesVAT[i] - t.ReturnsVAT[i]
	}
	return f
}

func (f *figures) add(o figures) {
	f.receipts, f.returns, f.corrections = f.receipts+o.receipts, f.returns+o.returns, f.corrections+o.corrections
	f.revenue, f.returned, f.corrected = f.revenue+o.revenue, f.returned+o.returned, f.corrected+o.corrected
	f.cash, f.ecash, f.other = f.cash+o.cash, f.ecash+o.ecash, f.other+o.other
	for i := range f.vat {
		f.vat[i] += o.vat[i]
	}
}

func (f figures) cells() []any {
	cells := append([]any{f.receipts, f.revenue, f.returns, f.returned, f.revenue - f.returned, f.cash, f.ecash, f.other}, vatCells(f.vat)...)
	return append(cells, f.corrections, f.corrected)
}

// goodsKey tells items apart.
type goodsKey struct {
	name, unit    string
	rate, measure uint8
}

// goods is REP-03: a line per item, rate and measure, the greatest revenue (sales less
// returns) first.
func (m *making) goods(ctx context.Context, t *Table) error {
	t.Columns = []Column{{"Место", Number}, {"Наименование", Text}, {"Количество", Quantity}, {"Мера", Text}, {"Выручка", Money}, {"Доля, %", Percent}, {"Чеков", Number}, {"Средняя цена", Money},
		{"Возвраты", Money}, {"Ставка НДС", Text}}
	by := map[goodsKey]*store.Goods{}
	for _, part := range m.sight.Parts() {
		if err := m.sold(ctx, part, by); err != nil {
			return err
		}
	}
	all := make([]*store.Goods, 0, len(by))
	var revenue, returned fiscal.Kopecks
	for _, g := range by {
		all = append(all, g)
		revenue, returned = revenue+g.Revenue-g.Returned, returned+g.Returned
	}
	slices.SortFunc(all, func(a, b *store.Goods) int {
		return cmp.Or(cmp.Compare(b.Revenue-b.Returned, a.Revenue-a.Returned), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Rate, b.Rate), cmp.Compare(a.Measure, b.Measure), cmp.Compare(a.Unit, b.Unit))
	})
	for i, g := range all {
		cells := []any{int64(i + 1), text(g.Name), float64(g.Quantity) / store.Millionth, text(measure(g)), g.Revenue - g.Returned, nil, g.Receipts, nil, g.Returned, text(rate(g.Rate))}
		if revenue > 0 {
			cells[5] = 100 * float64(g.Revenue-g.Returned) / float64(revenue)
		}
		if g.Quantity > 0 {
			cells[7] = fiscal.Kopecks(float64(g.Revenue)*store.Millionth/float64(g.Quantity) + 0.5)
		}
		if err := t.add(cells...); err != nil {
			return err
		}
	}
	t.total("Итого", nil, nil, nil, revenue, nil, nil, nil, returned)
	return nil
}

// errCrowded is a second of a register with more items than the store gives at once.
var errCrowded = errors.New("report: too many different items in one second")

// sold adds up the items of a part of the sight. The store gives at most store.MaxLimit of them
// at once: a period that has more is cut in two until each part has less.
func (m *making) sold(ctx context.Context, sight access.Sight, by map[goodsKey]*store.Goods) error {
	found, err := m.s.o.Ledger.Goods(ctx, sight, store.Search{}, store.MaxLimit)
	if err != nil {
		return err
	}
	if len(found) >= store.MaxLimit {
		from, to := sight.Dated()
		middle := from.Add(to.Sub(from) / 2).Truncate(time.Second)
		if !middle.After(from) {
			return errCrowded
		}
		if err := m.sold(ctx, sight.Between(from, middle), by); err != nil {
			return err
		}
		return m.sold(ctx, sight.Between(middle, to), by)
	}
	for _, g := range found {
		k := goodsKey{g.Name, g.Unit, g.Rate, g.Measure}
		one := by[k]
		if one == nil {
			by[k] = &g
			continue
		}
		one.Quantity, one.Revenue, one.Receipts = one.Quantity+g.Quantity, one.Revenue+g.Revenue, one.Receipts+g.Receipts
		one.ReturnedQuantity, one.Returned = one.ReturnedQuantity+g.ReturnedQuantity, one.Returned+g.Returned
	}
	return nil
}

// rate is tag 1199 in words.
func rate(number uint8) string {
	names := [...]string{"", "20 %", "10 %", "20/120", "10/110", "0 %", "без НДС", "5 %", "7 %", "5/105", "7/107", "22 %", "22/122"}
	if int(number) < len(names) {
		return names[number]
	}
	return strconv.Itoa(int(number))
}

// measures are tag 2108 in words (enums of FFD 1.2).
var measures = map[uint8]string{10: "г", 11: "кг", 12: "т", 20: "см", 21: "дм", 22: "м", 30: "см²", 31: "дм²", 32: "м²", 40: "мл", 41: "л", 42: "м³", 50: "кВт·ч", 51: "Гкал",
	70: "сутки", 71: "час", 72: "мин", 73: "с", 80: "КБ", 81: "МБ", 82: "ГБ", 83: "ТБ", 255: "иное"}

// measure of goods: the unit in words when the register sent one.
func measure(g *store.Goods) string {
	return cmp.Or(g.Unit, measures[g.Measure], "шт.")
}

// usage is REP-04: a line per register.
func (m *making) usage(ctx context.Context, t *Table) error {
	t.Columns = []Column{{"Касса", Text}, {"РНМ", Text}, {"Торговая точка", Text}, {"Подключена", Moment}, {"На обслуживании с", Moment}, {"На обслуживании по", Moment}, {"Дней с документами", Number},
		{"Документов", Number}, {"Использовалась", Text}}
	type use struct {
		days      int64
		last      string
		documents int64
	}
	uses := map[fiscal.RegNumber]*use{}
	err := m.each(ctx, store.Search{}, func(p *store.Projection) error {
		u := uses[p.RegID]
		if u == nil {
			u = &use{}
			uses[p.RegID] = u
		}
		u.documents++
		if day := p.At.Format(time.DateOnly); day != u.last { // they come in the order of dates
			u.days, u.last = u.days+1, day
		}
		return nil
	})
	if err != nil {
		return err
	}
	var documents, used int64
	for _, e := range m.entries {
		u := uses[e.RegID]
		if u == nil {
			u = &use{}
		}
		from, to := m.served(e)
		yes := "нет"
		if u.documents > 0 {
			yes = "да"
			used++
		}
		documents += u.documents
		outlet, _ := m.place(m.last(e))
		if err := t.add(text(e.Name), text(e.RegID), text(outlet), wall(e.Connected, m.zoneOf(e)), from, to, u.days, u.documents, yes); err != nil {
			return err
		}
	}
	t.total("Итого", nil, nil, nil, nil, nil, nil, documents, strconv.FormatInt(used, 10)+" из "+strconv.Itoa(len(m.entries)))
	return nil
}

// served is when the register was in service within the period, by its own clock; zero
// times when it was not.
func (m *making) served(e fleet.Entry) (from, to time.Time) {
	z := m.zoneOf(e)
	begun, ended := e.Connected, e.Archived
	if e.Seen() && e.State.First.Before(begun) {
		begun = e.State.First
	}
	if ended.IsZero() {
		ended = m.now
	}
	from, to = wall(begun, z), wall(ended, z)
	if came := e.Stays[0].Since; from.Before(came) { // it was elsewhere until then
		from = came
	}
	if left := e.Stays[len(e.Stays)-1].To; !left.IsZero() && left.Before(to) {
		to = left
	}
	if from.Before(m.p.From) {
		from = m.p.From
	}
	if to.After(m.p.To) {
		to = m.p.To
	}
	if !from.Before(to) {
		return time.Time{}, time.Time{}
	}
	return from, to
}

func (m *making) zoneOf(e fleet.Entry) *time.Location { return m.tree.Zone(m.last(e), m.zone) }

// wall is a moment as clocks of the zone show it, as a time of UTC.
func wall(t time.Time, zone *time.Location) time.Time {
	if t.IsZero() {
		return t
	}
	t = t.In(zone)
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
}
