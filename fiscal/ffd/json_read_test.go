package ffd_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/fiscaltest"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// receiptFile reads one public file; an app export is an array of one receipt.
func receiptFile(t *testing.T, prefix string) []byte {
	t.Helper()
	for _, f := range fiscaltest.ReceiptJSONs() {
		if strings.HasPrefix(f.Name, prefix) {
			var list []json.RawMessage
			if json.Unmarshal(f.Text, &list) == nil {
				require.Len(t, list, 1)
				return list[0]
			}
			return f.Text
		}
	}
	require.Fail(t, "no file "+prefix)
	return nil
}

func TestJSONReader_PublicReceipts(t *testing.T) {
	t.Parallel()
	tests := []struct {
		file    string
		check   func(*testing.T, *ffd.Document)
		skipped []string
	}{
		{"01", func(t *testing.T, d *ffd.Document) {
			assert.Equal(t, fiscal.FFD12, d.FFD())
			assert.Equal(t, uint64(1), d.Uint(1055), "the newer name wins")
			assert.Len(t, d.All(1055), 1)
			items := d.All(1059)
			require.Len(t, items, 9)
			assert.Equal(t, "2.926", ffd.NodeFVLN(items[1].Child(1023)).String())
			assert.Equal(t, uint64(105043), ffd.NodeUint(items[1].Child(1043)))
			assert.Equal(t, uint64(33), ffd.NodeUint(items[5].Child(1212)))
			assert.Equal(t, fiscal.Kopecks(16750), d.Sum(1102), "nds18 names the sum of 20%")
			assert.Equal(t, "2024-12-23T08:46:00Z", d.DateTime().Format("2006-01-02T15:04:05Z07:00"))
			assert.Equal(t, "7782459150  ", tlv.Text(d.Field(1018).Value))
			assert.Equal(t, "0000001108406834    ", tlv.Text(d.Field(1037).Value))
		}, []string{"ticket.document.receipt.taxationType", "ticket.document.receipt.items[5].productCodeData"}},
		{"02", func(t *testing.T, d *ffd.Document) {
			assert.Equal(t, "772434096503", d.Text(1018))
			assert.Equal(t, uint64(32), d.Uint(1055))
			assert.Equal(t, fiscal.Kopecks(234000), d.Sum(1105))
		}, nil},
		{"05", func(t *testing.T, d *ffd.Document) {
			assert.Nil(t, d.Sign, "a sign that went through a float is none")
			assert.False(t, d.Has(1013), "a receipt carries no factory number; the export adds it")
			assert.Equal(t, uint64(11), ffd.NodeUint(d.All(1059)[0].Child(2108)))
			assert.Equal(t, fiscal.FPD(3609324862), d.FPD())
			assert.Equal(t, "T5", ffd.NodeText(d.Field(1084).Child(1085)))
			assert.Equal(t, "*Тыква                       1кг", ffd.NodeText(d.All(1059)[0].Child(1030)))
		}, []string{"data.json.region", "data.json.metadata", "data.json.redefine_mask", "data.json.numberKkt"}},
		{"07", func(t *testing.T, d *ffd.Document) { assert.Equal(t, fiscal.FFD105, d.FFD()) }, nil},
		{"10", func(t *testing.T, d *ffd.Document) { assert.NotEmpty(t, d.All(1059)) }, nil},
		{"11", func(t *testing.T, d *ffd.Document) {
			assert.Equal(t, fiscal.FFD10, d.FFD())
			assert.Equal(t, fiscal.Kopecks(1000), d.Sum(1106))
			assert.Equal(t, "+70000000000", d.Text(1008))
			assert.Equal(t, "2020-09-16", d.DateTime().Format("2006-01-02"))
		}, nil},
		{"12", func(t *testing.T, d *ffd.Document) { assert.True(t, d.Has(1084)) }, nil},
		{"16", func(t *testing.T, d *ffd.Document) {
			assert.Equal(t, uint64(64), d.Uint(1057))
			assert.Equal(t, "trust_purchase_token", ffd.NodeText(d.Field(1084).Child(1085)))
			assert.Equal(t, "ws:CCZKNHAUGP", d.Text(1192))
			assert.Equal(t, "nalog.ru", d.Text(1060))
		}, nil},
		{"20", func(t *testing.T, d *ffd.Document) {
			assert.Equal(t, fiscal.SellReturn, fiscal.OperationType(d.Uint(1054)))
			assert.Equal(t, "29.82", ffd.NodeFVLN(d.All(1059)[0].Child(1023)).String())
		}, nil},
		{"21", func(t *testing.T, d *ffd.Document) {
			assert.False(t, d.Has(1057), "-1 is no sign of an agent")
		}, nil},
		{"24", func(t *testing.T, d *ffd.Document) {
			assert.False(t, d.Has(1112))
			assert.NotEmpty(t, d.All(1059))
		}, nil},
		{"29", func(t *testing.T, d *ffd.Document) { assert.NotZero(t, d.Sum(1020)) }, nil},
	}
	assert.Len(t, tests, len(fiscaltest.ReceiptJSONs()))
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			t.Parallel()
			d, skipped, err := ffd.JSONReader{Lenient: true}.Read(receiptFile(t, tt.file))
			require.NoError(t, err)
			assert.Equal(t, fiscal.FormReceipt, d.Form)
			for _, path := range tt.skipped {
				assert.Contains(t, skipped, path)
			}
			tt.check(t, d)
			text, err := ffd.MarshalDocument(d)
			require.NoError(t, err)
			back, skipped, err := ffd.JSONReader{IgnoreRaw: true}.Read(text)
			require.NoError(t, err)
			assert.Empty(t, skipped)
			assert.Equal(t, d.Raw, back.Raw)
		})
	}
}

