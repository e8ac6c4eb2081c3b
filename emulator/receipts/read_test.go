package receipts

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/fiscaltest"
)

func readOne(t *testing.T, text string) *Receipt {
	t.Helper()
	all, skipped, err := Read("test", strings.NewReader(text))
	require.NoError(t, err)
	require.Empty(t, skipped)
	require.Len(t, all, 1)
	return all[0]
}

// object is a flat receipt with some members changed; nil takes one away.
func object(t *testing.T, change map[string]any) string {
	t.Helper()
	o := map[string]any{
		"user": "ООО", "userInn": "7702203276  ", "dateTime": "2019-05-06T10:11:00", "kktRegId": "0000000005008570    ", "operator": "К",
		"fiscalDriveNumber": "9999078900005488", "fiscalDocumentNumber": 77, "fiscalSign": 24771639, "fiscalDocumentFormatVer": 2, "operationType": 1,
		"taxationType": 1, "totalSum": 12000, "cashTotalSum": 12000, "ecashTotalSum": 0, "nds18": 2000,
		"items": []any{map[string]any{"name": "Чай", "price": 12000, "quantity": 1, "sum": 12000, "nds": 1}},
	}
	maps.Copy(o, change)
	for k, v := range change {
		if v == nil {
			delete(o, k)
		}
	}
	b, err := json.Marshal(o)
	require.NoError(t, err)
	return string(b)
}

func items(all ...map[string]any) map[string]any {
	list := make([]any, len(all))
	for i, it := range all {
		list[i] = it
	}
	return map[string]any{"items": list}
}

func merged(a, b map[string]any) map[string]any {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}

// reasonAt is the reason noted at a path; empty when none is.
func reasonAt(r *Receipt, path string) Reason {
	for _, n := range r.Notes {
		if n.Path == path {
			return n.Reason
		}
	}
	return ""
}

func file(t *testing.T, prefix string) string {
	t.Helper()
	for _, f := range fiscaltest.ReceiptJSONs() {
		if strings.HasPrefix(f.Name, prefix) {
			return string(f.Text)
		}
	}
	t.Fatalf("no file %s", prefix)
	return ""
}

