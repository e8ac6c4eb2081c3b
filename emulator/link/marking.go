package link

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

// markingHeader is the session header of requests and notifications to the marking
// operator (transport.md 12.1).
func markingHeader(n fiscal.FNNumber) wire.Header {
	return wire.Header{Signature: wire.SignatureMarking, SVersion: wire.SVersionMarking, PVersion: wire.PVersion{0x00, 0x01},
		FN: n.Padded(), Flags: wire.FlagsContainer}
}

// Marking asks the marking operator about codes: one connection, one request of
// form 81, one answer of form 83. It satisfies kkt.MarkingSource and kkt.KeySource.
type Marking struct {
	FN   fiscal.FNNumber
	Dial Dialer
	Addr string // host:port, when Dial is nil
	// Timeout of the whole; zero: 5 s. The papers give no limit (TRN-112).
	Timeout time.Duration
}

// AskMarking sends a container and returns the container of the answer.
func (m *Marking) AskMarking(request []byte) ([]byte, error) {
	return m.ask(markingHeader(m.FN), m.Addr, request)
}

// AskKeys does the same with the key service (S-version 82 A1): where the marking
// operator is, so that a bench never calls a real one; at uri as the drive gave it,
// "tcp://host:port", when there is no Addr.
func (m *Marking) AskKeys(uri string, request []byte) ([]byte, error) {
	addr := m.Addr
	if addr == "" && uri != "" {
		u, err := url.Parse(uri)
		if err != nil || u.Scheme != "tcp" || u.Port() == "" {
			return nil, fmt.Errorf("link: key service: address %q: want tcp://HOST:PORT", uri)
		}
		addr = u.Host
	}
	h := markingHeader(m.FN)
	h.SVersion = wire.SVersionKeyUpdate
	return m.ask(h, addr, request)
}

func (m *Marking) ask(header wire.Header, addr string, request []byte) ([]byte, error) {
	timeout, dial := m.Timeout, m.Dial
	if timeout == 0 {
		timeout = 5 * time.Second
	}
	if dial == nil {
		dial = func(ctx context.Context) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "tcp", addr)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	message, err := wire.AppendMessage(nil, header, request)
	if err != nil {
		return nil, fmt.Errorf("link: marking: %w", err)
	}
	conn, err := dial(ctx)
	if err != nil {
		return nil, fmt.Errorf("link: marking: connecting: %w", err)
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	_ = conn.SetDeadline(deadline)
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	if _, err := conn.Write(message); err != nil {
		return nil, fmt.Errorf("link: marking: sending: %w", err)
	}
	decoder := wire.Decoder{Profile: wire.Lenient, MaxBody: wire.MaxAckContainer}
	reply, err := decoder.Read(conn)
	if err != nil {
		return nil, fmt.Errorf("link: marking: reading the answer: %w", err)
	}
	switch {
	case reply.Header.Signature != wire.SignatureMarking:
		return nil, fmt.Errorf("link: marking: answer has signature %x", reply.Header.Signature)
	case reply.Header.SVersion != header.SVersion:
		return nil, fmt.Errorf("link: marking: answer has S-version %x, want %x", reply.Header.SVersion, header.SVersion)
	case reply.Header.FN != m.FN.Padded():
		return nil, fmt.Errorf("link: marking: answer is for FN %q", reply.Header.FN[:])
	case reply.Header.Service():
		return nil, errors.New("link: marking: answer has no container")
	}
	return reply.Body(), nil
}
