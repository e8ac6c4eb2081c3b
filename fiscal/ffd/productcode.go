package ffd

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"

	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// CodeKind is what a scanned product code is (order ЕД-7-20/662@, table 26).
type CodeKind uint8

// Kinds of scanned codes.
const (
	CodeUnknown CodeKind = iota // not recognised, or no code
	CodeEAN8
	CodeEAN13
	CodeITF14
	CodeGS1      // Data Matrix with AIs 01 and 21: marked product
	CodeTobacco  // 29 symbols of a pack without AIs: marked product
	CodeFur      // control mark СС-ЦЦЦЦЦЦ-СССССССССС
	CodeEGAIS2   // PDF417 of 68 symbols
	CodeEGAIS3   // Data Matrix of 150 symbols
	codeKindEnds // after the last
)

// codeTypes are bytes 0–1 of tag 1162.
var codeTypes = [codeKindEnds][2]byte{
	CodeEAN8: {0x45, 0x08}, CodeEAN13: {0x45, 0x0D}, CodeITF14: {0x49, 0x0E}, CodeGS1: {0x44, 0x4D},
	CodeTobacco: {0x44, 0x4D}, CodeFur: {0x52, 0x46}, CodeEGAIS2: {0xC5, 0x14}, CodeEGAIS3: {0xC5, 0x1E},
}

// Marked reports a code of marked goods: printed as [М], sold one at a time.
func (k CodeKind) Marked() bool { return k >= CodeGS1 && k < codeKindEnds }

// GS is the group separator that ends a GS1 field of variable length.
const GS = "\x1d"

// ProductCode is a scanned code taken apart. Text fields hold CP866 characters.
type ProductCode struct {
	Kind   CodeKind
	Text   string // as scanned; of a code read from 1162 as far as the tag says it
	GTIN   string // digits as in the code: 8, 13 or 14
	Serial string // AI 21
	MRP    string // AI 8005, the price of a tobacco block
}

// ScanProductCode recognises a code as the scanner gives it. A text that fits no
// kind is CodeUnknown.
func ScanProductCode(s string) ProductCode {
	c := ProductCode{Text: s}
	switch {
	case len(s) == 8 && checkDigit(s):
		c.Kind, c.GTIN = CodeEAN8, s
	case len(s) == 13 && checkDigit(s):
		c.Kind, c.GTIN = CodeEAN13, s
	case len(s) == 14 && checkDigit(s):
		c.Kind, c.GTIN = CodeITF14, s
	case c.scanGS1():
		c.Kind = CodeGS1
	case len(s) == 29 && allDigits(s[:14]):
		c.Kind, c.GTIN, c.Serial = CodeTobacco, s[:14], s[14:25]
	case isFurMark(s):
		c.Kind = CodeFur
	case len(s) == 68:
		c.Kind = CodeEGAIS2
	case len(s) == 150:
		c.Kind = CodeEGAIS3
	}
	return c
}

// fixedAIs are the GS1 identifiers of fixed length that occur on goods: value
// length without the identifier (GS1 General Specifications, figure 7.8.5-1).
var fixedAIs = map[string]int{
	"00": 18, "01": 14, "02": 14, "11": 6, "12": 6, "13": 6, "15": 6, "16": 6, "17": 6, "20": 2, "8005": 6,
}

// scanGS1 reads "01" GTIN "21" serial and what follows. The serial ends at a group
// separator or at the end. It fills the fields and reports success.
func (c *ProductCode) scanGS1() bool {
	s := strings.TrimPrefix(strings.TrimPrefix(c.Text, "]d2"), GS)
	for s != "" {
		ai, value, rest := nextAI(s)
		switch {
		case ai == "01" && allDigits(value) && len(value) == 14:
			c.GTIN = value
		case ai == "21":
			c.Serial = value
		case ai == "8005":
			c.MRP = value
		case c.GTIN == "":
			*c = ProductCode{Text: c.Text}
			return false
		}
		s = strings.TrimPrefix(rest, GS)
	}
	if c.GTIN == "" || c.Serial == "" {
		*c = ProductCode{Text: c.Text}
		return false
	}
	return true
}

// nextAI takes one field off a GS1 text. An identifier that is not in the list has
// two characters and a value up to the next separator.
func nextAI(s string) (ai, value, rest string) {
	for _, n := range []int{4, 2} {
		if len(s) < n {
			continue
		}
		if length, ok := fixedAIs[s[:n]]; ok {
			end := min(n+length, len(s))
			return s[:n], s[n:end], s[end:]
		}
	}
	end := strings.Index(s, GS)
	if end < 0 {
		end = len(s)
	}
	n := min(2, end)
	return s[:n], s[n:end], s[end:]
}

