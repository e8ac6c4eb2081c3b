package steps

import (
	"fmt"
	"reflect"
	"regexp"
	"sync"

	"github.com/cucumber/godog"
)

// keyword is a set of keywords under which a sentence may stand.
type keyword uint8

const (
	given keyword = 1 << iota
	when
	then

	action = given | when // what a scenario may also start from
)

// definition is a sentence in both languages with what it does. do is a method value
// of the world: its parameters are a context, then one string or int for each
// parameter of the sentence, then *godog.Table for a sentence that ends with a colon.
type definition struct {
	in       keyword
	sentence [2]string // by language
	do       any
	// looks: the step expects a refusal or a failed exchange, which any other step
	// takes for an error of the scenario.
	looks bool
}

// definitions is every sentence there is, over a world.
func (w *world) definitions() []definition {
	var all []definition
	for _, group := range w.groups() {
		all = append(all, group.steps...)
	}
	return all
}

// group is a part of the vocabulary.
type group struct {
	title [2]string
	steps []definition
}

func (w *world) groups() []group {
	return []group{
		{[2]string{"Before the register", "До кассы"}, w.beforeSteps()},
		{[2]string{"The register and its drive", "Касса и её ФН"}, w.registerSteps()},
		{[2]string{"Shifts and documents", "Смены и документы"}, w.documentSteps()},
		{[2]string{"Marked goods", "Маркированные товары"}, w.markingSteps()},
		{[2]string{"Exchange", "Обмен"}, w.exchangeSteps()},
		{[2]string{"What the register shows", "Что видно на кассе"}, w.registerChecks()},
		{[2]string{"What the operator shows", "Что видно у оператора"}, w.operatorChecks()},
	}
}

// patterns are compiled once: the sentences never change.
var patterns = sync.OnceValues(func() (map[string]*regexp.Regexp, error) {
	compiled := map[string]*regexp.Regexp{}
	for _, d := range new(world).definitions() {
		for _, l := range languages {
			p, err := pattern(d.sentence[l], l)
			if err != nil {
				return nil, err
			}
			compiled[d.sentence[l]] = p
		}
	}
	return compiled, nil
})

// bind gives godog the sentences of a scenario's world.
func (w *world) bind(sc *godog.ScenarioContext, patterns map[string]*regexp.Regexp) {
	for _, d := range w.definitions() {
		do := w.guarded(d)
		for _, l := range languages {
			p := patterns[d.sentence[l]]
			for _, k := range []struct {
				in   keyword
				bind func(expr, do any)
			}{{given, sc.Given}, {when, sc.When}, {then, sc.Then}} {
				if d.in&k.in != 0 {
					k.bind(p, do)
				}
			}
		}
	}
}

// guarded is a step's function that first asks whether something went wrong before
// and nobody expected it.
func (w *world) guarded(d definition) any {
	do := reflect.ValueOf(d.do)
	return reflect.MakeFunc(do.Type(), func(in []reflect.Value) []reflect.Value {
		if !d.looks {
			if err := w.unexpected(); err != nil {
				return []reflect.Value{reflect.ValueOf(&err).Elem()}
			}
		}
		return do.Call(in)
	}).Interface()
}

// unexpected is what went wrong and no step looked at.
func (w *world) unexpected() error {
	switch {
	case w.refusal != nil:
		return fmt.Errorf("the register refused and no step expects it: %w", w.refusal)
	case w.exchange != nil:
		return fmt.Errorf("the exchange failed and no step expects it: %w", w.exchange)
	}
	return nil
}
