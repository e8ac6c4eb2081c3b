package access

import (
	"slices"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
)

// Sight is the part of the fiscal data a viewer may read: documents of these
// registers whose user is this taxpayer. The zero Sight shows nothing. It is made
// by server/fleet, which knows what stands where, and narrowed by whoever filters.
type Sight struct {
	inn  fiscal.INN
	regs []fiscal.RegNumber // ascending, each once
	from time.Time          // documents dated earlier are hidden; zero: none
	to   time.Time          // documents dated then or later are hidden; zero: none
}

// NewSight makes a sight. Without a taxpayer it shows nothing: a register's number
// alone proves nothing about whose it is.
func NewSight(inn fiscal.INN, regs []fiscal.RegNumber) Sight {
	if inn == "" {
		return Sight{}
	}
	regs = slices.Clone(regs)
	slices.Sort(regs)
	return Sight{inn: inn, regs: slices.Compact(regs)}
}

// Between cuts the sight to documents dated in [from, to) by the register's own clock
// (tag 1012 shown in UTC); a zero bound is none. It never widens.
func (s Sight) Between(from, to time.Time) Sight {
	if s.from.IsZero() || from.After(s.from) {
		s.from = from
	}
	if s.to.IsZero() || (!to.IsZero() && to.Before(s.to)) {
		s.to = to
	}
	return s
}

// Only cuts the sight to registers among the given ones.
func (s Sight) Only(regs ...fiscal.RegNumber) Sight {
	s.regs = slices.DeleteFunc(slices.Clone(s.regs), func(r fiscal.RegNumber) bool { return !slices.Contains(regs, r) })
	return s
}

// INN is the taxpayer whose documents are shown.
func (s Sight) INN() fiscal.INN { return s.inn }

// Registers are the numbers of the registers shown, ascending.
func (s Sight) Registers() []fiscal.RegNumber { return slices.Clone(s.regs) }

// Dated is the interval documents must be dated in; zero bounds are none.
func (s Sight) Dated() (from, to time.Time) { return s.from, s.to }

// Empty tells that nothing can be seen.
func (s Sight) Empty() bool { return s.inn == "" || len(s.regs) == 0 }

// Shows tells whether a document of the register and taxpayer, dated so, is shown.
func (s Sight) Shows(reg fiscal.RegNumber, inn fiscal.INN, dated time.Time) bool {
	if s.Empty() || inn != s.inn {
		return false
	}
	if _, found := slices.BinarySearch(s.regs, reg); !found {
		return false
	}
	return !dated.Before(s.from) && (s.to.IsZero() || dated.Before(s.to))
}
