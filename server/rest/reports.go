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
	ID     string     `json:"id"`
	Kind   string     `json:"kind"`
	Every  string     `json:"every"`
	Paused bool       `json:"paused"`
	NextAt *time.Time `json:"nextAt,omitempty"`
}

func showReport(j report.Job) Report {
	r := Report{ID: j.ID, Kind: string(j.Kind), State: string(j.State), Reason: j.Reason, From: local(j.Params.From), To: local(j.Params.To), Rows: j.Rows, Size: j.Size,
		CreatedAt: instant(j.Created), ExpiresAt: instant(j.Expires)}
	if j.State.HasFile() {
		r.File = "/api/v1/reports/" + j.ID + "/file"
	}
	return r
}

// whole is nil for sessions and keys without limits: a report is made later, by the
// rights of the person, so a key that shows less must not order or read any.
func whole(c *caller) error {
	if c.key == nil || (!c.viewer.Picked() && !c.viewer.Dated() && len(c.key.Branches) == 0) {
		return nil
	}
	return problem(http.StatusForbidden, "limited_key", "Ключу с ограничением по кассам, точкам или периоду отчёты не отдаются.")
}

func (a *api) reports() {
	if a.o.Reports == nil && a.o.Accounts != nil {
		return
	}
	order := need{access.OrderReports, integration.ReadReports}
	const path, tag = "/api/v1/reports", "Отчёты"
	type listInput struct {
		Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"50"`
		Cursor string `query:"cursor"`
	}
	add(a, operation(http.MethodGet, path, "listReports", tag, "Заказанные отчёты, новые первыми"), order,
		func(ctx context.Context, c *caller, in *listInput) (*many[Report], error) {
			if err := whole(c); err != nil {
				return nil, err
			}
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
			page := Page[Report]{Items: []Report{}, Page: PageInfo{Limit: in.Limit, Complete: true}}
			for _, j := range jobs {
				page.Items = append(page.Items, showReport(j))
			}
			if len(jobs) == in.Limit {
				page.Page.Next = cursor("r", jobs[len(jobs)-1].ID)
			}
			return &many[Report]{page}, nil
		})
	type orderInput struct{ Body ReportInput }
	add(a, operation(http.MethodPost, path, "orderReport", tag, "Заказать отчёт: он готовится отдельно"), order,
		func(ctx context.Context, c *caller, in *orderInput) (*one[Report], error) {
			if err := whole(c); err != nil {
				return nil, err
			}
			p := report.Params{Branch: in.Body.OutletID, Emails: in.Body.Emails}
			var err error
			if p.From, err = wall("from", in.Body.From); err != nil {
				return nil, err
			}
			if p.To, err = wall("to", in.Body.To); err != nil {
				return nil, err
			}
			for _, r := range in.Body.Registers {
				p.Registers = append(p.Registers, fiscal.RegNumber(r))
			}
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
			if err := whole(c); err != nil {
				return nil, err
			}
			j, err := a.o.Reports.Job(ctx, c.viewer, in.ID)
			return &one[Report]{Body: showReport(j)}, err
		})
	type file struct {
		Bytes
		Disposition string `header:"Content-Disposition"`
	}
	op := operation(http.MethodGet, path+"/{id}/file", "getReportFile", tag, "Файл отчёта, xlsx")
	op.Responses = map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{xlsx: {Schema: &huma.Schema{Type: "string", Format: "binary"}}}}}
	add(a, op, order, func(ctx context.Context, c *caller, in *jobInput) (*file, error) {
		if err := whole(c); err != nil {
			return nil, err
		}
		j, b, err := a.o.Reports.File(ctx, c.viewer, in.ID)
		if err != nil {
			return nil, err
		}
		return &file{Bytes{xlsx, b}, "attachment; filename*=UTF-8''" + url.PathEscape(string(j.Kind)+".xlsx")}, nil
	})
	add(a, operation(http.MethodGet, "/api/v1/report-schedules", "listReportSchedules", tag, "Расписания отчётов"), order,
		func(ctx context.Context, c *caller, _ *struct{}) (*many[ReportSchedule], error) {
			if err := whole(c); err != nil {
				return nil, err
			}
			all, err := a.o.Reports.Schedules(ctx, c.viewer)
			if err != nil {
				return nil, err
			}
			page := Page[ReportSchedule]{Items: []ReportSchedule{}, Page: PageInfo{Limit: len(all), Complete: true}}
			for _, s := range all {
				page.Items = append(page.Items, ReportSchedule{s.ID, string(s.Kind), string(s.Every), s.Paused, instant(s.Next)})
			}
			return &many[ReportSchedule]{page}, nil
		})
	add(a, operation(http.MethodDelete, "/api/v1/report-schedules/{id}", "deleteReportSchedule", tag, "Удалить расписание"), order,
		func(ctx context.Context, c *caller, in *jobInput) (*struct{}, error) {
			if err := whole(c); err != nil {
				return nil, err
			}
			return nil, a.o.Reports.RemoveSchedule(ctx, c.viewer, in.ID)
		})
}

const xlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
