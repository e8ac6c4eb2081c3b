package officetest

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/feed"
	"github.com/fiscalbench/fiscalbench/server/fleet"
)

// Fleet is the contract of fleet.Store. open gives an empty one with the accounts of
// the same base.
func Fleet(t *testing.T, open func(t *testing.T) (fleet.Store, account.Store)) {
	start := func(t *testing.T) (fleet.Store, context.Context) {
		t.Parallel()
		s, a := open(t)
		ctx := context.Background()
		require.NoError(t, a.CreateUser(ctx, user("u")))
		for _, id := range []string{"o", "other"} {
			require.NoError(t, a.CreateOrg(ctx, account.Org{ID: id, Name: id, Owner: "u", CreatedAt: epoch}, account.Member{Org: id, User: "u", Role: access.Owner, Since: epoch}))
		}
		return s, ctx
	}
	t.Run("Alerts", func(t *testing.T) {
		s, ctx := start(t)
		alerts(t, s, ctx)
	})
	t.Run("Nodes", func(t *testing.T) {
		s, ctx := start(t)
		north := fleet.Node{ID: "n", Org: "o", Kind: fleet.Department, Name: "Север", Version: 1}
		shop := fleet.Node{ID: "s", Org: "o", Parent: "n", Kind: fleet.Outlet, Name: "Магазин", Address: "ул. Мира", TimeZone: "Asia/Omsk", Lat: 55.5, Lon: -73.25, Target: 5_000_000_00, Version: 1}
		require.NoError(t, s.CreateNode(ctx, north))
		require.NoError(t, s.CreateNode(ctx, shop))
		require.ErrorIs(t, s.CreateNode(ctx, shop), fleet.ErrTaken)
		all, err := s.Nodes(ctx, "o")
		require.NoError(t, err)
		assert.Equal(t, []fleet.Node{north, shop}, all)
		all, err = s.Nodes(ctx, "other")
		require.NoError(t, err)
		assert.Empty(t, all)
		require.ErrorIs(t, s.DeleteNode(ctx, "o", "n"), fleet.ErrNotEmpty)
		shop.Name, shop.Parent = "Киоск", ""
		require.NoError(t, s.UpdateNode(ctx, shop))
		require.ErrorIs(t, s.UpdateNode(ctx, shop), fleet.ErrStale)
		shop.Org = "other"
		require.ErrorIs(t, s.UpdateNode(ctx, shop), fleet.ErrNotFound, "another organisation's")
		require.ErrorIs(t, s.DeleteNode(ctx, "other", "n"), fleet.ErrNotFound)
		require.NoError(t, s.DeleteNode(ctx, "o", "n"))
	})
	t.Run("Journal", func(t *testing.T) {
		t.Parallel()
		s, a := open(t)
		ctx := context.Background()
		require.NoError(t, a.CreateUser(ctx, user("u")))
		require.NoError(t, a.CreateOrg(ctx, account.Org{ID: "o", Name: "o", Owner: "u", CreatedAt: epoch}, account.Member{Org: "o", User: "u", Role: access.Owner, Since: epoch}))
		j := journal{t: t, accounts: a, org: "o"}
		n := fleet.Node{ID: "n", Org: "o", Kind: fleet.Outlet, Name: "x", Version: 1}
		r := fleet.Register{Org: "o", RegID: "1", Name: "x", Outlet: "n", Connected: epoch, Version: 1}
		j.kept(s.CreateNode(ctx, n, j.entry()))
		j.lost(s.CreateNode(ctx, n, j.entry()), fleet.ErrTaken)
		j.kept(s.UpdateNode(ctx, n, j.entry()))
		j.lost(s.UpdateNode(ctx, n, j.entry()), fleet.ErrStale)
		j.kept(s.CreateRegister(ctx, r, j.entry()))
		j.lost(s.CreateRegister(ctx, r, j.entry()), fleet.ErrTaken)
		j.lost(s.DeleteNode(ctx, "o", "n", j.entry()), fleet.ErrNotEmpty)
		r.Outlet = ""
		j.kept(s.UpdateRegister(ctx, r, j.entry()))
		j.lost(s.UpdateRegister(ctx, r, j.entry()), fleet.ErrStale)
		j.lost(s.DeleteRegister(ctx, r, j.entry()), fleet.ErrStale)
		r.Version++
		j.kept(s.DeleteRegister(ctx, r, j.entry()))
		j.lost(s.DeleteRegister(ctx, r, j.entry()), fleet.ErrNotFound)
		// And the other way round: a change whose entry cannot be written is none.
		require.Error(t, s.DeleteNode(ctx, "o", "n", j.want[0]))
		j.kept(s.DeleteNode(ctx, "o", "n", j.entry()))
		j.lost(s.DeleteNode(ctx, "o", "n", j.entry()), fleet.ErrNotFound)
	})
	t.Run("Registers", func(t *testing.T) {
		s, ctx := start(t)
		require.NoError(t, s.CreateNode(ctx, fleet.Node{ID: "s", Org: "o", Kind: fleet.Outlet, Name: "x"}))
		r := fleet.Register{Org: "o", RegID: "0000000001012345", Name: "Касса 1", Model: "м", Serial: "1", FN: "9999078900001234", Outlet: "s",
			Groups: []string{"кафе", "юг"}, Connected: epoch, PaidUntil: epoch.Add(time.Hour), Blocked: true, Version: 1}
		require.NoError(t, s.CreateRegister(ctx, r))
		require.ErrorIs(t, s.CreateRegister(ctx, r), fleet.ErrTaken)
		got, err := s.Register(ctx, "o", r.RegID)
		require.NoError(t, err)
		assert.Equal(t, r, got)
		_, err = s.Register(ctx, "other", r.RegID)
		require.ErrorIs(t, err, fleet.ErrNotFound)
		same := fleet.Register{Org: "other", RegID: r.RegID, Name: "y", Connected: epoch, Version: 1}
		require.NoError(t, s.CreateRegister(ctx, same), "another organisation may name the same number")
		require.ErrorIs(t, s.DeleteNode(ctx, "o", "s"), fleet.ErrNotEmpty)
		r.Archived, r.Blocked, r.Outlet, r.Groups = epoch.Add(time.Minute), false, "", []string{}
		require.NoError(t, s.UpdateRegister(ctx, r))
		require.ErrorIs(t, s.UpdateRegister(ctx, r), fleet.ErrStale)
		all, err := s.Registers(ctx, "o")
		require.NoError(t, err)
		r.Version = 2
		assert.Equal(t, []fleet.Register{r}, all)
		// Removed with the places it left, and only there.
		require.NoError(t, s.MoveRegister(ctx, r, fleet.Left{RegID: r.RegID, Outlet: "s", At: epoch.Add(time.Hour), Wall: epoch}))
		r.Version++
		require.NoError(t, s.DeleteRegister(ctx, r))
		all, err = s.Registers(ctx, "o")
		require.NoError(t, err)
		assert.Empty(t, all)
		left, err := s.Left(ctx, "o")
		require.NoError(t, err)
		assert.Empty(t, left)
		_, err = s.Register(ctx, "other", same.RegID)
		require.NoError(t, err)
		r.Version = 1
		require.NoError(t, s.CreateRegister(ctx, r), "it may come again")
		same.RegID = "0000000009999999"
		require.ErrorIs(t, s.UpdateRegister(ctx, same), fleet.ErrNotFound)
	})
	t.Run("Stays", func(t *testing.T) {
		s, ctx := start(t)
		stays(t, s, ctx)
	})
	t.Run("States", func(t *testing.T) {
		s, ctx := start(t)
		const inn, other = fiscal.INN("7704358518"), fiscal.INN("7707083893")
		a := fleet.State{RegID: "1", UserINN: inn, FN: "9999", First: epoch, LastFD: 5, Registration: fleet.Registration{User: "ООО"}}
		b := fleet.State{RegID: "2", UserINN: inn}
		foreign := fleet.State{RegID: "1", UserINN: other}
		d := fleet.Drive{RegID: "1", UserINN: inn, FN: "9999", Documents: 5}
		require.NoError(t, s.Advance(ctx, 0, 10, []fleet.State{a, b, foreign}, []fleet.Drive{d}))
		a.LastFD = 6
		require.NoError(t, s.Advance(ctx, 10, 20, []fleet.State{a}, []fleet.Drive{{RegID: "1", UserINN: inn, FN: "8888"}}))
		all, err := s.States(ctx, inn, "")
		require.NoError(t, err)
		assert.Equal(t, []fleet.State{a, b}, all)
		all, err = s.States(ctx, other, "1")
		require.NoError(t, err)
		assert.Equal(t, []fleet.State{foreign}, all)
		drives, err := s.Drives(ctx, inn, "1")
		require.NoError(t, err)
		assert.Len(t, drives, 2)
		require.ErrorIs(t, s.Advance(ctx, 10, 30, []fleet.State{b}, nil), feed.ErrMoved)
		place, err := s.Place(ctx)
		require.NoError(t, err)
		assert.EqualValues(t, 20, place)
	})
	t.Run("OneServerAdvances", func(t *testing.T) {
		s, ctx := start(t)
		var won atomic.Int64
		var wait sync.WaitGroup
		for range 6 {
			wait.Go(func() {
				err := s.Advance(ctx, 0, 1, nil, nil)
				if err == nil {
					won.Add(1)
					return
				}
				assert.ErrorIs(t, err, feed.ErrMoved)
			})
		}
		wait.Wait()
		assert.EqualValues(t, 1, won.Load())
	})
	t.Run("Thresholds", func(t *testing.T) {
		s, ctx := start(t)
		_, err := s.Thresholds(ctx, "u")
		require.ErrorIs(t, err, fleet.ErrNotFound)
		own := fleet.DefaultThresholds()
		own.SilenceYellow = 2 * time.Hour
		require.NoError(t, s.SetThresholds(ctx, "u", fleet.DefaultThresholds()))
		require.NoError(t, s.SetThresholds(ctx, "u", own))
		got, err := s.Thresholds(ctx, "u")
		require.NoError(t, err)
		assert.Equal(t, own, got)
		require.NoError(t, s.DropThresholds(ctx, "u"))
		_, err = s.Thresholds(ctx, "u")
		require.ErrorIs(t, err, fleet.ErrNotFound)
	})
}
