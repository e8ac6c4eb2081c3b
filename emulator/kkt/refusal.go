package kkt

import "fmt"

// Refusal is a document that the register would not make: the rule broken and why,
// in Russian, for the person at the till. It holds no personal data.
type Refusal struct {
	Rule string // id of flk.md ("M-03"), fn.md ("FN-010") or one of the Rule constants
	Text string
	Err  error // the cause, when another package found it
}

func (r *Refusal) Error() string { return "kkt: " + r.Rule + ": " + r.Text }

func (r *Refusal) Unwrap() error { return r.Err }

// Rules of the register itself, which no paper numbers.
const (
	RuleNotRegistered = "KKT-01" // documents before registration
	RuleShift         = "KKT-02" // shift open where it must be closed, or the reverse
	RuleShiftAge      = "KKT-03" // shift of more than 24 hours (law 54-ФЗ; FN-031)
	RuleRequired      = "KKT-04" // a field that the format demands is not given
	RuleValue         = "KKT-05" // a value outside its list or limits
	RuleText          = "KKT-06" // text too long or without a CP866 form
	RuleFFD           = "KKT-07" // a field that the format version does not have
	RuleRegistration  = "KKT-08" // registration settings that contradict each other
	RuleFN            = "KKT-09" // state of the drive does not allow the operation
	RuleMarking       = "KKT-10" // marking code missing, wrong or not checked
	RuleAgent         = "KKT-11" // agent data do not fit the agent's kind
	RuleBuyer         = "KKT-12" // buyer data missing or malformed
)

func refuse(rule, format string, args ...any) *Refusal {
	return &Refusal{Rule: rule, Text: fmt.Sprintf(format, args...)}
}
