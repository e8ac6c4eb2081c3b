package rest_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/integration"
	"github.com/fiscalbench/fiscalbench/server/rest/client"
)

func (w *world) client(key string) *client.ClientWithResponses {
	w.t.Helper()
	c, err := client.NewClientWithResponses(w.site.URL, client.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+key)
		return nil
	}))
	require.NoError(w.t, err)
	return c
}

func to[T any](v T) *T { return &v }

// API-01, API-03: the generated client walks over all resources.
func TestClient_RunsTheAPI(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t, 0), context.Background()
	one := w.company[0]
	c := w.client(w.key(one, integration.Key{}))

	orgs, err := c.ListOrganizationsWithResponse(ctx, nil)
	require.NoError(t, err)
	require.NotNil(t, orgs.JSON200, string(orgs.Body))
	require.Len(t, orgs.JSON200.Items, 1)
	assert.Equal(t, "7702203276", orgs.JSON200.Items[0].Inn)

	outlet, err := c.CreateOutletWithResponse(ctx, one.org.ID, client.CreateOutletJSONRequestBody{Name: to("Новая"), TargetRevenue: to(int64(100))})
	require.NoError(t, err)
	require.NotNil(t, outlet.JSON201, string(outlet.Body))
	removed, err := c.DeleteOutletWithResponse(ctx, one.org.ID, outlet.JSON201.Id)
	require.NoError(t, err)
	assert.Equal(t, 204, removed.StatusCode())

	registers, err := c.ListRegistersWithResponse(ctx, nil)
	require.NoError(t, err)
	require.NotNil(t, registers.JSON200, string(registers.Body))
	require.Len(t, registers.JSON200.Items, 2)
	reg := registers.JSON200.Items[0].KktRegId
	number := string(fiscal.MakeRegNumber(9, "7702203276", "000000000002"))
	connected, err := c.ConnectRegisterWithResponse(ctx, client.ConnectRegisterJSONRequestBody{KktRegId: number, KktNumber: "000000000002", OutletId: &one.outlet[0]})
	require.NoError(t, err)
	require.NotNil(t, connected.JSON201, string(connected.Body))
	assert.Equal(t, "grey", string(connected.JSON201.Light))
	archived, err := c.ArchiveRegisterWithResponse(ctx, number)
	require.NoError(t, err)
	assert.Equal(t, 204, archived.StatusCode())

	drives, err := c.ListFiscalDrivesWithResponse(ctx, reg, nil)
	require.NoError(t, err)
	require.NotNil(t, drives.JSON200, string(drives.Body))
	assert.Len(t, drives.JSON200.Items, 1)
	shifts, err := c.ListShiftsWithResponse(ctx, reg, nil)
	require.NoError(t, err)
	require.NotNil(t, shifts.JSON200, string(shifts.Body))
	require.Len(t, shifts.JSON200.Items, 1)
	assert.False(t, shifts.JSON200.Items[0].Open)
	assert.Equal(t, int64(3), shifts.JSON200.Items[0].Sale.Count)
	shift, err := c.GetShiftWithResponse(ctx, reg, shifts.JSON200.Items[0].FiscalDriveNumber, int64(shifts.JSON200.Items[0].ShiftNumber))
	require.NoError(t, err)
	require.NotNil(t, shift.JSON200, string(shift.Body))

	docs, err := c.ListDocumentsWithResponse(ctx, &client.ListDocumentsParams{Types: to("receipt"), Limit: to(int64(4))})
	require.NoError(t, err)
	require.NotNil(t, docs.JSON200, string(docs.Body))
	require.Len(t, docs.JSON200.Items, 4)
	next, err := c.ListDocumentsWithResponse(ctx, &client.ListDocumentsParams{Types: to("receipt"), Cursor: docs.JSON200.Page.Next})
	require.NoError(t, err)
	assert.Len(t, next.JSON200.Items, 2)
	d := docs.JSON200.Items[0]
	body, err := c.GetDocumentWithResponse(ctx, d.FiscalDriveNumber, int64(d.FiscalDocumentNumber), nil)
	require.NoError(t, err)
	assert.Contains(t, string(body.Body), `"receipt":{`)
	changes, err := c.ListChangesWithResponse(ctx, nil)
	require.NoError(t, err)
	assert.Len(t, changes.JSON200.Items, len(one.docs))

	days, err := c.StatisticsDaysWithResponse(ctx, &client.StatisticsDaysParams{From: to("2026-08-01"), To: to("2026-08-02")})
	require.NoError(t, err)
	require.NotNil(t, days.JSON200, string(days.Body))
	require.Len(t, days.JSON200.Items, 1)
	assert.Equal(t, int64(10000+10001+10002+10100+10101+10102), days.JSON200.Items[0].Revenue)
	items, err := c.StatisticsItemsWithResponse(ctx, &client.StatisticsItemsParams{From: to("2026-08-01")})
	require.NoError(t, err)
	assert.NotEmpty(t, items.JSON200.Items)
	all, err := c.StatisticsShiftsWithResponse(ctx, &client.StatisticsShiftsParams{From: to("2026-08-01")})
	require.NoError(t, err)
	assert.Len(t, all.JSON200.Items, 2)
	monitoring, err := c.GetMonitoringWithResponse(ctx, nil)
	require.NoError(t, err)
	assert.Len(t, monitoring.JSON200.Items, 2)
	messages, err := c.ListMessagesWithResponse(ctx, nil)
	require.NoError(t, err)
	assert.NotNil(t, messages.JSON200)
	order, err := c.OrderReportWithResponse(ctx, client.OrderReportJSONRequestBody{Kind: "shifts", From: to("2026-08-01"), To: to("2026-08-02")})
	require.NoError(t, err)
	require.NotNil(t, order.JSON201, string(order.Body))
	ordered, err := c.ListReportsWithResponse(ctx, nil)
	require.NoError(t, err)
	assert.Len(t, ordered.JSON200.Items, 1)
	again, err := c.GetReportWithResponse(ctx, order.JSON201.Id)
	require.NoError(t, err)
	assert.Equal(t, "queued", string(again.JSON200.State))
	w.work()
	file, err := c.GetReportFileWithResponse(ctx, order.JSON201.Id)
	require.NoError(t, err)
	require.Equal(t, 200, file.StatusCode())
	assert.Contains(t, sheets(t, file.Body), string(one.till[0].FN))
	taken, err := c.RemoveReportWithResponse(ctx, order.JSON201.Id)
	require.NoError(t, err)
	assert.Equal(t, 204, taken.StatusCode())
	schedule, err := c.CreateReportScheduleWithResponse(ctx, client.CreateReportScheduleJSONRequestBody{Kind: "shifts", Every: "daily", Emails: []string{"a@b.example"}})
	require.NoError(t, err)
	require.NotNil(t, schedule.JSON201, string(schedule.Body))
	schedules, err := c.ListReportSchedulesWithResponse(ctx, nil)
	require.NoError(t, err)
	assert.Len(t, schedules.JSON200.Items, 1)
	kept, err := c.GetReportScheduleWithResponse(ctx, schedule.JSON201.Id)
	require.NoError(t, err)
	assert.Equal(t, "daily", kept.JSON200.Every)
	ended, err := c.DeleteReportScheduleWithResponse(ctx, schedule.JSON201.Id)
	require.NoError(t, err)
	assert.Equal(t, 204, ended.StatusCode())
	came, err := c.ListDocumentsWithResponse(ctx, &client.ListDocumentsParams{DateBasis: to(client.ListDocumentsParamsDateBasisReceived), From: to("2026-08-01"), Status: to("ACCEPTED"), Total: to(true)})
	require.NoError(t, err)
	require.NotNil(t, came.JSON200, string(came.Body))
	assert.EqualValues(t, len(one.docs), *came.JSON200.Page.Total)
	pdf, err := c.GetDocumentWithResponse(ctx, d.FiscalDriveNumber, int64(d.FiscalDocumentNumber), &client.GetDocumentParams{View: to(client.GetDocumentParamsViewPdf)})
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(string(pdf.Body), "%PDF-"))
	hook, err := c.CreateWebhookWithResponse(ctx, client.CreateWebhookJSONRequestBody{Url: "https://x.example/hook", Events: []string{"document.received"}})
	require.NoError(t, err)
	require.NotNil(t, hook.JSON201, string(hook.Body))
	sent, err := c.TestWebhookWithResponse(ctx, hook.JSON201.Id)
	require.NoError(t, err)
	assert.NotNil(t, sent.JSON201)
	for _, name := range []string{"tags", "kinds", "operations", "rates", "taxation", "statuses", "errors", "events", "scopes"} {
		terms, err := c.GetReferenceWithResponse(ctx, client.GetReferenceParamsName(name), nil)
		require.NoError(t, err)
		require.NotNil(t, terms.JSON200, string(terms.Body))
		assert.NotEmpty(t, terms.JSON200.Items, name)
	}
}

