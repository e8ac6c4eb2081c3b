package ledger

import (
	"context"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// ShiftPlace is where a page of documents by shift ended; the zero value is the
// beginning.
type ShiftPlace struct {
	Before store.Place // the opening report ahead of that of the shift being read
	Within store.Place // the last row of this shift
}

// ShiftRows are documents of one shift, a whole one or as much as a page takes.
type ShiftRows struct {
	Opening store.Projection
	Rows    []store.Projection
}

// maxPassed is how many shifts a page looks into: with conditions that hold for few
// documents it ends there, with the place to go on from.
const maxPassed = 60

// SearchByShift lists documents of the sight shift by shift (CAB-107), the shift opened
// last first, at most limit documents; q.Oldest turns both orders. Shifts with nothing that
// q asks for are left out, and so is what belongs to no shift whose opening report has
// come: registrations, archives. next is where to go on, nil at the end.
func (s *Service) SearchByShift(ctx context.Context, sight access.Sight, q store.Search, from ShiftPlace, limit int) (all []ShiftRows, next *ShiftPlace, err error) {
	openings := store.Search{FN: q.FN, FNs: q.FNs, RegIDs: q.RegIDs, Shift: q.Shift, From: q.From, To: q.To, Oldest: q.Oldest, Forms: []fiscal.Form{fiscal.FormOpenShift}}
	// A shift of the day before reaches into the first day.
	if !q.From.IsZero() {
		openings.From = q.From.Add(-shiftAfter)
	}
	if !q.To.IsZero() {
		openings.To = q.To.Add(shiftBefore)
	}
	opened, err := s.Search(ctx, sight, openings, from.Before, maxPassed+1)
	if err != nil {
		return nil, nil, err
	}
	place := from
	for i := range opened {
		if i == maxPassed {
			return all, &place, nil
		}
		o := &opened[i]
		rows, err := s.Search(ctx, sight, inShift(q, o), place.Within, limit+1)
		if err != nil {
			return nil, nil, err
		}
		full := len(rows) > limit
		if full {
			rows = rows[:limit]
		}
		if len(rows) > 0 {
			all = append(all, ShiftRows{Opening: *o, Rows: rows})
			limit -= len(rows)
		}
		if full {
			if len(rows) > 0 { // else the next page begins with this shift
				place.Within = store.PlaceOf(&rows[len(rows)-1])
			}
			return all, &place, nil
		}
		place = ShiftPlace{Before: store.PlaceOf(o)}
	}
	return all, nil, nil
}

// inShift narrows q to the shift that o opened.
func inShift(q store.Search, o *store.Projection) store.Search {
	q.FN, q.FNs, q.RegIDs, q.Shift = o.FN, nil, nil, o.Shift
	if first := o.At.Add(-shiftBefore); q.From.Before(first) {
		q.From = first
	}
	if last := o.At.Add(shiftAfter); q.To.IsZero() || q.To.After(last) {
		q.To = last
	}
	return q
}
