package main

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/fiscal"
)

// sale makes a receipt of the trade: mostly of one payment, now and then of two, some
// returns, some with the buyer's address. wrong breaks the sum of an item.
func (t *trade) sale(rng *rand.Rand, at time.Time, v fiscal.FFD, wrong bool) kkt.Receipt {
	r := kkt.Receipt{Operation: fiscal.Sell, Cashier: chainCashiers[rng.IntN(len(chainCashiers))], Items: t.basket(rng, at, v)}
	if rng.IntN(25) == 0 {
		r.Operation = fiscal.SellReturn
	}
	if wrong {
		sum := price(&r.Items[0]) + 5
		r.Items[0].Sum = &sum
	}
	var total fiscal.Kopecks
	for i := range r.Items {
		total += price(&r.Items[i])
	}
	switch n := rng.IntN(10); {
	case n < 3:
		r.Cash = total
	case n < 9:
		r.Ecash = total
	default:
		r.Cash = total / 2 / 100 * 100
		r.Ecash = total - r.Cash
	}
	if rng.IntN(6) == 0 {
		r.BuyerContact = chainBuyers[rng.IntN(len(chainBuyers))]
	}
	return r
}

func (t *trade) basket(rng *rand.Rand, at time.Time, v fiscal.FFD) []kkt.Item {
	n := 1 + rng.IntN(t.most)
	items := make([]kkt.Item, 0, n)
	for _, i := range rng.Perm(len(t.goods))[:n] {
		g := &t.goods[i]
		it := kkt.Item{Name: g.name, Price: g.price, Quantity: kkt.Pieces(1 + rng.Uint64N(2)), VAT: rate(g.vat, at), Subject: g.subject}
		if g.price > 2000_00 || g.subject != 0 {
			it.Quantity = kkt.Pieces(1)
		}
		if g.measure != 0 {
			it.Quantity.Decimals, it.Quantity.Magnitude = 3, 150+rng.Uint64N(2400)
			if v == fiscal.FFD12 {
				it.Measure = g.measure
			} else {
				it.Unit = "кг"
			}
		}
		items = append(items, it)
	}
	return items
}

// rate is the general one of its year: 22 % from 2026.
func rate(r kkt.VATRate, at time.Time) kkt.VATRate {
	if r == kkt.VAT22 && at.Year() < 2026 {
		return kkt.VAT20
	}
	return r
}

// price of an item in all.
func price(it *kkt.Item) fiscal.Kopecks {
	if it.Sum != nil {
		return *it.Sum
	}
	line, _ := it.Quantity.MulRound(uint64(it.Price))
	return fiscal.Kopecks(line)
}

// sell makes the next receipt; wrong is for registers that break rules.
func (r *demoRegister) sell(wrong bool) (kkt.Result, error) {
	at := r.clock.Now()
	res, err := r.e.KKT().Receipt(r.outlet.trade.sale(r.rng, at, r.ffd, wrong && r.health == flawed))
	return res, wrap("selling", err)
}

// correct makes a correction of something sold the day before without a receipt.
func (r *demoRegister) correct() (kkt.Result, error) {
	at := r.clock.Now()
	c := kkt.Correction{Receipt: r.outlet.trade.sale(r.rng, at, r.ffd, false), Date: at.AddDate(0, 0, -1)}
	c.Operation, c.BuyerContact = fiscal.Sell, ""
	res, err := r.e.KKT().Correction(c)
	return res, wrap("correcting", err)
}

func (r *demoRegister) openShift() (kkt.Result, error) {
	res, err := r.e.KKT().OpenShift(chainCashiers[r.rng.IntN(len(chainCashiers))])
	if err == nil {
		r.opened = r.clock.Now()
	}
	return res, wrap("opening the shift", err)
}

func (r *demoRegister) closeShift() (kkt.Result, error) {
	res, err := r.e.KKT().CloseShift(chainCashiers[0])
	if err == nil {
		r.opened = time.Time{}
	}
	return res, wrap("closing the shift", err)
}

func wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, err)
}
