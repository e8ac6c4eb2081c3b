package front_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/front"
	"github.com/fiscalbench/fiscalbench/server/integration"
)

// CAB-912: what pages and the API do to registers and outlets stands in one
// journal, with who, with which key, from where and what; the register's card leads to
// its part of it.
func TestJournal_PagesAndAPI(t *testing.T) {
	p := newPerson(t, func(o *front.Options) { o.HookSecret = bytes.Repeat([]byte{7}, 32) })
	ctx := context.Background()
	p.enrol("anna@shop.example", true)
	_, at, _ := p.post("/lk/login/password", url.Values{"login": {"anna@shop.example"}, "password": {"ромашка-2026"}})
	require.Equal(t, "/lk", at)
	_, session, err := p.Accounts.Login(ctx, "anna@shop.example", "ромашка-2026", account.From{})
	require.NoError(t, err)
	v, err := p.Accounts.Viewer(ctx, session)
	require.NoError(t, err)
	const inn, serial = "7702203276", "000000000002"
	org, err := p.Accounts.Org(ctx, v)
	require.NoError(t, err)
	require.NoError(t, p.Accounts.SetCard(ctx, v, account.Card{Name: "Ромашка", INN: inn, KPP: "770201001"}, org.Version))
	one, two := string(fiscal.MakeRegNumber(1, inn, serial)), string(fiscal.MakeRegNumber(2, inn, serial))

	status, at, body := p.post("/lk/registers/new", url.Values{"regId": {one}, "serial": {serial}, "name": {"У входа"}})
	require.Equal(t, http.StatusOK, status, body)
	require.Equal(t, "/lk/registers/settings?reg="+one, at)
	_, at, _ = p.post("/lk/outlets/new", url.Values{"kind": {"outlet"}, "name": {"Ларёк"}})
	require.Equal(t, "/lk/outlets", at)
	_, secret, err := p.Keys.CreateKey(ctx, v, integration.Key{Name: "учёт", Scopes: integration.Scopes()})
	require.NoError(t, err)
	ask := func(method, path, body string, want int) {
		t.Helper()
		p.ask(secret, method, path, body, want)
	}
	ask("POST", "/api/v1/registers", fmt.Sprintf(`{"kktRegId":%q,"kktNumber":%q,"name":"Вторая"}`, two, serial), http.StatusCreated)
	ask("PATCH", "/api/v1/registers/"+one, `{"name":"У окна"}`, http.StatusOK)
	ask("PATCH", "/api/v1/registers/"+one, `{"name":"Нет"}`, http.StatusPreconditionFailed)
	ask("DELETE", "/api/v1/registers/"+one, "", http.StatusNoContent)
	ask("DELETE", "/api/v1/registers/"+one, "", http.StatusNoContent) // there already

	_, _, body = p.get("/lk/profile/journal")
	for text, n := range map[string]int{"касса подключена": 2, "касса изменена": 1, "касса перенесена в архив": 1, "точка или подразделение добавлены": 1,
		"торговая точка «Ларёк»": 1, "касса «У входа», РНМ " + one + "; название: «У входа» → «У окна»": 1, "ключ API «учёт»": 3, "127.0.0.1": 6} {
		assert.Equal(t, n, strings.Count(body, text), "%s\n%s", text, body)
	}
	_, _, body = p.get("/lk/registers/" + two)
	require.Contains(t, body, "/lk/profile/journal?about="+two)
	_, _, body = p.get("/lk/profile/journal?about=" + two)
	assert.Contains(t, body, "Только записи о")
	assert.Equal(t, 1, strings.Count(body, "касса «"))
	assert.Contains(t, body, "«Вторая», РНМ "+two)
}

// ask asks the API with a key and returns where the thing made is.
func (p *person) ask(key, method, path, body string, want int) string {
	p.t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, p.site+path, strings.NewReader(body))
	require.NoError(p.t, err)
	r.Header.Set("Authorization", "Bearer "+key)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("If-Match", `"1"`)
	resp, err := p.c.Do(r)
	require.NoError(p.t, err)
	require.NoError(p.t, resp.Body.Close())
	require.Equal(p.t, want, resp.StatusCode, "%s %s", method, path)
	return resp.Header.Get("Location")
}

