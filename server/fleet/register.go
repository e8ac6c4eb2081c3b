package fleet

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/invalid"
)

// Entry is a register with all that is known of it.
type Entry struct {
	Register
	State State // zero before the first document
	// Stays are the times it stood where the viewer sees and the filter looked, the first
	// one first; those in which nothing can be dated are left out.
	Stays []Stay
}

// Seen tells whether the register has sent anything.
func (e Entry) Seen() bool { return !e.State.First.IsZero() }

// Filter of registers; zero fields do not filter.
type Filter struct {
	Text     string // part of name, РНМ, ЗН or ФН (CAB-072)
	Branch   string // department or outlet, with all below it
	Group    string
	Archived *bool
	Numbers  []fiscal.RegNumber
}

// Registers the viewer sees, by name. It fails only when the viewer may see none at
// all or the store does.
func (s *Service) Registers(ctx context.Context, v access.Viewer, f Filter) ([]Entry, error) {
	_, entries, err := s.Overview(ctx, v, f)
	return entries, err
}

// Overview is Tree and Registers at once.
func (s *Service) Overview(ctx context.Context, v access.Viewer, f Filter) (*Tree, []Entry, error) {
	t, all, err := s.kept(ctx, v, f)
	if err != nil {
		return nil, nil, err
	}
	states, err := s.states(ctx, v)
	if err != nil {
		return nil, nil, err
	}
	for i := range all {
		all[i].State = states[all[i].RegID]
	}
	entries := all
	byName(entries)
	if f.Text != "" {
		entries = slices.DeleteFunc(entries, func(e Entry) bool { return !e.holds(f.Text) })
	}
	return t, entries, nil
}

// byName puts registers in the order of lists.
func byName(entries []Entry) {
	slices.SortStableFunc(entries, func(a, b Entry) int {
		return strings.Compare(strings.ToLower(a.Name)+string(a.RegID), strings.ToLower(b.Name)+string(b.RegID))
	})
}

// kept are the registers that stand where the viewer sees without their states, but
// for f.Text, in no order.
func (s *Service) kept(ctx context.Context, v access.Viewer, f Filter) (*Tree, []Entry, error) {
	t, all, err := s.known(ctx, v, f)
	return t, slices.DeleteFunc(all, func(e Entry) bool { return !e.Here() }), err
}

// holds tells whether a part of the name or of a number is the text.
func (e Entry) holds(text string) bool {
	text = strings.ToLower(strings.TrimSpace(text))
	for _, in := range []string{e.Name, string(e.RegID), e.Serial, string(e.FN), string(e.State.FN), e.State.Registration.Serial} {
		if strings.Contains(strings.ToLower(in), text) {
			return true
		}
	}
	return false
}

func matches(r Register, f Filter) bool {
	return (f.Archived == nil || *f.Archived == !r.Archived.IsZero()) && (f.Group == "" || slices.Contains(r.Groups, f.Group)) &&
		(len(f.Numbers) == 0 || slices.Contains(f.Numbers, r.RegID))
}

// states of the registers of the viewer's taxpayer.
func (s *Service) states(ctx context.Context, v access.Viewer) (map[fiscal.RegNumber]State, error) {
	org, err := s.o.Orgs.Org(ctx, v)
	if err != nil || org.INN == "" {
		return nil, err
	}
	all, err := s.store.States(ctx, fiscal.INN(org.INN), "")
	if err != nil {
		return nil, err
	}
	by := make(map[fiscal.RegNumber]State, len(all))
	for _, one := range all {
		by[one.RegID] = one
	}
	return by, nil
}

// Register the viewer sees; ErrNotFound for others.
func (s *Service) Register(ctx context.Context, v access.Viewer, reg fiscal.RegNumber) (Entry, error) {
	found, err := s.Registers(ctx, v, Filter{Numbers: []fiscal.RegNumber{reg}})
	if err != nil {
		return Entry{}, err
	}
	if reg == "" || len(found) == 0 {
		return Entry{}, ErrNotFound
	}
	return found[0], nil
}

// Drives the register had, the present one first (CAB-071).
func (s *Service) Drives(ctx context.Context, v access.Viewer, reg fiscal.RegNumber) ([]Drive, error) {
	if _, err := s.Register(ctx, v, reg); err != nil {
		return nil, err
	}
	org, err := s.o.Orgs.Org(ctx, v)
	if err != nil || org.INN == "" {
		return nil, err
	}
	all, err := s.store.Drives(ctx, fiscal.INN(org.INN), reg)
	slices.SortFunc(all, func(a, b Drive) int { return b.First.Compare(a.First) })
	return all, err
}

