package conformance

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/fiscalbench/fiscalbench/internal/strictyaml"
)

// Profile is what an implementation claims to do: cases of what it does not claim are
// skipped with that reason. The zero value claims everything.
type Profile struct {
	FFD        []string  `yaml:"ffd"`        // format versions: 1.05, 1.1, 1.2; all when empty
	Encryption *bool     `yaml:"encryption"` // encrypted containers; claimed when absent
	Marking    *bool     `yaml:"marking"`    // the exchange about marking codes; claimed when absent
	Without    []Without `yaml:"without"`
}

// Without are cases of a function that the implementation does not have.
type Without struct {
	Cases  string `yaml:"cases"`  // regular expression; a case's id or path must match it as a whole
	Reason string `yaml:"reason"` // required
	re     *regexp.Regexp
}

// LoadProfile reads a profile from a YAML file. Unknown keys are errors.
func LoadProfile(path string) (*Profile, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("conformance: profile: %w", err)
	}
	p := &Profile{}
	if err := strictyaml.Unmarshal(b, p); err != nil {
		return nil, fmt.Errorf("conformance: profile %s: %w", path, err)
	}
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("conformance: profile %s: %w", path, err)
	}
	return p, nil
}

func (p *Profile) check() error {
	for _, v := range p.FFD {
		if v != "1.05" && v != "1.1" && v != "1.2" {
			return fmt.Errorf("ffd %q: want 1.05, 1.1 or 1.2", v)
		}
	}
	for i := range p.Without {
		w := &p.Without[i]
		var err error
		if w.re, err = regexp.Compile("^(?:" + w.Cases + ")$"); err != nil || w.Cases == "" {
			return fmt.Errorf("without %q: want a regular expression: %w", w.Cases, err)
		}
		if strings.TrimSpace(w.Reason) == "" {
			return fmt.Errorf("without %q: a reason is required", w.Cases)
		}
	}
	return nil
}

// Unmatched are the patterns of Without that name no case of the list.
func (p *Profile) Unmatched(all []Case) (none []string) {
	for i := range p.Without {
		w := &p.Without[i]
		if !slices.ContainsFunc(all, func(c Case) bool { return w.re.MatchString(c.ID) || w.re.MatchString(c.Path) }) {
			none = append(none, w.Cases)
		}
	}
	return none
}

// unclaimed is why a case in a variant is not claimed; empty when it is.
func (p *Profile) unclaimed(c *Case, v Variant) string {
	if p == nil {
		return ""
	}
	for i := range p.Without {
		if w := &p.Without[i]; w.re != nil && (w.re.MatchString(c.ID) || w.re.MatchString(c.Path)) {
			return "not claimed: " + w.Reason
		}
	}
	area, _, _ := strings.Cut(c.Path, "/")
	no := func(b *bool) bool { return b != nil && !*b }
	switch {
	case len(p.FFD) > 0 && !slices.Contains(p.FFD, ffdNames[v.Version()]):
		return "not claimed: FFD " + ffdNames[v.Version()]
	case no(p.Encryption) && v.Encrypt:
		return "not claimed: encryption"
	case no(p.Marking) && (c.Needs&NeedsMarking != 0 || area == "marking" || area == "kkt-marking"):
		return "not claimed: marking"
	}
	return ""
}
