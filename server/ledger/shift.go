package ledger

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// Shift is a cashier's shift with what was sold in it (CAB-112).
type Shift struct {
	FN      fiscal.FNNumber
	Number  uint32
	RegID   fiscal.RegNumber
	Cashier string // of the closing report, else of the opening one

	// Opened and Closed are what the register's clock said; zero when the report has
	// not come, or has not been made.
	Opened, Closed  time.Time
	OpenFD, CloseFD fiscal.FDNumber // of the reports; 0: none
	Missing         int64           // documents between the first and the last that have not come

	Totals
	// Checks compare the figures with the counters of the closing report, number by
	// number; none for a shift that is open or whose report has no counters.
	Checks []Check
}

// IsClosed tells whether the closing report is here.
func (s Shift) IsClosed() bool { return s.CloseFD != 0 }

// Agrees tells whether there is something to compare and all of it is equal.
func (s Shift) Agrees() bool {
	return len(s.Checks) > 0 && !slices.ContainsFunc(s.Checks, func(c Check) bool { return !c.Agrees() })
}

// Differs tells whether a number is not that of the closing report.
func (s Shift) Differs() bool { return len(s.Checks) > 0 && !s.Agrees() }

// A drive takes receipts for 24 hours of a shift (FN-022): in lists receipts are looked
// for within these bounds of the opening by the register's clock. Shift has no bounds.
const (
	shiftBefore = 24 * time.Hour
	shiftAfter  = 26 * time.Hour
)

// Shifts that were opened within q's dates, the last opened first, at most limit of
// those that follow after; next is the place to go on from, zero at the end. A shift
// belongs to the day it was opened and is summed up whole, as far as the sight goes:
// give dates in q, not by cutting the sight.
func (s *Service) Shifts(ctx context.Context, sight access.Sight, q store.Search, after store.Place, limit int) (all []Shift, next store.Place, err error) {
	q.Forms = []fiscal.Form{fiscal.FormOpenShift}
	opened, err := s.Search(ctx, sight, q, after, limit+1)
	if err != nil {
		return nil, next, err
	}
	if len(opened) > limit {
		opened = opened[:limit]
		next = store.PlaceOf(&opened[limit-1])
	}
	all = make([]Shift, len(opened))
	if len(all) == 0 {
		return all, next, nil
	}
	shifts := make([]*Shift, len(opened))
	var drives []fiscal.FNNumber
	for i := range opened {
		o := &opened[i]
		all[i] = Shift{FN: o.FN, Number: o.Shift, RegID: o.RegID, Cashier: o.Cashier, Opened: o.At, OpenFD: o.FD}
		shifts[i] = &all[i]
		if !slices.Contains(drives, o.FN) {
			drives = append(drives, o.FN)
		}
	}
	from, to := opened[0].At, opened[0].At
	for _, o := range opened {
		if o.At.Before(from) {
			from = o.At
		}
		if o.At.After(to) {
			to = o.At
		}
	}
	window := store.Search{FNs: drives, From: from.Add(-shiftBefore), To: to.Add(shiftAfter)}
	return all, next, s.fill(ctx, sight, window, shifts)
}

// Shift of a drive; ErrNotFound when nothing of it is in the sight.
func (s *Service) Shift(ctx context.Context, sight access.Sight, fn fiscal.FNNumber, number uint32) (Shift, error) {
	shift := Shift{FN: fn, Number: number}
	found, err := s.Search(ctx, sight, store.Search{FN: fn, Shift: number, Oldest: true}, store.Place{}, 1)
	if err != nil {
		return shift, err
	}
	if len(found) == 0 || number == 0 || fn == "" {
		return shift, ErrNotFound
	}
	shift.RegID = found[0].RegID
	opened, err := s.Search(ctx, sight, store.Search{FN: fn, Shift: number, Forms: []fiscal.Form{fiscal.FormOpenShift}}, store.Place{}, 1)
	if err != nil {
		return shift, err
	}
	if len(opened) > 0 {
		shift.Opened, shift.OpenFD, shift.Cashier = opened[0].At, opened[0].FD, opened[0].Cashier
	}
	if err := s.fill(ctx, sight, store.Search{FN: fn, Shift: number}, []*Shift{&shift}); err != nil || !shift.IsClosed() {
		return shift, err
	}
	return shift, s.compareLife(ctx, sight, &shift)
}

