// Package access says who may see and do what. It is the one place that decides:
// pages, API, exports, feeds and webhooks all ask here.
//
// A Viewer is somebody who asks, in one organisation; a Sight is what of the fiscal
// data a viewer may read. Services take them as arguments and cannot be called
// without. The package does not know passwords, keys or tables.
package access

import (
	"slices"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
)

// Right is one thing that a person or a key may do; rights are sets of bits.
type Right uint32

// Rights.
const (
	SeeRegisters  Right = 1 << iota // registers, outlets, monitoring
	SeeDocuments                    // fiscal documents of visible registers
	SeeRevenue                      // sums: analytics, shift figures, reports about money
	EditRegisters                   // connect, change, archive registers; outlets and departments
	OrderReports                    // order reports of the kinds that other rights allow
	SeeMessages                     // messages to buyers, with masked addresses
	EditMessages                    // switch messages on, design of receipts
	EditOrg                         // requisites of the organisation
	ManageUsers                     // invite people, give and take roles
	ManageKeys                      // API keys and webhooks
	SeeAllReports                   // reports ordered by others (CAB-123, CAB-232)
	DriveTheBench                   // clock, faults and emulated registers of the protocol desk

	none Right = 0
	all        = DriveTheBench<<1 - 1
)

// Role is a set of rights with a name (CAB-902).
type Role string

// Roles. The owner is the user who created the organisation's account.
const (
	Owner   Role = "owner"
	Admin   Role = "admin"
	Manager Role = "manager"
	IT      Role = "it"      // registers without revenue
	Cashier Role = "cashier" // receipts of own registers
)

var roles = map[Role]struct {
	rights Right
	title  string
}{
	Owner:   {all, "Владелец"},
	Admin:   {all &^ SeeAllReports, "Администратор"},
	Manager: {SeeRegisters | SeeDocuments | SeeRevenue | EditRegisters | OrderReports | SeeMessages | EditMessages, "Менеджер"},
	IT:      {SeeRegisters | EditRegisters | ManageKeys | DriveTheBench, "ИТ-специалист"},
	Cashier: {SeeRegisters | SeeDocuments, "Кассир"},
}

// Rights of the role; none of one that does not exist.
func (r Role) Rights() Right { return roles[r].rights }

// Title is the role's name for people, in Russian.
func (r Role) Title() string { return roles[r].title }

// Known tells whether the role exists.
func (r Role) Known() bool { _, ok := roles[r]; return ok }

// Roles that can be given to a member, the strongest first; not Owner.
func Roles() []Role { return []Role{Admin, Manager, IT, Cashier} }

// Grant is what somebody was given in one organisation.
type Grant struct {
	Org    string // id of the organisation
	User   string // id of the user; of a key's maker for a key
	Key    string // id of the API key; empty for a session
	Rights Right
	// Branches are ids of departments and outlets the grant is cut to, with all below
	// them (CAB-009). Empty: the whole organisation.
	Branches []string
	// Limits of the API keys it was narrowed through; none for a session.
	Limits []Limits `json:",omitempty"`
}

// Viewer is somebody who asks. The zero Viewer may do nothing and sees nothing.
type Viewer struct {
	g       Grant
	address string
}

// Limits are what an API key is cut to (API-02); zero fields do not cut.
type Limits struct {
	Rights    Right              // 0: none at all
	Branches  []string           // departments and outlets, with all below them
	Registers []fiscal.RegNumber // these only
	// From and To bound the dates of documents by the register's own clock: [From, To).
	From, To time.Time
}

// Through is the viewer as seen through an API key: never wider than the viewer.
func (v Viewer) Through(key string, l Limits) Viewer {
	v.g.Key = key
	v.g.Rights &= l.Rights
	v.g.Limits = append(slices.Clip(v.g.Limits), l.clone())
	return v
}

func (l Limits) clone() Limits {
	l.Branches, l.Registers = slices.Clone(l.Branches), slices.Clone(l.Registers)
	return l
}

// Under is the viewer narrowed to the limits that the grant had: for work that was
// ordered through an API key and is done later.
func (v Viewer) Under(g Grant) Viewer {
	for _, l := range g.Limits {
		v = v.Through(g.Key, l)
	}
	return v
}