// Facts about the public files, looked up by hand.
func TestRead_PublicFiles(t *testing.T) {
	t.Parallel()
	cases := map[string]func(t *testing.T, r *Receipt){
		"01": func(t *testing.T, r *Receipt) {
			assert.Equal(t, ShapeApp, r.Origin.Shape)
			assert.Equal(t, fiscal.FFD12, r.FFD)
			assert.Equal(t, fiscal.INN("7782459150"), r.Owner.INN, "padding goes")
			assert.Equal(t, "0000001108406834", r.Origin.Reg)
			assert.Equal(t, "2.926", r.Sale.Items[1].Quantity.String())
			assert.EqualValues(t, 105043, *r.Sale.Items[1].Sum)
			assert.EqualValues(t, 33, r.Sale.Items[5].Subject)
			assert.Equal(t, "0104606419014681215KAZWy", r.Sale.Items[5].Code)
			assert.Equal(t, map[kkt.VATRate]fiscal.Kopecks{kkt.VAT20: 16750, kkt.VAT10: 37418}, r.Sale.VAT, "nds18 is the 20 % sum")
			assert.Equal(t, NoTag, reasonAt(r, "$[0].ticket.document.receipt.items[0].productCodeDataError"))
			assert.Empty(t, r.Sale.Items[0].Code)
		},
		"02": func(t *testing.T, r *Receipt) {
			assert.Equal(t, kkt.TaxPatent, r.Sale.Tax)
			assert.Len(t, string(r.Owner.INN), 12)
			assert.Equal(t, Envelope, reasonAt(r, "$[0].user_data"))
		},
		"05": func(t *testing.T, r *Receipt) {
			assert.Equal(t, ShapeProverka, r.Origin.Shape)
			assert.Equal(t, "*Тыква                       1кг", r.Sale.Items[0].Name, "runs of spaces stay")
			assert.EqualValues(t, 11, r.Sale.Items[0].Measure)
			assert.Equal(t, "00105700000091", r.Origin.KKT)
			assert.Equal(t, fiscal.INN("773316444379"), r.Sale.Cashier.INN)
			require.NotNil(t, r.Sale.UserProperty)
			assert.Equal(t, "T5", r.Sale.UserProperty.Name)
			assert.Equal(t, Remade, reasonAt(r, "$.data.json.messageFiscalSign"))
			assert.Equal(t, Envelope, reasonAt(r, "$.request"))
		},
		"10": func(t *testing.T, r *Receipt) {
			assert.Equal(t, ShapeFlat, r.Origin.Shape)
			assert.True(t, r.Origin.Day)
			assert.Equal(t, time.Date(2020, 9, 16, 12, 0, 0, 0, time.UTC), r.Origin.Time)
			assert.True(t, r.Owner.InternetOnly)
			assert.Equal(t, "кВт.ч", r.Sale.Items[0].Unit)
			assert.EqualValues(t, 8363, *r.Sale.Items[0].VATSum)
			assert.EqualValues(t, 4, r.Sale.Items[0].Subject)
			assert.EqualValues(t, 4, r.Sale.Items[0].Method)
			assert.Empty(t, r.Owner.INN)
		},
		"11": func(t *testing.T, r *Receipt) {
			assert.Equal(t, kkt.TaxGeneral, r.Sale.Tax, "taxation 0 with VAT")
			assert.Equal(t, kkt.VAT20120, r.Sale.Items[0].VAT)
			assert.Equal(t, map[kkt.VATRate]fiscal.Kopecks{kkt.VAT20120: 1000}, r.Sale.VAT)
		},
		"12": func(t *testing.T, r *Receipt) {
			require.NotNil(t, r.Sale.UserProperty)
			assert.Equal(t, "АВТОБУС (городской маршрут)", r.Sale.UserProperty.Name)
			assert.EqualValues(t, 2300, r.Sale.Cash)
			assert.Nil(t, r.Sale.Items[0].VATSum)
		},
		"16": func(t *testing.T, r *Receipt) {
			assert.Equal(t, kkt.AgentOther, r.Sale.Agent)
			assert.Equal(t, "ws:CCZKNHAUGP", r.Sale.Property)
			assert.Equal(t, fiscal.NoINN, r.Sale.Items[0].Provider.INN)
		},
		"20": func(t *testing.T, r *Receipt) {
			assert.Equal(t, fiscal.SellReturn, r.Sale.Operation)
			assert.Equal(t, "29.82", r.Sale.Items[0].Quantity.String())
			assert.Equal(t, kkt.VAT20, r.Sale.Items[0].VAT, "the only total")
		},
		"21": func(t *testing.T, r *Receipt) {
			assert.Zero(t, r.Sale.Agent, "-1 is not 0xFF")
			assert.Zero(t, r.Sale.Items[0].Agent)
			assert.Nil(t, r.Sale.AgentData)
			assert.Nil(t, r.Sale.Items[0].Provider)
			assert.Equal(t, kkt.TaxImputed, r.Sale.Tax)
			for _, path := range []string{"$.paymentAgentType", "$.operatorPhoneToTransfer", "$.operatorTransferInn", "$.paymentAgentPhone", "$.sellerAddress"} {
				assert.Equal(t, Empty, reasonAt(r, path), path)
			}
		},
		"24": func(t *testing.T, r *Receipt) {
			assert.EqualValues(t, 5300, *r.Sale.Total)
			assert.EqualValues(t, 5338, *r.Sale.Items[0].Sum+*r.Sale.Items[1].Sum)
			assert.Equal(t, kkt.VAT10, r.Sale.Items[0].VAT)
			assert.Equal(t, Empty, reasonAt(r, "$.stornoItems"))
		},
	}
	for prefix, check := range cases {
		t.Run(prefix, func(t *testing.T) {
			t.Parallel()
			r := readOne(t, file(t, prefix))
			check(t, r)
			for _, n := range r.Notes {
				assert.NotContains(t, n.Text, "+70000000000")
				assert.NotContains(t, n.Text, "@")
			}
		})
	}
}

