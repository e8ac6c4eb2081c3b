// Package strictyaml decodes YAML that people write: an unknown field is an error,
// and so is input on which the YAML library gives up with a panic (a tagged null
// where a list is wanted does that in goccy/go-yaml v1.19.2).
//
// It adds nothing to the language; what a file means is its owner's business.
package strictyaml

import (
	"errors"
	"fmt"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// ErrUnreadable is input that the library cannot take apart.
var ErrUnreadable = errors.New("strictyaml: the text is not readable YAML")

// Unmarshal decodes b into v. Errors of the library name line and column.
func Unmarshal(b []byte, v any) error {
	return guard(func() error { return yaml.UnmarshalWithOptions(b, v, yaml.Strict()) })
}

// Node decodes a part of a parsed file into v.
func Node(n ast.Node, v any) error {
	return guard(func() error { return yaml.NodeToValue(n, v, yaml.Strict()) })
}

// guard turns a panic of the library into an error.
func guard(decode func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", ErrUnreadable, p)
		}
	}()
	return decode()
}
