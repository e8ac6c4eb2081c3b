package cabinet_test

import (
	"context"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/buyers"
	"github.com/fiscalbench/fiscalbench/server/cabinet"
	"github.com/fiscalbench/fiscalbench/server/cabinet/page"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/ledger"
	"github.com/fiscalbench/fiscalbench/server/notify"
	"github.com/fiscalbench/fiscalbench/server/receiptcheck"
	"github.com/fiscalbench/fiscalbench/server/report"
	"github.com/fiscalbench/fiscalbench/server/store/office"
	"github.com/fiscalbench/fiscalbench/server/store/sqlite"
)

// letters keeps what was sent last.
type letters struct{ kind, to, code, link string }

func (l *letters) SMS(_ context.Context, kind, to string, data map[string]string) error {
	*l = letters{kind: kind, to: to, code: data["code"]}
	return nil
}

func (l *letters) Letter(_ context.Context, kind, to string, data map[string]string) error {
	*l = letters{kind: kind, to: to, link: data["link"]}
	return nil
}

// person is a browser without a script.
type person struct {
	t    *testing.T
	site *httptest.Server
	c    *http.Client
	sent *letters

	accounts  *account.Service
	registers *fleet.Service
	base      *office.Office
	documents *sqlite.Store
	outbox    *notify.Service
	reports   *report.Service
	buyers    *buyers.Service
	standIns  *[2]notify.StandIn // SMS, mail
	moved     atomic.Int64       // nanoseconds that the bench's clock is ahead
}

// clock is the bench's: it can be moved.
func (p *person) clock() time.Time { return time.Now().Add(time.Duration(p.moved.Load())) }

func newPerson(t *testing.T) *person {
	t.Helper()
	t.Parallel()
	o, err := office.Open(context.Background(), "sqlite:"+filepath.Join(t.TempDir(), "ofd.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, o.Close()) })
	p := &person{t: t, sent: &letters{}, base: o}
	site := httptest.NewUnstartedServer(nil)
	a, err := account.New(account.Options{Store: o.Accounts(), Messenger: p.sent, Site: "http://" + site.Listener.Addr().String(), Memory: 64, LoginByINN: true, Now: p.clock})
	require.NoError(t, err)
	registers, err := fleet.New(fleet.Options{Store: o.Fleet(), Orgs: a, Now: p.clock})
	require.NoError(t, err)
	documents, err := sqlite.Open(filepath.Join(t.TempDir(), "documents.db"), sqlite.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, documents.Close()) })
	p.documents = documents
	siteURL := "http://" + site.Listener.Addr().String()
	p.standIns = &[2]notify.StandIn{}
	p.outbox, err = notify.New(notify.Options{Store: o.Messages(), SMS: &p.standIns[0], Mail: &p.standIns[1], Site: siteURL, OFDName: "Испытательный ОФД", Now: p.clock})
	require.NoError(t, err)
	figures := ledger.New(documents, documents)
	p.reports, err = report.New(report.Options{Store: o.Reports(), People: a, Fleet: registers, Ledger: figures, Outbox: p.outbox, Site: "http://" + site.Listener.Addr().String(), Now: p.clock})
	require.NoError(t, err)
	p.buyers, err = buyers.New(buyers.Options{Store: o.Buyers(), Notify: p.outbox, Site: siteURL, OFDName: "Испытательный ОФД", Now: p.clock})
	require.NoError(t, err)
	receipts, err := receiptcheck.New(receiptcheck.Options{Documents: documents, Now: p.clock, Least: -1, Tries: 20})
	require.NoError(t, err)
	h, err := cabinet.New(cabinet.Options{Accounts: a, Fleet: registers, Ledger: figures, Reports: p.reports, Buyers: p.buyers, Check: receipts, Notify: p.outbox, SMS: &p.standIns[0], Mail: &p.standIns[1],
		Contacts: page.Contacts{Phone: "+7 495 000-00-00", Email: "help@ofd.example"}, Compat: true, Site: siteURL, Now: p.clock, KKTAddr: "127.0.0.1:7777", OFDName: "Испытательный ОФД", OFDINN: "7704358518", Bench: true})
	require.NoError(t, err)
	site.Config.Handler = h
	site.Start()
	t.Cleanup(site.Close)
	p.accounts, p.registers = a, registers
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	p.site, p.c = site, &http.Client{Jar: jar}
	return p
}

// another is a second browser at the same cabinet.
func (p *person) another() *person {
	p.t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(p.t, err)
	return &person{t: p.t, site: p.site, c: &http.Client{Jar: jar}, sent: p.sent, accounts: p.accounts, registers: p.registers, base: p.base, documents: p.documents, outbox: p.outbox, reports: p.reports, buyers: p.buyers, standIns: p.standIns}
}

