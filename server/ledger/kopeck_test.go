package ledger_test

import (
	"context"
	"math/big"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/ledger"
	"github.com/fiscalbench/fiscalbench/server/servertest"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// towns live shifts of several registers of every version; some stay open.
func towns(shifts int) []*till {
	versions := []fiscal.FFD{fiscal.FFD105, fiscal.FFD11, fiscal.FFD12}
	tills := make([]*till, 21)
	for i := range tills {
		tills[i] = newTill(i+1, versions[i%len(versions)], 7)
		tills[i].live((shifts+len(tills)-1)/len(tills), i%5 == 0)
	}
	return tills
}

func sightOf(tills []*till) access.Sight {
	var regs []fiscal.RegNumber
	for _, r := range tills {
		regs = append(regs, r.RegID)
	}
	return access.NewSight(tills[0].UserINN, regs)
}

// CAB-112: figures of random shifts are those added up from the raw documents by
// another reader, to the kopeck, and agree with the counters of the closing report
// unless it lies.
func TestShifts_EqualToTheKopeck(t *testing.T) {
	t.Parallel()
	equalToTheKopeck(t, 210)
}

// CAB-112: the same for a thousand shifts. TORTURE=1 runs it (make torture).
func TestTortureShifts_EqualToTheKopeck(t *testing.T) {
	if os.Getenv("TORTURE") == "" {
		t.Skip("TORTURE is not set: see make torture")
	}
	equalToTheKopeck(t, 1000)
}

func equalToTheKopeck(t *testing.T, shifts int) {
	tills := towns(shifts)
	docs := accepted(t, tills)
	onBoth(t, func(t *testing.T, db base) {
		keep(t, db, docs)
		s, ctx, sight := ledger.New(db, db), context.Background(), sightOf(tills)
		want := map[shiftKey]store.Figures{}
		opens, lied := map[shiftKey]bool{}, map[shiftKey]bool{}
		for _, r := range tills {
			for key, f := range recount(r.docs) {
				want[key] = f
				lied[key] = r.lies[key.shift]
				opens[key] = r.Open && key.shift == r.Shift
			}
		}
		require.GreaterOrEqual(t, len(want), shifts)
		seen, differ := 0, 0
		var after store.Place
		for {
			page, next, err := s.Shifts(ctx, sight, store.Search{}, after, 120)
			require.NoError(t, err)
			for _, shift := range page {
				key := shiftKey{shift.FN, shift.Number}
				require.Equal(t, want[key], shift.Figures, "%v", key)
				require.Equal(t, !opens[key], shift.IsClosed())
				if shift.IsClosed() {
					require.NotEmpty(t, shift.Checks)
					require.Equal(t, lied[key], shift.Differs(), "%v: %+v", key, shift.Checks)
				}
				if shift.Differs() {
					differ++
				}
				averages(t, shift.Totals)
				if seen%30 == 0 {
					one, err := s.Shift(ctx, sight, shift.FN, shift.Number)
					require.NoError(t, err)
					require.Equal(t, shift.Figures, one.Figures)
					require.Equal(t, [2]time.Time{shift.Opened, shift.Closed}, [2]time.Time{one.Opened, one.Closed})
					require.Equal(t, lied[key], one.Differs())
				}
				seen++
			}
			if after = next; next == (store.Place{}) {
				break
			}
		}
		assert.Equal(t, len(want), seen, "each once")
		assert.Positive(t, differ, "some reports lie")
		t.Logf("%d shifts equal to the kopeck, %d lying reports found", seen, differ)
		sums(t, s, sight, want)
		apart(t, s, sight, tills)
	})
}

// apart: sums by day, hour and register, which are kept beside the documents, are those
// of the raw documents to the kopeck, for whole days, parts of days and any moments, of
// all registers and of some (CAB-110, CAB-113).
func apart(t *testing.T, s *ledger.Service, sight access.Sight, tills []*till) {
	regs := map[fiscal.FNNumber]fiscal.RegNumber{}
	for _, r := range tills {
		regs[r.FN] = r.RegID
	}
	keys := map[store.Grouping]func(d *rawDoc) string{
		store.Together:   func(*rawDoc) string { return "" },
		store.ByRegister: func(d *rawDoc) string { return string(regs[d.FN]) },
		store.ByDay:      func(d *rawDoc) string { return d.at.Format(time.DateOnly) },
		store.ByHour:     func(d *rawDoc) string { return d.at.Format("15") },
	}
	var all []rawDoc
	var first, last time.Time
	for _, r := range tills {
		all = append(all, readRaw(r.docs)...)
	}
	for _, f := range recountBy(all, time.Time{}, servertest.Clock.AddDate(100, 0, 0), keys[store.Together]) {
		first, last = f.First, f.Last
	}
	rng := rand.New(rand.NewPCG(112, 1))
	midnight := func(at time.Time) time.Time { return at.Truncate(24 * time.Hour) }
	moment := func() time.Time {
		return first.Add(time.Duration(rng.Int64N(int64(last.Sub(first))))).Truncate(time.Second)
	}
	intervals := [][2]time.Time{{midnight(first), midnight(last).AddDate(0, 0, 1)}, {first, last}, {midnight(last), midnight(last).AddDate(0, 0, 1)}}
	for range max(1, len(all)/800) {
		a, b := moment(), moment()
		if b.Before(a) {
			a, b = b, a
		}
		intervals = append(intervals, [2]time.Time{a, b}, [2]time.Time{midnight(a), midnight(b)}, [2]time.Time{a.Truncate(time.Hour), b})
	}
	rows := 0
	for i, interval := range intervals {
		docs, part := all, sight.Between(interval[0], interval[1])
		if i%3 == 2 {
			some := sight.Registers()[i%5 : i%5+4]
			part = part.Only(some...)
			docs = slices.DeleteFunc(slices.Clone(all), func(d rawDoc) bool { return !slices.Contains(some, regs[d.FN]) })
		}
		for by, key := range keys {
			got, err := s.Figures(context.Background(), part, store.Search{}, by)
			require.NoError(t, err)
			want := recountBy(docs, interval[0], interval[1], key)
			for n := range want {
				if by == store.ByHour {
					want[n] = hourly(want[n])
				}
			}
			require.Equal(t, want, got, "by %d in %v", by, interval)
			rows += len(got)
		}
		var named []store.ShiftOf
		for _, r := range tills {
			for n := range r.Shift + 1 {
				named = append(named, store.ShiftOf{FN: r.FN, Number: n})
			}
		}
		got, err := s.Figures(context.Background(), part, store.Search{Shifts: named}, store.ByShift)
		require.NoError(t, err)
		require.Equal(t, recountShifts(docs, interval[0], interval[1]), got, "shifts in %v", interval)
		rows += len(got)
	}
	t.Logf("%d sums of %d intervals equal to the kopeck", rows, len(intervals))
}

// hourly is what figures by the hour have.
func hourly(f store.Figures) store.Figures {
	return store.Figures{Key: f.Key, Receipts: f.Receipts, Sales: f.Sales, Returns: f.Returns, Spent: f.Spent, Unspent: f.Unspent, Revenue: f.Revenue, Returned: f.Returned,
		Expense: f.Expense, ExpenseReturned: f.ExpenseReturned, Corrections: f.Corrections, Corrected: f.Corrected}
}

// averages are computed again with numbers of any size.
func averages(t *testing.T, f ledger.Totals) {
	ways := f.Cash() + f.Ecash() + f.Other()
	require.Equal(t, f.Net(), ways, "what was paid is the revenue")
	if f.Sales == 0 {
		require.Zero(t, f.Average())
		return
	}
	twice := new(big.Int).Add(big.NewInt(2*int64(f.Revenue)), big.NewInt(f.Sales))
	require.Equal(t, twice.Div(twice, big.NewInt(2*f.Sales)).Int64(), int64(f.Average()))
	require.InDelta(t, float64(f.Items)/float64(f.Sales), f.Lines(), 1e-9)
}

// CAB-110: sums by day, hour and register add up to those of the shifts.
func sums(t *testing.T, s *ledger.Service, sight access.Sight, want map[shiftKey]store.Figures) {
	var all ledger.Totals
	for _, f := range want {
		all = all.Plus(ledger.Totals{Figures: f})
	}
	for _, by := range []store.Grouping{store.Together, store.ByHour, store.ByRegister} {
		rows, err := s.Revenue(context.Background(), []ledger.Part{sight}, by)
		require.NoError(t, err)
		var sum ledger.Totals
		for _, r := range rows {
			sum = sum.Plus(r)
		}
		sum.First, sum.Last = all.First, all.Last // shift reports are not among those
		if by == store.ByHour {
			require.Equal(t, hourly(all.Figures), hourly(sum.Figures))
			continue
		}
		require.Equal(t, all, sum, "by %d", by)
	}
	regs := sight.Registers()
	parts := []ledger.Part{sight.Only(regs[:2]...), sight.Only(regs[2:]...)}
	rows, err := s.Revenue(context.Background(), parts, store.ByDay)
	require.NoError(t, err)
	whole, err := s.Revenue(context.Background(), []ledger.Part{sight}, store.ByDay)
	require.NoError(t, err)
	require.Equal(t, whole, rows, "parts add up")
	total, err := s.Total(context.Background(), parts)
	require.NoError(t, err)
	require.Equal(t, all.Net(), total.Net())
}

func TestShift_OfTheSightOnly(t *testing.T) {
	t.Parallel()
	tills := towns(1)[:2]
	docs := accepted(t, tills)
	onBoth(t, func(t *testing.T, db base) {
		keep(t, db, docs)
		s, ctx, sight := ledger.New(db, db), context.Background(), sightOf(tills[:1])
		_, err := s.Shift(ctx, sight, tills[0].FN, 1)
		require.NoError(t, err)
		for _, other := range []struct {
			fn    fiscal.FNNumber
			shift uint32
		}{{tills[1].FN, 1}, {tills[0].FN, 99}, {tills[0].FN, 0}, {"", 1}} {
			_, err = s.Shift(ctx, sight, other.fn, other.shift)
			require.ErrorIs(t, err, ledger.ErrNotFound, "%v", other)
		}
		all, _, err := s.Shifts(ctx, sight, store.Search{}, store.Place{}, 10)
		require.NoError(t, err)
		assert.Len(t, all, 1)
		none, _, err := s.Shifts(ctx, access.Sight{}, store.Search{}, store.Place{}, 10)
		require.NoError(t, err)
		assert.Empty(t, none)
	})
}

func TestChange_NeedsSomethingBefore(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		now, before fiscal.Kopecks
		want        float64
		ok          bool
	}{{150, 100, 50, true}, {50, 100, -50, true}, {100, 0, 0, false}, {100, -5, 0, false}, {-100, 100, -200, true}} {
		got, ok := ledger.Change(c.now, c.before)
		assert.Equal(t, c.ok, ok)
		assert.InDelta(t, c.want, got, 1e-9)
	}
}
