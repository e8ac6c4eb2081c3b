package search

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// receipts is a condition on what goods are summed up of.
const receipts = "p.form IN (3, 4)"

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
		store.ByHour:     {},
		store.ByShift:    {"p.drive_id", "p.shift"},
		store.ByCashier:  {"coalesce(p.cashier, '')", "0"},
	}
}

// Figures implements store.Projector. What days has is taken from there; the rest is
// added up from the documents, in the same statement, so that both are of one moment.
func Figures(ctx context.Context, e Engine, s store.Search, by store.Grouping) (all []store.Figures, err error) {
	d := e.Dialect()
	g, known := groupings(d)[by]
	switch {
	case !known:
		return nil, fmt.Errorf("summing up documents: grouping %d is not known", by)
	case by == store.ByHour:
		all, err = hours(ctx, e, s)
	default:
		all, err = figures(ctx, e, s, by, g)
	}
	if err != nil {
		return nil, fmt.Errorf("summing up documents: %w", err)
	}
	return all, nil
}

func figures(ctx context.Context, e Engine, s store.Search, by store.Grouping, g grouping) (all []store.Figures, err error) {
	q := query{d: e.Dialect()}
	sums := sumsOf(&s)
	first := "g1"
	if by == store.ByShift { // the number of a drive is looked up for each shift, not for each document
		first = strings.ReplaceAll(q.d.FN, "p.drive_id", "p.g1")
	}
	text := "SELECT " + first + ", g2, kind, " + added(sums) + " FROM (" + strings.Join(q.pieces(s, by, g), " UNION ALL ") + ") p GROUP BY g1, g2, kind" // in no order: PostgreSQL would sort all rows where it counts on few
	type key struct {
		text   string
		number int64
	}
	place := map[key]int{}
	err = e.Query(ctx, text, q.args, func(r Row) error {
		var one Sheet
		var text string
		var n int64
		if err := one.scan(r, &text, &n, len(sums) == len(sumColumns)); err != nil {
			return err
		}
		i, known := place[key{text, n}]
		if !known {
			i = len(all)
			place[key{text, n}] = i
			all = append(all, keyed(by, q.d, text, n))
		}
		f := &all[i]
		one.addEdges(f)
		one.addTo(f)
		if one.Kind == closing {
			f.Closing = max(f.Closing, one.LastFD)
		}
		return nil
	})
	slices.SortFunc(all, func(a, b store.Figures) int {
		return cmp.Or(strings.Compare(a.Key, b.Key), cmp.Compare(a.Shift, b.Shift))
	})
	return all, err
}

// hours are figures by the hour: documents and their totals alone.
func hours(ctx context.Context, e Engine, s store.Search) (all []store.Figures, err error) {
	q := query{d: e.Dialect()}
	var sums []string
	for _, c := range hourColumns {
		sums = append(sums, "CAST(sum("+c+") AS BIGINT)")
	}
	text := "SELECT kind, " + strings.Join(sums, ", ") + " FROM (" + strings.Join(q.pieces(s, store.ByHour, grouping{}), " UNION ALL ") + ") p GROUP BY kind"
	var by [24]store.Figures
	err = e.Query(ctx, text, q.args, func(r Row) error {
		var kind int64
		var one [24]Hour
		into := []any{&kind}
		for h := range one {
			into = append(into, &one[h].Documents)
		}
		for h := range one {
			into = append(into, (*int64)(&one[h].Total))
		}
		if err := r.Scan(into...); err != nil {
			return err
		}
		for h := range one {
			(&Sheet{Kind: kind, Documents: one[h].Documents, Total: one[h].Total}).addTo(&by[h])
		}
		return nil
	})
	for h, f := range by {
		if f.Receipts+f.Corrections > 0 {
			f.Key = fmt.Sprintf("%02d", h)
			all = append(all, f)
		}
	}
	return all, err
}

// sumsOf are the columns that the search wants added up.
func sumsOf(s *store.Search) []string {
	if s.NoVAT {
		return sumColumns[:len(sumColumns)-store.Rates]
	}
	return sumColumns
}

// added are the columns of sheets p in the order of Sheet.scan.
func added(sums []string) string {
	var c []string
	for _, one := range sums {
		c = append(c, "CAST(sum("+one+") AS BIGINT)")
	}
	for i, one := range edgeColumns {
		c = append(c, []string{"min(", "max("}[i%2]+one+")")
	}
	return strings.Join(c, ", ")
}

