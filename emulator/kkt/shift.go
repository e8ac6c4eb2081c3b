package kkt

import (
	"time"

	"github.com/fiscalbench/fiscalbench/emulator/fnport"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
)

// ShiftLimit is the greatest length of a shift (law 54-ФЗ; exactly 24 hours are
// still allowed, FN-033).
const ShiftLimit = 24 * time.Hour

// cashier writes 1021 and 1203; an automatic device has nobody at the till.
func (k *KKT) cashier(w *writer, c Cashier) {
	if c.Name == "" && !k.reg.Automatic {
		w.refuse("R-11", "кассир (1021) не указан: он обязателен, кроме автоматов для расчетов")
	}
	w.text(ffd.TagCashier, c.Name)
	w.inn(ffd.TagCashierINN, c.INN, "I-07")
	if c.INN != "" && len(c.INN) == 10 {
		w.refuse("I-07", "ИНН кассира (1203): нужны 12 цифр, ИНН физического лица")
	}
}

// OpenShift makes the shift opening report (form 2). An empty cashier is the one
// of the registration.
func (k *KKT) OpenShift(c Cashier) (Result, error) {
	defer k.hold()()
	s, err := k.begin()
	if err != nil {
		return Result{}, err
	}
	if err := k.sound(s); err != nil {
		return Result{}, err
	}
	if s.ShiftOpen {
		return Result{}, refuse(RuleShift, "смена уже открыта")
	}
	w := k.writer(k.reg.FFD, fiscal.FormOpenShift)
	k.cashier(w, k.orRegistered(c))
	w.text(ffd.TagKKTVersion, k.reg.KKTVersion)
	w.byte(ffd.TagKKTFFDVersion, byte(k.opts.FFD))
	at, formed, err := k.report(w, k.drive.BeginOpenShift, k.drive.OpenShift)
	if err != nil {
		return Result{}, err
	}
	k.opened = at
	return k.finish(fiscal.FormOpenShift, formed, at, formed.Number, w.warnings)
}

// orRegistered is the cashier of the registration when none is given.
func (k *KKT) orRegistered(c Cashier) Cashier {
	if c.Name == "" && c.INN == "" && !k.reg.Automatic {
		return k.reg.Cashier
	}
	return c
}

// CloseShift makes the shift closing report (form 5). An empty cashier is the one
// of the registration.
func (k *KKT) CloseShift(c Cashier) (Result, error) {
	defer k.hold()()
	s, err := k.begin()
	if err != nil {
		return Result{}, err
	}
	if err := k.registered(s); err != nil {
		return Result{}, err
	}
	if !s.ShiftOpen {
		return Result{}, refuse(RuleShift, "смена не открыта: закрывать нечего")
	}
	w := k.writer(k.reg.FFD, fiscal.FormCloseShift)
	k.cashier(w, k.orRegistered(c))
	at, formed, err := k.report(w, k.drive.BeginCloseShift, k.drive.CloseShift)
	if err != nil {
		return Result{}, err
	}
	k.opened = time.Time{}
	return k.finish(fiscal.FormCloseShift, formed, at, formed.Number, w.warnings)
}

// StateReport makes the report on the current state of settlements (form 21), in
// any state of the shift and after closing the drive (FN-002).
func (k *KKT) StateReport() (Result, error) {
	defer k.hold()()
	s, err := k.begin()
	if err != nil {
		return Result{}, err
	}
	if k.reg == nil {
		return Result{}, k.registered(s)
	}
	return k.stateReport()
}

func (k *KKT) stateReport() (Result, error) {
	w := k.writer(k.reg.FFD, fiscal.FormCurrentStateReport)
	at, formed, err := k.report(w, k.drive.BeginStateReport, func() (fnport.Formed, error) {
		r, err := k.drive.FormStateReport()
		return r.Formed, err
	})
	if err != nil {
		return Result{}, err
	}
	shift, err := k.drive.ShiftParams()
	if err != nil || !shift.Open {
		shift.Shift = 0
	}
	return k.finish(fiscal.FormCurrentStateReport, formed, at, shift.Shift, w.warnings)
}

// CloseArchive makes the report on closing the drive (form 6), its last document.
// In transfer mode everything earlier must be confirmed (FN-010, K-051). An empty
// cashier is the one of the registration.
func (k *KKT) CloseArchive(c Cashier) (Result, error) {
	defer k.hold()()
	s, err := k.begin()
	if err != nil {
		return Result{}, err
	}
	if err := k.registered(s); err != nil {
		return Result{}, err
	}
	if s.ShiftOpen {
		return Result{}, refuse(RuleShift, "смена открыта: закройте ее перед закрытием ФН")
	}
	w := k.writer(k.reg.FFD, fiscal.FormCloseArchive)
	if !k.reg.Autonomous {
		n, err := k.drive.Unconfirmed()
		if err != nil {
			return Result{}, k.refused(err)
		}
		if n > 0 {
			w.refuse("FN-010", "не передано документов в ОФД: %d; закрытие ФН возможно после их подтверждения", n)
		}
	}
	w.text(ffd.TagUser, k.reg.User)
	w.text(ffd.TagRetailPlaceAddress, k.reg.Address)
	w.text(ffd.TagRetailPlace, k.reg.Place)
	k.cashier(w, k.orRegistered(c))
	at, formed, err := k.report(w, func(time.Time) error { return k.drive.BeginCloseArchive() },
		func() (fnport.Formed, error) { return k.drive.CloseArchive(k.now(), k.reg.RegNumber) })
	if err != nil {
		return Result{}, err
	}
	return k.finish(fiscal.FormCloseArchive, formed, at, 0, w.warnings)
}

// report has the drive make a document: begin, data, finish in one go (FN-034).
func (k *KKT) report(w *writer, begin func(time.Time) error, form func() (fnport.Formed, error)) (time.Time, fnport.Formed, error) {
	w.byte(ffd.TagFFDVersion, byte(w.v))
	fields, err := w.done()
	if err != nil {
		return time.Time{}, fnport.Formed{}, err
	}
	at := k.now()
	if err := begin(at); err != nil {
		return at, fnport.Formed{}, k.refused(err)
	}
	if err := k.drive.Data(fields); err != nil {
		return at, fnport.Formed{}, k.abandon(err)
	}
	formed, err := form()
	if err != nil {
		return at, formed, k.abandon(err)
	}
	return at, formed, nil
}
