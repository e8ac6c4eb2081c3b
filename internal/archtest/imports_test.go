package archtest_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/fiscalbench/fiscalbench"

// pkg is what `go list -json` says of a package.
type pkg struct {
	ImportPath   string
	Imports      []string
	Deps         []string
	TestImports  []string
	XTestImports []string
	Standard     bool
}

func list(t *testing.T, args ...string) []pkg {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Imports,Deps,TestImports,XTestImports,Standard"}, args...)...)
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		t.Fatalf("go list: %s", exit.Stderr)
	}
	require.NoError(t, err)
	var all []pkg
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := d.Decode(&p); err == io.EOF {
			return all
		} else {
			require.NoError(t, err)
		}
		all = append(all, p)
	}
}

// area is the top folder of a package of this module ("fiscal"), "" for others.
func area(path string) string {
	rest, ok := strings.CutPrefix(path, module+"/")
	if !ok {
		return ""
	}
	first, _, _ := strings.Cut(rest, "/")
	return first
}

func within(path string, folders ...string) bool {
	return slices.ContainsFunc(folders, func(f string) bool {
		full := module + "/" + f
		return path == full || strings.HasPrefix(path, full+"/")
	})
}

// testOnly lists what must never end in a user's binary.
var testOnly = []string{
	"github.com/stretchr/testify", "pgregory.net/rapid", "github.com/testcontainers/", "go.uber.org/goleak",
}

// exceptions: what a package is for.
var exceptions = map[string][]string{
	module + "/conformance/target/container": {"github.com/testcontainers/"}, // conformance run --image
}

// testHelpers may use what is for tests only: they are imported by tests alone.
var testHelpers = []string{"fiscal/fiscaltest", "server/servertest", "server/store/storetest", "server/store/office/officetest", "emulator/emulatortest", "conformance/props", "conformance/mutants", "internal/pgtest", "internal/browser", "internal/archtest"}

// allowed says which areas an area may import.
var allowed = map[string][]string{
	"fiscal":      {"fiscal"},
	"internal":    {"fiscal", "internal"},
	"emulator":    {"fiscal", "internal", "emulator"},
	"server":      {"fiscal", "internal", "server"},
	"features":    {"features"},
	"conformance": {"fiscal", "internal", "emulator", "server", "features", "conformance"},
	"cmd":         {"fiscal", "internal", "emulator", "server", "features", "conformance"},
}

func TestImports_FollowTheLayout(t *testing.T) {
	t.Parallel()
	packages := list(t, module+"/...")
	require.Greater(t, len(packages), 15, "the list is not the whole module")
	for _, p := range packages {
		from := area(p.ImportPath)
		may, known := allowed[from]
		if !known {
			t.Errorf("%s: top folder %q is not in the layout", p.ImportPath, from)
			continue
		}
		for _, imp := range p.Imports {
			if to := area(imp); to != "" && !slices.Contains(may, to) {
				t.Errorf("%s imports %s: %s may import only %v", p.ImportPath, imp, from, may)
			}
			if within(imp, testHelpers...) && !within(p.ImportPath, testHelpers...) {
				t.Errorf("%s imports %s, which is for tests only", p.ImportPath, imp)
			}
			for _, bad := range testOnly {
				if strings.HasPrefix(imp, bad) && !within(p.ImportPath, testHelpers...) && !slices.Contains(exceptions[p.ImportPath], bad) {
					t.Errorf("%s imports %s outside tests", p.ImportPath, imp)
				}
			}
		}
	}
}

// TestImports_VocabularyStandsAlone: fiscal/* use the standard library and
// themselves; the TLV codec adds the code page tables.
func TestImports_VocabularyStandsAlone(t *testing.T) {
	t.Parallel()
	for _, p := range list(t, module+"/fiscal/...") {
		if within(p.ImportPath, "fiscal/fiscaltest") {
			continue
		}
		for _, imp := range p.Imports {
			external := strings.Contains(strings.SplitN(imp, "/", 2)[0], ".") && area(imp) == ""
			if external && !(within(p.ImportPath, "fiscal/tlv") && strings.HasPrefix(imp, "golang.org/x/text/")) {
				t.Errorf("%s imports %s", p.ImportPath, imp)
			}
		}
	}
	for _, p := range list(t, module+"/fiscal/tlv") {
		for _, dep := range p.Deps {
			if within(dep, "fiscal") && dep != module+"/fiscal/tlv" {
				t.Errorf("fiscal/tlv must know no tags, but depends on %s", dep)
			}
		}
	}
}

// TestImports_EndsNeverMeet: even through others, the register's side and the
// operator's side share only the vocabulary; the store does not know its engines.
func TestImports_EndsNeverMeet(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ from, never string }{
		{"emulator", "server"}, {"emulator", "conformance"},
		{"server", "emulator"}, {"server", "conformance"},
	} {
		for _, p := range list(t, module+"/"+tc.from+"/...") {
			for _, dep := range slices.Concat(p.Deps, p.TestImports, p.XTestImports) {
				if within(dep, tc.never) {
					t.Errorf("%s reaches %s", p.ImportPath, dep)
				}
			}
		}
	}
	for _, p := range list(t, module+"/server/store") {
		for _, dep := range p.Deps {
			if strings.HasPrefix(dep, module+"/server/store/") {
				t.Errorf("server/store depends on its engine %s", dep)
			}
		}
	}
}

// TestImports_NobodyTakesFromCommands: mains are leaves.
func TestImports_NobodyTakesFromCommands(t *testing.T) {
	t.Parallel()
	for _, p := range list(t, module+"/...") {
		for _, imp := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			if area(imp) == "cmd" && area(p.ImportPath) != "cmd" {
				t.Errorf("%s imports %s", p.ImportPath, imp)
			}
		}
	}
}
