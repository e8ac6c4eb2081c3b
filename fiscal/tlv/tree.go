package tlv

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Limits of one decoding; zero fields mean the defaults.
type Limits struct {
	Depth  int // nesting of STLV, the outermost level being 1
	Fields int // in the whole tree
	Length int // of the buffer in bytes
}

// Default limits: deeper and longer documents do not exist in the formats
// (transport.md section 6: a receipt has at most 32 768 bytes; counters nest
// four levels).
const (
	DefaultDepth  = 8
	DefaultFields = 16384
	DefaultLength = MaxValueLen
)

func (l Limits) orDefault() Limits {
	if l.Depth == 0 {
		l.Depth = DefaultDepth
	}
	if l.Fields == 0 {
		l.Fields = DefaultFields
	}
	if l.Length == 0 {
		l.Length = DefaultLength
	}
	return l
}

// Node is a field with its children. A leaf keeps its value as it stood, so an
// unknown tag is written back byte for byte. Value aliases the decoded buffer.
type Node struct {
	Tag      Tag
	Offset   int    // of the field's header from the start of the buffer
	Value    []byte // of a leaf; of an STLV the bytes its children were read from
	Nested   bool   // an STLV; Children may still be empty
	Children []Node
}

// Parse reads buf into a tree. nested tells which tags are STLV. On an error the
// fields read so far are returned with it.
func Parse(buf []byte, nested func(Tag) bool, limits Limits) ([]Node, error) {
	p := parser{nested: nested, limits: limits.orDefault()}
	if len(buf) > p.limits.Length {
		return nil, &Error{Expected: fmt.Sprintf("at most %d bytes", p.limits.Length), Got: fmt.Sprintf("%d bytes", len(buf)), Err: ErrTooLong}
	}
	return p.level(buf, 0, 1)
}

type parser struct {
	nested func(Tag) bool
	limits Limits
	path   []Tag
	count  int
}

func (p *parser) level(buf []byte, base, depth int) ([]Node, error) {
	if depth > p.limits.Depth {
		return nil, p.fail(base, fmt.Sprintf("at most %d levels", p.limits.Depth), fmt.Sprintf("%d", depth), ErrDepth)
	}
	var nodes []Node
	w := Walk(buf)
	for w.Next() {
		f := w.Field()
		if p.count++; p.count > p.limits.Fields {
			return nodes, p.fail(base+f.Offset, fmt.Sprintf("at most %d fields", p.limits.Fields), "more", ErrCount)
		}
		n := Node{Tag: f.Tag, Offset: base + f.Offset, Value: f.Value}
		if p.nested(f.Tag) {
			n.Nested = true
			p.path = append(p.path, f.Tag)
			var err error
			n.Children, err = p.level(f.Value, n.Offset+HeaderLen, depth+1)
			p.path = p.path[:len(p.path)-1]
			if err != nil {
				return append(nodes, n), err
			}
		}
		nodes = append(nodes, n)
	}
	if err := w.Err(); err != nil {
		var e *Error
		errors.As(err, &e)
		e.Path = append(append([]Tag{}, p.path...), e.Path...)
		e.Offset += base
		return nodes, e
	}
	return nodes, nil
}

func (p *parser) fail(offset int, expected, got string, cause error) error {
	return &Error{Path: append([]Tag{}, p.path...), Offset: offset, Expected: expected, Got: got, Err: cause}
}

// Append writes nodes to dst, STLV from their children, leaves as they are. It
// fails with ErrTooLong when a value does not fit its length field.
func Append(dst []byte, nodes []Node) ([]byte, error) {
	for i := range nodes {
		n := &nodes[i]
		start := len(dst)
		dst = binary.LittleEndian.AppendUint16(dst, uint16(n.Tag))
		dst = append(dst, 0, 0)
		if n.Nested {
			var err error
			if dst, err = Append(dst, n.Children); err != nil {
				return dst, err
			}
		} else {
			dst = append(dst, n.Value...)
		}
		size := len(dst) - start - HeaderLen
		if size > MaxValueLen {
			return dst, &Error{Path: []Tag{n.Tag}, Offset: start, Expected: fmt.Sprintf("at most %d bytes", MaxValueLen),
				Got: fmt.Sprintf("%d bytes", size), Err: ErrTooLong}
		}
		binary.LittleEndian.PutUint16(dst[start+2:], uint16(size))
	}
	return dst, nil
}

// Child returns the first child with the tag, or nil.
func (n *Node) Child(tag Tag) *Node { return Lookup(n.Children, tag) }

// Lookup returns the first node with the tag, or nil.
func Lookup(nodes []Node, tag Tag) *Node {
	for i := range nodes {
		if nodes[i].Tag == tag {
			return &nodes[i]
		}
	}
	return nil
}
