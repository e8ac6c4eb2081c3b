package intake

import (
	"context"
	"net"
	"net/netip"
	"time"
)

// peer is one IP address with its connections and what it may do. Its fields are
// under Intake.mu.
type peer struct {
	addr     netip.Addr
	conns    int
	connects bucket // of new connections
	messages bucket // of whole messages
}

// bucket allows rate things a second, a second's worth of them at once.
type bucket struct {
	level float64   // things allowed now, at most a second's worth; below zero: a debt
	at    time.Time // when level was true; zero: never used, that is full
}

// fill brings the level up to date.
func (b *bucket) fill(rate float64, now time.Time) {
	full := max(rate, 1)
	if b.at.IsZero() {
		b.level = full
	} else {
		b.level = min(b.level+rate*now.Sub(b.at).Seconds(), full)
	}
	b.at = now
}

// wait is how long until one thing more is allowed.
func (b *bucket) wait(rate float64, now time.Time) time.Duration {
	if rate <= 0 {
		return 0
	}
	if b.fill(rate, now); b.level >= 1 {
		return 0
	}
	return time.Duration((1 - b.level) / rate * float64(time.Second))
}

// take counts one thing.
func (b *bucket) take(rate float64, now time.Time) {
	if rate > 0 {
		b.fill(rate, now)
		b.level--
	}
}

// address tells peers apart: the IP address; all that have none are one.
func address(a net.Addr) netip.Addr {
	if t, ok := a.(*net.TCPAddr); ok {
		return t.AddrPort().Addr().Unmap()
	}
	at, _ := netip.ParseAddrPort(a.String())
	return at.Addr().Unmap()
}

// peerOf finds or makes the record of an address. The caller holds in.mu.
func (in *Intake) peerOf(a netip.Addr) *peer {
	p := in.peers[a]
	if p == nil {
		in.sweep()
		p = &peer{addr: a}
		in.peers[a] = p
	}
	return p
}

// sweepAt is how many addresses are remembered before the first sweep.
const sweepAt = 1024

// sweep forgets addresses without connections whose buckets are full again, when
// there are twice as many as after the last sweep. The caller holds in.mu.
func (in *Intake) sweep() {
	if len(in.peers) < max(2*in.swept, sweepAt) {
		return
	}
	now := time.Now()
	for a, p := range in.peers {
		if in.idle(p, now) {
			delete(in.peers, a)
		}
	}
	in.swept = len(in.peers)
}

// idle reports a peer that need not be remembered.
func (in *Intake) idle(p *peer, now time.Time) bool {
	full := func(b *bucket, rate float64) bool {
		if rate <= 0 {
			return true
		}
		b.fill(rate, now)
		return b.level >= max(rate, 1)
	}
	return p.conns == 0 && full(&p.connects, in.o.Limits.ConnectRate) && full(&p.messages, in.o.Limits.MessageRate)
}

// left counts a connection that ended. The caller holds in.mu.
func (in *Intake) left(p *peer) {
	p.conns--
	if in.o.Limits.ConnectRate <= 0 && in.o.Limits.MessageRate <= 0 && p.conns == 0 {
		delete(in.peers, p.addr)
	}
}

// counted counts a message of the connection's address.
func (c *conn) counted() {
	rate := c.in.o.Limits.MessageRate
	if rate <= 0 {
		return
	}
	c.in.mu.Lock()
	defer c.in.mu.Unlock()
	c.from.messages.take(rate, time.Now())
}

// turn waits until the connection's address may send another message. Nothing is
// read meanwhile: the register finds its operator slow, not wrong.
func (c *conn) turn(ctx context.Context) {
	rate := c.in.o.Limits.MessageRate
	for rate > 0 {
		c.in.mu.Lock()
		wait := c.from.messages.wait(rate, time.Now())
		c.in.mu.Unlock()
		if wait == 0 {
			return
		}
		if !c.held {
			c.held = true
			c.in.o.Observer.Refused("message-rate")
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-c.in.awake.Done(): // shutting down: the connection ends, the register comes again
			timer.Stop()
			return
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
	c.held = false
}
