package fiscal

import (
	"fmt"
	"strings"
)

// RegNumberLen is the width of tag 1037 on the wire: 16 digits and four spaces.
const RegNumberLen = 20

// RegNumber is the registration number of a register (РНМ, tag 1037) without
// padding: 10 digits of a serial number and 6 check digits.
type RegNumber string

// MakeRegNumber builds the number that the tax service would give: serial (at
// most 10 digits), user and factory number of the register (at most 20 digits)
// determine the check digits (order ЕД-7-20/662@, paragraph 16).
func MakeRegNumber(serial uint64, user INN, factory string) RegNumber {
	lead := fmt.Sprintf("%010d", serial)
	return RegNumber(lead + regCheck(lead, user, factory))
}

func regCheck(lead string, user INN, factory string) string {
	text := zeroPad(lead, 10) + zeroPad(string(user), INNLen) + zeroPad(factory, 20)
	return fmt.Sprintf("%06d", CRC16([]byte(text)))
}

// ParseRegNumber trims the padding of s and checks that 16 digits are left. The
// check digits need the user and the factory number: see Check.
func ParseRegNumber(s string) (RegNumber, error) {
	t := strings.TrimRight(s, " ")
	if len(t) != 16 || !digits(t) {
		return "", fmt.Errorf("fiscal: registration number %q: want 16 digits", s)
	}
	return RegNumber(t), nil
}

// Check verifies the six check digits against the user's INN and the factory
// number of the register.
func (n RegNumber) Check(user INN, factory string) error {
	if len(n) != 16 || !digits(string(n)) {
		return fmt.Errorf("fiscal: registration number %q: want 16 digits", string(n))
	}
	if want := regCheck(string(n[:10]), user, factory); string(n[10:]) != want {
		return fmt.Errorf("fiscal: registration number %q: check digits %s, want %s for INN %s and factory number %s",
			string(n), n[10:], want, user, factory)
	}
	return nil
}

// Padded returns the 20 bytes of the field on the wire.
func (n RegNumber) Padded() [RegNumberLen]byte {
	var b [RegNumberLen]byte
	for i := copy(b[:], n); i < len(b); i++ {
		b[i] = ' '
	}
	return b
}

func zeroPad(s string, width int) string {
	if len(s) >= width {
		return s
	}
	return strings.Repeat("0", width-len(s)) + s
}
