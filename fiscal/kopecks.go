package fiscal

import (
	"fmt"
	"strconv"
	"strings"
)

// Kopecks is a sum of money in whole kopecks. All money of the formats is
// unsigned on the wire (VLN of at most 6 bytes); differences may be negative.
type Kopecks int64

// MaxKopecks is the greatest sum that a VLN of 6 bytes can hold.
const MaxKopecks Kopecks = 1<<48 - 1

// String prints roubles with two decimals, as in the QR text: "123.45".
func (k Kopecks) String() string {
	sign := ""
	if k < 0 {
		sign, k = "-", -k
	}
	return fmt.Sprintf("%s%d.%02d", sign, k/100, k%100)
}

// ParseKopecks reads roubles with at most two decimals ("123", "123.4", "123.45").
func ParseKopecks(s string) (Kopecks, error) {
	whole, frac, hasFrac := strings.Cut(s, ".")
	if !digits(whole) || whole == "" || !digits(frac) || len(frac) > 2 || (hasFrac && frac == "") {
		return 0, fmt.Errorf("fiscal: sum %q: want roubles with at most two decimals", s)
	}
	n, err := strconv.ParseInt(whole+(frac + "00")[:2], 10, 64)
	if err != nil || Kopecks(n) > MaxKopecks {
		return 0, fmt.Errorf("fiscal: sum %q: too large", s)
	}
	return Kopecks(n), nil
}
