package kkt

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
)

var names = rapid.StringOfN(rapid.RuneFrom([]rune("абвгдеёжзийклмнопрстуфхцчшщъыьэюяАЯ «»—№0123456789abcXYZ.,-")), 1, 60, 128)

func chance(t *rapid.T, name string, percent int) bool {
	return rapid.IntRange(1, 100).Draw(t, name) <= percent
}

// drawItem draws a lawful item for the version and registration.
func drawItem(t *rapid.T, r *Registration, a Agent) Item {
	it := Item{
		Name:     names.Draw(t, "name"),
		Price:    fiscal.Kopecks(rapid.Int64Range(0, 1_000_000).Draw(t, "price")),
		Quantity: Pieces(rapid.Uint64Range(1, 50).Draw(t, "pieces")),
		VAT:      rapid.SampledFrom([]VATRate{VATNone, VAT0, VAT10, VAT10110, VAT5, VAT7, VAT5105, VAT7107, VAT22, VAT22122}).Draw(t, "vat"),
		Subject:  rapid.Uint8Range(1, 26).Draw(t, "subject"),
		Method:   rapid.Uint8Range(1, 7).Draw(t, "method"),
	}
	if it.Subject == 2 && !r.Excise {
		it.Subject = 1
	}
	if chance(t, "weighed", 40) {
		it.Quantity = Quantity{}
		it.Quantity.Decimals, it.Quantity.Magnitude = 3, rapid.Uint64Range(1, 99_999).Draw(t, "grams")
		if r.FFD == fiscal.FFD12 {
			it.Measure = 11
		} else {
			it.Unit = "кг"
		}
	}
	if chance(t, "with tax", 30) && it.VAT.Percent(begin) > 0 {
		sum, _ := it.Quantity.MulRound(uint64(it.Price))
		it.VATSum = kopecks(it.VAT.Tax(fiscal.Kopecks(sum), begin))
	}
	if chance(t, "off by one", 20) {
		sum, _ := it.Quantity.MulRound(uint64(it.Price))
		if off := fiscal.Kopecks(sum) + 1; withinKopeck(it.Quantity, it.Price, off) {
			it.Sum, it.VATSum = &off, nil
		}
	}
	if chance(t, "extras", 20) {
		it.Country, it.CustomEntry, it.Property, it.ExciseDuty = "643", "10001000/100119/0123456", "доп", kopecks(100)
	}
	if chance(t, "code", 20) {
		it.Code = rapid.SampledFrom([]string{"46198488", "4606203090785", "14601234567890", "неизвестный код"}).Draw(t, "code")
	}
	if r.FFD == fiscal.FFD12 && chance(t, "industry", 10) {
		it.Industry = []Industry{{FOIV: "020", Date: "01.02.2024", Number: "123", Value: "a=b&c=d"}}
	}
	it.Agent = a
	if a == 0 && chance(t, "agent", 20) {
		it.Agent = Agent(1) << rapid.IntRange(0, 6).Draw(t, "agent bit")
		it.AgentData = drawAgentData(it.Agent)
	}
	if it.Agent != 0 {
		it.Provider = &Provider{Phone: []string{"+74950000000"}, Name: "ООО Поставщик", INN: testOFD}
	}
	return it
}

func drawAgentData(a Agent) *AgentData {
	switch {
	case a&agentsPayment != 0:
		return &AgentData{AgentPhone: []string{"+79000000001"}, OperatorPhone: []string{"+79000000002"}}
	case a&agentsBank != 0:
		return &AgentData{Operation: "Перевод", AgentPhone: []string{"+79000000001"}, TransferOperatorPhone: []string{"+79000000003"},
			TransferOperatorName: "АО Перевод", TransferOperatorAddress: "г. Москва", TransferOperatorINN: testINN}
	}
	return nil
}

// drawPayments splits a total between the kinds.
func drawPayments(t *rapid.T, total fiscal.Kopecks) (p Payments) {
	for _, part := range []*fiscal.Kopecks{&p.Cash, &p.Prepaid, &p.Credit, &p.Provision} {
		if chance(t, "kind", 25) {
			*part = fiscal.Kopecks(rapid.Int64Range(0, int64(total)).Draw(t, "part"))
			total -= *part
		}
	}
	p.Ecash = total
	return p
}

