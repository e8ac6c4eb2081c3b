package api_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/server/api"
	"github.com/fiscalbench/fiscalbench/server/store/sqlite"
)

func contains(s, part string) bool { return strings.Contains(s, part) }

func numbers(rows []map[string]any, member string) []int {
	all := []int{}
	for _, r := range rows {
		all = append(all, int(r[member].(float64)))
	}
	return all
}

func TestAPI_Lists(t *testing.T) {
	t.Parallel()
	h := api.New(filled(t), api.Options{})

	assert.Equal(t, map[string]any{"drives": 2.0, "documents": 6.0, "confirmations": 2.0, "findings": 1.0, "quarantined": 1.0, "incidents": 2.0, "openGaps": 2.0, "behind": 6.0, "unread": 0.0},
		object(t, h, "/bench/v1/stats"))

	drives := items(t, h, "/bench/v1/drives")
	require.Len(t, drives, 2)
	assert.Equal(t, drives[0], object(t, h, "/bench/v1/drives/"+string(vectorFN)))
	assert.EqualValues(t, vectorFN, drives[0]["fiscalDriveNumber"])
	assert.EqualValues(t, "active", drives[0]["status"])
	assert.EqualValues(t, brokenFD, drives[0]["lastFiscalDocumentNumber"])
	assert.Equal(t, []any{map[string]any{"from": 3.0, "to": 76.0, "since": "2026-03-01T09:30:00.000005Z"}}, drives[0]["gaps"])

	quarantine := items(t, h, "/bench/v1/quarantine?fn="+string(vectorFN))
	require.Len(t, quarantine, 1)
	assert.Equal(t, "0102", quarantine[0]["message"])
	assert.Equal(t, map[string]any{"id": "E-13", "name": "bad_message_sign"}, quarantine[0]["fault"])
	assert.Empty(t, items(t, h, "/bench/v1/quarantine?fn="+string(privateFN)))

	incidents := items(t, h, "/bench/v1/incidents")
	require.Len(t, incidents, 2)
	assert.Equal(t, "ФПС не сошёлся", incidents[0]["text"])
	assert.Nil(t, incidents[1]["at"])

	exchanges := items(t, h, "/bench/v1/exchanges?fn="+string(vectorFN))
	require.Len(t, exchanges, 6, "five documents and the service mode")
	receipt := object(t, h, documentPath(vectorFN, receiptFD))
	assert.Equal(t, receipt["message"], exchanges[1]["request"])
	assert.Equal(t, receipt["confirmation"], exchanges[1]["response"])
	assert.Equal(t, "2a08", exchanges[5]["request"])
	assert.EqualValues(t, 1.5, exchanges[5]["tookMs"])
}

func TestAPI_Filters(t *testing.T) {
	t.Parallel()
	h := api.New(filled(t), api.Options{})
	receipt := object(t, h, documentPath(vectorFN, receiptFD))
	report := object(t, h, documentPath(vectorFN, reportFD))
	of := "/bench/v1/drives/" + string(vectorFN) + "/documents"
	for path, want := range map[string][]int{
		"/bench/v1/documents": {reportFD, receiptFD, encryptedFD, blindFD, brokenFD, privateFD},
		of:                    {reportFD, receiptFD, encryptedFD, blindFD, brokenFD},
		"/bench/v1/documents?fn=" + string(privateFN): {privateFD},
		of + "?form=11":            {reportFD},
		of + "?findings=1":         {encryptedFD},
		of + "?findings=0&limit=2": {reportFD, receiptFD},
		fmt.Sprintf("/bench/v1/documents?fpd=%.0f", receipt["fiscalSign"]):    {receiptFD, encryptedFD},
		fmt.Sprintf("/bench/v1/documents?rnm=%s&form=11", report["kktRegId"]): {reportFD},
		fmt.Sprintf("/bench/v1/documents?inn=%s", report["userInn"]):          {reportFD, receiptFD, encryptedFD},
		fmt.Sprintf("%s?from=%s&to=2100-01-01", of, receipt["dateTime"]):      {receiptFD, encryptedFD},
		fmt.Sprintf("%s?to=%s", of, receipt["dateTime"]):                      {reportFD},
	} {
		assert.Equal(t, want, numbers(items(t, h, path), "fiscalDocumentNumber"), path)
	}
	counted := object(t, h, of+"?count=1&limit=1")
	assert.EqualValues(t, 5, counted["total"])
	assert.NotContains(t, object(t, h, of), "total")
}

