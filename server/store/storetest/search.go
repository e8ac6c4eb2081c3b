package storetest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// town is a base of several users and registers with what is projected of it: two
// drives move from one register to another in the middle of their life.
func town(t *testing.T, s store.Store, p store.Projector) []store.Projection {
	const drives, documents = 7, 18
	forms := []fiscal.Form{fiscal.FormReceipt, fiscal.FormReceipt, fiscal.FormReceipt, fiscal.FormBSO, fiscal.FormReceiptCorrection, fiscal.FormOpenShift, fiscal.FormCloseShift}
	for fd := 1; fd <= documents; fd++ {
		for n := range drives {
			a := Sample(fnNumber(n), int64(fd), fiscal.FDNumber(fd))
			d, register := &a.Document, n
			if n >= 5 && fd > documents/2 {
				register = n - 2
			}
			d.RegID = fiscal.RegNumber(fmt.Sprintf("%016d", 1000+register))
			d.UserINN = fiscal.INN(fmt.Sprintf("77043585%02d", register/3))
			a.Drive.RegID, a.Drive.UserINN = d.RegID, d.UserINN
			d.Form, d.Operation = forms[(fd+n)%len(forms)], fiscal.OperationType(1+(fd*(n+1))%4)
			d.Shift, d.Number, d.Total = uint32(fd/6), uint32(fd%6), fiscal.Kopecks(1000*((fd*7+n)%13))
			d.DateTime = morning.Truncate(time.Second).Add(time.Duration((fd*5)%documents)*7*time.Hour + time.Duration(n%2)*time.Second)
			accept(t, s, a)
		}
	}
	require.Equal(t, drives*documents, projectAll(t, p, 50))
	all, err := s.Documents(t.Context(), store.DocumentFilter{}, store.Page{Limit: store.MaxLimit})
	require.NoError(t, err)
	require.Len(t, all, drives*documents)
	rows := make([]store.Projection, len(all))
	for i := range all {
		rows[i] = project(&all[i])
	}
	return rows
}

