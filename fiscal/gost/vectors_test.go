package gost

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal/fiscaltest"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	require.NoError(t, err)
	return b
}

func block(t testing.TB, s string) *[CipherBlockSize]byte {
	return (*[CipherBlockSize]byte)(unhex(t, s))
}

// RFC 6986 section 10.1 and 10.2: M1, and M2 (a line of the Tale of Igor's
// Campaign in CP1251). Sums stand in memory order.
func TestStreebog_RFC6986(t *testing.T) {
	t.Parallel()
	m1 := fiscaltest.Protocol().Primitive("streebog256-m1")
	for _, tt := range []struct{ name, message, sum string }{
		{"M1", hex.EncodeToString(m1.Input()), "9d151eefd8590b89daa6ba6cb74af9275dd051026bb149a452fd84e5e57b5500"},
		{"M2", "d1e520e2e5f2f0e82c20d1f2f0e8e1eee6e820e2edf3f6e82c20e2e5fef2fa20f120eceef0ff20" +
			"f1f2f0e5ebe0ece820ede020f5f0e0e1f0fbff20efebfaeafb20c8e3eef0e5e2fb",
			"9dd2fe4e90409e5da87f53976d7405b0c0cac628fc669a741d50063c557e8f50"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			sum := Sum256(unhex(t, tt.message))
			assert.Equal(t, tt.sum, hex.EncodeToString(sum[:]))
		})
	}
}

// The primitives of the bench's vectors: RFC and GOST examples and what an
// independent implementation gave.
func TestPrimitives_Vectors(t *testing.T) {
	t.Parallel()
	v := fiscaltest.Protocol()
	compute := map[string]func(p *fiscaltest.Primitive) (got, want []byte){
		"streebog256-m1":    streebogVector,
		"streebog256-empty": streebogVector,
		"kdf-gostr3411-2012-256": func(p *fiscaltest.Primitive) ([]byte, []byte) {
			k := KDF256(p.Key, p.Label, p.Seed)
			return k[:], p.Output
		},
		"hmac-gostr3411-2012-256": func(p *fiscaltest.Primitive) ([]byte, []byte) {
			m := HMAC256(p.Key, p.Data)
			return m[:], p.Output
		},
		"kuznyechik-ecb": func(p *fiscaltest.Primitive) ([]byte, []byte) {
			out := make([]byte, CipherBlockSize)
			k := NewKuznyechik([KeySize]byte(p.Key))
			k.Encrypt(out, p.Plain)
			back := make([]byte, CipherBlockSize)
			k.Decrypt(back, out)
			assert.Equal(t, []byte(p.Plain), back)
			return out, p.Cipher
		},
		"kuznyechik-cmac":        cmacVector,
		"kuznyechik-cmac-padded": cmacVector,
		"kuznyechik-cmac-empty":  cmacVector,
		"kuznyechik-ctr": func(p *fiscaltest.Primitive) ([]byte, []byte) {
			out := make([]byte, len(p.Plain))
			NewKuznyechik([KeySize]byte(p.Key)).CTR([8]byte(p.IV), out, p.Plain)
			return out, p.Cipher
		},
	}
	for i := range v.Primitives {
		p := &v.Primitives[i]
		t.Run(p.ID, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, compute, p.ID)
			got, want := compute[p.ID](p)
			assert.Equal(t, hex.EncodeToString(want), hex.EncodeToString(got))
		})
	}
}

func streebogVector(p *fiscaltest.Primitive) (got, want []byte) {
	sum := Sum256(p.Input())
	return sum[:], p.Output
}

func cmacVector(p *fiscaltest.Primitive) (got, want []byte) {
	mac := NewKuznyechik([KeySize]byte(p.Key)).MAC(p.Input())
	return mac[:], p.MAC128
}

// RFC 7801 section 5.1.
func TestKuznyechik_SubstitutionExamples(t *testing.T) {
	t.Parallel()
	chain := []string{"ffeeddccbbaa99881122334455667700", "b66cd8887d38e8d77765aeea0c9a7efc",
		"559d8dd7bd06cbfe7e7b262523280d39", "0c3322fed531e4630d80ef5c5a81c50b", "23ae65633f842d29c5df529c13f5acda"}
	for i, from := range chain[:len(chain)-1] {
		b := block(t, from)
		for j := range b {
			b[j] = pi[b[j]]
		}
		assert.Equal(t, chain[i+1], hex.EncodeToString(b[:]))
	}
}

