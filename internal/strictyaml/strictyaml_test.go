package strictyaml_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/internal/strictyaml"
)

type sample struct {
	Name string   `yaml:"name"`
	List []string `yaml:"list"`
}

func TestUnmarshal(t *testing.T) {
	t.Parallel()
	var s sample
	require.NoError(t, strictyaml.Unmarshal([]byte("name: x\nlist: [a, b]\n"), &s))
	assert.Equal(t, sample{"x", []string{"a", "b"}}, s)
	assert.ErrorContains(t, strictyaml.Unmarshal([]byte("name: x\nnmae: y\n"), &s), "nmae")
	// Found by fuzzing: the library dereferences nil here.
	var list []sample
	assert.ErrorIs(t, strictyaml.Unmarshal([]byte("! 0000"), &list), strictyaml.ErrUnreadable)
}

func FuzzUnmarshal(f *testing.F) {
	f.Add([]byte("- {name: x, list: [a]}\n"))
	f.Add([]byte("! 0000"))
	f.Add([]byte("- &a {name: x}\n- *a\n"))
	f.Fuzz(func(_ *testing.T, b []byte) {
		if len(b) > 1<<12 {
			return
		}
		var list []sample
		_ = strictyaml.Unmarshal(b, &list)
		var m map[string]any
		_ = strictyaml.Unmarshal(b, &m)
	})
}
