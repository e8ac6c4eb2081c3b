package intake

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/flk"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
	history "github.com/fiscalbench/fiscalbench/server/flk"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// paper is a document being judged: all that can be said of it without its drive's
// history.
type paper struct {
	container wire.Container
	treatment sign.Treatment
	opened    sign.Opened
	document  *ffd.Document // nil when the content was not seen
	ffd       fiscal.FFD    // that the confirmation is formed in; 0: not known from the document
	fpd       sign.Verdict
	findings  []flk.Finding
	faults    []fiscal.Fault // found so far
}

func (p *paper) fault(f fiscal.Fault) { p.faults = append(p.faults, f) }

// document takes a message with a container from frame to confirmation.
func (in *Intake) document(ctx context.Context, x *exchange) {
	if in.o.Unchecked {
		in.unchecked(ctx, x)
		return
	}
	in.o.Observer.Message("document")
	p := &paper{}
	if f, detail := in.frame(x, p); f != fiscal.FaultNone {
		in.refuse(ctx, x, f, detail)
		return
	}
	known, err := in.drive(ctx, x.fn)
	if err != nil {
		in.fail(x, "reading the drive", err)
		return
	}
	if f, detail := in.open(ctx, x, p, known); f != fiscal.FaultNone {
		in.refuse(ctx, x, f, detail)
		return
	}
	if x.then != thenListen || x.reply != nil { // answered or silenced on the way
		return
	}
	in.read(ctx, x, p)
	in.settle(ctx, x, p)
}

// frame checks the container and compares the FN numbers of both headers (E-06 to
// E-11).
func (in *Intake) frame(x *exchange, p *paper) (fiscal.Fault, string) {
	s, h := &in.o.Settings, &x.message.Header
	fn, badFN := h.FNNumber()
	x.fn = fn
	c, notes, err := wire.ParseContainer(x.message.Body(), s.profileFor(fiscal.LengthMismatch))
	p.container, x.fd, x.form = c, c.FD, c.Form
	for _, n := range notes {
		x.note(n.Text)
	}
	if err != nil {
		return faultOf(err), err.Error()
	}
	if limit := s.formLimit(c.Form); len(c.Raw) > limit {
		return fiscal.Oversize, fmt.Sprintf("сообщение формы %d занимает %d байт, допустимо %d", c.Form, len(c.Raw), limit)
	}
	if badFN != nil {
		return fiscal.FNNumberMismatch, fmt.Sprintf("в заголовке сеанса не номер ФН: %v", badFN)
	}
	if c.FNBCD != fn.BCD() {
		return fiscal.FNNumberMismatch, fmt.Sprintf("в заголовке сеанса ФН %s, в контейнере %x", fn, c.FNBCD)
	}
	return fiscal.FaultNone, ""
}

func faultOf(err error) fiscal.Fault {
	var e *wire.Error
	if errors.As(err, &e) {
		return e.Fault
	}
	return fiscal.UnparseableDocument
}

// open finds the policy, decrypts, splits and checks the message sign (E-12 to
// E-14), and compares the numbers inside with those outside (E-11, E-17).
func (in *Intake) open(ctx context.Context, x *exchange, p *paper, known *drive) (fiscal.Fault, string) {
	s := &in.o.Settings
	if !known.known() && !s.listed(x.fn) {
		switch a := s.Action(fiscal.UnknownFN); {
		case a.refuses():
			return fiscal.UnknownFN, ""
		case a != Confirm:
			p.fault(fiscal.UnknownFN)
		}
	}
	var err error
	p.treatment, p.opened, err = in.o.Policies.Open(ctx, x.fn, in.o.OFD, sign.Policy(known.row.Policy), p.container)
	switch {
	case errors.Is(err, sign.ErrRefused):
		x.then, x.result = thenClose, "refused"
		x.note("политика подписи этого ФН не допускает ответа: " + string(p.treatment.Policy))
		return fiscal.FaultNone, ""
	case err != nil && faultOf(err) == fiscal.EncryptedUnreadable && s.Action(fiscal.EncryptedUnreadable) == Blind:
		p.fault(fiscal.EncryptedUnreadable)
		return fiscal.FaultNone, ""
	case err != nil && ctx.Err() != nil:
		x.then, x.stored, x.result = thenClose, true, "refused"
		return fiscal.FaultNone, ""
	case err != nil && faultOf(err) == fiscal.UnparseableDocument && !p.treatment.Checked:
		p.fault(fiscal.UnparseableDocument) // a foreign drive: TRN-102
		p.opened.STLV = nil
		return fiscal.FaultNone, ""
	case err != nil && p.treatment.Checked && faultOf(err) == fiscal.UnparseableDocument:
		// E-16 asks for a right sign, and there is none that could be right (O-102).
		return fiscal.BadMessageSign, "ФПС нельзя проверить: " + err.Error()
	case err != nil:
		return faultOf(err), err.Error()
	case p.opened.FPS == sign.Bad || p.opened.FPS == sign.Absent && p.treatment.Checked:
		return fiscal.BadMessageSign, p.opened.Detail
	}
	return in.numbersInside(x, p)
}

