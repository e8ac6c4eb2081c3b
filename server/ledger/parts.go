package ledger

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// searches find together what q asks for within the sight, no document twice: one for
// each interval that registers of it have.
func searches(sight access.Sight, q store.Search) (all []store.Search) {
	for _, part := range sight.Between(q.From, q.To).Parts() {
		if one, any := within(part, q); any {
			all = append(all, one)
		}
	}
	return all
}

// searchAll is a page of what all the searches find, in one order. Intervals behind the
// end of the page are not looked into.
func (s *Service) searchAll(ctx context.Context, all []store.Search, after store.Place, limit int) (found []store.Projection, err error) {
	rows := store.Page{Limit: limit}.Rows()
	slices.SortStableFunc(all, func(a, b store.Search) int {
		if a.Oldest {
			return a.From.Compare(b.From)
		}
		return cmp.Or(cmp.Compare(endless(b), endless(a)), b.To.Compare(a.To))
	})
	for _, q := range all {
		if len(found) == rows {
			last := found[rows-1].At
			if q.Oldest && last.Before(q.From) || !q.Oldest && !q.To.IsZero() && !last.Before(q.To) {
				break
			}
		}
		page, err := s.projected.Search(ctx, q, after, limit)
		if err != nil || len(all) == 1 {
			return page, err
		}
		found = append(found, page...)
		slices.SortFunc(found, func(a, b store.Projection) int {
			c := cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID))
			if !q.Oldest {
				return -c
			}
			return c
		})
		found = found[:min(len(found), rows)]
	}
	return found, nil
}

// endless is 1 for a search without an end, which goes beyond all others, else 0.
func endless(q store.Search) int {
	if q.To.IsZero() {
		return 1
	}
	return 0
}

// figuresAll adds up what all the searches find.
func (s *Service) figuresAll(ctx context.Context, all []store.Search, by store.Grouping) (sum []store.Figures, err error) {
	type group struct {
		key   string
		shift uint32
	}
	place := map[group]int{}
	for _, q := range all {
		figures, err := s.projected.Figures(ctx, q, by)
		if err != nil || len(all) == 1 {
			return figures, err
		}
		for _, f := range figures {
			g := group{f.Key, f.Shift}
			i, known := place[g]
			if !known {
				place[g] = len(sum)
				sum = append(sum, f)
				continue
			}
			t := &sum[i]
			first, last, closing := t.FirstFD, max(t.LastFD, f.LastFD), max(t.Closing, f.Closing)
			if first == 0 || (f.FirstFD != 0 && f.FirstFD < first) {
				first = f.FirstFD
			}
			*t = Totals{*t}.Plus(Totals{f}).Figures
			t.FirstFD, t.LastFD, t.Closing = first, last, closing
		}
	}
	slices.SortFunc(sum, func(a, b store.Figures) int { return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Shift, b.Shift)) })
	return sum, nil
}

// seesAll tells whether the sight shows all of a closed shift: part of it, as before its
// register was moved, is not what the closing report counts.
func seesAll(sight access.Sight, s *Shift) bool {
	return sight.Covers(access.SightOf(sight.INN(), []access.Span{{Register: s.RegID, From: s.Opened, To: s.Closed.Add(time.Second)}}))
}

// goodsAll adds up the items of what all the searches find, the greatest revenue first.
// Of each search it knows at most limit.
func (s *Service) goodsAll(ctx context.Context, all []store.Search, limit int) (sum []store.Goods, err error) {
	type item struct {
		name, unit    string
		rate, measure uint8
	}
	place := map[item]int{}
	for _, q := range all {
		goods, err := s.projected.Goods(ctx, q, limit)
		if err != nil || len(all) == 1 {
			return goods, err
		}
		for _, g := range goods {
			k := item{g.Name, g.Unit, g.Rate, g.Measure}
			i, known := place[k]
			if !known {
				place[k] = len(sum)
				sum = append(sum, g)
				continue
			}
			t := &sum[i]
			t.Quantity, t.Revenue, t.Receipts = t.Quantity+g.Quantity, t.Revenue+g.Revenue, t.Receipts+g.Receipts
			t.ReturnedQuantity, t.Returned = t.ReturnedQuantity+g.ReturnedQuantity, t.Returned+g.Returned
		}
	}
	slices.SortFunc(sum, func(a, b store.Goods) int {
		return cmp.Or(cmp.Compare(b.Revenue, a.Revenue), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Rate, b.Rate), cmp.Compare(a.Measure, b.Measure), cmp.Compare(a.Unit, b.Unit))
	})
	return sum[:min(len(sum), store.Page{Limit: limit}.Rows())], nil
}
