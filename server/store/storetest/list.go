package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/store"
)

func paging(t *testing.T, open Open) {
	s := fresh(t, open)
	const rows = 23
	for n := range rows {
		a := Sample(fnNumber(n), 1, 1)
		a.Incidents = []store.Incident{{FN: fnNumber(n), Text: "что-то"}}
		accept(t, s, a)
		require.NoError(t, s.Quarantine(t.Context(), store.Quarantined{FN: fnNumber(n)}))
		require.NoError(t, s.LogExchange(t.Context(), store.Exchange{FN: fnNumber(n)}))
	}
	for n := range rows { // what was queued for the drive before it is written too
		require.NoError(t, s.AddIncident(t.Context(), store.Incident{FN: fnNumber(n), Text: "после всего"}))
	}

	for _, one := range []struct {
		name string
		rows int
		page func(p store.Page) (ids []int64, err error)
	}{
		{"drives", rows, func(p store.Page) ([]int64, error) {
			all, err := s.Drives(t.Context(), p)
			return ids(all, func(v store.Drive) int64 { return v.ID }), err
		}},
		{"documents", rows, func(p store.Page) ([]int64, error) {
			all, err := s.Documents(t.Context(), store.DocumentFilter{}, p)
			return ids(all, func(v store.Document) int64 { return v.ID }), err
		}},
		{"quarantine", rows, func(p store.Page) ([]int64, error) {
			all, err := s.Quarantines(t.Context(), "", p)
			return ids(all, func(v store.Quarantined) int64 { return v.ID }), err
		}},
		{"incidents", 3 * rows, func(p store.Page) ([]int64, error) {
			all, err := s.Incidents(t.Context(), "", p)
			return ids(all, func(v store.Incident) int64 { return v.ID }), err
		}},
		{"exchanges", 2 * rows, func(p store.Page) ([]int64, error) {
			all, err := s.Exchanges(t.Context(), "", p)
			return ids(all, func(v store.Exchange) int64 { return v.ID }), err
		}},
	} {
		for _, limit := range []int{1, 5, rows, 0} {
			t.Run(fmt.Sprintf("%s by %d", one.name, limit), func(t *testing.T) {
				var all []int64
				page := store.Page{Limit: limit}
				for {
					got, err := one.page(page)
					require.NoError(t, err)
					require.LessOrEqual(t, len(got), page.Rows())
					if len(got) == 0 {
						break
					}
					all = append(all, got...)
					page.After = got[len(got)-1]
				}
				require.Len(t, all, one.rows)
				for i := 1; i < len(all); i++ {
					require.Greater(t, all[i], all[i-1], "oldest first, each once")
				}
			})
		}
	}

	t.Run("limit", func(t *testing.T) {
		for range store.MaxLimit {
			require.NoError(t, s.LogExchange(t.Context(), store.Exchange{FN: "1"}))
		}
		require.NoError(t, s.AddIncident(t.Context(), store.Incident{FN: "1"}))
		all, err := s.Exchanges(t.Context(), "", store.Page{Limit: 5000})
		require.NoError(t, err)
		assert.Len(t, all, store.MaxLimit)
		all, err = s.Exchanges(t.Context(), "", store.Page{Limit: -1})
		require.NoError(t, err)
		assert.Len(t, all, store.DefaultLimit)
	})
}

func ids[T any](all []T, id func(T) int64) []int64 {
	var out []int64
	for _, one := range all {
		out = append(out, id(one))
	}
	return out
}

