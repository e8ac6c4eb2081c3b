package gost

import (
	"encoding/binary"
	"hash"
	"math/bits"
	"sync"
)

// Sizes of Streebog-256 in bytes.
const (
	Size256   = 32
	BlockSize = 64
)

// block512 is 64 bytes as little-endian words in memory order.
type block512 [8]uint64

// lpsTables hold the linear transformation of the substituted byte x at position
// j of a 64-bit row: the whole of L, P and S is eight lookups a word.
type lpsTables [8][256]uint64

var lps = sync.OnceValue(makeLPS)

func makeLPS() *lpsTables {
	var t lpsTables
	for j := range t {
		for x, s := range pi {
			for k := range 8 {
				if s>>k&1 != 0 {
					t[j][x] ^= streebogA[63-8*j-k]
				}
			}
		}
	}
	return &t
}

// transform sets d to LPS(a ⊕ b) (RFC 6986 section 7). d may be a or b.
func (t *lpsTables) transform(d, a, b *block512) {
	w0, w1, w2, w3 := a[0]^b[0], a[1]^b[1], a[2]^b[2], a[3]^b[3]
	w4, w5, w6, w7 := a[4]^b[4], a[5]^b[5], a[6]^b[6], a[7]^b[7]
	for i := range d {
		d[i] = t[0][byte(w0)] ^ t[1][byte(w1)] ^ t[2][byte(w2)] ^ t[3][byte(w3)] ^
			t[4][byte(w4)] ^ t[5][byte(w5)] ^ t[6][byte(w6)] ^ t[7][byte(w7)]
		w0, w1, w2, w3, w4, w5, w6, w7 = w0>>8, w1>>8, w2>>8, w3>>8, w4>>8, w5>>8, w6>>8, w7>>8
	}
}

// digest is a Streebog-256 computation: RFC 6986 section 10. h, n and sigma are
// the state, the number of bits hashed and the control sum.
type digest struct {
	h, sigma block512
	n        block512
	buf      [BlockSize]byte
	nx       int
	t        *lpsTables
}

// New256 returns a Streebog-256 hash (ГОСТ Р 34.11-2012, RFC 6986). The sum is in
// memory order: the reverse of how the RFC prints it.
func New256() hash.Hash {
	d := new(digest)
	d.Reset()
	return d
}

// Sum256 is the Streebog-256 hash of the parts one after another.
func Sum256(parts ...[]byte) [Size256]byte {
	var d digest
	d.Reset()
	for _, p := range parts {
		d.write(p)
	}
	return d.sum()
}

func (d *digest) Size() int      { return Size256 }
func (d *digest) BlockSize() int { return BlockSize }

func (d *digest) Reset() {
	*d = digest{t: lps()}
	for i := range d.h {
		d.h[i] = 0x0101010101010101 // the 256-bit initial value
	}
}

// Write never fails.
func (d *digest) Write(p []byte) (int, error) {
	d.write(p)
	return len(p), nil
}

func (d *digest) write(p []byte) {
	if d.nx > 0 {
		n := copy(d.buf[d.nx:], p)
		d.nx += n
		p = p[n:]
		if d.nx < BlockSize {
			return
		}
		d.block(&d.buf, 8*BlockSize)
		d.nx = 0
	}
	for len(p) >= BlockSize {
		d.block((*[BlockSize]byte)(p), 8*BlockSize)
		p = p[BlockSize:]
	}
	d.nx = copy(d.buf[:], p)
}

// Sum appends the hash of what was written; more may be written after it.
func (d *digest) Sum(b []byte) []byte {
	c := *d
	s := c.sum()
	return append(b, s[:]...)
}

// sum pads with a one bit and zeros, then takes in the length and the control sum.
func (d *digest) sum() (out [Size256]byte) {
	n := d.nx
	d.buf[n] = 1
	clear(d.buf[n+1:])
	d.block(&d.buf, uint64(8*n))
	var zero block512
	d.compress(&d.n, &zero)
	d.compress(&d.sigma, &zero)
	for i, w := range d.h[4:] {
		binary.LittleEndian.PutUint64(out[8*i:], w)
	}
	return out
}

// block takes in one block of which length bits are message.
func (d *digest) block(p *[BlockSize]byte, length uint64) {
	var m block512
	for i := range m {
		m[i] = binary.LittleEndian.Uint64(p[8*i:])
	}
	d.compress(&m, &d.n)
	add512(&d.n, &block512{length})
	add512(&d.sigma, &m)
}

// compress is the function g of RFC 6986 section 8: twelve rounds keyed by h and n.
func (d *digest) compress(m, n *block512) {
	var k block512
	d.t.transform(&k, &d.h, n)
	x := *m
	for i := range streebogC {
		d.t.transform(&x, &x, &k)
		d.t.transform(&k, &k, &streebogC[i])
	}
	for i := range d.h {
		d.h[i] ^= x[i] ^ k[i] ^ m[i]
	}
}

// add512 adds modulo 2^512.
func add512(a, b *block512) {
	var carry uint64
	for i := range a {
		a[i], carry = bits.Add64(a[i], b[i], carry)
	}
}
