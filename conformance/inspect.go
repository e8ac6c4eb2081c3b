package conformance

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// ExpectRule demands that a stored document is marked with a rule of flk.md.
func (r *Run) ExpectRule(ctx context.Context, fn string, fd uint32, rule string, mark Mark) {
	d := r.Document(ctx, fn, fd)
	r.Expect("document/finding", mark, "the stored document is marked with "+rule, slices.Contains(d.Rules, rule), rule, d.Rules)
}

func (r *Run) inspector() Inspector { return r.runner.Target.(Inspector) }

// CanInspect reports whether the target shows what it keeps.
func (r *Run) CanInspect() bool { return is[Inspector](r.runner.Target) }

// Drive is a drive as the target shows it; the case must need NeedsInspect.
func (r *Run) Drive(ctx context.Context, fn string) Drive {
	d, err := r.inspector().Drive(ctx, fn)
	r.settle("asking the target for drive "+fn, err)
	return d
}

// Document is a stored document as the target shows it; the case must need
// NeedsInspect.
func (r *Run) Document(ctx context.Context, fn string, fd uint32) Document {
	d, err := r.inspector().Document(ctx, fn, fd)
	r.settle(fmt.Sprintf("asking the target for document %d of %s", fd, fn), err)
	return d
}

// ByFPD finds documents by their sign as people write it.
func (r *Run) ByFPD(ctx context.Context, fpd string) []Document {
	all, err := r.inspector().ByFPD(ctx, fpd)
	r.settle("asking the target for documents by their sign", err)
	return all
}

// Incidents are the target's incidents of a drive.
func (r *Run) Incidents(ctx context.Context, fn string) []Incident {
	all, err := r.inspector().Incidents(ctx, fn)
	r.settle("asking the target for incidents", err)
	return all
}

// ExpectStatus demands a state of a drive.
func (r *Run) ExpectStatus(ctx context.Context, fn, want string, mark Mark) {
	d := r.Drive(ctx, fn)
	r.Expect("drive/status", mark, "the drive is shown as "+want, d.Status == want, want, d.Status)
}

// ExpectFault demands that a stored document is flagged with a row of transport.md
// section 10; an empty row demands a clean one.
func (r *Run) ExpectFault(ctx context.Context, fn string, fd uint32, row string, mark Mark) {
	d := r.Document(ctx, fn, fd)
	want := "flagged as " + row
	if row == "" {
		want = "not flagged"
	}
	r.Expect("document/flag", mark, "the stored document is "+want, d.FD == fd && d.Fault == row, want, fmt.Sprintf("document %d, %q", d.FD, d.Fault))
}

// ExpectIncident demands exactly n incidents of a drive of a row of transport.md
// section 10 (any when empty) whose text holds the given words.
func (r *Run) ExpectIncident(ctx context.Context, fn, row, words string, n int, mark Mark) {
	seen := 0
	var texts []string
	for _, i := range r.Incidents(ctx, fn) {
		if (row == "" || i.Fault == row) && strings.Contains(i.Text, words) {
			seen++
		}
		texts = append(texts, strings.TrimSpace(i.Fault+" "+i.Text))
	}
	r.Expect("incident/raised", mark, fmt.Sprintf("people are told %d times: %s %s", n, row, words), seen == n, n, strings.Join(texts, "; "))
}

// ExpectTold demands that people were told at least once, in these words.
func (r *Run) ExpectTold(ctx context.Context, fn, words string, mark Mark) {
	all := r.Incidents(ctx, fn)
	ok := slices.ContainsFunc(all, func(i Incident) bool { return strings.Contains(i.Text, words) })
	r.Expect("incident/told", mark, "people are told: "+words, ok, words, all)
}

// ExpectQuarantine demands that a message of a drive is kept apart.
func (r *Run) ExpectQuarantine(ctx context.Context, fn, row string, mark Mark) {
	all, err := r.inspector().Quarantine(ctx, fn)
	r.settle("asking the target for its quarantine", err)
	ok := slices.ContainsFunc(all, func(i Incident) bool { return i.Fault == row })
	r.Expect("quarantine/kept", mark, "the message is kept in quarantine as "+row, ok, row, all)
}

// ExpectGaps demands the runs of missing numbers, written "7-8, 11-11".
func (r *Run) ExpectGaps(ctx context.Context, fn, want string, mark Mark) {
	var runs []string
	for _, g := range r.Drive(ctx, fn).Gaps {
		runs = append(runs, fmt.Sprintf("%d-%d", g.From, g.To))
	}
	seen := strings.Join(runs, ", ")
	r.Expect("drive/gaps", mark, "the missing numbers are shown", seen == want, want, seen)
}
