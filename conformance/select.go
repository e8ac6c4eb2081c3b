package conformance

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Selection chooses cases. Empty fields choose everything.
type Selection struct {
	Of       Party    // who is judged
	Patterns []string // regular expressions; a case's id or path must match one as a whole
	Skip     []string // patterns of cases to leave out
	Tags     []string // a case must have one of them
	FFD      byte     // only variants of this version (2, 3, 4), and cases that have no version
	Level    Level    // only cases of this level
	IDs      []string // exactly these
}

// Choose applies the selection. A pattern, tag or id that matches nothing is an
// error, and so is an empty choice.
func (s Selection) Choose(all []Case) ([]Case, error) {
	var cases []Case
	for _, c := range all {
		if s.Of == "" || c.Party() == s.Of {
			cases = append(cases, c)
		}
	}
	chosen, err := s.matching(cases)
	if err != nil {
		return nil, err
	}
	for _, tag := range s.Tags {
		if !slices.ContainsFunc(cases, func(c Case) bool { return slices.Contains(c.Tags, tag) }) {
			return nil, fmt.Errorf("conformance: no case has the tag %q", tag)
		}
	}
	out := chosen[:0]
	for _, c := range chosen {
		c, ok := s.narrow(c)
		if ok {
			out = append(out, c)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("conformance: nothing selected of %d cases", len(cases))
	}
	return out, nil
}

func (s Selection) matching(cases []Case) ([]Case, error) {
	want := make([]bool, len(cases))
	mark := func(patterns []string, value bool) error {
		for _, p := range patterns {
			hit, err := matches(cases, p)
			if err != nil {
				return err
			}
			for _, i := range hit {
				want[i] = value
			}
		}
		return nil
	}
	patterns := slices.Clone(s.Patterns)
	for _, id := range s.IDs {
		patterns = append(patterns, regexp.QuoteMeta(id))
	}
	if len(patterns) == 0 {
		for i := range want {
			want[i] = true
		}
	}
	if err := mark(patterns, true); err != nil {
		return nil, err
	}
	if err := mark(s.Skip, false); err != nil {
		return nil, err
	}
	var chosen []Case
	for i, c := range cases {
		if want[i] {
			chosen = append(chosen, c)
		}
	}
	return chosen, nil
}

func (s Selection) narrow(c Case) (Case, bool) {
	if s.Level != "" && c.Strength() != s.Level {
		return c, false
	}
	if len(s.Tags) > 0 && !slices.ContainsFunc(s.Tags, func(t string) bool { return slices.Contains(c.Tags, t) }) {
		return c, false
	}
	if s.FFD != 0 && len(c.Variants) > 0 {
		var left []Variant
		for _, v := range c.Variants {
			if v.Version() == s.FFD {
				left = append(left, v)
			}
		}
		c.Variants = left
		return c, len(left) > 0
	}
	return c, true
}

// matches returns the places of the cases that a pattern names.
func matches(cases []Case, pattern string) ([]int, error) {
	re, err := regexp.Compile("^(?:" + pattern + ")$")
	if err != nil {
		return nil, fmt.Errorf("conformance: pattern %q: %w", pattern, err)
	}
	var hit []int
	for i, c := range cases {
		if re.MatchString(c.ID) || re.MatchString(c.Path) {
			hit = append(hit, i)
		}
	}
	if len(hit) == 0 {
		return nil, fmt.Errorf("conformance: pattern %q matches no case", pattern)
	}
	return hit, nil
}

// Select returns the cases whose id or path matches the pattern: a regular
// expression that must match the whole. A pattern that matches nothing is an error.
func Select(cases []Case, pattern string) ([]Case, error) {
	if strings.TrimSpace(pattern) == "" {
		return cases, nil
	}
	return Selection{Patterns: []string{pattern}}.Choose(cases)
}
