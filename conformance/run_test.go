package conformance_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/model"
)

// peer is a target that does one thing to every connection.
type peer struct{ addr string }

func (p peer) Addr() string   { return p.addr }
func (p peer) String() string { return "scripted peer" }

func listen(t *testing.T, serve func(*net.TCPConn)) peer {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go serve(c.(*net.TCPConn))
		}
	}()
	return peer{ln.Addr().String()}
}

func runner(p conformance.Target) *conformance.Runner {
	return &conformance.Runner{Target: p, OFD: "7704358518", Master: model.TestMasterKey(), Seed: 7, Timeout: 300 * time.Millisecond,
		Start: time.Date(2026, 8, 1, 9, 0, 0, 0, time.UTC)}
}

func one(mark conformance.Mark, run func(context.Context, *conformance.Run)) []conformance.Case {
	return []conformance.Case{{ID: "O-999", Path: "test/case", Title: "t", Source: "s", Mark: mark, Run: run}}
}

func TestRun_SeesHowAConnectionEnds(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	read := func(c *net.TCPConn) { c.Read(make([]byte, 1024)) }
	for name, tc := range map[string]struct {
		serve func(*net.TCPConn)
		want  conformance.Ending
	}{
		"closed":   {func(c *net.TCPConn) { read(c); c.Close() }, conformance.Closed},
		"reset":    {func(c *net.TCPConn) { read(c); c.SetLinger(0); c.Close() }, conformance.Reset},
		"hung":     {func(c *net.TCPConn) { read(c); <-ctx.Done(); c.Close() }, conformance.Hung},
		"answered": {func(c *net.TCPConn) { read(c); c.Write(make([]byte, 30)); c.Close() }, conformance.Answered},
		"cut":      {func(c *net.TCPConn) { read(c); c.Write(make([]byte, 10)); c.Close() }, conformance.Closed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := runner(listen(t, tc.serve)).Run(context.Background(), one(conformance.Doc, func(ctx context.Context, r *conformance.Run) {
				_, end := r.Dial(ctx).Ask([]byte("hello"))
				r.Expect("connection/ended", conformance.Doc, "it ends so", end == tc.want, tc.want, end)
			}))
			require.Equal(t, conformance.Pass, s.Results[0].Outcome, "%+v", s.Results[0])
			assert.Equal(t, tc.want, s.Results[0].Exchanges[0].Ending)
		})
	}
}

func TestRun_OutcomeFollowsTheMark(t *testing.T) {
	t.Parallel()
	p := listen(t, func(c *net.TCPConn) { c.Close() })
	for _, tc := range []struct {
		mark conformance.Mark
		ok   bool
		want conformance.Outcome
	}{
		{conformance.Doc, true, conformance.Pass}, {conformance.Doc, false, conformance.Fail}, {conformance.Cap, false, conformance.Fail},
		{conformance.TB, false, conformance.Warn}, {conformance.TB, true, conformance.Pass},
	} {
		s := runner(p).Run(context.Background(), one(tc.mark, func(_ context.Context, r *conformance.Run) {
			r.Expect("x", tc.mark, "x", tc.ok, 1, 2)
		}))
		assert.Equal(t, tc.want, s.Results[0].Outcome)
		assert.Equal(t, tc.want == conformance.Pass || tc.want == conformance.Warn, s.Conformant())
	}
}

func TestRun_ErrorsOfTheHarnessAreNotVerdicts(t *testing.T) {
	t.Parallel()
	p := listen(t, func(c *net.TCPConn) { c.Close() })
	s := runner(p).Run(context.Background(), one(conformance.Doc, func(context.Context, *conformance.Run) {}))
	assert.Equal(t, conformance.Error, s.Results[0].Outcome, "a case that checks nothing proves nothing")
	s = runner(p).Run(context.Background(), one(conformance.Doc, func(_ context.Context, r *conformance.Run) { r.Stop("cannot go on") }))
	assert.Equal(t, conformance.Error, s.Results[0].Outcome)
	assert.Contains(t, s.Results[0].Reason, "cannot go on")
	assert.False(t, s.Conformant())

	s = runner(p).Run(context.Background(), one(conformance.Doc, func(context.Context, *conformance.Run) { panic("a bug") }))
	assert.Equal(t, conformance.Error, s.Results[0].Outcome)
	assert.Contains(t, s.Results[0].Reason, "the harness broke: a bug")

	gone := peer{"127.0.0.1:1"}
	s = runner(gone).Run(context.Background(), one(conformance.Doc, func(ctx context.Context, r *conformance.Run) { r.Dial(ctx) }))
	assert.Equal(t, conformance.Error, s.Results[0].Outcome)
}

