package search

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// Corrections is the kind of sheets of corrections; that of receipts and БСО is their
// operation (tag 1054).
const Corrections = -1

// other is the kind of documents that have no sheet, closing that of the reports among
// them that close a shift.
const other, closing = -2, -3

// Sheet is a row of the table days: what documents of one taxpayer, register, drive,
// day, kind and shift add up to.
type Sheet struct {
	UserINN fiscal.INN
	RegID   fiscal.RegNumber
	FN      fiscal.FNNumber
	Day     int64 // since 1970, by the register's clock
	Kind    int64
	Shift   uint32

	Documents, Lines int64
	Total            fiscal.Kopecks
	Paid             store.Paid
	VAT              store.VAT
	FirstAt, LastAt  int64 // seconds, as projections.at
	FirstFD, LastFD  fiscal.FDNumber
	Hours            [24]Hour
}

// Hour is a part of a Sheet.
type Hour struct {
	Documents int64
	Total     fiscal.Kopecks
}

// sumColumns and hourColumns are added up, edgeColumns keep the least or the greatest.
var (
	sumColumns = []string{"documents", "lines", "total", "cash", "ecash", "prepaid", "credit", "provision",
		"vat1", "vat2", "vat3", "vat4", "vat5", "vat6", "vat7", "vat8", "vat9", "vat10", "vat11", "vat12"}
	edgeColumns = []string{"first_at", "last_at", "first_fd", "last_fd"}
	hourColumns = append(numbered("n"), numbered("t")...) // documents, then totals
)

func numbered(prefix string) (all []string) {
	for h := range 24 {
		all = append(all, fmt.Sprintf("%s%02d", prefix, h))
	}
	return all
}

// SheetColumns are those of days in the order of Sheet.Values; the drive is not among
// them.
var SheetColumns = slices.Concat([]string{"user_inn", "reg_id", "day", "kind", "shift"}, sumColumns, edgeColumns, hourColumns)

// Sheets adds up projections, each sheet once, in the order of its first document.
func Sheets(all []store.Projection) []Sheet {
	type key struct {
		user      fiscal.INN
		reg       fiscal.RegNumber
		fn        fiscal.FNNumber
		day, kind int64
		shift     uint32
	}
	place := map[key]int{}
	var sheets []Sheet
	for i := range all {
		p := &all[i]
		kind := int64(p.Operation)
		switch p.Form {
		case fiscal.FormReceipt, fiscal.FormBSO:
		case fiscal.FormReceiptCorrection, fiscal.FormBSOCorrection:
			kind = Corrections
		default:
			continue
		}
		at := p.At.Unix()
		k := key{p.UserINN, p.RegID, p.FN, at / secondsOfDay, kind, p.Shift}
		n, ok := place[k]
		if !ok {
			n = len(sheets)
			place[k] = n
			sheets = append(sheets, Sheet{UserINN: k.user, RegID: k.reg, FN: k.fn, Day: k.day, Kind: kind, Shift: p.Shift, FirstAt: at, LastAt: at, FirstFD: p.FD, LastFD: p.FD})
		}
		sheets[n].add(p, at)
	}
	return sheets
}

func (s *Sheet) add(p *store.Projection, at int64) {
	s.Documents++
	s.Lines += int64(len(p.Items))
	s.Total += p.Total
	s.Paid.Add(p.Paid)
	s.VAT.Add(&p.VAT)
	s.FirstAt, s.LastAt = min(s.FirstAt, at), max(s.LastAt, at)
	s.FirstFD, s.LastFD = min(s.FirstFD, p.FD), max(s.LastFD, p.FD)
	if h := at % secondsOfDay / 3600; h >= 0 { // the clock of a register begins in 1970
		s.Hours[h].Documents++
		s.Hours[h].Total += p.Total
	}
}

// Values of a sheet in the order of SheetColumns.
func (s *Sheet) Values(d Dialect) []any {
	v := make([]any, 0, len(SheetColumns)+1)
	v = append(v, d.Text(string(s.UserINN)), d.Text(string(s.RegID)), s.Day, s.Kind, int64(s.Shift), s.Documents, s.Lines, int64(s.Total),
		int64(s.Paid.Cash), int64(s.Paid.Ecash), int64(s.Paid.Prepaid), int64(s.Paid.Credit), int64(s.Paid.Provision))
	for _, one := range s.VAT[1:] {
		v = append(v, int64(one))
	}
	v = append(v, s.FirstAt, s.LastAt, int64(s.FirstFD), int64(s.LastFD))
	for _, h := range s.Hours {
		v = append(v, h.Documents)
	}
	for _, h := range s.Hours {
		v = append(v, int64(h.Total))
	}
	return v
}

