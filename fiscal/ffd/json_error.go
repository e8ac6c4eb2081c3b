package ffd

import (
	"errors"
	"strconv"
	"strings"

	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// Causes of errors in JSON documents; compare with errors.Is.
var (
	ErrJSONSyntax   = errors.New("not JSON")
	ErrJSONDocument = errors.New("no document in it")
	ErrJSONType     = errors.New("wrong type")
	ErrJSONRange    = errors.New("out of range")
	ErrJSONText     = errors.New("text has no CP866 form")
	ErrJSONRaw      = errors.New("bad rawData")
)

// JSONError says where in a JSON document something cannot be read, and why.
// Values never stand in it: they may be personal data.
type JSONError struct {
	Path     string  // "receipt.items[2].price"
	Tag      tlv.Tag // 0 when the member is no requisite
	Expected string
	Got      string // the type or size of what stood there
	Err      error  // one of the causes above
}

func (e *JSONError) Error() string {
	var b strings.Builder
	b.WriteString("ffd: JSON")
	if e.Path != "" {
		b.WriteString(" " + e.Path)
	}
	if e.Tag != 0 {
		b.WriteString(" (tag " + strconv.Itoa(int(e.Tag)) + ")")
	}
	b.WriteString(": " + e.Err.Error())
	if e.Expected != "" {
		b.WriteString(": expected " + e.Expected)
	}
	if e.Got != "" {
		b.WriteString(", got " + e.Got)
	}
	return b.String()
}

func (e *JSONError) Unwrap() error { return e.Err }
