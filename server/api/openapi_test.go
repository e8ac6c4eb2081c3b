package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/internal/clock"
	"github.com/fiscalbench/fiscalbench/server/api"
	"github.com/fiscalbench/fiscalbench/server/control"
)

func decode(t *testing.T, text string, to any) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(text), to), text)
}

func description(t *testing.T) map[string]any {
	var v map[string]any
	decode(t, string(api.OpenAPI()), &v)
	return v
}

// at follows keys, and references between them.
func at(t *testing.T, doc map[string]any, keys ...string) any {
	var v any = doc
	for _, key := range keys {
		v = resolve(t, doc, v).(map[string]any)[key]
		require.NotNil(t, v, "%v: no %q", keys, key)
	}
	return resolve(t, doc, v)
}

func resolve(t *testing.T, doc map[string]any, v any) any {
	if m, ok := v.(map[string]any); ok {
		if ref, ok := m["$ref"].(string); ok {
			return at(t, doc, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
		}
	}
	return v
}

func TestOpenAPI_AgreesWithRoutes(t *testing.T) {
	t.Parallel()
	h := api.New(openStore(t), api.Options{})
	doc := description(t)
	assert.Equal(t, "3.1.0", doc["openapi"])
	served, err := json.Marshal(object(t, h, "/bench/v1/openapi.json"))
	require.NoError(t, err)
	assert.JSONEq(t, string(api.OpenAPI()), string(served))

	index := object(t, h, "/")
	assert.Contains(t, index["notice"], "Не является оператором")
	paths := doc["paths"].(map[string]any)
	var routes []string
	for _, one := range index["routes"].([]any) {
		r := one.(map[string]any)
		path := r["path"].(string)
		routes = append(routes, path)
		operation, ok := paths[path].(map[string]any)["get"].(map[string]any)
		require.True(t, ok, path)
		assert.Equal(t, operation["summary"], r["summary"])
		var described, known []string
		parameters, _ := operation["parameters"].([]any)
		for _, p := range parameters {
			p := resolve(t, doc, p).(map[string]any)
			name := p["name"].(string)
			if p["in"] == "path" {
				assert.Contains(t, path, "{"+name+"}")
				continue
			}
			described = append(described, name)
		}
		inPath := regexp.MustCompile(`\{\w+\}`).FindAllString(path, -1)
		assert.Len(t, parameters, len(described)+len(inPath), path)
		names, _ := r["parameters"].([]any)
		for _, name := range names {
			known = append(known, name.(string))
		}
		assert.Equal(t, known, described, path)
	}
	assert.ElementsMatch(t, slices.Collect(maps.Keys(paths)), routes)
}

// Every answer has the members of its schema and no other.
func TestOpenAPI_AgreesWithAnswers(t *testing.T) {
	t.Parallel()
	s := filled(t)
	doc := description(t)
	for name, o := range map[string]api.Options{"default": {}, "all shown": {ShowPersonal: true}, "all hidden": {HideRaw: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o.Clock = control.Clock(clock.New(time.Now), nil)
			h := api.New(s, o)
			for path := range doc["paths"].(map[string]any) {
				schema := at(t, doc, "paths", path, "get", "responses", "200", "content", "application/json", "schema")
				for _, fd := range []int{reportFD, receiptFD, encryptedFD, blindFD, brokenFD} {
					url := strings.NewReplacer("{fn}", string(vectorFN), "{fd}", fmt.Sprint(fd)).Replace(path)
					fits(t, doc, schema, object(t, h, url), url)
					if !strings.Contains(path, "{fd}") {
						break
					}
				}
			}
			fits(t, doc, at(t, doc, "components", "schemas", "DocumentList"), object(t, h, "/bench/v1/documents?count=1"), "counted")
			fits(t, doc, at(t, doc, "components", "schemas", "DocumentDetail"), object(t, h, documentPath(privateFN, privateFD)), "private")
			rec := httptest.NewRecorder()
			h.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/bench/v1/clock", strings.NewReader(`{"move":"24h"}`)))
			assert.Equal(t, http.StatusOK, rec.Code)
			var moved map[string]any
			decode(t, rec.Body.String(), &moved)
			fits(t, doc, at(t, doc, "paths", "/bench/v1/clock", "post", "responses", "200", "content", "application/json", "schema"), moved, "moved")
			assert.Equal(t, "24h0m0s", moved["moved"])
			_, body := get(t, h, "/bench/v1/nothing")
			var e any
			decode(t, body, &e)
			fits(t, doc, at(t, doc, "components", "schemas", "Error"), e, "error")
		})
	}
}

// fits checks v against the parts of JSON Schema that the description uses.
func fits(t *testing.T, doc map[string]any, schema, v any, where string) {
	t.Helper()
	s := resolve(t, doc, schema).(map[string]any)
	if one, ok := s["oneOf"].([]any); ok {
		if v != nil {
			fits(t, doc, one[0], v, where)
		}
		return
	}
	kinds, ok := s["type"].([]any)
	if !ok {
		kinds = []any{s["type"]}
	}
	if !assert.True(t, slices.ContainsFunc(kinds, func(k any) bool { return isKind(v, k.(string)) }), "%s: %v is no %v", where, v, kinds) {
		return
	}
	if enum, ok := s["enum"].([]any); ok {
		assert.Contains(t, enum, v, where)
	}
	switch v := v.(type) {
	case []any:
		for i, one := range v {
			fits(t, doc, s["items"], one, fmt.Sprintf("%s[%d]", where, i))
		}
	case map[string]any:
		properties, _ := s["properties"].(map[string]any)
		if properties == nil {
			return
		}
		required, _ := s["required"].([]any)
		for _, name := range required {
			assert.Contains(t, v, name, where)
		}
		for name, member := range v {
			if assert.Contains(t, properties, name, where) {
				fits(t, doc, properties[name], member, where+"."+name)
			}
		}
	}
}

func isKind(v any, kind string) bool {
	switch v := v.(type) {
	case nil:
		return kind == "null"
	case bool:
		return kind == "boolean"
	case string:
		return kind == "string"
	case float64:
		return kind == "number" || kind == "integer" && v == float64(int64(v))
	case []any:
		return kind == "array"
	}
	return kind == "object"
}
