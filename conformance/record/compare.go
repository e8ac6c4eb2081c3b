package record

import (
	"fmt"
	"strings"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/report"
)

// compare holds what came against what was recorded.
func (p *Player) compare(e *report.Exchange, received string, end conformance.Ending) (Likeness, []string) {
	var differences []string
	if refused(e.Ending) != refused(end) || !refused(end) && e.Ending != end {
		differences = append(differences, fmt.Sprintf("the connection: recorded %s, now %s", e.Ending, end))
	}
	switch {
	case len(differences) > 0:
		return Different, differences
	case received == e.Received && end == e.Ending:
		return Same, nil
	case received == e.Received:
		return Alike, nil
	}
	timely := true
	for _, d := range p.o.Keys.Diff(e.Received, received) {
		if !dependsOnTime(d.Place) || len(d.A) != len(d.B) {
			timely = false
			differences = append(differences, fmt.Sprintf("%s: recorded %s, now %s", d.Place, orNothing(d.A), orNothing(d.B)))
		}
	}
	if timely {
		return Alike, nil
	}
	return Different, differences
}

// refused joins the two ways in which a refusal closes: which one is seen depends on
// what was still on its way.
func refused(e conformance.Ending) bool {
	return e == conformance.Closed || e == conformance.Reset
}

// timed are the places of an answer that a server makes anew for every arrival: the
// time itself, the signs over it, and check codes over those. Everything else is
// promised to be equal.
var timed = []string{"1012", "1078", "ФПП", "контрольный код", "зашифрованные данные"}

func dependsOnTime(place string) bool {
	last := place[strings.LastIndex(place, "/")+1:]
	for _, t := range timed {
		if last == t {
			return true
		}
	}
	return false
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}
