package search

import (
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// query is a statement in the making: its conditions and their values.
type query struct {
	d     Dialect
	where []string
	args  []any
}

// add adds a condition with one ? for each value.
func (q *query) add(condition string, values ...any) {
	for _, v := range values {
		condition = strings.Replace(condition, "?", q.value(v), 1)
	}
	q.where = append(q.where, condition)
}

// value adds a value and returns its mark.
func (q *query) value(v any) string {
	q.args = append(q.args, v)
	return q.d.Mark(len(q.args))
}

func (q *query) clause() string {
	if len(q.where) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(q.where, " AND ")
}

// list adds values and returns their marks.
func list[T any](q *query, all []T, value func(T) any) string {
	marks := make([]string, len(all))
	for i, one := range all {
		marks[i] = q.value(value(one))
	}
	return strings.Join(marks, ", ")
}

// texts adds texts of any kind and returns their marks.
func texts[T ~string](q *query, all []T) string {
	return list(q, all, func(s T) any { return q.d.Text(string(s)) })
}

// payments are the columns of the ways to pay.
var payments = map[store.Payment]string{store.Cash: "cash", store.Ecash: "ecash", store.Prepaid: "prepaid", store.Credit: "credit", store.Provision: "provision"}

// conditions narrows projections p; drive, when given, stands for the registers.
func (q *query) conditions(s *store.Search, drive *int64) {
	number := func(column string, n int64) {
		if n != 0 {
			q.add("p."+column+" = ?", n)
		}
	}
	same := func(column, value string) {
		if value != "" {
			q.add("p."+column+" = ?", q.d.Text(value))
		}
	}
	switch {
	case s.FN != "" && s.FD != 0:
		q.add(q.d.Document, q.d.DriveArg(s.FN), int64(s.FD))
	case s.FN != "":
		q.add("p.drive_id = "+q.d.Drive, q.d.DriveArg(s.FN))
	default:
		number("fd", int64(s.FD))
	}
	if drive != nil {
		q.add("p.drive_id = ?", *drive)
	}
	if len(s.FNs) > 0 {
		drives := make([]string, len(s.FNs))
		for i, fn := range s.FNs {
			drives[i] = strings.Replace(q.d.Drive, "?", q.value(q.d.DriveArg(fn)), 1)
		}
		q.where = append(q.where, "p.drive_id IN ("+strings.Join(drives, ", ")+")")
	}
	if len(s.Shifts) > 0 {
		pairs := make([]string, len(s.Shifts))
		for i, one := range s.Shifts {
			drive := strings.Replace(q.d.Drive, "?", q.value(q.d.DriveArg(one.FN)), 1)
			pairs[i] = "(CAST(" + drive + " AS BIGINT), CAST(" + q.value(int64(one.Number)) + " AS BIGINT))"
		}
		q.where = append(q.where, "(p.drive_id, p.shift) IN (VALUES "+strings.Join(pairs, ", ")+")")
	}
	if len(s.RegIDs) > 0 {
		// Along the user's index the drives need not be looked up.
		if drive == nil && !byDrive(s) && s.UserINN == "" && s.FPD == 0 {
			q.where = append(q.where, "p.drive_id IN (SELECT drive_id FROM registrations WHERE reg_id IN ("+texts(q, s.RegIDs)+"))")
		}
		q.where = append(q.where, "p.reg_id IN ("+texts(q, s.RegIDs)+")")
	}
	if drive == nil && !byDrive(s) && s.FPD == 0 {
		same("user_inn", string(s.UserINN))
	} else {
		same("user_inn || ''", string(s.UserINN)) // no index but that of the drive or the sign leads there
	}
	number("fpd", int64(s.FPD))
	q.dates(s, "")
	if len(s.Forms) > 0 {
		q.where = append(q.where, "p.form IN ("+list(q, s.Forms, func(f fiscal.Form) any { return int64(f) })+")")
	}
	number("operation", int64(s.Operation))
	number("shift", int64(s.Shift))
	number("number", int64(s.Number))
	number("taxation", int64(s.Taxation))
	if column, ok := payments[s.Payment]; ok {
		q.add("p." + column + " IS NOT NULL")
	}
	if s.MinTotal != 0 {
		q.add("p.total >= ?", int64(s.MinTotal))
	}
	if s.MaxTotal != 0 {
		q.add("p.total <= ?", int64(s.MaxTotal))
	}
	same("cashier", s.Cashier)
	same("contact", s.Contact)
	if s.Item != "" {
		q.add("EXISTS (SELECT 1 FROM items i WHERE "+onItem(q.d)+" AND "+q.d.Contains+")", q.d.Text(s.Item))
	}
	if s.Code != "" {
		q.add(q.d.ItemKey[0]+" IN (SELECT "+q.d.ItemKey[1]+" FROM items WHERE code = ? AND code <> '')", q.d.Text(s.Code))
	}
}

// byDrive tells whether the search names drives.
func byDrive(s *store.Search) bool { return s.FN != "" || len(s.FNs) > 0 || len(s.Shifts) > 0 }

// dates narrows projections p to those of the search; with something behind the column
// no index leads there.
func (q *query) dates(s *store.Search, behind string) {
	if !s.From.IsZero() {
		q.add("p.at"+behind+" >= ?", ceilSeconds(s.From))
	}
	if !s.To.IsZero() {
		q.add("p.at"+behind+" < ?", ceilSeconds(s.To))
	}
}

// after narrows to what follows the place.
func (q *query) after(s *store.Search, after store.Place) {
	switch {
	case after == (store.Place{}):
	case s.Oldest:
		q.add("(p.at, p.id) > (?, ?)", after.At.Unix(), after.ID)
	default:
		q.add("(p.at, p.id) < (?, ?)", after.At.Unix(), after.ID)
	}
}

// ceilSeconds is the first whole second not before t.
func ceilSeconds(t time.Time) int64 {
	if t.Nanosecond() > 0 {
		return t.Unix() + 1
	}
	return t.Unix()
}
