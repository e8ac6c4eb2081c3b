package ffd

import (
	_ "embed"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// paper is a text of lines of one width.
type paper struct {
	text   strings.Builder
	width  int
	indent int
}

func (p *paper) put(line string) {
	p.text.WriteString(strings.TrimRight(line, " "))
	p.text.WriteByte('\n')
}

func (p *paper) rule() { p.put(strings.Repeat("-", p.width)) }

// center puts a line in the middle; a line that is too long is broken.
func (p *paper) center(s string) {
	for _, line := range wrap(s, p.width) {
		p.put(strings.Repeat(" ", (p.width-utf8.RuneCountInString(line))/2) + line)
	}
}

// line puts text at the left, broken at spaces.
func (p *paper) line(s string) {
	for _, line := range wrap(s, p.room()) {
		p.put(p.margin() + line)
	}
}

// pair puts a name at the left and its value at the right, on one line when they
// fit.
func (p *paper) pair(name, value string) {
	n, v := utf8.RuneCountInString(name), utf8.RuneCountInString(value)
	switch {
	case name == "":
		p.line(value)
	case value == "":
		p.line(name)
	case n+1+v <= p.room():
		p.put(p.margin() + name + strings.Repeat(" ", p.room()-n-v) + value)
	default:
		p.line(name)
		for _, line := range wrap(value, p.room()) {
			p.put(p.margin() + strings.Repeat(" ", p.room()-utf8.RuneCountInString(line)) + line)
		}
	}
}

func (p *paper) room() int { return p.width - len(p.margin()) }

// margin is a space a level; deeper than four they stop growing.
func (p *paper) margin() string { return "    "[:min(p.indent, 4)] }

// wrap breaks text at spaces and line ends into lines of at most width characters;
// control characters become spaces and a longer word is cut.
func wrap(s string, width int) []string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7F {
			return ' '
		}
		return r
	}, s)
	var lines []string
	line := []rune{}
	for _, word := range strings.Fields(s) {
		w := []rune(word)
		if len(line) > 0 && len(line)+1+len(w) <= width {
			line = append(append(line, ' '), w...)
			continue
		}
		if len(line) > 0 {
			lines = append(lines, string(line))
		}
		for len(w) > width {
			lines = append(lines, string(w[:width]))
			w = w[width:]
		}
		line = append([]rune{}, w...)
	}
	if len(line) > 0 {
		lines = append(lines, string(line))
	}
	return lines
}

// style is how a requisite is printed.
type style uint8

const (
	styleText      style = iota // name and value
	styleAlways                 // the same, also when the table does not ask for it
	styleBare                   // value alone
	styleCenter                 // printed with the document's name
	styleOperation              // value in the middle
	styleValues                 // by the list of values
	styleFlag                   // name alone, when set
	styleMoney                  // =123.45
	stylePaid                   // the same, when not zero
	styleRates                  // VAT by rates
	styleDate
	styleTime
	styleFPD
	styleHex
	styleSTLV // name, then its children
	styleItem
	styleHandled // printed with its item
)

var styles = map[string]style{
	"text": styleText, "always": styleAlways, "bare": styleBare, "center": styleCenter, "operation": styleOperation,
	"values": styleValues, "flag": styleFlag, "money": styleMoney, "paid": stylePaid,
	"rates": styleRates, "date": styleDate, "time": styleTime, "fpd": styleFPD, "hex": styleHex, "stlv": styleSTLV,
	"item": styleItem, "handled": styleHandled,
}

// label is how a requisite stands on paper. The names are the customary ones of
// registers; the order's own column of print names was not to be had.
type label struct {
	tag   tlv.Tag
	style style
	text  string
}

type labelList struct {
	order []*label // as printed
	byTag map[tlv.Tag]*label
}

//go:embed data/labels.csv
var labelsCSV string

var labels = sync.OnceValue(buildLabels)

func buildLabels() *labelList {
	all := &labelList{byTag: map[tlv.Tag]*label{}}
	_, body, _ := strings.Cut(labelsCSV, "\n")
	for line := range strings.Lines(body) {
		cols := strings.SplitN(strings.TrimSuffix(line, "\n"), ",", 3)
		s, ok := styles[cols[1]]
		l := &label{tag: tlv.Tag(mustNumber(cols[0])), style: s, text: cols[2]}
		if !ok || all.byTag[l.tag] != nil || Lookup(l.tag) == nil {
			panic("ffd: data/labels.csv: bad row " + line)
		}
		all.order = append(all.order, l)
		all.byTag[l.tag] = l
	}
	return all
}
