package kkt

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
)

// Each unlawful receipt is refused with its rule and a sentence, and the drive makes
// nothing.
func TestReceipt_Refuses(t *testing.T) {
	t.Parallel()
	gs1 := "0104606419014681215KAZWy" + ffd.GS + "93abcd"
	cases := []struct {
		name string
		rule string
		ffd  fiscal.FFD // zero: 1.05
		reg  func(*Registration)
		with func(*Receipt)
	}{
		{name: "no items", rule: "S-07", with: func(r *Receipt) { r.Items, r.Total = nil, kopecks(10000) }},
		{name: "operation", rule: "R-01", with: func(r *Receipt) { r.Operation = 5 }},
		{name: "two tax systems", rule: "R-02", with: func(r *Receipt) { r.Tax = TaxGeneral | TaxSimplified }},
		{name: "tax not chosen", rule: "R-02", with: func(r *Receipt) { r.Tax = 0 }},
		{name: "tax not registered", rule: "R-02", with: func(r *Receipt) { r.Tax = TaxPatent }},
		{name: "payments", rule: "M-03", with: func(r *Receipt) { r.Cash-- }},
		{name: "negative payment", rule: RuleValue, with: func(r *Receipt) { r.Cash, r.Ecash = 10001, -1 }},
		{name: "item sum", rule: "M-01", with: func(r *Receipt) { r.Items[0].Sum = kopecks(10002) }},
		{name: "total by a rouble", rule: "M-02", with: func(r *Receipt) { r.Total = kopecks(9999) }},
		{name: "ecash details", rule: "M-04", with: func(r *Receipt) {
			r.Cash, r.Ecash, r.Details = 0, 10000, []EcashDetail{{Sum: 9999, Sign: 1, Ident: "1"}}
		}},
		{name: "zero quantity", rule: RuleValue, with: func(r *Receipt) { r.Items[0].Quantity = Quantity{} }},
		{name: "VAT 20 in 2026", rule: "V-11", with: func(r *Receipt) { r.Items[0].VAT = VAT20 }},
		{name: "VAT 20/120 in 2026", rule: "V-11", with: func(r *Receipt) { r.Items[0].VAT = VAT20120 }},
		{name: "VAT unknown", rule: "S-10", with: func(r *Receipt) { r.Items[0].VAT = 13 }},
		{name: "VAT total missing", rule: "V-02", with: func(r *Receipt) { r.VAT = map[VATRate]fiscal.Kopecks{VAT0: 1} }},
		{name: "VAT sum without a rate", rule: "V-09", with: func(r *Receipt) { r.Items[0].VAT, r.Items[0].VATSum = VATNone, kopecks(1) }},
		{name: "no name", rule: "R-05", with: func(r *Receipt) { r.Items[0].Name = "" }},
		{name: "long name", rule: "S-08", with: func(r *Receipt) { r.Items[0].Name = strings.Repeat("ы", 129) }},
		{name: "emoji", rule: RuleText, with: func(r *Receipt) { r.Items[0].Name = "Хлеб 🍞" }},
		{name: "subject of FFD 1.2", rule: "S-10", with: func(r *Receipt) { r.Items[0].Subject = 33 }},
		{name: "method", rule: "S-10", with: func(r *Receipt) { r.Items[0].Method = 8 }},
		{name: "excise not registered", rule: "R-07", with: func(r *Receipt) { r.Items[0].Subject = 2 }},
		{name: "БСО of an ordinary register", rule: "R-15", with: func(r *Receipt) { r.Form = fiscal.FormBSO }},
		{name: "receipt of an АС БСО", rule: "R-15", reg: func(r *Registration) { r.BSO = true }, with: func(r *Receipt) { r.Form = fiscal.FormReceipt }},
		{name: "contact", rule: "R-12", with: func(r *Receipt) { r.BuyerContact = "89001234567" }},
		{name: "internet without contact", rule: "R-13", with: func(r *Receipt) { r.Internet, r.Place = true, "shop.example.test" }},
		{name: "internet without a site", rule: "R-13", with: func(r *Receipt) { r.Internet, r.BuyerContact = true, "none" }},
		{name: "cashier INN", rule: "I-07", with: func(r *Receipt) { r.Cashier.INN = "771234567890" }},
		{name: "cashier INN of a firm", rule: "I-07", with: func(r *Receipt) { r.Cashier.INN = testINN }},
		{name: "agent not registered", rule: "R-03", with: func(r *Receipt) { r.Agent = AgentCommission }},
		{name: "two agent bits", rule: "S-10", with: func(r *Receipt) { r.Items[0].Agent, r.Items[0].Provider = 3, &Provider{} }},
		{name: "agent without provider", rule: "R-04", with: func(r *Receipt) { r.Items[0].Agent = AgentOther }},
		{name: "provider without agent", rule: "R-03", with: func(r *Receipt) { r.Items[0].Provider = &Provider{INN: testOFD} }},
		{name: "payment agent without phones", rule: RuleAgent, with: func(r *Receipt) {
			r.Items[0].Agent, r.Items[0].Provider = AgentPayment, &Provider{INN: testOFD}
		}},
		{name: "provider INN", rule: "I-07", with: func(r *Receipt) {
			r.Items[0].Agent, r.Items[0].Provider = AgentOther, &Provider{INN: "7702203277"}
		}},
		{name: "marked code and two pieces", rule: "M-07", with: func(r *Receipt) { r.Items[0].Code = gs1 }},
		{name: "fraction in 1.05", rule: RuleFFD, with: func(r *Receipt) {
			r.Items[0].Quantity, r.Items[0].Price, r.Items[0].Fraction = Pieces(1), 10000, &Fraction{1, 2}
		}},
		{name: "industry in 1.05", rule: RuleFFD, with: func(r *Receipt) { r.Industry = []Industry{{"001", "01.01.2024", "1", "x"}} }},
		{name: "operational in 1.1", rule: RuleFFD, ffd: fiscal.FFD11, with: func(r *Receipt) { r.Operational = &Operational{Data: "x", Time: begin} }},
		{name: "birthday in 1.1", rule: RuleFFD, ffd: fiscal.FFD11, with: func(r *Receipt) { r.Buyer = &Buyer{Name: "И", Birthday: "01.01.1990"} }},
		{name: "empty buyer", rule: RuleBuyer, with: func(r *Receipt) { r.Buyer = &Buyer{} }},
		{name: "unit in 1.2", rule: RuleFFD, ffd: fiscal.FFD12, with: func(r *Receipt) { r.Items[0].Unit = "кг" }},
		{name: "1057 in 1.2", rule: RuleFFD, ffd: fiscal.FFD12, with: func(r *Receipt) { r.Agent = AgentOther }},
		{name: "parts of a piece", rule: "R-18", ffd: fiscal.FFD12, with: func(r *Receipt) {
			r.Items[0].Quantity, _ = ParseQuantity("0.5")
			r.Items[0].Price = 20000
		}},
		{name: "measure", rule: "S-10", ffd: fiscal.FFD12, with: func(r *Receipt) { r.Items[0].Measure = 99 }},
		{name: "marked without a code", rule: "R-16", ffd: fiscal.FFD12, with: func(r *Receipt) { r.Items[0].Subject = 33 }},
		{name: "marked with EAN-13", rule: "R-16", ffd: fiscal.FFD12, reg: func(r *Registration) { r.Marking = true }, with: func(r *Receipt) {
			r.Items[0] = Item{Name: "x", Price: 10000, Quantity: Pieces(1), VAT: VAT10, Subject: 33, Code: "4606203090785"}
		}},
		{name: "marking not registered", rule: RuleMarking, ffd: fiscal.FFD12, with: func(r *Receipt) {
			r.Items[0] = Item{Name: "x", Price: 10000, Quantity: Pieces(1), VAT: VAT10, Subject: 33, Code: gs1}
		}},
		{name: "code on goods without one", rule: "R-16", ffd: fiscal.FFD12, with: func(r *Receipt) {
			r.Items[0].Subject, r.Items[0].Code = 32, gs1
		}},
		{name: "fraction over one", rule: "M-08", ffd: fiscal.FFD12, with: func(r *Receipt) {
			r.Items[0].Quantity, r.Items[0].Price, r.Items[0].Fraction = Pieces(1), 10000, &Fraction{3, 2}
		}},
		{name: "no machine number", rule: "R-10", reg: func(r *Registration) { r.Automatic, r.MachineNumber = true, "1" }, with: nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := registration(max(c.ffd, fiscal.FFD105))
			if c.reg != nil {
				c.reg(&r)
			}
			s := trading(t, Options{}, r)
			rec := sale()
			if c.with != nil {
				c.with(&rec)
			} else {
				s.reg.MachineNumber = "" // a register that lost it
			}
			_, err := s.Receipt(rec)
			refusedBy(t, c.rule, err)
			assert.NotContains(t, err.Error(), "Иванова", "names of people are not in errors")
			st, err := s.Driver().Status()
			require.NoError(t, err)
			assert.Equal(t, fiscal.FDNumber(2), st.LastFD)
			assert.Zero(t, st.Document, "nothing is left half-made")
			_, err = s.Receipt(func() Receipt {
				good := sale()
				good.MachineNumber = map[bool]string{true: "1"}[r.Automatic]
				return good
			}())
			require.NoError(t, err, "the next one passes")
		})
	}
}

