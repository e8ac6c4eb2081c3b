package steps

import (
	"bytes"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/cucumber/godog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/features"
)

var update = flag.Bool("update", false, "write docs/steps.md anew")

func TestVocabulary_DocumentIsOfTheTable(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	require.NoError(t, WriteVocabulary(&b))
	path := filepath.Join("..", "..", "docs", "steps.md")
	if *update {
		require.NoError(t, os.WriteFile(path, b.Bytes(), 0o644))
	}
	kept, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(kept), b.String(), "renew with: go test ./conformance/steps -run Vocabulary -update")
}

// Every sentence is there in both languages, has as many values in each as its
// function takes, and is told apart from all others.
func TestVocabulary_BothLanguagesForEachStep(t *testing.T) {
	t.Parallel()
	w := new(world)
	seen := map[string]bool{}
	value := regexp.MustCompile(`\{(\w+)\}`)
	cyrillic := regexp.MustCompile(`\p{Cyrillic}`)
	for _, d := range w.definitions() {
		for _, l := range languages {
			require.NotEmpty(t, d.sentence[l])
			assert.False(t, seen[d.sentence[l]], "%q stands twice", d.sentence[l])
			seen[d.sentence[l]] = true
			assert.Equal(t, l == russian, cyrillic.MatchString(d.sentence[l]), "%q is not %s", d.sentence[l], l.name())
		}
		en, ru := value.FindAllString(d.sentence[english], -1), value.FindAllString(d.sentence[russian], -1)
		assert.Equal(t, en, ru, "%q: values differ in kind or order", d.sentence[english])
		do := reflect.TypeOf(d.do)
		require.Equal(t, 1, do.NumOut(), d.sentence[english])
		takes := do.NumIn()
		if takes > 0 && do.In(0) == reflect.TypeFor[interface{ Done() <-chan struct{} }]() || takes > 0 && do.In(0).String() == "context.Context" {
			takes--
		}
		if takes > 0 && do.In(do.NumIn()-1) == reflect.TypeFor[*godog.Table]() {
			takes--
			assert.True(t, strings.HasSuffix(d.sentence[english], ":"), d.sentence[english])
		}
		assert.Equal(t, len(en), takes, "%q: values and parameters of its function", d.sentence[english])
	}
	assert.Greater(t, len(seen), 120)
}

func TestPattern(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		sentence string
		l        language
		text     string
		want     []string // values; nil: no match
	}{
		{"{n} {unit} pass(es)", english, "30 days pass", []string{"30", "days"}},
		{"{n} {unit} pass(es)", english, "1 day passes", []string{"1", "day"}},
		{"{n} {unit} pass(es)", english, "1 день passes", nil},
		{"проходит/проходят {n} {unit}", russian, "проходят 2 дня", []string{"2", "дня"}},
		{"проходит/проходят {n} {unit}", russian, "прошло 2 дня", nil},
		{"обмен не удаётся", russian, "обмен не удается", []string{}},
		{"с названием {text}", russian, "с названием «Мак»", []string{"«Мак»"}},
		{"с названием {text}", russian, `с названием "Мак"`, []string{`"Мак"`}},
		{"a {operation} receipt for {sum}", english, `a "return of a sale" receipt for 10.00`, []string{`"return of a sale"`, "10.00"}},
		{"a {operation} receipt for {sum}", english, `a "sale" receipt for 10`, nil},
		{"ends here", english, "ends here and there", nil},
	} {
		p, err := pattern(c.sentence, c.l)
		require.NoError(t, err)
		m := p.FindStringSubmatch(c.text)
		if c.want == nil {
			assert.Nil(t, m, "%q against %q", c.text, c.sentence)
			continue
		}
		require.NotNil(t, m, "%q against %q", c.text, c.sentence)
		assert.Equal(t, c.want, m[1:])
	}
	for _, bad := range []string{"a {nothing}", "a {n", "a (b"} {
		_, err := pattern(bad, english)
		assert.Error(t, err, bad)
	}
}

