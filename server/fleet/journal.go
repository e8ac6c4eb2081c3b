package fleet

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fiscalbench/fiscalbench/internal/ident"
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

	DeedAddNode    = "place.add"
	DeedSetNode    = "place.change"
	DeedRemoveNode = "place.remove"
)

// maxDetail bounds what an entry says, in letters.
const maxDetail = 1000

// note is an entry about something the viewer does now.
func (s *Service) note(v access.Viewer, action, about, detail string) (account.Event, error) {
	id, err := s.newID()
	if err != nil {
		return account.Event{}, err
	}
	if letters := []rune(detail); len(letters) > maxDetail {
		detail = string(letters[:maxDetail]) + "…"
	}
	now := s.o.Now()
	return account.Event{ID: ident.After(now, id), At: now, Org: v.Org(), User: v.User(), Key: v.Key(), Address: v.Address(),
		Action: action, Result: "ok", About: about, Detail: detail}, nil
}

// noteRegister is an entry about a register as it is, or was, and what was said of it.
func (s *Service) noteRegister(v access.Viewer, action string, r Register, said ...string) (account.Event, error) {
	return s.note(v, action, string(r.RegID), strings.Join(append([]string{"касса «" + r.Name + "», РНМ " + string(r.RegID)}, said...), "; "))
}

// noteNode is an entry about a node.
func (s *Service) noteNode(v access.Viewer, action string, n Node, said ...string) (account.Event, error) {
	kind := "торговая точка"
	if n.Kind == Department {
		kind = "подразделение"
	}
	return s.note(v, action, n.ID, strings.Join(append([]string{kind + " «" + n.Name + "»"}, said...), "; "))
}

// changed says in Russian what became of a field; nothing when it is as it was.
func changed(what, before, after string) []string {
	if before == after {
		return nil
	}
	quoted := func(s string) string {
		if s == "" {
			return "нет"
		}
		return "«" + s + "»"
	}
	return []string{what + ": " + quoted(before) + " → " + quoted(after)}
}

// given says in Russian what a field of something new is; nothing when it is empty.
func given(what, value string) []string {
	if value == "" {
		return nil
	}
	return []string{what + " «" + value + "»"}
}

// unchanged is said when a record was saved as it was.
func unchanged(said []string) []string {
	if len(said) == 0 {
		return []string{"без изменений"}
	}
	return said
}

// changes of a register; t knows the names of outlets.
func (r Register) changes(after Register, t *Tree) []string {
	return unchanged(slices.Concat(changed("название", r.Name, after.Name), changed("модель", r.Model, after.Model), changed("ЗН", r.Serial, after.Serial),
		changed("ФН", string(r.FN), string(after.FN)), changed("точка", t.FullName(r.Outlet), t.FullName(after.Outlet)),
		changed("группы", strings.Join(r.Groups, ", "), strings.Join(after.Groups, ", "))))
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
	return unchanged(slices.Concat(changed("название", n.Name, after.Name), changed("в подразделении", t.FullName(n.Parent), t.FullName(after.Parent)),
		changed("адрес", n.Address, after.Address), changed("часовой пояс", n.TimeZone, after.TimeZone), changed("на карте", where(n), where(after)),
		changed("целевая выручка", target(n), target(after))))
}
