// Package takings is what the cabinet's pages about money share: the period that was
// asked for, the registers a person sees with the zones they stand in, and sums by
// place. Pages are in analytics, home and outletmap.
//
// It adds nothing up itself: server/ledger does.
package takings

import (
	"fmt"
	"net/url"
	"time"

	"github.com/fiscalbench/fiscalbench/server/cabinet/page"
	"github.com/fiscalbench/fiscalbench/server/invalid"
)

// Kind of a period (CAB-113).
type Kind string

// Kinds.
const (
	Day   Kind = "day"
	Week  Kind = "week" // from Monday
	Month Kind = "month"
	Own   Kind = "own" // from a day to a day
)

// Period is an interval of dates by the registers' clocks. Without a date it is the one
// that today lies in, and today may not be the same day everywhere.
type Period struct {
	Kind     Kind
	date     time.Time // midnight in UTC; zero: today
	from, to time.Time // of Own, both included
	back     int       // how many intervals before that one
}

// Today is the day that it is.
func Today() Period { return Period{Kind: Day} }

// ThisMonth is the month that it is.
func ThisMonth() Period { return Period{Kind: Month} }

// LastDays is the day that it is with n-1 days before.
func LastDays(n int) Period { return Period{Kind: Own, back: -n} }

// maxDays of an own interval.
const maxDays = 3 * 366

// Read takes the period of a form: period, date, from, to.
func Read(v *page.Visit) (p Period, bad invalid.Fields) {
	p.Kind, bad = Kind(v.Form("period")), invalid.Fields{}
	date := func(name string) (t time.Time) {
		if text := v.Form(name); text != "" {
			var err error
			if t, err = time.Parse(time.DateOnly, text); err != nil {
				bad[name] = "Дата — год-месяц-день."
			}
		}
		return t
	}
	p.date = date("date")
	switch p.Kind {
	case Day, Week, Month:
	case Own:
		p.from, p.to = date("from"), date("to")
		switch {
		case len(bad) > 0:
		case p.from.IsZero() || p.to.IsZero():
			bad["from"] = "Укажите первый и последний день."
		case p.to.Before(p.from):
			bad["to"] = "Последний день раньше первого."
		case p.to.Sub(p.from) > maxDays*24*time.Hour:
			bad["to"] = "Не больше трёх лет."
		}
	default:
		p.Kind = Day
	}
	return p, bad
}

// Before is the interval of the same kind before this one.
func (p Period) Before() Period {
	p.back++
	return p
}

// Dates are the days of the period from the first, and the day after the last, when
// today is today; all are midnights in UTC.
func (p Period) Dates(today time.Time) (from, to time.Time) {
	d := p.date
	if d.IsZero() {
		d = today
	}
	switch {
	case p.Kind == Week:
		from = d.AddDate(0, 0, -(int(d.Weekday())+6)%7-7*p.back)
		return from, from.AddDate(0, 0, 7)
	case p.Kind == Month:
		from = time.Date(d.Year(), d.Month()-time.Month(p.back), 1, 0, 0, 0, 0, time.UTC)
		return from, from.AddDate(0, 1, 0)
	case p.Kind == Own && p.back < 0:
		return d.AddDate(0, 0, p.back+1), d.AddDate(0, 0, 1)
	case p.Kind == Own:
		days := int(p.to.Sub(p.from)/(24*time.Hour)) + 1
		return p.from.AddDate(0, 0, -days*p.back), p.to.AddDate(0, 0, 1-days*p.back)
	}
	d = d.AddDate(0, 0, -p.back)
	return d, d.AddDate(0, 0, 1)
}

// Query is the period as an address has it.
func (p Period) Query() url.Values {
	q := url.Values{"period": {string(p.Kind)}}
	for name, t := range map[string]time.Time{"date": p.date, "from": p.from, "to": p.to} {
		if !t.IsZero() {
			q.Set(name, t.Format(time.DateOnly))
		}
	}
	return q
}

// Date, From and To are what the fields of the form show.
func (p Period) Date() string { return field(p.date) }
func (p Period) From() string { return field(p.from) }
func (p Period) To() string   { return field(p.to) }

func field(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateOnly)
}

// Title names the period for people: "22.11.2026", "ноябрь 2026".
func (p Period) Title(today time.Time) string {
	from, to := p.Dates(today)
	last := to.AddDate(0, 0, -1)
	switch {
	case p.Kind == Month:
		return fmt.Sprintf("%s %d", months[from.Month()-1], from.Year())
	case from.Equal(last):
		return from.Format("02.01.2006")
	}
	return from.Format("02.01.2006") + " — " + last.Format("02.01.2006")
}

var months = [...]string{"январь", "февраль", "март", "апрель", "май", "июнь", "июль", "август", "сентябрь", "октябрь", "ноябрь", "декабрь"}