// API-02: bad keys, scopes, sessions, forms of other sites.
func TestAuth(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	one := w.company[0]
	reader := w.key(one, integration.Key{Scopes: []integration.Scope{integration.ReadRegisters}})
	soon := w.key(one, integration.Key{Expires: start.Add(time.Hour)})
	for _, c := range []struct {
		key, path string
		status    int
		code      string
	}{
		{"", "/api/v1/registers", 401, "unauthorized"}, {"ofdk_wrong", "/api/v1/registers", 401, "bad_key"}, {reader, "/api/v1/registers", 200, ""},
		{reader, "/api/v1/documents", 403, "forbidden"}, {reader, "/api/v1/statistics/days", 403, "forbidden"}, {soon, "/api/v1/registers", 200, ""},
	} {
		resp, body := w.ask("GET", c.path, c.key, "")
		assert.Equal(t, c.status, resp.StatusCode, body)
		if c.code != "" {
			assert.Equal(t, c.code, w.problem(body).Code)
		}
	}
	w.clock.Add(3601)
	resp, _ := w.ask("GET", "/api/v1/registers", soon, "")
	assert.Equal(t, 401, resp.StatusCode, "its time is over")
	cookie := account.SessionCookie + "=" + one.token
	resp, body := w.ask("GET", "/api/v1/organizations", "", "", "Cookie", cookie)
	assert.Equal(t, 200, resp.StatusCode, body)
	resp, body = w.ask("POST", "/api/v1/organizations/"+one.org.ID+"/outlets", "", `{"name":"x"}`, "Cookie", cookie, "Sec-Fetch-Site", "cross-site")
	assert.Equal(t, 403, resp.StatusCode)
	assert.Equal(t, "cross_origin", w.problem(body).Code)
	keys, err := w.keys.Keys(context.Background(), one.viewer)
	require.NoError(t, err)
	for _, k := range keys {
		assert.NotContains(t, fmt.Sprint(k), reader, "only a hash is kept")
		require.NoError(t, w.keys.RevokeKey(context.Background(), one.viewer, k.ID))
	}
	resp, _ = w.ask("GET", "/api/v1/registers", reader, "")
	assert.Equal(t, 401, resp.StatusCode, "revoked")
	_, _, err = w.keys.CreateKey(context.Background(), one.viewer.Through("k", accessAll), integration.Key{Name: "x", Scopes: integration.Scopes()})
	require.Error(t, err, "a key makes no keys")
}

