// Package search makes the questions about projected documents: both engines keep
// them in tables of the same columns and answer the same statements. It is the
// engines' own business: others call the methods of store.Projector.
//
// It writes no rows and does not know how they come about (server/projection).
package search

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// Engine is a database with its own ways of speech.
type Engine interface {
	// Query runs a statement and calls scan for each row.
	Query(ctx context.Context, text string, args []any, scan func(Row) error) error
	Dialect() Dialect
}

// Row is a row of either driver.
type Row interface{ Scan(dest ...any) error }

// Dialect is what differs.
type Dialect struct {
	Mark     func(n int) string           // the n-th parameter, from 1
	Drive    string                       // an expression for the drive's id with one ? for what DriveArg gives
	DriveArg func(fn fiscal.FNNumber) any // the value for Drive
	FN       string                       // an expression for the FN of row p
	Document string                       // a condition that p is the document of drive ? with number ?
	ItemKey  [2]string                    // the columns that tie p to its items: of p, of items
	Contains string                       // a condition that the text i.name has the part ?
	Text     func(s string) string        // a text as it is kept
	FromText func(s string) string        // and back
}

// Columns of projections in the order of Values, and those of items in the order of
// ItemValues; the keys that differ are not among them.
var (
	Columns = []string{"id", "fd", "at", "form", "shift", "number", "operation", "total", "fpd", "taxation",
		"cash", "ecash", "prepaid", "credit", "provision", "lines", "reg_id", "user_inn", "cashier", "contact", "unread",
		"vat1", "vat2", "vat3", "vat4", "vat5", "vat6", "vat7", "vat8", "vat9", "vat10", "vat11", "vat12"}
	ItemColumns = []string{"position", "name", "price", "quantity", "sum", "rate", "vat", "subject", "method", "measure", "unit", "code"}
)

// maxApart is up to how many drives are searched one by one, each along its own
// index, instead of all together.
const maxApart = 64

