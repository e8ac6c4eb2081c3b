package gost

// HMAC256 is HMAC over Streebog-256 of the parts one after another: RFC 7836
// section 4.1.1. A key longer than 64 bytes is hashed first.
func HMAC256(key []byte, parts ...[]byte) [Size256]byte {
	var pad [BlockSize]byte
	if len(key) > BlockSize {
		sum := Sum256(key)
		copy(pad[:], sum[:])
	} else {
		copy(pad[:], key)
	}
	for i := range pad {
		pad[i] ^= 0x36
	}
	var d digest
	d.Reset()
	d.write(pad[:])
	for _, p := range parts {
		d.write(p)
	}
	inner := d.sum()
	for i := range pad {
		pad[i] ^= 0x36 ^ 0x5c
	}
	return Sum256(pad[:], inner[:])
}

// KDF256 is KDF_GOSTR3411_2012_256 of RFC 7836 section 4.5: a key of 32 bytes from
// a key, a label and a seed.
func KDF256(key, label, seed []byte) [Size256]byte {
	return HMAC256(key, []byte{0x01}, label, []byte{0x00}, seed, []byte{0x01, 0x00})
}
