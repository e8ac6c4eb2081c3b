package report_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/conformance/report"
)

var schemaPath = filepath.Join("..", "..", "docs", "results.schema.json")

func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	s, err := c.Compile(schemaPath)
	require.NoError(t, err)
	return s
}

func instance(t *testing.T, r *report.Run) map[string]any {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, r.Write(&b))
	v, err := jsonschema.UnmarshalJSON(&b)
	require.NoError(t, err)
	return v.(map[string]any)
}

func TestSchema_AcceptsEveryOutcome(t *testing.T) {
	t.Parallel()
	s := schema(t)
	require.NoError(t, s.Validate(instance(t, sample())))
	all := instance(t, sample())
	all["added_later"] = true
	assert.NoError(t, s.Validate(all), "fields may be added within a version")
}

func TestSchema_RefusesWhatIsBroken(t *testing.T) {
	t.Parallel()
	s := schema(t)
	result := func(v map[string]any, n int) map[string]any { return v["results"].([]any)[n].(map[string]any) }
	for name, change := range map[string]func(map[string]any){
		"no seed":                func(v map[string]any) { delete(v, "seed") },
		"seed as a number":       func(v map[string]any) { v["seed"] = json.Number("42") },
		"another version":        func(v map[string]any) { v["version"] = json.Number("2") },
		"no start":               func(v map[string]any) { delete(v, "started") },
		"a start that is none":   func(v map[string]any) { v["started"] = "yesterday" },
		"an unknown outcome":     func(v map[string]any) { result(v, 0)["outcome"] = "ok" },
		"a fail without a cause": func(v map[string]any) { result(v, 0)["checks"] = []any{} },
		"a pass of nothing":      func(v map[string]any) { result(v, 1)["checks"] = []any{} },
		"a skip without reason":  func(v map[string]any) { delete(result(v, 3), "reason") },
		"hex of half a byte": func(v map[string]any) {
			result(v, 0)["exchanges"].([]any)[0].(map[string]any)["sent"] = "abc"
		},
		"a mark nobody knows": func(v map[string]any) { result(v, 0)["mark"] = "sure" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := instance(t, sample())
			change(v)
			assert.Error(t, s.Validate(v))
		})
	}
}

// TestSchema_NamesEveryField: a field that is written and not described is not part
// of a contract.
func TestSchema_NamesEveryField(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile(schemaPath)
	require.NoError(t, err)
	type object struct {
		Properties map[string]any `json:"properties"`
	}
	var doc struct {
		object
		Defs map[string]object `json:"$defs"`
	}
	require.NoError(t, json.Unmarshal(b, &doc))
	for name, tc := range map[string]struct {
		of   any
		says map[string]any
	}{
		"run": {report.Run{}, doc.Properties}, "target": {report.Target{}, doc.Defs["target"].Properties}, "result": {report.Result{}, doc.Defs["result"].Properties},
		"check": {report.Check{}, doc.Defs["check"].Properties}, "exchange": {report.Exchange{}, doc.Defs["exchange"].Properties},
	} {
		var fields, described []string
		for _, f := range reflect.VisibleFields(reflect.TypeOf(tc.of)) {
			tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			fields = append(fields, tag)
		}
		for f := range tc.says {
			described = append(described, f)
		}
		assert.ElementsMatch(t, described, fields, name)
	}
}
