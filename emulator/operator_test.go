package emulator

import (
	"context"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/flk"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

const testOFD fiscal.INN = "7704358518"

// operator is a small OFD: it opens and checks every container, keeps the
// documents, and confirms.
type operator struct {
	addr    string
	signs   *sign.TBGOST1
	now     func() time.Time
	message byte // 1206 of confirmations for FFD 1.1 and 1.2

	mu   sync.Mutex
	docs []*ffd.Document
	kms  []*ffd.Document // forms 81 and 82
	enc  int             // encrypted messages
	bad  []string
	ffd  fiscal.FFD // of the last document with 1209
}

func serveOperator(t testing.TB, now func() time.Time) *operator {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	o := &operator{addr: ln.Addr().String(), signs: sign.NewTBGOST1(sign.TBGOST1Options{}), now: now}
	var wg sync.WaitGroup
	t.Cleanup(func() { _ = ln.Close(); wg.Wait() })
	wg.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()
				var d wire.Decoder
				for {
					m, err := d.Read(c)
					if err != nil {
						return
					}
					reply, err := o.answer(m)
					if err != nil {
						o.mu.Lock()
						o.bad = append(o.bad, err.Error())
						o.mu.Unlock()
						return
					}
					if _, err := c.Write(reply); err != nil {
						return
					}
				}
			})
		}
	})
	return o
}

func (o *operator) answer(m *wire.Message) ([]byte, error) {
	ctx := context.Background()
	c, _, err := wire.ParseContainer(m.Body(), wire.Strict)
	if err != nil {
		return nil, err
	}
	n, err := c.FNNumber()
	if err != nil {
		return nil, err
	}
	if m.Header.Signature == wire.SignatureMarking {
		return o.answerMarking(m, n, c)
	}
	opened, err := o.signs.Open(ctx, n, testOFD, c)
	if err != nil {
		return nil, err
	}
	d, err := ffd.Decode(opened.STLV)
	if err != nil {
		return nil, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if opened.FPS != sign.OK {
		o.bad = append(o.bad, "message sign "+opened.FPS.String())
	}
	if v, why, err := o.signs.CheckFPD(ctx, n, d.Form, opened.STLV); v != sign.OK {
		o.bad = append(o.bad, "document sign "+v.String()+why)
	} else if err != nil {
		return nil, err
	}
	found := flk.Check(d, flk.Context{Now: o.now(), OFD: testOFD, Container: &flk.ContainerInfo{Form: c.Form, FN: n, FD: c.FD}}, nil)
	for _, f := range found {
		if f.Severity == flk.Error {
			o.bad = append(o.bad, d.Form.String()+": "+f.Rule+": "+f.Text)
		}
	}
	if c.Encrypted() {
		o.enc++
	}
	if o.docs = append(o.docs, d); d.Has(ffd.TagFFDVersion) {
		o.ffd = d.FFD()
	}
	container, err := o.confirm(ctx, n, c)
	if err != nil {
		return nil, err
	}
	return wire.AppendMessage(nil, wire.Reply(m.Header, wire.CRCNone), container)
}

func (o *operator) confirm(ctx context.Context, n fiscal.FNNumber, c wire.Container) ([]byte, error) {
	var b tlv.Builder
	b.STLV(tlv.Tag(fiscal.FormOperatorAck), func(b *tlv.Builder) {
		b.FixedText(ffd.TagOFDINN, string(testOFD), fiscal.INNLen)
		b.FixedText(ffd.TagFNNumber, string(n), fiscal.FNNumberLen)
		b.Uint32(ffd.TagFDNumber, uint32(c.FD))
		b.Time(ffd.TagDateTime, o.now())
		switch {
		case o.ffd < fiscal.FFD11:
			b.STLV(ffd.TagMessageToFN, func(b *tlv.Builder) { b.Byte(ffd.TagOFDResponseCode, 0) })
		case o.message != 0:
			b.Byte(ffd.TagOperatorMessage, o.message)
		}
	})
	stlv, err := b.Bytes()
	if err != nil {
		return nil, err
	}
	return o.signs.Confirm(ctx, sign.ConfirmRequest{FN: n, OFD: testOFD, Request: c, STLV: stlv})
}

// answerMarking is the marking operator behind the OFD: every code is good.
func (o *operator) answerMarking(m *wire.Message, n fiscal.FNNumber, c wire.Container) ([]byte, error) {
	keys := o.signs.Marking(n)
	stlv, v, err := keys.Open(c)
	if err != nil || v != sign.OK {
		return nil, fmt.Errorf("marking sign %s: %w", v, err)
	}
	d, err := ffd.Decode(stlv)
	if err != nil {
		return nil, err
	}
	o.mu.Lock()
	o.kms = append(o.kms, d)
	o.mu.Unlock()
	form := fiscal.FormMarkingAnswer
	var b tlv.Builder
	if d.Form == fiscal.FormMarkingNotice {
		form = fiscal.FormMarkingReceipt
	}
	b.STLV(tlv.Tag(form), func(b *tlv.Builder) {
		if form == fiscal.FormMarkingReceipt {
			b.Uint32(ffd.TagMarkingNoticeNumber, uint32(d.Uint(ffd.TagMarkingNoticeNumber)))
			b.Time(ffd.TagDateTime, o.now())
			b.Byte(ffd.TagNoticeProcessingCode, 0)
			return
		}
		b.Uint32(ffd.TagMarkingRequestNumber, uint32(d.Uint(ffd.TagMarkingRequestNumber)))
		b.Uint32(ffd.TagRequestTime, uint32(d.Uint(ffd.TagRequestTime)))
		b.Byte(ffd.TagRequestProcessingCode, 0)
		b.Byte(ffd.TagProductStatusAnswer, 1)
		b.Byte(ffd.TagRequestResults, 15)
	})
	if stlv, err = b.Bytes(); err != nil {
		return nil, err
	}
	container, err := keys.Answer(c, form, stlv)
	if err != nil {
		return nil, err
	}
	return wire.AppendMessage(nil, wire.Reply(m.Header, wire.CRCNone), container)
}

// forms are the forms of the documents received, in order.
func (o *operator) forms() (forms []fiscal.Form) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, d := range o.docs {
		forms = append(forms, d.Form)
	}
	return forms
}

// fine asserts that the operator had nothing to complain of.
func (o *operator) fine(t *testing.T) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	assert.Empty(t, o.bad)
}
