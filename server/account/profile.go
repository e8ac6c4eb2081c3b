package account

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/invalid"
)

// User is the person of a session.
func (s *Service) User(ctx context.Context, id string) (User, error) { return s.store.User(ctx, id) }

// Org is the viewer's organisation.
func (s *Service) Org(ctx context.Context, v access.Viewer) (Org, error) {
	if v.Org() == "" {
		return Org{}, ErrNotFound
	}
	return s.store.Org(ctx, v.Org())
}

// SetCard writes the requisites (CAB-016, CAB-051). The taxpayer's number can be
// given once: documents are shown by it.
func (s *Service) SetCard(ctx context.Context, v access.Viewer, c Card, version int64) error {
	if err := v.Need(access.EditOrg); err != nil {
		return err
	}
	if err := c.Check(); err != nil {
		return err
	}
	o, err := s.store.Org(ctx, v.Org())
	if err != nil {
		return err
	}
	if o.INN != "" && o.INN != c.INN {
		return invalid.Fields{"inn": "ИНН организации не меняется: для другого налогоплательщика добавьте аккаунт."}
	}
	o.Name, o.FullName, o.INN, o.KPP, o.OGRN = strings.TrimSpace(c.Name), strings.TrimSpace(c.FullName), c.INN, c.KPP, c.OGRN
	o.Address, o.Email, o.Phone, o.TimeZone, o.Version = strings.TrimSpace(c.Address), c.Email, c.Phone, c.TimeZone, version
	if err := s.store.UpdateOrg(ctx, o); err != nil {
		if errors.Is(err, ErrTaken) {
			return invalid.Fields{"inn": "Организация с этим ИНН уже зарегистрирована. Попросите её владельца пригласить вас."}
		}
		return err
	}
	s.audit(ctx, Event{Org: o.ID, User: v.User(), Key: v.Key(), Address: v.Address(), Action: "org.card", Result: "ok"})
	return nil
}

// AddOrg makes another organisation reachable with the same login (CAB-043).
func (s *Service) AddOrg(ctx context.Context, user, name string) (Org, error) {
	if name = strings.TrimSpace(name); name == "" {
		return Org{}, invalid.Fields{"name": "Укажите название организации или филиала."}
	}
	o, err := s.createOrg(ctx, user, name)
	if err == nil {
		s.audit(ctx, Event{Org: o.ID, User: user, Action: "org.add", Result: "ok"})
	}
	return o, err
}

// SetName changes the user's name and user name (CAB-053).
func (s *Service) SetName(ctx context.Context, user, name, login string) error {
	u, err := s.store.User(ctx, user)
	if err != nil {
		return err
	}
	login = strings.ToLower(strings.TrimSpace(login))
	bad := invalid.Fields{}
	if login != "" {
		bad.Add("login", badLogin(login))
	}
	if err := bad.Err(); err != nil {
		return err
	}
	u.Name, u.Login = strings.TrimSpace(name), login
	if err := s.store.UpdateUser(ctx, u); errors.Is(err, ErrTaken) {
		return invalid.Fields{"login": "Это имя пользователя занято."}
	} else if err != nil {
		return err
	}
	return nil
}

// ChangeEmail sends a link to the new address; the old one stays until it comes back
// (CAB-053).
func (s *Service) ChangeEmail(ctx context.Context, user, address string) error {
	address, ok := Email(address)
	if !ok {
		return invalid.Fields{"email": "Адрес электронной почты написан с ошибкой."}
	}
	return s.sendLink(ctx, user, ProveEmail, address, "NTF-02", "/confirm", LinkTerm)
}

// ChangePhone sends a code to the new number; ConfirmPhone makes the change.
func (s *Service) ChangePhone(ctx context.Context, user, phone string) error {
	phone, ok := Phone(phone)
	if !ok {
		return invalid.Fields{"phone": "Номер телефона: +7 и десять цифр."}
	}
	return s.sendCode(ctx, user, ProvePhone, phone, "NTF-01")
}

// Colleague is a member with the person.
type Colleague struct {
	Member
	Person User // without the password
}

