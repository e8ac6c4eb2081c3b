package receipts

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/emulator"
	"github.com/fiscalbench/fiscalbench/emulator/emulatortest"
	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/emulator/link"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/fiscaltest"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

func readAll(t *testing.T) (all []*Receipt) {
	t.Helper()
	for _, f := range fiscaltest.ReceiptJSONs() {
		got, _, err := Read(f.Name, strings.NewReader(string(f.Text)))
		require.NoError(t, err)
		all = append(all, got...)
	}
	for _, raw := range fiscaltest.RawReceipts() {
		got, _, err := Read(raw.Name, strings.NewReader(string(raw.STLV)))
		require.NoError(t, err)
		all = append(all, got...)
	}
	return all
}

// Every public receipt is issued again, sent and confirmed; a second run gives the same
// bytes.
func TestReissue_PublicReceipts(t *testing.T) {
	t.Parallel()
	var messages [2][][]byte
	for run := range messages {
		ofd, err := emulatortest.Start()
		require.NoError(t, err)
		all := readAll(t)
		require.Len(t, all, 38)
		outcomes, err := Reissue(t.Context(), all, ReissueOptions{OFD: ofd.Addr()})
		require.NoError(t, err)
		for i, o := range outcomes {
			require.NoError(t, o.Err, o.Receipt.Origin.File)
			assert.True(t, o.Answered, o.Receipt.Origin.File)
			assert.Same(t, all[i], o.Receipt)
			assert.GreaterOrEqual(t, len(o.Notes), len(o.Receipt.Notes))
		}
		ofd.Close()
		require.NoError(t, ofd.Err())
		messages[run] = ofd.Messages()
	}
	assert.Equal(t, messages[0], messages[1])
}

// own are requisites that say who made a document; they cannot be the same in another.
var own = []tlv.Tag{ffd.TagKKTRegID, ffd.TagFDNumber, ffd.TagFNNumber, ffd.TagFPD, ffd.TagShiftNumber, ffd.TagRequestNumber}

// body is what a receipt says apart from own, without regard to order.
func body(t *testing.T, stlv []byte) (all []string) {
	t.Helper()
	doc, err := ffd.Decode(stlv)
	require.NoError(t, err)
	for _, f := range doc.Fields {
		if !slices.Contains(own, f.Tag) {
			all = append(all, line(f))
		}
	}
	slices.Sort(all)
	return all
}

// line is a field with its children sorted and numbers in their shortest form.
func line(f tlv.Node) string {
	if f.Nested {
		var kids []string
		for _, k := range f.Children {
			kids = append(kids, line(k))
		}
		slices.Sort(kids)
		return fmt.Sprintf("%d(%s)", f.Tag, strings.Join(kids, " "))
	}
	info := ffd.Lookup(f.Tag)
	switch {
	case info != nil && info.Kind == ffd.KindVLN:
		return fmt.Sprintf("%d=%d", f.Tag, ffd.NodeUint(&f))
	case info != nil && info.Kind == ffd.KindString:
		return fmt.Sprintf("%d=%q", f.Tag, strings.TrimRight(tlv.Text(f.Value), " "))
	}
	return fmt.Sprintf("%d=%s", f.Tag, hex.EncodeToString(f.Value))
}

// The archived receipts of one drive: what the new document says beside the old one is
// what the notes tell, nothing is lost.
func TestReissue_RawReceiptsAreRepeated(t *testing.T) {
	t.Parallel()
	for _, raw := range fiscaltest.RawReceipts() {
		t.Run(raw.Name, func(t *testing.T) {
			t.Parallel()
			all, _, err := Read(raw.Name, strings.NewReader(string(raw.STLV)))
			require.NoError(t, err)
			outcomes, err := Reissue(t.Context(), all, ReissueOptions{})
			require.NoError(t, err)
			require.NoError(t, outcomes[0].Err)
			before, after := body(t, raw.STLV), body(t, outcomes[0].Result.STLV)
			var lost, added []string
			for _, l := range before {
				if !slices.Contains(after, l) {
					lost = append(lost, l)
				}
			}
			for _, l := range after {
				if !slices.Contains(before, l) {
					added = append(added, l[:strings.IndexAny(l, "=(")])
				}
			}
			assert.Empty(t, lost)
			assert.Subset(t, []string{"1048", "1009", "1187"}, added, "noted as not given: user, address, place")
		})
	}
}

