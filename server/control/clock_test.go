package control

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/fiscalbench/fiscalbench/internal/clock"
)

// SIM-11: the clock is moved by the control port, and by the handler outside it.
func TestControl_MovesTheClock(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)
	c := clock.New(func() time.Time { return noon })
	p := open(t, func(o *Options) { o.Clock = c })
	var s clock.State
	p.do("POST", "/clock", `{"move":"24h"}`, http.StatusOK, &s)
	assert.Equal(t, clock.State{Now: noon.Add(24 * time.Hour), Moved: "24h0m0s"}, s)
	p.do("GET", "/clock", "", http.StatusOK, &s)
	assert.Equal(t, noon.Add(24*time.Hour), s.Now)
	for _, body := range []string{"", `{}`, `{"move":"x"}`, `{"move":"1h","reset":true}`, `{"jump":"1h"}`, `{"reset":true}{}`} {
		assert.Equal(t, "invalid", p.fails("POST", "/clock", body, http.StatusBadRequest).Code, body)
	}
	p.do("POST", "/clock", `{"set":"2026-08-01T09:00:00+03:00"}`, http.StatusOK, &s)
	assert.Equal(t, -6*time.Hour, c.Moved())
	p.do("POST", "/clock", `{"reset":true}`, http.StatusOK, &s)
	assert.Zero(t, c.Moved())
	assert.Equal(t, "not_found", open(t).fails("GET", "/clock", "", http.StatusNotFound).Code)

	outside := Clock(c, nil)
	call := func(method, site string) int {
		r := httptest.NewRequestWithContext(t.Context(), method, "http://bench.example/bench/v1/clock", strings.NewReader(`{"move":"3d"}`))
		r.Header.Set("Sec-Fetch-Site", site)
		w := httptest.NewRecorder()
		outside.ServeHTTP(w, r)
		return w.Code
	}
	assert.Equal(t, http.StatusForbidden, call("POST", "cross-site"))
	assert.Zero(t, c.Moved(), "a page of another site moves nothing")
	assert.Equal(t, http.StatusOK, call("POST", "none"))
	assert.Equal(t, 72*time.Hour, c.Moved())
	assert.Equal(t, http.StatusOK, call("GET", "none"))
	assert.Equal(t, http.StatusMethodNotAllowed, call("DELETE", "none"))
}
