package expect_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/expect"
	"github.com/fiscalbench/fiscalbench/conformance/report"
)

var today = time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)

func result(id string, o conformance.Outcome, failed ...string) report.Result {
	r := report.Result{ID: id, Path: "a/b", Outcome: o, Checks: []report.Check{{Name: "connection/answered", OK: true}}}
	for _, name := range failed {
		r.Checks = append(r.Checks, report.Check{Name: name, Mark: conformance.Doc})
	}
	return r
}

func apply(t *testing.T, yaml string, results ...report.Result) *report.Run {
	t.Helper()
	f, err := expect.Parse("known.yaml", []byte(yaml))
	require.NoError(t, err)
	passed := result("O-000", conformance.Pass)
	run := &report.Run{Ended: report.Complete, Results: append(results, passed), Selected: len(results) + 1}
	f.Apply(run, today)
	return run
}

func TestApply(t *testing.T) {
	t.Parallel()
	const entry = `- {case: "O-089", outcome: fail, checks: [connection/no-answer], reason: "bug 17", until: 2026-08-01}`
	for name, tc := range map[string]struct {
		yaml    string
		result  report.Result
		problem string // "": foretold
	}{
		"fails in that way":      {entry, result("O-089", conformance.Fail, "connection/no-answer"), ""},
		"the same check twice":   {entry, result("O-089", conformance.Fail, "connection/no-answer", "connection/no-answer"), ""},
		"passes":                 {entry, result("O-089", conformance.Pass), "passes: delete the entry (bug 17)"},
		"another outcome":        {entry, result("O-089", conformance.Error), "ends in error"},
		"skipped":                {entry, result("O-089", conformance.Skip), "ends in skip"},
		"another check":          {entry, result("O-089", conformance.Fail, "sign/fpo"), "fails sign/fpo"},
		"one check more":         {entry, result("O-089", conformance.Fail, "connection/no-answer", "sign/fpo"), "fails connection/no-answer, sign/fpo"},
		"its time is over":       {strings.Replace(entry, "08-01", "07-31", 1), result("O-089", conformance.Fail, "connection/no-answer"), "that day is over"},
		"an expected error":      {`- {case: O-089, outcome: error, reason: slow}`, result("O-089", conformance.Error), ""},
		"an expected skip":       {`- {case: O-089, outcome: skip, reason: no clock}`, result("O-089", conformance.Skip), ""},
		"a skip that fails":      {`- {case: O-089, outcome: skip, reason: no clock}`, result("O-089", conformance.Fail, "x"), "ends in fail"},
		"an expected warning":    {`- {case: O-089, outcome: warn, checks: [x], reason: known}`, result("O-089", conformance.Warn, "x"), ""},
		"all variants of a case": {`- {case: O-089, outcome: error, reason: slow}`, report.Result{ID: "O-089", Variant: "ffd1.2", Outcome: conformance.Error}, ""},
		"the variant":            {`- {case: "O-089@ffd1.2", outcome: error, reason: slow}`, report.Result{ID: "O-089", Variant: "ffd1.2", Outcome: conformance.Error}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run := apply(t, tc.yaml, tc.result)
			if tc.problem == "" {
				require.NotNil(t, run.Results[0].Expected)
				assert.NotEmpty(t, run.Results[0].Expected.Reason)
				assert.Empty(t, run.Complaint)
				assert.Equal(t, report.Conformant, run.Verdict())
				return
			}
			assert.Nil(t, run.Results[0].Expected)
			require.Len(t, run.Complaint, 1)
			assert.Contains(t, run.Complaint[0], tc.problem)
			assert.Contains(t, run.Complaint[0], "known.yaml, entry 1: O-089")
			assert.Equal(t, report.NotConformant, run.Verdict())
		})
	}
}

func TestApply_LeavesOthersAlone(t *testing.T) {
	t.Parallel()
	const yaml = `
- {case: "O-001", outcome: fail, checks: [x], reason: not chosen in this run}
- {case: "O-089@ffd1.2", outcome: error, reason: slow}
- {case: "O-089", outcome: fail, checks: [x], reason: bug}
`
	other := report.Result{ID: "O-089", Variant: "ffd1.2", Outcome: conformance.Error}
	run := apply(t, yaml, result("O-089", conformance.Fail, "x"), other, result("O-090", conformance.Fail, "x"))
	assert.Equal(t, "bug", run.Results[0].Expected.Reason)
	assert.Equal(t, "slow", run.Results[1].Expected.Reason, "the entry of the variant wins")
	assert.Nil(t, run.Results[2].Expected)
	assert.Empty(t, run.Complaint)
	assert.Equal(t, report.NotConformant, run.Verdict(), "O-090 is not foretold")
}

// TestLine_CanBePastedOnceItHasAReason: what is printed for a new failure foretells
// that very failure.
func TestLine_CanBePastedOnceItHasAReason(t *testing.T) {
	t.Parallel()
	for _, r := range []report.Result{
		result("O-089", conformance.Fail, "connection/no-answer", "document/1022", "connection/no-answer"),
		result("O-090", conformance.Error),
		{ID: "O-034", Variant: "ffd1.2", Outcome: conformance.Blocked},
	} {
		line := expect.Line(&r)
		_, err := expect.Parse("f", []byte(line))
		require.ErrorContains(t, err, "a reason is required", line)
		run := apply(t, strings.Replace(line, `reason: ""`, `reason: "vendor's ticket"`, 1), r)
		require.NotNil(t, run.Results[0].Expected, line)
		assert.Empty(t, run.Complaint)
	}
}

func TestParse_Refuses(t *testing.T) {
	t.Parallel()
	for yaml, want := range map[string]string{
		`- {outcome: fail, checks: [x], reason: r}`:                                            "case is required",
		`- {case: O-001, outcome: fail, checks: [x]}`:                                          "reason is required",
		`- {case: O-001, outcome: fail, checks: [x], reason: " "}`:                             "reason is required",
		`- {case: O-001, outcome: fail, reason: r}`:                                            "checks are required",
		`- {case: O-001, outcome: pass, reason: r}`:                                            "want fail, warn",
		`- {case: O-001, outcome: skip, reason: r, until: soon}`:                               "want a day",
		`- {case: O-001, outcom: skip, reason: r}`:                                             "outcom",
		"- {case: O-001, outcome: skip, reason: r}\n- {case: O-001, outcome: skip, reason: r}": "listed twice",
		`case: O-001`: "known.yaml",
	} {
		_, err := expect.Parse("known.yaml", []byte(yaml))
		assert.ErrorContains(t, err, want, yaml)
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "known.yaml")
	_, err := expect.Load(path)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoError(t, os.WriteFile(path, []byte("# nothing yet\n"), 0o600))
	f, err := expect.Load(path)
	require.NoError(t, err)
	assert.Empty(t, f.Unknown(func(string) bool { return false }))
	require.NoError(t, os.WriteFile(path, []byte(`- {case: O-999, outcome: skip, reason: r}`), 0o600))
	f, err = expect.Load(path)
	require.NoError(t, err)
	assert.Equal(t, []string{"O-999"}, f.Unknown(func(string) bool { return false }))
	assert.Empty(t, f.Unknown(func(n string) bool { return n == "O-999" }))
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`- {case: O-001, outcome: fail, checks: [x], reason: r, until: 2026-01-01}`))
	f.Add([]byte("- &a {case: x}\n- *a\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := expect.Parse("f", b)
		if (err == nil) == (file == nil) {
			t.Fatal("either a file or an error")
		}
	})
}