func TestRead_Wrappers(t *testing.T) {
	t.Parallel()
	flat := object(t, nil)
	cases := map[string]struct {
		text  string
		shape Shape
		path  string
	}{
		"flat":               {flat, ShapeFlat, "$"},
		"array of flat":      {"[" + flat + "]", ShapeFlat, "$[0]"},
		"document":           {`{"document":{"receipt":` + flat + `}}`, ShapeDocument, "$.document.receipt"},
		"app":                {`[{"_id":"x","ticket":{"document":{"receipt":` + flat + `}}}]`, ShapeApp, "$[0].ticket.document.receipt"},
		"app, БСО":           {`[{"ticket":{"document":{"bso":` + flat + `}}}]`, ShapeApp, "$[0].ticket.document.bso"},
		"proverkacheka":      {`{"code":1,"data":{"json":` + flat + `,"html":""},"request":{}}`, ShapeProverka, "$.data.json"},
		"content":            {`{"fsId":"9999078900005488","content":` + flat + `}`, ShapeContent, "$.content"},
		"something else":     {`{"a":{"b":[1,` + flat + `]}}`, ShapeWrapped, "$.a.b[1]"},
		"with a BOM":         {"\xEF\xBB\xBF \n" + flat, ShapeFlat, "$"},
		"one of two values":  {"{\"x\":1}\n" + flat, ShapeFlat, "$(1)"},
		"deep in extra JSON": {`{"result":{"data":{"receipts":[` + flat + `]}}}`, ShapeWrapped, "$.result.data.receipts[0]"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := readOne(t, c.text)
			assert.Equal(t, c.shape, r.Origin.Shape)
			assert.Equal(t, c.path, r.Origin.Path)
			assert.Equal(t, "Чай", r.Sale.Items[0].Name)
			if strings.Contains(name, "БСО") {
				assert.Equal(t, fiscal.FormBSO, r.Form)
			}
		})
	}
}

func TestRead_NotReceipts(t *testing.T) {
	t.Parallel()
	cases := map[string]string{
		"empty":         "",
		"service error": `{"code":5,"first":0,"data":"not found"}`,
		"no JSON":       `{"a":`,
		"garbage":       "\x00\x01\x02garbage",
		"text":          "hello world",
		"deep":          strings.Repeat("[", 100),
		"number":        "[1,2,3]",
	}
	for name, text := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all, skipped, err := Read("x", strings.NewReader(text))
			assert.Empty(t, all)
			assert.True(t, err != nil || len(skipped) > 0)
		})
	}
	_, skipped, err := Read("x", strings.NewReader(`{"document":{"closeShift":{"code":5,"shiftNumber":3,"dateTime":1557137460,"fiscalSign":1}}}`))
	require.NoError(t, err)
	require.Len(t, skipped, 1)
	assert.ErrorContains(t, skipped[0], "не чек")
}

