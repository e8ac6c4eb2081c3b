// Package target is how the thing under test is reached: a server that runs
// already, or the built-in operator started for the run; a register that the harness
// drives itself, over HTTP, or by asking a person.
package target

import (
	"net/http"

	"github.com/fiscalbench/fiscalbench/conformance"
)

// running is a server that runs already.
type running struct{ addr string }

// NewAddr judges the server at addr. With the address of its JSON API the cases
// that look at what it keeps can run too.
func NewAddr(addr, api string) conformance.Target {
	if api == "" {
		return &running{addr}
	}
	return &AddrWithAPI{running{addr}, inspect{base: "http://" + api, do: http.DefaultClient.Do}}
}

// Addr is where documents are taken.
func (a *running) Addr() string { return a.addr }

// MarkingAddr is the same: messages are told apart by their signature (transport.md
// 12.1).
func (a *running) MarkingAddr() string { return a.addr }

// String names the target.
func (a *running) String() string { return "server at " + a.addr }

// AddrWithAPI also answers questions about what was stored.
type AddrWithAPI struct {
	running
	inspect
}
