package intake

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/flk"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
	"github.com/fiscalbench/fiscalbench/server/ack"
	history "github.com/fiscalbench/fiscalbench/server/flk"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// accept decides on a new document, forms its confirmation, stores both and makes
// the answer ready. Errors are those of store.Accept and of signing.
func (in *Intake) accept(ctx context.Context, x *exchange, p *paper, known *drive) error {
	next, result := known.history.Check(p.document, history.Arrival{FN: x.fn, FD: x.fd, OFD: in.o.OFD, At: x.at})
	findings := in.o.Settings.judge(append(slices.Clip(p.findings), result.Findings...))
	faults := append(slices.Clip(p.faults), result.Faults...)
	if p.document != nil && flk.Worst(findings) == flk.Error {
		faults = append(faults, fiscal.FLKFailed)
	}
	fault, answer, refused := in.decide(faults)
	if refused != fiscal.FaultNone {
		in.refuse(ctx, x, refused, strings.Join(x.notes, "; "))
		return nil
	}
	x.fault = fault
	if slices.Contains(faults, fiscal.UnknownFN) {
		next.Status = store.DriveUnregistered // its answer does not make it known
	}

	doc := in.record(x, p, fault, findings)
	if doc.FFD == 0 {
		doc.FFD = in.formatOf(x, known)
	}
	switch err := in.confirm(ctx, x, p, &doc, answer); {
	case err != nil && p.treatment.Policy == sign.PolicyExternal && ctx.Err() == nil:
		// Whoever makes the signs is silent: the document is kept, and confirmed when it
		// comes again (fiscal-sign.md section 7).
		doc.Confirmation, x.reply, x.then = nil, nil, thenClose
		x.note("подтверждение не составлено: " + err.Error())
		in.log.Warn("stored without a confirmation", "conn", x.peer, "fn", string(x.fn), "fd", uint32(x.fd), "err", err)
	case err != nil:
		return err
	}
	if doc.Confirmation != nil && doc.FFD >= fiscal.FFD11 {
		next.Answered(answer.Bits()|in.o.Settings.Ack.ExtraBits, x.at)
	}
	if err := in.tampered(ctx, x); err != nil {
		return err
	}
	alarms, err := in.unsaid(ctx, x, known, result.Alarms)
	if err != nil {
		return err
	}
	a := store.Acceptance{Document: doc, Drive: in.nextDrive(x, p, known, &next, &doc), Replaces: result.Replaces,
		Incidents: in.incidents(x, faults, alarms),
		Exchange:  store.Exchange{Took: x.took(), Peer: x.peer, Detail: strings.Join(x.notes, "; "), Response: x.outgoing()}}
	in.o.Observer.Waiting(1)
	start := time.Now()
	err = in.o.Store.Accept(ctx, a)
	in.o.Observer.Commit(time.Since(start))
	in.o.Observer.Waiting(-1)
	if err != nil {
		x.reply = nil
		return err
	}
	in.drives.put(x.fn, &drive{row: a.Drive, history: next})
	x.stored, x.result = true, "accepted"
	if fault != fiscal.FaultNone {
		x.result = "flagged"
	}
	for _, f := range faults {
		in.o.Observer.Fault(f.String())
	}
	in.o.Observer.Document(Verdict{Form: uint16(x.form), Result: x.result})
	return nil
}

// decide joins the settings of all faults: the fault the document is stored under,
// the answer, and the first fault whose setting lets it have none.
func (in *Intake) decide(faults []fiscal.Fault) (fault fiscal.Fault, answer ack.Answer, refused fiscal.Fault) {
	for _, f := range precedence {
		if !slices.Contains(faults, f) {
			continue
		}
		if fault == fiscal.FaultNone {
			fault = f
		}
		a := in.o.Settings.Action(f)
		if a.refuses() {
			return fault, answer, f
		}
		answer = answer.Merge(answerFor(a))
	}
	return fault, answer, fiscal.FaultNone
}

func answerFor(a Action) ack.Answer {
	switch a {
	case Code11:
		return ack.Answer{Code: ack.CodeNotRecognised}
	case Code14:
		return ack.Answer{Code: ack.CodeFLKFailed}
	case Contact:
		return ack.Answer{Contact: true}
	}
	return ack.Answer{}
}

