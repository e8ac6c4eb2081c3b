package analytics

import (
	"cmp"
	"fmt"
	"html/template"
	"slices"

	"github.com/fiscalbench/fiscalbench/server/cabinet/chart"
	"github.com/fiscalbench/fiscalbench/server/cabinet/page"
	"github.com/fiscalbench/fiscalbench/server/cabinet/takings"
	"github.com/fiscalbench/fiscalbench/server/ledger"
)

// measure is what outlets are put in order by (CAB-114).
type measure struct {
	Key, Title string
	value      func(t ledger.Totals) float64
	text       func(t ledger.Totals) string
	least      bool // the least is the best
}

var measures = []measure{
	{"revenue", "Выручка", func(t ledger.Totals) float64 { return roubles(t.Net()) }, func(t ledger.Totals) string { return page.Money(t.Net()) }, false},
	{"receipts", "Чеки", func(t ledger.Totals) float64 { return float64(t.Sales) }, func(t ledger.Totals) string { return fmt.Sprint(t.Sales) }, false},
	{"average", "Средний чек", func(t ledger.Totals) float64 { return roubles(t.Average()) }, func(t ledger.Totals) string { return page.Money(t.Average()) }, false},
	{"returns", "Доля возвратов", func(t ledger.Totals) float64 { return t.ReturnShare() }, func(t ledger.Totals) string { return page.Decimal(t.ReturnShare(), 1) + " %" }, true},
}

func (a *area) showRating(v *page.Visit) error {
	ctx := v.R.Context()
	d := struct {
		Asked
		Rows     []row
		Measures []measure
		Chart    template.HTML
	}{Measures: measures}
	var err error
	if d.Asked, err = a.read(v); err != nil {
		return err
	}
	m := measures[max(0, slices.IndexFunc(measures, func(m measure) bool { return m.Key == v.Form("sort") }))]
	if d.Sort = m.Key; len(d.Wrong) > 0 {
		return refuse(v, a.rating, d)
	}
	now, err := d.Sums(ctx, a.o.Ledger, d.Where, d.Period)
	if err != nil {
		return err
	}
	before, err := d.Sums(ctx, a.o.Ledger, d.Where, d.Before())
	if err != nil {
		return err
	}
	for _, n := range d.Tree.Outlets() {
		if w := (takings.Where{Branch: n.ID}); d.Tree.Under(n.ID, d.Where.Branch) {
			d.Rows = append(d.Rows, row{Name: d.Tree.FullName(n.ID), Note: n.Address, Link: d.Link("/lk/analytics", w), Now: d.Sum(now, w), Before: d.Sum(before, w)})
		}
	}
	slices.SortStableFunc(d.Rows, func(a, b row) int {
		c := cmp.Compare(m.value(b.Now), m.value(a.Now))
		if m.least {
			c = -c
		}
		return cmp.Or(c, byName(a.Name, b.Name))
	})
	c := chart.Chart{Title: "Рейтинг точек: " + m.Title + ", " + d.Title, Head: "Точка", Name: m.Title}
	for i, r := range d.Rows {
		d.Rows[i].Place = i + 1
		c.Points = append(c.Points, chart.Point{Label: fmt.Sprint(i + 1), Title: r.Name, Value: m.value(r.Now), Text: m.text(r.Now)})
	}
	d.Chart = c.Bars()
	return v.Render(a.rating, d)
}

func (a *area) showHours(v *page.Visit) error {
	d := struct {
		Asked
		Rows            []row
		Chart, Receipts template.HTML
	}{}
	var err error
	if d.Asked, err = a.read(v); err != nil {
		return err
	}
	if len(d.Wrong) > 0 {
		return refuse(v, a.hours, d)
	}
	if d.Rows, err = a.hourly(v.R.Context(), d.Asked); err != nil {
		return err
	}
	revenue := course(d.Rows, "Выручка по часам", "Час", d.Asked)
	revenue.Small = true
	d.Chart = revenue.Bars()
	c := chart.Chart{Small: true, Whole: true, Title: "Чеки по часам, " + d.Title, Head: "Час", Name: "Чеки", Other: "В прошлом периоде"}
	for _, r := range d.Rows {
		c.Points = append(c.Points, chart.Point{Label: short(r.Name), Title: r.Name, Value: float64(r.Now.Sales), Text: fmt.Sprint(r.Now.Sales), Other: float64(r.Before.Sales), OtherText: fmt.Sprint(r.Before.Sales)})
	}
	d.Receipts = c.Lines()
	return v.Render(a.hours, d)
}

// goods shown on a page.
const goods = 100

func (a *area) showGoods(v *page.Visit) error {
	d := struct {
		Asked
		Goods []ledger.Good
		Most  int
	}{Most: goods}
	var err error
	if d.Asked, err = a.read(v); err != nil {
		return err
	}
	if len(d.Wrong) > 0 {
		return refuse(v, a.top, d)
	}
	if d.Goods, err = a.o.Ledger.Popular(v.R.Context(), d.Parts(d.Where, d.Period), goods); err != nil {
		return err
	}
	return v.Render(a.top, d)
}