// Numbers as strings and strings as numbers, dates of all kinds, wrappers of extended
// JSON.
func TestRead_ValuesOfOtherTypes(t *testing.T) {
	t.Parallel()
	may := time.Date(2019, 5, 6, 10, 11, 0, 0, time.UTC)
	dates := map[string]any{
		"ISO": "2019-05-06T10:11:00", "minutes": "2019-05-06T10:11", "space": "2019-05-06 10:11:00", "Russian": "06.05.2019 10:11", "QR": "20190506T1011",
		"zone": "2019-05-06T10:11:00+07:00", "UTC": "2019-05-06T10:11:00Z", "fraction": "2019-05-06T10:11:00.000", "epoch": 1557137460, "epoch text": "1557137460",
		"millis": 1557137460000, "mongo": map[string]any{"$date": 1557137460000}, "mongo long": map[string]any{"$date": map[string]any{"$numberLong": "1557137460000"}},
		"mongo ISO": map[string]any{"$date": "2019-05-06T10:11:00Z"}, "float": 1557137460.0,
	}
	for name, v := range dates {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := readOne(t, object(t, map[string]any{"dateTime": v}))
			assert.Equal(t, may, r.Origin.Time)
			assert.False(t, r.Origin.Day)
		})
	}
	r := readOne(t, object(t, map[string]any{
		"fiscalDriveNumber": 9999078900005488, "fiscalDocumentNumber": "77", "fiscalSign": "24771639", "totalSum": "12000", "cashTotalSum": map[string]any{"$numberLong": "12000"},
		"operationType": "1", "userInn": 7702203276, "taxationType": "1", "fiscalDocumentFormatVer": "2",
		"items": []any{map[string]any{"name": 5, "price": "12000", "quantity": "1.000", "sum": 12000.0, "nds": "1"}}}))
	assert.Equal(t, fiscal.FNNumber("9999078900005488"), r.Origin.FN)
	assert.EqualValues(t, 77, r.Origin.FD)
	assert.EqualValues(t, 24771639, r.Origin.FPD)
	assert.EqualValues(t, 12000, *r.Sale.Total)
	assert.EqualValues(t, 12000, r.Sale.Cash)
	assert.Equal(t, fiscal.INN("7702203276"), r.Owner.INN)
	assert.Equal(t, "1.000", r.Sale.Items[0].Quantity.String())
	assert.Equal(t, "5", r.Sale.Items[0].Name)

	// What cannot be read is noted and taken for absent.
	r = readOne(t, object(t, map[string]any{"dateTime": "yesterday", "totalSum": "12.5", "taxationType": 99, "operationType": 9, "userInn": "123",
		"fiscalDriveNumber": map[string]any{"a": 1}}))
	for _, path := range []string{"$.dateTime", "$.totalSum", "$.taxationType", "$.operationType", "$.userInn", "$.fiscalDriveNumber"} {
		assert.Equal(t, BadValue, reasonAt(r, path), path)
	}
	assert.True(t, r.Origin.Time.IsZero())
	assert.Equal(t, fiscal.Sell, r.Sale.Operation)
}

func TestRead_INN(t *testing.T) {
	t.Parallel()
	cases := []struct {
		in   any
		want fiscal.INN
		why  Reason
	}{
		{"7702203276", "7702203276", ""},
		{"7702203276  ", "7702203276", ""},
		{"007702203276", "7702203276", ""}, // I-04
		{7702203276, "7702203276", ""},
		{"7702203277", "7702203276", Derived},
		{"", "", Empty},
		{"123", "", BadValue},
	}
	for _, c := range cases {
		r := readOne(t, object(t, map[string]any{"userInn": c.in}))
		assert.Equal(t, c.want, r.Owner.INN, "%v", c.in)
		assert.Equal(t, c.why, reasonAt(r, "$.userInn"), "%v", c.in)
	}
	lost := fiscal.WithCheckDigits("010000000") // a leading zero, lost in a number
	n, _ := new(json.Number), 0
	*n = json.Number(strings.TrimPrefix(string(lost), "0"))
	assert.Equal(t, lost, readOne(t, object(t, map[string]any{"userInn": *n})).Owner.INN)
}