// TestFeatureFiles_Style holds the program's own files to the rules for them: one
// case to a scenario, ids that no other scenario of the language has, a level, few
// steps, a rule with its source; and every sentence of the vocabulary is in use.
func TestFeatureFiles_Style(t *testing.T) {
	t.Parallel()
	compiled, err := patterns()
	require.NoError(t, err)
	used := map[string]bool{}
	ids := map[string]string{}
	suite := godog.TestSuite{Options: &godog.Options{FS: features.FS(), Paths: []string{"."}}}
	files, err := suite.RetrieveFeatures()
	require.NoError(t, err)
	require.Greater(t, len(files), 15)
	source := regexp.MustCompile(`\((transport|fn|flk|fiscal-sign)\.md [^)]+\)$`)
	for _, f := range files {
		assert.Equal(t, strings.HasSuffix(f.Uri, ".ru.feature"), f.Feature.Language == "ru", "%s: name and language", f.Uri)
		for _, p := range f.Pickles {
			at := f.Uri + ": " + p.Name
			rule := f.FindRule(p.AstNodeIds[0])
			if assert.NotNil(t, rule, "%s: no rule", at) {
				assert.Regexp(t, source, rule.Name, at)
			}
			own := f.FindScenario(p.AstNodeIds[0])
			assert.GreaterOrEqual(t, len(p.Steps), 3, at)
			if assert.GreaterOrEqual(t, len(own.Tags), 2, at) {
				id := own.Tags[0].Name
				assert.Regexp(t, `^@case:([OK]-\d{3}|[a-z0-9-]+/[a-z0-9-]+)$`, id, at)
				assert.Contains(t, []string{"@must", "@should"}, own.Tags[1].Name, at)
				key := f.Feature.Language + id
				assert.Contains(t, []string{"", own.Id + f.Uri}, ids[key], "%s: id %s is another scenario's", at, id)
				ids[key] = own.Id + f.Uri
			}
			for _, s := range p.Steps {
				for _, d := range new(world).definitions() {
					for _, l := range languages {
						if compiled[d.sentence[l]].MatchString(s.Text) {
							used[d.sentence[english]] = true
						}
					}
				}
			}
			assert.LessOrEqual(t, len(own.Steps), 7, "%s: too many steps", at)
		}
	}
	for _, d := range new(world).definitions() {
		assert.True(t, used[d.sentence[english]], "no feature file uses %q", d.sentence[english])
	}
}

// TestFeatureFiles_TwinsSayTheSame: a file in Russian has the scenarios of the file
// in English, and each step is bound to the same function with the same numbers.
func TestFeatureFiles_TwinsSayTheSame(t *testing.T) {
	t.Parallel()
	twins, err := fs.Glob(features.FS(), "*/*.ru.feature")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(twins), 4)
	for _, ru := range twins {
		en := strings.TrimSuffix(ru, ".ru.feature") + ".feature"
		assert.Equal(t, bindings(t, en), bindings(t, ru), "%s and %s", en, ru)
	}
}

// bindings are the cases of a file with the sentences of their steps in English and
// the numbers in them.
func bindings(t *testing.T, file string) (all []string) {
	compiled, err := patterns()
	require.NoError(t, err)
	suite := godog.TestSuite{Options: &godog.Options{FS: features.FS(), Paths: []string{file}}}
	files, err := suite.RetrieveFeatures()
	require.NoError(t, err)
	number := regexp.MustCompile(`\d+`)
	for _, p := range files[0].Pickles {
		var tags []string
		for _, tag := range p.Tags {
			tags = append(tags, tag.Name)
		}
		all = append(all, strings.Join(tags, " "))
		for _, s := range p.Steps {
			found := ""
			for _, d := range new(world).definitions() {
				if compiled[d.sentence[english]].MatchString(s.Text) || compiled[d.sentence[russian]].MatchString(s.Text) {
					found += d.sentence[english]
				}
			}
			all = append(all, found+" "+strings.Join(number.FindAllString(s.Text, -1), " "))
		}
	}
	return all
}
