package cases_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/cases"
)

var update = flag.Bool("update", false, "write docs/cases.md anew")

const catalogue = "../../docs/cases.md"

// TestCatalogue: docs/cases.md is made from the cases. After a change:
//
//	go test ./conformance/cases -run Catalogue -update
func TestCatalogue(t *testing.T) {
	t.Parallel()
	want := write(cases.All())
	if *update {
		require.NoError(t, os.WriteFile(catalogue, []byte(want), 0o644))
	}
	have, err := os.ReadFile(catalogue)
	require.NoError(t, err)
	if !assert.Equal(t, want, string(have)) {
		t.Log("run: go test ./conformance/cases -run Catalogue -update")
	}
}

var parties = []struct {
	party conformance.Party
	title string
	text  string
}{
	{conformance.OFD, "An operator", "The harness is the register: it sends raw bytes of its own making and judges the answers. Ids beginning with F are rules of format control (flk.md): a document that keeps the rule, and one that breaks it and no other."},
	{conformance.KKT, "A register", "The harness is the operator, and the drive where the firmware brings none."},
	{conformance.Pair, "Both ends", "The harness listens between a register and an operator."},
}

func write(all []conformance.Case) string {
	var b strings.Builder
	b.WriteString("# Conformance cases\n\nMade from `conformance/cases` by `go test ./conformance/cases -run Catalogue -update`; do not edit.\n\n")
	b.WriteString("Marks: **doc** text of an official paper, **cap** published bytes of a real drive, **code** public code, **obs** reported by people, **TB** a decision of this bench (its failure warns). ")
	b.WriteString("A failed SHOULD warns. A case without variants runs once, in FFD 1.05.\n")
	for _, p := range parties {
		var rows []conformance.Case
		for _, c := range all {
			if c.Party() == p.party {
				rows = append(rows, c)
			}
		}
		if len(rows) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n## %s (`--target %s`)\n\n%s\n\n%d cases.\n\n| id | path | level | mark | what is expected | source | variants | needs |\n|---|---|---|---|---|---|---|---|\n", p.title, p.party, p.text, len(rows))
		for _, c := range rows {
			fmt.Fprintf(&b, "| %s | `%s` | %s | %s | %s | %s | %s | %s |\n", c.ID, c.Path, c.Strength(), c.Mark, c.Title, c.Source, variants(c), needs(c))
		}
	}
	return b.String()
}

func variants(c conformance.Case) string {
	var names []string
	for _, v := range c.InWays() {
		if s := v.String(); s != "" {
			names = append(names, s)
		}
	}
	return strings.Join(names, ", ")
}

func needs(c conformance.Case) string {
	var all []string
	if c.Beyond != "" {
		all = append(all, "cannot be judged: "+c.Beyond)
	}
	if c.Hands != "" {
		all = append(all, "hands: "+c.Hands)
	}
	if c.Needs != 0 {
		all = append(all, c.Needs.String())
	}
	return strings.Join(all, "; ")
}
