package fiscal

import (
	"encoding/binary"
	"fmt"
)

// FPD is the printed value of a document's fiscal sign (ФПД, tag 1077): bytes
// 2–5 of the tag read as a big-endian number.
type FPD uint32

// FPDFromTag reads the value of tag 1077 (6 bytes).
func FPDFromTag(value []byte) (FPD, error) {
	if len(value) != 6 {
		return 0, fmt.Errorf("fiscal: tag 1077 has %d bytes, want 6", len(value))
	}
	return FPD(binary.BigEndian.Uint32(value[2:])), nil
}

// Paper is the number as printed: ten digits with leading zeros.
func (p FPD) Paper() string { return fmt.Sprintf("%010d", uint32(p)) }

// QR is the number as written in the QR text: without leading zeros.
func (p FPD) QR() string { return fmt.Sprintf("%d", uint32(p)) }
