package flk

import (
	"sync"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// Context is what is known of a document from outside. Every zero field skips the
// checks that need it.
type Context struct {
	Now       time.Time      // when the document was received, for D-02 and D-03
	Container *ContainerInfo // for S-01, I-01, I-02
	OFD       fiscal.INN     // the operator that judges, for I-05
	// FFD is the version to judge a document by that carries no 1209 of its own
	// (forms 7 and 81 to 84). Zero: 81 to 84 are of 1.2, a confirmation is of 1.2
	// when it has 1206, else of 1.05.
	FFD fiscal.FFD
}

// ContainerInfo is what the container header says of the document.
type ContainerInfo struct {
	Form fiscal.Form
	FN   fiscal.FNNumber
	FD   fiscal.FDNumber
}

// Check judges a document by every rule that needs nothing but the document. It
// returns every finding, in the order of the document for groups S and of the
// catalogue for the rest; nil for a clean document. The document may be what
// Decode returned with an error: then S-02 is found and rules that need the whole
// document are silent. A nil Settings keeps the defaults. Check is safe for
// concurrent use and keeps nothing of the document.
func Check(d *ffd.Document, ctx Context, s *Settings) []Finding {
	c := checkers.Get().(*checker)
	c.document, c.ctx, c.settings = d, ctx, s
	c.ffd = version(d, ctx.FFD)
	c.plan = planFor(c.ffd, d.Form)
	c.run()
	found := c.found
	*c = checker{}
	checkers.Put(c)
	return found
}

// checkers keeps the memory of finished checks, nothing else.
var checkers = sync.Pool{New: func() any { return new(checker) }}

// unknownFFD stands for a value of 1209 that no version has.
const unknownFFD fiscal.FFD = 0

// version is the format version to judge a document by.
func version(d *ffd.Document, given fiscal.FFD) fiscal.FFD {
	if n := d.Field(ffd.TagFFDVersion); n != nil {
		if v := d.FFD(); v <= fiscal.FFD12 {
			return v
		}
		return unknownFFD
	}
	switch {
	case d.Form == fiscal.FormOperatorAck || d.Form.IsMarking():
	case d.Form.Known():
		return fiscal.FFD10
	}
	switch {
	case given >= fiscal.FFD10 && given <= fiscal.FFD12:
		return given
	case d.Form.IsMarking():
		return fiscal.FFD12
	case d.Has(ffd.TagOperatorMessage):
		return fiscal.FFD12
	}
	return fiscal.FFD105
}

// checker is the state of one check.
type checker struct {
	document *ffd.Document
	ctx      Context
	settings *Settings
	ffd      fiscal.FFD
	plan     *plan

	path  [maxDepth]tlv.Tag // of the level being walked
	depth int

	root   fields    // the first level
	item   fields    // of the item being judged
	goods  *tlv.Node // the item being judged
	totals totals    // of the items walked so far

	broken bool // the fields do not fill the document: S-02 found
	found  []Finding
}

func (c *checker) run() {
	size := c.frame()
	if c.broken {
		return
	}
	c.root.enter(c.document.Fields)
	c.level(c.document.Fields, c.plan.root, size, nil)
	if c.broken {
		return
	}
	for _, r := range c.plan.document {
		r.document(c, r)
	}
}

// add reports a finding of rule r at a path. Detail follows the rule's sentence.
func (c *checker) add(r *Rule, severity Severity, path []tlv.Tag, offset int, detail string) {
	c.addCode(r, severity, path, offset, r.Code, detail)
}

func (c *checker) addCode(r *Rule, severity Severity, path []tlv.Tag, offset, code int, detail string) {
	f := Finding{Rule: r.ID, Severity: severity, Path: path, Offset: offset, Code: code, Text: r.Text}
	if detail != "" {
		f.Text += ": " + detail
	}
	if c.settings.apply(&f) {
		c.found = append(c.found, f)
	}
}

// fail reports that the document breaks r, at node n or, when n is nil, in the
// whole document. The path is the rule's.
func (c *checker) fail(r *Rule, n *tlv.Node, detail string) {
	c.add(r, r.SeverityIn(c.ffd), r.Path, offset(n), detail)
}

// warn is fail with the severity of a warning.
func (c *checker) warn(r *Rule, n *tlv.Node, detail string) {
	c.add(r, Warning, r.Path, offset(n), detail)
}

// failAt is fail with a path of its own.
func (c *checker) failAt(r *Rule, n *tlv.Node, detail string, path ...tlv.Tag) {
	c.add(r, r.SeverityIn(c.ffd), path, offset(n), detail)
}

// warnAt is warn with a path of its own.
func (c *checker) warnAt(r *Rule, n *tlv.Node, detail string, path ...tlv.Tag) {
	c.add(r, Warning, path, offset(n), detail)
}

// missing reports an absent requisite at the rule's place or at the given one; in
// FFD 1.0 nothing stronger than a warning follows from absence.
func (c *checker) missing(r *Rule, near *tlv.Node, path ...tlv.Tag) {
	severity := r.SeverityIn(c.ffd)
	if c.ffd == fiscal.FFD10 {
		severity = Warning
	}
	c.add(r, severity, path, offset(near), "нет "+named(path))
}

func offset(n *tlv.Node) int {
	if n == nil {
		return 0
	}
	return n.Offset
}

// named writes a place with the name of its last requisite: "1059/1030
// «наименование предмета расчета»".
func named(path []tlv.Tag) string {
	s := tlv.PathString(path)
	if info := ffd.Lookup(path[len(path)-1]); info != nil {
		s += " «" + info.Name + "»"
	}
	return s
}
