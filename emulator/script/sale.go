package script

import (
	"time"

	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/fiscal"
)

func (s *sell) run(p *player) error { return s.Sale.run(p, fiscal.Sell) }

func (r *refund) run(p *player) error { return r.Sale.run(p, fiscal.SellReturn) }

func (s *Sale) run(p *player, op fiscal.OperationType) error {
	if s.Operation != "" {
		op = operationWords[s.Operation]
	}
	if len(s.Items) > 0 {
		return p.made(p.reg.KKT().Receipt(s.receipt(op)))
	}
	shop, err := p.shop()
	if err != nil {
		return err
	}
	for i := range max(s.Count, 1) {
		if i > 0 {
			p.clock.Advance(time.Minute)
		}
		r := shop.receipt(p, op)
		if s.Cashier != "" {
			r.Cashier = named(s.Cashier)
		}
		if err := p.made(p.reg.KKT().Receipt(r)); err != nil {
			return err
		}
	}
	return nil
}

func (c *correction) run(p *player) error {
	op := operationWords[c.Operation]
	out := kkt.Correction{ByOrder: c.ByOrder, Number: c.Number, Date: p.clock.Now()}
	if c.Date != nil {
		out.Date = c.Date.Time
	}
	if len(c.Items) > 0 {
		out.Receipt = c.receipt(op)
	} else {
		shop, err := p.shop()
		if err != nil {
			return err
		}
		out.Receipt = shop.receipt(p, op)
	}
	return p.made(p.reg.KKT().Correction(out))
}

// receipt is an explicit one. Without any payment everything is paid in cash.
func (s *Sale) receipt(op fiscal.OperationType) kkt.Receipt {
	r := kkt.Receipt{Operation: op, Cashier: named(s.Cashier), BuyerContact: s.Contact, Internet: s.Internet, Total: kopecks(s.Total)}
	if s.Tax != nil {
		r.Tax = kkt.TaxSystem(*s.Tax)
	}
	if s.BSO {
		r.Form = fiscal.FormBSO
	}
	var sum fiscal.Kopecks
	for i := range s.Items {
		it := s.Items[i].item()
		r.Items = append(r.Items, it)
		if it.Sum != nil {
			sum += *it.Sum
		} else if n, ok := it.Quantity.MulRound(uint64(it.Price)); ok {
			sum += fiscal.Kopecks(n)
		}
	}
	if r.Total != nil {
		sum = *r.Total
	}
	if s.Cash == nil && s.Ecash == nil && s.Prepaid == nil && s.Credit == nil && s.Provision == nil {
		r.Cash = sum
		return r
	}
	r.Payments = kkt.Payments{Cash: fiscal.Kopecks(deref(s.Cash)), Ecash: fiscal.Kopecks(deref(s.Ecash)), Prepaid: fiscal.Kopecks(deref(s.Prepaid)),
		Credit: fiscal.Kopecks(deref(s.Credit)), Provision: fiscal.Kopecks(deref(s.Provision))}
	return r
}

func kopecks(m *Money) *fiscal.Kopecks {
	if m == nil {
		return nil
	}
	k := fiscal.Kopecks(*m)
	return &k
}

func (it *SaleItem) item() kkt.Item {
	out := kkt.Item{Name: it.Name, Price: fiscal.Kopecks(it.Price), Quantity: kkt.Pieces(1), Sum: kopecks(it.Sum), VAT: kkt.VATNone,
		Subject: it.Subject, Method: it.Method, Measure: it.Measure, Unit: it.Unit, Code: it.Code, Agent: agentWords[it.Agent]}
	if it.Quantity != nil {
		out.Quantity = it.Quantity.Quantity
	}
	if it.VAT != nil {
		out.VAT = kkt.VATRate(*it.VAT)
	}
	if it.Provider != "" {
		out.Provider = &kkt.Provider{INN: fiscal.INN(it.Provider)}
	} else if out.Agent != 0 {
		out.Provider = &kkt.Provider{INN: fiscal.NoINN}
	}
	return out
}

// run trades day after day, from the day of the clock on: a shift a day.
func (t *trade) run(p *player) error {
	opens, closes := t.hours()
	day := p.clock.Now().Truncate(24 * time.Hour)
	if p.clock.Now().Sub(day) > opens {
		day = day.AddDate(0, 0, 1)
	}
	shop, err := p.shop()
	if err != nil {
		return err
	}
	for n := 0; t.Until == nil && n < t.Days || t.Until != nil && day.Before(t.Until.Time); n++ {
		if !t.off(day.Weekday()) {
			if err := t.day(p, shop, day.Add(opens), day.Add(closes)); err != nil {
				return err
			}
		}
		day = day.AddDate(0, 0, 1)
	}
	return nil
}

func (t *trade) off(d time.Weekday) bool {
	for _, name := range t.DaysOff {
		if dayWords[name] == d {
			return true
		}
	}
	return false
}

func (t *trade) day(p *player, shop *shop, opens, closes time.Time) error {
	if err := p.ctx.Err(); err != nil {
		return err
	}
	p.clock.Set(opens)
	if err := p.made(p.reg.KKT().OpenShift(kkt.Cashier{})); err != nil {
		return err
	}
	gap := closes.Sub(opens) / time.Duration(t.Receipts+1)
	for i := range t.Receipts {
		p.clock.Set(opens.Add(time.Duration(i+1)*gap - time.Duration(p.rng.Int64N(int64(gap)))))
		op := fiscal.Sell
		if t.Refunds > 0 && p.rng.Float64() < t.Refunds {
			op = fiscal.SellReturn
		}
		if err := p.made(p.reg.KKT().Receipt(shop.receipt(p, op))); err != nil {
			return err
		}
	}
	p.clock.Set(closes)
	return p.made(p.reg.KKT().CloseShift(kkt.Cashier{}))
}
