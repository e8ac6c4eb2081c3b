package rest_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/integration"
)

// order puts a report into the queue and returns its address.
func (w *world) order(key, kind string) string {
	w.t.Helper()
	resp, body := w.ask("POST", "/api/v1/reports", key, `{"kind":"`+kind+`","from":"2026-08-01","to":"2026-08-03"}`)
	require.Equal(w.t, 201, resp.StatusCode, body)
	return resp.Header.Get("Location")
}

// work makes what is ordered.
func (w *world) work() {
	w.t.Helper()
	for {
		n, err := w.reports.Step(context.Background())
		require.NoError(w.t, err)
		if n == 0 {
			return
		}
	}
}

// sheets is what is written in an xlsx file, as it is.
func sheets(t *testing.T, file []byte) string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	require.NoError(t, err)
	var all strings.Builder
	for _, f := range z.File {
		r, err := f.Open()
		require.NoError(t, err)
		b, err := io.ReadAll(r)
		require.NoError(t, err)
		all.Write(b)
	}
	return all.String()
}

// API-02, API-03: a key of one register has reports about that register, a key of some
// dates those with a period; orders are taken back, schedules made and removed.
func TestReports_WithinTheKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	one := w.company[0]
	all := w.key(one, integration.Key{})
	limited := w.key(one, integration.Key{Registers: []fiscal.RegNumber{one.till[1].RegID}})
	dated := w.key(one, integration.Key{To: time.Date(2026, 8, 2, 0, 0, 0, 0, time.UTC)})
	early := w.key(one, integration.Key{To: time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)})
	whole, mine, late, none := w.order(all, "documents"), w.order(limited, "documents"), w.order(dated, "documents"), w.order(early, "documents")
	w.work()
	file := func(at, key string) string {
		resp, body := w.ask("GET", at+"/file", key, "")
		require.Equal(t, 200, resp.StatusCode, body)
		assert.Equal(t, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", resp.Header.Get("Content-Type"))
		return sheets(t, []byte(body))
	}
	for at, key := range map[string]string{whole: all, late: dated} {
		got := file(at, key)
		assert.Contains(t, got, string(one.till[0].FN))
		assert.Contains(t, got, string(one.till[1].FN))
	}
	got := file(mine, limited)
	assert.NotContains(t, got, string(one.till[0].FN))
	assert.Contains(t, got, string(one.till[1].FN))
	assert.NotContains(t, file(none, early), string(one.till[1].FN), "no documents of its dates")
	for _, suffix := range []string{"", "/file"} {
		resp, _ := w.ask("GET", whole+suffix, limited, "")
		assert.Equal(t, 404, resp.StatusCode)
	}
	_, body := w.ask("GET", "/api/v1/reports?fields=id,state", limited, "")
	assert.Equal(t, 1, strings.Count(body, `"id":`), body)
	resp, body := w.ask("POST", "/api/v1/reports", dated, `{"kind":"usage","from":"2026-08-01","to":"2026-08-03"}`)
	assert.Equal(t, 403, resp.StatusCode)
	assert.Equal(t, "limited_key", w.problem(body).Code)
	resp, body = w.ask("POST", "/api/v1/reports", limited, `{"kind":"shifts","from":"2026-08-01","to":"2026-08-03","registers":["`+string(one.till[0].RegID)+`"]}`)
	assert.Equal(t, 422, resp.StatusCode)
	assert.Equal(t, "registers", w.problem(body).Field)

	resp, _ = w.ask("DELETE", whole, limited, "")
	assert.Equal(t, 404, resp.StatusCode)
	resp, _ = w.ask("DELETE", mine, limited, "")
	assert.Equal(t, 204, resp.StatusCode)
	_, body = w.ask("GET", mine, limited, "")
	assert.Contains(t, body, `"state":"expired"`)
	resp, body = w.ask("GET", mine+"/file", limited, "")
	assert.Equal(t, 410, resp.StatusCode)
	assert.Equal(t, "gone", w.problem(body).Code)

	resp, body = w.ask("POST", "/api/v1/report-schedules", limited, `{"kind":"shifts","every":"weekly","weekday":1,"hour":8,"emails":["a@b.example"]}`)
	require.Equal(t, 201, resp.StatusCode, body)
	at := resp.Header.Get("Location")
	assert.Contains(t, body, `"timeZone":"Europe/Moscow"`)
	_, body = w.ask("GET", at, limited, "")
	assert.Contains(t, body, `"weekday":1`)
	assert.Contains(t, body, `"nextAt":"2026-08-03T05:00:00Z"`)
	for key, want := range map[string]int{limited: 1, all: 1, dated: 0} {
		_, body = w.ask("GET", "/api/v1/report-schedules", key, "")
		assert.Equal(t, want, strings.Count(body, `"id":`), body)
	}
	resp, body = w.ask("POST", "/api/v1/report-schedules", limited, `{"kind":"shifts","every":"monthly","emails":["a@b.example"]}`)
	assert.Equal(t, 422, resp.StatusCode)
	assert.Equal(t, "day", w.problem(body).Field)
	resp, _ = w.ask("DELETE", at, dated, "")
	assert.Equal(t, 404, resp.StatusCode)
	resp, _ = w.ask("DELETE", at, limited, "")
	assert.Equal(t, 204, resp.StatusCode)
}

