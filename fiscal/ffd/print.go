package ffd

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// Widths of a receipt tape in characters.
const (
	MinPrintWidth     = 32
	MaxPrintWidth     = 48
	DefaultPrintWidth = 42
)

// PrintOptions choose how a document looks on paper. The zero value works.
type PrintOptions struct {
	// Width of a line in characters, 32 to 48; others are brought into the range,
	// 0 is DefaultPrintWidth.
	Width int
	// MaskPersonal hides the values of Personal.
	MaskPersonal bool
}

// titles are the names of documents on paper (tag 1000).
var titles = map[fiscal.Form]string{
	fiscal.FormFiscalReport:           "ОТЧЕТ О РЕГИСТРАЦИИ",
	fiscal.FormFiscalReportCorrection: "ОТЧЕТ ОБ ИЗМ. ПАРАМЕТРОВ РЕГИСТРАЦИИ",
	fiscal.FormOpenShift:              "ОТЧЕТ ОБ ОТКРЫТИИ СМЕНЫ",
	fiscal.FormCurrentStateReport:     "ОТЧЕТ О ТЕКУЩЕМ СОСТОЯНИИ РАСЧЕТОВ",
	fiscal.FormReceipt:                "КАССОВЫЙ ЧЕК",
	fiscal.FormReceiptCorrection:      "КАССОВЫЙ ЧЕК КОРРЕКЦИИ",
	fiscal.FormBSO:                    "БЛАНК СТРОГОЙ ОТЧЕТНОСТИ",
	fiscal.FormBSOCorrection:          "БСО КОРРЕКЦИИ",
	fiscal.FormCloseShift:             "ОТЧЕТ О ЗАКРЫТИИ СМЕНЫ",
	fiscal.FormCloseArchive:           "ОТЧЕТ О ЗАКРЫТИИ ФН",
	fiscal.FormOperatorAck:            "ПОДТВЕРЖДЕНИЕ ОПЕРАТОРА",
}

// Print makes the printable text of a document in Russian: its name, then the
// requisites that its table gives to the printed form in the order of
// data/labels.csv, a line each, flags only when set, sums of payment only when not
// zero. Requisites the tables do not know are left out. Lines end with \n. The QR
// code is not drawn here: its text is QRText.
func Print(d *Document, o PrintOptions) string {
	if o.Width == 0 {
		o.Width = DefaultPrintWidth
	}
	o.Width = min(max(o.Width, MinPrintWidth), MaxPrintWidth)
	p := printer{paper: paper{width: o.Width}, d: d, v: d.FFD(), o: o, vat18: oldVAT(d.DateTime())}
	title, ok := titles[d.Form]
	if !ok {
		title = strings.ToUpper(d.Form.String())
	}
	p.center(title)
	p.fields(nil, d.Fields)
	return p.text.String()
}

// oldVAT reports documents made before the rate went from 18 to 20 percent.
func oldVAT(t time.Time) bool { return !t.IsZero() && t.Year() < 2019 }

type printer struct {
	paper
	d     *Document
	v     fiscal.FFD
	o     PrintOptions
	vat18 bool
	items int
}

// fields prints the children of path in the order of the labels.
func (p *printer) fields(path []tlv.Tag, nodes []tlv.Node) {
	all := labels()
	ruled := false
	for _, l := range all.order {
		for i := range nodes {
			n := &nodes[i]
			if n.Tag != l.tag || !p.printed(path, l) {
				continue
			}
			if l.style == styleItem && !ruled {
				p.rule()
				ruled = true
			}
			p.field(append(path[:len(path):len(path)], n.Tag), n, l)
		}
		if ruled && l.style == styleItem {
			p.rule()
		}
	}
	for i := range nodes { // what has no label: its standard name
		n := &nodes[i]
		if info := Lookup(n.Tag); info != nil && all.byTag[n.Tag] == nil {
			l := &label{tag: n.Tag, style: styleText, text: strings.ToUpper(info.Name)}
			if n.Nested {
				l.style = styleSTLV
			}
			if p.printed(path, l) {
				p.field(append(path[:len(path):len(path)], n.Tag), n, l)
			}
		}
	}
}

// printed reports whether a requisite belongs to the printed form. Of a document
// without a table everything does.
func (p *printer) printed(path []tlv.Tag, l *label) bool {
	if l.style == styleHandled {
		return false
	}
	if Rows(p.v, p.d.Form) == nil || l.style == styleAlways {
		return true
	}
	r := RowAt(p.v, p.d.Form, append(path[:len(path):len(path)], l.tag))
	return r != nil && r.Print != NotInForm
}

func (p *printer) field(path []tlv.Tag, n *tlv.Node, l *label) {
	name := p.rates(l.text)
	switch l.style {
	case styleCenter, styleHandled:
	case styleOperation:
		p.center(strings.ToUpper(fiscal.OperationType(NodeUint(n)).String()))
	case styleItem:
		p.item(path, n)
	case styleFlag:
		if NodeUint(n) != 0 {
			p.line(name)
		}
	case styleMoney:
		p.pair(name, "="+fiscal.Kopecks(NodeUint(n)).String())
	case stylePaid:
		if sum := NodeUint(n); sum != 0 {
			p.pair(name, "="+fiscal.Kopecks(sum).String())
		}
	case styleRates:
		for i := range n.Children {
			if c := &n.Children[i]; c.Tag == TagAmountsNDS {
				rate := Meaning(TagNDSRate, NodeUint(c.Child(TagNDSRate)))
				p.pair("СУММА НДС "+rate, "="+fiscal.Kopecks(NodeUint(c.Child(TagRateNDSSum))).String())
			}
		}
	case styleSTLV:
		p.line(name)
		p.indent++
		p.fields(path, n.Children)
		p.indent--
	case styleBare:
		p.line(p.value(n, l.style))
	default:
		p.pair(name, p.value(n, l.style))
	}
}

