// Package target is how the thing under test is reached: a server that runs
// already, or the built-in operator started for the run.
package target

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"github.com/fiscalbench/fiscalbench/conformance"
)

// running is a server that runs already.
type running struct{ addr string }

// NewAddr judges the server at addr. With the address of its JSON API the cases
// that look at stored documents can run too.
func NewAddr(addr, api string) conformance.Target {
	if api == "" {
		return &running{addr}
	}
	return &AddrWithAPI{running{addr}, api}
}

// Addr is where documents are taken.
func (a *running) Addr() string { return a.addr }

// String names the target.
func (a *running) String() string { return "server at " + a.addr }

// AddrWithAPI also answers questions about what was stored.
type AddrWithAPI struct {
	running
	api string
}

// Documents counts the accepted documents of a drive.
func (a *AddrWithAPI) Documents(ctx context.Context, fn string) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+a.api+"/api/v1/drives/"+url.PathEscape(fn), nil)
	if err != nil {
		return 0, err
	}
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer reply.Body.Close()
	if reply.StatusCode == http.StatusNotFound {
		return 0, nil
	}
	if reply.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("target: %s answers %s", request.URL, reply.Status)
	}
	var drive struct {
		Documents int `json:"documents"`
	}
	if err := json.NewDecoder(reply.Body).Decode(&drive); err != nil {
		return 0, fmt.Errorf("target: reading %s: %w", request.URL, err)
	}
	return drive.Documents, nil
}
