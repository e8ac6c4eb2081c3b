// Package home is the first page after the login: revenue of today and yesterday with
// charts, how many registers are in touch, how each of them does and what is wrong
// with how many (CAB-070, CAB-115, CAB-911).
package home

import (
	"cmp"
	"context"
	"embed"
	"fmt"
	"html/template"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/cabinet/chart"
	"github.com/fiscalbench/fiscalbench/server/cabinet/page"
	"github.com/fiscalbench/fiscalbench/server/cabinet/takings"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/ledger"
	"github.com/fiscalbench/fiscalbench/server/store"
)

//go:embed templates/*.html
var files embed.FS

// Options of the area; both are needed.
type Options struct {
	Fleet  *fleet.Service
	Ledger *ledger.Service
}

type area struct {
	o    Options
	f    *page.Frame
	home *page.Templates
}

// Mount adds the page to the frame.
func Mount(f *page.Frame, o Options) {
	a := &area{o: o, f: f, home: f.Templates(files, "templates/home.html")}
	f.Client("GET /lk", access.SeeRegisters, a.show)
}

const (
	days    = 14  // of the charts
	goods   = 10  // of the list
	perPage = 100 // registers
)

// status is a register with its lights.
type status struct {
	fleet.Entry
	Lights fleet.Lights
	Where  string
	Zone   *time.Location
}

// count is how many registers something is said of, with the list of them.
type count struct {
	Title  string
	Colour fleet.Colour
	N      int
	Link   string
}

// money is what the page says about it; nil for those who may not see it.
type money struct {
	Today, Yesterday          ledger.Totals
	Revenue, Receipts, Middle template.HTML
	Goods                     []ledger.Good
	Days                      int
}

func (a *area) show(v *page.Visit) error {
	ctx := v.R.Context()
	g, err := takings.Survey(v, a.o.Fleet)
	if err != nil {
		return err
	}
	all, err := a.statuses(v, g)
	if err != nil {
		return err
	}
	d := struct {
		Money           *money
		Registers       int
		Online, Offline count
		Colours, Kinds  []count
		Shown           []status
		Chosen          string // what the list is cut to
		Next            string
		Behind          int64
	}{Registers: len(all)}
	d.Online, d.Offline = touch(all)
	d.Colours, d.Kinds = colours(all), kinds(all)
	kind := want(v.Form("kind"))
	for _, s := range all {
		if kind.holds(s) {
			d.Shown = append(d.Shown, s)
		}
	}
	d.Chosen = wants[kind]
	start, _ := strconv.Atoi(v.Form("from"))
	start = min(max(0, start), len(d.Shown))
	if d.Shown = d.Shown[start:]; len(d.Shown) > perPage {
		d.Shown = d.Shown[:perPage]
		d.Next = kind.link() + "&from=" + strconv.Itoa(start+perPage)
	}
	if progress, err := a.o.Ledger.Progress(ctx); err == nil {
		d.Behind = progress.Behind
	}
	if v.Viewer.Can(access.SeeRevenue) && len(all) > 0 {
		if d.Money, err = a.money(ctx, g); err != nil {
			return err
		}
	}
	return v.Render(a.home, d)
}

// statuses of the active registers, those in trouble first.
func (a *area) statuses(v *page.Visit, g *takings.Ground) ([]status, error) {
	t, _, err := a.o.Fleet.Thresholds(v.R.Context(), v.Viewer)
	if err != nil {
		return nil, err
	}
	var all []status
	for _, e := range g.Entries {
		if e.Archived.IsZero() {
			zone := g.Zone(e.RegID)
			all = append(all, status{e, a.o.Fleet.Lights(e, t, a.f.Now(), zone), g.Tree.FullName(e.Outlet), zone})
		}
	}
	slices.SortStableFunc(all, func(a, b status) int { return cmp.Compare(b.Lights.Worst, a.Lights.Worst) })
	return all, nil
}

