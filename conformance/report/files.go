package report

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Names of the files of a run.
const (
	ResultsFile      = "results.json"
	JUnitFile        = "junit.xml"
	HTMLFile         = "report.html"
	ProtocolFile     = "protocol.md"
	ProtocolHTMLFile = "protocol.html"
	TraceDir         = "trace"
)

// WriteDir writes results.json and, from what is then read back out of it, every
// other file. Traces of an earlier run in dir are replaced.
func (r *Run) WriteDir(dir string, keys *Keys) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	path := filepath.Join(dir, ResultsFile)
	if err := writeFile(path, r.Write); err != nil {
		return err
	}
	return RenderDir(path, dir, keys)
}

// RenderDir makes every other file of a run from the results.json at path.
func RenderDir(path, dir string, keys *Keys) error {
	r, err := ReadFile(path)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	p := r.page(keys)
	for _, f := range []struct {
		name  string
		write func(io.Writer) error
	}{
		{JUnitFile, r.WriteJUnit},
		{HTMLFile, func(w io.Writer) error { return p.html(w, "report.html") }},
		{ProtocolFile, p.markdown},
		{ProtocolHTMLFile, func(w io.Writer) error { return p.html(w, "protocol.html") }},
	} {
		if err := writeFile(filepath.Join(dir, f.name), f.write); err != nil {
			return err
		}
	}
	traces := filepath.Join(dir, TraceDir)
	old, err := filepath.Glob(filepath.Join(traces, "*.ndjson"))
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	for _, f := range old {
		if err := os.Remove(f); err != nil {
			return fmt.Errorf("report: removing an old trace: %w", err)
		}
	}
	return r.writeTraces(traces)
}

func writeFile(path string, write func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	if err := errors.Join(write(f), f.Close()); err != nil {
		return fmt.Errorf("report: writing %s: %w", path, err)
	}
	return nil
}
