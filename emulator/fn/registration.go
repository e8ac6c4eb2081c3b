package fn

import (
	"encoding/binary"
	"strings"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// Bits of the mode byte of 03h and A3h (fn.md 9.1).
const (
	ModeEncryption byte = 1 << 0
	ModeAutonomous byte = 1 << 1
	ModeAutomatic  byte = 1 << 2
	ModeServices   byte = 1 << 3
	ModeBSO        byte = 1 << 4
	ModeInternet   byte = 1 << 5
	ModeBankAgents byte = 1 << 6
)

// Bits of the extended mode byte of A3h. The papers name the byte and not its bits;
// this order is the one of published drivers.
const (
	ExtExcise    byte = 1 << 0 // 1207; 1290 bit 6
	ExtGambling  byte = 1 << 1 // 1193; 1290 bit 10
	ExtLottery   byte = 1 << 2 // 1126; 1290 bit 11
	ExtPrinter   byte = 1 << 3 // 1221; 1290 bit 1
	ExtMarking   byte = 1 << 4 // 1290 bit 8
	ExtPawnshop  byte = 1 << 5 // 1290 bit 12
	ExtInsurance byte = 1 << 6 // 1290 bit 13
	ExtVending   byte = 1 << 7 // 1290 bit 14
)

// TaxGeneral is the general tax system in the tax byte (tag 1062 bit 0).
const TaxGeneral byte = 1 << 0

// reasonReplaced is bit 0 of 1205 and the code 1 of 1101: the FN was replaced.
const reasonReplaced = 1

// reservedReasons are the bits of 1205 that are always 0.
const reservedReasons = 0x7FC00000

// registration is one registration report or change of it, as the drive keeps it.
type registration struct {
	FD        uint32
	FP        uint32
	Form      fiscal.Form
	Time      moment
	INN       fiscal.INN
	RNM       fiscal.RegNumber
	Tax, Mode byte
	Ext       byte // of A3h, joined with what the register's tags say
	OFD       fiscal.INN
	Reasons   uint32 // 1101 as a code for FFD 1.0 and 1.05, 1205 as bits above
	FFD       fiscal.FFD
	Agents    bool // 1057 among the register's tags
}

func (r *registration) autonomous() bool { return r.Mode&ModeAutonomous != 0 }
func (r *registration) encrypted() bool  { return r.Mode&ModeEncryption != 0 }
func (r *registration) bso() bool        { return r.Mode&ModeBSO != 0 }
func (r *registration) marking() bool {
	return r.FFD == fiscal.FFD12 && r.Ext&ExtMarking != 0
}

// Types of a registration: the first parameter of 02h and A2h.
const (
	regFirst   = 0
	regReplace = 1
	regChange  = 2
)

// beginRegistration is 02h: registration of FFD 1.0 and 1.05.
func (d *Device) beginRegistration(data []byte) ([]byte, *refusal) {
	if d.model.LowestFFD > fiscal.FFD105 {
		return nil, refuse(NotForFFD, "модель %s работает с ФФД %s и выше, регистрируйте командой A2h", d.model.Name, d.model.LowestFFD)
	}
	return d.startRegistration(data[0], 0, false)
}

// beginRegistrationV2 is A2h: registration of FFD 1.1 and 1.2.
func (d *Device) beginRegistrationV2(data []byte) ([]byte, *refusal) {
	v := fiscal.FFD(data[1])
	if v < fiscal.FFD11 || v > fiscal.FFD12 {
		return nil, refuse(BadValue, "версия ФФД %d: A2h регистрирует ФФД 1.1 (3) и 1.2 (4), прежние — команда 02h", data[1])
	}
	if v < d.model.LowestFFD || v > d.model.HighestFFD {
		return nil, refuse(BadValue, "модель %s поддерживает ФФД от %s до %s, а не %s", d.model.Name, d.model.LowestFFD, d.model.HighestFFD, v)
	}
	return d.startRegistration(data[0], v, true)
}

func (d *Device) startRegistration(kind byte, v fiscal.FFD, v2 bool) ([]byte, *refusal) {
	kinds := [...]docKind{regFirst: kindRegistration, regReplace: kindReplacement, regChange: kindChange}
	switch {
	case int(kind) >= len(kinds):
		return nil, refuse(BadCommand, "тип отчета о регистрации %d неизвестен: 0, 1 или 2", kind)
	case d.st.Phase == PhaseReady && kind == regChange:
		return nil, refuse(WrongState, "изменение параметров до регистрации невозможно")
	case d.st.Phase == PhaseFiscal && kind != regChange:
		return nil, refuse(WrongState, "ФН уже зарегистрирован: в фазе 0x03 возможен только тип 2")
	case len(d.st.Regs) >= d.set.Registrations:
		return nil, refuse(WrongState, "сделано отчетов о регистрации: %d, больше ФН не принимает", len(d.st.Regs)) // FN-012
	}
	if r := d.limits(needKeys | needArchive); r != nil {
		return nil, r
	}
	d.begin(kinds[kind], 0)
	d.doc.FFD, d.doc.V2 = v, v2
	return nil, nil
}

// Offsets of the common parameters of 03h and A3h: time 5, INN 12, RNM 20, tax
// systems 1, mode 1.
const (
	offRegINN  = timeLen
	offRegRNM  = offRegINN + fiscal.INNLen
	offRegTax  = offRegRNM + fiscal.RegNumberLen
	offRegMode = offRegTax + 1
	regBase    = offRegMode + 1
	regBaseV2  = regBase + 1 + fiscal.INNLen // and extended mode 1, operator's INN 12
)

// formRegistration is 03h. Type 2 has one byte more: the reason (1101).
func (d *Device) formRegistration(data []byte) ([]byte, *refusal) {
	if d.doc.V2 {
		return nil, refuse(WrongState, "регистрация начата командой A2h, завершается командой A3h")
	}
	reg, r := d.readRegistration(data)
	if r != nil {
		return nil, r
	}
	rest := data[regBase:]
	switch d.doc.Kind {
	case kindChange:
		if len(rest) != 1 {
			return nil, refuse(BadCommand, "при изменении параметров нужен байт причины")
		}
		if rest[0] <= reasonReplaced || rest[0] > 4 {
			return nil, refuse(BadValue, "код причины перерегистрации %d: без замены ФН допустимы 2, 3, 4", rest[0])
		}
		reg.Reasons = uint32(rest[0])
	case kindReplacement:
		if len(rest) == 1 && rest[0] != reasonReplaced {
			return nil, refuse(BadValue, "код причины %d при замене ФН: его ставит сам ФН (1)", rest[0])
		}
		reg.Reasons = reasonReplaced
	default:
		if len(rest) != 0 {
			return nil, refuse(BadCommand, "при регистрации причины нет, получено лишних байт: %d", len(rest))
		}
	}
	if reg.FFD, r = registeredFFD(d.doc.Data); r != nil {
		return nil, r
	}
	if reg.FFD < d.model.LowestFFD {
		return nil, refuse(NotForFFD, "модель %s поддерживает ФФД с %s, реквизит 1209 называет %s", d.model.Name, d.model.LowestFFD, reg.FFD)
	}
	reg.OFD = d.operatorOf(reg)
	return d.finishRegistration(reg)
}

// formRegistrationV2 is A3h. Types 1 and 2 may have four bytes more: reasons (1205).
func (d *Device) formRegistrationV2(data []byte) ([]byte, *refusal) {
	if !d.doc.V2 {
		return nil, refuse(WrongState, "регистрация начата командой 02h, завершается командой 03h")
	}
	reg, r := d.readRegistration(data)
	if r != nil {
		return nil, r
	}
	if len(data) < regBaseV2 {
		return nil, refuse(BadCommand, "%d байт, нужно не меньше %d", len(data), regBaseV2)
	}
	reg.FFD, reg.Ext = d.doc.FFD, data[regBase]
	reg.OFD = fiscal.INN(strings.TrimRight(string(data[regBase+1:regBaseV2]), " "))
	if reg.OFD == "" && reg.autonomous() {
		reg.OFD = fiscal.NoINN
	}
	switch rest := data[regBaseV2:]; {
	case len(rest) == 4:
		reg.Reasons = binary.LittleEndian.Uint32(rest)
	case len(rest) != 0:
		return nil, refuse(BadCommand, "причины изменения занимают 4 байта, получено %d", len(rest))
	}
	switch {
	case d.doc.Kind == kindRegistration && reg.Reasons != 0:
		return nil, refuse(BadValue, "причины изменения %#x при первой регистрации", reg.Reasons)
	case d.doc.Kind == kindReplacement:
		reg.Reasons |= reasonReplaced // FN-013
	case d.doc.Kind == kindChange && (reg.Reasons == 0 || reg.Reasons&reasonReplaced != 0):
		return nil, refuse(BadValue, "причины изменения %#x: нужна хотя бы одна, и не замена ФН", reg.Reasons)
	}
	if reg.Reasons&reservedReasons != 0 {
		return nil, refuse(BadValue, "причины изменения %#x: биты 22–30 всегда 0", reg.Reasons)
	}
	d.readConditions(reg)
	return d.finishRegistration(reg)
}

// readRegistration reads what 03h and A3h have in common and sets the clock.
func (d *Device) readRegistration(data []byte) (*registration, *refusal) {
	t, r := d.readTime(data)
	if r != nil {
		return nil, r
	}
	reg := &registration{Form: d.doc.Kind.form(), Time: t, Tax: data[offRegTax], Mode: data[offRegMode]}
	inn := strings.TrimRight(string(data[offRegINN:offRegRNM]), " ")
	if len(inn) == fiscal.INNLen && strings.HasPrefix(inn, "00") {
		inn = inn[2:] // some registers pad on the left (fn.md section 2)
	}
	if (len(inn) != 10 && len(inn) != 12) || !isDigits(inn) || strings.Trim(inn, "0") == "" {
		return nil, refuse(BadValue, "ИНН пользователя %q: нужны 10 или 12 цифр", inn)
	}
	rnm, err := fiscal.ParseRegNumber(string(data[offRegRNM:offRegTax]))
	if err != nil {
		return nil, refuse(BadValue, "регистрационный номер %q: нужны 16 цифр и 4 пробела", string(data[offRegRNM:offRegTax]))
	}
	reg.INN, reg.RNM = fiscal.INN(inn), rnm
	return reg, nil
}

// registeredFFD is what tag 1209 of a report by 02h says; without it FFD 1.0.
func registeredFFD(data []byte) (fiscal.FFD, *refusal) {
	value, ok := tlv.Find(data, ffd.TagFFDVersion)
	if !ok {
		return fiscal.FFD10, nil
	}
	n, err := tlv.Uint(value)
	if err != nil || n < uint64(fiscal.FFD10) || n > uint64(fiscal.FFD105) {
		return 0, refuse(BadValue, "реквизит 1209 = % X: командами 02h и 03h регистрируют ФФД 1.0 и 1.05", value)
	}
	return fiscal.FFD(n), nil
}

// operatorOf is the operator's INN by tag 1017; a report of FFD 1.0 may lack it
// (cap-02), then its keys are those of no operator.
func (d *Device) operatorOf(reg *registration) fiscal.INN {
	if value, ok := tlv.Find(d.doc.Data, ffd.TagOFDINN); ok && !reg.autonomous() {
		return fiscal.INN(strings.TrimRight(string(value), " "))
	}
	return fiscal.NoINN
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
