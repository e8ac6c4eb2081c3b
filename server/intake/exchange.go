package intake

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
	"github.com/fiscalbench/fiscalbench/server/ack"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// after is what follows an exchange on its connection.
type after uint8

const (
	thenListen after = iota
	thenClose
	thenHold
)

// exchange is one message on its way through the server.
type exchange struct {
	peer    string
	began   time.Time // first byte, by the system's clock
	at      time.Time // arrival of the whole message, by the bench's clock
	message *wire.Message

	fn    fiscal.FNNumber
	fd    fiscal.FDNumber
	form  fiscal.Form
	fault fiscal.Fault
	notes []string

	reply  []byte    // whole message to send; nil: none
	formed *formed   // how the confirmation in reply was formed, when faults may be injected
	asked  bool      // the fault points of the answer were asked
	faulty *injected // what fault points do to the message; nil: nothing
	then   after
	stored bool   // with its document: no log of its own
	result string // for metrics
}

func (x *exchange) note(s string) { x.notes = append(x.notes, s) }

// took is the time since the first byte.
func (x *exchange) took() time.Duration { return time.Since(x.began) }

// exchange handles one whole message and sends the answer.
func (in *Intake) exchange(ctx context.Context, c *conn, m *wire.Message) after {
	x := &exchange{peer: c.peer, began: c.began, message: m}
	if in.o.Faults != nil && in.ended(c, x) {
		in.finish(x, nil)
		return x.then
	}
	x.at = in.o.Now().UTC()
	for _, n := range m.Notes {
		x.note(n.Text)
	}
	switch {
	case m.Header.Service():
		in.service(x)
	case m.Header.Signature == wire.SignatureMarking:
		in.marking(ctx, x)
	default:
		in.document(ctx, x)
	}
	if !m.Header.Flags.AwaitsAnswer() && x.then == thenListen {
		x.reply = nil // TRN-021
	}
	in.spoil(ctx, x)
	c.met(x)
	sent := in.send(c, x)
	in.finish(x, sent)
	return x.then
}

// send sends the answer, if there is one.
func (in *Intake) send(c *conn, x *exchange) error {
	if x.reply == nil {
		return nil
	}
	if x.faulty != nil {
		return in.misdeliver(c, x)
	}
	if err := c.write(x.reply); err != nil {
		x.then = thenClose
		return err
	}
	if !x.message.Header.Service() {
		in.o.Observer.Confirmation()
	}
	return nil
}

// service answers a header without a body: the connection test of transport.md
// section 9 and the probes of 12.1. Nothing is stored.
func (in *Intake) service(x *exchange) {
	in.o.Observer.Message("service")
	x.stored, x.result = true, "service"
	x.fn, _ = x.message.Header.FNNumber() // any text is answered
	var err error
	if x.reply, err = ack.Reply(x.message.Header, nil, x.message.Header.Flags.CRCMode()); err != nil {
		in.log.Error("answering a probe", "conn", x.peer, "err", err)
		x.then = thenClose
	}
}

// marking hands a message to the marking stand-in.
func (in *Intake) marking(ctx context.Context, x *exchange) {
	in.o.Observer.Message("marking")
	x.result = "marking"
	if in.o.Marking == nil {
		x.then = thenHold
		x.note("оператор маркировки не подключен")
		return
	}
	r, err := in.o.Marking.Handle(ctx, x.message)
	x.fn, x.fd, x.form, x.fault = r.FN, r.Number, r.Form, r.Fault
	if r.Detail != "" {
		x.note(r.Detail)
	}
	switch {
	case err != nil:
		in.log.Error("marking", "conn", x.peer, "fn", x.fn, "err", err)
		x.then = thenClose
	case r.Silent:
		x.then = thenHold
	case r.Fault != fiscal.FaultNone:
		x.then = in.refusal(r.Fault)
		in.o.Observer.Fault(r.Fault.String())
	}
	x.reply = r.Reply
}

// refusal turns the setting of a fault into what follows; faults that the table
// would answer are closed here.
func (in *Intake) refusal(f fiscal.Fault) after {
	if in.o.Settings.Action(f) == Hold {
		return thenHold
	}
	return thenClose
}

// brokenLimit is how many bytes of a message that never became whole are logged.
const brokenLimit = 4096

// frameFault records a stream that broke the frame rules (E-01 to E-07).
func (in *Intake) frameFault(ctx context.Context, c *conn, e *wire.Error) after {
	tail := c.dec.Tail()
	x := &exchange{peer: c.peer, began: c.began, at: in.o.Now().UTC(), fault: e.Fault, then: in.refusal(e.Fault), result: "refused"}
	x.note(e.Error())
	if len(tail) >= wire.HeaderLen {
		h, _, err := wire.ParseHeader((*[wire.HeaderLen]byte)(tail), wire.Lenient)
		if err == nil {
			x.fn, _ = h.FNNumber()
		}
	}
	x.message = &wire.Message{Raw: append([]byte(nil), tail[:min(len(tail), brokenLimit)]...)}
	in.o.Observer.Fault(e.Fault.String())
	in.finish(x, nil)
	return x.then
}

// finish logs the exchange: one line, and a record unless it is with its document.
func (in *Intake) finish(x *exchange, sent error) {
	in.tell(x, sent)
	level := slog.LevelInfo
	if x.result == "refused" && x.fn == "" {
		level = slog.LevelDebug // garbage
	}
	if in.log.Enabled(in.base, level) {
		args := []any{"conn", x.peer, "result", x.result, "took", x.took().Round(time.Microsecond)}
		if x.fn != "" {
			args = append(args, "fn", string(x.fn), "fd", uint32(x.fd), "kind", uint16(x.form))
		}
		if x.fault != fiscal.FaultNone {
			args = append(args, "fault", x.fault.String())
		}
		if x.faulty != nil {
			args = append(args, "injected", strings.Join(x.faulty.names, ","))
		}
		if sent != nil {
			args = append(args, "err", sent)
		}
		in.log.Log(in.base, level, "exchange", args...)
	}
	if x.stored {
		return
	}
	record := store.Exchange{At: x.at, Took: x.took(), Peer: x.peer, FN: x.fn, FD: x.fd, Fault: x.fault,
		Detail: strings.Join(x.notes, "; "), Request: x.message.Raw, Response: x.outgoing()}
	if err := in.o.Store.LogExchange(in.base, record); err != nil && in.base.Err() == nil {
		in.log.Error("logging an exchange", "conn", x.peer, "err", err)
	}
}
