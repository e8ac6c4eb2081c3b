package report

import "github.com/fiscalbench/fiscalbench/conformance"

// Counts of a run. Every result is in exactly one of the first six.
type Counts struct {
	Pass, Warn, Fail, Skip, Blocked, Error int

	Expected int // of the failed, blocked, skipped, warned and broken: how many were foretold
}

// Count counts outcomes.
func (r *Run) Count() Counts { return count(r.Results) }

func count(results []Result) (c Counts) {
	for i := range results {
		c.add(&results[i])
	}
	return c
}

func (c *Counts) add(r *Result) {
	switch r.Outcome {
	case conformance.Pass:
		c.Pass++
	case conformance.Warn:
		c.Warn++
	case conformance.Fail:
		c.Fail++
	case conformance.Skip:
		c.Skip++
	case conformance.Blocked:
		c.Blocked++
	case conformance.Error:
		c.Error++
	}
	if r.Expected != nil {
		c.Expected++
	}
}

// Total is the number of results.
func (c Counts) Total() int { return c.Pass + c.Warn + c.Fail + c.Skip + c.Blocked + c.Error }

// Verdict of a run.
type Verdict int

// Verdicts, from best to worst.
const (
	Conformant    Verdict = iota
	NotConformant         // something failed that was not expected to, or an expectation is stale
	Incomplete            // nothing failed, but not everything was judged, or nothing was, or an end misbehaved on purpose
)

// Verdict sums a run up. Warnings do not count, nor what was expected. A run in
// which nothing passed proves nothing.
func (r *Run) Verdict() Verdict {
	unproven := r.Ended != Complete || len(r.Results) < r.Selected || len(r.Faults) > 0
	judged := false
	for i := range r.Results {
		k := &r.Results[i]
		switch {
		case k.Outcome == conformance.Pass || k.Outcome == conformance.Warn || k.Outcome == conformance.Fail:
			judged = true
			if k.Outcome == conformance.Fail && k.Expected == nil {
				return NotConformant
			}
		case (k.Outcome == conformance.Error || k.Outcome == conformance.Blocked) && k.Expected == nil:
			unproven = true
		}
	}
	switch {
	case len(r.Complaint) > 0:
		return NotConformant
	case unproven || !judged:
		return Incomplete
	}
	return Conformant
}
