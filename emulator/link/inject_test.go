package link

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/fiscalbench/fiscalbench/emulator/fnport"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
	"github.com/fiscalbench/fiscalbench/internal/fault"
)

// stream is what an operator received on one connection.
type stream struct {
	chunks []string
	times  []time.Duration // of the chunks, since the connection was up
	end    string          // "closed" or "reset"
}

func (s *stream) bytes() string { return strings.Join(s.chunks, "") }

// recorder is an operator that answers every whole message at once, or with late
// only when the register has shut its writing half, and keeps every byte.
type recorder struct {
	late    bool
	mu      sync.Mutex
	streams []*stream
	wg      sync.WaitGroup
	addr    string
	close   func()
}

func record(t require.TestingT) *recorder {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	r := &recorder{addr: ln.Addr().String()}
	r.close = func() { _ = ln.Close(); r.wg.Wait() }
	r.wg.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			s := &stream{}
			r.mu.Lock()
			r.streams = append(r.streams, s)
			r.mu.Unlock()
			r.wg.Go(func() { defer c.Close(); r.serve(c, s) })
		}
	})
	return r
}

func (r *recorder) serve(c net.Conn, s *stream) {
	begin := time.Now()
	d := wire.Decoder{Profile: wire.Lenient}
	var answers []byte
	for buf := make([]byte, 64<<10); ; {
		n, err := c.Read(buf)
		r.mu.Lock()
		if n > 0 {
			s.chunks, s.times = append(s.chunks, string(buf[:n])), append(s.times, time.Since(begin))
			d.Feed(buf[:n])
		}
		r.mu.Unlock()
		for m, derr := d.Next(); m != nil && derr == nil; m, derr = d.Next() {
			answers = append(answers, receipt(fdOf(m), 0)...)
		}
		var broken error
		if len(answers) > 0 && (!r.late || err != nil) {
			_, broken = c.Write(answers) // tells of an RST instead of the next read
			answers = nil
		}
		if err != nil || broken != nil {
			r.mu.Lock()
			s.end = "reset"
			if errors.Is(err, io.EOF) && broken == nil {
				s.end = "closed"
			}
			r.mu.Unlock()
			return
		}
	}
}

// sender is a link with two documents to send whose faults can be set.
type sender struct {
	*recorder
	faults  *fault.Set
	drive   *drive
	journal *journal
	link    *Link
}

func newSender(t *testing.T) *sender {
	s := &sender{recorder: record(t), faults: fault.New(fault.Register, 1), drive: newDrive(2), journal: &journal{}}
	t.Cleanup(s.close)
	s.link = newLink(t, s.drive, Options{Addr: s.addr, KeepAlive: true, Faults: s.faults, Observer: s.journal.observe,
		Timers: Timers{Answer: 300 * time.Millisecond, Connect: 5 * time.Second, Write: 5 * time.Second}})
	return s
}

// ran is what came of one attempt to send the queue.
type ran struct {
	sent    int
	err     error
	streams []*stream // ended
}

func (s *sender) run(t *testing.T) ran {
	sent, err := drain(t, s.link)
	_ = s.link.Close()
	connected := len(s.journal.of(Connected))
	assert.Eventually(t, func() bool { // a connection may be over before the operator takes it
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.streams) == connected
	}, 10*time.Second, time.Millisecond)
	s.close()
	return ran{sent, err, s.streams}
}

func (r *ran) stream(n int) *stream {
	if n < len(r.streams) {
		return r.streams[n]
	}
	return &stream{}
}

func (r *ran) injected(stage Stage) bool {
	var e *Error
	return errors.As(r.err, &e) && e.Stage == stage && errors.Is(r.err, fault.ErrInjected)
}

// honest is the message of document fd.
func honest(fd int) string {
	m, err := wire.AppendMessage(nil, wire.Request(testFN, fiscal.FFD12), newDrive(fd).queue[fd-1])
	if err != nil {
		panic(err)
	}
	return string(m)
}

func want(pairs ...any) error {
	var wrong []error
	for i := 0; i < len(pairs); i += 2 {
		if !pairs[i+1].(bool) {
			wrong = append(wrong, fmt.Errorf("not so: %s", pairs[i]))
		}
	}
	return errors.Join(wrong...)
}