func TestRead_VATOfItems(t *testing.T) {
	t.Parallel()
	it := func(name string, sum int, more map[string]any) map[string]any {
		return merged(map[string]any{"name": name, "price": sum, "quantity": 1, "sum": sum}, more)
	}
	none := map[string]any{"nds18": nil}
	cases := map[string]struct {
		change  map[string]any
		rates   []kkt.VATRate
		totals  map[kkt.VATRate]fiscal.Kopecks
		refused bool
	}{
		"amount names the rate": {merged(items(it("a", 12000, map[string]any{"nds10": 1091})), map[string]any{"nds18": nil, "nds10": 1091}),
			[]kkt.VATRate{kkt.VAT10}, map[kkt.VATRate]fiscal.Kopecks{kkt.VAT10: 1091}, false},
		"nds20": {merged(items(it("a", 12000, map[string]any{"nds20": 2000})), map[string]any{"nds18": nil, "nds20": 2000}),
			[]kkt.VATRate{kkt.VAT20}, map[kkt.VATRate]fiscal.Kopecks{kkt.VAT20: 2000}, false},
		"ndsNo": {merged(items(it("a", 12000, map[string]any{"ndsNo": 12000, "nds18": 0})), map[string]any{"nds18": nil, "ndsNo": 12000}),
			[]kkt.VATRate{kkt.VATNone}, map[kkt.VATRate]fiscal.Kopecks{kkt.VATNone: 12000}, false},
		"calculated": {merged(items(it("a", 12000, map[string]any{"ndsCalculated18": 2000})), map[string]any{"nds18": nil, "ndsCalculated18": 2000}),
			[]kkt.VATRate{kkt.VAT20120}, map[kkt.VATRate]fiscal.Kopecks{kkt.VAT20120: 2000}, false},
		"one total":      {items(it("a", 12000, nil)), []kkt.VATRate{kkt.VAT20}, map[kkt.VATRate]fiscal.Kopecks{kkt.VAT20: 2000}, false},
		"nothing at all": {merged(items(it("a", 12000, nil)), none), []kkt.VATRate{kkt.VATNone}, nil, false},
		// 10 000 × 20/120 = 1667, 5 000 × 10/110 = 455: no other split gives both.
		"two totals, one way": {merged(items(it("a", 10000, nil), it("b", 5000, nil)), map[string]any{"totalSum": 15000, "cashTotalSum": 15000, "nds18": 1667, "nds10": 455}),
			[]kkt.VATRate{kkt.VAT20, kkt.VAT10}, map[kkt.VATRate]fiscal.Kopecks{kkt.VAT20: 1667, kkt.VAT10: 455}, false},
		"two totals, two ways": {merged(items(it("a", 10000, nil), it("b", 10000, nil)), map[string]any{"totalSum": 20000, "cashTotalSum": 20000, "nds18": 1667, "nds10": 909}),
			nil, nil, true},
		"zero totals go": {map[string]any{"ndsNo": 0, "nds0": 0}, []kkt.VATRate{kkt.VAT20}, map[kkt.VATRate]fiscal.Kopecks{kkt.VAT20: 2000}, false},
		"a total is missing": {merged(items(it("a", 10000, map[string]any{"nds": 1}), it("b", 2000, map[string]any{"nds": 6})), map[string]any{"nds18": 1667}),
			[]kkt.VATRate{kkt.VAT20, kkt.VATNone}, map[kkt.VATRate]fiscal.Kopecks{kkt.VAT20: 1667, kkt.VATNone: 2000}, false},
		"22 % in 1115": {merged(items(it("a", 12200, map[string]any{"nds": 11})), map[string]any{"nds18": nil, "totalSum": 12200, "cashTotalSum": 12200, "dateTime": "2026-03-01T10:00:00",
			"amountsReceiptNds": map[string]any{"amountsNds": []any{map[string]any{"nds": 11, "ndsSum": 2200}}}}), []kkt.VATRate{kkt.VAT22}, map[kkt.VATRate]fiscal.Kopecks{kkt.VAT22: 2200}, false},
		"5 % in a list": {merged(items(it("a", 10500, map[string]any{"nds": 7})), map[string]any{"nds18": nil, "totalSum": 10500, "cashTotalSum": 10500, "dateTime": "2025-03-01T10:00:00",
			"amountsReceiptNds": []any{map[string]any{"nds": 7, "ndsSum": 500}}}), []kkt.VATRate{kkt.VAT5}, map[kkt.VATRate]fiscal.Kopecks{kkt.VAT5: 500}, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := readOne(t, object(t, c.change))
			assert.Equal(t, c.refused, r.Refusal != nil)
			if c.refused {
				return
			}
			var got []kkt.VATRate
			for _, it := range r.Sale.Items {
				got = append(got, it.VAT)
			}
			assert.Equal(t, c.rates, got)
			assert.Equal(t, c.totals, r.Sale.VAT)
		})
	}
}

