// Package monitoring is the section «Мониторинг» of the cabinet: four indicators per
// register, levels that add up, filters, own thresholds, export (CAB-090 to CAB-098).
package monitoring

import (
	"embed"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/cabinet/page"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/invalid"
	"github.com/fiscalbench/fiscalbench/server/report"
)

//go:embed templates/*.html
var files embed.FS

// Options of the area; both are needed.
type Options struct {
	Fleet   *fleet.Service
	Reports *report.Service
}

type area struct {
	o Options
	f *page.Frame

	board, thresholds *page.Templates
}

// Mount adds the pages to the frame.
func Mount(f *page.Frame, o Options) {
	a := &area{o: o, f: f, board: f.Templates(files, "templates/board.html"), thresholds: f.Templates(files, "templates/thresholds.html")}
	f.Client("GET /lk/monitoring", access.SeeRegisters, a.showBoard)
	f.Client("GET /lk/monitoring/export", access.SeeRegisters, a.export)
	f.Client("GET /lk/monitoring/thresholds", access.SeeRegisters, a.showThresholds)
	f.Client("POST /lk/monitoring/thresholds", access.SeeRegisters, a.doThresholds)
	f.Client("POST /lk/monitoring/alerts", access.SeeRegisters, a.doAlerts)
}

// problem in the address stands for yellow and red (CAB-095).
const problem = "problem"

// look is the filter of the address.
func look(v *page.Visit) fleet.Look {
	l := fleet.Look{Filter: fleet.Filter{Text: v.Form("q"), Branch: v.Form("branch"), Group: v.Form("group")}, States: map[string]fleet.Colour{}}
	if worst := v.Form("worst"); worst == problem {
		l.Worst = []fleet.Colour{fleet.Yellow, fleet.Red}
	} else if c, ok := fleet.ColourNamed(worst); ok {
		l.Worst = []fleet.Colour{c}
	}
	for _, i := range fleet.Indicators() {
		if c, ok := fleet.ColourNamed(v.Form(i.Name)); ok {
			l.States[i.Name] = c
		}
	}
	return l
}

// choice is a filter by an indicator with what it offers.
type choice struct {
	Name, Title string
	Options     []option
}

type option struct {
	Value, Title string
	Count        int
	Chosen       bool
}

// titles of the colours for people.
var titles = []struct {
	colour fleet.Colour
	title  string
}{{fleet.Green, "зелёный"}, {fleet.Yellow, "жёлтый"}, {fleet.Red, "красный"}, {fleet.Grey, "нет данных"}}

func choices(v *page.Visit, w *fleet.Watch) (all []choice) {
	for _, i := range append([]fleet.Indicator{{Name: "worst", Title: "состояние"}}, fleet.Indicators()...) {
		counts, asked := w.Facets[i.Name], v.Form(i.Name)
		c := choice{Name: i.Name, Title: i.Title, Options: []option{{"", "любое", counts.Total(), asked == ""}}}
		if i.Name == "worst" {
			c.Options = append(c.Options, option{problem, "проблемные", counts[fleet.Yellow] + counts[fleet.Red], asked == problem})
		}
		for _, t := range titles {
			name := t.colour.String()
			c.Options = append(c.Options, option{name, t.title, counts[t.colour], asked == name})
		}
		all = append(all, c)
	}
	return all
}

func (a *area) showBoard(v *page.Visit) error {
	ctx := v.R.Context()
	l := look(v)
	w, err := a.o.Fleet.Monitor(ctx, v.Viewer, l, a.f.Now())
	if err != nil {
		return err
	}
	tree, err := a.o.Fleet.Tree(ctx, v.Viewer)
	if err != nil {
		return err
	}
	every, err := a.o.Fleet.Registers(ctx, v.Viewer, fleet.Filter{})
	if err != nil {
		return err
	}
	alert, _, err := a.o.Fleet.Alert(ctx, v.Viewer)
	if err != nil {
		return err
	}
	loose := fleet.Counts{}
	for i := range loose {
		loose[i] = w.All[i] - w.Placed[i]
	}
	return v.Render(a.board, struct {
		*fleet.Watch
		Look    fleet.Look
		Tree    *fleet.Tree
		Groups  []string
		Choices []choice
		Loose   fleet.Counts
		Colours []string
		Export  string
		Changes []fleet.Change
	}{w, l, tree, fleet.Groups(every), choices(v, w), loose, []string{"green", "yellow", "red", "grey"}, "/lk/monitoring/export?" + query(v), alert.Changes})
}

// query is the filter of the address as an address.
func query(v *page.Visit) string {
	q := url.Values{}
	names := []string{"q", "branch", "group", "worst"}
	for _, i := range fleet.Indicators() {
		names = append(names, i.Name)
	}
	for _, name := range names {
		if value := v.Form(name); value != "" {
			q.Set(name, value)
		}
	}
	return q.Encode()
}