// API-04: pages, cursors, chosen fields, lines, and when an interval is complete.
func TestPaging(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	key := w.key(w.company[0], integration.Key{})
	seen, path := map[string]bool{}, "/api/v1/documents?limit=5&sort=dateTime&fields=id,totalSum"
	for next := ""; ; {
		_, body := w.ask("GET", path+next, key, "")
		var p struct {
			Items []map[string]any
			Page  struct {
				Next     string
				Complete bool
			}
		}
		require.NoError(t, json.Unmarshal([]byte(body), &p), body)
		for _, d := range p.Items {
			assert.Len(t, d, 2, "id and totalSum")
			seen[fmt.Sprint(d["id"])] = true
		}
		assert.False(t, p.Page.Complete, "the interval has no end")
		if p.Page.Next == "" {
			break
		}
		next = "&cursor=" + p.Page.Next
	}
	assert.Len(t, seen, len(w.company[0].docs))
	resp, body := w.ask("GET", "/api/v1/documents", key, "", "Accept", "application/x-ndjson")
	assert.Equal(t, "application/x-ndjson", resp.Header.Get("Content-Type"))
	assert.Equal(t, len(w.company[0].docs), strings.Count(body, "\n"))
	_, body = w.ask("GET", "/api/v1/documents?to=2026-08-01T11:01:00", key, "")
	assert.Contains(t, body, `"complete":true`)
	_, body = w.ask("GET", "/api/v1/documents?to=2026-09-01", key, "")
	assert.Contains(t, body, `"complete":false`, "the registers are silent since")
	_, body = w.ask("GET", "/api/v1/registers?limit=1&offset=1&total=true", key, "")
	assert.Contains(t, body, `"total":2`)
}

