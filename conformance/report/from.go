package report

import (
	"fmt"
	"math"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance"
)

// From makes a Run of what the engine summed up. The caller fills in target, time
// and how the run ended.
func From(s *conformance.Summary) *Run {
	run := &Run{Version: Version, Seed: fmt.Sprint(s.Seed), Target: Target{Name: s.Target}, Ended: Complete,
		Selected: len(s.Results), Results: make([]Result, 0, len(s.Results))}
	for i := range s.Results {
		run.Results = append(run.Results, fromResult(&s.Results[i]))
	}
	return run
}

func fromResult(r *conformance.Result) Result {
	out := Result{ID: r.ID, Path: r.Path, Title: r.Title, Source: r.Source, Mark: r.Mark, Outcome: r.Outcome, Reason: r.Reason,
		Seconds: Seconds(r.Took), Checks: make([]Check, 0, len(r.Checks)), Exchanges: make([]Exchange, 0, len(r.Exchanges))}
	for _, c := range r.Checks {
		k := Check{Name: c.Name, Requirement: c.Requirement, Mark: c.Mark, OK: c.OK, Expected: c.Expected, Seen: c.Seen}
		if !c.OK && c.Offset > 0 {
			offset := c.Offset
			k.Offset = &offset
		}
		out.Checks = append(out.Checks, k)
	}
	for _, e := range r.Exchanges {
		out.Exchanges = append(out.Exchanges, Exchange{Sent: e.Sent, Received: e.Received, Ending: e.Ending})
	}
	return out
}

// Seconds is a duration in seconds, to the microsecond.
func Seconds(d time.Duration) float64 { return math.Round(d.Seconds()*1e6) / 1e6 }