func TestReceipt_Fields(t *testing.T) {
	t.Parallel()
	s := trading(t, Options{}, registration(fiscal.FFD105))
	rec := sale()
	rec.BuyerContact = "+79000000000"
	rec.Items = append(rec.Items,
		Item{Name: "Рыба «Сёмга» — весовая", Price: 99999, Quantity: Quantity{}, VAT: VAT22, Unit: "кг"},
		Item{Name: "Доставка", Price: 30000, Quantity: Pieces(1), VAT: VATNone, Subject: 4},
		Item{Name: "Книга", Price: 10050, Quantity: Pieces(1), VAT: VAT5, Method: 1},
		Item{Name: "Журнал", Price: 10050, Quantity: Pieces(1), VAT: VAT5})
	rec.Items[1].Quantity, _ = ParseQuantity("0.475")
	// 10000 + 47499.525 → 47500 + 30000 + 10050 + 10050
	rec.Payments = Payments{Cash: 7600, Ecash: 50000, Prepaid: 20000, Credit: 20000, Provision: 10000}
	res, err := s.Receipt(rec)
	require.NoError(t, err)
	assert.Equal(t, fiscal.Kopecks(107600), res.Total)
	d := s.must(res, err)
	s.clean(t, d)
	items := d.All(ffd.TagItem)
	require.Len(t, items, 5)
	assert.Equal(t, uint64(47500), ffd.NodeUint(items[1].Child(ffd.TagItemSum)), "half up")
	assert.Equal(t, `Рыба "Сёмга" - весовая`, ffd.NodeText(items[1].Child(ffd.TagItemName)), "replaced knowingly, ё stays")
	require.Len(t, res.Warnings, 1)
	assert.Contains(t, res.Warnings[0], "1059/1030")
	assert.Equal(t, uint64(909), d.Uint(ffd.TagNDS10), "100.00 × 10/110 = 9.0909…")
	assert.Equal(t, uint64(30000), d.Uint(ffd.TagNDSNo))
	assert.False(t, d.Has(ffd.TagNDS0))
	var newer []uint64
	for i := range d.Field(ffd.TagAmountsReceiptNDS).Children {
		n := &d.Field(ffd.TagAmountsReceiptNDS).Children[i]
		newer = append(newer, ffd.NodeUint(n.Child(ffd.TagNDSRate)), ffd.NodeUint(n.Child(ffd.TagRateNDSSum)))
	}
	// 201.00 × 5/105 = 9.5714 once for the group (item by item 4.79 + 4.79 = 9.58); 475.00 × 22/122 = 85.6557
	assert.Equal(t, []uint64{7, 957, 11, 8566}, newer)
	assert.Equal(t, "shop@example.test", d.Text(ffd.TagSellerAddress))
	assert.Equal(t, "www.nalog.gov.ru", d.Text(ffd.TagFNSSite))
	assert.Equal(t, uint64(1), d.Uint(ffd.TagRequestNumber))
	assert.Equal(t, ffd.QRText(d), res.QR)
	assert.Equal(t, res.FPD, d.FPD())
	assert.Equal(t, begin.Format("2006-01-02 15:04"), d.DateTime().Format("2006-01-02 15:04"), "wall clock (D-01)")
}

