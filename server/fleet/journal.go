package fleet

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/account"
)

// Entries of the journal about registers and where they stand (CAB-912). The
// service writes each in the transaction of the change itself, so that neither a page
// nor the API can leave it out, and a change that failed leaves none. About is the РНМ or
// the id of the node.
const (
	DeedConnect = "register.connect"
	DeedChange  = "register.change"
	DeedArchive = "register.archive"
	DeedRestore = "register.restore"
	DeedRemove  = "register.remove"

	DeedAddNode    = "place.add"
	DeedSetNode    = "place.change"
	DeedRemoveNode = "place.remove"
)

// note is an entry about something the viewer does now.
func (s *Service) note(v access.Viewer, action, about string, said ...string) (account.Event, error) {
	return account.Entry(v, s.o.Now(), s.o.Random, action, about, said...)
}

// noteRegister is an entry about a register as it is, or was, and what was said of it.
func (s *Service) noteRegister(v access.Viewer, action string, r Register, said ...string) (account.Event, error) {
	return s.note(v, action, string(r.RegID), append([]string{"касса «" + r.Name + "», РНМ " + string(r.RegID)}, said...)...)
}

// noteNode is an entry about a node.
func (s *Service) noteNode(v access.Viewer, action string, n Node, said ...string) (account.Event, error) {
	kind := "торговая точка"
	if n.Kind == Department {
		kind = "подразделение"
	}
	return s.note(v, action, n.ID, append([]string{kind + " «" + n.Name + "»"}, said...)...)
}

// changes of a register; t knows the names of outlets.
func (r Register) changes(after Register, t *Tree) []string {
	return account.Unchanged(slices.Concat(account.Changed("название", r.Name, after.Name), account.Changed("модель", r.Model, after.Model), account.Changed("ЗН", r.Serial, after.Serial),
		account.Changed("ФН", string(r.FN), string(after.FN)), account.Changed("точка", t.FullName(r.Outlet), t.FullName(after.Outlet)),
		account.Changed("группы", strings.Join(r.Groups, ", "), strings.Join(after.Groups, ", "))))
}

// changes of a node; t knows the names of departments.
func (n Node) changes(after Node, t *Tree) []string {
	where := func(n Node) string {
		if n.Lat == 0 && n.Lon == 0 {
			return ""
		}
		return fmt.Sprintf("%g, %g", n.Lat, n.Lon)
	}
	target := func(n Node) string {
		if n.Target == 0 {
			return ""
		}
		return n.Target.String()
	}
	return account.Unchanged(slices.Concat(account.Changed("название", n.Name, after.Name), account.Changed("в подразделении", t.FullName(n.Parent), t.FullName(after.Parent)),
		account.Changed("адрес", n.Address, after.Address), account.Changed("часовой пояс", n.TimeZone, after.TimeZone), account.Changed("на карте", where(n), where(after)),
		account.Changed("целевая выручка", target(n), target(after))))
}
