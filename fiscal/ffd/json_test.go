package ffd_test

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/fiscaltest"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

var update = flag.Bool("update", false, "rewrite golden files")

// golden compares got with testdata/name, or rewrites the file.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(file, got, 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got))
}

// realDocuments are the 26 archived receipts and the documents of the captures.
func realDocuments(t testing.TB) map[string]*ffd.Document {
	t.Helper()
	all := map[string]*ffd.Document{}
	for _, r := range fiscaltest.RawReceipts() {
		d, err := ffd.Decode(r.STLV)
		require.NoError(t, err, r.Name)
		d.Sign = r.Sign
		all[r.Name] = d
	}
	for _, c := range fiscaltest.FFD().Captures {
		if c.Document != nil {
			d, err := ffd.Decode(c.STLV())
			require.NoError(t, err, c.ID)
			all[c.ID] = d
		}
	}
	require.Len(t, all, 36)
	return all
}

// normal brings a tree to the form that JSON keeps: numbers in their own width,
// text of fixed width padded to it.
func normal(t require.TestingT, nodes []tlv.Node) []tlv.Node {
	out := make([]tlv.Node, len(nodes))
	for i, n := range nodes {
		out[i] = tlv.Node{Tag: n.Tag, Nested: n.Nested, Value: n.Value}
		if n.Nested {
			out[i].Value, out[i].Children = nil, normal(t, n.Children)
			continue
		}
		info := ffd.Lookup(n.Tag)
		if info == nil {
			continue
		}
		switch info.Kind {
		case ffd.KindByte, ffd.KindUint16, ffd.KindUint32, ffd.KindUnixTime, ffd.KindVLN:
			u, err := tlv.Uint(n.Value)
			require.NoError(t, err)
			out[i].Value = tlv.AppendVLN(nil, u)
		case ffd.KindFVLN:
			f, err := tlv.ParseFVLN(n.Value)
			require.NoError(t, err)
			out[i].Value = f.Append(nil)
		case ffd.KindString:
			if info.Fixed {
				out[i].Value = bytes.TrimRight(n.Value, " ")
			}
		}
	}
	return out
}

// byTag sorts every level by tag, fields of one tag keeping their order.
func byTag(nodes []tlv.Node) []tlv.Node {
	slices.SortStableFunc(nodes, func(a, b tlv.Node) int { return cmp.Compare(a.Tag, b.Tag) })
	for i := range nodes {
		byTag(nodes[i].Children)
	}
	return nodes
}

func TestJSON_RealDocumentsComeBack(t *testing.T) {
	t.Parallel()
	for name, d := range realDocuments(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := ffd.MarshalDocument(d)
			require.NoError(t, err)
			require.True(t, json.Valid(text))
			back, skipped, err := ffd.JSONReader{}.Read(text)
			require.NoError(t, err)
			assert.Empty(t, skipped)
			assert.Equal(t, d.Raw, back.Raw, "with rawData the bytes are the same")
			assert.Equal(t, d.Sign, back.Sign)

			back, skipped, err = ffd.JSONReader{IgnoreRaw: true}.Read(text)
			require.NoError(t, err)
			assert.Empty(t, skipped)
			assert.Equal(t, normal(t, d.Fields), normal(t, back.Fields), "without rawData the document is equal")
			assert.Equal(t, d.Sign, back.Sign)

			exact, err := ffd.AppendJSON(nil, d, ffd.JSONOptions{NoRaw: true, Exact: true})
			require.NoError(t, err)
			assert.NotContains(t, string(exact), "rawData")
			back, err = ffd.UnmarshalDocument(exact)
			require.NoError(t, err)
			assert.Equal(t, hex.EncodeToString(d.Raw), hex.EncodeToString(back.Raw), "exact JSON gives the same bytes")
		})
	}
}

// The 26 archived receipts need no raw_ members at all: plain JSON without rawData
// already gives their bytes.
func TestJSON_ArchivedReceiptsAreSaidWhole(t *testing.T) {
	t.Parallel()
	for _, r := range fiscaltest.RawReceipts() {
		d, err := ffd.Decode(r.STLV)
		require.NoError(t, err)
		text, err := ffd.AppendJSON(nil, d, ffd.JSONOptions{NoRaw: true})
		require.NoError(t, err)
		back, err := ffd.UnmarshalDocument(text)
		require.NoError(t, err)
		assert.Equal(t, hex.EncodeToString(r.STLV), hex.EncodeToString(back.Raw), r.Name)
		assert.NotContains(t, string(text), "raw_", r.Name)
	}
}

func TestJSON_Golden(t *testing.T) {
	t.Parallel()
	docs := realDocuments(t)
	for _, name := range []string{"session-form11-yandex", "container-form1-yandex", "receipt-v2", "receipt-echo", "fns00"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := ffd.MarshalDocument(docs[name])
			require.NoError(t, err)
			var pretty bytes.Buffer
			require.NoError(t, json.Indent(&pretty, text, "", "  "))
			pretty.WriteByte('\n')
			golden(t, name+".json", pretty.Bytes())
		})
	}
}

