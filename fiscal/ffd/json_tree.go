package ffd

import (
	"bytes"
	"encoding/json"
	"io"
)

// jsonValue is a JSON value with members in the order of the text.
type jsonValue struct {
	kind    jsonKind
	text    string // of a string or number
	members []jsonMember
	items   []jsonValue
}

type jsonMember struct {
	key   string
	value jsonValue
}

type jsonKind uint8

const (
	jsonNull jsonKind = iota
	jsonFalse
	jsonTrue
	jsonNumber
	jsonString
	jsonArray
	jsonObject
)

// String names the kind for error texts.
func (k jsonKind) String() string {
	return [...]string{"null", "false", "true", "a number", "a string", "an array", "an object"}[k]
}

// maxJSONDepth bounds the nesting of a text: documents nest eight levels.
const maxJSONDepth = 32

// parseJSON reads one value that fills the text.
func parseJSON(text []byte) (jsonValue, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	v, err := readValue(dec, 0)
	if err != nil {
		return v, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return v, &JSONError{Expected: "nothing after the first value", Got: "more", Err: ErrJSONSyntax}
	}
	return v, nil
}

func readValue(dec *json.Decoder, depth int) (jsonValue, error) {
	if depth > maxJSONDepth {
		return jsonValue{}, &JSONError{Expected: "at most 32 levels", Got: "more", Err: ErrJSONSyntax}
	}
	tok, err := dec.Token()
	if err != nil {
		return jsonValue{}, &JSONError{Err: ErrJSONSyntax}
	}
	switch t := tok.(type) {
	case json.Delim:
		if t == '[' {
			return readArray(dec, depth)
		}
		return readObject(dec, depth)
	case json.Number:
		return jsonValue{kind: jsonNumber, text: t.String()}, nil
	case string:
		return jsonValue{kind: jsonString, text: t}, nil
	case bool:
		if t {
			return jsonValue{kind: jsonTrue, text: "1"}, nil
		}
		return jsonValue{kind: jsonFalse, text: "0"}, nil
	}
	return jsonValue{}, nil
}

func readArray(dec *json.Decoder, depth int) (jsonValue, error) {
	v := jsonValue{kind: jsonArray}
	for dec.More() {
		item, err := readValue(dec, depth+1)
		if err != nil {
			return v, err
		}
		v.items = append(v.items, item)
	}
	return v, closeDelim(dec)
}

func readObject(dec *json.Decoder, depth int) (jsonValue, error) {
	v := jsonValue{kind: jsonObject}
	for dec.More() {
		tok, err := dec.Token()
		key, ok := tok.(string)
		if err != nil || !ok {
			return v, &JSONError{Err: ErrJSONSyntax}
		}
		item, err := readValue(dec, depth+1)
		if err != nil {
			return v, err
		}
		v.members = append(v.members, jsonMember{key, item})
	}
	return v, closeDelim(dec)
}

func closeDelim(dec *json.Decoder) error {
	if _, err := dec.Token(); err != nil {
		return &JSONError{Err: ErrJSONSyntax}
	}
	return nil
}

// member finds the first member with the key.
func (v *jsonValue) member(key string) *jsonValue {
	for i := range v.members {
		if v.members[i].key == key {
			return &v.members[i].value
		}
	}
	return nil
}
