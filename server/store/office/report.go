package office

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/notify"
	"github.com/fiscalbench/fiscalbench/server/report"
)

// Reports is the office as server/report sees it.
func (o *Office) Reports() report.Store { return reports{o} }

type reports struct{ *Office }

func reportError(doing string, err error) error {
	switch {
	case err == nil, errors.Is(err, report.ErrNotFound), errors.Is(err, report.ErrStale), errors.Is(err, report.ErrTaken):
		return err
	case duplicate(err):
		return report.ErrTaken
	}
	return fmt.Errorf("office: %s: %w", doing, err)
}

type reportRow struct {
	ID, Org, Member, Kind, State, Body string
	Created, Due, Made, Expires        int64
	Version                            int64
}

type reportBody struct {
	Schedule  string `json:",omitempty"`
	Params    report.Params
	Grant     access.Grant
	Reason    string `json:",omitempty"`
	Tries     int    `json:",omitempty"`
	Done      time.Time
	Rows      int                `json:",omitempty"`
	Size      int64              `json:",omitempty"`
	Registers []fiscal.RegNumber `json:",omitempty"`
}

func (r reportRow) job() (report.Job, error) {
	var b reportBody
	err := json.Unmarshal([]byte(r.Body), &b)
	return report.Job{ID: r.ID, Org: r.Org, User: r.Member, Schedule: b.Schedule, Kind: report.Kind(r.Kind), Params: b.Params, Grant: b.Grant, State: report.State(r.State),
		Reason: b.Reason, Tries: b.Tries, Created: at(r.Created), Due: at(r.Due), Done: b.Done, Made: at(r.Made), Expires: at(r.Expires), Rows: b.Rows, Size: b.Size, Registers: b.Registers, Version: r.Version}, err
}

func bodyOfJob(j report.Job) (string, error) {
	b, err := json.Marshal(reportBody{j.Schedule, j.Params, j.Grant, j.Reason, j.Tries, j.Done.UTC(), j.Rows, j.Size, j.Registers})
	return string(b), err
}

const reportColumns = `SELECT id, org, member, kind, state, created, due, made, expires, body, version FROM reports `

func (s reports) AddJob(ctx context.Context, j report.Job) error {
	body, err := bodyOfJob(j)
	if err == nil {
		_, err = exec(ctx, s.db, `INSERT INTO reports (id, org, member, kind, state, created, due, made, expires, body, version) VALUES (?,?,?,?,?,?,?,?,?,?,?)`,
			j.ID, j.Org, j.User, string(j.Kind), string(j.State), ns(j.Created), ns(j.Due), ns(j.Made), ns(j.Expires), body, max(j.Version, 1))
	}
	return reportError("adding a report", err)
}

func (s reports) Job(ctx context.Context, org, id string) (report.Job, error) {
	var r reportRow
	if err := one(ctx, s.db, report.ErrNotFound, &r, reportColumns+`WHERE org = ? AND id = ?`, org, id); err != nil {
		return report.Job{}, reportError("reading a report", err)
	}
	j, err := r.job()
	return j, reportError("reading a report", err)
}

func (s reports) list(ctx context.Context, query string, args ...any) ([]report.Job, error) {
	var rows []reportRow
	if err := many(ctx, s.db, &rows, reportColumns+query, args...); err != nil {
		return nil, reportError("reading reports", err)
	}
	all := make([]report.Job, len(rows))
	for i, r := range rows {
		var err error
		if all[i], err = r.job(); err != nil {
			return nil, reportError("reading reports", err)
		}
	}
	return all, nil
}

func (s reports) Jobs(ctx context.Context, org, user, before string, limit int) ([]report.Job, error) {
	return s.list(ctx, `WHERE org = ? AND (? = '' OR member = ?) AND (? = '' OR id < ?) ORDER BY id DESC LIMIT ?`, org, user, user, before, before, limit)
}

func (s reports) UpdateJob(ctx context.Context, j report.Job, file []byte, letters ...notify.Message) error {
	body, err := bodyOfJob(j)
	if err != nil {
		return reportError("changing a report", err)
	}
	set, args := `state = ?, due = ?, made = ?, expires = ?, body = ?, version = version + 1`, []any{string(j.State), ns(j.Due), ns(j.Made), ns(j.Expires), body}
	switch {
	case file != nil && len(file) == 0:
		set += `, file = NULL`
	case file != nil:
		set, args = set+`, file = ?`, append(args, file)
	}
	return reportError("changing a report", s.tx(ctx, func(tx runner) error {
		n, err := exec(ctx, tx, `UPDATE reports SET `+set+` WHERE org = ? AND id = ? AND version = ?`, append(args, j.Org, j.ID, j.Version)...)
		if err == nil && n == 0 {
			err = report.ErrStale
		}
		if err != nil {
			return err
		}
		return addMessages(ctx, tx, letters)
	}))
}

func (s reports) MadeJobs(ctx context.Context, org string, since time.Time, limit int) ([]report.Job, error) {
	return s.list(ctx, `WHERE org = ? AND made > 0 AND made >= ? ORDER BY made, id LIMIT ?`, org, ns(since), limit)
}

