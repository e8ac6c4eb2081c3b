package takings

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// CAB-111, CAB-113: days, weeks from Monday, months and own intervals, each with the
// one before.
func TestPeriod_Dates(t *testing.T) {
	t.Parallel()
	day := func(text string) time.Time { d, _ := time.Parse(time.DateOnly, text); return d }
	today := day("2026-11-22") // a Sunday
	for _, c := range []struct {
		name                           string
		p                              Period
		from, to, beforeFrom, beforeTo string
		title                          string
	}{
		{"today", Today(), "2026-11-22", "2026-11-23", "2026-11-21", "2026-11-22", "22.11.2026"},
		{"a day", Period{Kind: Day, date: day("2026-03-01")}, "2026-03-01", "2026-03-02", "2026-02-28", "2026-03-01", "01.03.2026"},
		{"this week", Period{Kind: Week}, "2026-11-16", "2026-11-23", "2026-11-09", "2026-11-16", "16.11.2026 — 22.11.2026"},
		{"a week from its Monday", Period{Kind: Week, date: day("2026-11-16")}, "2026-11-16", "2026-11-23", "2026-11-09", "2026-11-16", "16.11.2026 — 22.11.2026"},
		{"this month", ThisMonth(), "2026-11-01", "2026-12-01", "2026-10-01", "2026-11-01", "ноябрь 2026"},
		{"January", Period{Kind: Month, date: day("2026-01-31")}, "2026-01-01", "2026-02-01", "2025-12-01", "2026-01-01", "январь 2026"},
		{"own", Period{Kind: Own, from: day("2026-11-05"), to: day("2026-11-07")}, "2026-11-05", "2026-11-08", "2026-11-02", "2026-11-05", "05.11.2026 — 07.11.2026"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			from, to := c.p.Dates(today)
			assert.Equal(t, [2]time.Time{day(c.from), day(c.to)}, [2]time.Time{from, to})
			from, to = c.p.Before().Dates(today)
			assert.Equal(t, [2]time.Time{day(c.beforeFrom), day(c.beforeTo)}, [2]time.Time{from, to})
			assert.Equal(t, c.title, c.p.Title(today))
		})
	}
	from, to := LastDays(14).Dates(today)
	assert.Equal(t, [2]time.Time{day("2026-11-09"), day("2026-11-23")}, [2]time.Time{from, to})
}
