package reports

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/fiscalbench/fiscalbench/server/cabinet/page"
	"github.com/fiscalbench/fiscalbench/server/invalid"
	"github.com/fiscalbench/fiscalbench/server/report"
)

func numbers(from, to int) (all []int) {
	for n := from; n <= to; n++ {
		all = append(all, n)
	}
	return all
}

func (a *area) schedulesPage(v *page.Visit, status int, f form) error {
	if err := a.fill(v, &f); err != nil {
		return err
	}
	var err error
	if f.Schedules, err = a.o.Reports.Schedules(v.R.Context(), v.Viewer); err != nil {
		return err
	}
	f.Zones, f.Hours, f.Days = page.Zones(f.ZoneName), numbers(0, 23), numbers(1, 31)
	return v.RenderStatus(status, a.schedules, f)
}

func (a *area) showSchedules(v *page.Visit) error {
	f := form{Every: string(report.Daily), Weekday: "1", Day: "1", Hour: "8", ZoneName: v.Org.TimeZone, Emails: v.User.Email}
	if f.ZoneName == "" {
		f.ZoneName = "Europe/Moscow"
	}
	return a.schedulesPage(v, http.StatusOK, f)
}

func (a *area) doSchedule(v *page.Visit) error {
	if err := v.R.ParseForm(); err != nil {
		return err
	}
	f := typed(v)
	number := func(text string) int {
		n, err := strconv.Atoi(text)
		if err != nil {
			return -1
		}
		return n
	}
	c := report.Schedule{Kind: f.Kind, Params: f.Params, Every: report.Every(f.Every), Hour: number(f.Hour), Zone: f.ZoneName}
	switch c.Every {
	case report.Weekly:
		c.Weekday = time.Weekday(number(f.Weekday))
	case report.Monthly:
		c.Day = number(f.Day)
	}
	_, err := a.o.Reports.AddSchedule(v.R.Context(), v.Viewer, c)
	var bad invalid.Fields
	if errors.As(err, &bad) {
		f.Wrong = bad
		return a.schedulesPage(v, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	v.Say("Рассылка включена.")
	return v.Redirect("/lk/reports/schedules")
}

// doChange pauses a schedule, lets it go on, or removes it.
func (a *area) doChange(v *page.Visit) error {
	ctx, id := v.R.Context(), v.R.PathValue("id")
	var err error
	said := "Рассылка приостановлена."
	switch v.Form("do") {
	case "pause":
		err = a.o.Reports.Pause(ctx, v.Viewer, id, true)
	case "resume":
		err, said = a.o.Reports.Pause(ctx, v.Viewer, id, false), "Рассылка продолжена."
	case "remove":
		err, said = a.o.Reports.RemoveSchedule(ctx, v.Viewer, id), "Рассылка удалена."
	default:
		return page.ErrNotFound
	}
	if err != nil {
		return fail(err)
	}
	v.Say(said)
	return v.Redirect("/lk/reports/schedules")
}