// record is the document as it will be stored, without its confirmation.
func (in *Intake) record(x *exchange, p *paper, fault fiscal.Fault, findings []flk.Finding) store.Document {
	doc := store.Document{
		FN: x.fn, FD: x.fd, Form: x.form, FFD: p.ffd, ReceivedAt: x.at,
		Message: x.message.Raw, STLV: p.opened.STLV,
		Policy: string(p.treatment.Policy), FPS: p.opened.FPS.String(), FPDCheck: p.fpd.String(),
		Fault: fault, Findings: findings,
	}
	if d := p.document; d != nil {
		doc.RegID, doc.UserINN = fiscal.RegNumber(d.Text(ffd.TagKKTRegID)), fiscal.INN(d.Text(ffd.TagUserINN))
		doc.DateTime = d.DateTime()
		doc.Shift = uint32(d.Uint(ffd.TagShiftNumber))
		doc.FPD = d.FPD()
		if d.Form.IsReceipt() {
			doc.Number = uint32(d.Uint(ffd.TagRequestNumber))
			doc.Operation = fiscal.OperationType(d.Uint(ffd.TagOperationType))
			doc.Total = min(d.Sum(ffd.TagTotalSum), fiscal.MaxKopecks)
		}
	}
	return doc
}

// formatOf guesses the format version of a document that does not tell: as the
// drive is registered, else by the P-version.
func (in *Intake) formatOf(x *exchange, known *drive) fiscal.FFD {
	if v := known.history.Current.FFD; v != 0 {
		return v
	}
	switch x.message.Header.PVersion {
	case wire.PVersionFor(fiscal.FFD11):
		return fiscal.FFD11
	case wire.PVersionFor(fiscal.FFD12):
		return fiscal.FFD12
	}
	return fiscal.FFD105
}

// confirm forms the confirmation of a document and the reply that carries it,
// unless the policy makes none or the register asked for none (TRN-021).
func (in *Intake) confirm(ctx context.Context, x *exchange, p *paper, doc *store.Document, answer ack.Answer) error {
	if !p.treatment.Confirm || !x.message.Header.Flags.AwaitsAnswer() {
		return nil
	}
	container, err := in.o.Settings.Ack.Form(ctx, p.treatment.Verifier, &ack.Confirmation{
		FN: doc.FN, FD: doc.FD, FFD: doc.FFD, OFD: in.o.OFD, At: doc.ReceivedAt, Answer: answer, Request: p.container,
	})
	if err != nil {
		return err
	}
	doc.Confirmation = container
	in.remember(x, p, doc, answer)
	return in.reply(x, container)
}

func (in *Intake) reply(x *exchange, container []byte) (err error) {
	x.reply, err = in.framed(x, container)
	return err
}

// framed is a container in the message that answers x.
func (in *Intake) framed(x *exchange, container []byte) ([]byte, error) {
	mode := wire.CRCNone
	if in.o.Settings.MirrorCRC {
		mode = x.message.Header.Flags.CRCMode()
	}
	return ack.Reply(x.message.Header, container, mode)
}

// nextDrive is the drive's row after the document.
func (in *Intake) nextDrive(x *exchange, p *paper, known *drive, next *history.History, doc *store.Document) store.Drive {
	row := known.row
	row.FN, row.Version, row.Documents = x.fn, row.Version+1, row.Documents+1
	row.LastAt = x.at
	row.Policy = string(p.treatment.Policy)
	if row.RegID == "" {
		row.RegID = doc.RegID
	}
	if row.UserINN == "" {
		row.UserINN = doc.UserINN
	}
	if row.FFD == 0 {
		row.FFD = doc.FFD
	}
	next.Save(&row)
	return row
}

// unsaid drops the reminder of the end of the keys when the calendar has raised it
// before a document did. The store is asked when a reminder begins to be due, twice in
// the life of a drive.
func (in *Intake) unsaid(ctx context.Context, x *exchange, known *drive, alarms []string) ([]string, error) {
	if len(alarms) == 0 {
		return nil, nil
	}
	reminder := known.history.KeyReminder(x.at)
	at := slices.Index(alarms, reminder)
	if reminder == "" || at < 0 {
		return alarms, nil
	}
	said, err := store.HasIncident(ctx, in.o.Store, x.fn, reminder)
	if err != nil || !said {
		return alarms, err
	}
	return slices.Delete(slices.Clone(alarms), at, at+1), nil
}

func (in *Intake) incidents(x *exchange, faults []fiscal.Fault, alarms []string) []store.Incident {
	var out []store.Incident
	add := func(f fiscal.Fault, text string) {
		out = append(out, store.Incident{At: x.at, FN: x.fn, FD: x.fd, Fault: f, Text: text})
	}
	for _, f := range faults {
		if text := rows[f].incident; text != "" {
			add(f, text)
		}
	}
	for _, text := range alarms {
		add(x.fault, text)
	}
	return out
}

