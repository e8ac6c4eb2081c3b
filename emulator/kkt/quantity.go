package kkt

import (
	"strings"

	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// Quantity is tag 1023: a decimal number that keeps its decimals. In JSON it is a
// number ("2.926"). The zero value is refused in receipts.
type Quantity struct{ tlv.FVLN }

// Pieces is a whole quantity.
func Pieces(n uint64) Quantity { return Quantity{tlv.FVLN{Magnitude: n}} }

// ParseQuantity reads a plain decimal number with at most six decimals' worth of a
// seven-byte magnitude.
func ParseQuantity(s string) (Quantity, error) {
	v, err := tlv.ParseDecimal(s)
	return Quantity{v}, err
}

// MarshalJSON writes a number.
func (q Quantity) MarshalJSON() ([]byte, error) { return []byte(q.String()), nil }

// UnmarshalJSON reads a number, quoted or not, without an exponent.
func (q *Quantity) UnmarshalJSON(b []byte) (err error) {
	*q, err = ParseQuantity(strings.Trim(string(b), `"`))
	return err
}