func TestRun_SkipsWhatTheTargetCannotDo(t *testing.T) {
	t.Parallel()
	c := one(conformance.Doc, func(context.Context, *conformance.Run) { t.Error("must not run") })
	c[0].Needs = conformance.NeedsStore
	s := runner(peer{"127.0.0.1:1"}).Run(context.Background(), c)
	assert.Equal(t, conformance.Skip, s.Results[0].Outcome)
	assert.Contains(t, s.Results[0].Reason, "stored documents")
	assert.False(t, s.Conformant(), "a run that only skips proves nothing")
}

// TestRun_NoticesAnOperatorWithoutSigns: a known public mock answers without signs
// and with the document number as text; each of its sins is a failed check.
func TestRun_NoticesAnOperatorWithoutSigns(t *testing.T) {
	t.Parallel()
	p := listen(t, func(c *net.TCPConn) {
		defer c.Close()
		request := make([]byte, 4096)
		n, _ := c.Read(request)
		if n < 62 {
			return
		}
		body := append(append(append(append([]byte{7, 0, 0, 0}, model.Fixed(1017, "7704358518", 12)...), model.TLV(1041, request[8:24])...),
			model.Text(1040, "1")...), model.U32(1012, 1)...)
		body[2] = byte(len(body) - 4)
		container := append(append([]byte{0, 0, 0, 0, 0xA5, 7, 1, 0, 0}, request[39:55]...), make([]byte, 7)...)
		container = append(container, body...)
		container[0] = byte(len(container))
		model.FixContainerCRC(container)
		header := append(append([]byte{}, request[:24]...), byte(len(container)), 0, 0x14, 0, 0, 0)
		c.Write(append(header, container...))
	})
	s := runner(p).Run(context.Background(), one(conformance.Doc, func(ctx context.Context, r *conformance.Run) {
		reg := r.Register(2)
		r.Dial(ctx).Accepted(reg, reg.Registration().Bytes(), conformance.Doc)
	}))
	failed := map[string]bool{}
	for _, c := range s.Results[0].Checks {
		failed[c.Name] = !c.OK
	}
	assert.Equal(t, conformance.Fail, s.Results[0].Outcome)
	for _, name := range []string{"document/1040", "sign/fpo", "sign/fpp"} {
		assert.True(t, failed[name], "%s should fail", name)
	}
	assert.False(t, failed["session/signature"])
}

func TestRun_OneSeedGivesOneRun(t *testing.T) {
	t.Parallel()
	p := listen(t, func(c *net.TCPConn) { c.Read(make([]byte, 4096)); c.Close() })
	send := one(conformance.Doc, func(ctx context.Context, r *conformance.Run) {
		reg := r.Register(3)
		r.Dial(ctx).Refused(reg.Registration().Bytes(), conformance.Doc, "closed")
	})
	first, second := runner(p).Run(context.Background(), send), runner(p).Run(context.Background(), send)
	assert.Equal(t, first.Results[0].Exchanges, second.Results[0].Exchanges)
	other := runner(p)
	other.Seed = 8
	assert.NotEqual(t, first.Results[0].Exchanges[0].Sent, other.Run(context.Background(), send).Results[0].Exchanges[0].Sent)
}

func TestSelect(t *testing.T) {
	t.Parallel()
	all := []conformance.Case{{ID: "O-001", Path: "a/one"}, {ID: "O-002", Path: "b/two"}}
	for pattern, want := range map[string]int{"": 2, "O-001": 1, "a/.*": 1, "O-00.": 2} {
		got, err := conformance.Select(all, pattern)
		require.NoError(t, err)
		assert.Len(t, got, want, pattern)
	}
	for _, bad := range []string{"O-00", "nothing", "("} {
		_, err := conformance.Select(all, bad)
		assert.Error(t, err, bad)
	}
}
