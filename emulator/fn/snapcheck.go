package fn

import (
	"fmt"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

// check refuses a snapshot whose parts do not agree: a drive must never come out of
// it half-loaded or able to fail later.
func (d *Device) check(docs map[uint32][]byte, f *frozen) error {
	for _, c := range []func() error{
		d.checkLife,
		d.checkRecords,
		func() error { return d.checkRegistrations(docs) },
		func() error { return d.checkDocs(docs, f) },
		func() error { return d.checkQueues(docs, f) },
		d.checkDraft,
		d.checkMarking,
	} {
		if err := c(); err != nil {
			return err
		}
	}
	return nil
}

func (d *Device) checkLife() error {
	st := &d.st
	switch st.Phase {
	case PhaseSetup, PhaseReady, PhaseFiscal, PhasePostFiscal, PhaseArchive:
	default:
		return fmt.Errorf("phase %#02x", byte(st.Phase))
	}
	switch {
	case (st.Phase <= PhaseReady) != (len(st.Regs) == 0):
		return fmt.Errorf("phase %#02x with %d registrations", byte(st.Phase), len(st.Regs))
	case len(st.Regs) > d.set.Registrations:
		return fmt.Errorf("%d registrations, at most %d", len(st.Regs), d.set.Registrations)
	case (len(st.Regs) == 0) != (len(d.archive.records) == 0):
		return fmt.Errorf("%d registrations with %d documents", len(st.Regs), len(d.archive.records))
	case st.Shift.Open && st.Phase != PhaseFiscal:
		return fmt.Errorf("an open shift in phase %#02x", byte(st.Phase))
	case len(st.Errors) > 2*maxErrors || len(st.Errors)%2 != 0:
		return fmt.Errorf("%d bytes of last errors", len(st.Errors))
	case len(d.archive.records) > int(fiscal.MaxFDNumber):
		return fmt.Errorf("%d documents", len(d.archive.records))
	case len(d.faults.Refused) != len(d.faults.RefuseAcks):
		return fmt.Errorf("%d counts of %d refused confirmations", len(d.faults.Refused), len(d.faults.RefuseAcks))
	}
	return nil
}

func (d *Device) checkRecords() error {
	for i := range d.archive.records {
		r := &d.archive.records[i]
		known := false
		for _, k := range docKinds {
			known = known || k.form == r.Form
		}
		if !known || r.FFD < fiscal.FFD10 || r.FFD > fiscal.FFD12 {
			return fmt.Errorf("record %d has form %d of FFD %d", i+1, r.Form, r.FFD)
		}
		if r.Form.IsReceipt() && (r.Op < fiscal.Sell || r.Op > fiscal.BuyReturn) {
			return fmt.Errorf("record %d is a receipt with operation %d", i+1, r.Op)
		}
	}
	return nil
}

func (d *Device) checkRegistrations(docs map[uint32][]byte) error {
	last := uint32(0)
	for _, reg := range d.st.Regs {
		if reg.FD <= last || int(reg.FD) > len(d.archive.records) || (last == 0 && reg.FD != 1) {
			return fmt.Errorf("registration report under number %d after %d", reg.FD, last)
		}
		last = reg.FD
		if form := d.archive.records[reg.FD-1].Form; form != reg.Form || !form.IsRegistration() {
			return fmt.Errorf("registration report %d has form %d", reg.FD, form)
		}
		if docs[reg.FD] == nil {
			return fmt.Errorf("registration report %d is not kept whole", reg.FD)
		}
	}
	return nil
}

func (d *Device) checkDocs(docs map[uint32][]byte, f *frozen) error {
	for fd, stlv := range docs {
		if fd == 0 || int(fd) > len(d.archive.records) {
			return fmt.Errorf("document %d, the archive has %d", fd, len(d.archive.records))
		}
		outer, rest, err := tlv.Outer(stlv)
		if err != nil || len(rest) > 0 || fiscal.Form(outer.Tag) != d.archive.records[fd-1].Form {
			return fmt.Errorf("document %d is not a whole STLV of form %d", fd, d.archive.records[fd-1].Form)
		}
		if err := walkable(outer.Value); err != nil {
			return fmt.Errorf("document %d: %w", fd, err)
		}
	}
	for fd := range d.archive.signs {
		if fd == 0 || int(fd) > len(d.archive.records) || len(d.archive.signs[fd]) > 255 {
			return fmt.Errorf("archive sign of document %d", fd)
		}
	}
	if int(f.StoreTop) > len(d.archive.records) {
		return fmt.Errorf("confirmed up to %d of %d documents", f.StoreTop, len(d.archive.records))
	}
	for _, part := range [][]byte{f.Cursor.Doc, f.Cursor.Reg} {
		if err := walkable(part); err != nil {
			return fmt.Errorf("reading of a document: %w", err)
		}
	}
	return nil
}

func walkable(b []byte) error {
	w := tlv.Walk(b)
	for w.Next() {
	}
	return w.Err()
}

func (d *Device) checkQueues(docs map[uint32][]byte, f *frozen) error {
	for _, e := range d.ofd.items {
		if int(e.Number) > len(d.archive.records) || docs[e.Number] == nil || d.archive.records[e.Number-1].Confirmed {
			return fmt.Errorf("message %d waits, its document is confirmed or not kept", e.Number)
		}
	}
	if d.ofd.count() > 0 && d.ofd.first().Number <= f.StoreTop {
		return fmt.Errorf("message %d waits, confirmed up to %d", d.ofd.first().Number, f.StoreTop)
	}
	for _, o := range []*outbox{&d.ofd, &d.notices} {
		last := uint32(0)
		for _, e := range o.items {
			if e.Number <= last {
				return fmt.Errorf("message %d stands after %d", e.Number, last)
			}
			last = e.Number
			if err := checkContainer(e); err != nil {
				return err
			}
		}
		if (o.reading || o.awaiting) && o.count() == 0 {
			return fmt.Errorf("a message is being read from an empty queue")
		}
	}
	return nil
}

func checkContainer(e entry) error {
	if n := len(e.Container); n < wire.ContainerHeaderLen || n > 1<<16-1 {
		return fmt.Errorf("message %d has %d bytes", e.Number, n)
	}
	return nil
}

func (d *Device) checkDraft() error {
	if d.doc == nil {
		return nil
	}
	k, ok := docKinds[d.doc.Kind]
	if !ok {
		return fmt.Errorf("document %02Xh being made", byte(d.doc.Kind))
	}
	form := k.form
	switch {
	case len(d.doc.Data) > k.limit:
		return fmt.Errorf("document being made has %d bytes", len(d.doc.Data))
	case !form.IsRegistration() && d.st.Phase != PhaseFiscal && (form != formState || d.st.Phase != PhasePostFiscal),
		form.IsRegistration() && d.st.Phase != PhaseFiscal && d.st.Phase != PhaseReady,
		d.doc.Kind == kindChange && d.st.Phase == PhaseReady,
		(form.IsReceipt() || form == formCloseShift) && !d.st.Shift.Open:
		return fmt.Errorf("document %02Xh being made in phase %#02x", byte(d.doc.Kind), byte(d.st.Phase))
	}
	for _, part := range [][]byte{d.doc.Data, d.doc.Notice.Common, d.doc.Notice.Blocks} {
		if err := walkable(part); err != nil {
			return fmt.Errorf("document being made: %w", err)
		}
	}
	return nil
}

func (d *Device) checkMarking() error {
	m := &d.st.Marking
	if len(m.Saved) > d.set.MarkingTable {
		return fmt.Errorf("%d checked codes", len(m.Saved))
	}
	if c := m.Current; c != nil && c.Step == markRequested {
		if err := checkContainer(c.Request); err != nil {
			return err
		}
	}
	if r := d.st.KeyRequest; r != nil {
		return checkContainer(*r)
	}
	return nil
}

// recount finds again what a draft knows of its data.
func (doc *draft) recount() {
	doc.seen, doc.items = tagSet{}, 0
	w := tlv.Walk(doc.Data)
	for w.Next() {
		doc.seen.add(w.Field().Tag)
		if w.Field().Tag == ffd.TagItem {
			doc.items++
		}
	}
}
