package props_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

// meddler is an operator with a mistake: a right one behind a proxy that may
// answer by itself and tell untruths about the store.
type meddler struct {
	*memory
	meddling

	ln net.Listener
	wg sync.WaitGroup

	mu      sync.Mutex
	seen    map[string]int // containers, how often
	conns   map[net.Conn]bool
	repeats map[string]int // by drive
	drop    bool
	scheme  *sign.TBGOST1
}

// meddling is what a meddler does wrong; nil parts are honest.
type meddling struct {
	handle   func(m *meddler, message []byte, ask func() []byte) []byte
	drive    func(*conformance.Drive)
	document func(*conformance.Document)
	count    func(m *meddler, fn string, n int) int
	again    func(ctx context.Context, m *meddler) error
	cut      func(m *meddler)
}

// meddle starts an operator with a mistake and, maybe, settings.
func meddle(t *testing.T, how meddling, settings map[string]string) *meddler {
	t.Helper()
	m := &meddler{memory: inMemory(t, settings), meddling: how, seen: map[string]int{}, repeats: map[string]int{}, conns: map[net.Conn]bool{}, scheme: sign.NewTBGOST1(sign.TBGOST1Options{})}
	var lc net.ListenConfig
	var err error
	m.ln, err = lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	m.wg.Go(m.accept)
	t.Cleanup(func() {
		m.ln.Close()
		m.mu.Lock()
		for c := range m.conns {
			c.Close()
		}
		m.mu.Unlock()
		m.wg.Wait() // before the operator behind ends
	})
	return m
}

// Addr is the proxy's.
func (m *meddler) Addr() string { return m.ln.Addr().String() }

func (m *meddler) Documents(ctx context.Context, fn string) (int, error) {
	n, err := m.memory.Documents(ctx, fn)
	if m.count != nil {
		n = m.count(m, fn, n)
	}
	return n, err
}

func (m *meddler) Drive(ctx context.Context, fn string) (conformance.Drive, error) {
	d, err := m.memory.Drive(ctx, fn)
	if m.drive != nil {
		m.drive(&d)
	}
	return d, err
}

func (m *meddler) Document(ctx context.Context, fn string, fd uint32) (conformance.Document, error) {
	d, err := m.memory.Document(ctx, fn, fd)
	if m.document != nil && d.FD != 0 {
		m.document(&d)
	}
	return d, err
}

func (m *meddler) Restart(ctx context.Context) error {
	if m.again != nil {
		return m.again(ctx, m)
	}
	return m.memory.Restart(ctx)
}

func (m *meddler) CutAfterStore(ctx context.Context) error {
	if m.cut != nil {
		m.cut(m)
		return nil
	}
	return m.memory.CutAfterStore(ctx)
}

func (m *meddler) accept() {
	for {
		c, err := m.ln.Accept()
		if err != nil {
			return
		}
		m.mu.Lock()
		m.conns[c] = true
		m.mu.Unlock()
		m.wg.Go(func() {
			m.serve(c)
			c.Close()
			m.mu.Lock()
			delete(m.conns, c)
			m.mu.Unlock()
		})
	}
}

func (m *meddler) serve(c net.Conn) {
	for {
		message, err := frame(c)
		if err != nil {
			return
		}
		var reply []byte
		if m.handle == nil {
			reply = m.forward(message)
		} else {
			reply = m.handle(m, message, func() []byte { return m.forward(message) })
		}
		if reply == nil {
			return
		}
		if _, err := c.Write(reply); err != nil {
			return
		}
	}
}

// forward asks the operator behind the proxy.
func (m *meddler) forward(message []byte) []byte {
	m.mu.Lock()
	m.seen[string(message[wire.HeaderLen:])]++
	if m.seen[string(message[wire.HeaderLen:])] > 1 {
		m.repeats[string(message[8:24])]++
	}
	dropped := m.drop
	m.drop = false
	m.mu.Unlock()
	if dropped {
		return nil
	}
	var d net.Dialer
	c, err := d.DialContext(context.Background(), "tcp", m.memory.Addr())
	if err != nil {
		return nil
	}
	defer c.Close()
	if _, err := c.Write(message); err != nil {
		return nil
	}
	reply, err := frame(c)
	if err != nil {
		return nil
	}
	return reply
}

func (m *meddler) repeated(message []byte) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.seen[string(message[wire.HeaderLen:])] > 0
}

func (m *meddler) repeatsOf(fn string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.repeats[fn]
}

func frame(r io.Reader) ([]byte, error) {
	h := make([]byte, wire.HeaderLen)
	if _, err := io.ReadFull(r, h); err != nil {
		return nil, err
	}
	body := make([]byte, binary.LittleEndian.Uint16(h[24:]))
	_, err := io.ReadFull(r, body)
	return append(h, body...), err
}

// forge makes a well-signed confirmation of a message. A nil answer means that the
// message is no document.
func (m *meddler) forge(message []byte, fd fiscal.FDNumber, code byte, at time.Time) []byte {
	h, _, err := wire.ParseHeader((*[wire.HeaderLen]byte)(message), wire.Strict)
	if err != nil {
		return nil
	}
	c, _, err := wire.ParseContainer(message[wire.HeaderLen:], wire.Strict)
	if err != nil {
		return nil
	}
	fn, err := h.FNNumber()
	if err != nil {
		return nil
	}
	opened, err := m.scheme.Open(context.Background(), fn, "7704358518", c)
	if err != nil {
		return nil
	}
	doc, err := ffd.Decode(opened.STLV)
	if err != nil {
		return nil
	}
	if fd == 0 {
		fd = c.FD
	}
	var b tlv.Builder
	b.STLV(tlv.Tag(fiscal.FormOperatorAck), func(b *tlv.Builder) {
		b.FixedText(ffd.TagOFDINN, "7704358518", fiscal.INNLen)
		b.FixedText(ffd.TagFNNumber, string(fn), fiscal.FNNumberLen)
		b.Uint32(ffd.TagFDNumber, uint32(fd))
		b.Time(ffd.TagDateTime, at)
		switch {
		case doc.FFD() <= fiscal.FFD105:
			b.STLV(ffd.TagMessageToFN, func(b *tlv.Builder) { b.Byte(ffd.TagOFDResponseCode, code) })
		case code != 0:
			b.Byte(ffd.TagOperatorMessage, 2)
		}
	})
	stlv, err := b.Bytes()
	if err != nil {
		return nil
	}
	ack, err := m.scheme.Confirm(context.Background(), sign.ConfirmRequest{FN: fn, OFD: "7704358518", Request: c, STLV: stlv})
	if err != nil {
		return nil
	}
	reply, err := wire.AppendMessage(nil, wire.Reply(h, wire.CRCNone), ack)
	if err != nil {
		return nil
	}
	return reply
}