// Sight is the part of the fiscal data the viewer may read: documents of the registers
// that f finds, archived ones among them, of the organisation's taxpayer, of each those
// that were made while it stood where the viewer sees, below f.Branch when it is given.
// It is empty before the taxpayer's number was given.
func (s *Service) Sight(ctx context.Context, v access.Viewer, f Filter) (access.Sight, error) {
	read := s.known
	if f.Text != "" { // what registers have sent matters then
		read = s.Known
	}
	_, entries, err := read(ctx, v, f)
	if err != nil {
		return access.Sight{}, err
	}
	org, err := s.o.Orgs.Org(ctx, v)
	if err != nil {
		return access.Sight{}, err
	}
	return v.Cut(access.SightOf(fiscal.INN(org.INN), Spans(entries, nil))), nil
}

// Connect adds a register (CAB-061, CAB-062).
func (s *Service) Connect(ctx context.Context, v access.Viewer, r Register) (Register, error) {
	r, err := s.check(ctx, v, r)
	if err != nil {
		return Register{}, err
	}
	r.Connected, r.Archived, r.Version = s.o.Now(), time.Time{}, 1
	t, err := s.whole(ctx, v)
	if err != nil {
		return Register{}, err
	}
	note, err := s.noteRegister(v, DeedConnect, r, slices.Concat(account.Given("ЗН", r.Serial), account.Given("точка", t.FullName(r.Outlet)), account.Given("группы", strings.Join(r.Groups, ", ")))...)
	if err != nil {
		return Register{}, err
	}
	err = s.store.CreateRegister(ctx, r, note)
	if errors.Is(err, ErrTaken) {
		return Register{}, errors.Join(ErrTaken, invalid.Fields{"regId": "Касса с этим РНМ уже добавлена."})
	}
	return r, err
}

// Change writes what people may change: name, model, numbers, outlet, groups. The place
// it stood in until now is kept.
func (s *Service) Change(ctx context.Context, v access.Viewer, r Register) error {
	stored, err := s.mine(ctx, v, r.RegID)
	if err != nil {
		return err
	}
	r.Connected, r.Archived, r.PaidUntil, r.Blocked = stored.Connected, stored.Archived, stored.PaidUntil, stored.Blocked
	if r, err = s.check(ctx, v, r); err != nil {
		return err
	}
	t, err := s.whole(ctx, v)
	if err != nil {
		return err
	}
	note, err := s.noteRegister(v, DeedChange, stored, stored.changes(r, t)...)
	if err != nil {
		return err
	}
	if r.Outlet == stored.Outlet {
		return s.store.UpdateRegister(ctx, r, note)
	}
	if r.Version != stored.Version {
		return ErrStale // the place it leaves is another one by now
	}
	left, err := s.leaves(ctx, v, t, stored)
	if err != nil {
		return err
	}
	return s.store.MoveRegister(ctx, r, left, note)
}

// mine is a register that the viewer may change.
func (s *Service) mine(ctx context.Context, v access.Viewer, reg fiscal.RegNumber) (Register, error) {
	if err := v.Need(access.EditRegisters); err != nil {
		return Register{}, err
	}
	e, err := s.Register(ctx, v, reg)
	return e.Register, err
}