// searches with what they mean.
var searches = []struct {
	name string
	q    store.Search
	want func(p *store.Projection) bool
}{
	{"all", store.Search{}, func(*store.Projection) bool { return true }},
	{"FN", store.Search{FN: fnNumber(2)}, func(p *store.Projection) bool { return p.FN == fnNumber(2) }},
	{"unknown FN", store.Search{FN: "1"}, func(*store.Projection) bool { return false }},
	{"FNs", store.Search{FNs: []fiscal.FNNumber{fnNumber(1), fnNumber(4), "1", "нет"}}, func(p *store.Projection) bool { return p.FN == fnNumber(1) || p.FN == fnNumber(4) }},
	{"FNs of registers of a user", store.Search{UserINN: "7704358501", RegIDs: []fiscal.RegNumber{"0000000000001004", "0000000000001003"}, FNs: []fiscal.FNNumber{fnNumber(3), fnNumber(5)}, From: day(1)}, func(p *store.Projection) bool {
		return p.UserINN == "7704358501" && (p.RegID == "0000000000001004" || p.RegID == "0000000000001003") && (p.FN == fnNumber(3) || p.FN == fnNumber(5)) && !p.At.Before(day(1))
	}},
	{"no FN", store.Search{FN: "нет"}, func(*store.Projection) bool { return false }},
	{"FN and FD", store.Search{FN: fnNumber(2), FD: 7}, func(p *store.Projection) bool { return p.FN == fnNumber(2) && p.FD == 7 }},
	{"FD", store.Search{FD: 7}, func(p *store.Projection) bool { return p.FD == 7 }},
	{"FPD", store.Search{FPD: Sample("1", 1, 9).Document.FPD}, func(p *store.Projection) bool { return p.FD == 9 }},
	{"FPD of a register", store.Search{FPD: Sample("1", 1, 9).Document.FPD, RegIDs: []fiscal.RegNumber{"0000000000001001"}}, func(p *store.Projection) bool { return p.FD == 9 && p.RegID == "0000000000001001" }},
	{"register", store.Search{RegIDs: []fiscal.RegNumber{"0000000000001004"}}, func(p *store.Projection) bool { return p.RegID == "0000000000001004" }},
	{"registers", store.Search{RegIDs: []fiscal.RegNumber{"0000000000001003", "0000000000001005", "9"}}, func(p *store.Projection) bool {
		return p.RegID == "0000000000001003" || p.RegID == "0000000000001005"
	}},
	{"user", store.Search{UserINN: "7704358501"}, func(p *store.Projection) bool { return p.UserINN == "7704358501" }},
	{"register of a user", store.Search{UserINN: "7704358501", RegIDs: []fiscal.RegNumber{"0000000000001004", "0000000000001000"}}, func(p *store.Projection) bool { return p.RegID == "0000000000001004" }},
	{"forms", store.Search{Forms: []fiscal.Form{fiscal.FormBSO, fiscal.FormReceiptCorrection}}, func(p *store.Projection) bool { return p.Form == 4 || p.Form == 31 }},
	{"operation of a user", store.Search{UserINN: "7704358500", Operation: fiscal.SellReturn}, func(p *store.Projection) bool {
		return p.UserINN == "7704358500" && p.Operation == fiscal.SellReturn
	}},
	{"shift", store.Search{FN: fnNumber(3), Shift: 2}, func(p *store.Projection) bool { return p.FN == fnNumber(3) && p.Shift == 2 }},
	{"shifts", store.Search{Shifts: []store.ShiftOf{{FN: fnNumber(3), Number: 2}, {FN: fnNumber(5), Number: 1}, {FN: fnNumber(1), Number: 77}, {FN: "нет", Number: 1}}}, func(p *store.Projection) bool {
		return p.FN == fnNumber(3) && p.Shift == 2 || p.FN == fnNumber(5) && p.Shift == 1
	}},
	{"shifts of a register of a user from a moment", store.Search{UserINN: "7704358501", RegIDs: []fiscal.RegNumber{"0000000000001005", "0000000000001003"}, From: day(1).Add(30 * time.Minute),
		Shifts: []store.ShiftOf{{FN: fnNumber(3), Number: 1}, {FN: fnNumber(5), Number: 1}, {FN: fnNumber(5), Number: 2}}}, func(p *store.Projection) bool {
		return (p.RegID == "0000000000001005" || p.RegID == "0000000000001003") && !p.At.Before(day(1).Add(30*time.Minute)) && (p.FN == fnNumber(3) && p.Shift == 1 || p.FN == fnNumber(5) && (p.Shift == 1 || p.Shift == 2))
	}},
	{"shift of a drive in an hour", store.Search{FN: fnNumber(5), Shift: 1, From: day(1), To: day(3).Add(time.Hour)}, func(p *store.Projection) bool {
		return p.FN == fnNumber(5) && p.Shift == 1 && !p.At.Before(day(1)) && p.At.Before(day(3).Add(time.Hour))
	}},
	{"number", store.Search{Number: 5}, func(p *store.Projection) bool { return p.Number == 5 }},
	{"from", store.Search{From: day(2)}, func(p *store.Projection) bool { return !p.At.Before(day(2)) }},
	{"a nanosecond after", store.Search{From: day(0).Add(1)}, func(p *store.Projection) bool { return p.At.After(day(0)) }},
	{"from to of a user", store.Search{UserINN: "7704358501", From: day(1), To: day(3)}, func(p *store.Projection) bool {
		return p.UserINN == "7704358501" && !p.At.Before(day(1)) && p.At.Before(day(3))
	}},
	{"ragged dates of a user", store.Search{UserINN: "7704358501", From: day(0).Add(5*time.Hour + 17), To: day(4).Add(-40 * time.Minute)}, func(p *store.Projection) bool {
		return p.UserINN == "7704358501" && !p.At.Before(day(0).Add(5*time.Hour+17)) && p.At.Before(day(4).Add(-40*time.Minute))
	}},
	{"a few hours of registers of a user", store.Search{UserINN: "7704358500", RegIDs: []fiscal.RegNumber{"0000000000001000", "0000000000001002"}, From: day(1), To: day(1).Add(10 * time.Hour)}, func(p *store.Projection) bool {
		return p.UserINN == "7704358500" && (p.RegID == "0000000000001000" || p.RegID == "0000000000001002") && !p.At.Before(day(1)) && p.At.Before(day(1).Add(10*time.Hour))
	}},
	{"midnights of a user", store.Search{UserINN: "7704358501", From: midnight(1), To: midnight(4)}, func(p *store.Projection) bool {
		return p.UserINN == "7704358501" && !p.At.Before(midnight(1)) && p.At.Before(midnight(4))
	}},
	{"a drive of a user from midnight", store.Search{UserINN: "7704358500", FN: fnNumber(1), From: midnight(1)}, func(p *store.Projection) bool {
		return p.UserINN == "7704358500" && p.FN == fnNumber(1) && !p.At.Before(midnight(1))
	}},
	{"sum", store.Search{MinTotal: 7000, MaxTotal: 7000}, func(p *store.Projection) bool { return p.Total == 7000 }},
	{"sums of a user", store.Search{UserINN: "7704358500", MinTotal: 2000, MaxTotal: 5000}, func(p *store.Projection) bool {
		return p.UserINN == "7704358500" && p.Total >= 2000 && p.Total <= 5000
	}},
	{"taxation", store.Search{Taxation: 2}, func(*store.Projection) bool { return false }},
	{"paid in cash", store.Search{Payment: store.Cash}, func(p *store.Projection) bool { return p.Paid.Cash != 0 }},
	{"paid on credit", store.Search{Payment: store.Credit}, func(p *store.Projection) bool { return false }},
	{"cashier", store.Search{Cashier: "Иванова А.А.", FN: fnNumber(1)}, func(p *store.Projection) bool { return p.FN == fnNumber(1) }},
	{"another cashier", store.Search{Cashier: "Иванова"}, func(p *store.Projection) bool { return false }},
	{"contact", store.Search{Contact: "buyer8@example.test"}, func(p *store.Projection) bool { return p.FD == 8 }},
	{"item", store.Search{Item: "вар 2"}, func(p *store.Projection) bool { return p.FD%3 == 2 }},
	{"item of a register", store.Search{Item: "Товар 1", RegIDs: []fiscal.RegNumber{"0000000000001002"}}, func(p *store.Projection) bool {
		return p.FD%3 == 1 && p.RegID == "0000000000001002"
	}},
	{"code", store.Search{Code: "010460123456789021511"}, func(p *store.Projection) bool { return p.FD == 11 }},
	{"wild cards", store.Search{Item: "%"}, func(p *store.Projection) bool { return false }},
}

