// Package record plays recorded exchanges of a run again: the same bytes to a target
// that may have changed since, with what comes back held against what came then.
//
// It knows no requirement and gives no verdict on a target: it only says where two
// targets, or one target at two times, behave differently.
package record

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/fiscalbench/fiscalbench/conformance/report"
)

// Trace is the recorded exchanges of one case.
type Trace struct {
	Case      string
	Exchanges []report.Exchange
}

// Load reads the traces of a run from its output directory, or from its trace
// directory itself, sorted by case. names chooses cases by id, or id and variant;
// each must be there. No names choose all.
func Load(dir string, names ...string) ([]Trace, error) {
	if sub := filepath.Join(dir, report.TraceDir); isDir(sub) {
		dir = sub
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	var all []Trace
	found := map[string]bool{}
	for _, f := range files {
		name, ok := strings.CutSuffix(f.Name(), report.TraceFile(""))
		if !ok || f.IsDir() {
			continue
		}
		id, _, _ := strings.Cut(name, "@")
		if len(names) > 0 && !slices.Contains(names, name) && !slices.Contains(names, id) {
			continue
		}
		found[name], found[id] = true, true
		t, err := loadFile(filepath.Join(dir, f.Name()), name)
		if err != nil {
			return nil, err
		}
		all = append(all, *t)
	}
	for _, n := range names {
		if !found[n] {
			return nil, fmt.Errorf("record: %s has no trace of %s", dir, n)
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("record: %s has no traces", dir)
	}
	return all, nil
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist) && err == nil && info.IsDir()
}

func loadFile(path, name string) (*Trace, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	defer f.Close()
	lines, err := report.ReadTrace(f)
	if err != nil {
		return nil, fmt.Errorf("record: %s: %w", path, err)
	}
	t := &Trace{Case: name}
	for _, l := range lines {
		if l.Case != name {
			return nil, fmt.Errorf("record: %s: line %d is of case %q", path, l.N, l.Case)
		}
		t.Exchanges = append(t.Exchanges, l.Exchange)
	}
	return t, nil
}