func (p *person) read(resp *http.Response, err error) (int, string, string) {
	p.t.Helper()
	require.NoError(p.t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	require.NoError(p.t, err)
	return resp.StatusCode, resp.Request.URL.RequestURI(), html.UnescapeString(string(b))
}

func (p *person) get(path string) (status int, at, body string) {
	p.t.Helper()
	if !strings.HasPrefix(path, "http") {
		path = p.site.URL + path
	}
	return p.read(p.c.Get(path))
}

func (p *person) post(path string, pairs ...string) (status int, at, body string) {
	p.t.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return p.read(p.c.PostForm(p.site.URL+path, form))
}

// CAB-001, CAB-003, CAB-010: from every public page to the client door.
func TestDoors_LeadToTheClientForm(t *testing.T) {
	p := newPerson(t)
	for _, path := range []string{"/", "/login", "/lk/login", "/lk/register", "/lk/recover", "/partner/login"} {
		status, _, body := p.get(path)
		assert.Equal(t, http.StatusOK, status, path)
		assert.Contains(t, body, `href="/login">Войти в ЛК`, path)
	}
	_, _, body := p.get("/login")
	assert.Contains(t, body, "Войти как клиент")
	assert.Contains(t, body, "Партнер")
}

// CAB-011, CAB-012, CAB-014, CAB-015: registration from the form to the letter.
func TestRegistration(t *testing.T) {
	p := newPerson(t)
	status, _, body := p.post("/lk/register", "org", "Ромашка", "phone", "12", "email", "ivan@shop.example", "password", "ромашка-2026")
	assert.Equal(t, http.StatusUnprocessableEntity, status)
	for _, want := range []string{`value="Ромашка"`, `value="ivan@shop.example"`, "Номер телефона: +7 и десять цифр.", "Без согласия"} {
		assert.Contains(t, body, want, "nothing typed is lost, what is wrong is said at the field")
	}
	assert.NotContains(t, body, "ромашка-2026")
	status, at, _ := p.post("/lk/register", "org", "Ромашка", "phone", "8 900 111-22-33", "email", "ivan@shop.example", "password", "ромашка-2026", "consent", "yes")
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, "/lk/code", at)
	assert.Equal(t, "+79001112233", p.sent.to)
	who, err := p.base.Accounts().UserBy(context.Background(), "ivan@shop.example")
	require.NoError(t, err)
	assert.WithinDuration(t, p.clock(), who.ConsentAt, time.Minute, "the consent is kept with its time")
	_, _, body = p.post("/lk/code", "code", "000000x")
	assert.Contains(t, body, "Код не подходит.")
	_, at, body = p.post("/lk/code", "code", p.sent.code)
	assert.Equal(t, "/lk/letter", at)
	assert.Contains(t, body, "Спам")
	_, _, body = p.get(p.sent.link)
	assert.Contains(t, body, "Подтвердить")
	_, token, _ := strings.Cut(p.sent.link, "token=")
	status, _, _ = p.post("/confirm", "token", token)
	assert.NotEqual(t, http.StatusForbidden, status)
	status, _, _ = p.post("/confirm", "token", token)
	assert.Equal(t, http.StatusForbidden, status, "once")
}

// CAB-002: a client's password does not open the partner's door.
func TestPartnerDoor_RefusesClients(t *testing.T) {
	p := newPerson(t)
	p.post("/lk/register", "org", "Ромашка", "email", "ivan@shop.example", "password", "ромашка-2026", "consent", "yes")
	p.post("/lk/logout")
	_, _, body := p.post("/partner/login", "login", "ivan@shop.example", "password", "ромашка-2026")
	assert.Contains(t, body, "В кабинет партнёра она не входит")
	_, at, _ := p.get("/lk/choose")
	assert.Contains(t, at, "/lk/login", "nobody is logged in")
}

// CAB-032, CAB-043: two steps; with two organisations there is a choice.
func TestLogin_TwoStepsAndBackToThePage(t *testing.T) {
	p := newPerson(t)
	p.post("/lk/register", "org", "Ромашка", "email", "ivan@shop.example", "password", "ромашка-2026", "consent", "yes")
	p.post("/lk/logout")
	_, at, _ := p.get("/lk/letter")
	assert.Equal(t, "/lk/login?next=%2Flk%2Fletter", at)
	for _, name := range []string{"ivan@shop.example", "ghost@shop.example"} {
		status, _, body := p.post("/lk/login", "login", name, "next", "/lk/letter")
		assert.Equal(t, http.StatusOK, status)
		assert.Contains(t, body, `name="password"`)
	}
	status, _, body := p.post("/lk/login/password", "login", "ghost@shop.example", "password", "x")
	assert.Equal(t, http.StatusUnprocessableEntity, status)
	assert.Contains(t, body, "Неверный логин или пароль.")
	_, at, _ = p.post("/lk/login/password", "login", "ivan@shop.example", "password", "ромашка-2026", "next", "/lk/letter")
	assert.Equal(t, "/lk/letter", at)
	for _, evil := range []string{"//evil.example", "https://evil.example", "/\\evil.example"} {
		_, at, _ = p.post("/lk/login/password", "login", "ivan@shop.example", "password", "ромашка-2026", "next", evil)
		assert.Equal(t, "/lk", at)
	}
}

// Forms of other sites are refused; pages hold no inline script and come with their headers.
func TestPages_AreProtected(t *testing.T) {
	p := newPerson(t)
	req, err := http.NewRequest(http.MethodPost, p.site.URL+"/lk/register", strings.NewReader("org=x"))
	require.NoError(t, err)
	req.Header.Set("Origin", "https://evil.example")
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	status, _, _ := p.read(p.c.Do(req))
	assert.Equal(t, http.StatusForbidden, status)

	resp, err := p.c.Get(p.site.URL + "/")
	require.NoError(t, err)
	defer resp.Body.Close()
	assert.Contains(t, resp.Header.Get("Content-Security-Policy"), "default-src 'none'; script-src 'self'")
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.NotContains(t, string(body), "<script>")
	assert.NotContains(t, string(body), "style=")

	status, _, text := p.get("/nowhere")
	assert.Equal(t, http.StatusNotFound, status)
	assert.Contains(t, text, "Страница не найдена")
}
