package receipts

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

// archiveMark begins a document in the tax service's archive; the container header
// follows it from its type byte on, without length and check code.
var archiveMark = []byte{0xFF, 0xFF, 0x00, 0x1C}

// headWithoutCRC is a container header without length and check code.
const headWithoutCRC = wire.ContainerHeaderLen - wire.OffType

// blob is one document cut out of raw bytes.
type blob struct {
	stlv  []byte // with its header
	sign  []byte // message sign; nil when absent
	fn    fiscal.FNNumber
	fd    fiscal.FDNumber
	shape Shape
	size  int // bytes taken
	notes []string
}

var errNotRaw = errors.New("no fiscal document: neither a container nor the TLV of a known form")

// cutRaw takes one document off the front of b: archived (ffff001c), a session
// message, a container with or without length and check code, or bare TLV with or
// without its message sign.
func cutRaw(b []byte) (blob, error) {
	switch {
	case bytes.HasPrefix(b, archiveMark):
		out, err := cutHeaded(b[len(archiveMark):], ShapeArchive)
		out.size += len(archiveMark)
		return out, err
	case bytes.HasPrefix(b, wire.SignatureOFD[:]) && len(b) > wire.HeaderLen+wire.ContainerHeaderLen:
		out, err := cutContainer(b[wire.HeaderLen:])
		out.size += wire.HeaderLen
		return out, err
	case len(b) > wire.ContainerHeaderLen && isContainerType(b[wire.OffType]) && !knownForm(b):
		return cutContainer(b)
	case len(b) > headWithoutCRC && isContainerType(b[0]):
		return cutHeaded(b, ShapeHeaded)
	}
	out, err := cutBare(b)
	if err != nil {
		if found, ok := cutPrefixed(b); ok {
			return found, nil
		}
	}
	return out, err
}

// maxPrefix is how many unknown bytes before a document are passed over.
const maxPrefix = 64

// cutPrefixed looks for a document behind service bytes of unknown meaning. It must
// fill the rest, decode, and have the numbers that every document has.
func cutPrefixed(b []byte) (blob, bool) {
	for n := 1; n <= maxPrefix && n < len(b)-tlv.HeaderLen; n++ {
		if !knownForm(b[n:]) {
			continue
		}
		out, err := cutBare(b[n:])
		if err != nil || n+out.size != len(b) {
			continue
		}
		doc, err := ffd.Decode(out.stlv)
		if err != nil || !doc.Has(ffd.TagFNNumber) || !doc.Has(ffd.TagFDNumber) {
			continue
		}
		out.size += n
		out.notes = append(out.notes, fmt.Sprintf("перед документом %d байт неизвестного назначения", n))
		return out, true
	}
	return blob{}, false
}

func isContainerType(t byte) bool { return t == wire.TypeFN || t == wire.TypeOFD }

// knownForm tells that b begins with the outer tag of a register's document whose
// length fits.
func knownForm(b []byte) bool {
	if len(b) < tlv.HeaderLen {
		return false
	}
	form := fiscal.Form(uint16(b[0]) | uint16(b[1])<<8)
	return form.Known() && int(b[2])|int(b[3])<<8 <= len(b)-tlv.HeaderLen
}

func cutContainer(b []byte) (blob, error) {
	c, err := wire.ReadContainer(b)
	if err != nil {
		return blob{}, fmt.Errorf("receipts: container: %w", err)
	}
	size := int(c.Length)
	if size < wire.ContainerHeaderLen+tlv.HeaderLen || size > len(b) {
		return blob{}, fmt.Errorf("receipts: container: length %d, there are %d bytes", size, len(b))
	}
	out, err := cutHeaded(b[wire.OffType:size], ShapeContainer)
	out.size = size
	if _, _, bad := wire.ParseContainer(b[:size], wire.Lenient); bad != nil && err == nil {
		out.notes = append(out.notes, "контейнер: "+bad.Error())
	}
	return out, err
}

// cutHeaded reads a container from its type byte on.
func cutHeaded(b []byte, shape Shape) (blob, error) {
	if len(b) < headWithoutCRC+tlv.HeaderLen {
		return blob{}, fmt.Errorf("receipts: container header: %d bytes, want at least %d", len(b), headWithoutCRC+tlv.HeaderLen)
	}
	c, err := wire.ReadContainer(append(make([]byte, wire.OffType), b[:headWithoutCRC]...))
	if err != nil {
		return blob{}, fmt.Errorf("receipts: container header: %w", err)
	}
	if c.Encrypted() {
		return blob{}, errors.New("receipts: container is encrypted: the document cannot be read without the keys of its drive")
	}
	out, err := cutBare(b[headWithoutCRC:])
	if err != nil {
		return blob{}, err
	}
	out.shape, out.size = shape, out.size+headWithoutCRC
	out.fd = c.FD
	if out.fn, err = c.FNNumber(); err != nil {
		out.notes = append(out.notes, "номер ФН в заголовке контейнера не читается")
	}
	if int(c.STLVSize) != len(out.stlv) {
		out.notes = append(out.notes, fmt.Sprintf("длина документа в заголовке контейнера %d, по TLV %d", c.STLVSize, len(out.stlv)))
	}
	if form := fiscal.Form(out.stlv[0]) | fiscal.Form(out.stlv[1])<<8; c.Form != form {
		out.notes = append(out.notes, fmt.Sprintf("форма в заголовке контейнера %d, по TLV %d", c.Form, form))
	}
	return out, nil
}

