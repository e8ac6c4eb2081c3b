// Package desk is «Стенд», the protocol desk of engineers: connections now, exchanges
// as they happen with bytes beside words, faults to switch on, the bench's clock to
// move, and the emulated registers of a demo with buttons.
//
// Only a test bench has it. It stores nothing and checks nothing: exchanges come from
// the intake (Hub), registers are somebody else's (Registers).
package desk

import (
	"context"
	"embed"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/internal/clock"
	"github.com/fiscalbench/fiscalbench/internal/fault"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/cabinet/page"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/intake"
	"github.com/fiscalbench/fiscalbench/server/invalid"
)

//go:embed templates/*.html
var files embed.FS

// Register is an emulated register as the desk shows it.
type Register struct {
	ID    string // for Do
	Name  string
	FN    fiscal.FNNumber
	RegID fiscal.RegNumber
	State string // in Russian
	Queue int    // documents not sent yet
	Open  bool   // the shift
	Cut   bool   // the network
}

// Action is a button of a register.
type Action string

// Actions.
const (
	OpenShift  Action = "open"
	Sell       Action = "sell"
	CloseShift Action = "close"
	Cut        Action = "cut"
	Restore    Action = "restore"
)

// Registers are emulated registers.
type Registers interface {
	List(ctx context.Context) []Register
	// Do presses a button and says in Russian what came of it; an error is what the
	// register refused with.
	Do(ctx context.Context, id string, a Action) (string, error)
}

// Options of the desk. Hub is needed.
type Options struct {
	Hub         *Hub
	Connections func() []intake.Connection // nil: not shown
	Faults      *fault.Set                 // nil: none can be switched on
	Clock       *clock.Clock               // nil: it cannot be moved
	Registers   Registers                  // nil: there are none
	Fleet       *fleet.Service
	// Open says that people who come here are those of the bench: whoever may drive it
	// sees all exchanges, also of drives that belong to nobody, and moves what is
	// common to all, clock and faults. Else a viewer sees exchanges of own registers and
	// changes nothing.
	Open bool
}

type area struct {
	o    Options
	f    *page.Frame
	page *page.Templates
	row  *template.Template
}

// Mount adds the pages to the frame.
func Mount(f *page.Frame, o Options) {
	a := &area{o: o, f: f, page: f.Templates(files, "templates/desk.html")}
	a.row = template.Must(template.New("row.html").Funcs(template.FuncMap{"checked": page.Checked, "label": label}).ParseFS(files, "templates/row.html"))
	f.Client("GET /lk/desk", access.DriveTheBench, func(v *page.Visit) error { return a.show(v, http.StatusOK, nil) })
	f.Client("GET /lk/desk/live", access.DriveTheBench, a.stream)
	f.Client("POST /lk/desk/clock", access.DriveTheBench, a.moveClock)
	f.Client("POST /lk/desk/faults", access.DriveTheBench, a.changeFaults)
	f.Client("POST /lk/desk/registers/{id}", access.DriveTheBench, a.press)
}

// data of the page.
type data struct {
	Open        bool
	Rows        []template.HTML
	Connections []intake.Connection
	Registers   []Register
	Clock       *clock.State
	Now         time.Time
	Points      []point
	Triggers    string
	Rules       []fault.Rule
	Wrong       invalid.Fields
	Form        map[string]string
}

func (a *area) show(v *page.Visit, status int, wrong invalid.Fields) error {
	w, err := a.look(v)
	if err != nil {
		return err
	}
	d := data{Open: a.o.Open, Now: v.Now(), Wrong: wrong, Form: map[string]string{"point": v.Form("point"), "words": v.Form("words"), "set": v.Form("set")}}
	for _, s := range a.o.Hub.Recent() {
		if !w.sees(s.FN) {
			continue
		}
		html, err := a.draw(v.R.Context(), s, w.words, v.Zone())
		if err != nil {
			return err
		}
		d.Rows = append(d.Rows, html)
	}
	if a.o.Connections != nil {
		for _, c := range a.o.Connections() {
			if w.sees(c.FN) {
				d.Connections = append(d.Connections, c)
			}
		}
	}
	if a.o.Registers != nil {
		for _, r := range a.o.Registers.List(v.R.Context()) {
			if w.all || w.regs[r.RegID] {
				d.Registers = append(d.Registers, r)
			}
		}
	}
	if a.o.Open && a.o.Clock != nil {
		s := a.o.Clock.State()
		d.Clock = &s
	}
	if a.o.Open && a.o.Faults != nil {
		d.Points, d.Triggers, d.Rules = points(), triggers, a.o.Faults.Rules()
	}
	return v.RenderStatus(status, a.page, d)
}

