package intake

import (
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/server/marking"
	"github.com/fiscalbench/fiscalbench/server/servertest"
	"github.com/fiscalbench/fiscalbench/server/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pipes is a listener whose connections are pipes in memory: they work under the
// fake clock of synctest, deadlines included.
type pipes struct {
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), done: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.done) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p *pipes) dial() net.Conn {
	mine, theirs := net.Pipe()
	p.conns <- theirs
	return mine
}

// served is an intake at work over pipes.
type served struct {
	*pipes
	in  *Intake
	mem *servertest.Memory
	err chan error
}

func options(mem *servertest.Memory) Options {
	policies, err := sign.NewPolicies(sign.PolicyOptions{Default: sign.PolicyTBGOST1})
	if err != nil {
		panic(err)
	}
	return Options{Store: mem, OFD: servertest.OFD, Policies: policies, Now: func() time.Time { return servertest.Clock },
		Marking: marking.New(marking.Options{Delay: -1})}
}

func serve(t *testing.T, configure ...func(*Options)) *served {
	t.Helper()
	mem := servertest.NewMemory()
	o := options(mem)
	for _, c := range configure {
		c(&o)
	}
	in, err := New(o)
	require.NoError(t, err)
	s := &served{pipes: newPipes(), in: in, mem: mem, err: make(chan error, 1)}
	go func() { s.err <- in.Serve(s.pipes) }()
	return s
}

// stop shuts the intake down; every connection must be gone after it.
func (s *served) stop(t *testing.T) {
	t.Helper()
	require.NoError(t, s.in.Shutdown(t.Context()))
	require.NoError(t, <-s.err)
}

var errHook = errors.New("no room on the disk")

// documents is the number of documents stored.
func documents(t *testing.T, mem *servertest.Memory) int64 {
	t.Helper()
	s, err := mem.Stats(t.Context())
	require.NoError(t, err)
	return s.Documents
}

// refusals are the exchanges that stored no document.
func refusals(t *testing.T, mem *servertest.Memory) (all []store.Exchange) {
	t.Helper()
	list, err := mem.Exchanges(t.Context(), "", store.Page{})
	require.NoError(t, err)
	for _, e := range list {
		if e.Fault != fiscal.FaultNone {
			all = append(all, e)
		}
	}
	return all
}
