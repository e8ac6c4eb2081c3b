package mutants

import (
	"fmt"
	"slices"
	"strings"
)

// shown is how many red cases a row of the document names.
const shown = 8

// Document is docs/mutants.md.
func Document(results map[Side]Results) string {
	var b strings.Builder
	b.WriteString("# Mutants\n\nMade from `conformance/mutants` by `make mutants`; do not edit.\n\n" +
		"How much the cases notice is measured: each row is an end that breaks one requirement in one way. It is *killed* when a case turns red that is green for the\n" +
		"built-in end as it is, *survives* when all stay green. Unit tests do not count, nor does a mutant that cannot be built. *fault*: a fault point switched on\n" +
		"([faults.md](faults.md)); *setting*: a setting changed; *edit*: a line of the source changed while the judge's binary is built. The judge shares no code with\n" +
		"what is edited.\n\n" +
		"    make mutants                  # all\n    make mutants M='E-0*'         # those whose id matches\n    make mutants K=edit           # of one kind: fault, setting, edit\n    make mutants SIDE=operator    # of one side\n    QUICK=1 make mutants          # only the cases that must notice: ≥ in the table\n\n" +
		"| side | mutants | killed | survived | not run | false alarms of the reference | time |\n|---|---|---|---|---|---|---|\n")
	for _, s := range []Side{Operator, Register} {
		r, all := results[s], Of(s)
		killed, survived := 0, 0
		sum := 0.0
		for i := range r.Mutants {
			sum += r.Mutants[i].Seconds
			if r.Mutants[i].Killed() {
				killed++
			} else {
				survived++
			}
		}
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %d | %d in %d cases of %d runs | %s |\n", s, len(all), killed, survived, len(all)-killed-survived,
			r.Reference.Alarms, r.Reference.Ran, r.Reference.Runs, timeOf(&r, sum))
	}
	for _, s := range []Side{Operator, Register} {
		fmt.Fprintf(&b, "\n## Mutants of the %s\n\n| mutant | kind | what is broken | requirement | red | killed by |\n|---|---|---|---|---|---|\n", s)
		r := results[s]
		for _, m := range Of(s) {
			i := slices.IndexFunc(r.Mutants, func(o Outcome) bool { return o.ID == m.ID })
			count, by := "", "**not run**"
			if i >= 0 {
				count, by = killers(&m, &r.Mutants[i])
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s |\n", m.ID, m.Kind(), strings.ReplaceAll(m.Breaks, "|", "\\|"), strings.ReplaceAll(m.Spec, " ", ", "), count, by)
		}
	}
	return b.String()
}

func timeOf(r *Results, sum float64) string {
	text := fmt.Sprintf("%.0f s of building and judging", sum)
	if r.Wall > 0 {
		text += fmt.Sprintf(", %.0f s by the clock with %d at a time", r.Wall, r.Parallel)
	}
	return text
}

// killers are how many cases in all variants turned red, and which, first those that
// have to.
func killers(m *Mutant, o *Outcome) (count, by string) {
	if !o.Killed() {
		return "0", "**survived**"
	}
	count = fmt.Sprintf("%d of %d", len(o.Red), o.Ran)
	if o.Stopped {
		count = fmt.Sprintf("≥ %d", len(o.Red))
	}
	ids := slices.Clone(m.By) // those that must come first
	for _, id := range o.Cases() {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	more := ""
	if len(ids) > shown {
		ids, more = ids[:shown], fmt.Sprintf(" and %d more", len(ids)-shown)
	}
	return count, strings.Join(ids, " ") + more
}