// API-05: problems.
func TestProblems(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	key := w.key(w.company[0], integration.Key{})
	for _, c := range []struct {
		method, path, body string
		status             int
		code, field        string
	}{
		{"GET", "/api/v1/documents?limit=0", "", 400, "invalid", "limit"}, {"GET", "/api/v1/documents?cursor=zz", "", 400, "invalid", "cursor"},
		{"GET", "/api/v1/documents?from=01.03.2026", "", 400, "invalid", "from"}, {"GET", "/api/v1/documents?nonsense=1", "", 400, "invalid", "nonsense"},
		{"GET", "/api/v1/registers/0000000000000001", "", 404, "not_found", ""}, {"GET", "/api/v1/nothing", "", 404, "not_found", ""},
		{"POST", "/api/v1/registers", `{"kktRegId":"1","kktNumber":"2"}`, 422, "invalid", "kktRegId"}, {"POST", "/api/v1/registers", `{"kktRegId":1}`, 422, "invalid", "kktNumber"},
		{"GET", fmt.Sprintf("/api/v1/documents/%s/3?view=raw", w.company[0].till[0].FN), "", 422, "personal", "personal"},
	} {
		resp, body := w.ask(c.method, c.path, key, c.body, "X-Request-Id", "trace-1")
		assert.Equal(t, c.status, resp.StatusCode, c.path+body)
		assert.Equal(t, "application/problem+json", resp.Header.Get("Content-Type"))
		assert.Equal(t, "trace-1", resp.Header.Get("X-Request-Id"), "API-06")
		p := w.problem(body)
		assert.Equal(t, "urn:ofd:error:"+c.code, p.Type, body)
		assert.Equal(t, "trace-1", p.TraceID)
		assert.NotEmpty(t, p.Title)
		if c.field != "" {
			assert.Contains(t, p.Field+p.Detail, c.field, body)
		}
	}
}

