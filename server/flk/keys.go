package flk

import (
	"fmt"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/flk"
)

// models are families of drives by the beginning of their numbers (fn.md section 2)
// with the longest life their keys can have, in days (fn.md 5.1).
var models = []struct {
	prefixes string
	days     int
}{
	{"87100001 8712000100 8712000101 87150001 87160001", 410},
	{"87110001", 1110},
	{"92820001 92824403 92840001 92850001 92854403 92860001 92880001 92890001 92514403 92804403", 470},
	{"92810001 92834403 92874403 92524403", 1110},
	{"99604403 99604405", 470},
	{"99614403", 1110},
}

const (
	longestLife = 1110 // days
	day         = 24 * 60 * 60
)

// keyDays is the longest key life that a drive of this number can have. The
// conditions that shorten it are left to the drive: its own 1213 goes first.
func keyDays(fn fiscal.FNNumber) int {
	for _, m := range models {
		for _, p := range strings.Fields(m.prefixes) {
			if strings.HasPrefix(string(fn), p) {
				return m.days
			}
		}
	}
	return longestLife
}

// keyLife sets the end of the keys from the first report of the drive: from the
// days it names itself (1213), else from its model.
func (c *check) keyLife() {
	if c.fd != 1 || c.time <= 0 {
		return
	}
	days := keyDays(c.arrival.FN)
	if own := int(c.doc.Uint(ffd.TagKeyResource)); own > 0 {
		days = own
	}
	c.next.KeyEnd = c.time - c.time%day + int64(days)*day
}

// keys flags documents made after the end of the keys and reminds before it (O-045,
// O-046). Closing a shift or the drive is still allowed then (fn.md 5.4).
func (c *check) keys() {
	end := c.old.KeyEnd
	if end == 0 {
		return
	}
	if today := c.time - c.time%day; today > end && needsKeys(c.doc.Form) {
		c.tag(ffd.TagDateTime).add("FN-021", flk.Warning, "срок действия ключей ФП истек %s", date(end))
		if c.once(AlarmKeysExpired) {
			c.alarm("ФН формирует документы после окончания срока действия ключей ФП (%s)", date(end))
		}
	}
	near := c.old.near(c.arrival.At)
	if near == AlarmKeys3Days {
		c.next.Alarms |= AlarmKeys30Days
	}
	if near != 0 && c.once(near) {
		c.result.Alarms = append(c.result.Alarms, c.old.KeyReminder(c.arrival.At))
	}
}

// near is the reminder due by the operator's calendar; 0 when the end of the keys
// is far, past or unknown.
func (h *History) near(now time.Time) Alarm {
	today := now.Unix() - now.Unix()%day // by calendar date (FN-023)
	switch left := (h.KeyEnd - today) / day; {
	case h.KeyEnd == 0 || left < 0:
		return 0
	case left <= 3:
		return AlarmKeys3Days
	case left <= 30:
		return AlarmKeys30Days
	}
	return 0
}

// KeyReminder is the reminder due at this time, in Russian, or "". It is the same
// text for as long as the same reminder is due.
func (h *History) KeyReminder(now time.Time) string {
	switch h.near(now) {
	case AlarmKeys3Days:
		return fmt.Sprintf("срок действия ключей ФП заканчивается %s: осталось не более 3 дней", date(h.KeyEnd))
	case AlarmKeys30Days:
		return fmt.Sprintf("срок действия ключей ФП заканчивается %s: осталось не более 30 дней", date(h.KeyEnd))
	}
	return ""
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
