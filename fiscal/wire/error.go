package wire

import (
	"fmt"

	"github.com/fiscalbench/fiscalbench/fiscal"
)

// Error is a message that breaks the transport rules: which rule, at which byte.
type Error struct {
	Fault    fiscal.Fault
	Offset   int // from the first byte of the session header, or of the container when there is none
	Expected string
	Got      string
}

func (e *Error) Error() string {
	return fmt.Sprintf("wire: %s at offset %d: expected %s, got %s", e.Fault, e.Offset, e.Expected, e.Got)
}

// Note is something the reader accepted and still wants known: a lenient reading,
// an unusual but legal value.
type Note struct {
	Fault  fiscal.Fault // the fault a strict reader would raise; FaultNone for a mere remark
	Offset int
	Text   string
}
