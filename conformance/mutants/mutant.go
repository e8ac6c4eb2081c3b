package mutants

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Mutant is an end that breaks one requirement. Exactly one of Faults, Settings and
// Edits says how.
type Mutant struct {
	ID     string // "E-09/unchecked": what is broken first, then how; never changes its meaning
	Side   Side   // whose requirement is broken
	Breaks string // what the mutant does wrong, in one sentence
	Spec   string // ids of the requirements, separated by spaces: "E-09 TRN-050"
	// Suites that may notice, in their order; those of the side when empty. The next one
	// is run only while nothing has turned red.
	Suites []Suite
	// By are ids of cases ("O-075"), or files of scenarios ("pair/outage.feature"), that
	// must turn red, whatever else does.
	By []string

	// Faults are rules of fault points of the side (docs/faults.md).
	Faults []string
	// Settings of the operator, by the names of its settings file, and besides "policy"
	// as in conformance.Configurable. They override those a case asks for.
	Settings map[string]string
	// Edits change the source; see Edit. Mutants with the same edits are built once:
	// the edited code then asks SwitchVariable which of them it is, and Switch is the
	// answer.
	Edits  []Edit
	Switch string
}

// SwitchVariable is the environment variable that edited code may ask.
const SwitchVariable = "FISCALBENCH_SWITCH"

// Edit replaces a piece of a source file. Old must occur in it exactly once.
type Edit struct {
	File     string // from the root of the module: "server/intake/verdict.go"
	Old, New string
}

// Side is an end of the exchange.
type Side string

// Sides.
const (
	Operator Side = "operator"
	Register Side = "register"
)

// Suite is a part of the harness that can turn red.
type Suite string

// Suites. The judges of OFD and KKT share no code with the ends (TestJudge_IsNotMutated),
// so that fiscal/* may be edited under them. Pair and Features have an end, or both, on
// the side of the judge: edits of fiscal/* change it too and are refused there.
const (
	OFD      Suite = "ofd"      // cases of an operator
	KKT      Suite = "kkt"      // cases of a register
	Pair     Suite = "pair"     // cases of both ends
	Features Suite = "features" // scenarios
)

// sides says which suites judge a side when the mutant does not.
var sides = map[Side][]Suite{
	Operator: {OFD, Pair, Features},
	Register: {KKT, Pair, Features},
}

// Kind of a switch.
type Kind string

// Kinds.
const (
	Fault   Kind = "fault"
	Setting Kind = "setting"
	Change  Kind = "edit"
)

// Kind says how the mutant is made.
func (m *Mutant) Kind() Kind {
	switch {
	case len(m.Faults) > 0:
		return Fault
	case len(m.Settings) > 0:
		return Setting
	}
	return Change
}

// Judges are the suites that judge the mutant.
func (m *Mutant) Judges() []Suite {
	if len(m.Suites) > 0 {
		return m.Suites
	}
	var all []Suite
	for _, s := range sides[m.Side] {
		if m.Kind() != Change && s == Features || m.shared() && (s == Features || s == Pair) {
			continue // scenarios take no switches; an end of the judge would be edited too
		}
		all = append(all, s)
	}
	return all
}

// by are the cases of a suite that must turn red.
func (m *Mutant) by(s Suite) []string {
	var of []string
	for _, id := range m.By {
		feature := strings.HasSuffix(id, ".feature")
		switch {
		case feature && s == Features, !feature && parties[id[0]] == s:
			of = append(of, id)
		}
	}
	return of
}

// parties are the first letters of ids of cases; the rules of format control (F) and
// the operator's scenarios (O) judge an operator, drive (D) and till (T) a register.
var parties = map[byte]Suite{'D': KKT, 'F': OFD, 'K': KKT, 'O': OFD, 'P': Pair, 'T': KKT}

// shared reports whether an edit changes what both ends are made of.
func (m *Mutant) shared() bool {
	return slices.ContainsFunc(m.Edits, func(e Edit) bool {
		return strings.HasPrefix(e.File, "fiscal/") || strings.HasPrefix(e.File, "internal/")
	})
}

var (
	idForm   = regexp.MustCompile(`^[\p{L}\d.,-]+(/[a-z0-9.-]+)+$`)
	specForm = regexp.MustCompile(`^[A-Z]{1,3}-\d{1,3}$`)
)

// Check finds what is wrong with a row of the table, but for its edits.
func (m *Mutant) Check() error {
	var errs []error
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("mutants: "+m.ID+": "+format, args...))
	}
	if !idForm.MatchString(m.ID) {
		bad("an id is like E-09/unchecked")
	}
	if sides[m.Side] == nil {
		bad("no side")
	}
	if len(m.Breaks) < 10 || !strings.HasSuffix(m.Breaks, ".") {
		bad("Breaks is not a sentence")
	}
	for _, s := range strings.Fields(m.Spec) {
		if !specForm.MatchString(s) {
			bad("%q is no id of a requirement", s)
		}
	}
	if m.Spec == "" {
		bad("no requirement")
	}
	if len(m.By) == 0 {
		bad("nobody is named who must notice")
	}
	kinds := 0
	for _, n := range []int{len(m.Faults), len(m.Settings), len(m.Edits)} {
		if n > 0 {
			kinds++
		}
	}
	if kinds != 1 {
		bad("want faults, settings or edits")
	}
	if len(m.Settings) > 0 && m.Side != Operator {
		bad("settings are the operator's")
	}
	if m.shared() && (slices.Contains(m.Judges(), Features) || slices.Contains(m.Judges(), Pair)) {
		bad("an edit of fiscal would change the judge of pair and features")
	}
	for _, e := range m.Edits {
		if path.Clean(e.File) != e.File || path.IsAbs(e.File) || strings.HasPrefix(e.File, "..") {
			bad("file %q", e.File)
		}
		if e.Old == e.New || e.Old == "" {
			bad("an edit of %s changes nothing", e.File)
		}
	}
	return errors.Join(errs...)
}

// Digest changes with what the mutant does.
func (m *Mutant) Digest() string {
	h := sha256.New()
	fmt.Fprintf(h, "%q %v %q %v %s", m.ID, m.Faults, m.Edits, m.Settings, m.Switch)
	return hex.EncodeToString(h.Sum(nil)[:6])
}

// Fits finds edits that do not fit the source below root any more.
func (m *Mutant) Fits(root string) error {
	_, err := m.apply(root)
	return err
}

// All is the table.
func All() []Mutant { return slices.Concat(operator(), register()) }

// Of are the mutants of a side.
func Of(s Side) []Mutant {
	return slices.DeleteFunc(All(), func(m Mutant) bool { return m.Side != s })
}

// Find is the mutant of an id.
func Find(id string) (Mutant, bool) {
	all := All()
	i := slices.IndexFunc(all, func(m Mutant) bool { return m.ID == id })
	if i < 0 {
		return Mutant{}, false
	}
	return all[i], true
}
