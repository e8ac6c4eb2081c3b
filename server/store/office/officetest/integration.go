package officetest

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/feed"
	"github.com/fiscalbench/fiscalbench/server/integration"
)

// Integration is the contract of integration.Store. open gives an empty one and the
// accounts beside it.
func Integration(t *testing.T, open func(t *testing.T) (integration.Store, account.Store)) {
	start := func(t *testing.T) (context.Context, integration.Store) {
		t.Parallel()
		s, accounts := open(t)
		ctx := context.Background()
		for _, id := range []string{"a", "b"} {
			require.NoError(t, accounts.CreateUser(ctx, account.User{ID: id, Email: id + "@x.example"}))
			require.NoError(t, accounts.CreateOrg(ctx, account.Org{ID: id, Name: id, Owner: id}, account.Member{Org: id, User: id}))
		}
		return ctx, s
	}
	key := func(org string, n int) integration.Key {
		return integration.Key{ID: fmt.Sprintf("%s-%d", org, n), Org: org, User: org, Name: "учёт", Scopes: []integration.Scope{integration.ReadDocuments},
			Digest: fmt.Sprintf("digest %s %d", org, n), Last4: "abcd", Created: epoch.Add(time.Duration(n))}
	}
	hook := func(org string, n int) integration.Hook {
		return integration.Hook{ID: fmt.Sprintf("hook-%s-%d", org, n), Org: org, User: org, URL: "https://x.example/hook", Events: []integration.Event{integration.DocumentReceived, integration.ShiftOpened},
			Secret: []byte{0, 1, 2}, Created: epoch.Add(time.Duration(n)), Version: 1}
	}
	delivery := func(h integration.Hook, n int) integration.Delivery {
		return integration.Delivery{ID: fmt.Sprintf("%03d", n), Hook: h.ID, Org: h.Org, Event: integration.DocumentReceived, Body: []byte(`{"n":1}`), State: integration.Queued,
			Created: epoch.Add(time.Duration(n)), Due: epoch.Add(time.Duration(n) * time.Second)}
	}

	t.Run("Keys", func(t *testing.T) {
		ctx, s := start(t)
		k := key("a", 1)
		k.Branches, k.Registers, k.Origins = []string{"north"}, []fiscal.RegNumber{"0000000001012345"}, []string{"https://shop.example"}
		k.From, k.To, k.Expires = epoch, epoch.Add(time.Hour), epoch.Add(2*time.Hour)
		require.NoError(t, s.CreateKey(ctx, k))
		require.NoError(t, s.CreateKey(ctx, key("a", 2)))
		require.NoError(t, s.CreateKey(ctx, key("b", 1)))
		require.ErrorIs(t, s.CreateKey(ctx, key("a", 1)), integration.ErrTaken)
		got, err := s.KeyByDigest(ctx, k.Digest)
		require.NoError(t, err)
		assert.Equal(t, k, got)
		_, err = s.KeyByDigest(ctx, "none")
		require.ErrorIs(t, err, integration.ErrNotFound)
		_, err = s.Key(ctx, "b", k.ID)
		require.ErrorIs(t, err, integration.ErrNotFound, "another organisation's")
		all, err := s.Keys(ctx, "a")
		require.NoError(t, err)
		require.Len(t, all, 2)
		assert.Equal(t, "a-2", all[0].ID, "newest first")
		require.NoError(t, s.TouchKey(ctx, k.ID, epoch.Add(5)))
		known, err := s.Origin(ctx, "https://shop.example")
		require.NoError(t, err)
		assert.True(t, known)
		require.ErrorIs(t, s.RevokeKey(ctx, "b", k.ID, epoch), integration.ErrNotFound)
		require.NoError(t, s.RevokeKey(ctx, "a", k.ID, epoch.Add(9)))
		require.ErrorIs(t, s.RevokeKey(ctx, "a", k.ID, epoch.Add(10)), integration.ErrStale, "revoked already")
		got, err = s.Key(ctx, "a", k.ID)
		require.NoError(t, err)
		assert.Equal(t, epoch.Add(9), got.Revoked)
		assert.Equal(t, epoch.Add(5), got.Used)
		known, err = s.Origin(ctx, "https://shop.example")
		require.NoError(t, err)
		assert.False(t, known, "the only key that lists it is revoked")
	})
	t.Run("Hooks", func(t *testing.T) {
		ctx, s := start(t)
		h := hook("a", 1)
		h.Key = "k"
		require.NoError(t, s.CreateHook(ctx, h))
		require.NoError(t, s.CreateHook(ctx, hook("b", 1)))
		got, err := s.Hook(ctx, "a", h.ID)
		require.NoError(t, err)
		assert.Equal(t, h, got)
		_, err = s.Hook(ctx, "b", h.ID)
		require.ErrorIs(t, err, integration.ErrNotFound)
		all, err := s.Hooks(ctx, "")
		require.NoError(t, err)
		assert.Len(t, all, 2)
		all, err = s.Hooks(ctx, "a")
		require.NoError(t, err)
		assert.Len(t, all, 1)
		h.URL, h.Off = "https://y.example/", true
		require.NoError(t, s.UpdateHook(ctx, h))
		require.ErrorIs(t, s.UpdateHook(ctx, h), integration.ErrStale)
		foreign := h
		foreign.Org, foreign.Version = "b", 2
		require.ErrorIs(t, s.UpdateHook(ctx, foreign), integration.ErrNotFound)
		require.NoError(t, s.Note(ctx, h.ID, nil, map[string]string{"register:1": "x"}, []integration.Delivery{delivery(h, 1)}))
		marks, err := s.Marks(ctx, h.ID)
		require.NoError(t, err)
		assert.Equal(t, map[string]string{"register:1": "x"}, marks)
		require.ErrorIs(t, s.Note(ctx, h.ID, nil, map[string]string{"register:0": "y", "register:1": "y"}, []integration.Delivery{delivery(h, 3)}), integration.ErrStale, "noted by another server")
		require.NoError(t, s.Note(ctx, h.ID, marks, map[string]string{"register:1": "y", "register:2": "y"}, nil))
		require.ErrorIs(t, s.Note(ctx, h.ID, marks, map[string]string{"register:1": "z"}, []integration.Delivery{delivery(h, 4)}), integration.ErrStale)
		marks, err = s.Marks(ctx, h.ID)
		require.NoError(t, err)
		assert.Equal(t, map[string]string{"register:1": "y", "register:2": "y"}, marks, "what was refused left nothing")
		told, err := s.Deliveries(ctx, h.ID, "", 10)
		require.NoError(t, err)
		assert.Len(t, told, 1)
		require.ErrorIs(t, s.DeleteHook(ctx, "b", h.ID), integration.ErrNotFound)
		require.NoError(t, s.DeleteHook(ctx, "a", h.ID))
		gone, err := s.Deliveries(ctx, h.ID, "", 10)
		require.NoError(t, err)
		assert.Empty(t, gone)
		require.ErrorIs(t, s.AddDelivery(ctx, delivery(h, 2)), integration.ErrNotFound, "of a hook that is gone")
		require.NoError(t, s.Advance(ctx, 0, 1, []integration.Delivery{delivery(h, 2)}), "dropped among others")
		gone, err = s.Deliveries(ctx, h.ID, "", 10)
		require.NoError(t, err)
		assert.Empty(t, gone)
	})
	t.Run("Deliveries", func(t *testing.T) {
		ctx, s := start(t)
		h := hook("a", 1)
		require.NoError(t, s.CreateHook(ctx, h))
		require.NoError(t, s.Advance(ctx, 0, 7, []integration.Delivery{delivery(h, 1), delivery(h, 2)}))
		require.ErrorIs(t, s.Advance(ctx, 0, 7, []integration.Delivery{delivery(h, 3)}), feed.ErrMoved)
		place, err := s.Place(ctx)
		require.NoError(t, err)
		assert.EqualValues(t, 7, place)
		all, err := s.Deliveries(ctx, h.ID, "", 10)
		require.NoError(t, err)
		require.Len(t, all, 2)
		assert.Equal(t, delivery(h, 2), all[0], "newest first")
		all, err = s.Deliveries(ctx, h.ID, "002", 10)
		require.NoError(t, err)
		assert.Len(t, all, 1)
		due, err := s.Due(ctx, epoch.Add(time.Second), 10)
		require.NoError(t, err)
		require.Len(t, due, 1)
		var won atomic.Int64
		var wait sync.WaitGroup
		for range 5 {
			wait.Go(func() {
				d := due[0]
				d.Tries = 1
				if err := s.Settle(ctx, d, 0); err == nil {
					won.Add(1)
				} else {
					assert.ErrorIs(t, err, integration.ErrStale)
				}
			})
		}
		wait.Wait()
		assert.EqualValues(t, 1, won.Load(), "one server takes it up")
		d := due[0]
		d.Tries, d.State, d.Status, d.Reason, d.Done = 1, integration.Failed, 500, "ответ 500", epoch.Add(3)
		require.NoError(t, s.Settle(ctx, d, 1))
		require.ErrorIs(t, s.Settle(ctx, d, 1), integration.ErrStale, "it is over")
		got, err := s.Delivery(ctx, h.ID, d.ID)
		require.NoError(t, err)
		assert.Equal(t, d, got)
		_, err = s.Delivery(ctx, "another", d.ID)
		require.ErrorIs(t, err, integration.ErrNotFound)
		n, err := s.DropDeliveries(ctx, epoch.Add(2))
		require.NoError(t, err)
		assert.EqualValues(t, 1, n)
	})
	t.Run("Journal", func(t *testing.T) {
		t.Parallel()
		s, accounts := open(t)
		ctx := context.Background()
		require.NoError(t, accounts.CreateUser(ctx, user("a")))
		require.NoError(t, accounts.CreateOrg(ctx, account.Org{ID: "a", Name: "a", Owner: "a"}, account.Member{Org: "a", User: "a"}))
		j := journal{t: t, accounts: accounts, org: "a"}
		k, h := key("a", 1), hook("a", 1)
		j.kept(s.CreateKey(ctx, k, j.entry()))
		j.lost(s.CreateKey(ctx, k, j.entry()), integration.ErrTaken)
		require.Error(t, s.RevokeKey(ctx, "a", k.ID, epoch, j.want[0]), "an entry that cannot be written")
		j.kept(s.RevokeKey(ctx, "a", k.ID, epoch, j.entry())) // the key was not revoked before
		j.lost(s.RevokeKey(ctx, "a", k.ID, epoch, j.entry()), integration.ErrStale)
		j.lost(s.RevokeKey(ctx, "a", "none", epoch, j.entry()), integration.ErrNotFound)
		require.Error(t, s.CreateHook(ctx, h, j.want[0]))
		j.kept(s.CreateHook(ctx, h, j.entry()))
		require.Error(t, s.UpdateHook(ctx, h, j.want[0]))
		j.kept(s.UpdateHook(ctx, h, j.entry()))
		j.lost(s.UpdateHook(ctx, h, j.entry()), integration.ErrStale)
		require.Error(t, s.AddDelivery(ctx, delivery(h, 1), j.want[0]))
		j.kept(s.AddDelivery(ctx, delivery(h, 1), j.entry()))
		require.Error(t, s.DeleteHook(ctx, "a", h.ID, j.want[0]))
		j.kept(s.DeleteHook(ctx, "a", h.ID, j.entry()))
		j.lost(s.DeleteHook(ctx, "a", h.ID, j.entry()), integration.ErrNotFound)
		j.lost(s.AddDelivery(ctx, delivery(h, 2), j.entry()), integration.ErrNotFound)
	})
	t.Run("Answers", func(t *testing.T) {
		ctx, s := start(t)
		a := integration.Answer{ID: "1", Request: "r", At: epoch}
		require.NoError(t, s.Claim(ctx, a))
		require.ErrorIs(t, s.Claim(ctx, a), integration.ErrTaken)
		got, err := s.Answer(ctx, "1")
		require.NoError(t, err)
		assert.Zero(t, got.Status)
		a.Status, a.Header, a.Body = 201, map[string]string{"Location": "/x"}, []byte("{}")
		require.NoError(t, s.Finish(ctx, a))
		got, err = s.Answer(ctx, "1")
		require.NoError(t, err)
		assert.Equal(t, a, got)
		require.NoError(t, s.Forget(ctx, "1"))
		_, err = s.Answer(ctx, "1")
		require.ErrorIs(t, err, integration.ErrNotFound)
		require.NoError(t, s.Claim(ctx, a))
		n, err := s.DropAnswers(ctx, epoch.Add(1))
		require.NoError(t, err)
		assert.EqualValues(t, 1, n)
	})
}