func (s reports) File(ctx context.Context, org, id string) ([]byte, error) {
	var file []byte
	err := one(ctx, s.db, report.ErrNotFound, &file, `SELECT file FROM reports WHERE org = ? AND id = ? AND file IS NOT NULL`, org, id)
	return file, reportError("reading a report's file", err)
}

func (s reports) DueJobs(ctx context.Context, now time.Time, limit int) ([]report.Job, error) {
	return s.list(ctx, `WHERE due > 0 AND due <= ? ORDER BY due, id LIMIT ?`, ns(now), limit)
}

func (s reports) StaleJobs(ctx context.Context, now time.Time, limit int) ([]report.Job, error) {
	return s.list(ctx, `WHERE expires > 0 AND expires <= ? AND file IS NOT NULL ORDER BY expires, id LIMIT ?`, ns(now), limit)
}

type scheduleRow struct {
	ID, Org, Member, Body string
	Paused                bool
	NextRun               int64 `db:"next_run"`
	Version               int64
}

type scheduleBody struct {
	Kind    report.Kind
	Params  report.Params
	Grant   access.Grant
	Every   report.Every
	Weekday time.Weekday
	Day     int
	Hour    int
	Zone    string
	LastJob string
	Created time.Time
}

func (r scheduleRow) schedule() (report.Schedule, error) {
	var b scheduleBody
	err := json.Unmarshal([]byte(r.Body), &b)
	return report.Schedule{ID: r.ID, Org: r.Org, User: r.Member, Kind: b.Kind, Params: b.Params, Grant: b.Grant, Every: b.Every, Weekday: b.Weekday, Day: b.Day, Hour: b.Hour,
		Zone: b.Zone, Paused: r.Paused, Next: at(r.NextRun), LastJob: b.LastJob, Created: b.Created, Version: r.Version}, err
}

func bodyOfSchedule(c report.Schedule) (string, error) {
	b, err := json.Marshal(scheduleBody{c.Kind, c.Params, c.Grant, c.Every, c.Weekday, c.Day, c.Hour, c.Zone, c.LastJob, c.Created.UTC()})
	return string(b), err
}

const scheduleColumns = `SELECT id, org, member, paused, next_run, body, version FROM report_schedules `

func (s reports) AddSchedule(ctx context.Context, c report.Schedule, journal ...account.Event) error {
	body, err := bodyOfSchedule(c)
	if err != nil {
		return reportError("adding a schedule", err)
	}
	return reportError("adding a schedule", s.noted(ctx, journal, func(tx runner) error {
		_, err := exec(ctx, tx, `INSERT INTO report_schedules (id, org, member, paused, next_run, body, version) VALUES (?,?,?,?,?,?,?)`,
			c.ID, c.Org, c.User, c.Paused, ns(c.Next), body, max(c.Version, 1))
		return err
	}))
}

func (s reports) schedules(ctx context.Context, query string, args ...any) ([]report.Schedule, error) {
	var rows []scheduleRow
	if err := many(ctx, s.db, &rows, scheduleColumns+query, args...); err != nil {
		return nil, reportError("reading schedules", err)
	}
	all := make([]report.Schedule, len(rows))
	for i, r := range rows {
		var err error
		if all[i], err = r.schedule(); err != nil {
			return nil, reportError("reading schedules", err)
		}
	}
	return all, nil
}

func (s reports) Schedule(ctx context.Context, org, id string) (report.Schedule, error) {
	found, err := s.schedules(ctx, `WHERE org = ? AND id = ?`, org, id)
	if err == nil && len(found) == 0 {
		err = report.ErrNotFound
	}
	if err != nil {
		return report.Schedule{}, err
	}
	return found[0], nil
}

func (s reports) Schedules(ctx context.Context, org, user string) ([]report.Schedule, error) {
	return s.schedules(ctx, `WHERE org = ? AND (? = '' OR member = ?) ORDER BY id`, org, user, user)
}

func (s reports) UpdateSchedule(ctx context.Context, c report.Schedule, journal ...account.Event) error {
	body, err := bodyOfSchedule(c)
	if err != nil {
		return reportError("changing a schedule", err)
	}
	return reportError("changing a schedule", s.noted(ctx, journal, func(tx runner) error {
		n, err := exec(ctx, tx, `UPDATE report_schedules SET paused = ?, next_run = ?, body = ?, version = version + 1 WHERE org = ? AND id = ? AND version = ?`,
			c.Paused, ns(c.Next), body, c.Org, c.ID, c.Version)
		if err == nil && n == 0 {
			err = report.ErrStale
		}
		return err
	}))
}

func (s reports) DeleteSchedule(ctx context.Context, org, id string, journal ...account.Event) error {
	return reportError("removing a schedule", s.noted(ctx, journal, func(tx runner) error {
		n, err := exec(ctx, tx, `DELETE FROM report_schedules WHERE org = ? AND id = ?`, org, id)
		if err == nil && n == 0 {
			err = report.ErrNotFound
		}
		return err
	}))
}

func (s reports) DueSchedules(ctx context.Context, now time.Time, limit int) ([]report.Schedule, error) {
	return s.schedules(ctx, `WHERE NOT paused AND next_run > 0 AND next_run <= ? ORDER BY next_run, id LIMIT ?`, ns(now), limit)
}
