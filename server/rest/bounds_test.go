package rest_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/integration"
)

// accessAll are limits that allow everything.
var accessAll = access.Limits{Rights: ^access.Right(0)}

// holder is a key and the drives whose documents it may show.
type holder struct {
	secret string
	org    string
	drives []fiscal.FNNumber
	dark   bool // its dates hold no documents
	hooks  []string
}

// API-02, API-07: whatever is asked, with whichever key, nothing comes of another
// organisation's, outlet's or key's: both organisations have registers of the same
// numbers, and every answer is searched for the marks of what must not be in it.
func TestBounds_NothingOfOthers(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t, 1<<30), context.Background()
	var ears []string
	ear := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer ear.Close()
	var holders []holder
	for n, c := range w.company {
		both := []fiscal.FNNumber{c.till[0].FN, c.till[1].FN}
		_ = n
		for _, one := range []struct {
			k      integration.Key
			drives []fiscal.FNNumber
			dark   bool
		}{
			{integration.Key{}, both, false}, {integration.Key{Branches: c.outlet[:1]}, both[:1], false}, {integration.Key{Branches: c.outlet[1:]}, both[1:], false},
			{integration.Key{Registers: []fiscal.RegNumber{c.till[0].RegID}}, both[:1], false}, {integration.Key{Registers: []fiscal.RegNumber{c.till[1].RegID}}, both[1:], false},
			{integration.Key{Registers: []fiscal.RegNumber{c.till[0].RegID}, Branches: c.outlet[1:]}, nil, false},
			{integration.Key{To: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)}, both, true}, {integration.Key{From: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)}, both, true},
		} {
			h := holder{secret: w.key(c, one.k), org: c.org.ID, drives: one.drives, dark: one.dark}
			resp, body := w.ask("POST", "/api/v1/webhooks", h.secret, `{"url":"`+ear.URL+`","events":["document.received","register.archived"]}`)
			require.Equal(t, 201, resp.StatusCode, body)
			id := strings.TrimPrefix(resp.Header.Get("Location"), "/api/v1/webhooks/")
			h.hooks, ears = []string{id}, append(ears, id)
			holders = append(holders, h)
		}
	}
	for _, c := range w.company {
		for _, till := range c.till {
			w.keep(c, till, till.OpenShift(), till.Receipt(777, buyer))
		}
	}
	w.catchUp()
	rng := rand.New(rand.NewPCG(1, 2))
	pick := func(all []string) string { return all[rng.IntN(len(all))] }
	var fns, regs, places, orgs []string
	for _, c := range w.company {
		orgs = append(orgs, c.org.ID)
		places = append(places, c.outlet[:]...)
		for _, till := range c.till {
			fns, regs = append(fns, string(till.FN)), append(regs, string(till.RegID))
		}
	}
	handler := w.site.Config.Handler
	attempts, answered := 0, 0
	tries := 1200
	if os.Getenv("TORTURE") != "" {
		tries = 20_000
	}
	for range tries {
		h := holders[rng.IntN(len(holders))]
		path := pick([]string{
			"/api/v1/registers", "/api/v1/registers?outletId=" + pick(places), "/api/v1/registers/" + pick(regs), "/api/v1/registers/" + pick(regs) + "/documents",
			"/api/v1/registers/" + pick(regs) + "/fiscal-drives", "/api/v1/registers/" + pick(regs) + "/shifts", "/api/v1/registers/" + pick(regs) + "/shifts/" + pick(fns) + "/1",
			"/api/v1/documents", "/api/v1/documents?fn=" + pick(fns), "/api/v1/documents?outletId=" + pick(places), "/api/v1/documents?buyer=%2B79161234567",
			"/api/v1/documents/" + pick(fns) + "/" + fmt.Sprint(1+rng.IntN(8)), "/api/v1/documents/" + pick(fns) + "/3?view=tags", "/api/v1/documents/" + pick(fns) + "/3?view=html", "/api/v1/documents/changes",
			"/api/v1/documents/changes?after=Yzow", "/api/v1/statistics/days?from=2026-08-01&group=register", "/api/v1/statistics/shifts?from=2026-08-01&kktRegId=" + pick(regs),
			"/api/v1/statistics/items?from=2026-08-01", "/api/v1/monitoring", "/api/v1/messages", "/api/v1/reports", "/api/v1/organizations", "/api/v1/organizations/" + pick(orgs),
			"/api/v1/organizations/" + pick(orgs) + "/outlets", "/api/v1/organizations/" + pick(orgs) + "/outlets/" + pick(places), "/api/v1/webhooks", "/api/v1/webhooks/" + pick(ears),
			"/api/v1/webhooks/" + pick(ears) + "/deliveries",
		})
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, path, nil)
		r.Header.Set("Authorization", "Bearer "+h.secret)
		if rng.IntN(4) == 0 {
			r.Header.Set("Accept", "application/x-ndjson")
		}
		rec := httptest.NewRecorder()
		handler.ServeHTTP(rec, r)
		attempts++
		require.NotEqual(t, 500, rec.Code, path+rec.Body.String())
		if rec.Code == 200 {
			answered++
		}
		w.mustNotHold(t, h, path, rec)
	}
	require.Greater(t, answered, attempts/4)
	t.Logf("%d attempts, %d answered, nothing of others", attempts, answered)
	// What webhooks tell is bound by the same limits.
	due, err := w.base.Integration().Due(ctx, w.now().Add(time.Hour), 10_000)
	require.NoError(t, err)
	require.NotEmpty(t, due)
	for _, d := range due {
		for _, h := range holders {
			if h.hooks[0] == d.Hook {
				rec := httptest.NewRecorder()
				rec.Write(d.Body)
				w.mustNotHold(t, h, "webhook", rec)
			}
		}
	}
}

// mustNotHold looks for marks of what the holder must not see in an answer. The numbers
// in the path may come back in links and errors, so they are taken out first.
func (w *world) mustNotHold(t *testing.T, h holder, path string, rec *httptest.ResponseRecorder) {
	t.Helper()
	body := rec.Body.String()
	require.NotContains(t, body, buyerPhone, path)
	for n, c := range w.company {
		for i, till := range c.till {
			mine := false
			for _, fn := range h.drives {
				mine = mine || fn == till.FN
			}
			if mine && !h.dark {
				continue
			}
			if mine { // only documents are dark
				require.NotContains(t, body, fmt.Sprintf(`"id":"%s/`, till.FN), path)
				continue
			}
			require.NotContains(t, body, string(till.FN), path)
			require.NotContains(t, body, fmt.Sprintf("Касса %d.%d", n, i), path)
			if rec.Code == http.StatusOK {
				require.NotContains(t, body, fmt.Sprintf("Точка %d.%d", n, i)+`"`, path, "outlet of another")
			}
		}
		if c.org.ID != h.org {
			require.NotContains(t, body, c.org.Name, path)
			require.NotContains(t, body, `"`+c.org.INN+`"`, path)
		}
	}
	for _, other := range w.hookIDs(t) {
		if other != h.hooks[0] {
			require.NotContains(t, body, other, path)
		}
	}
}

func (w *world) hookIDs(t *testing.T) []string {
	if w.ids == nil {
		all, err := w.base.Integration().Hooks(context.Background(), "")
		require.NoError(t, err)
		for _, h := range all {
			w.ids = append(w.ids, h.ID)
		}
	}
	return w.ids
}
