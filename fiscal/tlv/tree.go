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
	p, err := newParser(buf, nested, limits)
	if err != nil {
		return nil, err
	}
	return p.level(buf, 0, 1)
}

// ParseInside is Parse for the fields of one STLV that fills buf, whatever nested
// says of its tag. Offsets count from the start of buf, paths of errors begin with
// its tag, and it is the first level of depth.
func ParseInside(buf []byte, nested func(Tag) bool, limits Limits) ([]Node, error) {
	p, err := newParser(buf, nested, limits)
	if err != nil {
		return nil, err
	}
	outer, rest, err := Outer(buf)
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		return nil, &Error{Path: []Tag{outer.Tag}, Offset: len(buf) - len(rest), Expected: "the end of the STLV",
			Got: fmt.Sprintf("%d more bytes", len(rest)), Err: ErrOverrun}
	}
	p.path, p.count = append(p.path, outer.Tag), 1
	return p.level(outer.Value, HeaderLen, 2)
}

type parser struct {
	nested func(Tag) bool
	limits Limits
	path   []Tag
	count  int
	room   []Node // for levels to come: a tree takes one or two blocks of memory
}

func newParser(buf []byte, nested func(Tag) bool, limits Limits) (*parser, error) {
	p := &parser{nested: nested, limits: limits.orDefault()}
	if len(buf) > p.limits.Length {
		return nil, &Error{Expected: fmt.Sprintf("at most %d bytes", p.limits.Length), Got: fmt.Sprintf("%d bytes", len(buf)), Err: ErrTooLong}
	}
	p.room = make([]Node, 0, min(len(buf)/bytesOfField, maxRoom)+1)
	return p, nil
}

// Size of the blocks that nodes are taken from: fields of real documents have 8
// bytes or more on the average.
const (
	bytesOfField = 8
	maxRoom      = 512
)

// take is memory for the nodes of one level.
func (p *parser) take(n int) []Node {
	if cap(p.room)-len(p.room) < n {
		p.room = make([]Node, 0, max(n, maxRoom/8))
	}
	start := len(p.room)
	p.room = p.room[:start+n]
	return p.room[start : start : start+n]
}

// fieldsOf counts the fields of one level, a broken one included.
func fieldsOf(buf []byte) (n int) {
	w := Walk(buf)
	for w.Next() {
		n++
	}
	return n
}

func (p *parser) level(buf []byte, base, depth int) ([]Node, error) {
	if depth > p.limits.Depth {
		return nil, p.fail(base, fmt.Sprintf("at most %d levels", p.limits.Depth), fmt.Sprintf("%d", depth), ErrDepth)
	}
	if len(buf) == 0 {
		return nil, nil
	}
	nodes := p.take(min(fieldsOf(buf), p.limits.Fields))
	w := Walk(buf)
	for w.Next() {
		f := w.Field()
		if p.count++; p.count > p.limits.Fields {
			return nodes, p.fail(base+f.Offset, fmt.Sprintf("at most %d fields", p.limits.Fields), "more", ErrCount)
		}
		nodes = append(nodes, Node{Tag: f.Tag, Offset: base + f.Offset, Value: f.Value})
		if p.nested(f.Tag) {
			n := &nodes[len(nodes)-1]
			n.Nested = true
			p.path = append(p.path, f.Tag)
			var err error
			n.Children, err = p.level(f.Value, n.Offset+HeaderLen, depth+1)
			p.path = p.path[:len(p.path)-1]
			if err != nil {
				return nodes, err
			}
		}
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
