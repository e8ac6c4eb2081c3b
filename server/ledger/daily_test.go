package ledger_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/ledger"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// takes is a projector whose every day has a receipt of a rouble more than the last
// time it was asked.
type takes struct {
	store.Projector
	asked int
	err   error
}

func (d *takes) Figures(_ context.Context, q store.Search, _ store.Grouping) (all []store.Figures, err error) {
	d.asked++
	for at := q.From; at.Before(q.To); at = at.AddDate(0, 0, 1) {
		all = append(all, store.Figures{Key: at.Format(time.DateOnly), First: at, Last: at, Receipts: 1, Sales: 1, Revenue: fiscal.Kopecks(100 * d.asked)})
	}
	return all, d.err
}

// Days gone by are remembered for a while, the last two are not; another sight has
// figures of its own.
func TestDaily_RemembersDaysGoneBy(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 11, 9, 0, 0, 0, 0, time.UTC)
	d := &takes{}
	s, ctx := ledger.New(one{}, d), context.Background()
	mine := access.NewSight("7704358518", []fiscal.RegNumber{"1", "2"}).Between(day, day.AddDate(0, 0, 14))
	first, err := s.Daily(ctx, []ledger.Part{mine})
	require.NoError(t, err)
	require.Len(t, first, 14)
	assert.Equal(t, 2, d.asked)
	second, err := s.Daily(ctx, []ledger.Part{mine})
	require.NoError(t, err)
	assert.Equal(t, 3, d.asked, "the last two days only")
	assert.Equal(t, first[:12], second[:12])
	assert.Equal(t, []fiscal.Kopecks{200, 300}, []fiscal.Kopecks{first[13].Net(), second[13].Net()})
	for name, other := range map[string]ledger.Part{"a register less": mine.Only("1"), "another taxpayer": access.NewSight("7707083893", []fiscal.RegNumber{"1", "2"}).Between(day, day.AddDate(0, 0, 14)), "a day less": mine.Between(day.AddDate(0, 0, 1), time.Time{})} {
		before := d.asked
		_, err := s.Daily(ctx, []ledger.Part{other})
		require.NoError(t, err)
		assert.Equal(t, before+2, d.asked, name)
	}
	d.err = errors.New("gone")
	_, err = s.Daily(ctx, []ledger.Part{mine})
	require.ErrorIs(t, err, d.err)
	_, err = s.Daily(ctx, []ledger.Part{access.NewSight("7704358518", []fiscal.RegNumber{"1"})})
	require.ErrorContains(t, err, "without a last day")
}
