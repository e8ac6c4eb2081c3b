package gost

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

var anyKey = rapid.Custom(func(t *rapid.T) [KeySize]byte {
	return [KeySize]byte(rapid.SliceOfN(rapid.Byte(), KeySize, KeySize).Draw(t, "key"))
})

// pieces cuts b into parts of any sizes, empty ones among them.
func pieces(t *rapid.T, b []byte) (parts [][]byte) {
	for len(b) > 0 {
		n := rapid.IntRange(0, min(len(b), 70)).Draw(t, "piece")
		parts = append(parts, b[:n])
		b = b[n:]
	}
	return append(parts, nil)
}

func TestMAC_OverPartsEqualsWhole(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		k := NewKuznyechik(anyKey.Draw(t, "k"))
		data := rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "data")
		assert.Equal(t, k.MAC(data), k.MAC(pieces(t, data)...))
	})
}

func TestStreebog_InPiecesEqualsSum(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		data := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "data")
		want := Sum256(data)
		h := New256()
		for _, p := range pieces(t, data) {
			n, err := h.Write(p)
			assert.NoError(t, err)
			assert.Equal(t, len(p), n)
			h.Sum(nil) // must not disturb the state
		}
		assert.Equal(t, want[:], h.Sum(nil))
		assert.Equal(t, want, Sum256(pieces(t, data)...))
		h.Reset()
		empty := Sum256()
		assert.Equal(t, empty[:], h.Sum(nil))
	})
}

func TestCTR_RoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		k := NewKuznyechik(anyKey.Draw(t, "k"))
		iv := [8]byte(rapid.SliceOfN(rapid.Byte(), 8, 8).Draw(t, "iv"))
		plain := rapid.SliceOfN(rapid.Byte(), 0, 100).Draw(t, "plain")
		sealed := make([]byte, len(plain))
		k.CTR(iv, sealed, plain)
		if len(plain) >= 16 {
			assert.NotEqual(t, plain, sealed)
		}
		k.CTR(iv, sealed, sealed)
		assert.Equal(t, plain, sealed)
	})
}

func TestKuznyechik_DecryptUndoesEncrypt(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		k := NewKuznyechik(anyKey.Draw(t, "k"))
		plain := rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "plain")
		b := append([]byte{}, plain...)
		k.Encrypt(b, b)
		assert.NotEqual(t, plain, b)
		k.Decrypt(b, b)
		assert.Equal(t, plain, b)
	})
}

func TestHMAC_LongKeyIsHashed(t *testing.T) {
	t.Parallel()
	long := make([]byte, 65)
	short := Sum256(long)
	assert.Equal(t, HMAC256(short[:], []byte("text")), HMAC256(long, []byte("text")))
	whole := make([]byte, 64)
	assert.Equal(t, HMAC256(nil, []byte("text")), HMAC256(whole, []byte("text")), "a key is padded with zeros")
}
