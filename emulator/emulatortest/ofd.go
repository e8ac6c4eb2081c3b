// Package emulatortest is an operator for tests of the emulator: it confirms every
// well-signed document and remembers it.
//
// It judges nothing else and stores nothing: it is not the server of package server,
// which the emulator must not import.
package emulatortest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

// INN of the operator.
const INN fiscal.INN = "7704358518"

// OFD confirms documents on a loopback port.
type OFD struct {
	// Clock stands in the confirmations (1012, UTC).
	Clock time.Time
	ln    net.Listener
	sign  *sign.TBGOST1
	wg    sync.WaitGroup

	mu    sync.Mutex
	docs  []*ffd.Document
	raw   [][]byte
	errs  []error
	conns map[net.Conn]bool
}

// Start listens on a free port.
func Start() (*OFD, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("emulatortest: %w", err)
	}
	o := &OFD{Clock: time.Date(2026, 8, 1, 9, 2, 1, 0, time.UTC), ln: ln, sign: sign.NewTBGOST1(sign.TBGOST1Options{}), conns: map[net.Conn]bool{}}
	o.wg.Go(o.accept)
	return o, nil
}

// Addr is host:port.
func (o *OFD) Addr() string { return o.ln.Addr().String() }

// Close stops listening and ends the connections.
func (o *OFD) Close() {
	o.ln.Close()
	o.mu.Lock()
	for c := range o.conns {
		c.Close()
	}
	o.mu.Unlock()
	o.wg.Wait()
}

// Documents are the confirmed documents in the order of arrival.
func (o *OFD) Documents() []*ffd.Document {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]*ffd.Document(nil), o.docs...)
}

// Messages are the session messages as they came.
func (o *OFD) Messages() [][]byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([][]byte(nil), o.raw...)
}

// Err joins what went wrong with any message.
func (o *OFD) Err() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return errors.Join(o.errs...)
}

func (o *OFD) accept() {
	for {
		c, err := o.ln.Accept()
		if err != nil {
			return
		}
		o.mu.Lock()
		o.conns[c] = true
		o.mu.Unlock()
		o.wg.Go(func() {
			defer c.Close()
			if err := o.serve(c); !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) {
				o.mu.Lock()
				o.errs = append(o.errs, err)
				o.mu.Unlock()
			}
		})
	}
}

// serve ends with an error; io.EOF is the usual one.
func (o *OFD) serve(c net.Conn) error {
	var d wire.Decoder
	for {
		m, err := d.Read(c)
		if err != nil {
			return err
		}
		reply, err := o.answer(m)
		if err != nil {
			return fmt.Errorf("emulatortest: %w", err)
		}
		if _, err := c.Write(reply); err != nil {
			return fmt.Errorf("emulatortest: %w", err)
		}
	}
}

func (o *OFD) answer(m *wire.Message) ([]byte, error) {
	if m.Header.Service() {
		return wire.AppendMessage(nil, wire.Reply(m.Header, wire.CRCNone), nil)
	}
	container, _, err := wire.ParseContainer(m.Body(), wire.Strict)
	if err != nil {
		return nil, err
	}
	number, err := m.Header.FNNumber()
	if err != nil {
		return nil, err
	}
	opened, err := o.sign.Open(context.Background(), number, INN, container)
	if err != nil {
		return nil, err
	}
	doc, err := ffd.Decode(opened.STLV)
	if err != nil {
		return nil, err
	}
	if opened.FPS != sign.OK {
		return nil, fmt.Errorf("document %d of %s: message sign %s", container.FD, number, opened.FPS)
	}
	if v, why, err := o.sign.CheckFPD(context.Background(), number, doc.Form, opened.STLV); v != sign.OK || err != nil {
		return nil, fmt.Errorf("document %d of %s: sign %s: %s: %w", container.FD, number, v, why, err)
	}
	o.mu.Lock()
	o.docs, o.raw = append(o.docs, doc), append(o.raw, m.Raw)
	o.mu.Unlock()
	ack, err := o.sign.Confirm(context.Background(), sign.ConfirmRequest{FN: number, OFD: INN, Request: container, STLV: o.confirmation(doc, number)})
	if err != nil {
		return nil, err
	}
	return wire.AppendMessage(nil, wire.Reply(m.Header, wire.CRCNone), ack)
}

// confirmation is form 7 without the operator's sign.
func (o *OFD) confirmation(doc *ffd.Document, number fiscal.FNNumber) []byte {
	var b tlv.Builder
	b.STLV(tlv.Tag(fiscal.FormOperatorAck), func(b *tlv.Builder) {
		b.FixedText(ffd.TagOFDINN, string(INN), fiscal.INNLen)
		b.FixedText(ffd.TagFNNumber, string(number), fiscal.FNNumberLen)
		b.Uint32(ffd.TagFDNumber, uint32(doc.FDNumber()))
		b.Time(ffd.TagDateTime, o.Clock)
		if doc.FFD() <= fiscal.FFD105 {
			b.STLV(ffd.TagMessageToFN, func(b *tlv.Builder) { b.Byte(ffd.TagOFDResponseCode, 0) })
		}
	})
	out, err := b.Bytes()
	if err != nil {
		panic("emulatortest: a confirmation cannot be written: " + err.Error())
	}
	return out
}
