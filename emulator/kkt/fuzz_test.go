package kkt

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/fiscal"
)

// FuzzParseRegistration reads any bytes as what a drive says of its registration.
func FuzzParseRegistration(f *testing.F) {
	s := newStand(f, Options{}, fn.Options{})
	res, err := s.Register(registration(fiscal.FFD12))
	require.NoError(f, err)
	f.Add(res.STLV[4:])
	f.Add([]byte{0xE9, 3, 0, 0})
	f.Fuzz(func(t *testing.T, fields []byte) {
		r, err := parseRegistration(fields)
		if err == nil {
			_ = r.conditions()
		}
	})
}

// FuzzQuantity: what is read as JSON is written back as the same number.
func FuzzQuantity(f *testing.F) {
	f.Add("2.926")
	f.Add("1e9")
	f.Add("00.100")
	f.Fuzz(func(t *testing.T, text string) {
		var q, again Quantity
		if json.Unmarshal([]byte(text), &q) != nil {
			return
		}
		out, err := json.Marshal(q)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(out, &again))
		require.Equal(t, q, again)
	})
}
