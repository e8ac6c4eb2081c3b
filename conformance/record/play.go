package record

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/report"
)

// Options of a player. The zero value plays nothing: it needs an address.
type Options struct {
	Addr    string        // where the target takes documents
	Timeout time.Duration // for a connection, an answer or a close; 5 s when zero
	Keys    *report.Keys  // to look into encrypted answers; nil: they are compared by length
}

const defaultTimeout = 5 * time.Second

// headerLen is the length of a session header; the length of the body stands at
// bodyLenAt, little-endian.
const (
	headerLen = 30
	bodyLenAt = 24
)

// Player plays traces against one target.
type Player struct{ o Options }

// NewPlayer makes a player.
func NewPlayer(o Options) *Player {
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	return &Player{o}
}

// Likeness of what came to what was recorded.
type Likeness string

// Likenesses, from best to worst.
const (
	Same      Likeness = "same"      // byte for byte
	Alike     Likeness = "alike"     // but for what depends on the time of arrival, or on how a refusal closes
	Different Likeness = "different" // Differences says where
	Unplayed  Likeness = "unplayed"  // the target spoke first; nobody can make it say the same again
)

// Played is one exchange played again.
type Played struct {
	Case        string             `json:"case"`
	N           int                `json:"n"` // from 1
	Likeness    Likeness           `json:"likeness"`
	Recorded    conformance.Ending `json:"recorded"`
	Ending      conformance.Ending `json:"ending"`
	Received    string             `json:"received"` // hex
	Differences []string           `json:"differences,omitempty"`
}

// Play sends the exchanges of a trace in their order, on one connection as long as
// the target keeps it open. It returns an error only when the target takes no
// connection.
func (p *Player) Play(ctx context.Context, t *Trace) ([]Played, error) {
	var conn net.Conn
	defer func() {
		if conn != nil {
			conn.Close()
		}
	}()
	all := make([]Played, 0, len(t.Exchanges))
	for i := range t.Exchanges {
		e := &t.Exchanges[i]
		k := Played{Case: t.Case, N: i + 1, Recorded: e.Ending}
		if e.Incoming {
			k.Likeness, k.Ending = Unplayed, e.Ending
			all = append(all, k)
			continue
		}
		if conn == nil {
			d := net.Dialer{Timeout: p.o.Timeout}
			var err error
			if conn, err = d.DialContext(ctx, "tcp", p.o.Addr); err != nil {
				return all, fmt.Errorf("record: %s, exchange %d: %w", t.Case, i+1, err)
			}
		}
		sent, err := hex.DecodeString(e.Sent)
		if err != nil {
			return all, fmt.Errorf("record: %s, exchange %d: sent bytes: %w", t.Case, i+1, err)
		}
		if e.Ending == conformance.Sent { // nobody waited then
			k.Ending, k.Likeness = conformance.Sent, Same
			if err := conn.SetDeadline(time.Now().Add(p.o.Timeout)); err == nil {
				_, _ = conn.Write(sent) // a peer that is gone shows at the next exchange
			}
			all = append(all, k)
			continue
		}
		received, end := p.exchange(conn, sent)
		k.Received, k.Ending = hex.EncodeToString(received), end
		k.Likeness, k.Differences = p.compare(e, k.Received, end)
		all = append(all, k)
		if end != conformance.Answered {
			conn.Close()
			conn = nil
		}
	}
	return all, nil
}

// exchange sends and reads one answer, as the engine of the cases does.
func (p *Player) exchange(conn net.Conn, sent []byte) ([]byte, conformance.Ending) {
	if err := conn.SetDeadline(time.Now().Add(p.o.Timeout)); err != nil {
		return nil, conformance.Closed
	}
	// A peer that closed already shows when it is read.
	if _, err := conn.Write(sent); isTimeout(err) {
		return nil, conformance.Hung
	}
	header := make([]byte, headerLen)
	n, err := io.ReadFull(conn, header)
	if err != nil {
		return header[:n], ending(err)
	}
	body := make([]byte, binary.LittleEndian.Uint16(header[bodyLenAt:]))
	n, err = io.ReadFull(conn, body)
	received := append(header, body[:n]...)
	if err != nil {
		return received, ending(err)
	}
	return received, conformance.Answered
}

func isTimeout(err error) bool {
	var netErr net.Error
	return errors.As(err, &netErr) && netErr.Timeout()
}

func ending(err error) conformance.Ending {
	switch {
	case isTimeout(err):
		return conformance.Hung
	case errors.Is(err, syscall.ECONNRESET):
		return conformance.Reset
	}
	return conformance.Closed
}
