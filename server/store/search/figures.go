package search

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// Conditions on what is summed up.
const (
	receipts    = "p.form IN (3, 4)"
	corrections = "p.form IN (31, 41)"
)

// secondsOfDay and of an hour divide the wall clock.
const secondsOfDay = 86400

// grouping is the columns that groups are told apart by: a text and a number, either
// of which may be a constant.
type grouping struct{ text, number string }

func groupings(d Dialect) map[store.Grouping]grouping {
	return map[store.Grouping]grouping{
		store.Together:   {"''", "0"},
		store.ByRegister: {"p.reg_id", "0"},
		store.ByUser:     {"p.user_inn", "0"},
		store.ByDay:      {"''", "p.at / 86400"},
		store.ByHour:     {"''", "p.at % 86400 / 3600"},
		store.ByShift:    {d.FN, "p.shift"},
		store.ByCashier:  {"coalesce(p.cashier, '')", "0"},
	}
}

// Figures implements store.Projector.
func Figures(ctx context.Context, e Engine, s store.Search, by store.Grouping) (all []store.Figures, err error) {
	d := e.Dialect()
	g, known := groupings(d)[by]
	if !known {
		return nil, fmt.Errorf("summing up documents: grouping %d is not known", by)
	}
	q := query{d: d}
	q.conditions(&s, nil)
	if by == store.ByShift {
		q.add("p.shift > 0")
	} else {
		q.add("p.form IN (3, 4, 31, 41)")
	}
	text := "SELECT g1, g2, " + figureColumns() + " FROM (SELECT p.*, " + g.text + " AS g1, " + g.number + " AS g2 FROM projections p" + q.clause() + ") p GROUP BY g1, g2 ORDER BY g1, g2"
	err = e.Query(ctx, text, q.args, func(r Row) error {
		f, err := scanFigures(r, by, d)
		if f.FirstFD != 0 {
			all = append(all, f)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("summing up documents: %w", err)
	}
	return all, nil
}

// figureColumns are in the order of scanFigures.
func figureColumns() string {
	var c []string
	total := func(what, when string) {
		c = append(c, "CAST(coalesce(sum(CASE WHEN "+when+" THEN "+what+" END), 0) AS BIGINT)")
	}
	operation := func(n int) string { return fmt.Sprintf("%s AND p.operation = %d", receipts, n) }
	c = append(c, "coalesce(min(p.at), 0)", "coalesce(max(p.at), 0)", "coalesce(min(p.fd), 0)", "coalesce(max(p.fd), 0)")
	total("1", receipts)
	total("p.lines", operation(1))
	for n := 1; n <= 4; n++ {
		total("1", operation(n))
		total("p.total", operation(n))
	}
	total("1", corrections)
	total("p.total", corrections)
	for n := 1; n <= 2; n++ {
		for _, way := range []string{"cash", "ecash", "prepaid", "credit", "provision"} {
			total("p."+way, operation(n))
		}
		for rate := 1; rate <= store.Rates; rate++ {
			total("p.vat"+strconv.Itoa(rate), operation(n))
		}
	}
	return strings.Join(c, ", ")
}

func scanFigures(r Row, by store.Grouping, d Dialect) (f store.Figures, err error) {
	var key string
	var n, first, last, firstFD, lastFD int64
	sums := []*fiscal.Kopecks{&f.Revenue, &f.Returned, &f.Expense, &f.ExpenseReturned}
	into := []any{&key, &n, &first, &last, &firstFD, &lastFD, &f.Receipts, &f.Items}
	for i, count := range []*int64{&f.Sales, &f.Returns, &f.Spent, &f.Unspent} {
		into = append(into, count, (*int64)(sums[i]))
	}
	into = append(into, &f.Corrections, (*int64)(&f.Corrected))
	for _, one := range []struct {
		paid *store.Paid
		vat  *store.VAT
	}{{&f.SalesPaid, &f.SalesVAT}, {&f.ReturnsPaid, &f.ReturnsVAT}} {
		for _, k := range []*fiscal.Kopecks{&one.paid.Cash, &one.paid.Ecash, &one.paid.Prepaid, &one.paid.Credit, &one.paid.Provision} {
			into = append(into, (*int64)(k))
		}
		for rate := 1; rate <= store.Rates; rate++ {
			into = append(into, (*int64)(&one.vat[rate]))
		}
	}
	if err := r.Scan(into...); err != nil {
		return f, err
	}
	f.First, f.Last = time.Unix(first, 0).UTC(), time.Unix(last, 0).UTC()
	f.FirstFD, f.LastFD = fiscal.FDNumber(firstFD), fiscal.FDNumber(lastFD)
	switch by {
	case store.ByDay:
		f.Key = time.Unix(n*secondsOfDay, 0).UTC().Format(time.DateOnly)
	case store.ByHour:
		f.Key = fmt.Sprintf("%02d", n)
	case store.ByShift:
		f.Key, f.Shift = d.FromText(key), uint32(n)
	default:
		f.Key = d.FromText(key)
	}
	return f, nil
}

// Goods implements store.Projector.
func Goods(ctx context.Context, e Engine, s store.Search, limit int) (all []store.Goods, err error) {
	d := e.Dialect()
	q := query{d: d}
	q.conditions(&s, nil)
	q.add(receipts)
	q.add("p.operation IN (1, 2)")
	const group = "i.name, i.rate, i.measure, i.unit"
	of := func(what string, operation int) string {
		return fmt.Sprintf("CAST(coalesce(sum(CASE WHEN p.operation = %d THEN %s END), 0) AS BIGINT)", operation, what)
	}
	text := "SELECT " + group + ", " + of("i.quantity", 1) + ", " + of("i.sum", 1) + " AS revenue, count(DISTINCT CASE WHEN p.operation = 1 THEN p.id END), " +
		of("i.quantity", 2) + ", " + of("i.sum", 2) + " FROM projections p JOIN items i ON " + onItem(d) + q.clause() +
		" GROUP BY " + group + " ORDER BY revenue DESC, " + group + " LIMIT " + q.value(int64(store.Page{Limit: limit}.Rows()))
	err = e.Query(ctx, text, q.args, func(r Row) error {
		var g store.Goods
		var rate, measure int64
		err := r.Scan(&g.Name, &rate, &measure, &g.Unit, &g.Quantity, (*int64)(&g.Revenue), &g.Receipts, &g.ReturnedQuantity, (*int64)(&g.Returned))
		g.Name, g.Unit, g.Rate, g.Measure = d.FromText(g.Name), d.FromText(g.Unit), uint8(rate), uint8(measure)
		all = append(all, g)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("summing up items: %w", err)
	}
	return all, nil
}
