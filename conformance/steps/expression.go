package steps

import (
	"fmt"
	"regexp"
	"strings"
)

// language of a feature file.
type language int

const (
	english language = iota
	russian
)

var languages = [...]language{english, russian}

// name is the language's name in documents.
func (l language) name() string { return [...]string{"English", "Russian"}[l] }

// pattern makes the regular expression of a sentence. In a sentence {sum} stands for
// a parameter, (s) may be left out, and of words with slashes between them any one
// may stand: "проходит/проходят {n} день/дня/дней".
func pattern(sentence string, l language) (*regexp.Regexp, error) {
	words := strings.Split(sentence, " ")
	for i, word := range words {
		forms := strings.Split(word, "/")
		for j, form := range forms {
			p, err := wordPattern(form, l)
			if err != nil {
				return nil, fmt.Errorf("steps: sentence %q: %w", sentence, err)
			}
			forms[j] = p
		}
		words[i] = forms[0]
		if len(forms) > 1 {
			words[i] = "(?:" + strings.Join(forms, "|") + ")"
		}
	}
	return regexp.Compile("^" + strings.Join(words, " ") + "$")
}

// wordPattern is pattern for one form of a word.
func wordPattern(word string, l language) (string, error) {
	var b strings.Builder
	for word != "" {
		open := strings.IndexAny(word, "{(")
		if open < 0 {
			b.WriteString(literal(word))
			break
		}
		b.WriteString(literal(word[:open]))
		closing := map[byte]string{'{': "}", '(': ")"}[word[open]]
		inside, rest, ok := strings.Cut(word[open+1:], closing)
		if !ok {
			return "", fmt.Errorf("word %q: %s is missing", word, closing)
		}
		if word[open] == '(' {
			b.WriteString("(?:" + literal(inside) + ")?")
		} else {
			p, ok := parameters[inside]
			if !ok {
				return "", fmt.Errorf("word %q: no parameter %q", word, inside)
			}
			b.WriteString("(" + p.pattern(l) + ")")
		}
		word = rest
	}
	return b.String(), nil
}

// literal quotes text; ё may be written as е.
func literal(s string) string {
	return strings.ReplaceAll(regexp.QuoteMeta(s), "ё", "[её]")
}

// unquote takes the quotes off a {text}.
func unquote(s string) string {
	for _, q := range [][2]string{{`"`, `"`}, {"«", "»"}} {
		if inner, ok := strings.CutPrefix(s, q[0]); ok {
			return strings.TrimSuffix(inner, q[1])
		}
	}
	return s
}
