package integration

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"syscall"
	"time"
)

// errPrivate: the address is not one of the internet.
var errPrivate = errors.New("integration: the address leads to a private network")

// callLimit bounds one delivery, from the look-up of the name to the answer.
const callLimit = 10 * time.Second

// guardedClient sends nothing to this computer and its neighbours, whatever names
// lead there: the address is judged at the moment of connecting. It follows no
// redirects and uses no proxy.
func guardedClient(private bool) *http.Client {
	dialer := &net.Dialer{Timeout: callLimit}
	if !private {
		dialer.ControlContext = func(_ context.Context, _, address string, _ syscall.RawConn) error {
			at, err := netip.ParseAddrPort(address)
			if err != nil {
				return fmt.Errorf("integration: %w", err)
			}
			if inner(at.Addr()) {
				return errPrivate
			}
			return nil
		}
	}
	return &http.Client{
		Transport: &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true, TLSHandshakeTimeout: callLimit, ResponseHeaderTimeout: callLimit,
			MaxResponseHeaderBytes: 16 << 10, ForceAttemptHTTP2: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       callLimit,
	}
}

// reserved are networks that are not part of the internet and that netip does not
// name (RFC 6890).
var reserved = func() []netip.Prefix {
	var all []netip.Prefix
	for _, s := range []string{"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
		"64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16"} {
		all = append(all, netip.MustParsePrefix(s))
	}
	return all
}()

// inner tells whether an address belongs to this computer or a network of its own.
func inner(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if !a.IsValid() || !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || a.IsUnspecified() {
		return true
	}
	for _, p := range reserved {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// badHost tells what is known of a host without asking for its address: an early word
// to the person; the guard of the client decides.
func badHost(host string) bool {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if a, err := netip.ParseAddr(host); err == nil {
		return inner(a)
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || strings.HasSuffix(host, ".internal") || strings.HasSuffix(host, ".local") || !strings.Contains(host, ".")
}