func TestAPI_Paging(t *testing.T) {
	t.Parallel()
	h := api.New(filled(t), api.Options{})
	for path, want := range map[string]int{"/bench/v1/documents": 6, "/bench/v1/exchanges": 7, "/bench/v1/incidents": 2, "/bench/v1/drives": 2, "/bench/v1/quarantine": 1} {
		for _, limit := range []int{1, 2, 3, 7, 1000} {
			seen, after := map[int]bool{}, 0
			for pages := 0; ; pages++ {
				require.Less(t, pages, 10, path)
				page := object(t, h, fmt.Sprintf("%s?limit=%d&after=%d", path, limit, after))
				for _, one := range page["items"].([]any) {
					id := int(one.(map[string]any)["id"].(float64))
					assert.False(t, seen[id])
					seen[id] = true
				}
				after = int(page["next"].(float64))
				if page["complete"].(bool) {
					break
				}
			}
			assert.Len(t, seen, want, "%s by %d", path, limit)
			end := object(t, h, fmt.Sprintf("%s?after=%d", path, after))
			assert.EqualValues(t, after, end["next"], "a list can be followed from its end")
		}
	}
}

func TestAPI_Errors(t *testing.T) {
	t.Parallel()
	h := api.New(filled(t), api.Options{})
	for _, c := range []struct {
		path          string
		status        int
		code, message string
	}{
		{"/bench/v1/drives/12ab", 400, api.Invalid, `fn="12ab": want 1 to 16 digits`},
		{"/bench/v1/drives/1", 404, api.NotFound, "FN 1 is not stored"},
		{"/bench/v1/drives/1/documents", 404, api.NotFound, "FN 1 is not stored"},
		{documentPath(vectorFN, 5), 404, api.NotFound, "FN 9999078900005488 FD 5 is not stored"},
		{"/bench/v1/drives/1/documents/x", 400, api.Invalid, `fd="x": want a document number`},
		{"/bench/v1/documents?limit=0", 400, api.Invalid, `limit="0": want a number of 1 to 1000`},
		{"/bench/v1/documents?limit=1001", 400, api.Invalid, `limit="1001": want a number of 1 to 1000`},
		{"/bench/v1/documents?after=-1", 400, api.Invalid, `after="-1": want a number`},
		{"/bench/v1/documents?form=чек", 400, api.Invalid, `form="чек"`},
		{"/bench/v1/documents?fpd=4294967296", 400, api.Invalid, `fpd="4294967296"`},
		{"/bench/v1/documents?rnm=12", 400, api.Invalid, `rnm="12": want 16 digits`},
		{"/bench/v1/documents?inn=-7", 400, api.Invalid, `inn="-7"`},
		{"/bench/v1/documents?from=01.03.2026", 400, api.Invalid, `from="01.03.2026": want 2006-01-02`},
		{"/bench/v1/documents?findings=yes", 400, api.Invalid, `findings="yes"`},
		{"/bench/v1/documents?fnn=1", 400, api.Invalid, `unknown parameter "fnn"`},
		{"/bench/v1/documents?form=3&form=4", 400, api.Invalid, `parameter "form" is given 2 times`},
		{"/bench/v1/documents?form=%zz", 400, api.Invalid, "query"},
		{"/bench/v1/stats?fn=1", 400, api.Invalid, `unknown parameter "fn"`},
		{"/bench/v1/exchanges?fn=x", 400, api.Invalid, `fn="x"`},
		{"/bench/v1/incidents?fn=x", 400, api.Invalid, `fn="x"`},
		{"/bench/v1/quarantine?fn=x", 400, api.Invalid, `fn="x"`},
		{"/bench/v1/drives?limit=x", 400, api.Invalid, `limit="x"`},
		{"/api/v2/documents", 404, api.NotFound, "no such resource"},
		{"/index.html?a=b", 404, api.NotFound, "no such resource"},
	} {
		status, body := get(t, h, c.path)
		assert.Equal(t, c.status, status, c.path)
		var e struct{ Code, Message string }
		decode(t, body, &e)
		assert.Equal(t, c.code, e.Code, c.path)
		assert.Contains(t, e.Message, c.message, c.path)
	}
}

func TestAPI_OnlyReads(t *testing.T) {
	t.Parallel()
	h := api.New(filled(t), api.Options{})
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, "/bench/v1/documents", nil))
		assert.Equal(t, http.StatusMethodNotAllowed, w.Code)
		assert.Equal(t, "GET, HEAD", w.Header().Get("Allow"))
		assert.Contains(t, w.Body.String(), `"code":"invalid"`)
	}
}

// What failed inside is for the log, not for the client.
func TestAPI_LogsInternalErrors(t *testing.T) {
	t.Parallel()
	s, err := sqlite.Open(filepath.Join(t.TempDir(), "bench.db"), sqlite.Options{})
	require.NoError(t, err)
	require.NoError(t, s.Close())
	var log bytes.Buffer
	h := api.New(s, api.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	for _, path := range []string{"/bench/v1/stats", "/bench/v1/drives", "/bench/v1/drives/1", "/bench/v1/drives/1/documents", "/bench/v1/drives/1/documents/1",
		"/bench/v1/documents?count=1", "/bench/v1/exchanges", "/bench/v1/incidents", "/bench/v1/quarantine"} {
		log.Reset()
		status, body := get(t, h, path)
		assert.Equal(t, http.StatusInternalServerError, status, path)
		assert.JSONEq(t, `{"code":"internal","message":"internal error"}`, body)
		assert.Contains(t, log.String(), "store: closed", path)
	}
}
