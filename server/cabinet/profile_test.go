package cabinet_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// signUp registers a person by e-mail alone.
func (p *person) signUp() {
	p.t.Helper()
	p.post("/lk/register", "org", "Ромашка", "email", "ivan@shop.example", "password", "ромашка-2026", "consent", "yes")
}

// CAB-016, CAB-051
func TestProfile_CompanyCard(t *testing.T) {
	p := newPerson(t)
	p.signUp()
	status, _, body := p.post("/lk/profile", "version", "1", "name", "Ромашка", "inn", "7704358517", "kpp", "1")
	assert.Equal(t, http.StatusUnprocessableEntity, status)
	assert.Contains(t, body, "с верными контрольными цифрами")
	status, at, body := p.post("/lk/profile", "version", "1", "name", "Ромашка", "inn", "7704358518", "kpp", "770401001", "ogrn", "1027700132195")
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, "/lk/profile", at)
	assert.Contains(t, body, `value="7704358518"`)
	status, _, _ = p.post("/lk/profile", "version", "1", "name", "Ромашка", "inn", "7704358518", "kpp", "770401001")
	assert.Equal(t, http.StatusConflict, status, "somebody else has saved it meanwhile")
}

// CAB-050: the four subsections.
func TestProfile_Subsections(t *testing.T) {
	p := newPerson(t)
	p.signUp()
	for path, title := range map[string]string{"/lk/profile": "Реквизиты организации", "/lk/profile/accounts": "Управление аккаунтами", "/lk/profile/password": "Смена пароля",
		"/lk/profile/registration": "Регистрация"} {
		status, _, body := p.get(path)
		assert.Equal(t, http.StatusOK, status, path)
		assert.Contains(t, body, `aria-current="page">`+title, path)
	}
}

// CAB-043: a second account, the chooser at the next login, switching without logging out.
func TestProfile_SecondAccount(t *testing.T) {
	p := newPerson(t)
	p.signUp()
	_, _, body := p.post("/lk/profile/accounts", "name", "Филиал")
	assert.Contains(t, body, "Филиал")
	p.post("/lk/logout")
	_, at, body := p.post("/lk/login/password", "login", "ivan@shop.example", "password", "ромашка-2026")
	assert.Equal(t, "/lk/choose", at)
	_, rest, _ := strings.Cut(body, `name="org" value="`)
	id, _, _ := strings.Cut(rest, `"`)
	_, at, _ = p.post("/lk/choose", "org", id)
	assert.NotContains(t, at, "choose")
	status, _, _ := p.post("/lk/choose", "org", "somebody-elses")
	assert.Equal(t, http.StatusForbidden, status)
}

// CAB-045
func TestProfile_Password(t *testing.T) {
	p := newPerson(t)
	p.signUp()
	_, _, body := p.post("/lk/profile/password", "current", "x", "password", "новый-пароль-1", "repeated", "новый-пароль-1")
	assert.Contains(t, body, "Текущий пароль указан неверно.")
	_, _, body = p.post("/lk/profile/password", "current", "ромашка-2026", "password", "новый-пароль-1", "repeated", "новый-пароль-1")
	assert.Contains(t, body, "остальные сеансы закрыты")
}

// CAB-053: a changed address must be proved before it replaces the old one.
func TestProfile_NewAddressIsProvedFirst(t *testing.T) {
	p := newPerson(t)
	p.signUp()
	p.post("/lk/profile/registration", "do", "email", "email", "new@shop.example")
	assert.Equal(t, "new@shop.example", p.sent.to)
	_, _, body := p.get("/lk/profile/registration")
	assert.Contains(t, body, `value="ivan@shop.example"`)
	_, token, _ := strings.Cut(p.sent.link, "token=")
	p.post("/confirm", "token", token)
	_, _, body = p.get("/lk/profile/registration")
	assert.Contains(t, body, `value="new@shop.example"`)
}

// CAB-902, CAB-912: people, their rights and the journal.
func TestProfile_PeopleAndJournal(t *testing.T) {
	p := newPerson(t)
	p.signUp()
	_, _, body := p.post("/lk/profile/users", "do", "invite", "email", "kassir@shop.example", "name", "Анна", "role", "cashier")
	assert.Contains(t, body, "kassir@shop.example")
	assert.Contains(t, body, "Кассир")
	_, _, body = p.get("/lk/profile/journal")
	assert.Contains(t, body, "user.invite")
	assert.NotContains(t, body, "kassir@shop.example", "the journal names people, not their addresses")
}
