package gost

import (
	"crypto/cipher"
	"encoding/binary"
	"sync"
)

// Sizes of Kuznyechik in bytes.
const (
	KeySize         = 32
	CipherBlockSize = 16
)

// lsTables hold, for the byte x at position i of a block, the linear
// transformation of its substitution: a whole round is sixteen lookups. A block is
// two little-endian words in memory order, first bytes first.
type lsTables [16][256][2]uint64

var ls = sync.OnceValue(makeLS)

func makeLS() *lsTables {
	var t lsTables
	for i := range t {
		var b [CipherBlockSize]byte // L of each single bit at position i, low bit first
		b[i] = 1
		linear(&b)
		var bit [8][2]uint64
		for k := range bit {
			bit[k][0], bit[k][1] = load(b[:])
			for j := range b {
				b[j] = multiply(2, b[j])
			}
		}
		for x, s := range pi {
			for k := range bit {
				if s>>k&1 != 0 {
					t[i][x][0] ^= bit[k][0]
					t[i][x][1] ^= bit[k][1]
				}
			}
		}
	}
	return &t
}

var piInverse = sync.OnceValue(func() *[256]byte {
	var t [256]byte
	for x, s := range pi {
		t[s] = byte(x)
	}
	return &t
})

// linearFactors are the coefficients of the linear transformation ℓ for bytes
// a15 … a0, which stand in this order in memory (RFC 7801 section 4.2).
var linearFactors = [16]byte{148, 32, 133, 16, 194, 192, 1, 251, 1, 192, 194, 16, 133, 32, 148, 1}

// linear is L: sixteen steps of the shift register R. It is used for tables and
// decryption only.
func linear(b *[CipherBlockSize]byte) {
	for range b {
		sum := linearSum(b)
		copy(b[1:], b[:15])
		b[0] = sum
	}
}

// linearInverse undoes linear.
func linearInverse(b *[CipherBlockSize]byte) {
	for range b {
		first := b[0]
		copy(b[:15], b[1:])
		b[15] = first
		b[15] = linearSum(b)
	}
}

func linearSum(b *[CipherBlockSize]byte) (sum byte) {
	for i, f := range linearFactors {
		sum ^= multiply(f, b[i])
	}
	return sum
}

// multiply works in GF(2^8) modulo x^8 + x^7 + x^6 + x + 1.
func multiply(a, b byte) (p byte) {
	for ; b != 0; b >>= 1 {
		if b&1 != 0 {
			p ^= a
		}
		if a&0x80 != 0 {
			a = a<<1 ^ 0xc3
		} else {
			a <<= 1
		}
	}
	return p
}

func load(b []byte) (lo, hi uint64) {
	return binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:16])
}

func store(b []byte, lo, hi uint64) {
	binary.LittleEndian.PutUint64(b, lo)
	binary.LittleEndian.PutUint64(b[8:16], hi)
}

// Kuznyechik is the block cipher of ГОСТ Р 34.12-2015 (RFC 7801) under one key. It
// is safe for concurrent use.
type Kuznyechik struct {
	t    *lsTables
	keys [10][2]uint64
	sub  [2][2]uint64 // subkeys of CMAC
}

var _ cipher.Block = (*Kuznyechik)(nil)

// NewKuznyechik makes the round keys and the CMAC subkeys of a key.
func NewKuznyechik(key [KeySize]byte) *Kuznyechik {
	k := &Kuznyechik{t: ls()}
	al, ah := load(key[:16])
	bl, bh := load(key[16:])
	k.keys[0], k.keys[1] = [2]uint64{al, ah}, [2]uint64{bl, bh}
	for i := range 4 {
		for j := range 8 {
			c := scheduleConstant(8*i + j + 1)
			l, h := k.t.round(al^c[0], ah^c[1])
			al, ah, bl, bh = l^bl, h^bh, al, ah
		}
		k.keys[2*i+2], k.keys[2*i+3] = [2]uint64{al, ah}, [2]uint64{bl, bh}
	}
	k.deriveSubkeys()
	return k
}

// scheduleConstants are C1 … C32 of the key schedule: L of the number as a block.
var scheduleConstants = sync.OnceValue(func() *[32][2]uint64 {
	var c [32][2]uint64
	for i := range c {
		var b [CipherBlockSize]byte
		b[15] = byte(i + 1)
		linear(&b)
		c[i][0], c[i][1] = load(b[:])
	}
	return &c
})

func scheduleConstant(n int) [2]uint64 { return scheduleConstants()[n-1] }

// round is L(S(block)).
func (t *lsTables) round(lo, hi uint64) (uint64, uint64) {
	a, b := &t[0][byte(lo)], &t[1][byte(lo>>8)]
	c, d := &t[2][byte(lo>>16)], &t[3][byte(lo>>24)]
	l := a[0] ^ b[0] ^ c[0] ^ d[0]
	h := a[1] ^ b[1] ^ c[1] ^ d[1]
	a, b = &t[4][byte(lo>>32)], &t[5][byte(lo>>40)]
	c, d = &t[6][byte(lo>>48)], &t[7][byte(lo>>56)]
	l ^= a[0] ^ b[0] ^ c[0] ^ d[0]
	h ^= a[1] ^ b[1] ^ c[1] ^ d[1]
	a, b = &t[8][byte(hi)], &t[9][byte(hi>>8)]
	c, d = &t[10][byte(hi>>16)], &t[11][byte(hi>>24)]
	l ^= a[0] ^ b[0] ^ c[0] ^ d[0]
	h ^= a[1] ^ b[1] ^ c[1] ^ d[1]
	a, b = &t[12][byte(hi>>32)], &t[13][byte(hi>>40)]
	c, d = &t[14][byte(hi>>48)], &t[15][byte(hi>>56)]
	l ^= a[0] ^ b[0] ^ c[0] ^ d[0]
	h ^= a[1] ^ b[1] ^ c[1] ^ d[1]
	return l, h
}

func (k *Kuznyechik) encrypt(lo, hi uint64) (uint64, uint64) {
	t := k.t
	for i := range 9 {
		lo, hi = t.round(lo^k.keys[i][0], hi^k.keys[i][1])
	}
	return lo ^ k.keys[9][0], hi ^ k.keys[9][1]
}

// BlockSize is 16.
func (k *Kuznyechik) BlockSize() int { return CipherBlockSize }

// Encrypt encrypts one block. dst and src must have 16 bytes and may be the same.
func (k *Kuznyechik) Encrypt(dst, src []byte) {
	lo, hi := load(src[:CipherBlockSize])
	lo, hi = k.encrypt(lo, hi)
	store(dst[:CipherBlockSize], lo, hi)
}

// Decrypt decrypts one block. It goes without tables and is many times slower than
// Encrypt: no scheme of ours decrypts blocks.
func (k *Kuznyechik) Decrypt(dst, src []byte) {
	inverse := piInverse()
	b := [CipherBlockSize]byte(src[:CipherBlockSize])
	k.addKey(&b, 9)
	for i := 8; i >= 0; i-- {
		linearInverse(&b)
		for j := range b {
			b[j] = inverse[b[j]]
		}
		k.addKey(&b, i)
	}
	copy(dst[:CipherBlockSize], b[:])
}

func (k *Kuznyechik) addKey(b *[CipherBlockSize]byte, i int) {
	lo, hi := load(b[:])
	store(b[:], lo^k.keys[i][0], hi^k.keys[i][1])
}