// check verifies what was typed in; check digits of РНМ need ИНН and ЗН.
func (s *Service) check(ctx context.Context, v access.Viewer, r Register) (Register, error) {
	if err := v.Need(access.EditRegisters); err != nil {
		return r, err
	}
	org, err := s.o.Orgs.Org(ctx, v)
	if err != nil {
		return r, err
	}
	r.Org, r.Name, r.Model, r.Serial = v.Org(), strings.TrimSpace(r.Name), strings.TrimSpace(r.Model), strings.TrimSpace(r.Serial)
	bad := invalid.Fields{}
	if org.INN == "" {
		bad[""] = "Сначала заполните карточку организации: документы касс находят по ИНН."
	}
	number, err := fiscal.ParseRegNumber(string(r.RegID))
	if err == nil && !v.Sees(number) {
		return r, &access.Refusal{Missing: access.EditRegisters}
	}
	switch {
	case err != nil:
		bad["regId"] = "РНМ — 16 цифр, его даёт налоговая служба."
	case r.Serial == "":
		bad["serial"] = "Укажите заводской номер: по нему проверяются контрольные цифры РНМ."
	case org.INN != "" && number.Check(fiscal.INN(org.INN), r.Serial) != nil:
		bad["regId"] = "Контрольные цифры РНМ не подходят к ИНН организации и заводскому номеру."
	}
	r.RegID = number
	if r.FN != "" {
		if r.FN, err = fiscal.ParseFNNumber(string(r.FN)); err != nil || len(r.FN) != fiscal.FNNumberLen {
			bad["fn"] = "Номер ФН — 16 цифр."
		}
	}
	if r.Name == "" {
		r.Name = "Касса " + strings.TrimLeft(string(r.RegID), "0")
	}
	if err := s.place(ctx, v, r.Outlet); err != nil {
		if !errors.Is(err, ErrNotFound) {
			return r, err
		}
		bad["outlet"] = "Выберите торговую точку."
	}
	groups := r.Groups
	r.Groups = nil
	for _, g := range groups {
		if g = strings.TrimSpace(g); g != "" && !slices.Contains(r.Groups, g) {
			r.Groups = append(r.Groups, g)
		}
	}
	if len(bad) > 0 {
		return r, bad
	}
	return r, nil
}

// place is nil when the viewer may put a register into the outlet.
func (s *Service) place(ctx context.Context, v access.Viewer, outlet string) error {
	if outlet == "" && v.Whole() {
		return nil
	}
	t, err := s.Tree(ctx, v)
	if err != nil {
		return err
	}
	if n := t.Node(outlet); n.Kind != Outlet || !v.Within(v.Org(), t.Path(outlet)...) {
		return ErrNotFound
	}
	return nil
}

// Archive moves registers to the archive (CAB-081); their data stays.
func (s *Service) Archive(ctx context.Context, v access.Viewer, regs ...fiscal.RegNumber) error {
	for _, reg := range regs {
		r, err := s.mine(ctx, v, reg)
		if err != nil {
			return err
		}
		if r.Archived.IsZero() {
			r.Archived = s.o.Now()
			note, err := s.noteRegister(v, DeedArchive, r)
			if err != nil {
				return err
			}
			if err := s.store.UpdateRegister(ctx, r, note); err != nil {
				return err
			}
		}
	}
	return nil
}

// Remove takes a register out of the list for good when no document ever came of it. One
// that has documents goes to the archive, and they stay readable (CAB-064).
func (s *Service) Remove(ctx context.Context, v access.Viewer, reg fiscal.RegNumber) (archived bool, err error) {
	r, err := s.mine(ctx, v, reg)
	if err != nil {
		return false, err
	}
	e, err := s.Register(ctx, v, reg)
	if err != nil {
		return false, err
	}
	if e.Seen() {
		return true, s.Archive(ctx, v, reg)
	}
	note, err := s.noteRegister(v, DeedRemove, r)
	if err != nil {
		return false, err
	}
	return false, s.store.DeleteRegister(ctx, r, note)
}

// Restore returns registers from the archive while no active one has the same drive
// (CAB-082, DEC-03).
func (s *Service) Restore(ctx context.Context, v access.Viewer, regs ...fiscal.RegNumber) error {
	active := false
	for _, reg := range regs {
		r, err := s.mine(ctx, v, reg)
		if err != nil {
			return err
		}
		if r.Archived.IsZero() {
			continue
		}
		working, err := s.Registers(ctx, v, Filter{Archived: &active})
		if err != nil {
			return err
		}
		me, err := s.Register(ctx, v, reg)
		if err != nil {
			return err
		}
		for _, other := range working {
			if drive := me.drive(); drive != "" && other.drive() == drive {
				return invalid.Fields{"": "ФН " + string(drive) + " стоит в активной кассе «" + other.Name + "»."}
			}
		}
		r.Archived = time.Time{}
		note, err := s.noteRegister(v, DeedRestore, r)
		if err != nil {
			return err
		}
		if err := s.store.UpdateRegister(ctx, r, note); err != nil {
			return err
		}
	}
	return nil
}

// drive is the number of the drive as far as it is known: seen, else typed in.
func (e Entry) drive() fiscal.FNNumber {
	if e.State.FN != "" {
		return e.State.FN
	}
	return e.FN
}

// Drive number of the register as far as it is known.
func (e Entry) Drive() fiscal.FNNumber { return e.drive() }
