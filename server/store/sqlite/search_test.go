package sqlite

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/search"
	"github.com/fiscalbench/fiscalbench/server/store/storetest"
)

// explainer asks how a statement would be answered instead of asking it. Drives are
// looked up all the same.
type explainer struct {
	searcher
	plan strings.Builder
}

func (e *explainer) Query(ctx context.Context, text string, args []any, scan func(search.Row) error) error {
	if strings.HasPrefix(text, "SELECT DISTINCT drive_id") {
		return e.searcher.Query(ctx, text, args, scan)
	}
	return e.searcher.Query(ctx, "EXPLAIN QUERY PLAN "+text, args, func(r search.Row) error {
		var id, parent, unused int
		var detail string
		err := r.Scan(&id, &parent, &unused, &detail)
		e.plan.WriteString(detail + "\n")
		return err
	})
}

// No frequent search reads a whole table, and no page is sorted that an index has in
// order.
func TestSearch_UsesIndexes(t *testing.T) {
	t.Parallel()
	s := openTest(t, Options{})
	require.NoError(t, s.Accept(t.Context(), storetest.Sample("1", 1, 1)))
	require.NoError(t, s.Accept(t.Context(), storetest.Sample("2", 1, 1)))
	other := storetest.Sample("3", 1, 1)
	other.Document.RegID = "0000000000000042"
	require.NoError(t, s.Accept(t.Context(), other))
	both, reg := []fiscal.RegNumber{storetest.Sample("1", 1, 1).Document.RegID}, []fiscal.RegNumber{"0000000000000042"}
	place := store.Place{At: storetest.Sample("1", 1, 1).Document.DateTime, ID: 1}
	for _, c := range []struct {
		name, want string
		q          store.Search
		sorted     bool // a few rows are
	}{
		{"all", "projections_by_at", store.Search{}, false},
		{"date", "projections_by_at (at>? AND at<?)", store.Search{From: place.At, To: place.At}, false},
		{"oldest first", "projections_by_at", store.Search{Oldest: true}, false},
		{"FN", "projections_by_drive (drive_id=?", store.Search{FN: "1"}, false},
		{"shift", "projections_by_drive (drive_id=?", store.Search{FN: "1", Shift: 1}, false},
		{"register", "projections_by_drive (drive_id=?", store.Search{RegIDs: reg}, false},
		{"register with two drives", "projections_by_drive (drive_id=?", store.Search{RegIDs: both}, false},
		{"register with two drives, oldest first", "projections_by_drive (drive_id=?", store.Search{RegIDs: both, UserINN: "1", From: place.At, Oldest: true}, false},
		{"dates of a drive of a user", "projections_by_drive (drive_id=? AND at>? AND at<?", store.Search{FN: "1", UserINN: "1", RegIDs: both, From: place.At, To: place.At}, false},
		{"drives of a user", "projections_by_drive (drive_id=? AND at>? AND at<?", store.Search{FNs: []fiscal.FNNumber{"1", "2", "3"}, UserINN: "1", RegIDs: both, From: place.At, To: place.At, Oldest: true}, true},
		{"user", "projections_by_user_inn (user_inn=?", store.Search{UserINN: "1"}, false},
		{"sum of a user", "projections_by_user_inn (user_inn=?", store.Search{UserINN: "1", MinTotal: 1, MaxTotal: 1}, false},
		{"FPD", "projections_by_fpd (fpd=?)", store.Search{FPD: 1}, true},
		{"FN and FD", "USING INTEGER PRIMARY KEY (rowid=?)", store.Search{FN: "1", FD: 1}, false},
		{"contact", "projections_by_contact (contact=?)", store.Search{Contact: "1"}, true},
		{"code", "items_by_code (code=?)", store.Search{Code: "1"}, true},
	} {
		for _, after := range []store.Place{{}, place} {
			e := &explainer{searcher: searcher{s}}
			_, err := search.Search(t.Context(), e, c.q, after, 0)
			require.NoError(t, err, c.name)
			plan := e.plan.String()
			assert.Contains(t, plan, c.want, c.name)
			assert.NotContains(t, plan, "SCAN items", c.name)
			if !c.sorted {
				assert.NotContains(t, plan, "TEMP B-TREE", c.name)
			}
		}
	}
}

// Sums of shifts that are named are read from days too, their reports by an index that
// has nothing else, and documents only where a date cuts a day of a shift.
func TestFigures_ReadsDaysOfShifts(t *testing.T) {
	t.Parallel()
	s := openTest(t, Options{})
	from := time.Date(2026, 3, 1, 7, 0, 0, 0, time.UTC)
	for name, q := range map[string]store.Search{
		"many": {UserINN: "1", RegIDs: []fiscal.RegNumber{"1", "2"}, Shifts: []store.ShiftOf{{FN: "1", Number: 1}, {FN: "2", Number: 7}}},
		"one":  {UserINN: "1", RegIDs: []fiscal.RegNumber{"1", "2"}, FN: "1", Shift: 7},
	} {
		for _, cut := range []bool{false, true} {
			if cut {
				q.From = from
			}
			e := &explainer{searcher: searcher{s}}
			_, err := search.Figures(t.Context(), e, q, store.ByShift)
			require.NoError(t, err)
			plan := e.plan.String()
			assert.Contains(t, plan, "days_by_shift (drive_id=? AND shift=?)", name)
			assert.Contains(t, plan, "projections_of_shifts (drive_id=? AND shift=?)", name)
			assert.Equal(t, cut, strings.Contains(plan, "projections_by_drive (drive_id=? AND at>? AND at<?)"), name)
		}
	}
}

// Sums of a taxpayer's days are read from days along its key, and documents only where
// an interval begins or ends within a day.
func TestFigures_ReadsDays(t *testing.T) {
	t.Parallel()
	s := openTest(t, Options{})
	day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	month := store.Search{UserINN: "1", RegIDs: []fiscal.RegNumber{"1", "2"}, From: day, To: day.AddDate(0, 1, 0)}
	for _, by := range []store.Grouping{store.Together, store.ByRegister, store.ByDay, store.ByHour, store.ByUser} {
		plan := func(q store.Search) string {
			e := &explainer{searcher: searcher{s}}
			_, err := search.Figures(t.Context(), e, q, by)
			require.NoError(t, err)
			return e.plan.String()
		}
		const want = "USING PRIMARY KEY (user_inn=? AND reg_id=? AND day>? AND day<?)"
		assert.Contains(t, plan(month), want)
		assert.NotContains(t, plan(month), "projections")
		ragged := month
		ragged.From, ragged.To = day.Add(time.Hour), ragged.To.Add(time.Second)
		assert.Contains(t, plan(ragged), want)
		assert.Equal(t, 2, strings.Count(plan(ragged), "projections_by_user_inn (user_inn=? AND at>? AND at<?)"), "both ends")
		within := month
		within.From, within.To = day.Add(time.Hour), day.Add(47*time.Hour)
		assert.NotContains(t, plan(within), "PRIMARY KEY", "no whole day")
		filtered := month
		filtered.Taxation = 1
		assert.NotContains(t, plan(filtered), "PRIMARY KEY")
	}
}
