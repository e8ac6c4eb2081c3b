package ffd

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// JSONReader reads the tax service's JSON. The zero value reads what
// UnmarshalDocument does.
type JSONReader struct {
	// IgnoreRaw builds the document from its members even when rawData is there.
	IgnoreRaw bool
	// Lenient leaves out what cannot stand in a requisite but occurs in exports:
	// empty strings where a number belongs, negative numbers, empty structures. It
	// is listed with the members that were not understood.
	Lenient bool
}

// UnmarshalDocument reads a document that MarshalDocument or another writer made.
func UnmarshalDocument(text []byte) (*Document, error) {
	d, _, err := JSONReader{}.Read(text)
	return d, err
}

// Read reads one document: {"receipt":{…}}, the same inside "document", "ticket",
// "content", "data" or "json", or a bare object with "code" (or receiptCode,
// bsoCode). When rawData is there it is the document and the other members are
// not looked at.
//
// Without rawData the fields come in the order of the members (see AppendJSON for
// what that keeps). Names of both dialects are taken, the newer winning when both
// stand there; names that no table knows are skipped and returned with their
// path, the values of an unknown name never. Numbers may be strings, times may be
// ISO 8601 (the wall clock is taken, a zone only moves the time of a
// confirmation) or {"$date": milliseconds}, one value may stand for an array and
// the other way round; text of fixed width is padded, null is nothing.
//
// Errors are *JSONError, or *tlv.Error when rawData does not decode.
func (r JSONReader) Read(text []byte) (d *Document, skipped []string, err error) {
	root, err := parseJSON(text)
	if err != nil {
		return nil, nil, err
	}
	form, name, body, err := findDocument(&root, "", 0)
	if err != nil {
		return nil, nil, err
	}
	if raw := body.member(keyRawData); raw != nil && raw.text != "" && !r.IgnoreRaw {
		d, err = readRaw(raw, name, form)
		return d, nil, err
	}
	b := jsonBuilder{reader: r, form: form, v: versionOf(body)}
	b.out.STLV(tlv.Tag(form), func(*tlv.Builder) { b.object(name, 0, body) })
	raw, buildErr := b.out.Bytes()
	if b.err == nil {
		b.err = buildErr
	}
	if b.err != nil {
		return nil, b.skipped, b.err
	}
	d, err = Decode(raw)
	if err != nil {
		return nil, b.skipped, fmt.Errorf("ffd: reading back a JSON document: %w", err)
	}
	d.Sign = readSign(body.member(keySign))
	return d, b.skipped, nil
}

// findDocument goes down to the object that holds the requisites.
func findDocument(v *jsonValue, path string, depth int) (fiscal.Form, string, *jsonValue, error) {
	for i := range v.members {
		m := &v.members[i]
		if m.value.kind != jsonObject {
			continue
		}
		if form := formByName(m.key); form != 0 {
			return form, joinPath(path, m.key), &m.value, nil
		}
	}
	for _, key := range []string{"document", "ticket", "content", "data", "json"} {
		if inner := v.member(key); inner != nil && inner.kind == jsonObject && depth < 6 {
			return findDocument(inner, joinPath(path, key), depth+1)
		}
	}
	for _, key := range []string{keyCode, "receiptCode", "bsoCode"} {
		code := v.member(key)
		if code == nil {
			continue
		}
		n, err := strconv.ParseUint(code.text, 10, 16)
		if err != nil || n == 0 {
			return 0, path, v, &JSONError{Path: joinPath(path, key), Expected: "a form code", Got: code.kind.String(), Err: ErrJSONType}
		}
		return fiscal.Form(n), path, v, nil
	}
	return 0, path, v, &JSONError{Path: path, Expected: "a member named after a document, or its code", Got: v.kind.String(), Err: ErrJSONDocument}
}

func formByName(name string) fiscal.Form {
	if n, ok := numberedTag(name, prefixForm); ok {
		return fiscal.Form(n)
	}
	return fiscal.FormByJSONName(name)
}

