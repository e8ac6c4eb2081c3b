package receipts

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Limits of reading; real files stay far below.
const (
	MaxFile  = 256 << 20 // bytes
	maxDepth = 64        // nesting of JSON
)

// nodeKind is the type of a value.
type nodeKind uint8

const (
	kindNull nodeKind = iota
	kindBool
	kindNumber // text holds the literal
	kindString
	kindArray
	kindObject
	kindBytes // raw; only from TLV
)

// node is one value of a source, JSON or TLV, with its place. Order and repeated
// names are kept.
type node struct {
	kind  nodeKind
	path  string
	text  string
	raw   []byte
	names []string // of an object's members; tag numbers when tlv
	kids  []*node
	tlv   bool   // an object read from TLV
	label string // kind to report, when it is not the JSON type
	used  bool
}

var kindLabels = [...]string{"null", "boolean", "number", "string", "array", "object", "bytes"}

func (n *node) kindName() string {
	if n.label != "" {
		return n.label
	}
	return kindLabels[n.kind]
}

// member is the first member with the name, or nil.
func (n *node) member(name string) *node {
	if n == nil || n.kind != kindObject {
		return nil
	}
	for i, m := range n.names {
		if m == name {
			return n.kids[i]
		}
	}
	return nil
}

// empty reports a value that says nothing: null, "", [], {} or an array of such.
func (n *node) empty() bool {
	switch n.kind {
	case kindNull:
		return true
	case kindString:
		return strings.TrimSpace(n.text) == ""
	case kindBytes:
		return len(n.raw) == 0
	case kindArray, kindObject:
		for _, k := range n.kids {
			if !k.empty() {
				return false
			}
		}
		return true
	}
	return false
}

// parseJSON reads every JSON value of the text: one document, or several one after
// another. Values of extended JSON ({"$date": …}, {"$numberLong": …}) become plain.
func parseJSON(text []byte) ([]*node, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var all []*node
	for {
		path := "$"
		if len(all) > 0 {
			path = fmt.Sprintf("$(%d)", len(all))
		}
		n, err := readNode(dec, path, 1)
		if errors.Is(err, io.EOF) && len(all) > 0 {
			break
		}
		if err != nil {
			return all, fmt.Errorf("receipts: JSON at byte %d: %w", dec.InputOffset(), err)
		}
		all = append(all, n)
	}
	if len(all) > 1 { // the first one was named before it was known that there are more
		all[0].rename("$", "$(0)")
	}
	return all, nil
}

func (n *node) rename(from, to string) {
	n.path = to + strings.TrimPrefix(n.path, from)
	for _, k := range n.kids {
		k.rename(from, to)
	}
}

func readNode(dec *json.Decoder, path string, depth int) (*node, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("nested deeper than %d levels", maxDepth)
	}
	tok, err := dec.Token()
	if err != nil {
		return nil, err
	}
	n := &node{path: path}
	switch v := tok.(type) {
	case nil:
		n.kind = kindNull
	case bool:
		n.kind, n.text = kindBool, strconv.FormatBool(v)
	case json.Number:
		n.kind, n.text = kindNumber, v.String()
	case string:
		n.kind, n.text = kindString, v
	case json.Delim:
		if v == '{' {
			return readObject(dec, n, depth)
		}
		return readArray(dec, n, depth)
	}
	return n, nil
}

func readObject(dec *json.Decoder, n *node, depth int) (*node, error) {
	n.kind = kindObject
	for dec.More() {
		tok, err := dec.Token()
		if err != nil {
			return nil, unexpectedEnd(err)
		}
		name, _ := tok.(string)
		kid, err := readNode(dec, n.path+"."+name, depth+1)
		if err != nil {
			return nil, unexpectedEnd(err)
		}
		n.names, n.kids = append(n.names, name), append(n.kids, kid)
	}
	if _, err := dec.Token(); err != nil {
		return nil, unexpectedEnd(err)
	}
	return n.plain(), nil
}

func readArray(dec *json.Decoder, n *node, depth int) (*node, error) {
	n.kind = kindArray
	for dec.More() {
		kid, err := readNode(dec, fmt.Sprintf("%s[%d]", n.path, len(n.kids)), depth+1)
		if err != nil {
			return nil, unexpectedEnd(err)
		}
		n.kids = append(n.kids, kid)
	}
	if _, err := dec.Token(); err != nil {
		return nil, unexpectedEnd(err)
	}
	return n, nil
}

// unexpectedEnd keeps an end of the text inside a value from looking like the end of
// the file.
func unexpectedEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// plain unwraps {"$date": v}, {"$numberLong": "v"} and the like.
func (n *node) plain() *node {
	if len(n.kids) != 1 || !strings.HasPrefix(n.names[0], "$") {
		return n
	}
	v := n.kids[0]
	switch v.kind {
	case kindNumber, kindString, kindBool, kindNull:
	default:
		return n
	}
	v.path, v.label = n.path, "object"
	if strings.HasPrefix(n.names[0], "$number") {
		v.kind = kindNumber
	}
	return v
}
