package rest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/server/integration"
	"github.com/fiscalbench/fiscalbench/server/ledger"
	"github.com/fiscalbench/fiscalbench/server/projection"
	"github.com/fiscalbench/fiscalbench/server/rest"
	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/sqlite"
)

// API-01: money is whole kopecks, numbers of registers and drives are text of 16
// digits, names are in camelCase; the readable page has every operation.
func TestStyle(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	one := w.company[0]
	key := w.key(one, integration.Key{})
	resp, raw := w.ask("GET", "/api/v1/openapi.json", "", "")
	assert.Equal(t, 200, resp.StatusCode)
	var doc struct {
		Paths      map[string]map[string]struct{ Summary string }
		Components struct {
			Schemas map[string]struct {
				Properties map[string]struct {
					Type, Format string
				}
			}
		}
	}
	require.NoError(t, json.Unmarshal([]byte(raw), &doc))
	_, page := w.ask("GET", "/api/docs", "", "")
	for path, methods := range doc.Paths {
		assert.Contains(t, page, path)
		for _, m := range methods {
			assert.Contains(t, page, m.Summary, path)
		}
	}
	money := regexp.MustCompile(`(Sum|Revenue)$|^(sum|revenue|ndsSum)$`)
	camel := regexp.MustCompile(`^[a-z][a-zA-Z0-9]*$`)
	sums, moments := 0, 0
	for name, schema := range doc.Components.Schemas {
		for field, is := range schema.Properties {
			assert.Regexp(t, camel, field, name)
			switch {
			case money.MatchString(field):
				assert.Equal(t, "integer", is.Type, name+"."+field)
				sums++
			case field == "receivedAt" || field == "createdAt" || field == "connectedAt":
				assert.Equal(t, "date-time", is.Format, name+"."+field)
				moments++
			case field == "kktRegId" || field == "fiscalDriveNumber":
				assert.Equal(t, "string", is.Type, name+"."+field)
			}
		}
	}
	assert.Greater(t, sums, 10)
	assert.Greater(t, moments, 4)

	// The place of the register says how its clock is to be read.
	at := "/api/v1/organizations/" + one.org.ID + "/outlets/" + one.outlet[0]
	resp, _ = w.ask("GET", at, key, "")
	resp, body := w.ask("PATCH", at, key, `{"timeZone":"Asia/Vladivostok"}`, "If-Match", resp.Header.Get("ETag"))
	require.Equal(t, 200, resp.StatusCode, body)
	fn := one.till[0].FN
	for _, path := range []string{"/api/v1/documents?fn=" + string(fn), "/api/v1/documents/changes", fmt.Sprintf("/api/v1/documents/%s/3", fn)} {
		resp, body := w.ask("GET", path, key, "")
		assert.Equal(t, "application/json", resp.Header.Get("Content-Type"), path)
		assert.Contains(t, body, `"timeZone":"Asia/Vladivostok"`, path)
		assert.NotRegexp(t, `"(kktRegId|fiscalDriveNumber)":"[^"]*[^0-9"][^"]*"`, body, path)
		assert.Regexp(t, `"fiscalDriveNumber":"`+string(fn)+`"`, body, path)
	}
	_, body = w.ask("GET", "/api/v1/documents/changes?limit=1", key, "")
	assert.Contains(t, body, `"receivedAt":"2026-08-01T12:00:00Z"`)
	assert.Contains(t, body, `"dateTime":"2026-08-01T11:00:00"`, "as the register's clock had it")
	// The body of a document has the names of the tax service's JSON.
	_, body = w.ask("GET", fmt.Sprintf("/api/v1/documents/%s/3", fn), key, "")
	var envelope struct {
		Document struct{ Receipt map[string]any }
		Meta     map[string]any
	}
	require.NoError(t, json.Unmarshal([]byte(body), &envelope), body)
	for name, want := range map[string]any{"totalSum": 10000, "cashTotalSum": 10000, "ecashTotalSum": 0, "operationType": 1, "appliedTaxationType": 1, "fiscalDocumentNumber": 3, "shiftNumber": 1, "requestNumber": 1, "fiscalDriveNumber": string(fn)} {
		assert.EqualValues(t, want, envelope.Document.Receipt[name], name)
	}
	assert.NotContains(t, envelope.Document.Receipt, "rawData", "the buyer's telephone is in it")
	_, body = w.ask("GET", fmt.Sprintf("/api/v1/documents/%s/3?personal=true", fn), key, "")
	var whole struct {
		Document struct{ Receipt struct{ RawData []byte } }
	}
	require.NoError(t, json.Unmarshal([]byte(body), &whole), body)
	assert.Equal(t, one.docs[2].STLV, whole.Document.Receipt.RawData[:len(one.docs[2].STLV)])
	assert.Equal(t, string(one.till[0].RegID), strings.TrimSpace(fmt.Sprint(envelope.Document.Receipt["kktRegId"])))
	for _, name := range []string{"id", "receivedAt", "fnsStatus", "messages", "links", "status", "timeZone"} {
		assert.Contains(t, envelope.Meta, name)
	}
	for name, link := range envelope.Meta["links"].(map[string]any) {
		resp, _ := w.ask("GET", fmt.Sprint(link), key, "")
		assert.Equal(t, 200, resp.StatusCode, name)
	}
}