// versionOf looks for tag 1209 in the members before they are read.
func versionOf(body *jsonValue) fiscal.FFD {
	for _, key := range []string{"fiscalDocumentFormatVer", "tag_1209"} {
		if v := body.member(key); v != nil {
			if v.kind == jsonArray && len(v.items) > 0 {
				v = &v.items[0]
			}
			n, _ := strconv.ParseUint(v.text, 10, 8)
			return max(fiscal.FFD10, fiscal.FFD(n))
		}
	}
	if raw := body.member("raw_1209"); raw != nil {
		b, _ := decodeBase64(raw.text)
		n, _ := tlv.Uint(b)
		return max(fiscal.FFD10, fiscal.FFD(n))
	}
	return fiscal.FFD10
}

func readRaw(raw *jsonValue, name string, form fiscal.Form) (*Document, error) {
	path := joinPath(name, keyRawData)
	b, err := decodeBase64(raw.text)
	if err != nil || raw.kind != jsonString {
		return nil, &JSONError{Path: path, Expected: "base64", Got: raw.kind.String(), Err: ErrJSONRaw}
	}
	d, err := DecodePayload(b)
	if err != nil {
		return d, fmt.Errorf("ffd: JSON %s: %w", path, err)
	}
	if d.Form != form {
		return d, &JSONError{Path: path, Expected: "form " + strconv.Itoa(int(form)), Got: "form " + strconv.Itoa(int(d.Form)), Err: ErrJSONRaw}
	}
	return d, nil
}

// readSign makes the 8 bytes of messageFiscalSign. A number that went through a
// float lost its low bytes and is no sign.
func readSign(v *jsonValue) []byte {
	if v == nil {
		return nil
	}
	n, err := strconv.ParseUint(v.text, 10, 64)
	if err != nil || n == 0 {
		return nil
	}
	return binary.BigEndian.AppendUint64(nil, n)
}

// decodeBase64 takes both alphabets, with and without padding.
func decodeBase64(s string) ([]byte, error) {
	s = strings.TrimRight(s, "=")
	if strings.ContainsAny(s, "-_") {
		return base64.RawURLEncoding.DecodeString(s)
	}
	return base64.RawStdEncoding.DecodeString(s)
}

