package front_test

import (
	"context"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/front"
	"github.com/fiscalbench/fiscalbench/server/identity"
	"github.com/fiscalbench/fiscalbench/server/identity/standin"
	"github.com/fiscalbench/fiscalbench/server/notify"
	"github.com/fiscalbench/fiscalbench/server/store/office"
	"github.com/fiscalbench/fiscalbench/server/store/sqlite"
)

// person is somebody's browser at a front of their own.
type person struct {
	t    *testing.T
	site string
	c    *http.Client
	*front.Front
}

func newPerson(t *testing.T, change func(*front.Options)) *person {
	t.Helper()
	t.Parallel()
	ctx := context.Background()
	db := filepath.Join(t.TempDir(), "ofd.db")
	documents, err := sqlite.Open(db, sqlite.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, documents.Close()) })
	base, err := office.Open(ctx, "sqlite:"+db)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, base.Close()) })
	web := httptest.NewUnstartedServer(nil)
	p := &person{t: t, site: "http://" + web.Listener.Addr().String()}
	o := front.Options{Store: documents, Office: base, OFD: "7704358518", OFDName: "Испытательный ОФД", Site: p.site, Bench: true, PasswordMemory: 64}
	change(&o)
	p.Front, err = front.New(o)
	require.NoError(t, err)
	web.Config.Handler = p.Handler()
	web.Start()
	t.Cleanup(web.Close)
	return p.afresh()
}

// afresh is the same site in a browser without cookies.
func (p *person) afresh() *person {
	p.t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(p.t, err)
	q := *p
	q.c = &http.Client{Jar: jar}
	return &q
}

func (p *person) read(resp *http.Response, err error) (status int, at, body string) {
	p.t.Helper()
	require.NoError(p.t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	require.NoError(p.t, err)
	return resp.StatusCode, resp.Request.URL.RequestURI(), html.UnescapeString(string(b))
}

func (p *person) get(path string) (int, string, string) {
	p.t.Helper()
	return p.read(p.c.Get(p.site + path))
}

var hidden = regexp.MustCompile(`type="hidden" name="([^"]+)" value="([^"]*)"`)

// choose presses the button of the provider's page.
func (p *person) choose(body, user string, answer standin.Answer) (int, string, string) {
	p.t.Helper()
	return p.tell(body, user, "", answer)
}

// tell does so with another address of the user; empty: the one on the list.
func (p *person) tell(body, user, email string, answer standin.Answer) (int, string, string) {
	p.t.Helper()
	form := url.Values{"user": {user}, "email": {email}, "answer": {string(answer)}}
	for _, f := range hidden.FindAllStringSubmatch(body, -1) {
		form.Set(f[1], f[2])
	}
	return p.read(p.c.PostForm(p.site+"/standin/identity/authorize", form))
}

// enrol makes a user with a confirmed address, or one that is not confirmed yet.
func (p *person) enrol(email string, confirmed bool) {
	p.t.Helper()
	ctx := context.Background()
	user, err := p.Accounts.Register(ctx, account.Application{OrgName: "Ромашка", Email: email, Password: "ромашка-2026", Consent: true})
	require.NoError(p.t, err)
	if !confirmed {
		return
	}
	all, err := p.Notify.Messages(ctx, notify.Filter{To: email, Limit: 1})
	require.NoError(p.t, err)
	m, err := p.Notify.Message(ctx, all[0].ID)
	require.NoError(p.t, err)
	_, token, _ := strings.Cut(m.Text, "token=")
	token = strings.Fields(token)[0]
	got, err := p.Accounts.ConfirmEmail(ctx, token)
	require.NoError(p.t, err)
	require.Equal(p.t, user, got)
}

// CAB-035, SIM-10: the login page leads to the built-in provider; whom it vouches for
// comes in as the user with that confirmed address, and nobody else does.
func TestOutside_LoginByTheBuiltInProvider(t *testing.T) {
	p := newPerson(t, func(o *front.Options) {
		o.TestUsers = []standin.User{{Subject: "1", Email: "anna@outside.example", Name: "Анна"}, {Subject: "2", Email: "new@outside.example", Name: "Новый"}, {Subject: "3", Email: "late@outside.example", Name: "Поздний"}}
	})
	p.enrol("anna@outside.example", true)
	p.enrol("late@outside.example", false)
	_, _, body := p.get("/lk/login?next=/lk/reports")
	assert.Contains(t, body, "Войти через испытательную службу")
	assert.Contains(t, body, "/lk/outside?next=%2flk%2freports")
	status, at, body := p.get("/lk/outside?next=/lk/reports")
	require.Equal(t, http.StatusOK, status)
	require.True(t, strings.HasPrefix(at, "/standin/identity/authorize?"), at)
	assert.Contains(t, body, "Анна · anna@outside.example")
	status, at, body = p.choose(body, "1", standin.Right)
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, "/lk/reports", at, "where the person wanted to go")
	assert.Contains(t, body, "Ромашка")

	// Bound by now: the address does not matter any more.
	q := p.afresh()
	_, _, body = q.get("/lk/outside")
	_, at, _ = q.choose(body, "1", standin.Unverified)
	assert.Equal(t, "/lk", at)

	// No account, an address that is not confirmed, wrong answers: nobody comes in.
	for _, one := range []struct {
		user   string
		answer standin.Answer
		status int
		text   string
	}{
		{"2", standin.Right, http.StatusForbidden, "никто не зарегистрирован"},
		{"3", standin.Right, http.StatusForbidden, "никто не зарегистрирован"},
		{"1", standin.Refuse, http.StatusForbidden, "Служба входа отказала"},
		{"2", standin.Unverified, http.StatusForbidden, "не подтвердила ваш адрес"},
		{"1", standin.WrongKey, http.StatusForbidden, "нельзя верить"},
		{"1", standin.WrongNonce, http.StatusForbidden, "нельзя верить"},
		{"1", standin.WrongClient, http.StatusForbidden, "нельзя верить"},
		{"1", standin.WrongIssuer, http.StatusForbidden, "нельзя верить"},
		{"1", standin.Expired, http.StatusForbidden, "нельзя верить"},
		{"1", standin.Broken, http.StatusBadGateway, "не отвечает"},
	} {
		q := p.afresh()
		_, _, body := q.get("/lk/outside")
		status, at, body := q.choose(body, one.user, one.answer)
		assert.Equal(t, one.status, status, "%s %s", one.user, one.answer)
		assert.Contains(t, body, one.text, "%s %s", one.user, one.answer)
		_, out, _ := q.get("/lk")
		assert.True(t, strings.HasPrefix(out, "/lk/login"), out)

		// The answer in another browser, and again in this one.
		status, _, _ = p.afresh().get(at)
		assert.Equal(t, http.StatusForbidden, status)
		status, _, _ = q.get(at)
		assert.Equal(t, http.StatusForbidden, status)
	}

	// Nobody is sent to another site afterwards.
	q = p.afresh()
	_, _, body = q.get("/lk/outside?next=//evil.example/")
	_, at, _ = q.choose(body, "1", standin.Right)
	assert.Equal(t, "/lk", at)
}

