package fleet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/invalid"
)

// Colour of an indicator. The order is that of trouble.
type Colour int

// Colours (CAB-090).
const (
	Grey Colour = iota // nothing is known yet
	Green
	Yellow
	Red
)

// String is the colour's name in addresses and classes.
func (c Colour) String() string { return [...]string{"grey", "green", "yellow", "red"}[c] }

// Indicator is one of the four lights of a register (CAB-094).
type Indicator struct {
	Name   string // "transfer", "shift", "connection", "drive"
	Title  string // «передача данных», …
	Colour Colour
	Value  string // in Russian, short: "молчит 2 ч"
	Reason string // why it is not green; empty when it is
}

// Lights of a register and the worst of them.
type Lights struct {
	Transfer, Shift, Connection, Drive Indicator
	Worst                              Colour
}

// All four in the order they are shown.
func (l Lights) All() []Indicator {
	return []Indicator{l.Shift, l.Transfer, l.Connection, l.Drive}
}

// Reason of the worst light.
func (l Lights) Reason() string {
	for _, i := range l.All() {
		if i.Colour == l.Worst && i.Reason != "" {
			return i.Reason
		}
	}
	return ""
}

// Thresholds after which a register changes colour; a user may have own ones (CAB-093).
type Thresholds struct {
	SilenceYellow time.Duration // more than
	SilenceRed    time.Duration // at least
	ShiftYellow   time.Duration // more than
	ShiftRed      time.Duration // more than
	TermYellow    int           // days left, at most: the connection's paid term
	DriveYellow   int           // days left, at most
	MemoryYellow  float64       // per cent, at least
	MemoryRed     float64
}

// DefaultThresholds are those of section 6 (DEC-05).
func DefaultThresholds() Thresholds {
	return Thresholds{SilenceYellow: 24 * time.Hour, SilenceRed: 72 * time.Hour, ShiftYellow: 23 * time.Hour, ShiftRed: 24 * time.Hour,
		TermYellow: 30, DriveYellow: 30, MemoryYellow: 90, MemoryRed: 99}
}

func (t Thresholds) check() error {
	bad := invalid.Fields{}
	if t.SilenceYellow <= 0 || t.SilenceRed < t.SilenceYellow {
		bad["silence"] = "Молчание: жёлтый больше нуля, красный не раньше жёлтого."
	}
	if t.ShiftYellow <= 0 || t.ShiftRed < t.ShiftYellow {
		bad["shift"] = "Смена: жёлтый больше нуля, красный не раньше жёлтого."
	}
	if t.TermYellow < 0 || t.DriveYellow < 0 {
		bad["days"] = "Дни не бывают меньше нуля."
	}
	if t.MemoryYellow <= 0 || t.MemoryRed < t.MemoryYellow || t.MemoryRed > 100 {
		bad["memory"] = "Память: от 0 до 100 %, красный не меньше жёлтого."
	}
	if len(bad) > 0 {
		return bad
	}
	return nil
}

// Thresholds of the viewer: own ones or the default; own tells which.
func (s *Service) Thresholds(ctx context.Context, v access.Viewer) (t Thresholds, own bool, err error) {
	t, err = s.store.Thresholds(ctx, v.User())
	if errors.Is(err, ErrNotFound) {
		return DefaultThresholds(), false, nil
	}
	return t, err == nil, err
}

// SetThresholds gives the viewer own thresholds.
func (s *Service) SetThresholds(ctx context.Context, v access.Viewer, t Thresholds) error {
	if err := v.Need(access.SeeRegisters); err != nil {
		return err
	}
	if err := t.check(); err != nil {
		return err
	}
	return s.store.SetThresholds(ctx, v.User(), t)
}

// DropThresholds returns the viewer to the default.
func (s *Service) DropThresholds(ctx context.Context, v access.Viewer) error {
	return s.store.DropThresholds(ctx, v.User())
}

// Lights of a register at a moment. zone is where the register stands: its own clock
// says nothing of zones.
func (s *Service) Lights(e Entry, t Thresholds, now time.Time, zone *time.Location) Lights {
	l := Lights{
		Transfer:   transfer(e, t, now),
		Shift:      shift(e, t, now, zone),
		Connection: connection(e, t, now),
		Drive:      s.drive(e, t, now, zone),
	}
	for _, i := range l.All() {
		l.Worst = max(l.Worst, i.Colour)
	}
	if l.Worst == Green && !e.Seen() {
		l.Worst = Grey // paid for, but green is for registers that hand documents over
	}
	return l
}

// transfer: 24 h 00 m 00 s is green, a second more yellow, 72 h red (CAB-092, DEC-04).
func transfer(e Entry, t Thresholds, now time.Time) Indicator {
	i := Indicator{Name: "transfer", Title: "передача данных", Colour: Green}
	if !e.Seen() {
		i.Colour, i.Value = Grey, "ждём первого документа"
		return i
	}
	silent := now.Sub(e.State.Last)
	i.Value = "документ " + ago(silent)
	switch {
	case silent >= t.SilenceRed:
		i.Colour, i.Reason = Red, "нет документов "+span(silent)
	case silent > t.SilenceYellow:
		i.Colour, i.Reason = Yellow, "нет документов "+span(silent)
	}
	return i
}

