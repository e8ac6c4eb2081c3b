package main

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestDocs_SayWhatThereIs: every flag and command that the page names exists, and
// every flag of run is on the page.
func TestDocs_SayWhatThereIs(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "conformance.md"))
	require.NoError(t, err)
	var c cli
	parser, err := kong.New(&c, kong.Writers(io.Discard, io.Discard))
	require.NoError(t, err)
	flags := map[string]bool{}
	var ofRun []string
	for _, command := range parser.Model.Leaves(true) {
		for _, group := range command.AllFlags(true) {
			for _, f := range group {
				flags[f.Name] = true
				if command.Name == "run" && f.Name != "help" {
					name := "--" + f.Name
					if f.Short != 0 && !strings.Contains(string(page), name) {
						name = "-" + string(f.Short)
					}
					ofRun = append(ofRun, name)
				}
			}
		}
	}
	own := regexp.MustCompile("(?m)^conformance .*|`[^`\n]*--[^`\n]*`")
	for _, line := range own.FindAllString(string(page), -1) {
		for _, m := range regexp.MustCompile(`(^|[\s'"`+"`"+`])--([a-z-]+)`).FindAllStringSubmatch(line, -1) {
			if name := m[2]; !strings.Contains(line, "my-ofd") {
				assert.True(t, flags[name], "--%s in %q", name, line)
			}
		}
	}
	for _, name := range ofRun {
		there := regexp.MustCompile("[` ]" + name + "[` \n]").Match(page)
		assert.True(t, there, "%s is not on the page", name)
	}
	commands := regexp.MustCompile("(?m)(?:^|`)conformance ([a-z]+)").FindAllStringSubmatch(string(page), -1)
	require.NotEmpty(t, commands)
	for _, m := range commands {
		found := false
		for _, leaf := range parser.Model.Leaves(true) {
			found = found || leaf.Name == m[1]
		}
		assert.True(t, found, "conformance %s", m[1])
	}
}
