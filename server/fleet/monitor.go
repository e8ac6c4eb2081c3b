package fleet

import (
	"context"
	"slices"
	"time"

	"github.com/fiscalbench/fiscalbench/server/access"
)

// Indicators that a register has, in the order they are shown; only names and titles.
func Indicators() []Indicator {
	return []Indicator{{Name: "shift", Title: "смена"}, {Name: "transfer", Title: "передача данных"}, {Name: "connection", Title: "подключение к ОФД"},
		{Name: "drive", Title: "замена фискального накопителя"}}
}

// Look is what somebody looks at in the monitoring: active registers that all
// conditions hold for (CAB-094).
type Look struct {
	Filter                   // Archived is not looked at
	Worst  []Colour          // any of them; none: all
	States map[string]Colour // by name of the indicator
}

// shows tells whether a register is looked at; without leaves one indicator out, or
// "worst", for its counts.
func (l Look) shows(lights Lights, without string) bool {
	if without != "worst" && len(l.Worst) > 0 && !slices.Contains(l.Worst, lights.Worst) {
		return false
	}
	for _, i := range lights.All() {
		if want, ok := l.States[i.Name]; ok && i.Name != without && i.Colour != want {
			return false
		}
	}
	return true
}

// Watched is a register in the monitoring.
type Watched struct {
	Entry
	Lights     Lights
	OutletName string
	Department string // full name
	Zone       *time.Location
	Today      int // documents dated today where the register stands (CAB-097)
}

// Counts of registers by colour.
type Counts [4]int

// Total of all colours.
func (c Counts) Total() int { return c[0] + c[1] + c[2] + c[3] }

// Of a colour by its name.
func (c Counts) Of(colour string) int {
	for i := range c {
		if Colour(i).String() == colour {
			return c[i]
		}
	}
	return 0
}

// ColourNamed is the colour with the name; ok is false when there is none.
func ColourNamed(name string) (c Colour, ok bool) {
	for c := Grey; c <= Red; c++ {
		if c.String() == name {
			return c, true
		}
	}
	return Grey, false
}

// Level is a department or an outlet with what stands in it (CAB-091).
type Level struct {
	Node
	Depth  int
	Counts Counts
}

// Watch is the monitoring at a moment.
type Watch struct {
	Rows   []Watched
	Levels []Level // each department before what is in it
	All    Counts  // of all active registers the viewer sees
	Placed Counts  // of those that stand in an outlet: the sum of the top levels
	// Facets count, for each indicator and for "worst", the registers of each colour
	// that would be shown with all other conditions.
	Facets     map[string]Counts
	Waiting    int // registers that have sent nothing yet (CAB-096)
	Thresholds Thresholds
	Own        bool // the thresholds are the viewer's own
	At         time.Time
}

// Monitor tells how the active registers do at the moment, by the viewer's thresholds.
// Levels and All are of everything the viewer sees, Rows and Facets of the look.
func (s *Service) Monitor(ctx context.Context, v access.Viewer, l Look, now time.Time) (*Watch, error) {
	active := false
	tree, every, err := s.Overview(ctx, v, Filter{Archived: &active})
	if err != nil {
		return nil, err
	}
	org, err := s.o.Orgs.Org(ctx, v)
	if err != nil {
		return nil, err
	}
	w := &Watch{At: now, Facets: map[string]Counts{}}
	if w.Thresholds, w.Own, err = s.Thresholds(ctx, v); err != nil {
		return nil, err
	}
	zone := orgZone(org.TimeZone)
	nodes := tree.Nodes()
	levels := make([]Counts, len(nodes))
	for _, e := range every {
		one := s.watched(e, w.Thresholds, now, tree, zone)
		w.All[one.Lights.Worst]++
		if e.Outlet != "" {
			w.Placed[one.Lights.Worst]++
		}
		path := tree.Path(e.Outlet)
		for i, n := range nodes {
			if slices.Contains(path, n.ID) {
				levels[i][one.Lights.Worst]++
			}
		}
		if !e.Seen() {
			w.Waiting++
		}
		if !tree.Under(e.Outlet, l.Branch) || !matches(e.Register, Filter{Group: l.Group, Numbers: l.Numbers}) || l.Text != "" && !e.holds(l.Text) {
			continue
		}
		count := func(name string, c Colour) {
			if l.shows(one.Lights, name) {
				counts := w.Facets[name]
				counts[c]++
				w.Facets[name] = counts
			}
		}
		count("worst", one.Lights.Worst)
		for _, i := range one.Lights.All() {
			count(i.Name, i.Colour)
		}
		if l.shows(one.Lights, "") {
			w.Rows = append(w.Rows, one)
		}
	}
	for i, n := range nodes {
		w.Levels = append(w.Levels, Level{n, tree.Depth(n.ID), levels[i]})
	}
	return w, nil
}

// watched is a register with its lights and its place.
func (s *Service) watched(e Entry, t Thresholds, now time.Time, tree *Tree, zone *time.Location) Watched {
	w := Watched{Entry: e, Zone: tree.Zone(e.Outlet, zone), OutletName: tree.Node(e.Outlet).Name}
	w.Lights = s.Lights(e, t, now, w.Zone)
	w.Department = tree.FullName(tree.Node(e.Outlet).Parent)
	if now.In(w.Zone).Format(time.DateOnly) == e.State.Day {
		w.Today = e.State.Today
	}
	return w
}

// Zone where the outlet stands: its own, else the organisation's.
func (t *Tree) Zone(outlet string, org *time.Location) *time.Location {
	name := t.nodes[outlet].TimeZone
	if name == "" {
		return org
	}
	z, known := t.zones[name]
	if !known {
		z, _ = time.LoadLocation(name) // nil when there is none; it reads a file
		if t.zones == nil {
			t.zones = map[string]*time.Location{}
		}
		t.zones[name] = z
	}
	if z == nil {
		return org
	}
	return z
}

var moscow = time.FixedZone("МСК", 3*60*60)

// orgZone is the zone of an organisation; Moscow when it has none.
func orgZone(name string) *time.Location {
	if name != "" {
		if z, err := time.LoadLocation(name); err == nil {
			return z
		}
	}
	return moscow
}

// Groups of the registers, each once, in order.
func Groups(entries []Entry) (all []string) {
	for _, e := range entries {
		for _, g := range e.Groups {
			if !slices.Contains(all, g) {
				all = append(all, g)
			}
		}
	}
	slices.Sort(all)
	return all
}
