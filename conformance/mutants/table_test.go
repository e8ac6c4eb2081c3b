package mutants_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/conformance/cases"
	"github.com/fiscalbench/fiscalbench/conformance/mutants"
	"github.com/fiscalbench/fiscalbench/features"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/flk"
	"github.com/fiscalbench/fiscalbench/internal/fault"
	history "github.com/fiscalbench/fiscalbench/server/flk"
)

const module = "github.com/fiscalbench/fiscalbench"

var root = func() string {
	dir, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		panic(err)
	}
	return dir
}()

// TestTable_IsSound: every row is complete, its id its own, its edits fit the source as
// it is, its faults and settings exist, and the cases that must notice exist too.
func TestTable_IsSound(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, c := range cases.All() {
		known[c.ID] = true
	}
	seen, done := map[string]bool{}, map[string]string{}
	for _, m := range mutants.All() {
		assert.NoError(t, m.Check())
		assert.NoError(t, m.Fits(root))
		assert.False(t, seen[m.ID], "%s: two mutants of one id", m.ID)
		seen[m.ID] = true
		same := m
		same.ID = ""
		assert.Empty(t, done[same.Digest()], "%s does the same", m.ID)
		done[same.Digest()] = m.ID
		for _, by := range m.By {
			if strings.HasSuffix(by, ".feature") {
				_, err := features.FS().Open(by)
				assert.NoError(t, err, m.ID)
			} else {
				assert.True(t, known[by], "%s: no case %s", m.ID, by)
			}
		}
	}
}

// TestTable_HasEveryFaultPoint: the table cannot fall behind internal/fault.
func TestTable_HasEveryFaultPoint(t *testing.T) {
	t.Parallel()
	for side, of := range map[mutants.Side]fault.Side{mutants.Operator: fault.Operator, mutants.Register: fault.Register} {
		have := map[string]bool{}
		for _, m := range mutants.Of(side) {
			for _, rule := range m.Faults {
				name, _, _ := strings.Cut(rule, ":")
				have[name] = true
			}
		}
		if len(have) == 0 {
			continue
		}
		for _, p := range fault.Points(of) {
			assert.True(t, have[p.Name], "no mutant of the %s for the fault point %s", side, p.Name)
		}
	}
}

// has are the requirements that the mutants of a side break.
func has(side mutants.Side) map[string]bool {
	all := map[string]bool{}
	for _, m := range mutants.Of(side) {
		for _, s := range strings.Fields(m.Spec) {
			all[s] = true
		}
	}
	return all
}

// TestTable_HasEveryRow: nor behind the rows of transport.md section 10, by every name.
func TestTable_HasEveryRow(t *testing.T) {
	t.Parallel()
	have, settings := has(mutants.Operator), map[string]bool{}
	for _, m := range mutants.Of(mutants.Operator) {
		for name := range m.Settings {
			settings[name] = true
		}
	}
	// Rows without a setting mutant: the only action they allow is their own.
	fixed := map[fiscal.Fault]bool{fiscal.IncompleteBody: true, fiscal.FaultNone: true}
	for _, f := range fiscal.Faults() {
		assert.True(t, f == fiscal.FaultNone || have[f.ID()], "no mutant of row %s %s", f.ID(), f)
		assert.True(t, fixed[f] || settings[f.String()], "no mutant that changes the answer of %s %s", f.ID(), f)
	}
	for n := 1; n <= 26; n++ {
		assert.True(t, have[fmt.Sprintf("E-%02d", n)], "no mutant of row E-%02d", n)
	}
}

// unseen are rules of severity E whose breach cannot be seen on the wire, with the mutants
// that stand for them.
var unseen = map[string]string{
	"I-01": "E-11/document", // the number is compared before the rules are asked, and refused
	"I-02": "E-17/unchecked",
}

// remarksOnly are rules of history that only ever warn and answer nothing.
var remarksOnly = strings.Fields("D-04 E-24 P-07 P-10 P-15 R-03 R-09 R-15")