func isFurMark(s string) bool {
	if len(s) != 20 || s[2] != '-' || s[9] != '-' || !allDigits(s[3:9]) {
		return false
	}
	return printable(s)
}

// maxCode1162 is the greatest length of tag 1162, the two bytes of type included.
const maxCode1162 = 32

// Encode1162 makes the value of tag 1162 (FFD 1.05 and 1.1). It fails when a text
// part has no CP866 form or does not fit 32 bytes; of an unknown code the first 30
// bytes are kept.
func (c *ProductCode) Encode1162() ([]byte, error) {
	value := append(make([]byte, 0, maxCode1162), codeTypes[c.Kind][:]...)
	var err error
	switch c.Kind {
	case CodeUnknown:
		value, err = tlv.AppendText(value, c.Text)
		return value[:min(len(value), maxCode1162)], err
	case CodeEAN8, CodeEAN13, CodeITF14:
		return appendGTIN(value, c.GTIN)
	case CodeGS1:
		if value, err = appendGTIN(value, c.GTIN); err == nil {
			value, err = tlv.AppendText(value, c.Serial+c.MRP)
		}
	case CodeTobacco:
		if value, err = appendGTIN(value, c.GTIN); err == nil {
			value, err = tlv.AppendText(value, fmt.Sprintf("%-13s", c.Serial))
		}
	case CodeFur:
		value, err = tlv.AppendText(value, c.Text)
	case CodeEGAIS2:
		value, err = tlv.AppendText(value, egaisPart(c.Text, 68, 8, 31))
	case CodeEGAIS3:
		value, err = tlv.AppendText(value, egaisPart(c.Text, 150, 0, 14))
	}
	if err == nil && len(value) > maxCode1162 {
		return nil, fmt.Errorf("ffd: product code of kind %d: %d bytes in tag 1162, at most %d", c.Kind, len(value), maxCode1162)
	}
	if err != nil {
		return nil, fmt.Errorf("ffd: product code: %w", err)
	}
	return value, nil
}

// egaisPart cuts the stored symbols out of a whole code; a text of another length
// is taken as already cut.
func egaisPart(s string, whole, from, to int) string {
	if len(s) == whole {
		return s[from:to]
	}
	return s
}

func appendGTIN(dst []byte, gtin string) ([]byte, error) {
	n, err := strconv.ParseUint(gtin, 10, 64)
	if err != nil || n >= 1<<48 {
		return nil, fmt.Errorf("ffd: product code: GTIN of %d characters is not a number of 6 bytes", len(gtin))
	}
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], n)
	return append(dst, b[2:]...), nil
}

// Parse1162 reads the value of tag 1162. Bytes of a type that the order does not
// know give CodeUnknown with their text. A Data Matrix value whose text is padded
// to 13 characters with spaces is taken as a tobacco pack; serial and price cannot
// be told apart and stand in Serial together.
func Parse1162(value []byte) (ProductCode, error) {
	if len(value) < 2 {
		return ProductCode{}, fmt.Errorf("ffd: tag 1162 has %d bytes, want at least 2", len(value))
	}
	kind := CodeUnknown
	for k := CodeEAN8; k < codeKindEnds; k++ {
		if k != CodeTobacco && [2]byte(value) == codeTypes[k] {
			kind = k
		}
	}
	body := value[2:]
	c := ProductCode{Kind: kind, Text: tlv.Text(body)}
	if kind < CodeEAN8 || kind > CodeTobacco {
		return c, nil
	}
	if len(body) < 6 {
		return ProductCode{Text: c.Text}, fmt.Errorf("ffd: tag 1162 has %d bytes, want at least 8", len(value))
	}
	width := map[CodeKind]int{CodeEAN8: 8, CodeEAN13: 13, CodeITF14: 14, CodeGS1: 14}[kind]
	gtin := append(make([]byte, 2, 8), body[:6]...)
	c.GTIN = fmt.Sprintf("%0*d", width, binary.BigEndian.Uint64(gtin))
	c.Text = c.GTIN
	if kind == CodeGS1 {
		c.Serial = tlv.Text(body[6:])
		c.Text = "01" + c.GTIN + "21" + c.Serial
		if len(body) == 6+13 && strings.HasSuffix(c.Serial, "  ") {
			c.Kind, c.Serial = CodeTobacco, strings.TrimRight(c.Serial, " ")
			c.Text = c.GTIN + c.Serial
		}
	}
	return c, nil
}

