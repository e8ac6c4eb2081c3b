package front_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
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
		r, err := http.NewRequestWithContext(ctx, method, p.site+path, strings.NewReader(body))
		require.NoError(t, err)
		r.Header.Set("Authorization", "Bearer "+secret)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("If-Match", `"1"`)
		resp, err := p.c.Do(r)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, want, resp.StatusCode, "%s %s", method, path)
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
