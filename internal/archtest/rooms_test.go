package archtest_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	row     = regexp.MustCompile(`(?m)^\| (` + "`[^|]*`" + `[^|]*)\|`)
	inTicks = regexp.MustCompile("`([^`]+)`")
)

// docs/architecture.md has a row for every package and none for what is no package.
func TestRooms_AreAllDescribed(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/architecture.md")
	require.NoError(t, err)
	described := map[string]bool{}
	for _, r := range row.FindAllStringSubmatch(string(text), -1) {
		for _, name := range inTicks.FindAllStringSubmatch(r[1], -1) {
			described[name[1]] = true
		}
	}
	require.NotEmpty(t, described)
	exists := map[string]bool{}
	for _, p := range list(t, "../../...") {
		name := strings.TrimPrefix(p.ImportPath, module+"/")
		exists[name] = true
		assert.True(t, described[name] || strings.HasPrefix(name, "cmd/") && described["cmd/*"], "%s has no row in docs/architecture.md", name)
	}
	for name := range described {
		assert.True(t, exists[name] || strings.HasSuffix(name, "*"), "docs/architecture.md describes %s, which is no package", name)
	}
}
