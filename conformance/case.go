package conformance

import (
	"context"
	"sort"
)

// Mark says how firm a requirement is (transport.md section 0).
type Mark string

// Marks. A failed check of the bench's own decisions only warns.
const (
	Doc  Mark = "doc"  // text of an official paper
	Cap  Mark = "cap"  // published bytes of a real drive
	Code Mark = "code" // public code that talks to real drives or operators
	Obs  Mark = "obs"  // reported by people
	TB   Mark = "TB"   // decision of this bench
)

// Level says whether a requirement must be met.
type Level string

// Levels. A failed SHOULD warns.
const (
	Must   Level = "MUST"
	Should Level = "SHOULD"
)

// Party is who is judged.
type Party string

// Parties.
const (
	OFD  Party = "ofd"  // an operator's server: the harness is the register
	KKT  Party = "kkt"  // a register with its drive: the harness is the operator
	Pair Party = "pair" // both: the harness listens between them
)

// Case is one scenario. ID never changes its meaning.
type Case struct {
	ID     string // "O-020"
	Path   string // "receipt/confirmed-byte-for-byte"
	Title  string // what is expected, in one sentence
	Source string // "transport.md 8, fiscal-sign.md 8"
	Mark   Mark   // of the requirement
	Level  Level  // of its checks; Must when empty
	Of     Party  // who is judged; OFD when empty
	Tags   []string
	Needs  Capability
	// Settings of the target while the case runs, by the names of Configurable. A case
	// with settings needs NeedsSettings.
	Settings map[string]string
	// Variants that the case runs in, each with numbers of its own; one without a name
	// when empty.
	Variants []Variant
	// Hands is why the case cannot run by itself, in one sentence; empty when it can.
	Hands string
	// Waits: without anybody to drive the register the case can judge what comes by
	// itself (scenarios.md section 15, the R set).
	Waits bool
	// Beyond is why the requirement cannot be judged from here at all.
	Beyond string
	Run    func(ctx context.Context, r *Run)
}

// Party is who the case judges.
func (c *Case) Party() Party {
	if c.Of == "" {
		return OFD
	}
	return c.Of
}

// Strength is the level of the case's checks.
func (c *Case) Strength() Level {
	if c.Level == "" {
		return Must
	}
	return c.Level
}

// Sort orders cases by id.
func Sort(cases []Case) {
	sort.Slice(cases, func(i, j int) bool { return cases[i].ID < cases[j].ID })
}
