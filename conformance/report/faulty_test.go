package report_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/report"
)

// faulty is a run in which everything passes although an end misbehaved on purpose.
func faulty() *report.Run {
	r := sample()
	r.Complaint = nil
	r.Results = r.Results[1:3]
	r.Selected = len(r.Results)
	fired := 1
	r.Faults = []report.Fault{{End: "operator", Rule: "reply.delay:nth=5,time=40s", Fired: &fired}, {End: "register", Rule: `drive {"no_outage_block":true}`}}
	r.Results[0].Injected = []string{"reply.delay (event 5 of reply.delay:nth=5,time=40s), fn 9999078902000001 fd 3"}
	return r
}

// TestFaulty_IsNoVerdict: what passes under injected faults is never conformant, and
// every file says why.
func TestFaulty_IsNoVerdict(t *testing.T) {
	t.Parallel()
	r := faulty()
	assert.Equal(t, report.Incomplete, r.Verdict())
	clean := *r
	clean.Faults = nil
	assert.Equal(t, report.Conformant, clean.Verdict())
	r.Results[0].Outcome = conformance.Fail
	assert.Equal(t, report.NotConformant, r.Verdict(), "a failure stays one")
	for name, write := range map[string]func(r *report.Run, b *bytes.Buffer) error{
		"faulty/text.txt":     func(r *report.Run, b *bytes.Buffer) error { return r.WriteText(b, report.TextOptions{Verbose: true}) },
		"faulty/junit.xml":    func(r *report.Run, b *bytes.Buffer) error { return r.WriteJUnit(b) },
		"faulty/protocol.md":  func(r *report.Run, b *bytes.Buffer) error { return r.WriteProtocol(b, nil) },
		"faulty/report.html":  func(r *report.Run, b *bytes.Buffer) error { return r.WriteHTML(b, nil) },
		"faulty/results.json": func(r *report.Run, b *bytes.Buffer) error { return r.Write(b) },
	} {
		var b bytes.Buffer
		require.NoError(t, write(faulty(), &b))
		assert.Contains(t, b.String(), "reply.delay:nth=5,time=40s", name)
		golden(t, name, b.Bytes())
	}
	assert.Contains(t, faulty().LastLine(), "faults injected")
}
