package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/fiscalbench/fiscalbench/emulator"
	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/fiscal"
)

// demoShop is one register of the demo and the trade it is used for.
type demoShop struct {
	user, address, place string
	inn                  fiscal.INN
	ffd                  fiscal.FFD
	tax                  kkt.TaxSystem
	modes                kkt.Modes
	vat                  kkt.VATRate
	perDay               int // receipts
	goods                []demoGood
}

// demoGood is sold by weight when its measure is not zero.
type demoGood struct {
	name    string
	price   fiscal.Kopecks
	measure uint8 // tag 2108: 11 is a kilogram
}

var demoShops = []demoShop{
	{user: "ООО \"Ромашка\"", address: "101000, г. Москва, ул. Тестовая, д. 1", place: "магазин \"Продукты у дома\"", inn: fiscal.WithCheckDigits("770123456"),
		ffd: fiscal.FFD12, tax: kkt.TaxGeneral, vat: kkt.VAT10, perDay: 60,
		goods: []demoGood{{"Хлеб ржаной", 6490, 0}, {"Молоко 1 л", 9990, 0}, {"Яблоки", 14990, 11}, {"Сыр", 89900, 11}, {"Яйца, 10 шт.", 13900, 0}}},
	{user: "ИП Пекарев П. П.", address: "190000, г. Санкт-Петербург, пр. Пробный, д. 7", place: "пекарня", inn: fiscal.WithCheckDigits("7800123456"),
		ffd: fiscal.FFD105, tax: kkt.TaxSimplified, vat: kkt.VATNone, perDay: 45,
		goods: []demoGood{{"Булочка с корицей", 7500, 0}, {"Пирог с капустой", 52000, 11}, {"Кофе", 18000, 0}}},
	{user: "ООО \"Уют\"", address: "630000, г. Новосибирск, ул. Учебная, д. 3", place: "кафе", inn: fiscal.WithCheckDigits("540123456"),
		ffd: fiscal.FFD11, tax: kkt.TaxSimplifiedMargin, vat: kkt.VAT5, perDay: 40,
		goods: []demoGood{{"Борщ", 32000, 0}, {"Плов", 41000, 0}, {"Компот", 9000, 0}, {"Чай", 12000, 0}}},
	{user: "ООО \"Вихрь\"", address: "620000, г. Екатеринбург, ул. Опытная, д. 12", place: "автомобиль такси", inn: fiscal.WithCheckDigits("660123456"),
		ffd: fiscal.FFD12, tax: kkt.TaxGeneral, vat: kkt.VAT22, perDay: 30, modes: kkt.Modes{Encryption: true, Services: true},
		goods: []demoGood{{"Поездка по городу", 45000, 0}, {"Поездка в аэропорт", 140000, 0}}},
}

// demoLife is a shop's register while it lives.
type demoLife struct {
	*demoShop
	o     demoOptions
	rng   *rand.Rand
	clock *emulator.Clock
	e     *emulator.Emulator
	day   int
}

// demoCashier stands at every till of the demo.
var demoCashier = kkt.Cashier{Name: "Кассир Демонов"}

// live registers the drive and trades day after day until ctx ends.
func (s *demoShop) live(ctx context.Context, o demoOptions, start time.Time, rng *rand.Rand) error {
	clock := emulator.NewClock(start.Add(demoOpens - time.Hour))
	e, err := emulator.New(emulator.Options{OFD: o.KKTAddr, Now: clock.Now, Rand: rng, Logger: o.Logger})
	if err != nil {
		return err
	}
	defer e.Close()
	l := &demoLife{demoShop: s, o: o, rng: rng, clock: clock, e: e}
	if err := l.register(ctx); err != nil {
		return ignoreEnd(ctx, err)
	}
	for {
		l.clock.Set(start.AddDate(0, 0, l.day).Add(demoOpens))
		if err := l.trade(ctx); err != nil {
			return ignoreEnd(ctx, err)
		}
		l.day++
	}
}

