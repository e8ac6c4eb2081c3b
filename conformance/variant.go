package conformance

import (
	"fmt"
	"strings"
)

// Variant is a way to run a case: which format version the register has, whether it
// encrypts, and in which pieces its messages arrive.
type Variant struct {
	FFD     byte // value of tag 1209: 2, 3, 4; 2 when zero
	Encrypt bool
	Split   int // bytes of a segment; 0 sends messages whole
}

// Sets of variants.
var (
	EachFFD = []Variant{{FFD: 2}, {FFD: 3}, {FFD: 4}}
	// EachWay also encrypts and splits: the whole of transport.md sections 3 to 6.
	EachWay = []Variant{{FFD: 2}, {FFD: 3}, {FFD: 4}, {FFD: 2, Encrypt: true}, {FFD: 4, Encrypt: true}, {FFD: 3, Split: 31}}
	FFD11   = []Variant{{FFD: 3}}
	FFD12   = []Variant{{FFD: 4}}
	From11  = []Variant{{FFD: 3}, {FFD: 4}}
	Before  = []Variant{{FFD: 2}, {FFD: 3}} // before FFD 1.2
)

var ffdNames = map[byte]string{1: "1.0", 2: "1.05", 3: "1.1", 4: "1.2"}

// String names the variant: "ffd1.2+encrypted". The zero variant has no name.
func (v Variant) String() string {
	var parts []string
	if v.FFD != 0 {
		parts = append(parts, "ffd"+ffdNames[v.FFD])
	}
	if v.Encrypt {
		parts = append(parts, "encrypted")
	}
	if v.Split > 0 {
		parts = append(parts, fmt.Sprintf("split%d", v.Split))
	}
	return strings.Join(parts, "+")
}

// Version is the value of tag 1209.
func (v Variant) Version() byte {
	if v.FFD == 0 {
		return 2
	}
	return v.FFD
}

// InWays returns the variants of the case, at least one.
func (c *Case) InWays() []Variant {
	if len(c.Variants) == 0 {
		return []Variant{{}}
	}
	return c.Variants
}
