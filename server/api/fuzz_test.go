package api_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/server/api"
	"github.com/fiscalbench/fiscalbench/server/store/sqlite"
)

// FuzzAPI_AnswersAnyRequest wants an answer that is not an internal error, whatever
// is asked.
func FuzzAPI_AnswersAnyRequest(f *testing.F) {
	for _, seed := range [][2]string{
		{"/", ""}, {"/bench/v1/documents", "form=3&after=1&limit=5"}, {"/bench/v1/documents", "fpd=1&rnm=0000000001012345&inn=7704358518&findings=1&count=1"},
		{"/bench/v1/drives/9999078900005488/documents", "from=2026-03-01&to=2026-03-02T10:00"}, {"/bench/v1/drives/9999078900005488/documents/77", ""},
		{"/bench/v1/exchanges", "fn=9999078900005488"}, {"/bench/v1//drives/../drives/%2F", "limit=%"}, {"/bench/v1/drives/' OR 1=1 --", "fn='"},
		{"/bench/v1/incidents", "after=4611686018427387904"}, {"/bench/v1/quarantine", "from=0000-01-01"}, {"/bench/v1/documents", "from=9999-12-31&to=0000-01-01"},
	} {
		f.Add(seed[0], seed[1])
	}
	s, err := sqlite.Open(filepath.Join(f.TempDir(), "bench.db"), sqlite.Options{})
	require.NoError(f, err)
	f.Cleanup(func() { require.NoError(f, s.Close()) })
	h := api.New(s, api.Options{})
	f.Fuzz(func(t *testing.T, path, query string) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, (&http.Request{Method: http.MethodGet, URL: &url.URL{Path: path, RawQuery: query}, Host: "bench"}).WithContext(t.Context()))
		switch w.Code {
		case http.StatusOK, http.StatusBadRequest, http.StatusNotFound, http.StatusMovedPermanently, http.StatusTemporaryRedirect:
		default:
			t.Fatalf("%q ? %q: %d %s", path, query, w.Code, w.Body)
		}
	})
}