// API-06: ETag and If-Match, Idempotency-Key, limits, other sites.
func TestSafeRepeat(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 25)
	one := w.company[0]
	key := w.key(one, integration.Key{Origins: []string{"https://shop.example"}})
	reg := "/api/v1/registers/" + string(one.till[0].RegID)
	resp, _ := w.ask("GET", reg, key, "")
	tag := resp.Header.Get("ETag")
	assert.Equal(t, `"1"`, tag)
	resp, _ = w.ask("PATCH", reg, key, `{"name":"a"}`)
	assert.Equal(t, 428, resp.StatusCode)
	resp, body := w.ask("PATCH", reg, key, `{"name":"a"}`, "If-Match", tag)
	assert.Equal(t, 200, resp.StatusCode, body)
	resp, _ = w.ask("PATCH", reg, key, `{"name":"b"}`, "If-Match", tag)
	assert.Equal(t, 412, resp.StatusCode)

	outlets := "/api/v1/organizations/" + one.org.ID + "/outlets"
	first, a := w.ask("POST", outlets, key, `{"name":"x"}`, "Idempotency-Key", "1")
	again, b := w.ask("POST", outlets, key, `{"name":"x"}`, "Idempotency-Key", "1")
	assert.Equal(t, 201, first.StatusCode, a)
	assert.Equal(t, a, b)
	assert.Equal(t, "true", again.Header.Get("Idempotent-Replayed"))
	resp, body = w.ask("POST", outlets, key, `{"name":"y"}`, "Idempotency-Key", "1")
	assert.Equal(t, 422, resp.StatusCode)
	assert.Equal(t, "idempotency_key_reused", w.problem(body).Code)

	resp, _ = w.ask("OPTIONS", outlets, "", "", "Origin", "https://shop.example", "Access-Control-Request-Method", "POST")
	assert.Equal(t, "https://shop.example", resp.Header.Get("Access-Control-Allow-Origin"))
	resp, _ = w.ask("OPTIONS", outlets, "", "", "Origin", "https://evil.example", "Access-Control-Request-Method", "POST")
	assert.Empty(t, resp.Header.Get("Access-Control-Allow-Origin"))
	resp, _ = w.ask("GET", outlets, key, "", "Origin", "https://evil.example")
	assert.Equal(t, 403, resp.StatusCode)

	for range 30 {
		resp, _ = w.ask("GET", outlets, key, "")
	}
	assert.Equal(t, 429, resp.StatusCode)
	assert.NotEmpty(t, resp.Header.Get("Retry-After"))
	assert.Equal(t, "25", resp.Header.Get("RateLimit-Limit"))
	assert.Equal(t, "0", resp.Header.Get("RateLimit-Remaining"))
}

// API-07: a webhook hears of documents, signed, again and again until it answers.
func TestWebhooks(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t, 0), context.Background()
	one := w.company[0]
	key := w.key(one, integration.Key{})
	type call struct{ body, signature string }
	var calls []call
	var mu sync.Mutex // several are sent at once
	status := 500
	ear := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		calls = append(calls, call{string(b), r.Header.Get("OFD-Signature")})
		rw.WriteHeader(status)
	}))
	defer ear.Close()
	resp, body := w.ask("POST", "/api/v1/webhooks", key, `{"url":"`+ear.URL+`","events":["document.received","shift.opened","register.archived"]}`)
	require.Equal(t, 201, resp.StatusCode, body)
	var hook struct{ ID, Secret string }
	require.NoError(t, json.Unmarshal([]byte(body), &hook))
	_, body = w.ask("GET", "/api/v1/webhooks/"+hook.ID, key, "")
	assert.NotContains(t, body, hook.Secret, "shown once")

	w.keep(one, one.till[0], one.till[0].OpenShift())
	w.keep(w.company[1], w.company[1].till[0], w.company[1].till[0].OpenShift())
	w.catchUp()
	_, err := w.keys.SendDue(ctx)
	require.NoError(t, err)
	require.Len(t, calls, 2, "document.received and shift.opened of one company")
	for _, c := range calls {
		assert.Contains(t, c.body, string(one.till[0].FN))
		at, sum, _ := strings.Cut(strings.TrimPrefix(c.signature, "t="), ",v1=")
		mac := hmac.New(sha256.New, []byte(hook.Secret))
		mac.Write([]byte(at + "." + c.body))
		assert.Equal(t, hex.EncodeToString(mac.Sum(nil)), sum)
	}
	_, _ = w.keys.SendDue(ctx)
	assert.Len(t, calls, 2, "not before the pause is over")
	status = 204
	w.clock.Add(11)
	_, err = w.keys.SendDue(ctx)
	require.NoError(t, err)
	assert.Len(t, calls, 4)
	_, body = w.ask("GET", "/api/v1/webhooks/"+hook.ID+"/deliveries", key, "")
	assert.Equal(t, 2, strings.Count(body, `"state":"delivered"`), body)
	resp, body = w.ask("POST", "/api/v1/webhooks/"+hook.ID+"/test", key, "")
	assert.Equal(t, 201, resp.StatusCode, body)
	require.NoError(t, w.fleet.Archive(ctx, one.viewer, one.till[1].RegID))
	require.NoError(t, w.keys.Watch(ctx))
	_, err = w.keys.SendDue(ctx)
	require.NoError(t, err)
	assert.Len(t, calls, 6)
	status = 500
	w.clock.Add(1)
	_, _ = w.ask("POST", "/api/v1/webhooks/"+hook.ID+"/test", key, "")
	for range 40 {
		w.clock.Add(4 * 3600)
		_, err = w.keys.SendDue(ctx)
		require.NoError(t, err)
	}
	_, body = w.ask("GET", "/api/v1/webhooks/"+hook.ID+"/deliveries?limit=1", key, "")
	assert.Contains(t, body, `"state":"failed"`, "given up after 24 hours")
	assert.Less(t, len(calls), 20)
}

