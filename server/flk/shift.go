package flk

import (
	"strings"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/flk"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// shiftTag is 1038, or 0 when the document has none (S-07 speaks of that).
func (c *check) shiftTag() uint32 { return uint32(c.doc.Uint(ffd.TagShiftNumber)) }

// shiftZero judges a number that is there and zero: shifts count from 1.
func (c *check) shiftZero(rule string) {
	if c.doc.Has(ffd.TagShiftNumber) {
		c.tag(ffd.TagShiftNumber).add(rule, flk.Error, "номер смены 0, смены считаются с 1")
	}
}

// latest reports whether the document may change the shift: nothing later spoke of
// a shift before it.
func (c *check) latest() bool { return c.fd > c.old.Shift.At }

// neverOpened reports whether it is known that no shift was opened yet.
func (c *check) neverOpened() bool {
	return c.old.Shift.Number == 0 && c.old.Registered() && c.old.whole(c.fd) && !c.jump()
}

// openShift judges form 2.
func (c *check) openShift() {
	c.inForce()
	c.repeatedMessage()
	s, n := &c.old.Shift, c.shiftTag()
	if n == 0 {
		c.shiftZero("Q-04")
		return
	}
	if !c.latest() {
		if n == s.Number && s.OpenFD == 0 {
			c.next.Shift.OpenFD = c.fd
		}
		return
	}
	sure := c.known(s.At)
	switch {
	case s.Number == 0:
		if c.neverOpened() && n != 1 {
			c.tag(ffd.TagShiftNumber).add("Q-04", flk.Error, "первая смена имеет номер %d, должен быть 1", n)
		}
	case sure && s.Open:
		c.tag(ffd.TagShiftNumber).add("Q-12", flk.Error, "открытие смены %d при незакрытой смене %d", n, s.Number)
	case sure && n != s.Number+1:
		c.tag(ffd.TagShiftNumber).add("Q-04", flk.Error, "номер смены %d, должен быть %d", n, s.Number+1)
	case !sure && n <= s.Number:
		c.tag(ffd.TagShiftNumber).add("Q-04", flk.Error, "номер смены %d, но смена %d уже была", n, s.Number)
	}
	c.next.Shift = Shift{Number: n, Open: true, OpenFD: c.fd, At: c.fd}
}

// closeShift judges form 5 (Q-07, Q-08, P-10).
func (c *check) closeShift() {
	c.inForce()
	c.repeatedMessage()
	c.resource()
	s, n := &c.old.Shift, c.shiftTag()
	if n == 0 {
		c.shiftZero("Q-07")
		return
	}
	if !c.latest() {
		return
	}
	sure := c.known(s.At)
	switch {
	case s.Number == 0:
		if c.neverOpened() {
			c.tag(ffd.TagShiftNumber).add("Q-07", flk.Error, "закрытие смены %d, но смена не открывалась", n)
		}
	case !s.Open && (sure || n <= s.Number):
		c.tag(ffd.TagShiftNumber).add("Q-07", flk.Error, "закрытие смены %d, но смена %d уже закрыта", n, s.Number)
	case s.Open && n != s.Number && (sure || n < s.Number):
		c.tag(ffd.TagShiftNumber).add("Q-07", flk.Error, "закрытие смены %d, но открыта смена %d", n, s.Number)
	}
	if s.Open && n == s.Number && s.OpenFD != 0 {
		c.shiftTotals(s)
	}
	if c.old.countersComplete(c.fd) && !c.jump() {
		c.counters(ffd.TagFNCounters, &c.old.Totals, "с начала работы ФН")
	}
	c.next.Shift = Shift{Number: n, At: c.fd, OpenFD: s.OpenFD}
}

// shiftTotals compares the counts of a closing report with what was received.
func (c *check) shiftTotals(s *Shift) {
	d := c.doc
	if f := d.Field(ffd.TagDocumentsQuantity); f != nil {
		want := uint64(c.fd-s.OpenFD) + 1 // numbers grow by one, so missing ones count too
		if got := ffd.NodeUint(f); got != want {
			c.tag(ffd.TagDocumentsQuantity).add("Q-08", flk.Warning, "документов за смену %d, по номерам ФД %d", got, want)
		}
	}
	if !c.known(s.OpenFD) {
		return
	}
	if f := d.Field(ffd.TagReceiptQuantity); f != nil {
		if got, want := ffd.NodeUint(f), s.Count.Receipts(); got != want {
			c.tag(ffd.TagReceiptQuantity).add("Q-08", flk.Error, "чеков за смену %d, получено %d", got, want)
		}
	}
	c.counters(ffd.TagShiftCounters, &s.Count, "за смену")
}

// stateReport judges form 21.
func (c *check) stateReport() {
	c.inForce()
	s := &c.old.Shift
	closed := !s.Open && s.Number != 0 && c.latest() && c.known(s.At)
	if c.doc.Has(ffd.TagShiftNumber) && (closed || c.neverOpened()) {
		c.tag(ffd.TagShiftNumber).add("Q-09", flk.Error, "номер смены в отчете, но смена не открыта")
	}
}

// closeArchive judges form 6 and closes the drive.
func (c *check) closeArchive() {
	c.inForce()
	s, n := &c.old.Shift, c.shiftTag()
	if c.latest() && c.known(s.At) && s.Number != 0 {
		switch {
		case s.Open:
			c.add("Q-12", flk.Warning, "закрытие ФН при открытой смене %d", s.Number)
		case n != 0 && n != s.Number:
			c.tag(ffd.TagShiftNumber).add("Q-11", flk.Error, "номер смены %d, последняя закрытая смена %d", n, s.Number)
		}
	}
	if before := gapsBefore(c.next.Gaps, c.fd); len(before) > 0 {
		c.add("Q-11", flk.Warning, "ФН закрыт, но не получены документы: %s", missing(before)) // O-052
		c.alarm("ФН закрыт, не получены документы: %s", missing(before))
	}
	if c.fd > c.next.ClosedFD {
		c.next.ClosedFD = c.fd
		c.next.Status = store.DriveClosed
	}
}

func gapsBefore(gaps []store.Gap, fd fiscal.FDNumber) []store.Gap {
	n := 0
	for n < len(gaps) && gaps[n].From < fd {
		n++
	}
	return gaps[:n]
}

func missing(gaps []store.Gap) string {
	runs := make([]string, len(gaps))
	for i, g := range gaps {
		runs[i] = numberRun(g.From, g.To)
	}
	return strings.Join(runs, ", ")
}
