package flk

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// maxDepth bounds the walk; tlv.Parse goes no deeper.
const maxDepth = tlv.DefaultDepth

// unknownSize says that the length of a level cannot be checked: the tree was not
// read from bytes.
const unknownSize = -1

// level walks the requisites of one parent: S-02 and S-05 to S-10 in each. lv is
// nil where the formats have no table; size is the length that the nodes must fill,
// in bytes; near is the parent, for offsets.
func (c *checker) level(nodes []tlv.Node, lv *level, size int, near *tlv.Node) {
	var seen, twice bitset
	used := 0
	for i := range nodes {
		n := &nodes[i]
		if used += tlv.HeaderLen + len(n.Value); n.Nested && n.Value == nil && len(n.Children) > 0 {
			size = unknownSize
		}
		var e *entry
		if lv != nil {
			var at int
			if e, at = lv.find(n.Tag); e == nil || !e.allowed {
				c.superfluous(n, e)
			}
			if e != nil {
				if !seen.has(at) {
					seen.set(at)
				} else if e.twice != 0 && !twice.has(at) {
					twice.set(at)
					c.add(c.plan.s06, e.twice, c.at(n.Tag), n.Offset, named(c.at(n.Tag)))
				}
			}
		}
		c.requisite(n, e)
		if c.broken {
			return
		}
	}
	if size != unknownSize && used != size {
		c.broken = true
		c.add(c.plan.s02, Error, slices.Clone(c.path[:c.depth]), offset(near),
			fmt.Sprintf("реквизиты занимают %d байт из %d", used, size))
		return
	}
	if lv != nil {
		c.absent(lv, &seen, near)
	}
}

// requisite judges one field and what is inside it.
func (c *checker) requisite(n *tlv.Node, e *entry) {
	var info *ffd.TagInfo
	var child *level
	if e != nil {
		info, child = e.info, e.child
	} else {
		info = ffd.Lookup(n.Tag)
	}
	if info != nil {
		c.form(n, info)
	}
	if e != nil && e.values != nil {
		c.value(n, e)
	}
	if !n.Nested || c.depth == maxDepth {
		return
	}
	size := len(n.Value)
	if n.Value == nil {
		size = unknownSize
	}
	c.path[c.depth] = n.Tag
	c.depth++
	c.level(n.Children, child, size, n)
	if c.depth == 1 && n.Tag == ffd.TagItem && len(c.plan.items) > 0 && !c.broken {
		c.goods = n
		c.item.enter(n.Children)
		c.judgeItem()
	}
	c.depth--
}

func (c *checker) judgeItem() {
	c.totals.add(c)
	for _, r := range c.plan.items {
		r.item(c, r)
	}
}

// at is the path of a requisite of the level being walked.
func (c *checker) at(tag tlv.Tag) []tlv.Tag {
	return append(slices.Clone(c.path[:c.depth]), tag)
}

// superfluous is S-05. In FFD 1.0 requisites that only it had are in place
// anywhere: no table says where.
func (c *checker) superfluous(n *tlv.Node, e *entry) {
	info := ffd.Lookup(n.Tag)
	if c.ffd == fiscal.FFD10 && e == nil && info != nil && info.In(fiscal.FFD10) {
		return
	}
	path := c.at(n.Tag)
	detail := "неизвестный реквизит " + tlv.PathString(path)
	switch {
	case e != nil:
		detail = "только для печати: " + named(path)
	case info != nil:
		detail = named(path)
	}
	c.add(c.plan.s05, Warning, path, n.Offset, detail)
}

// absent is S-07 for one level.
func (c *checker) absent(lv *level, seen *bitset, near *tlv.Node) {
	for w, want := range lv.required {
		if want&^seen[w] == 0 {
			continue
		}
		for i := w * 64; i < len(lv.entries) && i < w*64+64; i++ {
			e := &lv.entries[i]
			if e.missing == 0 || seen.has(i) {
				continue
			}
			path := c.at(e.tag)
			c.add(c.plan.s07, e.missing, path, offset(near), "нет "+named(path))
		}
	}
}

