package server_test

import (
	"context"
	"fmt"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/internal/fault"
	"github.com/fiscalbench/fiscalbench/server"
	"github.com/fiscalbench/fiscalbench/server/servertest"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// quick makes the pauses of points short.
var quick = map[string]string{"read.stall": ",time=1ms", "reply.delay": ",time=1ms", "reply.split": ",size=50,pause=0s"}

// A register that sends each document until it gets a good confirmation, through any
// mixture of faults, ends with every document stored once and confirmed; and what is
// stored is the truth, whatever was sent on the way.
func TestFaults_NeverBreakThePromise(t *testing.T) {
	t.Parallel()
	var points []string
	for _, i := range fault.Points(fault.Operator) {
		if i.Point != fault.OperatorClockJump { // a wrong clock makes documents wrong in truth
			points = append(points, i.Name)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		set := fault.New(fault.Operator, rapid.Uint64().Draw(rt, "seed"))
		for range rapid.IntRange(1, 4).Draw(rt, "rules") {
			name := rapid.SampledFrom(points).Draw(rt, "point")
			_, err := set.Add(fmt.Sprintf("%s:rate=0.%d%s", name, rapid.IntRange(1, 4).Draw(rt, "rate"), quick[name]))
			require.NoError(rt, err)
		}
		mem := servertest.NewMemory()
		_, addr, stop := serveMemory(rt, mem, set)
		defer stop()
		r := servertest.NewRegister(1, rapid.SampledFrom([]fiscal.FFD{fiscal.FFD105, fiscal.FFD12}).Draw(rt, "ffd"))
		docs := []servertest.Doc{r.Registration(), r.OpenShift(), r.Receipt(10), r.Receipt(20), r.CloseShift()}
		for _, d := range docs {
			sendUntilConfirmed(rt, addr, d)
		}
		set.Clear()
		for _, d := range docs {
			stored, err := mem.Document(context.Background(), d.FN, d.FD)
			require.NoError(rt, err)
			m, err := servertest.Send(addr, d.Message)
			require.NoError(rt, err)
			a, err := servertest.ReadAck(d, m)
			require.NoError(rt, err, "the true confirmation is kept")
			assert.True(rt, a.Accepted())
			assert.Equal(rt, stored.Confirmation, m.Body())
		}
		n, err := mem.CountDocuments(context.Background(), store.DocumentFilter{})
		require.NoError(rt, err)
		assert.EqualValues(rt, len(docs), n)
	})
}

func serveMemory(t require.TestingT, db store.Store, set *fault.Set, configure ...func(*server.Options)) (*server.Server, string, func()) {
	all, err := sign.NewPolicies(sign.PolicyOptions{Default: sign.PolicyTBGOST1})
	require.NoError(t, err)
	o := server.Options{Store: db, OFD: servertest.OFD, Policies: all, Now: func() time.Time { return servertest.Clock }, Faults: set}
	for _, c := range configure {
		c(&o)
	}
	srv, err := server.New(o)
	require.NoError(t, err)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	return srv, ln.Addr().String(), func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		assert.NoError(t, srv.Shutdown(ctx))
		assert.NoError(t, <-served)
	}
}

// sendUntilConfirmed sends on a new connection each time; a short limit stands for
// the register's timer.
func sendUntilConfirmed(t *rapid.T, addr string, d servertest.Doc) {
	for range 300 {
		c, err := servertest.Dial(addr)
		if err != nil {
			continue // reset before it was up
		}
		_, err = c.Write(d.Message)
		if err == nil {
			_ = c.Conn.(*net.TCPConn).CloseWrite() // the answer ends the connection, or nothing comes
			if m, err := c.Next(); err == nil {
				if _, err := servertest.ReadAck(d, m); err == nil {
					_ = c.Close()
					return
				}
			}
		}
		_ = c.Close()
	}
	t.Fatalf("FD %d was never confirmed", d.FD)
}

// One seed and one sequence of messages give the same bytes twice, another seed
// gives others.
func TestFaults_SeedGivesBytes(t *testing.T) {
	t.Parallel()
	run := func(seed uint64) string {
		set := fault.New(fault.Operator, seed)
		_, err := set.Add("reply.bad-crc:rate=0.3", "reply.wrong-fd:rate=0.3", "reply.truncate:rate=0.2,keep=40", "conn.reset:rate=0.1,at=request", "store.fail:rate=0.2")
		require.NoError(t, err)
		_, addr, stop := serveMemory(t, servertest.NewMemory(), set)
		defer stop()
		r := servertest.NewRegister(1, fiscal.FFD105)
		var all strings.Builder
		for _, d := range append([]servertest.Doc{r.Registration(), r.OpenShift()}, receipts(r, 30)...) {
			c, err := servertest.Dial(addr)
			require.NoError(t, err)
			_, _ = c.Write(d.Message)
			_ = c.Conn.(*net.TCPConn).CloseWrite()
			got := (&victim{silent: 10 * time.Second}).receive(c, time.Now())
			fmt.Fprintf(&all, "%d %x %s\n", d.FD, got.bytes(), got.end)
			_ = c.Close()
		}
		return all.String()
	}
	one := run(5)
	assert.Equal(t, one, run(5))
	assert.NotEqual(t, one, run(6))
	assert.Contains(t, one, "reset")
}

func receipts(r *servertest.Register, n int) (docs []servertest.Doc) {
	for i := range n {
		docs = append(docs, r.Receipt(uint64(i+1)))
	}
	return docs
}

// Injected pauses end when the server is told to stop.
func TestFaults_EndWithShutdown(t *testing.T) {
	t.Parallel()
	for _, rule := range []string{"reply.delay:always,time=1h", "read.stall:always,time=1h", "reply.split:always,pause=1h", "conn.half-close:always"} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			set := fault.New(fault.Operator, 1)
			_, err := set.Add(rule)
			require.NoError(t, err)
			fired := make(chan struct{}, 8)
			set.Watch(func(fault.Injected) { fired <- struct{}{} })
			_, addr, stop := serveMemory(t, servertest.NewMemory(), set)
			c, err := servertest.Dial(addr)
			require.NoError(t, err)
			defer c.Close()
			_, err = c.Write(servertest.NewRegister(1, fiscal.FFD105).Registration().Message)
			require.NoError(t, err)
			<-fired
			begin := time.Now()
			stop()
			assert.Less(t, time.Since(begin), 5*time.Second)
		})
	}
}

// Faults are counted for /metrics.
func TestFaults_AreCounted(t *testing.T) {
	t.Parallel()
	set := fault.New(fault.Operator, 1)
	_, err := set.Add("reply.duplicate:always")
	require.NoError(t, err)
	srv, addr, stop := serveMemory(t, servertest.NewMemory(), set)
	defer stop()
	_, err = servertest.Send(addr, servertest.NewRegister(1, fiscal.FFD105).Registration().Message)
	require.NoError(t, err)
	w := httptest.NewRecorder()
	srv.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	assert.Contains(t, w.Body.String(), `ofd_injected_total{point="reply.duplicate"} 1`)
}

func TestNew_RefusesFaultsOfTheRegister(t *testing.T) {
	t.Parallel()
	_, err := server.New(server.Options{Store: servertest.NewMemory(), Faults: fault.New(fault.Register, 1)})
	assert.ErrorContains(t, err, "not those of an operator")
}