// pieces are the parts of what is added up: whole days from their table, and what is
// left of them, or all, from the documents.
func (q *query) pieces(s store.Search, by store.Grouping, g grouping) []string {
	if by == store.ByShift && shifted(&s) {
		return q.shifts(s, g)
	}
	from, to := ceilSeconds(s.From), ceilSeconds(s.To)
	first, last := ceilDivide(from, secondsOfDay), floorDivide(to, secondsOfDay)
	if !spanned(&s) || by == store.ByShift || by == store.ByCashier || (!s.From.IsZero() && !s.To.IsZero() && first >= last) {
		return []string{q.documents(s, by, g)}
	}
	all := []string{q.days(s, by, g, first, last)}
	if at := time.Unix(first*secondsOfDay, 0); !s.From.IsZero() && at.Unix() > from {
		edge := s
		edge.To = at
		all = append(all, q.documents(edge, by, g))
	}
	if at := time.Unix(last*secondsOfDay, 0); !s.To.IsZero() && at.Unix() < to {
		edge := s
		edge.From = at
		all = append(all, q.documents(edge, by, g))
	}
	return all
}

// spanned tells whether the search can be answered by days: it asks for a taxpayer's
// documents by register, drive and date alone.
func spanned(s *store.Search) bool {
	plain := store.Search{UserINN: s.UserINN, RegIDs: s.RegIDs, FN: s.FN, From: s.From, To: s.To, Oldest: s.Oldest, NoVAT: s.NoVAT}
	return s.UserINN != "" && reflect.DeepEqual(*s, plain)
}

// shifted tells whether the search asks for shifts that days can answer: by drive,
// number, taxpayer, register and date alone.
func shifted(s *store.Search) bool {
	plain := store.Search{UserINN: s.UserINN, RegIDs: s.RegIDs, FN: s.FN, FNs: s.FNs, Shift: s.Shift, Shifts: s.Shifts, From: s.From, To: s.To, Oldest: s.Oldest, NoVAT: s.NoVAT}
	return (len(s.Shifts) > 0 || s.FN != "" && s.Shift != 0) && reflect.DeepEqual(*s, plain)
}

// shifts asks days for the sheets within the dates, and the documents for those that a
// date cuts and for what has no sheet: reports of the shift.
func (q *query) shifts(s store.Search, g grouping) []string {
	from, to, undated := ceilSeconds(s.From), ceilSeconds(s.To), s
	undated.From, undated.To = time.Time{}, time.Time{}
	q.where = nil
	q.conditions(&undated, nil)
	q.add("p.shift > 0")
	if !s.From.IsZero() {
		q.add("p.first_at >= ?", from)
	}
	if !s.To.IsZero() {
		q.add("p.last_at < ?", to)
	}
	columns := []string{g.text + " AS g1", g.number + " AS g2", "p.kind AS kind"}
	for _, c := range slices.Concat(sumsOf(&s), edgeColumns) {
		columns = append(columns, "p."+c+" AS "+c)
	}
	all := []string{"SELECT " + strings.Join(columns, ", ") + " FROM days p" + q.clause()}

	q.where = nil
	q.conditions(&undated, nil)
	q.add("p.shift > 0")
	q.add(unsummed)
	q.dates(&s, " + 0") // the shift leads to fewer than the dates
	all = append(all, "SELECT "+q.sheet(s, g)+" FROM projections p"+q.clause())
	if s.From.IsZero() && s.To.IsZero() {
		return all
	}

	q.where = nil
	q.conditions(&undated, nil)
	if !s.From.IsZero() {
		q.add("p.last_at >= ?", from)
	}
	if !s.To.IsZero() {
		q.add("p.first_at < ?", to)
	}
	switch { // values stand in the order of their marks
	case s.To.IsZero():
		q.add("p.first_at < ?", from)
	case s.From.IsZero():
		q.add("p.last_at >= ?", to)
	default:
		q.add("(p.first_at < ? OR p.last_at >= ?)", from, to)
	}
	sheets := "SELECT p.* FROM days p" + q.clause()
	q.where = []string{"p.drive_id = s.drive_id", "p.at >= s.first_at", "p.at <= s.last_at", "p.shift = s.shift", "p.shift > 0", "p.reg_id = s.reg_id",
		"p.user_inn || '' = s.user_inn", kindOf + " = s.kind"}
	q.dates(&s, "")
	return append(all, "SELECT "+q.sheet(s, g)+" FROM ("+sheets+") s CROSS JOIN projections p"+q.clause())
}

// days asks the table for its rows from one number to another.
func (q *query) days(s store.Search, by store.Grouping, g grouping, first, last int64) string {
	q.where = nil
	q.add("p.user_inn = ?", q.d.Text(string(s.UserINN)))
	if len(s.RegIDs) > 0 {
		q.where = append(q.where, "p.reg_id IN ("+texts(q, s.RegIDs)+")")
	}
	if !s.From.IsZero() {
		q.add("p.day >= ?", first)
	}
	if !s.To.IsZero() {
		q.add("p.day < ?", last)
	}
	if s.FN != "" {
		q.add("p.drive_id = "+q.d.Drive, q.d.DriveArg(s.FN))
	}
	columns := []string{"p.kind AS kind"}
	add := func(names []string) {
		for _, c := range names {
			columns = append(columns, "p."+c+" AS "+c)
		}
	}
	switch by {
	case store.ByHour:
		add(hourColumns)
		return "SELECT " + strings.Join(columns, ", ") + " FROM days p" + q.clause()
	case store.ByDay:
		g.number = "p.day"
	}
	columns = append([]string{g.text + " AS g1", g.number + " AS g2"}, columns...)
	add(sumsOf(&s))
	add(edgeColumns)
	return "SELECT " + strings.Join(columns, ", ") + " FROM days p" + q.clause()
}

