package ledger_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/ledger"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// asked is a projector that answers nothing and remembers what it was asked.
type asked struct {
	store.Projector
	q     store.Search
	times int
}

func (a *asked) Search(_ context.Context, q store.Search, _ store.Place, _ int) ([]store.Projection, error) {
	a.q, a.times = q, a.times+1
	return nil, nil
}

func (a *asked) Figures(_ context.Context, q store.Search, _ store.Grouping) ([]store.Figures, error) {
	a.q, a.times = q, a.times+1
	return nil, nil
}

func (a *asked) Goods(_ context.Context, q store.Search, _ int) ([]store.Goods, error) {
	a.q, a.times = q, a.times+1
	return nil, nil
}

// one is a base with one document.
type one struct {
	d     store.Document
	drive store.Drive
}

func (o one) Document(_ context.Context, fn fiscal.FNNumber, fd fiscal.FDNumber) (store.Document, error) {
	if fn != o.d.FN || fd != o.d.FD {
		return store.Document{}, store.ErrNotFound
	}
	return o.d, nil
}

func (o one) Drive(context.Context, fiscal.FNNumber) (store.Drive, error) { return o.drive, nil }

// CAB-009: whatever is asked, the store is asked for documents of the sight only.
func TestService_AsksWithinTheSight(t *testing.T) {
	t.Parallel()
	numbers := rapid.SampledFrom([]fiscal.RegNumber{"1", "2", "3", "4"})
	inns := rapid.SampledFrom([]fiscal.INN{"", "7704358518", "7707083893"})
	moment := rapid.Custom(func(t *rapid.T) time.Time {
		if s := rapid.Int64Range(0, 50).Draw(t, "second"); s > 0 {
			return time.Unix(s, 0)
		}
		return time.Time{}
	})
	ctx := context.Background()
	rapid.Check(t, func(t *rapid.T) {
		sight := access.NewSight(inns.Draw(t, "inn"), rapid.SliceOfN(numbers, 0, 3).Draw(t, "seen")).Between(moment.Draw(t, "from"), moment.Draw(t, "to"))
		q := store.Search{UserINN: inns.Draw(t, "asked inn"), RegIDs: rapid.SliceOfN(numbers, 0, 3).Draw(t, "asked"), From: moment.Draw(t, "asked from"), To: moment.Draw(t, "asked to")}
		a := &asked{}
		s := ledger.New(one{}, a)
		var err error
		switch rapid.IntRange(0, 2).Draw(t, "question") {
		case 0:
			_, err = s.Search(ctx, sight, q, store.Place{}, 10)
		case 1:
			_, err = s.Figures(ctx, sight, q, store.ByDay)
		default:
			_, err = s.Goods(ctx, sight, q, 10)
		}
		require.NoError(t, err)
		if a.times == 0 {
			return
		}
		require.NotEmpty(t, a.q.RegIDs, "an empty list would mean all registers")
		require.NotEmpty(t, a.q.UserINN)
		last := a.q.To
		if last.IsZero() {
			last = time.Unix(1000, 0)
		}
		for _, r := range a.q.RegIDs {
			for _, at := range []time.Time{a.q.From, last.Add(-1)} {
				require.True(t, sight.Shows(r, a.q.UserINN, at) || !at.Before(last), "%v at %v", r, at)
			}
		}
	})
}

func TestDocument_OfTheSightOnly(t *testing.T) {
	t.Parallel()
	at := time.Unix(100, 0)
	base := one{store.Document{FN: "9999", FD: 1, RegID: "1", UserINN: "7704358518", DateTime: at}, store.Drive{RegID: "1", UserINN: "7704358518", Gaps: []store.Gap{{From: 2, To: 3}}}}
	s, ctx := ledger.New(base, nil), context.Background()
	mine := access.NewSight("7704358518", []fiscal.RegNumber{"1"})
	_, err := s.Document(ctx, mine, "9999", 1)
	require.NoError(t, err)
	gaps, err := s.Gaps(ctx, mine, "9999")
	require.NoError(t, err)
	assert.Len(t, gaps, 1)
	for name, sight := range map[string]access.Sight{
		"nobody":                  {},
		"another taxpayer":        access.NewSight("7707083893", []fiscal.RegNumber{"1"}),
		"another register":        access.NewSight("7704358518", []fiscal.RegNumber{"2"}),
		"before the key's period": mine.Between(at.Add(1), time.Time{}),
		"after it":                mine.Between(time.Time{}, at),
	} {
		_, err := s.Document(ctx, sight, "9999", 1)
		require.ErrorIs(t, err, ledger.ErrNotFound, name)
	}
	_, err = s.Gaps(ctx, access.NewSight("7707083893", []fiscal.RegNumber{"1"}), "9999")
	require.ErrorIs(t, err, ledger.ErrNotFound)
	_, err = s.Document(ctx, mine, "9999", 2)
	require.ErrorIs(t, err, ledger.ErrNotFound, "what is not there looks the same")
}