// money of today and yesterday and the charts, each day of each place by the date
// there.
func (a *area) money(ctx context.Context, g *takings.Ground) (*money, error) {
	m := &money{Days: days}
	here, last := takings.Where{}, takings.LastDays(days)
	var err error
	if m.Today, err = a.o.Ledger.Total(ctx, g.Parts(here, takings.Today())); err != nil {
		return nil, err
	}
	if m.Yesterday, err = a.o.Ledger.Total(ctx, g.Parts(here, takings.Today().Before())); err != nil {
		return nil, err
	}
	rows, err := a.o.Ledger.Takings(ctx, g.Parts(here, last), store.ByDay)
	if err != nil {
		return nil, err
	}
	by := map[string]ledger.Totals{}
	for _, r := range rows {
		by[r.Key] = r
	}
	revenue := chart.Chart{Small: true, Title: fmt.Sprintf("Выручка за %d дней", days), Head: "День", Name: "Выручка"}
	receipts := chart.Chart{Small: true, Whole: true, Title: fmt.Sprintf("Чеки за %d дней", days), Head: "День", Name: "Чеки"}
	middle := chart.Chart{Small: true, Title: fmt.Sprintf("Средний чек за %d дней", days), Head: "День", Name: "Средний чек"}
	for from, to := g.Span(here, last); from.Before(to); from = from.AddDate(0, 0, 1) {
		t := by[from.Format(time.DateOnly)]
		add := func(c *chart.Chart, value float64, text string) {
			c.Points = append(c.Points, chart.Point{Label: from.Format("02.01"), Title: from.Format("02.01.2006"), Value: value, Text: text})
		}
		add(&revenue, float64(t.Net())/100, page.Money(t.Net()))
		add(&receipts, float64(t.Sales), fmt.Sprint(t.Sales))
		add(&middle, float64(t.Average())/100, page.Money(t.Average()))
	}
	m.Revenue, m.Receipts, m.Middle = revenue.Bars(), receipts.Bars(), middle.Lines()
	m.Goods, err = a.o.Ledger.Popular(ctx, g.Parts(here, takings.Today()), goods)
	return m, err
}

// ChangeNote compares today with yesterday; empty when there is nothing to compare.
func (m *money) ChangeNote() string {
	percent, ok := ledger.Change(m.Today.Net(), m.Yesterday.Net())
	if !ok {
		return ""
	}
	if percent > 0 {
		return "+" + page.Decimal(percent, 1) + " %"
	}
	return page.Decimal(percent, 1) + " %"
}

// want is what the list of registers is cut to: "online", "offline" or "flaw".
type want string

// wants with their titles.
var wants = map[want]string{"online": "на связи", "offline": "не на связи", "flaw": "с документами, которые не прошли ФЛК"}

func (w want) holds(s status) bool {
	switch w {
	case "flaw":
		return s.State.FlawedFD != 0
	case "online", "offline":
		return (s.Lights.Transfer.Colour == fleet.Green) == (w == "online")
	}
	return true
}

func (w want) link() string { return "/lk?" + url.Values{"kind": {string(w)}}.Encode() }

func counted(all []status, title string, c fleet.Colour, link string, holds func(status) bool) count {
	n := 0
	for _, s := range all {
		if holds(s) {
			n++
		}
	}
	return count{title, c, n, link}
}

// touch counts registers that hand documents over as they should, and the others.
func touch(all []status) (online, offline count) {
	of := func(w want, c fleet.Colour) count {
		return counted(all, wants[w], c, w.link()+"#registers", w.holds)
	}
	return of("online", fleet.Green), of("offline", fleet.Red)
}

// colours are the counters of the traffic light; each leads to the list in the
// monitoring.
func colours(all []status) (rows []count) {
	titles := map[fleet.Colour]string{fleet.Green: "работают", fleet.Yellow: "с предупреждением", fleet.Red: "с проблемой", fleet.Grey: "ждём первого документа"}
	for _, c := range []fleet.Colour{fleet.Red, fleet.Yellow, fleet.Green, fleet.Grey} {
		row := counted(all, titles[c], c, "/lk/monitoring?worst="+c.String(), func(s status) bool { return s.Lights.Worst == c })
		if c == fleet.Green {
			row.Title = page.Plural(row.N, "работает", "работают", "работают")
		}
		rows = append(rows, row)
	}
	return rows
}

// kinds of trouble with how many registers have each (CAB-911); those that nobody has
// are left out.
func kinds(all []status) (rows []count) {
	for n, i := range fleet.Indicators() {
		for _, c := range []fleet.Colour{fleet.Red, fleet.Yellow} {
			link := "/lk/monitoring?" + url.Values{i.Name: {c.String()}}.Encode()
			rows = append(rows, counted(all, i.Title, c, link, func(s status) bool { return s.Lights.All()[n].Colour == c }))
		}
	}
	rows = append(rows, counted(all, "документы с ошибками ФЛК", fleet.Yellow, want("flaw").link()+"#registers", want("flaw").holds))
	return slices.DeleteFunc(rows, func(c count) bool { return c.N == 0 })
}