// documents gives each document that the search finds as a sheet of its own.
func (q *query) documents(s store.Search, by store.Grouping, g grouping) string {
	q.where = nil
	q.conditions(&s, nil)
	if by == store.ByShift {
		q.add("p.shift > 0")
	} else {
		q.add(summed)
	}
	if by == store.ByHour {
		columns := []string{kindOf + " AS kind"}
		for i, value := range hourly() {
			columns = append(columns, value+" AS "+hourColumns[i])
		}
		return "SELECT " + strings.Join(columns, ", ") + " FROM projections p" + q.clause()
	}
	return "SELECT " + q.sheet(s, g) + " FROM projections p" + q.clause()
}

// sheet is a projection p as a sheet.
func (q *query) sheet(s store.Search, g grouping) string {
	columns := []string{g.text + " AS g1", g.number + " AS g2", kindOf + " AS kind", "1 AS documents"}
	for _, c := range sumsOf(&s)[1:] {
		columns = append(columns, "coalesce(p."+c+", 0) AS "+c)
	}
	columns = append(columns, "p.at AS first_at", "p.at AS last_at", "p.fd AS first_fd", "p.fd AS last_fd")
	return strings.Join(columns, ", ")
}

func (s *Sheet) scan(r Row, text *string, n *int64, vat bool) error {
	var firstFD, lastFD int64
	into := []any{text, n, &s.Kind, &s.Documents, &s.Lines, (*int64)(&s.Total)}
	for _, k := range []*fiscal.Kopecks{&s.Paid.Cash, &s.Paid.Ecash, &s.Paid.Prepaid, &s.Paid.Credit, &s.Paid.Provision} {
		into = append(into, (*int64)(k))
	}
	for rate := 1; vat && rate <= store.Rates; rate++ {
		into = append(into, (*int64)(&s.VAT[rate]))
	}
	err := r.Scan(append(into, &s.FirstAt, &s.LastAt, &firstFD, &lastFD)...)
	s.FirstFD, s.LastFD = fiscal.FDNumber(firstFD), fiscal.FDNumber(lastFD)
	return err
}

// keyed are the figures of a group before anything is added.
func keyed(by store.Grouping, d Dialect, text string, n int64) (f store.Figures) {
	switch by {
	case store.ByDay:
		f.Key = time.Unix(n*secondsOfDay, 0).UTC().Format(time.DateOnly)
	case store.ByShift:
		f.Key, f.Shift = d.FromText(text), uint32(n)
	default:
		f.Key = d.FromText(text)
	}
	return f
}

// addEdges widens the figures of a group to the documents of the sheet.
func (s *Sheet) addEdges(f *store.Figures) {
	first, last := time.Unix(s.FirstAt, 0).UTC(), time.Unix(s.LastAt, 0).UTC()
	if f.LastFD == 0 || first.Before(f.First) {
		f.First = first
	}
	if f.LastFD == 0 || last.After(f.Last) {
		f.Last = last
	}
	if f.LastFD == 0 || s.FirstFD < f.FirstFD {
		f.FirstFD = s.FirstFD
	}
	f.LastFD = max(f.LastFD, s.LastFD)
}

// addTo adds the sheet to the figures of its group.
func (s *Sheet) addTo(f *store.Figures) {
	switch s.Kind {
	case other, closing:
		return
	case Corrections:
		f.Corrections, f.Corrected = f.Corrections+s.Documents, f.Corrected+s.Total
		return
	}
	f.Receipts += s.Documents
	add := func(documents *int64, total *fiscal.Kopecks) {
		*documents, *total = *documents+s.Documents, *total+s.Total
	}
	switch fiscal.OperationType(s.Kind) {
	case fiscal.Sell:
		add(&f.Sales, &f.Revenue)
		f.Items += s.Lines
		f.SalesPaid.Add(s.Paid)
		f.SalesVAT.Add(&s.VAT)
	case fiscal.SellReturn:
		add(&f.Returns, &f.Returned)
		f.ReturnsPaid.Add(s.Paid)
		f.ReturnsVAT.Add(&s.VAT)
	case fiscal.Buy:
		add(&f.Spent, &f.Expense)
	case fiscal.BuyReturn:
		add(&f.Unspent, &f.ExpenseReturned)
	}
}

// ceilDivide and floorDivide are for moments before 1970, too.
func ceilDivide(n, by int64) int64 { return -floorDivide(-n, by) }

func floorDivide(n, by int64) int64 {
	if n < 0 {
		return -((-n + by - 1) / by)
	}
	return n / by
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
