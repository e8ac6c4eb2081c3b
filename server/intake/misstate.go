package intake

import (
	"context"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/internal/fault"
	"github.com/fiscalbench/fiscalbench/server/ack"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// formed is how a confirmation was formed, so that a wrong one can be formed with
// right signs.
type formed struct {
	verifier sign.Verifier
	ack.Confirmation
}

// remember keeps how the confirmation of doc was formed while faults may be
// injected.
func (in *Intake) remember(x *exchange, p *paper, doc *store.Document, answer ack.Answer) {
	if in.o.Faults == nil {
		return
	}
	x.formed = &formed{p.treatment.Verifier, ack.Confirmation{
		FN: doc.FN, FD: doc.FD, FFD: doc.FFD, OFD: in.o.OFD, At: doc.ReceivedAt, Answer: answer, Request: p.container}}
}

// untrue is a confirmation to form instead of the true one.
type untrue struct {
	formed
	format  ack.Format
	keys    fiscal.FNNumber // whose keys sign
	changed bool
}

// misstate asks the points that make the answer say something else and returns what
// is to be sent. Answers that the operator did not form itself (marking) are only
// changed in their headers.
func (in *Intake) misstate(ctx context.Context, x *exchange, message []byte) []byte {
	u := &untrue{format: in.o.Settings.Ack, keys: x.fn}
	if x.formed != nil {
		u.formed = *x.formed
	}
	var edits []func([]byte) []byte
	if x.formed != nil {
		if hit, ok := in.fire(x, fault.ReplyCode, ""); ok {
			u.Answer, u.changed = ack.Answer{Code: uint8(hit.Int("code"))}, true
			u.format.ExtraBits |= uint8(hit.Int("bits"))
		}
	}
	if hit, ok := in.fire(x, fault.ReplyWrongFD, ""); ok {
		edits = append(edits, u.wrongFD(x, hit))
	}
	if hit, ok := in.fire(x, fault.ReplyWrongFN, ""); ok {
		edits = append(edits, u.wrongFN(x, hit))
	}
	if u.changed {
		message = in.form(ctx, x, u, message)
	}
	for _, edit := range edits {
		message = edit(message)
	}
	message = in.otherAnswer(ctx, x, message)
	if _, ok := in.fire(x, fault.ReplyBadSign, ""); ok {
		message = fault.BadSign(message)
	}
	return message
}

// wrongFD changes what is to be formed, or returns what changes the header after it
// was signed.
func (u *untrue) wrongFD(x *exchange, hit fault.Hit) func([]byte) []byte {
	by, part, text := hit.Int("by"), hit.Text("part"), hit.Text("as") == "text"
	if x.formed == nil || hit.Text("sign") == "old" {
		if text {
			return fault.TextFD
		}
		return func(m []byte) []byte { return fault.WrongFD(m, by) }
	}
	u.changed = true
	switch {
	case text:
		u.Request.FD = fault.TextOf(u.Request.FD)
		return same
	case part != "document":
		u.Request.FD = fault.FDPlus(u.Request.FD, by)
	}
	if part != "container" {
		u.FD = fault.FDPlus(u.FD, by)
	}
	return same
}

func same(m []byte) []byte { return m }

// wrongFN is wrongFD for the number of the drive.
func (u *untrue) wrongFN(x *exchange, hit fault.Hit) func([]byte) []byte {
	part, other := hit.Text("part"), fault.OtherFN(x.fn, hit.Text("drive"))
	if x.formed == nil || hit.Text("sign") == "old" {
		return func(m []byte) []byte { return fault.WrongFN(m, part, other) }
	}
	if part == "container" || part == "all" {
		u.Request.FNBCD, u.changed = other.BCD(), true
	}
	if part == "document" || part == "all" {
		u.FN, u.changed = other, true
	}
	if part == "session" || part == "all" {
		return func(m []byte) []byte { return fault.WrongFN(m, "session", other) }
	}
	return same
}

// form makes the untrue confirmation; the true message when that fails.
func (in *Intake) form(ctx context.Context, x *exchange, u *untrue, message []byte) []byte {
	stlv, err := u.format.Document(&u.Confirmation)
	if err == nil {
		var container []byte
		container, err = u.verifier.Confirm(ctx, sign.ConfirmRequest{FN: u.keys, OFD: u.OFD, Request: u.Request, STLV: stlv, Type: u.format.ContainerType})
		if err == nil {
			message, err = in.framed(x, container)
		}
	}
	if err != nil {
		in.log.Error("forming an untrue confirmation", "conn", x.peer, "fn", string(x.fn), "fd", uint32(x.fd), "err", err)
	}
	return message
}

// otherAnswer asks the points that send another confirmation altogether.
func (in *Intake) otherAnswer(ctx context.Context, x *exchange, message []byte) []byte {
	if in.o.Faults.Armed(fault.ReplyStale) && x.formed != nil && x.fd > 1 {
		before, err := in.o.Store.Document(ctx, x.fn, x.fd-1)
		if err == nil && before.Confirmation != nil {
			if _, ok := in.fire(x, fault.ReplyStale, ""); ok {
				if stale, err := in.framed(x, before.Confirmation); err == nil {
					message = stale
				}
			}
		}
	}
	if x.formed == nil {
		return message
	}
	if hit, ok := in.fire(x, fault.ReplyForeign, ""); ok {
		other := fault.OtherFN(x.fn, hit.Text("drive"))
		u := &untrue{formed: *x.formed, format: in.o.Settings.Ack, keys: other}
		u.FN, u.Request.FNBCD = other, other.BCD()
		message = in.form(ctx, x, u, message)
		if hit.Text("header") == "foreign" {
			message = fault.WrongFN(message, "session", other)
		}
	}
	return message
}