// TestTable_HasEveryRule: nor behind the catalogue of format control.
func TestTable_HasEveryRule(t *testing.T) {
	t.Parallel()
	off := map[string]bool{}
	for _, m := range mutants.Of(mutants.Operator) {
		for name, value := range m.Settings {
			if rule, ok := strings.CutPrefix(name, "rule."); ok && value == "off" {
				off[rule] = true
			}
		}
	}
	spec := has(mutants.Operator)
	want := func(id string) {
		if stand, ok := unseen[id]; ok {
			_, there := mutants.Find(stand)
			assert.True(t, there, "%s: no mutant %s", id, stand)
			return
		}
		assert.True(t, off[id] || spec[id] && !strings.Contains("SIDMVRPQ", id[:1]), "no mutant with the rule %s off", id)
	}
	for _, r := range flk.Rules() {
		if r.Severity == flk.Error {
			want(r.ID)
		}
	}
	for _, id := range history.Rules() {
		if !slices.Contains(remarksOnly, id) && id != "P-14" && id != "Q-14" {
			want(id)
		}
	}
	assert.True(t, spec["P-14"] && spec["Q-14"])
}

// TestTable_HasEverySign: nor behind what the operator's signs cover.
func TestTable_HasEverySign(t *testing.T) {
	t.Parallel()
	fields := regexp.MustCompile(`(?m)^\s*(?:var )?covered\w+ += \[\]tlv\.Tag\{(.*)\}$`)
	count := func(file string) (n int) {
		src, err := os.ReadFile(filepath.Join(root, "fiscal", "sign", file))
		require.NoError(t, err)
		for _, m := range fields.FindAllStringSubmatch(string(src), -1) {
			n += strings.Count(m[1], "ffd.Tag")
		}
		return n
	}
	have := map[string]int{}
	for _, m := range mutants.Of(mutants.Operator) {
		sign, rest, _ := strings.Cut(m.ID, "/")
		if n := len(rest); n >= 4 && rest[n-4] >= '0' && rest[n-4] <= '9' {
			have[sign]++
		} else if m.Switch != "" {
			have[sign+" header"]++
		}
	}
	assert.Equal(t, count("fpd.go"), have["ФПД"])
	assert.Equal(t, count("fpo.go"), have["ФПО"])
	assert.Equal(t, 10, have["ФПС header"]) // nine fields of the header, and the document
	assert.Equal(t, 10, have["ФПП header"])
}

// TestJudge_IsNotMutated: no edit reaches what judges an operator or a register: the
// cases, their model and all they import. What runs beside them (the built-in ends and
// how they are reached) belongs to the mutant.
func TestJudge_IsNotMutated(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("go", "list", "-deps", "-json=ImportPath,Dir,GoFiles", "./conformance/cases", "./conformance/mutants")
	cmd.Dir = root
	out, err := cmd.Output()
	require.NoError(t, err)
	judge := map[string]bool{}
	n := 0
	for d := json.NewDecoder(strings.NewReader(string(out))); d.More(); {
		var p struct {
			ImportPath, Dir string
			GoFiles         []string
		}
		require.NoError(t, d.Decode(&p))
		path := strings.TrimPrefix(p.ImportPath, module+"/")
		if n++; path == "conformance/cases" {
			break // the dependencies of the cases come first
		}
		judge[path] = true
	}
	judge["conformance/cases"] = true
	require.True(t, judge["conformance/model"])
	require.False(t, judge["server/intake"])
	for _, m := range mutants.All() {
		for _, e := range m.Edits {
			assert.False(t, judge[filepath.ToSlash(filepath.Dir(e.File))], "%s edits %s, which judges", m.ID, e.File)
			area, _, _ := strings.Cut(e.File, "/")
			assert.Contains(t, []string{"server", "emulator", "fiscal"}, area, m.ID)
			assert.False(t, strings.HasSuffix(e.File, "_test.go"), m.ID)
		}
	}
}

// TestTable_IsForTestsOnly: no program has the table in it.
func TestTable_IsForTestsOnly(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("go", "list", "-deps", "./cmd/...")
	cmd.Dir = root
	out, err := cmd.Output()
	require.NoError(t, err)
	assert.NotContains(t, string(out), module+"/conformance/mutants")
	_, err = os.Stat(filepath.Join(root, "cmd"))
	require.NoError(t, err)
}