func cutBare(b []byte) (blob, error) {
	if !knownForm(b) {
		return blob{}, fmt.Errorf("receipts: %w", errNotRaw)
	}
	doc, rest, err := tlv.Outer(b)
	if err != nil {
		return blob{}, fmt.Errorf("receipts: document: %w", err)
	}
	out := blob{shape: ShapeBare, stlv: b[:tlv.HeaderLen+len(doc.Value)], size: tlv.HeaderLen + len(doc.Value)}
	// A message sign follows in most dumps, with two zero bytes in captures.
	if len(rest) >= wire.SignLen && (rest[0] == 0x81 && rest[1] == 0x06 || len(rest) == wire.SignLen || len(rest) == wire.TrailerLen) {
		out.sign = rest[:wire.SignLen]
		out.size += wire.SignLen
		if len(rest) >= wire.TrailerLen && rest[8] == 0 && rest[9] == 0 {
			out.size += 2
		}
	}
	return out, nil
}

// splitRaw cuts every document out of b, which must hold nothing else.
func splitRaw(b []byte) (all []blob, err error) {
	for len(b) > 0 {
		one, err := cutRaw(b)
		if err != nil {
			return all, err
		}
		all = append(all, one)
		b = b[one.size:]
	}
	return all, nil
}

// rawLine is one line of a text of raw documents.
type rawLine struct {
	name string
	data []byte
}

// rawLines reads hex or base64, one document a line ("name: digits # comment") or one
// dump over all lines. ok is false when the text is neither.
func rawLines(text []byte) (lines []rawLine, ok bool) {
	if !utf8.Valid(text) {
		return nil, false
	}
	var whole strings.Builder
	apart := true
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		line, _, _ = strings.Cut(line, "#")
		name, digits, named := strings.Cut(line, ":")
		if !named {
			name, digits = "", line
		}
		digits = strings.Join(strings.Fields(digits), "")
		if digits == "" {
			continue
		}
		whole.WriteString(digits)
		data, good := decodeDigits(digits)
		if !good {
			return nil, false
		}
		if name = strings.TrimSpace(name); name == "" {
			name = "line " + strconv.Itoa(number)
		}
		if _, err := cutRaw(data); err != nil {
			apart = false
		}
		lines = append(lines, rawLine{name, data})
	}
	if !apart && len(lines) > 1 {
		if data, good := decodeDigits(whole.String()); good {
			if _, err := cutRaw(data); err == nil {
				return []rawLine{{"", data}}, true
			}
		}
	}
	return lines, len(lines) > 0
}

func decodeDigits(s string) ([]byte, bool) {
	if b, err := hex.DecodeString(strings.TrimPrefix(s, "0x")); err == nil {
		return b, true
	}
	for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		if b, err := enc.DecodeString(s); err == nil {
			return b, true
		}
	}
	return nil, false
}

// tree turns a document into nodes named by tag numbers.
func (b *blob) tree(path string) (*node, fiscal.Form, error) {
	doc, err := ffd.Decode(b.stlv)
	if err != nil {
		return nil, doc.Form, fmt.Errorf("receipts: document: %w", err)
	}
	return tlvObject(doc.Fields, path), doc.Form, nil
}

func tlvObject(fields []tlv.Node, path string) *node {
	n := &node{kind: kindObject, path: path, tlv: true, label: "STLV"}
	count := map[tlv.Tag]int{}
	for i := range fields {
		count[fields[i].Tag]++
	}
	seen := map[tlv.Tag]int{}
	for i := range fields {
		f := &fields[i]
		name := strconv.Itoa(int(f.Tag))
		at := path + "." + name
		if count[f.Tag] > 1 {
			at += "[" + strconv.Itoa(seen[f.Tag]) + "]"
		}
		seen[f.Tag]++
		n.names, n.kids = append(n.names, name), append(n.kids, tlvValue(f, at))
	}
	return n
}

func tlvValue(f *tlv.Node, path string) *node {
	if f.Nested {
		return tlvObject(f.Children, path)
	}
	n := &node{kind: kindBytes, path: path, raw: f.Value, label: "bytes"}
	info := ffd.Lookup(f.Tag)
	if info == nil {
		return n
	}
	switch info.Kind {
	case ffd.KindByte, ffd.KindUint16, ffd.KindUint32, ffd.KindUnixTime, ffd.KindVLN:
		if v, err := tlv.Uint(f.Value); err == nil {
			*n = node{kind: kindNumber, path: path, text: strconv.FormatUint(v, 10), label: "integer"}
		}
	case ffd.KindFVLN:
		if v, err := tlv.ParseFVLN(f.Value); err == nil {
			*n = node{kind: kindNumber, path: path, text: v.String(), label: "FVLN"}
		}
	case ffd.KindString:
		*n = node{kind: kindString, path: path, text: tlv.Text(f.Value), label: "string"}
	case ffd.KindBytes:
		if f.Tag == ffd.TagFPD {
			if v, err := fiscal.FPDFromTag(f.Value); err == nil {
				*n = node{kind: kindNumber, path: path, text: v.QR(), label: "bytes"}
			}
		}
	}
	return n
}
