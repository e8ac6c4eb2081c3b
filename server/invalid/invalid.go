// Package invalid says what was wrong with what somebody filled in: services of the
// cabinet answer with it, pages show it beside the fields, the API as a problem. It
// checks nothing.
package invalid

import (
	"maps"
	"slices"
	"strings"
)

// Fields are wrong fields by name, with texts for people, in Russian; "" is the form
// as a whole. A text never holds what was filled in when that is personal.
type Fields map[string]string

// Error lists the fields in the order of their names.
func (e Fields) Error() string {
	texts := make([]string, 0, len(e))
	for _, field := range slices.Sorted(maps.Keys(e)) {
		if field == "" {
			texts = append(texts, e[field])
			continue
		}
		texts = append(texts, field+": "+e[field])
	}
	return "invalid: " + strings.Join(texts, "; ")
}

// Add notes a field when text is not empty; the first text of a field stays.
func (e Fields) Add(field, text string) {
	if _, there := e[field]; !there && text != "" {
		e[field] = text
	}
}

// Err is nil when no field is wrong.
func (e Fields) Err() error {
	if len(e) == 0 {
		return nil
	}
	return e
}
