package rest

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/integration"
	"github.com/fiscalbench/fiscalbench/server/report"
)

// Report is an order of a report.
type Report struct {
	ID        string     `json:"id"`
	Kind      string     `json:"kind" enum:"documents,shifts,goods,usage,monitoring"`
	State     string     `json:"state" enum:"queued,running,ready,mailed,expired,failed"`
	Reason    string     `json:"reason,omitempty"`
	From      string     `json:"from,omitempty" doc:"По часам касс"`
	To        string     `json:"to,omitempty"`
	Rows      int        `json:"rows"`
	Size      int64      `json:"size" doc:"Байт"`
	CreatedAt *time.Time `json:"createdAt,omitempty"`
	ExpiresAt *time.Time `json:"expiresAt,omitempty"`
	File      string     `json:"file,omitempty" doc:"Где взять файл"`
}

// ReportInput orders a report.
type ReportInput struct {
	Kind      string   `json:"kind" enum:"documents,shifts,goods,usage,monitoring"`
	From      string   `json:"from,omitempty" doc:"По часам касс, включая"`
	To        string   `json:"to,omitempty" doc:"Не включая"`
	OutletID  string   `json:"outletId,omitempty"`
	Registers []string `json:"registers,omitempty" nullable:"false" maxItems:"1000"`
	Emails    []string `json:"emails,omitempty" nullable:"false" maxItems:"20"`
}

// ReportSchedule is a report that is ordered regularly.
type ReportSchedule struct {
	ID       string     `json:"id"`
	Kind     string     `json:"kind"`
	Every    string     `json:"every"`
	Weekday  *int       `json:"weekday,omitempty" doc:"У еженедельных: 0 — воскресенье"`
	Day      int        `json:"day,omitempty" doc:"У ежемесячных: число месяца"`
	Hour     int        `json:"hour"`
	TimeZone string     `json:"timeZone"`
	OutletID string     `json:"outletId,omitempty"`
	Paused   bool       `json:"paused"`
	NextAt   *time.Time `json:"nextAt,omitempty"`
	Last     string     `json:"lastReportId,omitempty"`
}

// ReportScheduleInput makes a schedule.
type ReportScheduleInput struct {
	Kind      string   `json:"kind" enum:"documents,shifts,goods,usage,monitoring"`
	Every     string   `json:"every" enum:"daily,weekly,monthly" doc:"Отчёт о вчерашнем дне, о семи днях до сегодняшнего или о прошлом месяце"`
	Weekday   int      `json:"weekday,omitempty" minimum:"0" maximum:"6" doc:"У еженедельных: 0 — воскресенье"`
	Day       int      `json:"day,omitempty" minimum:"0" maximum:"31" doc:"У ежемесячных: число; в коротком месяце — последнее"`
	Hour      int      `json:"hour,omitempty" minimum:"0" maximum:"23"`
	TimeZone  string   `json:"timeZone,omitempty" doc:"Имя IANA; нет — организации"`
	OutletID  string   `json:"outletId,omitempty"`
	Registers []string `json:"registers,omitempty" nullable:"false" maxItems:"1000"`
	Emails    []string `json:"emails" nullable:"false" minItems:"1" maxItems:"20"`
}

func showSchedule(c report.Schedule) ReportSchedule {
	v := ReportSchedule{ID: c.ID, Kind: string(c.Kind), Every: string(c.Every), Hour: c.Hour, TimeZone: c.Zone, OutletID: c.Params.Branch, Paused: c.Paused, NextAt: instant(c.Next), Last: c.LastJob}
	switch c.Every {
	case report.Weekly:
		day := int(c.Weekday)
		v.Weekday = &day
	case report.Monthly:
		v.Day = c.Day
	}
	return v
}

func showReport(j report.Job) Report {
	r := Report{ID: j.ID, Kind: string(j.Kind), State: string(j.State), Reason: j.Reason, From: local(j.Params.From), To: local(j.Params.To), Rows: j.Rows, Size: j.Size,
		CreatedAt: instant(j.Created), ExpiresAt: instant(j.Expires)}
	if j.State.HasFile() {
		r.File = "/api/v1/reports/" + j.ID + "/file"
	}
	return r
}

func numbersOf(texts []string) (all []fiscal.RegNumber) {
	for _, r := range texts {
		all = append(all, fiscal.RegNumber(r))
	}
	return all
}

