package officetest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/buyers"
	"github.com/fiscalbench/fiscalbench/server/feed"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/notify"
	"github.com/fiscalbench/fiscalbench/server/paper"
)

// BuyersBase is one base as the services beside buyers see it, too.
type BuyersBase struct {
	Buyers   buyers.Store
	Accounts account.Store
	Fleet    fleet.Store
	Messages notify.Store
}

// Buyers is the contract of buyers.Store. open gives an empty base.
func Buyers(t *testing.T, open func(t *testing.T) BuyersBase) {
	const reg, inn = fiscal.RegNumber("0000000001012345"), fiscal.INN("7702203276")
	start := func(t *testing.T) (BuyersBase, context.Context) {
		t.Parallel()
		b, ctx := open(t), context.Background()
		require.NoError(t, b.Accounts.CreateUser(ctx, user("u")))
		for _, id := range []string{"o", "other"} {
			org := account.Org{ID: id, Name: id, Owner: "u", CreatedAt: epoch}
			if id == "o" {
				org.INN = string(inn)
			}
			require.NoError(t, b.Accounts.CreateOrg(ctx, org, account.Member{Org: id, User: "u", Role: access.Owner, Since: epoch}))
		}
		require.NoError(t, b.Fleet.CreateRegister(ctx, fleet.Register{Org: "o", RegID: reg, Name: "x", Connected: epoch, Version: 1}))
		return b, ctx
	}
	sms := func(n int) notify.Message {
		return notify.Message{ID: fmt.Sprintf("m%03d", n), Org: "o", Kind: buyers.Kind, Channel: notify.SMS, To: fmt.Sprintf("+7900%07d", n), Text: "чек", State: notify.Queued, Created: epoch, Due: epoch, Done: epoch}
	}
	t.Run("Settings", func(t *testing.T) {
		b, ctx := start(t)
		s, err := b.Buyers.Settings(ctx, "o")
		require.NoError(t, err)
		assert.Equal(t, buyers.Settings{Org: "o"}, s)
		_, err = b.Buyers.Seller(ctx, inn, reg)
		require.ErrorIs(t, err, buyers.ErrNotFound)
		s.SMS, s.SMSSince, s.Sender, s.Design = true, epoch, "Ромашка", paper.Design{Logo: []byte{1, 2}, Accent: "#112233", Links: []paper.Link{{Title: "x", URL: "https://x.example"}}}
		require.NoError(t, b.Buyers.SaveSettings(ctx, s))
		require.ErrorIs(t, b.Buyers.SaveSettings(ctx, s), buyers.ErrStale)
		got, err := b.Buyers.Seller(ctx, inn, reg)
		require.NoError(t, err)
		s.Version = 1
		assert.Equal(t, s, got)
		s.Letters = true
		require.NoError(t, b.Buyers.SaveSettings(ctx, s))
		require.ErrorIs(t, b.Buyers.SaveSettings(ctx, s), buyers.ErrStale)
		for _, miss := range []struct {
			inn fiscal.INN
			reg fiscal.RegNumber
		}{{"7704358518", reg}, {inn, "0000000009999999"}} {
			_, err = b.Buyers.Seller(ctx, miss.inn, miss.reg)
			require.ErrorIs(t, err, buyers.ErrNotFound, "taxpayer and register both")
		}
	})
	t.Run("PlaceAndMessagesTogether", func(t *testing.T) {
		b, ctx := start(t)
		letter := sms(1)
		letter.Channel = notify.Letter
		_, err := b.Buyers.Keep(ctx, 5, 9, []notify.Message{letter}, epoch, 30)
		require.ErrorIs(t, err, feed.ErrMoved)
		all, err := b.Messages.Messages(ctx, notify.Filter{Limit: 9})
		require.NoError(t, err)
		assert.Empty(t, all, "nothing is kept when the place has moved")
		_, err = b.Buyers.Keep(ctx, 0, 9, []notify.Message{letter}, epoch, 30)
		require.NoError(t, err)
		place, err := b.Buyers.Place(ctx)
		require.NoError(t, err)
		assert.EqualValues(t, 9, place)
		_, err = b.Buyers.Keep(ctx, 9, 12, []notify.Message{letter}, epoch, 30)
		require.Error(t, err, "an id that is there")
		place, err = b.Buyers.Place(ctx)
		require.NoError(t, err)
		assert.EqualValues(t, 9, place, "the place stays when a message cannot be kept")
	})
	t.Run("PackagesAreSpent", func(t *testing.T) {
		b, ctx := start(t)
		require.NoError(t, b.Buyers.AddPackage(ctx, buyers.Package{ID: "late", Org: "o", Bought: 100, Left: 2, At: epoch, Until: epoch.Add(2 * time.Hour)}))
		require.NoError(t, b.Buyers.AddPackage(ctx, buyers.Package{ID: "soon", Org: "o", Bought: 100, Left: 1, At: epoch, Until: epoch.Add(time.Hour)}))
		require.NoError(t, b.Buyers.AddPackage(ctx, buyers.Package{ID: "over", Org: "o", Bought: 100, Left: 50, At: epoch, Until: epoch}))
		require.NoError(t, b.Buyers.AddPackage(ctx, buyers.Package{ID: "theirs", Org: "other", Bought: 100, Left: 50, At: epoch, Until: epoch.Add(time.Hour)}))
		low, err := b.Buyers.Keep(ctx, 0, 1, []notify.Message{sms(1)}, epoch, 2)
		require.NoError(t, err)
		assert.Equal(t, []buyers.Low{{Org: "o", Left: 2}}, low)
		all, err := b.Buyers.Packages(ctx, "o")
		require.NoError(t, err)
		require.Len(t, all, 3)
		assert.Equal(t, []string{"over", "soon", "late"}, []string{all[0].ID, all[1].ID, all[2].ID})
		assert.EqualValues(t, 0, all[1].Left, "what ends first is spent first")
		assert.EqualValues(t, 2, all[2].Left)
		long := sms(2)
		long.Text = strings.Repeat("a", 200) // two segments
		state, low, err := b.Buyers.Post(ctx, long, epoch, 2)
		require.NoError(t, err)
		assert.Equal(t, notify.Queued, state)
		assert.Empty(t, low, "said once")
		state, _, err = b.Buyers.Post(ctx, sms(3), epoch, 2)
		require.NoError(t, err)
		assert.Equal(t, notify.NoPackage, state)
		letter := sms(4)
		letter.Channel = notify.Letter
		state, _, err = b.Buyers.Post(ctx, letter, epoch, 2)
		require.NoError(t, err)
		assert.Equal(t, notify.Queued, state, "e-mail goes on")
		counts, err := b.Buyers.Counts(ctx, "o", buyers.Kind, epoch)
		require.NoError(t, err)
		assert.Equal(t, []buyers.Count{{Channel: notify.Letter, State: notify.Queued, Messages: 1},
			{Channel: notify.SMS, State: notify.NoPackage, Messages: 1}, {Channel: notify.SMS, State: notify.Queued, Messages: 2}}, counts)
		counts, err = b.Buyers.Counts(ctx, "o", buyers.Kind, epoch.Add(1))
		require.NoError(t, err)
		assert.Empty(t, counts)
	})
	t.Run("SpentByManyAtOnce", func(t *testing.T) {
		b, ctx := start(t)
		require.NoError(t, b.Buyers.AddPackage(ctx, buyers.Package{ID: "p", Org: "o", Bought: 100, Left: 5, At: epoch, Until: epoch.Add(time.Hour)}))
		var sent atomic.Int64
		var wait sync.WaitGroup
		for n := range 12 {
			wait.Go(func() {
				state, _, err := b.Buyers.Post(ctx, sms(n), epoch, 0)
				assert.NoError(t, err)
				if state == notify.Queued {
					sent.Add(1)
				}
			})
		}
		wait.Wait()
		assert.EqualValues(t, 5, sent.Load(), "no segment is spent twice")
		all, err := b.Buyers.Packages(ctx, "o")
		require.NoError(t, err)
		assert.Zero(t, all[0].Left)
	})
	t.Run("Suppressed", func(t *testing.T) {
		b, ctx := start(t)
		one := buyers.Suppression{Org: "o", Address: "ann@x.example", Reason: "r", At: epoch}
		require.NoError(t, b.Buyers.Suppress(ctx, one))
		require.NoError(t, b.Buyers.Suppress(ctx, one))
		all, err := b.Buyers.Suppressions(ctx, "o")
		require.NoError(t, err)
		assert.Equal(t, []buyers.Suppression{one}, all)
		m := sms(1)
		m.Channel, m.To = notify.Letter, "Ann@X.example"
		state, _, err := b.Buyers.Post(ctx, m, epoch, 0)
		require.NoError(t, err)
		assert.Equal(t, notify.Suppressed, state)
		m.ID, m.Org = "m2", "other"
		state, _, err = b.Buyers.Post(ctx, m, epoch, 0)
		require.NoError(t, err)
		assert.Equal(t, notify.Queued, state, "another seller's buyer")
		require.NoError(t, b.Buyers.Release(ctx, "o", "ann@x.example"))
		m.ID, m.Org = "m3", "o"
		state, _, err = b.Buyers.Post(ctx, m, epoch, 0)
		require.NoError(t, err)
		assert.Equal(t, notify.Queued, state)
	})
	t.Run("Reach", func(t *testing.T) {
		b, ctx := start(t)
		to, err := b.Buyers.Reach(ctx, "o")
		require.NoError(t, err)
		assert.Equal(t, user("u").Email, to)
		_, err = b.Buyers.Reach(ctx, "none")
		require.ErrorIs(t, err, buyers.ErrNotFound)
	})
}
