// Package coverage tells which capabilities of the cabinet and its API have tests:
// docs/coverage.md is made of a list of ids with their state and of the comments in
// tests that cite them (`// CAB-071`, `@case:` tags of feature files below `# CAB-071`).
//
// It counts citations. Whether a test does what the id asks for is for its reader.
package coverage

import (
	"bytes"
	_ "embed"
	"encoding/csv"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

//go:embed ids.csv
var list []byte

//go:embed states.csv
var states []byte

// State of a capability.
type State string

// States. An id without an entry in states.csv has to have a test.
const (
	Tested  State = "tested"
	Part    State = "tested in part" // the note says what is left
	Built   State = "built, no test"
	Missing State = "not built"
	Later   State = "later" // of a part of the cabinet that comes later
)

// ID is a capability.
type ID struct {
	Name, Title string
	State       State
	Note        string
	Tests       []string // "folder: TestName"
}

var word = regexp.MustCompile(`\b(?:CAB|NTF|REP|STM|SIM|API)-\d{2,3}\b|\bOPR-06[0-3]\b`)

// Read makes the list from the data and the tests below root, the module's folder. It
// refuses data that contradicts the tests.
func Read(root string) (ids, extra []ID, err error) {
	cited, err := scan(root)
	if err != nil {
		return nil, nil, err
	}
	entries, err := csv.NewReader(bytes.NewReader(list)).ReadAll()
	if err != nil {
		return nil, nil, fmt.Errorf("coverage: ids.csv: %w", err)
	}
	said, err := readStates()
	if err != nil {
		return nil, nil, err
	}
	for _, e := range entries {
		id := ID{Name: e[0], Title: e[1], State: Tested, Tests: cited[e[0]]}
		s, given := said[id.Name]
		switch {
		case given && len(id.Tests) > 0 && s.State != Part:
			return nil, nil, fmt.Errorf("coverage: states.csv calls %s %q, and %s cites it", id.Name, s.State, id.Tests[0])
		case given && len(id.Tests) == 0 && s.State == Part, !given && len(id.Tests) == 0:
			return nil, nil, fmt.Errorf("coverage: no test cites %s, and states.csv does not say why", id.Name)
		case given:
			id.State, id.Note = s.State, s.Note
		}
		delete(cited, id.Name)
		delete(said, id.Name)
		ids = append(ids, id)
	}
	for name := range said {
		return nil, nil, fmt.Errorf("coverage: states.csv names %s, which ids.csv does not have", name)
	}
	for name, tests := range cited {
		extra = append(extra, ID{Name: name, State: Tested, Tests: tests})
	}
	slices.SortFunc(extra, func(a, b ID) int { return strings.Compare(a.Name, b.Name) })
	return ids, extra, nil
}

func readStates() (map[string]ID, error) {
	entries, err := csv.NewReader(bytes.NewReader(states)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("coverage: states.csv: %w", err)
	}
	said := map[string]ID{}
	for _, e := range entries {
		s := State(e[1])
		if !slices.Contains([]State{Part, Built, Missing, Later}, s) || strings.TrimSpace(e[2]) == "" {
			return nil, fmt.Errorf("coverage: states.csv: %s: state %q with note %q", e[0], e[1], e[2])
		}
		said[e[0]] = ID{State: s, Note: e[2]}
	}
	return said, nil
}

// scan finds who cites what.
func scan(root string) (map[string][]string, error) {
	cited := map[string][]string{}
	cite := func(text, who string) {
		for _, name := range word.FindAllString(text, -1) {
			if !slices.Contains(cited[name], who) {
				cited[name] = append(cited[name], who)
			}
		}
	}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && path != root && (strings.HasPrefix(name, ".") || name == "var" || name == "bin" || name == "coverage" || name == "testdata") {
			return filepath.SkipDir
		}
		if d.IsDir() {
			return nil
		}
		folder, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		folder = filepath.ToSlash(folder)
		switch {
		case strings.HasSuffix(name, "_test.go"):
			return scanGo(path, folder, cite)
		case strings.HasSuffix(path, ".feature"):
			return scanFeature(path, cite)
		case filepath.Base(filepath.Dir(path)) == "officetest" && strings.HasSuffix(name, ".go"):
			return scanGo(path, folder, cite)
		}
		return nil
	})
	for _, tests := range cited {
		slices.Sort(tests)
	}
	return cited, err
}

// scanGo cites ids in and right above the test functions of a file.
func scanGo(path, folder string, cite func(text, who string)) error {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
	if err != nil {
		return fmt.Errorf("coverage: %w", err)
	}
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || (!strings.HasPrefix(f.Name.Name, "Test") && !strings.HasPrefix(f.Name.Name, "Fuzz") && !strings.HasSuffix(folder, "officetest")) {
			continue
		}
		who := folder + ": " + f.Name.Name
		if f.Doc != nil {
			cite(f.Doc.Text(), who)
		}
		for _, c := range file.Comments {
			if c.Pos() > f.Pos() && c.End() < f.End() {
				cite(c.Text(), who)
			}
		}
	}
	return nil
}

// scanFeature cites ids of comments for the case whose tag follows.
func scanFeature(path string, cite func(text, who string)) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	said := ""
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "#"):
			said += line
		case strings.HasPrefix(line, "@case:"):
			who, _, _ := strings.Cut(line, " ")
			cite(said, who)
			said = ""
		}
	}
	return nil
}
