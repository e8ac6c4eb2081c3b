package report_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/report"
)

func TestCompare(t *testing.T) {
	t.Parallel()
	ended := func(o conformance.Outcome, failed ...string) report.Result {
		r := report.Result{ID: "O-001", Outcome: o}
		for _, f := range failed {
			r.Checks = append(r.Checks, report.Check{Name: f})
		}
		return r
	}
	for name, tc := range map[string]struct {
		was, is report.Result
		want    report.Change // "": the same
		bad     bool
	}{
		"the same":             {ended(conformance.Fail, "a"), ended(conformance.Fail, "a"), "", false},
		"fails now":            {ended(conformance.Pass), ended(conformance.Fail, "a"), report.Worse, true},
		"passes now":           {ended(conformance.Fail, "a"), ended(conformance.Pass), report.Better, false},
		"skipped now":          {ended(conformance.Pass), ended(conformance.Skip), report.Worse, true},
		"one check more":       {ended(conformance.Fail, "a"), ended(conformance.Fail, "a", "b"), report.Worse, true},
		"one check fewer":      {ended(conformance.Fail, "a", "b"), ended(conformance.Fail, "b"), report.Better, false},
		"another check":        {ended(conformance.Fail, "a"), ended(conformance.Fail, "b"), report.Other, true},
		"from error to a fail": {ended(conformance.Error), ended(conformance.Fail, "b"), report.Worse, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := report.Compare(&report.Run{Results: []report.Result{tc.was}}, &report.Run{Results: []report.Result{tc.is}}, false)
			if tc.want == "" {
				assert.Empty(t, got)
				return
			}
			require.Len(t, got, 1)
			assert.Equal(t, tc.want, got[0].Change)
			assert.Equal(t, tc.bad, got[0].Bad)
		})
	}
}

func TestCompare_NewAndGone(t *testing.T) {
	t.Parallel()
	a := &report.Run{Results: []report.Result{{ID: "O-001", Outcome: conformance.Pass}}}
	b := &report.Run{Results: []report.Result{{ID: "O-002", Outcome: conformance.Pass}, {ID: "O-003", Outcome: conformance.Fail}}}
	got := report.Compare(a, b, false)
	assert.Equal(t, []report.Changed{{"O-002", report.New, "pass", false}, {"O-003", report.New, "fail", true}, {"O-001", report.Gone, "was pass", true}}, got)
}

// TestCompare_Exact: two runs of one seed differ in nothing but times.
func TestCompare_Exact(t *testing.T) {
	t.Parallel()
	other := sample()
	for i := range other.Results {
		other.Results[i].Seconds++
	}
	assert.Empty(t, report.Compare(sample(), other, true))
	for name, change := range map[string]func(*report.Result){
		"received": func(r *report.Result) { r.Exchanges[0].Received = "00" },
		"sent":     func(r *report.Result) { r.Exchanges[0].Sent = "00" },
		"ending":   func(r *report.Result) { r.Exchanges[0].Ending = conformance.Hung },
		"fewer":    func(r *report.Result) { r.Exchanges = r.Exchanges[:1] },
		"title":    func(r *report.Result) { r.Title = "x" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changed := sample()
			change(&changed.Results[0])
			assert.Empty(t, report.Compare(sample(), changed, false))
			got := report.Compare(sample(), changed, true)
			require.Len(t, got, 1)
			assert.True(t, got[0].Bad)
		})
	}
}
