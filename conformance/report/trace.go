package report

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// TraceLine is one line of trace/CASE.ndjson: an exchange with its number.
type TraceLine struct {
	Case string `json:"case"` // name, with the variant
	N    int    `json:"n"`    // from 1
	Exchange
}

// TraceFile is the file name of the trace of a case.
func TraceFile(name string) string { return name + ".ndjson" }

// WriteTrace writes the exchanges of a case, one JSON object a line.
func (r *Result) WriteTrace(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	for i := range r.Exchanges {
		if err := e.Encode(TraceLine{r.Name(), i + 1, r.Exchanges[i]}); err != nil {
			return fmt.Errorf("report: writing the trace of %s: %w", r.Name(), err)
		}
	}
	return nil
}

// ReadTrace reads what WriteTrace wrote. The numbers of lines must run from 1.
func ReadTrace(in io.Reader) ([]TraceLine, error) {
	var all []TraceLine
	d := json.NewDecoder(bufio.NewReader(in))
	for {
		var l TraceLine
		switch err := d.Decode(&l); {
		case err == io.EOF:
			return all, nil
		case err != nil:
			return nil, fmt.Errorf("report: trace: line %d: %w", len(all)+1, err)
		case l.N != len(all)+1:
			return nil, fmt.Errorf("report: trace: line %d has number %d", len(all)+1, l.N)
		}
		all = append(all, l)
	}
}

// writeTraces writes a file per case that exchanged anything.
func (r *Run) writeTraces(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for i := range r.Results {
		k := &r.Results[i]
		if len(k.Exchanges) == 0 {
			continue
		}
		if err := writeFile(filepath.Join(dir, TraceFile(k.Name())), k.WriteTrace); err != nil {
			return err
		}
	}
	return nil
}
