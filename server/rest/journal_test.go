package rest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/integration"
	"github.com/fiscalbench/fiscalbench/server/ledger"
	"github.com/fiscalbench/fiscalbench/server/rest"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// operator.md 1.3: personal data of a buyer that a key asked for and got stands in the
// journal, with the key and in which form; what is masked, refused or another's does not.
func TestJournal_PersonalDataOfADocument(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	one, till := w.company[0], w.company[0].till[0]
	key, foreign := w.key(one, integration.Key{}), w.key(w.company[1], integration.Key{})
	keys, err := w.keys.Keys(context.Background(), one.viewer)
	require.NoError(t, err)
	dark := till.Receipt(800)
	w.put(till, dark, func(d *store.Document) { d.STLV = nil })
	id := fmt.Sprintf("%s/3", till.FN)
	about := func(id string) (all []string) {
		found, err := w.accounts.Events(context.Background(), one.viewer, account.EventFilter{About: id, Limit: 100})
		require.NoError(t, err)
		for _, e := range found {
			assert.Equal(t, "document.personal", e.Action)
			assert.Equal(t, "127.0.0.1", e.Address)
			assert.Equal(t, keys[0].ID, e.Key)
			assert.Equal(t, one.viewer.User(), e.User)
			all = append(all, e.Detail)
		}
		return all
	}
	ask := func(id, query, key string, want int) {
		t.Helper()
		resp, body := w.ask("GET", "/api/v1/documents/"+id+"?view="+query, key, "")
		require.Equal(t, want, resp.StatusCode, body)
	}
	views := map[string]string{"json": "JSON", "tags": "реквизиты", "html": "печатная форма", "pdf": "PDF", "raw": "контейнер"}
	var want []string
	for view := range views {
		masked := 200
		if view == "raw" {
			masked = 422
		}
		ask(id, view, key, masked)
		ask(id, view+"&personal=false", key, masked)
		ask(fmt.Sprintf("%s/999", till.FN), view+"&personal=true", key, 404)
		ask(id, view+"&personal=true", foreign, 404)
	}
	require.Empty(t, about(id))
	for view, name := range views {
		ask(id, view+"&personal=true", key, 200)
		want = append(want, "документ (ФН/ФД) "+id+"; API, "+name)
	}
	assert.ElementsMatch(t, want, about(id))

	unread := fmt.Sprintf("%s/%d", till.FN, dark.FD)
	ask(unread, "pdf&personal=true", key, 422)
	ask(unread, "tags&personal=true", key, 422)
	assert.Empty(t, about(unread), "nothing was shown")
}

// deaf is a store of accounts that takes no entries.
type deaf struct{ account.Store }

var errDeaf = errors.New("the disk is full")

func (deaf) AddEvent(context.Context, account.Event) error { return errDeaf }

// operator.md 1.3: what cannot be noted is not shown.
func TestJournal_NoEntryNoPersonalData(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	accounts, err := account.New(account.Options{Store: deaf{w.base.Accounts()}, Messenger: w.notify, Memory: 64, Now: w.now})
	require.NoError(t, err)
	h, err := rest.New(rest.Options{Accounts: accounts, Fleet: w.fleet, Ledger: ledger.New(w.documents, w.documents), Integration: w.keys, Arrivals: w.documents, Now: w.now})
	require.NoError(t, err)
	key := w.key(w.company[0], integration.Key{})
	ask := func(query string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), "GET", fmt.Sprintf("/api/v1/documents/%s/3?view=%s", w.company[0].till[0].FN, query), nil)
		r.Header.Set("Authorization", "Bearer "+key)
		a := httptest.NewRecorder()
		h.ServeHTTP(a, r)
		return a
	}
	assert.Equal(t, 200, ask("html").Code)
	for _, view := range []string{"html", "json", "tags", "raw", "pdf"} {
		a := ask(view + "&personal=true")
		assert.Equal(t, 500, a.Code, view)
		assert.Equal(t, "application/problem+json", a.Header().Get("Content-Type"), view)
		assert.NotContains(t, a.Body.String(), buyerPhone, view)
	}
}
