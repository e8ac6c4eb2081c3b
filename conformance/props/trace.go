package props

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance/model/life"
)

// Trace is what happened in a life, step by step, with what the model expected.
type Trace struct {
	Name  string
	Start time.Time
	Drive string // of the script: "{capacity: 20}"; empty when the machine has no drive
	steps []step
	fault string // what went wrong at last
	vague bool
}

// step is one line of a life. yaml is empty when the language of scripts has no word
// for it.
type step struct {
	text   string
	yaml   string
	fails  string // refusal that the script demands; empty: the step goes through
	expect string // flow mapping of the step expect; empty: nothing
}

// Add notes a step before it is made, so that the step that breaks is the last one.
func (t *Trace) Add(yaml, format string, args ...any) {
	t.steps = append(t.steps, step{text: fmt.Sprintf(format, args...), yaml: yaml})
}

// Fails notes that the last step must be refused, under the name that scripts know.
func (t *Trace) Fails(name string) {
	if n := len(t.steps); n > 0 {
		t.steps[n-1].fails = name
	}
}

// Expect notes what holds after the last step by the model.
func (t *Trace) Expect(yaml string) {
	if n := len(t.steps); n > 0 {
		t.steps[n-1].expect = yaml
	}
}

// Unclear notes that the papers leave open how the last step ends: another bench may
// end it otherwise.
func (t *Trace) Unclear() { t.vague = true }

// Clear reports whether every step must end as it did by the papers.
func (t *Trace) Clear() bool { return !t.vague }

// Fail notes what went wrong.
func (t *Trace) Fail(what string) { t.fault = what }

// Broken reports whether the life went wrong.
func (t *Trace) Broken() bool { return t.fault != "" }

// Len is the number of steps.
func (t *Trace) Len() int { return len(t.steps) }

// Playable reports whether `kkt play` can play every step.
func (t *Trace) Playable() bool {
	for _, s := range t.steps {
		if s.yaml == "" {
			return false
		}
	}
	return len(t.steps) > 0
}

// String is the list of steps and the fault.
func (t *Trace) String() string {
	var b strings.Builder
	for i, s := range t.steps {
		fmt.Fprintf(&b, "%3d. %s\n", i+1, s.text)
	}
	if t.fault != "" {
		fmt.Fprintf(&b, "  => %s\n", t.fault)
	}
	return b.String()
}

// Script is the life in the language of scripts. Steps without a word there are
// comments.
func (t *Trace) Script() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n", t.Name)
	for line := range strings.Lines(t.fault) {
		fmt.Fprintf(&b, "# found: %s\n", strings.TrimRight(line, "\n"))
	}
	if !t.Playable() {
		b.WriteString("# not playable as it stands: steps without a word in scripts are comments\n")
	}
	if t.vague {
		b.WriteString("# the papers are not clear about some step: another bench may play it otherwise\n")
	}
	fmt.Fprintf(&b, "name: %s\nstart: %s\n", t.Name, t.Start.Format("2006-01-02T15:04"))
	if t.Drive != "" {
		fmt.Fprintf(&b, "drive: %s\n", t.Drive)
	}
	b.WriteString("exchange: manual\nsteps:\n")
	for _, s := range t.steps {
		if s.yaml == "" {
			fmt.Fprintf(&b, "  # %s\n", s.text)
		} else {
			fmt.Fprintf(&b, "  - %s\n", s.yaml)
			if s.fails != "" {
				fmt.Fprintf(&b, "    fails: %s\n", s.fails)
			}
		}
		if s.expect != "" {
			fmt.Fprintf(&b, "  - expect: %s\n", s.expect)
		}
	}
	return b.String()
}

// Write puts the script, or the list when nothing of it can be played, into a folder
// and tells where.
func (t *Trace) Write(dir string) (string, error) {
	text, name := t.Script(), t.Name+".yaml"
	if t.Drive == "" {
		text, name = t.String(), t.Name+".txt"
	}
	path := filepath.Join(dir, strings.NewReplacer("/", "-", " ", "-").Replace(name))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("props: writing a script: %w", err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return "", fmt.Errorf("props: writing a script: %w", err)
	}
	return path, nil
}

// expectation is the step expect that the model asks for. Warnings that the papers
// leave open at this moment are left out.
func expectation(d *life.Drive, warnings bool) string {
	shift := "closed"
	if d.Shift.Open {
		shift = "open"
	}
	s := fmt.Sprintf("phase: %q, queue: %d, shift: %s, last_fd: %d", fmt.Sprintf("%02X", byte(d.Phase)), d.Queue(), shift, d.LastFD())
	if must, may := d.Warnings(); warnings && may == 0 {
		s += ", warnings: [" + strings.Join(warningNames(must), ", ") + "]"
	}
	return "{" + s + "}"
}

func warningNames(w byte) (names []string) {
	for _, f := range []struct {
		bit  byte
		name string
	}{{0x01, "replace"}, {0x02, "resource"}, {0x04, "memory"}, {0x08, "ofd"}} {
		if w&f.bit != 0 {
			names = append(names, f.name)
		}
	}
	return names
}

// span writes a duration as scripts do: "1d12h".
func span(d time.Duration) string {
	days, rest := d/(24*time.Hour), d%(24*time.Hour)
	switch {
	case days == 0:
		return rest.String()
	case rest == 0:
		return fmt.Sprintf("%dd", days)
	}
	return fmt.Sprintf("%dd%s", days, rest)
}

// roubles writes kopecks as scripts do.
func roubles(k uint64) string { return fmt.Sprintf("%d.%02d", k/100, k%100) }
