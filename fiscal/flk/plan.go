package flk

import (
	"sync"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// plan is what there is to check in one document of one version, made once.
type plan struct {
	document []*Rule
	items    []*Rule
	root     *level // nil when the formats have no such document

	s01, s02, s05, s06, s07, s08, s09, s10 *Rule
	length                                 *Rule // S-03 or S-04; nil when neither applies
	maxLength                              int   // of the document's value, in bytes
}

// level is the table of one parent's requisites.
type level struct {
	entries  []entry
	index    *[slots]uint8 // by slot, plus 1; nil in short levels
	required bitset
}

// entry is one row of a document table, ready for the walk.
type entry struct {
	tag   tlv.Tag
	info  *ffd.TagInfo
	row   *ffd.Row
	child *level

	allowed bool
	missing Severity // of S-07; 0 when absence is no fault
	twice   Severity // of S-06; 0 when the requisite may repeat
	values  *values
}

// bitset holds positions in a level; no table has more than 256 rows.
type bitset [4]uint64

func (b *bitset) set(i int)      { b[i>>6] |= 1 << (i & 63) }
func (b *bitset) has(i int) bool { return b[i>>6]>>(i&63)&1 != 0 }

// find is the row of a tag, with its position, or nil.
func (l *level) find(t tlv.Tag) (*entry, int) {
	if l.index != nil {
		if s := slot(t); s >= 0 && l.index[s] != 0 {
			i := int(l.index[s] - 1)
			return &l.entries[i], i
		}
		return nil, 0
	}
	for i := range l.entries {
		if l.entries[i].tag == t {
			return &l.entries[i], i
		}
	}
	return nil, 0
}

// indexFrom is the number of rows from which a level gets an index.
const indexFrom = 9

// maxForm bounds the table of plans; forms above it are unknown.
const maxForm = 84

// plans is indexed by version and form; version 0 serves documents of an unknown
// version, form 0 those of an unknown form.
var plans = sync.OnceValue(func() *[fiscal.FFD12 + 1][maxForm + 1]*plan {
	var all [fiscal.FFD12 + 1][maxForm + 1]*plan
	for v := range all {
		for form := range all[v] {
			if f := fiscal.Form(form); f.Known() || form == 0 {
				all[v][form] = newPlan(fiscal.FFD(v), f)
			}
		}
	}
	return &all
})

func planFor(v fiscal.FFD, form fiscal.Form) *plan {
	if !form.Known() || form > maxForm {
		form = 0
	}
	return plans()[v][form]
}

func newPlan(v fiscal.FFD, form fiscal.Form) *plan {
	p := &plan{}
	byID := map[string]**Rule{"S-01": &p.s01, "S-02": &p.s02, "S-05": &p.s05, "S-06": &p.s06, "S-07": &p.s07, "S-08": &p.s08,
		"S-09": &p.s09, "S-10": &p.s10}
	for _, r := range catalogue {
		if at := byID[r.ID]; at != nil {
			*at = r
		}
		if !r.covers(v, form) {
			continue
		}
		if r.ID == "S-03" || r.ID == "S-04" {
			p.length, p.maxLength = r, maxLength(v, form)
		}
		if r.document != nil {
			p.document = append(p.document, r)
		}
		if r.item != nil {
			p.items = append(p.items, r)
		}
	}
	if v != unknownFFD && len(ffd.Rows(v, form)) > 0 {
		p.root = newLevel(v, form, nil)
	}
	return p
}

// maxLength is the greatest length of a document's value (S-03, S-04), in bytes.
func maxLength(v fiscal.FFD, form fiscal.Form) int {
	switch {
	case form.IsReceipt() || form == fiscal.FormMarkingNotice:
		return 32768
	case form == fiscal.FormOperatorAck || form == fiscal.FormMarkingAnswer || form == fiscal.FormMarkingReceipt:
		return 512
	case form.IsRegistration() && v == fiscal.FFD12:
		return 6144
	}
	return 4096
}

func newLevel(v fiscal.FFD, form fiscal.Form, parent []tlv.Tag) *level {
	rows := ffd.RowsUnder(v, form, parent)
	if len(rows) == 0 {
		return nil
	}
	l := &level{entries: make([]entry, len(rows))}
	if len(rows) >= indexFrom {
		l.index = new([slots]uint8)
	}
	for i := range rows {
		e := newEntry(v, form, &rows[i])
		l.entries[i] = e
		if l.index != nil {
			l.index[slot(e.tag)] = uint8(i + 1)
		}
		if e.missing != 0 {
			l.required.set(i)
		}
	}
	return l
}

func newEntry(v fiscal.FFD, form fiscal.Form, row *ffd.Row) entry {
	e := entry{tag: row.Tag, info: ffd.Lookup(row.Tag), row: row, child: newLevel(v, form, row.Path)}
	e.allowed = row.Electronic != ffd.NotInForm
	severity := Error
	if row.Confidence == ffd.Secondary || row.Derived {
		severity = Warning
	}
	own := ownerships(v, form, row.Path)
	if row.Electronic == ffd.Mandatory && own&ownsPresence == 0 {
		e.missing = severity
	}
	if !row.Repeat && own&ownsCount == 0 {
		e.twice = severity
	}
	if own&ownsValues == 0 {
		e.values = newValues(row.Tag, v, form)
	}
	return e
}

// ownership says which part of a requisite a rule of its own judges, so that S-06,
// S-07 and S-10 leave it alone.
type ownership uint8

const (
	ownsPresence ownership = 1 << iota
	ownsCount
	ownsValues
)

var owners = []struct {
	rule     string
	versions Versions
	forms    []fiscal.Form
	parent   tlv.Tag
	tags     []tlv.Tag
	what     ownership
}{
	{"S-12", vAll, formsRegister, 0, []tlv.Tag{ffd.TagFFDVersion}, ownsPresence},
	{"S-14", v105, formsRegistration, 0, []tlv.Tag{ffd.TagKKTFFDVersion, ffd.TagFNFFDVersion}, ownsValues},
	{"R-01", vAll, formsReceipts, 0, []tlv.Tag{ffd.TagOperationType}, ownsPresence | ownsCount | ownsValues},
	{"R-02", vAll, formsReceipts, 0, []tlv.Tag{ffd.TagAppliedTaxationType}, ownsValues},
	{"R-05", v105, formsSales, ffd.TagItem, []tlv.Tag{ffd.TagItemName}, ownsPresence},
	{"R-14", from105, formsCorrections, 0, []tlv.Tag{ffd.TagCorrectionBase}, ownsPresence},
	{"R-18", v12, formsSales, ffd.TagItem, []tlv.Tag{ffd.TagQuantity, ffd.TagQuantityMeasure}, ownsPresence},
	{"P-01", v105, formsRegistration, 0, flags105, ownsPresence | ownsValues},
	{"P-01", v11, formsRegistration, 0, flags11, ownsPresence | ownsValues},
	{"P-05", v105, formsChange, 0, []tlv.Tag{ffd.TagChangeReason}, ownsPresence | ownsValues},
	{"P-06", from11, formsChange, 0, []tlv.Tag{ffd.TagChangeReasons}, ownsPresence},
	{"P-08", vAll, formsShift, 0, warningFlags, ownsValues},
	{"K-05", v12, formsNotice, 0, noticeTags, ownsPresence},
	{"K-06", v12, formsMarkReceipt, 0, markReceiptTags, ownsPresence},
}

func ownerships(v fiscal.FFD, form fiscal.Form, path []tlv.Tag) (own ownership) {
	var parent tlv.Tag
	if len(path) > 1 {
		parent = path[len(path)-2]
	}
	tag := path[len(path)-1]
	for _, o := range owners {
		if o.versions.Has(v) && o.parent == parent && holds(o.forms, form) && holds(o.tags, tag) {
			own |= o.what
		}
	}
	return own
}

func holds[T comparable](all []T, one T) bool {
	for _, x := range all {
		if x == one {
			return true
		}
	}
	return false
}

// values is a value list in a form quick to ask.
type values struct {
	set  *ffd.ValueSet
	weak bool // a breach is only a warning
	mask uint64
	list [4]uint64 // of a list: allowed values under 256
}

// newValues takes a list from the dictionary; nil when there is none. Lists known
// from one secondary source (marking, 1245, 1262, 1011) or by inference are weak.
func newValues(tag tlv.Tag, v fiscal.FFD, form fiscal.Form) *values {
	set := ffd.Values(tag, v, form)
	if set == nil {
		return nil
	}
	e := &values{set: set, weak: set.Unverified || tag >= firstMarkTag}
	switch tag {
	case ffd.TagBuyerDocumentCode, ffd.TagFOIVID, ffd.TagTimeZone:
		e.weak = true
	}
	if set.Bits {
		e.mask = set.Mask()
		return e
	}
	for _, x := range set.Values {
		if x.Code < 256 {
			e.list[x.Code>>6] |= 1 << (x.Code & 63)
		}
	}
	return e
}

// allows answers as ffd.ValueSet does for numbers.
func (e *values) allows(n uint64) bool {
	if e.set.Bits {
		return n&^e.mask == 0 && (!e.set.One || n != 0 && n&(n-1) == 0)
	}
	return n < 256 && e.list[n>>6]>>(n&63)&1 != 0
}