func shift(e Entry, t Thresholds, now time.Time, zone *time.Location) Indicator {
	i := Indicator{Name: "shift", Title: "смена", Colour: Green, Value: "закрыта"}
	if !e.Seen() {
		i.Colour, i.Value = Grey, "нет данных"
		return i
	}
	if !e.State.ShiftOpen {
		return i
	}
	open := now.Sub(moment(e.State.OpenedWall, zone))
	i.Value = fmt.Sprintf("№ %d открыта %s", e.State.Shift, span(open))
	switch {
	case open > t.ShiftRed:
		i.Colour, i.Reason = Red, "смена открыта дольше "+span(t.ShiftRed)
	case open > t.ShiftYellow:
		i.Colour, i.Reason = Yellow, "смену пора закрыть: открыта "+span(open)
	}
	return i
}

func connection(e Entry, t Thresholds, now time.Time) Indicator {
	i := Indicator{Name: "connection", Title: "подключение к ОФД", Colour: Green, Value: "подключена"}
	left := days(e.PaidUntil.Sub(now))
	switch {
	case e.Blocked:
		i.Colour, i.Value, i.Reason = Red, "приём остановлен", "приём документов остановлен"
	case e.PaidUntil.IsZero():
	case !now.Before(e.PaidUntil):
		i.Colour, i.Value, i.Reason = Red, "срок окончен", "срок подключения окончен"
	default:
		i.Value = fmt.Sprintf("осталось %d дн.", left)
		if left <= t.TermYellow {
			i.Colour, i.Reason = Yellow, "срок подключения скоро закончится"
		}
	}
	return i
}

func (s *Service) drive(e Entry, t Thresholds, now time.Time, zone *time.Location) Indicator {
	i := Indicator{Name: "drive", Title: "замена фискального накопителя", Colour: Green, Value: "в порядке"}
	if !e.Seen() {
		i.Colour, i.Value = Grey, "нет данных"
		return i
	}
	raise := func(c Colour, reason string) {
		if c > i.Colour {
			i.Colour, i.Reason = c, reason
		}
	}
	memory := s.Memory(e)
	i.Value = fmt.Sprintf("память ≈ %.0f %%", memory)
	if until := e.State.KeyUntil; !until.IsZero() {
		left := days(moment(until, zone).Sub(now))
		i.Value += fmt.Sprintf(", осталось %d дн.", max(0, left))
		switch {
		case left < 0:
			raise(Red, "срок ключа ФН закончился")
		case left <= t.DriveYellow:
			raise(Yellow, fmt.Sprintf("ФН пора менять: осталось %d дн.", left))
		}
	}
	switch {
	case e.State.Closed:
		raise(Red, "архив ФН закрыт")
	case e.State.KeyUrgent:
		raise(Red, "ФН просит срочной замены")
	case e.State.KeyEnds:
		raise(Yellow, "ресурс ключа ФН заканчивается")
	}
	switch {
	case memory >= t.MemoryRed:
		raise(Red, "память ФН заполнена")
	case memory >= t.MemoryYellow || e.State.MemoryFull:
		raise(Yellow, "память ФН заканчивается")
	}
	return i
}

// toldFull is how full a drive's archive is at least when the register says that its
// memory is exceeded, tag 1052, in per cent (FN-023; FFD 1.05 has "more than 99 %" in
// the tag's text: unverified on real drives).
const toldFull = 90

// Memory of the drive that is used, in per cent. Documents say nothing of how many a
// drive holds, so this is an estimate, the last number out of Options.Capacity; the
// register's own word, tag 1052, raises it.
func (s *Service) Memory(e Entry) float64 {
	return s.memory(e.State.LastFD, e.State.MemoryFull)
}

// DriveMemory is Memory of a drive the register had.
func (s *Service) DriveMemory(d Drive) float64 { return s.memory(d.Documents, d.MemoryFull) }

func (s *Service) memory(last fiscal.FDNumber, told bool) float64 {
	used := min(100, float64(last)*100/float64(s.o.Capacity))
	if told {
		used = max(used, toldFull)
	}
	return used
}

// MemoryFull tells that the drive counts as full: from 99 % (CAB-234).
func (s *Service) MemoryFull(e Entry) bool { return s.Memory(e) >= 99 }

// moment is the real time of a register's wall clock that stands in zone.
func moment(wall time.Time, zone *time.Location) time.Time {
	if zone == nil {
		zone = time.UTC
	}
	return time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), 0, zone)
}

// days begun that are left; less than zero when it is over.
func days(d time.Duration) int {
	if d < 0 {
		return -1
	}
	return int(d / (24 * time.Hour))
}

// span is a duration for people, in Russian.
func span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "меньше минуты"
	case d < time.Hour:
		return fmt.Sprintf("%d мин", d/time.Minute)
	case d < 48*time.Hour:
		if m := d % time.Hour / time.Minute; m != 0 {
			return fmt.Sprintf("%d ч %d мин", d/time.Hour, m)
		}
		return fmt.Sprintf("%d ч", d/time.Hour)
	}
	return fmt.Sprintf("%d дн.", d/(24*time.Hour))
}

func ago(d time.Duration) string {
	if d < time.Minute {
		return "только что"
	}
	return span(d) + " назад"
}
