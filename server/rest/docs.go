package rest

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"slices"
	"strings"
)

//go:embed docs.html
var docsHTML string

//go:embed docs.css
var docsCSS []byte

var docsTemplate = template.Must(template.New("docs").Parse(docsHTML))

// spec is what the readable page takes from the document.
type spec struct {
	Info struct {
		Title, Version, Description string
	}
	Paths map[string]map[string]struct {
		OperationID string
		Summary     string
		Tags        []string
		Parameters  []struct {
			Name, In, Description string
			Required              bool
			Schema                map[string]any
		}
		RequestBody struct {
			Content map[string]struct{ Schema map[string]any }
		}
		Responses map[string]struct {
			Description string
			Content     map[string]struct{ Schema map[string]any }
		}
		Security []map[string]any
	}
	Components struct {
		Schemas map[string]struct {
			Properties map[string]map[string]any
			Required   []string
		}
	}
}

type docsOperation struct {
	ID, Method, Path, Summary string
	Public                    bool
	Parameters                []docsField
	Request                   string
	Answers                   []docsField
}

type docsField struct {
	Name, Type, Text string
	Must             bool
}

type docsSection struct {
	Title      string
	Operations []docsOperation
}

type docsSchema struct {
	Name   string
	Fields []docsField
}

// docsPage is the document for people: no script, nothing from elsewhere.
func docsPage(document []byte) ([]byte, error) {
	var s spec
	if err := json.Unmarshal(document, &s); err != nil {
		return nil, fmt.Errorf("rest: reading the document: %w", err)
	}
	var sections []docsSection
	for _, path := range sortedKeys(s.Paths) {
		for _, method := range []string{"get", "post", "patch", "delete"} {
			o, ok := s.Paths[path][method]
			if !ok {
				continue
			}
			op := docsOperation{ID: o.OperationID, Method: strings.ToUpper(method), Path: path, Summary: o.Summary, Public: len(o.Security) == 0}
			for _, p := range o.Parameters {
				op.Parameters = append(op.Parameters, docsField{p.Name, p.In + ", " + typeName(p.Schema), p.Description, p.Required})
			}
			for _, c := range o.RequestBody.Content {
				op.Request = typeName(c.Schema)
			}
			for _, code := range sortedKeys(o.Responses) {
				r := o.Responses[code]
				kinds := []string{}
				for _, kind := range sortedKeys(r.Content) {
					kinds = append(kinds, strings.TrimSpace(typeName(r.Content[kind].Schema)+" "+kind))
				}
				op.Answers = append(op.Answers, docsField{Name: code, Type: strings.Join(kinds, ", "), Text: r.Description})
			}
			i := slices.IndexFunc(sections, func(s docsSection) bool { return s.Title == o.Tags[0] })
			if i < 0 {
				sections, i = append(sections, docsSection{Title: o.Tags[0]}), len(sections)
			}
			sections[i].Operations = append(sections[i].Operations, op)
		}
	}
	var schemas []docsSchema
	for _, name := range sortedKeys(s.Components.Schemas) {
		one := docsSchema{Name: name}
		for _, field := range sortedKeys(s.Components.Schemas[name].Properties) {
			p := s.Components.Schemas[name].Properties[field]
			text, _ := p["description"].(string)
			one.Fields = append(one.Fields, docsField{field, typeName(p), text, slices.Contains(s.Components.Schemas[name].Required, field)})
		}
		schemas = append(schemas, one)
	}
	var b bytes.Buffer
	if err := docsTemplate.Execute(&b, map[string]any{"Info": s.Info, "About": strings.Split(s.Info.Description, "\n\n"), "Sections": sections, "Schemas": schemas}); err != nil {
		return nil, fmt.Errorf("rest: writing the page: %w", err)
	}
	return b.Bytes(), nil
}

func sortedKeys[V any](m map[string]V) []string {
	all := make([]string, 0, len(m))
	for k := range m {
		all = append(all, k)
	}
	slices.Sort(all)
	return all
}

// typeName of a schema, for people.
func typeName(s map[string]any) string {
	if ref, ok := s["$ref"].(string); ok {
		return ref[strings.LastIndexByte(ref, '/')+1:]
	}
	if items, ok := s["items"].(map[string]any); ok {
		return typeName(items) + "[]"
	}
	name := fmt.Sprint(s["type"])
	if s["type"] == nil {
		name = ""
	}
	if list, ok := s["type"].([]any); ok && len(list) > 0 {
		name = fmt.Sprint(list[0])
	}
	if values, ok := s["enum"].([]any); ok {
		texts := make([]string, len(values))
		for i, v := range values {
			texts[i] = fmt.Sprint(v)
		}
		name += ": " + strings.Join(texts, " | ")
	}
	return name
}
