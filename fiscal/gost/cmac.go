package gost

import (
	"crypto/subtle"
	"math/bits"
)

// deriveSubkeys makes the two subkeys that mark a whole and a padded last block.
func (k *Kuznyechik) deriveSubkeys() {
	lo, hi := k.encrypt(0, 0)
	for i := range k.sub {
		lo, hi = double(lo, hi)
		k.sub[i] = [2]uint64{lo, hi}
	}
}

// double shifts a block, read as a big-endian number, left by one bit in GF(2^128).
func double(lo, hi uint64) (uint64, uint64) {
	a, b := bits.ReverseBytes64(lo), bits.ReverseBytes64(hi)
	top := a >> 63
	a, b = a<<1|b>>63, b<<1^top*0x87
	return bits.ReverseBytes64(a), bits.ReverseBytes64(b)
}

// MAC is CMAC (имитовставка, ГОСТ Р 34.13-2015 section 5.6, also known as OMAC1)
// of the parts one after another, 16 bytes. It does not allocate.
func (k *Kuznyechik) MAC(parts ...[]byte) (mac [CipherBlockSize]byte) {
	var lo, hi uint64
	var buf [CipherBlockSize]byte
	n := 0 // bytes in buf; a full buffer waits, for it may be the last block
	for _, p := range parts {
		if n > 0 {
			m := copy(buf[n:], p)
			n += m
			p = p[m:]
			if len(p) == 0 {
				continue
			}
			l, h := load(buf[:])
			lo, hi = k.encrypt(lo^l, hi^h)
			n = 0
		}
		for len(p) > CipherBlockSize {
			l, h := load(p)
			lo, hi = k.encrypt(lo^l, hi^h)
			p = p[CipherBlockSize:]
		}
		n = copy(buf[:], p)
	}
	sub := &k.sub[0]
	if n < CipherBlockSize {
		buf[n] = 0x80
		clear(buf[n+1:])
		sub = &k.sub[1]
	}
	l, h := load(buf[:])
	lo, hi = k.encrypt(lo^l^sub[0], hi^h^sub[1])
	store(mac[:], lo, hi)
	return mac
}

// Equal compares two signs in time that depends on their lengths only.
func Equal(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }
