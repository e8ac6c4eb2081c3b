package report

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/invalid"
)

// Every says how often a schedule runs.
type Every string

// How often.
const (
	Daily   Every = "daily"
	Weekly  Every = "weekly"
	Monthly Every = "monthly"
)

// Schedule orders a report again and again (CAB-129). Each run is about the time
// before it: yesterday, the seven days before today, the month before this one.
type Schedule struct {
	ID, Org, User string
	Kind          Kind
	Params        Params // without a period
	Grant         access.Grant

	Every   Every
	Weekday time.Weekday // of weekly ones
	Day     int          // of monthly ones, 1 to 31; the last one of a shorter month
	Hour    int          // 0 to 23
	Zone    string       // IANA name the hour and the days are in

	Paused  bool
	Next    time.Time // of the next run
	LastJob string    // id of the last run; empty: none yet
	Created time.Time
	Version int64
}

// location of the schedule; one that was checked has it.
func (c Schedule) location() *time.Location {
	if z, err := time.LoadLocation(c.Zone); err == nil {
		return z
	}
	return time.UTC
}

// NextLocal is the next run as clocks of the schedule's zone show it.
func (c Schedule) NextLocal() time.Time { return c.Next.In(c.location()) }

// After is the first time to run after t.
func (c Schedule) After(t time.Time) time.Time {
	z := c.location()
	day := t.In(z)
	for i := range 800 {
		at := time.Date(day.Year(), day.Month(), day.Day()+i, c.Hour, 0, 0, 0, z)
		if at.After(t) && c.on(at) {
			return at.UTC()
		}
	}
	return time.Time{}
}

// on tells whether the schedule runs on the day.
func (c Schedule) on(day time.Time) bool {
	switch c.Every {
	case Weekly:
		return day.Weekday() == c.Weekday
	case Monthly:
		last := time.Date(day.Year(), day.Month()+1, 0, 12, 0, 0, 0, time.UTC).Day()
		return day.Day() == min(c.Day, last)
	}
	return true
}

// Period a run at the time is about, as Params have it.
func (c Schedule) Period(run time.Time) (from, to time.Time) {
	r := run.In(c.location())
	to = time.Date(r.Year(), r.Month(), r.Day(), 0, 0, 0, 0, time.UTC)
	switch c.Every {
	case Weekly:
		return to.AddDate(0, 0, -7), to
	case Monthly:
		to = time.Date(r.Year(), r.Month(), 1, 0, 0, 0, 0, time.UTC)
		return to.AddDate(0, -1, 0), to
	}
	return to.AddDate(0, 0, -1), to
}

// Title of the schedule for people: "ежедневно в 08:00".
func (c Schedule) Title() string {
	at := time.Date(2026, 1, 1, c.Hour, 0, 0, 0, time.UTC).Format(" в 15:04")
	switch c.Every {
	case Weekly:
		return [...]string{"по воскресеньям", "по понедельникам", "по вторникам", "по средам", "по четвергам", "по пятницам", "по субботам"}[c.Weekday] + at
	case Monthly:
		return "каждый месяц " + time.Date(2026, 1, c.Day, 0, 0, 0, 0, time.UTC).Format("2") + "-го" + at
	}
	return "ежедневно" + at
}

