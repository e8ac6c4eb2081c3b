package script

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/fiscalbench/fiscalbench/internal/strictyaml"
)

// Limits of a script.
const (
	MaxSize  = 1 << 20 // bytes
	maxSteps = 10_000
	maxDays  = 40 * 366
)

// DefaultStart is the start of lives that name none.
var DefaultStart = time.Date(2025, time.March, 3, 9, 0, 0, 0, time.UTC)

// action is what a step does.
type action interface {
	run(p *player) error
}

// checker is an action with rules beyond its types.
type checker interface {
	check(n ast.Node) error
}

// actions are the steps by name.
var actions = map[string]func() action{
	"register": func() action { return &register{} }, "change": func() action { return &change{} }, "open": func() action { return &openShift{} },
	"sell": func() action { return &sell{} }, "refund": func() action { return &refund{} }, "correction": func() action { return &correction{} },
	"state": func() action { return &stateReport{} }, "close": func() action { return &closeShift{} }, "advance": func() action { return &advance{} },
	"sleep": func() action { return &advance{} }, "at": func() action { return &at{} }, "trade": func() action { return &trade{} },
	"ofd": func() action { return &ofd{} }, "exchange": func() action { return &exchangeNow{} }, "expect": func() action { return &expect{} },
	"power_cut": func() action { return &powerCut{} }, "key_expiry": func() action { return &keyExpiry{} },
	"close_archive": func() action { return &closeArchive{} }, "replace_fn": func() action { return &replaceFN{} }, "fault": func() action { return &fault{} },
	"inject": func() action { return &inject{} }, "update_keys": func() action { return &updateKeys{} },
}

// Parse reads a script. Errors are *Error.
func Parse(file string, text []byte) (*Script, error) {
	s, err := parse(text)
	if err == nil {
		s.File = file
		sum := sha256.Sum256(text)
		s.salt = binary.LittleEndian.Uint64(sum[:])
		return s, nil
	}
	var e *Error
	if !errors.As(err, &e) {
		e = fromYAML(err)
	}
	e.File = file
	return nil, e
}

func parse(text []byte) (*Script, error) {
	if len(text) > MaxSize {
		return nil, &Error{What: fmt.Sprintf("longer than %d bytes", MaxSize)}
	}
	doc, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, err
	}
	if len(doc.Docs) != 1 || doc.Docs[0].Body == nil {
		return nil, &Error{What: "want one YAML document with steps"}
	}
	top, err := mapping(doc.Docs[0].Body)
	if err != nil {
		return nil, err
	}
	s := &Script{Start: DefaultStart}
	for _, pair := range top {
		switch key := pair.Key.String(); key {
		case "name":
			s.Name, err = scalar(pair.Value)
		case "start":
			var t Time
			err = t.UnmarshalYAML(pair.Value)
			s.Start = t.Time
		case "drive":
			if err = decode(pair.Value, &s.Drive); err == nil {
				err = s.Drive.check(pair.Value)
			}
		case "exchange":
			s.Every, err = choose(pair.Value, "exchange", map[string]Exchange{"each": ExchangeEach, "shift": ExchangeShift, "manual": ExchangeManual})
		case "steps":
			s.Steps, err = steps(pair.Value)
		default:
			err = bad(pair.Key, []string{"name", "start", "drive", "exchange", "steps"}, "%q is not known", key)
		}
		if err != nil {
			return nil, err
		}
	}
	if len(s.Steps) == 0 {
		return nil, &Error{What: "no steps"}
	}
	return s, nil
}

func mapping(n ast.Node) ([]*ast.MappingValueNode, error) {
	switch v := n.(type) {
	case *ast.MappingNode:
		return v.Values, nil
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{v}, nil
	}
	return nil, bad(n, nil, "want names with values, got a %s", strings.ToLower(n.Type().String()))
}

func steps(n ast.Node) ([]Step, error) {
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		return nil, bad(n, nil, "steps: want a list")
	}
	if len(seq.Values) > maxSteps {
		return nil, bad(n, nil, "steps: more than %d", maxSteps)
	}
	all := make([]Step, 0, len(seq.Values))
	for _, one := range seq.Values {
		s, err := step(one)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

func stepNames() []string { return slices.Sorted(maps.Keys(actions)) }

func step(n ast.Node) (Step, error) {
	if s, err := scalar(n); err == nil { // "- open"
		if make, ok := actions[s]; ok {
			a := make()
			return Step{Line: n.GetToken().Position.Line, Name: s, Action: a}, check(a, n)
		}
		return Step{}, bad(n, stepNames(), "step %q is not known", s)
	}
	pairs, err := mapping(n)
	if err != nil {
		return Step{}, err
	}
	var s Step
	for _, pair := range pairs {
		key := pair.Key.String()
		if key == "fails" {
			if s.Fails, err = scalar(pair.Value); err != nil {
				return Step{}, err
			}
			continue
		}
		make, ok := actions[key]
		if !ok {
			return Step{}, bad(pair.Key, append(stepNames(), "fails"), "step %q is not known", key)
		}
		if s.Action != nil {
			return Step{}, bad(pair.Key, nil, "one step does one thing: %s and %s stand together", s.Name, key)
		}
		s.Line, s.Name, s.Action = pair.Key.GetToken().Position.Line, key, make()
		if err := decodeAction(pair.Value, s.Action); err != nil {
			return Step{}, err
		}
		if err := check(s.Action, pair.Value); err != nil {
			return Step{}, err
		}
	}
	if s.Action == nil {
		return Step{}, bad(n, stepNames(), "a step without an action")
	}
	return s, nil
}

func decodeAction(n ast.Node, a action) error {
	if _, null := n.(*ast.NullNode); null {
		return nil
	}
	switch v := a.(type) {
	case *advance:
		return v.d.UnmarshalYAML(n)
	case *at:
		return v.t.UnmarshalYAML(n)
	case *ofd:
		if s, err := scalar(n); err == nil {
			v.State = s
			return nil
		}
	}
	return decode(n, a)
}

func check(a action, n ast.Node) error {
	if c, ok := a.(checker); ok {
		return c.check(n)
	}
	return nil
}

// decode reads a node strictly: unknown and repeated names are errors.
func decode(n ast.Node, v any) error {
	if _, err := mapping(n); err != nil {
		return err
	}
	err := strictyaml.Node(n, v)
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	e = fromYAML(err)
	if strings.Contains(e.What, "unknown field") {
		e.Allowed = names(reflect.TypeOf(v))
	}
	return e
}

// names are the YAML names of a struct and, in dots, of the structs in it.
func names(t reflect.Type) (all []string) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	for i := range t.NumField() {
		f := t.Field(i)
		name, opts, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case opts == "inline":
			all = append(all, names(f.Type)...)
		case name != "":
			all = append(all, name)
			if f.Type.Kind() == reflect.Slice {
				for _, inner := range names(f.Type) {
					all = append(all, name+"."+inner)
				}
			}
		}
	}
	return all
}

// fromYAML takes line and message out of an error of the YAML library.
func fromYAML(err error) *Error {
	var y yaml.Error
	if errors.As(err, &y) {
		e := &Error{What: y.GetMessage()}
		if t := y.GetToken(); t != nil && t.Position != nil {
			e.Line = t.Position.Line
		}
		return e
	}
	return &Error{What: err.Error()}
}
