package kkt

import (
	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/emulator/fnport"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
)

// mode is the mode byte of 03h and A3h.
func (r *Registration) mode() (m fnport.Mode) {
	for _, f := range []struct {
		set bool
		bit fnport.Mode
	}{
		{r.Encryption, fnport.ModeEncryption}, {r.Autonomous, fnport.ModeAutonomous}, {r.Automatic, fnport.ModeAutomatic},
		{r.Services, fnport.ModeServices}, {r.BSO, fnport.ModeBSO}, {r.InternetOnly, fnport.ModeInternet},
		{r.Agents&(AgentBankPayment|AgentBankPaymentSub) != 0, fnport.ModeAgents},
	} {
		if f.set {
			m |= f.bit
		}
	}
	return m
}

// extMode is the extended mode byte of A3h.
func (r *Registration) extMode() (m byte) {
	for _, f := range []struct {
		set bool
		bit byte
	}{
		{r.Excise, fn.ExtExcise}, {r.Gambling, fn.ExtGambling}, {r.Lottery, fn.ExtLottery}, {r.PrinterInMachine, fn.ExtPrinter},
		{r.Marking, fn.ExtMarking}, {r.Pawnshop, fn.ExtPawnshop}, {r.Insurance, fn.ExtInsurance}, {r.Vending, fn.ExtVending},
	} {
		if f.set {
			m |= f.bit
		}
	}
	return m
}

// checkModes refuses settings that contradict each other.
func (c *Change) checkModes(w *writer, kkt, drive fiscal.FFD) {
	switch c.FFD {
	case fiscal.FFD10, fiscal.FFD105, fiscal.FFD11, fiscal.FFD12:
	default:
		w.refuse(RuleFFD, "ФФД %s: регистрация возможна по 1.0, 1.05, 1.1 и 1.2", c.FFD)
	}
	if c.FFD > kkt || c.FFD > drive {
		w.refuse(RuleFFD, "ФФД %s: ККТ поддерживает до %s, ФН до %s", c.FFD, kkt, drive)
	}
	if err := c.UserINN.Check(); err != nil {
		w.refuse("I-04", "ИНН пользователя: %s", innFault(c.UserINN))
	}
	if err := c.RegNumber.Check(c.UserINN, c.KKTNumber); err != nil {
		w.refuse("I-03", "регистрационный номер ККТ %s не подходит к ИНН пользователя и заводскому номеру %s: проверьте контрольные цифры",
			string(c.RegNumber), c.KKTNumber)
	}
	if c.Tax == 0 || c.Tax&^taxAll != 0 {
		w.refuse("S-10", "системы налогообложения (1062): нужен хотя бы один из битов 0–5")
	}
	if c.Agents&^agentAll != 0 {
		w.refuse("S-10", "признак агента (1057): бит 7 не используется")
	}
	switch {
	case c.Autonomous && c.Encryption:
		w.refuse("P-02", "в автономном режиме шифрования нет")
	case c.Autonomous && c.OFDINN != "" && c.OFDINN != fiscal.NoINN:
		w.refuse("I-05", "в автономном режиме ОФД не указывается")
	case c.Automatic && c.MachineNumber == "":
		w.refuse("P-03", "автоматический режим: нужен номер автомата (1036)")
	case c.PrinterInMachine && !c.Automatic:
		w.refuse(RuleRegistration, "принтер в автомате возможен только в автоматическом режиме")
	}
	if !c.Autonomous {
		if err := c.OFDINN.Check(); err != nil {
			w.refuse("I-05", "ИНН ОФД: %s", innFault(c.OFDINN))
		}
	}
	if c.FFD != fiscal.FFD12 && (c.Marking || c.Pawnshop || c.Insurance || c.Vending || c.Catering || c.Wholesale) {
		w.refuse(RuleFFD, "маркировка, ломбард, страхование, торговый автомат, общепит и опт маркированных товаров указываются при ФФД 1.2")
	}
	if c.FFD == fiscal.FFD12 && c.Agents != 0 {
		w.refuse(RuleFFD, "признака агента (1057) в регистрации по ФФД 1.2 нет")
	}
}

// findReasons fills the reasons of a change from what differs, when none are given.
func (c *Change) findReasons(w *writer, old *Registration) {
	if c.Bits == 0 {
		c.Bits = changes(old, &c.Registration)
	}
	if len(c.Reasons) == 0 {
		c.Reasons = c.Bits.codes()
	}
	if c.FFD < fiscal.FFD11 {
		for _, r := range c.Reasons {
			if r < 2 || r > 4 {
				w.refuse("P-05", "код причины перерегистрации (1101) %d: без замены ФН допустимы 2, 3 и 4", r)
			}
		}
		if len(c.Reasons) == 0 {
			w.refuse("P-05", "параметры не изменились: укажите причину перерегистрации (1101)")
		}
		return
	}
	if c.Bits == 0 {
		w.refuse("P-06", "параметры не изменились: укажите причину (1205)")
	}
}

// write gives the register's fields of forms 1 and 11. What the drive adds itself
// (fn.md section 12) is not among them.
func (c *Change) write(w *writer, kind fnport.RegistrationType, kkt, drive fiscal.FFD) {
	if c.FFD < fiscal.FFD11 && len(c.Reasons) > 1 {
		for _, r := range c.Reasons[1:] {
			w.byte(ffd.TagChangeReason, r)
		}
	}
	w.require(ffd.TagKKTNumber, c.KKTNumber)
	w.require(ffd.TagUser, c.User)
	w.require(ffd.TagRetailPlaceAddress, c.Address)
	w.require(ffd.TagRetailPlace, c.Place)
	if c.Autonomous {
		w.field(ffd.TagOFDINN, func(*ffd.TagInfo) { w.b.FixedText(ffd.TagOFDINN, string(fiscal.NoINN), fiscal.INNLen) })
	} else {
		w.inn(ffd.TagOFDINN, c.OFDINN, "I-05")
		w.require(ffd.TagOFDName, c.OFDName)
		w.require(ffd.TagFNSSite, c.FNSSite)
		w.require(ffd.TagSellerAddress, c.SellerAddress)
	}
	w.require(ffd.TagCashier, c.Cashier.Name)
	w.inn(ffd.TagCashierINN, c.Cashier.INN, "I-07")
	w.text(ffd.TagMachineNumber, c.MachineNumber)
	if c.Agents != 0 {
		w.byte(ffd.TagAgentType, byte(c.Agents))
	}
	if c.FFD < fiscal.FFD12 {
		w.flag(ffd.TagLotterySign, c.Lottery)
		w.flag(ffd.TagGamblingSign, c.Gambling)
		w.flag(ffd.TagExciseDutyProductSign, c.Excise)
		w.flag(ffd.TagPrintInMachineSign, c.PrinterInMachine)
	} else if c.Catering || c.Wholesale { // bits that A3h has no place for
		w.uint32(ffd.TagUsageConditions, c.conditions())
	}
	w.require(ffd.TagKKTVersion, c.KKTVersion)
	w.byte(ffd.TagKKTFFDVersion, byte(kkt))
	if c.FFD == fiscal.FFD105 && drive >= fiscal.FFD11 { // S-14: 3 or 4, when present
		w.byte(ffd.TagFNFFDVersion, byte(drive))
	}
	w.byte(ffd.TagFFDVersion, byte(c.FFD))
	w.text(ffd.TagAdditionalPropsFRC, c.Property)
	w.raw(ffd.TagAdditionalDataFRC, c.PropertyData)
}
