// Package expect reads the expectations file: cases that are known to end badly,
// each with its reason. A listed case still runs and must still end in exactly that
// way; an entry that is no longer true, or whose time is over, fails the run.
//
// The package decides nothing about a target: it only marks results of a run as
// foretold, or complains.
package expect

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/report"
	"github.com/fiscalbench/fiscalbench/internal/strictyaml"
)

// Entry foretells the outcome of one case.
type Entry struct {
	Case    string              `yaml:"case"` // id, with "@variant" for one variant
	Outcome conformance.Outcome `yaml:"outcome"`
	Checks  []string            `yaml:"checks,omitempty"` // names of the checks that fail, all of them
	Reason  string              `yaml:"reason"`
	Until   string              `yaml:"until,omitempty"` // YYYY-MM-DD, the last day it holds
	until   time.Time
	line    int
}

// File is a read expectations file.
type File struct {
	name    string
	entries []Entry
}

// Load reads the file at path. Every entry must name a case, an outcome other than
// pass, the failed checks when the outcome is fail or warn, and a reason.
func Load(path string) (*File, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("expect: %w", err)
	}
	return Parse(path, b)
}

// Parse reads the text of an expectations file; name stands in errors.
func Parse(name string, b []byte) (*File, error) {
	f := &File{name: name}
	if err := strictyaml.Unmarshal(b, &f.entries); err != nil {
		return nil, fmt.Errorf("expect: %s: %w", name, err)
	}
	seen := map[string]bool{}
	for i := range f.entries {
		e := &f.entries[i]
		e.line = i + 1
		if err := e.check(); err != nil {
			return nil, fmt.Errorf("expect: %s: entry %d: %w", name, i+1, err)
		}
		if seen[e.Case] {
			return nil, fmt.Errorf("expect: %s: entry %d: %s is listed twice", name, i+1, e.Case)
		}
		seen[e.Case] = true
	}
	return f, nil
}

func (e *Entry) check() (err error) {
	e.Reason = strings.TrimSpace(e.Reason)
	switch {
	case e.Case == "":
		return errors.New("case is required")
	case e.Reason == "":
		return fmt.Errorf("%s: a reason is required", e.Case)
	}
	switch e.Outcome {
	case conformance.Fail, conformance.Warn:
		if len(e.Checks) == 0 {
			return fmt.Errorf("%s: checks are required: which of them end in %s", e.Case, e.Outcome)
		}
	case conformance.Skip, conformance.Error, conformance.Blocked:
	default:
		return fmt.Errorf("%s: outcome %q: want fail, warn, skip, blocked or error", e.Case, e.Outcome)
	}
	if e.Until != "" {
		if e.until, err = time.Parse(time.DateOnly, e.Until); err != nil {
			return fmt.Errorf("%s: until %q: want a day as 2026-12-31", e.Case, e.Until)
		}
	}
	return nil
}

// Unknown lists the cases of the file that are not in the catalogue: an entry that
// can never come true is a mistake. has says whether a name, with or without a
// variant, is known.
func (f *File) Unknown(has func(name string) bool) []string {
	var unknown []string
	for i := range f.entries {
		if !has(f.entries[i].Case) {
			unknown = append(unknown, f.entries[i].Case)
		}
	}
	return unknown
}

// Apply marks the results that the file foretells and puts into the run what is
// wrong with the file: entries whose case ended in another way, and entries whose
// last day is before today. Cases that were not run are left alone.
func (f *File) Apply(run *report.Run, today time.Time) {
	for i := range f.entries {
		e := &f.entries[i]
		for j := range run.Results {
			if r := &run.Results[j]; e.Case == r.Name() || e.Case == r.ID && r.Variant != "" && !f.names(r.Name()) {
				if problem := e.apply(r, today); problem != "" {
					run.Complaint = append(run.Complaint, fmt.Sprintf("%s, entry %d: %s %s", f.name, e.line, r.Name(), problem))
				}
			}
		}
	}
}

// names reports whether an entry is for exactly this name.
func (f *File) names(name string) bool {
	return slices.ContainsFunc(f.entries, func(e Entry) bool { return e.Case == name })
}

func (e *Entry) apply(r *report.Result, today time.Time) string {
	switch failed := r.FailedNames(); {
	case !e.until.IsZero() && !today.Before(e.until.AddDate(0, 0, 1)):
		return fmt.Sprintf("is expected to end in %s until %s: that day is over (%s)", e.Outcome, e.Until, e.Reason)
	case r.Outcome == conformance.Pass:
		return fmt.Sprintf("is expected to end in %s and passes: delete the entry (%s)", e.Outcome, e.Reason)
	case r.Outcome != e.Outcome:
		return fmt.Sprintf("is expected to end in %s and ends in %s (%s)", e.Outcome, r.Outcome, e.Reason)
	case len(e.Checks) > 0 && !same(e.Checks, failed):
		return fmt.Sprintf("is expected to fail %s and fails %s (%s)", strings.Join(e.Checks, ", "), strings.Join(failed, ", "), e.Reason)
	}
	r.Expected = &report.Expected{Reason: e.Reason, Until: e.Until}
	return ""
}

// same compares names regardless of their order and number.
func same(a, b []string) bool {
	a, b = slices.Compact(slices.Sorted(slices.Values(a))), slices.Compact(slices.Sorted(slices.Values(b)))
	return slices.Equal(a, b)
}

// Line is the line to paste into a file for a result. Its reason is empty: the file
// is refused until somebody writes it.
func Line(r *report.Result) string {
	checks := ""
	if names := r.FailedNames(); len(names) > 0 {
		checks = fmt.Sprintf("checks: [%s], ", strings.Join(names, ", "))
	}
	return fmt.Sprintf(`- {case: "%s", outcome: %s, %sreason: ""}`, r.Name(), r.Outcome, checks)
}
