package ffd

import (
	"cmp"
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// Obligation says whether a requisite must stand in one form of a document (order
// ЕД-7-20/662@, columns «Обяз.» of the document tables).
type Obligation uint8

// Obligations, numbered as the order numbers them.
const (
	NotInForm Obligation = 0 // not part of this form
	Mandatory Obligation = 1
	InCases   Obligation = 2 // mandatory in the cases of the notes, else may be absent
	Optional  Obligation = 3
)

// Confidence says how a row is known.
type Confidence uint8

// Confidences, strongest first. Only the first two carry an error of ФЛК.
const (
	Verified     Confidence = iota // read in the order
	CrossChecked                   // the text of 2017 and a list of 2026 agree
	Amended                        // an earlier text and the list of 2026 differ; the row is the newer
	Secondary                      // the list of 2026 only, or derived
)

// String is the word of the column.
func (c Confidence) String() string {
	return [...]string{"verified", "cross-checked", "amended", "secondary"}[c&3]
}

// Row is one line of a document table: a requisite in its place.
type Row struct {
	Tag    tlv.Tag   // 0 for a field that has no tag: see Mark
	Parent tlv.Tag   // 0 on the first level
	Path   []tlv.Tag // from the first level down to Tag; shared, do not change
	Mark   string    // FORM, FPS, FPA, FPP, FPU, FPK: fields outside the STLV; STR1068: bare text in 1068

	Electronic Obligation
	Print      Obligation
	Repeat     bool // «Повт.»

	Storage string // in the drive: "5л", "30д", "30д (5л)", "-" none, "c" as its children, "?" not known
	Signs   string // numbers of signs that cover it ("1 4"), "-" none, "c" as its children, "?" not known
	Table   string // of the order
	Notes   string // numbers of the table's notes ("6 16")

	Condition   string // what is known of the notes
	PrintOnly   bool   // the condition concerns the printed form only
	Conditional bool   // the condition concerns the electronic form
	Confidence  Confidence
	Derived     bool // FFD 1.0, taken from 1.05
}

// Strong reports a row that may carry an error: known from the order or from two
// sources.
func (r *Row) Strong() bool { return r.Confidence <= CrossChecked && !r.Derived }

// Rows lists the requisites of a document, fields without tags left out: sorted by
// parent path, then tag, so children of one parent stand together. It is nil when
// the version has no such document. The slice is shared: do not change it.
//
// FFD 1.0 has no table of its own: its rows come from 1.05 with confidence
// Secondary, requisites that 1.0 did not know being Optional. Requisites that only
// 1.0 had have no row: see TagInfo.Obsolete.
func Rows(v fiscal.FFD, form fiscal.Form) []Row {
	if d := documentTable(v, form); d != nil {
		return d.rows
	}
	return nil
}

// Marks lists the fields of a document that have no tag: the form code, the signs
// after the STLV and the bare text inside 1068.
func Marks(v fiscal.FFD, form fiscal.Form) []Row {
	if d := documentTable(v, form); d != nil {
		return d.marks
	}
	return nil
}

// RowAt finds the row of a place, or nil. It does not allocate.
func RowAt(v fiscal.FFD, form fiscal.Form, path []tlv.Tag) *Row {
	d := documentTable(v, form)
	key, ok := packPath(path)
	if d == nil || !ok || key == 0 {
		return nil
	}
	if i, ok := d.byPath[key]; ok {
		return &d.rows[i]
	}
	return nil
}

// RowsUnder lists the rows of one parent: its children, without theirs. An empty
// path means the first level. It does not allocate.
func RowsUnder(v fiscal.FFD, form fiscal.Form, parent []tlv.Tag) []Row {
	d := documentTable(v, form)
	key, ok := packPath(parent)
	if d == nil || !ok {
		return nil
	}
	span := d.byParent[key]
	return d.rows[span.from:span.to:span.to]
}

type documentKey struct {
	v    fiscal.FFD
	form fiscal.Form
}

type span struct{ from, to int }

type table struct {
	rows     []Row
	marks    []Row
	byPath   map[uint64]int
	byParent map[uint64]span
}

func documentTable(v fiscal.FFD, form fiscal.Form) *table {
	if v == 0 {
		v = fiscal.FFD10
	}
	return documents()[documentKey{v, form}]
}

// maxPath is the deepest place of the tables: 1157/1133/1145/1135.
const maxPath = 4

// packPath makes a number of a path, outermost tag highest; 0 for the empty path.
func packPath(path []tlv.Tag) (key uint64, ok bool) {
	if len(path) > maxPath {
		return 0, false
	}
	for _, t := range path {
		key = key<<16 | uint64(t)
	}
	return key, true
}

//go:embed data/documents.csv
var documentsCSV string

//go:embed data/conditions.txt
var conditionsTXT string

var documents = sync.OnceValue(buildDocuments)

func buildDocuments() map[documentKey]*table {
	b := tableBuilder{tables: map[documentKey]*table{}, conditions: strings.Split(conditionsTXT, "\n")}
	_, body, _ := strings.Cut(documentsCSV, "\n")
	for line := range strings.Lines(body) {
		b.line(strings.TrimSuffix(line, "\n"))
	}
	b.deriveFFD10()
	for _, t := range b.tables {
		t.index()
	}
	return b.tables
}

type tableBuilder struct {
	tables     map[documentKey]*table
	conditions []string // line n-1 is condition n
	tags       []tlv.Tag
}

// line reads one row of documents.csv. Its first column names every document that
// has the row: "1.05:3+4 1.1:3".
func (b *tableBuilder) line(line string) {
	var col [12]string
	rest, more := line, true
	for i := range col {
		if !more {
			panic("ffd: data/documents.csv: short row " + line)
		}
		col[i], rest, more = strings.Cut(rest, ",")
	}
	row := Row{
		Electronic: Obligation(col[2][0] - '0'), Print: Obligation(col[3][0] - '0'), Repeat: col[4] == "1",
		Storage: col[5], Signs: col[6], Table: col[7], Notes: col[8], PrintOnly: col[9] == "1",
		Confidence: Confidence(strings.Index("vxas", col[11])),
	}
	if col[10] != "" {
		row.Condition = b.conditions[b.number(col[10], line)-1]
	}
	row.Conditional = row.Electronic == InCases || row.Electronic == Optional && row.Condition != "" && !row.PrintOnly
	b.place(&row, col[1], line)
	for group := range strings.SplitSeq(col[0], " ") {
		version, forms, _ := strings.Cut(group, ":")
		v, err := fiscal.ParseFFD(version)
		if err != nil {
			panic("ffd: data/documents.csv: " + err.Error())
		}
		for form := range strings.SplitSeq(forms, "+") {
			b.add(documentKey{v, fiscal.Form(b.number(form, line))}, row)
		}
	}
}

// place sets the path of a row; a last part that is no number is a mark.
func (b *tableBuilder) place(row *Row, path, line string) {
	start := len(b.tags)
	for part := range strings.SplitSeq(path, "/") {
		if part[0] > '9' {
			row.Mark = part
			continue
		}
		b.tags = append(b.tags, tlv.Tag(b.number(part, line)))
	}
	row.Path = b.tags[start:len(b.tags):len(b.tags)]
	up := row.Path
	if row.Mark == "" {
		row.Tag = up[len(up)-1]
		up = up[:len(up)-1]
	}
	if len(up) > 0 {
		row.Parent = up[len(up)-1]
	}
}

func (b *tableBuilder) number(s, line string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		panic(fmt.Sprintf("ffd: data/documents.csv: bad number %q in row %s", s, line))
	}
	return n
}

