package ffd

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// JSONOptions choose how a document is written as the tax service's JSON. The zero
// value writes what MarshalDocument does.
type JSONOptions struct {
	// NoRaw leaves out rawData.
	NoRaw bool
	// Exact adds what lets ReadJSON give back the same bytes without rawData: see
	// AppendJSON.
	Exact bool
	// NoPersonal leaves out the requisites of Personal, and rawData with them.
	NoPersonal bool
	// Wrap puts the object under "document", as the envelope of schemas 1.1 does.
	Wrap bool
}

// MarshalDocument writes {"receipt":{…}}: the requisites under the names of the tax
// service, code, rawData (base64 of STLV and message sign) and messageFiscalSign
// (the sign as a big-endian number; only when the document has one).
func MarshalDocument(d *Document) ([]byte, error) {
	return AppendJSON(make([]byte, 0, 4*len(d.Raw)+256), d, JSONOptions{})
}

// AppendJSON writes a document to dst. Members follow the order of the fields.
// Repeated requisites and those that may repeat are arrays. Sums are kopecks,
// times are seconds of the wall clock, flags 0 or 1, quantities keep their
// decimals (3.000), fiscalSign is the printed number, byte values are base64.
//
// Without rawData, raw_1077 is added when the two bytes of 1077 that are not printed
// differ from those of captures.
//
// Names the tax service does not give: "tag_1234" for a requisite without a name
// or out of its place (its value as its kind says; base64 when the tag is not in
// the dictionary), "form_99" for an unknown document, and "raw_1234", base64 of a
// value that its kind cannot say, with null in arrays for those it can.
//
// What reading it back without rawData keeps: every tag, its place and its value.
// What it may change: padding of fixed-width text, the width of numbers (0 is one
// byte 00), and the place of a repeated requisite that does not stand together.
// Member order is kept as long as nobody reorders the text. Exact closes these
// gaps with raw_ members and, where needed, "_order": the tags of an object in
// order. AppendJSON fails only when the tree does not fit the length fields.
func AppendJSON(dst []byte, d *Document, o JSONOptions) ([]byte, error) {
	raw := d.Raw
	if raw == nil && !o.NoRaw && !o.NoPersonal {
		var err error
		if raw, err = d.Encode(); err != nil {
			return dst, fmt.Errorf("ffd: writing rawData: %w", err)
		}
	}
	w := jsonWriter{buf: dst, form: d.Form, v: d.FFD(), o: o, rawData: !o.NoRaw && !o.NoPersonal}
	if o.Wrap {
		w.buf = append(w.buf, `{"document":`...)
	}
	name := d.Form.JSONName()
	if name == "" {
		name = prefixForm + strconv.Itoa(int(d.Form))
	}
	w.buf = append(w.buf, '{')
	w.key(name)
	w.buf = append(w.buf, '{')
	w.key(keyCode)
	w.buf = strconv.AppendUint(w.buf, uint64(d.Form), 10)
	w.members(0, d.Fields)
	if len(d.Sign) == 8 {
		w.key(keySign)
		w.buf = strconv.AppendUint(w.buf, binary.BigEndian.Uint64(d.Sign), 10)
	}
	if w.rawData {
		w.key(keyRawData)
		w.base64(append(raw[:len(raw):len(raw)], d.Sign...))
	}
	w.buf = append(w.buf, "}}"...)
	if o.Wrap {
		w.buf = append(w.buf, '}')
	}
	return w.buf, nil
}

type jsonWriter struct {
	buf  []byte
	form fiscal.Form
	v    fiscal.FFD
	o    JSONOptions

	rawData bool // is written too
}

// key writes a member's name, with a comma when it is not the first.
func (w *jsonWriter) key(name string) {
	if w.buf[len(w.buf)-1] != '{' {
		w.buf = append(w.buf, ',')
	}
	w.buf = append(w.buf, '"')
	w.buf = append(w.buf, name...)
	w.buf = append(w.buf, '"', ':')
}

