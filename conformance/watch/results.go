package watch

import (
	"fmt"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/report"
)

// drivesShown is how many drives have a check of their own in a result; the others
// are summed up.
const drivesShown = 50

// Results are what was found as a run of conformance: a result for each requirement,
// with a check for each drive. What never passed by is skipped as not observed.
func (w *Watch) Results() *report.Run {
	j := w.judge
	j.mu.Lock()
	defer j.mu.Unlock()
	now := w.o.Now()
	run := &report.Run{Version: report.Version, Seed: "0", Started: w.began.UTC().Truncate(time.Millisecond), Seconds: report.Seconds(now.Sub(w.began)), Ended: report.Complete,
		Target: report.Target{Kind: string(conformance.KKT), Name: "a register, by what it sends", OFD: w.o.OFD, Key: "test"}, Results: []report.Result{}}
	if w.o.Forward != "" {
		run.Target.Kind, run.Target.Name = string(conformance.Pair), "a register and the operator at "+w.o.Forward+", by what passes between them"
		if w.failing.Load() {
			run.Ended = report.Unreachable
		}
	}
	for _, r := range Requirements() {
		if j.tally.only != "" && r.Of != j.tally.only {
			continue
		}
		run.Results = append(run.Results, j.result(r))
	}
	trouble := append(j.errs[:len(j.errs):len(j.errs)], w.log.lost()...)
	if j.trace.err != nil {
		trouble = append(trouble, "writing the traffic: "+j.trace.err.Error())
	}
	for i, e := range trouble {
		run.Results = append(run.Results, report.Result{ID: fmt.Sprintf("W-9%d", i), Path: "watch/judging", Title: "Everything that passed was judged.", Source: "-", Of: conformance.KKT,
			Mark: conformance.TB, Level: conformance.Must, Outcome: conformance.Error, Reason: e, Checks: []report.Check{}, Exchanges: []report.Exchange{}})
	}
	run.Selected = len(run.Results)
	return run
}

func (j *judge) result(r Requirement) report.Result {
	out := report.Result{ID: r.ID, Path: r.Path, Title: r.Title, Source: r.Source, Of: r.Of, Mark: r.Mark, Level: r.Level,
		Outcome: conformance.Skip, Checks: []report.Check{}, Exchanges: []report.Exchange{}}
	counts := j.tally.counts[r.ID]
	all := j.tally.sums[r.ID]
	if all == nil {
		out.Reason = fmt.Sprintf("not observed in %d messages", j.messages)
		return out
	}
	out.Outcome = conformance.Pass
	shown := 0
	for _, fn := range j.tally.drives {
		c := counts[fn]
		if c == nil || c.held+c.broken == 0 || shown >= drivesShown {
			continue
		}
		shown++
		out.Checks = append(out.Checks, j.check(r, fn, c, &out))
	}
	if left := len(counts) - shown; left > 0 {
		k := report.Check{Name: "drive/others", Requirement: fmt.Sprintf("%s (%d more drives)", r.Title, left), Mark: r.Mark, Level: r.Level, OK: true}
		for _, fn := range j.tally.drives {
			if c := counts[fn]; c != nil && c.broken > 0 && !shownIn(out.Checks, fn) && k.OK {
				k = j.check(r, fn, c, &out)
				k.Name = "drive/others"
			}
		}
		out.Checks = append(out.Checks, k)
	}
	if all.broken > 0 {
		out.Outcome = conformance.Fail
		if r.Level == conformance.Should || r.Mark == conformance.TB && !j.o.Strict {
			out.Outcome = conformance.Warn
		}
	}
	return out
}

func shownIn(checks []report.Check, fn string) bool {
	for i := range checks {
		if checks[i].Name == checkName(fn) {
			return true
		}
	}
	return false
}

func checkName(fn string) string {
	if fn == "" {
		return "drive/unknown"
	}
	return "drive/" + fn
}

// check is the state of a requirement for a drive. Its evidence is added to the
// result: the first breach, or else one exchange in which it held.
func (j *judge) check(r Requirement, fn string, c *count, out *report.Result) report.Check {
	k := report.Check{Name: checkName(fn), Mark: r.Mark, Level: r.Level, OK: c.broken == 0,
		Requirement: fmt.Sprintf("%s Seen %d times, broken %d times.", r.Title, c.held+c.broken, c.broken)}
	show := func(x *exchange) int {
		e := x.heard()
		if r.Of == conformance.OFD {
			e = x.asked()
		}
		out.Exchanges = append(out.Exchanges, e)
		return len(out.Exchanges)
	}
	if k.OK {
		if len(out.Exchanges) == 0 {
			k.Exchange = show(j.tally.sample[r.ID])
		}
		return k
	}
	b := c.breach
	k.Expected, k.Seen, k.Exchange = b.Expected, b.Seen, show(b.x)
	if b.Offset >= 0 {
		offset := b.Offset
		k.Offset = &offset
	}
	return k
}

// lost says of which connections bytes passed unjudged.
func (b *backlog) lost() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.skipped) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("judging fell behind: of %d connections not everything was read", len(b.skipped))}
}

// Documents is how many documents passed, each counted once.
func (w *Watch) Documents() int {
	w.judge.mu.Lock()
	defer w.judge.mu.Unlock()
	return w.judge.documents
}

// Counts are how often a requirement held and was broken for a drive; for all drives
// when fn is "*".
func (w *Watch) Counts(id, fn string) (held, broken int) {
	w.judge.mu.Lock()
	defer w.judge.mu.Unlock()
	if c := w.judge.tally.sums[id]; fn == "*" && c != nil {
		return c.held, c.broken
	}
	if c := w.judge.tally.counts[id][fn]; c != nil {
		return c.held, c.broken
	}
	return 0, 0
}
