package receipts

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/fiscaltest"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

// The 26 archived receipts in every form in which such dumps come.
func TestRead_RawForms(t *testing.T) {
	t.Parallel()
	for _, raw := range fiscaltest.RawReceipts() {
		t.Run(raw.Name, func(t *testing.T) {
			t.Parallel()
			container := raw.Container()
			session, err := wire.AppendMessage(nil, wire.Request("9999078900000000", fiscal.FFD105), container)
			require.NoError(t, err)
			headed := slices.Concat(raw.Header, raw.STLV, raw.Sign)
			forms := map[Shape][]byte{
				ShapeArchive: slices.Concat([]byte{0xFF, 0xFF, 0, 0x1C}, headed), ShapeHeaded: headed, ShapeContainer: container, ShapeBare: raw.STLV,
				"bare with sign": slices.Concat(raw.STLV, raw.Sign), "bare with trailer": slices.Concat(raw.STLV, raw.Sign, []byte{0, 0}), "session": session,
				"headed without sign": slices.Concat(raw.Header, raw.STLV),
			}
			var want *Receipt
			for shape, b := range forms {
				for _, text := range []string{string(b), hex.EncodeToString(b), strings.ToUpper(hex.EncodeToString(b)), base64.StdEncoding.EncodeToString(b),
					"name: " + hex.EncodeToString(b) + " # comment\n", wrapped(hex.EncodeToString(b))} {
					r := readOne(t, text)
					assert.Equal(t, raw.STLV, r.Origin.STLV, shape)
					if want == nil {
						want = r
					}
					assert.Equal(t, want.Sale, r.Sale)
				}
			}
			b, err := json.Marshal(map[string]any{"document": map[string]any{"receipt": map[string]any{"rawData": base64.StdEncoding.EncodeToString(slices.Concat(raw.STLV, raw.Sign)), "totalSum": 1, "items": []any{}}}})
			require.NoError(t, err)
			assert.Equal(t, want.Sale, readOne(t, string(b)).Sale)
		})
	}
	// All of them one after another in one file of bytes.
	var all []byte
	for _, raw := range fiscaltest.RawReceipts() {
		all = slices.Concat(all, []byte{0xFF, 0xFF, 0, 0x1C}, raw.Header, raw.STLV, raw.Sign)
	}
	many, skipped, err := Read("all.bin", strings.NewReader(string(all)))
	require.NoError(t, err)
	assert.Empty(t, skipped)
	assert.Len(t, many, 26)
}

// wrapped breaks a line as a hex dump does.
func wrapped(s string) string {
	var b strings.Builder
	for len(s) > 64 {
		b.WriteString(s[:64] + "\n")
		s = s[64:]
	}
	return b.String() + s + "\n"
}

// Public captures of receipts, one of them with service bytes before it.
func TestRead_PublicCaptures(t *testing.T) {
	t.Parallel()
	n := 0
	for _, c := range fiscaltest.FFD().Captures {
		if !strings.HasPrefix(c.ID, "receipt") {
			continue
		}
		n++
		r := readOne(t, string(c.Hex))
		assert.NotEmpty(t, r.Sale.Items, c.ID)
		assert.NotZero(t, r.Origin.FD)
	}
	assert.Equal(t, 8, n)
}

func FuzzRead(f *testing.F) {
	for _, file := range fiscaltest.ReceiptJSONs() {
		f.Add(file.Text)
	}
	for _, raw := range fiscaltest.RawReceipts()[:3] {
		f.Add(raw.Container())
		f.Add([]byte(hex.EncodeToString(raw.STLV)))
		f.Add(slices.Concat([]byte{0xFF, 0xFF, 0, 0x1C}, raw.Header, raw.STLV, raw.Sign))
	}
	f.Add([]byte(`{"totalSum":1e9,"operationType":1,"items":[{"quantity":1e-5,"price":"1","sum":null}],"dateTime":{"$date":{"$numberLong":"1"}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 1<<15 {
			return
		}
		all, _, _ := Read("fuzz", strings.NewReader(string(text)))
		for _, r := range all {
			for _, it := range r.Sale.Items {
				if it.Agent == 0xFF || it.Price < 0 {
					t.Fatalf("item %+v", it)
				}
			}
			if r.Sale.Total == nil || r.FFD < fiscal.FFD105 || !r.Form.IsReceipt() || r.Sale.Tax == 0 {
				t.Fatalf("receipt %+v", r)
			}
		}
	})
}