// operator.md 1.3: what pages and the API do to keys, webhooks and schedules has one name in one
// journal, one entry for each deed and none for what was refused.
func TestJournal_KeysWebhooksAndSchedules(t *testing.T) {
	p := newPerson(t, func(o *front.Options) { o.HookSecret, o.HooksInside = bytes.Repeat([]byte{7}, 32), true })
	p.enrol("anna@shop.example", true)
	_, at, _ := p.post("/lk/login/password", url.Values{"login": {"anna@shop.example"}, "password": {"ромашка-2026"}})
	require.Equal(t, "/lk", at)
	id := func(page, pattern string) string {
		t.Helper()
		_, _, body := p.get(page)
		found := regexp.MustCompile(pattern).FindStringSubmatch(body)
		require.Len(t, found, 2, body)
		return found[1]
	}
	form := url.Values{"do": {"create"}, "name": {"учёт"}, "scope": {"read:documents", "read:registers", "read:reports"}}
	status, _, body := p.post("/lk/integrations", form)
	require.Equal(t, http.StatusCreated, status, body)
	secret := regexp.MustCompile(`ofdk_[\w-]{20,}`).FindString(body)
	require.NotEmpty(t, secret)
	form.Del("scope")
	status, _, _ = p.post("/lk/integrations", form)
	require.Equal(t, http.StatusUnprocessableEntity, status)

	hook := url.Values{"url": {"http://127.0.0.1:1/sesame"}, "event": {"document.received"}}
	status, _, body = p.post("/lk/integrations/webhooks", hook)
	require.Equal(t, http.StatusCreated, status, body)
	first := id("/lk/integrations", `/lk/integrations/webhooks/([\w-]{10,})`)
	second := p.ask(secret, "POST", "/api/v1/webhooks", `{"url":"http://127.0.0.1:1/open?token=sesame","events":["shift.opened"]}`, http.StatusCreated)
	p.ask(secret, "PATCH", second, `{"active":false}`, http.StatusOK)
	p.ask(secret, "PATCH", second, `{"active":true}`, http.StatusPreconditionFailed)
	p.ask(secret, "DELETE", "/api/v1/webhooks/"+first, "", http.StatusNotFound) // a key has its own ones
	p.ask(secret, "POST", second+"/test", "", http.StatusCreated)
	p.ask(secret, "DELETE", second, "", http.StatusNoContent)
	_, _, body = p.get("/lk/integrations/webhooks/" + first)
	require.Contains(t, body, "/lk/profile/journal?about="+first)
	p.post("/lk/integrations/webhooks/"+first, url.Values{"do": {"test"}})
	p.post("/lk/integrations/webhooks/"+first, url.Values{"do": {"resend"}, "delivery": {id("/lk/integrations/webhooks/"+first, `name="delivery" value="([^"]+)"`)}})
	p.post("/lk/integrations/webhooks/"+first, url.Values{"do": {"delete"}})
	status, _, _ = p.post("/lk/integrations/webhooks/"+first, url.Values{"do": {"delete"}})
	require.Equal(t, http.StatusNotFound, status)

	schedule := url.Values{"kind": {"shifts"}, "every": {"daily"}, "hour": {"8"}, "zone": {"Europe/Moscow"}, "emails": {"buh@shop.example"}}
	_, at, body = p.post("/lk/reports/schedules", schedule)
	require.Equal(t, "/lk/reports/schedules", at)
	require.Contains(t, body, "Рассылка включена.")
	daily := id("/lk/reports/schedules", `action="(/lk/reports/schedules/[^"]+)"`)
	weekly := p.ask(secret, "POST", "/api/v1/report-schedules", `{"kind":"goods","every":"weekly","weekday":1,"hour":9,"emails":["buh@shop.example"]}`, http.StatusCreated)
	p.ask(secret, "POST", "/api/v1/report-schedules", `{"kind":"goods","every":"monthly","day":0,"emails":["buh@shop.example"]}`, http.StatusUnprocessableEntity)
	for _, do := range []string{"pause", "pause", "resume", "remove"} {
		p.post(daily, url.Values{"do": {do}})
	}
	p.ask(secret, "DELETE", weekly, "", http.StatusNoContent)
	p.ask(secret, "DELETE", weekly, "", http.StatusNotFound)
	_, _, body = p.post("/lk/integrations", url.Values{"do": {"revoke"}, "key": {id("/lk/integrations", `name="key" value="([\w-]+)"`)}})
	require.Contains(t, body, "отозван")

	_, _, body = p.get("/lk/profile/journal")
	for text, n := range map[string]int{
		"key.create": 1, "key.revoke": 1, "webhook.create": 2, "webhook.change": 1, "webhook.test": 2, "webhook.resend": 1, "webhook.remove": 2,
		"schedule.add": 2, "schedule.pause": 1, "schedule.resume": 1, "schedule.remove": 2, ">api.": 0,
		"ключ API создан": 1, "ключ API отозван": 1, "веб-хук создан": 2, "веб-хук изменён": 1, "веб-хук удалён": 2, "пробное событие веб-хука": 2, "доставка веб-хука повторена": 1,
		"рассылка отчёта включена": 2, "рассылка отчёта приостановлена": 1, "рассылка отчёта продолжена": 1, "рассылка отчёта удалена": 2,
		"ключ API «учёт»": 6, "отправка: «включена» → «выключена»": 1, "веб-хук на «http://127.0.0.1:1»": 8,
		"«Отчет по сменам с налогами» ежедневно в 08:00, Europe/Moscow": 4, "«Продажи по номенклатуре» по понедельникам в 09:00, Europe/Moscow": 2, "кому «b***@shop.example»": 2,
		"sesame": 0, secret: 0, "whsec_": 0, "buh@shop": 0} {
		assert.Equal(t, n, strings.Count(body, text), "%s\n%s", text, body)
	}
}
