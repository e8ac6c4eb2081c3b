package report

import (
	"fmt"
	"math"
	"strings"
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
	out := Result{ID: r.ID, Variant: r.Variant, Path: r.Path, Title: r.Title, Source: r.Source, Of: r.Of, Mark: r.Mark, Level: r.Level,
		Tags: r.Tags, Outcome: r.Outcome, Reason: r.Reason, Seconds: Seconds(r.Took),
		Checks: make([]Check, 0, len(r.Checks)), Exchanges: make([]Exchange, 0, len(r.Exchanges))}
	for _, e := range r.Exchanges {
		out.Exchanges = append(out.Exchanges, Exchange{Sent: e.Sent, Received: e.Received, Ending: e.Ending, Incoming: e.Incoming, Note: e.Note})
	}
	for _, c := range r.Checks {
		k := Check{Name: c.Name, Requirement: c.Requirement, Mark: c.Mark, Level: c.Level, OK: c.OK, Expected: c.Expected, Seen: c.Seen}
		if !c.OK && c.Offset > 0 {
			offset := c.Offset
			k.Offset, k.Exchange = &offset, locate(out.Exchanges, c.Seen, offset)
		}
		out.Checks = append(out.Checks, k)
	}
	return out
}

// locate finds the exchange whose received bytes hold at the offset what a check
// saw there: the engine tells the offset, not the exchange. When the bytes do not
// decide it is the last one that is long enough; 0 when none is.
func locate(exchanges []Exchange, seen string, offset int) int {
	last := 0
	for i := len(exchanges) - 1; i >= 0; i-- {
		received := exchanges[i].Received
		if len(received) < 2*offset {
			continue
		}
		if len(seen) >= 4 && strings.HasPrefix(received[2*offset:], seen) {
			return i + 1
		}
		if last == 0 {
			last = i + 1
		}
	}
	return last
}

// Seconds is a duration in seconds, to the microsecond.
func Seconds(d time.Duration) float64 { return math.Round(d.Seconds()*1e6) / 1e6 }
