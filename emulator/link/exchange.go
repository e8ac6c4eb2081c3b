package link

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/emulator/fnport"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
	"github.com/fiscalbench/fiscalbench/internal/fault"
)

// ErrNoReceipt means that the answer timer ran out.
var ErrNoReceipt = errors.New("no receipt within the answer timer")

// errLater: the drive still awaits the receipt on a message that it gave before
// (its own 300 s) and has nothing to give now.
var errLater = errors.New("the drive awaits a receipt")

// errUnanswered: the connection ended before the first byte of a reply.
var errUnanswered = errors.New("connection closed without a receipt")

// connect opens a connection when there is none and tells the drive (21h 1).
func (l *Link) connect(ctx context.Context) error {
	if l.conn != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, l.timers.Connect)
	defer cancel()
	if _, ok := l.fire(fault.DialFail, fault.Event{}); ok {
		return &Error{Stage: StageConnect, Err: fault.ErrInjected}
	}
	conn, err := l.opts.Dial(ctx)
	if err != nil {
		return &Error{Stage: StageConnect, Err: err}
	}
	l.conn, l.used, l.spent, l.lastUse = conn, false, false, l.opts.Now()
	if err := l.identify(); err != nil {
		return &Error{Stage: StageDrive, Err: err}
	}
	l.opts.Lock.Lock()
	defer l.opts.Lock.Unlock()
	if err := l.transport(true); err != nil {
		return &Error{Stage: StageDrive, Err: err}
	}
	l.emit(Event{Kind: Connected})
	return nil
}

// transport tells the drive about the connection; notifications have no such
// command.
func (l *Link) transport(up bool) error {
	if l.opts.Notices {
		return nil
	}
	return l.opts.Driver.Transport(up)
}

// disconnect closes the connection, if any, and tells the drive (21h 0).
func (l *Link) disconnect() error {
	if l.conn == nil {
		return nil
	}
	_ = l.conn.Close()
	l.conn = nil
	l.opts.Lock.Lock()
	defer l.opts.Lock.Unlock()
	err := l.transport(false)
	if fnport.Code(err) == fn.WrongState { // a drive that closed for good exchanges nothing (phase 0Fh)
		err = nil
	}
	l.emit(Event{Kind: Disconnected})
	return err
}

// exchange sends the oldest message and waits for its receipt.
func (l *Link) exchange(ctx context.Context, fd fiscal.FDNumber) error {
	if err := l.connect(ctx); err != nil {
		var e *Error
		errors.As(err, &e)
		return l.fail(e.Stage, fd, e.Err)
	}
	stop := context.AfterFunc(ctx, l.interrupt(l.conn))
	defer stop()
	if err := l.read(); err != nil {
		if fnport.Code(err) == fn.NoData {
			return errLater
		}
		return l.fail(StageDrive, fd, err)
	}
	if err := l.send(ctx, fd); err != nil {
		return l.broken(ctx, StageSend, fd, err)
	}
	if stage, err := l.await(ctx, fd); err != nil {
		return l.broken(ctx, stage, fd, err)
	}
	l.used, l.lastUse = true, l.opts.Now()
	if l.spent {
		if err := l.disconnect(); err != nil {
			return l.fail(StageDrive, fd, err)
		}
	}
	return nil
}

// interrupt makes reads and writes of conn end at once.
func (l *Link) interrupt(conn net.Conn) func() {
	return func() { _ = conn.SetDeadline(time.Unix(1, 0)) }
}

// broken is fail, except that a kept connection which the operator closed while it
// was idle is only replaced.
func (l *Link) broken(ctx context.Context, stage Stage, fd fiscal.FDNumber, err error) error {
	if ctx.Err() != nil {
		return l.fail(stage, fd, ctx.Err())
	}
	if errors.Is(err, fault.ErrInjected) {
		return l.fail(stage, fd, err)
	}
	if l.used && (stage == StageSend && !timedOut(err) || errors.Is(err, errUnanswered)) {
		if derr := l.disconnect(); derr == nil {
			return errStale
		}
	}
	return l.fail(stage, fd, err)
}