// API-02: a scope opens what it is for and nothing else.
func TestScopes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1<<20)
	one := w.company[0]
	rnm := string(one.till[0].RegID)
	doors := map[integration.Scope][]string{
		integration.ReadDocuments:  {"GET /api/v1/documents", "GET /api/v1/documents/changes", fmt.Sprintf("GET /api/v1/documents/%s/3", one.till[0].FN), "GET /api/v1/messages", "GET /api/v1/registers/" + rnm + "/documents"},
		integration.ReadRegisters:  {"GET /api/v1/registers", "GET /api/v1/registers/" + rnm, "GET /api/v1/monitoring", "GET /api/v1/organizations", "GET /api/v1/registers/" + rnm + "/fiscal-drives"},
		integration.WriteRegisters: {"POST /api/v1/registers", "PATCH /api/v1/registers/" + rnm, "DELETE /api/v1/registers/0000000000000001", "POST /api/v1/organizations/" + one.org.ID + "/outlets"},
		integration.ReadReports:    {"GET /api/v1/statistics/days", "GET /api/v1/statistics/shifts", "GET /api/v1/statistics/items", "GET /api/v1/reports", "POST /api/v1/reports"},
	}
	require.Len(t, doors, len(integration.Scopes()))
	for _, has := range integration.Scopes() {
		key := w.key(one, integration.Key{Scopes: []integration.Scope{has}})
		for scope, all := range doors {
			for _, door := range all {
				method, path, _ := strings.Cut(door, " ")
				body := ""
				if method != http.MethodGet {
					body = `{"kktRegId":"1","kktNumber":"2","name":"","kind":"none","from":"2026-08-01","to":"2026-08-02"}`
				}
				resp, text := w.ask(method, path, key, body, "If-Match", `"99"`)
				if scope == has {
					assert.NotEqual(t, 403, resp.StatusCode, "%s with %s: %s", door, has, text)
				} else if resp.StatusCode != 403 {
					assert.Equal(t, 422, resp.StatusCode, "%s with %s: %s", door, has, text)
					assert.NotEqual(t, http.MethodGet, method, door)
				}
			}
		}
	}
	// A key of some dates has documents of those only: the period is the register's clock.
	key := w.key(one, integration.Key{From: one.till[0].Time.AddDate(1, 0, 0)})
	_, body := w.ask("GET", "/api/v1/documents", key, "")
	assert.NotContains(t, body, `"id":`)
	_, body = w.ask("GET", "/api/v1/registers", key, "")
	assert.Equal(t, 2, strings.Count(body, `"light":`))
}

// API-04: limits of a page, and all that keeps an interval from being complete.
func TestPaging_LimitsAndComplete(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	one := w.company[0]
	key, till := w.key(one, integration.Key{}), one.till[0]
	_, body := w.ask("GET", "/api/v1/documents", key, "")
	assert.Contains(t, body, `"limit":100`)
	for _, limit := range []string{"0", "1001", "x"} {
		for _, path := range []string{"documents", "registers", "documents/changes", "reports", "messages"} {
			resp, body := w.ask("GET", "/api/v1/"+path+"?limit="+limit, key, "")
			assert.Equal(t, 400, resp.StatusCode, path)
			assert.Equal(t, "limit", w.problem(body).Field)
		}
	}
	resp, _ := w.ask("GET", "/api/v1/documents?limit=1000&from=1990-01-01&to=2090-01-01", key, "")
	assert.Equal(t, 200, resp.StatusCode, "no limit of the period")
	complete := func() bool {
		t.Helper()
		var said []bool
		for _, path := range []string{"documents?", "statistics/days?from=2026-08-01&", "documents?dateBasis=document&fn=" + string(till.FN) + "&"} {
			_, body := w.ask("GET", "/api/v1/"+path+"to="+url.QueryEscape("2026-08-01T11:01:00"), key, "")
			var p struct{ Page struct{ Complete *bool } }
			require.NoError(t, json.Unmarshal([]byte(body), &p), body)
			require.NotNil(t, p.Page.Complete, body)
			said = append(said, *p.Page.Complete)
		}
		assert.Equal(t, said[0], said[1])
		return said[0]
	}
	assert.True(t, complete())
	version := int64(till.FD) + 1
	till.FD++ // a document of the register that did not come
	late := till.OpenShift()
	doc, err := ffd.Decode(late.STLV)
	require.NoError(t, err)
	require.NoError(t, w.documents.Accept(context.Background(), store.Acceptance{
		Document: store.Document{FN: late.FN, FD: late.FD, Form: late.Form, FFD: till.FFD, RegID: till.RegID, UserINN: till.UserINN, DateTime: doc.DateTime(), ReceivedAt: w.now(), FPD: doc.FPD(), Message: late.Message, STLV: late.STLV},
		Drive: store.Drive{FN: late.FN, Version: version, RegID: till.RegID, UserINN: till.UserINN, Status: store.DriveActive, LastFD: late.FD, LastAt: w.now(), Documents: version,
			Gaps: []store.Gap{{From: late.FD - 1, To: late.FD - 1, Since: w.now()}}}}))
	w.catchUp()
	assert.False(t, complete(), "a document is missing")
}

