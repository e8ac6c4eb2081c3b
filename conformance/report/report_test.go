package report_test

import (
	"bytes"
	"encoding/hex"
	"encoding/xml"
	"flag"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/expect"
	"github.com/fiscalbench/fiscalbench/conformance/report"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", filepath.FromSlash(name))
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "make it with -update")
	assert.Equal(t, string(want), string(got), "%s is not what it was; look, then run with -update", name)
}

// TestGolden_EveryFile: every file of a run with every outcome, made through
// results.json on disk.
func TestGolden_EveryFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, sample().WriteDir(dir, nil))
	var names []string
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		require.NoError(t, err)
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		names = append(names, filepath.ToSlash(name))
		golden(t, filepath.ToSlash(name), b)
		return nil
	}))
	assert.Equal(t, []string{"junit.xml", "protocol.html", "protocol.md", "report.html", "results.json", "trace/K-020.ndjson", "trace/O-001.ndjson",
		"trace/O-020@ffd1.05.ndjson", "trace/O-030@ffd1.05+encrypted.ndjson", "trace/O-070.ndjson", "trace/O-075.ndjson", "trace/O-088.ndjson"}, names)
}

// TestGolden_Text: per outcome, so that a change shows where it is.
func TestGolden_Text(t *testing.T) {
	t.Parallel()
	all := sample()
	for i := range all.Results {
		k := &all.Results[i]
		t.Run(k.ID, func(t *testing.T) {
			t.Parallel()
			one := *all
			one.Results, one.Selected, one.Complaint = []report.Result{*k}, 1, nil
			var b bytes.Buffer
			require.NoError(t, one.WriteText(&b, report.TextOptions{Expect: expect.Line, Verbose: true}))
			golden(t, "text/"+k.ID+".txt", append(b.Bytes(), one.LastLine()+"\n"...))
		})
	}
	var b bytes.Buffer
	require.NoError(t, all.WriteText(&b, report.TextOptions{}))
	golden(t, "text/all.txt", append(b.Bytes(), all.LastLine()+"\n"...))
}

// TestText_ShowsTheOffendingByte: the answer's form byte is wrong at offset 35; the
// line that is marked is the one of that byte, in the exchange that has it.
func TestText_ShowsTheOffendingByte(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	require.NoError(t, sample().WriteText(&b, report.TextOptions{}))
	text := b.String()
	assert.Contains(t, text, "000035   тип данных: 3, кассовый чек  [03]  <== byte 35")
	assert.Equal(t, 1, strings.Count(text, "<=="))
	assert.Contains(t, text, "(exchange 2, offset 35)")
	assert.Contains(t, text, "again     conformance run O-001 --self --seed 18446744073709551615")
	for _, line := range strings.Split(text, "\n") {
		assert.Less(t, len([]rune(line)), 240, "a line that long is not for a screen: %s", line)
	}
}

