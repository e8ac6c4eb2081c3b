package ffd_test

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/fiscaltest"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// Every capture decodes to the fields its source lists, each read by its kind, and
// encodes to the same bytes. cap-01 is session-form11-yandex, cap-02 is
// container-form1-yandex.
func TestDecode_Captures(t *testing.T) {
	t.Parallel()
	for _, c := range fiscaltest.FFD().Captures {
		if c.Document == nil {
			continue
		}
		t.Run(c.ID, func(t *testing.T) {
			t.Parallel()
			d, err := ffd.Decode(c.STLV())
			require.NoError(t, err)
			assert.Equal(t, c.Document.Form, d.Form)
			assert.Len(t, d.Body(), c.Document.Length)
			checkFields(t, c.Document.Fields, d.Fields)
			encoded, err := d.Encode()
			require.NoError(t, err)
			assert.Equal(t, c.STLV(), encoded)
		})
	}
}

func checkFields(t *testing.T, want []fiscaltest.FFDField, got []tlv.Node) {
	t.Helper()
	require.Len(t, got, len(want))
	for i, w := range want {
		n := &got[i]
		require.Equal(t, tlv.Tag(w.Tag), n.Tag)
		require.Len(t, n.Value, w.Len, "tag %d", w.Tag)
		if info := ffd.Lookup(n.Tag); info != nil {
			assert.Equal(t, w.Type, kindName(info.Kind), "tag %d", w.Tag)
		}
		switch w.Type {
		case "STLV":
			inner, err := w.Fields()
			require.NoError(t, err)
			require.True(t, n.Nested, "tag %d", w.Tag)
			checkFields(t, inner, n.Children)
		case "string":
			assert.JSONEq(t, string(w.Value), quote(t, tlv.Text(n.Value)), "tag %d", w.Tag)
		case "bytes":
			var v struct {
				Hex     fiscaltest.Hex
				Printed uint32
			}
			require.NoError(t, json.Unmarshal(w.Value, &v))
			assert.Equal(t, v.Hex.Bytes(), n.Value)
			assert.Equal(t, v.Printed, binary.BigEndian.Uint32(n.Value[2:]))
		case "FVLN":
			var v struct {
				Raw      uint64
				Decimals uint8
			}
			require.NoError(t, json.Unmarshal(w.Value, &v))
			assert.Equal(t, tlv.FVLN{Decimals: v.Decimals, Magnitude: v.Raw}, ffd.NodeFVLN(n), "tag %d", w.Tag)
		default:
			var v uint64
			require.NoError(t, json.Unmarshal(w.Value, &v))
			assert.Equal(t, v, ffd.NodeUint(n), "tag %d", w.Tag)
		}
	}
}

func kindName(k ffd.Kind) string {
	return map[ffd.Kind]string{ffd.KindByte: "byte", ffd.KindUint16: "uint16", ffd.KindUint32: "uint32", ffd.KindUnixTime: "unixtime",
		ffd.KindVLN: "VLN", ffd.KindFVLN: "FVLN", ffd.KindString: "string", ffd.KindBytes: "bytes", ffd.KindSTLV: "STLV"}[k]
}

func quote(t *testing.T, s string) string {
	t.Helper()
	b, err := json.Marshal(s)
	require.NoError(t, err)
	return string(b)
}

// What the sources say of their receipts as a whole.
func TestDecode_CaptureTotals(t *testing.T) {
	t.Parallel()
	for _, c := range fiscaltest.FFD().Captures {
		if c.Expected == nil {
			continue
		}
		d, err := ffd.Decode(c.STLV())
		require.NoError(t, err)
		r := ffd.ReadReceipt(d)
		assert.Equal(t, c.Expected.TotalSum, r.Total, c.ID)
		assert.Equal(t, c.Expected.SumOfItems, r.ItemsSum(), c.ID)
		assert.Len(t, r.Items, c.Expected.Items, c.ID)
		assert.Equal(t, c.Expected.Payments["1031"], r.Paid.Cash, c.ID)
		assert.Equal(t, c.Expected.Payments["1081"], r.Paid.Ecash, c.ID)
		assert.Equal(t, c.Expected.FD, d.FDNumber(), c.ID)
		assert.Equal(t, c.Expected.FN, d.FNNumber(), c.ID)
		assert.Equal(t, c.Expected.FPD, d.FPD(), c.ID)
		assert.Equal(t, c.Expected.LocalTime, d.DateTime().Format("2006-01-02T15:04:05"), c.ID)
		assert.Len(t, r.VAT, len(c.Expected.VAT), c.ID)
		for _, v := range r.VAT {
			assert.Equal(t, c.Expected.VAT[tagText(ffd.VATTotalTag(v.Rate))], v.Sum, c.ID)
		}
		if c.QR != "" {
			assert.Equal(t, c.QR, ffd.QRText(d), c.ID)
		}
	}
}

func tagText(t tlv.Tag) string { return tlv.PathString([]tlv.Tag{t}) }

func TestDecode_RealDocuments(t *testing.T) {
	t.Parallel()
	require.Len(t, fiscaltest.RawReceipts(), 26)
	for _, r := range fiscaltest.RawReceipts() {
		d, err := ffd.Decode(r.STLV)
		require.NoError(t, err, r.Name)
		encoded, err := d.Encode()
		require.NoError(t, err, r.Name)
		assert.Equal(t, hex.EncodeToString(r.STLV), hex.EncodeToString(encoded), r.Name)
		number, err := r.FNNumber()
		require.NoError(t, err)
		assert.Equal(t, number, d.FNNumber(), r.Name)
		assert.Equal(t, fiscal.FFD105, d.FFD(), r.Name)
		assert.NotZero(t, d.FPD(), r.Name)
		payload, err := ffd.DecodePayload(append(append([]byte{}, r.STLV...), r.Sign...))
		require.NoError(t, err, r.Name)
		assert.Equal(t, r.Sign, payload.Sign, r.Name)
		for i := range d.Fields { // every field is one the tables know
			assert.NotNil(t, ffd.RowAt(fiscal.FFD105, d.Form, []tlv.Tag{d.Fields[i].Tag}), "%s tag %d", r.Name, d.Fields[i].Tag)
		}
	}
}

