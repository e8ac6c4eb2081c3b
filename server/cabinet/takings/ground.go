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
// the archive too, with the zones they stand in, and where they stood before: what was
// sold belongs to the place of that time.
type Ground struct {
	Tree    *fleet.Tree
	Entries []fleet.Entry // that stand where the person sees
	Known   []fleet.Entry // those that only stood there too

	sight access.Sight
	zones map[fiscal.RegNumber]*time.Location
	now   time.Time
	zone  *time.Location // of the organisation
}

// Survey the ground of a visit.
func Survey(v *page.Visit, f *fleet.Service) (*Ground, error) {
	g := &Ground{zones: map[fiscal.RegNumber]*time.Location{}, now: v.Now(), zone: v.Zone()}
	var err error
	if g.Tree, g.Known, err = f.Known(v.R.Context(), v.Viewer, fleet.Filter{}); err != nil {
		return nil, err
	}
	g.sight = v.Viewer.Cut(access.SightOf(fiscal.INN(v.Org.INN), fleet.Spans(g.Known, nil)))
	for _, e := range g.Known {
		if e.Here() {
			g.Entries = append(g.Entries, e)
			g.zones[e.RegID] = g.OutletZone(e.Outlet)
		}
	}
	return g, nil
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

// Where is a place: a department or outlet with all below it, or a register, or a
// register while it stood there. The zero value is the whole organisation.
type Where struct {
	Branch   string
	Register fiscal.RegNumber
}

// Spot is a register in an outlet: what sums are apart by.
type Spot struct {
	Register fiscal.RegNumber
	Outlet   string
}

// Has tells whether a register stands there.
func (g *Ground) Has(w Where, e *fleet.Entry) bool {
	return e.Here() && g.holds(w, Spot{e.RegID, e.Outlet})
}

// holds tells whether the place has the spot in it.
func (g *Ground) holds(w Where, at Spot) bool {
	return (w.Register == "" || w.Register == at.Register) && g.Tree.Under(at.Outlet, w.Branch)
}

// Sees tells whether the person sees the place.
func (g *Ground) Sees(w Where) bool {
	return (w.Branch == "" || slices.ContainsFunc(g.Tree.Nodes(), func(n fleet.Node) bool { return n.ID == w.Branch })) &&
		(w.Register == "" || slices.ContainsFunc(g.Known, func(e fleet.Entry) bool { return e.RegID == w.Register }))
}

// Name of a register; its number when it has none here.
func (g *Ground) Name(reg fiscal.RegNumber) string {
	for i := range g.Known {
		if g.Known[i].RegID == reg {
			return g.Known[i].Name
		}
	}
	return string(reg)
}

// Here tells whether the register stands where the person sees, so that it has a card.
func (g *Ground) Here(reg fiscal.RegNumber) bool {
	return slices.ContainsFunc(g.Entries, func(e fleet.Entry) bool { return e.RegID == reg })
}

// OutletOf is the full name of the outlet that a register stood in when its clock showed
// wall.
func (g *Ground) OutletOf(reg fiscal.RegNumber, wall time.Time) string {
	for i := range g.Known {
		if g.Known[i].RegID == reg {
			id, _ := g.Known[i].OutletAt(wall)
			return g.Tree.FullName(id)
		}
	}
	return ""
}

// Sight of a place, of all times that registers stood there.
func (g *Ground) Sight(w Where) access.Sight {
	return g.sight.And(access.SightOf(g.sight.INN(), fleet.Spans(g.Known, func(e *fleet.Entry, s fleet.Stay) bool { return g.holds(w, Spot{e.RegID, s.Outlet}) })))
}

// Span is the interval that holds the period wherever the place's registers stand.
func (g *Ground) Span(w Where, p Period) (from, to time.Time) {
	from, to = p.Dates(g.Today())
	for i := range g.Known {
		for _, s := range g.Known[i].Stays {
			if !g.holds(w, Spot{g.Known[i].RegID, s.Outlet}) {
				continue
			}
			a, b := p.Dates(g.TodayAt(g.OutletZone(s.Outlet)))
			if a.Before(from) {
				from = a
			}
			if b.After(to) {
				to = b
			}
		}
	}
	return from, to
}

// stretch is a part of the ground with one interval: of each register in it the outlet
// that it stood in.
type stretch struct {
	from, to time.Time
	outlets  map[fiscal.RegNumber]string
}

// stretches that the period means at the place, one for each interval of dates: today
// is not the same day in all zones, and registers came and went.
func (g *Ground) stretches(w Where, p Period) (all []*stretch) {
	type dates struct{ from, to time.Time }
	by := map[dates]*stretch{}
	for i := range g.Known {
		reg := g.Known[i].RegID
		for _, s := range g.Known[i].Stays {
			if !g.holds(w, Spot{reg, s.Outlet}) {
				continue
			}
			var d dates
			d.from, d.to = p.Dates(g.TodayAt(g.OutletZone(s.Outlet)))
			if s.Since.After(d.from) {
				d.from = s.Since
			}
			if !s.To.IsZero() && s.To.Before(d.to) {
				d.to = s.To
			}
			if !d.from.Before(d.to) {
				continue
			}
			if by[d] == nil {
				by[d] = &stretch{d.from, d.to, map[fiscal.RegNumber]string{}}
				all = append(all, by[d])
			}
			by[d].outlets[reg] = s.Outlet
		}
	}
	return all
}

// part of the fiscal data that a stretch means.
func (g *Ground) part(s *stretch) ledger.Part {
	regs := make([]fiscal.RegNumber, 0, len(s.outlets))
	for reg := range s.outlets {
		regs = append(regs, reg)
	}
	return g.sight.Only(regs...).Between(s.from, s.to)
}

// Parts of the fiscal data that the period means at the place: what was sold while the
// registers stood there.
func (g *Ground) Parts(w Where, p Period) (parts []ledger.Part) {
	for _, s := range g.stretches(w, p) {
		parts = append(parts, g.part(s))
	}
	return parts
}

// Sums are totals of registers, apart by the outlets they stood in.
type Sums map[Spot]ledger.Totals

// Sums of the place's registers in the period.
func (g *Ground) Sums(ctx context.Context, l *ledger.Service, w Where, p Period) (Sums, error) {
	by := Sums{}
	for _, s := range g.stretches(w, p) {
		rows, err := l.Takings(ctx, []ledger.Part{g.part(s)}, store.ByRegister)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			reg := fiscal.RegNumber(r.Key)
			at := Spot{reg, s.outlets[reg]}
			if sum, ok := by[at]; ok {
				r = sum.Plus(r)
			}
			by[at] = r
		}
	}
	return by, nil
}

// Sum of a place.
func (g *Ground) Sum(by Sums, w Where) (t ledger.Totals) {
	for at, one := range by {
		if g.holds(w, at) {
			t = t.Plus(one)
		}
	}
	return t
}
