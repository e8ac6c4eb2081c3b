package conformance

import "time"

// Outcome of a case.
type Outcome string

// Outcomes. Only Fail and Error make a run not conformant.
const (
	Pass  Outcome = "pass"
	Fail  Outcome = "fail"
	Warn  Outcome = "warn"  // only checks of the bench's own decisions failed
	Skip  Outcome = "skip"  // the target cannot do what the case needs; Reason says what
	Error Outcome = "error" // the harness could not do its part
)

// Check is one verdict inside a case.
type Check struct {
	Name        string `json:"name"`
	Requirement string `json:"requirement"`
	Mark        Mark   `json:"mark"`
	OK          bool   `json:"ok"`
	Expected    string `json:"expected,omitempty"` // of a failed check
	Seen        string `json:"seen,omitempty"`
	Offset      int    `json:"offset,omitempty"` // of the offending byte in the last answer
}

// Ending is how a connection looked after an exchange.
type Ending string

// Endings.
const (
	Answered Ending = "answered" // bytes came, the connection stands
	Closed   Ending = "closed"   // the server closed it without a byte
	Reset    Ending = "reset"    // RST without a byte
	Hung     Ending = "hung"     // nothing came within the time limit
)

// Exchange is one request with its answer.
type Exchange struct {
	Sent     string `json:"sent"` // hex
	Received string `json:"received,omitempty"`
	Ending   Ending `json:"ending"`
}

// Result of a case.
type Result struct {
	ID        string        `json:"id"`
	Path      string        `json:"path"`
	Title     string        `json:"title"`
	Source    string        `json:"source"`
	Mark      Mark          `json:"mark"`
	Outcome   Outcome       `json:"outcome"`
	Reason    string        `json:"reason,omitempty"`
	Checks    []Check       `json:"checks"`
	Exchanges []Exchange    `json:"exchanges"`
	Took      time.Duration `json:"took_ns"`
}

// Summary of a run.
type Summary struct {
	Seed    uint64   `json:"seed"`
	Target  string   `json:"target"`
	Results []Result `json:"results"`
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

// Conformant reports that nothing failed and something passed.
func (s *Summary) Conformant() bool {
	return s.Count(Fail) == 0 && s.Count(Error) == 0 && s.Count(Pass)+s.Count(Warn) > 0
}
