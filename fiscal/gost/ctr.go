package gost

import "math/bits"

// CTR encrypts or decrypts src into dst in counter mode (гаммирование, ГОСТ Р
// 34.13-2015 section 5.2): the counter starts at iv followed by eight zero bytes
// and grows by one a block. dst must be at least as long as src; the two may be
// the same slice.
func (k *Kuznyechik) CTR(iv [8]byte, dst, src []byte) {
	dst = dst[:len(src)]
	var block [CipherBlockSize]byte
	copy(block[:], iv[:])
	lo, _ := load(block[:])
	for n := uint64(0); len(src) > 0; n++ {
		l, h := k.encrypt(lo, bits.ReverseBytes64(n))
		if len(src) < CipherBlockSize {
			store(block[:], l, h)
			for i := range src {
				dst[i] = src[i] ^ block[i]
			}
			return
		}
		sl, sh := load(src)
		store(dst, sl^l, sh^h)
		dst, src = dst[CipherBlockSize:], src[CipherBlockSize:]
	}
}