// VAT of 20 % after 2025 stays for returns and corrections of older sales (V-11).
func TestReceipt_OldRateOnReturns(t *testing.T) {
	t.Parallel()
	s := trading(t, Options{}, registration(fiscal.FFD12))
	rec := sale()
	rec.Operation, rec.Items[0].VAT = fiscal.SellReturn, VAT20
	s.clean(t, s.must(s.Receipt(rec)))
	rec.Operation = fiscal.Sell
	s.clean(t, s.must(s.Correction(Correction{Receipt: rec, Date: time.Date(2025, 12, 31, 23, 0, 0, 0, moscow)})))
	_, err := s.Correction(Correction{Receipt: rec, Date: time.Date(2026, 2, 1, 0, 0, 0, 0, moscow)})
	refusedBy(t, "V-11", err)
}

func TestVATRate_Tax(t *testing.T) {
	t.Parallel()
	y := func(year int) time.Time { return time.Date(year, 6, 1, 0, 0, 0, 0, time.UTC) }
	for _, c := range []struct {
		rate VATRate
		sum  fiscal.Kopecks
		at   time.Time
		want fiscal.Kopecks
	}{
		{VAT20, 68428, y(2024), 11405}, // flk.md V-06, receipt-v3
		{VAT20, 11800, y(2018), 1800},
		{VAT20120, 5499, y(2024), 917}, // 916.5 up (V-09)
		{VAT10, 110, y(2024), 10},
		{VAT5, 105, y(2026), 5},
		{VAT7107, 107, y(2026), 7},
		{VAT22, 12200, y(2026), 2200},
		{VAT22122, 1, y(2026), 0},
		{VAT0, 777, y(2026), 777},
		{VATNone, 777, y(2026), 777},
		{VAT22, fiscal.MaxKopecks, y(2026), 50757782685528}, // (2^48-1) × 22/122 = …527.95, no overflow
	} {
		assert.Equal(t, c.want, c.rate.Tax(c.sum, c.at), "%d of %v", c.rate, c.sum)
	}
	assert.Error(t, VAT5.inForce(y(2024), true))
	assert.NoError(t, VAT5.inForce(y(2025), false))
	assert.Error(t, VAT22.inForce(y(2025), false))
	assert.NoError(t, VAT20.inForce(y(2025), false))
}

