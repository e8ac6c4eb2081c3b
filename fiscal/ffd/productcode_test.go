package ffd_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/fiscaltest"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// Worked examples of the order, table 26.
func TestProductCode_Vectors(t *testing.T) {
	t.Parallel()
	kinds := map[string]ffd.CodeKind{
		"EAN-8": ffd.CodeEAN8, "EAN-13": ffd.CodeEAN13, "ITF-14": ffd.CodeITF14, "GS1 with AI 8005": ffd.CodeGS1,
		"GS1": ffd.CodeGS1, "29 symbols without AI": ffd.CodeTobacco, "fur": ffd.CodeFur,
		"ЕГАИС 2.0": ffd.CodeEGAIS2, "ЕГАИС 3.0": ffd.CodeEGAIS3,
	}
	for _, v := range fiscaltest.FFD().ProductCodes {
		t.Run(v.Kind, func(t *testing.T) {
			t.Parallel()
			scanned := v.Scanned
			if v.Kind == "ЕГАИС 3.0" { // a line break of the order stands in the sample as a space
				scanned = strings.ReplaceAll(scanned, " ", "")
			}
			c := ffd.ScanProductCode(scanned)
			require.Equal(t, kinds[v.Kind], c.Kind)
			value, err := c.Encode1162()
			require.NoError(t, err)
			assert.Equal(t, v.Value.String(), fiscaltest.Hex(value).String())

			back, err := ffd.Parse1162(value)
			require.NoError(t, err)
			assert.Equal(t, c.Kind, back.Kind)
			assert.Equal(t, c.GTIN, back.GTIN)
			again, err := back.Encode1162()
			require.NoError(t, err)
			assert.Equal(t, v.Value.String(), fiscaltest.Hex(again).String())
		})
	}
}

func TestProductCode_1163(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, scanned string
		tag           tlv.Tag
		text          string
	}{
		{"EAN-8", "46198488", 1301, "46198488"},
		{"EAN-13", "4606203090785", 1302, "4606203090785"},
		{"ITF-14", "14601234567890", 1303, "14601234567890"},
		{"wrong check digit", "4606203090786", 1300, "4606203090786"},
		{"GS1", "010460406000600021N4N57RSCBUZTQ\x1d2403004002910161218", 1305, "010460406000600021N4N57RSCBUZTQ"},
		{"GS1 with a leading separator", "\x1d0104606419014681215KAZWy\x1d93AbCd", 1305, "0104606419014681215KAZWy"},
		{"tobacco", "00000046198488X?io+qCABm8wAYa", 1306, "00000046198488X?io+qCABm8"},
		{"fur", "RU-401301-AAA0277031", 1307, "RU-401301-AAA0277031"},
		{"EGAIS 2", strings.Repeat("A", 8) + strings.Repeat("B", 23) + strings.Repeat("C", 37), 1308, strings.Repeat("B", 23)},
		{"EGAIS 3", strings.Repeat("A", 14) + strings.Repeat("C", 136), 1309, strings.Repeat("A", 14)},
		{"unknown", strings.Repeat("Я", 40), 1300, strings.Repeat("Я", 32)},
		{"GTIN without serial", "0104606419014681", 1300, "0104606419014681"},
		{"no code", "", 1300, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := ffd.ScanProductCode(tt.scanned)
			tag, text := c.Tag1163()
			assert.Equal(t, tt.tag, tag)
			assert.Equal(t, tt.text, text)

			var b tlv.Builder
			c.Append1163(&b)
			raw, err := b.Bytes()
			require.NoError(t, err)
			nodes, err := tlv.Parse(raw, ffd.Nested, tlv.Limits{})
			require.NoError(t, err)
			back, gotTag, ok := ffd.Parse1163(&nodes[0])
			require.True(t, ok)
			assert.Equal(t, tt.tag, gotTag)
			assert.Equal(t, tt.text, back.Text)
			assert.Equal(t, c.GTIN, back.GTIN)
			assert.Equal(t, c.Serial, back.Serial)
			assert.Equal(t, c.Kind, back.Kind)
		})
	}
}

func TestProductCode_RefusesWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	c := ffd.ScanProductCode("0104604060006000" + "21" + strings.Repeat("x", 25))
	require.Equal(t, ffd.CodeGS1, c.Kind)
	_, err := c.Encode1162()
	assert.ErrorContains(t, err, "33 bytes in tag 1162")
	_, err = ffd.Parse1162([]byte{0x45})
	assert.ErrorContains(t, err, "has 1 bytes")
	_, err = ffd.Parse1162([]byte{0x45, 0x08, 1, 2})
	assert.ErrorContains(t, err, "at least 8")
}

// Whatever is scanned has a 1162 of at most 32 bytes or an error, and reading it
// back gives the same bytes.
func TestProductCode_RoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := ffd.ScanProductCode(rapid.StringMatching(`(01[0-9]{14}21[!-~]{0,20}(\x1d93[!-~]{4})?)|([0-9]{8,14})|([!-~А-я]{0,160})`).Draw(t, "scanned"))
		value, err := c.Encode1162()
		if err != nil {
			return
		}
		if len(value) > 32 {
			t.Fatalf("%d bytes", len(value))
		}
		back, err := ffd.Parse1162(value)
		if err != nil {
			t.Fatal(err)
		}
		again, err := back.Encode1162()
		if err != nil || string(again) != string(value) {
			t.Fatalf("%x became %x, %v", value, again, err)
		}
	})
}

// flk.md section 13
func TestControlCode_Vectors(t *testing.T) {
	t.Parallel()
	for _, v := range fiscaltest.FFD().ControlCodes {
		assert.Equal(t, v.Value, ffd.ControlCode([]byte(v.MarkingCode)))
	}
}

func FuzzParse1162(f *testing.F) {
	for _, v := range fiscaltest.FFD().ProductCodes {
		f.Add([]byte(v.Value))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		c, err := ffd.Parse1162(value)
		if err != nil {
			return
		}
		_, _ = c.Encode1162()
		c.Tag1163()
	})
}
