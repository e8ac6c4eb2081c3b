package model

import "bytes"

// Len is the length of the document's value with its sign, in bytes.
func (d *Document) Len() int { return len(bytes.Join(d.Fields, nil)) + 10 }

// Big is a receipt of many items whose value is exactly size bytes long.
func (r *Register) Big(size int) *Document {
	before := *r
	items := (size - 400) / 70
	var d *Document
	for {
		*r = before
		d = r.Sale(3, 1, 100, items)
		if d.Len() <= size {
			break
		}
		items--
	}
	left := size - d.Len()
	for i, f := range d.Fields {
		if left == 0 {
			break
		}
		if TagOf(f) != 1059 {
			continue
		}
		more := min(left, 90) // of 128 bytes that 1030 may have
		inner := split(f[4:])
		inner[0] = TLV(1030, append(append([]byte{}, inner[0][4:]...), bytes.Repeat([]byte{'x'}, more)...))
		d.Fields[i] = TLV(1059, bytes.Join(inner, nil))
		left -= more
	}
	return d
}