// enter goes to the provider and back in a new browser, and tells where that ended.
func (p *person) enter(user, email string, answer standin.Answer) (q *person, at, body string) {
	p.t.Helper()
	q = p.afresh()
	_, _, body = q.get("/lk/outside")
	_, at, body = q.tell(body, user, email, answer)
	return q, at, body
}

func (p *person) post(path string, form url.Values) (int, string, string) {
	p.t.Helper()
	return p.read(p.c.PostForm(p.site+path, form))
}

// CAB-035: the first entry binds issuer and subject to the user of the confirmed address;
// from then on they decide. The profile shows who is bound and unbinds them.
func TestOutside_SubjectsNotAddresses(t *testing.T) {
	const anna, heir = "anna@outside.example", "heir@outside.example"
	p := newPerson(t, func(o *front.Options) {
		o.TestUsers = []standin.User{{Subject: "1", Email: anna, Name: "Анна"}, {Subject: "2", Email: heir, Name: "Наследница"}}
	})
	p.enrol(anna, true)
	const profile = "/lk/profile/registration"
	_, at, body := p.enter("1", "", standin.Unverified)
	assert.Contains(t, body, "не подтвердила ваш адрес", "an address that is not vouched for binds nothing")
	assert.True(t, strings.HasPrefix(at, "/lk/outside/back"), at)
	q, at, _ := p.enter("1", "", standin.Right)
	require.Equal(t, "/lk", at)
	_, _, body = q.get(profile)
	assert.Contains(t, body, "Вход через внешние службы")
	assert.Contains(t, body, "/standin/identity</span>")
	_, _, body = q.get("/lk/profile/journal")
	assert.Contains(t, body, "внешняя служба привязана")
	assert.Contains(t, body, "вход через внешнюю службу")

	// The address changed at the provider: the same person, found by the subject.
	q, at, _ = p.enter("1", "anna.petrova@outside.example", standin.Right)
	require.Equal(t, "/lk", at)
	_, _, body = q.get(profile)
	assert.Contains(t, body, "anna.petrova@outside.example")
	assert.Contains(t, body, ">"+"Отвязать<")
	assert.Contains(t, body, `value="`+anna+`"`, "the user's own address stays")

	// The address went to somebody else there: they are somebody else here, too.
	q, at, body = p.enter("2", anna, standin.Right)
	assert.True(t, strings.HasPrefix(at, "/lk/outside/back"), at)
	assert.Contains(t, body, "уже привязана другая учётная запись")
	_, at, _ = q.get("/lk")
	assert.True(t, strings.HasPrefix(at, "/lk/login"), at)

	// Unbound: neither subject comes in by the address again.
	in, _, _ := p.enter("1", "", standin.Right)
	q, _, _ = p.enter("1", "", standin.Right)
	issuer := p.site + "/standin/identity"
	stranger := p.afresh()
	status, at, _ := stranger.post("/lk/profile/identities", url.Values{"issuer": {issuer}, "subject": {"1"}})
	assert.Equal(t, http.StatusOK, status)
	assert.True(t, strings.HasPrefix(at, "/lk/login"), at)
	status, _, _ = q.post("/lk/profile/identities", url.Values{"issuer": {issuer}, "subject": {"2"}})
	assert.Equal(t, http.StatusNotFound, status, "nothing of theirs")
	_, at, body = q.post("/lk/profile/identities", url.Values{"issuer": {issuer}, "subject": {"1"}})
	assert.Equal(t, profile, at)
	assert.Contains(t, body, "Учётная запись отвязана")
	assert.Contains(t, body, "Ни одной учётной записи")
	_, at, _ = in.get("/lk")
	assert.True(t, strings.HasPrefix(at, "/lk/login"), "whoever was in by it is out")
	for _, user := range []string{"1", "2"} {
		_, _, body = p.enter(user, anna, standin.Right)
		assert.Contains(t, body, "вы отвязали", user)
	}

	// Bound again from the profile: with the password, whatever the address.
	_, at, body = q.post("/lk/outside/bind", url.Values{"current": {"не тот"}})
	assert.Equal(t, profile, at)
	assert.Contains(t, body, "Текущий пароль указан неверно")
	bind := func(q *person, user string) (at, body string) {
		_, _, body = q.post("/lk/outside/bind", url.Values{"current": {"ромашка-2026"}})
		onward := regexp.MustCompile(`href="(http[^"]+authorize[^"]+)"`).FindStringSubmatch(body)
		require.Len(t, onward, 2, body)
		_, _, body = q.read(q.c.Get(onward[1]))
		_, at, body = q.tell(body, user, "", standin.Right)
		return at, body
	}
	at, body = bind(q, "2")
	assert.Equal(t, profile, at)
	assert.Contains(t, body, "Учётная запись привязана")
	_, at, _ = p.enter("2", "", standin.Right)
	assert.Equal(t, "/lk", at)
	at, body = bind(q, "1")
	assert.True(t, strings.HasPrefix(at, "/lk/outside/back"), at)
	assert.Contains(t, body, "сначала отвяжите её")

	// Somebody else's stays theirs.
	p.enrol("other@outside.example", true)
	o := p.afresh()
	_, at, _ = o.post("/lk/login/password", url.Values{"login": {"other@outside.example"}, "password": {"ромашка-2026"}})
	require.Equal(t, "/lk", at)
	_, body = bind(o, "2")
	assert.Contains(t, body, "привязана к другому пользователю")

	// Who logs out on the way binds nothing.
	_, _, body = o.post("/lk/outside/bind", url.Values{"current": {"ромашка-2026"}})
	onward := regexp.MustCompile(`href="(http[^"]+authorize[^"]+)"`).FindStringSubmatch(body)
	require.Len(t, onward, 2)
	_, _, body = o.read(o.c.Get(onward[1]))
	_, _, _ = o.post("/lk/logout", nil)
	_, _, body = o.tell(body, "1", "", standin.Right)
	assert.Contains(t, body, "не на этот запрос")
	_, _, body = p.enter("1", "", standin.Right)
	assert.Contains(t, body, "вы отвязали")
}