func (b *tableBuilder) add(key documentKey, row Row) {
	t := b.tables[key]
	if t == nil {
		t = &table{rows: make([]Row, 0, 64)}
		b.tables[key] = t
	}
	if row.Mark != "" {
		t.marks = append(t.marks, row)
		return
	}
	t.rows = append(t.rows, row)
}

// deriveFFD10 makes the tables of 1.0 from those of 1.05.
func (b *tableBuilder) deriveFFD10() {
	for _, form := range []fiscal.Form{1, 11, 2, 21, 3, 31, 4, 41, 5, 6, 7} {
		from := b.tables[documentKey{fiscal.FFD105, form}]
		t := &table{rows: slices.Clone(from.rows), marks: slices.Clone(from.marks)}
		for i := range t.rows {
			derive(&t.rows[i])
		}
		for i := range t.marks {
			derive(&t.marks[i])
		}
		b.tables[documentKey{fiscal.FFD10, form}] = t
	}
}

func derive(r *Row) {
	r.Derived, r.Confidence = true, Secondary
	if info := Lookup(r.Tag); info != nil && !info.In(fiscal.FFD10) && r.Electronic != NotInForm {
		r.Electronic, r.Conditional = Optional, false
	}
}

// index sorts the rows and builds the lookups.
func (t *table) index() {
	slices.SortFunc(t.rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(parentKey(&a), parentKey(&b)), cmp.Compare(a.Tag, b.Tag))
	})
	t.byPath = make(map[uint64]int, len(t.rows))
	t.byParent = make(map[uint64]span, 8)
	for i := range t.rows {
		path := t.rows[i].Path
		key, _ := packPath(path)
		if _, twice := t.byPath[key]; twice {
			panic("ffd: data/documents.csv: two rows for " + tlv.PathString(path))
		}
		t.byPath[key] = i
		parent := parentKey(&t.rows[i])
		s, seen := t.byParent[parent]
		if !seen {
			s.from = i
		}
		s.to = i + 1
		t.byParent[parent] = s
	}
}

func parentKey(r *Row) uint64 {
	key, _ := packPath(r.Path[:len(r.Path)-1])
	return key
}
