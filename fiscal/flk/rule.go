package flk

import (
	"fmt"
	"strings"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// Versions is a set of format versions: bit 1<<FFD.
type Versions uint8

// Sets of versions that rules name.
const (
	v10        Versions = 1 << fiscal.FFD10
	v105       Versions = 1 << fiscal.FFD105
	v11        Versions = 1 << fiscal.FFD11
	v12        Versions = 1 << fiscal.FFD12
	vAll                = v10 | v105 | v11 | v12
	from105             = v105 | v11 | v12
	from11              = v11 | v12
	before12            = v105 | v11
	noVersions Versions = 0
)

// Has reports whether the set holds the version.
func (s Versions) Has(v fiscal.FFD) bool { return s>>v&1 != 0 }

// String lists the versions: "1.05, 1.1".
func (s Versions) String() string {
	var names []string
	for _, v := range []fiscal.FFD{fiscal.FFD10, fiscal.FFD105, fiscal.FFD11, fiscal.FFD12} {
		if s.Has(v) {
			names = append(names, v.String())
		}
	}
	return strings.Join(names, ", ")
}

// Rule is one rule of flk.md as data.
type Rule struct {
	ID       string
	Severity Severity      // of a finding, if nothing below weakens it
	Weak     Versions      // versions in which a finding is only a warning
	FFD      Versions      // versions that the rule judges
	Forms    []fiscal.Form // documents that the rule judges; nil means all
	Path     []tlv.Tag     // the requisite it speaks of; empty for the whole document
	Source   string        // marks of flk.md: O, O17, K, P, C, I
	Code     int           // the tax service's code, or ours: 9, section of flk.md, number
	Text     string        // what is demanded, in Russian

	document func(*checker, *Rule) // once a document, after the walk
	item     func(*checker, *Rule) // once an item of a receipt
}

// Codes of the tax service that are public (klerk.ru, 15.08.2025). Which of 502
// and 503 means the past and which the future is not said anywhere: 502 is taken
// for too early.
const (
	codeMissing  = 420
	codeTooEarly = 502
	codeTooLate  = 503
	codePayments = 507
)

// SeverityIn is the default severity in a version.
func (r *Rule) SeverityIn(v fiscal.FFD) Severity {
	if r.Weak.Has(v) {
		return Warning
	}
	return r.Severity
}

// covers reports whether the rule judges a document.
func (r *Rule) covers(v fiscal.FFD, form fiscal.Form) bool {
	if v == unknownFFD {
		return r.FFD == vAll && r.coversForm(form)
	}
	return r.FFD.Has(v) && r.coversForm(form)
}

func (r *Rule) coversForm(form fiscal.Form) bool {
	if r.Forms == nil {
		return true
	}
	for _, f := range r.Forms {
		if f == form {
			return true
		}
	}
	return false
}

// Forms that rules name.
var (
	formsReceipts     = []fiscal.Form{3, 4, 31, 41}
	formsSales        = []fiscal.Form{3, 4}
	formsCorrections  = []fiscal.Form{31, 41}
	formsRegistration = []fiscal.Form{1, 11}
	formsChange       = []fiscal.Form{11}
	formsShift        = []fiscal.Form{2, 5}
	formsClose        = []fiscal.Form{5}
	formsState        = []fiscal.Form{21}
	formsUnsent       = []fiscal.Form{21, 5}
	formsRegister     = []fiscal.Form{1, 11, 2, 21, 5, 6, 3, 4, 31, 41}
	formsCounters     = []fiscal.Form{11, 21, 5, 6}
	formsNotice       = []fiscal.Form{82}
	formsAnswer       = []fiscal.Form{83}
	formsMarkReceipt  = []fiscal.Form{84}
)

// catalogue is every rule in the order of flk.md. It is filled once at start.
var catalogue = func() (all []*Rule) {
	for _, group := range [][]Rule{structureRules, identityRules, dateRules, moneyRules, vatRules, receiptRules,
		reportRules, counterRules, markingRules} {
		for i := range group {
			all = append(all, &group[i])
		}
	}
	return all
}()

// Rules returns the catalogue in the order of flk.md. The rules are copies; tags
// and forms are shared.
func Rules() []Rule {
	all := make([]Rule, len(catalogue))
	for i, r := range catalogue {
		all[i] = *r
	}
	return all
}

// Settings changes the catalogue for one caller (operator.md OPR-052). The zero
// value keeps every default.
type Settings struct {
	Off      map[string]bool     // rules that report nothing, by id
	Severity map[string]Severity // rules whose findings all have this severity, by id
}

// Check finds ids that no rule has and severities that do not exist.
func (s *Settings) Check() error {
	known := make(map[string]bool, len(catalogue))
	for _, r := range catalogue {
		known[r.ID] = true
	}
	for id := range s.Off {
		if !known[id] {
			return fmt.Errorf("flk: settings: no rule %q to switch off", id)
		}
	}
	for id, severity := range s.Severity {
		if !known[id] {
			return fmt.Errorf("flk: settings: no rule %q to give a severity", id)
		}
		if severity != Warning && severity != Error {
			return fmt.Errorf("flk: settings: rule %s: severity %d: want warning or error", id, severity)
		}
	}
	return nil
}

// apply changes a finding as the settings say; false drops it.
func (s *Settings) apply(f *Finding) bool {
	if s == nil {
		return true
	}
	if s.Off[f.Rule] {
		return false
	}
	if severity, ok := s.Severity[f.Rule]; ok {
		f.Severity = severity
	}
	return true
}
