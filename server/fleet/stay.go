package fleet

import (
	"context"
	"slices"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/access"
)

// Left is a place that a register left.
type Left struct {
	RegID  fiscal.RegNumber
	Outlet string    // id of the node; empty: it stood nowhere
	At     time.Time // when
	// Wall is what the register's own clock showed then, in UTC, whole seconds: documents
	// dated then or later are of the next place. It goes by the zone of the place that is
	// left, and never back: a change of that zone later changes nothing.
	Wall time.Time
}

// Stay is a time a register stood in one place.
type Stay struct {
	Outlet string // id of the node; empty: nowhere
	// From and Until are the moments of the moves; zero From: since the register is
	// known, zero Until: it stands there.
	From, Until time.Time
	// Since and To bound the dates of documents made there: [Since, To) by the register's
	// own clock; zero bounds are none.
	Since, To time.Time
}

// Now tells whether it still stands there.
func (s Stay) Now() bool { return s.Until.IsZero() }

// empty tells that no document can be dated in it.
func (s Stay) empty() bool { return !s.To.IsZero() && !s.Since.Before(s.To) }

// stays of a register, the first one first, from the places it left, in order. They
// follow each other without a gap, from the beginning of time to its end.
func stays(r Register, left []Left) []Stay {
	all := make([]Stay, 0, len(left)+1)
	var next Stay
	for _, l := range left {
		next.Outlet, next.Until, next.To = l.Outlet, l.At, l.Wall
		all = append(all, next)
		next = Stay{From: l.At, Since: l.Wall}
	}
	next.Outlet = r.Outlet
	return append(all, next)
}

// leftBy are the places that registers of the viewer's organisation left.
func (s *Service) leftBy(ctx context.Context, v access.Viewer) (map[fiscal.RegNumber][]Left, error) {
	all, err := s.store.Left(ctx, v.Org())
	if err != nil || len(all) == 0 {
		return nil, err
	}
	by := map[fiscal.RegNumber][]Left{}
	for _, l := range all {
		by[l.RegID] = append(by[l.RegID], l)
	}
	return by, nil
}

// Here tells whether the register stands where the viewer sees and the filter looked;
// else it only stood there.
func (e Entry) Here() bool { return len(e.Stays) > 0 && e.Stays[len(e.Stays)-1].Now() }

// OutletAt is where the register stood when its clock showed wall, as a time of UTC;
// false when that is not for the viewer.
func (e Entry) OutletAt(wall time.Time) (outlet string, ok bool) {
	for _, s := range e.Stays {
		if !wall.Before(s.Since) && (s.To.IsZero() || wall.Before(s.To)) {
			return s.Outlet, true
		}
	}
	return "", false
}

// Spans of documents that were made in stays that keep says yes to; of all when keep is
// nil.
func Spans(entries []Entry, keep func(e *Entry, s Stay) bool) (all []access.Span) {
	for i := range entries {
		for _, s := range entries[i].Stays {
			if keep == nil || keep(&entries[i], s) {
				all = append(all, access.Span{Register: entries[i].RegID, From: s.Since, To: s.To})
			}
		}
	}
	return all
}

// Known are registers that stand or stood where the viewer sees, below f.Branch when it
// is given, with the times of that, by name. Of one that went out of the viewer's sight
// only its name and numbers are told; its Org is empty. Documents of these times may be read, and no
// others: Sight.
func (s *Service) Known(ctx context.Context, v access.Viewer, f Filter) (*Tree, []Entry, error) {
	t, entries, err := s.known(ctx, v, f)
	if err != nil {
		return nil, nil, err
	}
	states, err := s.states(ctx, v)
	if err != nil {
		return nil, nil, err
	}
	for i := range entries {
		e := &entries[i]
		if e.State = states[e.RegID]; e.Org == "" {
			e.State = e.State.until(e.Stays[len(e.Stays)-1].To)
		}
	}
	byName(entries)
	if f.Text != "" {
		entries = slices.DeleteFunc(entries, func(e Entry) bool { return !e.holds(f.Text) })
	}
	return t, entries, nil
}

// known is Known without states, but for f.Text, in no order.
func (s *Service) known(ctx context.Context, v access.Viewer, f Filter) (*Tree, []Entry, error) {
	t, err := s.Tree(ctx, v)
	if err != nil {
		return nil, nil, err
	}
	all, err := s.store.Registers(ctx, v.Org())
	if err != nil {
		return nil, nil, err
	}
	left, err := s.leftBy(ctx, v)
	if err != nil {
		return nil, nil, err
	}
	var entries []Entry
	for _, r := range all {
		if !v.Sees(r.RegID) || !matches(r, f) {
			continue
		}
		e := Entry{Register: r, Stays: stays(r, left[r.RegID])}
		e.Stays = slices.DeleteFunc(e.Stays, func(s Stay) bool {
			return s.empty() || !v.Within(v.Org(), t.Path(s.Outlet)...) || !t.Under(s.Outlet, f.Branch)
		})
		if len(e.Stays) == 0 {
			continue
		}
		if !v.Within(v.Org(), t.Path(r.Outlet)...) {
			e.Register = Register{RegID: r.RegID, Name: r.Name, Serial: r.Serial}
		}
		entries = append(entries, e)
	}
	return t, entries, nil
}

// until is what may be told of a register that left: whether it has sent anything, and
// how far it was, no further than the time it left.
func (st State) until(left time.Time) State {
	if st.LastWall.After(left) {
		st.LastWall = left
	}
	return State{RegID: st.RegID, UserINN: st.UserINN, First: st.First, LastWall: st.LastWall}
}

// Places where the register stands and stood, as far as the viewer sees them, the
// present one first (CAB-071); ErrNotFound when it does not stand there now.
func (s *Service) Places(ctx context.Context, v access.Viewer, reg fiscal.RegNumber) ([]Stay, error) {
	e, err := s.Register(ctx, v, reg)
	if err != nil {
		return nil, err
	}
	t, err := s.Tree(ctx, v)
	if err != nil {
		return nil, err
	}
	left, err := s.leftBy(ctx, v)
	if err != nil {
		return nil, err
	}
	all := slices.DeleteFunc(stays(e.Register, left[reg]), func(s Stay) bool { return !v.Within(v.Org(), t.Path(s.Outlet)...) })
	slices.Reverse(all)
	return all, nil
}

// leaves is the place that the register leaves now.
func (s *Service) leaves(ctx context.Context, v access.Viewer, t *Tree, r Register) (Left, error) {
	org, err := s.o.Orgs.Org(ctx, v)
	if err != nil {
		return Left{}, err
	}
	now := s.o.Now()
	c := now.In(t.Zone(r.Outlet, orgZone(org.TimeZone)))
	wall := time.Date(c.Year(), c.Month(), c.Day(), c.Hour(), c.Minute(), c.Second(), 0, time.UTC)
	return Left{RegID: r.RegID, Outlet: r.Outlet, At: now, Wall: wall}, nil
}