// first is the message of document 1 as the operator got it, to be compared with the
// true one; nothing when it is too short.
func (r *ran) first() []byte {
	b := []byte(r.stream(0).bytes())
	if len(b) < len(honest(1)) {
		return make([]byte, len(honest(1)))
	}
	return b[:len(honest(1))]
}

// differs lists the offsets of a message that are not the true ones.
func differs(m []byte) (at []int) {
	for i, b := range []byte(honest(1)) {
		if m[i] != b {
			at = append(at, i)
		}
	}
	return at
}

func only(at []int, allowed ...int) bool {
	for _, a := range at {
		if !bytes.Contains(toBytes(allowed), toBytes([]int{a})) {
			return false
		}
	}
	return len(at) > 0
}

func toBytes(n []int) (b []byte) {
	for _, i := range n {
		b = append(b, byte(i>>8), byte(i))
	}
	return b
}

const body = wire.HeaderLen // offset of the container

// registerFaults is, for each point of the register, rules and what an operator sees
// of them when a register sends two documents. A check must fail when the rule does
// nothing.
var registerFaults = map[string]func(s *sender, r *ran) error{
	"dial.fail:next=1": func(_ *sender, r *ran) error {
		return want("no connection", len(r.streams) == 0, "told", r.injected(StageConnect))
	},
	"clock.jump:nth=2,by=-40d": func(s *sender, r *ran) error {
		now := time.Unix(0, 0)
		return want("jumped", s.faults.Clock(func() time.Time { return now })().Equal(now.Add(-40*24*time.Hour)), "sent", r.sent == 2)
	},
	"conn.reset:next=1": func(_ *sender, r *ran) error {
		return want("reset", r.stream(0).end == "reset", "one message", strings.HasPrefix(honest(1), r.stream(0).bytes()), "told", r.injected(StageSend))
	},
	"conn.reset:next=1,at=message,keep=40": func(_ *sender, r *ran) error {
		return want("reset", r.stream(0).end == "reset", "at most 40 bytes", len(r.stream(0).bytes()) <= 40, "told", r.injected(StageSend))
	},
	"conn.half-close:next=2": func(s *sender, r *ran) error {
		return want("answered after the end", r.sent == 2 && s.late, "each on its own connection", len(r.streams) == 2,
			"whole", r.stream(0).bytes() == honest(1), "whole too", r.stream(1).bytes() == honest(2))
	},
	"send.stale:next=1": func(s *sender, r *ran) error {
		return want("the one before", r.stream(0).bytes() == honest(1)+honest(1), "not confirmed by it", r.sent == 1 && s.drive.left() == 1)
	},
	"send.wrong-fd:next=1,by=5": func(_ *sender, r *ran) error {
		m := r.first()
		return want("number", m[body+wire.OffFD+2] == 1+5, "number and check code only", only(differs(m), body+2, body+3, body+wire.OffFD+2))
	},
	"send.wrong-fn:next=1,part=session": func(_ *sender, r *ran) error {
		return want("number", string(r.first()[8:24]) == "9999000000000002", "number only", only(differs(r.first()), 23))
	},
	"send.wrong-fn:next=1,part=container,drive=9999000000000077": func(_ *sender, r *ran) error {
		return want("number", bytes.Equal(r.first()[body+9:body+17], []byte{0x99, 0x99, 0, 0, 0, 0, 0, 0x77}), "session", string(r.first()[8:24]) == string(testFN))
	},
	"send.bad-sign:next=1": func(_ *sender, r *ran) error {
		at := len(honest(1)) - wire.TrailerLen
		return want("one bit", r.first()[at] == honest(1)[at]^1, "sign and check code only", only(differs(r.first()), body+2, body+3, at))
	},
	"send.bad-length:next=1,by=2": func(s *sender, r *ran) error {
		return want("length", int(r.first()[24])|int(r.first()[25])<<8 == 1502, "length only", only(differs(r.first()), 24), "operator waits", r.sent == 0)
	},
	"send.bad-length:next=1,part=container,by=-1": func(_ *sender, r *ran) error {
		return want("length and check code only", only(differs(r.first()), body, body+1, body+2, body+3), "length", r.first()[body] == 0)
	},
	"send.bad-crc:next=1": func(_ *sender, r *ran) error {
		return want("check code only", only(differs(r.first()), body+2), "session sound", r.sent == 2)
	},
	"send.bad-crc:next=1,part=session": func(_ *sender, r *ran) error {
		var d wire.Decoder
		d.Feed(r.first())
		_, err := d.Next()
		var e *wire.Error
		return want("check code", errors.As(err, &e) && e.Fault == fiscal.BadSessionCRC)
	},
	"send.delay:next=1,time=100ms": func(_ *sender, r *ran) error {
		return want("late", len(r.stream(0).times) > 0 && r.stream(0).times[0] >= 90*time.Millisecond, "sent", r.sent == 2)
	},
	"send.stall:next=1,after=25,time=100ms": func(_ *sender, r *ran) error {
		s := r.stream(0)
		return want("25 bytes", len(s.chunks) > 1 && len(s.chunks[0]) == 25, "late", len(s.times) > 1 && s.times[1]-s.times[0] >= 90*time.Millisecond,
			"whole", s.bytes() == honest(1)+honest(2))
	},
	"send.drop:next=1": func(_ *sender, r *ran) error {
		return want("connected", len(r.streams) == 1, "nothing came", r.stream(0).bytes() == "", "awaited", errors.Is(r.err, ErrNoReceipt))
	},
	"send.duplicate:next=1,times=3": func(_ *sender, r *ran) error {
		return want("three", r.stream(0).bytes() == strings.Repeat(honest(1), 3)+honest(2), "sent", r.sent == 2)
	},
	"send.truncate:next=1,keep=50": func(_ *sender, r *ran) error {
		return want("50 bytes", r.stream(0).bytes() == honest(1)[:50], "closed", r.stream(0).end == "closed", "told", r.injected(StageSend))
	},
	"send.truncate:next=1,keep=-1,then=half-close": func(_ *sender, r *ran) error {
		return want("one byte less", r.stream(0).bytes() == honest(1)[:len(honest(1))-1], "awaited", errors.Is(r.err, errUnanswered))
	},
	"send.truncate:next=1,then=wait": func(_ *sender, r *ran) error {
		return want("20 bytes", r.stream(0).bytes() == honest(1)[:20], "awaited", errors.Is(r.err, ErrNoReceipt))
	},
	"send.split:next=1,size=400,pause=10ms": func(_ *sender, r *ran) error {
		n := len(r.stream(0).chunks) // of five; a reader that sleeps finds some together
		return want("pieces", n > 2 && n <= 5, "whole", r.stream(0).bytes() == honest(1)+honest(2))
	},
	"receipt.drop:next=1": func(s *sender, r *ran) error {
		return want("told", r.injected(StageReply), "message came", r.stream(0).bytes() == honest(1), "kept in the queue", s.drive.left() == 2,
			"drive saw nothing", !strings.Contains(hexOf(s.drive.log), "26"))
	},
	"receipt.drop:next=1,then=wait": func(s *sender, r *ran) error {
		return want("awaited", errors.Is(r.err, ErrNoReceipt), "kept in the queue", s.drive.left() == 2)
	},
}

