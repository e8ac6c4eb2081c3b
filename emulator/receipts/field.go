package receipts

import (
	"math/big"
	"strings"

	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// fields are the members of one object under their tags.
type fields struct {
	at    *node
	byTag map[tlv.Tag][]*node
}

// open sorts the members of an object by what their names mean in its place. An array
// stands for the repeated field that TLV would have.
func open(n *node, s scope) *fields {
	f := &fields{at: n, byTag: map[tlv.Tag][]*node{}}
	n.used = true
	for i, name := range n.names {
		tag := tagOf(n, name, s)
		if tag == 0 {
			continue
		}
		f.byTag[tag] = append(f.byTag[tag], n.kids[i])
	}
	return f
}

// has reports a tag with a value.
func (f *fields) has(tag tlv.Tag) bool {
	for _, n := range f.byTag[tag] {
		if !n.empty() {
			return true
		}
	}
	return false
}

// reader builds one receipt and keeps its notes.
type reader struct {
	notes     []Note
	cancelled []int // items taken back in the same receipt
}

func (r *reader) note(n *node, reason Reason, text string) {
	n.used = true
	r.notes = append(r.notes, Note{Path: n.path, Kind: n.kindName(), Reason: reason, Text: text})
}

// noteAt is a note about something that is not there.
func (r *reader) noteAt(path string, reason Reason, text string) {
	r.notes = append(r.notes, Note{Path: path, Reason: reason, Text: text})
}

// one returns the value of a tag that occurs once: the first that is not empty. Other
// values are noted, unless they say the same.
func (r *reader) one(f *fields, tag tlv.Tag) *node {
	var first *node
	for _, n := range f.byTag[tag] {
		if n.kind == kindArray && len(n.kids) == 1 && n.kids[0].kind != kindObject && n.kids[0].kind != kindArray {
			n.used = true
			n = n.kids[0]
		}
		n.used = true
		switch {
		case n.empty():
			r.note(n, Empty, "значения нет")
		case first == nil:
			first = n
		case n.kind != first.kind || n.text != first.text:
			r.note(n, Repeated, "реквизит повторяется: взято значение "+first.path)
		}
	}
	return first
}

// list returns every value of a repeated tag, arrays taken apart.
func (r *reader) list(f *fields, tag tlv.Tag) (all []*node) {
	for _, n := range f.byTag[tag] {
		n.used = true
		switch {
		case n.empty():
			if n.kind != kindArray || len(n.kids) > 0 || tag != ffd.TagItem {
				r.note(n, Empty, "значения нет")
				n.mark()
			}
		case n.kind == kindArray:
			for _, k := range n.kids {
				k.used = true
				if k.empty() {
					r.note(k, Empty, "значения нет")
					k.mark()
					continue
				}
				all = append(all, k)
			}
		default:
			all = append(all, n)
		}
	}
	return all
}

// mark takes a value and everything in it as read.
func (n *node) mark() {
	n.used = true
	for _, k := range n.kids {
		k.mark()
	}
}

// whole reads a whole number that a JSON number, also with a fraction of zeros or an
// exponent, or a string writes.
func whole(n *node) (*big.Int, bool) {
	if n.kind != kindNumber && n.kind != kindString && n.kind != kindBool {
		return nil, false
	}
	text := strings.TrimSpace(n.text)
	switch {
	case text == "true":
		text = "1"
	case text == "false":
		text = "0"
	}
	v, ok := rational(text)
	if !ok || !v.IsInt() {
		return nil, false
	}
	return v.Num(), true
}

// rational reads a decimal with a limit on its size: an exponent of thousands is an
// attack, not a sum.
func rational(text string) (*big.Rat, bool) {
	if len(text) > 64 || strings.ContainsAny(text, "/xXoObBpP_") {
		return nil, false
	}
	if i := strings.IndexAny(text, "eE"); i >= 0 && len(strings.TrimLeft(text[i+1:], "+-0")) > 2 {
		return nil, false
	}
	return new(big.Rat).SetString(strings.Replace(text, ",", ".", 1))
}

// uint reads a number of at most max; ok is false when the tag has no value or a bad
// one, which is noted.
func (r *reader) uint(f *fields, tag tlv.Tag, max uint64) (v uint64, at *node, ok bool) {
	n := r.one(f, tag)
	if n == nil {
		return 0, nil, false
	}
	b, good := whole(n)
	if !good || b.Sign() < 0 || !b.IsUint64() || b.Uint64() > max {
		r.note(n, BadValue, "не целое число от 0 до "+new(big.Int).SetUint64(max).String())
		return 0, n, false
	}
	return b.Uint64(), n, true
}

// small is uint for enumerations and bit sets.
func (r *reader) small(f *fields, tag tlv.Tag) uint8 {
	v, _, _ := r.uint(f, tag, 255)
	return uint8(v)
}

// money reads a sum in kopecks; nil when there is none.
func (r *reader) money(f *fields, tag tlv.Tag) *fiscal.Kopecks {
	n := r.one(f, tag)
	if n == nil {
		return nil
	}
	b, good := whole(n)
	if !good || b.Sign() < 0 || !b.IsInt64() || fiscal.Kopecks(b.Int64()) > fiscal.MaxKopecks {
		r.note(n, BadValue, "не сумма в целых копейках")
		return nil
	}
	k := fiscal.Kopecks(b.Int64())
	return &k
}

// sum is money with zero for none.
func (r *reader) sum(f *fields, tag tlv.Tag) fiscal.Kopecks {
	if k := r.money(f, tag); k != nil {
		return *k
	}
	return 0
}

// maxDecimals is how many decimals a quantity is read with: exports that pass through
// floating point show more.
const maxDecimals = 6

// quantity reads tag 1023.
func (r *reader) quantity(f *fields, tag tlv.Tag) (q kkt.Quantity, ok bool) {
	n := r.one(f, tag)
	if n == nil {
		return q, false
	}
	text := strings.Replace(strings.TrimSpace(n.text), ",", ".", 1)
	if n.kind == kindNumber || n.kind == kindString {
		if q, err := kkt.ParseQuantity(text); err == nil && int(q.Decimals) <= maxDecimals {
			return q, true
		}
		if v, good := rational(text); good && v.Sign() >= 0 {
			if q, err := kkt.ParseQuantity(trimZeros(v.FloatString(maxDecimals))); err == nil {
				if back, _ := rational(q.String()); back.Cmp(v) != 0 {
					r.note(n, Imprecise, "количество округлено до шести знаков: "+q.String())
				}
				return q, true
			}
		}
	}
	r.note(n, BadValue, "не количество")
	return q, false
}

func trimZeros(s string) string {
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// text reads a string; a number gives its digits. Padding on the right goes.
func (r *reader) text(f *fields, tag tlv.Tag) (string, *node) {
	n := r.one(f, tag)
	if n == nil {
		return "", nil
	}
	switch n.kind {
	case kindString:
		return strings.TrimRight(n.text, " \x00"), n
	case kindNumber:
		if v, ok := whole(n); ok {
			return v.String(), n
		}
		return n.text, n
	case kindBool:
		return n.text, n
	}
	r.note(n, BadValue, "не текст")
	return "", nil
}

func (r *reader) str(f *fields, tag tlv.Tag) string {
	s, _ := r.text(f, tag)
	return s
}

// texts reads a repeated string.
func (r *reader) texts(f *fields, tag tlv.Tag) (all []string) {
	for _, n := range r.list(f, tag) {
		if n.kind != kindString && n.kind != kindNumber {
			r.note(n, BadValue, "не текст")
			n.mark()
			continue
		}
		all = append(all, strings.TrimRight(n.text, " \x00"))
	}
	return all
}

// object opens a nested field; nil when there is none or it is not an object. An
// array of one object is taken for it.
func (r *reader) object(f *fields, tag tlv.Tag, s scope) *fields {
	for _, n := range r.list(f, tag) {
		if n.kind == kindObject {
			return open(n, s)
		}
		r.note(n, BadValue, "не структура")
		n.mark()
	}
	return nil
}

// inn reads an INN of any form: padded, a number that lost its leading zeros, ten
// digits behind two zeros. A wrong one is returned as it stands with ok false.
func (r *reader) inn(f *fields, tag tlv.Tag) (n fiscal.INN, at *node, ok bool) {
	s, at := r.text(f, tag)
	s = strings.TrimSpace(s)
	if at == nil || s == "" {
		return "", at, false
	}
	if at.kind == kindNumber && (len(s) == 9 || len(s) == 11) {
		s = "0" + s
	}
	if len(s) == fiscal.INNLen && strings.HasPrefix(s, "00") && fiscal.INN(s).Check() != nil && fiscal.INN(s[2:]).Check() == nil {
		s = s[2:] // flk.md I-04
	}
	return fiscal.INN(s), at, fiscal.INN(s).Check() == nil
}
