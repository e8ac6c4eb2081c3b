package explain_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal/explain"
	"github.com/fiscalbench/fiscalbench/fiscal/fiscaltest"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
)

func withKeys() explain.Options {
	return explain.Options{Scheme: sign.NewTBGOST1(sign.TBGOST1Options{}), OFD: "7704358518"}
}

// TestBytes_SaysWhatIsWrongWithEachAlteredMessage: every negative vector is faulty,
// and the fault's name stands in the report.
func TestBytes_SaysWhatIsWrongWithEachAlteredMessage(t *testing.T) {
	t.Parallel()
	says := map[string]string{ // what the report must name where it is not the vector's own word
		"neg-11": "ФПС", "neg-14": "ФПС", "neg-15": "ФПС", "neg-16": "ФПС", "neg-17": "ФПС", "neg-18": "1020", "neg-19": "ФПД",
		"neg-20": "1020", "neg-21": "data_type_mismatch", "neg-22": "I-01", "neg-23": "I-02", "neg-24": "M-02",
	}
	for _, v := range fiscaltest.Protocol().Negative {
		t.Run(v.ID, func(t *testing.T) {
			t.Parallel()
			var text strings.Builder
			bad := false
			for _, r := range explain.Bytes(context.Background(), v.Hex.Bytes(), withKeys()) {
				bad = bad || r.Faulty()
				require.NoError(t, r.WriteText(&text))
			}
			assert.True(t, bad, "nothing found wrong:\n%s", text.String())
			want := says[v.ID]
			if want == "" {
				want = v.Expect
			}
			assert.Contains(t, text.String(), want)
		})
	}
}

func TestBytes_EveryByteOfAMessageIsExplained(t *testing.T) {
	t.Parallel()
	for _, raw := range [][]byte{
		fiscaltest.Protocol().Capture("cap-01").Hex.Bytes(),
		fiscaltest.Protocol().Message("tb-receipt").Hex.Bytes(),
		fiscaltest.Protocol().Message("tb-confirmation").Hex.Bytes(),
	} {
		reports := explain.Bytes(context.Background(), raw, withKeys())
		require.Len(t, reports, 1)
		next := 0
		for _, n := range reports[0].Nodes {
			assert.Equal(t, next, n.Offset, "a gap before %s", n.Name)
			next = n.Offset + n.Len
		}
		assert.Equal(t, len(raw), next)
	}
}

func TestBytes_TwoMessagesOfAStream(t *testing.T) {
	t.Parallel()
	one := fiscaltest.Protocol().Message("tb-receipt").Hex.Bytes()
	assert.Len(t, explain.Bytes(context.Background(), append(append([]byte{}, one...), one...), withKeys()), 2)
}

func FuzzBytes(f *testing.F) {
	p := fiscaltest.Protocol()
	f.Add(p.Capture("cap-01").Hex.Bytes())
	f.Add(p.Capture("cap-02").Body())
	f.Add(p.Message("tb-receipt-encrypted").Hex.Bytes())
	f.Add(p.Message("tb-receipt").STLV())
	f.Add([]byte{0xFF, 0xFF, 0x00, 0x1C, 0xA5})
	for _, v := range p.Negative {
		f.Add(v.Hex.Bytes())
	}
	o := withKeys()
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) > 1<<16 {
			return
		}
		for _, r := range explain.Bytes(context.Background(), raw, o) {
			var text strings.Builder
			if err := r.WriteText(&text); err != nil {
				t.Fatal(err)
			}
		}
	})
}