func TestDecode_Errors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, hex string
		cause     error
	}{
		{"nothing", "", tlv.ErrHeader},
		{"length beyond the end", "03000500fc03", tlv.ErrOverrun},
		{"more than the document", "0300000000", tlv.ErrOverrun},
		{"field beyond its parent", "03000500fc030200aa", tlv.ErrOverrun},
		{"header cut in an item", "030007002304030006040b", tlv.ErrHeader},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			raw, err := hex.DecodeString(tt.hex)
			require.NoError(t, err)
			d, err := ffd.Decode(raw)
			require.ErrorIs(t, err, tt.cause)
			require.NotNil(t, d)
		})
	}
	_, err := ffd.DecodePayload([]byte{3, 0, 0, 0, 1, 2, 3})
	require.ErrorIs(t, err, tlv.ErrOverrun)
}

// A document whose form code is the number of a structure is a document.
func TestDecode_FormLikeATag(t *testing.T) {
	t.Parallel()
	raw, err := hex.DecodeString("230409002304050006040100" + "41")
	require.NoError(t, err)
	d, err := ffd.Decode(raw)
	require.NoError(t, err)
	assert.Equal(t, "A", ffd.NodeText(d.Field(1059).Child(1030)))
}

func TestPrimitives_Vectors(t *testing.T) {
	t.Parallel()
	for _, p := range fiscaltest.FFD().Primitives {
		var number uint64
		var text string
		isNumber := json.Unmarshal(p.Value, &number) == nil
		if !isNumber && p.Type != "TLV" {
			require.NoError(t, json.Unmarshal(p.Value, &text))
		}
		switch {
		case p.Error != "":
			assert.Greater(t, len(tlv.AppendVLN(nil, number)), p.Max)
		case isNumber:
			got, err := tlv.Uint(p.Hex)
			require.NoError(t, err)
			assert.Equal(t, number, got, p.Hex)
		case p.Type == "FVLN":
			f, err := tlv.ParseFVLN(p.Hex)
			require.NoError(t, err)
			assert.Equal(t, text, f.String())
		case p.Type == "string":
			assert.Equal(t, text, tlv.Text(p.Hex))
		case p.Type == "TLV":
			var v struct {
				Tag  tlv.Tag
				FVLN string
			}
			require.NoError(t, json.Unmarshal(p.Value, &v))
			value, ok := tlv.Find(p.Hex, v.Tag)
			require.True(t, ok)
			f, err := tlv.ParseFVLN(value)
			require.NoError(t, err)
			assert.Equal(t, v.FVLN, f.String())
		default:
			t.Errorf("no check for a primitive of type %s", p.Type)
		}
	}
}

// small is a receipt of about 600 bytes.
func small(t testing.TB) []byte {
	t.Helper()
	for _, c := range fiscaltest.FFD().Captures {
		if c.ID == "receipt-v2" {
			return c.STLV()
		}
	}
	t.Fatal("no capture receipt-v2")
	return nil
}

func TestWalk_DoesNotAllocate(t *testing.T) {
	raw := small(t)
	require.InDelta(t, 600, len(raw), 50)
	ffd.Lookup(1)
	assert.Zero(t, testing.AllocsPerRun(100, func() { walkAll(raw[4:]) }))
}

// walkAll steps over every field of a document and counts them.
func walkAll(body []byte) (n int) {
	w := tlv.Walk(body)
	for w.Next() {
		n++
		if f := w.Field(); ffd.Nested(f.Tag) {
			n += walkAll(f.Value)
		}
	}
	return n
}

func BenchmarkWalk(b *testing.B) {
	raw := small(b)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		walkAll(raw[4:])
	}
}

func BenchmarkDecode(b *testing.B) {
	raw := small(b)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ffd.Decode(raw); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMarshalDocument(b *testing.B) {
	d, err := ffd.Decode(small(b))
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ffd.MarshalDocument(d); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUnmarshalDocument(b *testing.B) {
	d, err := ffd.Decode(small(b))
	require.NoError(b, err)
	text, err := ffd.AppendJSON(nil, d, ffd.JSONOptions{NoRaw: true})
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ffd.UnmarshalDocument(text); err != nil {
			b.Fatal(err)
		}
	}
}

func TestDocument_Accessors(t *testing.T) {
	t.Parallel()
	d, err := ffd.Decode(small(t))
	require.NoError(t, err)
	assert.Equal(t, "9280440300332772", string(d.FNNumber()))
	assert.Equal(t, fiscal.FDNumber(10756), d.FDNumber())
	assert.Equal(t, time.Date(2020, 3, 20, 15, 24, 0, 0, time.UTC), d.DateTime())
	assert.Equal(t, fiscal.Kopecks(40449), d.Sum(ffd.TagTotalSum))
	assert.Len(t, d.All(ffd.TagItem), 4)
	assert.False(t, d.Has(9999))
	assert.Zero(t, d.Uint(9999))
	assert.Empty(t, d.Text(9999))
	assert.True(t, (&ffd.Document{}).DateTime().IsZero())
	assert.Zero(t, (&ffd.Document{}).FPD())
	assert.Equal(t, fiscal.FFD10, (&ffd.Document{}).FFD())
}