func TestJSONReader_Values(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, member string
		tag          tlv.Tag
		want         []byte
	}{
		{"number", `"totalSum":100`, 1020, []byte{100}},
		{"number in a string", `"totalSum":"256"`, 1020, []byte{0, 1}},
		{"float without a fraction", `"totalSum":100.00`, 1020, []byte{100}},
		{"exponent", `"totalSum":1.5e3`, 1020, []byte{0xDC, 5}},
		{"negative exponent", `"totalSum":10000e-2`, 1020, []byte{100}},
		{"boolean", `"internetSign":true`, 1108, []byte{1}},
		{"drive number as a number", `"fiscalDriveNumber":9999078900000001`, 1041, []byte("9999078900000001")},
		{"INN padded", `"userInn":"7702203276"`, 1018, []byte("7702203276  ")},
		{"seconds", `"dateTime":1600972620`, 1012, []byte{0x4c, 0xe7, 0x6c, 0x5f}},
		{"seconds in a string", `"dateTime":"1600972620"`, 1012, []byte{0x4c, 0xe7, 0x6c, 0x5f}},
		{"local time", `"dateTime":"2020-09-24T18:37:00"`, 1012, []byte{0x4c, 0xe7, 0x6c, 0x5f}},
		{"local time without seconds", `"dateTime":"2020-09-24T18:37"`, 1012, []byte{0x4c, 0xe7, 0x6c, 0x5f}},
		{"zone does not move the wall clock", `"dateTime":"2020-09-24T18:37:00+05:00"`, 1012, []byte{0x4c, 0xe7, 0x6c, 0x5f}},
		{"milliseconds", `"dateTime":{"$date":1600972620000}`, 1012, []byte{0x4c, 0xe7, 0x6c, 0x5f}},
		{"printed sign", `"fiscalSign":1273019065`, 1077, []byte{0x31, 0x04, 0x4b, 0xe0, 0xba, 0xb9}},
		{"six bytes of sign", `"fiscalSign":"87892227523633"`, 1077, []byte{0x31, 0x04, 0x00, 0x01, 0xf0, 0x4f}},
		{"old dialect", `"taxationType":2`, 1055, []byte{2}},
		{"misspelled", "\"\u0441orrectionBase\":{}", 1174, []byte{}},
		{"numbered", `"tag_1020":7`, 1020, []byte{7}},
		{"bytes win", `"totalSum":7,"raw_1020":"BwA="`, 1020, []byte{7, 0}},
		{"one value for an array", `"paymentAgentPhone":"+7"`, 1073, []byte("+7")},
		{"array for one value", `"totalSum":[7]`, 1020, []byte{7}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			name := "receipt"
			if tt.tag == 1174 {
				name = "receiptCorrection"
			}
			d, err := ffd.UnmarshalDocument([]byte(`{"document":{"` + name + `":{"fiscalDocumentFormatVer":2,` + tt.member + `}}}`))
			require.NoError(t, err)
			require.True(t, d.Has(tt.tag))
			assert.Equal(t, tt.want, d.Field(tt.tag).Value)
		})
	}
}

func TestJSONReader_ConfirmationIsUTC(t *testing.T) {
	t.Parallel()
	d, err := ffd.UnmarshalDocument([]byte(`{"operatorAck":{"dateTime":"2020-09-24T18:37:00+05:00"}}`))
	require.NoError(t, err)
	assert.Equal(t, "13:37", d.DateTime().Format("15:04"))
}

