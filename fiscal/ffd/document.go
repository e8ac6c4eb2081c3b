package ffd

import (
	"fmt"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// Document is a fiscal document read into a tree. It aliases the bytes it was
// read from.
type Document struct {
	Form   fiscal.Form
	Raw    []byte // the STLV with its header
	Fields []tlv.Node
	Sign   []byte // the 8-byte message sign that followed the STLV; nil when not known
}

// Decode reads a document STLV that fills raw. Unknown tags and unknown forms are
// kept: judging them is ФЛК's work. On an error the fields read so far are
// returned with it; errors are *tlv.Error with offsets from the start of raw.
func Decode(raw []byte) (*Document, error) {
	outer, rest, err := tlv.Outer(raw)
	if err != nil {
		return &Document{Raw: raw}, err
	}
	d := &Document{Form: fiscal.Form(outer.Tag), Raw: raw}
	if len(rest) > 0 {
		return d, &tlv.Error{Path: []tlv.Tag{outer.Tag}, Offset: len(raw) - len(rest), Expected: "the end of the document",
			Got: fmt.Sprintf("%d more bytes", len(rest)), Err: tlv.ErrOverrun}
	}
	nested := Nested
	if _, ok := tlv.Find(outer.Value, TagFFDVersion); !ok {
		nested = nestedFFD10
	}
	// The document itself is a structure even when its form code is the tag of a plain
	// field.
	d.Fields, err = tlv.ParseInside(raw, nested, tlv.Limits{})
	return d, err
}

// nestedFFD10 is Nested without the tags that were plain in FFD 1.0.
func nestedFFD10(t tlv.Tag) bool { return Nested(t) && !changedKind(t, fiscal.FFD10) }

// DecodePayload reads a plain container payload: the document and the message sign
// behind it, 8 bytes with or without two zeros (TRN-040). The sign may be missing.
func DecodePayload(payload []byte) (*Document, error) {
	_, rest, err := tlv.Outer(payload)
	if err != nil {
		return &Document{Raw: payload}, err
	}
	d, err := Decode(payload[: len(payload)-len(rest) : len(payload)-len(rest)])
	switch {
	case len(rest) == 8, len(rest) == 10 && rest[8] == 0 && rest[9] == 0:
		d.Sign = rest[:8:8]
	case err == nil && len(rest) > 0:
		err = &tlv.Error{Path: []tlv.Tag{tlv.Tag(d.Form)}, Offset: len(payload) - len(rest), Expected: "an 8-byte sign after the document",
			Got: fmt.Sprintf("%d bytes", len(rest)), Err: tlv.ErrOverrun}
	}
	return d, err
}

// Encode writes the document from its tree: for a decoded document the bytes it
// was read from.
func (d *Document) Encode() ([]byte, error) {
	return tlv.Append(nil, []tlv.Node{{Tag: tlv.Tag(d.Form), Nested: true, Children: d.Fields}})
}

// Body is the value of the document's STLV.
func (d *Document) Body() []byte { return d.Raw[tlv.HeaderLen:] }

// Field returns the first first-level field with the tag, or nil.
func (d *Document) Field(tag tlv.Tag) *tlv.Node { return tlv.Lookup(d.Fields, tag) }

// Has reports whether the first level carries the tag.
func (d *Document) Has(tag tlv.Tag) bool { return d.Field(tag) != nil }

// Uint is the number in a first-level field; 0 when absent or not a number.
func (d *Document) Uint(tag tlv.Tag) uint64 { return NodeUint(d.Field(tag)) }

// Text is the text of a first-level field without padding; "" when absent.
func (d *Document) Text(tag tlv.Tag) string { return NodeText(d.Field(tag)) }

// Sum is the money in a first-level field; 0 when absent.
func (d *Document) Sum(tag tlv.Tag) fiscal.Kopecks { return fiscal.Kopecks(d.Uint(tag)) }

// All returns every first-level field with the tag, in order (items, payments).
func (d *Document) All(tag tlv.Tag) []*tlv.Node {
	var all []*tlv.Node
	for i := range d.Fields {
		if d.Fields[i].Tag == tag {
			all = append(all, &d.Fields[i])
		}
	}
	return all
}

// FFD is the version in tag 1209; FFD 1.0 when the tag is absent.
func (d *Document) FFD() fiscal.FFD {
	if v := fiscal.FFD(d.Uint(TagFFDVersion)); v > fiscal.FFD10 {
		return v
	}
	return fiscal.FFD10
}

// FNNumber is tag 1041 without padding, as it stands.
func (d *Document) FNNumber() fiscal.FNNumber { return fiscal.FNNumber(d.Text(TagFNNumber)) }

// FDNumber is tag 1040.
func (d *Document) FDNumber() fiscal.FDNumber { return fiscal.FDNumber(d.Uint(TagFDNumber)) }

// DateTime is tag 1012: for documents of a register the local wall clock shown in
// UTC. The zero time when absent.
func (d *Document) DateTime() time.Time { return NodeTime(d.Field(TagDateTime)) }

// FPD is the printed number of tag 1077; 0 when absent or of a wrong length.
func (d *Document) FPD() fiscal.FPD {
	n := d.Field(TagFPD)
	if n == nil {
		return 0
	}
	p, _ := fiscal.FPDFromTag(n.Value)
	return p
}

// NodeUint is the number in a leaf of kind byte, uint16, uint32, unixtime or VLN;
// 0 when n is nil or longer than 8 bytes.
func NodeUint(n *tlv.Node) uint64 {
	if n == nil {
		return 0
	}
	v, _ := tlv.Uint(n.Value)
	return v
}

// NodeText is the CP866 text of a leaf without the padding on its right; "" when
// n is nil.
func NodeText(n *tlv.Node) string {
	if n == nil {
		return ""
	}
	return strings.TrimRight(tlv.Text(n.Value), " ")
}

// NodeTime is the time in a leaf; the zero time when n is nil or not 4 bytes long.
func NodeTime(n *tlv.Node) time.Time {
	if n == nil {
		return time.Time{}
	}
	t, _ := tlv.Time(n.Value)
	return t
}

// NodeFVLN is the number in a leaf of kind FVLN; zero when n is nil or malformed.
func NodeFVLN(n *tlv.Node) tlv.FVLN {
	if n == nil {
		return tlv.FVLN{}
	}
	v, _ := tlv.ParseFVLN(n.Value)
	return v
}
