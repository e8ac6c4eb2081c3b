package torture

import (
	"crypto/sha256"
	"math"
	"sync"
	"sync/atomic"

	"github.com/anishathalye/porcupine"

	"github.com/fiscalbench/fiscalbench/fiscal"
)

// digest stands for bytes.
type digest [16]byte

func digestOf(b []byte) digest {
	s := sha256.Sum256(b)
	return digest(s[:16])
}

// verdict is how sending a document ended, as its sender saw it.
type verdict uint8

const (
	unknown   verdict = iota // no answer: stored or not, perhaps later
	confirmed                // with a confirmation
	refused                  // another document has its number
)

// sending is an input of the model: a document on its way to a drive's ledger.
type sending struct {
	fn       fiscal.FNNumber
	fd       fiscal.FDNumber
	document digest
}

// ending is its output.
type ending struct {
	verdict      verdict
	confirmation digest
}

// audit is an input too: somebody reads the whole ledger of a drive.
type audit struct{ fn fiscal.FNNumber }

// reading is what was read: a number that is there twice has two entries.
type reading map[fiscal.FDNumber][]entry

// entry is a document in a ledger.
type entry struct{ document, confirmation digest }

// history collects operations in their order.
type history struct {
	clock atomic.Int64
	mu    sync.Mutex
	ops   []porcupine.Operation
	ends  map[verdict]int
}

func newHistory() *history { return &history{ends: map[verdict]int{}} }

// tick is a moment: of two that are told one after the other the later is greater.
func (h *history) tick() int64 { return h.clock.Add(1) }

// sent adds a sending that began at a tick. One without an answer may take effect at
// any time after.
func (h *history) sent(began int64, s sending, e ending) {
	op := porcupine.Operation{Input: s, Output: e, Call: began, Return: math.MaxInt64}
	if e.verdict != unknown {
		op.Return = h.tick()
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ops = append(h.ops, op)
	h.ends[e.verdict]++
}

// audited adds a reading that began at a tick.
func (h *history) audited(began int64, fn fiscal.FNNumber, r reading) {
	op := porcupine.Operation{Input: audit{fn}, Output: r, Call: began, Return: h.tick()}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ops = append(h.ops, op)
}

func (h *history) count(v verdict) int { h.mu.Lock(); defer h.mu.Unlock(); return h.ends[v] }
