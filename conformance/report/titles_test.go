package report_test

import (
	"bytes"
	"regexp"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/cases"
	"github.com/fiscalbench/fiscalbench/conformance/report"
)

// TestTitles: the page of a run over the catalogue speaks Russian about every case of
// scenarios.md, and about every area.
func TestTitles(t *testing.T) {
	t.Parallel()
	scenario := regexp.MustCompile(`^[OK]-(0\d\d|1[01]\d|12[0-6])$`)
	n := 0
	for _, c := range cases.All() {
		if !scenario.MatchString(c.ID) {
			continue
		}
		n++
		r := &report.Run{Results: []report.Result{{ID: c.ID, Path: c.Path, Title: c.Title, Outcome: conformance.Pass}}}
		var b bytes.Buffer
		require.NoError(t, r.WriteProtocol(&b, nil))
		assert.False(t, bytes.Contains(b.Bytes(), []byte(c.Title)), "%s has no title in Russian", c.ID)
		area := r.Areas()[0]
		assert.True(t, unicode.Is(unicode.Cyrillic, []rune(area.Title)[0]), "area %s has no title in Russian", area.Name)
	}
	assert.GreaterOrEqual(t, n, 91)
}
