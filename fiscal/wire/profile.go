package wire

import "fmt"

// Profile says how forgiving the reader is. Strict accepts what the papers allow;
// lenient also accepts what registers in the field were seen to send, with a Note
// (TRN-012, E-03, E-08).
type Profile uint8

// Profiles of reading.
const (
	Strict Profile = iota
	Lenient
)

// String prints "strict" or "lenient".
func (p Profile) String() string {
	if p == Lenient {
		return "lenient"
	}
	return "strict"
}

// ParseProfile reads "strict" or "lenient".
func ParseProfile(s string) (Profile, error) {
	switch s {
	case "strict":
		return Strict, nil
	case "lenient":
		return Lenient, nil
	}
	return Strict, fmt.Errorf("wire: profile %q: want strict or lenient", s)
}