func timedOut(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

// read takes the oldest container from the drive and puts the session header
// before it. A drive that still waits for a receipt, after a cut, gives the same
// bytes again once it knows that the connection was lost (TRN-060).
func (l *Link) read() error {
	l.opts.Lock.Lock()
	defer l.opts.Lock.Unlock()
	if cap(l.queue) < wire.HeaderLen {
		l.queue = make([]byte, wire.HeaderLen, 4096)
	}
	message, err := l.take(l.queue[:wire.HeaderLen])
	if fnport.Code(err) == fn.NoTransport { // its power was off meanwhile: it forgot the connection
		if err = l.transport(true); err == nil {
			message, err = l.take(l.queue[:wire.HeaderLen])
		}
	}
	if err != nil {
		return err
	}
	// The header is written over the space kept for it: the container stays where it is.
	framed, err := wire.AppendMessage(message[:0], l.header, message[wire.HeaderLen:])
	l.queue = framed
	return err
}

// take appends the oldest message to dst.
func (l *Link) take(dst []byte) ([]byte, error) {
	if l.opts.Notices {
		return l.opts.Driver.ReadNotice(dst)
	}
	return l.opts.Driver.ReadMessage(dst)
}

func (l *Link) send(ctx context.Context, fd fiscal.FDNumber) error {
	if l.opts.Faults != nil {
		return l.missend(ctx, fd)
	}
	_ = l.conn.SetWriteDeadline(time.Now().Add(l.timers.Write))
	if ctx.Err() != nil { // interrupt came before: its deadline is overwritten
		return ctx.Err()
	}
	if _, err := l.conn.Write(l.queue); err != nil {
		return err
	}
	l.emit(Event{Kind: Sent, FD: fd, Data: l.queue})
	return nil
}

// await reads until the drive takes a receipt, the answer timer runs out or the
// connection breaks. A receipt that the drive refuses, or that is not for it, costs
// nothing: reading goes on (K-074).
func (l *Link) await(ctx context.Context, fd fiscal.FDNumber) (Stage, error) {
	_ = l.conn.SetReadDeadline(time.Now().Add(l.timers.Answer))
	if ctx.Err() != nil { // as in send
		return StageAwait, ctx.Err()
	}
	decoder := wire.Decoder{Profile: wire.Lenient, MaxBody: wire.MaxAckContainer}
	got := 0
	for {
		n, err := l.conn.Read(l.in)
		if n > 0 {
			got += n
			l.emit(Event{Kind: Received, FD: fd, Data: l.in[:n]})
			decoder.Feed(l.in[:n])
			if done, derr := l.replies(fd, &decoder); done || derr != nil {
				return StageReply, derr
			}
		}
		if err != nil {
			return StageAwait, l.readError(err, got, &decoder)
		}
	}
}

func (l *Link) readError(err error, got int, decoder *wire.Decoder) error {
	switch {
	case timedOut(err):
		return fmt.Errorf("%w: %w", ErrNoReceipt, err)
	case got == 0:
		return fmt.Errorf("%w: %w", errUnanswered, err)
	case err != io.EOF:
		return err
	case decoder.Pending() > 0:
		return decoder.Close()
	}
	return errors.New("connection closed after a reply that was no receipt")
}

// replies gives every complete reply to the drive until it takes one.
func (l *Link) replies(fd fiscal.FDNumber, decoder *wire.Decoder) (done bool, err error) {
	for {
		m, err := decoder.Next()
		if err != nil {
			l.emit(Event{Kind: Dropped, FD: fd, Data: decoder.Tail(), Err: err})
			return false, err
		}
		if m == nil {
			return false, nil
		}
		if err := l.checkReply(m); err != nil {
			l.log.Warn("reply dropped", "fn", l.fn, "fd", fd, "err", err)
			l.emit(Event{Kind: Dropped, FD: fd, Data: m.Raw, Err: err})
			continue
		}
		if err := l.lose(fd, m); err != nil {
			if errors.Is(err, errWait) {
				continue
			}
			return false, err
		}
		ack, err := l.handOver(m.Body())
		if _, refused := fnport.Reason(err); refused {
			l.log.Warn("receipt refused", "fn", l.fn, "fd", fd, "err", err)
			l.emit(Event{Kind: Dropped, FD: fd, Data: m.Raw, Err: err})
			continue
		}
		if err != nil {
			return false, err
		}
		e := Event{Kind: Acknowledged, FD: fd, Code: ack.Code}
		if v, ok := tlv.Find(ack.STLV, ffd.TagOperatorMessage); ok && len(v) == 1 {
			e.Message = v[0]
		}
		l.log.Info("document confirmed", "fn", l.fn, "fd", fd, "code", e.Code, "message", e.Message)
		l.emit(e)
		return true, nil
	}
}

func (l *Link) handOver(container []byte) (fnport.Ack, error) {
	l.opts.Lock.Lock()
	defer l.opts.Lock.Unlock()
	if l.opts.Notices {
		return l.opts.Driver.AckNotice(container)
	}
	return l.opts.Driver.Ack(container)
}

// checkReply looks at the session header only (TRN-066): signature, S-version, FN
// number, and that there is a container at all.
func (l *Link) checkReply(m *wire.Message) error {
	h := &m.Header
	switch {
	case h.Signature != l.header.Signature:
		return fmt.Errorf("reply has signature %x, want %x", h.Signature, l.header.Signature)
	case h.SVersion != l.header.SVersion:
		return fmt.Errorf("reply has S-version %x, want %x", h.SVersion, l.header.SVersion)
	case h.FN != l.header.FN:
		return fmt.Errorf("reply is for FN %q, not %s", h.FN[:], l.fn)
	case h.Service():
		return errors.New("reply has no container")
	}
	return nil
}
