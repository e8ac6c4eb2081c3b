// Package cases is the catalogue of conformance cases: those of the scenarios and
// the rules of format control, one file per group of requirements.
package cases

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/model"
)

// All returns every case, sorted by id.
func All() []conformance.Case {
	var all []conformance.Case
	for _, group := range [][]conformance.Case{
		registration, shift, receipt, correction, change, life, outage, header, number, signs, limits, marking, flkCases(), registrationBits, registerCases(), pairs, edges, flkEdges,
	} {
		all = append(all, group...)
	}
	conformance.Sort(all)
	return all
}

// Tags of cases.
var (
	smoke = []string{"smoke"} // the short run of scenarios.md section 15
	soak  = []string{"soak"}  // many registers or peers
)

// trading is what most cases start from: a registered drive with an open shift, on
// one connection.
func trading(ctx context.Context, r *conformance.Run, mark conformance.Mark) (*model.Register, *conformance.Conn) {
	reg := r.Standard()
	c := r.Dial(ctx)
	open(r, c, reg, mark)
	return reg, c
}

// open registers a drive and opens its shift.
func open(r *conformance.Run, c *conformance.Conn, reg *model.Register, mark conformance.Mark) {
	r.Given("a registered drive with an open shift", func() {
		c.Accepted(reg, reg.Registration().Bytes(), mark)
		c.Accepted(reg, reg.OpenShift().Bytes(), mark)
	})
}

// another is the INN of an operator that is not the one under test.
func another(r *conformance.Run) string {
	if r.OFD() == "7841465198" {
		return "7704358518"
	}
	return "7841465198"
}

func ended(e conformance.Ending) bool { return e == conformance.Closed || e == conformance.Reset }

func holds(b, part []byte) bool { return bytes.Contains(b, part) }

// text is a field of a stored document under the tax service's name.
func text(d conformance.Document, name string) string {
	v, ok := d.Fields[name]
	if !ok {
		return "absent"
	}
	return strings.TrimSpace(fmt.Sprint(v))
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
