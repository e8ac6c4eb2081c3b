package link

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

// ProbeKind says which service a probe asks for.
type ProbeKind uint8

// Services that answer probes (transport.md sections 9 and 12.1).
const (
	ProbeDocuments ProbeKind = iota // service mode of the document exchange
	ProbeMarking                    // marking server, through the operator
	ProbeKeys                       // key update service
	ProbePoint                      // the operator's own marking point
)

// String is the name for reports.
func (k ProbeKind) String() string {
	return [...]string{"documents", "marking", "keys", "marking point"}[k]
}

// Probe is a connection test without a document.
type Probe struct {
	Kind    ProbeKind
	FN      fiscal.FNNumber // empty: sixteen nines
	FFD     fiscal.FFD      // P-version of ProbeDocuments
	CRC     wire.CRCMode    // CRCNone or CRCHeader
	Timeout time.Duration   // of the whole; zero: 10 s
	Dial    Dialer          // nil: TCP to the address
}

// ProbeResult is an answered probe.
type ProbeResult struct {
	Request []byte
	Reply   []byte
	Header  wire.Header   // of the reply
	Connect time.Duration // until the connection was up
	Answer  time.Duration // from sending to the whole reply
}

// probeFN is the number that probes of the marking services carry.
const probeFN fiscal.FNNumber = "9999999999999999"

// Header is the session header that the probe sends.
func (p *Probe) Header() wire.Header {
	n := p.FN
	if n == "" {
		n = probeFN
	}
	h := wire.Probe(n, p.FFD)
	if p.Kind != ProbeDocuments {
		h = markingHeader(n)
		h.SVersion = [...]wire.SVersion{ProbeMarking: wire.SVersionMarking, ProbeKeys: wire.SVersionKeyUpdate, ProbePoint: wire.SVersionProbe}[p.Kind]
		h.Flags = wire.FlagsService
	}
	h.Flags = h.Flags.WithCRC(p.CRC)
	return h
}

// Check connects to addr (host:port), sends the probe's header and reads the
// header that answers it. The reply must mirror signature, versions and FN number
// and have no body (TRN-090).
func Check(ctx context.Context, addr string, p Probe) (ProbeResult, error) {
	if p.CRC > wire.CRCHeader {
		return ProbeResult{}, fmt.Errorf("link: probe: CRC mode %d: service mode has 0 and 1", p.CRC)
	}
	if p.Timeout == 0 {
		p.Timeout = 10 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, p.Timeout)
	defer cancel()
	if p.Dial == nil {
		p.Dial = func(ctx context.Context) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "tcp", addr)
		}
	}
	header := p.Header()
	request, err := wire.AppendMessage(nil, header, nil)
	if err != nil {
		return ProbeResult{}, fmt.Errorf("link: probe: %w", err)
	}
	res := ProbeResult{Request: request}
	begin := time.Now()
	conn, err := p.Dial(ctx)
	if err != nil {
		return res, fmt.Errorf("link: probe: connecting: %w", err)
	}
	defer conn.Close()
	res.Connect = time.Since(begin)
	deadline, _ := ctx.Deadline()
	_ = conn.SetDeadline(deadline)
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()

	begin = time.Now()
	if _, err := conn.Write(request); err != nil {
		return res, fmt.Errorf("link: probe: sending: %w", err)
	}
	decoder := wire.Decoder{Profile: wire.Lenient}
	m, err := decoder.Read(conn)
	if err != nil {
		res.Reply = decoder.Tail()
		return res, fmt.Errorf("link: probe: reading the reply: %w", err)
	}
	res.Answer, res.Reply, res.Header = time.Since(begin), m.Raw, m.Header
	return res, checkProbe(header, &m.Header)
}

func checkProbe(sent wire.Header, got *wire.Header) error {
	switch {
	case got.Signature != sent.Signature:
		return fmt.Errorf("link: probe: reply has signature %x, want %x", got.Signature, sent.Signature)
	case got.SVersion != sent.SVersion || got.PVersion != sent.PVersion:
		return fmt.Errorf("link: probe: reply has versions %x %x, want %x %x", got.SVersion, got.PVersion, sent.SVersion, sent.PVersion)
	case got.FN != sent.FN:
		return fmt.Errorf("link: probe: reply is for FN %q, want %q", got.FN[:], sent.FN[:])
	case !got.Service():
		return errors.New("link: probe: reply has a body")
	case got.Flags.AwaitsAnswer():
		return fmt.Errorf("link: probe: reply has flags %04x, want 0000 or 0001", uint16(got.Flags))
	}
	return nil
}
