package account_test

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/invalid"
	"github.com/fiscalbench/fiscalbench/server/store/office"
)

// post is a messenger that remembers.
type post struct {
	mu   sync.Mutex
	sent []message
}

type message struct {
	kind, to string
	data     map[string]string
}

func (p *post) put(kind, to string, data map[string]string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent = append(p.sent, message{kind, to, data})
	return nil
}

func (p *post) SMS(_ context.Context, kind, phone string, data map[string]string) error {
	return p.put(kind, phone, data)
}

func (p *post) Letter(_ context.Context, kind, address string, data map[string]string) error {
	return p.put(kind, address, data)
}

// last is the last message; token is what its link carries.
func (p *post) last(t *testing.T) (m message, token string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	require.NotEmpty(t, p.sent)
	m = p.sent[len(p.sent)-1]
	_, token, _ = strings.Cut(m.data["link"], "token=")
	return m, token
}

func (p *post) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.sent)
}

// bench is a service on a real base, with a clock that the test moves.
type bench struct {
	*account.Service
	t    *testing.T
	post *post
	now  time.Time
}

func newBench(t *testing.T) *bench {
	t.Helper()
	t.Parallel()
	o, err := office.Open(context.Background(), "sqlite:"+filepath.Join(t.TempDir(), "ofd.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, o.Close()) })
	b := &bench{t: t, post: &post{}, now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}
	b.Service, err = account.New(account.Options{Store: o.Accounts(), Messenger: b.post, Site: "https://ofd.example", Now: func() time.Time { return b.now }, Memory: 64})
	require.NoError(t, err)
	return b
}

const password = "ромашка-2026"

func application(n int) account.Application {
	return account.Application{OrgName: "Ромашка", Contact: "Иван", Phone: fmt.Sprintf("8 (900) 111-22-%02d", n), Email: fmt.Sprintf("Ivan%d@Shop.example", n),
		Login: fmt.Sprintf("ivan%d", n), Password: password, Consent: true, Address: "10.0.0.1"}
}

// register goes all the way of registration and logs in.
func (b *bench) register(n int) (account.Session, access.Viewer) {
	b.t.Helper()
	ctx := context.Background()
	user, err := b.Register(ctx, application(n))
	require.NoError(b.t, err)
	sms, _ := b.post.last(b.t)
	require.NoError(b.t, b.ConfirmPhone(ctx, user, sms.data["code"]))
	_, token := b.post.last(b.t)
	confirmed, err := b.ConfirmEmail(ctx, token)
	require.NoError(b.t, err)
	require.Equal(b.t, user, confirmed)
	return b.login(application(n).Email)
}

func (b *bench) login(name string) (account.Session, access.Viewer) {
	b.t.Helper()
	_, session, err := b.Login(context.Background(), name, password, account.From{Address: "10.0.0.1", Agent: "test"})
	require.NoError(b.t, err)
	v, err := b.Viewer(context.Background(), session)
	require.NoError(b.t, err)
	return session, v
}

func refused(t *testing.T, err error, why account.Reason) {
	t.Helper()
	var r *account.Refused
	require.ErrorAs(t, err, &r)
	assert.Equal(t, why, r.Reason)
	assert.NotEmpty(t, r.Text())
}

func wrong(t *testing.T, err error, fields ...string) {
	t.Helper()
	var bad invalid.Fields
	require.ErrorAs(t, err, &bad)
	assert.ElementsMatch(t, fields, slices.Collect(maps.Keys(bad)))
	for field, text := range bad {
		assert.NotEmpty(t, text, field)
	}
}

// CAB-011, CAB-012: what is wrong is said at the field.
func TestRegister_SaysWhatIsWrongAtTheField(t *testing.T) {
	b := newBench(t)
	_, err := b.Register(context.Background(), account.Application{Phone: "12", Email: "at", Login: "Я", Password: "short"})
	wrong(t, err, "consent", "phone", "email", "login", "password")
	assert.Zero(t, b.post.count())
}

// CAB-014, NTF-01: wrong codes are refused and counted, a code ends, another comes after a pause.
func TestConfirmPhone(t *testing.T) {
	b := newBench(t)
	ctx := context.Background()
	user, err := b.Register(ctx, application(1))
	require.NoError(t, err)
	sms, _ := b.post.last(t)
	assert.Equal(t, "NTF-01", sms.kind)
	assert.Equal(t, "+79001112201", sms.to)
	require.Regexp(t, `^\d{6}$`, sms.data["code"])

	refused(t, b.ConfirmPhone(ctx, user, "nonsense"), account.WrongCode)
	refused(t, b.Resend(ctx, user), account.TooSoon)
	b.now = b.now.Add(account.CodePause)
	require.NoError(t, b.Resend(ctx, user))
	for range account.CodeTries {
		refused(t, b.ConfirmPhone(ctx, user, "nonsense"), account.WrongCode)
	}
	sms, _ = b.post.last(t)
	refused(t, b.ConfirmPhone(ctx, user, sms.data["code"]), account.TooMany)

	b.now = b.now.Add(account.CodePause)
	require.NoError(t, b.Resend(ctx, user))
	sms, _ = b.post.last(t)
	b.now = b.now.Add(account.CodeTerm + 1)
	refused(t, b.ConfirmPhone(ctx, user, sms.data["code"]), account.Expired)
	require.NoError(t, b.Resend(ctx, user))
	sms, _ = b.post.last(t)
	require.NoError(t, b.ConfirmPhone(ctx, user, sms.data["code"]))
	refused(t, b.ConfirmPhone(ctx, user, sms.data["code"]), account.Expired)
}

// CAB-015, NTF-02: the link works once and ends.
func TestConfirmEmail_OnceAndNotForLong(t *testing.T) {
	b := newBench(t)
	ctx := context.Background()
	a := application(1)
	a.Phone = "" // CAB-013
	_, err := b.Register(ctx, a)
	require.NoError(t, err)
	letter, token := b.post.last(t)
	assert.Equal(t, "NTF-02", letter.kind)
	assert.True(t, strings.HasPrefix(letter.data["link"], "https://ofd.example/confirm?token="))
	_, err = b.ConfirmEmail(ctx, token+"x")
	refused(t, err, account.Expired)
	_, err = b.ConfirmEmail(ctx, token)
	require.NoError(t, err)
	_, err = b.ConfirmEmail(ctx, token)
	refused(t, err, account.Expired)

	a = application(2)
	a.Phone = ""
	user, err := b.Register(ctx, a)
	require.NoError(t, err)
	_, token = b.post.last(t)
	b.now = b.now.Add(account.LinkTerm + 1)
	_, err = b.ConfirmEmail(ctx, token)
	refused(t, err, account.Expired)
	require.NoError(t, b.Resend(ctx, user))
	_, token = b.post.last(t)
	_, err = b.ConfirmEmail(ctx, token)
	require.NoError(t, err)
}

// CAB-030, CAB-031, CAB-032
func TestLogin_ByPhoneMailOrName(t *testing.T) {
	b := newBench(t)
	b.register(1)
	for _, name := range []string{"+7 900 111 22 01", "8(900)111-22-01", "9001112201", "ivan1@shop.EXAMPLE", " Ivan1 "} {
		_, v := b.login(name)
		assert.True(t, v.Can(access.EditOrg), name)
	}
}

// CAB-032: nothing tells whether the name exists; tries are limited.
func TestLogin_TellsNothingAndIsLimited(t *testing.T) {
	b := newBench(t)
	ctx := context.Background()
	b.register(1)
	for i := range 10 {
		_, _, err := b.Login(ctx, []string{"ivan1", "ghost"}[i%2], "wrong password 1", account.From{Address: fmt.Sprint(i)})
		refused(t, err, account.WrongPassword)
	}
	for i := range 5 {
		_, _, err := b.Login(ctx, "ivan1", "wrong password 1", account.From{Address: fmt.Sprint(100 + i)})
		refused(t, err, account.WrongPassword)
	}
	_, _, err := b.Login(ctx, "ivan1", password, account.From{Address: "200"})
	refused(t, err, account.TooMany)
	b.now = b.now.Add(16 * time.Minute)
	b.login("ivan1")
}

// CAB-037, DEC-01
func TestReset_ByPhone(t *testing.T) {
	b := newBench(t)
	ctx := context.Background()
	old, _ := b.register(1)
	b.now = b.now.Add(time.Hour)
	before := b.post.count()
	way, err := b.Forgot(ctx, "+79990000000", account.From{})
	require.NoError(t, err)
	assert.Equal(t, account.ResetByPhone, way, "the same answer for a number nobody has")
	assert.Equal(t, before, b.post.count())
	_, err = b.Forgot(ctx, "89001112201", account.From{})
	require.NoError(t, err)
	sms, _ := b.post.last(t)
	wrong(t, b.ResetByCode(ctx, "89001112201", sms.data["code"], "новый-пароль-1", "другой-пароль-1", account.From{}), "repeated")
	refused(t, b.ResetByCode(ctx, "+79990000000", sms.data["code"], "новый-пароль-1", "новый-пароль-1", account.From{}), account.WrongCode)
	require.NoError(t, b.ResetByCode(ctx, "89001112201", sms.data["code"], "новый-пароль-1", "новый-пароль-1", account.From{}))
	_, _, err = b.Login(ctx, "ivan1", password, account.From{})
	refused(t, err, account.WrongPassword)
	sessions, err := b.Sessions(ctx, old.User)
	require.NoError(t, err)
	assert.Empty(t, sessions, "all sessions ended")
}

// CAB-038, CAB-039, NTF-06: neutral answer, one-time link.
func TestReset_ByLetter(t *testing.T) {
	b := newBench(t)
	ctx := context.Background()
	b.register(1)
	for _, name := range []string{"ghost@shop.example", "ghost"} {
		before := b.post.count()
		way, err := b.Forgot(ctx, name, account.From{})
		require.NoError(t, err)
		assert.Equal(t, account.ResetByLetter, way)
		assert.Equal(t, before, b.post.count())
	}
	_, err := b.Forgot(ctx, "ivan1", account.From{})
	require.NoError(t, err)
	letter, token := b.post.last(t)
	assert.Equal(t, "NTF-06", letter.kind)
	require.NoError(t, b.ResetByLink(ctx, token, "новый-пароль-1", "новый-пароль-1", account.From{}))
	refused(t, b.ResetByLink(ctx, token, "новый-пароль-2", "новый-пароль-2", account.From{}), account.Expired)
}

// CAB-040, NTF-07
func TestForgotLogin_ShowsTheAddressMasked(t *testing.T) {
	b := newBench(t)
	ctx := context.Background()
	_, v := b.register(1)
	require.NoError(t, b.SetCard(ctx, v, account.Card{Name: "Ромашка", INN: "7704358518", KPP: "770401001"}, 1))
	masked, err := b.ForgotLogin(ctx, "7704358518", "770401001", account.From{})
	require.NoError(t, err)
	assert.Equal(t, "i***@shop.example", masked)
	letter, _ := b.post.last(t)
	assert.Equal(t, "NTF-07", letter.kind)
	assert.Equal(t, "ivan1", letter.data["login"])
	masked, err = b.ForgotLogin(ctx, "7704358518", "770401002", account.From{})
	require.NoError(t, err)
	assert.Empty(t, masked)
}

// CAB-043
func TestChoose_AmongOwnOrganisationsOnly(t *testing.T) {
	b := newBench(t)
	ctx := context.Background()
	first, _ := b.register(1)
	_, other := b.register(2)
	branch, err := b.AddOrg(ctx, first.User, "Филиал")
	require.NoError(t, err)
	session, v := b.login("ivan1")
	assert.Empty(t, session.Org, "two organisations: nothing chosen")
	assert.False(t, v.Can(0))
	refused(t, b.Choose(ctx, session, other.Org()), account.Forbidden)
	require.NoError(t, b.Choose(ctx, session, branch.ID))
	orgs, err := b.Orgs(ctx, first.User)
	require.NoError(t, err)
	assert.Len(t, orgs, 2)
}

// CAB-045
func TestChangePassword_EndsOtherSessions(t *testing.T) {
	b := newBench(t)
	ctx := context.Background()
	b.register(1)
	session, _ := b.login("ivan1")
	wrong(t, b.ChangePassword(ctx, session, "wrong", "новый-пароль-1", "новый-пароль-1"), "current")
	wrong(t, b.ChangePassword(ctx, session, password, "короткий", "короткий"), "password")
	require.NoError(t, b.ChangePassword(ctx, session, password, "новый-пароль-1", "новый-пароль-1"))
	left, err := b.Sessions(ctx, session.User)
	require.NoError(t, err)
	require.Len(t, left, 1)
	assert.Equal(t, session.ID, left[0].ID)
}

// CAB-016, CAB-051
func TestCard_CheckDigits(t *testing.T) {
	t.Parallel()
	for name, one := range map[string]struct {
		card account.Card
		bad  []string
	}{
		"organisation":           {account.Card{Name: "x", INN: "7704358518", KPP: "770401001", OGRN: "1027700132195"}, nil},
		"entrepreneur":           {account.Card{Name: "x", INN: "500100732259", OGRN: "304500116000157"}, nil},
		"wrong check digit":      {account.Card{Name: "x", INN: "7704358517", KPP: "770401001"}, []string{"inn"}},
		"no KPP":                 {account.Card{Name: "x", INN: "7704358518"}, []string{"kpp"}},
		"KPP of an entrepreneur": {account.Card{Name: "x", INN: "500100732259", KPP: "770401001"}, []string{"kpp"}},
		"wrong OGRN":             {account.Card{Name: "x", INN: "7704358518", KPP: "770401001", OGRN: "1027700132196"}, []string{"ogrn"}},
		"all at once":            {account.Card{INN: "1", Email: "x"}, []string{"name", "inn", "email"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := one.card.Check()
			if one.bad == nil {
				require.NoError(t, err)
				return
			}
			wrong(t, err, one.bad...)
		})
	}
}

// A taxpayer's documents are shown by the number: nobody takes another's.
func TestSetCard_OneTaxpayerOneOrganisation(t *testing.T) {
	b := newBench(t)
	ctx := context.Background()
	_, first := b.register(1)
	_, second := b.register(2)
	card := account.Card{Name: "Ромашка", INN: "7704358518", KPP: "770401001"}
	require.NoError(t, b.SetCard(ctx, first, card, 1))
	wrong(t, b.SetCard(ctx, second, card, 1), "inn")
	card.INN = "7707083893"
	wrong(t, b.SetCard(ctx, first, card, 2), "inn")
	card.INN = "7704358518"
	require.ErrorIs(t, b.SetCard(ctx, first, card, 1), account.ErrStale)
}

// CAB-902
func TestInvite_NobodyGivesMoreThanTheyHave(t *testing.T) {
	b := newBench(t)
	ctx := context.Background()
	owner, boss := b.register(1)
	require.NoError(t, b.Invite(ctx, boss, "kassir@shop.example", "Анна", access.Cashier, []string{"shop-1"}))
	letter, token := b.post.last(t)
	assert.Equal(t, "kassir@shop.example", letter.to)
	require.NoError(t, b.ResetByLink(ctx, token, password, password, account.From{}))
	session, cashier := b.login("kassir@shop.example")
	assert.True(t, cashier.Within(boss.Org(), "shop-1"))
	assert.False(t, cashier.Within(boss.Org(), "shop-2"))
	var refusal *access.Refusal
	require.ErrorAs(t, b.Invite(ctx, cashier, "x@shop.example", "", access.Cashier, nil), &refusal)

	require.NoError(t, b.Give(ctx, boss, session.User, access.Admin, nil))
	admin, err := b.Viewer(ctx, session)
	require.NoError(t, err)
	wrong(t, b.Give(ctx, admin, owner.User, access.Cashier, nil), "role")
	require.ErrorAs(t, b.Give(ctx, admin, session.User, access.Owner, nil), &refusal)
	require.NoError(t, b.Remove(ctx, boss, session.User))
	gone, err := b.Viewer(ctx, session)
	require.NoError(t, err)
	assert.False(t, gone.Can(0), "an open session is worth nothing at once")
}

// Whoever registered with somebody else's address does not get in by an invitation.
func TestInvite_RefusesAddressesNobodyProved(t *testing.T) {
	b := newBench(t)
	ctx := context.Background()
	_, boss := b.register(1)
	_, err := b.Register(ctx, application(2))
	require.NoError(t, err)
	wrong(t, b.Invite(ctx, boss, application(2).Email, "", access.Cashier, nil), "email")
}

func TestResume_EndsWithItsTerm(t *testing.T) {
	b := newBench(t)
	ctx := context.Background()
	b.register(1)
	token, session, err := b.Login(ctx, "ivan1", password, account.From{})
	require.NoError(t, err)
	got, u, err := b.Resume(ctx, token)
	require.NoError(t, err)
	assert.Equal(t, session, got)
	assert.Equal(t, "Иван", u.Name)
	_, _, err = b.Resume(ctx, token+"x")
	refused(t, err, account.Expired)
	b.now = b.now.Add(account.SessionTerm)
	_, _, err = b.Resume(ctx, token)
	refused(t, err, account.Expired)
}

func TestEvents_AreForThoseWhoManageUsers(t *testing.T) {
	b := newBench(t)
	ctx := context.Background()
	_, boss := b.register(1)
	events, err := b.Events(ctx, boss, account.EventFilter{Limit: 10})
	require.NoError(t, err)
	require.NotEmpty(t, events)
	assert.Equal(t, "login", events[0].Action)
	_, err = b.Events(ctx, access.Viewer{}, account.EventFilter{Limit: 10})
	require.Error(t, err)
}

func FuzzPhone(f *testing.F) {
	for _, s := range []string{"+7 900 111-22-33", "8(900)1112233", "", "+1", "٣"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if p, ok := account.Phone(s); ok {
			assert.Regexp(t, `^\+7\d{10}$`, p)
			again, ok := account.Phone(p)
			assert.True(t, ok)
			assert.Equal(t, p, again)
		}
		account.Mask(s)
		account.Email(s)
	})
}
