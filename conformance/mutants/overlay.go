package mutants

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// apply makes the edited files of a mutant, by their paths from the root.
func (m *Mutant) apply(root string) (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, e := range m.Edits {
		src, ok := files[e.File]
		if !ok {
			var err error
			if src, err = os.ReadFile(filepath.Join(root, e.File)); err != nil {
				return nil, fmt.Errorf("mutants: %s: %w", m.ID, err)
			}
		}
		if n := bytes.Count(src, []byte(e.Old)); n != 1 {
			return nil, fmt.Errorf("mutants: %s: in %s the old text occurs %d times, want once:\n%s", m.ID, e.File, n, e.Old)
		}
		files[e.File] = bytes.Replace(src, []byte(e.Old), []byte(e.New), 1)
	}
	return files, nil
}

// Build compiles the judge's binary with the edits of the mutant; none gives the
// reference. It is the test binary of this package: what it runs exists under test
// only.
func Build(ctx context.Context, root string, m *Mutant, binary string) error {
	var args []string
	if m != nil {
		files, err := m.apply(root)
		if err != nil {
			return err
		}
		overlay, err := write(root, files, binary+".src")
		if err != nil {
			return err
		}
		defer os.RemoveAll(filepath.Dir(overlay))
		args = append(args, "-overlay", overlay)
	}
	return compile(ctx, root, binary, args...)
}

// compile builds the judge's binary.
func compile(ctx context.Context, root, binary string, args ...string) error {
	args = append([]string{"test", "-c", "-vet=off", "-ldflags=-s -w", "-o", binary}, args...)
	cmd := exec.CommandContext(ctx, "go", append(args, "./conformance/mutants")...)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("mutants: building: %w\n%s", err, bytes.TrimSpace(out))
	}
	return nil
}

// write writes the edited files and the overlay that puts them in the place of the
// true ones, and returns the overlay's name.
func write(root string, files map[string][]byte, dir string) (string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	replace := map[string]string{}
	for name, content := range files {
		to := filepath.Join(dir, strings.ReplaceAll(name, "/", "_"))
		if err := os.WriteFile(to, content, 0o644); err != nil {
			return "", err
		}
		replace[filepath.Join(root, name)] = to
	}
	b, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, b, 0o644)
}