// duplicate answers a document that is stored already: the same one with its stored
// confirmation, byte for byte (E-20), another under its number by the setting
// (E-21).
func (in *Intake) duplicate(ctx context.Context, x *exchange, p *paper, known *drive, stored *store.Document) {
	if !sameDocument(x, p, stored) {
		in.refuse(ctx, x, fiscal.DuplicateOther, fmt.Sprintf("ФД %d уже получен %s с другим содержанием", x.fd, stored.ReceivedAt.Format(time.RFC3339)))
		return
	}
	x.fault, x.result = fiscal.DuplicateSame, "repeated"
	in.o.Observer.Fault(x.fault.String())
	in.o.Observer.Document(Verdict{Form: uint16(x.form), Result: x.result})
	if a := in.o.Settings.Action(fiscal.DuplicateSame); a.refuses() {
		x.then = in.refusal(fiscal.DuplicateSame)
		return
	}
	if s, ok := in.o.Store.(store.Settler); ok {
		if err := s.Settle(ctx, x.fn, x.fd); err != nil {
			in.drives.forget(x.fn)
			in.fail(x, "settling a repeated document", err)
			return
		}
	}
	doc := *stored
	faults := []fiscal.Fault{doc.Fault}
	if flk.Worst(doc.Findings) == flk.Error {
		faults = append(faults, fiscal.FLKFailed)
	}
	_, answer, _ := in.decide(faults)
	var err error
	if doc.Confirmation == nil { // none was asked for the first time: the same one is formed now
		err = in.confirm(ctx, x, p, &doc, answer)
	} else {
		in.remember(x, p, &doc, answer)
		err = in.reply(x, doc.Confirmation)
	}
	if err != nil {
		in.fail(x, "repeating a confirmation", err)
	}
}

// sameDocument compares what the drive made: the container, or at least the plain
// document with the header bytes that a confirmation repeats.
func sameDocument(x *exchange, p *paper, stored *store.Document) bool {
	before, now := stored.Message[wire.HeaderLen:], p.container.Raw
	if bytes.Equal(before, now) {
		return true
	}
	mirrored := func(b []byte) []byte { return b[wire.OffForm:wire.OffTail] }
	return len(stored.STLV) > 0 && bytes.Equal(stored.STLV, p.opened.STLV) && bytes.Equal(mirrored(before), mirrored(now))
}

// refuse ends an exchange without storing its document: what the setting of the
// fault says, with the raw bytes kept where its row says.
func (in *Intake) refuse(ctx context.Context, x *exchange, f fiscal.Fault, detail string) {
	r := rows[f]
	x.fault, x.result, x.reply = f, "refused", nil
	if detail != "" && !slices.Contains(x.notes, detail) {
		x.note(detail)
	}
	in.o.Observer.Fault(f.String())
	in.o.Observer.Document(Verdict{Form: uint16(x.form), Result: x.result})
	text := r.incident
	if text == "" {
		text = f.String()
	}
	if detail != "" {
		text += ": " + detail
	}
	where := r.keep
	if where == keepLog && slices.Contains(precedence, f) {
		where = keepQuarantine // a document that the default would have stored
	}
	var err error
	switch where {
	case keepQuarantine:
		err = in.o.Store.Quarantine(ctx, store.Quarantined{At: x.at, FN: x.fn, FD: x.fd, Fault: f, Detail: text, Message: x.message.Raw})
	case keepIncident:
		err = in.o.Store.AddIncident(ctx, store.Incident{At: x.at, FN: x.fn, FD: x.fd, Fault: f, Text: text})
	}
	if err != nil {
		in.fail(x, "keeping a refused message", err)
		return
	}
	if in.o.Settings.Action(f) == Code11 {
		in.answerRefused(ctx, x, f)
		return
	}
	x.then = in.refusal(f)
}

// answerRefused tells the register code 11 although nothing was stored (settings
// on_bad_sign and duplicate_other). The drive will take the document for delivered;
// its bytes are in quarantine.
func (in *Intake) answerRefused(ctx context.Context, x *exchange, f fiscal.Fault) {
	known, err := in.drive(ctx, x.fn)
	if err != nil {
		in.fail(x, "reading the drive", err)
		return
	}
	c, _ := wire.ReadContainer(x.message.Body())
	p := &paper{container: c, treatment: in.o.Policies.For(x.fn, sign.Policy(known.row.Policy))}
	doc := store.Document{FN: x.fn, FD: x.fd, ReceivedAt: x.at, FFD: in.formatOf(x, known)}
	if err := in.confirm(ctx, x, p, &doc, answerFor(in.o.Settings.Action(f))); err != nil {
		in.fail(x, "answering a refused document", err)
	}
}
