package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/fiscalbench/fiscalbench/conformance"
)

// TextOptions of the text for a terminal. The zero value works.
type TextOptions struct {
	Keys    *Keys                // to look into signed and encrypted bytes; the public ones when the run used them
	Expect  func(*Result) string // line for the expectations file; nil: none
	Verbose bool                 // also list what passed, and decode an exchange of every bad case
}

// hexShown is how many bytes of a message stand on its line.
const hexShown = 24

// otherExchanges is how many exchanges beside the offending one are listed.
const otherExchanges = 8

// decodedCases is how many bad cases are shown with their exchange decoded; the page
// decodes all.
const decodedCases = 10

// WriteText writes what a person at a terminal wants to know, the most important
// last: skips, warnings, failures, counts. It ends without the last line, which is
// LastLine.
func (r *Run) WriteText(w io.Writer, o TextOptions) error {
	out := bufio.NewWriter(printable{w})
	t := text{Writer: out, run: r, o: o, keys: r.keys(o.Keys)}
	if o.Verbose {
		for i := range r.Results {
			k := &r.Results[i]
			fmt.Fprintf(out, "%-7s %s %s (%.3f s)%s\n", outcomeText(k), k.Name(), k.Path, k.Seconds, after(": ", k.Reason))
		}
	}
	t.skips()
	t.each("expected", func(k *Result) bool { return k.Expected != nil }, t.foretold)
	t.each("warnings", func(k *Result) bool { return k.Outcome == conformance.Warn && k.Expected == nil }, t.warning)
	for i := range r.Results {
		if k := &r.Results[i]; Bad(k.Outcome) && k.Expected == nil {
			t.failure(k)
		}
	}
	for _, f := range r.Faults {
		fmt.Fprintf(out, "\nFAULT %s\n", f)
	}
	if len(r.Faults) > 0 {
		fmt.Fprintln(out, "an end misbehaved on purpose: this run is no verdict")
	}
	for _, c := range r.Complaint {
		fmt.Fprintf(out, "\nEXPECTATION %s\n", c)
	}
	t.notes()
	return out.Flush()
}

// LastLine sums a run up. Warnings are counted as passed and what blocks a case as
// an error, so that the four numbers are all results.
func (r *Run) LastLine() string {
	c := r.Count()
	end := ")"
	if len(r.Faults) > 0 {
		end = ", faults injected)"
	}
	return fmt.Sprintf("%d passed, %d failed, %d skipped, %d errors (seed %s, %.1f s", c.Pass+c.Warn, c.Fail, c.Skip, c.Error+c.Blocked, r.Seed, r.Seconds) + end
}

type text struct {
	*bufio.Writer
	run  *Run
	o    TextOptions
	keys *Keys
	bad  int // cases shown so far
}

// printable keeps what came over the wire from steering the terminal: control
// characters but line ends become their codes.
type printable struct{ w io.Writer }

func (p printable) Write(b []byte) (int, error) {
	clean := make([]byte, 0, len(b))
	for _, c := range b {
		if c < 0x20 && c != '\n' || c == 0x7F {
			clean = fmt.Appendf(clean, "\\x%02x", c)
			continue
		}
		clean = append(clean, c)
	}
	if _, err := p.w.Write(clean); err != nil {
		return 0, err
	}
	return len(b), nil
}

func outcomeText(r *Result) string {
	if r.Expected != nil {
		return string(r.Outcome) + "*"
	}
	return string(r.Outcome)
}

// after is s behind a separator, or nothing.
func after(separator, s string) string {
	if s == "" {
		return ""
	}
	return separator + s
}

func (t *text) skips() {
	var reasons []string
	cases := map[string][]string{}
	for i := range t.run.Results {
		k := &t.run.Results[i]
		if k.Outcome != conformance.Skip || k.Expected != nil {
			continue
		}
		if cases[k.Reason] == nil {
			reasons = append(reasons, k.Reason)
		}
		cases[k.Reason] = append(cases[k.Reason], k.Name())
	}
	for _, reason := range reasons {
		fmt.Fprintf(t, "skipped %d: %s: %s\n", len(cases[reason]), reason, strings.Join(cases[reason], " "))
	}
}

func (t *text) each(title string, chosen func(*Result) bool, show func(*Result)) {
	var some []*Result
	for i := range t.run.Results {
		if k := &t.run.Results[i]; chosen(k) {
			some = append(some, k)
		}
	}
	if len(some) == 0 {
		return
	}
	fmt.Fprintf(t, "\n%s %d\n", title, len(some))
	for _, k := range some {
		show(k)
	}
}

func (t *text) foretold(k *Result) {
	fmt.Fprintf(t, "  %s %s %s: %s\n", k.Outcome, k.Name(), k.Path, k.Expected.Reason)
}

func (t *text) warning(k *Result) {
	fmt.Fprintf(t, "  %s %s (%s)\n", k.Name(), k.Path, k.Source)
	for _, c := range k.Failed() {
		fmt.Fprintf(t, "    %s [%s]: %s; expected %s, seen %s\n", c.Name, c.Mark, c.Requirement, shortValue(c.Expected), shortValue(c.Seen))
	}
}

func (t *text) failure(k *Result) {
	fmt.Fprintf(t, "\n%s %s %s\n  %s (%s, [%s]%s)\n", strings.ToUpper(string(k.Outcome)), k.Name(), k.Path, k.Title, k.Source, k.Mark, after(", ", string(k.Level)))
	if k.Reason != "" {
		fmt.Fprintf(t, "  reason    %s\n", k.Reason)
	}
	for _, i := range k.Injected {
		fmt.Fprintf(t, "  injected  %s\n", i)
	}
	failed := k.Failed()
	for _, c := range failed {
		fmt.Fprintf(t, "  %s [%s]: %s\n", c.Name, c.Mark, c.Requirement)
		fmt.Fprintf(t, "    expected  %s\n    seen      %s%s\n", shortValue(c.Expected), shortValue(c.Seen), where(&c))
	}
	t.exchanges(k, failed)
	fmt.Fprintf(t, "  again     %s\n", t.run.Again(k))
	if t.o.Expect != nil {
		fmt.Fprintf(t, "  expect    %s\n", t.o.Expect(k))
	}
}