// rich is a receipt with nearly everything that a format has.
func rich(v fiscal.FFD) kkt.Receipt {
	sum := fiscal.Kopecks(12201)
	tax := fiscal.Kopecks(2034)
	r := kkt.Receipt{
		Operation: fiscal.Sell, Tax: kkt.TaxGeneral, Cashier: kkt.Cashier{Name: "Иванова", INN: "773316444379"}, BuyerContact: "+79990000000",
		SellerAddress: "shop@example.test", Address: "Москва, ул. Другая", Place: "палатка", UserProperty: &kkt.UserProperty{Name: "заказ", Value: "17"}, Property: "доп",
		Payments: kkt.Payments{Cash: 1201, Ecash: 10000, Prepaid: 30000, Credit: 2000, Provision: 1000},
		Items: []kkt.Item{
			{Name: "Чай  листовой \"Индийский\"", Price: 12200, Quantity: kkt.Pieces(1), Sum: &sum, VAT: kkt.VAT20, VATSum: &tax, Subject: 1, Method: 1, Property: "гран",
				Country: "356", CustomEntry: "10/1", Code: "4606203090785"},
			{Name: "Яблоки", Price: 10000, Quantity: mustQuantity("0.500"), VAT: kkt.VAT10, Subject: 1, Method: 4},
			{Name: "Поездка", Price: 27000, Quantity: kkt.Pieces(1), VAT: kkt.VATNone, Subject: 4, Method: 4, Agent: kkt.AgentCommission,
				Provider: &kkt.Provider{INN: "7704358518", Name: "Парк", Phone: []string{"+79990000001", "+79990000002"}}},
		},
		Buyer: &kkt.Buyer{Name: "Покупатель", INN: "7704358518"},
	}
	if v == fiscal.FFD12 {
		r.Items[1].Measure = 11
		r.Items[0].Industry = []kkt.Industry{{FOIV: "030", Date: "01.02.2024", Number: "5", Value: "a=b"}}
		r.Industry = []kkt.Industry{{FOIV: "048", Date: "03.02.2024", Number: "6", Value: "c=d"}}
		r.Operational = &kkt.Operational{ID: 0, Data: "op", Time: time.Date(2024, 5, 6, 9, 0, 0, 0, time.UTC)}
		r.Buyer.Birthday, r.Buyer.Citizenship, r.Buyer.DocumentCode, r.Buyer.DocumentData, r.Buyer.Address = "01.02.1990", "643", "21", "45 00", "Тверь"
	} else {
		r.Items[1].Unit = "кг"
	}
	return r
}

func mustQuantity(s string) kkt.Quantity {
	q, err := kkt.ParseQuantity(s)
	if err != nil {
		panic(err)
	}
	return q
}

// A receipt that our own register made is repeated field by field in every format; so
// are corrections and БСО.
func TestReissue_IsFaithful(t *testing.T) {
	t.Parallel()
	for _, v := range []fiscal.FFD{fiscal.FFD105, fiscal.FFD11, fiscal.FFD12} {
		for _, bso := range []bool{false, true} {
			for _, correction := range []bool{false, true} {
				t.Run(fmt.Sprint(v, bso, correction), func(t *testing.T) {
					t.Parallel()
					first := original(t, v, bso, correction)
					all, _, err := Read("x", strings.NewReader(hex.EncodeToString(first.STLV)))
					require.NoError(t, err)
					outcomes, err := Reissue(t.Context(), all, ReissueOptions{})
					require.NoError(t, err)
					require.NoError(t, outcomes[0].Err)
					assert.Equal(t, body(t, first.STLV), body(t, outcomes[0].Result.STLV))
					for _, n := range outcomes[0].Notes {
						assert.Contains(t, []Reason{Remade, Empty}, n.Reason, n)
					}
				})
			}
		}
	}
}

// original makes a receipt on a register of its own.
func original(t *testing.T, v fiscal.FFD, bso, correction bool) kkt.Result {
	t.Helper()
	clock := emulator.NewClock(time.Date(2024, 5, 6, 10, 11, 0, 0, time.UTC))
	e, err := emulator.New(emulator.Options{FN: fn.Options{Number: "9999078902777777"}, Now: clock.Now})
	require.NoError(t, err)
	reg := kkt.Registration{FFD: v, RegNumber: fiscal.MakeRegNumber(7, "7702203276", "77"), KKTNumber: "77", User: "ООО \"Мак\"", UserINN: "7702203276",
		Address: "Москва", Place: "магазин", Tax: kkt.TaxGeneral, OFDINN: DefaultOFD, OFDName: "ОФД", SellerAddress: "a@example.test",
		Cashier: kkt.Cashier{Name: "Кассир"}, Modes: kkt.Modes{BSO: bso}}
	if v < fiscal.FFD12 {
		reg.Agents = kkt.AgentCommission
	}
	_, err = e.KKT().Register(reg)
	require.NoError(t, err)
	_, err = e.KKT().OpenShift(kkt.Cashier{})
	require.NoError(t, err)
	var res kkt.Result
	if correction {
		res, err = e.KKT().Correction(kkt.Correction{Receipt: rich(v), ByOrder: true, Number: "12-3", Date: time.Date(2024, 5, 1, 0, 0, 0, 0, time.UTC)})
	} else {
		res, err = e.KKT().Receipt(rich(v))
	}
	require.NoError(t, err)
	return res
}