func (a *api) reports() {
	if a.o.Reports == nil && a.o.Accounts != nil {
		return
	}
	order := need{access.OrderReports, integration.ReadReports}
	const path, tag = "/api/v1/reports", "Отчёты"
	type listInput struct {
		Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
		Cursor string `query:"cursor"`
		Fields string `query:"fields"`
	}
	add(a, operation(http.MethodGet, path, "listReports", tag, "Заказанные отчёты, новые первыми; ключу с ограничениями — заказанные им"), order,
		func(ctx context.Context, c *caller, in *listInput) (*many[Report], error) {
			before := ""
			if in.Cursor != "" {
				var err error
				if before, err = uncursor(in.Cursor, "r"); err != nil {
					return nil, err
				}
			}
			jobs, err := a.o.Reports.Jobs(ctx, c.viewer, before, in.Limit)
			if err != nil {
				return nil, err
			}
			page := Page[Report]{Items: []Report{}, Page: PageInfo{Limit: in.Limit, Complete: true}, fields: Paging{Fields: in.Fields}.names()}
			for _, j := range jobs {
				page.Items = append(page.Items, showReport(j))
			}
			if len(jobs) == in.Limit {
				page.Page.Next = cursor("r", jobs[len(jobs)-1].ID)
			}
			return &many[Report]{page}, nil
		})
	type orderInput struct{ Body ReportInput }
	add(a, operation(http.MethodPost, path, "orderReport", tag, "Заказать отчёт: он готовится отдельно; в нём то, что видно ключу"), order,
		func(ctx context.Context, c *caller, in *orderInput) (*one[Report], error) {
			p := report.Params{Branch: in.Body.OutletID, Emails: in.Body.Emails}
			var err error
			if p.From, err = wall("from", in.Body.From); err != nil {
				return nil, err
			}
			if p.To, err = wall("to", in.Body.To); err != nil {
				return nil, err
			}
			p.Registers = numbersOf(in.Body.Registers)
			j, err := a.o.Reports.Order(ctx, c.viewer, report.Kind(in.Body.Kind), p)
			if err != nil {
				return nil, err
			}
			return &one[Report]{Location: path + "/" + j.ID, Body: showReport(j)}, nil
		})
	type jobInput struct {
		ID string `path:"id"`
	}
	add(a, operation(http.MethodGet, path+"/{id}", "getReport", tag, "Состояние отчёта"), order,
		func(ctx context.Context, c *caller, in *jobInput) (*one[Report], error) {
			j, err := a.o.Reports.Job(ctx, c.viewer, in.ID)
			return &one[Report]{Body: showReport(j)}, err
		})
	add(a, operation(http.MethodDelete, path+"/{id}", "removeReport", tag, "Отозвать заказ или удалить файл; строка остаётся"), order,
		func(ctx context.Context, c *caller, in *jobInput) (*struct{}, error) {
			return nil, a.o.Reports.Remove(ctx, c.viewer, in.ID)
		})
	type file struct { // Bytes inside would not be seen as the body
		ContentType string `header:"Content-Type"`
		Disposition string `header:"Content-Disposition"`
		Body        []byte
	}
	op := operation(http.MethodGet, path+"/{id}/file", "getReportFile", tag, "Файл отчёта, xlsx")
	op.Responses = map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{xlsx: {Schema: &huma.Schema{Type: "string", Format: "binary"}}}}}
	add(a, op, order, func(ctx context.Context, c *caller, in *jobInput) (*file, error) {
		j, b, err := a.o.Reports.File(ctx, c.viewer, in.ID)
		if err != nil {
			return nil, err
		}
		return &file{xlsx, "attachment; filename*=UTF-8''" + url.PathEscape(j.FileName()), b}, nil
	})
	a.schedules(order, tag)
}

func (a *api) schedules(order need, tag string) {
	const path = "/api/v1/report-schedules"
	add(a, operation(http.MethodGet, path, "listReportSchedules", tag, "Расписания отчётов; ключу с ограничениями — сделанные им"), order,
		func(ctx context.Context, c *caller, in *Paging) (*many[ReportSchedule], error) {
			all, err := a.o.Reports.Schedules(ctx, c.viewer)
			if err != nil {
				return nil, err
			}
			views := make([]ReportSchedule, len(all))
			for i, s := range all {
				views[i] = showSchedule(s.Schedule)
			}
			p, err := cut(views, *in)
			return &many[ReportSchedule]{p}, err
		})
	type scheduleInput struct{ Body ReportScheduleInput }
	add(a, operation(http.MethodPost, path, "createReportSchedule", tag, "Заказывать отчёт регулярно"), order,
		func(ctx context.Context, c *caller, in *scheduleInput) (*one[ReportSchedule], error) {
			b := in.Body
			s := report.Schedule{Kind: report.Kind(b.Kind), Every: report.Every(b.Every), Weekday: time.Weekday(b.Weekday), Day: b.Day, Hour: b.Hour, Zone: b.TimeZone,
				Params: report.Params{Branch: b.OutletID, Registers: numbersOf(b.Registers), Emails: b.Emails}}
			if s.Zone == "" {
				o, err := a.o.Accounts.Org(ctx, c.viewer)
				if err != nil {
					return nil, err
				}
				s.Zone = showOrg(o).TimeZone
			}
			s, err := a.o.Reports.AddSchedule(ctx, c.viewer, s)
			if err != nil {
				return nil, err
			}
			return &one[ReportSchedule]{Location: path + "/" + s.ID, Body: showSchedule(s)}, nil
		})
	type idInput struct {
		ID string `path:"id"`
	}
	add(a, operation(http.MethodGet, path+"/{id}", "getReportSchedule", tag, "Одно расписание"), order,
		func(ctx context.Context, c *caller, in *idInput) (*one[ReportSchedule], error) {
			s, err := a.o.Reports.Schedule(ctx, c.viewer, in.ID)
			return &one[ReportSchedule]{Body: showSchedule(s)}, err
		})
	add(a, operation(http.MethodDelete, path+"/{id}", "deleteReportSchedule", tag, "Удалить расписание; отчёты остаются"), order,
		func(ctx context.Context, c *caller, in *idInput) (*struct{}, error) {
			return nil, a.o.Reports.RemoveSchedule(ctx, c.viewer, in.ID)
		})
}

const xlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
