package intake

import (
	"fmt"
	"math"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

// Timeouts are all time limits of a connection (TRN-064). Zero fields mean the
// defaults; Scale multiplies every one of them.
type Timeouts struct {
	Idle    time.Duration // between messages: 60 s
	Silence time.Duration // inside a message: 30 s
	Message time.Duration // for a whole message: 120 s
	Write   time.Duration // for an answer: 30 s
	Hold    time.Duration // how long a held connection stays open: 330 s
	Scale   float64       // 1 when zero; tests use less
}

func (t Timeouts) orDefault() Timeouts {
	set := func(d *time.Duration, def time.Duration) {
		if *d == 0 {
			*d = def
		}
		if t.Scale > 0 {
			*d = time.Duration(float64(*d) * t.Scale)
		}
	}
	set(&t.Idle, 60*time.Second)
	set(&t.Silence, 30*time.Second)
	set(&t.Message, 120*time.Second)
	set(&t.Write, 30*time.Second)
	set(&t.Hold, 330*time.Second) // a register waits 300 s (transport.md 7.1)
	t.Scale = 1
	return t
}

// Check finds limits that cannot work.
func (t Timeouts) Check() error {
	for _, l := range []struct {
		name  string
		value time.Duration
	}{{"idle", t.Idle}, {"silence", t.Silence}, {"message", t.Message}, {"write", t.Write}, {"hold", t.Hold}} {
		if l.value < 0 {
			return fmt.Errorf("intake: timeout %s=%s: must not be negative", l.name, l.value)
		}
	}
	if t.Scale < 0 {
		return fmt.Errorf("intake: timeout scale=%v: must not be negative", t.Scale)
	}
	if d := t.orDefault(); d.Silence > d.Message {
		return fmt.Errorf("intake: timeout silence=%s: longer than the %s that a whole message may take", d.Silence, d.Message)
	}
	return nil
}

// Limits bound what peers can take. Zero fields mean the defaults.
type Limits struct {
	Connections  int // open at once: 8192
	PerPeer      int // open at once from one IP address: 4096
	Body         int // bytes after a session header: wire.MaxContainer (TRN-050)
	CachedDrives int // drives whose state is remembered: 4096

	// What one IP address may do in a second, with a second's worth at once; zero: no
	// limit. A connection too many is closed before anything is read. A message too many
	// waits: the register is answered later, never differently.
	ConnectRate, MessageRate float64
}

func (l Limits) orDefault() Limits {
	set := func(n *int, def int) {
		if *n == 0 {
			*n = def
		}
	}
	set(&l.Connections, 8192)
	set(&l.PerPeer, 4096)
	set(&l.Body, wire.MaxContainer)
	set(&l.CachedDrives, 4096)
	return l
}

// Check finds limits that cannot work.
func (l Limits) Check() error {
	for _, v := range []struct {
		name  string
		value int
	}{{"connections", l.Connections}, {"per_peer", l.PerPeer}, {"body", l.Body}, {"cached_drives", l.CachedDrives}} {
		if v.value < 0 {
			return fmt.Errorf("intake: limit %s=%d: must not be negative", v.name, v.value)
		}
	}
	for _, v := range []struct {
		name  string
		value float64
	}{{"connect_rate", l.ConnectRate}, {"message_rate", l.MessageRate}} {
		if v.value < 0 || math.IsNaN(v.value) || math.IsInf(v.value, 0) {
			return fmt.Errorf("intake: limit %s=%v: want a number from 0 on", v.name, v.value)
		}
	}
	if l.Body > wire.MaxContainer {
		return fmt.Errorf("intake: limit body=%d: a container has at most %d bytes", l.Body, wire.MaxContainer)
	}
	return nil
}

// Observer is told what happens, for metrics. Its methods are called concurrently
// and must be quick.
type Observer interface {
	Connections(delta int)
	// Refused counts a connection closed at once: "total", "peer", "connect-rate",
	// "draining", "injected"; and one whose messages wait: "message-rate".
	Refused(why string)
	Message(kind string)
	Document(verdict Verdict)
	Fault(f string)
	Confirmation()
	Commit(took time.Duration)
	Waiting(delta int) // documents that wait for the store
	StoreError()
}

// Verdict is what became of a document, for metrics.
type Verdict struct {
	Form   uint16
	Result string // "accepted", "flagged", "refused", "repeated"
}

type nobody struct{}

func (nobody) Connections(int)      {}
func (nobody) Refused(string)       {}
func (nobody) Message(string)       {}
func (nobody) Document(Verdict)     {}
func (nobody) Fault(string)         {}
func (nobody) Confirmation()        {}
func (nobody) Commit(time.Duration) {}
func (nobody) Waiting(int)          {}
func (nobody) StoreError()          {}
