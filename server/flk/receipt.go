package flk

import (
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/flk"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// receipt judges forms 3, 4, 31 and 41.
func (c *check) receipt() {
	if r := c.inForce(); r != nil {
		c.againstRegistration(r)
	}
	c.next.Totals.add(c.doc)
	s, n := &c.old.Shift, c.shiftTag()
	if n == 0 {
		c.shiftZero("Q-05")
		return
	}
	if !c.latest() {
		if s.Open && n == s.Number {
			c.next.Shift.Count.add(c.doc)
		}
		return
	}
	open := c.insideShift(n)
	next := &c.next.Shift
	if n != s.Number {
		*next = Shift{Number: n, Open: open}
	}
	if open {
		c.receiptNumber(next)
	}
	next.At = c.fd
	next.Count.add(c.doc)
}

// insideShift judges Q-05 and returns whether shift n is open after the document.
func (c *check) insideShift(n uint32) bool {
	s := &c.old.Shift
	sure := c.known(s.At)
	at := func() *check { return c.tag(ffd.TagShiftNumber) }
	switch {
	case s.Number == 0:
		if c.neverOpened() {
			at().add("Q-05", flk.Error, "чек вне смены: смена не открывалась")
		}
	case !s.Open && (sure || n <= s.Number):
		at().add("Q-05", flk.Error, "чек вне смены: смена %d закрыта", s.Number)
		return false
	case s.Open && n != s.Number && (sure || n < s.Number):
		at().add("Q-05", flk.Error, "номер смены %d, но открыта смена %d", n, s.Number)
	}
	return true
}

// receiptNumber: 1042 starts at 1 and grows by 1. flk.md calls a break an
// error, O-093 wants the document accepted and flagged; the second is followed.
func (c *check) receiptNumber(s *Shift) {
	f := c.doc.Field(ffd.TagRequestNumber)
	if f == nil {
		return
	}
	got := uint32(ffd.NodeUint(f))
	switch {
	case s.ReceiptSeen && c.known(s.ReceiptFD) && got != s.Receipt+1:
		c.tag(ffd.TagRequestNumber).add("Q-06", flk.Warning, "номер чека за смену %d, должен быть %d", got, s.Receipt+1)
	case s.ReceiptSeen && got <= s.Receipt:
		c.tag(ffd.TagRequestNumber).add("Q-06", flk.Warning, "номер чека за смену %d, но чек %d уже был", got, s.Receipt)
	case !s.ReceiptSeen && s.OpenFD != 0 && c.known(s.OpenFD) && got != 1:
		c.tag(ffd.TagRequestNumber).add("Q-06", flk.Warning, "первый чек смены имеет номер %d, должен быть 1", got)
	}
	s.Receipt, s.ReceiptFD, s.ReceiptSeen = got, c.fd, true
}

// againstRegistration compares a receipt with the report in force. Where documents
// are missing since the report an error becomes a warning: one of them may have
// changed it.
func (c *check) againstRegistration(r *Registration) {
	d := c.doc
	worst := flk.Error
	if !c.known(r.FD) {
		worst = flk.Warning
	}
	if tax := uint8(d.Uint(ffd.TagAppliedTaxationType)); tax != 0 && r.Taxation != 0 && tax&^r.Taxation != 0 {
		c.tag(ffd.TagAppliedTaxationType).add("R-02", flk.Warning, "система налогообложения %d не указана при регистрации (1062 = %d)", tax, r.Taxation)
	}
	if r.FFD < fiscal.FFD12 {
		if agent := uint8(d.Uint(ffd.TagAgentType)); agent&^r.Agents != 0 {
			c.tag(ffd.TagAgentType).add("R-03", flk.Warning, "признак агента %d не указан при регистрации (1057 = %d)", agent, r.Agents)
		}
		if bso := d.Form == fiscal.FormBSO || d.Form == fiscal.FormBSOCorrection; r.Conditions&condBSO != 0 && !bso {
			c.add("R-15", flk.Warning, "ККТ зарегистрирована как АС БСО, но сформирован %s", d.Form)
		}
	}
	if r.Conditions&condExcise == 0 {
		c.excise(r, worst)
	}
	if r.Carried&offline != 0 && r.FFD < fiscal.FFD12 {
		c.autonomous(worst)
	}
	for _, need := range [...]struct {
		tag tlv.Tag
		has carriages
	}{{ffd.TagUser, hasUser}, {ffd.TagUserINN, hasUserINN}, {ffd.TagFNSSite, hasSite}, {ffd.TagSellerAddress, hasSender}} {
		if r.Carried&need.has == 0 && !d.Has(need.tag) && (need.tag != ffd.TagSellerAddress || d.Has(ffd.TagBuyerPhoneOrAddress)) {
			c.add("R-09", flk.Warning, "нет реквизита %d: его нет и в отчете о регистрации", need.tag)
		}
	}
	if r.Carried&autoMode != 0 && !d.Has(ffd.TagMachineNumber) {
		c.add("R-10", worst, "нет номера автомата (1036) при автоматическом режиме ККТ")
	}
}

// maxCoded is how many items of a receipt may carry a code in autonomous mode.
const maxCoded = 10

// autonomous: few items with a product code (1162) or a supplier (1226) in a receipt of
// autonomous mode. A register in that mode sends nothing to operators; one that
// does, or sends what it made before its mode was changed, is judged by it.
func (c *check) autonomous(worst flk.Severity) {
	if !c.doc.Form.IsReceipt() || c.doc.Form.IsCorrection() {
		return
	}
	coded := 0
	for i := range c.doc.Fields {
		if item := &c.doc.Fields[i]; item.Tag == ffd.TagItem && (item.Child(ffd.TagProductCode) != nil || item.Child(ffd.TagProviderINN) != nil) {
			coded++
		}
	}
	if coded > maxCoded {
		c.add("R-08", worst, "в автономном режиме %d предметов расчета с реквизитом 1162 или 1226, допустимо %d", coded, maxCoded)
	}
}

// excise: no excise goods at a register that is not registered for them.
func (c *check) excise(r *Registration, worst flk.Severity) {
	for i := range c.doc.Fields {
		item := &c.doc.Fields[i]
		if item.Tag != ffd.TagItem {
			continue
		}
		kind := item.Child(ffd.TagProductType)
		switch n := ffd.NodeUint(kind); {
		case r.FFD < fiscal.FFD12 && n == 2:
			c.at(kind, ffd.TagItem, ffd.TagProductType).add("R-07", worst, "подакцизный товар, но признак 1207 при регистрации не указан")
		case r.FFD >= fiscal.FFD12 && (n == 2 || n == 30 || n == 31):
			c.at(kind, ffd.TagItem, ffd.TagProductType).add("R-07", flk.Warning, "подакцизный товар, но условие применения (1290, бит 6) при регистрации не указано")
		}
	}
}
