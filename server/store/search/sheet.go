package search

import (
	"fmt"
	"strings"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// Span is a length of time by the register's clock that receipts and corrections are
// added up over, in a table of its own: pages ask it instead of the documents.
type Span struct {
	Table, Column string // Column numbers the spans since 1970
	Seconds       int64
}

// Days and Hours are kept.
var (
	Days  = Span{"days", "day", secondsOfDay}
	Hours = Span{"hours", "hour", 3600}
)

// Corrections is the kind of sheets of corrections; that of receipts and БСО is their
// operation (tag 1054).
const Corrections = -1

// other is the kind of documents that have no sheet.
const other = -2

// Sheet is a row of a Span: what documents of one taxpayer, register, drive and kind
// add up to.
type Sheet struct {
	UserINN fiscal.INN
	RegID   fiscal.RegNumber
	FN      fiscal.FNNumber
	Span    int64
	Kind    int64

	Documents, Lines int64
	Total            fiscal.Kopecks
	Paid             store.Paid
	VAT              store.VAT
	FirstAt, LastAt  int64 // seconds, as projections.at
	FirstFD, LastFD  fiscal.FDNumber
}

// sumColumns are added up, edgeColumns keep the least or the greatest.
var (
	sumColumns = []string{"documents", "lines", "total", "cash", "ecash", "prepaid", "credit", "provision",
		"vat1", "vat2", "vat3", "vat4", "vat5", "vat6", "vat7", "vat8", "vat9", "vat10", "vat11", "vat12"}
	edgeColumns = []string{"first_at", "last_at", "first_fd", "last_fd"}
)

// Columns of the table in the order of Values; the drive is not among them.
func (s Span) Columns() []string {
	return append(append([]string{"user_inn", "reg_id", s.Column, "kind"}, sumColumns...), edgeColumns...)
}

// Sheets adds up projections, each sheet once, in the order of its first document.
func (s Span) Sheets(all []store.Projection) []Sheet {
	type key struct {
		user       fiscal.INN
		reg        fiscal.RegNumber
		fn         fiscal.FNNumber
		span, kind int64
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
		k := key{p.UserINN, p.RegID, p.FN, at / s.Seconds, kind}
		n, ok := place[k]
		if !ok {
			n = len(sheets)
			place[k] = n
			sheets = append(sheets, Sheet{UserINN: k.user, RegID: k.reg, FN: k.fn, Span: k.span, Kind: kind, FirstAt: at, LastAt: at, FirstFD: p.FD, LastFD: p.FD})
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
}

// Values of a sheet in the order of Span.Columns.
func (s *Sheet) Values(d Dialect) []any {
	v := []any{d.Text(string(s.UserINN)), d.Text(string(s.RegID)), s.Span, s.Kind, s.Documents, s.Lines, int64(s.Total),
		int64(s.Paid.Cash), int64(s.Paid.Ecash), int64(s.Paid.Prepaid), int64(s.Paid.Credit), int64(s.Paid.Provision)}
	for _, one := range s.VAT[1:] {
		v = append(v, int64(one))
	}
	return append(v, s.FirstAt, s.LastAt, int64(s.FirstFD), int64(s.LastFD))
}

// most is where sums stop to grow: more than all the receipts of a day can be, so that
// a register that sends anything cannot make a sum that no column holds.
const most = 1 << 62

// Add is the end of an INSERT into the table: a sheet that is there grows. least and
// greatest are functions of the engine.
func (s Span) Add(least, greatest string) string {
	var set []string
	for _, c := range sumColumns {
		set = append(set, fmt.Sprintf("%s = %s(%s.%s + excluded.%s, %d)", c, least, s.Table, c, c, int64(most)))
	}
	for i, c := range edgeColumns {
		set = append(set, fmt.Sprintf("%s = %s(%s.%s, excluded.%s)", c, []string{least, greatest}[i%2], s.Table, c, c))
	}
	return fmt.Sprintf(" ON CONFLICT (user_inn, reg_id, %s, kind, drive_id) DO UPDATE SET %s", s.Column, strings.Join(set, ", "))
}

// Again is the statement that adds up projections p anew, those that the condition
// finds; the table must have no row of theirs.
func (s Span) Again(condition string) string {
	columns := append([]string{"drive_id"}, s.Columns()...)
	values := []string{"p.drive_id", "p.user_inn", "p.reg_id", fmt.Sprintf("p.at / %d", s.Seconds), kindOf, "count(*)"}
	for _, c := range sumColumns[1:] {
		values = append(values, "coalesce(sum(p."+c+"), 0)")
	}
	values = append(values, "min(p.at)", "max(p.at)", "min(p.fd)", "max(p.fd)")
	if condition != "" {
		condition = " AND " + condition
	}
	return "INSERT INTO " + s.Table + " (" + strings.Join(columns, ", ") + ") SELECT " + strings.Join(values, ", ") +
		" FROM projections p WHERE p.form IN (3, 4, 31, 41)" + condition + " GROUP BY 1, 2, 3, 4, 5"
}

// kindOf a projection p.
const kindOf = "CASE WHEN p.form IN (3, 4) THEN p.operation WHEN p.form IN (31, 41) THEN -1 ELSE -2 END"