// RFC 7801 section 5.2: one step of the shift register.
func TestKuznyechik_RegisterExamples(t *testing.T) {
	t.Parallel()
	chain := []string{"00000000000000000000000000000100", "94000000000000000000000000000001",
		"a5940000000000000000000000000000", "64a59400000000000000000000000000", "0d64a594000000000000000000000000"}
	for i, from := range chain[:len(chain)-1] {
		b := block(t, from)
		sum := linearSum(b)
		copy(b[1:], b[:15])
		b[0] = sum
		assert.Equal(t, chain[i+1], hex.EncodeToString(b[:]))
	}
}

// RFC 7801 section 5.3.
func TestKuznyechik_LinearExamples(t *testing.T) {
	t.Parallel()
	chain := []string{"64a59400000000000000000000000000", "d456584dd0e3e84cc3166e4b7fa2890d",
		"79d26221b87b584cd42fbc4ffea5de9a", "0e93691a0cfc60408b7b68f66b513c13", "e6a8094fee0aa204fd97bcb0b44b8580"}
	for i, from := range chain[:len(chain)-1] {
		b := block(t, from)
		linear(b)
		assert.Equal(t, chain[i+1], hex.EncodeToString(b[:]))
		linearInverse(b)
		assert.Equal(t, from, hex.EncodeToString(b[:]))
	}
}

// RFC 7801 section 5.4: constants and round keys.
func TestKuznyechik_KeySchedule(t *testing.T) {
	t.Parallel()
	words := func(w [2]uint64) string {
		var b [CipherBlockSize]byte
		store(b[:], w[0], w[1])
		return hex.EncodeToString(b[:])
	}
	for i, want := range []string{"6ea276726c487ab85d27bd10dd849401", "dc87ece4d890f4b3ba4eb92079cbeb02",
		"b2259a96b4d88e0be7690430a44f7f03", "7bcd1b0b73e32ba5b79cb140f2551504", "156f6d791fab511deabb0c502fd18105",
		"a74af7efab73df160dd208608b9efe06", "c9e8819dc73ba5ae50f5b570561a6a07", "f6593616e6055689adfba18027aa2a08"} {
		assert.Equal(t, want, words(scheduleConstants()[i]), "C%d", i+1)
	}
	k := NewKuznyechik([KeySize]byte(unhex(t, "8899aabbccddeeff0011223344556677fedcba98765432100123456789abcdef")))
	for i, want := range []string{"8899aabbccddeeff0011223344556677", "fedcba98765432100123456789abcdef",
		"db31485315694343228d6aef8cc78c44", "3d4553d8e9cfec6815ebadc40a9ffd04", "57646468c44a5e28d3e59246f429f1ac",
		"bd079435165c6432b532e82834da581b", "51e640757e8745de705727265a0098b1", "5a7925017b9fdd3ed72a91a22286f984",
		"bb44e25378c73123a5f32f73cdb6e517", "72e9dd7416bcf45b755dbaa88e4a4043"} {
		assert.Equal(t, want, words(k.keys[i]), "K%d", i+1)
	}
}

// ГОСТ Р 34.13-2015 appendix A.1.6: the subkeys of the CMAC example.
func TestKuznyechik_CMACSubkeys(t *testing.T) {
	t.Parallel()
	k := NewKuznyechik([KeySize]byte(unhex(t, "8899aabbccddeeff0011223344556677fedcba98765432100123456789abcdef")))
	var b [CipherBlockSize]byte
	store(b[:], k.sub[0][0], k.sub[0][1])
	assert.Equal(t, "297d82bc4d39e3ca0de0573298151dc7", hex.EncodeToString(b[:]))
	store(b[:], k.sub[1][0], k.sub[1][1])
	assert.Equal(t, "52fb05789a73c7941bc0ae65302a3b8e", hex.EncodeToString(b[:]))
}

func TestEqual(t *testing.T) {
	t.Parallel()
	assert.True(t, Equal([]byte{1, 2}, []byte{1, 2}))
	assert.False(t, Equal([]byte{1, 2}, []byte{1, 3}))
	assert.False(t, Equal([]byte{1, 2}, []byte{1, 2, 3}))
}

func TestAllocations(t *testing.T) {
	k := NewKuznyechik([KeySize]byte{1})
	data := make([]byte, 600)
	assert.Zero(t, testing.AllocsPerRun(10, func() { k.MAC(data[:28], data[28:]) }), "MAC")
	assert.Zero(t, testing.AllocsPerRun(10, func() { k.CTR([8]byte{}, data, data) }), "CTR")
	assert.Zero(t, testing.AllocsPerRun(10, func() { Sum256(data[:1], data) }), "Sum256")
	assert.Zero(t, testing.AllocsPerRun(10, func() { KDF256(data[:32], data[:2], data[:16]) }), "KDF256")
}
