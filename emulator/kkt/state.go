package kkt

import (
	"errors"
	"fmt"
	"time"

	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/emulator/fnport"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// begin asks the drive where it stands, drops a document that a power cut left
// half-made (FN-034, K-013), and loads the registration the first time.
func (k *KKT) begin() (fnport.Status, error) {
	s, err := k.drive.Status()
	if err != nil {
		return s, k.refused(err)
	}
	if s.Document != 0 {
		if err := k.drive.Cancel(); err != nil {
			return s, k.refused(err)
		}
		k.log.Warn("half-made document cancelled", "fn", s.FN, "kind", s.Document)
	}
	if k.loaded && s.FN == k.fn {
		return s, nil
	}
	k.fn, k.reg, k.opened = s.FN, nil, time.Time{}
	if s.Phase >= fnport.PhaseFiscal {
		if err := k.load(); err != nil {
			return s, err
		}
	}
	if s.ShiftOpen {
		if err := k.findOpening(s.LastFD); err != nil {
			return s, err
		}
	}
	k.loaded = true
	return s, nil
}

// load reads the registration in force from the drive (44h, 47h).
func (k *KKT) load() error {
	fields, err := k.drive.Registration(0)
	if err != nil {
		return fmt.Errorf("kkt: reading the registration from the drive: %w", err)
	}
	r, err := parseRegistration(fields)
	if err != nil {
		return fmt.Errorf("kkt: reading the registration from the drive: %w", err)
	}
	k.reg = &r
	return nil
}

// findOpening looks back in the archive for the opening of the current shift.
func (k *KKT) findOpening(last fiscal.FDNumber) error {
	for fd := last; fd > 0; fd-- {
		rec, err := k.drive.FindDocument(fd)
		if err != nil {
			return fmt.Errorf("kkt: looking for the shift opening: %w", err)
		}
		if rec.Form == fiscal.FormOpenShift {
			k.opened = rec.Time
			return nil
		}
	}
	return nil
}

// now is the register's wall clock in whole minutes, shown in UTC as documents
// carry it.
func (k *KKT) now() time.Time {
	return tlv.WallClock(k.opts.Now()).Truncate(time.Minute)
}

// registered refuses what needs a registered drive in the given phase.
func (k *KKT) registered(s fnport.Status) error {
	switch {
	case k.reg == nil:
		return refuse(RuleNotRegistered, "ККТ не зарегистрирована: сначала отчет о регистрации")
	case s.Phase != fnport.PhaseFiscal:
		return refuse(RuleFN, "ФН закрыт (фаза %02Xh): документы не формируются", byte(s.Phase))
	}
	return nil
}

// sound is registered, and a drive without a critical error: with one the register
// stops selling (fn.md 5.3, K-049). Closing shift and drive stays possible.
func (k *KKT) sound(s fnport.Status) error {
	if err := k.registered(s); err != nil {
		return err
	}
	if s.Warnings&fnport.WarnCritical != 0 {
		return refuse(RuleFN, "критическая ошибка ФН: расчеты остановлены, замените ФН")
	}
	return nil
}

// refused turns a refusal of the drive into one of the register, with a sentence
// for the person at the till. Other errors stay as they are.
func (k *KKT) refused(err error) error {
	var e *fn.Error
	if !errors.As(err, &e) {
		return err
	}
	r := &Refusal{Rule: RuleFN, Err: err}
	switch e.Answer.Code {
	case fn.WrongTime:
		r.Rule, r.Text = "FN-030", "время ККТ раньше последнего документа ФН: проверьте часы"
	case fn.KeysOver, fn.LifeOver:
		r.Rule, r.Text = "FN-024", "срок действия ключей ФП исчерпан: закройте смену и замените ФН"
	case fn.ArchiveFull:
		r.Rule, r.Text = "FN-024", "архив ФН заполнен: закройте смену и замените ФН"
	case fn.QueueFull:
		r.Rule, r.Text = "FN-024", "память ФН для документов ОФД заполнена: передайте документы в ОФД"
	case fn.WaitedTooLong:
		r.Rule, r.Text = "FN-024", "документы не переданы в ОФД более 30 дней: работа возможна после передачи"
	case fn.ShiftTooLong:
		r.Rule, r.Text = RuleShiftAge, "смена длится более 24 часов: закройте смену"
	case fn.TimeDifference:
		r.Rule, r.Text = "FN-032", "часы ККТ расходятся с таймером ФН более чем на 5 минут: установите время"
	case fn.TooLong, fn.TooManyItems:
		r.Rule, r.Text = "S-03", "документ не помещается в ФН: слишком много данных"
	case fn.MarkingForbidden, fn.MarkingOrder, fn.MarkingBlocked, fn.MarkingTableFull, fn.MarkingTags, fn.MarkingUnchecked:
		r.Rule, r.Text = RuleMarking, "ФН отказал в работе с кодом маркировки"
	default:
		r.Text = fmt.Sprintf("ФН ответил кодом %02Xh на команду %02Xh", byte(e.Answer.Code), e.Command)
	}
	if e.Answer.Why != "" {
		r.Text += " (" + e.Answer.Why + ")"
	}
	return r
}

// abandon cancels the document begun and reports why it was not made.
func (k *KKT) abandon(err error) error {
	if cerr := k.drive.Cancel(); cerr != nil {
		k.log.Warn("cancelling a document", "fn", k.fn, "err", cerr)
	}
	return k.refused(err)
}