// Without test users there is no built-in provider and no button; with a real one the
// button leads there, and one that is away is told about.
func TestOutside_NoneOrARealOne(t *testing.T) {
	p := newPerson(t, func(*front.Options) {})
	_, _, body := p.get("/lk/login")
	assert.NotContains(t, body, "Войти через")
	for _, path := range []string{"/lk/outside", "/standin/identity/keys"} {
		status, _, _ := p.get(path)
		assert.Equal(t, http.StatusNotFound, status, path)
	}
	gone := httptest.NewServer(nil)
	gone.Close()
	t.Run("real", func(t *testing.T) {
		p := newPerson(t, func(o *front.Options) {
			o.Identity = &identity.Options{Issuer: gone.URL, ClientID: "cabinet", Name: "Почту"}
			o.TestUsers = []standin.User{{Subject: "1", Email: "anna@outside.example"}}
		})
		_, _, body := p.get("/lk/login")
		assert.Contains(t, body, "Войти через Почту")
		status, _, body := p.get("/lk/outside")
		assert.Equal(t, http.StatusBadGateway, status)
		assert.Contains(t, body, "Служба входа не отвечает")
		status, _, _ = p.get("/standin/identity/keys")
		assert.Equal(t, http.StatusNotFound, status, "not beside a real one")
	})
}