// export is what the screen shows as a workbook (CAB-095, REP-08).
func (a *area) export(v *page.Visit) error {
	t, err := a.o.Reports.Watched(v.R.Context(), v.Viewer, look(v))
	if err != nil {
		return err
	}
	file, err := t.XLSX(v.R.Context())
	if err != nil {
		return err
	}
	v.Attach("Мониторинг "+v.Now().Format("2006-01-02 15-04")+".xlsx", report.XLSXType)
	_, err = v.W.Write(file)
	return err
}

// limits are the thresholds as they are typed in.
type limits struct {
	SilenceYellow, SilenceRed, ShiftYellow, ShiftRed, TermYellow, DriveYellow, MemoryYellow, MemoryRed string

	Own   bool
	Wrong invalid.Fields
	Alert fleet.Alert
	On    bool // the alert is
}

func number(f float64) string {
	return strings.ReplaceAll(strconv.FormatFloat(f, 'f', -1, 64), ".", ",")
}

func limitsOf(t fleet.Thresholds, own bool) limits {
	hours := func(d time.Duration) string { return number(d.Hours()) }
	return limits{SilenceYellow: hours(t.SilenceYellow), SilenceRed: hours(t.SilenceRed), ShiftYellow: hours(t.ShiftYellow), ShiftRed: hours(t.ShiftRed),
		TermYellow: strconv.Itoa(t.TermYellow), DriveYellow: strconv.Itoa(t.DriveYellow), MemoryYellow: number(t.MemoryYellow), MemoryRed: number(t.MemoryRed), Own: own}
}

func (a *area) showThresholds(v *page.Visit) error {
	t, own, err := a.o.Fleet.Thresholds(v.R.Context(), v.Viewer)
	if err != nil {
		return err
	}
	l := limitsOf(t, own)
	if l.Alert, l.On, err = a.o.Fleet.Alert(v.R.Context(), v.Viewer); err != nil {
		return err
	}
	return v.Render(a.thresholds, l)
}

// doThresholds keeps the viewer's own thresholds or returns the default (CAB-093).
func (a *area) doThresholds(v *page.Visit) error {
	ctx := v.R.Context()
	if v.Form("do") == "default" {
		if err := a.o.Fleet.DropThresholds(ctx, v.Viewer); err != nil {
			return err
		}
		v.Say("Действуют стандартные пороги.")
		return v.Redirect("/lk/monitoring/thresholds")
	}
	_, own, err := a.o.Fleet.Thresholds(ctx, v.Viewer)
	if err != nil {
		return err
	}
	l := limits{SilenceYellow: v.Form("silenceYellow"), SilenceRed: v.Form("silenceRed"), ShiftYellow: v.Form("shiftYellow"), ShiftRed: v.Form("shiftRed"),
		TermYellow: v.Form("termYellow"), DriveYellow: v.Form("driveYellow"), MemoryYellow: v.Form("memoryYellow"), MemoryRed: v.Form("memoryRed"), Own: own, Wrong: invalid.Fields{}}
	read := func(field, text string) float64 {
		f, err := strconv.ParseFloat(strings.ReplaceAll(text, ",", "."), 64)
		if err != nil || f < 0 || f > 100_000 {
			l.Wrong[field] = "Нужно число."
			return 0
		}
		return f
	}
	hours := func(field, text string) time.Duration { return time.Duration(read(field, text) * float64(time.Hour)) }
	t := fleet.Thresholds{SilenceYellow: hours("silence", l.SilenceYellow), SilenceRed: hours("silence", l.SilenceRed), ShiftYellow: hours("shift", l.ShiftYellow), ShiftRed: hours("shift", l.ShiftRed),
		TermYellow: int(read("days", l.TermYellow)), DriveYellow: int(read("days", l.DriveYellow)), MemoryYellow: read("memory", l.MemoryYellow), MemoryRed: read("memory", l.MemoryRed)}
	if len(l.Wrong) == 0 {
		err := a.o.Fleet.SetThresholds(ctx, v.Viewer, t)
		var bad invalid.Fields
		if err == nil {
			v.Say("Свои пороги сохранены: цвета касс считаются по ним только для вас.")
			return v.Redirect("/lk/monitoring")
		}
		if !errors.As(err, &bad) {
			return err
		}
		l.Wrong = bad
	}
	if l.Alert, l.On, err = a.o.Fleet.Alert(ctx, v.Viewer); err != nil {
		return err
	}
	return v.RenderStatus(http.StatusUnprocessableEntity, a.thresholds, l)
}

// doAlerts switches messages about changed colours on or off (NTF-11).
func (a *area) doAlerts(v *page.Visit) error {
	on, letters := v.Form("on") == "yes", v.Form("letters") == "yes"
	if err := a.o.Fleet.SetAlert(v.R.Context(), v.Viewer, on, letters); err != nil {
		return err
	}
	said := "Сообщения об изменении цвета выключены."
	switch {
	case on && letters && v.User.Email == "":
		said = "Сообщения включены. Писем не будет, пока в профиле нет адреса электронной почты."
	case on:
		said = "Сообщения об изменении цвета включены."
	}
	v.Say(said)
	return v.Redirect("/lk/monitoring/thresholds")
}
