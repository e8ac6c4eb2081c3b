package rest

import (
	"context"
	"net/http"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/integration"
	"github.com/fiscalbench/fiscalbench/server/ledger"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// Paid are the ways to pay.
type Paid struct {
	Cash      fiscal.Kopecks `json:"cashTotalSum"`
	Ecash     fiscal.Kopecks `json:"ecashTotalSum"`
	Prepaid   fiscal.Kopecks `json:"prepaidSum"`
	Credit    fiscal.Kopecks `json:"creditSum"`
	Provision fiscal.Kopecks `json:"provisionSum"`
}

// Settled are receipts of one sign of settlement.
type Settled struct {
	Count int64          `json:"count"`
	Total fiscal.Kopecks `json:"totalSum"`
}

// Rate is the tax of one rate; for 0 % and without VAT the turnover.
type Rate struct {
	Rate int            `json:"nds" doc:"Номер ставки, тег 1199"`
	Sum  fiscal.Kopecks `json:"ndsSum"`
}

// Totals are sums over receipts. Corrections are in no other number.
type Totals struct {
	Revenue     fiscal.Kopecks `json:"revenue" doc:"Приход минус возврат прихода"`
	Average     fiscal.Kopecks `json:"averageSum" doc:"Средний чек прихода"`
	Sales       Settled        `json:"sale" doc:"Приход"`
	Returns     Settled        `json:"saleReturn"`
	Purchases   Settled        `json:"purchase"`
	Unpurchases Settled        `json:"purchaseReturn"`
	Corrections Settled        `json:"correction"`
	SalesPaid   Paid           `json:"salePaid"`
	ReturnsPaid Paid           `json:"saleReturnPaid"`
	SalesVAT    []Rate         `json:"saleNds" nullable:"false"`
	ReturnsVAT  []Rate         `json:"saleReturnNds" nullable:"false"`
}

func showTotals(t ledger.Totals) Totals {
	paid := func(p store.Paid) Paid { return Paid(p) }
	vat := func(v store.VAT) []Rate {
		all := []Rate{}
		for rate, sum := range v {
			if sum != 0 {
				all = append(all, Rate{rate, sum})
			}
		}
		return all
	}
	return Totals{Revenue: t.Net(), Average: t.Average(), Sales: Settled{t.Sales, t.Revenue}, Returns: Settled{t.Returns, t.Returned},
		Purchases: Settled{t.Spent, t.Expense}, Unpurchases: Settled{t.Unspent, t.ExpenseReturned}, Corrections: Settled{t.Corrections, t.Corrected},
		SalesPaid: paid(t.SalesPaid), ReturnsPaid: paid(t.ReturnsPaid), SalesVAT: vat(t.SalesVAT), ReturnsVAT: vat(t.ReturnsVAT)}
}

// Day is the money of a day, of one register, one outlet, or all. An outlet has what was
// sold while the register stood there.
type Day struct {
	Date     string           `json:"date" doc:"По часам касс"`
	RegID    fiscal.RegNumber `json:"kktRegId,omitempty"`
	OutletID string           `json:"outletId,omitempty"`
	Totals
}

// Shift is a shift with its money.
type Shift struct {
	FN       fiscal.FNNumber  `json:"fiscalDriveNumber"`
	Number   uint32           `json:"shiftNumber"`
	RegID    fiscal.RegNumber `json:"kktRegId"`
	Open     bool             `json:"open"`
	OpenedAt string           `json:"openedAt,omitempty" doc:"По часам кассы"`
	ClosedAt string           `json:"closedAt,omitempty"`
	Missing  int64            `json:"missingDocuments" doc:"Не пришло документов смены"`
	Agrees   *bool            `json:"agrees,omitempty" doc:"Итоги равны счётчикам отчёта о закрытии"`
	Totals
}

func showShift(s *ledger.Shift) Shift {
	v := Shift{FN: s.FN, Number: s.Number, RegID: s.RegID, Open: !s.IsClosed(), OpenedAt: local(s.Opened), ClosedAt: local(s.Closed), Missing: s.Missing, Totals: showTotals(s.Totals)}
	if len(s.Checks) > 0 {
		agrees := s.Agrees()
		v.Agrees = &agrees
	}
	return v
}

// Item is what was sold under one name.
type Item struct {
	RegID            fiscal.RegNumber `json:"kktRegId,omitempty"`
	OutletID         string           `json:"outletId,omitempty"`
	Name             string           `json:"name"`
	Rate             int              `json:"nds,omitempty"`
	Measure          int              `json:"itemsQuantityMeasure"`
	Unit             string           `json:"unit,omitempty"`
	Quantity         float64          `json:"quantity"`
	Sum              fiscal.Kopecks   `json:"sum"`
	Receipts         int64            `json:"receipts"`
	ReturnedQuantity float64          `json:"returnedQuantity"`
	Returned         fiscal.Kopecks   `json:"returnedSum"`
}

// Period bounds statistics by the registers' clocks.
type Period struct {
	From     string `query:"from" doc:"По часам касс, включая; без него — 30 дней"`
	To       string `query:"to" doc:"Не включая"`
	OutletID string `query:"outletId"`
	RegID    string `query:"kktRegId"`
}

func (a *api) period(p Period) (from, to time.Time, f fleet.Filter, err error) {
	if from, err = wall("from", p.From); err != nil {
		return from, to, f, err
	}
	if to, err = wall("to", p.To); err != nil {
		return from, to, f, err
	}
	if from.IsZero() {
		end := to
		if end.IsZero() {
			end = a.o.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 1)
		}
		from = end.AddDate(0, 0, -30)
	}
	f.Branch = p.OutletID
	if p.RegID != "" {
		f.Numbers = []fiscal.RegNumber{fiscal.RegNumber(p.RegID)}
	}
	return from, to, f, nil
}

