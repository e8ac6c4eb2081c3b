package script

import (
	"errors"

	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// shop makes receipts up by chance that suit a registration.
type shop struct {
	reg   kkt.Registration
	goods []goods
}

// goods are things that are sold by the piece, or by weight.
type goods struct {
	name     string
	from, to fiscal.Kopecks // price
	weighed  bool
	reduced  bool // 10 %
}

var (
	groceries = []goods{
		{"Хлеб ржаной", 4500, 9900, false, true}, {"Молоко 3,2% 1 л", 7900, 12900, false, true}, {"Яблоки", 8990, 19990, true, true},
		{"Сыр твердый", 69900, 129900, true, true}, {"Чай черный 100 пак.", 15900, 39900, false, false}, {"Кофе молотый 250 г", 29900, 79900, false, false},
		{"Бумага офисная А4", 29900, 49900, false, false}, {"Пакет", 500, 1500, false, false},
	}
	services = []goods{
		{"Стрижка", 60000, 250000, false, false}, {"Ремонт обуви", 30000, 180000, false, false}, {"Перевозка пассажира", 15000, 120000, false, false},
		{"Химчистка", 45000, 320000, false, false}, {"Консультация", 100000, 500000, false, false},
	}
)

// shop is the shop of the registration in force.
func (p *player) shop() (*shop, error) {
	reg, ok, err := p.reg.KKT().Registration()
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, errors.New("the register is not registered")
	}
	s := &shop{reg: reg, goods: groceries}
	if reg.Services {
		s.goods = services
	}
	return s, nil
}

const kilogram = 11 // tag 2108

// receipt makes one up: one to five things, paid in cash, by card or both.
func (s *shop) receipt(p *player, op fiscal.OperationType) kkt.Receipt {
	r := kkt.Receipt{Operation: op, Tax: lowest(s.reg.Tax)}
	if s.reg.InternetOnly || p.rng.IntN(20) == 0 {
		r.BuyerContact = "buyer@example.test"
	}
	n := 1 + p.rng.IntN(5)
	r.Items = make([]kkt.Item, n)
	var sum fiscal.Kopecks
	for i := range r.Items {
		r.Items[i] = s.item(p, r.Tax)
		k, _ := r.Items[i].Quantity.MulRound(uint64(r.Items[i].Price))
		sum += fiscal.Kopecks(k)
	}
	switch p.rng.IntN(10) {
	case 0, 1, 2:
		r.Cash = sum
	case 3:
		r.Cash = fiscal.Kopecks(p.rng.Int64N(int64(sum)))
		r.Ecash = sum - r.Cash
	default:
		r.Ecash = sum
	}
	return r
}

func (s *shop) item(p *player, tax kkt.TaxSystem) kkt.Item {
	g := &s.goods[p.rng.IntN(len(s.goods))]
	it := kkt.Item{Name: g.name, Price: g.from + fiscal.Kopecks(p.rng.Int64N(int64(g.to-g.from))), Quantity: kkt.Pieces(1 + uint64(p.rng.IntN(3))),
		VAT: kkt.VATNone, Method: 4, Subject: 1}
	if s.reg.Services {
		it.Subject = 4
	}
	if g.weighed {
		it.Quantity = kkt.Quantity{FVLN: tlv.FVLN{Decimals: 3, Magnitude: 100 + p.rng.Uint64N(2900)}}
		if s.reg.FFD == fiscal.FFD12 {
			it.Measure = kilogram
		} else {
			it.Unit = "кг"
		}
	}
	if tax == kkt.TaxGeneral {
		switch {
		case g.reduced:
			it.VAT = kkt.VAT10
		case p.clock.Now().Year() >= 2026:
			it.VAT = kkt.VAT22
		default:
			it.VAT = kkt.VAT20
		}
	}
	return it
}

// lowest is one system of a set.
func lowest(t kkt.TaxSystem) kkt.TaxSystem { return t & -t }
