package ledger_test

import (
	"cmp"
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/ledger"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// CAB-107: pages by shift hold each document of a shift once, the shifts in the order they were
// opened and the documents of a shift together, whatever is asked and however long a page is.
func TestSearchByShift_GoesOnWhereAPageEnded(t *testing.T) {
	t.Parallel()
	tills := towns(63)
	docs := accepted(t, tills)
	type row struct {
		fn fiscal.FNNumber
		fd fiscal.FDNumber
	}
	var middle time.Time
	opened := map[shiftKey]store.Document{}
	for _, d := range docs {
		if d.Form == fiscal.FormOpenShift {
			opened[shiftKey{d.FN, d.Shift}] = d
			if len(opened) == 30 {
				middle = d.DateTime.Add(time.Hour)
			}
		}
	}
	questions := map[string]struct {
		q    store.Search
		fits func(store.Document) bool
	}{
		"all":      {store.Search{}, func(store.Document) bool { return true }},
		"oldest":   {store.Search{Oldest: true}, func(store.Document) bool { return true }},
		"returns":  {store.Search{Operation: fiscal.SellReturn}, func(d store.Document) bool { return d.Operation == fiscal.SellReturn }},
		"register": {store.Search{RegIDs: []fiscal.RegNumber{tills[2].RegID}}, func(d store.Document) bool { return d.RegID == tills[2].RegID }},
		"from":     {store.Search{From: middle}, func(d store.Document) bool { return !d.DateTime.Before(middle) }},
		"to":       {store.Search{To: middle}, func(d store.Document) bool { return d.DateTime.Before(middle) }},
	}
	onBoth(t, func(t *testing.T, db base) {
		keep(t, db, docs)
		s, ctx, sight := ledger.New(db, db), context.Background(), sightOf(tills)
		for name, c := range questions {
			var want []store.Document
			for _, d := range docs {
				if _, ok := opened[shiftKey{d.FN, d.Shift}]; ok && c.fits(d) {
					want = append(want, d)
				}
			}
			require.NotEmpty(t, want, name)
			for _, limit := range []int{7, 50, 1000} {
				var got []row
				var shifts []store.Projection
				var at ledger.ShiftPlace
				for pages := 0; ; pages++ {
					require.LessOrEqual(t, pages, len(want)+len(opened)/50+1, name)
					page, next, err := s.SearchByShift(ctx, sight, c.q, at, limit)
					require.NoError(t, err)
					n := 0
					for _, one := range page {
						require.NotEmpty(t, one.Rows, name)
						if len(shifts) == 0 || shifts[len(shifts)-1].FN != one.Opening.FN || shifts[len(shifts)-1].Shift != one.Opening.Shift {
							shifts = append(shifts, one.Opening)
						}
						for _, r := range one.Rows {
							require.Equal(t, [2]any{one.Opening.FN, one.Opening.Shift}, [2]any{r.FN, r.Shift}, name)
							got = append(got, row{r.FN, r.FD})
						}
						n += len(one.Rows)
					}
					require.LessOrEqual(t, n, limit, name)
					if next == nil {
						break
					}
					at = *next
				}
				order := func(a, b store.Projection) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) }
				if !c.q.Oldest {
					slices.Reverse(shifts)
				}
				assert.True(t, slices.IsSortedFunc(shifts, order), "%s: the order of shifts", name)
				kept := map[row]int{}
				for _, r := range got {
					kept[r]++
				}
				assert.Len(t, got, len(want), "%s, %d to a page", name, limit)
				for _, d := range want {
					assert.Equal(t, 1, kept[row{d.FN, d.FD}], "%s: FN %s FD %d", name, d.FN, d.FD)
				}
			}
		}
	})
}
