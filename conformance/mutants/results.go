package mutants

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Results are what the last runs of a side said, kept in results-SIDE.json beside the
// table so that parts of it can be run anew.
type Results struct {
	Reference struct {
		Runs   int `json:"runs"`   // of each suite
		Ran    int `json:"ran"`    // cases in all their variants, in all runs
		Alarms int `json:"alarms"` // that turned red
	} `json:"reference"`
	Wall     float64   `json:"wall_seconds"` // of the last run of the whole side
	Parallel int       `json:"parallel"`     // mutants at a time in it
	Mutants  []Outcome `json:"mutants"`      // in the order of the table
}

func resultsName(folder string, s Side) string {
	return filepath.Join(folder, "results-"+string(s)+".json")
}

// LoadResults reads the results of a side; none is no error.
func LoadResults(folder string, s Side) (r Results, err error) {
	b, err := os.ReadFile(resultsName(folder, s))
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(b, &r); err != nil {
		return r, fmt.Errorf("mutants: %s: %w", resultsName(folder, s), err)
	}
	return r, nil
}

// Merge puts new outcomes in the place of old ones and forgets mutants that are not in
// the table any more.
func (r *Results) Merge(s Side, outcomes []Outcome) {
	var merged []Outcome
	for _, m := range Of(s) {
		for _, from := range [][]Outcome{outcomes, r.Mutants} {
			if i := slices.IndexFunc(from, func(o Outcome) bool { return o.ID == m.ID && o.Error == "" }); i >= 0 {
				merged = append(merged, from[i])
				break
			}
		}
	}
	r.Mutants = merged
}

// Save writes the results.
func (r *Results) Save(folder string, s Side) error {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(r); err != nil {
		return err
	}
	return os.WriteFile(resultsName(folder, s), []byte(b.String()), 0o644)
}