// form is S-08 and S-09: length and writing of a value.
func (c *checker) form(n *tlv.Node, info *ffd.TagInfo) {
	if want := c.badLength(n, info); want != "" {
		path := c.at(n.Tag)
		c.add(c.plan.s08, known(info), path, n.Offset, fmt.Sprintf("%s — %d байт, надо %s", named(path), len(n.Value), want))
	}
	if info.Kind == ffd.KindString && digitsOnly(n.Tag) && !onlyDigits(n.Value) {
		path := c.at(n.Tag)
		c.add(c.plan.s09, known(info), path, n.Offset, named(path)+" — допустимы только цифры и пробелы справа")
	}
}

// known weakens what the dictionary knows from one source or from sources that
// differ.
func known(info *ffd.TagInfo) Severity {
	if info.Status == "ok" {
		return Error
	}
	return Warning
}

// badLength says which length a value should have; "" when it is right.
func (c *checker) badLength(n *tlv.Node, info *ffd.TagInfo) string {
	got := len(n.Value)
	if info.Length == 0 || n.Nested && (n.Value == nil || counterSum(n.Tag)) {
		return ""
	}
	switch info.Kind {
	case ffd.KindVLN:
		got = significant(n.Value)
	case ffd.KindFVLN:
		if got > 0 {
			if n.Value[0] > maxDecimals {
				return "не больше " + strconv.Itoa(maxDecimals) + " знаков после запятой"
			}
			got = 1 + significant(n.Value[1:])
		}
	}
	switch {
	case info.Fixed && got == info.Length, !info.Fixed && got <= info.Length:
		return ""
	case n.Tag == ffd.TagBuyerDocumentCode && got == 32, n.Tag == ffd.TagCodeEGAIS2 && got == 33:
		return "" // two editions give two lengths
	case info.Fixed:
		return "ровно " + strconv.Itoa(info.Length)
	}
	return "не больше " + strconv.Itoa(info.Length)
}

// maxDecimals is as many as a magnitude of 7 bytes can need.
const maxDecimals = 17

// significant is the length of a number without redundant high zero bytes.
func significant(value []byte) int {
	n := len(value)
	for n > 0 && value[n-1] == 0 {
		n--
	}
	return n
}

// counterSum reports the counter structures: the lengths that the order prints for
// them are less than the sum of their children (ffd/README.md section 1).
func counterSum(t tlv.Tag) bool {
	switch t {
	case ffd.TagSellOper, ffd.TagSellReturnOper, ffd.TagBuyOper, ffd.TagBuyReturnOper, ffd.TagCorrectionOper,
		ffd.TagSellCorrection, ffd.TagBuyCorrection, ffd.TagSellReturnCorrection, ffd.TagBuyReturnCorrection,
		ffd.TagFNCounters, ffd.TagUnsentCounters, ffd.TagShiftCounters:
		return true
	}
	return false
}

// digitsOnly reports the texts that hold numbers.
func digitsOnly(t tlv.Tag) bool {
	switch t {
	case ffd.TagTransferOperatorINN, ffd.TagOFDINN, ffd.TagUserINN, ffd.TagKKTRegID, ffd.TagFNNumber, ffd.TagCashierINN,
		ffd.TagProviderINN, ffd.TagBuyerINN, ffd.TagOriginCountryCode, ffd.TagBuyerCitizenship, ffd.TagBuyerDocumentCode,
		ffd.TagFOIVID, ffd.TagCodeEAN8, ffd.TagCodeEAN13, ffd.TagCodeITF14, ffd.TagControlCode:
		return true
	}
	return false
}

// onlyDigits reports digits with nothing but spaces after them.
func onlyDigits(value []byte) bool {
	n := len(value)
	for n > 0 && value[n-1] == ' ' {
		n--
	}
	for _, b := range value[:n] {
		if b < '0' || b > '9' {
			return false
		}
	}
	return true
}

// value is S-10. A text number is compared as a number; an empty value is 0.
func (c *checker) value(n *tlv.Node, e *entry) {
	v := number(n)
	switch {
	case e.values.set.Digits > 0:
		text := ffd.NodeText(n)
		parsed, err := strconv.ParseUint(text, 10, 16)
		if text == "" || err != nil {
			return // S-09 reports what is no number
		}
		v = parsed
	case len(n.Value) > 8:
		return // S-08 has reported it
	}
	if e.values.allows(v) {
		return
	}
	severity := Error
	if e.values.weak || e.values.set.One && v == 0 {
		severity = Warning
	}
	path := c.at(n.Tag)
	c.add(c.plan.s10, severity, path, n.Offset, fmt.Sprintf("%s — значение %d", named(path), v))
}
