package access

import (
	"cmp"
	"slices"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
)

// Sight is the part of the fiscal data a viewer may read: documents of registers whose
// user is this taxpayer, of each register those dated in intervals of its own: what was
// sold while it stood where the viewer sees. The zero Sight shows nothing. It is made
// by server/fleet, which knows what stood where, and narrowed by whoever filters.
type Sight struct {
	inn   fiscal.INN
	parts []part // by their intervals; those of one register do not overlap
}

// part is registers with one interval.
type part struct {
	from, to time.Time          // documents dated in [from, to); zero: no bound
	regs     []fiscal.RegNumber // ascending, each once; not empty
}

// Span is a time of which documents of a register may be read: dated in [From, To) by
// the register's own clock (tag 1012 shown in UTC); a zero bound is none.
type Span struct {
	Register fiscal.RegNumber
	From, To time.Time
}

// NewSight makes a sight of all times. Without a taxpayer it shows nothing: a
// register's number alone proves nothing about whose it is.
func NewSight(inn fiscal.INN, regs []fiscal.RegNumber) Sight {
	if inn == "" {
		return Sight{}
	}
	if len(regs) == 0 {
		return Sight{inn: inn}
	}
	regs = slices.Clone(regs)
	slices.Sort(regs)
	return Sight{inn: inn, parts: []part{{regs: slices.Compact(regs)}}}
}

// SightOf makes a sight of spans, which may overlap.
func SightOf(inn fiscal.INN, spans []Span) Sight {
	if inn == "" {
		return Sight{}
	}
	return Sight{inn: inn, parts: partsOf(spans)}
}

// partsOf puts registers with the same interval together.
func partsOf(spans []Span) (parts []part) {
	spans = slices.DeleteFunc(slices.Clone(spans), func(s Span) bool { return over(s.From, s.To) })
	slices.SortFunc(spans, func(a, b Span) int { return cmp.Or(cmp.Compare(a.Register, b.Register), a.From.Compare(b.From)) })
	type moment struct {
		seconds int64
		nanos   int
	}
	at := func(t time.Time) moment { return moment{t.Unix(), t.Nanosecond()} }
	place := map[[2]moment]int{}
	for i := 0; i < len(spans); {
		s := spans[i]
		for i++; i < len(spans) && spans[i].Register == s.Register && (s.To.IsZero() || !spans[i].From.After(s.To)); i++ {
			if to := spans[i].To; !s.To.IsZero() && (to.IsZero() || to.After(s.To)) {
				s.To = to
			}
		}
		key := [2]moment{at(s.From), at(s.To)}
		n, ok := place[key]
		if !ok {
			n = len(parts)
			place[key] = n
			parts = append(parts, part{from: s.From, to: s.To})
		}
		parts[n].regs = append(parts[n].regs, s.Register)
	}
	slices.SortStableFunc(parts, func(a, b part) int { return cmp.Or(a.from.Compare(b.from), a.to.Compare(b.to)) })
	return parts
}

// over tells that nothing is in [from, to).
func over(from, to time.Time) bool { return !to.IsZero() && !from.Before(to) }

// spans of the sight.
func (s Sight) spans() (all []Span) {
	for _, p := range s.parts {
		for _, reg := range p.regs {
			all = append(all, Span{reg, p.from, p.to})
		}
	}
	return all
}

// both is what two intervals have in common.
func both(from, to, otherFrom, otherTo time.Time) (time.Time, time.Time) {
	if otherFrom.After(from) {
		from = otherFrom
	}
	if to.IsZero() || (!otherTo.IsZero() && otherTo.Before(to)) {
		to = otherTo
	}
	return from, to
}

// Between cuts the sight to documents dated in [from, to); a zero bound is none. It
// never widens.
func (s Sight) Between(from, to time.Time) Sight {
	if len(s.parts) == 1 {
		p := s.parts[0]
		if p.from, p.to = both(p.from, p.to, from, to); over(p.from, p.to) {
			return Sight{inn: s.inn}
		}
		return Sight{inn: s.inn, parts: []part{p}}
	}
	spans := s.spans()
	for i := range spans {
		spans[i].From, spans[i].To = both(spans[i].From, spans[i].To, from, to)
	}
	return Sight{inn: s.inn, parts: partsOf(spans)}
}

