package fn

import (
	"strings"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// conditions of 1290 that the bits of the mode and of the extended mode say.
var usage = []struct {
	mode, ext byte
	bit       uint32
	tag       tlv.Tag // that says the same in FFD 1.1; 0 when none
}{
	{ext: ExtPrinter, bit: 1 << 1, tag: ffd.TagPrintInMachineSign},
	{mode: ModeBSO, bit: 1 << 2},
	{mode: ModeInternet, bit: 1 << 5},
	{ext: ExtExcise, bit: 1 << 6, tag: ffd.TagExciseDutyProductSign},
	{ext: ExtMarking, bit: 1 << 8},
	{mode: ModeServices, bit: 1 << 9},
	{ext: ExtGambling, bit: 1 << 10, tag: ffd.TagGamblingSign},
	{ext: ExtLottery, bit: 1 << 11, tag: ffd.TagLotterySign},
	{ext: ExtPawnshop, bit: 1 << 12},
	{ext: ExtInsurance, bit: 1 << 13},
	{ext: ExtVending, bit: 1 << 14},
}

// readConditions adds to the extended mode what the register said by tags instead:
// 1290, or the flags that it replaced.
func (d *Device) readConditions(reg *registration) {
	conditions := uint64(0)
	if v, ok := tlv.Find(d.doc.Data, ffd.TagUsageConditions); ok {
		conditions, _ = tlv.Uint(v)
	}
	for _, u := range usage {
		said := conditions&uint64(u.bit) != 0
		if v, ok := tlv.Find(d.doc.Data, u.tag); ok {
			n, _ := tlv.Uint(v)
			said = said || n != 0
		}
		if said {
			reg.Ext |= u.ext
		}
	}
	if v, ok := tlv.Find(d.doc.Data, ffd.TagAgentType); ok {
		n, _ := tlv.Uint(v)
		reg.Agents = n != 0
	}
}

// finishRegistration checks a registration against law and history, and makes its
// report.
func (d *Device) finishRegistration(reg *registration) ([]byte, *refusal) {
	if !d.doc.V2 {
		d.readConditions(reg)
	}
	for _, check := range []func(*registration) *refusal{
		d.registrationInTime, d.checkModes, d.checkIdentity, d.checkHistory, d.checkRegistrationTags,
	} {
		if r := check(reg); r != nil {
			return nil, r
		}
	}
	end := d.st.LifeEnd
	if end == 0 {
		days, r := d.keyLife(reg)
		if r != nil {
			return nil, r
		}
		end = startOfDay(reg.Time) + moment(days)*day
	}
	doc, r := d.compose(reg.Form, reg.Time, reg, func(b *tlv.Builder) { d.registrationFields(b, reg, end) })
	if r != nil {
		return nil, r
	}
	reg.FD, reg.FP = doc.fd, uint32(doc.fp)
	d.st.Regs = append(d.st.Regs, *reg)
	d.st.LifeEnd, d.st.Phase = end, PhaseFiscal
	if d.st.KeyUpdated == 0 {
		d.st.KeyUpdated = reg.Time
	}
	d.commit(doc, record{})
	d.markTimer(reg.Time)
	return doc.numbers(nil), nil
}

func (d *Device) registrationInTime(reg *registration) *refusal {
	if r := d.notBefore(reg.Time); r != nil {
		return r
	}
	return d.limits(needKeys | needArchive)
}

func (d *Device) checkModes(reg *registration) *refusal {
	switch {
	case reg.Tax == 0 || reg.Tax > 0x3F:
		return refuse(BadValue, "системы налогообложения %#02x: нужен хотя бы один из битов 0–5", reg.Tax)
	case reg.autonomous() && reg.encrypted():
		return refuse(BadValue, "шифрование в автономном режиме запрещено")
	case reg.autonomous():
		if v, ok := tlv.Find(d.doc.Data, ffd.TagOFDINN); ok && string(v) != string(fiscal.NoINN) {
			return refuse(BadValue, "реквизит 1017 в автономном режиме — двенадцать нулей")
		}
		if reg.OFD != fiscal.NoINN {
			return refuse(BadValue, "ИНН ОФД %q в автономном режиме: нужны двенадцать нулей", string(reg.OFD))
		}
	case reg.FFD >= fiscal.FFD11:
		if n := len(reg.OFD); (n != 10 && n != 12) || !isDigits(string(reg.OFD)) || reg.OFD == fiscal.NoINN {
			return refuse(BadValue, "ИНН ОФД %q в режиме передачи данных: нужны 10 или 12 цифр", string(reg.OFD))
		}
		if v, ok := tlv.Find(d.doc.Data, ffd.TagOFDINN); ok && strings.TrimRight(string(v), " ") != string(reg.OFD) {
			return refuse(NotAsRegistered, "реквизит 1017 %q не равен ИНН ОФД команды A3h %q", string(v), string(reg.OFD))
		}
	}
	return nil
}

// checkIdentity verifies the check digits of the registration number (fn.md section
// 2; K-002). The factory number is known from tag 1013.
func (d *Device) checkIdentity(reg *registration) *refusal {
	value, ok := tlv.Find(d.doc.Data, ffd.TagKKTNumber)
	if !ok {
		return nil // a missing tag is the business of the tag checks
	}
	factory := strings.TrimRight(tlv.Text(value), " ")
	if err := reg.RNM.Check(reg.INN, factory); err != nil {
		return refuse(BadValue, "контрольное число РНМ %s не подходит к ИНН %s и заводскому номеру %s", reg.RNM, reg.INN, factory)
	}
	return nil
}

// checkHistory is what a change must keep: registration number and INN are written
// once, the format does not go back, autonomy changes with an empty queue (FN-014).
func (d *Device) checkHistory(reg *registration) *refusal {
	last := d.reg()
	switch {
	case last == nil:
		return nil
	case reg.RNM != last.RNM:
		return refuse(BadValue, "РНМ %s: в ФН записан %s, изменить его нельзя", reg.RNM, last.RNM)
	case reg.INN != last.INN:
		return refuse(BadValue, "ИНН %s: в ФН записан %s, изменить его нельзя", reg.INN, last.INN)
	case reg.FFD < last.FFD:
		return refuse(BadValue, "ФФД %s ниже зарегистрированного %s", reg.FFD, last.FFD)
	case reg.autonomous() != last.autonomous() && d.ofd.count() > 0:
		return refuse(WrongState, "смена автономности при непереданных документах: %d", d.ofd.count())
	}
	return nil
}

// registrationFields writes the drive's part of forms 1 and 11, in the order of
// cap-02 for FFD 1.0 and of cap-01 above it.
func (d *Device) registrationFields(b *tlv.Builder, reg *registration, end moment) {
	mode := func(tag tlv.Tag, bit byte) { b.Bool(tag, reg.Mode&bit != 0) }
	switch {
	case reg.FFD == fiscal.FFD10:
		mode(ffd.TagAutoMode, ModeAutomatic)
		mode(ffd.TagOfflineMode, ModeAutonomous)
		mode(ffd.TagEncryptionSign, ModeEncryption)
	default:
		mode(ffd.TagEncryptionSign, ModeEncryption)
		mode(ffd.TagOfflineMode, ModeAutonomous)
		mode(ffd.TagAutoMode, ModeAutomatic)
	}
	if reg.FFD == fiscal.FFD105 || reg.FFD == fiscal.FFD11 {
		mode(ffd.TagServiceSign, ModeServices)
		mode(ffd.TagBSOSign, ModeBSO)
		mode(ffd.TagInternetSign, ModeInternet)
	}
	b.Byte(ffd.TagTaxationType, reg.Tax)
	if reg.Form == formChange {
		if reg.FFD < fiscal.FFD11 {
			b.Byte(ffd.TagChangeReason, byte(reg.Reasons))
		} else {
			b.Uint32(ffd.TagChangeReasons, reg.Reasons)
		}
	}
	if reg.FFD >= fiscal.FFD11 {
		d.registrationFieldsV2(b, reg, end)
	}
}

// registrationFieldsV2 adds what FFD 1.1 and 1.2 demand and the parameters of A3h
// say, unless the register gave the tag itself.
func (d *Device) registrationFieldsV2(b *tlv.Builder, reg *registration, end moment) {
	if ofd := reg.OFD.Padded(); !d.doc.seen.has(ffd.TagOFDINN) {
		b.Raw(ffd.TagOFDINN, ofd[:])
	}
	conditions := uint32(0)
	for _, u := range usage {
		set := reg.Mode&u.mode != 0 || reg.Ext&u.ext != 0
		if set {
			conditions |= u.bit
		}
		if reg.FFD == fiscal.FFD11 && u.tag != 0 && !d.doc.seen.has(u.tag) {
			b.Bool(u.tag, set)
		}
	}
	if reg.FFD == fiscal.FFD12 && !d.doc.seen.has(ffd.TagUsageConditions) {
		b.Uint32(ffd.TagUsageConditions, conditions)
	}
	if !d.doc.seen.has(ffd.TagFFDVersion) {
		b.Byte(ffd.TagFFDVersion, byte(reg.FFD))
	}
	if !d.doc.seen.has(ffd.TagFNFFDVersion) {
		b.Byte(ffd.TagFNFFDVersion, byte(d.model.HighestFFD))
	}
	if !d.doc.seen.has(ffd.TagKeyResource) {
		b.Uint16(ffd.TagKeyResource, d.daysLeft(reg.Time, end))
	}
	if d.doc.Kind == kindChange {
		d.st.Totals.write(b, ffd.TagFNCounters)
	}
}