func TestJSONReader_Errors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		cause      error
		path       string
	}{
		{"empty", ``, ffd.ErrJSONSyntax, ""},
		{"cut short", `{"receipt":{"totalSum":1`, ffd.ErrJSONSyntax, ""},
		{"two values", `{"receipt":{}} {}`, ffd.ErrJSONSyntax, ""},
		{"too deep", strings.Repeat(`{"a":`, 50) + "1" + strings.Repeat("}", 50), ffd.ErrJSONSyntax, ""},
		{"no document", `{"document":{"x":1}}`, ffd.ErrJSONDocument, "document"},
		{"an array", `[]`, ffd.ErrJSONDocument, ""},
		{"bad code", `{"code":"three"}`, ffd.ErrJSONType, "code"},
		{"text for money", `{"receipt":{"items":[{},{"price":"much"}]}}`, ffd.ErrJSONType, "receipt.items[1].price"},
		{"a fraction of a kopeck", `{"receipt":{"totalSum":9.75}}`, ffd.ErrJSONType, "receipt.totalSum"},
		{"negative", `{"receipt":{"paymentAgentType":-1}}`, ffd.ErrJSONRange, "receipt.paymentAgentType"},
		{"beyond a byte", `{"receipt":{"operationType":256}}`, ffd.ErrJSONRange, "receipt.operationType"},
		{"beyond 1077", `{"receipt":{"fiscalSign":281474976710656}}`, ffd.ErrJSONRange, "receipt.fiscalSign"},
		{"not CP866", `{"receipt":{"items":{"name":"«чай»"}}}`, ffd.ErrJSONText, "receipt.items.name"},
		{"object for text", `{"receipt":{"user":{}}}`, ffd.ErrJSONType, "receipt.user"},
		{"text for an object", `{"receipt":{"items":["чай"]}}`, ffd.ErrJSONType, "receipt.items"},
		{"day that is none", `{"receipt":{"dateTime":"2020-13-01"}}`, ffd.ErrJSONType, "receipt.dateTime"},
		{"rawData of another form", `{"bso":{"rawData":"AwAAAA=="}}`, ffd.ErrJSONRaw, "bso.rawData"},
		{"rawData that is none", `{"receipt":{"rawData":"?"}}`, ffd.ErrJSONRaw, "receipt.rawData"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := ffd.UnmarshalDocument([]byte(tt.text))
			require.ErrorIs(t, err, tt.cause)
			var e *ffd.JSONError
			require.ErrorAs(t, err, &e)
			assert.Equal(t, tt.path, e.Path)
		})
	}
	_, err := ffd.UnmarshalDocument([]byte(`{"receipt":{"rawData":"AwAFAAA="}}`))
	var e *tlv.Error
	require.ErrorAs(t, err, &e)
}

// Values never stand in error texts: 1008 and 1021 are personal.
func TestJSONReader_ErrorsHoldNoValues(t *testing.T) {
	t.Parallel()
	_, err := ffd.UnmarshalDocument([]byte(`{"receipt":{"operator":"Кассирова «Тест»","buyerPhoneOrAddress":{"a":"+79990000001"}}}`))
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "Кассирова")
	assert.Equal(t, "ffd: JSON receipt.operator (tag 1021): text has no CP866 form: expected characters of CP866, got a string", err.Error())
}

// A plain decimal of any scale and exponent keeps its digits.
func TestJSONReader_QuantityKeepsDigits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := tlv.FVLN{Decimals: uint8(rapid.IntRange(0, 9).Draw(t, "decimals")), Magnitude: rapid.Uint64Range(0, 1<<50).Draw(t, "magnitude")}
		d, err := ffd.UnmarshalDocument([]byte(`{"receipt":{"items":[{"quantity":` + f.String() + `}]}}`))
		require.NoError(t, err)
		require.Equal(t, f, ffd.NodeFVLN(d.Field(1059).Child(1023)))
	})
}

func FuzzUnmarshalDocument(f *testing.F) {
	for _, r := range fiscaltest.ReceiptJSONs() {
		f.Add(r.Text)
	}
	for _, s := range []string{`{"receipt":{"items":[{"raw_1030":"AA=="}],"_order":[1059]}}`, `{"form_99":{"tag_7":"AA=="}}`, `{"code":3,"totalSum":"1e2"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		d, _, err := ffd.JSONReader{Lenient: true}.Read(text)
		if err != nil {
			return
		}
		out, err := ffd.AppendJSON(nil, d, ffd.JSONOptions{NoRaw: true, Exact: true})
		require.NoError(t, err)
		back, err := ffd.UnmarshalDocument(out)
		require.NoError(t, err, "%s", out)
		require.Equal(t, d.Raw, back.Raw, "%s", out)
	})
}

// Whatever decodes can be said in JSON and comes back byte for byte.
func FuzzDecode(f *testing.F) {
	for _, r := range fiscaltest.RawReceipts() {
		f.Add([]byte(r.STLV))
	}
	for _, c := range fiscaltest.FFD().Captures {
		if c.Document != nil {
			f.Add(c.STLV())
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, err := ffd.Decode(raw)
		if err != nil {
			return
		}
		encoded, err := d.Encode()
		require.NoError(t, err)
		require.Equal(t, raw, encoded)
		text, err := ffd.AppendJSON(nil, d, ffd.JSONOptions{NoRaw: true, Exact: true})
		require.NoError(t, err)
		back, err := ffd.UnmarshalDocument(text)
		require.NoError(t, err, "%s", text)
		require.Equal(t, raw, back.Raw, "%s", text)
	})
}
