package fiscal

import (
	"fmt"
	"strings"
)

// INNLen is the width of an INN on the wire (tags 1017, 1018, …): ASCII, padded
// on the right with spaces.
const INNLen = 12

// NoINN stands where no INN applies: tag 1017 in autonomous mode, an unknown
// supplier in 1226 (order ЕД-7-20/662@).
const NoINN INN = "000000000000"

// INN is a taxpayer number (ИНН) without padding: 10 digits for an organisation,
// 12 for a person.
type INN string

// ParseINN trims the padding of s and checks length, digits and check digits
// (flk.md section 10).
func ParseINN(s string) (INN, error) {
	n := INN(strings.TrimRight(s, " "))
	if err := n.Check(); err != nil {
		return "", err
	}
	return n, nil
}

// Check verifies length, digits and check digits.
func (n INN) Check() error {
	switch {
	case !digits(string(n)):
		return fmt.Errorf("fiscal: INN %q: holds something that is not a digit", string(n))
	case len(n) == 10:
		if n.control(10) != n[9]-'0' {
			return fmt.Errorf("fiscal: INN %q: wrong check digit", string(n))
		}
	case len(n) == 12:
		if n.control(11) != n[10]-'0' || n.control(12) != n[11]-'0' {
			return fmt.Errorf("fiscal: INN %q: wrong check digits", string(n))
		}
	default:
		return fmt.Errorf("fiscal: INN %q: %d digits, want 10 or 12", string(n), len(n))
	}
	return nil
}

// innWeights are the weights of the 12-digit form's last digit; shorter sums use
// its tail.
var innWeights = [...]int{3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8}

// control computes the check digit that stands at position pos (1-based).
func (n INN) control(pos int) byte {
	w := innWeights[len(innWeights)-(pos-1):]
	sum := 0
	for i, k := range w {
		sum += int(n[i]-'0') * k
	}
	return byte(sum % 11 % 10)
}

// WithCheckDigits completes 9 or 10 leading digits to a valid INN of 10 or 12.
// It panics on any other input; test data and demo registers are made with it.
func WithCheckDigits(lead string) INN {
	if !digits(lead) || (len(lead) != 9 && len(lead) != 10) {
		panic("fiscal: WithCheckDigits wants 9 or 10 digits, got " + lead)
	}
	n := INN(lead)
	if len(lead) == 9 {
		return n + INN([]byte{'0' + n.control(10)})
	}
	n += INN([]byte{'0' + n.control(11)})
	return n + INN([]byte{'0' + n.control(12)})
}

// Padded returns the 12 bytes of the field on the wire.
func (n INN) Padded() [INNLen]byte {
	var b [INNLen]byte
	for i := copy(b[:], n); i < len(b); i++ {
		b[i] = ' '
	}
	return b
}
