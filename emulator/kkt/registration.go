package kkt

import (
	"time"

	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/emulator/fnport"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
)

// DefaultFNSSite is tag 1060 of new registrations.
const DefaultFNSSite = "www.nalog.gov.ru"

// Register makes the registration report (form 1): the first document of a drive.
func (k *KKT) Register(r Registration) (Result, error) {
	defer k.hold()()
	s, err := k.begin()
	if err != nil {
		return Result{}, err
	}
	if s.Phase != fnport.PhaseReady {
		return Result{}, refuse(RuleFN, "ФН в фазе %02Xh: регистрация возможна только с новым ФН", byte(s.Phase))
	}
	return k.register(Change{Registration: r}, fnport.FirstRegistration)
}

// ChangeRegistration makes a report on a change of registration (form 11) without
// replacement of the drive. Empty texts stay as registered; modes, tax systems and
// agents are taken as given. A change of the format version is preceded by a state
// report. KKT.Registration gives the registration in force to start from.
func (k *KKT) ChangeRegistration(c Change) (Result, error) {
	defer k.hold()()
	s, err := k.begin()
	if err != nil {
		return Result{}, err
	}
	if err := k.registered(s); err != nil {
		return Result{}, err
	}
	if s.ShiftOpen {
		return Result{}, refuse(RuleShift, "смена открыта: закройте ее перед изменением параметров регистрации")
	}
	life, err := k.drive.Life()
	if err != nil {
		return Result{}, k.refused(err)
	}
	if life.Left == 0 {
		return Result{}, refuse("FN-012", "в ФН не осталось перерегистраций: сделано %d", life.Done)
	}
	c.inherit(k.reg)
	switch {
	case c.RegNumber != k.reg.RegNumber:
		return Result{}, refuse("I-03", "регистрационный номер ККТ записывается в ФН один раз и не меняется")
	case c.UserINN != k.reg.UserINN:
		return Result{}, refuse("I-04", "ИНН пользователя записывается в ФН один раз и не меняется")
	case c.Bits&ChangeFN != 0:
		return Result{}, refuse(RuleRegistration, "причину «замена ФН» ставит сам ФН при его замене")
	}
	return k.register(c, fnport.ChangeOnly)
}

// ReplaceFN puts a new drive in and makes form 11 with reason 1 (bit 0 of 1205;
// FN-013): same registration number and INN, document number 1. The old drive
// should be closed before (CloseArchive). On an error the old drive stays.
func (k *KKT) ReplaceFN(port fnport.Port, c Change) (Result, error) {
	defer k.hold()()
	if _, err := k.begin(); err != nil {
		return Result{}, err
	}
	if k.reg == nil {
		return Result{}, refuse(RuleNotRegistered, "ККТ не зарегистрирована: замена ФН невозможна, нужна регистрация")
	}
	c.inherit(k.reg)
	if c.RegNumber != k.reg.RegNumber || c.UserINN != k.reg.UserINN {
		return Result{}, refuse("FN-013", "при замене ФН регистрационный номер и ИНН пользователя не меняются")
	}
	oldDrive, oldReg, oldFN := k.drive, k.reg, k.fn
	restore := func(err error) (Result, error) {
		k.drive, k.reg, k.fn, k.loaded = oldDrive, oldReg, oldFN, true
		return Result{}, err
	}
	k.drive = fnport.New(port)
	s, err := k.drive.Status()
	if err != nil {
		return restore(k.refused(err))
	}
	if s.Phase != fnport.PhaseReady {
		return restore(refuse(RuleFN, "новый ФН в фазе %02Xh: нужен не использованный", byte(s.Phase)))
	}
	k.fn = s.FN
	res, err := k.register(c, fnport.Replacement)
	if err != nil {
		return restore(err)
	}
	k.opened = time.Time{}
	return res, nil
}

// inherit fills the texts that a change leaves empty from the registration in force.
func (c *Change) inherit(old *Registration) {
	keep(&c.RegNumber, old.RegNumber)
	keep(&c.UserINN, old.UserINN)
	keep(&c.KKTNumber, old.KKTNumber)
	keep(&c.KKTVersion, old.KKTVersion)
	keep(&c.User, old.User)
	keep(&c.Address, old.Address)
	keep(&c.Place, old.Place)
	keep(&c.Tax, old.Tax)
	keep(&c.MachineNumber, old.MachineNumber)
	keep(&c.FFD, old.FFD)
	keep(&c.Cashier, old.Cashier)
	if !c.Autonomous {
		keep(&c.OFDINN, old.OFDINN)
		keep(&c.OFDName, old.OFDName)
		keep(&c.FNSSite, old.FNSSite)
		keep(&c.SellerAddress, old.SellerAddress)
	}
}

