package cabinet_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// CAB-001, CAB-003, CAB-010: the chooser has two doors, the client's leads to the form that
// the direct address opens; both entries lead to registration; the button is on every
// public page, and nowhere twice.
func TestDoors_EachLeadsWhereItSays(t *testing.T) {
	p := newPerson(t)
	_, _, chooser := p.get("/login")
	client, partner := block(t, chooser, "<h2>Клиент</h2>", "</section>"), block(t, chooser, "<h2>Партнер</h2>", "</section>")
	assert.Equal(t, 2, strings.Count(block(t, chooser, `class="doors"`, "</main>"), `class="icon`), "an icon at each")
	assert.Contains(t, client, `href="/lk/login">Войти как клиент<`)
	assert.Contains(t, partner, `href="/partner/login">Войти<`)
	_, _, direct := p.get("/lk/login")
	for _, want := range []string{`action="/lk/login"`, `name="login"`, "Продолжить", `href="/lk/register">Зарегистрироваться`} {
		assert.Contains(t, direct, want)
	}
	_, _, front := p.get("/")
	assert.Contains(t, front, `href="/lk/register">Зарегистрироваться`)
	_, _, form := p.get("/lk/register")
	assert.Contains(t, form, `action="/lk/register"`)
	assert.Regexp(t, `<button type="submit">(Зарегистрироваться|Продолжить)`, form)
	for _, path := range []string{"/", "/login", "/lk/login", "/lk/register", "/lk/recover", "/lk/forgot-login", "/partner/login", "/check", "/check?tab=link", "/help", "/about", "/offline", "/reset?token=x", "/nowhere"} {
		_, _, body := p.get(path)
		header := block(t, body, "<header", "</header>")
		assert.Equal(t, 1, strings.Count(header, "Войти в ЛК"), path)
		assert.Contains(t, header, `href="/login">Войти в ЛК`, path)
	}
}

// CAB-011: an empty or malformed field is marked, the fields that are right are not.
func TestRegistration_MarksFields(t *testing.T) {
	p := newPerson(t)
	_, _, body := p.post("/lk/register", "org", "Ромашка", "contact", "Иван", "phone", "12", "email", "", "password", "")
	marked := func(name string) bool {
		_, rest, found := strings.Cut(body, `name="`+name+`"`)
		require.True(t, found, name)
		tag, _, _ := strings.Cut(rest, ">")
		return strings.Contains(tag, `aria-invalid="true"`)
	}
	for name, want := range map[string]bool{"phone": true, "email": true, "password": true, "consent": true, "org": false, "contact": false} {
		assert.Equal(t, want, marked(name), name)
	}
	for _, kept := range []string{`value="Ромашка"`, `value="Иван"`, `value="12"`} {
		assert.Contains(t, body, kept)
	}
}

// CAB-013: e-mail and a password are enough to come in; the cabinet is empty and says
// what to do, and the ИНН is asked for with the first register.
func TestAccount_WithoutINN(t *testing.T) {
	p := newPerson(t)
	status, _, body := p.post("/lk/register", "email", "ivan@shop.example", "password", "ромашка-2026", "consent", "yes")
	require.Equal(t, http.StatusOK, status, body)
	p.post("/lk/logout")
	_, at, body := p.post("/lk/login/password", "login", "ivan@shop.example", "password", "ромашка-2026")
	assert.Equal(t, "/lk", at)
	assert.Contains(t, body, "Добавить кассу")
	for _, path := range []string{"/lk/registers", "/lk/documents", "/lk/monitoring", "/lk/analytics", "/lk/reports", "/lk/outlets", "/lk/map", "/lk/buyers", "/lk/profile"} {
		status, _, _ := p.get(path)
		assert.Equal(t, http.StatusOK, status, path)
	}
	status, _, body = p.post("/lk/registers/new", "regId", number(1), "serial", serial)
	assert.Equal(t, http.StatusUnprocessableEntity, status)
	assert.Contains(t, body, "заполните карточку организации")
}

// CAB-015: the letter is sent again on demand; the advice to look among the spam is also
// among questions and answers.
func TestRegistration_LetterAgain(t *testing.T) {
	p := newPerson(t)
	p.post("/lk/register", "org", "Ромашка", "email", "ivan@shop.example", "password", "ромашка-2026", "consent", "yes")
	first := p.sent.link
	_, _, body := p.get("/lk/letter")
	assert.Contains(t, body, `action="/lk/resend"`)
	assert.Contains(t, body, "«Спам»")
	p.at(p.clock().In(moscow).Add(10 * 60e9).Format("2006-01-02 15:04"))
	p.post("/lk/resend")
	require.NotEqual(t, first, p.sent.link, "another link")
	_, token, _ := strings.Cut(p.sent.link, "token=")
	_, _, body = p.post("/confirm", "token", token)
	assert.Contains(t, body, "подтверждён")
	_, _, body = p.get("/help")
	answer := block(t, body, "<summary>Письмо не пришло</summary>", "</details>")
	assert.Contains(t, answer, "«Спам»")
	assert.Contains(t, answer, "«Выслать письмо ещё раз»", "as the button is called")
}

