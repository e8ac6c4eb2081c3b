package tlv

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Causes of decoding errors; compare with errors.Is.
var (
	ErrHeader   = errors.New("header cut short")
	ErrOverrun  = errors.New("value runs past the end of its parent")
	ErrDepth    = errors.New("nested too deep")
	ErrCount    = errors.New("too many fields")
	ErrTooLong  = errors.New("longer than allowed")
	ErrValue    = errors.New("value does not fit its kind")
	ErrEncoding = errors.New("text has no CP866 form")
)

// Error says which field of a buffer could not be read or written, where and
// why. Values never stand in it: they may be personal data.
type Error struct {
	Path     []Tag  // from the outside in; empty when no tag was read yet
	Offset   int    // of the field's header from the start of the buffer, in bytes
	Expected string // in words or a number with its unit
	Got      string
	Err      error // one of the causes above
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("tlv: ")
	if len(e.Path) > 0 {
		b.WriteString("tag " + PathString(e.Path) + " ")
	}
	fmt.Fprintf(&b, "at offset %d: %v", e.Offset, e.Err)
	if e.Expected != "" {
		b.WriteString(": expected " + e.Expected + ", got " + e.Got)
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

// PathString writes a tag path as "1059/1030".
func PathString(path []Tag) string {
	parts := make([]string, len(path))
	for i, t := range path {
		parts[i] = strconv.Itoa(int(t))
	}
	return strings.Join(parts, "/")
}