// O-035, K-030, K-031, D-05, R-14.
func TestCorrection(t *testing.T) {
	t.Parallel()
	s := trading(t, Options{}, registration(fiscal.FFD105))
	c := Correction{Receipt: Receipt{Operation: fiscal.Buy, Tax: TaxGeneral, Total: kopecks(12000), Payments: Payments{Cash: 12000},
		VAT: map[VATRate]fiscal.Kopecks{VAT22: 2164}}, Date: begin.Add(-24 * time.Hour)}
	d := s.must(s.Correction(c))
	s.clean(t, d, "V-03") // a total without items
	assert.Equal(t, fiscal.FormReceiptCorrection, d.Form)
	assert.Equal(t, uint64(3), d.Uint(ffd.TagOperationType))
	assert.Equal(t, time.Date(2026, 5, 31, 0, 0, 0, 0, time.UTC), ffd.NodeTime(d.Field(ffd.TagCorrectionBase).Child(ffd.TagCorrectionDocumentDate)))

	for name, bad := range map[string]struct {
		rule string
		with func(*Correction)
	}{
		"no date":          {"R-14", func(c *Correction) { c.Date = time.Time{} }},
		"tomorrow":         {"D-05", func(c *Correction) { c.Date = begin.Add(24 * time.Hour) }},
		"order, no number": {"R-14", func(c *Correction) { c.ByOrder = true }},
		"return in 1.05":   {"R-01", func(c *Correction) { c.Operation = fiscal.SellReturn }},
		"no VAT":           {"V-01", func(c *Correction) { c.VAT = nil }},
		"details": {RuleFFD, func(c *Correction) {
			c.Cash, c.Ecash, c.Details = 0, 12000, []EcashDetail{{Sum: 12000, Sign: 1, Ident: "1"}}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			c := c
			bad.with(&c)
			_, err := s.Correction(c)
			refusedBy(t, bad.rule, err)
		})
	}
	s12 := trading(t, Options{}, registration(fiscal.FFD12))
	_, err := s12.Correction(c)
	refusedBy(t, "S-07", err)
}

