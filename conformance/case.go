package conformance

import (
	"context"
	"fmt"
	"regexp"
	"sort"
	"strings"
)

// Mark says how firm a requirement is (transport.md section 0).
type Mark string

// Marks. A failed check of the bench's own decisions only warns.
const (
	Doc  Mark = "doc"  // text of an official paper
	Cap  Mark = "cap"  // published bytes of a real drive
	Code Mark = "code" // public code that talks to real drives or operators
	Obs  Mark = "obs"  // reported by people
	TB   Mark = "TB"   // decision of this bench
)

// Case is one scenario. ID never changes its meaning.
type Case struct {
	ID     string // "O-020"
	Path   string // "receipt/confirmed-byte-for-byte"
	Title  string // what is expected, in one sentence
	Source string // "transport.md 8, fiscal-sign.md 8"
	Mark   Mark   // of the requirement
	Tags   []string
	Needs  Capability
	Run    func(ctx context.Context, r *Run)
}

// Capability is what a case needs of its target beyond a TCP address.
type Capability uint8

// Capabilities.
const (
	NeedsClock Capability = 1 << iota // the target's clock can be set
	NeedsStore                        // the target's stored documents can be listed
	NeedsFresh                        // the target can forget everything it stored
)

var capabilityNames = []struct {
	c    Capability
	name string
}{{NeedsClock, "a clock that can be set"}, {NeedsStore, "a list of stored documents"}, {NeedsFresh, "a way to forget what it stored"}}

// String names the capabilities for a reason to skip.
func (c Capability) String() string {
	var names []string
	for _, n := range capabilityNames {
		if c&n.c != 0 {
			names = append(names, n.name)
		}
	}
	if len(names) == 0 {
		return "nothing"
	}
	return strings.Join(names, ", ")
}

// Select returns the cases whose id or path matches the pattern: a regular
// expression that must match the whole. A pattern that matches nothing is an error.
func Select(cases []Case, pattern string) ([]Case, error) {
	if pattern == "" {
		return cases, nil
	}
	re, err := regexp.Compile("^(?:" + pattern + ")$")
	if err != nil {
		return nil, fmt.Errorf("conformance: pattern %q: %w", pattern, err)
	}
	var chosen []Case
	for _, c := range cases {
		if re.MatchString(c.ID) || re.MatchString(c.Path) {
			chosen = append(chosen, c)
		}
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("conformance: pattern %q matches no case", pattern)
	}
	return chosen, nil
}

// Sort orders cases by id.
func Sort(cases []Case) {
	sort.Slice(cases, func(i, j int) bool { return cases[i].ID < cases[j].ID })
}
