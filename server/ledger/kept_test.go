package ledger_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/ledger"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// slow is a projector that sells a rouble more each time it is asked, and takes its time.
type slow struct {
	store.Projector
	asked int
	takes time.Duration
	err   error
}

func (d *slow) Goods(context.Context, store.Search, int) ([]store.Goods, error) {
	time.Sleep(d.takes) // of the bubble
	d.asked++
	return []store.Goods{{Name: "Чай", Quantity: store.Millionth, Revenue: fiscal.Kopecks(100 * d.asked), Receipts: 1}}, d.err
}

func (d *slow) Progress(context.Context) (store.Progress, error) {
	d.asked++
	return store.Progress{Passed: int64(d.asked)}, d.err
}

// What took long is remembered, each sight apart; what came at once is asked anew.
func TestPopular_RemembersWhatTookLong(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 11, 9, 0, 0, 0, 0, time.UTC)
	mine := access.NewSight("7704358518", []fiscal.RegNumber{"1", "2"}).Between(day, day.AddDate(0, 0, 1))
	for _, c := range []struct {
		name       string
		takes      time.Duration
		kept, over time.Duration
	}{
		{"nothing", 0, -1, 0},
		{"five milliseconds", 5 * time.Millisecond, 2499 * time.Millisecond, 2501 * time.Millisecond},
		{"ten seconds", 10 * time.Second, 59 * time.Second, 61 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := &slow{takes: c.takes}
				s := ledger.New(one{}, d)
				revenue := func(part ledger.Part) fiscal.Kopecks {
					goods, err := s.Popular(t.Context(), []ledger.Part{part}, 10)
					require.NoError(t, err)
					require.Len(t, goods, 1)
					return goods[0].Revenue
				}
				assert.EqualValues(t, 100, revenue(mine))
				if c.kept >= 0 {
					time.Sleep(c.kept)
					assert.EqualValues(t, 100, revenue(mine))
					time.Sleep(c.over - c.kept)
				}
				assert.EqualValues(t, 200, revenue(mine))
				for name, other := range map[string]ledger.Part{"a register less": mine.Only("1"), "another taxpayer": access.NewSight("7707083893", []fiscal.RegNumber{"1", "2"}).Between(day, day.AddDate(0, 0, 1)),
					"another day": access.NewSight("7704358518", []fiscal.RegNumber{"1", "2"}).Between(day.AddDate(0, 0, 1), day.AddDate(0, 0, 2))} {
					before := d.asked
					revenue(other)
					assert.Equal(t, before+1, d.asked, name)
				}
				time.Sleep(2 * time.Minute)
				d.err = errors.New("gone")
				_, err := s.Popular(t.Context(), []ledger.Part{mine}, 10)
				require.ErrorIs(t, err, d.err)
			})
		})
	}
}

// Progress is asked of the base once a second.
func TestProgress_IsAskedOnceASecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &slow{}
		s := ledger.New(one{}, d)
		passed := func() int64 {
			p, err := s.Progress(t.Context())
			require.NoError(t, err)
			return p.Passed
		}
		assert.EqualValues(t, 1, passed())
		time.Sleep(999 * time.Millisecond)
		assert.EqualValues(t, 1, passed())
		time.Sleep(time.Millisecond)
		assert.EqualValues(t, 2, passed())
		time.Sleep(time.Second)
		d.err = errors.New("gone")
		_, err := s.Progress(t.Context())
		require.ErrorIs(t, err, d.err)
		d.err = nil
		assert.EqualValues(t, 4, passed(), "an error is not remembered")
	})
}
