// Package cases is the catalogue of conformance cases: the O-cases of the
// scenarios, one file per group of requirements.
package cases

import (
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"sync"

	"github.com/fiscalbench/fiscalbench/conformance"
)

// All returns every case, sorted by id.
func All() []conformance.Case {
	var all []conformance.Case
	for _, group := range [][]conformance.Case{registration, shift, receipt, correction, header, number, signs, limits} {
		all = append(all, group...)
	}
	conformance.Sort(all)
	return all
}

//go:embed vectors.json
var vectorsJSON []byte

var vectors = sync.OnceValue(func() map[string][]byte {
	var text map[string]string
	if err := json.Unmarshal(vectorsJSON, &text); err != nil {
		panic("cases: vectors.json: " + err.Error())
	}
	all := make(map[string][]byte, len(text))
	for id, h := range text {
		b, err := hex.DecodeString(h)
		if err != nil {
			panic("cases: vectors.json: " + id + ": " + err.Error())
		}
		all[id] = b
	}
	return all
})

// vector is a fresh copy of a message of the vectors.
func vector(id string) []byte { return append([]byte{}, vectors()[id]...) }
