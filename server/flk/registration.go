package flk

import (
	"slices"
	"strings"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/flk"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// Reasons of form 11: codes of 1101 (FFD 1.05) and bits of 1205 (FFD 1.1, 1.2).
const (
	reasonNewFN    = 1 // code of 1101
	bitNewFN       = 1 << 0
	bitGoesOffline = 1 << 5
	bitNewFFD      = 1 << 21
)

// registration judges a form 1 or 11 and makes it the report in force.
func (c *check) registration() {
	d, h := c.doc, c.next
	newFN := d.Form == fiscal.FormFiscalReportCorrection && replacesFN(d)
	switch {
	case d.Form == fiscal.FormFiscalReport && c.fd != 1:
		c.tag(ffd.TagFDNumber).add("Q-01", flk.Error, "отчет о регистрации имеет номер ФД %d, должен быть 1", c.fd)
	case newFN && c.fd != 1:
		c.tag(ffd.TagFDNumber).add("Q-02", flk.Error, "отчет о перерегистрации с заменой ФН имеет номер ФД %d, должен быть 1", c.fd)
	}
	r := readRegistration(d, c.fd)
	if before := c.old.registrationFor(c.fd); before != nil {
		c.sameRegister(before)
		if c.newest() {
			c.changedFormat(before, &r, newFN)
			c.wentOffline(before, &r)
		}
	}
	if s := &c.old.Shift; s.Open && c.fd > s.At && c.known(s.At) {
		c.add("Q-12", flk.Warning, "перерегистрация при открытой смене %d", s.Number)
	}
	c.totalsInReport(newFN)
	c.resource()

	h.Totals = c.old.Totals
	switch {
	case c.fd >= h.Current.FD:
		h.Previous, h.Current = h.Current, r
		h.Status = store.DriveActive
		if h.ClosedFD != 0 {
			h.Status = store.DriveClosed
		}
		c.operator(&r)
	case c.fd > h.Previous.FD:
		h.Previous = r
	}
	c.result.Replaces = newFN && c.fd == 1
	c.keyLife()
}

func replacesFN(d *ffd.Document) bool {
	if d.Uint(ffd.TagChangeReasons)&bitNewFN != 0 {
		return true
	}
	return slices.ContainsFunc(d.All(ffd.TagChangeReason), func(n *tlv.Node) bool { return ffd.NodeUint(n) == reasonNewFN })
}

func readRegistration(d *ffd.Document, fd fiscal.FDNumber) Registration {
	r := Registration{
		FD: fd, RegID: fiscal.RegNumber(d.Text(ffd.TagKKTRegID)), UserINN: normalINN(d.Text(ffd.TagUserINN)),
		KKTNumber: d.Text(ffd.TagKKTNumber), User: d.Text(ffd.TagUser), Address: d.Text(ffd.TagRetailPlaceAddress),
		OFD: normalINN(d.Text(ffd.TagOFDINN)), FFD: d.FFD(),
		Taxation: uint8(d.Uint(ffd.TagTaxationType)), Agents: uint8(d.Uint(ffd.TagAgentType)),
		Conditions: uint32(d.Uint(ffd.TagUsageConditions)),
	}
	if d.Uint(ffd.TagBSOSign) == 1 {
		r.Conditions |= condBSO
	}
	if d.Uint(ffd.TagExciseDutyProductSign) == 1 {
		r.Conditions |= condExcise
	}
	for _, has := range []struct {
		tag tlv.Tag
		bit carriages
	}{{ffd.TagUser, hasUser}, {ffd.TagUserINN, hasUserINN}, {ffd.TagFNSSite, hasSite}, {ffd.TagSellerAddress, hasSender}, {ffd.TagMachineNumber, hasMachine}} {
		if d.Has(has.tag) {
			r.Carried |= has.bit
		}
	}
	if d.Uint(ffd.TagAutoMode) == 1 {
		r.Carried |= autoMode
	}
	if d.Uint(ffd.TagOfflineMode) == 1 {
		r.Carried |= offline
	}
	return r
}

// normalINN drops the two zeros that some registers put before ten digits (I-04).
func normalINN(s string) fiscal.INN {
	if len(s) == fiscal.INNLen && strings.HasPrefix(s, "00") && s != string(fiscal.NoINN) {
		s = s[2:]
	}
	return fiscal.INN(s)
}

// sameRegister: registration number and user never change within a drive (I-03,
// I-04, FN-013).
func (c *check) sameRegister(r *Registration) {
	reg := c.doc.Text(ffd.TagKKTRegID)
	if reg != "" && r.RegID != "" && reg != string(r.RegID) {
		c.tag(ffd.TagKKTRegID).add("I-03", flk.Error, "РНМ %s отличается от РНМ %s, под которым ФН зарегистрирован", reg, r.RegID)
		c.registrationIncident("РНМ")
	}
	inn := normalINN(c.doc.Text(ffd.TagUserINN))
	if inn != "" && r.UserINN != "" && inn != r.UserINN {
		c.tag(ffd.TagUserINN).add("I-04", flk.Error, "ИНН пользователя %s отличается от ИНН %s при регистрации", inn, r.UserINN)
		c.registrationIncident("ИНН пользователя")
	}
}

func (c *check) registrationIncident(what string) {
	if c.doc.Form.IsRegistration() {
		c.alarm("отчет об изменении параметров регистрации меняет %s в том же ФН", what)
	}
}

// changedFormat: a new FFD version comes right after a state report with nothing
// unsent, between shifts.
func (c *check) changedFormat(before, now *Registration, newFN bool) {
	changes := now.FFD != before.FFD || c.doc.Uint(ffd.TagChangeReasons)&bitNewFFD != 0
	if !changes || newFN || c.fd != c.old.LastFD+1 || c.old.Unseen == c.old.LastFD {
		return
	}
	switch {
	case c.old.LastForm != fiscal.FormCurrentStateReport:
		c.tag(ffd.TagFFDVersion).add("Q-10", flk.Error, "перед переходом на ФФД %s нет отчета о текущем состоянии расчетов", now.FFD)
	case c.old.Unsent != 0:
		c.tag(ffd.TagFFDVersion).add("Q-10", flk.Error, "переход на ФФД %s при непереданных документах (%d)", now.FFD, c.old.Unsent)
	case c.old.Shift.Open && c.known(c.old.Shift.At):
		c.tag(ffd.TagFFDVersion).add("Q-10", flk.Error, "переход на ФФД %s при открытой смене %d", now.FFD, c.old.Shift.Number)
	}
}

// wentOffline: autonomous mode only when every document was handed over (Q-14,
// FN-014, O-043).
func (c *check) wentOffline(before, now *Registration) {
	asked := c.doc.Uint(ffd.TagChangeReasons)&bitGoesOffline != 0
	turned := now.Carried&offline != 0 && before.Carried&offline == 0
	if (asked || turned) && len(c.next.Gaps) > 0 {
		c.add("Q-14", flk.Warning, "переход в автономный режим, но документы не переданы: %s", missing(c.next.Gaps))
		c.alarm("переход в автономный режим, не получены документы: %s", missing(c.next.Gaps))
	}
}

// operator: the report names us (E-26); a change that does not sends the drive away
// (O-041).
func (c *check) operator(r *Registration) {
	if r.Carried&offline != 0 || r.OFD == "" || r.OFD == c.arrival.OFD {
		return
	}
	c.fault(fiscal.OFDMismatch)
	if c.doc.Form == fiscal.FormFiscalReportCorrection {
		c.next.Status = store.DriveGone
	} else {
		c.next.Status = store.DriveUnregistered
	}
}

// totalsInReport: FFD 1.1 carries the totals 1157 in form 11 unless the drive is
// new (P-07).
func (c *check) totalsInReport(newFN bool) {
	if c.doc.FFD() != fiscal.FFD11 || c.doc.Form != fiscal.FormFiscalReportCorrection {
		return
	}
	switch has := c.doc.Has(ffd.TagFNCounters); {
	case newFN && has:
		c.tag(ffd.TagFNCounters).add("P-07", flk.Warning, "счетчики 1157 в отчете с заменой ФН")
	case !newFN && !has:
		c.add("P-07", flk.Warning, "нет счетчиков 1157 в отчете без замены ФН")
	}
}

// sameFormat: every document has the FFD version of the report in force (S-13).
func (c *check) sameFormat(r *Registration) {
	if v := c.doc.FFD(); v != r.FFD {
		s := flk.Error
		if !c.known(r.FD) {
			s = flk.Warning // a report that changed it may be among the missing
		}
		c.tag(ffd.TagFFDVersion).add("S-13", s, "ФФД %s, по отчету о регистрации %s", v, r.FFD)
	}
}

// inForce is the registration a document other than 1 and 11 is judged by, after
// the checks every such document gets; nil when none is known.
func (c *check) inForce() *Registration {
	r := c.old.registrationFor(c.fd)
	if r == nil {
		return nil
	}
	c.sameRegister(r)
	c.sameFormat(r)
	return r
}
