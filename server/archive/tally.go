package archive

import (
	"database/sql"
	"fmt"
	"math"

	"github.com/fiscalbench/fiscalbench/server/store/chain"
)

// Limit is how many rows a lot may have; without end when Rows is zero.
func (l *Lot) Limit() int64 {
	if l.Rows <= 0 {
		return math.MaxInt64
	}
	return int64(l.Rows)
}

// Tally counts what an engine is about to delete and makes the entry of it.
type Tally struct {
	IDs   []int64
	lot   Lot
	entry chain.Entry
}

// NewTally begins an entry for the lot.
func NewTally(lot Lot) *Tally {
	return &Tally{lot: lot, entry: chain.Entry{At: lot.At.UnixNano(), Who: lot.Who, Kind: chain.KindRetention, What: lot.What, FN: lot.FN,
		Before: sql.NullInt64{Int64: lot.Before.UnixNano(), Valid: true}}}
}

// Document takes the next row of the chain; more is false when it must stay, and all
// after it. Of r it needs ID, FD, ReceivedAt, Findings, Seq and Link.
func (t *Tally) Document(r *chain.Row, confirmed bool) (more bool, err error) {
	if !r.ReceivedAt.Valid || r.ReceivedAt.Int64 >= t.entry.Before.Int64 {
		return false, nil
	}
	if len(r.Link) != chain.LinkLen || len(t.IDs) > 0 && r.Seq != t.entry.Last+1 {
		return false, fmt.Errorf("archive: FN %s FD %d: its chain is broken: verify the base before anything is deleted", t.lot.FN, r.FD)
	}
	found, err := r.FindingsCount()
	if err != nil {
		return false, err
	}
	e := &t.entry
	if len(t.IDs) == 0 {
		e.First, e.FirstFD = r.Seq, r.FD
	}
	e.Last, e.FirstFD, e.LastFD, e.Head = r.Seq, min(e.FirstFD, r.FD), max(e.LastFD, r.FD), r.Link[:chain.HashLen]
	e.Findings += found
	if confirmed {
		e.Confirmed++
	}
	t.IDs = append(t.IDs, r.ID)
	return true, nil
}

// Event takes the next row of another table.
func (t *Tally) Event(id int64) {
	if len(t.IDs) == 0 {
		t.entry.First = id
	}
	t.entry.Last = id
	t.IDs = append(t.IDs, id)
}

// Entry is the entry without ID and Hash; nil when there is nothing to delete.
func (t *Tally) Entry() *chain.Entry {
	if len(t.IDs) == 0 {
		return nil
	}
	t.entry.Rows = int64(len(t.IDs))
	return &t.entry
}