// value is the text of a leaf.
func (p *printer) value(n *tlv.Node, s style) string {
	if p.o.MaskPersonal && Personal(n.Tag) {
		return mask(NodeText(n))
	}
	switch s {
	case styleDate:
		return NodeTime(n).Format("02.01.2006")
	case styleTime:
		return NodeTime(n).Format("02.01.06 15:04")
	case styleFPD:
		fpd, err := fiscal.FPDFromTag(n.Value)
		if err != nil {
			return hex.EncodeToString(n.Value)
		}
		return fpd.Paper()
	case styleHex:
		return strings.ToUpper(hex.EncodeToString(n.Value))
	}
	kind, _ := kindOf(n.Tag, p.v)
	if set := Values(n.Tag, p.v, p.d.Form); set != nil && s == styleValues {
		number := NodeUint(n)
		if kind == KindString {
			number, _ = strconv.ParseUint(NodeText(n), 10, 64)
		}
		if text := set.Printed(number); text != "" {
			return text
		}
		if text := set.Meaning(number); text != "" {
			return strings.ToUpper(text)
		}
	}
	switch kind {
	case KindString:
		return NodeText(n)
	case KindBytes:
		return strings.ToUpper(hex.EncodeToString(n.Value))
	case KindFVLN:
		return NodeFVLN(n).String()
	case KindUnixTime:
		return NodeTime(n).Format("02.01.06 15:04")
	}
	return strconv.FormatUint(NodeUint(n), 10)
}

// rates puts the rate of the document's time into a name.
func (p *printer) rates(name string) string {
	if !p.vat18 {
		return name
	}
	return strings.NewReplacer("20%", "18%", "20/120", "18/118").Replace(name)
}

// item prints one line of a receipt with what belongs to it.
func (p *printer) item(path []tlv.Tag, n *tlv.Node) {
	p.items++
	it := readItem(n)
	p.line(strings.TrimRight(fmt.Sprintf("%d. %s %s", p.items, it.Name, p.mark(n)), " "))
	p.indent++
	quantity := it.Quantity.String()
	if part := n.Child(TagFractionalQuantity); part != nil {
		quantity = fmt.Sprintf("%d/%d", NodeUint(part.Child(TagNumerator)), NodeUint(part.Child(TagDenominator)))
	}
	if unit := p.unit(n); unit != "" {
		quantity += " " + unit
	}
	p.pair(quantity+" x "+it.Price.String(), "="+it.Sum.String())
	if name := p.rates(p.say(TagNDSRate, uint64(it.Rate))); name != "" {
		sum := ""
		if vat := n.Child(TagItemNDSSum); vat != nil {
			sum = "=" + fiscal.Kopecks(NodeUint(vat)).String()
		}
		p.pair(name, sum)
	}
	if it.Method != 0 && it.Method != 4 {
		p.line(p.say(TagPaymentType, uint64(it.Method)))
	}
	if it.Subject > 1 {
		p.line(strings.ToUpper(Meaning(TagProductType, uint64(it.Subject))))
	}
	p.fields(path, n.Children)
	p.indent--
}

// say is the printed form of a listed value.
func (p *printer) say(tag tlv.Tag, value uint64) string {
	if set := Values(tag, p.v, p.d.Form); set != nil {
		return set.Printed(value)
	}
	return ""
}

// unit is the measure of an item: 2108, else the text of 1197.
func (p *printer) unit(n *tlv.Node) string {
	if m := n.Child(TagQuantityMeasure); m != nil {
		return p.say(TagQuantityMeasure, NodeUint(m))
	}
	return NodeText(n.Child(TagUnit))
}

// mark is what stands after the name of marked goods: [М+], [М-] or [М].
func (p *printer) mark(n *tlv.Node) string {
	if r := n.Child(TagProductCheckResult); r != nil {
		return p.say(TagProductCheckResult, NodeUint(r))
	}
	if c := n.Child(TagProductCode); c != nil {
		if code, err := Parse1162(c.Value); err == nil && code.Kind.Marked() {
			return "[М]"
		}
	}
	if c := n.Child(TagProductCodeNew); c != nil {
		if code, tag, ok := Parse1163(c); ok && (code.Kind.Marked() || tag == TagCodeKMK) {
			return "[М]"
		}
	}
	return ""
}

// mask hides a value: of mail the name but its first letter, of a phone all but
// the last two digits, of other text all but the first letter.
func mask(s string) string {
	if name, host, ok := strings.Cut(s, "@"); ok {
		return mask(name) + "@" + host
	}
	runes := []rune(s)
	keepFrom, keepTo := 1, len(runes)
	if strings.HasPrefix(s, "+") || allDigits(s) {
		keepTo = max(keepFrom, len(runes)-2)
	}
	for i := range runes {
		if i >= keepFrom && i < keepTo {
			runes[i] = '*'
		}
	}
	return string(runes)
}
