package server_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
	"github.com/fiscalbench/fiscalbench/internal/fault"
	"github.com/fiscalbench/fiscalbench/server"
	"github.com/fiscalbench/fiscalbench/server/ack"
	"github.com/fiscalbench/fiscalbench/server/servertest"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// victim is a register in an open shift at a server whose faults can be set.
type victim struct {
	*bench
	faults *fault.Set
	reg    *servertest.Register
	doc    servertest.Doc // the next document, not sent yet
	silent time.Duration  // how long nothing must come to be called silence
}

func newVictim(t *testing.T, v fiscal.FFD, encrypt bool) *victim {
	t.Helper()
	set := fault.New(fault.Operator, 1)
	b := start(t, func(o *server.Options) { o.Faults = set })
	r := servertest.NewRegister(1, v)
	r.Encrypt = encrypt
	b.confirmed(r.Registration(), r.OpenShift())
	return &victim{b, set, r, r.Receipt(12345), 10 * time.Second}
}

// came is what a client received, and how it ended.
type came struct {
	reads []string
	end   string // "closed", "reset", "silence"
	took  time.Duration
}

func (c came) bytes() string { return strings.Join(c.reads, "") }

// send sends the document on a new connection, says that no more will come, so that
// the server ends it when it is done, and receives to the end.
func (v *victim) send() came {
	got, c := v.sendOpen(func(c *net.TCPConn) { _ = c.CloseWrite() })
	if c != nil {
		_ = c.Close()
	}
	return got
}

// sendOpen leaves the end to the server: it receives to the end or to silence.
func (v *victim) sendOpen(then ...func(c *net.TCPConn)) (came, *servertest.Client) {
	c, err := servertest.Dial(v.addr)
	if errors.Is(err, syscall.ECONNRESET) {
		return came{end: "reset"}, nil
	}
	require.NoError(v.t, err)
	v.t.Cleanup(func() { _ = c.Close() })
	begin := time.Now()
	if _, err := c.Write(v.doc.Message); err != nil {
		return came{end: "reset"}, c
	}
	for _, do := range then {
		do(c.Conn.(*net.TCPConn))
	}
	return v.receive(c, begin), c
}

func (v *victim) receive(c net.Conn, begin time.Time) (got came) {
	buf := make([]byte, 4096)
	for {
		_ = c.SetReadDeadline(time.Now().Add(v.silent))
		n, err := c.Read(buf)
		if n > 0 {
			got.reads = append(got.reads, string(buf[:n]))
			got.took = time.Since(begin)
		}
		var timeout net.Error
		switch {
		case err == nil:
			continue
		case errors.Is(err, io.EOF):
			got.end = "closed"
		case errors.As(err, &timeout) && timeout.Timeout():
			got.end = "silence"
		case errors.Is(err, syscall.ECONNRESET):
			got.end = "reset"
		default:
			got.end = err.Error()
		}
		return got
	}
}

// honest is the true answer, made from what is stored.
func (v *victim) honest() string {
	stored := v.document(v.doc)
	var d wire.Decoder
	d.Feed(v.doc.Message)
	m, err := d.Next()
	require.NoError(v.t, err)
	reply, err := ack.Reply(m.Header, stored.Confirmation, wire.CRCNone)
	require.NoError(v.t, err)
	return string(reply)
}

func (v *victim) stored() bool {
	_, err := v.store.Document(v.t.Context(), v.doc.FN, v.doc.FD)
	if !errors.Is(err, store.ErrNotFound) {
		require.NoError(v.t, err)
	}
	return err == nil
}

// want is an error unless everything holds: pairs of a name and a bool.
func want(pairs ...any) error {
	var wrong []error
	for i := 0; i < len(pairs); i += 2 {
		if !pairs[i+1].(bool) {
			wrong = append(wrong, fmt.Errorf("not so: %s", pairs[i]))
		}
	}
	return errors.Join(wrong...)
}

// said is an answer taken apart without judging it.
type said struct {
	header wire.Header
	c      wire.Container
	inFN   string // 1041
	inFD   uint32 // 1040
	crc    fiscal.Fault
	fpp    sign.Verdict // under the keys of the drive named
}

func (v *victim) read(got came, keys fiscal.FNNumber) (s said, err error) {
	raw := []byte(got.bytes())
	if len(raw) < wire.HeaderLen+wire.ContainerHeaderLen {
		return s, fmt.Errorf("%d bytes are no answer", len(raw))
	}
	s.header, _, _ = wire.ParseHeader((*[wire.HeaderLen]byte)(raw), wire.Lenient)
	var e *wire.Error
	s.c, _, err = wire.ParseContainer(raw[wire.HeaderLen:], wire.Strict)
	if errors.As(err, &e) {
		s.crc = e.Fault
	}
	stlv, fpp, err := servertest.Scheme.Drive(keys, 0).OpenAck(v.doc.OFD, s.c)
	if err != nil {
		return s, err
	}
	s.fpp = fpp
	s.inFN, s.inFD = fields(stlv)
	return s, nil
}

