package watch

import (
	"errors"
	"io"
	"net"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance/model"
)

// Limits of the operator that the watch is (transport.md 7.2 TRN-064).
const (
	idleLimit  = 60 * time.Second
	writeLimit = 30 * time.Second
)

// operate answers a register by the model alone.
func (w *Watch) operate(c *net.TCPConn, id int) {
	defer w.judge.forget(id)
	buf := make([]byte, chunk)
	for {
		_ = c.SetReadDeadline(time.Now().Add(idleLimit))
		n, err := c.Read(buf)
		if n > 0 {
			begun := w.judge.bytes(id, register, buf[:n], w.o.Now())
			for _, x := range begun {
				if !w.answer(c, id, x) {
					w.judge.end(id, operator, finished, w.o.Now())
					w.o.passed()
					return
				}
			}
			w.o.passed()
		}
		if err == nil {
			continue
		}
		var timeout net.Error
		switch {
		case w.ending(), errors.As(err, &timeout) && timeout.Timeout():
			w.judge.end(id, register, cut, w.o.Now())
		case errors.Is(err, io.EOF):
			w.judge.end(id, register, finished, w.o.Now())
		default:
			w.judge.end(id, register, reset, w.o.Now())
		}
		w.o.passed()
		return
	}
}

// answer does what the operator owes a message and reports whether it reads on.
func (w *Watch) answer(c *net.TCPConn, id int, x *exchange) bool {
	b := w.right(x)
	if b == nil {
		return x.msg.duty.obligation == stay
	}
	w.judge.bytes(id, operator, b, w.o.Now()) // before it is sent: the register may be quick
	_ = c.SetWriteDeadline(time.Now().Add(writeLimit))
	_, err := c.Write(b)
	return err == nil
}

// right is the answer that is owed; nil when none is.
func (w *Watch) right(x *exchange) []byte {
	m := x.msg.Message
	switch x.msg.duty.obligation {
	case leave, stay:
		return nil
	case service:
		return model.ServiceReply(x.raw)
	case markingReply:
		return w.markingAnswer(m)
	}
	switch {
	case !m.Whole() || m.STLV == nil:
		return nil
	case m.Marking && foreignService(x.raw) && m.Form == 81: // the key service: done
		return (&model.Confirmation{To: m}).MarkingReply(model.U8(2105, 0))
	case m.Marking:
		return nil
	}
	at := w.o.Now()
	owed := x.msg.duty.obligation
	if p := x.msg.paper; p != nil { // what was confirmed is confirmed again with the same bytes
		at, owed = p.at, p.duty.obligation
	}
	c := model.Confirm(m, w.o.OFD, at)
	code := map[obligation]int{confirmFlag: 14, confirmUnread: 11}[owed]
	switch {
	case code == 0:
	case m.FFD <= 2:
		c.Code = code
	default:
		c.Bits = 2
	}
	return c.Bytes()
}

// markingAnswer is the marking operator's: every code is known and right.
func (w *Watch) markingAnswer(m *model.Message) []byte {
	c := &model.Confirmation{To: m}
	if m.Form == 81 {
		return c.MarkingReply(model.U8(2105, 0), model.U8(2102, 0), model.U8(2100, byte(max(m.Number(2100), 1))), model.U8(2109, 1), model.U8(2005, 15))
	}
	return c.MarkingReply(model.U32(2114, uint32(w.o.Now().Unix())), model.U8(2111, 0))
}
