package fault

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
)

// RuleError is a rule that cannot be had.
type RuleError struct {
	Rule string // as it was given
	Err  error  // what in it, and why
}

func (e *RuleError) Error() string { return fmt.Sprintf("fault: rule %q: %v", e.Rule, e.Err) }
func (e *RuleError) Unwrap() error { return e.Err }

// rule is a point with its trigger and the values of its parameters.
type rule struct {
	id      int
	text    string
	point   Point
	trigger trigger
	values  values

	seen, fired uint64
	byFN        map[fiscal.FNNumber]uint64 // events seen of each drive, for rates
}

// values are those of a rule's parameters, by name, defaults filled in.
type values map[string]any // time.Duration, int or string

// parse reads "name:word,word=value,…": a point of the side, exactly one of next,
// nth, every, rate and always (always may be left out beside a filter), filters, and
// parameters of the point. "for" before a filter is only for the reader's eye. The
// name may end in "=" instead of ":".
func parse(side Side, text string) (*rule, error) {
	refuse := func(format string, args ...any) (*rule, error) {
		return nil, &RuleError{text, fmt.Errorf(format, args...)}
	}
	name, rest := text, ""
	if at := strings.IndexAny(text, ":="); at >= 0 {
		name, rest = text[:at], text[at+1:]
	}
	name = strings.TrimSpace(name)
	point, ok := byName(side, name)
	switch {
	case !ok && otherSide(side, name):
		return refuse("%s is a point of the %s, not of the %s", name, Operator+Register-side, side)
	case !ok:
		return refuse("there is no point %q at the %s; there are %s", name, side, names(side))
	}
	r := &rule{text: strings.TrimSpace(text), point: point, values: values{}}
	said := map[string]bool{}
	for part := range strings.SplitSeq(rest, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		word, value, valued := strings.Cut(strings.TrimPrefix(part, "for "), "=")
		word, value = strings.TrimSpace(word), strings.TrimSpace(value)
		if said[word] {
			return refuse("%s: said twice", word)
		}
		said[word] = true
		if err := r.word(word, value, valued); err != nil {
			return refuse("%w", err)
		}
	}
	if err := r.complete(); err != nil {
		return refuse("%w", err)
	}
	return r, nil
}

func (r *rule) word(word, value string, valued bool) error {
	info := r.point.row()
	if known, err := r.trigger.set(info.Moment, word, value); known {
		return err
	}
	at := slices.IndexFunc(info.Params, func(p Param) bool { return p.Name == word })
	if at < 0 {
		return fmt.Errorf("%s: no such trigger or parameter of %s; %s", word, info.Name, wordsOf(info))
	}
	if !valued {
		return fmt.Errorf("%s: has no value", word)
	}
	v, err := info.Params[at].read(value)
	if err != nil {
		return fmt.Errorf("%s=%q: %w", word, value, err)
	}
	r.values[word] = v
	return nil
}

func wordsOf(i *Info) string {
	triggers := append(slices.Clone(triggerNames[:5]), i.Moment.Filters()...)
	text := "triggers are " + strings.Join(triggers, ", ")
	if len(i.Params) == 0 {
		return text + "; it has no parameters"
	}
	var params []string
	for _, p := range i.Params {
		params = append(params, p.Name)
	}
	return text + "; parameters are " + strings.Join(params, ", ")
}

// complete fills the defaults and looks at the whole.
func (r *rule) complete() error {
	info, t := r.point.row(), &r.trigger
	if t.when == 0 {
		if t.fns == nil && t.fds == nil && t.docs == nil {
			return fmt.Errorf("no trigger: want next=N, nth=N, every=N, rate=P or always")
		}
		t.when = whenAlways
	}
	for i := range info.Params {
		p := &info.Params[i]
		if _, ok := r.values[p.Name]; ok {
			continue
		}
		v, err := p.read(p.Default)
		if err != nil {
			return fmt.Errorf("default of %s: %w", p.Name, err)
		}
		r.values[p.Name] = v
	}
	t.at, _ = r.values["at"].(string)
	for _, zero := range []string{"by"} {
		switch v := r.values[zero].(type) {
		case int:
			if v == 0 {
				return fmt.Errorf("%s=0: changes nothing", zero)
			}
		case time.Duration:
			if v == 0 {
				return fmt.Errorf("%s=0: changes nothing", zero)
			}
		}
	}
	return nil
}

// read turns a text into the value of a parameter.
func (p *Param) read(text string) (any, error) {
	switch p.kind {
	case kindDuration:
		d, err := parseDuration(text)
		if err != nil || int64(d) < p.min || int64(d) > p.max {
			return nil, fmt.Errorf("want a duration from %s to %s, as 1500ms, 2s, 36h or 40d", time.Duration(p.min), time.Duration(p.max))
		}
		return d, nil
	case kindInt:
		n, err := strconv.ParseInt(text, 0, 64)
		if err != nil || n < p.min || n > p.max {
			return nil, fmt.Errorf("want a whole number from %d to %d", p.min, p.max)
		}
		return int(n), nil
	case kindFN:
		if text == "" {
			return "", nil
		}
		n, err := fiscal.ParseFNNumber(text)
		if err != nil {
			return nil, err
		}
		return string(n), nil
	}
	if !slices.Contains(p.Choices, text) {
		return nil, fmt.Errorf("want %s", strings.Join(p.Choices, ", "))
	}
	return text, nil
}

// parseDuration is time.ParseDuration with whole days too: 40d, -2d.
func parseDuration(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.ParseInt(days, 10, 16)
		return time.Duration(n) * 24 * time.Hour, err
	}
	return time.ParseDuration(text)
}
