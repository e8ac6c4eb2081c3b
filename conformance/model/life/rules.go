package life

import (
	"fmt"
	"time"
)

// Begin says what may be answered when a document of a kind is begun. Forms 1, 11 and
// 6 are begun without a time.
func (d *Drive) Begin(k Kind, at time.Time) (r Reasons) {
	if d.Making != 0 {
		r.No("another document is being made", WrongState)
	}
	d.state(k, &r)
	switch k {
	case Registration, Change:
		d.reports(&r)
	case CloseArchive:
		d.closing(&r)
	default:
		d.time(k, at, &r)
		d.limits(k, at, &r)
	}
	return r
}

// Finish says what may be answered when the document being made is finished. Receipts,
// registrations and the closing of the drive bring a time.
func (d *Drive) Finish(k Kind, at time.Time) (r Reasons) {
	if d.Making != k {
		r.No("another document is being made, or none", WrongState)
		return r
	}
	switch k {
	case Registration, Change:
		d.time(k, at, &r)
		d.unclearKeys(at, &r)
	case CloseArchive:
		d.time(k, at, &r)
		d.closing(&r)
	case Receipt, Correction:
		if at.Before(d.Begun) {
			r.No("finished before it was begun", WrongTime)
		}
		d.time(k, at, &r)
		d.limits(k, at, &r)
	default:
		d.limits(k, d.Clock, &r)
	}
	return r
}

// Whole says what may be answered to a document made in one go at one moment.
func (d *Drive) Whole(k Kind, at time.Time) Reasons {
	r := d.Begin(k, at)
	if r.Refused() {
		return r
	}
	next := *d
	next.Start(k, at)
	next.Clock = at
	last := next.Finish(k, at)
	last.may = append(last.may, r.may...)
	return last
}

// Identity is what a registration says about the register. It is written once: no
// other may follow (fn.md section 1, section 4).
func (d *Drive) Identity(rnm, inn string, r *Reasons) {
	if d.Reports > 0 && (rnm != d.RNM || inn != d.INN) {
		r.No("registration number and INN are written once", BadValue, NotAsRegistered)
	}
}

// state is fn.md 3.1 and 3.2: what is allowed in which phase and state of the shift.
func (d *Drive) state(k Kind, r *Reasons) {
	allowed, open := Fiscal, d.Shift.Open
	switch k {
	case Registration:
		allowed = Ready
	case StateReport:
		if d.Phase == PostFiscal {
			allowed = PostFiscal
		}
	}
	if d.Phase != allowed {
		r.No(fmt.Sprintf("phase %02X", byte(d.Phase)), WrongState)
	}
	switch k {
	case OpenShift, Change, CloseArchive:
		if open {
			r.No("the shift is open", WrongState)
		}
	case CloseShift, Receipt, Correction:
		if !open {
			r.No("no shift is open", WrongState)
		}
	}
}

// reports is FN-012. A full archive and the end of the keys are not among the stops
// of registrations in fn.md 5.4, but their codes are among the answers.
func (d *Drive) reports(r *Reasons) {
	if d.Reports >= d.Registrations {
		r.No(fmt.Sprintf("%d registration reports were made", d.Reports), WrongState)
	}
	d.unclearKeys(d.Clock, r)
	if d.full() {
		r.Unclear(ArchiveFull)
	}
}

func (d *Drive) unclearKeys(at time.Time, r *Reasons) {
	if d.Reports > 0 && d.KeyDaysLeft(at) <= 0 {
		r.Unclear(KeysOver)
		r.Unclear(LifeOver)
	}
}

func (d *Drive) full() bool { return len(d.Docs) >= d.Capacity }

// closing is FN-010: in transfer mode everything was confirmed.
func (d *Drive) closing(r *Reasons) {
	if n := d.Queue(); n > 0 {
		r.No(fmt.Sprintf("%d documents are not confirmed", n), WrongState)
	}
}

// time is FN-030, and FN-031 for receipts.
func (d *Drive) time(k Kind, at time.Time, r *Reasons) {
	last := d.LastTime()
	limit := last
	if k == OpenShift {
		limit = last.Add(-OpenRelief)
		if n := len(d.Docs); n > 0 && at.Before(last) && !at.Before(limit) {
			switch d.Docs[n-1].Kind {
			case Registration, Change, CloseShift:
			default: // an hour before the closing, but a report came after it
				r.Unclear(WrongTime)
			}
		}
	}
	if at.Before(limit) {
		r.No("time went back", WrongTime)
	}
	if k == Receipt || k == Correction {
		if d.Shift.Open && at.Sub(d.Shift.Opened) > ShiftLimit { // FN-033: exactly 24 h are allowed
			r.No("shift of more than 24 hours", ShiftTooLong)
		}
	}
}

// limits is fn.md 5.4.
func (d *Drive) limits(k Kind, at time.Time, r *Reasons) {
	selling := k == OpenShift || k == Receipt || k == Correction
	if (selling || k == StateReport) && d.Reports > 0 {
		switch left := d.KeyDaysLeft(at); {
		case left < 0:
			r.No("the keys are over", KeysOver, LifeOver)
		case left == 0: // whether the last day still counts is not said
			r.Unclear(KeysOver)
			r.Unclear(LifeOver)
		}
	}
	if d.full() {
		if selling {
			r.No("the archive is full", ArchiveFull, QueueFull)
		} else if k == StateReport {
			r.Unclear(ArchiveFull)
		}
	}
	if selling || k == CloseShift {
		switch age := d.Age(at); {
		case age > Blocked:
			r.No(fmt.Sprintf("document %d waits for %d days", d.First().FD, int(age/Day)), WaitedTooLong)
		case age == Blocked:
			r.Unclear(WaitedTooLong)
		}
	}
}