func TestVerdict(t *testing.T) {
	t.Parallel()
	foretold := &report.Expected{Reason: "r"}
	for name, tc := range map[string]struct {
		change func(*report.Run)
		want   report.Verdict
	}{
		"pass":                 {func(*report.Run) {}, report.Conformant},
		"warn only":            {func(r *report.Run) { r.Results[0].Outcome = conformance.Warn }, report.Conformant},
		"fail":                 {func(r *report.Run) { r.Results[1].Outcome = conformance.Fail }, report.NotConformant},
		"expected fail":        {func(r *report.Run) { r.Results[1].Outcome, r.Results[1].Expected = conformance.Fail, foretold }, report.Conformant},
		"error":                {func(r *report.Run) { r.Results[1].Outcome = conformance.Error }, report.Incomplete},
		"expected error":       {func(r *report.Run) { r.Results[1].Outcome, r.Results[1].Expected = conformance.Error, foretold }, report.Conformant},
		"blocked":              {func(r *report.Run) { r.Results[1].Outcome = conformance.Blocked }, report.Incomplete},
		"fail beats error":     {func(r *report.Run) { r.Results[0].Outcome, r.Results[1].Outcome = conformance.Error, conformance.Fail }, report.NotConformant},
		"skips only":           {func(r *report.Run) { r.Results[0].Outcome, r.Results[1].Outcome = conformance.Skip, conformance.Skip }, report.Incomplete},
		"one skip":             {func(r *report.Run) { r.Results[1].Outcome = conformance.Skip }, report.Conformant},
		"nothing":              {func(r *report.Run) { r.Results, r.Selected = nil, 0 }, report.Incomplete},
		"a case is missing":    {func(r *report.Run) { r.Selected = 3 }, report.Incomplete},
		"interrupted":          {func(r *report.Run) { r.Ended = report.Interrupted }, report.Incomplete},
		"a stale expectation":  {func(r *report.Run) { r.Complaint = []string{"stale"} }, report.NotConformant},
		"stale and incomplete": {func(r *report.Run) { r.Complaint, r.Ended = []string{"stale"}, report.Interrupted }, report.NotConformant},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &report.Run{Ended: report.Complete, Selected: 2, Results: []report.Result{{ID: "O-001", Outcome: conformance.Pass}, {ID: "O-002", Outcome: conformance.Pass}}}
			tc.change(r)
			assert.Equal(t, tc.want, r.Verdict())
		})
	}
}

// TestLastLine_CountsEveryResultOnce: the four numbers are all results.
func TestLastLine_CountsEveryResultOnce(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "4 passed, 2 failed, 1 skipped, 2 errors (seed 18446744073709551615, 5.3 s)", sample().LastLine())
	assert.Equal(t, len(sample().Results), sample().Count().Total())
}