// K-010, K-011: 24 hours exactly are allowed, a minute more is not, and closing works.
func TestShift_TwentyFourHours(t *testing.T) {
	t.Parallel()
	s := trading(t, Options{}, registration(fiscal.FFD105))
	s.at = begin.Add(24 * time.Hour)
	s.must(s.Receipt(sale()))
	s.at = s.at.Add(time.Minute)
	_, err := s.Receipt(sale())
	refusedBy(t, RuleShiftAge, err)
	s.opened = time.Time{} // a register that does not know: the drive does
	_, err = s.Receipt(sale())
	refusedBy(t, RuleShiftAge, err)
	var e *fn.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, fn.ShiftTooLong, e.Answer.Code)
	s.must(s.CloseShift(Cashier{}))
}

// K-013: power cut in the middle of a document; numbers go on without a gap.
func TestKKT_PowerCut(t *testing.T) {
	t.Parallel()
	s := trading(t, Options{}, registration(fiscal.FFD12))
	require.NoError(t, s.Driver().BeginReceipt(s.now()))
	require.NoError(t, s.Driver().Data([]byte{0xB9, 4, 1, 0, 4}))
	res, err := s.Receipt(sale())
	require.NoError(t, err, "the half-made one is cancelled")
	assert.Equal(t, fiscal.FDNumber(3), res.FD)
	require.NoError(t, s.device.SetFaults(fn.Faults{Commands: []fn.CommandFault{{Command: fn.CmdFormReceipt, Call: 1, PowerLoss: true}}}))
	_, err = s.Receipt(sale())
	require.Error(t, err)
	res, err = s.Receipt(sale())
	require.NoError(t, err)
	assert.Equal(t, fiscal.FDNumber(4), res.FD)
}

// K-014: totals of the shift overflow; the receipt is cancelled and the shift closes.
func TestReceipt_TotalsOverflow(t *testing.T) {
	t.Parallel()
	s := newStand(t, Options{}, fn.Options{Settings: fn.Settings{SumLimit: 15000}})
	s.must(s.Register(registration(fiscal.FFD12)))
	s.must(s.OpenShift(Cashier{}))
	s.must(s.Receipt(sale()))
	_, err := s.Receipt(sale())
	refusedBy(t, RuleFN, err)
	s.must(s.CloseShift(Cashier{}))
}