func TestRead_Payments(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		change map[string]any
		want   kkt.Payments
	}{
		"dialect A":                {map[string]any{"cashTotalSum": 2000, "prepaymentSum": 3000, "postpaymentSum": 3000, "counterSubmissionSum": 4000}, kkt.Payments{Cash: 2000, Prepaid: 3000, Credit: 3000, Provision: 4000}},
		"dialect B":                {map[string]any{"cashTotalSum": 2000, "prepaidSum": 3000, "creditSum": 3000, "provisionSum": 4000}, kkt.Payments{Cash: 2000, Prepaid: 3000, Credit: 3000, Provision: 4000}},
		"prepayment not exported":  {map[string]any{"cashTotalSum": 0}, kkt.Payments{Prepaid: 12000}},
		"credit not exported":      {map[string]any{"cashTotalSum": 0, "prepaidSum": 0}, kkt.Payments{Credit: 12000}},
		"everything shown as zero": {map[string]any{"cashTotalSum": 0, "prepaidSum": 0, "creditSum": 0, "provisionSum": 0}, kkt.Payments{Prepaid: 12000}},
		"no kind at all":           {map[string]any{"cashTotalSum": nil, "ecashTotalSum": nil}, kkt.Payments{Ecash: 12000}},
		"cash with change":         {map[string]any{"cashTotalSum": 15000}, kkt.Payments{Cash: 12000}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := readOne(t, object(t, c.change))
			assert.Equal(t, c.want, r.Sale.Payments)
		})
	}
}

func TestRead_Items(t *testing.T) {
	t.Parallel()
	one := func(more map[string]any, change map[string]any) *Receipt {
		it := map[string]any{"name": "Чай", "price": 12000, "quantity": 1, "sum": 12000, "nds": 1}
		maps.Copy(it, more)
		for k, v := range more {
			if v == nil {
				delete(it, k)
			}
		}
		return readOne(t, object(t, merged(items(it), change)))
	}
	v12 := map[string]any{"fiscalDocumentFormatVer": 4, "dateTime": "2024-05-06T10:11:00"}

	r := one(map[string]any{"quantity": 2.9260000000000002, "price": 4101}, nil)
	assert.Equal(t, "2.926", r.Sale.Items[0].Quantity.String())
	r = one(map[string]any{"quantity": "0,748"}, nil)
	assert.Equal(t, "0.748", r.Sale.Items[0].Quantity.String())
	r = one(map[string]any{"quantity": nil, "price": 4000}, nil)
	assert.Equal(t, "3", r.Sale.Items[0].Quantity.String(), "from price and sum")
	r = one(map[string]any{"price": nil, "quantity": 3}, nil)
	assert.EqualValues(t, 4000, r.Sale.Items[0].Price)
	r = one(map[string]any{"price": 15000}, map[string]any{"fiscalDocumentFormatVer": 1})
	assert.EqualValues(t, 12000, r.Sale.Items[0].Price, "FFD 1.0 wrote the price before discounts")
	r = one(map[string]any{"price": 15000}, nil)
	assert.EqualValues(t, 15000, r.Sale.Items[0].Price, "later formats do not: the register refuses it")

	r = one(map[string]any{"measure": "кг", "quantity": 1.5}, v12)
	assert.EqualValues(t, 11, r.Sale.Items[0].Measure)
	r = one(map[string]any{"quantity": 1.5}, v12)
	assert.EqualValues(t, 255, r.Sale.Items[0].Measure)
	r = one(map[string]any{"itemsQuantityMeasure": 41}, nil)
	assert.Equal(t, "л", r.Sale.Items[0].Unit)

	name := strings.Repeat("Ж", 128)
	assert.Equal(t, name, one(map[string]any{"name": name}, nil).Sale.Items[0].Name)
	r = one(map[string]any{"paymentAgentByProductType": 64, "providerInn": "7704358518  ", "providerData": map[string]any{"providerPhone": []any{"+79990000000"}, "providerName": "П"}}, v12)
	assert.Equal(t, &kkt.Provider{INN: "7704358518", Name: "П", Phone: []string{"+79990000000"}}, r.Sale.Items[0].Provider)
	assert.Equal(t, kkt.AgentOther, r.Sale.Items[0].Agent)
	r = one(map[string]any{"providerInn": "7704358518"}, nil)
	assert.Nil(t, r.Sale.Items[0].Provider, "a supplier without an agent")
	assert.True(t, slices.ContainsFunc(r.Notes, func(n Note) bool { return n.Reason == Conflict }))
	r = one(nil, merged(v12, map[string]any{"paymentAgentType": 32, "providerPhone": []any{"+79990000000"}}))
	assert.Zero(t, r.Sale.Agent)
	assert.Equal(t, kkt.AgentCommission, r.Sale.Items[0].Agent, "FFD 1.2 has agents in items only")

	r = readOne(t, object(t, merged(items(map[string]any{"name": "a", "price": 12000, "quantity": 1, "sum": 12000, "nds": 1}, map[string]any{"name": "b", "price": 500, "quantity": 1, "sum": 500, "nds": 1}),
		map[string]any{"fiscalDocumentFormatVer": 1, "stornoItems": []any{map[string]any{"name": "b", "price": 500, "quantity": 1, "sum": 500}}})))
	require.Len(t, r.Sale.Items, 1)
	assert.Equal(t, NotInFFD, reasonAt(r, "$.stornoItems[0]"))
	assert.Equal(t, NoTag, reasonAt(one(map[string]any{"colour": "red"}, nil), "$.items[0].colour"))
}

