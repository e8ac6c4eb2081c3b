package conformance

import "time"

// Outcome of a case.
type Outcome string

// Outcomes. Pass, Warn and Skip leave a run conformant.
const (
	Pass    Outcome = "pass"
	Fail    Outcome = "fail"
	Warn    Outcome = "warn"    // only checks that do not decide failed: SHOULD, or the bench's own
	Skip    Outcome = "skip"    // the target cannot do what the case needs, or nobody lends a hand; Reason says what
	Blocked Outcome = "blocked" // what the case starts from did not come about; Reason says what
	Error   Outcome = "error"   // the harness could not do its part
)

// Check is one verdict inside a case.
type Check struct {
	Name        string `json:"name"`
	Requirement string `json:"requirement"`
	Level       Level  `json:"level"`
	Mark        Mark   `json:"mark"`
	OK          bool   `json:"ok"`
	Expected    string `json:"expected,omitempty"` // of a failed check
	Seen        string `json:"seen,omitempty"`
	Exchange    int    `json:"exchange,omitempty"` // number of the exchange it looked at, from 1; 0: of none, or it is not kept
	Offset      int    `json:"offset,omitempty"`   // of the offending byte in what was received in it
}

// Ending is how a connection looked after an exchange.
type Ending string

// Endings.
const (
	Answered Ending = "answered" // bytes came, the connection stands
	Closed   Ending = "closed"   // the peer closed it without a byte
	Reset    Ending = "reset"    // RST without a byte
	Hung     Ending = "hung"     // nothing came within the time limit
	Sent     Ending = "sent"     // nothing was waited for
)

// Exchange is one request with its answer.
type Exchange struct {
	Sent     string `json:"sent"` // hex
	Received string `json:"received,omitempty"`
	Ending   Ending `json:"ending"`
	// Incoming: the target spoke first. Received is its message, Sent the answer of the
	// harness; Ending tells what the target did after it.
	Incoming bool   `json:"incoming,omitempty"`
	Note     string `json:"note,omitempty"` // what was done to the answer on purpose
}

// Result of a case in one variant.
type Result struct {
	ID        string        `json:"id"`
	Path      string        `json:"path"`
	Variant   string        `json:"variant,omitempty"`
	Of        Party         `json:"of"`
	Title     string        `json:"title"`
	Source    string        `json:"source"`
	Mark      Mark          `json:"mark"`
	Level     Level         `json:"level"`
	Tags      []string      `json:"tags,omitempty"`
	Outcome   Outcome       `json:"outcome"`
	Reason    string        `json:"reason,omitempty"`
	Checks    []Check       `json:"checks"`
	Exchanges []Exchange    `json:"exchanges"`
	Injected  []string      `json:"injected,omitempty"` // faults that an end injected on purpose meanwhile
	Took      time.Duration `json:"took_ns"`
}

// Summary of a run.
type Summary struct {
	Seed    uint64   `json:"seed"`
	Target  string   `json:"target"`
	Results []Result `json:"results"` // by id, then in the order of the case's variants
}

// Count returns how many results have the outcome.
func (s *Summary) Count(o Outcome) int {
	n := 0
	for _, r := range s.Results {
		if r.Outcome == o {
			n++
		}
	}
	return n
}

// Conformant reports that nothing failed or was left undecided, and something
// passed.
func (s *Summary) Conformant() bool {
	return s.Count(Fail)+s.Count(Error)+s.Count(Blocked) == 0 && s.Count(Pass)+s.Count(Warn) > 0
}
