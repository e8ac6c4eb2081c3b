package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance"
)

// Version of the contract. A reader takes files of its own version; fields that it
// does not know are additions and are ignored.
const Version = 1

// How a run ended.
const (
	Complete    = "complete"    // every chosen case was run or skipped with a reason
	Interrupted = "interrupted" // a signal came first
	Unreachable = "unreachable" // the target stopped taking connections
)

// Run is results.json.
type Run struct {
	Version   int       `json:"version"`
	Tool      string    `json:"tool"` // name and version of the program
	Target    Target    `json:"target"`
	Seed      string    `json:"seed"`    // decimal; text because it has 64 bits
	Started   time.Time `json:"started"` // UTC
	Seconds   float64   `json:"seconds"`
	Ended     string    `json:"ended"`
	Selected  int       `json:"selected"` // cases chosen; fewer results mean an incomplete run
	Results   []Result  `json:"results"`
	Faults    []Fault   `json:"faults,omitempty"`               // an end misbehaved on purpose: the run proves nothing about it
	Complaint []string  `json:"expectation_problems,omitempty"` // stale and expired entries of the expectations file
}

// Target is what was judged.
type Target struct {
	Kind  string `json:"kind"`  // ofd, kkt or pair
	Name  string `json:"name"`  // for people
	Flags string `json:"flags"` // of the command line that reach it again
	OFD   string `json:"ofd"`   // INN of the operator that signs
	Key   string `json:"key"`   // "test": the public key of the bench; "own": another, not stored
}

// Fault is a rule by which an end misbehaves on purpose.
type Fault struct {
	End   string `json:"end"`             // operator or register
	Rule  string `json:"rule"`            // as it was given
	Fired *int   `json:"fired,omitempty"` // how many times it acted in the run; absent: not known
}

// String is the rule with what is known of it.
func (f Fault) String() string {
	if f.Fired == nil {
		return fmt.Sprintf("%s: %s", f.End, f.Rule)
	}
	return fmt.Sprintf("%s: %s, acted %d times", f.End, f.Rule, *f.Fired)
}

// Result of a case.
type Result struct {
	ID        string              `json:"id"`
	Variant   string              `json:"variant,omitempty"`
	Path      string              `json:"path"`
	Title     string              `json:"title"`
	Source    string              `json:"source"`
	Of        conformance.Party   `json:"of"`
	Mark      conformance.Mark    `json:"mark"`
	Level     conformance.Level   `json:"level"`
	Tags      []string            `json:"tags,omitempty"`
	Outcome   conformance.Outcome `json:"outcome"`
	Expected  *Expected           `json:"expected,omitempty"`
	Reason    string              `json:"reason,omitempty"`
	Seconds   float64             `json:"seconds"`
	Injected  []string            `json:"injected,omitempty"` // faults that an end injected on purpose meanwhile
	Checks    []Check             `json:"checks"`
	Exchanges []Exchange          `json:"exchanges"`
}

// Expected says that the outcome was foretold by the expectations file.
type Expected struct {
	Reason string `json:"reason"`
	Until  string `json:"until,omitempty"` // YYYY-MM-DD, the last day
}

// Check is one verdict inside a case.
type Check struct {
	Name        string            `json:"name"`
	Requirement string            `json:"requirement"`
	Mark        conformance.Mark  `json:"mark"`
	Level       conformance.Level `json:"level"`
	OK          bool              `json:"ok"`
	Expected    string            `json:"expected,omitempty"` // of a failed check
	Seen        string            `json:"seen,omitempty"`
	Exchange    int               `json:"exchange,omitempty"` // number of the exchange it looked at, from 1; 0: not known
	Offset      *int              `json:"offset,omitempty"`   // of the offending byte in what was received, from 0
}

// Exchange is one message and what it was met with.
type Exchange struct {
	Sent     string             `json:"sent"`               // by the harness, hex
	Received string             `json:"received,omitempty"` // from the target, hex
	Ending   conformance.Ending `json:"ending"`
	Incoming bool               `json:"incoming,omitempty"` // the target spoke first: sent is the answer
	Note     string             `json:"note,omitempty"`     // what was done to the bytes on purpose
}

// Area is the first part of the path.
func (r *Result) Area() string {
	area, _, _ := strings.Cut(r.Path, "/")
	return area
}

// Name tells the case and its variant apart from all others of the run.
func (r *Result) Name() string {
	if r.Variant == "" {
		return r.ID
	}
	return r.ID + "@" + r.Variant
}

// Bad reports an outcome that fails a run unless it is expected.
func Bad(o conformance.Outcome) bool {
	return o == conformance.Fail || o == conformance.Error || o == conformance.Blocked
}

// Failed lists the checks that did not hold.
func (r *Result) Failed() []Check {
	var bad []Check
	for _, c := range r.Checks {
		if !c.OK {
			bad = append(bad, c)
		}
	}
	return bad
}

// FailedNames lists the names of failed checks once each, in order.
func (r *Result) FailedNames() []string {
	var names []string
	seen := map[string]bool{}
	for _, c := range r.Failed() {
		if !seen[c.Name] {
			seen[c.Name] = true
			names = append(names, c.Name)
		}
	}
	return names
}

// SeedNumber is the seed as a number, 0 when the text is none.
func (r *Run) SeedNumber() uint64 {
	n, _ := strconv.ParseUint(r.Seed, 10, 64)
	return n
}

// Read reads results.json.
func Read(in io.Reader) (*Run, error) {
	var r Run
	if err := json.NewDecoder(in).Decode(&r); err != nil {
		return nil, fmt.Errorf("report: reading results: %w", err)
	}
	if r.Version != Version {
		return nil, fmt.Errorf("report: results are of version %d, this program reads version %d", r.Version, Version)
	}
	if _, err := strconv.ParseUint(r.Seed, 10, 64); err != nil {
		return nil, fmt.Errorf("report: seed %q is not a number", r.Seed)
	}
	for i := range r.Results {
		if err := r.Results[i].check(); err != nil {
			return nil, fmt.Errorf("report: result %d: %w", i+1, err)
		}
	}
	return &r, nil
}

// ReadFile reads the results.json at path.
func ReadFile(path string) (*Run, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("report: reading results: %w", err)
	}
	r, err := Read(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

func (r *Result) check() error {
	switch r.Outcome {
	case conformance.Pass, conformance.Fail, conformance.Warn, conformance.Skip, conformance.Blocked, conformance.Error:
	default:
		return fmt.Errorf("unknown outcome %q", r.Outcome)
	}
	if r.ID == "" || !validName(r.Name()) {
		return fmt.Errorf("case id %q is not letters, digits and signs of a file name", r.Name())
	}
	return nil
}

// validName keeps names of cases usable as names of files.
func validName(s string) bool {
	for _, c := range s {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.ContainsRune("-_.=,+@", c):
		default:
			return false
		}
	}
	return s != "" && s[0] != '.'
}

// Write writes results.json.
func (r *Run) Write(w io.Writer) error {
	if r.Results == nil {
		return errors.New("report: a run without a list of results")
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}
