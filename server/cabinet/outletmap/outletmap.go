// Package outletmap is the section «Карта» of the cabinet: outlets on an outline of the
// country, coloured by how far they are with their целевая выручка, and the same as a
// list (CAB-116, SIM-09).
//
// The outline ships with the program; no tiles are asked for.
package outletmap

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/cabinet/page"
	"github.com/fiscalbench/fiscalbench/server/cabinet/takings"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/invalid"
	"github.com/fiscalbench/fiscalbench/server/ledger"
)

//go:embed templates/*.html
var files embed.FS

// Options of the area; both are needed.
type Options struct {
	Fleet  *fleet.Service
	Ledger *ledger.Service
}

type area struct {
	o Options
	t *page.Templates
}

// Mount adds the pages to the frame.
func Mount(f *page.Frame, o Options) {
	a := &area{o: o, t: f.Templates(files, "templates/map.html")}
	f.Client("GET /lk/map", access.SeeRevenue, a.show)
	f.Client("POST /lk/map", access.EditRegisters, a.aim)
}

// State is how far an outlet is with its target.
type State string

// States; their names are classes of style.css.
const (
	Good   State = "good"   // as much as the days that began ask for, or more
	Middle State = "middle" // at least four fifths of that
	Poor   State = "poor"
	Unset  State = "unset" // no target
)

var stateTitles = map[string]string{"good": "цель выполняется", "middle": "немного отстаёт", "poor": "отстаёт", "unset": "цель не задана"}

// outlet is a point with its month.
type outlet struct {
	fleet.Node
	Full      string // name with departments
	Registers int
	Month     ledger.Totals
	Due       fiscal.Kopecks // of the target, by the days of the month that began
	State     State
	Number    int // on the drawing; 0: it has no coordinates
	Link      string
	Typed     string         // target as it was typed, when it was wrong
	Wrong     invalid.Fields // what was wrong with it
}

// Title of the state, in Russian.
func (o outlet) Title() string { return stateTitles[string(o.State)] }

// Done is how much of the whole target there is, in per cent.
func (o outlet) Done() float64 {
	if o.Target == 0 {
		return 0
	}
	return 100 * float64(o.Month.Net()) / float64(o.Target)
}

// Roubles of the target for the form.
func (o outlet) Roubles() string {
	if o.Typed != "" || o.Target == 0 {
		return o.Typed
	}
	return strings.ReplaceAll(o.Target.String(), ".", ",")
}

