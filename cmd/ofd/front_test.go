package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
)

// The bench's own API shows everything to everybody: only those at this computer get
// it, unless somebody says otherwise.
func TestServe_KeepsTheBenchAPIAtHome(t *testing.T) {
	t.Parallel()
	everything := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	for _, c := range []struct {
		flag, addr string
		want       int
	}{
		{"auto", "127.0.0.1", 200}, {"auto", "::1", 200}, {"auto", "0.0.0.0", 404}, {"auto", "192.0.2.1", 404},
		{"on", "0.0.0.0", 200}, {"off", "127.0.0.1", 404},
	} {
		s := serveCmd{Bench: c.flag}
		h := s.machine(everything, listener{addr: net.TCPAddr{IP: net.ParseIP(c.addr)}})
		for path, want := range map[string]int{"/bench/v1/documents": c.want, "/": c.want, "/healthz": 200, "/metrics": 200} {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
			assert.Equal(t, want, w.Code, "%s at %s: %s", c.flag, c.addr, path)
		}
	}
}

// listener is one that is nowhere.
type listener struct {
	net.Listener
	addr net.TCPAddr
}

func (l listener) Addr() net.Addr { return &l.addr }
