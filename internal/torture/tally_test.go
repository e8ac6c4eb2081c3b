package torture

import (
	"fmt"
	"strings"
	"sync"
)

// tally is what a test did and found.
type tally struct {
	name  string
	seed  uint64
	kinds [kinds]int

	troubles, diskFaults, sectors, full, databaseEnds, failedStarts int
	failovers, restarts                                             int

	documents, lost, doubled, changed                               int
	confirmed, unanswered, reconnects, repeats, conflicts, contests int64
	ledgers, operations, illegal                                    int
	verified                                                        bool
}

// of takes the counts of a load.
func (y *tally) of(l *load) {
	y.confirmed, y.repeats, y.conflicts, y.contests = l.confirmed.Load(), l.repeats.Load(), l.conflicts.Load(), l.contests.Load()
	y.unanswered, y.reconnects = int64(l.history.count(unknown)), l.reconnects.Load()
}

func (y *tally) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "torture %s seed=%d:", y.name, y.seed)
	for k, n := range y.kinds {
		if n > 0 {
			fmt.Fprintf(&b, " %d × %s,", n, kind(k))
		}
	}
	for _, x := range []struct {
		n    int
		text string
	}{{y.failovers, "failovers"}, {y.restarts, "restarts"}, {y.troubles, "troubled lines"}, {y.diskFaults, "disk faults"}, {y.sectors, "sectors lost"},
		{y.databaseEnds, "ends of the database for want of room"}, {y.failedStarts, "failed starts"}} {
		if x.n > 0 {
			fmt.Fprintf(&b, " %d %s,", x.n, x.text)
		}
	}
	fmt.Fprintf(&b, " %d documents, %d confirmed to registers, %d unanswered, %d repeats, %d conflicts, %d contests;",
		y.documents, y.confirmed, y.unanswered, y.repeats, y.conflicts, y.contests)
	fmt.Fprintf(&b, " lost %d, doubled %d, changed %d; porcupine: %d operations on %d ledgers, %d illegal", y.lost, y.doubled, y.changed, y.operations, y.ledgers, y.illegal)
	if y.verified {
		b.WriteString("; ofd verify clean")
	}
	return b.String()
}

// all is the tallies of a run.
type all struct {
	mu   sync.Mutex
	rows []string
}

// done is shown when the tests have run.
var done all

func (a *all) add(y tally) { a.mu.Lock(); defer a.mu.Unlock(); a.rows = append(a.rows, y.String()) }

func (a *all) lines() []string { a.mu.Lock(); defer a.mu.Unlock(); return a.rows }
