package benchingest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/emulator/load"
)

// report is everything measured, as JSON. Rates are documents a second, times
// milliseconds.
type report struct {
	Format  string         `json:"format"`
	At      time.Time      `json:"at"`
	CPUs    int            `json:"cpus"`
	Go      string         `json:"go"`
	Machine steadiness     `json:"machineAlone"`
	Groups  []int          `json:"groups"`
	Append  []float64      `json:"appendAndSync"` // by group
	Engines []engineReport `json:"engines"`
}

type engineReport struct {
	Name string    `json:"name"`
	Bare []float64 `json:"bareStore"` // by group
	Kept pathPair  `json:"keptAlive"`
	Each pathPair  `json:"oneConnectionPerDocument"`
	// Projected is Kept.Checked while a worker projects the items of receipts.
	Projected float64 `json:"keptAliveProjecting"`
	Half      latency `json:"halfRate"`
	HalfEach  latency `json:"halfRateOneConnectionPerDocument"`
	Lone      latency `json:"loneRegister"`
}

// pathPair is the same way with and without checks.
type pathPair struct {
	Checked   path `json:"checked"`
	Unchecked path `json:"unchecked"`
}

type path struct {
	Rounds      []float64 `json:"rounds"`
	PerSecond   float64   `json:"documentsPerSecond"` // mean of the rounds
	CPU         float64   `json:"serverMicroseconds"` // of the server's process for a document, last round
	Allocations float64   `json:"allocations"`        // for a document, last round
	Allocated   float64   `json:"allocatedBytes"`
	P50         float64   `json:"p50"`
	P99         float64   `json:"p99"`
}

type latency struct {
	Rate float64 `json:"rate"`
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p99_9"`
}

func latencyOf(rate float64, l *load.Latency) latency {
	return latency{Rate: rate, P50: l.P50, P90: l.P90, P99: l.P99, P999: l.P999}
}

func (p *pathPair) add(unchecked bool, m *measured) {
	one := &p.Checked
	if unchecked {
		one = &p.Unchecked
	}
	one.Rounds = append(one.Rounds, m.Load.PerSecond)
	one.PerSecond = 0
	for _, r := range one.Rounds {
		one.PerSecond += r / float64(len(one.Rounds))
	}
	one.CPU, one.Allocations = m.cpu(), m.allocations()
	one.Allocated = float64(m.Use.Allocated) / float64(m.Use.Documents)
	one.P50, one.P99 = m.Load.Latency.P50, m.Load.Latency.P99
}

func (b *bench) write() {
	r := &b.report
	r.Format, r.At, r.CPUs, r.Go = "fiscalbench.ingest/1", time.Now().UTC().Truncate(time.Second), runtime.NumCPU(), runtime.Version()
	text, err := json.MarshalIndent(r, "", "  ")
	require.NoError(b.t, err)
	require.NoError(b.t, os.WriteFile(filepath.Join(b.results, "ingest.json"), append(text, '\n'), 0o600))
	table := r.table()
	require.NoError(b.t, os.WriteFile(filepath.Join(b.results, "ingest.md"), []byte(table), 0o600))
	b.say("in %s:\n\n%s", b.results, table)
}

// table is the report in Markdown.
func (r *report) table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "A processor of this machine alone: %s.\n\n", &r.Machine)
	row := func(cells ...string) { b.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	each := func(label string, cell func(e *engineReport) string) {
		cells := []string{label}
		for i := range r.Engines {
			cells = append(cells, cell(&r.Engines[i]))
		}
		row(cells...)
	}
	head, rule := []string{"documents a second"}, []string{"---"}
	for _, g := range r.Groups {
		head, rule = append(head, fmt.Sprintf("groups of %d", g)), append(rule, "---")
	}
	row(head...)
	row(rule...)
	numbers := func(label string, of []float64) {
		cells := []string{label}
		for _, n := range of {
			cells = append(cells, thousands(n))
		}
		row(cells...)
	}
	numbers("append and fdatasync of the same bytes", r.Append)
	for _, e := range r.Engines {
		numbers("bare "+e.Name, e.Bare)
	}
	b.WriteString("\n")

	head, rule = []string{"server and load on the same processors"}, []string{"---"}
	for _, e := range r.Engines {
		head, rule = append(head, e.Name), append(rule, "---")
	}
	row(head...)
	row(rule...)
	rate := func(p *path) string { return thousands(p.PerSecond) + "/s" }
	each("kept alive, all checks", func(e *engineReport) string { return rate(&e.Kept.Checked) })
	each("kept alive, no checks", func(e *engineReport) string { return rate(&e.Kept.Unchecked) })
	each("ratio", func(e *engineReport) string { return percent(e.Kept.Checked.PerSecond, e.Kept.Unchecked.PerSecond) })
	each("one connection per document, all checks", func(e *engineReport) string { return rate(&e.Each.Checked) })
	each("one connection per document, no checks", func(e *engineReport) string { return rate(&e.Each.Unchecked) })
	each("ratio", func(e *engineReport) string { return percent(e.Each.Checked.PerSecond, e.Each.Unchecked.PerSecond) })
	last := len(r.Groups) - 1
	each(fmt.Sprintf("kept alive, of the bare store at %d", r.Groups[last]), func(e *engineReport) string { return percent(e.Kept.Checked.PerSecond, e.Bare[last]) })
	each(fmt.Sprintf("kept alive, of append and fdatasync at %d", r.Groups[last]), func(e *engineReport) string { return percent(e.Kept.Checked.PerSecond, r.Append[last]) })
	each("kept alive, all checks, items projected behind", func(e *engineReport) string { return thousands(e.Projected) + "/s" })
	each("half rate, kept alive: p50, p90, p99", func(e *engineReport) string { return e.Half.String() })
	each("half rate, one connection per document: p50, p90, p99", func(e *engineReport) string { return e.HalfEach.String() })
	each("one lone register: p50, p90, p99", func(e *engineReport) string { return e.Lone.String() })
	each("server's own CPU a document, kept alive", func(e *engineReport) string { return fmt.Sprintf("%.0f µs", e.Kept.Checked.CPU) })
	each("the same without checks", func(e *engineReport) string { return fmt.Sprintf("%.0f µs", e.Kept.Unchecked.CPU) })
	each("allocations a document, kept alive", func(e *engineReport) string {
		return fmt.Sprintf("%.0f, %.1f KiB", e.Kept.Checked.Allocations, e.Kept.Checked.Allocated/1024)
	})
	return b.String()
}

func (l *latency) String() string {
	return fmt.Sprintf("%.2f, %.2f, %.2f ms at %s/s", l.P50, l.P90, l.P99, thousands(l.Rate))
}

func percent(a, b float64) string { return fmt.Sprintf("%.0f %%", 100*a/b) }

// thousands writes 12345.6 as 12,346.
func thousands(v float64) string {
	s := fmt.Sprintf("%.0f", v)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