// Receipts of several users, formats, dates and kinds of settlement go to registers of
// their own, each in the order of time, years apart on drives of their own.
func TestReissue_GroupsByRegister(t *testing.T) {
	t.Parallel()
	var all []*Receipt
	for _, change := range []map[string]any{
		{}, {"dateTime": "2019-05-06T23:59:00"}, {"dateTime": "2019-05-07T00:01:00"}, {"dateTime": "2019-05-01T10:00:00"}, // one register
		{"userInn": "7704358518"}, {"fiscalDocumentFormatVer": 4}, {"dateTime": "2023-05-06T10:11:00"}, {"internetSign": 1}, // one each
		{"operator": nil, "machineNumber": "12"}, {"dateTime": nil},
	} {
		all = append(all, readOne(t, object(t, change)))
	}
	all = append(all, readOne(t, `{"bso":`+object(t, nil)+`}`))
	acked := map[fiscal.FNNumber]int{}
	ofd, err := emulatortest.Start()
	require.NoError(t, err)
	t.Cleanup(ofd.Close)
	outcomes, err := Reissue(t.Context(), all, ReissueOptions{OFD: ofd.Addr(), Observer: func(n fiscal.FNNumber, e link.Event) {
		if e.Kind == link.Acknowledged {
			acked[n]++
		}
	}})
	require.NoError(t, err)
	registers := map[fiscal.FNNumber]int{}
	for i, o := range outcomes {
		require.NoError(t, o.Err, i)
		registers[o.Register]++
		want := o.Receipt.Origin.Time
		if want.IsZero() {
			want = DefaultUndated
		}
		assert.Equal(t, want, o.Result.DateTime.UTC(), "the receipt has its own date")
	}
	assert.Len(t, registers, 7)
	assert.Equal(t, 4, registers[outcomes[0].Register])
	assert.Equal(t, outcomes[6].Register, outcomes[9].Register, "years later and undated: one more drive of the same user")
	assert.Less(t, outcomes[3].Result.FD, outcomes[0].Result.FD)
	assert.NotEqual(t, outcomes[1].Result.Shift, outcomes[2].Result.Shift)
	docs := 0
	for _, n := range acked {
		docs += n
	}
	assert.Len(t, ofd.Documents(), docs)
}

// Honest refusals: the register says which rule, the rest goes on.
func TestReissue_Refuses(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		change map[string]any
		rule   string
	}{
		"total of other roubles": {map[string]any{"totalSum": 11000, "cashTotalSum": 11000}, "M-02"},
		"sum is not the product": {items(map[string]any{"name": "a", "price": 15000, "quantity": 1, "sum": 12000, "nds": 1}), "M-01"},
		"too early for 22 %":     {merged(items(map[string]any{"name": "a", "price": 12000, "quantity": 1, "sum": 12000, "nds": 11}), map[string]any{"nds18": nil}), "V-11"},
		"no items":               {map[string]any{"items": []any{}}, "S-07"},
		"VAT cannot be told": {merged(items(map[string]any{"name": "a", "price": 6000, "quantity": 1, "sum": 6000}, map[string]any{"name": "b", "price": 6000, "quantity": 1, "sum": 6000}),
			map[string]any{"nds18": 1000, "nds10": 545}), "V-02"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := []*Receipt{readOne(t, object(t, c.change)), readOne(t, object(t, nil))}
			outcomes, err := Reissue(t.Context(), all, ReissueOptions{})
			require.NoError(t, err)
			var refusal *kkt.Refusal
			require.ErrorAs(t, outcomes[0].Err, &refusal)
			assert.Equal(t, c.rule, refusal.Rule)
			assert.NoError(t, outcomes[1].Err, "others are not touched")
		})
	}
}

func TestReissue_OperatorAway(t *testing.T) {
	t.Parallel()
	outcomes, err := Reissue(t.Context(), []*Receipt{readOne(t, object(t, nil))}, ReissueOptions{OFD: "127.0.0.1:1"})
	var l *link.Error
	require.ErrorAs(t, err, &l)
	assert.Equal(t, link.StageConnect, l.Stage)
	assert.ErrorIs(t, outcomes[0].Err, errNotReached)
}
