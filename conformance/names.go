package conformance

import (
	"context"
	"encoding/binary"
	"net"
	"sync"
)

// Names is a name server that knows one name: the harness gives it to a register to
// see whether an address is looked up anew (TRN-002). It answers A queries over UDP.
type Names struct {
	Name string

	pc net.PacketConn
	wg sync.WaitGroup

	mu   sync.Mutex
	ip   net.IP // nil: no such name
	asks int
}

// Names starts a name server until the case ends.
func (r *Run) Names(ctx context.Context) *Names {
	var lc net.ListenConfig
	pc, err := lc.ListenPacket(ctx, "udp", "127.0.0.1:0")
	r.settle("starting a name server", err)
	n := &Names{Name: "ofd.example.test", pc: pc}
	n.wg.Go(n.serve)
	r.onEnd(func() {
		pc.Close()
		n.wg.Wait()
	})
	return n
}

// Addr of the server.
func (n *Names) Addr() string { return n.pc.LocalAddr().String() }

// Point lets the name stand for an address; an empty one takes it away.
func (n *Names) Point(ip string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ip = net.ParseIP(ip).To4()
}

// Asks counts the queries so far.
func (n *Names) Asks() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.asks
}

func (n *Names) serve() {
	b := make([]byte, 512)
	for {
		size, from, err := n.pc.ReadFrom(b)
		if err != nil {
			return
		}
		if reply := n.answer(b[:size]); reply != nil {
			_, _ = n.pc.WriteTo(reply, from) // a lost answer is asked for again
		}
	}
}

// answer builds a reply with the question and at most one A record that may be kept
// for no time.
func (n *Names) answer(q []byte) []byte {
	const header = 12
	end := header
	for end < len(q) && q[end] != 0 {
		end += int(q[end]) + 1
	}
	end += 5 // the root label, type and class
	if end > len(q) {
		return nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asks++
	reply := append([]byte{}, q[:end]...)
	reply[2], reply[3] = 0x84, 0x00 // an authoritative answer
	binary.BigEndian.PutUint16(reply[6:], 0)
	binary.BigEndian.PutUint32(reply[8:], 0)
	kind := binary.BigEndian.Uint16(q[end-4:])
	switch {
	case n.ip == nil:
		reply[3] = 3 // no such name
	case kind == 1:
		binary.BigEndian.PutUint16(reply[6:], 1)
		reply = append(reply, 0xC0, header, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
		reply = append(reply, n.ip...)
	}
	return reply
}