func filters(t *testing.T, open Open) {
	s := fresh(t, open)
	other := func(a store.Acceptance) store.Acceptance {
		a.Document.RegID, a.Drive.RegID = "0000000002054321", "0000000002054321"
		a.Document.UserINN, a.Drive.UserINN = "7702203276", "7702203276"
		return a
	}
	report := func(a store.Acceptance) store.Acceptance {
		a.Document.Form = fiscal.FormFiscalReport
		return a
	}
	one, two := fnNumber(1), fnNumber(2)
	accept(t, s,
		report(Sample(one, 1, 1)),
		report(other(Sample(two, 1, 1))),
		Sample(one, 2, 2),
		flagged(Sample(one, 3, 5)),
		other(flagged(Sample(two, 2, 2))),
		Sample(one, 4, 3),
		other(report(Sample(one, 5, 6))), // the drive goes to another register
	)
	minute := func(n int) time.Time { return Sample(one, 1, fiscal.FDNumber(n)).Document.DateTime }
	for _, c := range []struct {
		name   string
		filter store.DocumentFilter
		want   []string
	}{
		{"none", store.DocumentFilter{}, []string{"1/1", "2/1", "1/2", "1/5", "2/2", "1/3", "1/6"}},
		{"FN", store.DocumentFilter{FN: one}, []string{"1/1", "1/2", "1/5", "1/3", "1/6"}},
		{"unknown FN", store.DocumentFilter{FN: "1"}, nil},
		{"register", store.DocumentFilter{RegID: "0000000002054321"}, []string{"2/1", "2/2", "1/6"}},
		{"user", store.DocumentFilter{UserINN: "7704358518"}, []string{"1/1", "1/2", "1/5", "1/3"}},
		{"register of another user", store.DocumentFilter{RegID: "0000000002054321", UserINN: "7704358518"}, nil},
		{"form", store.DocumentFilter{Form: fiscal.FormFiscalReport}, []string{"1/1", "2/1", "1/6"}},
		{"FPD", store.DocumentFilter{FPD: Sample(one, 1, 2).Document.FPD}, []string{"1/2", "2/2"}},
		{"FN and FPD", store.DocumentFilter{FN: two, FPD: Sample(one, 1, 2).Document.FPD}, []string{"2/2"}},
		{"findings", store.DocumentFilter{Findings: true}, []string{"1/5", "2/2"}},
		{"findings of FN", store.DocumentFilter{FN: one, Findings: true}, []string{"1/5"}},
		{"from", store.DocumentFilter{From: minute(3)}, []string{"1/5", "1/3", "1/6"}},
		{"to", store.DocumentFilter{To: minute(2)}, []string{"1/1", "2/1"}},
		{"to a nanosecond later", store.DocumentFilter{To: minute(2).Add(1)}, []string{"1/1", "2/1", "1/2", "2/2"}},
		{"from a nanosecond later", store.DocumentFilter{From: minute(5).Add(1)}, []string{"1/6"}},
		{"from to", store.DocumentFilter{From: minute(2), To: minute(3)}, []string{"1/2", "2/2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			all, err := s.Documents(t.Context(), c.filter, store.Page{})
			require.NoError(t, err)
			var got []string
			for _, d := range all {
				got = append(got, fmt.Sprintf("%s/%d", d.FN[len(d.FN)-1:], d.FD))
			}
			assert.Equal(t, c.want, got)
			n, err := s.CountDocuments(t.Context(), c.filter)
			require.NoError(t, err)
			assert.EqualValues(t, len(c.want), n)
			if len(all) > 1 {
				rest, err := s.Documents(t.Context(), c.filter, store.Page{After: all[0].ID, Limit: 1})
				require.NoError(t, err)
				assert.Equal(t, all[1:2], rest)
			}
		})
	}
}