func keep[T comparable](v *T, old T) {
	var zero T
	if *v == zero {
		*v = old
	}
}

// register makes form 1 or 11.
func (k *KKT) register(c Change, kind fnport.RegistrationType) (Result, error) {
	highest, err := k.highestFFD()
	if err != nil {
		return Result{}, err
	}
	if c.FFD == 0 {
		c.FFD = min(highest, k.opts.FFD)
	}
	keep(&c.KKTVersion, k.opts.Version)
	if !c.Autonomous {
		keep(&c.FNSSite, DefaultFNSSite)
	}
	form := fiscal.FormFiscalReport
	if kind != fnport.FirstRegistration {
		form = fiscal.FormFiscalReportCorrection
	}
	w := k.writer(c.FFD, form)
	c.checkModes(w, k.opts.FFD, highest)
	if kind == fnport.ChangeOnly {
		c.findReasons(w, k.reg)
	}
	c.write(w, kind, k.opts.FFD, highest)
	fields, err := w.done()
	if err != nil {
		return Result{}, err
	}
	if kind == fnport.ChangeOnly && c.FFD != k.reg.FFD {
		if err := k.reportBeforeNewFFD(); err != nil {
			return Result{}, err
		}
	}
	at := k.now()
	formed, err := k.formRegistration(&c, kind, at, fields)
	if err != nil {
		return Result{}, err
	}
	reg := c.Registration
	k.reg, k.loaded = &reg, true
	return k.finish(form, formed, at, 0, w.warnings)
}

// highestFFD asks the drive for its highest format version. Drives that do not
// know the command are of 1.05.
func (k *KKT) highestFFD() (fiscal.FFD, error) {
	_, highest, err := k.drive.FFD()
	switch fnport.Code(err) {
	case fn.BadCommand, fn.NotForFFD:
		return fiscal.FFD105, nil
	}
	return highest, k.refused(err)
}

// reportBeforeNewFFD makes the state report that must stand right before a change
// of the format version, with everything sent.
func (k *KKT) reportBeforeNewFFD() error {
	if !k.reg.Autonomous {
		n, err := k.drive.Unconfirmed()
		if err != nil {
			return k.refused(err)
		}
		if n > 0 {
			return refuse("Q-10", "перед изменением версии ФФД передайте в ОФД все документы: не передано %d", n)
		}
	}
	_, err := k.stateReport()
	return err
}

func (k *KKT) formRegistration(c *Change, kind fnport.RegistrationType, at time.Time, fields []byte) (fnport.Formed, error) {
	p := fnport.RegistrationParams{Type: kind, Time: at, INN: c.UserINN, RegNumber: c.RegNumber, Tax: byte(c.Tax),
		Mode: c.mode(), ExtMode: c.extMode(), OFD: c.OFDINN, Reasons: uint32(c.Bits)}
	if c.Autonomous {
		p.OFD = fiscal.NoINN
	}
	if len(c.Reasons) > 0 {
		p.Reason = c.Reasons[0]
	}
	v2 := c.FFD >= fiscal.FFD11
	var err error
	if v2 {
		err = k.drive.BeginRegistrationV2(kind, c.FFD)
	} else {
		err = k.drive.BeginRegistration(kind)
	}
	if err != nil {
		return fnport.Formed{}, k.refused(err)
	}
	if err := k.drive.Data(fields); err != nil {
		return fnport.Formed{}, k.abandon(err)
	}
	var formed fnport.Formed
	if v2 {
		formed, err = k.drive.FormRegistrationV2(p)
	} else {
		formed, err = k.drive.FormRegistration(p)
	}
	if err != nil {
		return formed, k.abandon(err)
	}
	return formed, nil
}

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
	case fiscal.FFD105, fiscal.FFD11, fiscal.FFD12:
	default:
		w.refuse(RuleFFD, "ФФД %s: регистрация возможна по 1.05, 1.1 и 1.2", c.FFD)
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
	if c.FFD == fiscal.FFD105 && len(c.Reasons) > 1 {
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
