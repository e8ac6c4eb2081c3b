// Package officetest holds the contract of the cabinet's stores: what an engine must
// do for the interface of each service. It is for tests only.
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

	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/account"
)

var epoch = time.Date(2026, 3, 1, 9, 0, 0, 5, time.UTC)

func user(id string) account.User {
	return account.User{ID: id, Email: id + "@shop.example", Password: "$hash", CreatedAt: epoch}
}

// Accounts is the contract of account.Store. open gives an empty one.
func Accounts(t *testing.T, open func(t *testing.T) account.Store) {
	t.Run("Users", func(t *testing.T) {
		t.Parallel()
		s, ctx := open(t), context.Background()
		full := user("u1")
		full.Login, full.Phone, full.Name, full.EmailAt, full.PhoneAt, full.ConsentAt = "ivan", "+79001112233", "Иван", epoch, epoch.Add(time.Second), epoch
		require.NoError(t, s.CreateUser(ctx, full))
		require.NoError(t, s.CreateUser(ctx, account.User{ID: "u2", Password: "$", CreatedAt: epoch}), "nothing but a password")
		require.NoError(t, s.CreateUser(ctx, account.User{ID: "u3", Password: "$", CreatedAt: epoch}), "two users without e-mail")
		for _, name := range []string{"ivan", "+79001112233", "u1@shop.example"} {
			got, err := s.UserBy(ctx, name)
			require.NoError(t, err, name)
			assert.Equal(t, full, got)
		}
		_, err := s.UserBy(ctx, "")
		require.ErrorIs(t, err, account.ErrNotFound, "nobody has the empty name")
		_, err = s.User(ctx, "nobody")
		require.ErrorIs(t, err, account.ErrNotFound)
		require.ErrorIs(t, s.CreateUser(ctx, user("u1")), account.ErrTaken)
		other := user("u4")
		other.Email = full.Email
		require.ErrorIs(t, s.CreateUser(ctx, other), account.ErrTaken)
		full.Login, full.Name = "", "Иван Петров"
		require.NoError(t, s.UpdateUser(ctx, full))
		got, err := s.User(ctx, "u1")
		require.NoError(t, err)
		assert.Equal(t, full, got)
		full.ID, full.Email, full.Phone = "u2", "u1@shop.example", ""
		require.ErrorIs(t, s.UpdateUser(ctx, full), account.ErrTaken)
		full.ID = "nobody"
		full.Email = "nobody@shop.example"
		require.ErrorIs(t, s.UpdateUser(ctx, full), account.ErrNotFound)
	})
	t.Run("Orgs", func(t *testing.T) {
		t.Parallel()
		s, ctx := open(t), context.Background()
		require.NoError(t, s.CreateUser(ctx, user("owner")))
		o := account.Org{ID: "o1", Name: "Ромашка", Owner: "owner", Version: 1, CreatedAt: epoch}
		owner := account.Member{Org: "o1", User: "owner", Role: access.Owner, Branches: []string{}, Since: epoch}
		require.NoError(t, s.CreateOrg(ctx, o, owner))
		other := o
		other.ID = "o2"
		second := owner
		second.Org = "o2"
		require.NoError(t, s.CreateOrg(ctx, other, second), "two organisations without a card")
		o.FullName, o.INN, o.KPP, o.OGRN, o.Address, o.Email, o.Phone, o.TimeZone = "ООО «Ромашка»", "7704358518", "770401001", "1", "Москва", "a@b.c", "+7", "Europe/Moscow"
		require.NoError(t, s.UpdateOrg(ctx, o))
		o.Version = 2
		got, err := s.OrgByINN(ctx, "7704358518")
		require.NoError(t, err)
		assert.Equal(t, o, got)
		stale := o
		stale.Version = 1
		require.ErrorIs(t, s.UpdateOrg(ctx, stale), account.ErrStale)
		other.INN = o.INN
		require.ErrorIs(t, s.UpdateOrg(ctx, other), account.ErrTaken)
		require.ErrorIs(t, s.UpdateOrg(ctx, account.Org{ID: "none", Version: 1}), account.ErrNotFound)
		_, err = s.OrgByINN(ctx, "")
		require.ErrorIs(t, err, account.ErrNotFound)
		of, err := s.MemberOf(ctx, "owner")
		require.NoError(t, err)
		assert.Equal(t, []account.Member{owner, second}, of)
	})
	t.Run("OrgWithoutOwnerIsNotLeftBehind", func(t *testing.T) {
		t.Parallel()
		s, ctx := open(t), context.Background()
		require.Error(t, s.CreateOrg(ctx, account.Org{ID: "o1", Name: "x", Owner: "ghost", CreatedAt: epoch}, account.Member{Org: "o1", User: "ghost", Role: access.Owner}))
		_, err := s.Org(ctx, "o1")
		require.ErrorIs(t, err, account.ErrNotFound)
	})
	t.Run("Members", func(t *testing.T) {
		t.Parallel()
		s, ctx := open(t), context.Background()
		require.NoError(t, s.CreateUser(ctx, user("a")))
		require.NoError(t, s.CreateUser(ctx, user("b")))
		require.NoError(t, s.CreateOrg(ctx, account.Org{ID: "o", Name: "x", Owner: "a", CreatedAt: epoch}, account.Member{Org: "o", User: "a", Role: access.Owner, Since: epoch}))
		m := account.Member{Org: "o", User: "b", Role: access.Cashier, Branches: []string{"shop"}, Since: epoch.Add(1)}
		require.NoError(t, s.SetMember(ctx, m))
		m.Role, m.Branches = access.Manager, []string{"north", "south"}
		require.NoError(t, s.SetMember(ctx, m))
		got, err := s.Member(ctx, "o", "b")
		require.NoError(t, err)
		assert.Equal(t, m, got)
		all, err := s.Members(ctx, "o")
		require.NoError(t, err)
		require.Len(t, all, 2)
		require.NoError(t, s.RemoveMember(ctx, "o", "b"))
		require.ErrorIs(t, s.RemoveMember(ctx, "o", "b"), account.ErrNotFound)
		_, err = s.Member(ctx, "o", "b")
		require.ErrorIs(t, err, account.ErrNotFound)
	})
	t.Run("Sessions", func(t *testing.T) {
		t.Parallel()
		s, ctx := open(t), context.Background()
		require.NoError(t, s.CreateUser(ctx, user("a")))
		for i, id := range []string{"s1", "s2", "s3"} {
			require.NoError(t, s.CreateSession(ctx, account.Session{ID: id, User: "a", Address: "127.0.0.1", Agent: "x", CreatedAt: epoch,
				SeenAt: epoch.Add(time.Duration(i)), ExpiresAt: epoch.Add(time.Hour)}))
		}
		require.NoError(t, s.TouchSession(ctx, "s1", "o", epoch.Add(time.Minute)))
		got, err := s.Session(ctx, "s1")
		require.NoError(t, err)
		assert.Equal(t, "o", got.Org)
		all, err := s.Sessions(ctx, "a")
		require.NoError(t, err)
		require.Len(t, all, 3)
		assert.Equal(t, got, all[0], "the one seen last comes first")
		require.NoError(t, s.EndSession(ctx, "b", "s2"), "somebody else's stays")
		require.NoError(t, s.EndSession(ctx, "a", "s3"))
		require.NoError(t, s.EndSessions(ctx, "a", "s2"))
		all, err = s.Sessions(ctx, "a")
		require.NoError(t, err)
		require.Len(t, all, 1)
		assert.Equal(t, "s2", all[0].ID)
		require.ErrorIs(t, s.TouchSession(ctx, "s1", "", epoch), account.ErrNotFound)
	})
	t.Run("Proofs", func(t *testing.T) {
		t.Parallel()
		s, ctx := open(t), context.Background()
		p := account.Proof{ID: "p", Purpose: account.ProvePhone, User: "a", Subject: "+79001112233", Secret: "h", SentAt: epoch, Expires: epoch.Add(time.Minute)}
		require.NoError(t, s.PutProof(ctx, p))
		for want := 1; want <= 3; want++ {
			n, err := s.TryProof(ctx, "p")
			require.NoError(t, err)
			assert.Equal(t, want, n)
		}
		p.Secret = "another"
		require.NoError(t, s.PutProof(ctx, p))
		got, err := s.Proof(ctx, "p")
		require.NoError(t, err)
		assert.Equal(t, p, got, "a new code has all its tries")

		var used atomic.Int64
		var wait sync.WaitGroup
		for range 8 {
			wait.Go(func() {
				if err := s.UseProof(ctx, "p"); err == nil {
					used.Add(1)
				}
			})
		}
		wait.Wait()
		assert.EqualValues(t, 1, used.Load(), "used once, whoever comes at the same time")
		_, err = s.TryProof(ctx, "p")
		require.ErrorIs(t, err, account.ErrNotFound)
	})
	t.Run("Identities", func(t *testing.T) {
		t.Parallel()
		s, ctx := open(t), context.Background()
		for _, id := range []string{"a", "b", "c"} {
			require.NoError(t, s.CreateUser(ctx, user(id)))
		}
		const here, there = "https://id.example", "https://other.example"
		mine := account.Identity{Issuer: here, Subject: "1", User: "a", Provider: "Почта", Email: "a@shop.example", Bound: epoch}
		_, err := s.Identity(ctx, here, "1")
		require.ErrorIs(t, err, account.ErrNotFound)
		require.NoError(t, s.BindIdentity(ctx, mine, true))
		got, err := s.Identity(ctx, here, "1")
		require.NoError(t, err)
		assert.Equal(t, mine, got)

		second, other := mine, mine
		second.Subject = "2"
		other.User = "b"
		for _, byMail := range []bool{true, false} {
			require.ErrorIs(t, s.BindIdentity(ctx, mine, byMail), account.ErrTaken, "twice")
			require.ErrorIs(t, s.BindIdentity(ctx, second, byMail), account.ErrTaken, "another of the issuer to the same user")
			require.ErrorIs(t, s.BindIdentity(ctx, other, byMail), account.ErrTaken, "the same to another user")
		}
		elsewhere := account.Identity{Issuer: there, Subject: "1", User: "a", Bound: epoch.Add(1)}
		require.NoError(t, s.BindIdentity(ctx, elsewhere, true), "the same subject of another issuer is somebody else")
		require.NoError(t, s.BindIdentity(ctx, account.Identity{Issuer: here, Subject: "9", User: "b", Bound: epoch}, true))

		require.NoError(t, s.UseIdentity(ctx, here, "1", "new@shop.example", epoch.Add(time.Hour)))
		require.NoError(t, s.UseIdentity(ctx, here, "1", "", epoch.Add(2*time.Hour)))
		require.ErrorIs(t, s.UseIdentity(ctx, here, "7", "", epoch), account.ErrNotFound)
		mine.Email, mine.Used = "new@shop.example", epoch.Add(2*time.Hour)
		all, err := s.Identities(ctx, "a")
		require.NoError(t, err)
		assert.Equal(t, []account.Identity{mine, elsewhere}, all)

		require.ErrorIs(t, s.UnbindIdentity(ctx, "b", here, "1", epoch), account.ErrNotFound, "somebody else's")
		require.NoError(t, s.UnbindIdentity(ctx, "a", here, "1", epoch))
		require.ErrorIs(t, s.UnbindIdentity(ctx, "a", here, "1", epoch), account.ErrNotFound)
		require.ErrorIs(t, s.UseIdentity(ctx, here, "1", "", epoch), account.ErrNotFound)
		require.ErrorIs(t, s.BindIdentity(ctx, mine, true), account.ErrUnbound)
		require.ErrorIs(t, s.BindIdentity(ctx, second, true), account.ErrUnbound, "nobody of that issuer")
		for range 2 { // unbound twice, bound twice
			require.NoError(t, s.BindIdentity(ctx, second, false), "who wants it again")
			require.NoError(t, s.UnbindIdentity(ctx, "a", here, "2", epoch))
		}
		all, err = s.Identities(ctx, "a")
		require.NoError(t, err)
		assert.Equal(t, []account.Identity{elsewhere}, all)

		var bound atomic.Int64
		var wait sync.WaitGroup
		for n := range 8 {
			wait.Go(func() {
				err := s.BindIdentity(ctx, account.Identity{Issuer: here, Subject: fmt.Sprintf("c%d", n), User: "c", Bound: epoch}, true)
				if err == nil {
					bound.Add(1)
					return
				}
				assert.ErrorIs(t, err, account.ErrTaken)
			})
		}
		wait.Wait()
		assert.EqualValues(t, 1, bound.Load(), "one of an issuer, whoever comes at the same time")
	})
	t.Run("Events", func(t *testing.T) {
		t.Parallel()
		s, ctx := open(t), context.Background()
		for i := range 5 {
			require.NoError(t, s.AddEvent(ctx, account.Event{ID: fmt.Sprintf("2026-%d", i), At: epoch, Org: "o", User: "a", Action: "x", Result: "ok", Detail: "d"}))
		}
		require.NoError(t, s.AddEvent(ctx, account.Event{ID: "2026-9", At: epoch, Org: "other", About: "7"}))
		page, err := s.Events(ctx, "o", account.EventFilter{Limit: 2})
		require.NoError(t, err)
		require.Len(t, page, 2)
		assert.Equal(t, "2026-4", page[0].ID)
		page, err = s.Events(ctx, "o", account.EventFilter{Before: page[1].ID, Limit: 10})
		require.NoError(t, err)
		require.Len(t, page, 3)
		assert.Equal(t, "2026-2", page[0].ID)
		about := account.Event{ID: "2026-5", At: epoch, Org: "o", User: "a", Key: "k", Address: "192.0.2.1", Action: "x", Result: "ok", About: "7", Detail: "d"}
		require.NoError(t, s.AddEvent(ctx, about))
		page, err = s.Events(ctx, "o", account.EventFilter{About: "7", Limit: 10})
		require.NoError(t, err)
		assert.Equal(t, []account.Event{about}, page)
		page, err = s.Events(ctx, "o", account.EventFilter{About: "7", Before: about.ID, Limit: 10})
		require.NoError(t, err)
		assert.Empty(t, page)
	})
}
