// Package reports is the section «Отчеты» of the cabinet: ordering, the list, a
// report's window with its parameters and file, regular mailing (CAB-120 to CAB-129).
package reports

import (
	"embed"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
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
	Reports *report.Service
	Fleet   *fleet.Service
}

type area struct {
	o Options
	f *page.Frame

	list, order, window, schedules *page.Templates
}

// Mount adds the pages to the frame.
func Mount(f *page.Frame, o Options) {
	t := func(name string) *page.Templates { return f.Templates(files, "templates/"+name+".html") }
	a := &area{o: o, f: f, list: t("list"), order: t("order"), window: t("window"), schedules: t("schedules")}
	f.Client("GET /lk/reports", access.OrderReports, a.showList)
	f.Client("GET /lk/reports/new", access.OrderReports, a.showOrder)
	f.Client("POST /lk/reports/new", access.OrderReports, a.doOrder)
	f.Client("GET /lk/reports/schedules", access.OrderReports, a.showSchedules)
	f.Client("POST /lk/reports/schedules", access.OrderReports, a.doSchedule)
	f.Client("POST /lk/reports/schedules/{id}", access.OrderReports, a.doChange)
	// Letters lead here whoever opens them: those who may not see the report are told so.
	f.Person("GET /lk/reports/{id}", a.showWindow)
	f.Person("GET /lk/reports/{id}/file", a.download)
	f.Person("POST /lk/reports/{id}", a.doRetry)
}

// fail turns errors of the service into pages. A report of somebody else looks like
// one that does not exist (CAB-123, CAB-124).
func fail(err error) error {
	var refusal *access.Refusal
	switch {
	case errors.Is(err, report.ErrNotFound), errors.As(err, &refusal):
		return &page.Failure{Status: http.StatusForbidden, Title: "Нет доступа",
			Text: "Отчет открывается только у того, кто его заказал, и у владельца аккаунта. Если вы заказали его в другой организации, сначала выберите её вверху страницы. Файл есть в письме, с которым пришла ссылка."}
	case errors.Is(err, report.ErrGone):
		return &page.Failure{Status: http.StatusGone, Title: "Срок хранения файла истёк", Text: "Строка об отчете остаётся в списке. Закажите отчет ещё раз с теми же параметрами."}
	case errors.Is(err, report.ErrStale):
		return &page.Failure{Status: http.StatusConflict, Title: "Данные изменились", Text: "Откройте страницу ещё раз."}
	}
	return err
}

// row is a report as a line of the list.
type row struct {
	report.Job
	Who string
}

// rows on a page.
const rows = 50

func (a *area) showList(v *page.Visit) error {
	ctx := v.R.Context()
	jobs, err := a.o.Reports.Jobs(ctx, v.Viewer, v.Form("before"), rows+1)
	if err != nil {
		return err
	}
	d := struct {
		Rows []row
		Next string
	}{}
	if len(jobs) > rows {
		jobs = jobs[:rows]
		d.Next = "/lk/reports?before=" + jobs[rows-1].ID
	}
	names := map[string]string{}
	for _, j := range jobs {
		if _, ok := names[j.User]; !ok {
			names[j.User] = a.who(v, j.User)
		}
		d.Rows = append(d.Rows, row{j, names[j.User]})
	}
	return v.Render(a.list, d)
}

// who is a user as colleagues know it.
func (a *area) who(v *page.Visit, id string) string {
	u, err := a.f.Accounts().User(v.R.Context(), id)
	if err != nil {
		return "—"
	}
	for _, one := range []string{u.Name, u.Email, u.Login, u.Phone} {
		if one != "" {
			return one
		}
	}
	return "—"
}

// form is an order or a schedule that is typed in.
type form struct {
	Kinds     []report.Kind
	Kind      report.Kind
	From, To  string
	Params    report.Params
	Emails    string
	Tree      *fleet.Tree
	Groups    []string
	Registers []fleet.Entry
	Wrong     invalid.Fields

	// Of the page of schedules.
	Every, Weekday, Day, Hour, ZoneName string
	Zones                               [][2]string
	Hours, Days                         []int
	Schedules                           []report.Scheduled
}

// Chosen tells whether the register is among those chosen.
func (f form) Chosen(reg fiscal.RegNumber) bool {
	for _, one := range f.Params.Registers {
		if one == reg {
			return true
		}
	}
	return false
}

