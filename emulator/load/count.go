package load

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// counts are what all registers of a run add to.
type counts struct {
	confirmed, refused, wrong atomic.Int64
	repeats, connects, bytes  atomic.Int64
	unconfirmed               atomic.Int64

	mu      sync.Mutex
	latency *hdrhistogram.Histogram // microseconds from when the document was due
	service *hdrhistogram.Histogram // microseconds from when it was sent
	errors  map[string]int64
	last    time.Time // of the last confirmation
}

// Range of the histograms, in microseconds: up to ten minutes, three digits.
const (
	shortest = 1
	longest  = 600_000_000
	digits   = 3
)

func newCounts() *counts {
	return &counts{latency: hdrhistogram.New(shortest, longest, digits), service: hdrhistogram.New(shortest, longest, digits), errors: map[string]int64{}}
}

// taken counts a document confirmed at now with a code of the operator.
func (c *counts) taken(due, sent, now time.Time, code uint8, bytes int) {
	c.confirmed.Add(1)
	c.bytes.Add(int64(bytes))
	if code != 0 {
		c.refused.Add(1)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	record(c.latency, now.Sub(due))
	record(c.service, now.Sub(sent))
	if now.After(c.last) {
		c.last = now
	}
}

func record(h *hdrhistogram.Histogram, d time.Duration) {
	_ = h.RecordValue(min(max(d.Microseconds(), shortest), longest)) // always within the range
}

// maxErrors bounds the texts kept.
const maxErrors = 32

func (c *counts) failed(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.errors[what]; !known && len(c.errors) >= maxErrors {
		what = "others"
	}
	c.errors[what]++
}
