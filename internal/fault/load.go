package fault

import (
	"fmt"
	"os"
	"strings"
)

// Load makes a set from rules as they are given on a command line: "@FILE" is
// replaced by the file's rules, one a line, empty lines and lines that begin with #
// left out. No rules give a set without rules. The seed is that of rates.
func Load(side Side, seed uint64, args []string) (*Set, error) {
	var rules []string
	for _, arg := range args {
		path, isFile := strings.CutPrefix(arg, "@")
		if !isFile {
			rules = append(rules, arg)
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("fault: rules of a file: %w", err)
		}
		for line := range strings.Lines(string(text)) {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
				rules = append(rules, line)
			}
		}
	}
	s := New(side, seed)
	_, err := s.Add(rules...)
	return s, err
}
