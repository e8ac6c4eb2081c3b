package flk

import (
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/flk"
)

// model is a family of drives by the beginning of its number (fn.md section 2).
type model struct {
	prefixes string
	months   int
}

var models = []model{
	{"87100001 8712000100 8712000101 87150001 87160001", 13},
	{"87110001", 36},
	{"92820001 92824403 92840001 92850001 92854403 92860001 92880001 92890001 92514403 92804403", 15},
	{"92810001 92834403 92874403 92524403", 36},
	{"99604403 99604405", 15},
	{"99614403", 36},
}

// Days of key life (fn.md 5.1).
const (
	days36  = 1110
	days15  = 470
	days13  = 410
	dayLong = 24 * 60 * 60
)

// keyDays is the longest key life that a drive of this number can have. The
// conditions that shorten it are left to the drive: its own 1213 goes first.
func keyDays(fn fiscal.FNNumber) int {
	for _, m := range models {
		for _, p := range strings.Fields(m.prefixes) {
			if strings.HasPrefix(string(fn), p) {
				return map[int]int{13: days13, 15: days15, 36: days36}[m.months]
			}
		}
	}
	return days36
}

// keyLife sets the end of the keys from the first report of the drive: from the
// days it names itself (1213), else from its model.
func (c *check) keyLife(d *ffd.Document) {
	if c.fd != 1 || c.time <= 0 {
		return
	}
	days := keyDays(c.arrival.FN)
	if own := int(d.Uint(ffd.TagKeyResource)); own > 0 {
		days = own
	}
	c.next.KeyEnd = c.time - c.time%dayLong + int64(days)*dayLong
}

// keys flags documents made after the end of the keys and reminds before it (O-045,
// O-046). Closing a shift or the drive is still allowed then (fn.md 5.4).
func (c *check) keys() {
	end := c.old.KeyEnd
	if end == 0 {
		return
	}
	if day := c.time - c.time%dayLong; day > end && needsKeys(c.doc.Form) {
		c.tag(ffd.TagDateTime).add("FN-021", flk.Warning, "срок действия ключей ФП истек %s", date(end))
		if c.once(AlarmKeysExpired) {
			c.alarm("ФН формирует документы после окончания срока действия ключей ФП (%s)", date(end))
		}
	}
	switch left := (end - c.arrival.At.Unix()) / dayLong; {
	case left < 0:
	case left <= 3:
		c.next.Alarms |= AlarmKeys30Days
		if c.once(AlarmKeys3Days) {
			c.alarm("срок действия ключей ФП заканчивается %s: осталось не более 3 дней", date(end))
		}
	case left <= 30:
		if c.once(AlarmKeys30Days) {
			c.alarm("срок действия ключей ФП заканчивается %s: осталось не более 30 дней", date(end))
		}
	}
}

func needsKeys(f fiscal.Form) bool {
	return f.IsReceipt() || f == fiscal.FormOpenShift || f == fiscal.FormCurrentStateReport
}

// once marks an alarm and reports whether it was not raised before.
func (c *check) once(a Alarm) bool {
	raised := c.next.Alarms&a != 0
	c.next.Alarms |= a
	return !raised
}

func date(unix int64) string { return time.Unix(unix, 0).UTC().Format("02.01.2006") }