// CAB-032: nothing on the second step tells whether the account is there.
func TestLogin_StepsTellNothing(t *testing.T) {
	p := newPerson(t)
	p.post("/lk/register", "org", "Ромашка", "email", "ivan@shop.example", "password", "ромашка-2026", "consent", "yes")
	p.post("/lk/logout")
	const ghost = "ghost@shop.example"
	same := func(path string, pairs ...string) {
		t.Helper()
		var bodies, codes []any
		for _, name := range []string{"ivan@shop.example", ghost} {
			status, _, body := p.post(path, append([]string{"login", name}, pairs...)...)
			codes, bodies = append(codes, status), append(bodies, strings.NewReplacer(name, "", url.QueryEscape(name), "").Replace(body))
		}
		assert.Equal(t, codes[0], codes[1], path)
		assert.Equal(t, bodies[0], bodies[1], path)
	}
	same("/lk/login")
	same("/lk/login/password", "password", "неверный-1")
	same("/lk/recover") // CAB-038, CAB-039
}

// CAB-037, CAB-038, CAB-039: from the page to a new password by code and by letter, once,
// with the other sessions closed.
func TestRecover_ByCodeAndByLetter(t *testing.T) {
	p := newPerson(t)
	p.post("/lk/register", "org", "Ромашка", "phone", "+79001112233", "email", "ivan@shop.example", "password", "ромашка-2026", "consent", "yes")
	p.post("/lk/code", "code", p.sent.code)
	_, token, _ := strings.Cut(p.sent.link, "token=")
	p.post("/confirm", "token", token)
	inside := func(q *person) bool { _, at, _ := q.get("/lk/profile/password"); return at == "/lk/profile/password" }
	phone := p.another()
	phone.post("/lk/login/password", "login", "ivan@shop.example", "password", "ромашка-2026")
	require.True(t, inside(p))
	require.True(t, inside(phone))

	guest := p.another()
	_, _, body := guest.post("/lk/login", "login", "ivan@shop.example")
	assert.Contains(t, body, "Забыли пароль? Напомнить")
	_, _, body = guest.get("/lk/recover")
	assert.Contains(t, body, "Далее")
	p.at(p.clock().In(moscow).Add(10 * 60e9).Format("2006-01-02 15:04"))
	_, _, body = guest.post("/lk/recover", "login", "8 (900) 111-22-33")
	assert.Contains(t, body, "Восстановить")
	assert.Equal(t, "+79001112233", p.sent.to)
	code := p.sent.code
	status, _, body := guest.post("/lk/recover/code", "login", "8 (900) 111-22-33", "code", code, "password", "новый-пароль-1", "repeated", "новый-пароль-2")
	assert.Equal(t, http.StatusUnprocessableEntity, status)
	assert.Contains(t, body, "не совпадают")
	_, at, body := guest.post("/lk/recover/code", "login", "8 (900) 111-22-33", "code", code, "password", "новый-пароль-1", "repeated", "новый-пароль-1")
	assert.Equal(t, "/lk/login", at)
	assert.Contains(t, body, "Доступ восстановлен")
	assert.False(t, inside(p), "all sessions are closed")
	assert.False(t, inside(phone))
	_, at, _ = phone.post("/lk/login/password", "login", "ivan@shop.example", "password", "новый-пароль-1")
	assert.Equal(t, "/lk", at)

	_, _, body = guest.post("/lk/recover", "login", "ivan@shop.example")
	assert.Contains(t, body, "Если такая учётная запись есть")
	require.Equal(t, "NTF-06", p.sent.kind)
	_, token, _ = strings.Cut(p.sent.link, "token=")
	_, _, body = guest.get(p.sent.link)
	assert.Contains(t, body, "Новый пароль ещё раз")
	_, at, _ = guest.post("/reset", "token", token, "password", "новый-пароль-3", "repeated", "новый-пароль-3")
	assert.Equal(t, "/lk/login", at)
	assert.False(t, inside(phone), "the sessions of the old password are closed")
	status, _, _ = guest.post("/reset", "token", token, "password", "новый-пароль-4", "repeated", "новый-пароль-4")
	assert.Equal(t, http.StatusUnprocessableEntity, status, "the link works once")
	_, at, _ = guest.post("/lk/login/password", "login", "ivan@shop.example", "password", "новый-пароль-3")
	assert.Equal(t, "/lk", at)
}