// Tag1163 is the child of 1163 (FFD 1.2) that carries a code of this kind, and its
// text. Marked goods go to 1305, 1307–1309; a tobacco pack and a code that GS1
// cannot say go to 1306 as the short code. An unknown code is cut to 32
// characters.
func (c *ProductCode) Tag1163() (tag tlv.Tag, text string) {
	switch c.Kind {
	case CodeEAN8:
		return TagCodeEAN8, c.GTIN
	case CodeEAN13:
		return TagCodeEAN13, c.GTIN
	case CodeITF14:
		return TagCodeITF14, c.GTIN
	case CodeGS1:
		return TagCodeGS1M, "01" + c.GTIN + "21" + c.Serial
	case CodeTobacco:
		return TagCodeKMK, c.GTIN + c.Serial
	case CodeFur:
		return TagCodeMI, c.Text
	case CodeEGAIS2:
		return TagCodeEGAIS2, egaisPart(c.Text, 68, 8, 31)
	case CodeEGAIS3:
		return TagCodeEGAIS3, egaisPart(c.Text, 150, 0, 14)
	}
	runes := []rune(c.Text)
	return TagCodeUndefined, string(runes[:min(len(runes), 32)])
}

// Append1163 writes tag 1163 with its child. Failures stick in the builder.
func (c *ProductCode) Append1163(b *tlv.Builder) {
	tag, text := c.Tag1163()
	b.STLV(TagProductCodeNew, func(b *tlv.Builder) { b.Text(tag, text) })
}

// Parse1163 reads the code out of the children of 1163, or ok false when no known
// child is there.
func Parse1163(n *tlv.Node) (c ProductCode, tag tlv.Tag, ok bool) {
	for i := range n.Children {
		child := &n.Children[i]
		if !isProductCode(child.Tag) {
			continue
		}
		c = ProductCode{Kind: codeKinds1163[child.Tag], Text: NodeText(child)}
		c.GTIN, c.Serial = splitProductCode(child.Tag, c.Text)
		return c, child.Tag, true
	}
	return ProductCode{}, 0, false
}

var codeKinds1163 = map[tlv.Tag]CodeKind{
	TagCodeEAN8: CodeEAN8, TagCodeEAN13: CodeEAN13, TagCodeITF14: CodeITF14, TagCodeGS1M: CodeGS1,
	TagCodeKMK: CodeTobacco, TagCodeMI: CodeFur, TagCodeEGAIS2: CodeEGAIS2, TagCodeEGAIS3: CodeEGAIS3,
}

// isProductCode reports a child of 1163: 1300–1309, 1320–1325.
func isProductCode(tag tlv.Tag) bool {
	return tag >= TagCodeUndefined && tag <= TagCodeEGAIS3 || tag >= TagCodeF1 && tag <= TagCodeF6
}

// splitProductCode finds GTIN and serial in the text of a child of 1163.
func splitProductCode(tag tlv.Tag, text string) (gtin, serial string) {
	switch tag {
	case TagCodeEAN8, TagCodeEAN13, TagCodeITF14:
		if allDigits(text) {
			return text, ""
		}
	case TagCodeGS1, TagCodeGS1M:
		c := ProductCode{Text: text}
		if c.scanGS1() {
			return c.GTIN, c.Serial
		}
	case TagCodeKMK:
		if len(text) > 14 && allDigits(text[:14]) {
			return text[:14], text[14:]
		}
	}
	return "", ""
}

// ControlCode is tag 2115: the last four decimal digits of the CRC-32 (IEEE 802.3)
// of the bytes of tag 2000 (flk.md section 13).
func ControlCode(markingCode []byte) string {
	return fmt.Sprintf("%04d", crc32.ChecksumIEEE(markingCode)%10000)
}

// checkDigit verifies the last digit of a GTIN of 8, 13 or 14 digits.
func checkDigit(s string) bool {
	if !allDigits(s) {
		return false
	}
	sum, weight := 0, 3
	for i := len(s) - 2; i >= 0; i-- {
		sum += int(s[i]-'0') * weight
		weight = 4 - weight
	}
	return (10-sum%10)%10 == int(s[len(s)-1]-'0')
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

func printable(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
