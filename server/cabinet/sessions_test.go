package cabinet_test

import (
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	phoneAgent   = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36"
	desktopAgent = "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0"
)

// agent makes the person's browser call itself so.
type agent string

func (a agent) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("User-Agent", string(a))
	return http.DefaultTransport.RoundTrip(r)
}

func (p *person) with(a agent) *person {
	p.c.Transport = a
	return p
}

var sessionID = regexp.MustCompile(`name="session" value="([^"]+)"`)

// CAB-046: one person, the same name and password on a desktop and in the application on
// a phone: each session is listed with what it came with, and is ended from the other.
func TestSessions_OfPhoneAndDesktop(t *testing.T) {
	p := newPerson(t).with(desktopAgent)
	p.post("/lk/register", "org", "Ромашка", "email", "ivan@shop.example", "password", "ромашка-2026", "consent", "yes")
	phone := p.another().with(phoneAgent)
	status, _, _ := phone.post("/lk/login/password", "login", "ivan@shop.example", "password", "ромашка-2026")
	require.Equal(t, http.StatusOK, status)

	// Each sees both, and which is the own one.
	_, _, body := p.get("/lk/profile/registration")
	table := block(t, body, "Согласие и сеансы", "</table>")
	assert.Contains(t, rowOf(t, table, "Firefox, компьютер"), "этот")
	assert.Contains(t, rowOf(t, table, "Chrome, телефон"), "Закрыть")
	assert.Contains(t, rowOf(t, table, "Chrome, телефон"), phoneAgent)
	assert.Contains(t, rowOf(t, table, "Chrome, телефон"), "127.0.0.1")
	_, _, body = phone.get("/lk/profile/registration")
	table = block(t, body, "Согласие и сеансы", "</table>")
	assert.Contains(t, rowOf(t, table, "Chrome, телефон"), "этот")
	row := rowOf(t, table, "Firefox, компьютер")
	desktop := sessionID.FindStringSubmatch(row)
	require.NotNil(t, desktop)

	// Another person cannot end it, not even knowing its id.
	other := p.another()
	other.post("/lk/register", "org", "Василёк", "email", "anna@other.example", "password", "василёк-2026", "consent", "yes")
	other.post("/lk/profile/sessions", "session", desktop[1])
	status, at, _ := p.get("/lk/profile/registration")
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, "/lk/profile/registration", at)

	// The phone ends the desktop's: it is out at once, the phone stays in.
	phone.post("/lk/profile/sessions", "session", desktop[1])
	_, at, _ = p.get("/lk/profile/registration")
	assert.Contains(t, at, "/lk/login")
	_, at, body = phone.get("/lk/profile/registration")
	assert.Equal(t, "/lk/profile/registration", at)
	assert.NotContains(t, body, desktopAgent)

	// And the other way round.
	p.post("/lk/login/password", "login", "ivan@shop.example", "password", "ромашка-2026")
	_, _, body = p.get("/lk/profile/registration")
	table = block(t, body, "Согласие и сеансы", "</table>")
	p.post("/lk/profile/sessions", "session", sessionID.FindStringSubmatch(rowOf(t, table, "Chrome, телефон"))[1])
	_, at, _ = phone.get("/lk")
	assert.Contains(t, at, "/lk/login")

	// A session that nobody uses ends by itself.
	p.at(time.Now().Add(31 * 24 * time.Hour).Format("2006-01-02 15:04"))
	_, at, _ = p.get("/lk")
	assert.Contains(t, at, "/lk/login")
}

// CAB-033: whoever gives an ИНН is asked which login is theirs, in the same words for an
// organisation of one, of several and of nobody.
func TestLogin_ByINN(t *testing.T) {
	p := newPerson(t)
	_, _, body := p.get("/lk/login")
	assert.Contains(t, body, "имя пользователя или ИНН")
	p.post("/lk/register", "org", "Ромашка", "email", "ivan@shop.example", "password", "ромашка-2026", "consent", "yes")
	const inn, nobodys = "7701234560", "7707083893"
	status, _, body := p.post("/lk/profile", "name", "Ромашка", "inn", inn, "kpp", "770101001", "version", "1")
	require.Equal(t, http.StatusOK, status, body)
	p.post("/lk/logout")

	second := func(name string) string {
		status, _, body := p.post("/lk/login", "login", name)
		require.Equal(t, http.StatusOK, status)
		return body
	}
	same := regexp.MustCompile(`\d{10}`)
	assert.Contains(t, second(inn), "Какой логин использовать")
	assert.Equal(t, same.ReplaceAllString(second(nobodys), ""), same.ReplaceAllString(second(inn), ""))
	assert.NotContains(t, second("ivan@shop.example"), "Какой логин использовать")

	// Of one user the ИНН is enough.
	_, at, _ := p.post("/lk/login/password", "login", inn, "password", "ромашка-2026")
	assert.Equal(t, "/lk", at)
	_, _, body = p.get("/lk/profile")
	assert.Contains(t, body, `value="`+inn+`"`)

	// Of several it is not, and the refusal is the one for an ИНН that nobody has.
	p.post("/lk/profile/users", "do", "invite", "email", "anna@shop.example", "name", "Анна", "role", "manager")
	p.post("/lk/logout")
	refusal := func(name, which string) string {
		status, _, body := p.post("/lk/login/password", "login", name, "which", which, "password", "ромашка-2026")
		require.Equal(t, http.StatusUnprocessableEntity, status)
		assert.Contains(t, body, "Неверный логин или пароль.")
		assert.Contains(t, body, "Какой логин использовать")
		return same.ReplaceAllString(body, "")
	}
	assert.Equal(t, refusal(nobodys, ""), refusal(inn, ""))
	assert.Equal(t, refusal(nobodys, "anna@shop.example"), refusal(inn, "anna@shop.example"))
	_, at, _ = p.post("/lk/login/password", "login", inn, "which", "ivan@shop.example", "password", "ромашка-2026")
	assert.Equal(t, "/lk", at)
}

// CAB-040: from the door by ИНН and КПП to the letter; the screen shows but a mask.
func TestForgotLogin_FromTheDoor(t *testing.T) {
	p := newPerson(t)
	p.owner()
	p.post("/lk/logout")
	_, _, body := p.get("/lk/login")
	assert.Contains(t, body, `<a href="/lk/forgot-login">Забыли логин? Нажмите здесь</a>`)
	_, _, body = p.get("/lk/forgot-login")
	assert.Contains(t, body, "Напомнить логин")
	status, _, body := p.post("/lk/forgot-login", "inn", string(inn), "kpp", "770201001")
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, body, "i***@shop.example")
	assert.NotContains(t, body, "ivan@shop.example")
	assert.Equal(t, "ivan@shop.example", p.sent.to)
	_, _, body = p.post("/lk/forgot-login", "inn", string(inn), "kpp", "770201002")
	assert.NotContains(t, body, "i***@shop.example", "another КПП")
}
