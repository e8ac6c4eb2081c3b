package ffd_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/fiscaltest"
)

// flk.md section 12
func TestParseQR_Vectors(t *testing.T) {
	t.Parallel()
	for _, v := range fiscaltest.FFD().QR {
		q, err := ffd.ParseQR(v.Text)
		require.NoError(t, err, v.Text)
		assert.Equal(t, v.Text, q.String())
	}
}

func TestParseQR_Forms(t *testing.T) {
	t.Parallel()
	want := ffd.QR{Time: time.Date(2018, 5, 18, 22, 5, 7, 0, time.UTC), Seconds: true, Total: 97588, FN: "8710000101125654",
		FD: 99456, FPD: 1250448, Operation: fiscal.SellReturn}
	for _, text := range []string{
		"t=20180518T220507&s=975.88&fn=8710000101125654&i=99456&fp=1250448&n=2",
		"t=20180518t220507&s=975.88&fn=8710000101125654&i=0000099456&fp=0001250448&n=2",
		"n=2&fp=1250448&i=99456&fn=8710000101125654&s=975.88&t=20180518T220507",
		"https://example.test/check?t=20180518T220507&s=975.88&fn=8710000101125654&i=99456&fp=1250448&n=2",
		" T=20180518T220507&S=975.88&FN=8710000101125654&I=99456&FP=1250448&N=2\n",
	} {
		q, err := ffd.ParseQR(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, q, text)
	}
}

func TestParseQR_Refuses(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"empty":        "",
		"no sign":      "t=20180518T2205&s=1.00&fn=8710000101125654&i=1&n=1",
		"twice":        "t=20180518T2205&t=20180518T2205&s=1.00&fn=8710000101125654&i=1&fp=1&n=1",
		"sum in words": "t=20180518T2205&s=one&fn=8710000101125654&i=1&fp=1&n=1",
		"no such day":  "t=20180231T2205&s=1.00&fn=8710000101125654&i=1&fp=1&n=1",
		"day only":     "t=20180218&s=1.00&fn=8710000101125654&i=1&fp=1&n=1",
		"drive":        "t=20180218T0000&s=1.00&fn=87100001011256540&i=1&fp=1&n=1",
		"settlement 5": "t=20180218T0000&s=1.00&fn=8710000101125654&i=1&fp=1&n=5",
		"sign":         "t=20180218T0000&s=1.00&fn=8710000101125654&i=1&fp=4294967296&n=1",
	} {
		_, err := ffd.ParseQR(text)
		assert.Error(t, err, name)
	}
}

func TestQR_RoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		q := ffd.QR{
			Time:      time.Unix(rapid.Int64Range(0, 1<<32-1).Draw(t, "time")/60*60, 0).UTC(),
			Seconds:   rapid.Bool().Draw(t, "seconds"),
			Total:     fiscal.Kopecks(rapid.Int64Range(0, int64(fiscal.MaxKopecks)).Draw(t, "total")),
			FN:        fiscal.FNNumber(rapid.StringMatching(`[0-9]{1,16}`).Draw(t, "fn")),
			FD:        fiscal.FDNumber(rapid.Uint32().Draw(t, "fd")),
			FPD:       fiscal.FPD(rapid.Uint32().Draw(t, "fpd")),
			Operation: fiscal.OperationType(rapid.IntRange(1, 4).Draw(t, "operation")),
		}
		back, err := ffd.ParseQR(q.String())
		require.NoError(t, err)
		require.Equal(t, q, back)
	})
}

func FuzzParseQR(f *testing.F) {
	for _, v := range fiscaltest.FFD().QR {
		f.Add(v.Text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q, err := ffd.ParseQR(text)
		if err != nil {
			return
		}
		back, err := ffd.ParseQR(q.String())
		require.NoError(t, err)
		require.Equal(t, q, back)
	})
}
