package model

import (
	"bytes"
	"encoding/binary"
)

// split cuts one level into its fields, each with its header. Bytes that are no
// field stay together as the last one.
func split(b []byte) (all [][]byte) {
	for len(b) > 0 {
		n := len(b)
		if len(b) >= 4 {
			n = min(n, 4+int(binary.LittleEndian.Uint16(b[2:])))
		}
		all = append(all, b[:n:n])
		b = b[n:]
	}
	return all
}

// TagOf is the tag of a field that TLV made.
func TagOf(field []byte) int { return int(binary.LittleEndian.Uint16(field)) }

// edit applies f to the level that path names: the first structure of each tag from
// the outside in. A structure that is not there is made.
func edit(fields [][]byte, path []int, f func([][]byte) [][]byte) [][]byte {
	if len(path) == 0 {
		return f(fields)
	}
	for i, one := range fields {
		if TagOf(one) == path[0] {
			inner := edit(split(one[4:]), path[1:], f)
			fields[i] = TLV(path[0], bytes.Join(inner, nil))
			return fields
		}
	}
	return append(fields, TLV(path[0], bytes.Join(edit(nil, path[1:], f), nil)))
}

// Set replaces the first field with the same tag in the structure that path names,
// or adds it there. An empty path is the document itself.
func (d *Document) Set(field []byte, path ...int) *Document {
	d.Fields = edit(d.Fields, path, func(level [][]byte) [][]byte {
		for i, one := range level {
			if TagOf(one) == TagOf(field) {
				level[i] = field
				return level
			}
		}
		return append(level, field)
	})
	return d
}

// Put appends a field to the structure that path names.
func (d *Document) Put(field []byte, path ...int) *Document {
	d.Fields = edit(d.Fields, path, func(level [][]byte) [][]byte { return append(level, field) })
	return d
}

// Del removes every field with the tag from the structure that path names.
func (d *Document) Del(tag int, path ...int) *Document {
	d.Fields = edit(d.Fields, path, func(level [][]byte) (kept [][]byte) {
		for _, one := range level {
			if TagOf(one) != tag {
				kept = append(kept, one)
			}
		}
		return kept
	})
	return d
}

// Clone is a copy that can be changed alone: the same number, another document.
func (d *Document) Clone() *Document {
	c := *d
	c.Fields = append([][]byte(nil), d.Fields...)
	return &c
}
