package report

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/fiscalbench/fiscalbench/conformance"
)

// Change of a case between two runs.
type Change string

// Changes.
const (
	Worse  Change = "worse"   // it ended well and does not any more, or fails more checks
	Better Change = "better"  // the other way round
	Other  Change = "changed" // neither
	New    Change = "new"
	Gone   Change = "gone"
)

// Changed is a case that is not the same in two runs.
type Changed struct {
	Case   string
	Change Change
	Text   string
	Bad    bool // the change counts against the newer run
}

// rank orders outcomes from best to worst: what was judged to be wrong is worse than
// what was not judged.
var rank = map[conformance.Outcome]int{conformance.Pass: 0, conformance.Warn: 1, conformance.Skip: 2, conformance.Blocked: 3, conformance.Error: 4, conformance.Fail: 5}

// Compare lists what changed from one run to another, by case. With exact set,
// everything but times must be equal, the bytes on the wire too.
func Compare(before, after *Run, exact bool) []Changed {
	old := map[string]*Result{}
	for i := range before.Results {
		old[before.Results[i].Name()] = &before.Results[i]
	}
	var all []Changed
	seen := map[string]bool{}
	for i := range after.Results {
		r := &after.Results[i]
		seen[r.Name()] = true
		was := old[r.Name()]
		if was == nil {
			all = append(all, Changed{r.Name(), New, outcomeAndChecks(r), Bad(r.Outcome) && r.Expected == nil})
			continue
		}
		if c, ok := compare(was, r); ok {
			all = append(all, c)
		} else if place := inexact(was, r); exact && place != "" {
			all = append(all, Changed{r.Name(), Worse, place, true})
		}
	}
	for i := range before.Results {
		if r := &before.Results[i]; !seen[r.Name()] {
			all = append(all, Changed{r.Name(), Gone, "was " + outcomeAndChecks(r), true})
		}
	}
	return all
}

func compare(was, is *Result) (Changed, bool) {
	c := Changed{Case: is.Name(), Text: outcomeAndChecks(was) + " → " + outcomeAndChecks(is)}
	lost, found := subtract(is.FailedNames(), was.FailedNames()), subtract(was.FailedNames(), is.FailedNames())
	switch d := rank[is.Outcome] - rank[was.Outcome]; {
	case d > 0:
		c.Change, c.Bad = Worse, true
	case d < 0:
		c.Change = Better
	case len(lost) > 0 && len(found) > 0:
		c.Change, c.Bad = Other, true
	case len(lost) > 0:
		c.Change, c.Bad = Worse, true
	case len(found) > 0:
		c.Change = Better
	default:
		return c, false
	}
	return c, true
}

// subtract lists what is in a and not in b.
func subtract(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return slices.Contains(b, s) })
}

func outcomeAndChecks(r *Result) string {
	if names := r.FailedNames(); len(names) > 0 {
		return fmt.Sprintf("%s (%s)", r.Outcome, strings.Join(names, ", "))
	}
	return string(r.Outcome)
}

// inexact names the first thing but times in which two results differ.
func inexact(a, b *Result) string {
	for i := range min(len(a.Exchanges), len(b.Exchanges)) {
		switch x, y := &a.Exchanges[i], &b.Exchanges[i]; {
		case x.Sent != y.Sent:
			return fmt.Sprintf("exchange %d: other bytes were sent", i+1)
		case x.Received != y.Received:
			return fmt.Sprintf("exchange %d: other bytes were received", i+1)
		case *x != *y:
			return fmt.Sprintf("exchange %d: %s → %s", i+1, x.Ending, y.Ending)
		}
	}
	if len(a.Exchanges) != len(b.Exchanges) {
		return fmt.Sprintf("%d exchanges → %d", len(a.Exchanges), len(b.Exchanges))
	}
	x, y := *a, *b
	x.Seconds, y.Seconds = 0, 0
	if !reflect.DeepEqual(x, y) {
		return "its description, checks or reason are not the same"
	}
	return ""
}