// members writes the children of parent, those of one tag together.
func (w *jsonWriter) members(parent tlv.Tag, nodes []tlv.Node) {
	apart := false
	for i := range nodes {
		first, gap := firstOfTag(nodes, i)
		apart = apart || gap
		if first && (!w.o.NoPersonal || !Personal(nodes[i].Tag)) {
			w.group(parent, nodes, i)
		}
	}
	if apart && w.o.Exact && !w.o.NoPersonal {
		w.key(keyOrder)
		for i := range nodes {
			w.element(i)
			w.buf = strconv.AppendUint(w.buf, uint64(nodes[i].Tag), 10)
		}
		w.buf = append(w.buf, ']')
	}
}

// firstOfTag reports whether no node before i has its tag, and if one has, whether
// others stand between.
func firstOfTag(nodes []tlv.Node, i int) (first, gap bool) {
	for k := i - 1; k >= 0; k-- {
		if nodes[k].Tag == nodes[i].Tag {
			return false, k != i-1
		}
	}
	return true, false
}

// group writes all nodes that share the tag of nodes[first].
func (w *jsonWriter) group(parent tlv.Tag, nodes []tlv.Node, first int) {
	tag := nodes[first].Tag
	total, sayable, needRaw := 0, 0, false
	for i := first; i < len(nodes); i++ {
		if nodes[i].Tag == tag {
			total++
			ok, exact := w.judge(&nodes[i])
			if ok {
				sayable++
			}
			needRaw = needRaw || !exact
		}
	}
	s := scopes()[scopeKey{w.form, parent}]
	array := total > 1 || s != nil && s.repeat[tag]
	if sayable > 0 {
		w.key(keyOf(w.form, parent, tag, w.v))
		w.each(nodes, first, array, func(n *tlv.Node) bool {
			ok, _ := w.judge(n)
			if ok {
				w.value(n)
			}
			return ok
		})
	}
	if needRaw {
		w.key(prefixRaw + strconv.Itoa(int(tag)))
		w.each(nodes, first, array, func(n *tlv.Node) bool {
			_, exact := w.judge(n)
			if !exact {
				w.base64(n.Value)
			}
			return !exact
		})
	}
}

// each writes the nodes of one tag, as an array or as one value; null where write
// declines.
func (w *jsonWriter) each(nodes []tlv.Node, first int, array bool, write func(*tlv.Node) bool) {
	count := 0
	for i := first; i < len(nodes); i++ {
		if nodes[i].Tag != nodes[first].Tag {
			continue
		}
		if array {
			w.element(count)
		}
		count++
		if !write(&nodes[i]) {
			w.buf = append(w.buf, "null"...)
		}
	}
	if array {
		w.buf = append(w.buf, ']')
	}
}

func (w *jsonWriter) element(i int) {
	if i == 0 {
		w.buf = append(w.buf, '[')
		return
	}
	w.buf = append(w.buf, ',')
}

// judge tells whether the kind of a node can say its value, and whether reading
// back what it says is good enough: the same bytes when Exact, else the same value.
func (w *jsonWriter) judge(n *tlv.Node) (sayable, exact bool) {
	if n.Nested {
		return true, true
	}
	kind, info := kindOf(n.Tag, w.v)
	if kind == KindBytes && n.Tag != TagFPD {
		return true, true
	}
	var room [16]byte
	var back []byte
	switch kind {
	case KindBytes: // 1077
		if len(n.Value) != 6 {
			return false, false
		}
		back = appendFPD(room[:0], w.form, binary.BigEndian.Uint32(n.Value[2:]))
		return true, w.rawData && !w.o.Exact || bytes.Equal(back, n.Value)
	case KindString:
		if !w.o.Exact || !info.Fixed {
			return true, true
		}
		trimmed := bytes.TrimRight(n.Value, " ")
		return true, len(n.Value) == max(info.Length, len(trimmed))
	case KindFVLN:
		f, err := tlv.ParseFVLN(n.Value)
		if err != nil {
			return false, false
		}
		back = f.Append(room[:0])
	case KindSTLV:
		return false, false // a leaf: only from a tree that was not decoded
	default:
		u, err := tlv.Uint(n.Value)
		if err != nil || u > maxUint(kind) {
			return false, false
		}
		back = appendNumber(room[:0], kind, u)
	}
	return true, !w.o.Exact || bytes.Equal(back, n.Value)
}

