package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestReadme_CommandsRun: every command of this program that the readmes show runs and
// ends well, against a separately started ofd serve. Only the addresses are others,
// and of the cases the short run is chosen.
func TestReadme_CommandsRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	build(t, dir, "ofd")
	kkt, http := serveOFD(t, dir)
	command := regexp.MustCompile("(?m)(?:^\\$ bin/|`)conformance (run[^`\\n]*)")
	n := 0
	for _, page := range []string{"README.md", "README.ru.md"} {
		text, err := os.ReadFile(filepath.Join("..", "..", page))
		require.NoError(t, err)
		for _, m := range command.FindAllStringSubmatch(string(text), -1) {
			n++
			line := strings.NewReplacer("127.0.0.1:7777", kkt, "HOST:PORT", kkt, "127.0.0.1:8080", http, "--out results", "--out "+dir+"/results").Replace(m[1])
			var out, errs strings.Builder
			code := run(append(strings.Fields(line), "--tag", "smoke", "--seed", fmt.Sprint(100+n)), streams{&out, &errs})
			assert.Zero(t, code, "%s: %s\n%s%s", page, m[1], out.String(), errs.String())
			assert.Contains(t, out.String(), " 0 failed, ")
		}
	}
	assert.GreaterOrEqual(t, n, 3)
	assert.FileExists(t, filepath.Join(dir, "results", "results.json"))
}

// serveOFD starts the program in dir on free ports and returns its addresses.
func serveOFD(t *testing.T, dir string) (kkt, http string) {
	cmd := exec.Command(filepath.Join(dir, "ofd"), "serve", "--kkt", "127.0.0.1:0", "--marking", "127.0.0.1:0", "--http", "127.0.0.1:0", "--store", "sqlite:"+filepath.Join(dir, "ofd.db"))
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		assert.NoError(t, cmd.Wait())
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		m := regexp.MustCompile(`ready kkt=(\S+) .*http=(\S+)`).FindStringSubmatch(lines.Text())
		if m != nil {
			return m[1], m[2]
		}
	}
	t.Fatal("ofd serve was never ready")
	return "", ""
}
