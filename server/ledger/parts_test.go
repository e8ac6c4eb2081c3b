package ledger_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/ledger"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// twoPlaces divides the life of each till between two places at random moments, most of
// them those of documents.
func twoPlaces(rng *rand.Rand, tills []*till, docs []store.Document) (sights [2]access.Sight) {
	var spans [2][]access.Span
	for _, r := range tills {
		var cuts []time.Time
		for range rng.IntN(5) {
			at := docs[rng.IntN(len(docs))].DateTime
			if rng.IntN(3) == 0 {
				at = at.Add(time.Duration(rng.IntN(7200)-3600) * time.Second)
			}
			cuts = append(cuts, at)
		}
		slices.SortFunc(cuts, time.Time.Compare)
		from, place := time.Time{}, rng.IntN(2)
		for _, at := range append(cuts, time.Time{}) {
			spans[place] = append(spans[place], access.Span{Register: r.RegID, From: from, To: at})
			from, place = at, 1-place
		}
	}
	for i := range sights {
		sights[i] = access.SightOf(tills[0].UserINN, spans[i])
	}
	return sights
}

// CAB-071, CAB-073: registers that go to and fro between two places: lists of each hold
// what was made there, page by page in one order, and figures of both add up to those of
// the registers to the kopeck: by register, day, hour, shift, cashier and item.
func TestSights_OfTwoPlacesAddUp(t *testing.T) {
	t.Parallel()
	tills := towns(21)[:4]
	docs := accepted(t, tills)
	onBoth(t, func(t *testing.T, db base) {
		keep(t, db, docs)
		s, ctx, whole, rng := ledger.New(db, db), context.Background(), sightOf(tills), rand.New(rand.NewPCG(7, 1))
		goods := func(sight access.Sight) map[store.Goods]store.Goods {
			by := map[store.Goods]store.Goods{}
			sold, err := s.Goods(ctx, sight, store.Search{}, store.MaxLimit)
			require.NoError(t, err)
			for i, g := range sold {
				require.True(t, i == 0 || sold[i-1].Revenue >= g.Revenue, "the greatest first")
				by[store.Goods{Name: g.Name, Unit: g.Unit, Rate: g.Rate, Measure: g.Measure}] = g
			}
			return by
		}
		type key struct {
			key   string
			shift uint32
		}
		figures := func(sight access.Sight, by store.Grouping) map[key]store.Figures {
			all := map[key]store.Figures{}
			found, err := s.Figures(ctx, sight, store.Search{}, by)
			require.NoError(t, err)
			for _, f := range found {
				k := key{f.Key, f.Shift}
				require.NotContains(t, all, k, "each group once")
				all[k] = f
			}
			return all
		}
		for round := range 2 {
			places := twoPlaces(rng, tills, docs)
			for _, by := range []store.Grouping{store.Together, store.ByRegister, store.ByDay, store.ByHour, store.ByShift, store.ByCashier} {
				want, sum := figures(whole, by), map[key]store.Figures{}
				for _, sight := range places {
					for k, f := range figures(sight, by) {
						was, known := sum[k]
						if !known {
							sum[k] = f
							continue
						}
						first, last, end := min(was.FirstFD, f.FirstFD), max(was.LastFD, f.LastFD), max(was.Closing, f.Closing)
						was = ledger.Totals{Figures: was}.Plus(ledger.Totals{Figures: f}).Figures
						was.FirstFD, was.LastFD, was.Closing = first, last, end
						sum[k] = was
					}
				}
				for k := range want { // edges of time are of all documents of a group
					require.Equal(t, want[k], sum[k], "round %d, grouping %d, %v", round, by, k)
				}
				require.Len(t, sum, len(want))
			}
			all, sold := goods(whole), [2]map[store.Goods]store.Goods{goods(places[0]), goods(places[1])}
			for k, g := range all {
				a, b := sold[0][k], sold[1][k]
				assert.Equal(t, g.Revenue, a.Revenue+b.Revenue)
				assert.Equal(t, g.Quantity, a.Quantity+b.Quantity)
				assert.Equal(t, g.Returned, a.Returned+b.Returned)
				assert.Equal(t, g.Receipts, a.Receipts+b.Receipts)
			}
			for i, sight := range places {
				want := 0
				for _, d := range docs {
					if sight.Shows(d.RegID, d.UserINN, d.DateTime) {
						want++
					}
				}
				for _, q := range []store.Search{{}, {Oldest: true}} {
					got, after, limit := 0, store.Place{}, 5+rng.IntN(9)
					for {
						page, err := s.Search(ctx, sight, q, after, limit)
						require.NoError(t, err)
						for _, p := range page {
							next := store.PlaceOf(&p)
							require.True(t, sight.Shows(p.RegID, p.UserINN, p.At))
							require.True(t, after == (store.Place{}) || (q.Oldest == later(next, after) && next != after), "in one order")
							after = next
							got++
						}
						if len(page) < limit {
							break
						}
					}
					require.Equal(t, want, got, "place %d of round %d, oldest %v", i, round, q.Oldest)
				}
			}
		}
	})
}

// later tells whether a place comes after another in time.
func later(a, b store.Place) bool { return a.At.After(b.At) || (a.At.Equal(b.At) && a.ID > b.ID) }
