package fn

import (
	"encoding/binary"

	"github.com/fiscalbench/fiscalbench/fiscal"
)

// Warning flags: byte 4 of 30h (fn.md 5.3).
const (
	WarnReplace  byte = 0x01 // 3 days of key life or less
	WarnNearEnd  byte = 0x02 // 30 days or less
	WarnMemory   byte = 0x04
	WarnWaiting  byte = 0x08 // the operator's answer is overdue
	WarnCritical byte = 0x80
)

// Limits of waiting for the operator (fn.md section 6).
const (
	overdueAfter   = 2 * day
	overdueAfter10 = 5 * day // FFD 1.0
	blockedAfter   = 30 * day
)

// Key life thresholds of the warning flags, days.
const (
	replaceDays = 3
	nearEndDays = 30
)

// lifeRule is a row of fn.md 5.1: under its condition the keys live this long.
type lifeRule struct {
	months int // 0: any
	days   int
	when   func(*registration) bool
	text   string
}

func goods(r *registration) bool   { return r.Mode&ModeServices == 0 }
func general(r *registration) bool { return r.Tax&TaxGeneral != 0 }
func ffd12(r *registration) bool   { return r.FFD == fiscal.FFD12 }

// nominalDays of the keys by the months of the model.
var nominalDays = map[int]int{13: 410, 15: 470, 36: 1110}

// lifeRules shorten the nominal life; of those that hold the shortest counts.
var lifeRules = []lifeRule{
	{15, 410, (*registration).autonomous, "автономный режим"},
	{36, 560, (*registration).autonomous, "автономный режим"},
	{36, 410, func(r *registration) bool { return r.autonomous() && ffd12(r) && goods(r) && general(r) }, "автономный режим, ФФД 1.2, товары, ОСН"},
	{36, 560, func(r *registration) bool { return general(r) && (goods(r) || (ffd12(r) && r.Agents)) }, "ОСН и товары (или агенты)"},
	{36, 410, func(r *registration) bool { return r.Ext&ExtExcise != 0 }, "подакцизные товары"},
	{0, 410, func(r *registration) bool { return r.Ext&ExtExcise != 0 && ffd12(r) }, "подакцизные товары, ФФД 1.2"},
	{15, 410, func(r *registration) bool {
		return ffd12(r) && r.Ext&(ExtGambling|ExtLottery|ExtPawnshop|ExtInsurance) != 0
	}, "азартные игры, лотерея, ломбард или страхование, ФФД 1.2"},
}

// keyLife is the life of the keys in days by the conditions of a registration
// (FN-020, FN-021). A strict model refuses conditions that do not suit it (K-004).
func (d *Device) keyLife(r *registration) (int, *refusal) {
	if d.set.KeyDays > 0 {
		return d.set.KeyDays, nil
	}
	days, ok := nominalDays[d.model.Months]
	if !ok {
		days = d.model.Months*30 + 20
	}
	for _, rule := range lifeRules {
		if (rule.months != 0 && rule.months != d.model.Months) || rule.days >= days || !rule.when(r) {
			continue
		}
		if d.model.StrictLife {
			return 0, refuse(LifeOver, "условия применения (%s) не подходят к ФН на %d мес.: срок ключей был бы %d дней", rule.text, d.model.Months, rule.days)
		}
		days = rule.days
	}
	return days, nil
}

// daysLeft counts calendar days from t to the last day of the keys; the day of t is
// not counted, the last day itself still works.
func (d *Device) daysLeft(t, end moment) uint16 {
	n := d.lifeDays(t, end)
	return uint16(min(max(n, 0), 1<<16-1))
}

func (d *Device) lifeDays(t, end moment) int {
	if f := d.faults.KeyDaysLeft; f != nil {
		return *f
	}
	return int((startOfDay(end) - startOfDay(t)) / day)
}

// used is the number of documents in the archive.
func (d *Device) used() int { return len(d.archive.records) + d.faults.ArchiveUsed }

func (d *Device) archiveFilled(percent int) bool {
	return d.used()*100 >= d.set.Capacity*percent
}

