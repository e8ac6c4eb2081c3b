package tlv

import (
	"encoding/binary"
	"fmt"
	"slices"
	"time"
)

// Builder writes fields one after another. The first error sticks and later
// calls do nothing; Bytes returns it. The zero value is ready.
type Builder struct {
	buf  []byte
	path []Tag
	err  error

	levels [4]Tag // memory of path for documents that nest little
}

// Bytes returns what was written and the first error. The slice is the builder's
// own: copy it to keep it past a Reset.
func (b *Builder) Bytes() ([]byte, error) { return b.buf, b.err }

// Len is the number of bytes written so far.
func (b *Builder) Len() int { return len(b.buf) }

// Grow makes room for n more bytes, so that writing them takes no more memory.
func (b *Builder) Grow(n int) {
	b.buf = slices.Grow(b.buf, n)
	if b.path == nil {
		b.path = b.levels[:0]
	}
}

// Reset forgets everything but the memory.
func (b *Builder) Reset() { b.buf, b.path, b.err = b.buf[:0], b.path[:0], nil }

// Byte writes a one-byte value.
func (b *Builder) Byte(tag Tag, v uint8) {
	b.field(tag, func() error { b.buf = append(b.buf, v); return nil })
}

// Bool writes a flag as 0 or 1.
func (b *Builder) Bool(tag Tag, v bool) {
	if v {
		b.Byte(tag, 1)
	} else {
		b.Byte(tag, 0)
	}
}

// Uint16 writes two bytes, little-endian.
func (b *Builder) Uint16(tag Tag, v uint16) {
	b.field(tag, func() error { b.buf = binary.LittleEndian.AppendUint16(b.buf, v); return nil })
}

// Uint32 writes four bytes, little-endian.
func (b *Builder) Uint32(tag Tag, v uint32) {
	b.field(tag, func() error { b.buf = binary.LittleEndian.AppendUint32(b.buf, v); return nil })
}

// VLN writes as few bytes as v needs; zero is one byte 00.
func (b *Builder) VLN(tag Tag, v uint64) {
	b.field(tag, func() error { b.buf = AppendVLN(b.buf, v); return nil })
}

// FVLN writes decimals and magnitude.
func (b *Builder) FVLN(tag Tag, v FVLN) {
	b.field(tag, func() error { b.buf = v.Append(b.buf); return nil })
}

// Text writes s in CP866.
func (b *Builder) Text(tag Tag, s string) {
	b.field(tag, func() (err error) { b.buf, err = AppendText(b.buf, s); return err })
}

// FixedText writes s in CP866 padded on the right with spaces to width bytes.
func (b *Builder) FixedText(tag Tag, s string, width int) {
	b.field(tag, func() (err error) {
		start := len(b.buf)
		b.buf, err = AppendText(b.buf, s)
		if n := len(b.buf) - start; err == nil && n > width {
			return &Error{Expected: fmt.Sprintf("at most %d bytes", width), Got: fmt.Sprintf("%d bytes", n), Err: ErrTooLong}
		}
		for len(b.buf)-start < width {
			b.buf = append(b.buf, ' ')
		}
		return err
	})
}

// Raw writes the value as it is.
func (b *Builder) Raw(tag Tag, value []byte) {
	b.field(tag, func() error { b.buf = append(b.buf, value...); return nil })
}

// Time writes t as unixtime; pass WallClock(t) for documents of a register.
func (b *Builder) Time(tag Tag, t time.Time) { b.Uint32(tag, uint32(t.Unix())) }

// STLV writes the fields that inside writes as one nested field.
func (b *Builder) STLV(tag Tag, inside func(*Builder)) {
	b.field(tag, func() error { inside(b); return b.err })
}

// Fields appends ready-made TLVs as they are.
func (b *Builder) Fields(raw []byte) {
	if b.err == nil {
		b.buf = append(b.buf, raw...)
	}
}

func (b *Builder) field(tag Tag, write func() error) {
	if b.err != nil {
		return
	}
	start := len(b.buf)
	b.buf = binary.LittleEndian.AppendUint16(b.buf, uint16(tag))
	b.buf = append(b.buf, 0, 0)
	b.path = append(b.path, tag)
	err := write()
	size := len(b.buf) - start - HeaderLen
	if err == nil && size > MaxValueLen {
		err = &Error{Expected: fmt.Sprintf("at most %d bytes", MaxValueLen), Got: fmt.Sprintf("%d bytes", size), Err: ErrTooLong}
	}
	if err != nil {
		b.fail(start, err)
		return
	}
	b.path = b.path[:len(b.path)-1]
	binary.LittleEndian.PutUint16(b.buf[start+2:], uint16(size))
}

// fail records the first error with the path of the field being written.
func (b *Builder) fail(start int, err error) {
	if b.err != nil {
		return
	}
	if e, ok := err.(*Error); ok {
		e.Path, e.Offset = append([]Tag{}, b.path...), start
	}
	b.err = err
}