// listsOfOneFN: entries of an FN are found by it alone, whatever was written as one: it
// may be no number, and then it shares the place of all that is none.
func listsOfOneFN(t *testing.T, open Open) {
	s := fresh(t, open)
	names := []fiscal.FNNumber{fnNumber(1), fnNumber(2), "1", "01", "001", "99990789000000019", "ФН", "фн", " ", "1 ", "-1", fnNumber(3)}
	const each = 3
	for n := range each {
		for i, fn := range names {
			text := fmt.Sprintf("%d/%d", i, n)
			require.NoError(t, s.Quarantine(t.Context(), store.Quarantined{FN: fn, Detail: text})) // with an incident
			require.NoError(t, s.AddIncident(t.Context(), store.Incident{FN: fn, Text: text}))
			require.NoError(t, s.LogExchange(t.Context(), store.Exchange{FN: fn, Detail: text}))
		}
		require.NoError(t, s.AddIncident(t.Context(), store.Incident{}))
		require.NoError(t, s.LogExchange(t.Context(), store.Exchange{}))
	}
	for n := range each {
		accept(t, s, Sample(fnNumber(1), int64(n+1), fiscal.FDNumber(n+1)))
	}
	require.NoError(t, s.AddIncident(t.Context(), store.Incident{FN: fnNumber(3)})) // what was queued before it is written too
	for _, fn := range append([]fiscal.FNNumber{"2", "0001", "Ф", "9999078900000001"}, names...) {
		t.Run(fmt.Sprintf("%q", fn), func(t *testing.T) {
			want, documents, more := 0, 0, 0
			if slices.Contains(names, fn) {
				want = each
			}
			switch fn {
			case fnNumber(1):
				documents = each
			case fnNumber(3):
				more = 1
			}
			var all []store.Quarantined
			for page := (store.Page{Limit: 2}); ; page.After = all[len(all)-1].ID {
				got, err := s.Quarantines(t.Context(), fn, page)
				require.NoError(t, err)
				if len(got) == 0 {
					break
				}
				all = append(all, got...)
			}
			require.Len(t, all, want)
			for n, q := range all {
				assert.Equal(t, fn, q.FN)
				assert.Regexp(t, fmt.Sprintf("/%d$", n), q.Detail)
			}
			incidents, err := s.Incidents(t.Context(), fn, store.Page{})
			require.NoError(t, err)
			require.Len(t, incidents, 2*want+more)
			for _, in := range incidents {
				assert.Equal(t, fn, in.FN)
			}
			exchanges, err := s.Exchanges(t.Context(), fn, store.Page{})
			require.NoError(t, err)
			require.Len(t, exchanges, want+documents)
			for _, x := range exchanges {
				assert.Equal(t, fn, x.FN)
			}
			found, err := s.Documents(t.Context(), store.DocumentFilter{FN: fn}, store.Page{})
			require.NoError(t, err)
			assert.Len(t, found, documents)
			n, err := s.CountDocuments(t.Context(), store.DocumentFilter{FN: fn})
			require.NoError(t, err)
			assert.EqualValues(t, documents, n)
		})
	}
}

func stats(t *testing.T, open Open) {
	place := t.TempDir()
	s := open(t, place)
	a := flagged(Sample(fnNumber(1), 1, 4))
	a.Drive.Gaps = []store.Gap{{From: 1, To: 3, Since: morning}}
	silent := Sample(fnNumber(2), 1, 1)
	silent.Document.Confirmation, silent.Exchange.Response = nil, nil
	accept(t, s, a, silent, Sample(fnNumber(2), 2, 2), Sample(fnNumber(3), 1, 1))
	require.ErrorIs(t, s.Accept(t.Context(), Sample(fnNumber(3), 2, 1)), store.ErrExists)
	require.NoError(t, s.Quarantine(t.Context(), store.Quarantined{FN: fnNumber(9)}))
	require.NoError(t, s.AddIncident(t.Context(), store.Incident{}))
	want := store.Stats{Drives: 3, Documents: 4, Confirmations: 3, Findings: 2, Quarantined: 1, Incidents: 2, OpenGaps: 1, Behind: 4}
	got, err := s.Stats(t.Context())
	require.NoError(t, err)
	assert.Equal(t, want, got)

	require.NoError(t, s.Close())
	s = open(t, place)
	defer func() { require.NoError(t, s.Close()) }()
	got, err = s.Stats(t.Context())
	require.NoError(t, err)
	assert.Equal(t, want, got, "after opening again")
}
