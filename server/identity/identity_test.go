package identity_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/server/identity"
	"github.com/fiscalbench/fiscalbench/server/identity/standin"
)

// desk is the stand-in with a client of it and a person's hands.
type desk struct {
	*identity.Client
	t      *testing.T
	issuer string
	now    time.Time
}

const back = "http://cabinet.test/lk/outside/back"

func newDesk(t *testing.T) *desk {
	t.Helper()
	t.Parallel()
	d := &desk{t: t, now: time.Date(2031, 1, 2, 3, 4, 5, 0, time.UTC)} // the bench's clock, not the wall's
	now := func() time.Time { return d.now }
	var p http.Handler
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.ServeHTTP(w, r) }))
	t.Cleanup(site.Close)
	d.issuer = site.URL + "/standin"
	var err error
	p, err = standin.New(standin.Options{Issuer: d.issuer, ClientID: "cabinet", Back: back, Now: now,
		Users: []standin.User{{Subject: "1", Email: "anna@outside.example", Name: "Анна"}, {Subject: "2", Email: "ivan@outside.example", Name: "Иван"}}})
	require.NoError(t, err)
	d.Client, err = identity.New(identity.Options{Issuer: d.issuer, ClientID: "cabinet", Back: back, Now: now})
	require.NoError(t, err)
	return d
}

// answer goes to the provider, chooses there, and returns what the person comes back with.
func (d *desk) answer(to, user string, answer standin.Answer) url.Values {
	d.t.Helper()
	at, err := url.Parse(to)
	require.NoError(d.t, err)
	form := at.Query()
	form.Set("user", user)
	form.Set("answer", string(answer))
	c := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := c.PostForm(d.issuer+"/authorize", form)
	require.NoError(d.t, err)
	require.NoError(d.t, resp.Body.Close())
	require.Equal(d.t, http.StatusSeeOther, resp.StatusCode)
	where, err := resp.Location()
	require.NoError(d.t, err)
	require.True(d.t, strings.HasPrefix(where.String(), back+"?"))
	return where.Query()
}

func refused(t *testing.T, err error, want identity.Refusal) {
	t.Helper()
	var why identity.Refusal
	require.ErrorAs(t, err, &why)
	assert.Equal(t, want, why, "%v", err)
	assert.NotEmpty(t, why.Text())
}

// CAB-035, SIM-10: the provider tells who came; each wrong answer of it is noticed.
func TestClient_TakesOnlyRightAnswers(t *testing.T) {
	d := newDesk(t)
	ctx := context.Background()
	to, ticket, err := d.Start(ctx)
	require.NoError(t, err)
	held, ok := identity.ParseTicket(ticket.String())
	require.True(t, ok)
	assert.Equal(t, ticket, held)
	who, err := d.Finish(ctx, held, d.answer(to, "2", standin.Right))
	require.NoError(t, err)
	assert.Equal(t, identity.Person{Issuer: d.issuer, Subject: "2", Email: "ivan@outside.example", Name: "Иван"}, who)

	for answer, why := range map[standin.Answer]identity.Refusal{
		standin.Refuse: identity.Declined, standin.WrongKey: identity.Untrusted, standin.WrongNonce: identity.Untrusted,
		standin.WrongClient: identity.Untrusted, standin.WrongIssuer: identity.Untrusted, standin.Expired: identity.Untrusted, standin.Broken: identity.Unreachable,
	} {
		to, ticket, err := d.Start(ctx)
		require.NoError(t, err)
		_, err = d.Finish(ctx, ticket, d.answer(to, "1", answer))
		refused(t, err, why)
	}

	// An address that the provider has not verified is no address.
	to, ticket, err = d.Start(ctx)
	require.NoError(t, err)
	who, err = d.Finish(ctx, ticket, d.answer(to, "1", standin.Unverified))
	require.NoError(t, err)
	assert.Equal(t, identity.Person{Issuer: d.issuer, Subject: "1", Name: "Анна"}, who)
}

