package coverage

import (
	"fmt"
	"strings"
)

var groups = []struct{ prefix, title string }{
	{"CAB", "Cabinet"}, {"NTF", "Notices"}, {"REP", "Reports"}, {"STM", "States"}, {"SIM", "Stand-ins"}, {"OPR", "Public check"}, {"API", "API"},
}

// Markdown is docs/coverage.md.
func Markdown(ids, extra []ID) string {
	var b strings.Builder
	b.WriteString("# What is tested of the cabinet\n\nGenerated from `internal/coverage` and the comments in tests: `go test ./internal/coverage -update`.\n\n")
	b.WriteString("| | in scope | tested | in part | built, no test | not built | later |\n|---|---|---|---|---|---|---|\n")
	var sum [6]int
	row := func(title string, n [6]int) {
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %d | %d | %d |\n", title, n[0], n[1], n[2], n[3], n[4], n[5])
	}
	for _, g := range groups {
		n := count(ids, g.prefix)
		for i := range n {
			sum[i] += n[i]
		}
		row(g.title, n)
	}
	row("all", sum)
	for _, g := range groups {
		fmt.Fprintf(&b, "\n## %s\n\n| id | what | state | tests |\n|---|---|---|---|\n", g.title)
		for _, id := range ids {
			if strings.HasPrefix(id.Name, g.prefix+"-") {
				state := string(id.State)
				if id.Note != "" {
					state += ": " + id.Note
				}
				fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", id.Name, id.Title, state, strings.Join(id.Tests, "<br>"))
			}
		}
	}
	b.WriteString("\n## Cited beyond the list\n\n| id | tests |\n|---|---|\n")
	for _, id := range extra {
		fmt.Fprintf(&b, "| %s | %s |\n", id.Name, strings.Join(id.Tests, "<br>"))
	}
	return b.String()
}

// count returns how many ids of a group there are, and how many of each state.
func count(ids []ID, prefix string) (n [6]int) {
	order := []State{Tested, Part, Built, Missing, Later}
	for _, id := range ids {
		if !strings.HasPrefix(id.Name, prefix+"-") {
			continue
		}
		n[0]++
		for i, s := range order {
			if id.State == s {
				n[i+1]++
			}
		}
	}
	return n
}