// operatorFaults is, for each point of the operator, rules and what a register sees of
// them. A check must fail when the rule does nothing.
var operatorFaults = map[string]func(v *victim) error{
	"accept.refuse:next=1": func(v *victim) error {
		got, _ := v.sendOpen()
		return want("reset", got.end == "reset", "nothing came", got.bytes() == "", "not stored", !v.stored())
	},
	"accept.refuse:next=1,by=close": func(v *victim) error {
		got := v.receive(v.dial(), time.Now())
		return want("closed", got.end == "closed", "nothing came", got.bytes() == "")
	},
	"read.stall:next=1,time=120ms,fn=9999*": func(v *victim) error {
		early := make(chan bool, 1)
		defer v.faults.Watch(func(fault.Injected) { early <- v.stored() })()
		got := v.send()
		return want("late", got.took >= 120*time.Millisecond, "true answer", v.stored() && got.bytes() == v.honest(), "not read meanwhile", len(early) == 1 && !<-early)
	},
	"clock.jump:next=1,by=36h": func(v *victim) error {
		first, second := v.ack(v.doc), v.ack(v.reg.Receipt(5))
		jumped := servertest.Clock.Add(36 * time.Hour)
		return want("jumped", first.At.Equal(jumped), "stayed", second.At.Equal(jumped), "stored so", v.document(v.doc).ReceivedAt.Equal(jumped))
	},
	"conn.reset:next=1,at=request": func(v *victim) error {
		got, _ := v.sendOpen()
		return want("reset", got.end == "reset", "nothing came", got.bytes() == "", "not stored", !v.stored())
	},
	"conn.reset:next=1": func(v *victim) error {
		got, _ := v.sendOpen()
		return want("reset", got.end == "reset", "nothing came", got.bytes() == "", "stored", v.stored())
	},
	"conn.reset:next=1,at=reply,keep=33": func(v *victim) error {
		got, _ := v.sendOpen()
		return want("reset", got.end == "reset", "at most 33 bytes", len(got.bytes()) <= 33, "stored", v.stored())
	},
	"conn.half-close:next=1": func(v *victim) error {
		got, c := v.sendOpen()
		_, err := c.Write(v.doc.Message)
		return want("closed", got.end == "closed", "true answer", got.bytes() == v.honest(), "reads on", err == nil)
	},
	"conn.half-close:next=1,at=request": func(v *victim) error {
		got, _ := v.sendOpen()
		return want("closed", got.end == "closed", "nothing came", got.bytes() == "", "not stored", !v.stored())
	},
	"store.fail:next=1,doc=receipt": func(v *victim) error {
		before := v.drive(v.doc.FN)
		got, _ := v.sendOpen()
		return want("closed", got.end == "closed", "nothing came", got.bytes() == "", "not stored", !v.stored(),
			"drive as before", v.drive(v.doc.FN).LastFD == before.LastFD && v.drive(v.doc.FN).Version == before.Version)
	},
	"reply.code:next=1,code=14": func(v *victim) error {
		a := v.ack(v.doc)
		return want("code", a.Code == 14 || a.Bits&2 != 0, "signed anew", string(a.Message.Raw) != v.honest())
	},
	"reply.wrong-fd:next=1,by=-1": func(v *victim) error {
		got := v.send()
		s, err := v.read(got, v.doc.FN)
		return errors.Join(err, want("header", s.c.FD == v.doc.FD-1, "document", s.inFD == uint32(v.doc.FD)-1, "signed", s.fpp == sign.OK, "check code", s.crc == 0))
	},
	"reply.wrong-fd:next=1,part=document": func(v *victim) error {
		got := v.send()
		s, err := v.read(got, v.doc.FN)
		return errors.Join(err, want("header", s.c.FD == v.doc.FD, "document", s.inFD == uint32(v.doc.FD)+1, "signed", s.fpp == sign.OK))
	},
	"reply.wrong-fd:next=1,sign=old": func(v *victim) error {
		got := v.send()
		s, err := v.read(got, v.doc.FN)
		if v.reg.Encrypt { // the header is part of what the content is read with
			return want("header", s.c.FD == v.doc.FD+1, "check code", s.crc == 0)
		}
		return errors.Join(err, want("header", s.c.FD == v.doc.FD+1, "document", s.inFD == uint32(v.doc.FD), "sign", s.fpp == sign.Bad, "check code", s.crc == 0))
	},
	"reply.wrong-fd:next=1,as=text": func(v *victim) error {
		got := v.send()
		s, err := v.read(got, v.doc.FN)
		return errors.Join(err, want("header", bytes.Equal(s.c.Raw[wire.OffFD:wire.OffNonce], []byte("003")), "document", s.inFD == uint32(v.doc.FD)))
	},
	"reply.wrong-fn:next=1": func(v *victim) error {
		other := fault.OtherFN(v.doc.FN, "")
		got := v.send()
		s, err := v.read(got, v.doc.FN)
		return errors.Join(err, want("session", s.header.FN == other.Padded(), "header", s.c.FNBCD == other.BCD(), "document", s.inFN == string(other),
			"signed by the right drive's keys", s.fpp == sign.OK))
	},
	"reply.wrong-fn:next=1,part=session": func(v *victim) error {
		other := fault.OtherFN(v.doc.FN, "")
		got := v.send()
		return want("session", got.bytes() == string(fault.WrongFN([]byte(v.honest()), "session", other)), "stored", v.stored())
	},
	"reply.wrong-fn:next=1,part=container,drive=9999000000000077,sign=old": func(v *victim) error {
		got := v.send()
		return want("header", got.bytes() == string(fault.WrongFN([]byte(v.honest()), "container", "9999000000000077")))
	},
	"reply.stale:next=1": func(v *victim) error {
		before, err := v.store.Document(v.t.Context(), v.doc.FN, v.doc.FD-1)
		require.NoError(v.t, err)
		got := v.send()
		return want("the one before", len(got.bytes()) > wire.HeaderLen && got.bytes()[wire.HeaderLen:] == string(before.Confirmation), "stored", v.stored())
	},
	"reply.foreign:next=1": func(v *victim) error {
		other := fault.OtherFN(v.doc.FN, "")
		got := v.send()
		s, err := v.read(got, other)
		return errors.Join(err, want("session", s.header.FN == other.Padded(), "header", s.c.FNBCD == other.BCD(), "document", s.inFN == string(other),
			"signed by the other's keys", s.fpp == sign.OK))
	},
	"reply.foreign:next=1,header=own,drive=9999000000000055": func(v *victim) error {
		got := v.send()
		s, err := v.read(got, "9999000000000055")
		return errors.Join(err, want("session", s.header.FN == v.doc.FN.Padded(), "document", s.inFN == "9999000000000055", "signed", s.fpp == sign.OK))
	},
	"reply.bad-sign:next=1": func(v *victim) error {
		got := v.send()
		s, err := v.read(got, v.doc.FN)
		return errors.Join(err, want("sign", s.fpp == sign.Bad, "check code", s.crc == 0, "document", s.inFD == uint32(v.doc.FD)))
	},
	"reply.bad-length:next=1,by=3": func(v *victim) error {
		got := v.send()
		var d wire.Decoder
		d.Feed([]byte(got.bytes()))
		m, err := d.Next()
		return errors.Join(err, want("three bytes are missing", m == nil, "the rest is true", got.bytes()[26:] == v.honest()[26:]))
	},
	"reply.bad-length:next=1,part=container,by=-1": func(v *victim) error {
		got := v.send()
		s, _ := v.read(got, v.doc.FN)
		return want("length", s.crc == fiscal.LengthMismatch)
	},
	"reply.bad-crc:next=1": func(v *victim) error {
		got := v.send()
		s, err := v.read(got, v.doc.FN)
		return errors.Join(err, want("check code", s.crc == fiscal.BadContainerCRC, "sign", s.fpp == sign.OK))
	},
	"reply.bad-crc:next=1,part=session": func(v *victim) error {
		got := v.send()
		var d wire.Decoder
		d.Feed([]byte(got.bytes()))
		_, err := d.Next()
		var e *wire.Error
		return want("check code", errors.As(err, &e) && e.Fault == fiscal.BadSessionCRC, "the rest is true", got.bytes()[30:] == v.honest()[30:])
	},
	"reply.delay:next=1,time=120ms": func(v *victim) error {
		got := v.send()
		return want("late", got.took >= 120*time.Millisecond, "true answer", got.bytes() == v.honest())
	},
	"reply.drop:next=1": func(v *victim) error {
		v.silent = min(v.silent, 500*time.Millisecond)
		got, c := v.sendOpen()
		_, err := c.Confirm(v.reg.Receipt(7))
		return errors.Join(err, want("nothing came", got.bytes() == "", "open", got.end == "silence", "stored", v.stored()))
	},
	"reply.drop:next=1,then=close": func(v *victim) error {
		got, _ := v.sendOpen()
		return want("nothing came", got.bytes() == "", "closed", got.end == "closed", "stored", v.stored())
	},
	"reply.duplicate:next=1,times=3": func(v *victim) error {
		got := v.send()
		return want("three", got.bytes() == strings.Repeat(v.honest(), 3))
	},
	"reply.truncate:next=1": func(v *victim) error {
		got, _ := v.sendOpen()
		return want("20 bytes", got.bytes() == v.honest()[:20], "closed", got.end == "closed")
	},
	"reply.truncate:next=1,keep=-1,then=wait": func(v *victim) error {
		v.silent = min(v.silent, 500*time.Millisecond)
		got, _ := v.sendOpen()
		return want("one byte less", got.bytes() == v.honest()[:len(v.honest())-1], "open", got.end == "silence")
	},
	"reply.truncate:next=1,keep=5,then=reset": func(v *victim) error {
		got, _ := v.sendOpen()
		return want("at most 5 bytes", len(got.bytes()) <= 5, "reset", got.end == "reset")
	},
	"reply.split:next=1,size=40,pause=10ms": func(v *victim) error {
		got := v.send()
		whole := len(got.reads) > 1 // a reader that sleeps finds several pieces together, never a part of one
		for _, read := range got.reads[:max(len(got.reads)-1, 0)] {
			whole = whole && len(read)%40 == 0
		}
		return want("pieces", whole, "true answer", got.bytes() == v.honest())
	},
}