// messageFiscalSign of receipt-v3: 81 06 fa fe 4d ec 31 67 (flk.md section 11).
func TestJSON_MessageSign(t *testing.T) {
	t.Parallel()
	for _, c := range fiscaltest.FFD().Captures {
		if c.FiscalSign == "" {
			continue
		}
		d, err := ffd.Decode(c.STLV())
		require.NoError(t, err)
		d.Sign = c.MessageSign
		text, err := ffd.MarshalDocument(d)
		require.NoError(t, err)
		var got struct {
			Receipt struct {
				Code              int
				MessageFiscalSign json.Number
				RawData           []byte
			}
		}
		require.NoError(t, json.Unmarshal(text, &got))
		assert.Equal(t, c.FiscalSign, got.Receipt.MessageFiscalSign)
		assert.Equal(t, 3, got.Receipt.Code)
		assert.Equal(t, append(append([]byte{}, d.Raw...), c.MessageSign...), got.Receipt.RawData)
	}
}

// Names that several tags share are told apart by their parent.
func TestJSON_SharedNames(t *testing.T) {
	t.Parallel()
	var b tlv.Builder
	b.STLV(3, func(b *tlv.Builder) {
		b.Byte(1209, 4)
		b.Time(1012, tlv.WallClock(clock))
		b.VLN(1020, 500)
		b.VLN(1215, 0)
		b.STLV(1059, func(b *tlv.Builder) {
			b.Text(1030, "чай")
			b.VLN(1200, 83)
			b.STLV(1163, func(b *tlv.Builder) { b.Text(1305, "0104606419014681215KAZWy") })
		})
		b.STLV(1115, func(b *tlv.Builder) {
			b.STLV(1119, func(b *tlv.Builder) { b.Byte(1199, 7); b.VLN(1120, 24) })
			b.STLV(1119, func(b *tlv.Builder) { b.Byte(1199, 11); b.VLN(1120, 90) })
		})
		b.STLV(1234, func(b *tlv.Builder) { b.STLV(1235, func(b *tlv.Builder) { b.VLN(1082, 500) }) })
		b.STLV(1270, func(b *tlv.Builder) { b.Byte(1271, 0); b.Time(1273, tlv.WallClock(clock)) })
		b.VLN(1201, 7)               // out of its place
		b.Raw(9999, []byte{1, 2, 3}) // unknown
	})
	raw, err := b.Bytes()
	require.NoError(t, err)
	d, err := ffd.Decode(raw)
	require.NoError(t, err)
	text, err := ffd.AppendJSON(nil, d, ffd.JSONOptions{NoRaw: true})
	require.NoError(t, err)
	assert.JSONEq(t, `{"receipt":{"code":3,"fiscalDocumentFormatVer":4,"dateTime":1726596060,"totalSum":500,"prepaidSum":0,
		"items":[{"name":"чай","ndsSum":83,"productCodeNew":{"gs1m":{"rawProductCode":"0104606419014681215KAZWy","productIdType":6,
			"gtin":4606419014681,"sernum":"5KAZWy"}}}],
		"amountsReceiptNds":{"amountsNds":[{"nds":7,"ndsSum":24},{"nds":11,"ndsSum":90}]},
		"allECashProp":{"ecashProp":[{"ecashSum":500}]},
		"operationalDetails":{"operationId":0,"dateTime":1726596060},
		"tag_1201":7,"tag_9999":"AQID"}}`, string(text))
	back, err := ffd.UnmarshalDocument(text)
	require.NoError(t, err)
	assert.Equal(t, hex.EncodeToString(raw), hex.EncodeToString(back.Raw))
}