// value writes a node that judge found sayable.
func (w *jsonWriter) value(n *tlv.Node) {
	kind, info := kindOf(n.Tag, w.v)
	switch {
	case n.Nested:
		w.buf = append(w.buf, '{')
		w.members(n.Tag, n.Children)
		w.buf = append(w.buf, '}')
	case n.Tag == TagFPD:
		w.buf = strconv.AppendUint(w.buf, uint64(binary.BigEndian.Uint32(n.Value[2:])), 10)
	case kind == KindBytes:
		w.base64(n.Value)
	case kind == KindString:
		text := n.Value
		if info.Fixed {
			text = bytes.TrimRight(text, " ")
		}
		if isProductCode(n.Tag) {
			w.productCode(n.Tag, text)
			return
		}
		w.text(text)
	case kind == KindFVLN:
		f, _ := tlv.ParseFVLN(n.Value)
		w.buf = append(w.buf, f.String()...)
	default:
		u, _ := tlv.Uint(n.Value)
		w.buf = strconv.AppendUint(w.buf, u, 10)
	}
}

// productCode writes a child of 1163: {rawProductCode, productIdType, gtin, sernum}.
// productIdType counts from 1 for 1300, read off one public receipt (1305 is 6).
func (w *jsonWriter) productCode(tag tlv.Tag, text []byte) {
	w.buf = append(w.buf, '{')
	w.key("rawProductCode")
	w.text(text)
	if tag <= TagCodeEGAIS3 {
		w.key("productIdType")
		w.buf = strconv.AppendUint(w.buf, uint64(tag-TagCodeUndefined+1), 10)
	}
	gtin, serial := splitProductCode(tag, string(text))
	if n, err := strconv.ParseUint(gtin, 10, 64); err == nil {
		w.key("gtin")
		w.buf = strconv.AppendUint(w.buf, n, 10)
	}
	if serial != "" {
		w.key("sernum")
		w.text([]byte(serial))
	}
	w.buf = append(w.buf, '}')
}

func (w *jsonWriter) base64(b []byte) {
	w.buf = append(w.buf, '"')
	w.buf = base64.StdEncoding.AppendEncode(w.buf, b)
	w.buf = append(w.buf, '"')
}

// text writes CP866 bytes as a JSON string.
func (w *jsonWriter) text(value []byte) {
	w.buf = append(w.buf, '"')
	for _, c := range value {
		w.buf = append(w.buf, jsonChars[c]...)
	}
	w.buf = append(w.buf, '"')
}

// jsonChars is the JSON form of each character of CP866.
var jsonChars = func() (chars [256]string) {
	for i := range chars {
		quoted, err := json.Marshal(tlv.Text([]byte{byte(i)}))
		if err != nil {
			panic("ffd: JSON of CP866: " + err.Error())
		}
		chars[i] = string(quoted[1 : len(quoted)-1])
	}
	for _, c := range "<>&" { // needless outside HTML
		chars[c] = string(utf8.AppendRune(nil, c))
	}
	return chars
}()

// maxUint is the greatest number of a kind.
func maxUint(kind Kind) uint64 {
	switch kind {
	case KindByte:
		return 1<<8 - 1
	case KindUint16:
		return 1<<16 - 1
	case KindUint32, KindUnixTime:
		return 1<<32 - 1
	}
	return 1<<64 - 1
}

// appendNumber writes n as its kind wants it.
func appendNumber(dst []byte, kind Kind, n uint64) []byte {
	switch kind {
	case KindByte:
		return append(dst, byte(n))
	case KindUint16:
		return binary.LittleEndian.AppendUint16(dst, uint16(n))
	case KindUint32, KindUnixTime:
		return binary.LittleEndian.AppendUint32(dst, uint32(n))
	}
	return tlv.AppendVLN(dst, n)
}

// appendFPD writes tag 1077 from the printed number. Its first two bytes are not
// printed; captures have 21 04 in documents 1 and 11, 31 04 in the others.
func appendFPD(dst []byte, form fiscal.Form, printed uint32) []byte {
	mark := byte(0x31)
	if form.IsRegistration() {
		mark = 0x21
	}
	return binary.BigEndian.AppendUint32(append(dst, mark, 0x04), printed)
}