// Every point of the register does on the wire what it says and is told; the
// documents stay in the queue and are sent as they are afterwards. The same check
// without the rule fails.
func TestFaults_AreSeenOnTheWire(t *testing.T) {
	t.Parallel()
	for rule, see := range registerFaults {
		name, _, _ := strings.Cut(rule, ":")
		for _, on := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/%t", rule, on), func(t *testing.T) {
				t.Parallel()
				s := newSender(t)
				s.late = strings.HasPrefix(rule, "conn.half-close")
				if !on {
					r := s.run(t)
					assert.Error(t, see(s, &r), "the check does not notice that nothing is injected")
					assert.Empty(t, s.journal.of(Injected))
					return
				}
				_, err := s.faults.Add(rule)
				require.NoError(t, err)
				r := s.run(t)
				require.NoError(t, see(s, &r), "%v", r.err)
				require.NotEmpty(t, s.journal.of(Injected))
				assert.Equal(t, name, s.journal.of(Injected)[0].Fault)
				s.isWhole(t)
			})
		}
	}
}

// isWhole: once the faults are over, what is left is sent as it is.
func (s *sender) isWhole(t *testing.T) {
	s.faults.Clear()
	o := record(t)
	defer o.close()
	left := s.drive.left()
	l := newLink(t, s.drive, Options{Addr: o.addr, KeepAlive: true, Faults: s.faults, Timers: shortTimers})
	sent, err := drain(t, l)
	require.NoError(t, err)
	assert.Equal(t, left, sent)
	assert.Zero(t, s.drive.left())
	require.NoError(t, l.Close())
	o.close()
	all := ""
	for fd := 3 - left; fd <= 2; fd++ {
		all += honest(fd)
	}
	if left > 0 {
		assert.Equal(t, all, o.streams[0].bytes())
	}
}

