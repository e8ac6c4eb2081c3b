package props

import (
	"slices"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance/model/life"
	"github.com/fiscalbench/fiscalbench/emulator/fnport"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// absent is a number that a tag must not have at all.
const absent = -1

// numbers are the tags that the drive fills by its own counting (fn.md section 12).
func (m *machine) numbers(d life.Document) map[tlv.Tag]int64 {
	all := map[tlv.Tag]int64{ffd.TagFDNumber: int64(d.FD), ffd.TagDateTime: d.At.Unix()}
	unsent := func(count, first tlv.Tag) {
		if m.terms.Autonomous {
			return
		}
		all[count] = int64(d.Unsent)
		if first != 0 {
			all[first] = int64(d.First)
		}
	}
	switch d.Kind {
	case life.OpenShift:
		all[ffd.TagShiftNumber] = int64(d.Shift)
	case life.Receipt, life.Correction:
		all[ffd.TagShiftNumber], all[ffd.TagRequestNumber] = int64(d.Shift), int64(d.Number)
		all[ffd.TagOperationType], all[ffd.TagTotalSum] = int64(d.Operation), int64(d.Kopecks)
	case life.CloseShift:
		all[ffd.TagShiftNumber], all[ffd.TagReceiptQuantity], all[ffd.TagDocumentsQuantity] = int64(d.Shift), int64(d.Receipts), int64(d.Documents)
		unsent(ffd.TagUnsentCount, 0)
	case life.StateReport:
		all[ffd.TagShiftNumber] = absent
		if d.Shift != 0 {
			all[ffd.TagShiftNumber] = int64(d.Shift)
		}
		unsent(ffd.TagUnsentCount, ffd.TagUnsentFirstNumber)
	}
	return all
}

// content compares a document as the drive keeps it with the model.
func (m *machine) content(want life.Document, stlv []byte) {
	m.t.Helper()
	outer, rest, err := tlv.Outer(stlv)
	if err != nil || len(rest) != 0 || !fits(fiscal.Form(outer.Tag), want.Kind) {
		m.fail("document %d: it is form %d with %d bytes after it, must be a %s: %v", want.FD, outer.Tag, len(rest), want.Kind, err)
	}
	tags := m.numbers(want)
	for _, tag := range slices.Sorted(keys(tags)) {
		got := int64(absent)
		if v, ok := tlv.Find(outer.Value, tag); ok {
			n, err := tlv.Uint(v)
			if err != nil {
				m.fail("document %d: tag %d: %v", want.FD, tag, err)
			}
			got = int64(n)
		}
		if got != tags[tag] {
			m.fail("document %d (%s): tag %d is %d, must be %d", want.FD, want.Kind, tag, got, tags[tag])
		}
	}
}

func keys[K comparable, V any](m map[K]V) func(func(K) bool) {
	return func(yield func(K) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// fits reports whether a form is what a kind is called on paper.
func fits(f fiscal.Form, k life.Kind) bool {
	switch f {
	case fiscal.FormBSO:
		f = fiscal.FormReceipt
	case fiscal.FormBSOCorrection:
		f = fiscal.FormReceiptCorrection
	}
	return int(f) == int(k)
}

// state is the invariant: what the drive says of itself is what the model counts.
func (m *machine) state() {
	m.t.Helper()
	s, err := m.ask.Status()
	if err != nil {
		m.fail("30h: %v", err)
	}
	d := m.model
	must, may := d.Warnings()
	compare(m, "phase", byte(s.Phase), byte(d.Phase))
	compare(m, "last document", uint32(s.LastFD), d.LastFD())
	compare(m, "open shift", s.ShiftOpen, d.Shift.Open)
	compare(m, "time of the last document", s.LastTime.Unix(), orZero(d.LastTime()))
	if byte(s.Warnings)&^may != must {
		m.fail("warnings %02X, must be %02X (%s; drive's clock %s)", byte(s.Warnings), must, d, stamp(d.Clock))
	}
	if m.ask.Warning() != (s.Warnings != 0) {
		m.fail("bit 7 of the answer is %v with warnings %02X", m.ask.Warning(), byte(s.Warnings))
	}
	n, err := m.ask.Unconfirmed()
	if err != nil {
		m.fail("42h: %v", err)
	}
	compare(m, "unconfirmed documents", n, d.Queue())
	m.shift()
	m.queue()
}

func orZero(t time.Time) int64 {
	if t.IsZero() {
		return time.Time{}.Unix()
	}
	return t.Unix()
}

func (m *machine) shift() {
	if m.model.Phase == life.Ready {
		return
	}
	p, err := m.ask.ShiftParams()
	if err != nil {
		m.fail("10h: %v", err)
	}
	compare(m, "shift number", int(p.Shift), m.model.Shift.Number)
	compare(m, "receipt number", int(p.Receipt), m.model.Shift.Receipts)
}

func (m *machine) queue() {
	if m.model.Phase == life.Archive {
		return
	}
	d := m.model
	x, err := m.ask.ExchangeStatus()
	if err != nil {
		m.fail("20h: %v", err)
	}
	compare(m, "queue", int(x.Count), d.Queue())
	compare(m, "first document of the queue", uint32(x.First), d.First().FD)
	compare(m, "time of the first document of the queue", x.FirstTime.Unix(), orZero(d.First().At))
	compare(m, "connection", x.Connected(), d.Up)
	if since := m.timer() - d.ReadAt; d.Awaiting && since < life.ReceiptTimer && !x.AwaitingAck() {
		m.fail("20h: no receipt is awaited %s after reading", since)
	}
}

func compare[T comparable](m *machine, what string, got, want T) {
	m.t.Helper()
	if got != want {
		m.fail("%s: %v, must be %v (%s)", what, got, want, m.model)
	}
}

// look reads one document of the archive, its confirmation, the counters and the
// life of the keys.
func (m *machine) look(fd uint32) {
	m.t.Helper()
	if m.model.Reports > 0 {
		m.life()
		m.counters()
	}
	rec, err := m.ask.FindDocument(fiscal.FDNumber(fd))
	if fd == 0 || fd > m.model.LastFD() {
		if fnport.Code(err) != 0x08 {
			m.fail("40h of document %d: %v, must be 08h", fd, err)
		}
		return
	}
	if err != nil {
		m.fail("40h of document %d: %v", fd, err)
	}
	want := m.model.Docs[fd-1]
	confirmed := m.terms.Autonomous || fd <= m.model.Confirmed
	if !m.terms.Autonomous {
		compare(m, "40h: confirmed", rec.Confirmed, confirmed)
	}
	compare(m, "40h: number", uint32(rec.FD), fd)
	compare(m, "40h: sign", rec.FPD, m.signs[fd])
	compare(m, "40h: time", rec.Time.Unix(), want.At.Unix())
	if !fits(rec.Form, want.Kind) {
		m.fail("40h: form %d, must be a %s", rec.Form, want.Kind)
	}
	if want.Kind == life.Receipt || want.Kind == life.Correction {
		compare(m, "40h: operation", int(rec.Operation), want.Operation)
		compare(m, "40h: total", uint64(rec.Total), want.Kopecks)
	}
	m.confirmation(fd, confirmed && !m.terms.Autonomous)
}

// confirmation is 41h: a document confirmed has its confirmation for good.
func (m *machine) confirmation(fd uint32, confirmed bool) {
	ack, err := m.ask.FindAck(fiscal.FDNumber(fd))
	switch {
	case confirmed && err != nil:
		m.fail("41h of confirmed document %d: %v", fd, err)
	case confirmed:
		compare(m, "41h: number", uint32(ack.FD), fd)
	case fnport.Code(err) != 0x08:
		m.fail("41h of unconfirmed document %d: %v, must be 08h", fd, err)
	}
}

func (m *machine) life() {
	l, err := m.ask.Life()
	if err != nil {
		m.fail("32h: %v", err)
	}
	compare(m, "registrations done", l.Done, m.model.Reports)
	compare(m, "registrations left", l.Left, max(m.terms.Registrations-m.model.Reports, 0))
	compare(m, "last day of the keys", l.Until.Unix(), m.model.KeyEnd.Unix())
}

// counters is 36h of drives of FFD 1.1 and above. Everything is paid in cash and free
// of VAT.
func (m *machine) counters() {
	if m.terms.FFD < fiscal.FFD11 {
		return
	}
	for _, c := range []struct {
		name string
		ask  func() (fnport.Counters, error)
		want *life.Ledger
	}{{"shift", m.ask.ShiftCounters, &m.model.Shift.Ledger}, {"life", m.ask.LifeCounters, &m.model.Ledger}} {
		got, err := c.ask()
		if err != nil {
			m.fail("36h: %v", err)
		}
		for i := range 4 {
			want, o, k := c.want.Sales[i], got.Operations[i], got.Corrected[i]
			if int(o.Count) != want.Number || uint64(o.Total) != want.Sum || o.Cash != o.Total || o.VATNone != o.Total {
				m.fail("36h, %s, operation %d: %d receipts of %s, must be %d of %s", c.name, i+1, o.Count, o.Total, want.Number, roubles(want.Sum))
			}
			if want := c.want.Corrections[i]; int(k.Count) != want.Number || uint64(k.Total) != want.Sum {
				m.fail("36h, %s, corrections %d: %d of %s, must be %d of %s", c.name, i+1, k.Count, k.Total, want.Number, roubles(want.Sum))
			}
		}
	}
}
