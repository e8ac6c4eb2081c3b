package tlv

import (
	"encoding/binary"
	"fmt"
)

// Field is one TLV of a buffer. Value aliases the buffer.
type Field struct {
	Tag    Tag
	Offset int // of the field's header from the start of the walked buffer
	Value  []byte
}

// Walker steps over the fields of one level without allocating. The zero value
// walks nothing; use Walk.
type Walker struct {
	buf   []byte
	pos   int
	field Field
	err   *Error
}

// Walk starts over the fields of buf: the value of an STLV, or a document body.
func Walk(buf []byte) Walker { return Walker{buf: buf} }

// Next advances to the next field. It returns false at the end of the buffer and
// at the first error; Err tells which.
func (w *Walker) Next() bool {
	rest := len(w.buf) - w.pos
	if rest == 0 || w.err != nil {
		return false
	}
	if rest < HeaderLen {
		w.err = &Error{Offset: w.pos, Expected: "4 bytes of tag and length", Got: fmt.Sprintf("%d bytes", rest), Err: ErrHeader}
		return false
	}
	tag := Tag(binary.LittleEndian.Uint16(w.buf[w.pos:]))
	n := int(binary.LittleEndian.Uint16(w.buf[w.pos+2:]))
	if n > rest-HeaderLen {
		w.err = &Error{Path: []Tag{tag}, Offset: w.pos, Expected: fmt.Sprintf("at most %d bytes", rest-HeaderLen),
			Got: fmt.Sprintf("length %d", n), Err: ErrOverrun}
		return false
	}
	end := w.pos + HeaderLen + n
	w.field = Field{Tag: tag, Offset: w.pos, Value: w.buf[w.pos+HeaderLen : end : end]}
	w.pos = end
	return true
}

// Field is the field that the last Next found.
func (w *Walker) Field() Field { return w.field }

// Raw is the whole field that the last Next found, header included.
func (w *Walker) Raw() []byte { return w.buf[w.field.Offset:w.pos] }

// Err is nil after a walk that reached the end of the buffer, else an *Error.
func (w *Walker) Err() error {
	if w.err == nil {
		return nil
	}
	return w.err
}

// Find returns the value of the first field with the tag at this level. Fields
// before an unreadable one are found; the error itself is not reported.
func Find(buf []byte, tag Tag) (value []byte, ok bool) {
	w := Walk(buf)
	for w.Next() {
		if w.field.Tag == tag {
			return w.field.Value, true
		}
	}
	return nil, false
}

// FindRaw is Find for the whole field, header included.
func FindRaw(buf []byte, tag Tag) (raw []byte, ok bool) {
	w := Walk(buf)
	for w.Next() {
		if w.field.Tag == tag {
			return w.Raw(), true
		}
	}
	return nil, false
}

// Outer splits one STLV off the front of buf: a document with whatever follows it
// (its trailer). The rest may be empty.
func Outer(buf []byte) (doc Field, rest []byte, err error) {
	if len(buf) < HeaderLen {
		return Field{}, nil, &Error{Expected: "4 bytes of tag and length", Got: fmt.Sprintf("%d bytes", len(buf)), Err: ErrHeader}
	}
	tag := Tag(binary.LittleEndian.Uint16(buf))
	n := int(binary.LittleEndian.Uint16(buf[2:]))
	if n > len(buf)-HeaderLen {
		return Field{}, nil, &Error{Path: []Tag{tag}, Expected: fmt.Sprintf("at most %d bytes", len(buf)-HeaderLen),
			Got: fmt.Sprintf("length %d", n), Err: ErrOverrun}
	}
	end := HeaderLen + n
	return Field{Tag: tag, Value: buf[HeaderLen:end:end]}, buf[end:], nil
}
