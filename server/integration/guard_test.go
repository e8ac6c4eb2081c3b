package integration

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// API-07: webhooks reach the internet and nothing else, whatever name leads there.
func TestGuard_RefusesInnerAddresses(t *testing.T) {
	t.Parallel()
	for _, a := range []string{"127.0.0.1", "::1", "10.0.0.1", "172.16.5.5", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "::ffff:127.0.0.1", "fe80::1", "fd00::1",
		"64:ff9b::7f00:1", "224.0.0.1", "255.255.255.255", "198.18.0.1", "2002:7f00:1::"} {
		assert.True(t, inner(netip.MustParseAddr(a)), a)
		assert.True(t, badHost(a), a)
	}
	for _, a := range []string{"8.8.8.8", "2a00:1450:4010::1"} {
		assert.False(t, inner(netip.MustParseAddr(a)), a)
	}
	for _, h := range []string{"localhost", "LOCALHOST.", "a.localhost", "db.internal", "router.local", "server"} {
		assert.True(t, badHost(h), h)
	}
	heard := 0
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		heard++
		http.Redirect(w, r, "/again", http.StatusFound)
	}))
	defer site.Close()
	at := strings.Replace(site.URL, "127.0.0.1", "localhost", 1)
	_, err := guardedClient(false).Get(at)
	require.Error(t, err)
	assert.True(t, errors.Is(err, errPrivate), err)
	assert.Zero(t, heard)
	resp, err := guardedClient(true).Get(at)
	require.NoError(t, err)
	defer resp.Body.Close()
	assert.Equal(t, 1, heard, "redirects are not followed")
}

// API-07: secrets are kept encrypted, each bound to its webhook.
func TestSealer(t *testing.T) {
	t.Parallel()
	s, err := newSealer(make([]byte, 32), strings.NewReader(strings.Repeat("x", 100)))
	require.NoError(t, err)
	sealed, err := s.close([]byte("whsec_1"), "hook")
	require.NoError(t, err)
	assert.NotContains(t, string(sealed), "whsec_1")
	plain, err := s.open(sealed, "hook")
	require.NoError(t, err)
	assert.Equal(t, "whsec_1", string(plain))
	_, err = s.open(sealed, "another")
	require.Error(t, err)
	_, err = s.open(nil, "hook")
	require.Error(t, err)
}
