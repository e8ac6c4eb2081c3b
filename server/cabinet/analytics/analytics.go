// Package analytics is the section «Аналитика» of the cabinet: revenue by department,
// outlet and register, shift figures beside the counters of closing reports, rating of
// outlets, hours of the day, goods (CAB-110 to CAB-114).
//
// It adds nothing up itself: server/ledger does.
package analytics

import (
	"embed"
	"net/http"
	"net/url"
	"slices"
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
	o                                          Options
	revenue, shifts, shift, rating, hours, top *page.Templates
}

// Mount adds the pages to the frame.
func Mount(f *page.Frame, o Options) {
	t := func(name string) *page.Templates {
		return f.Templates(files, "templates/"+name+".html", "templates/parts.html")
	}
	a := &area{o: o, revenue: t("revenue"), shifts: t("shifts"), shift: t("shift"), rating: t("rating"), hours: t("hours"), top: t("goods")}
	f.Client("GET /lk/analytics", access.SeeRevenue, a.showRevenue)
	f.Client("GET /lk/analytics/shifts", access.SeeRevenue, a.showShifts)
	f.Client("GET /lk/analytics/shifts/{fn}/{shift}", access.SeeRevenue, a.showShift)
	f.Client("GET /lk/analytics/outlets", access.SeeRevenue, a.showRating)
	f.Client("GET /lk/analytics/hours", access.SeeRevenue, a.showHours)
	f.Client("GET /lk/analytics/goods", access.SeeRevenue, a.showGoods)
}

// Asked is what every page of the section was asked for, and what its head shows.
type Asked struct {
	*takings.Ground
	Period      takings.Period
	Where       takings.Where
	Wrong       invalid.Fields
	Path        string
	Title       string // of the period
	TitleBefore string
	Running     bool   // the period is not over
	Behind      int64  // documents that are not added up yet
	Sort        string // what the rating is put in order by
}

// Crumb is a place above the one that is shown.
type Crumb struct{ Name, Link string }

// read the head of a page; an unknown place is not found.
func (a *area) read(v *page.Visit) (q Asked, err error) {
	q = Asked{Path: v.R.URL.Path, Where: takings.Where{Branch: v.Form("branch"), Register: fiscal.RegNumber(v.Form("register"))}}
	q.Period, q.Wrong = takings.Read(v)
	if q.Ground, err = takings.Survey(v, a.o.Fleet); err != nil {
		return q, err
	}
	if !q.Sees(q.Where) {
		return q, page.ErrNotFound
	}
	if len(q.Wrong) == 0 {
		q.Title, q.TitleBefore = q.Period.Title(q.Today()), q.Period.Before().Title(q.Today())
		_, to := q.Period.Dates(q.Today())
		q.Running = to.After(q.Today())
	}
	progress, err := a.o.Ledger.Progress(v.R.Context())
	q.Behind = progress.Behind
	return q, err
}

// Link to a page of the section for another place with the same period (CAB-110).
func (q Asked) Link(path string, w takings.Where, more ...string) string {
	values := q.Period.Query()
	if w.Branch != "" {
		values.Set("branch", w.Branch)
	}
	if w.Register != "" {
		values.Set("register", string(w.Register))
	}
	for i := 0; i+1 < len(more); i += 2 {
		if values.Set(more[i], more[i+1]); more[i+1] == "" {
			values.Del(more[i])
		}
	}
	return path + "?" + values.Encode()
}

// Tab is Link to another page for the same place.
func (q Asked) Tab(path string) string { return q.Link(path, q.Where) }

// Kind is Link to the page with another kind of period: the one of today, or the same
// dates to begin an own interval with.
func (q Asked) Kind(kind string) string {
	values := url.Values{"period": {kind}}
	if kind == string(takings.Own) && len(q.Wrong) == 0 {
		from, to := q.Period.Dates(q.Today())
		values.Set("from", from.Format(time.DateOnly))
		values.Set("to", to.AddDate(0, 0, -1).Format(time.DateOnly))
	}
	if q.Where.Branch != "" {
		values.Set("branch", q.Where.Branch)
	}
	if q.Where.Register != "" {
		values.Set("register", string(q.Where.Register))
	}
	return q.Path + "?" + values.Encode()
}

// Crumbs are the places above.
func (q Asked) Crumbs() (all []Crumb) {
	branch := q.Where.Branch
	if q.Where.Register != "" && branch == "" { // else it is what it sold there
		for _, e := range q.Entries {
			if e.RegID == q.Where.Register {
				branch = e.Outlet
			}
		}
	}
	path := q.Tree.Path(branch)
	slices.Reverse(path)
	if q.Where != (takings.Where{}) {
		all = append(all, Crumb{"Вся организация", q.Link(q.Path, takings.Where{})})
	}
	for _, id := range path {
		if w := (takings.Where{Branch: id}); w != q.Where && q.Sees(w) {
			all = append(all, Crumb{q.Tree.Node(id).Name, q.Link(q.Path, w)})
		}
	}
	return all
}

// Place is the name of the place that is shown; empty for the whole organisation.
func (q Asked) Place() string {
	if q.Where.Register != "" {
		return q.Register(q.Where.Register)
	}
	return q.Tree.Node(q.Where.Branch).Name
}

// Register is the name of a register.
func (q Asked) Register(reg fiscal.RegNumber) string { return q.Name(reg) }

// Before is the period that this one is compared with.
func (q Asked) Before() takings.Period { return q.Period.Before() }

// refuse shows the page with what is wrong in the form of the period.
func refuse(v *page.Visit, t *page.Templates, data any) error {
	return v.RenderStatus(http.StatusUnprocessableEntity, t, data)
}

// byName compares names as people sort them.
func byName(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) }