type daysInput struct {
	Paging
	Period
	Group string `query:"group" enum:"organization,outlet,register" default:"organization"`
}

func (a *api) statistics() {
	see := need{access.SeeRevenue, integration.ReadReports}
	const tag = "Статистика"
	add(a, operation(http.MethodGet, "/api/v1/statistics/days", "statisticsDays", tag, "Выручка по дням"), see, a.days)
	type shiftsInput struct {
		Paging
		Period
	}
	list := func(ctx context.Context, c *caller, p Paging, period Period) (*many[Shift], error) {
		from, to, f, err := a.period(period)
		if err != nil {
			return nil, err
		}
		after, err := cursorPlace(p.Cursor)
		if err != nil {
			return nil, err
		}
		sight, err := a.o.Fleet.Sight(ctx, c.viewer, f)
		if err != nil {
			return nil, err
		}
		limit := min(p.Limit, store.MaxLimit-1) // one more is read to know whether there is a next page
		shifts, next, err := a.o.Ledger.Shifts(ctx, sight.Between(from, to), store.Search{}, after, limit)
		if err != nil {
			return nil, err
		}
		page := Page[Shift]{Items: make([]Shift, len(shifts)), Page: PageInfo{Limit: limit, Next: placeCursor(next), Complete: true}, fields: p.names()}
		for i := range shifts {
			page.Items[i] = showShift(&shifts[i])
			page.Page.Complete = page.Page.Complete && shifts[i].IsClosed() && shifts[i].Missing == 0
		}
		return &many[Shift]{page}, nil
	}
	add(a, operation(http.MethodGet, "/api/v1/statistics/shifts", "statisticsShifts", tag, "Смены с итогами"), see,
		func(ctx context.Context, c *caller, in *shiftsInput) (*many[Shift], error) {
			return list(ctx, c, in.Paging, in.Period)
		})
	add(a, operation(http.MethodGet, "/api/v1/statistics/items", "statisticsItems", tag, "Продажи по предметам расчёта, первая тысяча по выручке в каждой группе"), see, a.items)
	type ofRegister struct {
		RegisterPath
		Paging
		From string `query:"from"`
		To   string `query:"to"`
	}
	// Shifts hold money: documents may be read without the right to see revenue.
	money := need{access.SeeDocuments | access.SeeRevenue, integration.ReadReports}
	add(a, operation(http.MethodGet, "/api/v1/registers/{rnm}/shifts", "listShifts", "Смены", "Смены кассы с итогами"), money,
		func(ctx context.Context, c *caller, in *ofRegister) (*many[Shift], error) {
			if _, err := a.o.Fleet.Register(ctx, c.viewer, fiscal.RegNumber(in.RegID)); err != nil {
				return nil, err
			}
			return list(ctx, c, in.Paging, Period{From: in.From, To: in.To, RegID: in.RegID})
		})
	type shiftInput struct {
		RegisterPath
		FN     string `path:"fn"`
		Number int64  `path:"shiftNumber" minimum:"1" maximum:"4294967295"`
	}
	add(a, operation(http.MethodGet, "/api/v1/registers/{rnm}/shifts/{fn}/{shiftNumber}", "getShift", "Смены", "Одна смена"), money,
		func(ctx context.Context, c *caller, in *shiftInput) (*one[Shift], error) {
			sight, err := a.o.Fleet.Sight(ctx, c.viewer, fleet.Filter{Numbers: []fiscal.RegNumber{fiscal.RegNumber(in.RegID)}})
			if err != nil {
				return nil, err
			}
			s, err := a.o.Ledger.Shift(ctx, sight, fiscal.FNNumber(in.FN), uint32(in.Number))
			if err != nil {
				return nil, err
			}
			return &one[Shift]{Body: showShift(&s)}, nil
		})
}

