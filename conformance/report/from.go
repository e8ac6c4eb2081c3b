package report

import (
	"encoding/hex"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance"
)

// From makes a Run of what the engine summed up. The caller fills in target, time
// and how the run ended.
func From(s *conformance.Summary) *Run {
	run := &Run{Version: Version, Seed: fmt.Sprint(s.Seed), Target: Target{Name: s.Target}, Ended: Complete,
		Selected: len(s.Results), Results: make([]Result, 0, len(s.Results))}
	for i := range s.Results {
		run.Results = append(run.Results, fromResult(&s.Results[i]))
	}
	return run
}

func fromResult(r *conformance.Result) Result {
	out := Result{ID: r.ID, Variant: r.Variant, Path: r.Path, Title: r.Title, Source: r.Source, Of: r.Of, Mark: r.Mark, Level: r.Level,
		Tags: r.Tags, Outcome: r.Outcome, Reason: r.Reason, Seconds: Seconds(r.Took), Injected: r.Injected,
		Checks: make([]Check, 0, len(r.Checks)), Exchanges: make([]Exchange, 0, len(r.Exchanges))}
	for _, e := range r.Exchanges {
		out.Exchanges = append(out.Exchanges, Exchange{Sent: e.Sent, Received: e.Received, Ending: e.Ending, Incoming: e.Incoming, Note: e.Note})
	}
	for _, c := range r.Checks {
		k := Check{Name: c.Name, Requirement: c.Requirement, Mark: c.Mark, Level: c.Level, OK: c.OK, Expected: c.Expected, Seen: c.Seen, Exchange: c.Exchange}
		if !c.OK && c.Offset > 0 {
			among := out.Exchanges
			if c.Exchange > 0 && c.Exchange <= len(among) {
				among = among[c.Exchange-1 : c.Exchange]
			}
			exchange, offset := locate(among, c.Seen, c.Offset)
			if k.Offset = &offset; c.Exchange == 0 {
				k.Exchange = exchange
			}
		}
		out.Checks = append(out.Checks, k)
	}
	return out
}

// decidingSeen is how many hex digits of a seen value cannot stand in an answer by
// chance.
const decidingSeen = 8

// locate finds the exchange whose received bytes a check is about, and the byte in
// them: the engine tells an offset, which may be that of the whole document, but not
// the exchange. Bytes that the check saw decide when they are in an answer; else it
// is the last answer that is long enough. 0 is no exchange.
func locate(exchanges []Exchange, seen string, offset int) (exchange, at int) {
	at = offset
	for i := len(exchanges) - 1; i >= 0; i-- {
		received := exchanges[i].Received
		if len(received) < 2*offset {
			continue
		}
		if _, err := hex.DecodeString(seen); err == nil && len(seen) >= decidingSeen {
			if n := strings.Index(received[2*offset:], seen); n >= 0 && n%2 == 0 {
				return i + 1, offset + n/2
			}
		}
		if exchange == 0 {
			exchange = i + 1
		}
	}
	return exchange, at
}

// Seconds is a duration in seconds, to the microsecond.
func Seconds(d time.Duration) float64 { return math.Round(d.Seconds()*1e6) / 1e6 }
