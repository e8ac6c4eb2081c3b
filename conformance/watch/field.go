package watch

import (
	"encoding/binary"
	"math/big"
)

// documentOffset is where the document stands in a message: after the headers of 30
// and 32 bytes.
const documentOffset = 62

// node is a read field with its place in the message.
type node struct {
	tag    int
	offset int // of its header, from the start of the message
	value  []byte
	inner  []node
}

// structures are the fields made of fields that may come from a register.
var structures = map[int]bool{
	1059: true, 1174: true, 1157: true, 1158: true, 1194: true, 1129: true, 1130: true, 1131: true, 1132: true, 1133: true,
	1145: true, 1146: true, 1232: true, 1233: true, 1115: true, 1119: true, 1223: true, 1224: true, 1084: true, 1256: true, 1260: true, 1261: true,
	1270: true, 1291: true, 1234: true, 1235: true, 1163: true, 2007: true,
}

// maxDepth bounds nesting: no document goes deeper than four.
const maxDepth = 8

// read takes one level apart. broken is the place of the first field that does not
// fit, -1 when all do; what was read before it is returned.
func read(b []byte, offset, depth int) (all []node, broken int) {
	for broken = -1; len(b) > 0; {
		if len(b) < 4 || depth > maxDepth {
			return all, offset
		}
		n := int(binary.LittleEndian.Uint16(b[2:]))
		if len(b) < 4+n {
			return all, offset
		}
		f := node{tag: int(binary.LittleEndian.Uint16(b)), offset: offset, value: b[4 : 4+n]}
		if structures[f.tag] {
			inner, at := read(f.value, offset+4, depth+1)
			if f.inner = inner; at >= 0 && broken < 0 {
				broken = at
			}
		}
		all = append(all, f)
		b, offset = b[4+n:], offset+4+n
	}
	return all, broken
}

// find is the first field with the tag; nil when absent.
func find(level []node, tag int) *node {
	for i := range level {
		if level[i].tag == tag {
			return &level[i]
		}
	}
	return nil
}

func times(level []node, tag int) (n int) {
	for i := range level {
		if level[i].tag == tag {
			n++
		}
	}
	return n
}

// number is a little-endian value; 0 when f is nil or longer than eight bytes.
func (f *node) number() (n uint64) {
	if f == nil || len(f.value) > 8 {
		return 0
	}
	for i := len(f.value) - 1; i >= 0; i-- {
		n = n<<8 | uint64(f.value[i])
	}
	return n
}

// decimal is a FVLN: the first byte says how many digits stand after the point.
func (f *node) decimal() (mantissa *big.Int, places int) {
	if f == nil || len(f.value) == 0 {
		return new(big.Int), 0
	}
	digits := append([]byte(nil), f.value[1:]...)
	for i, j := 0, len(digits)-1; i < j; i, j = i+1, j-1 {
		digits[i], digits[j] = digits[j], digits[i]
	}
	return new(big.Int).SetBytes(digits), int(f.value[0])
}

// text is a value without the spaces after it.
func (f *node) text() string {
	if f == nil {
		return ""
	}
	n := len(f.value)
	for n > 0 && f.value[n-1] == ' ' {
		n--
	}
	return string(f.value[:n])
}