// Search implements store.Projector.
func Search(ctx context.Context, e Engine, s store.Search, after store.Place, limit int) (all []store.Projection, err error) {
	limit = store.Page{Limit: limit}.Rows()
	d := e.Dialect()
	drives, apart, err := drivesOf(ctx, e, &s)
	if err != nil {
		return nil, fmt.Errorf("searching documents: %w", err)
	}
	if apart && len(drives) == 0 {
		return nil, nil
	}
	q := query{d: d}
	where := func(drive *int64) string {
		q.where = nil
		q.conditions(&s, drive)
		q.after(&s, after)
		return q.clause()
	}
	var text string
	switch {
	case !apart:
		text = "SELECT " + selected(d) + " FROM projections p" + where(nil) + ordered("p.", &s) + " LIMIT " + q.value(int64(limit))
	case len(drives) == 1:
		text = "SELECT " + selected(d) + " FROM projections p" + where(&drives[0]) + ordered("p.", &s) + " LIMIT " + q.value(int64(limit))
	default:
		// Each drive is followed along its own index, as far as the page needs; only the
		// rows of the page are read whole.
		var each []string
		for i := range drives {
			each = append(each, "SELECT p.drive_id AS drive_id, p.at AS at, p.id AS id FROM projections p"+where(&drives[i]))
		}
		text = "SELECT " + selected(d) + " FROM (" + strings.Join(each, " UNION ALL ") + ordered("", &s) + " LIMIT " + q.value(int64(limit)) +
			") u JOIN projections p ON p.drive_id = u.drive_id AND p.at = u.at AND p.id = u.id" + ordered("u.", &s)
	}
	err = e.Query(ctx, text, q.args, func(r Row) error {
		p, err := scan(r, d)
		all = append(all, p)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("searching documents: %w", err)
	}
	return all, nil
}

// ordered is the order of a list whose columns have the prefix.
func ordered(prefix string, s *store.Search) string {
	if s.Oldest {
		return " ORDER BY " + prefix + "at, " + prefix + "id"
	}
	return " ORDER BY " + prefix + "at DESC, " + prefix + "id DESC"
}

// drivesOf finds the drives of the registers that are asked for, when they are few
// enough to be searched apart.
func drivesOf(ctx context.Context, e Engine, s *store.Search) (drives []int64, apart bool, err error) {
	if len(s.RegIDs) == 0 || byDrive(s) || s.FPD != 0 || s.Code != "" {
		return nil, false, nil
	}
	q := query{d: e.Dialect()}
	text := "SELECT DISTINCT drive_id FROM registrations WHERE reg_id IN (" + texts(&q, s.RegIDs) + ") LIMIT " + q.value(int64(maxApart+1))
	err = e.Query(ctx, text, q.args, func(r Row) error {
		var id int64
		err := r.Scan(&id)
		drives = append(drives, id)
		return err
	})
	return drives, len(drives) <= maxApart, err
}

// selected are the columns in the order of scan, what may be NULL made plain.
func selected(d Dialect) string {
	all := []string{d.FN}
	for _, c := range Columns {
		switch {
		case slices.Contains([]string{"cashier", "contact", "unread"}, c):
			c = "coalesce(p." + c + ", '')"
		case slices.Contains([]string{"cash", "ecash", "prepaid", "credit", "provision"}, c), strings.HasPrefix(c, "vat"):
			c = "coalesce(p." + c + ", 0)"
		default:
			c = "p." + c
		}
		all = append(all, c)
	}
	return strings.Join(all, ", ")
}

func scan(r Row, d Dialect) (p store.Projection, err error) {
	var fd, at, form, shift, number, operation, total, fpd, taxation, lines int64
	var fn, reg, user string
	into := []any{&fn, &p.ID, &fd, &at, &form, &shift, &number, &operation, &total, &fpd, &taxation,
		(*int64)(&p.Paid.Cash), (*int64)(&p.Paid.Ecash), (*int64)(&p.Paid.Prepaid), (*int64)(&p.Paid.Credit), (*int64)(&p.Paid.Provision),
		&lines, &reg, &user, &p.Cashier, &p.Contact, &p.Unread}
	for rate := 1; rate <= store.Rates; rate++ {
		into = append(into, (*int64)(&p.VAT[rate]))
	}
	if err := r.Scan(into...); err != nil {
		return p, err
	}
	p.FN, p.FD, p.At, p.Form = fiscal.FNNumber(d.FromText(fn)), fiscal.FDNumber(fd), time.Unix(at, 0).UTC(), fiscal.Form(form)
	p.Shift, p.Number, p.Operation = uint32(shift), uint32(number), fiscal.OperationType(operation)
	p.Total, p.FPD, p.Taxation = fiscal.Kopecks(total), fiscal.FPD(fpd), uint8(taxation)
	p.RegID, p.UserINN = fiscal.RegNumber(d.FromText(reg)), fiscal.INN(d.FromText(user))
	p.Cashier, p.Contact, p.Unread = d.FromText(p.Cashier), d.FromText(p.Contact), d.FromText(p.Unread)
	return p, nil
}

// Items implements store.Projector.
func Items(ctx context.Context, e Engine, fn fiscal.FNNumber, fd fiscal.FDNumber) (all []store.Item, err error) {
	d := e.Dialect()
	q := query{d: d}
	q.add(d.Document, d.DriveArg(fn), int64(fd))
	text := "SELECT i." + strings.Join(ItemColumns, ", i.") + " FROM projections p JOIN items i ON " + onItem(d) + q.clause() + " ORDER BY i.position"
	err = e.Query(ctx, text, q.args, func(r Row) error {
		var i store.Item
		var rate, subject, method, measure int64
		err := r.Scan(&i.Position, &i.Name, (*int64)(&i.Price), &i.Quantity, (*int64)(&i.Sum), &rate, (*int64)(&i.VAT), &subject, &method, &measure, &i.Unit, &i.Code)
		i.Rate, i.Subject, i.Method, i.Measure = uint8(rate), uint8(subject), uint8(method), uint8(measure)
		i.Name, i.Unit, i.Code = d.FromText(i.Name), d.FromText(i.Unit), d.FromText(i.Code)
		all = append(all, i)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the items of FN %s FD %d: %w", fn, fd, err)
	}
	return all, nil
}

// onItem ties items i to p.
func onItem(d Dialect) string {
	of := strings.Split(d.ItemKey[1], ", ")
	for i := range of {
		of[i] = "i." + of[i]
	}
	if len(of) == 1 {
		return of[0] + " = " + d.ItemKey[0]
	}
	return "(" + strings.Join(of, ", ") + ") = " + d.ItemKey[0]
}

// Values of a projection in the order of Columns. Sums that are 0 and texts that are
// empty are nil where the columns may be.
func Values(p *store.Projection, d Dialect) []any {
	v := []any{p.ID, int64(p.FD), p.At.Unix(), int64(p.Form), int64(p.Shift), int64(p.Number), int64(p.Operation), int64(p.Total), int64(p.FPD), int64(p.Taxation),
		sum(p.Paid.Cash), sum(p.Paid.Ecash), sum(p.Paid.Prepaid), sum(p.Paid.Credit), sum(p.Paid.Provision), int64(len(p.Items)),
		d.Text(string(p.RegID)), d.Text(string(p.UserINN)), text(p.Cashier, d), text(p.Contact, d), text(p.Unread, d)}
	for _, one := range p.VAT[1:] {
		v = append(v, sum(one))
	}
	return v
}

// ItemValues are in the order of ItemColumns.
func ItemValues(i *store.Item, d Dialect) []any {
	return []any{int64(i.Position), d.Text(i.Name), int64(i.Price), i.Quantity, int64(i.Sum), int64(i.Rate), int64(i.VAT),
		int64(i.Subject), int64(i.Method), int64(i.Measure), d.Text(i.Unit), d.Text(i.Code)}
}

func sum(k fiscal.Kopecks) any {
	if k == 0 {
		return nil
	}
	return int64(k)
}

func text(s string, d Dialect) any {
	if s == "" {
		return nil
	}
	return d.Text(s)
}