// most is where sums stop to grow: more than all the receipts of a day can be, so that
// a register that sends anything cannot make a sum that no column holds.
const most = 1 << 62

// sheetKey tells sheets apart.
const sheetKey = "user_inn, reg_id, day, kind, drive_id, shift"

// SheetTable are statements that make days, in place of one that is there, and add up
// what is projected; kinds of columns and the end of the table are the engine's. The
// migration that changes days last makes it: when another comes it takes these over,
// and the one before does nothing any more.
func SheetTable(number, text, end string) []string {
	columns := []string{"drive_id " + number + " NOT NULL"}
	for _, c := range SheetColumns {
		kind := number
		if c == "user_inn" || c == "reg_id" {
			kind = text
		}
		columns = append(columns, c+" "+kind+" NOT NULL")
	}
	return []string{
		"DROP TABLE IF EXISTS days",
		"CREATE TABLE days (" + strings.Join(columns, ", ") + ", PRIMARY KEY (" + sheetKey + "))" + end,
		SheetsAgain(""),
		"CREATE INDEX days_by_shift ON days (drive_id, shift)",
		"CREATE INDEX projections_of_shifts ON projections (drive_id, shift) WHERE " + strings.ReplaceAll(unsummed, "p.", ""),
	}
}

// AddSheet is the end of an INSERT into days: a sheet that is there grows. least and
// greatest are functions of the engine.
func AddSheet(least, greatest string) string {
	var set []string
	for _, c := range sumColumns {
		set = append(set, fmt.Sprintf("%s = %s(days.%s + excluded.%s, %d)", c, least, c, c, int64(most)))
	}
	for i, c := range edgeColumns {
		set = append(set, fmt.Sprintf("%s = %s(days.%s, excluded.%s)", c, []string{least, greatest}[i%2], c, c))
	}
	for _, c := range hourColumns {
		set = append(set, fmt.Sprintf("%s = %s(days.%s + excluded.%s, %d)", c, least, c, c, int64(most)))
	}
	return " ON CONFLICT (" + sheetKey + ") DO UPDATE SET " + strings.Join(set, ", ")
}

// SheetsAgain is the statement that adds up projections p anew, those that the
// condition finds; days must have no row of theirs.
func SheetsAgain(condition string) string {
	values := []string{"p.drive_id", "p.user_inn", "p.reg_id", "p.at / 86400", kindOf, "p.shift", "count(*)"}
	for _, c := range sumColumns[1:] {
		values = append(values, "coalesce(sum(p."+c+"), 0)")
	}
	values = append(values, "min(p.at)", "max(p.at)", "min(p.fd)", "max(p.fd)")
	for _, c := range hourly() {
		values = append(values, "sum("+c+")")
	}
	if condition != "" {
		condition = " AND " + condition
	}
	return "INSERT INTO days (drive_id, " + strings.Join(SheetColumns, ", ") + ") SELECT " + strings.Join(values, ", ") +
		" FROM projections p WHERE " + summed + condition + " GROUP BY 1, 2, 3, 4, 5, 6"
}

// hourly are hourColumns of a projection p.
func hourly() (all []string) {
	for _, value := range []string{"1", "p.total"} {
		for h := range 24 {
			all = append(all, fmt.Sprintf("CASE p.at %% 86400 / 3600 WHEN %d THEN %s ELSE 0 END", h, value))
		}
	}
	return all
}

// kindOf a projection p.
const kindOf = "CASE WHEN p.form IN (3, 4) THEN p.operation WHEN p.form IN (31, 41) THEN -1 WHEN p.form = 5 THEN -3 ELSE -2 END"

// Conditions on projections p: that they are receipts and corrections, and that not.
const summed, unsummed = "p.form IN (3, 4, 31, 41)", "p.form NOT IN (3, 4, 31, 41)"
