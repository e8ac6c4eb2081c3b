package receipts

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/fiscaltest"
)

// Codes of the order's own examples come back as the register writes them.
func TestRead_ProductCodes(t *testing.T) {
	t.Parallel()
	for _, c := range fiscaltest.FFD().ProductCodes {
		for form, value := range map[string]any{
			"hex": c.Value.String(), "HEX": strings.ToUpper(c.Value.String()), "spaced": fmt.Sprintf("% X", []byte(c.Value)), "base64": base64.StdEncoding.EncodeToString(c.Value),
		} {
			t.Run(c.Kind+" "+form, func(t *testing.T) {
				t.Parallel()
				for _, key := range []string{"nomenclatureCode", "productCode"} {
					r := readOne(t, object(t, items(map[string]any{"name": "a", "price": 12000, "quantity": 1, "sum": 12000, "nds": 1, key: value})))
					scanned := ffd.ScanProductCode(r.Sale.Items[0].Code)
					back, err := scanned.Encode1162()
					require.NoError(t, err)
					assert.Equal(t, c.Value.String(), hex.EncodeToString(back))
				}
			})
		}
	}
	v12 := map[string]any{"fiscalDocumentFormatVer": 4, "dateTime": "2024-05-06T10:11:00"}
	cases := map[string]struct {
		in   map[string]any
		want string
	}{
		"raw":          {map[string]any{"productCodeData": map[string]any{"gtin": 4606419014681, "rawProductCode": "0104606419014681215KAZWy", "productIdType": 6}}, "0104606419014681215KAZWy"},
		"parts":        {map[string]any{"productCodeData": map[string]any{"gtin": 4606419014681, "sernum": "5KAZWy"}}, "0104606419014681215KAZWy"},
		"EAN":          {map[string]any{"productCodeData": map[string]any{"gtin": "4606203090785"}}, "4606203090785"},
		"new, object":  {map[string]any{"productCodeNew": map[string]any{"ean13": map[string]any{"rawProductCode": "4606203090785"}}}, "4606203090785"},
		"new, text":    {map[string]any{"productCodeNew": map[string]any{"gs1m": "0104606419014681215KAZWy"}}, "0104606419014681215KAZWy"},
		"new, short":   {map[string]any{"productCodeNew": map[string]any{"kmk": "00000046198488X?io+qCABm8"}}, "00000046198488X?io+qCABm80000"},
		"error only":   {map[string]any{"productCodeDataError": "not supported product type 3"}, ""},
		"barcode":      {map[string]any{"barcode": "46198488"}, "46198488"},
		"empty object": {map[string]any{"productCodeNew": map[string]any{}}, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			it := merged(map[string]any{"name": "a", "price": 12000, "quantity": 1, "sum": 12000, "nds": 1}, c.in)
			assert.Equal(t, c.want, readOne(t, object(t, merged(items(it), v12))).Sale.Items[0].Code)
		})
	}
}