// oneByOne is how far a list is followed by pages of one row.
const oneByOne = 8

func day(n int) time.Time { return morning.Truncate(time.Second).AddDate(0, 0, n) }

func midnight(n int) time.Time { return day(n).Truncate(24 * time.Hour) }

func searching(t *testing.T, open Open) {
	s := fresh(t, open)
	p := projector(t, s)
	rows := town(t, s, p)
	for _, c := range searches {
		for _, oldest := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s oldest=%v", c.name, oldest), func(t *testing.T) {
				q := c.q
				q.Oldest = oldest
				var want []string
				for _, r := range sorted(rows, oldest) {
					if c.want(&r) {
						want = append(want, name(r.FN, r.FD))
					}
				}
				for _, limit := range []int{0, 1, 7} {
					want, got, after := want, []string(nil), store.Place{}
					if limit == 1 { // the ends of lists are met by the other pages
						want = want[:min(len(want), oneByOne)]
					}
					for limit != 1 || len(got) < oneByOne {
						page, err := p.Search(t.Context(), q, after, limit)
						require.NoError(t, err)
						require.LessOrEqual(t, len(page), store.Page{Limit: limit}.Rows())
						if len(page) == 0 {
							break
						}
						for i := range page {
							got = append(got, name(page[i].FN, page[i].FD))
						}
						after = store.PlaceOf(&page[len(page)-1])
					}
					require.Equal(t, want, got, "by %d", limit)
				}
			})
		}
	}
}

func sorted(rows []store.Projection, oldest bool) []store.Projection {
	rows = slices.Clone(rows)
	slices.SortFunc(rows, func(a, b store.Projection) int {
		c := cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID))
		if !oldest {
			c = -c
		}
		return c
	})
	return rows
}

// Sums are those of adding up the documents one by one.
func figures(t *testing.T, open Open) {
	s := fresh(t, open)
	p := projector(t, s)
	rows := town(t, s, p)
	keys := map[store.Grouping]func(p *store.Projection) string{
		store.Together:   func(*store.Projection) string { return "" },
		store.ByRegister: func(p *store.Projection) string { return string(p.RegID) },
		store.ByUser:     func(p *store.Projection) string { return string(p.UserINN) },
		store.ByDay:      func(p *store.Projection) string { return p.At.Format(time.DateOnly) },
		store.ByHour:     func(p *store.Projection) string { return p.At.Format("15") },
		store.ByShift:    func(p *store.Projection) string { return fmt.Sprintf("%s/%06d", p.FN, p.Shift) },
		store.ByCashier:  func(p *store.Projection) string { return p.Cashier },
	}
	groupings := slices.Sorted(maps.Keys(keys))
	for i, c := range searches {
		for k, by := range groupings {
			// All by all, and those of a user, which are added up beforehand; the others by
			// some: each grouping meets a third of the searches.
			if i > 0 && c.q.UserINN == "" && (i+k)%3 != 0 {
				continue
			}
			key := keys[by]
			t.Run(fmt.Sprintf("%s by %d", c.name, by), func(t *testing.T) {
				want := map[string]*store.Figures{}
				for _, r := range rows {
					if c.want(&r) && (by == store.ByShift && r.Shift > 0 || by != store.ByShift && r.Form != fiscal.FormOpenShift && r.Form != fiscal.FormCloseShift) {
						k := key(&r)
						if want[k] == nil {
							want[k] = &store.Figures{Key: k, First: r.At, Last: r.At, FirstFD: r.FD, LastFD: r.FD}
							if by == store.ByShift {
								want[k].Key, want[k].Shift = string(r.FN), r.Shift
							}
						}
						if by == store.ByShift && r.Form == fiscal.FormCloseShift {
							want[k].Closing = max(want[k].Closing, r.FD)
						}
						if addUp(want[k], &r); by == store.ByHour {
							want[k] = hourly(want[k])
						}
					}
				}
				var all []store.Figures
				for _, k := range slices.Sorted(func(yield func(string) bool) {
					for k := range want {
						if !yield(k) {
							return
						}
					}
				}) {
					all = append(all, *want[k])
				}
				got, err := p.Figures(t.Context(), c.q, by)
				require.NoError(t, err)
				assert.Equal(t, all, got)
				if c.q.UserINN != "" {
					q := c.q
					q.NoVAT = true
					for i := range all {
						all[i].SalesVAT, all[i].ReturnsVAT = store.VAT{}, store.VAT{}
					}
					got, err := p.Figures(t.Context(), q, by)
					require.NoError(t, err)
					assert.Equal(t, all, got, "without taxes")
				}
			})
		}
	}
	_, err := p.Figures(t.Context(), store.Search{}, 99)
	require.Error(t, err)
}

