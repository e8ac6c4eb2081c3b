package fn

import "time"

// A minute of the register's wall clock, as commands carry it: seconds since 1970
// as if the wall clock were UTC (tag 1012 has the same form).
type moment = int64

const (
	minute = 60
	hour   = 60 * minute
	day    = 24 * hour
)

const (
	timeLen = 5 // year−2000, month, day, hour, minute
	dateLen = 3
)

// parseTime reads a DATE_TIME of five bytes; a date that does not exist is 07h.
func parseTime(b []byte) (moment, *refusal) {
	y, mo, d, h, mi := int(b[0]), time.Month(b[1]), int(b[2]), int(b[3]), int(b[4])
	t := time.Date(2000+y, mo, d, h, mi, 0, 0, time.UTC)
	if t.Month() != mo || t.Day() != d || h > 23 || mi > 59 {
		return 0, refuse(WrongTime, "дата и время % X не существуют: год %d, месяц %d, день %d, час %d, минута %d", b[:timeLen], 2000+y, int(mo), d, h, mi)
	}
	return t.Unix(), nil
}

// appendTime writes a DATE_TIME; no moment is five zeros.
func appendTime(dst []byte, m moment) []byte {
	if m == 0 {
		return append(dst, 0, 0, 0, 0, 0)
	}
	t := time.Unix(m, 0).UTC()
	return append(dst, byte(t.Year()-2000), byte(t.Month()), byte(t.Day()), byte(t.Hour()), byte(t.Minute()))
}

func appendDate(dst []byte, m moment) []byte { return appendTime(dst, m)[:len(dst)+dateLen] }

// startOfDay cuts the time of day off.
func startOfDay(m moment) moment { return m - m%day }

func clock(m moment) string {
	if m == 0 {
		return "—"
	}
	return time.Unix(m, 0).UTC().Format("02.01.2006 15:04")
}

func date(m moment) string { return time.Unix(m, 0).UTC().Format("02.01.2006") }

// setClock takes the time that a command brought: days left and ages are counted by
// it (fn.md 5.3).
func (d *Device) setClock(m moment) { d.st.Clock = m }

// readTime takes the time at the front of a command's data and sets the clock by it.
func (d *Device) readTime(data []byte) (moment, *refusal) {
	t, r := parseTime(data)
	if r == nil {
		d.setClock(t)
	}
	return t, r
}

// notBefore is FN-030: time never goes back before the last document.
func (d *Device) notBefore(t moment) *refusal {
	if t < d.st.LastDoc {
		return refuse(WrongTime, "время %s раньше последнего документа ФН (%s)", clock(t), clock(d.st.LastDoc))
	}
	return nil
}

// openingNotBefore is the relief of FN-030: a shift may be opened up to an hour
// before the closing of the previous one, or before registration.
func (d *Device) openingNotBefore(t moment) *refusal {
	limit := d.st.LastDoc
	if last := d.archive.last(); last.Form.IsRegistration() || last.Form == formCloseShift {
		limit -= hour
	}
	if t < limit {
		return refuse(WrongTime, "смена открывается в %s, больше чем на час раньше последнего документа ФН (%s)", clock(t), clock(d.st.LastDoc))
	}
	return nil
}

// maxShift is how long receipts may follow the opening: 24 h 00 min inclusive
// (FN-031, FN-033).
const maxShift = 24 * hour

func (d *Device) withinShift(t moment) *refusal {
	if t-d.st.Shift.Opened > maxShift {
		return refuse(ShiftTooLong, "смена №%d открыта %s и длится больше 24 часов: сейчас %s, закройте смену", d.st.Shift.Number, clock(d.st.Shift.Opened), clock(t))
	}
	return nil
}

// drift is the greatest difference between the register's clock and the drive's
// timer (FN-032).
const drift = 5 * time.Minute

// timerMark pairs a command's time with the drive's timer.
type timerMark struct {
	set   bool
	clock moment
	timer time.Duration
}

// withinDrift is FN-032; it holds only while the power stayed on.
func (d *Device) withinDrift(t moment) *refusal {
	if !d.set.FiveMinutes || d.timer == nil || !d.mark.set {
		return nil
	}
	byClock := time.Duration(t-d.mark.clock) * time.Second
	byTimer := d.timer() - d.mark.timer
	if (byClock - byTimer).Abs() > drift {
		return refuse(TimeDifference, "часы ККТ прошли %s, таймер ФН %s: расхождение больше 5 минут", byClock, byTimer)
	}
	return nil
}

// markTimer starts the measuring of FN-032 from an accepted operation.
func (d *Device) markTimer(t moment) {
	if d.timer != nil {
		d.mark = timerMark{set: true, clock: t, timer: d.timer()}
	}
}
