package intake

import (
	"slices"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
)

// Exchange is one message with its answer, for people who look on. Its slices belong
// to the intake and the store: they are not to be written into.
type Exchange struct {
	At       time.Time // arrival, by the bench's clock
	Took     time.Duration
	Peer     string
	FN       fiscal.FNNumber // empty: not said
	FD       fiscal.FDNumber
	Form     fiscal.Form // 0: none
	Fault    fiscal.Fault
	Result   string   // "accepted", "flagged", "refused", "repeated", "service", "marking"
	Notes    []string // in Russian
	Injected []string // fault points that acted
	Unsent   bool     // the answer did not get through
	Request  []byte
	Response []byte // nil: none was sent
}

// tell shows an exchange to whoever looks on.
func (in *Intake) tell(x *exchange, sent error) {
	if in.o.Look == nil {
		return
	}
	e := Exchange{At: x.at, Took: x.took(), Peer: x.peer, FN: x.fn, FD: x.fd, Form: x.form, Fault: x.fault, Result: x.result,
		Notes: x.notes, Unsent: sent != nil, Response: x.outgoing()}
	if e.At.IsZero() {
		e.At = in.o.Now().UTC()
	}
	if x.message != nil {
		e.Request = x.message.Raw
	}
	if x.faulty != nil {
		e.Injected = x.faulty.names
	}
	in.o.Look(e)
}

// Connection is one that is open.
type Connection struct {
	Peer     string
	Since    time.Time       // by the machine's clock
	FN       fiscal.FNNumber // of the last message; empty: none came or it was not said
	Messages uint64
}

// Connections that are open now, the oldest first.
func (in *Intake) Connections() []Connection {
	in.mu.Lock()
	all := make([]Connection, 0, len(in.conns))
	for c := range in.conns {
		one := Connection{Peer: c.peer, Since: c.since, Messages: c.messages.Load()}
		if fn := c.fn.Load(); fn != nil {
			one.FN = *fn
		}
		all = append(all, one)
	}
	in.mu.Unlock()
	slices.SortFunc(all, func(a, b Connection) int {
		if c := a.Since.Compare(b.Since); c != 0 {
			return c
		}
		return strings.Compare(a.Peer, b.Peer)
	})
	return all
}

// met notes whose message a connection carried.
func (c *conn) met(x *exchange) {
	c.messages.Add(1)
	if known := c.fn.Load(); x.fn != "" && (known == nil || *known != x.fn) {
		fn := x.fn // not all of x
		c.fn.Store(&fn)
	}
}
