package steps

import (
	"bytes"
	"embed"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

//go:embed example/*.feature
var examples embed.FS

// exampleFiles are the feature files shown in the documents, by language.
var exampleFiles = [...]string{"example/shop.feature", "example/magazin.feature"}

const intro = `# Steps: the sentences of feature files

<!-- Printed from the table in conformance/steps; a test compares. To renew: go test ./conformance/steps -run Vocabulary -update -->

A feature file says what an operator and a register do, in sentences that the bench plays over TCP. Every sentence
exists in English and in Russian and does the same. The files of the program are in ` + "`features/`" + `: ` + "`server`" + ` is about an
operator, ` + "`emulator`" + ` about a register, ` + "`pair`" + ` about the two together; ` + "`NAME.ru.feature`" + ` says the same as ` + "`NAME.feature`" + `.

Files of your own need nothing from this repository: put them into a folder and name it with ` + "`--features DIR`" + `.

- A scenario has a register with a drive and numbers of its own, drawn from the seed and its text, and a clock that
  begins on Monday, 1 June 2026, at 9:00 in Moscow and stands until a step moves it.
- Unless a target is named, a scenario also has an operator of its own. With a target, sentences about what the operator
  shows ask its API; a scenario that needs what the target cannot tell is skipped, with the reason.
- The first tag is the id of the case, ` + "`@case:O-060`" + ` or a path that speaks, then ` + "`@must`" + ` or ` + "`@should`" + `, then others
  (` + "`@ffd1.2`, `@slow`, `@provisional`" + `). Choose with ` + "`\"@must && ~@slow\"`" + `; a comma is «or».
- A refusal of the register or an exchange that fails must be expected by a following sentence; otherwise the scenario fails.
- A sentence without a function, an ambiguous one and a scenario without sentences fail; no scenarios at all is an error.

In the tables *(s)* may be left out, of *a/b* either may stand, and *{word}* is a value. The letter ё may be
written as е. The key words are those of Gherkin: ` + "`Given When Then And But`, `Дано/Допустим/Пусть Когда/Если Тогда/То/Затем И/Также/К тому же Но/А`" + `.
`

// WriteVocabulary prints docs/steps.md.
func WriteVocabulary(out io.Writer) error {
	var b bytes.Buffer
	b.WriteString(intro)
	for _, l := range languages {
		file, err := examples.ReadFile(exampleFiles[l])
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "\n## A file in %s\n\n```gherkin\n%s```\n", l.name(), file)
	}
	b.WriteString("\n## Sentences\n")
	for _, g := range new(world).groups() {
		fmt.Fprintf(&b, "\n### %s · %s\n\n| key word | English | Russian |\n| --- | --- | --- |\n", g.title[english], g.title[russian])
		for _, d := range g.steps {
			fmt.Fprintf(&b, "| %s | %s | %s |\n", d.in, d.sentence[english], d.sentence[russian])
		}
	}
	b.WriteString("\n## Values\n\n| value | English | Russian |\n| --- | --- | --- |\n")
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		p := parameters[name]
		cells := [2]string{}
		for _, l := range languages {
			cells[l] = p.about[l]
			if p.free == "" {
				cells[l] += ": " + strings.Join(distinct(p.words(l)), "; ")
			}
		}
		fmt.Fprintf(&b, "| {%s} | %s | %s |\n", name, cells[english], cells[russian])
	}
	_, err := out.Write(b.Bytes())
	return err
}

// distinct drops repeated words: several forms of one language may have one word in
// the other.
func distinct(words []string) (once []string) {
	for _, w := range words {
		if !slices.Contains(once, w) {
			once = append(once, w)
		}
	}
	return once
}

// String names the key words under which a sentence may stand.
func (k keyword) String() string {
	var names []string
	for _, n := range []struct {
		k    keyword
		name string
	}{{given, "Given"}, {when, "When"}, {then, "Then"}} {
		if k&n.k != 0 {
			names = append(names, n.name)
		}
	}
	return strings.Join(names, ", ")
}
