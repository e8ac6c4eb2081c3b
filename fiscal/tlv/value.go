package tlv

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/encoding/charmap"
)

// Uint reads byte, uint16, uint32 and VLN values: an unsigned little-endian
// number of 0 to 8 bytes. An empty value is 0 and high zero bytes are redundant
// (both seen in captures).
func Uint(value []byte) (uint64, error) {
	if len(value) > 8 {
		return 0, &Error{Expected: "at most 8 bytes", Got: fmt.Sprintf("%d bytes", len(value)), Err: ErrValue}
	}
	var n uint64
	for i, b := range value {
		n |= uint64(b) << (8 * i)
	}
	return n, nil
}

// AppendVLN writes n little-endian in as few bytes as it needs; zero is one byte 00.
func AppendVLN(dst []byte, n uint64) []byte {
	dst = append(dst, byte(n))
	for n >>= 8; n != 0; n >>= 8 {
		dst = append(dst, byte(n))
	}
	return dst
}

// FVLN is a number with a decimal point (tag 1023): Magnitude / 10^Decimals. On
// the wire: one byte of decimals, then the magnitude as VLN.
type FVLN struct {
	Decimals  uint8
	Magnitude uint64
}

// ParseFVLN reads an FVLN value of 0 to 8 bytes; an empty value is 0.
func ParseFVLN(value []byte) (FVLN, error) {
	if len(value) == 0 {
		return FVLN{}, nil
	}
	if len(value) > 8 {
		return FVLN{}, &Error{Expected: "at most 8 bytes", Got: fmt.Sprintf("%d bytes", len(value)), Err: ErrValue}
	}
	if value[0] > maxDecimals {
		return FVLN{}, &Error{Expected: fmt.Sprintf("at most %d decimals", maxDecimals), Got: strconv.Itoa(int(value[0])), Err: ErrValue}
	}
	n, err := Uint(value[1:])
	return FVLN{Decimals: value[0], Magnitude: n}, err
}

// maxDecimals is what a magnitude of 7 bytes can need: 10^17 > 2^56.
const maxDecimals = 17

// Append writes the value of f.
func (f FVLN) Append(dst []byte) []byte {
	return AppendVLN(append(dst, f.Decimals), f.Magnitude)
}

// String prints f with exactly its decimals: "2.926", "3".
func (f FVLN) String() string {
	s := strconv.FormatUint(f.Magnitude, 10)
	d := int(f.Decimals)
	if d == 0 {
		return s
	}
	if len(s) <= d {
		s = strings.Repeat("0", d+1-len(s)) + s
	}
	return s[:len(s)-d] + "." + s[len(s)-d:]
}

// ParseDecimal reads a plain decimal number ("29.82") as FVLN, keeping its
// decimals. It fails on signs, exponents and numbers over 7 bytes.
func ParseDecimal(s string) (FVLN, error) {
	whole, frac, _ := strings.Cut(s, ".")
	n, err := strconv.ParseUint(whole+frac, 10, 64)
	if err != nil || len(frac) > maxDecimals || n >= 1<<56 || whole == "" {
		return FVLN{}, &Error{Expected: "a decimal number of at most 7 bytes", Got: strconv.Quote(s), Err: ErrValue}
	}
	return FVLN{Decimals: uint8(len(frac)), Magnitude: n}, nil
}

// MulRound returns f × n rounded half up to a whole number; ok is false when the
// product exceeds 64 bits.
func (f FVLN) MulRound(n uint64) (product uint64, ok bool) {
	div := uint64(1)
	for range f.Decimals {
		div *= 10
	}
	hi, lo := bits.Mul64(f.Magnitude, n)
	lo, carry := bits.Add64(lo, div/2, 0)
	hi += carry
	if hi >= div {
		return 0, false
	}
	q, _ := bits.Div64(hi, lo, div)
	return q, true
}

// Text decodes CP866. Every byte has a meaning, so it cannot fail; padding stays.
func Text(value []byte) string {
	var b strings.Builder
	b.Grow(2 * len(value))
	for _, c := range value {
		b.WriteRune(charmap.CodePage866.DecodeByte(c))
	}
	return b.String()
}

// AppendText encodes s as CP866. It fails with ErrEncoding on a character that
// CP866 lacks («guillemets», dashes, ₽): the caller replaces it knowingly.
func AppendText(dst []byte, s string) ([]byte, error) {
	for i, r := range s {
		c, ok := charmap.CodePage866.EncodeRune(r)
		if !ok {
			return dst, &Error{Offset: i, Expected: "a character of CP866", Got: strconv.QuoteRune(r), Err: ErrEncoding}
		}
		dst = append(dst, c)
	}
	return dst, nil
}

// Time reads a unixtime value (4 bytes). The result is in UTC: in documents of a
// register it shows the local wall clock of the place of settlement, in a
// confirmation real UTC (ffd/README.md section 1).
func Time(value []byte) (time.Time, error) {
	if len(value) != 4 {
		return time.Time{}, &Error{Expected: "4 bytes", Got: fmt.Sprintf("%d bytes", len(value)), Err: ErrValue}
	}
	n, err := Uint(value)
	return time.Unix(int64(n), 0).UTC(), err
}

// WallClock returns the wall clock of t in its own zone as if it were UTC, which
// is how documents of a register carry time.
func WallClock(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
}
