package report

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/fleet"
)

// making is a report under way: what the viewer may see of what was asked for.
type making struct {
	s       *Service
	v       access.Viewer
	org     account.Org
	zone    *time.Location // of the organisation
	now     time.Time
	p       Params
	tree    *fleet.Tree
	entries []fleet.Entry // registers of the report, by name: that stand or stood there in the period
	by      map[fiscal.RegNumber]fleet.Entry
	sight   access.Sight // theirs, cut to the period
}

// Make builds a report for the viewer: what a job writes into its file and a page can
// show. The registers whose figures are in it come with it.
func (s *Service) Make(ctx context.Context, v access.Viewer, kind Kind, p Params) (*Table, []fiscal.RegNumber, error) {
	return s.makeUnder(ctx, v, kind, p, nil)
}

// makeUnder is Make with no more documents than the limit shows; nil: none.
func (s *Service) makeUnder(ctx context.Context, v access.Viewer, kind Kind, p Params, limit *access.Sight) (*Table, []fiscal.RegNumber, error) {
	if err := kind.allowed(v); err != nil {
		return nil, nil, err
	}
	m := &making{s: s, v: v, now: s.o.Now(), p: p, by: map[fiscal.RegNumber]fleet.Entry{}}
	var err error
	if m.org, err = s.o.People.Org(ctx, v); err != nil {
		return nil, nil, err
	}
	m.zone = zoneOf(m.org)
	if m.tree, err = s.o.Fleet.Tree(ctx, v); err != nil {
		return nil, nil, err
	}
	f := fleet.Filter{Branch: p.Branch, Group: p.Group, Numbers: p.Registers}
	if _, m.entries, err = s.o.Fleet.Known(ctx, v, f); err != nil {
		return nil, nil, err
	}
	m.entries = slices.DeleteFunc(m.entries, func(e fleet.Entry) bool { return !m.stood(e) })
	regs := make([]fiscal.RegNumber, len(m.entries))
	for i, e := range m.entries {
		regs[i], m.by[e.RegID] = e.RegID, e
	}
	if m.sight, err = s.o.Fleet.Sight(ctx, v, f); err != nil {
		return nil, nil, err
	}
	m.sight = m.sight.Only(regs...).Between(p.From, p.To)
	if limit != nil {
		m.sight = m.sight.And(*limit)
	}
	t := &Table{Title: kind.Title(), About: m.about()}
	switch kind {
	case Documents:
		err = m.documents(ctx, t)
	case Shifts:
		err = m.shifts(ctx, t)
	case Goods:
		err = m.goods(ctx, t)
	case Usage:
		err = m.usage(ctx, t)
	case Monitoring:
		err = m.monitoring(ctx, t)
	}
	return t, regs, err
}

// about is what the report's second sheet says.
func (m *making) about() [][2]string {
	where := "все"
	if m.p.Branch != "" {
		where = m.tree.FullName(m.p.Branch)
	}
	all := [][2]string{{"Организация", m.org.Name}, {"ИНН", m.org.INN}, {"Период (по часам касс)", m.p.Period()}, {"Построен", m.now.In(m.zone).Format("02.01.2006 15:04:05 -07:00")},
		{"Точки и подразделения", where}, {"Группа", cmp.Or(m.p.Group, "любая")}}
	names := make([]string, len(m.entries))
	for i, e := range m.entries {
		names[i] = e.Name
	}
	return append(all, [2]string{"Кассы", strings.Join(names, ", ")})
}

var moscow = time.FixedZone("МСК", 3*60*60)

func zoneOf(o account.Org) *time.Location {
	if z, err := time.LoadLocation(o.TimeZone); err == nil && o.TimeZone != "" {
		return z
	}
	return moscow
}

// stood tells whether a document of the period can have been made in a stay of the
// register; without a period, whether it stands there.
func (m *making) stood(e fleet.Entry) bool {
	if m.p.To.IsZero() {
		return e.Here()
	}
	return slices.ContainsFunc(e.Stays, func(s fleet.Stay) bool { return s.Since.Before(m.p.To) && (s.To.IsZero() || s.To.After(m.p.From)) })
}

// placeAt is where a register stood when its clock showed wall.
func (m *making) placeAt(e fleet.Entry, wall time.Time) (outlet, department string) {
	id, _ := e.OutletAt(wall)
	return m.place(id)
}

// last is the last place of the register within the period.
func (m *making) last(e fleet.Entry) (outlet string) {
	for _, s := range e.Stays {
		if m.p.To.IsZero() || s.Since.Before(m.p.To) {
			outlet = s.Outlet
		}
	}
	return outlet
}

// place is an outlet by its id and the departments above it.
func (m *making) place(id string) (outlet, department string) {
	path := m.tree.Path(id)
	if len(path) == 0 {
		return "", ""
	}
	above := slices.Clone(path[1:])
	slices.Reverse(above)
	names := make([]string, len(above))
	for i, id := range above {
		names[i] = m.tree.Node(id).Name
	}
	return m.tree.Node(id).Name, strings.Join(names, " / ")
}

// text is a cell of text, blank when there is none.
func text[T ~string](s T) any {
	if s == "" {
		return nil
	}
	return string(s)
}

// rates in the order of the layouts: number of tag 1199 and title (REP-01).
var rates = []struct {
	number int
	title  string
}{{1, "НДС 20 %"}, {2, "НДС 10 %"}, {3, "НДС 20/120"}, {4, "НДС 10/110"}, {7, "НДС 5 %"}, {8, "НДС 7 %"}, {9, "НДС 5/105"}, {10, "НДС 7/107"}, {11, "НДС 22 %"}, {12, "НДС 22/122"},
	{5, "Сумма по ставке 0 %"}, {6, "Сумма без НДС"}}

func rateColumns() (all []Column) {
	for _, r := range rates {
		all = append(all, Column{r.title, Money})
	}
	return all
}

func vatCells[V ~[13]fiscal.Kopecks](v V) (cells []any) {
	for _, r := range rates {
		cells = append(cells, v[r.number])
	}
	return cells
}