func drawReceipt(t *rapid.T, r *Registration) Receipt {
	rec := Receipt{
		Operation: fiscal.OperationType(rapid.IntRange(1, 4).Draw(t, "operation")),
		Tax:       rapid.SampledFrom([]TaxSystem{TaxGeneral, TaxSimplified}).Draw(t, "tax"), Cashier: cashier,
	}
	agent := Agent(0)
	if r.FFD < fiscal.FFD12 && chance(t, "agent receipt", 20) {
		agent = AgentCommission
		rec.Agent = agent
	}
	total := fiscal.Kopecks(0)
	for range rapid.IntRange(1, 8).Draw(t, "items") {
		it := drawItem(t, r, agent)
		sum, _ := it.Quantity.MulRound(uint64(it.Price))
		if it.Sum != nil {
			sum = uint64(*it.Sum)
		}
		total += fiscal.Kopecks(sum)
		rec.Items = append(rec.Items, it)
	}
	if chance(t, "rounded down", 20) { // to whole roubles
		total -= total % 100
		rec.Total = kopecks(total)
	}
	rec.Payments = drawPayments(t, total)
	if chance(t, "contact", 40) {
		rec.BuyerContact = rapid.SampledFrom([]string{"+79000000000", "buyer@example.test", "none"}).Draw(t, "contact")
	}
	if chance(t, "buyer", 20) {
		rec.Buyer = &Buyer{Name: "ООО Покупатель", INN: testINN}
		if r.FFD == fiscal.FFD12 {
			rec.Buyer.Birthday, rec.Buyer.DocumentCode, rec.Buyer.DocumentData = "01.02.1990", "21", "4500 000000"
		}
	}
	if chance(t, "property", 20) {
		rec.UserProperty = &UserProperty{Name: "Рейс", Value: "№ 15"}
		rec.Property = "0123456789ABCDEF"
	}
	if chance(t, "internet", 10) {
		rec.Internet, rec.Place, rec.BuyerContact = true, "shop.example.test", "buyer@example.test"
	}
	if r.FFD == fiscal.FFD12 && chance(t, "operational", 10) {
		rec.Operational = &Operational{ID: 0, Data: "данные", Time: begin}
		rec.Industry = []Industry{{FOIV: "003", Date: "01.02.2024", Number: "7", Value: "x=1"}}
	}
	return rec
}

// Every lawful receipt and correction is made, and ФЛК finds nothing in it: no
// error and no warning.
func TestReceipt_PassesFLK(t *testing.T) {
	t.Parallel()
	for _, v := range []fiscal.FFD{fiscal.FFD105, fiscal.FFD11, fiscal.FFD12} {
		for _, bso := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s bso=%v", v, bso), func(t *testing.T) {
				t.Parallel()
				r := registration(v)
				r.BSO, r.Excise = bso, true
				if v < fiscal.FFD12 {
					r.Agents = AgentCommission
				}
				s := trading(t, Options{}, r)
				reg, _, err := s.Registration()
				require.NoError(t, err)
				rapid.Check(t, func(rt *rapid.T) {
					rec := drawReceipt(rt, &reg)
					var res Result
					var err error
					if chance(rt, "correction", 20) {
						if v == fiscal.FFD105 {
							rec.Operation = rapid.SampledFrom([]fiscal.OperationType{fiscal.Sell, fiscal.Buy}).Draw(rt, "correction of")
						}
						c := Correction{Receipt: rec, Date: begin.Add(-48 * time.Hour)}
						if chance(rt, "by order", 50) {
							c.ByOrder, c.Number = true, "15-16/123"
						}
						res, err = s.Correction(c)
					} else {
						res, err = s.Receipt(rec)
					}
					require.NoError(rt, err)
					d, err := ffd.Decode(res.STLV)
					require.NoError(rt, err)
					if res.Total == 0 { // V-01 wants a total and V-04 no zero one
						s.clean(rt, d, "V-04")
						return
					}
					s.clean(rt, d)
				})
			})
		}
	}
}
