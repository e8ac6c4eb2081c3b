package intake

import (
	"context"
	"errors"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
	"github.com/fiscalbench/fiscalbench/server/ack"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// unchecked takes a document in its drive's order, confirms and stores it, and looks
// at nothing but its numbers: the measure of what the checks cost.
func (in *Intake) unchecked(ctx context.Context, x *exchange) {
	in.o.Observer.Message("document")
	c, err := wire.ReadContainer(x.message.Body())
	if err == nil {
		x.fn, err = x.message.Header.FNNumber()
	}
	if err != nil {
		in.fail(x, "reading an unchecked message", err)
		return
	}
	x.fd, x.form = c.FD, c.Form
	leave, err := in.lanes.enter(ctx, x.fn)
	if err != nil {
		in.fail(x, "waiting for the drive's turn", err)
		return
	}
	defer leave()
	known, err := in.drive(ctx, x.fn)
	if err == nil && x.fd <= known.history.LastFD {
		err = errors.New("a repeat cannot be told from another document without checks")
	}
	if err == nil {
		err = in.acceptUnchecked(ctx, x, &paper{container: c, treatment: in.o.Policies.For(x.fn, sign.Policy(known.row.Policy))}, known)
	}
	if err != nil {
		in.drives.forget(x.fn)
		in.fail(x, "storing an unchecked document", err)
	}
}

func (in *Intake) acceptUnchecked(ctx context.Context, x *exchange, p *paper, known *drive) error {
	next := known.history
	next.Status, next.LastFD = store.DriveActive, x.fd
	doc := in.record(x, p, fiscal.FaultNone, nil)
	doc.FFD = in.formatOf(x, known)
	if err := in.confirm(ctx, x, p, &doc, ack.Answer{}); err != nil {
		return err
	}
	a := store.Acceptance{Document: doc, Drive: in.nextDrive(x, p, known, &next, &doc),
		Exchange: store.Exchange{Took: x.took(), Peer: x.peer, Response: x.outgoing()}}
	if err := in.o.Store.Accept(ctx, a); err != nil {
		return err
	}
	in.drives.put(x.fn, &drive{row: a.Drive, history: next})
	x.stored, x.result = true, "accepted"
	return nil
}
