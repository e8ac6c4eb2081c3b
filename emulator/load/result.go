package load

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Format names the version of Result as JSON.
const Format = "fiscalbench.load/1"

// Result of a run. Documents are those sent while the clock ran; those that enrolled
// the registers are counted apart.
type Result struct {
	Format  string   `json:"format"`
	Setting Settings `json:"settings"`

	Enrolled    int64 `json:"enrolled"`    // registrations and openings of shifts, before the clock
	Confirmed   int64 `json:"confirmed"`   // with a right confirmation, whatever its code
	Refused     int64 `json:"refused"`     // of these: with a code that is not 0
	Wrong       int64 `json:"wrong"`       // answers that were no confirmation of the document
	Unconfirmed int64 `json:"unconfirmed"` // sent, never confirmed
	Repeats     int64 `json:"repeats"`     // sent again after a broken or late exchange
	Connections int64 `json:"connections"` // opened

	Seconds     float64 `json:"seconds"` // to the last confirmation
	PerSecond   float64 `json:"documentsPerSecond"`
	MeanMessage float64 `json:"meanMessageBytes"` // session header included

	// Latency counts from the moment a document was due: at a rate that is fixed by
	// the clock, so that waiting behind a slow answer counts (coordinated omission);
	// without a rate it is the moment of sending. Service counts from the sending.
	Latency Latency `json:"latency"`
	Service Latency `json:"service"`

	Errors      map[string]int64 `json:"errors,omitempty"` // attempts that failed, by kind
	Interrupted bool             `json:"interrupted,omitempty"`
}

// Settings of the run that a reader of the result wants to know.
type Settings struct {
	Registers     int     `json:"registers"`
	Rate          float64 `json:"rate,omitempty"` // 0: as fast as can be
	DurationMS    int64   `json:"durationMs"`
	Documents     int     `json:"documents,omitempty"`
	OneConnection bool    `json:"oneConnectionPerDocument"`
	Prebuilt      bool    `json:"prebuilt"`
	CheckSigns    bool    `json:"checkSigns"`
	FFD           string  `json:"ffd"`
	Seed          uint64  `json:"seed"`
}

// Latency is a distribution in milliseconds.
type Latency struct {
	Min  float64 `json:"min"`
	Mean float64 `json:"mean"`
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p99_9"`
	Max  float64 `json:"max"`
}

func latencyOf(h *hdrhistogram.Histogram) Latency {
	ms := func(us int64) float64 { return float64(us) / 1000 }
	if h.TotalCount() == 0 {
		return Latency{}
	}
	return Latency{Min: ms(h.Min()), Mean: h.Mean() / 1000, P50: ms(h.ValueAtQuantile(50)), P90: ms(h.ValueAtQuantile(90)),
		P99: ms(h.ValueAtQuantile(99)), P999: ms(h.ValueAtQuantile(99.9)), Max: ms(h.Max())}
}

func (r *run) result(took time.Duration) Result {
	o, n := &r.o, r.n
	result := Result{
		Format: Format,
		Setting: Settings{Registers: o.Registers, Rate: o.Rate, DurationMS: o.Duration.Milliseconds(), Documents: o.Documents,
			OneConnection: o.OneConnection, Prebuilt: o.Prebuilt, CheckSigns: o.CheckSigns || !o.Prebuilt, FFD: o.FFD.String(), Seed: o.Seed},
		Seconds: took.Seconds(), Latency: latencyOf(n.latency), Service: latencyOf(n.service),
	}
	result.add(n)
	result.Confirmed = n.confirmed.Load()
	if result.Confirmed > 0 {
		result.PerSecond = float64(result.Confirmed) / max(took.Seconds(), 1e-9)
		result.MeanMessage = float64(n.bytes.Load()) / float64(result.Confirmed)
	}
	return result
}

// add counts what went wrong and what was opened in one stage of the run.
func (r *Result) add(n *counts) {
	r.Refused += n.refused.Load()
	r.Wrong += n.wrong.Load()
	r.Unconfirmed += n.unconfirmed.Load()
	r.Repeats += n.repeats.Load()
	r.Connections += n.connects.Load()
	for text, times := range n.errors {
		if r.Errors == nil {
			r.Errors = map[string]int64{}
		}
		r.Errors[text] += times
	}
}

// Clean reports that every document was confirmed with code 0 and nothing else came.
func (r *Result) Clean() bool { return r.Refused == 0 && r.Wrong == 0 && r.Unconfirmed == 0 }

// String is the summary for people, several lines.
func (r *Result) String() string {
	var b strings.Builder
	if r.Interrupted {
		b.WriteString("interrupted\n")
	}
	fmt.Fprintf(&b, "%d documents confirmed in %.2f s: %.0f a second (%d registers, %d connections, %.0f bytes a message; %d more enrolled the registers)\n",
		r.Confirmed, r.Seconds, r.PerSecond, r.Setting.Registers, r.Connections, r.MeanMessage, r.Enrolled)
	from := "from sending"
	if r.Setting.Rate > 0 {
		from = "from when it was due"
	}
	line := func(from string, l Latency) {
		fmt.Fprintf(&b, "confirmation, ms %s: p50 %.2f, p90 %.2f, p99 %.2f, p99.9 %.2f, max %.2f\n", from, l.P50, l.P90, l.P99, l.P999, l.Max)
	}
	line(from, r.Latency)
	if r.Setting.Rate > 0 {
		line("from sending", r.Service)
	}
	for _, text := range slices.Sorted(maps.Keys(r.Errors)) {
		fmt.Fprintf(&b, "%d × %s\n", r.Errors[text], text)
	}
	fmt.Fprintf(&b, "%d confirmed, %d refused, %d wrong answers, %d unconfirmed, %d repeats (seed %d)\n",
		r.Confirmed, r.Refused, r.Wrong, r.Unconfirmed, r.Repeats, r.Setting.Seed)
	return b.String()
}

// reasons are the kinds of errors so far in one line.
func (c *counts) reasons() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.errors) == 0 {
		return "no answer"
	}
	var all []string
	for _, text := range slices.Sorted(maps.Keys(c.errors)) {
		all = append(all, fmt.Sprintf("%s (%d times)", text, c.errors[text]))
	}
	return strings.Join(all, "; ")
}