func TestFaults_EveryPointIsChecked(t *testing.T) {
	t.Parallel()
	for _, i := range fault.Points(fault.Register) {
		found := false
		for rule := range registerFaults {
			found = found || strings.HasPrefix(rule, i.Name+":")
		}
		assert.True(t, found, i.Name)
	}
}

// Through any mixture of faults the register delivers every document, in order and
// each with its own receipt, as long as the operator answers in the end.
func TestFaults_NeverLoseDocuments(t *testing.T) {
	t.Parallel()
	pauses := map[string]string{"send.delay": ",time=1ms", "send.stall": ",time=1ms", "send.split": ",size=500,pause=0s"}
	rapid.Check(t, func(rt *rapid.T) {
		o, d, set := record(rt), newDrive(4), fault.New(fault.Register, rapid.Uint64().Draw(rt, "seed"))
		defer o.close()
		for range rapid.IntRange(1, 3).Draw(rt, "rules") {
			i := rapid.SampledFrom(fault.Points(fault.Register)).Draw(rt, "point")
			_, err := set.Add(fmt.Sprintf("%s:rate=0.%d%s", i.Name, rapid.IntRange(1, 4).Draw(rt, "rate"), pauses[i.Name]))
			require.NoError(rt, err)
		}
		l, err := New(Options{Driver: fnport.New(d), Addr: o.addr, Faults: set,
			Timers: Timers{Answer: 20 * time.Millisecond, Connect: 5 * time.Second, Write: 5 * time.Second}})
		require.NoError(rt, err)
		for n := 0; d.left() > 0; n++ {
			require.Less(rt, n, 300, "never delivered")
			_, _ = drain(t, l)
		}
		require.NoError(rt, l.Close())
	})
}

// One seed gives the same bytes twice, another seed gives others.
func TestFaults_SeedGivesBytes(t *testing.T) {
	t.Parallel()
	run := func(seed uint64) string {
		o, d, set := record(t), newDrive(20), fault.New(fault.Register, seed)
		defer o.close()
		_, err := set.Add("conn.half-close:rate=0.2", "send.truncate:rate=0.3,keep=100", "send.bad-crc:rate=0.3", "receipt.drop:rate=0.3", "send.duplicate:rate=0.2", "dial.fail:rate=0.1")
		require.NoError(t, err)
		l := newLink(t, d, Options{Addr: o.addr, Faults: set, Timers: shortTimers})
		for d.left() > 0 {
			_, _ = drain(t, l)
		}
		require.NoError(t, l.Close())
		o.close()
		var all strings.Builder
		for _, s := range o.streams {
			fmt.Fprintf(&all, "%x\n", s.bytes())
		}
		return all.String()
	}
	one := run(5)
	assert.Equal(t, one, run(5))
	assert.NotEqual(t, one, run(6))
}

func TestNew_RefusesFaultsOfTheOperator(t *testing.T) {
	t.Parallel()
	_, err := New(Options{Driver: newLink(t, newDrive(0), Options{Addr: "x"}).opts.Driver, Addr: "x", Faults: fault.New(fault.Operator, 1)})
	assert.ErrorContains(t, err, "not those of a register")
}