// fill adds what the selects offer.
func (a *area) fill(v *page.Visit, f *form) (err error) {
	ctx := v.R.Context()
	f.Kinds = report.Kinds(v.Viewer)
	if f.Tree, err = a.o.Fleet.Tree(ctx, v.Viewer); err != nil {
		return err
	}
	if f.Registers, err = a.o.Fleet.Registers(ctx, v.Viewer, fleet.Filter{}); err != nil {
		return err
	}
	f.Groups = fleet.Groups(f.Registers)
	return nil
}

// typed is the form as it was sent.
func typed(v *page.Visit) form {
	f := form{Kind: report.Kind(v.Form("kind")), From: v.Form("from"), To: v.Form("to"), Emails: v.Form("emails"),
		Every: v.Form("every"), Weekday: v.Form("weekday"), Day: v.Form("day"), Hour: v.Form("hour"), ZoneName: v.Form("zone")}
	f.Params = report.Params{Branch: v.Form("branch"), Group: v.Form("group"), Emails: strings.FieldsFunc(f.Emails, func(r rune) bool { return strings.ContainsRune(",; \r\n\t", r) })}
	for _, reg := range v.R.Form["register"] {
		if reg != "" {
			f.Params.Registers = append(f.Params.Registers, fiscal.RegNumber(reg))
		}
	}
	return f
}

const minutes = "2006-01-02T15:04" // of an input of the type datetime-local

func (a *area) showOrder(v *page.Visit) error {
	now := v.Now()
	first := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	f := typed(v)
	if f.From == "" {
		f.From = first.Format(minutes)
	}
	if f.To == "" {
		f.To = now.Format("2006-01-02") + "T23:59"
	}
	if err := a.fill(v, &f); err != nil {
		return err
	}
	return v.Render(a.order, f)
}

func (a *area) doOrder(v *page.Visit) error {
	if err := v.R.ParseForm(); err != nil {
		return err
	}
	f := typed(v)
	f.Wrong = invalid.Fields{}
	period := func(field, text string) time.Time {
		if text == "" {
			return time.Time{}
		}
		t, err := time.Parse(minutes, text)
		if err != nil {
			f.Wrong[field] = "Дата и время: год-месяц-день и часы:минуты."
		}
		return t
	}
	p := f.Params
	p.From, p.To = period("from", f.From), period("to", f.To)
	if !p.To.IsZero() {
		p.To = p.To.Add(time.Minute) // the last minute is included
	}
	var j report.Job
	var err error
	if len(f.Wrong) == 0 {
		if j, err = a.o.Reports.Order(v.R.Context(), v.Viewer, f.Kind, p); err == nil {
			v.Say("Отчет заказан. Состояние видно в списке, обновите страницу через несколько секунд.")
			return v.Redirect("/lk/reports/" + j.ID)
		}
		var bad invalid.Fields
		if !errors.As(err, &bad) {
			return err
		}
		f.Wrong = bad
	}
	if err := a.fill(v, &f); err != nil {
		return err
	}
	return v.RenderStatus(http.StatusUnprocessableEntity, a.order, f)
}

func (a *area) showWindow(v *page.Visit) error {
	ctx := v.R.Context()
	j, err := a.o.Reports.Job(ctx, v.Viewer, v.R.PathValue("id"))
	if err != nil {
		return fail(err)
	}
	tree, err := a.o.Fleet.Tree(ctx, v.Viewer)
	if err != nil {
		return err
	}
	d := struct {
		row
		Branch    string
		Registers []string
	}{row: row{j, a.who(v, j.User)}, Branch: tree.FullName(j.Params.Branch)}
	if len(j.Params.Registers) > 0 {
		entries, err := a.o.Fleet.Registers(ctx, v.Viewer, fleet.Filter{Numbers: j.Params.Registers})
		if err != nil {
			return err
		}
		for _, e := range entries {
			d.Registers = append(d.Registers, e.Name)
		}
	}
	return v.Render(a.window, d)
}

func (a *area) download(v *page.Visit) error {
	j, file, err := a.o.Reports.File(v.R.Context(), v.Viewer, v.R.PathValue("id"))
	if err != nil {
		return fail(err)
	}
	v.Attach(j.FileName(), report.XLSXType)
	v.W.Header().Set("Content-Length", strconv.Itoa(len(file)))
	_, err = v.W.Write(file)
	return err
}

func (a *area) doRetry(v *page.Visit) error {
	id := v.R.PathValue("id")
	err := a.o.Reports.Retry(v.R.Context(), v.Viewer, id)
	var bad invalid.Fields
	switch {
	case errors.As(err, &bad):
		v.Say(bad[""])
	case err != nil:
		return fail(err)
	default:
		v.Say("Отчет снова в очереди.")
	}
	return v.Redirect("/lk/reports/" + id)
}