// Rules may be waived to make wrong documents on purpose; each leaves a warning.
func TestReceipt_Waived(t *testing.T) {
	t.Parallel()
	s := trading(t, Options{Waive: []string{"M-03", "V-11"}}, registration(fiscal.FFD105))
	rec := sale()
	rec.Cash, rec.Items[0].VAT = 1, VAT20
	res, err := s.Receipt(rec)
	require.NoError(t, err)
	require.Len(t, res.Warnings, 2)
	assert.Contains(t, strings.Join(res.Warnings, "\n"), "M-03")
}

// An autonomous register: no operator's fields, at most ten codes.
func TestReceipt_Autonomous(t *testing.T) {
	t.Parallel()
	r := registration(fiscal.FFD105)
	r.Autonomous, r.OFDINN, r.OFDName, r.SellerAddress = true, "", "", ""
	s := trading(t, Options{}, r)
	rec := sale()
	rec.BuyerContact = "none"
	d := s.must(s.Receipt(rec))
	s.clean(t, d)
	assert.False(t, d.Has(ffd.TagFNSSite))
	rec.Items, rec.Payments = nil, Payments{Cash: 11 * 100}
	for range 11 {
		rec.Items = append(rec.Items, Item{Name: "x", Price: 100, Quantity: Pieces(1), VAT: VATNone, Code: "4606203090785"})
	}
	_, err := s.Receipt(rec)
	refusedBy(t, "R-08", err)
}

// An automatic device has no cashier and says its number.
func TestReceipt_Automatic(t *testing.T) {
	t.Parallel()
	for _, v := range []fiscal.FFD{fiscal.FFD105, fiscal.FFD11, fiscal.FFD12} {
		r := registration(v)
		r.Automatic, r.MachineNumber, r.PrinterInMachine = true, "АВТ-17", true
		s := newStand(t, Options{}, fn.Options{})
		d := s.must(s.Register(r))
		s.clean(t, d)
		d = s.must(s.OpenShift(Cashier{}))
		s.clean(t, d)
		assert.False(t, d.Has(ffd.TagCashier))
		rec := sale()
		rec.Cashier = Cashier{}
		d = s.must(s.Receipt(rec))
		s.clean(t, d)
		assert.Equal(t, "АВТ-17", d.Text(ffd.TagMachineNumber))
		assert.False(t, d.Has(ffd.TagCashier))
	}
}

// A register for the internet only says so in each receipt.
func TestReceipt_InternetOnly(t *testing.T) {
	t.Parallel()
	for _, v := range []fiscal.FFD{fiscal.FFD105, fiscal.FFD12} {
		r := registration(v)
		r.InternetOnly, r.Place = true, "shop.example.test"
		s := trading(t, Options{}, r)
		_, err := s.Receipt(sale())
		refusedBy(t, "R-13", err)
		rec := sale()
		rec.Internet, rec.BuyerContact = true, "buyer@example.test"
		d := s.must(s.Receipt(rec))
		s.clean(t, d)
		assert.Equal(t, uint64(1), d.Uint(ffd.TagInternetSign))
		assert.Equal(t, uint64(1), d.Uint(ffd.TagInternetPayment))
	}
}

// Details of cashless payment (1234) are written in every version.
func TestReceipt_EcashDetails(t *testing.T) {
	t.Parallel()
	for _, v := range []fiscal.FFD{fiscal.FFD105, fiscal.FFD11, fiscal.FFD12} {
		s := trading(t, Options{}, registration(v))
		rec := sale()
		rec.Payments = Payments{Ecash: 10000, Details: []EcashDetail{{Sum: 4000, Sign: 1, Ident: "A1"}, {Sum: 6000, Sign: 2, Ident: "B2", Info: "СБП"}}}
		d := s.must(s.Receipt(rec))
		s.clean(t, d)
		assert.Len(t, d.Field(ffd.TagAllECashProp).Children, 2)
	}
}