// due is the part of a month's target that the days begun until today ask for, rounded
// down.
func due(target fiscal.Kopecks, today time.Time) fiscal.Kopecks {
	days := int64(time.Date(today.Year(), today.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day())
	whole, rest := int64(target)/days, int64(target)%days
	return fiscal.Kopecks(whole*int64(today.Day()) + rest*int64(today.Day())/days)
}

// judge says how an outlet is doing.
func judge(revenue, target, due fiscal.Kopecks) State {
	switch {
	case target == 0:
		return Unset
	case revenue >= due:
		return Good
	case float64(revenue) >= .8*float64(due):
		return Middle
	}
	return Poor
}

func (a *area) outlets(ctx context.Context, v *page.Visit) (all []outlet, g *takings.Ground, err error) {
	if g, err = takings.Survey(v, a.o.Fleet); err != nil {
		return nil, nil, err
	}
	by, err := g.Sums(ctx, a.o.Ledger, takings.Where{}, takings.ThisMonth())
	if err != nil {
		return nil, nil, err
	}
	for _, n := range g.Tree.Outlets() {
		o := outlet{Node: n, Full: g.Tree.FullName(n.ID), Link: "/lk/analytics?" + url.Values{"period": {"month"}, "branch": {n.ID}}.Encode()}
		w := takings.Where{Branch: n.ID}
		for i := range g.Entries {
			if g.Has(w, &g.Entries[i]) && g.Entries[i].Archived.IsZero() {
				o.Registers++
			}
		}
		o.Month = g.Sum(by, w)
		o.Due = due(n.Target, g.TodayAt(g.OutletZone(n.ID)))
		o.State = judge(o.Month.Net(), n.Target, o.Due)
		all = append(all, o)
	}
	number := 0
	for i := range all {
		if all[i].Lat != 0 || all[i].Lon != 0 {
			number++
			all[i].Number = number
		}
	}
	return all, g, nil
}

func (a *area) show(v *page.Visit) error { return a.draw(v, http.StatusOK, "", "", nil) }

// draw the page; one outlet's form may have been filled in wrongly.
func (a *area) draw(v *page.Visit, status int, id, typed string, wrong invalid.Fields) error {
	all, g, err := a.outlets(v.R.Context(), v)
	if err != nil {
		return err
	}
	for i := range all {
		if all[i].ID == id {
			all[i].Typed, all[i].Wrong = typed, wrong
		}
	}
	near := v.Form("zoom") == "near"
	counts := map[string]int{}
	placed := 0
	for _, o := range all {
		counts[string(o.State)]++
		placed += min(o.Number, 1)
	}
	return v.RenderStatus(status, a.t, struct {
		Outlets []outlet
		Drawing template.HTML
		Month   string
		Counts  map[string]int
		Titles  map[string]string
		Near    bool
		Edit    bool
		Lost    int // outlets without coordinates
	}{all, drawing(all, near), takings.ThisMonth().Title(g.Today()), counts, stateTitles, near, v.Viewer.Can(access.EditRegisters), len(all) - placed})
}

// aim sets the target of an outlet.
func (a *area) aim(v *page.Visit) error {
	if err := v.Viewer.Need(access.SeeRevenue); err != nil {
		return err
	}
	ctx, id := v.R.Context(), v.Form("outlet")
	tree, err := a.o.Fleet.Tree(ctx, v.Viewer)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(tree.Outlets(), func(n fleet.Node) bool { return n.ID == id })
	if at < 0 {
		return page.ErrNotFound
	}
	n, typed := tree.Outlets()[at], v.Form("target")
	n.Target = 0
	if text := strings.NewReplacer(" ", "", "\u00a0", "", ",", ".").Replace(typed); text != "" {
		if n.Target, err = fiscal.ParseKopecks(text); err != nil {
			return a.draw(v, http.StatusUnprocessableEntity, id, typed, invalid.Fields{"target": "Сумма в рублях, например 1500000."})
		}
	}
	if version, err := strconv.ParseInt(v.Form("version"), 10, 64); err == nil {
		n.Version = version
	}
	err = a.o.Fleet.SetNode(ctx, v.Viewer, n)
	var bad invalid.Fields
	switch {
	case errors.As(err, &bad):
		return a.draw(v, http.StatusUnprocessableEntity, id, typed, bad)
	case errors.Is(err, fleet.ErrStale):
		return &page.Failure{Status: http.StatusConflict, Title: "Данные изменились", Text: "Пока вы правили цель, точку сохранил кто-то другой. Откройте карту ещё раз."}
	case errors.Is(err, fleet.ErrNotFound):
		return page.ErrNotFound
	case err != nil:
		return err
	}
	v.Say("Цель точки «" + n.Name + "» сохранена.")
	return v.Redirect("/lk/map")
}

// The drawing's units and the size of a marker.
const width, height, marker = 960, 520, 11

// frame is what of the plane is shown: its corner and units per radius of the globe.
type frame struct{ x, y, scale float64 }

func (f frame) to(s spot) (x, y float64) {
	x, y = s.plane()
	return (x - f.x) * f.scale, (y - f.y) * f.scale
}

// around is the frame that shows all the spots with some room; least is the least
// width of what is shown.
func around(spots []spot, room, least float64) frame {
	left, top, right, bottom := math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for _, s := range spots {
		x, y := s.plane()
		left, right, top, bottom = min(left, x), max(right, x), min(top, y), max(bottom, y)
	}
	grow := max(least-(right-left), 0)/2 + room*(right-left)
	left, right = left-grow, right+grow
	grow = room * (bottom - top)
	top, bottom = top-grow, bottom+grow
	scale := min(width/(right-left), height/max(bottom-top, 1e-9))
	return frame{(left+right)/2 - width/scale/2, (top+bottom)/2 - height/scale/2, scale}
}

// drawing of the outline, the towns and the outlets with coordinates.
func drawing(all []outlet, near bool) template.HTML {
	var spots []spot
	for _, o := range all {
		if o.Number > 0 {
			spots = append(spots, spot{o.Lon, o.Lat})
		}
	}
	view := around(slices.Concat(land...), .02, 0)
	if near && len(spots) > 0 {
		view = around(spots, .2, .05) // at least about 300 km
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="chart map" viewBox="0 0 %d %d" role="img" aria-label="Карта торговых точек"><path class="land" d="%s"/>`, width, height, path(view.to))
	for _, t := range towns {
		drawTown(&b, view, t.name, t.at, spots)
	}
	var taken [][2]float64
	for _, o := range all {
		if o.Number == 0 {
			continue
		}
		x, y := view.to(spot{o.Lon, o.Lat})
		mx, my := free(x, y, taken)
		taken = append(taken, [2]float64{mx, my})
		if mx != x || my != y {
			fmt.Fprintf(&b, `<line class="axis" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`, x, y, mx, my)
		}
		name := template.HTMLEscapeString(o.Full + ": " + o.Title())
		fmt.Fprintf(&b, `<a href="#outlet-%d" aria-label="%s"><circle class="marker %s" cx="%.1f" cy="%.1f" r="%d"><title>%s</title></circle><text class="on" x="%.1f" y="%.1f" text-anchor="middle">%d</text></a>`,
			o.Number, name, o.State, mx, my, marker, name, mx, my+4, o.Number)
	}
	b.WriteString(`</svg>`)
	return template.HTML(b.String())
}

// drawTown draws a town unless an outlet stands there.
func drawTown(b *strings.Builder, view frame, name string, at spot, outlets []spot) {
	x, y := view.to(at)
	for _, s := range outlets {
		if ox, oy := view.to(s); math.Hypot(x-ox, y-oy) < 2*marker {
			return
		}
	}
	dx, anchor := 5, "start"
	if x > width-140 {
		dx, anchor = -5, "end"
	}
	fmt.Fprintf(b, `<circle class="town" cx="%.1f" cy="%.1f" r="2"/><text x="%.1f" y="%.1f" text-anchor="%s">%s</text>`, x, y, x+float64(dx), y+4, anchor, template.HTMLEscapeString(name))
}

// free is the nearest place to (x, y), along a spiral, that no marker takes.
func free(x, y float64, taken [][2]float64) (float64, float64) {
	for i := range 2000 {
		angle, away := float64(i)*.7, float64(i)*.35
		mx, my := x+away*math.Cos(angle), y+away*math.Sin(angle)
		if !slices.ContainsFunc(taken, func(t [2]float64) bool { return math.Hypot(mx-t[0], my-t[1]) < 2*marker+1 }) {
			return mx, my
		}
	}
	return x, y
}