func where(c *Check) string {
	var parts []string
	if c.Exchange > 0 {
		parts = append(parts, fmt.Sprintf("exchange %d", c.Exchange))
	}
	if c.Offset != nil {
		parts = append(parts, fmt.Sprintf("offset %d", *c.Offset))
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

// exchanges decodes the exchange that the first failed check looked at and lists
// some of the others.
func (t *text) exchanges(k *Result, failed []Check) {
	at, offset := k.offending(failed)
	t.bad++
	decode := t.o.Verbose || t.bad <= decodedCases
	shown := 0
	for i := range k.Exchanges {
		e := &k.Exchanges[i]
		if i != at || !decode {
			if shown++; shown <= otherExchanges {
				fmt.Fprintf(t, "  exchange %d: > %s < %s (%s)\n", i+1, shortHex(e.Sent), shortHex(e.Received), e.Ending)
			}
			continue
		}
		fmt.Fprintf(t, "  exchange %d (%s)%s\n", i+1, e.Ending, after(", ", e.Note))
		sent := func() {
			fmt.Fprintf(t, "    > %s\n", shortHex(e.Sent))
			if offset < 0 { // otherwise what was received is to blame
				t.decoded(e.Sent, -1)
			}
		}
		if !e.Incoming {
			sent()
		}
		fmt.Fprintf(t, "    < %s\n", shortHex(e.Received))
		t.decoded(e.Received, offset)
		if e.Incoming {
			sent()
		}
	}
	if shown > otherExchanges {
		fmt.Fprintf(t, "  and %d more exchanges\n", shown-otherExchanges)
	}
}

// offending finds the exchange and the byte of its answer that failed checks point
// at: of the first check with a byte, else of the first with an exchange, else the
// last exchange.
func (r *Result) offending(failed []Check) (at, offset int) {
	at, offset = len(r.Exchanges)-1, -1
	found := false
	for _, c := range failed {
		if c.Exchange > len(r.Exchanges) {
			continue
		}
		if c.Offset != nil {
			if c.Exchange > 0 {
				at = c.Exchange - 1
			}
			return at, *c.Offset
		}
		if c.Exchange > 0 && !found {
			at, found = c.Exchange-1, true
		}
	}
	return at, offset
}

func (t *text) decoded(hex string, offset int) {
	for _, p := range t.keys.decode(hex, offset) {
		for _, l := range p.Lines {
			fmt.Fprintf(t, "      %06d %s%s", l.Offset, strings.Repeat("  ", l.Depth), l.label())
			if l.Hex != "" {
				fmt.Fprintf(t, "  [%s]", shortHexText(l.Hex))
			}
			if l.Marked {
				fmt.Fprintf(t, "  <== byte %d", offset)
			}
			fmt.Fprintln(t)
			if l.Problem != "" {
				fmt.Fprintf(t, "             %s!! %s\n", strings.Repeat("  ", l.Depth), l.Problem)
			}
		}
		for _, n := range p.Notes {
			fmt.Fprintf(t, "      !! %s\n", n)
		}
	}
}

func (l *Line) label() string {
	s := l.Name
	if l.Tag != 0 {
		s = fmt.Sprintf("%d %s", l.Tag, l.Name)
	}
	return s + after(": ", l.Value)
}

// Again is the command that repeats one case with its bytes; a watch, which has no
// cases, is begun again.
func (r *Run) Again(k *Result) string {
	if strings.HasPrefix(r.Target.Flags, "watch ") {
		return "conformance " + r.Target.Flags
	}
	return strings.Join(strings.Fields(fmt.Sprintf("conformance run %s %s --seed %s", k.Name(), r.Target.Flags, r.Seed)), " ")
}

// notes says how the numbers of the last line are made.
func (t *text) notes() {
	c := t.run.Count()
	fmt.Fprintln(t)
	if c.Warn > 0 {
		fmt.Fprintf(t, "of the passed, %d with warnings\n", c.Warn)
	}
	if c.Expected > 0 {
		fmt.Fprintf(t, "%d as the expectations file foretold\n", c.Expected)
	}
	if c.Blocked > 0 {
		fmt.Fprintf(t, "of the errors, %d blocked\n", c.Blocked)
	}
	if missing := t.run.Selected - len(t.run.Results); missing > 0 {
		fmt.Fprintf(t, "%d cases were not run: %s\n", missing, t.run.Ended)
	}
}

// shortHex shortens a message given in hex.
func shortHex(s string) string {
	if s == "" {
		return "nothing"
	}
	if len(s) <= 2*hexShown {
		return s
	}
	return fmt.Sprintf("%s… %d bytes", s[:2*hexShown], len(s)/2)
}

func shortHexText(s string) string {
	if len(s) <= 2*hexShown || strings.ContainsRune(s, ' ') {
		return s
	}
	return fmt.Sprintf("%s… %d bytes", s[:2*hexShown], len(s)/2)
}

// valueShown is how many characters of an expected or seen value stand on a line.
const valueShown = 120

func shortValue(s string) string {
	if s == "" {
		return "nothing"
	}
	if r := []rune(s); len(r) > valueShown {
		return fmt.Sprintf("%s… %d characters", string(r[:valueShown]), len(r))
	}
	return s
}
