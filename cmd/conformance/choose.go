package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/cases"
	"github.com/fiscalbench/fiscalbench/conformance/report"
)

// choice is how cases are chosen on the command line.
type choice struct {
	Patterns []string `arg:"" optional:"" name:"pattern" help:"Regular expressions; a case's id or path must match one as a whole. ID@VARIANT chooses one variant. All cases when absent."`
	Skip     []string `sep:"none" placeholder:"PATTERN" help:"Leave out the cases that match (repeatable)."`
	Tag      []string `help:"Only cases with one of these tags."`
	Mark     []string `help:"Only cases whose requirement is so firm: doc, cap, code, obs, TB." placeholder:"MARK"`
	Level    string   `enum:",MUST,SHOULD" default:"" placeholder:"LEVEL" help:"Only cases of this level: MUST or SHOULD."`
	FFD      string   `name:"ffd" enum:",1.05,1.1,1.2" default:"" placeholder:"VERSION" help:"Only variants of this format version (1.05, 1.1, 1.2), and cases that have none."`
}

var marks = []conformance.Mark{conformance.Doc, conformance.Cap, conformance.Code, conformance.Obs, conformance.TB}

// choose applies the choice to the catalogue. Whatever matches nothing is an error.
func (c *choice) choose(of conformance.Party) ([]conformance.Case, error) {
	for _, m := range c.Mark {
		if !slices.Contains(marks, conformance.Mark(m)) {
			return nil, fmt.Errorf("--mark=%q: want doc, cap, code, obs or TB", m)
		}
	}
	all, err := conformance.Selection{Of: of, Skip: c.Skip, Tags: c.Tag, Level: conformance.Level(c.Level),
		FFD: map[string]byte{"1.05": 2, "1.1": 3, "1.2": 4}[c.FFD]}.Choose(cases.All())
	if err != nil {
		return nil, err
	}
	if len(c.Mark) > 0 {
		all = slices.DeleteFunc(all, func(k conformance.Case) bool { return !slices.Contains(c.Mark, string(k.Mark)) })
	}
	if len(c.Patterns) > 0 {
		var chosen []conformance.Case
		for _, p := range c.Patterns {
			hit, err := matching(all, p)
			if err != nil {
				return nil, err
			}
			chosen = join(chosen, hit)
		}
		all = chosen
	}
	if len(all) == 0 {
		return nil, errors.New("nothing selected")
	}
	conformance.Sort(all)
	return all, nil
}

// matching are the cases that a pattern names, in the variant it names.
func matching(all []conformance.Case, pattern string) ([]conformance.Case, error) {
	id, variant, one := strings.Cut(pattern, "@")
	hit, err := conformance.Select(all, id)
	if err != nil || !one {
		return hit, err
	}
	var chosen []conformance.Case
	for _, c := range hit {
		if c, ok := only(c, func(v string) bool { return v == variant }); ok {
			chosen = append(chosen, c)
		}
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("no case %s has a variant %q", id, variant)
	}
	return chosen, nil
}

// only keeps the variants whose names are wanted.
func only(c conformance.Case, want func(variant string) bool) (conformance.Case, bool) {
	var left []conformance.Variant
	for _, v := range c.InWays() {
		if want(v.String()) {
			left = append(left, v)
		}
	}
	if len(c.Variants) > 0 {
		c.Variants = left
	}
	return c, len(left) > 0
}

// join adds cases, or their variants, that are not there yet.
func join(all, more []conformance.Case) []conformance.Case {
	for _, c := range more {
		at := slices.IndexFunc(all, func(k conformance.Case) bool { return k.ID == c.ID })
		if at < 0 {
			all = append(all, c)
			continue
		}
		variants := slices.Clone(all[at].Variants)
		for _, v := range c.Variants {
			if !slices.Contains(variants, v) {
				variants = append(variants, v)
			}
		}
		all[at].Variants = variants
	}
	return all
}

// failed keeps what a run left failed, blocked or broken without being expected to.
func failed(all []conformance.Case, run *report.Run) ([]conformance.Case, error) {
	wanted := map[string]bool{}
	for i := range run.Results {
		if r := &run.Results[i]; report.Bad(r.Outcome) && r.Expected == nil {
			wanted[r.Name()] = true
		}
	}
	if len(wanted) == 0 {
		return nil, errors.New("nothing selected: no case failed in that run")
	}
	var chosen []conformance.Case
	for _, c := range all {
		if c, ok := only(c, func(v string) bool { return wanted[name(c.ID, v)] }); ok {
			chosen = append(chosen, c)
		}
	}
	if len(chosen) == 0 {
		return nil, errors.New("nothing selected: none of the cases that failed in that run are among those chosen")
	}
	return chosen, nil
}

// name is the name of a case in a variant.
func name(id, variant string) string {
	r := report.Result{ID: id, Variant: variant}
	return r.Name()
}

// jobs counts cases in their variants.
func jobs(all []conformance.Case) (n int) {
	for i := range all {
		n += len(all[i].InWays())
	}
	return n
}

// known reports whether the catalogue has a case, or a case in a variant.
func known(wanted string) bool {
	id, variant, one := strings.Cut(wanted, "@")
	return slices.ContainsFunc(cases.All(), func(c conformance.Case) bool {
		if c.ID != id {
			return false
		}
		return !one || slices.ContainsFunc(c.InWays(), func(v conformance.Variant) bool { return v.String() == variant })
	})
}
