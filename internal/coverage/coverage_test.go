package coverage_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/internal/coverage"
)

var update = flag.Bool("update", false, "write docs/coverage.md")

// docs/coverage.md says what the tests of now cite.
func TestDocument(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	ids, extra, err := coverage.Read(root)
	require.NoError(t, err)
	require.Greater(t, len(ids), 140)
	text, path := coverage.Markdown(ids, extra), filepath.Join(root, "docs", "coverage.md")
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), text, "run: go test ./internal/coverage -update")
}

// Data that contradicts the tests is refused.
func TestRead_RefusesWhatTestsContradict(t *testing.T) {
	t.Parallel()
	_, _, err := coverage.Read(t.TempDir())
	assert.ErrorContains(t, err, "no test cites CAB-001")

	// A test of everything: those of states.csv that wait have none to have.
	root := t.TempDir()
	ids, _, err := coverage.Read(filepath.Join("..", ".."))
	require.NoError(t, err)
	source := "package a\n"
	for i, id := range ids {
		source += fmt.Sprintf("\n// %s\nfunc Test%d(t *testing.T) {}\n", id.Name, i)
	}
	require.NoError(t, os.WriteFile(filepath.Join(root, "a_test.go"), []byte(source), 0o644))
	_, _, err = coverage.Read(root)
	assert.ErrorContains(t, err, "and .: Test")
}