// API-04: what came and is not in the lists yet keeps the interval open.
func TestPaging_QueueNotDrained(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	one := w.company[0]
	w.keep(one, one.till[0], one.till[0].OpenShift())
	_, body := w.ask("GET", "/api/v1/documents?to=2026-08-01T11:01:00", w.key(one, integration.Key{}), "")
	assert.Contains(t, body, `"complete":false`)
}

// late is a store whose lists are caught up right after the first reading.
type late struct {
	*sqlite.Store
	once sync.Once
}

func (l *late) Search(ctx context.Context, q store.Search, after store.Place, limit int) ([]store.Projection, error) {
	rows, err := l.Store.Search(ctx, q, after, limit)
	l.once.Do(func() { _, _ = l.Project(ctx, 1000, projection.Decode) })
	return rows, err
}

// API-04: an answer is not complete for what came into the lists after it was read, nor
// by what was known of the queue a moment ago.
func TestPaging_CompleteWhenRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	one := w.company[0]
	key := w.key(one, integration.Key{})
	const path = "/api/v1/documents?to=2026-08-01T11:01:00"
	_, body := w.ask("GET", path, key, "")
	assert.Contains(t, body, `"complete":true`)
	w.keep(one, one.till[0], one.till[0].OpenShift())
	_, body = w.ask("GET", path, key, "")
	assert.Contains(t, body, `"complete":false`, "at once")
	h, err := rest.New(rest.Options{Accounts: w.accounts, Fleet: w.fleet, Ledger: ledger.New(w.documents, &late{Store: w.documents}), Integration: w.keys, Arrivals: w.documents, Now: w.now})
	require.NoError(t, err)
	for _, want := range []string{`"complete":false`, `"complete":true`} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
		r.Header.Set("Authorization", "Bearer "+key)
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		assert.Contains(t, rec.Body.String(), want)
	}
}

