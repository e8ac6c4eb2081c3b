package ledger

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// Totals are figures in the words that pages and reports share:
//
//   - выручка is приход less возврат прихода, of receipts and БСО; corrections,
//     расход and возврат расхода are counted apart and are in no revenue;
//   - чеки are those of приход; returns have a number of their own;
//   - средний чек is приход divided by the чеки, half a kopeck rounded up; positions
//     are lines of those receipts;
//   - наличные, безналичные and other ways to pay are, as revenue, what came less
//     what was given back.
type Totals struct{ store.Figures }

// Net is выручка.
func (t Totals) Net() fiscal.Kopecks { return t.Revenue - t.Returned }

// Cash is the part of the revenue that was paid in cash.
func (t Totals) Cash() fiscal.Kopecks { return t.SalesPaid.Cash - t.ReturnsPaid.Cash }

// Ecash is the cashless part.
func (t Totals) Ecash() fiscal.Kopecks { return t.SalesPaid.Ecash - t.ReturnsPaid.Ecash }

// Other is the part that was paid by advance, credit and otherwise.
func (t Totals) Other() fiscal.Kopecks {
	rest := func(p store.Paid) fiscal.Kopecks { return p.Prepaid + p.Credit + p.Provision }
	return rest(t.SalesPaid) - rest(t.ReturnsPaid)
}

// Average is средний чек; 0 without receipts.
func (t Totals) Average() fiscal.Kopecks {
	if t.Sales == 0 {
		return 0
	}
	n := fiscal.Kopecks(t.Sales)
	whole, rest := t.Revenue/n, t.Revenue%n
	if rest >= n-rest {
		whole++
	}
	return whole
}

// Lines is the average number of positions in a receipt; 0 without receipts.
func (t Totals) Lines() float64 {
	if t.Sales == 0 {
		return 0
	}
	return float64(t.Items) / float64(t.Sales)
}

// ReturnShare is what was given back, in per cent of приход; 0 without sales.
func (t Totals) ReturnShare() float64 {
	if t.Revenue == 0 {
		return 0
	}
	return 100 * float64(t.Returned) / float64(t.Revenue)
}

// Empty tells that there was nothing: no receipt and no correction.
func (t Totals) Empty() bool { return t.Receipts == 0 && t.Corrections == 0 }

// Change is how much now is more than before, in per cent; ok is false when there
// is nothing to compare with.
func Change(now, before fiscal.Kopecks) (percent float64, ok bool) {
	if before <= 0 {
		return 0, false
	}
	return 100 * float64(now-before) / float64(before), true
}

// Plus adds other figures; the key stays, and so do the numbers of documents.
func (t Totals) Plus(o Totals) Totals {
	if t.First.IsZero() || (!o.First.IsZero() && o.First.Before(t.First)) {
		t.First = o.First
	}
	if o.Last.After(t.Last) {
		t.Last = o.Last
	}
	for _, one := range []struct {
		to   *int64
		from int64
	}{{&t.Receipts, o.Receipts}, {&t.Items, o.Items}, {&t.Sales, o.Sales}, {&t.Returns, o.Returns}, {&t.Spent, o.Spent}, {&t.Unspent, o.Unspent}, {&t.Corrections, o.Corrections}} {
		*one.to += one.from
	}
	t.Revenue, t.Returned, t.Corrected = t.Revenue+o.Revenue, t.Returned+o.Returned, t.Corrected+o.Corrected
	t.Expense, t.ExpenseReturned = t.Expense+o.Expense, t.ExpenseReturned+o.ExpenseReturned
	t.SalesPaid.Add(o.SalesPaid)
	t.ReturnsPaid.Add(o.ReturnsPaid)
	for rate := range t.SalesVAT {
		t.SalesVAT[rate] += o.SalesVAT[rate]
		t.ReturnsVAT[rate] += o.ReturnsVAT[rate]
	}
	return t
}

// Part is a part of the fiscal data, cut to registers and dates: a question about
// money has one, or several when "today" is not the same day everywhere.
type Part = access.Sight

