package fiscaltest

import (
	"encoding/binary"
	"fmt"
	"slices"

	"pgregory.net/rapid"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// AnyDocument draws a document STLV of any version and form. See Document.
func AnyDocument() *rapid.Generator[[]byte] {
	return rapid.Custom(func(t *rapid.T) []byte {
		v := rapid.SampledFrom([]fiscal.FFD{fiscal.FFD105, fiscal.FFD11, fiscal.FFD12}).Draw(t, "ffd")
		forms := []fiscal.Form{1, 11, 2, 21, 3, 31, 4, 41, 5, 6, 7}
		if v == fiscal.FFD12 {
			forms = append(forms, 81, 82, 83, 84)
		}
		return Document(v, rapid.SampledFrom(forms).Draw(t, "form")).Draw(t, "document")
	})
}

// Document draws a document STLV that the tables allow: mandatory requisites stand
// in it, others may, each in its place with a value of its kind, length and list.
// Fields of one level come in any order. Sums do not add up: that is not a matter
// of the tables.
func Document(v fiscal.FFD, form fiscal.Form) *rapid.Generator[[]byte] {
	return rapid.Custom(func(t *rapid.T) []byte {
		g := documentMaker{t: t, v: v, form: form}
		nodes := []tlv.Node{{Tag: tlv.Tag(form), Nested: true, Children: g.level(nil)}}
		raw, err := tlv.Append(nil, nodes)
		if err != nil {
			t.Fatalf("fiscaltest: document of form %d: %v", form, err)
		}
		return raw
	})
}

type documentMaker struct {
	t    *rapid.T
	v    fiscal.FFD
	form fiscal.Form
}

func (g *documentMaker) level(parent []tlv.Tag) []tlv.Node {
	rows := ffd.RowsUnder(g.v, g.form, parent)
	if len(parent) > 0 && parent[len(parent)-1] == ffd.TagProductCodeNew { // exactly one child
		i := rapid.IntRange(0, len(rows)-1).Draw(g.t, "code")
		return []tlv.Node{g.node(&rows[i])}
	}
	var nodes []tlv.Node
	for i := range rows {
		for range g.count(&rows[i]) {
			nodes = append(nodes, g.node(&rows[i]))
		}
	}
	if rapid.Bool().Draw(g.t, "shuffled") {
		order := rapid.Permutation(nodes).Draw(g.t, "order")
		nodes = slices.Clone(order)
	}
	return nodes
}

func (g *documentMaker) count(r *ffd.Row) int {
	info := ffd.Lookup(r.Tag)
	switch {
	case r.Electronic == ffd.NotInForm || info.Kind == ffd.KindNone:
		return 0
	case r.Electronic == ffd.Mandatory:
	case rapid.IntRange(0, 2).Draw(g.t, fmt.Sprintf("has %d", r.Tag)) > 0:
		return 0
	}
	if r.Repeat {
		return rapid.IntRange(1, 3).Draw(g.t, fmt.Sprintf("count of %d", r.Tag))
	}
	return 1
}

func (g *documentMaker) node(r *ffd.Row) tlv.Node {
	if ffd.Nested(r.Tag) {
		return tlv.Node{Tag: r.Tag, Nested: true, Children: g.level(r.Path)}
	}
	return tlv.Node{Tag: r.Tag, Value: g.value(r.Tag)}
}

func (g *documentMaker) value(tag tlv.Tag) []byte {
	info := ffd.Lookup(tag)
	label := fmt.Sprint(tag)
	switch info.Kind {
	case ffd.KindString:
		return g.text(tag, info, label)
	case ffd.KindBytes:
		if tag == ffd.TagFPD {
			return binary.BigEndian.AppendUint32([]byte{0x31, 0x04}, rapid.Uint32().Draw(g.t, label))
		}
		return rapid.SliceOfN(rapid.Byte(), 0, info.Length).Draw(g.t, label)
	case ffd.KindFVLN:
		f := tlv.FVLN{Decimals: uint8(rapid.IntRange(0, 6).Draw(g.t, label)), Magnitude: rapid.Uint64Range(0, 1<<40).Draw(g.t, label)}
		return f.Append(nil)
	case ffd.KindVLN:
		return tlv.AppendVLN(nil, rapid.Uint64Range(0, 1<<(8*info.Length-1)).Draw(g.t, label))
	case ffd.KindUnixTime:
		return binary.LittleEndian.AppendUint32(nil, rapid.Uint32Range(1472688000, 2000000000).Draw(g.t, label))
	}
	n := g.number(tag, info, label)
	return binary.LittleEndian.AppendUint64(nil, n)[:info.Length]
}

func (g *documentMaker) number(tag tlv.Tag, info *ffd.TagInfo, label string) uint64 {
	set := ffd.Values(tag, g.v, g.form)
	switch {
	case tag == ffd.TagFFDVersion:
		return uint64(g.v)
	case set == nil:
		return rapid.Uint64Range(0, 1<<(8*info.Length)-1).Draw(g.t, label)
	case set.Bits && !set.One:
		return rapid.Uint64().Draw(g.t, label) & set.Mask()
	}
	return rapid.SampledFrom(set.Values).Draw(g.t, label).Code
}

func (g *documentMaker) text(tag tlv.Tag, info *ffd.TagInfo, label string) []byte {
	s := rapid.StringMatching(`[0-9A-Za-zА-Яа-я"№ .,:/+-]{0,24}[0-9]`).Draw(g.t, label)
	switch {
	case tag == ffd.TagFNNumber:
		s = rapid.StringMatching(`[0-9]{16}`).Draw(g.t, label)
	case tag == ffd.TagKKTRegID:
		s = rapid.StringMatching(`[0-9]{16}`).Draw(g.t, label)
	case info.Fixed && info.Length == fiscal.INNLen:
		s = string(fiscal.WithCheckDigits(rapid.StringMatching(`[1-9][0-9]{8,9}`).Draw(g.t, label)))
	case ffd.Values(tag, g.v, g.form) != nil:
		set := ffd.Values(tag, g.v, g.form)
		s = fmt.Sprintf("%0*d", set.Digits, rapid.SampledFrom(set.Values).Draw(g.t, label).Code)
	}
	value, err := tlv.AppendText(nil, s)
	if err != nil {
		g.t.Fatalf("fiscaltest: text of tag %d: %v", tag, err)
	}
	if info.Length > 0 && len(value) > info.Length {
		value = value[:info.Length]
	}
	for info.Fixed && len(value) < info.Length {
		value = append(value, ' ')
	}
	return value
}