// Colleagues are the members of the viewer's organisation.
func (s *Service) Colleagues(ctx context.Context, v access.Viewer) ([]Colleague, error) {
	if err := v.Need(access.ManageUsers); err != nil {
		return nil, err
	}
	members, err := s.store.Members(ctx, v.Org())
	if err != nil {
		return nil, err
	}
	all := make([]Colleague, 0, len(members))
	for _, m := range members {
		u, err := s.store.User(ctx, m.User)
		if err != nil {
			return nil, err
		}
		u.Password = ""
		all = append(all, Colleague{m, u})
	}
	return all, nil
}

// Give gives a member a role and cuts it to branches; the owner's cannot be changed
// and nobody gives more rights than they have.
func (s *Service) Give(ctx context.Context, v access.Viewer, user string, role access.Role, branches []string) error {
	if err := s.mayGive(ctx, v, user, role); err != nil {
		return err
	}
	m, err := s.store.Member(ctx, v.Org(), user)
	if err != nil {
		return err
	}
	m.Role, m.Branches = role, branches
	s.audit(ctx, Event{Org: v.Org(), User: v.User(), Key: v.Key(), Address: v.Address(), Action: "user.role", Result: "ok", Detail: user + " " + string(role)})
	return s.store.SetMember(ctx, m)
}

func (s *Service) mayGive(ctx context.Context, v access.Viewer, user string, role access.Role) error {
	if err := v.Need(access.ManageUsers); err != nil {
		return err
	}
	if !slices.Contains(access.Roles(), role) || !v.Can(role.Rights()) || !v.Whole() {
		return &access.Refusal{Missing: role.Rights()}
	}
	if user == "" {
		return nil
	}
	o, err := s.store.Org(ctx, v.Org())
	if err != nil {
		return err
	}
	if o.Owner == user {
		return invalid.Fields{"role": "Права владельца не меняются."}
	}
	return nil
}

// Remove takes a member out of the organisation.
func (s *Service) Remove(ctx context.Context, v access.Viewer, user string) error {
	if err := s.mayGive(ctx, v, user, access.Cashier); err != nil {
		return err
	}
	s.audit(ctx, Event{Org: v.Org(), User: v.User(), Key: v.Key(), Address: v.Address(), Action: "user.remove", Result: "ok", Detail: user})
	return s.store.RemoveMember(ctx, v.Org(), user)
}

// Invite adds a person by e-mail: one who has an account becomes a member at once,
// another gets an account without a password and a letter to set it (CAB-902).
func (s *Service) Invite(ctx context.Context, v access.Viewer, email, name string, role access.Role, branches []string) error {
	if err := s.mayGive(ctx, v, "", role); err != nil {
		return err
	}
	email, ok := Email(email)
	if !ok {
		return invalid.Fields{"email": "Адрес электронной почты написан с ошибкой."}
	}
	u, err := s.store.UserBy(ctx, email)
	fresh := errors.Is(err, ErrNotFound)
	if fresh {
		u, err = s.invited(ctx, email, name)
	}
	if err != nil {
		return err
	}
	if !fresh {
		// Whoever registered with somebody else's address must not get in by it.
		if u.EmailAt.IsZero() {
			return invalid.Fields{"email": "Владелец этого адреса ещё не подтвердил его."}
		}
		if _, err := s.store.Member(ctx, v.Org(), u.ID); err == nil {
			return invalid.Fields{"email": "Этот человек уже работает в организации."}
		}
	}
	if err := s.store.SetMember(ctx, Member{Org: v.Org(), User: u.ID, Role: role, Branches: branches, Since: s.o.Now()}); err != nil {
		return err
	}
	s.audit(ctx, Event{Org: v.Org(), User: v.User(), Key: v.Key(), Address: v.Address(), Action: "user.invite", Result: "ok", Detail: u.ID + " " + string(role)})
	if fresh {
		return s.sendLink(ctx, u.ID, ResetByLetter, email, "NTF-06", "/reset", InviteTerm)
	}
	return nil
}

// invited makes a user whose password nobody knows.
func (s *Service) invited(ctx context.Context, email, name string) (User, error) {
	id, err := s.newID()
	if err != nil {
		return User{}, err
	}
	secret, err := s.token()
	if err != nil {
		return User{}, err
	}
	hash, err := s.hash(secret)
	if err != nil {
		return User{}, err
	}
	u := User{ID: id, Email: email, Name: strings.TrimSpace(name), Password: hash, CreatedAt: s.o.Now()}
	return u, s.store.CreateUser(ctx, u)
}