// common is nil for those who may change what all tenants share.
func (a *area) common() error {
	if !a.o.Open {
		return &access.Refusal{Missing: access.DriveTheBench}
	}
	return nil
}

func (a *area) audit(v *page.Visit, action, result, detail string) {
	a.f.Accounts().Audit(v.R.Context(), v.Viewer, page.ClientAddress(v.R), action, result, detail)
}

// moveClock moves the one clock of the bench (SIM-11).
func (a *area) moveClock(v *page.Visit) error {
	if err := a.common(); err != nil {
		return err
	}
	if a.o.Clock == nil {
		return page.ErrNotFound
	}
	ask := clock.Request{Move: v.Form("move"), Reset: v.Form("do") == "reset"}
	if set := v.Form("set"); set != "" && ask.Move == "" && !ask.Reset {
		at, err := time.ParseInLocation("2006-01-02T15:04", set, v.Zone())
		if err != nil {
			return a.show(v, http.StatusUnprocessableEntity, invalid.Fields{"set": "Дата и время: 2026-08-01T09:00."})
		}
		ask.Set = at.Format(time.RFC3339)
	}
	state, err := a.o.Clock.Do(ask)
	if err != nil {
		return a.show(v, http.StatusUnprocessableEntity, invalid.Fields{"set": "Часы двигаются на срок вида 90m, 24h или 3d либо ставятся на дату, не дальше 20 лет."})
	}
	a.audit(v, "bench.clock", "ok", "moved "+state.Moved)
	v.Say("Часы стенда показывают " + state.Now.In(v.Zone()).Format("02.01.2006 15:04") + ".")
	return v.Redirect("/lk/desk")
}

// changeFaults adds a rule or takes rules away.
func (a *area) changeFaults(v *page.Visit) error {
	if err := a.common(); err != nil {
		return err
	}
	if a.o.Faults == nil {
		return page.ErrNotFound
	}
	switch id := v.Form("remove"); {
	case id == "all":
		a.o.Faults.Clear()
		a.audit(v, "bench.faults", "ok", "cleared")
		v.Say("Сбои выключены.")
	case id != "":
		n, err := strconv.Atoi(id)
		if err != nil || !a.o.Faults.Remove(n) {
			return page.ErrNotFound
		}
		a.audit(v, "bench.faults", "ok", "removed "+id)
		v.Say("Сбой выключен.")
	default:
		rule := v.Form("point") + ":" + v.Form("words")
		added, err := a.o.Faults.Add(rule)
		if err != nil {
			field := "words"
			if !known(v.Form("point")) {
				field = "point"
			}
			return a.show(v, http.StatusUnprocessableEntity, invalid.Fields{field: strings.TrimPrefix(err.Error(), "fault: ")})
		}
		a.audit(v, "bench.faults", "ok", added[0].Text)
		v.Say("Сбой включён: " + added[0].Text)
	}
	return v.Redirect("/lk/desk")
}

// press presses a button of an emulated register.
func (a *area) press(v *page.Visit) error {
	if a.o.Registers == nil {
		return page.ErrNotFound
	}
	w, err := a.look(v)
	if err != nil {
		return err
	}
	id, do := v.R.PathValue("id"), Action(v.Form("do"))
	for _, r := range a.o.Registers.List(v.R.Context()) {
		if r.ID != id || !w.all && !w.regs[r.RegID] {
			continue
		}
		said, err := a.o.Registers.Do(v.R.Context(), id, do)
		if err != nil {
			v.Say(r.Name + ": касса отказала: " + err.Error())
			return v.Redirect("/lk/desk")
		}
		a.audit(v, "bench.register", "ok", string(do)+" "+string(r.RegID))
		v.Say(r.Name + ": " + said)
		return v.Redirect("/lk/desk")
	}
	return page.ErrNotFound
}
