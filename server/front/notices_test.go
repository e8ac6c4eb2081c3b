package front_test

import (
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/internal/clock"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/front"
	"github.com/fiscalbench/fiscalbench/server/notify"
	"github.com/fiscalbench/fiscalbench/server/servertest"
	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/office"
	"github.com/fiscalbench/fiscalbench/server/store/sqlite"
)

// NTF-01, NTF-02, NTF-06, NTF-07, NTF-08, NTF-10, NTF-11, SIM-01, SIM-02: whatever the
// operator writes stands on the page «Исходящие» as it was sent, tests read its code and
// links, and each link leads somewhere.
func TestNotices_OpenAndLead(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	base, err := office.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "ofd.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, base.Close()) })
	documents, err := sqlite.Open(filepath.Join(t.TempDir(), "documents.db"), sqlite.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, documents.Close()) })
	site := httptest.NewUnstartedServer(nil)
	at, now := "http://"+site.Listener.Addr().String(), clock.New(nil)
	f, err := front.New(front.Options{Store: documents, Office: base, OFD: "7704358518", OFDName: "Испытательный ОФД", Site: at, Bench: true, Clock: now, PasswordMemory: 64})
	require.NoError(t, err)
	mux := http.NewServeMux()
	mux.Handle("/", f.Handler())
	mux.Handle("/bench/v1/outbox/", f.Outbox())
	site.Config.Handler = mux
	site.Start()
	t.Cleanup(site.Close)
	browser := func() *http.Client {
		jar, err := cookiejar.New(nil)
		require.NoError(t, err)
		return &http.Client{Jar: jar}
	}
	read := func(resp *http.Response, err error) (int, string) {
		t.Helper()
		require.NoError(t, err)
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return resp.StatusCode, html.UnescapeString(string(b))
	}
	ivan := browser()
	post := func(path string, pairs ...string) (int, string) {
		t.Helper()
		form := url.Values{}
		for i := 0; i < len(pairs); i += 2 {
			form.Set(pairs[i], pairs[i+1])
		}
		return read(ivan.PostForm(at+path, form))
	}
	type last struct {
		ID, Kind, Code, Link, Text string
		State                      notify.State
		Links                      []string
	}
	seen := map[string]last{}
	told := func(kind, to string) last {
		t.Helper()
		_, err := f.Notify.Step(ctx)
		require.NoError(t, err)
		status, body := read(http.Get(at + "/bench/v1/outbox/last?kind=" + kind + "&to=" + url.QueryEscape(to)))
		require.Equal(t, http.StatusOK, status, body)
		var m last
		require.NoError(t, json.Unmarshal([]byte(body), &m))
		assert.Equal(t, kind, m.Kind)
		assert.Equal(t, notify.Delivered, m.State)
		seen[kind] = m
		return m
	}

	const phone, mail = "+79001112233", "ivan@shop.example"
	post("/lk/register", "org", "Ромашка", "contact", "Иван Петров", "phone", phone, "email", mail, "password", "ромашка-2026", "consent", "yes")
	code := told("NTF-01", phone)
	require.Len(t, code.Code, 6)
	assert.Contains(t, code.Text, "5 мин")
	post("/lk/code", "code", code.Code)
	letter := told("NTF-02", mail)
	assert.Contains(t, letter.Text, "Иван Петров", "who asked")
	assert.Contains(t, letter.Text, mail)
	_, token, _ := strings.Cut(letter.Link, "token=")
	status, body := read(ivan.Get(letter.Link))
	require.Equal(t, http.StatusOK, status)
	assert.Contains(t, body, "Подтвердить")
	_, body = post("/confirm", "token", token)
	assert.Contains(t, body, "подтверждён")

	r := servertest.NewRegister(1, fiscal.FFD105)
	status, body = post("/lk/profile", "version", "1", "name", "Ромашка", "inn", string(r.UserINN), "kpp", "770201001")
	require.Equal(t, http.StatusOK, status, body)
	for path, form := range map[string][]string{
		"/lk/registers/new": {"regId", string(r.RegID), "serial", r.Factory, "name", "Касса 1"}, "/lk/buyers": {"version", "0", "letters", "yes"}, "/lk/monitoring/alerts": {"on", "yes", "letters", "yes"},
	} {
		status, body = post(path, form...)
		require.Equal(t, http.StatusOK, status, body)
	}

	keep := func(d servertest.Doc) {
		t.Helper()
		doc, err := ffd.Decode(d.STLV)
		require.NoError(t, err)
		require.NoError(t, documents.Accept(ctx, store.Acceptance{
			Document: store.Document{FN: d.FN, FD: d.FD, Form: d.Form, FFD: r.FFD, RegID: r.RegID, UserINN: r.UserINN, DateTime: doc.DateTime(), ReceivedAt: now.Now().UTC(), Total: doc.Sum(ffd.TagTotalSum), FPD: doc.FPD(),
				Message: d.Message, STLV: d.STLV, Confirmation: []byte{1}},
			Drive: store.Drive{FN: d.FN, Version: int64(d.FD), RegID: r.RegID, UserINN: r.UserINN, Status: store.DriveActive, LastFD: d.FD, LastAt: now.Now().UTC(), Documents: int64(d.FD)}}))
	}
	wall := now.Now().In(time.FixedZone("MSK", 3*3600))
	r.Time = time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), 0, 0, time.UTC)
	keep(r.Registration())
	keep(r.OpenShift())
	keep(r.Receipt(123_45, func(b *tlv.Builder) { b.Text(ffd.TagBuyerPhoneOrAddress, "buyer@mail.example") }))
	require.NoError(t, f.Fleet.Follower(documents).CatchUp(ctx))
	require.NoError(t, f.Buyers.Follower(documents).CatchUp(ctx))
	receipt := told("NTF-10", "buyer@mail.example")
	assert.Contains(t, receipt.Text, "=123.45")

	watcher := &fleet.Watcher{Fleet: f.Fleet, People: f.Accounts, Outbox: f.Notify, Site: at}
	require.NoError(t, watcher.Step(ctx))
	require.NoError(t, now.Move(73*time.Hour))
	require.NoError(t, watcher.Step(ctx))
	changed := told("NTF-11", mail)
	for _, want := range []string{"Касса 1", "Причина: смена открыта", "Торговая точка:", "С какого времени:", "зелёный → красный"} {
		assert.Contains(t, changed.Text, want)
	}

	post("/lk/reports/new", "kind", "usage", "from", "2026-03-01T00:00", "to", "2026-03-31T23:59", "emails", mail)
	_, err = f.Reports.Step(ctx)
	require.NoError(t, err)
	told("NTF-08", mail)
	_, body = read(ivan.PostForm(at+"/lk/forgot-login", url.Values{"inn": {string(r.UserINN)}, "kpp": {"770201001"}}))
	assert.NotContains(t, body, mail)
	login := told("NTF-07", mail)
	assert.Contains(t, login.Text, phone, "the login itself")
	_, _ = read(browser().PostForm(at+"/lk/recover", url.Values{"login": {mail}}))
	told("NTF-06", mail)

	guest := browser()
	for kind, m := range seen {
		status, body := read(ivan.Get(at + "/lk/outbox/" + m.ID))
		require.Equal(t, http.StatusOK, status, kind)
		for line := range strings.Lines(m.Text) {
			assert.Contains(t, body, strings.TrimSpace(line), kind)
		}
		_, list := read(ivan.Get(at + "/lk/outbox?to=" + url.QueryEscape(map[bool]string{true: phone, false: "@"}[kind == "NTF-01"])))
		assert.Contains(t, list, "/lk/outbox/"+m.ID, kind)
		for _, link := range m.Links {
			assert.Contains(t, body, fmt.Sprintf(`href="%s">Открыть ссылку`, link), kind)
			who := guest
			if strings.Contains(link, "/lk/") {
				who = ivan
			}
			resp, err := who.Get(link)
			status, _ := read(resp, err)
			assert.Equal(t, http.StatusOK, status, "%s: %s", kind, link)
			assert.NotContains(t, resp.Request.URL.Path, "/lk/login", "%s: %s", kind, link)
		}
		if kind != "NTF-01" {
			status, _ := read(ivan.Get(at + "/lk/outbox/" + m.ID + "/html"))
			assert.Equal(t, http.StatusOK, status, kind)
		}
		if kind == "NTF-01" || kind == "NTF-07" {
			assert.LessOrEqual(t, len(m.Links), 1, kind)
		} else {
			assert.NotEmpty(t, m.Links, kind)
		}
	}
	assert.Len(t, seen, 7)
	status, _ = read(ivan.Get(at + "/lk/outbox/" + seen["NTF-08"].ID + "/file/0"))
	assert.Equal(t, http.StatusOK, status, "the xlsx")
}