// fill adds up the shifts within the window of their drives, and compares those that
// are closed with their reports.
func (s *Service) fill(ctx context.Context, sight access.Sight, window store.Search, shifts []*Shift) error {
	figures, err := s.Figures(ctx, sight, window, store.ByShift)
	if err != nil {
		return err
	}
	totals := make(map[shiftKey]Totals, len(figures))
	for _, f := range figures {
		totals[shiftKey{fiscal.FNNumber(f.Key), f.Shift}] = Totals{f}
	}
	reports, err := s.closings(ctx, sight, window, shifts)
	if err != nil {
		return err
	}
	gaps := map[fiscal.FNNumber][]store.Gap{}
	for _, shift := range shifts {
		key := shiftKey{shift.FN, shift.Number}
		if t, ok := totals[key]; ok {
			shift.Totals = t
		}
		c, closed := reports[key]
		if closed {
			shift.Closed, shift.CloseFD = c.At, c.FD
			if c.Cashier != "" {
				shift.Cashier = c.Cashier
			}
		}
		if _, known := gaps[shift.FN]; !known {
			gaps[shift.FN], _ = s.Gaps(ctx, sight, shift.FN) // of a drive that moved elsewhere nothing is said
		}
		for _, g := range gaps[shift.FN] {
			if from, to := max(g.From, shift.FirstFD), min(g.To, max(shift.LastFD, shift.CloseFD)); from <= to {
				shift.Missing += int64(to-from) + 1
			}
		}
		if closed {
			doc, err := s.Document(ctx, sight, shift.FN, c.FD)
			if err != nil {
				return fmt.Errorf("ledger: reading the closing report: %w", err)
			}
			shift.Checks = compare(shift, &doc)
		}
	}
	return nil
}

// shiftKey is a shift of a drive.
type shiftKey struct {
	fn     fiscal.FNNumber
	number uint32
}

// closings are the closing reports of the shifts.
func (s *Service) closings(ctx context.Context, sight access.Sight, window store.Search, shifts []*Shift) (map[shiftKey]*store.Projection, error) {
	q := window
	q.Forms, q.Oldest = []fiscal.Form{fiscal.FormCloseShift}, true
	by := map[shiftKey]*store.Projection{}
	read := func(after store.Place, limit int) (next store.Place, err error) {
		found, err := s.Search(ctx, sight, q, after, limit)
		for i := range found {
			by[shiftKey{found[i].FN, found[i].Shift}] = &found[i]
		}
		if len(found) == limit {
			next = store.PlaceOf(&found[limit-1])
		}
		return next, err
	}
	if q.Shift != 0 {
		_, err := read(store.Place{}, 1+spare)
		return by, err
	}
	// Most are closed within the window; a shift may be closed long after its last
	// receipt. From an opening on there is one report a shift, and the one that closes
	// what was open before.
	q.From = window.From.Add(shiftBefore)
	for after, more := (store.Place{}), true; more; more = after != (store.Place{}) {
		var err error
		if after, err = read(after, store.MaxLimit); err != nil {
			return nil, err
		}
	}
	q.From, q.To, q.FNs = window.To, time.Time{}, nil
	open := 0
	for _, shift := range shifts {
		if by[shiftKey{shift.FN, shift.Number}] != nil {
			continue
		}
		open++
		if !slices.Contains(q.FNs, shift.FN) {
			q.FNs = append(q.FNs, shift.FN)
		}
	}
	if open == 0 {
		return by, nil
	}
	_, err := read(store.Place{}, store.MaxLimit)
	return by, err
}

// spare reports are read beyond those that are looked for: documents come late.
const spare = 8