func (in *Intake) numbersInside(x *exchange, p *paper) (fiscal.Fault, string) {
	body := p.opened.STLV[tlv.HeaderLen:]
	if v, ok := tlv.Find(body, ffd.TagFNNumber); ok {
		want := x.fn.Padded()
		if !bytes.Equal(bytes.TrimRight(v, " "), bytes.TrimRight(want[:], " ")) {
			return fiscal.FNNumberMismatch, fmt.Sprintf("в заголовках ФН %s, в документе (1041) другой", x.fn)
		}
	}
	if v, ok := tlv.Find(body, ffd.TagFDNumber); ok {
		if n, err := tlv.Uint(v); err == nil && fiscal.FDNumber(n) != x.fd {
			return fiscal.FDNumberMismatch, fmt.Sprintf("в контейнере ФД %d, в документе (1040) %d", x.fd, n)
		}
	}
	return fiscal.FaultNone, ""
}

// read parses the document, checks its ФПД and applies the rules of single
// documents (E-15, E-16, E-18, E-19).
func (in *Intake) read(ctx context.Context, x *exchange, p *paper) {
	if p.opened.STLV == nil {
		return
	}
	d, broken := ffd.Decode(p.opened.STLV)
	if in.o.Follow != nil && d.Has(ffd.TagDateTime) {
		in.o.Follow(d.DateTime())
		x.at = in.o.Now().UTC()
	}
	if d.Has(ffd.TagFFDVersion) || broken == nil {
		if v := d.FFD(); v <= fiscal.FFD12 {
			p.ffd = v
		}
	}
	p.findings = flk.Check(d, flk.Context{
		Now: x.at, OFD: in.o.OFD, Container: &flk.ContainerInfo{Form: x.form, FN: x.fn, FD: x.fd},
	}, nil)
	switch {
	case d.Form != x.form:
		p.fault(fiscal.DataTypeMismatch)
		x.note(fmt.Sprintf("в контейнере форма %d, в документе %d", x.form, d.Form))
		return
	case broken != nil || !registerForm(d.Form):
		p.fault(fiscal.UnparseableDocument)
		if broken != nil {
			x.note(broken.Error())
		}
		return
	}
	p.document = d
	if want := wire.PVersionFor(p.ffd); x.message.Header.PVersion != want && p.ffd >= fiscal.FFD105 {
		x.note(fmt.Sprintf("P-версия %x, для ФФД %s ожидается %x", x.message.Header.PVersion, p.ffd, want)) // TRN-010
	}
	v, detail, err := p.treatment.Verifier.CheckFPD(ctx, x.fn, d.Form, p.opened.STLV)
	if err != nil {
		v, detail = sign.Unverifiable, err.Error()
	}
	p.fpd = v
	if p.treatment.Checked && (v == sign.Bad || v == sign.BadFormat) {
		p.fault(fiscal.BadFPD)
		x.note(detail)
	}
}

// registerForm reports a document that a register sends to its operator.
func registerForm(f fiscal.Form) bool {
	return f.Known() && !f.IsMarking() && f != fiscal.FormOperatorAck
}

// maxRedo is how often a document is decided anew because another server changed
// the drive meanwhile.
const maxRedo = 8

// settle decides in the drive's turn, stores and answers.
func (in *Intake) settle(ctx context.Context, x *exchange, p *paper) {
	leave, err := in.lanes.enter(ctx, x.fn)
	if err != nil {
		in.fail(x, "waiting for the drive's turn", err)
		return
	}
	defer leave()
	for range maxRedo {
		known, err := in.drive(ctx, x.fn)
		if err != nil {
			in.fail(x, "reading the drive", err)
			return
		}
		if x.fd <= known.history.LastFD {
			stored, err := in.o.Store.Document(ctx, x.fn, x.fd)
			if err == nil {
				in.duplicate(ctx, x, p, known, &stored)
				return
			}
			if !errors.Is(err, store.ErrNotFound) {
				in.fail(x, "looking for a stored document", err)
				return
			}
		}
		err = in.accept(ctx, x, p, known)
		switch {
		case err == nil:
			return
		case errors.Is(err, store.ErrExists), errors.Is(err, store.ErrStale):
			in.drives.forget(x.fn) // another server was faster: look again
		default:
			in.drives.forget(x.fn)
			in.fail(x, "storing the document", err)
			return
		}
	}
	in.fail(x, "storing the document", fmt.Errorf("intake: the drive changed %d times meanwhile", maxRedo))
}

// drive is the state of a drive, from memory or the store. A drive never heard of
// has version 0.
func (in *Intake) drive(ctx context.Context, fn fiscal.FNNumber) (*drive, error) {
	if d := in.drives.get(fn); d != nil {
		return d, nil
	}
	row, err := in.o.Store.Drive(ctx, fn)
	if errors.Is(err, store.ErrNotFound) {
		return &drive{row: store.Drive{FN: fn}}, nil
	}
	if err != nil {
		return nil, err
	}
	h, err := history.Load(row)
	if err != nil {
		return nil, err
	}
	d := &drive{row: row, history: h}
	in.drives.put(fn, d)
	return d, nil
}

// fail ends an exchange that the server itself could not finish: no answer, so the
// register keeps the document and comes again.
func (in *Intake) fail(x *exchange, doing string, err error) {
	x.then, x.result, x.reply = thenClose, "failed", nil
	x.note(doing + ": " + err.Error())
	in.o.Observer.StoreError()
	in.log.Error(doing, "conn", x.peer, "fn", string(x.fn), "fd", uint32(x.fd), "err", err)
}