// Limited tells whether a key shows less than its maker sees: branches, registers or
// dates of theirs.
func (v Viewer) Limited() bool {
	return v.Picked() || v.Dated() || slices.ContainsFunc(v.g.Limits, func(l Limits) bool { return len(l.Branches) > 0 })
}

// Sees tells whether no limit hides the register of that number.
func (v Viewer) Sees(reg fiscal.RegNumber) bool {
	return v.g.Org != "" && !slices.ContainsFunc(v.g.Limits, func(l Limits) bool { return len(l.Registers) > 0 && !slices.Contains(l.Registers, reg) })
}

// Picked tells whether the viewer is cut to registers one by one.
func (v Viewer) Picked() bool {
	return slices.ContainsFunc(v.g.Limits, func(l Limits) bool { return len(l.Registers) > 0 })
}

// Dated tells whether the viewer is limited to dates.
func (v Viewer) Dated() bool {
	return slices.ContainsFunc(v.g.Limits, func(l Limits) bool { return !l.From.IsZero() || !l.To.IsZero() })
}

// Cut narrows a sight to the dates the viewer is limited to.
func (v Viewer) Cut(s Sight) Sight {
	for _, l := range v.g.Limits {
		s = s.Between(l.From, l.To)
	}
	return s
}

// View makes a viewer of a grant. Only those who have checked a session or a key
// call it; internal/archtest knows who they are.
func View(g Grant) Viewer { return Viewer{g: g.clone()} }

func (g Grant) clone() Grant {
	g.Branches, g.Limits = slices.Clone(g.Branches), slices.Clone(g.Limits)
	for i := range g.Limits {
		g.Limits[i] = g.Limits[i].clone()
	}
	return g
}

// Grant is what the viewer was given, for work that is done later: whoever does it
// asks again what the viewer may do by then.
func (v Viewer) Grant() Grant { return v.g.clone() }

// Org is the id of the organisation; empty for nobody.
func (v Viewer) Org() string { return v.g.Org }

// User is the id of the user.
func (v Viewer) User() string { return v.g.User }

// Key is the id of the API key; empty for a session.
func (v Viewer) Key() string { return v.g.Key }

// At is the viewer asking from an address now, for the journal; it decides nothing and
// is no part of the grant.
func (v Viewer) At(address string) Viewer {
	v.address = address
	return v
}

// Address the viewer asks from; empty when nobody said.
func (v Viewer) Address() string { return v.address }

// Can tells whether the viewer has all of the rights.
func (v Viewer) Can(r Right) bool { return v.g.Org != "" && v.g.Rights&r == r }

// Whole tells whether the viewer is not cut to branches.
func (v Viewer) Whole() bool {
	return v.g.Org != "" && len(v.g.Branches) == 0 && !slices.ContainsFunc(v.g.Limits, func(l Limits) bool { return len(l.Branches) > 0 })
}

// Within tells whether the viewer may see something that belongs to org and lies at
// the end of path: ids of departments and the outlet, in any order. A thing without
// a place (empty path) is seen only by those who see the whole organisation.
func (v Viewer) Within(org string, path ...string) bool {
	if org == "" || v.g.Org != org {
		return false
	}
	in := func(branches []string) bool {
		return len(branches) == 0 || slices.ContainsFunc(path, func(id string) bool { return slices.Contains(branches, id) })
	}
	return in(v.g.Branches) && !slices.ContainsFunc(v.g.Limits, func(l Limits) bool { return !in(l.Branches) })
}

// Need is nil when the viewer has the rights, else a *Refusal.
func (v Viewer) Need(r Right) error {
	if v.Can(r) {
		return nil
	}
	return &Refusal{Missing: r}
}

// Refusal says that a right is missing.
type Refusal struct{ Missing Right }

func (e *Refusal) Error() string { return "access: no right: " + e.Missing.String() }

var rightNames = []string{"registers", "documents", "revenue", "edit registers", "reports", "messages", "edit messages",
	"organisation", "users", "keys", "all reports", "bench"}

// String lists the rights, divided by commas.
func (r Right) String() string {
	out := ""
	for i, name := range rightNames {
		if r&(1<<i) != 0 {
			if out != "" {
				out += ", "
			}
			out += name
		}
	}
	if out == "" {
		return "nothing"
	}
	return out
}
