package account_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/store/office"
)

// CAB-033: with the setting on an ИНН is a login: of its only user, or of the one of
// several whose login is named; nothing tells what ИНН are there.
func TestLoginAs_ByINN(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	o, err := office.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "ofd.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, o.Close()) })
	b := &bench{t: t, post: &post{}, now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}
	options := account.Options{Store: o.Accounts(), Messenger: b.post, Site: "https://ofd.example", Now: func() time.Time { return b.now }, Memory: 64}
	off, err := account.New(options)
	require.NoError(t, err)
	options.LoginByINN = true
	b.Service, err = account.New(options)
	require.NoError(t, err)
	_, v := b.register(1)
	_, other := b.register(2)
	const inn, another = "7701234560", "7707083893"
	for n, who := range []access.Viewer{v, other} {
		card := account.Card{Name: "Ромашка", INN: []string{inn, another}[n], KPP: "770101001"}
		org, err := b.Org(ctx, who)
		require.NoError(t, err)
		require.NoError(t, b.SetCard(ctx, who, card, org.Version))
	}
	from := func(n int) account.From { return account.From{Address: fmt.Sprint("10.0.0.", n)} }

	// One user: the ИНН and the password are enough.
	_, s, err := b.LoginAs(ctx, " "+inn+" ", "", password, from(1))
	require.NoError(t, err)
	assert.Equal(t, v.Org(), s.Org)
	assert.Equal(t, v.User(), s.User)
	_, _, err = b.LoginAs(ctx, inn, "", "wrong password 1", from(1))
	refused(t, err, account.WrongPassword)
	_, _, err = b.LoginAs(ctx, inn, "ivan2", password, from(1))
	refused(t, err, account.WrongPassword) // of another organisation
	_, _, err = b.LoginAs(ctx, string(fiscal.WithCheckDigits("770999999")), "", password, from(2))
	refused(t, err, account.WrongPassword) // nobody's

	// Several users: each names the own login.
	require.NoError(t, b.Invite(ctx, v, "anna@shop.example", "Анна", access.Manager, nil))
	_, token := b.post.last(t)
	require.NoError(t, b.ResetByLink(ctx, token, "сирень-2026", "сирень-2026", account.From{}))
	_, _, err = b.LoginAs(ctx, inn, "", password, from(3))
	refused(t, err, account.WrongPassword)
	_, s, err = b.LoginAs(ctx, inn, "8 (900) 111-22-01", password, from(3))
	require.NoError(t, err)
	assert.Equal(t, v.User(), s.User)
	_, s, err = b.LoginAs(ctx, inn, "Anna@Shop.example", "сирень-2026", from(3))
	require.NoError(t, err)
	assert.NotEqual(t, v.User(), s.User)
	assert.Equal(t, v.Org(), s.Org)

	// A person of two organisations comes into that of the ИНН.
	require.NoError(t, b.Invite(ctx, other, "anna@shop.example", "Анна", access.Manager, nil))
	_, s, err = b.LoginAs(ctx, another, "anna@shop.example", "сирень-2026", from(4))
	require.NoError(t, err)
	assert.Equal(t, other.Org(), s.Org)
	_, s, err = b.LoginAs(ctx, "anna@shop.example", "", "сирень-2026", from(4))
	require.NoError(t, err)
	assert.Empty(t, s.Org, "without an ИНН it has to be chosen")

	// Tries at an ИНН are counted, whoever is named and wherever they come from, the same
	// for one that nobody has; the right one starts anew.
	for _, name := range []string{another, "7728168971"} {
		for n := range 10 {
			_, _, err = b.LoginAs(ctx, name, fmt.Sprint("ghost", n), password, from(10+n))
			refused(t, err, account.WrongPassword)
		}
		_, _, err = b.LoginAs(ctx, name, "ivan2", password, from(29))
		refused(t, err, account.TooMany)
	}
	for n := range 12 {
		_, _, err = b.LoginAs(ctx, inn, "ivan1", password, from(30+n))
		require.NoError(t, err)
	}

	// A phone or a user name that looks like an ИНН stays what it is.
	phone := string(fiscal.WithCheckDigits("900111229"))
	a := application(3)
	a.Phone = phone
	user, err := b.Register(ctx, a)
	require.NoError(t, err)
	require.True(t, b.ByINN(phone))
	_, s, err = b.LoginAs(ctx, phone, "", password, from(50))
	require.NoError(t, err)
	assert.Equal(t, user, s.User)

	// Off: an ИНН is a name that nobody has.
	assert.False(t, off.ByINN(inn))
	assert.False(t, off.TakesINN())
	_, _, err = off.LoginAs(ctx, inn, "ivan1", password, from(60))
	refused(t, err, account.WrongPassword)
	_, _, err = off.LoginAs(ctx, "ivan1", "", password, from(60))
	require.NoError(t, err)
}
