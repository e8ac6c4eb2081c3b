package marking

import "sync"

// Outcome is what the stand-in says of a code.
type Outcome struct {
	Name       string
	Processing uint8 // 2105 in the answer to a request
	Status     uint8 // 2109; 0: left out
	Results    uint8 // 2005
	Notice     uint8 // 2111 in the receipt on a notification
	BadCode    uint8 // 2112; 0: left out
	Silent     bool  // no answer
}

// Values of the tags (enums.md).
const (
	statusRight     = 1 // 2109
	statusWrong     = 2
	statusSuspended = 3
	badCodeInNotice = 4 // 2112, bit 2
	statusSold      = 1 // 2003, 2110: piece sold
	statusReturned  = 3 // 2110: piece returned
)

var inTurnover = Outcome{Name: "in turnover", Status: statusRight, Results: 15}

var sold = Outcome{Name: "sold before", Status: statusWrong, Results: 7, BadCode: badCodeInNotice}

var malformed = Outcome{Name: "malformed code", Processing: 2, BadCode: badCodeInNotice}

// outcomes by the last two digits of the code.
var outcomes = map[string]Outcome{
	"90": {Name: "unknown", Status: statusWrong, Results: 5, BadCode: badCodeInNotice},
	"91": {Name: "another status", Status: statusWrong, Results: 7},
	"92": {Name: "turnover suspended", Status: statusSuspended, Results: 7},
	"93": malformed,
	"94": {Name: "malformed request", Processing: 1},
	"95": {Name: "code sign wrong, status wrong", Status: statusWrong, Results: 5},
	"96": {Name: "code sign wrong, status right", Status: statusRight, Results: 13},
	"97": {Name: "malformed notification", Status: statusRight, Results: 15, Notice: 1},
	"98": {Name: "bad code in the notification", Status: statusRight, Results: 15, BadCode: badCodeInNotice},
	"99": {Name: "silent", Silent: true},
}

// minCode is the shortest thing taken for a marking code, in bytes.
const minCode = 4

// OutcomeOf is the table of the package comment, without the memory of sales.
func OutcomeOf(code []byte) Outcome {
	if len(code) < minCode {
		return malformed
	}
	tail := code[len(code)-2:]
	if o, ok := outcomes[string(tail)]; ok {
		return o
	}
	for _, b := range code {
		if b >= '0' && b <= '9' {
			return inTurnover
		}
	}
	return malformed
}

// register remembers codes that were sold, at most maxSold of them: the oldest are
// forgotten.
type register struct {
	mu   sync.Mutex
	sold map[string]struct{}
	ring []string
	next int
}

const maxSold = 100_000

func (r *register) isSold(code []byte) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, ok := r.sold[string(code)]
	return ok
}

// notify applies a status and reports whether the code was sold before.
func (r *register) notify(code []byte, status uint8) (again bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, again = r.sold[string(code)]
	switch status {
	case statusSold:
		if !again {
			r.remember(string(code))
		}
	case statusReturned:
		delete(r.sold, string(code))
		return false
	}
	return again && status == statusSold
}

func (r *register) remember(code string) {
	if r.sold == nil {
		r.sold = map[string]struct{}{}
	}
	if len(r.ring) < maxSold {
		r.ring = append(r.ring, code)
	} else {
		delete(r.sold, r.ring[r.next])
		r.ring[r.next] = code
		r.next = (r.next + 1) % maxSold
	}
	r.sold[code] = struct{}{}
}