// ignoreEnd drops what went wrong because the demo was told to end.
func ignoreEnd(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func (l *demoLife) register(ctx context.Context) error {
	factory := fmt.Sprintf("%014d", l.rng.Uint64N(1e14))
	r := kkt.Registration{
		FFD: l.ffd, RegNumber: fiscal.MakeRegNumber(l.rng.Uint64N(1e10), l.inn, factory), KKTNumber: factory,
		User: l.user, UserINN: l.inn, Address: l.address, Place: l.place, Tax: l.tax, Modes: l.modes,
		OFDINN: l.o.OFD, OFDName: "Испытательный стенд ОФД", SellerAddress: "shop@example.test", Cashier: demoCashier,
	}
	if _, err := l.e.KKT().Register(r); err != nil {
		return fmt.Errorf("registering: %w", err)
	}
	return l.send(ctx)
}

// trade is one day: the shift opens, buyers come, now and then one brings something
// back or a till error is corrected, the shift closes.
func (l *demoLife) trade(ctx context.Context) error {
	if _, err := l.e.KKT().OpenShift(demoCashier); err != nil {
		return fmt.Errorf("opening the shift: %w", err)
	}
	if err := l.send(ctx); err != nil {
		return err
	}
	for n := range l.perDay {
		if err := l.wait(ctx); err != nil {
			return err
		}
		l.clock.Advance(demoTrades / time.Duration(l.perDay+1))
		if err := l.serve(n); err != nil {
			return err
		}
		if err := l.send(ctx); err != nil {
			return err
		}
	}
	l.clock.Advance(time.Minute)
	if _, err := l.e.KKT().CloseShift(demoCashier); err != nil {
		return fmt.Errorf("closing the shift: %w", err)
	}
	return l.send(ctx)
}

// wait lets the time between two buyers pass: a share of the demo's day, and never
// beyond the present.
func (l *demoLife) wait(ctx context.Context) error {
	pause := demoDayLength / time.Duration(l.perDay)
	if ahead := time.Until(l.clock.Now().Add(demoTrades / time.Duration(l.perDay))); ahead > pause {
		pause = ahead
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// serve makes the n-th receipt of a day.
func (l *demoLife) serve(n int) error {
	r := kkt.Receipt{Operation: fiscal.Sell, Cashier: demoCashier, Items: l.basket()}
	if l.rng.IntN(20) == 0 {
		r.Operation = fiscal.SellReturn
	}
	total := l.total(r.Items)
	if l.rng.IntN(3) == 0 {
		r.Cash = total
	} else {
		r.Ecash = total
	}
	if n == l.perDay/2 && l.day%7 == 3 {
		c := kkt.Correction{Receipt: r, Date: l.clock.Now().AddDate(0, 0, -1)}
		c.Operation = fiscal.Sell
		_, err := l.e.KKT().Correction(c)
		return wrap("correcting", err)
	}
	_, err := l.e.KKT().Receipt(r)
	return wrap("selling", err)
}

func wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, err)
}

func (l *demoLife) basket() []kkt.Item {
	items := make([]kkt.Item, 0, 4)
	for range 1 + l.rng.IntN(4) {
		g := l.goods[l.rng.IntN(len(l.goods))]
		it := kkt.Item{Name: g.name, Price: g.price, Quantity: kkt.Pieces(1 + l.rng.Uint64N(3)), VAT: l.vat}
		if l.modes.Services {
			it.Subject = 4 // услуга
		}
		if g.measure != 0 {
			it.Quantity.Decimals, it.Quantity.Magnitude = 3, 100+l.rng.Uint64N(2400)
			if l.ffd == fiscal.FFD12 {
				it.Measure = g.measure
			} else {
				it.Unit = "кг"
			}
		}
		items = append(items, it)
	}
	return items
}

func (l *demoLife) total(items []kkt.Item) (sum fiscal.Kopecks) {
	for _, it := range items {
		line, _ := it.Quantity.MulRound(uint64(it.Price))
		sum += fiscal.Kopecks(line)
	}
	return sum
}

// send empties the drive's queue. An operator that does not answer is no end of the
// demo: the drive keeps its documents for the next time.
func (l *demoLife) send(ctx context.Context) error {
	_, err := l.e.Exchange(ctx)
	if err != nil && !errors.Is(err, context.Canceled) {
		l.o.Logger.Warn("demo exchange", "fn", l.e.Number(), "err", err)
	}
	return ctx.Err()
}