// hourly is what figures by the hour have.
func hourly(f *store.Figures) *store.Figures {
	return &store.Figures{Key: f.Key, Receipts: f.Receipts, Sales: f.Sales, Returns: f.Returns, Spent: f.Spent, Unspent: f.Unspent, Revenue: f.Revenue, Returned: f.Returned,
		Expense: f.Expense, ExpenseReturned: f.ExpenseReturned, Corrections: f.Corrections, Corrected: f.Corrected}
}

func addUp(f *store.Figures, p *store.Projection) {
	if p.At.Before(f.First) {
		f.First = p.At
	}
	if p.At.After(f.Last) {
		f.Last = p.At
	}
	f.FirstFD, f.LastFD = min(f.FirstFD, p.FD), max(f.LastFD, p.FD)
	switch p.Form {
	case fiscal.FormReceiptCorrection:
		f.Corrections++
		f.Corrected += p.Total
	case fiscal.FormReceipt, fiscal.FormBSO:
		f.Receipts++
		count := []*int64{nil, &f.Sales, &f.Returns, &f.Spent, &f.Unspent}[p.Operation]
		sum := []*fiscal.Kopecks{nil, &f.Revenue, &f.Returned, &f.Expense, &f.ExpenseReturned}[p.Operation]
		*count++
		*sum += p.Total
		switch p.Operation {
		case fiscal.Sell:
			f.Items += int64(len(p.Items))
			f.SalesPaid.Add(p.Paid)
			addVAT(&f.SalesVAT, &p.VAT)
		case fiscal.SellReturn:
			f.ReturnsPaid.Add(p.Paid)
			addVAT(&f.ReturnsVAT, &p.VAT)
		}
	}
}

func addVAT(to, v *store.VAT) {
	for i := range v {
		to[i] += v[i]
	}
}

func goods(t *testing.T, open Open) {
	s := fresh(t, open)
	p := projector(t, s)
	rows := town(t, s, p)
	for _, c := range searches {
		t.Run(c.name, func(t *testing.T) {
			sums := map[string]*store.Goods{}
			for _, r := range rows {
				if !c.want(&r) || r.Operation > fiscal.SellReturn || r.Form != fiscal.FormReceipt && r.Form != fiscal.FormBSO {
					continue
				}
				for _, i := range r.Items {
					g := sums[i.Name]
					if g == nil {
						g = &store.Goods{Name: i.Name, Rate: i.Rate, Measure: i.Measure, Unit: i.Unit}
						sums[i.Name] = g
					}
					if r.Operation == fiscal.Sell {
						g.Quantity, g.Revenue, g.Receipts = g.Quantity+i.Quantity, g.Revenue+i.Sum, g.Receipts+1
					} else {
						g.ReturnedQuantity, g.Returned = g.ReturnedQuantity+i.Quantity, g.Returned+i.Sum
					}
				}
			}
			var want []store.Goods
			for _, g := range sums {
				want = append(want, *g)
			}
			slices.SortFunc(want, func(a, b store.Goods) int {
				return cmp.Or(-cmp.Compare(a.Revenue, b.Revenue), strings.Compare(a.Name, b.Name))
			})
			got, err := p.Goods(t.Context(), c.q, 0)
			require.NoError(t, err)
			assert.Equal(t, want, got)
			if len(want) > 1 {
				got, err = p.Goods(t.Context(), c.q, 1)
				require.NoError(t, err)
				assert.Equal(t, want[:1], got)
			}
		})
	}
}