// Values that their kind cannot say stand as bytes; Exact keeps widths and order.
func TestJSON_RawMembers(t *testing.T) {
	t.Parallel()
	var b tlv.Builder
	b.STLV(3, func(b *tlv.Builder) {
		b.Byte(1209, 2)
		b.Raw(1040, []byte{1, 0, 0, 0, 5})             // too great for four bytes
		b.Raw(1020, []byte{1, 2, 3, 4, 5, 6, 7, 8, 9}) // no number
		b.Raw(1031, nil)
		b.Raw(1077, []byte{0x21, 0x04, 0, 0, 0, 9})
		b.Text(1073, "+71")
		b.Raw(1081, []byte{5, 0})
		b.Text(1073, "+72")
		b.Text(1018, "7702203276") // not padded
	})
	raw, err := b.Bytes()
	require.NoError(t, err)
	d, err := ffd.Decode(raw)
	require.NoError(t, err)

	text, err := ffd.AppendJSON(nil, d, ffd.JSONOptions{NoRaw: true})
	require.NoError(t, err)
	assert.JSONEq(t, `{"receipt":{"code":3,"fiscalDocumentFormatVer":2,"raw_1040":"AQAAAAU=","raw_1020":"AQIDBAUGBwgJ",
		"cashTotalSum":0,"fiscalSign":9,"raw_1077":"IQQAAAAJ","paymentAgentPhone":["+71","+72"],"ecashTotalSum":5,
		"userInn":"7702203276"}}`, string(text))

	text, err = ffd.AppendJSON(nil, d, ffd.JSONOptions{NoRaw: true, Exact: true})
	require.NoError(t, err)
	assert.JSONEq(t, `{"receipt":{"code":3,"fiscalDocumentFormatVer":2,"raw_1040":"AQAAAAU=","raw_1020":"AQIDBAUGBwgJ",
		"cashTotalSum":0,"raw_1031":"","fiscalSign":9,"raw_1077":"IQQAAAAJ","paymentAgentPhone":["+71","+72"],"ecashTotalSum":5,
		"raw_1081":"BQA=","userInn":"7702203276","raw_1018":"NzcwMjIwMzI3Ng==",
		"_order":[1209,1040,1020,1031,1077,1073,1081,1073,1018]}}`, string(text))
	back, err := ffd.UnmarshalDocument(text)
	require.NoError(t, err)
	assert.Equal(t, hex.EncodeToString(raw), hex.EncodeToString(back.Raw))
}

func TestJSON_NoPersonal(t *testing.T) {
	t.Parallel()
	var b tlv.Builder
	b.STLV(3, func(b *tlv.Builder) {
		b.Byte(1209, 4)
		b.Text(1008, "+79990000001")
		b.Text(1021, "Кассирова")
		b.STLV(1256, func(b *tlv.Builder) { b.Text(1227, "Покупатель") })
		b.VLN(1020, 5)
	})
	raw, _ := b.Bytes()
	d, err := ffd.Decode(raw)
	require.NoError(t, err)
	text, err := ffd.AppendJSON(nil, d, ffd.JSONOptions{NoPersonal: true, Wrap: true})
	require.NoError(t, err)
	assert.JSONEq(t, `{"document":{"receipt":{"code":3,"fiscalDocumentFormatVer":4,"totalSum":5}}}`, string(text))
}

// FFD 1.0 used numbers for other things: 1115 was the address of a site.
func TestJSON_FFD10(t *testing.T) {
	t.Parallel()
	var b tlv.Builder
	b.STLV(1, func(b *tlv.Builder) {
		b.Text(1041, "9999078900000001")
		b.Text(1115, "www.nalog.ru")
		b.Text(1119, "+70000000000")
	})
	raw, _ := b.Bytes()
	d, err := ffd.Decode(raw)
	require.NoError(t, err)
	text, err := ffd.AppendJSON(nil, d, ffd.JSONOptions{NoRaw: true})
	require.NoError(t, err)
	assert.JSONEq(t, `{"fiscalReport":{"code":1,"fiscalDriveNumber":"9999078900000001","tag_1115":"d3d3Lm5hbG9nLnJ1","tag_1119":"KzcwMDAwMDAwMDAw"}}`, string(text))
	back, err := ffd.UnmarshalDocument(text)
	require.NoError(t, err)
	assert.Equal(t, raw, back.Raw)
}

func TestJSON_EveryFormHasAName(t *testing.T) {
	t.Parallel()
	for _, form := range []fiscal.Form{1, 2, 3, 4, 5, 6, 7, 11, 21, 31, 41, 81, 82, 83, 84, 99} {
		d := &ffd.Document{Form: form}
		text, err := ffd.MarshalDocument(d)
		require.NoError(t, err)
		back, err := ffd.UnmarshalDocument(text)
		require.NoError(t, err, "%s", text)
		assert.Equal(t, form, back.Form)
	}
}

func TestJSON_RandomDocuments(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		raw := fiscaltest.AnyDocument().Draw(t, "raw")
		d, err := ffd.Decode(raw)
		require.NoError(t, err)
		encoded, err := d.Encode()
		require.NoError(t, err)
		require.Equal(t, raw, encoded)
		plain, err := ffd.AppendJSON(nil, d, ffd.JSONOptions{NoRaw: true})
		require.NoError(t, err)
		back, err := ffd.UnmarshalDocument(plain)
		require.NoError(t, err)
		require.Equal(t, byTag(normal(t, d.Fields)), byTag(normal(t, back.Fields)))
		exact, err := ffd.AppendJSON(nil, d, ffd.JSONOptions{NoRaw: true, Exact: true})
		require.NoError(t, err)
		back, err = ffd.UnmarshalDocument(exact)
		require.NoError(t, err)
		require.Equal(t, raw, back.Raw, "%s", exact)
	})
}
