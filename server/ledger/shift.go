package ledger

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
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

// A drive takes receipts for 24 hours of a shift (FN-022): lists of documents look for
// those of a shift within these bounds of its opening by the register's clock.
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
	shifts, wanted := make([]*Shift, len(opened)), make([]store.ShiftOf, len(opened))
	for i := range opened {
		o := &opened[i]
		all[i] = Shift{FN: o.FN, Number: o.Shift, RegID: o.RegID, Cashier: o.Cashier, Opened: o.At, OpenFD: o.FD}
		shifts[i], wanted[i] = &all[i], store.ShiftOf{FN: o.FN, Number: o.Shift}
	}
	return all, next, s.fill(ctx, sight, store.Search{Shifts: wanted}, shifts)
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
	if err := s.fill(ctx, sight, store.Search{FN: fn, Shift: number}, []*Shift{&shift}); err != nil || !shift.IsClosed() || !seesAll(sight, &shift) {
		return shift, err
	}
	return shift, s.compareLife(ctx, sight, &shift)
}

// fill puts to the shifts what they add up to, q finding all of them, and compares those
// that are closed with their reports.
func (s *Service) fill(ctx context.Context, sight access.Sight, q store.Search, shifts []*Shift) error {
	figures, err := s.Figures(ctx, sight, q, store.ByShift)
	if err != nil {
		return err
	}
	totals := make(map[store.ShiftOf]Totals, len(figures))
	for _, f := range figures {
		totals[store.ShiftOf{FN: fiscal.FNNumber(f.Key), Number: f.Shift}] = Totals{f}
	}
	gaps := map[fiscal.FNNumber][]store.Gap{}
	for _, shift := range shifts {
		if t, ok := totals[store.ShiftOf{FN: shift.FN, Number: shift.Number}]; ok {
			shift.Totals = t
		}
		if _, known := gaps[shift.FN]; !known {
			gaps[shift.FN], _ = s.Gaps(ctx, sight, shift.FN) // of a drive that moved elsewhere nothing is said
		}
		for _, g := range gaps[shift.FN] {
			if from, to := max(g.From, shift.FirstFD), min(g.To, shift.LastFD); from <= to {
				shift.Missing += int64(to-from) + 1
			}
		}
		if shift.Closing != 0 {
			if err := s.close(ctx, sight, shift); err != nil {
				return err
			}
		}
	}
	return nil
}

// close reads the closing report of the shift.
func (s *Service) close(ctx context.Context, sight access.Sight, shift *Shift) error {
	d, err := s.Document(ctx, sight, shift.FN, shift.Closing)
	if err != nil {
		return fmt.Errorf("ledger: reading the closing report: %w", err)
	}
	shift.Closed, shift.CloseFD = dated(&d), d.FD
	doc, err := ffd.Decode(d.STLV)
	if err != nil || doc.Form != fiscal.FormCloseShift {
		return nil // it was not read, so nothing is compared
	}
	if cashier := doc.Text(ffd.TagCashier); cashier != "" {
		shift.Cashier = cashier
	}
	if seesAll(sight, shift) {
		shift.Checks = compare(shift, doc)
	}
	return nil
}
