package ffd

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// Value is one allowed value of a requisite, or one bit of a register.
type Value struct {
	Code    uint64 // of a register: the bit's mask, or a whole value when Whole
	Whole   bool   // names a combination of bits; allows nothing by itself
	Print   string // as printed on paper; "" when the sources give nothing
	Meaning string // in Russian
}

// ValueSet is what a requisite may hold.
type ValueSet struct {
	Bits       bool // a bit register: Codes are masks
	One        bool // exactly one bit is set
	Digits     int  // of a text value: width of the number it holds; else 0
	Unverified bool // a reading of the papers, not their text
	Values     []Value
}

// Allows reports whether n is in the set; of a register, whether only known bits
// are set, and exactly one of them when One.
func (s *ValueSet) Allows(n uint64) bool {
	if !s.Bits {
		return slices.ContainsFunc(s.Values, func(v Value) bool { return v.Code == n })
	}
	if s.One && (n == 0 || n&(n-1) != 0) {
		return false
	}
	return n&^s.Mask() == 0
}

// Mask is every bit of a register that the set knows.
func (s *ValueSet) Mask() uint64 {
	var mask uint64
	for _, v := range s.Values {
		if !v.Whole {
			mask |= v.Code
		}
	}
	return mask
}

// Meaning says in Russian what n means, bits joined by "; ". It is empty for what
// the set does not know.
func (s *ValueSet) Meaning(n uint64) string {
	return s.describe(n, func(v *Value) string { return v.Meaning })
}

// Printed is the text that stands for n on paper, bits joined by ", "; empty when
// nothing is printed or n is not known.
func (s *ValueSet) Printed(n uint64) string {
	return strings.ReplaceAll(s.describe(n, func(v *Value) string { return v.Print }), "; ", ", ")
}

func (s *ValueSet) describe(n uint64, text func(*Value) string) string {
	var bits []string
	for i := range s.Values {
		v := &s.Values[i]
		if v.Code == n && (v.Whole || !s.Bits) {
			return text(v)
		}
		if s.Bits && !v.Whole && n&v.Code != 0 && text(v) != "" {
			bits = append(bits, text(v))
		}
	}
	return strings.Join(bits, "; ")
}

// Values returns what a requisite may hold in a document of a version, or nil
// when any value of its kind is allowed. Flags are sets of 0 and 1.
func Values(tag tlv.Tag, v fiscal.FFD, form fiscal.Form) *ValueSet {
	if v == 0 {
		v = fiscal.FFD10
	}
	for _, c := range valueSets()[tag] {
		if c.versions>>v&1 != 0 && (c.forms == nil || slices.Contains(c.forms, form)) {
			return &c.set
		}
	}
	return nil
}

// Meaning says in Russian what a value means in the newest format; "" when the
// requisite has no list or the list lacks the value.
func Meaning(tag tlv.Tag, value uint64) string {
	for v := fiscal.FFD12; v >= fiscal.FFD10; v-- {
		if s := Values(tag, v, fiscal.FormReceipt); s != nil {
			return s.Meaning(value)
		}
	}
	return ""
}

// choice is a set with the documents where it holds.
type choice struct {
	versions uint8 // bit 1<<version
	forms    []fiscal.Form
	set      ValueSet
}

//go:embed data/values.csv
var valuesCSV string

var valueSets = sync.OnceValue(buildValueSets)

// buildValueSets reads values.csv: tags,mode,versions,forms,code,since,print,meaning.
// Lines with the same first four columns make one set; an earlier set of a tag
// goes before a later one. A code "=15" names a combination of bits.
func buildValueSets() map[tlv.Tag][]*choice {
	sets := map[tlv.Tag][]*choice{}
	_, body, _ := strings.Cut(valuesCSV, "\n")
	var group []string
	var start int
	lines := strings.Split(strings.TrimSuffix(body, "\n"), "\n")
	for i, line := range lines {
		cols := strings.SplitN(line, ",", 8)
		if len(cols) != 8 {
			panic("ffd: data/values.csv: short row " + line)
		}
		if i > 0 && !slices.Equal(cols[:4], group) {
			addChoices(sets, lines[start:i])
			start = i
		}
		group = cols[:4]
	}
	addChoices(sets, lines[start:])
	return sets
}

// addChoices adds one set to each of its tags: once when all its values hold in
// the same versions, once a version when some came later.
func addChoices(sets map[tlv.Tag][]*choice, lines []string) {
	head := strings.SplitN(lines[0], ",", 8)
	versions := []fiscal.FFD{fiscal.FFD10, fiscal.FFD105, fiscal.FFD11, fiscal.FFD12}
	if head[2] != "" {
		versions = versions[:0:0]
		for name := range strings.SplitSeq(head[2], "+") {
			versions = append(versions, mustFFD(name))
		}
	}
	var forms []fiscal.Form
	for name := range strings.SplitSeq(head[3], "+") {
		if name != "" {
			forms = append(forms, fiscal.Form(mustNumber(name)))
		}
	}
	var choices []*choice
	for _, v := range versions {
		set := parseSet(head[1], lines, v)
		if n := len(choices); n > 0 && len(choices[n-1].set.Values) == len(set.Values) {
			choices[n-1].versions |= 1 << v
			continue
		}
		choices = append(choices, &choice{versions: 1 << v, forms: forms, set: set})
	}
	for name := range strings.SplitSeq(head[0], "+") {
		tag := tlv.Tag(mustNumber(name))
		sets[tag] = append(sets[tag], choices...)
	}
}

func parseSet(mode string, lines []string, v fiscal.FFD) ValueSet {
	base, unverified := strings.CutSuffix(mode, "?")
	set := ValueSet{Unverified: unverified}
	switch base {
	case "list":
	case "bits":
		set.Bits = true
	case "one":
		set.Bits, set.One = true, true
	case "digits2":
		set.Digits = 2
	case "digits3":
		set.Digits = 3
	default:
		panic("ffd: data/values.csv: unknown mode " + mode)
	}
	for _, line := range lines {
		cols := strings.SplitN(line, ",", 8)
		if cols[5] != "" && v < mustFFD(cols[5]) {
			continue
		}
		code, whole := strings.CutPrefix(cols[4], "=")
		set.Values = append(set.Values, Value{Code: mustNumber(code), Whole: whole, Print: cols[6], Meaning: cols[7]})
	}
	return set
}

func mustFFD(s string) fiscal.FFD {
	v, err := fiscal.ParseFFD(s)
	if err != nil {
		panic("ffd: data: " + err.Error())
	}
	return v
}

func mustNumber(s string) uint64 {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		panic(fmt.Sprintf("ffd: data: bad number %q", s))
	}
	return n
}
