package fiscal

// CRC16 is CRC-16/CCITT-FALSE over the parts in order: polynomial 0x1021, start
// 0xFFFF, no reflection, no final XOR; "123456789" gives 0x29B1. It protects
// session headers, containers and FN serial frames (transport.md 3.3) and makes
// the check digits of a registration number.
func CRC16(parts ...[]byte) uint16 {
	crc := uint16(0xFFFF)
	for _, p := range parts {
		for _, b := range p {
			crc = crc<<8 ^ crcTable[byte(crc>>8)^b]
		}
	}
	return crc
}

var crcTable = func() (t [256]uint16) {
	for i := range t {
		c := uint16(i) << 8
		for range 8 {
			if c&0x8000 != 0 {
				c = c<<1 ^ 0x1021
			} else {
				c <<= 1
			}
		}
		t[i] = c
	}
	return t
}()