// within is what a caller may read of a period: its end, the registers and the sight.
func (a *api) within(ctx context.Context, c *caller, p Period) (to time.Time, entries []fleet.Entry, sight access.Sight, err error) {
	from, to, f, err := a.period(p)
	if err != nil {
		return to, nil, sight, err
	}
	if _, entries, err = a.o.Fleet.Known(ctx, c.viewer, f); err != nil {
		return to, nil, sight, err
	}
	sight, err = a.o.Fleet.Sight(ctx, c.viewer, f)
	return to, entries, sight.Between(from, to), err
}

func (a *api) days(ctx context.Context, c *caller, in *daysInput) (*many[Day], error) {
	to, entries, sight, err := a.within(ctx, c, in.Period)
	if err != nil {
		return nil, err
	}
	complete, err := a.complete(ctx, sight, to, entries) // before anything is read
	if err != nil {
		return nil, err
	}
	all := []Day{}
	for _, g := range grouped(entries, in.Group) {
		totals, err := a.o.Ledger.Revenue(ctx, []ledger.Part{g.of(sight)}, store.ByDay)
		if err != nil {
			return nil, err
		}
		for _, t := range totals {
			d := Day{Date: t.Key, Totals: showTotals(t)}
			d.RegID, d.OutletID = groupNamed(in.Group, g.key)
			all = append(all, d)
		}
	}
	p, err := cut(all, in.Paging)
	if err != nil {
		return nil, err
	}
	p.Page.Complete = complete
	return &many[Day]{p}, nil
}

// groupNamed is a group's key as the register or the outlet it is.
func groupNamed(by, key string) (reg fiscal.RegNumber, outlet string) {
	switch by {
	case "outlet":
		return "", key
	case "register":
		return fiscal.RegNumber(key), ""
	}
	return "", ""
}

// items are goods, apart by register or outlet when asked for.
func (a *api) items(ctx context.Context, c *caller, in *daysInput) (*many[Item], error) {
	to, entries, sight, err := a.within(ctx, c, in.Period)
	if err != nil {
		return nil, err
	}
	complete, err := a.complete(ctx, sight, to, entries) // before anything is read
	if err != nil {
		return nil, err
	}
	all := []Item{}
	for _, group := range grouped(entries, in.Group) {
		goods, err := a.o.Ledger.Goods(ctx, group.of(sight), store.Search{}, store.MaxLimit)
		if err != nil {
			return nil, err
		}
		reg, outlet := groupNamed(in.Group, group.key)
		for _, g := range goods {
			all = append(all, Item{reg, outlet, g.Name, int(g.Rate), int(g.Measure), g.Unit, float64(g.Quantity) / store.Millionth, g.Revenue, g.Receipts, float64(g.ReturnedQuantity) / store.Millionth, g.Returned})
		}
	}
	p, err := cut(all, in.Paging)
	if err != nil {
		return nil, err
	}
	p.Page.Complete = complete
	return &many[Item]{p}, nil
}