// What comes back to another browser, twice or too late is worth nothing.
func TestClient_OneTicketOneAnswer(t *testing.T) {
	d := newDesk(t)
	ctx := context.Background()
	to, ticket, err := d.Start(ctx)
	require.NoError(t, err)
	q := d.answer(to, "1", standin.Right)
	_, other, err := d.Start(ctx)
	require.NoError(t, err)
	_, err = d.Finish(ctx, other, q)
	refused(t, err, identity.Foreign) // somebody else's answer in this browser
	_, err = d.Finish(ctx, identity.Ticket{}, q)
	refused(t, err, identity.Foreign)
	_, err = d.Finish(ctx, identity.Ticket{}, url.Values{})
	refused(t, err, identity.Foreign) // no ticket and no state are not the same state
	stolen := other
	stolen.State = ticket.State
	_, err = d.Finish(ctx, stolen, q)
	refused(t, err, identity.Declined) // the code without what only the asking browser has
	_, err = d.Finish(ctx, ticket, q)
	refused(t, err, identity.Declined) // the code was used up by that

	to, ticket, err = d.Start(ctx)
	require.NoError(t, err)
	q = d.answer(to, "1", standin.Right)
	_, err = d.Finish(ctx, ticket, q)
	require.NoError(t, err)
	_, err = d.Finish(ctx, ticket, q)
	refused(t, err, identity.Declined) // a second time

	to, ticket, err = d.Start(ctx)
	require.NoError(t, err)
	q = d.answer(to, "1", standin.Right)
	d.now = d.now.Add(time.Minute)
	_, err = d.Finish(ctx, ticket, q)
	refused(t, err, identity.Declined) // too late
	for _, bad := range []string{"", "a", "a.b", "a.b.", ".b.c", "a.b.c.d"} {
		_, ok := identity.ParseTicket(bad)
		assert.False(t, ok, bad)
	}
}

// The provider answers nobody but its client, and without PKCE nobody at all.
func TestStandIn_RefusesOthers(t *testing.T) {
	d := newDesk(t)
	to, _, err := d.Start(context.Background())
	require.NoError(t, err)
	at, err := url.Parse(to)
	require.NoError(t, err)
	for name, value := range map[string]string{"client_id": "another", "redirect_uri": "http://evil.test/", "response_type": "token", "code_challenge": "", "scope": "email"} {
		q := at.Query()
		q.Set(name, value)
		resp, err := http.Get(d.issuer + "/authorize?" + q.Encode())
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, http.StatusBadRequest, resp.StatusCode, name)
		resp, err = http.PostForm(d.issuer+"/authorize", q)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, http.StatusBadRequest, resp.StatusCode, name)
	}
	resp, err := http.Get(to)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	assert.Equal(t, http.StatusOK, resp.StatusCode)
}

// A provider that is away now is asked again the next time.
func TestClient_WaitsForTheProvider(t *testing.T) {
	t.Parallel()
	up, asked := false, 0
	var p http.Handler
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		if !up {
			http.Error(w, "away", http.StatusServiceUnavailable)
			return
		}
		p.ServeHTTP(w, r)
	}))
	t.Cleanup(site.Close)
	var err error
	p, err = standin.New(standin.Options{Issuer: site.URL, ClientID: "cabinet", Back: back, Users: []standin.User{{Subject: "1"}}})
	require.NoError(t, err)
	patient, err := identity.New(identity.Options{Issuer: site.URL, ClientID: "cabinet", Back: back, Pause: time.Hour})
	require.NoError(t, err)
	for range 5 {
		_, _, err = patient.Start(context.Background())
		refused(t, err, identity.Unreachable)
	}
	assert.Equal(t, 1, asked, "left alone for a while")
	c, err := identity.New(identity.Options{Issuer: site.URL, ClientID: "cabinet", Back: back, Pause: time.Nanosecond})
	require.NoError(t, err)
	_, _, err = c.Start(context.Background())
	refused(t, err, identity.Unreachable)
	up = true
	_, _, err = c.Start(context.Background())
	require.NoError(t, err)
	assert.Equal(t, strings.TrimPrefix(site.URL, "http://"), c.Name())
}

func TestNew_RefusesBadOptions(t *testing.T) {
	t.Parallel()
	for _, o := range []identity.Options{{}, {Issuer: "ftp://a", ClientID: "c", Back: back}, {Issuer: "http://a", Back: back}, {Issuer: "http://a", ClientID: "c", Back: "/back"}} {
		_, err := identity.New(o)
		assert.Error(t, err)
	}
	_, err := standin.New(standin.Options{})
	assert.Error(t, err)
}
