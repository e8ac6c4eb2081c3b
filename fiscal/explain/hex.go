package explain

import "encoding/hex"

// Hex is bytes that JSON shows as lower-case hex.
type Hex []byte

// MarshalText writes hex.
func (h Hex) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(h)), nil }

// UnmarshalText reads hex.
func (h *Hex) UnmarshalText(b []byte) (err error) {
	*h, err = hex.DecodeString(string(b))
	return err
}

// String is lower-case hex.
func (h Hex) String() string { return hex.EncodeToString(h) }
