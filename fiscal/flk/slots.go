package flk

import "github.com/fiscalbench/fiscalbench/fiscal/tlv"

// fields finds requisites of one level by tag without a search, through a table of
// the tags that the formats use.
type fields struct {
	nodes []tlv.Node
	at    [slots]uint16 // position in nodes of the first one, plus 1
}

// The formats use tags from 1000 and, for marking, from 2000.
const (
	firstTag, tagRange         = 1000, 340
	firstMarkTag, markTagRange = 2000, 120
	slots                      = tagRange + markTagRange
)

// slot is the place of a tag in the table, or -1.
func slot(t tlv.Tag) int {
	switch {
	case t >= firstTag && t < firstTag+tagRange:
		return int(t - firstTag)
	case t >= firstMarkTag && t < firstMarkTag+markTagRange:
		return int(t-firstMarkTag) + tagRange
	}
	return -1
}

// enter begins a new level.
func (f *fields) enter(nodes []tlv.Node) {
	f.nodes, f.at = nodes, [slots]uint16{}
	for i := range nodes[:min(len(nodes), 1<<16-1)] {
		if s := slot(nodes[i].Tag); s >= 0 && f.at[s] == 0 {
			f.at[s] = uint16(i + 1)
		}
	}
}

// get is the first requisite with the tag, or nil.
func (f *fields) get(t tlv.Tag) *tlv.Node {
	if s := slot(t); s >= 0 && f.at[s] != 0 {
		return &f.nodes[f.at[s]-1]
	}
	return nil
}

// has reports whether the level carries the tag.
func (f *fields) has(t tlv.Tag) bool { return f.get(t) != nil }

// uint is the number in a requisite, 0 when absent or longer than 8 bytes.
func (f *fields) uint(t tlv.Tag) uint64 { return number(f.get(t)) }

// number reads byte, uint16, uint32 and VLN values; 0 when n is nil or longer than
// 8 bytes.
func number(n *tlv.Node) uint64 {
	if n == nil || len(n.Value) > 8 {
		return 0
	}
	var v uint64
	for i, b := range n.Value {
		v |= uint64(b) << (8 * i)
	}
	return v
}