// CAB-043: one account, no chooser; with two a person goes from one to the other without
// logging out.
func TestAccounts_SwitchWithoutLoggingOut(t *testing.T) {
	p := newPerson(t)
	p.signUp()
	p.post("/lk/logout")
	_, at, _ := p.post("/lk/login/password", "login", "ivan@shop.example", "password", "ромашка-2026")
	assert.Equal(t, "/lk", at, "one account: nothing to choose")
	_, _, body := p.get("/lk/profile/accounts")
	assert.Contains(t, body, "Аккаунт")
	p.post("/lk/profile/accounts", "name", "Филиал")
	name := func() string {
		_, _, body := p.get("/lk/profile")
		return block(t, body, `title="Сменить организацию">`, "<")
	}
	ids := map[string]string{}
	_, _, body = p.get("/lk/choose")
	for _, part := range strings.Split(body, `name="org" value="`)[1:] {
		id, rest, _ := strings.Cut(part, `"`)
		ids[block(t, rest, "<strong>", "</strong>")] = id
	}
	require.Len(t, ids, 2)
	for _, to := range []string{"Филиал", "Ромашка", "Филиал"} {
		p.post("/lk/choose", "org", ids[to])
		assert.Equal(t, to, name())
	}
}

// CAB-045: rules of strength are on the page and kept; other sessions end, one's own stays.
func TestPassword_RulesAndSessions(t *testing.T) {
	p := newPerson(t)
	p.signUp()
	phone := p.another()
	phone.post("/lk/login/password", "login", "ivan@shop.example", "password", "ромашка-2026")
	_, _, body := p.get("/lk/profile/password")
	assert.Contains(t, body, "Не короче 8 символов, буквы и цифры.")
	change := func(current, one, two string) (int, string) {
		status, _, body := p.post("/lk/profile/password", "current", current, "password", one, "repeated", two)
		return status, body
	}
	for _, bad := range [][3]string{{"x", "новый-пароль-1", "новый-пароль-1"}, {"ромашка-2026", "коротк1", "коротк1"}, {"ромашка-2026", "безцифрсовсем", "безцифрсовсем"}, {"ромашка-2026", "новый-пароль-1", "новый-пароль-2"}} {
		status, body := change(bad[0], bad[1], bad[2])
		assert.Equal(t, http.StatusUnprocessableEntity, status, bad[1])
		assert.Contains(t, body, `aria-invalid="true"`, bad[1])
	}
	_, at, _ := phone.get("/lk/profile")
	assert.Equal(t, "/lk/profile", at)
	_, body = change("ромашка-2026", "новый-пароль-1", "новый-пароль-1")
	assert.Contains(t, body, "остальные сеансы закрыты")
	_, at, _ = phone.get("/lk/profile")
	assert.Contains(t, at, "/lk/login")
	_, at, _ = p.get("/lk/profile")
	assert.Equal(t, "/lk/profile", at)
}

// CAB-053: the name is changed at once, a number by its code; the old one stays until then.
func TestProfile_NameAndPhone(t *testing.T) {
	p := newPerson(t)
	p.post("/lk/register", "org", "Ромашка", "phone", "+79001112233", "email", "ivan@shop.example", "password", "ромашка-2026", "consent", "yes")
	p.post("/lk/code", "code", p.sent.code)
	p.post("/lk/profile/registration", "do", "name", "name", "Иван Новый", "login", "ivan-new")
	_, _, body := p.get("/lk/profile/registration")
	assert.Contains(t, body, `value="Иван Новый"`)
	p.at(p.clock().In(moscow).Add(10 * 60e9).Format("2006-01-02 15:04"))
	p.post("/lk/profile/registration", "do", "phone", "phone", "+7 900 999-88-77")
	assert.Equal(t, "+79009998877", p.sent.to)
	_, _, body = p.get("/lk/profile/registration")
	assert.Contains(t, body, `value="+79001112233"`)
	status, _, _ := p.post("/lk/profile/registration", "do", "code", "code", "000000x")
	assert.NotEqual(t, http.StatusOK, status)
	_, _, body = p.post("/lk/profile/registration", "do", "code", "code", p.sent.code)
	assert.Contains(t, body, "Номер подтверждён")
	assert.Contains(t, body, `value="+79009998877"`)
	p.post("/lk/logout")
	_, at, _ := p.post("/lk/login/password", "login", "ivan-new", "password", "ромашка-2026")
	assert.Equal(t, "/lk", at)
}

// CAB-002: the refusal says nothing of what the client has.
func TestPartnerDoor_LeaksNothing(t *testing.T) {
	p := newPerson(t)
	p.owner()
	p.post("/lk/registers/new", "regId", number(1), "serial", serial, "name", "Касса 1")
	guest := p.another()
	status, at, body := guest.post("/partner/login", "login", "ivan@shop.example", "password", "ромашка-2026")
	assert.Equal(t, http.StatusUnprocessableEntity, status)
	assert.Equal(t, "/partner/login", at)
	for _, hidden := range []string{"Ромашка", string(inn), number(1), "Касса 1"} {
		assert.NotContains(t, body, hidden)
	}
	_, at, _ = guest.get("/lk")
	assert.Contains(t, at, "/lk/login", "nobody is logged in")
}