func joinPath(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// jsonBuilder writes the fields of one document. The first error sticks.
type jsonBuilder struct {
	reader  JSONReader
	form    fiscal.Form
	v       fiscal.FFD
	out     tlv.Builder
	err     error
	skipped []string
}

// jsonField is all that an object says about one tag.
type jsonField struct {
	tag  tlv.Tag
	path string
	alt  bool // said by an alternative name
	said []*jsonValue
	raw  []*jsonValue

	written int
}

// object writes the members of a structure.
func (b *jsonBuilder) object(path string, parent tlv.Tag, v *jsonValue) {
	fields, order := b.collect(path, parent, v)
	if len(order) > 0 {
		at := make(map[tlv.Tag]*jsonField, len(fields))
		for i := range fields {
			at[fields[i].tag] = &fields[i]
		}
		for _, tag := range order {
			if f := at[tag]; f != nil && f.written < f.count() {
				b.field(f, f.written)
				f.written++
			}
		}
	}
	for i := range fields {
		f := &fields[i]
		for ; f.written < f.count() && b.err == nil; f.written++ {
			b.field(f, f.written)
		}
	}
}

func (f *jsonField) count() int { return max(len(f.said), len(f.raw)) }

// collect sorts the members by tag, in the order of their first mention.
func (b *jsonBuilder) collect(path string, parent tlv.Tag, v *jsonValue) (fields []jsonField, order []tlv.Tag) {
	at := make(map[tlv.Tag]int, len(v.members))
	get := func(tag tlv.Tag, key string) *jsonField {
		i, ok := at[tag]
		if !ok {
			i = len(fields)
			at[tag] = i
			fields = append(fields, jsonField{tag: tag, path: joinPath(path, key)})
		}
		return &fields[i]
	}
	for i := range v.members {
		m := &v.members[i]
		if tag, ok := numberedTag(m.key, prefixRaw); ok {
			f := get(tag, m.key)
			f.raw = append(f.raw, elements(&m.value)...)
			continue
		}
		if m.key == keyOrder {
			order = append(order, readOrder(&m.value)...)
			continue
		}
		tag, alt, ok := b.tagOf(parent, m.key)
		switch {
		case !ok:
			if parent != 0 || !envelopeKey(m.key) {
				b.skip(joinPath(path, m.key))
			}
		case Lookup(tag) != nil && Lookup(tag).Kind == KindNone && !strings.HasPrefix(m.key, prefixTag):
			b.skip(joinPath(path, m.key)) // print form only
		default:
			f := get(tag, m.key)
			switch {
			case len(f.said) > 0 && alt && !f.alt, len(f.said) > 0 && alt && f.path != joinPath(path, m.key):
				b.skip(joinPath(path, m.key))
			case len(f.said) > 0 && f.alt && !alt:
				b.skip(f.path)
				f.said, f.alt, f.path = elements(&m.value), false, joinPath(path, m.key)
			default:
				f.said, f.alt = append(f.said, elements(&m.value)...), alt
				f.path = joinPath(path, m.key)
			}
		}
	}
	return fields, order
}

func (b *jsonBuilder) tagOf(parent tlv.Tag, key string) (tag tlv.Tag, alt, ok bool) {
	if tag, ok := numberedTag(key, prefixTag); ok {
		return tag, false, true
	}
	tag, alt, ok = resolve(b.form, parent, key)
	if ok && changedKind(tag, b.v) {
		return 0, false, false // had no such name then
	}
	return tag, alt, ok
}

// envelopeKey reports members of the document object that are no requisites.
func envelopeKey(key string) bool {
	switch key {
	case keyCode, keyRawData, keySign, "receiptCode", "bsoCode":
		return true
	}
	return false
}

func (b *jsonBuilder) skip(path string) { b.skipped = append(b.skipped, path) }

// elements is what an array holds, or the one value.
func elements(v *jsonValue) []*jsonValue {
	if v.kind != jsonArray {
		return []*jsonValue{v}
	}
	all := make([]*jsonValue, len(v.items))
	for i := range v.items {
		all[i] = &v.items[i]
	}
	return all
}

func readOrder(v *jsonValue) []tlv.Tag {
	tags := make([]tlv.Tag, 0, len(v.items))
	for _, item := range v.items {
		if n, err := strconv.ParseUint(item.text, 10, 16); err == nil {
			tags = append(tags, tlv.Tag(n))
		}
	}
	return tags
}

// field writes the k-th value of a tag: its raw bytes when given, else what its
// kind makes of the JSON value.
func (b *jsonBuilder) field(f *jsonField, k int) {
	if b.err != nil {
		return
	}
	path := f.path
	if f.count() > 1 {
		path = fmt.Sprintf("%s[%d]", path, k)
	}
	if k < len(f.raw) && f.raw[k].kind != jsonNull {
		value, err := decodeBase64(f.raw[k].text)
		if err != nil || f.raw[k].kind != jsonString {
			b.fail(path, f.tag, "base64", f.raw[k].kind.String(), ErrJSONType)
			return
		}
		b.out.Raw(f.tag, value)
		return
	}
	if k >= len(f.said) || f.said[k].kind == jsonNull {
		return
	}
	v := f.said[k]
	kind, info := kindOf(f.tag, b.v)
	if kind == KindSTLV {
		if v.kind != jsonObject {
			if !b.lenient(path, v.text == "") {
				b.fail(path, f.tag, "an object", v.kind.String(), ErrJSONType)
			}
			return
		}
		if b.lenient(path, len(v.members) == 0) {
			return
		}
		b.out.STLV(f.tag, func(*tlv.Builder) { b.object(path, f.tag, v) })
		return
	}
	value, err := b.leaf(kind, info, f.tag, v)
	var e *JSONError
	switch {
	case err == nil:
		b.out.Raw(f.tag, value)
	case errors.As(err, &e) && !b.lenient(path, e.Err == errNegative || v.text == ""):
		cause := e.Err
		if cause == errNegative {
			cause = ErrJSONRange
		}
		b.fail(path, f.tag, e.Expected, e.Got, cause)
	}
}

// lenient reports whether something wrong is to be passed over, and notes it.
func (b *jsonBuilder) lenient(path string, wrong bool) bool {
	if !b.reader.Lenient || !wrong {
		return false
	}
	b.skip(path)
	return true
}

func (b *jsonBuilder) fail(path string, tag tlv.Tag, expected, got string, cause error) {
	if b.err == nil {
		b.err = &JSONError{Path: path, Tag: tag, Expected: expected, Got: got, Err: cause}
	}
}