func TestRead_CorrectionsAndContacts(t *testing.T) {
	t.Parallel()
	r := readOne(t, `{"document":{"receiptCorrection":`+object(t, map[string]any{"code": 31, "correctionType": 1,
		"correctionBase": map[string]any{"correctionDocumentDate": "2019-05-01T00:00:00", "correctionDocumentNumber": "12-3"}})+`}}`)
	assert.Equal(t, fiscal.FormReceiptCorrection, r.Form)
	c := r.Correction()
	assert.True(t, c.ByOrder)
	assert.Equal(t, "12-3", c.Number)
	assert.Equal(t, time.Date(2019, 5, 1, 0, 0, 0, 0, time.UTC), c.Date)

	for in, want := range map[string]string{
		"+79990000000": "+79990000000", "79990000000": "+79990000000", "8 (999) 000-00-00": "+79990000000", "9990000000": "+79990000000",
		"a@b.example": "a@b.example", "none": "none", "see notes": "", "123": "",
	} {
		assert.Equal(t, want, readOne(t, object(t, map[string]any{"buyerAddress": in})).Sale.BuyerContact, in)
	}
}

func TestRead_QRBesideTheReceipt(t *testing.T) {
	t.Parallel()
	wrap := func(receipt, qr string) string {
		return `{"code":1,"data":{"json":` + receipt + `},"request":{"qrraw":"` + qr + `"}}`
	}
	r := readOne(t, wrap(object(t, nil), "t=20190506t1011&s=120.00&fn=9999078900005488&i=77&fp=24771639&n=1"))
	assert.NotEqual(t, Conflict, reasonAt(r, "$.request.qrraw"))
	r = readOne(t, wrap(object(t, nil), "t=20190506t1011&s=120.01&fn=9999078900005488&i=77&fp=24771639&n=1"))
	assert.Equal(t, Conflict, reasonAt(r, "$.request.qrraw"))
	r = readOne(t, wrap(object(t, map[string]any{"dateTime": nil}), "t=20190506t1011&s=120.00"))
	assert.Equal(t, time.Date(2019, 5, 6, 10, 11, 0, 0, time.UTC), r.Origin.Time)
}