// AddSchedule begins to order a report regularly.
func (s *Service) AddSchedule(ctx context.Context, v access.Viewer, c Schedule) (Schedule, error) {
	p, err := s.check(ctx, v, c.Kind, c.Params, false)
	bad, wrong := err.(invalid.Fields)
	if err != nil && !wrong {
		return c, err
	}
	if bad == nil {
		bad = invalid.Fields{}
	}
	if len(p.Emails) == 0 && bad["emails"] == "" {
		bad["emails"] = "Укажите, кому отправлять."
	}
	if c.Every != Daily && c.Every != Weekly && c.Every != Monthly {
		bad["every"] = "Выберите: ежедневно, еженедельно или ежемесячно."
	}
	if c.Weekday < time.Sunday || c.Weekday > time.Saturday {
		bad["weekday"] = "Выберите день недели."
	}
	if c.Every == Monthly && (c.Day < 1 || c.Day > 31) {
		bad["day"] = "Число месяца — от 1 до 31."
	}
	if c.Hour < 0 || c.Hour > 23 {
		bad["hour"] = "Час — от 0 до 23."
	}
	if _, err := time.LoadLocation(c.Zone); err != nil || c.Zone == "" || strings.EqualFold(c.Zone, "local") {
		bad["zone"] = "Такого часового пояса нет."
	}
	if len(bad) > 0 {
		return c, bad
	}
	now := s.o.Now()
	c.Org, c.User, c.Params, c.Grant, c.Paused, c.LastJob, c.Created, c.Version = v.Org(), v.User(), p, v.Grant(), false, "", now, 1
	c.Next = c.After(now)
	if c.ID, err = s.newID(now); err != nil {
		return c, err
	}
	var tree *fleet.Tree
	if p.Branch != "" {
		if tree, err = s.o.Fleet.Tree(ctx, v); err != nil {
			return c, err
		}
	}
	note, err := s.note(v, DeedAddSchedule, c, p.says(tree)...)
	if err != nil {
		return c, err
	}
	return c, s.store.AddSchedule(ctx, c, note)
}

// Schedules the viewer may see, each with its last run.
func (s *Service) Schedules(ctx context.Context, v access.Viewer) (all []Scheduled, err error) {
	if err := v.Need(access.OrderReports); err != nil {
		return nil, err
	}
	found, err := s.store.Schedules(ctx, v.Org(), users(v))
	if err != nil {
		return nil, err
	}
	for _, c := range found {
		if !sees(v, whose(c.Org, c.User, c.Grant)) {
			continue
		}
		one := Scheduled{Schedule: c}
		if c.LastJob != "" {
			if one.Last, err = s.store.Job(ctx, c.Org, c.LastJob); err != nil {
				return nil, err
			}
		}
		all = append(all, one)
	}
	return all, nil
}

// Scheduled is a schedule with its last run; Last is zero when there was none.
type Scheduled struct {
	Schedule
	Last Job
}

// Schedule the viewer may see; ErrNotFound for those of others.
func (s *Service) Schedule(ctx context.Context, v access.Viewer, id string) (Schedule, error) {
	return s.schedule(ctx, v, id)
}

func (s *Service) schedule(ctx context.Context, v access.Viewer, id string) (Schedule, error) {
	if err := v.Need(access.OrderReports); err != nil {
		return Schedule{}, err
	}
	c, err := s.store.Schedule(ctx, v.Org(), id)
	if err == nil && !sees(v, whose(c.Org, c.User, c.Grant)) {
		err = ErrNotFound
	}
	return c, err
}

// Pause stops a schedule or lets it go on, from the next time to come.
func (s *Service) Pause(ctx context.Context, v access.Viewer, id string, paused bool) error {
	var err error
	for range 5 {
		var c Schedule
		if c, err = s.schedule(ctx, v, id); err != nil || c.Paused == paused {
			return err
		}
		deed := DeedPauseSchedule
		if c.Paused = paused; !paused {
			deed, c.Next = DeedResumeSchedule, c.After(s.o.Now())
		}
		note, failed := s.note(v, deed, c)
		if failed != nil {
			return failed
		}
		if err = s.store.UpdateSchedule(ctx, c, note); !errors.Is(err, ErrStale) {
			return err
		}
	}
	return err // it runs, or somebody changes it, all the time
}

// RemoveSchedule ends a schedule; its reports stay.
func (s *Service) RemoveSchedule(ctx context.Context, v access.Viewer, id string) error {
	c, err := s.schedule(ctx, v, id)
	if err != nil {
		return err
	}
	note, err := s.note(v, DeedRemoveSchedule, c)
	if err != nil {
		return err
	}
	return s.store.DeleteSchedule(ctx, v.Org(), id, note)
}