// Every point of the operator does on the wire what it says, marks the exchange, and
// takes nothing from what is stored: the document comes again and gets the true
// confirmation. The same check without the rule fails, so a point that does nothing
// would be noticed.
func TestFaults_AreSeenOnTheWire(t *testing.T) {
	t.Parallel()
	for rule, see := range operatorFaults {
		name, _, _ := strings.Cut(rule, ":")
		for _, ffd := range []fiscal.FFD{fiscal.FFD105, fiscal.FFD12} {
			for _, on := range []bool{true, false} {
				if !on && ffd == fiscal.FFD12 {
					continue
				}
				t.Run(fmt.Sprintf("%s/%s/%t", rule, ffd, on), func(t *testing.T) {
					t.Parallel()
					v := newVictim(t, ffd, ffd == fiscal.FFD12)
					if !on {
						v.silent = 150 * time.Millisecond
						assert.Error(t, see(v), "the check does not notice that nothing is injected")
						return
					}
					_, err := v.faults.Add(rule)
					require.NoError(t, err)
					require.NoError(t, see(v))
					v.isWhole(name)
				})
			}
		}
	}
}

// isWhole checks what no fault may break.
func (v *victim) isWhole(point string) {
	v.t.Helper()
	v.faults.Clear()
	again := v.ack(v.doc)
	assert.True(v.t, again.Accepted(), "sent again, the document is confirmed")
	assert.Equal(v.t, v.honest(), string(again.Message.Raw), "by the confirmation that is stored")
	injected := v.faults.Injected(0)
	require.Len(v.t, injected, 1)
	assert.Equal(v.t, point, injected[0].Point.String())
	if injected[0].Point.Info().Moment == fault.AtConnection {
		return // there was no exchange
	}
	assert.Equal(v.t, v.doc.FN, injected[0].Event.FN)
	var marked []store.Exchange
	assert.Eventually(v.t, func() bool { // what ended the connection is written after it
		list, err := v.store.Exchanges(v.t.Context(), v.doc.FN, store.Page{})
		for _, e := range list {
			if strings.Contains(e.Detail, "внедрён сбой: "+point) {
				marked = append(marked, e)
			}
		}
		return err != nil || len(marked) > 0
	}, 10*time.Second, 2*time.Millisecond)
	require.Len(v.t, marked, 1)
	assert.Equal(v.t, v.doc.Message, marked[0].Request)
}

// Every point has a check.
func TestFaults_EveryPointIsChecked(t *testing.T) {
	t.Parallel()
	for _, i := range fault.Points(fault.Operator) {
		found := false
		for rule := range operatorFaults {
			found = found || strings.HasPrefix(rule, i.Name+":")
		}
		assert.True(t, found, i.Name)
	}
}

// fields are 1041 and 1040 of a confirmation.
func fields(stlv []byte) (fn string, fd uint32) {
	d, err := ffd.Decode(stlv)
	if err != nil {
		return "", 0
	}
	return string(d.FNNumber()), uint32(d.FDNumber())
}
