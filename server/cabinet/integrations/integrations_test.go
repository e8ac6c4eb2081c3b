package integrations_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/front"
	"github.com/fiscalbench/fiscalbench/server/store/office"
	"github.com/fiscalbench/fiscalbench/server/store/sqlite"
)

// API-02, API-07: a key made on the page opens the API, is shown once, and ends when it
// is revoked; a webhook is made beside it.
func TestIntegrations_FromThePageToTheAPI(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	o, err := office.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "ofd.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, o.Close()) })
	documents, err := sqlite.Open(filepath.Join(t.TempDir(), "documents.db"), sqlite.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, documents.Close()) })
	f, err := front.New(front.Options{Store: documents, Office: o, OFDName: "ОФД", PasswordMemory: 64, HookSecret: bytes.Repeat([]byte{1}, 32), HooksInside: true})
	require.NoError(t, err)
	require.NoError(t, o.Accounts().CreateUser(ctx, account.User{ID: "u", Email: "u@x.example"}))
	require.NoError(t, o.Accounts().CreateOrg(ctx, account.Org{ID: "org", Name: "Ромашка", INN: "7702203276", Owner: "u", Version: 1}, account.Member{Org: "org", User: "u", Role: access.Owner, Since: time.Now()}))
	token, _, err := f.Accounts.Enter(ctx, "u", account.From{})
	require.NoError(t, err)
	site := httptest.NewServer(f.Handler())
	t.Cleanup(site.Close)
	ask := func(method, path string, form url.Values, key string) (int, string) {
		r, err := http.NewRequestWithContext(ctx, method, site.URL+path, strings.NewReader(form.Encode()))
		require.NoError(t, err)
		if key != "" {
			r.Header.Set("Authorization", "Bearer "+key)
		} else {
			r.AddCookie(&http.Cookie{Name: account.SessionCookie, Value: token})
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		resp, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return resp.StatusCode, string(b)
	}
	status, body := ask("GET", "/lk/integrations", nil, "")
	assert.Equal(t, 200, status, body)
	assert.Contains(t, body, "Ключей пока нет")
	status, body = ask("POST", "/lk/integrations", url.Values{"do": {"create"}, "name": {"1С"}}, "")
	assert.Equal(t, 422, status)
	assert.Contains(t, body, "Отметьте, что ключу можно.")
	status, body = ask("POST", "/lk/integrations", url.Values{"do": {"create"}, "name": {"1С"}, "scope": {"read:registers"}, "from": {"2026-01-01"}}, "")
	assert.Equal(t, 201, status, body)
	key := regexp.MustCompile(`ofdk_[\w-]{20,}`).FindString(body)
	require.NotEmpty(t, key)
	_, body = ask("GET", "/lk/integrations", nil, "")
	assert.NotContains(t, body, key)
	assert.Contains(t, body, "ofdk_…"+key[len(key)-4:])
	status, body = ask("GET", "/api/v1/registers", nil, key)
	assert.Equal(t, 200, status, body)
	status, _ = ask("POST", "/lk/integrations/webhooks", url.Values{"url": {"http://127.0.0.1:1/hook"}, "event": {"document.received"}}, "")
	assert.Equal(t, 201, status)
	_, body = ask("GET", "/lk/integrations", nil, "")
	hook := regexp.MustCompile(`/lk/integrations/webhooks/[\w-]{10,}`).FindString(body)
	status, body = ask("POST", hook, url.Values{"do": {"test"}}, "")
	assert.Equal(t, 200, status)
	assert.Contains(t, body, "webhook.test")
	id := regexp.MustCompile(`name="key" value="([\w-]+)"`).FindStringSubmatch(func() string { _, b := ask("GET", "/lk/integrations", nil, ""); return b }())
	require.Len(t, id, 2)
	_, body = ask("POST", "/lk/integrations", url.Values{"do": {"revoke"}, "key": {id[1]}}, "")
	assert.Contains(t, body, "отозван")
	status, _ = ask("GET", "/api/v1/registers", nil, key)
	assert.Equal(t, 401, status)
}