// TestJUnit_CountsAreThoseOfItsList reads the XML as a stranger would.
func TestJUnit_CountsAreThoseOfItsList(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	require.NoError(t, sample().WriteJUnit(&b))
	type counts struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
		Skipped  int `xml:"skipped,attr"`
	}
	var doc struct {
		counts
		Time   float64 `xml:"time,attr"`
		Suites []struct {
			counts
			Time  float64 `xml:"time,attr"`
			Cases []struct {
				Name      string    `xml:"name,attr"`
				ClassName string    `xml:"classname,attr"`
				Time      float64   `xml:"time,attr"`
				Failure   *struct{} `xml:"failure"`
				Error     *struct {
					Message string `xml:"message,attr"`
				} `xml:"error"`
				Skipped *struct{} `xml:"skipped"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	require.NoError(t, xml.Unmarshal(b.Bytes(), &doc))
	var all counts
	seconds := 0.0
	for _, s := range doc.Suites {
		var own counts
		sum := 0.0
		for _, c := range s.Cases {
			assert.NotEmpty(t, c.ClassName)
			own.Tests++
			sum += c.Time
			switch {
			case c.Failure != nil:
				own.Failures++
			case c.Error != nil:
				own.Errors++
				assert.NotContains(t, c.Error.Message, "\x1b", "control characters are not XML")
			case c.Skipped != nil:
				own.Skipped++
			}
		}
		assert.Equal(t, own, s.counts)
		assert.InDelta(t, sum, s.Time, 1e-6)
		all = counts{all.Tests + own.Tests, all.Failures + own.Failures, all.Errors + own.Errors, all.Skipped + own.Skipped}
		seconds += sum
	}
	assert.Equal(t, all, doc.counts)
	assert.InDelta(t, seconds, doc.Time, 1e-6)
	assert.Equal(t, counts{10, 2, 2, 2}, all, "nine results and a stale expectation; the foretold failure is skipped")
}

func TestRead_RefusesWhatIsNotResults(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	require.NoError(t, sample().Write(&b))
	good := b.String()
	_, err := report.Read(strings.NewReader(good))
	require.NoError(t, err)
	for from, to := range map[string]string{
		`"version": 1`:        `"version": 2`,
		`"outcome": "pass"`:   `"outcome": "fine"`,
		`"id": "O-001"`:       `"id": "../../etc/passwd"`,
		`"id": "O-020"`:       `"id": ""`,
		`"184467440737`:       `"x`,
		`"version": 1,`:       `"version": 1`,
		`"seconds": 5.336345`: `"seconds": "long"`,
	} {
		require.Contains(t, good, from)
		_, err := report.Read(strings.NewReader(strings.Replace(good, from, to, 1)))
		assert.ErrorContains(t, err, "report: ", to)
	}
	assert.Error(t, (&report.Run{}).Write(io.Discard), "no list of results")
}

// TestReadBack: what is read from results.json is what was written.
func TestReadBack(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	require.NoError(t, sample().Write(&b))
	got, err := report.Read(&b)
	require.NoError(t, err)
	assert.Equal(t, sample(), got)
}

func TestRenderDir_ReplacesOldTraces(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, sample().WriteDir(dir, nil))
	one := sample()
	one.Results = one.Results[:1]
	require.NoError(t, one.WriteDir(dir, nil))
	left, err := filepath.Glob(filepath.Join(dir, report.TraceDir, "*"))
	require.NoError(t, err)
	assert.Equal(t, []string{filepath.Join(dir, report.TraceDir, "O-001.ndjson")}, left)
}

// TestPage_LeavesLinesOutOfLongDocuments but none that something is wrong with: one
// run with a receipt of 500 items is still a page for a telephone.
func TestPage_LeavesLinesOutOfLongDocuments(t *testing.T) {
	t.Parallel()
	items := []byte{}
	for range 500 {
		items = append(items, 0x0B, 0x04, 2, 0, 1, 2) // 1035, two bytes
	}
	stlv := append([]byte{3, 0, byte(len(items)), byte(len(items) >> 8)}, items...)
	stlv[4+6*400+2] = 200 // an item that runs past the end
	r := sample()
	r.Results = []report.Result{{ID: "O-027", Path: "receipt/long", Outcome: conformance.Pass, Checks: []report.Check{{OK: true}},
		Exchanges: []report.Exchange{{Sent: hex.EncodeToString(stlv), Ending: conformance.Closed}}}}
	var b bytes.Buffer
	require.NoError(t, r.WriteHTML(&b, nil))
	assert.Less(t, strings.Count(b.String(), "<li class="), 300)
	assert.Contains(t, b.String(), "не показано строк")
	var whole bytes.Buffer
	require.NoError(t, r.WriteHTML(&whole, nil))
	assert.Equal(t, b.String(), whole.String())
}

// TestFrom_FindsTheExchange: the engine tells an offset; the bytes that a check saw
// tell which answer it was, and where in the document.
func TestFrom_FindsTheExchange(t *testing.T) {
	t.Parallel()
	answers := []string{strings.Repeat("00", 40) + "0102030405060708", strings.Repeat("00", 40) + "1112131415161718", strings.Repeat("00", 10)}
	for name, tc := range map[string]struct {
		seen             string
		offset           int
		exchange, offend int
	}{
		"in the first answer":     {"0203040506", 30, 1, 41},
		"in the second":           {"1112131415161718", 30, 2, 40},
		"short, so the last":      {"0102", 30, 2, 30},
		"no hex, so the last":     {"a time", 30, 2, 30},
		"every answer too short":  {"a time", 200, 0, 200},
		"the last is long enough": {"x", 5, 3, 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := conformance.Result{ID: "O-001", Checks: []conformance.Check{{Seen: tc.seen, Offset: tc.offset}}}
			for _, a := range answers {
				r.Exchanges = append(r.Exchanges, conformance.Exchange{Received: a})
			}
			c := report.From(&conformance.Summary{Results: []conformance.Result{r}}).Results[0].Checks[0]
			require.NotNil(t, c.Offset)
			assert.Equal(t, []int{tc.exchange, tc.offend}, []int{c.Exchange, *c.Offset})
		})
	}
}
