package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/mattn/go-isatty"

	"github.com/fiscalbench/fiscalbench/conformance"
)

type listCmd struct {
	choice
	Target string `enum:",ofd,kkt,pair" default:"" help:"Only cases that judge this: ofd, kkt or pair."`
}

// Run prints a line a case.
func (c *listCmd) Run(s streams) error {
	chosen, err := c.choose(conformance.Party(c.Target))
	if err != nil {
		return err
	}
	for i := range chosen {
		k := &chosen[i]
		hands := ""
		if k.Hands != "" {
			hands = " (needs hands)"
		}
		fmt.Fprintf(s.out, "%-6s %-36s [%s, %s] %s%s\n", k.ID, k.Path, k.Mark, k.Strength(), k.Title, hands)
	}
	return nil
}

type showCmd struct {
	choice
}

// Run prints all there is to know of the chosen cases.
func (c *showCmd) Run(s streams) error {
	if len(c.Patterns) == 0 {
		return errors.New("say which cases to show")
	}
	chosen, err := c.choose("")
	if err != nil {
		return err
	}
	for i := range chosen {
		show(s.out, &chosen[i])
	}
	return nil
}

func show(w io.Writer, k *conformance.Case) {
	fmt.Fprintf(w, "%s %s\n  %s\n", k.ID, k.Path, k.Title)
	line := func(label, value string) {
		if value != "" {
			fmt.Fprintf(w, "  %-9s %s\n", label+":", value)
		}
	}
	line("judges", string(k.Party()))
	line("source", fmt.Sprintf("%s [%s], %s", k.Source, k.Mark, k.Strength()))
	line("needs", k.Needs.String())
	line("hands", k.Hands)
	line("tags", strings.Join(k.Tags, ", "))
	var variants []string
	for _, v := range k.Variants {
		variants = append(variants, v.String())
	}
	line("variants", strings.Join(variants, ", "))
}

// isTerminal reports whether a person looks at what is written.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}
