package projection_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/fiscaltest"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/server/projection"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// receipt is a receipt written field by field.
func receipt(t *testing.T, form fiscal.Form) *store.Document {
	var b tlv.Builder
	b.STLV(tlv.Tag(form), func(b *tlv.Builder) {
		b.Byte(ffd.TagFFDVersion, uint8(fiscal.FFD12))
		b.Byte(ffd.TagOperationType, 1)
		b.Byte(ffd.TagAppliedTaxationType, 4)
		b.VLN(ffd.TagTotalSum, 22345)
		b.VLN(ffd.TagCashTotalSum, 10000)
		b.VLN(ffd.TagEcashTotalSum, 12000)
		b.VLN(ffd.TagPrepaidSum, 300)
		b.VLN(ffd.TagCreditSum, 40)
		b.VLN(ffd.TagProvisionSum, 5)
		b.VLN(ffd.TagNDS20, 0)
		b.VLN(ffd.TagNDS10, 909)
		b.Text(ffd.TagCashier, "Иванова А.А.")
		b.Text(ffd.TagBuyerPhoneOrAddress, "+79001234567")
		b.STLV(ffd.TagItem, func(b *tlv.Builder) {
			b.Text(ffd.TagItemName, "Хлеб")
			b.VLN(ffd.TagPrice, 5000)
			b.FVLN(ffd.TagQuantity, tlv.FVLN{Decimals: 3, Magnitude: 2926})
			b.VLN(ffd.TagItemSum, 10000)
			b.Byte(ffd.TagNDSRate, 2)
			b.VLN(ffd.TagItemNDSSum, 909)
			b.Byte(ffd.TagProductType, 1)
			b.Byte(ffd.TagPaymentType, 4)
			b.Byte(ffd.TagQuantityMeasure, 11)
			b.STLV(ffd.TagProductCodeNew, func(b *tlv.Builder) { b.Text(1302, "4606203090785") }) // EAN-13
		})
		b.STLV(ffd.TagItem, func(b *tlv.Builder) {
			b.Text(ffd.TagItemName, "Чай")
			b.FVLN(ffd.TagQuantity, tlv.FVLN{Decimals: 7, Magnitude: 15})
			b.Text(ffd.TagUnit, "пачка")
		})
		b.STLV(ffd.TagAmountsReceiptNDS, func(b *tlv.Builder) {
			b.STLV(ffd.TagAmountsNDS, func(b *tlv.Builder) {
				b.Byte(ffd.TagNDSRate, 11)
				b.VLN(ffd.TagRateNDSSum, 2226)
			})
		})
	})
	stlv, err := b.Bytes()
	require.NoError(t, err)
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	return &store.Document{ID: 7, FN: "9999078900000001", FD: 3, Form: form, RegID: "0000000001012345", UserINN: "7704358518", DateTime: at,
		ReceivedAt: at.Add(-3 * time.Hour), Shift: 2, Number: 1, Operation: fiscal.Sell, Total: 22345, FPD: 42, STLV: stlv}
}

func TestDecode_ReadsReceipt(t *testing.T) {
	t.Parallel()
	for _, form := range []fiscal.Form{fiscal.FormReceipt, fiscal.FormBSO, fiscal.FormReceiptCorrection, fiscal.FormBSOCorrection} {
		d := receipt(t, form)
		assert.Equal(t, store.Projection{
			ID: 7, FN: d.FN, FD: 3, Form: form, RegID: d.RegID, UserINN: d.UserINN, At: d.DateTime, Shift: 2, Number: 1, Operation: fiscal.Sell, Total: 22345, FPD: 42,
			Taxation: 4, Paid: store.Paid{Cash: 10000, Ecash: 12000, Prepaid: 300, Credit: 40, Provision: 5},
			VAT: store.VAT{2: 909, 11: 2226}, Cashier: "Иванова А.А.", Contact: "+79001234567",
			Items: []store.Item{
				{Position: 1, Name: "Хлеб", Price: 5000, Quantity: 2_926_000, Sum: 10000, Rate: 2, VAT: 909, Subject: 1, Method: 4, Measure: 11, Code: "4606203090785"},
				{Position: 2, Name: "Чай", Quantity: 2, Unit: "пачка"}, // 1.5 millionths, rounded half up
			},
		}, projection.Decode(d))
	}
}

