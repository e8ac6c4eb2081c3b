package mutants_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/conformance/cases"
	"github.com/fiscalbench/fiscalbench/conformance/mutants"
	"github.com/fiscalbench/fiscalbench/features"
	"github.com/fiscalbench/fiscalbench/internal/fault"
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
