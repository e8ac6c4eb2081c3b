package fiscal

import (
	"fmt"
	"strings"
)

// FNNumberLen is the width of a fiscal drive number on the wire (tag 1041,
// session header): ASCII, padded on the right with spaces.
const FNNumberLen = 16

// FNNumber is the number of a fiscal drive (номер ФН, tag 1041) without
// padding: 1 to 16 decimal digits. Real drives have 16; one public capture
// (cap-02) has 15.
type FNNumber string

// ParseFNNumber trims the padding of s and checks that 1 to 16 digits are left.
func ParseFNNumber(s string) (FNNumber, error) {
	t := strings.TrimRight(s, " ")
	if len(t) == 0 || len(t) > FNNumberLen {
		return "", fmt.Errorf("fiscal: FN number %q: want 1 to %d digits", s, FNNumberLen)
	}
	if !digits(t) {
		return "", fmt.Errorf("fiscal: FN number %q: holds something that is not a digit", s)
	}
	return FNNumber(t), nil
}

// Padded returns the 16 bytes that stand in tag 1041 and in the session header.
func (n FNNumber) Padded() [FNNumberLen]byte {
	var b [FNNumberLen]byte
	for i := copy(b[:], n); i < len(b); i++ {
		b[i] = ' '
	}
	return b
}

// BCD returns the 8 bytes of the container header: two digits a byte, high half
// first, missing digits filled with the half-byte F (cap-02).
func (n FNNumber) BCD() [8]byte {
	var b [8]byte
	for i := range b {
		b[i] = bcdDigit(n, 2*i)<<4 | bcdDigit(n, 2*i+1)
	}
	return b
}

func bcdDigit(n FNNumber, i int) byte {
	if i >= len(n) {
		return 0xF
	}
	return n[i] - '0'
}

// FNNumberFromBCD reads the number from the container header. It fails on a
// half-byte that is neither a digit nor trailing F.
func FNNumberFromBCD(b [8]byte) (FNNumber, error) {
	var s [FNNumberLen]byte
	n, ended := 0, false
	for i := range FNNumberLen {
		d := b[i/2] >> 4
		if i%2 == 1 {
			d = b[i/2] & 0xF
		}
		switch {
		case d == 0xF:
			ended = true
		case d > 9 || ended:
			return "", fmt.Errorf("fiscal: FN number in BCD %x: half-byte %d is not a digit", b, i)
		default:
			s[n] = '0' + d
			n++
		}
	}
	if n == 0 {
		return "", fmt.Errorf("fiscal: FN number in BCD %x: no digits", b)
	}
	return FNNumber(s[:n]), nil
}

// FDNumber is the number of a fiscal document (номер ФД, tag 1040): 1 and up
// without gaps within one drive. The container header has three bytes for it.
type FDNumber uint32

// MaxFDNumber is the greatest number that fits the container header.
const MaxFDNumber FDNumber = 1<<24 - 1

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
