package desk

import (
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"

	"github.com/fiscalbench/fiscalbench/internal/fault"
)

// Every fault of the operator and every parameter of it has its Russian words, and no
// word is left of a fault that went away.
func TestPoints_AreInRussian(t *testing.T) {
	t.Parallel()
	russian := func(s string) bool {
		for _, r := range s {
			if unicode.Is(unicode.Cyrillic, r) {
				return true
			}
		}
		return false
	}
	all := points()
	assert.Len(t, all, len(fault.Points(fault.Operator)))
	assert.Len(t, words, len(all))
	for _, p := range all {
		assert.True(t, russian(p.Label), p.Name)
		assert.True(t, russian(p.Text), p.Name)
		assert.Equal(t, p.Label, label(p.Name))
		assert.Len(t, words[p.Name].params, len(p.Params), p.Name)
		for _, q := range p.Params {
			assert.True(t, russian(q.Text), "%s %s", p.Name, q.Name)
		}
	}
	assert.Equal(t, "no.such", label("no.such"))
	assert.False(t, known("no.such"))
	assert.True(t, known("reply.drop"))
}
