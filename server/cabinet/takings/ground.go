package takings

import (
	"context"
	"slices"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/cabinet/page"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/ledger"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// Ground is what a person sees of an organisation: its tree and registers, those in
// the archive too, with the zones they stand in.
type Ground struct {
	Tree    *fleet.Tree
	Entries []fleet.Entry

	sight access.Sight
	zones map[fiscal.RegNumber]*time.Location
	now   time.Time
	zone  *time.Location // of the organisation
}

// Survey the ground of a visit.
func Survey(v *page.Visit, f *fleet.Service) (*Ground, error) {
	ctx := v.R.Context()
	g := &Ground{zones: map[fiscal.RegNumber]*time.Location{}, now: v.Now(), zone: v.Zone()}
	var err error
	if g.Tree, g.Entries, err = f.Overview(ctx, v.Viewer, fleet.Filter{}); err != nil {
		return nil, err
	}
	g.sight = access.NewSight(fiscal.INN(v.Org.INN), numbers(g.Entries))
	for _, e := range g.Entries {
		g.zones[e.RegID] = g.OutletZone(e.Outlet)
	}
	return g, nil
}

func numbers(entries []fleet.Entry) []fiscal.RegNumber {
	all := make([]fiscal.RegNumber, len(entries))
	for i, e := range entries {
		all[i] = e.RegID
	}
	return all
}

// OutletZone is the zone of an outlet, else of the organisation.
func (g *Ground) OutletZone(id string) *time.Location { return g.Tree.Zone(id, g.zone) }

// Zone where a register stands.
func (g *Ground) Zone(reg fiscal.RegNumber) *time.Location {
	if z, ok := g.zones[reg]; ok {
		return z
	}
	return g.zone
}

// TodayAt is today's date in a zone, as midnight in UTC.
func (g *Ground) TodayAt(z *time.Location) time.Time {
	y, m, d := g.now.In(z).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// Today is today's date where the organisation is.
func (g *Ground) Today() time.Time { return g.TodayAt(g.zone) }

// Where is a place: a department or outlet with all below it, or a register. The zero
// value is the whole organisation.
type Where struct {
	Branch   string
	Register fiscal.RegNumber
}

// Has tells whether a register stands there.
func (g *Ground) Has(w Where, e *fleet.Entry) bool {
	return (w.Register == "" || w.Register == e.RegID) && g.Tree.Under(e.Outlet, w.Branch)
}

// Known tells whether the person sees the place.
func (g *Ground) Known(w Where) bool {
	return (w.Branch == "" || slices.ContainsFunc(g.Tree.Nodes(), func(n fleet.Node) bool { return n.ID == w.Branch })) &&
		(w.Register == "" || slices.ContainsFunc(g.Entries, func(e fleet.Entry) bool { return e.RegID == w.Register }))
}

// Sight of a place, of all times.
func (g *Ground) Sight(w Where) access.Sight {
	var regs []fiscal.RegNumber
	for i := range g.Entries {
		if g.Has(w, &g.Entries[i]) {
			regs = append(regs, g.Entries[i].RegID)
		}
	}
	return g.sight.Only(regs...)
}

// Span is the interval that holds the period wherever the place's registers stand.
func (g *Ground) Span(w Where, p Period) (from, to time.Time) {
	from, to = p.Dates(g.Today())
	for _, part := range g.Parts(w, p) {
		a, b := part.Dated()
		if a.Before(from) {
			from = a
		}
		if b.After(to) {
			to = b
		}
	}
	return from, to
}

// Parts of the fiscal data that the period means at the place: one for each interval
// of dates, since today is not the same day in all zones.
func (g *Ground) Parts(w Where, p Period) (parts []ledger.Part) {
	type dates struct{ from, to time.Time }
	regs := map[dates][]fiscal.RegNumber{}
	var order []dates
	for i := range g.Entries {
		e := &g.Entries[i]
		if !g.Has(w, e) {
			continue
		}
		from, to := p.Dates(g.TodayAt(g.zones[e.RegID]))
		d := dates{from, to}
		if regs[d] == nil {
			order = append(order, d)
		}
		regs[d] = append(regs[d], e.RegID)
	}
	for _, d := range order {
		parts = append(parts, g.sight.Only(regs[d]...).Between(d.from, d.to))
	}
	return parts
}

// ByRegister are the totals of the place's registers in the period.
func (g *Ground) ByRegister(ctx context.Context, l *ledger.Service, w Where, p Period) (map[fiscal.RegNumber]ledger.Totals, error) {
	rows, err := l.Takings(ctx, g.Parts(w, p), store.ByRegister)
	if err != nil {
		return nil, err
	}
	by := make(map[fiscal.RegNumber]ledger.Totals, len(rows))
	for _, r := range rows {
		by[fiscal.RegNumber(r.Key)] = r
	}
	return by, nil
}

// Sum of the registers of a place.
func (g *Ground) Sum(by map[fiscal.RegNumber]ledger.Totals, w Where) (t ledger.Totals) {
	for i := range g.Entries {
		if e := &g.Entries[i]; g.Has(w, e) {
			t = t.Plus(by[e.RegID])
		}
	}
	return t
}
