package script

import (
	"embed"
	"slices"
	"strings"
)

//go:embed examples/*.yaml
var exampleFiles embed.FS

// Examples are the names of the scripts that come with the package, sorted.
func Examples() []string {
	entries, err := exampleFiles.ReadDir("examples")
	if err != nil {
		panic("script: examples: " + err.Error())
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".yaml"))
	}
	slices.Sort(names)
	return names
}

// Example is the text of one, by its name with or without ".yaml".
func Example(name string) ([]byte, bool) {
	text, err := exampleFiles.ReadFile("examples/" + strings.TrimSuffix(name, ".yaml") + ".yaml")
	return text, err == nil
}