// Only cuts the sight to registers among the given ones.
func (s Sight) Only(regs ...fiscal.RegNumber) Sight {
	among := make(map[fiscal.RegNumber]bool, len(regs))
	for _, r := range regs {
		among[r] = true
	}
	out := Sight{inn: s.inn}
	for _, p := range s.parts {
		if p.regs = slices.DeleteFunc(slices.Clone(p.regs), func(r fiscal.RegNumber) bool { return !among[r] }); len(p.regs) > 0 {
			out.parts = append(out.parts, p)
		}
	}
	return out
}

// And is what both sights show: nothing when they are of different taxpayers.
func (s Sight) And(o Sight) Sight {
	if s.inn != o.inn {
		return Sight{}
	}
	of := map[fiscal.RegNumber][]Span{}
	for _, span := range o.spans() {
		of[span.Register] = append(of[span.Register], span)
	}
	var spans []Span
	for _, a := range s.spans() {
		for _, b := range of[a.Register] {
			from, to := both(a.From, a.To, b.From, b.To)
			spans = append(spans, Span{a.Register, from, to})
		}
	}
	return Sight{inn: s.inn, parts: partsOf(spans)}
}

// Covers tells whether the sight shows all that the other does.
func (s Sight) Covers(o Sight) bool {
	if o.Empty() {
		return true
	}
	if s.inn != o.inn {
		return false
	}
	of := map[fiscal.RegNumber][]Span{}
	for _, span := range s.spans() {
		of[span.Register] = append(of[span.Register], span)
	}
	return !slices.ContainsFunc(o.spans(), func(b Span) bool {
		return !slices.ContainsFunc(of[b.Register], func(a Span) bool { // one of a register has no gaps
			return !b.From.Before(a.From) && (a.To.IsZero() || (!b.To.IsZero() && !b.To.After(a.To)))
		})
	})
}

// INN is the taxpayer whose documents are shown.
func (s Sight) INN() fiscal.INN { return s.inn }

// Registers are the numbers of the registers shown, at whatever time, ascending.
func (s Sight) Registers() []fiscal.RegNumber {
	if len(s.parts) == 1 {
		return slices.Clone(s.parts[0].regs)
	}
	var all []fiscal.RegNumber
	for _, p := range s.parts {
		all = append(all, p.regs...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Parts are sights that show together what this one does, each with one interval for
// all its registers, and no document twice. A sight that is not cut by places has one.
func (s Sight) Parts() []Sight {
	all := make([]Sight, len(s.parts))
	for i := range s.parts {
		all[i] = Sight{inn: s.inn, parts: s.parts[i : i+1]}
	}
	return all
}

// Dated is the interval documents of one of Parts must be dated in; zero bounds are
// none. A sight of several parts has no such interval: nothing is dated in what is
// returned then, so that who forgets the parts shows too little and not too much.
func (s Sight) Dated() (from, to time.Time) {
	switch len(s.parts) {
	case 0:
		return time.Time{}, time.Time{}
	case 1:
		return s.parts[0].from, s.parts[0].to
	}
	return time.Unix(0, 0).UTC(), time.Unix(0, 0).UTC()
}

// Empty tells that nothing can be seen.
func (s Sight) Empty() bool { return s.inn == "" || len(s.parts) == 0 }

// Shows tells whether a document of the register and taxpayer, dated so, is shown.
func (s Sight) Shows(reg fiscal.RegNumber, inn fiscal.INN, dated time.Time) bool {
	if s.Empty() || inn != s.inn {
		return false
	}
	return slices.ContainsFunc(s.parts, func(p part) bool {
		_, found := slices.BinarySearch(p.regs, reg)
		return found && !dated.Before(p.from) && (p.to.IsZero() || dated.Before(p.to))
	})
}