// API-10: what the document says of versions.
func TestVersioning(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	_, body := w.ask("GET", "/api/docs", "", "")
	assert.Contains(t, body, "Deprecation и Sunset")
	assert.NotContains(t, body, "http://", "nothing from elsewhere")
	assert.NotContains(t, body, "https://")
	resp, body := w.ask("GET", "/api/v1/openapi.json", "", "")
	assert.Equal(t, 200, resp.StatusCode)
	assert.Contains(t, body, `"openapi": "3.1.0"`)
}

// OPR-061, OPR-062: the public answer about a receipt.
func TestPublicReceipts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	d := w.company[0].docs[2]
	doc, err := ffd.Decode(d.STLV)
	require.NoError(t, err)
	path := fmt.Sprintf("/public/v1/receipts?fn=%s&fd=%d&fp=%d", d.FN, d.FD, doc.FPD())
	resp, body := w.ask("GET", path, "", "")
	assert.Equal(t, 200, resp.StatusCode, body)
	assert.Contains(t, body, `"totalSum":10000`)
	assert.NotContains(t, body, buyerPhone)
	resp, same := w.ask("GET", "/public/v1/receipts?qr="+url.QueryEscape(ffd.QRText(doc)), "", "")
	assert.Equal(t, 200, resp.StatusCode, same)
	assert.Equal(t, body, same, "by the text of the QR code, too")
	resp, same = w.ask("GET", "/public/v1/receipts?qr=привет", "", "")
	assert.Equal(t, 400, resp.StatusCode)
	assert.Equal(t, "qr", w.problem(same).Field)
	resp, _ = w.ask("GET", fmt.Sprintf("/public/v1/receipts?fn=%s&fd=%d", d.FN, d.FD), "", "")
	assert.Equal(t, 400, resp.StatusCode, "all three numbers")
	resp, _ = w.ask("GET", path+"1", "", "")
	assert.Contains(t, []int{400, 404}, resp.StatusCode)
	resp, body = w.ask("GET", fmt.Sprintf("/public/v1/receipts?fn=%s&fd=%d&fp=1", d.FN, d.FD), "", "")
	assert.Equal(t, 404, resp.StatusCode)
	assert.Equal(t, "receipt-not-found", w.problem(body).Code)
	resp, _ = w.ask("GET", fmt.Sprintf("/public/v1/receipts?fn=%s&fd=999&fp=1", d.FN), "", "")
	assert.Equal(t, 202, resp.StatusCode)
	assert.NotEmpty(t, resp.Header.Get("Retry-After"))
	for range 30 {
		resp, _ = w.ask("GET", path, "", "")
	}
	assert.Equal(t, 429, resp.StatusCode)
	assert.NotEmpty(t, resp.Header.Get("Retry-After"))
}