// API-07: report.ready is told once, to those who may read the report.
func TestWebhooks_ReportReady(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t, 0), context.Background()
	one := w.company[0]
	heard := map[string][]string{}
	ear := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		heard[r.URL.Path] = append(heard[r.URL.Path], string(b))
	}))
	defer ear.Close()
	hook := func(name, key string) string {
		resp, body := w.ask("POST", "/api/v1/webhooks", key, `{"url":"`+ear.URL+"/"+name+`","events":["report.ready"]}`)
		require.Equal(t, 201, resp.StatusCode, body)
		return key
	}
	w.order(w.key(one, integration.Key{}), "documents")
	w.work() // before anybody listens
	w.clock.Add(60)
	all := hook("all", w.key(one, integration.Key{}))
	limited := hook("limited", w.key(one, integration.Key{Branches: one.outlet[:1]}))
	hook("other", w.key(w.company[1], integration.Key{}))
	resp, body := w.ask("POST", "/api/v1/webhooks", w.key(one, integration.Key{Scopes: []integration.Scope{integration.ReadRegisters}}), `{"url":"`+ear.URL+`","events":["report.ready"]}`)
	assert.Equal(t, 403, resp.StatusCode, body)

	look := func() {
		t.Helper()
		require.NoError(t, w.keys.Watch(ctx))
		_, err := w.keys.SendDue(ctx)
		require.NoError(t, err)
	}
	look()
	assert.Empty(t, heard, "nothing was made since")
	first := w.order(all, "shifts")
	w.work()
	look()
	require.Len(t, heard["/all"], 1)
	assert.Empty(t, heard["/limited"], "it may not read it")
	var m struct {
		ID, Type string
		Data     struct {
			ID, Kind, From string
			Size           int64
		}
		Links map[string]string
	}
	require.NoError(t, json.Unmarshal([]byte(heard["/all"][0]), &m))
	assert.Equal(t, "report.ready", m.Type)
	assert.Equal(t, "shifts", m.Data.Kind)
	assert.Equal(t, "2026-08-01T00:00:00", m.Data.From)
	assert.Positive(t, m.Data.Size)
	assert.Equal(t, first, m.Links["report"])
	resp, _ = w.ask("GET", m.Links["file"], all, "")
	assert.Equal(t, 200, resp.StatusCode)
	w.clock.Add(3600)
	for range 3 {
		w.order(limited, "goods")
	}
	w.work()
	look()
	look()
	assert.Len(t, heard["/all"], 4)
	assert.Len(t, heard["/limited"], 3)
	assert.Empty(t, heard["/other"])
	w.clock.Add(-7200) // the bench's clock goes back: what is made then is told, too
	w.order(all, "goods")
	w.work()
	look()
	assert.Len(t, heard["/all"], 4, "made before the webhook, by this clock")
}