func TestDecode_SaysWhatItCouldNotRead(t *testing.T) {
	t.Parallel()
	bare := projection.Decode(&store.Document{ID: 7, FN: "9999078900000001", FD: 3, Form: fiscal.FormReceipt, Total: 22345})
	for _, c := range []struct {
		name, want string
		change     func(d *store.Document)
	}{
		{"encrypted", projection.Encrypted, func(d *store.Document) { d.STLV = nil }},
		{"cut short", projection.Undecodable, func(d *store.Document) { d.STLV = d.STLV[:len(d.STLV)-3] }},
		{"noise", projection.Undecodable, func(d *store.Document) { d.STLV = []byte{1, 2, 3} }},
		{"another form", projection.OtherForm, func(d *store.Document) { d.Form = fiscal.FormOpenShift }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := receipt(t, fiscal.FormReceipt)
			c.change(d)
			p := projection.Decode(d)
			assert.Equal(t, c.want, p.Unread)
			assert.Equal(t, fiscal.Kopecks(22345), p.Total, "what the store knows stays")
			assert.Empty(t, p.Cashier+p.Contact, "nothing is taken of a part")
			assert.Empty(t, p.Items)
			assert.Equal(t, bare.Paid, p.Paid)
		})
	}
}

func TestDecode_TakesArrivalForMissingTime(t *testing.T) {
	t.Parallel()
	d := receipt(t, fiscal.FormReceipt)
	d.DateTime, d.ReceivedAt = time.Time{}, time.Date(2026, 3, 1, 9, 0, 1, 999, time.UTC)
	assert.Equal(t, time.Date(2026, 3, 1, 9, 0, 1, 0, time.UTC), projection.Decode(d).At)
}

// A register may send any number: sums of a few million of them fit all the same.
func TestDecode_BoundsNumbers(t *testing.T) {
	t.Parallel()
	var b tlv.Builder
	b.STLV(tlv.Tag(fiscal.FormReceipt), func(b *tlv.Builder) {
		b.Raw(ffd.TagCashTotalSum, []byte{255, 255, 255, 255, 255, 255, 255, 255})
		b.STLV(ffd.TagItem, func(b *tlv.Builder) { b.Raw(ffd.TagQuantity, []byte{0, 255, 255, 255, 255, 255, 255, 255}) })
	})
	stlv, err := b.Bytes()
	require.NoError(t, err)
	p := projection.Decode(&store.Document{Form: fiscal.FormReceipt, STLV: stlv})
	require.Empty(t, p.Unread)
	assert.Equal(t, fiscal.MaxKopecks, p.Paid.Cash)
	assert.EqualValues(t, 1e15, p.Items[0].Quantity)
}

// Every document of every form and version that can be made is read to the end.
func TestDecode_ReadsEveryDocument(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		raw := fiscaltest.AnyDocument().Draw(t, "document")
		doc, err := ffd.Decode(raw)
		require.NoError(t, err)
		p := projection.Decode(&store.Document{Form: doc.Form, STLV: raw})
		require.Empty(t, p.Unread)
		require.Len(t, p.Items, len(doc.All(ffd.TagItem)))
	})
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte{3, 0, 0, 0})
	f.Add([]byte{3, 0, 5, 0, 0x23, 0x04, 1, 0, 9})
	f.Fuzz(func(t *testing.T, stlv []byte) {
		p := projection.Decode(&store.Document{Form: fiscal.FormReceipt, STLV: stlv})
		for _, i := range p.Items {
			if i.Sum < 0 || i.Quantity < 0 || i.Sum > fiscal.MaxKopecks {
				t.Fatal("a number out of bounds")
			}
		}
	})
}
