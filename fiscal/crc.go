package fiscal

// CRC16 is CRC-16/CCITT-FALSE over the parts in order: polynomial 0x1021, start
// 0xFFFF, no reflection, no final XOR; "123456789" gives 0x29B1. It protects
// session headers, containers and FN serial frames (transport.md 3.3) and makes
// the check digits of a registration number.
func CRC16(parts ...[]byte) uint16 {
	crc := uint16(0xFFFF)
	for _, p := range parts {
		for len(p) >= 8 {
			crc = crcTables[7][p[0]^byte(crc>>8)] ^ crcTables[6][p[1]^byte(crc)] ^ crcTables[5][p[2]] ^ crcTables[4][p[3]] ^
				crcTables[3][p[4]] ^ crcTables[2][p[5]] ^ crcTables[1][p[6]] ^ crcTables[0][p[7]]
			p = p[8:]
		}
		for _, b := range p {
			crc = crc<<8 ^ crcTables[0][byte(crc>>8)^b]
		}
	}
	return crc
}

// crcTables[k] has the check code of each byte with k zero bytes after it: eight
// bytes are eight lookups that do not wait for each other.
var crcTables = func() (t [8][256]uint16) {
	for i := range t[0] {
		c := uint16(i) << 8
		for range 8 {
			if c&0x8000 != 0 {
				c = c<<1 ^ 0x1021
			} else {
				c <<= 1
			}
		}
		t[0][i] = c
	}
	for k := 1; k < len(t); k++ {
		for i, c := range t[k-1] {
			t[k][i] = c<<8 ^ t[0][c>>8]
		}
	}
	return t
}()
