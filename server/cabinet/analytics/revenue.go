package analytics

import (
	"context"
	"fmt"
	"html/template"
	"slices"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/cabinet/chart"
	"github.com/fiscalbench/fiscalbench/server/cabinet/page"
	"github.com/fiscalbench/fiscalbench/server/cabinet/takings"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/ledger"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// row is a place or a day with its totals and those of the interval before.
type row struct {
	Kind, Name, Link, Note string
	Now, Before            ledger.Totals
	Share                  float64 // of the revenue of all rows, per cent; 0 when it has no sense
	Place                  int     // in a rating, from 1
}

// Changed is the change of the revenue as people read it; empty without one.
func (r row) Changed() string { return changed(r.Now.Net(), r.Before.Net()) }

// Up tells whether it is more than before.
func (r row) Up() bool { return r.Now.Net() >= r.Before.Net() }

func changed(now, before fiscal.Kopecks) string {
	percent, ok := ledger.Change(now, before)
	if !ok {
		return ""
	}
	return signed(percent)
}

// signed is a change in per cent: "+12,5 %".
func signed(percent float64) string {
	if percent > 0 {
		return "+" + page.Decimal(percent, 1) + " %"
	}
	return page.Decimal(percent, 1) + " %"
}

func (a *area) showRevenue(v *page.Visit) error {
	ctx := v.R.Context()
	d := struct {
		Asked
		Sum   row
		Rows  []row
		Days  []row
		Chart template.HTML
	}{}
	var err error
	if d.Asked, err = a.read(v); err != nil {
		return err
	}
	if len(d.Wrong) > 0 {
		return refuse(v, a.revenue, d)
	}
	now, err := d.Sums(ctx, a.o.Ledger, d.Where, d.Period)
	if err != nil {
		return err
	}
	before, err := d.Sums(ctx, a.o.Ledger, d.Where, d.Before())
	if err != nil {
		return err
	}
	d.Sum = row{Now: d.Ground.Sum(now, d.Where), Before: d.Ground.Sum(before, d.Where)}
	d.Rows = d.below(now, before)
	for i := range d.Rows {
		if all := d.Sum.Now.Net(); all > 0 && d.Rows[i].Now.Net() > 0 {
			d.Rows[i].Share = 100 * float64(d.Rows[i].Now.Net()) / float64(all)
		}
	}
	if d.Days, d.Chart, err = a.course(ctx, d.Asked); err != nil {
		return err
	}
	return v.Render(a.revenue, d)
}

// below are the places right under the one that is shown.
func (q Asked) below(now, before takings.Sums) (rows []row) {
	if q.Where.Register != "" {
		return nil
	}
	add := func(kind, name, note string, w takings.Where) {
		rows = append(rows, row{Kind: kind, Name: name, Note: note, Link: q.Link("/lk/analytics", w), Now: q.Sum(now, w), Before: q.Sum(before, w)})
	}
	for _, n := range q.Tree.Nodes() {
		// At the top stand the nodes whose department is not shown, too.
		if n.Parent == q.Where.Branch || q.Where.Branch == "" && !q.Sees(takings.Where{Branch: n.Parent}) {
			add(string(n.Kind), n.Name, n.Address, takings.Where{Branch: n.ID})
		}
	}
	for _, e := range q.Ground.Known {
		here := e.Here() && e.Outlet == q.Where.Branch
		if !here && !slices.ContainsFunc(e.Stays, func(s fleet.Stay) bool { return s.Outlet == q.Where.Branch }) {
			continue
		}
		w, note := takings.Where{Branch: q.Where.Branch, Register: e.RegID}, "РНМ "+string(e.RegID)
		// Registers of the archive and those that stand elsewhere now are shown as long as
		// they have something to show.
		if (!here || !e.Archived.IsZero()) && q.at(now, w).Empty() && q.at(before, w).Empty() {
			continue
		}
		if !here {
			note += ", стоит в другом месте"
		}
		rows = append(rows, row{Kind: "register", Name: e.Name, Note: note, Link: q.Link("/lk/analytics", w), Now: q.at(now, w), Before: q.at(before, w)})
	}
	slices.SortStableFunc(rows, func(a, b row) int {
		if rank(a.Kind) != rank(b.Kind) {
			return rank(a.Kind) - rank(b.Kind)
		}
		return byName(a.Name, b.Name)
	})
	return rows
}

// at is the sum of a register in this very outlet, or of what it sold nowhere.
func (q Asked) at(by takings.Sums, w takings.Where) ledger.Totals {
	return by[takings.Spot{Register: w.Register, Outlet: w.Branch}]
}

func rank(kind string) int {
	return slices.Index([]string{string(fleet.Department), string(fleet.Outlet), "register"}, kind)
}

// course of the revenue through the period beside the interval before: by the hour of
// a day, else by day.
func (a *area) course(ctx context.Context, q Asked) (rows []row, drawing template.HTML, err error) {
	from, to := q.Span(q.Where, q.Period)
	if to.Sub(from) <= 2*24*time.Hour && q.Period.Kind == takings.Day {
		if rows, err = a.hourly(ctx, q); err != nil {
			return nil, "", err
		}
		return rows, course(rows, "Выручка по часам", "Час", q).Bars(), nil
	}
	parts, partsBefore := q.Parts(q.Where, q.Period), q.Parts(q.Where, q.Before())
	now, err := a.by(ctx, parts, store.ByDay)
	if err != nil {
		return nil, "", err
	}
	before, err := a.by(ctx, partsBefore, store.ByDay)
	if err != nil {
		return nil, "", err
	}
	fromBefore, _ := q.Span(q.Where, q.Before())
	for i := 0; from.AddDate(0, 0, i).Before(to); i++ {
		day, dayBefore := from.AddDate(0, 0, i), fromBefore.AddDate(0, 0, i)
		rows = append(rows, row{Name: day.Format("02.01.2006"), Now: now[day.Format(time.DateOnly)], Before: before[dayBefore.Format(time.DateOnly)],
			Link: q.Link("/lk/analytics", q.Where, "period", string(takings.Day), "date", day.Format(time.DateOnly), "from", "", "to", "")})
	}
	return rows, course(rows, "Выручка по дням", "День", q).Bars(), nil
}

// hourly are the hours of the day with those of the interval before.
func (a *area) hourly(ctx context.Context, q Asked) ([]row, error) {
	now, err := a.by(ctx, q.Parts(q.Where, q.Period), store.ByHour)
	if err != nil {
		return nil, err
	}
	before, err := a.by(ctx, q.Parts(q.Where, q.Before()), store.ByHour)
	if err != nil {
		return nil, err
	}
	rows := make([]row, 24)
	for h := range rows {
		key := fmt.Sprintf("%02d", h)
		rows[h] = row{Name: fmt.Sprintf("%02d:00–%02d:59", h, h), Now: now[key], Before: before[key]}
	}
	return rows, nil
}

// by asks for totals by their keys.
func (a *area) by(ctx context.Context, parts []ledger.Part, by store.Grouping) (map[string]ledger.Totals, error) {
	rows, err := a.o.Ledger.Takings(ctx, parts, by)
	if err != nil {
		return nil, err
	}
	keyed := make(map[string]ledger.Totals, len(rows))
	for _, r := range rows {
		keyed[r.Key] = r
	}
	return keyed, nil
}

// course is the drawing of rows.
func course(rows []row, title, head string, q Asked) chart.Chart {
	c := chart.Chart{Title: title + ", " + q.Title, Head: head, Name: "Выручка", Other: "В прошлом периоде"}
	for _, r := range rows {
		c.Points = append(c.Points, chart.Point{Label: short(r.Name), Title: r.Name, Value: roubles(r.Now.Net()), Text: page.Money(r.Now.Net()),
			Other: roubles(r.Before.Net()), OtherText: page.Money(r.Before.Net())})
	}
	return c
}

// short is the day and month of a date, or the hour.
func short(name string) string { return name[:min(len(name), len("02.01"))] }

func roubles(k fiscal.Kopecks) float64 { return float64(k) / 100 }