// waited is the age of the oldest unconfirmed document; 0 when there is none.
func (d *Device) waited() moment {
	if d.ofd.count() == 0 {
		return 0
	}
	return d.st.Clock - d.ofd.first().Time + moment(d.faults.OFDSilentDays)*day
}

// warnings computes the flags; any of them sets bit 7 of every answer.
func (d *Device) warnings() byte {
	var w byte
	if d.faults.Critical {
		w |= WarnCritical
	}
	if d.archiveFilled(d.set.MemoryPercent) {
		w |= WarnMemory
	}
	reg := d.reg()
	if reg == nil {
		return w
	}
	switch days := d.lifeDays(d.st.Clock, d.st.LifeEnd); {
	case days <= replaceDays:
		w |= WarnReplace | WarnNearEnd
	case days <= nearEndDays:
		w |= WarnNearEnd
	}
	overdue := moment(overdueAfter)
	if reg.FFD == fiscal.FFD10 {
		overdue = overdueAfter10
	}
	if d.waited() >= overdue {
		w |= WarnWaiting
	}
	return w
}

// need is a set of resources that a document needs (fn.md 5.4).
type need byte

const (
	needKeys      need = 1 << iota // 12h
	needArchive                    // 06h
	needStore                      // 14h
	needConfirmed                  // 15h
)

// limits is asked at the "begin" command and again at the finishing one (FN-024).
func (d *Device) limits(n need) *refusal {
	if n&needKeys != 0 && d.reg() != nil && d.lifeDays(d.st.Clock, d.st.LifeEnd) < 0 {
		return refuse(KeysOver, "срок действия ключей ФП истек %s, сейчас %s", date(d.st.LifeEnd), clock(d.st.Clock))
	}
	if n&needArchive != 0 && d.used() >= d.set.Capacity {
		return refuse(ArchiveFull, "архив заполнен: %d документов из %d", d.used(), d.set.Capacity)
	}
	if n&needStore != 0 && d.store.busy() >= d.set.StoreBytes {
		return refuse(QueueFull, "хранилище документов для ОФД заполнено: %d байт из %d, передайте документы", d.store.busy(), d.set.StoreBytes)
	}
	if n&needConfirmed != 0 && !d.faults.NoOutageBlock && d.waited() >= blockedAfter {
		return refuse(WaitedTooLong, "документ №%d от %s не подтвержден ОФД %d суток", d.ofd.first().Number, clock(d.ofd.first().Time), d.waited()/day)
	}
	return nil
}

// roomFor asks whether a finished document fits the 30-day store.
func (d *Device) roomFor(doc *document) *refusal {
	if n := d.store.busy() + len(doc.stlv); n > d.set.StoreBytes {
		return refuse(QueueFull, "документу нужно %d байт, в хранилище свободно %d, передайте документы", len(doc.stlv), d.set.StoreBytes-d.store.busy())
	}
	return nil
}

// life is 32h: DATE of the last day, registrations left, done.
func (d *Device) life([]byte) ([]byte, *refusal) {
	done := len(d.st.Regs)
	end := d.st.LifeEnd
	if f := d.faults.KeyDaysLeft; f != nil && end != 0 {
		end = max(startOfDay(d.st.Clock)+moment(*f)*day, 0)
	}
	return append(appendDate(nil, end), byte(max(d.set.Registrations-done, 0)), byte(done)), nil
}

// daysLeftAt is 3Bh: days left at a moment.
func (d *Device) daysLeftAt(data []byte) ([]byte, *refusal) {
	t, r := d.readTime(data)
	if r != nil {
		return nil, r
	}
	return binary.LittleEndian.AppendUint16(nil, d.daysLeft(t, d.st.LifeEnd)), nil
}

// memoryLeft is 3Dh: documents left in the archive, kilobytes left in the 30-day
// store, share of the memory of marking in percent.
func (d *Device) memoryLeft([]byte) ([]byte, *refusal) {
	out := binary.LittleEndian.AppendUint32(nil, uint32(max(d.set.Capacity-d.used(), 0)))
	out = binary.LittleEndian.AppendUint32(out, uint32(max(d.set.StoreBytes-d.store.busy(), 0)>>10))
	return append(out, d.noticeFill()), nil
}