// API-05: each kind of refusal has its status, its word and a title in Russian.
func TestProblems_EveryStatus(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t, 0), context.Background()
	one := w.company[0]
	key := w.key(one, integration.Key{})
	rnm := string(one.till[0].RegID)
	require.NoError(t, w.fleet.Archive(ctx, one.viewer, one.till[1].RegID))
	archived := "/api/v1/registers/" + string(one.till[1].RegID)
	resp, _ := w.ask("GET", archived, key, "")
	tag := resp.Header.Get("ETag")
	taken := `{"kktRegId":"` + rnm + `","kktNumber":"` + one.till[0].Factory + `","outletId":"` + one.outlet[0] + `"}`
	for _, c := range []struct {
		method, path, key, body string
		status                  int
		code, title             string
		header, field           string
	}{
		{"GET", "/api/v1/documents?limit=x", key, "", 400, "invalid", "Запрос написан неверно", "", ""},
		{"POST", "/api/v1/registers", key, `{`, 400, "invalid", "Запрос написан неверно", "", ""},
		{"GET", "/api/v1/documents", "", "", 401, "unauthorized", "Вход не выполнен", "WWW-Authenticate", ""},
		{"PATCH", "/api/v1/organizations/" + one.org.ID, key, `{"shortName":"x"}`, 403, "forbidden", "Недостаточно прав", "", ""},
		{"GET", "/api/v1/registers/" + string(fiscal.MakeRegNumber(77, "7702203276", "1")), key, "", 404, "not_found", "Не найдено", "", ""},
		{"GET", fmt.Sprintf("/api/v1/documents/%s/3", w.company[1].till[0].FN), key, "", 404, "not_found", "Не найдено", "", ""},
		{"PUT", "/api/v1/registers", key, `{}`, 404, "not_found", "Не найдено", "", ""},
		{"POST", "/api/v1/registers", key, taken, 409, "conflict", "Противоречит тому, что есть", "", "kktRegId"},
		{"POST", "/api/v1/registers", key, `{"kktRegId":"` + rnm + `","kktNumber":""}`, 422, "invalid", "Нарушено правило", "", "kktNumber"},
		{"POST", "/api/v1/organizations/" + one.org.ID + "/outlets", key, `{"name":"x","latitude":91}`, 422, "invalid", "Нарушено правило", "", "latitude"},
		{"POST", "/api/v1/organizations/" + one.org.ID + "/outlets", key, `{"name":"x","parentId":"none"}`, 422, "invalid", "Нарушено правило", "", "parentId"},
		{"DELETE", "/api/v1/organizations/" + one.org.ID + "/outlets/" + one.outlet[0], key, "", 409, "not_empty", "Противоречит тому, что есть", "", ""},
		{"PATCH", archived, key, `{"name":"x"}`, 410, "archived", "В архиве", "", ""},
		{"POST", "/api/v1/report-schedules", key, `{"kind":"shifts","every":"monthly","emails":["a@b.example"]}`, 422, "invalid", "Нарушено правило", "", ""},
		{"GET", "/api/v1/webhooks", "ofdk_none", "", 401, "bad_key", "Вход не выполнен", "WWW-Authenticate", ""},
	} {
		resp, body := w.ask(c.method, c.path, c.key, c.body, "If-Match", tag)
		what := c.method + " " + c.path + body
		assert.Equal(t, c.status, resp.StatusCode, what)
		assert.Equal(t, "application/problem+json", resp.Header.Get("Content-Type"), what)
		p := w.problem(body)
		assert.Equal(t, c.status, p.Status, what)
		assert.Equal(t, c.code, p.Code, what)
		assert.Equal(t, "urn:ofd:error:"+c.code, p.Type)
		assert.Equal(t, c.title, p.Title, what)
		assert.NotEmpty(t, p.Detail, what)
		assert.Equal(t, resp.Header.Get("X-Request-Id"), p.TraceID, what)
		assert.NotEmpty(t, p.TraceID)
		if c.field != "" {
			assert.Equal(t, c.field, p.Field, "as the API calls it: "+what)
		}
		if c.header != "" {
			assert.NotEmpty(t, resp.Header.Get(c.header), what)
		}
	}
	// 503 says when to come back.
	keys, err := integration.New(integration.Options{Store: w.base.Integration(), Accounts: w.accounts, Fleet: w.fleet, Now: w.now})
	require.NoError(t, err)
	h, err := rest.New(rest.Options{Accounts: w.accounts, Fleet: w.fleet, Ledger: ledger.New(w.documents, w.documents), Integration: keys, Arrivals: w.documents, Now: w.now})
	require.NoError(t, err)
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/api/v1/webhooks", bytes.NewReader([]byte(`{"url":"https://x.example","events":["shift.opened"]}`)))
	r.Header.Set("Authorization", "Bearer "+key)
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	assert.Equal(t, 503, rec.Code, rec.Body.String())
	assert.Equal(t, "no_secret", w.problem(rec.Body.String()).Code)
	assert.NotEmpty(t, rec.Header().Get("Retry-After"))
}

// API-06: a repeated request is one's own: another key or another address with the same
// Idempotency-Key is another request, and what failed by mistake is answered again.
func TestSafeRepeat_IsOnesOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	one := w.company[0]
	key, other := w.key(one, integration.Key{}), w.key(one, integration.Key{})
	places := "/api/v1/organizations/" + one.org.ID
	var made []string
	for _, c := range []struct{ path, key string }{{places + "/outlets", key}, {places + "/outlets", other}, {places + "/departments", key}, {places + "/outlets", key}} {
		resp, body := w.ask("POST", c.path, c.key, `{"name":"x"}`, "Idempotency-Key", "k")
		require.Equal(t, 201, resp.StatusCode, body)
		made = append(made, resp.Header.Get("Location"))
	}
	assert.Equal(t, made[0], made[3], "the same request")
	assert.NotEqual(t, made[0], made[1])
	assert.NotEqual(t, made[0], made[2])
	_, body := w.ask("GET", places+"/outlets?total=true", key, "")
	assert.Contains(t, body, `"total":4`, "two there were, two were made")
	refused, body := w.ask("POST", places+"/outlets", key, `{"name":""}`, "Idempotency-Key", "bad")
	again, same := w.ask("POST", places+"/outlets", key, `{"name":""}`, "Idempotency-Key", "bad")
	assert.Equal(t, 422, refused.StatusCode)
	assert.Equal(t, 422, again.StatusCode)
	assert.Equal(t, body, same)
	w.clock.Add(24*3600 + 1)
	resp, _ := w.ask("POST", places+"/outlets", key, `{"name":"x"}`, "Idempotency-Key", "k")
	assert.Equal(t, 201, resp.StatusCode)
	assert.NotEqual(t, made[0], resp.Header.Get("Location"), "a day is over")
}
