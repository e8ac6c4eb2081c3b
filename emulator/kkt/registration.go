package kkt

import (
	"time"

	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/emulator/fnport"
	"github.com/fiscalbench/fiscalbench/fiscal"
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