// Revenue sums up the parts, apart by what by says, in the order of the keys. Parts
// must not overlap: their figures are added up.
func (s *Service) Revenue(ctx context.Context, parts []Part, by store.Grouping) ([]Totals, error) {
	return s.revenue(ctx, parts, by, store.Search{})
}

// Takings is Revenue without the taxes, for pages that do not show them: it takes half
// the time.
func (s *Service) Takings(ctx context.Context, parts []Part, by store.Grouping) ([]Totals, error) {
	return s.revenue(ctx, parts, by, store.Search{NoVAT: true})
}

func (s *Service) revenue(ctx context.Context, parts []Part, by store.Grouping, q store.Search) ([]Totals, error) {
	all := newSums()
	for _, part := range parts {
		figures, err := s.Figures(ctx, part, q, by)
		if err != nil {
			return nil, err
		}
		all.add(figures)
	}
	return all.sorted(), nil
}

// sums are totals by their keys.
type sums struct {
	place map[string]int
	all   []Totals
}

func newSums() *sums { return &sums{place: map[string]int{}} }

func (s *sums) add(figures []store.Figures) {
	for _, f := range figures {
		i, ok := s.place[f.Key]
		if !ok {
			i = len(s.all)
			s.place[f.Key] = i
			s.all = append(s.all, Totals{store.Figures{Key: f.Key}})
		}
		s.all[i] = s.all[i].Plus(Totals{f})
	}
}

// sorted ends the adding.
func (s *sums) sorted() []Totals {
	slices.SortFunc(s.all, func(a, b Totals) int { return cmp.Compare(a.Key, b.Key) })
	return s.all
}

// Total is Takings without telling anything apart.
func (s *Service) Total(ctx context.Context, parts []Part) (Totals, error) {
	all, err := s.Takings(ctx, parts, store.Together)
	if err != nil || len(all) == 0 {
		return Totals{}, err
	}
	return all[0], nil
}

// Good is a thing that was sold.
type Good struct{ store.Goods }

// Net is the revenue: sold less given back.
func (g Good) Net() fiscal.Kopecks { return g.Revenue - g.Returned }

// Sold is the quantity that was sold, less what was given back, as people write it.
func (g Good) Sold() string {
	n, sign := g.Quantity-g.ReturnedQuantity, ""
	if n < 0 {
		n, sign = -n, "−"
	}
	text := fmt.Sprintf("%d,%06d", n/store.Millionth, n%store.Millionth)
	return sign + strings.TrimRight(strings.TrimRight(text, "0"), ",")
}

// Sold are the goods of the parts, the greatest revenue (sales less returns) first,
// at most limit. Each part gives at most store.MaxLimit goods, those that sold most.
func (s *Service) Sold(ctx context.Context, parts []Part, limit int) ([]Good, error) {
	type key struct {
		name, unit    string
		rate, measure uint8
	}
	place := map[key]int{}
	var all []Good
	for _, part := range parts {
		goods, err := s.Goods(ctx, part, store.Search{}, store.MaxLimit)
		if err != nil {
			return nil, err
		}
		for _, g := range goods {
			k := key{g.Name, g.Unit, g.Rate, g.Measure}
			i, ok := place[k]
			if !ok {
				place[k] = len(all)
				all = append(all, Good{g})
				continue
			}
			sum := &all[i]
			sum.Quantity, sum.Revenue, sum.Receipts = sum.Quantity+g.Quantity, sum.Revenue+g.Revenue, sum.Receipts+g.Receipts
			sum.ReturnedQuantity, sum.Returned = sum.ReturnedQuantity+g.ReturnedQuantity, sum.Returned+g.Returned
		}
	}
	slices.SortFunc(all, func(a, b Good) int {
		return cmp.Or(cmp.Compare(b.Net(), a.Net()), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Rate, b.Rate), cmp.Compare(a.Measure, b.Measure), cmp.Compare(a.Unit, b.Unit))
	})
	return all[:min(len(all), limit)], nil
}
