package account

import (
	"context"
	"errors"
	"strings"

	"github.com/fiscalbench/fiscalbench/fiscal"
)

// TakesINN tells whether the setting is on.
func (s *Service) TakesINN() bool { return s.o.LoginByINN }

// ByINN tells whether people may come in with what was typed as an organisation's ИНН:
// the setting is on and the number has right check digits (CAB-033). It tells nothing
// about whether there is such an organisation.
func (s *Service) ByINN(name string) bool {
	_, err := fiscal.ParseINN(strings.TrimSpace(name))
	return s.o.LoginByINN && err == nil
}

// LoginAs is Login that takes an ИНН for a name too. An organisation with one user is
// that user; of one with several, which is the login of the one who comes. A phone or
// a user name that looks like an ИНН stays what it is.
//
// Whether the ИНН is unknown, has several users and none was named, or the password is
// wrong cannot be told apart: each is a *Refused of WrongPassword after one comparison.
func (s *Service) LoginAs(ctx context.Context, name, which, password string, from From) (token string, session Session, err error) {
	if !s.ByINN(name) {
		return s.Login(ctx, name, password, from)
	}
	inn := strings.TrimSpace(name)
	if err := s.takeLogin(ctx, "login inn "+inn, from); err != nil {
		return "", Session{}, err
	}
	login, org, err := s.resolve(ctx, inn, which)
	if err != nil {
		return "", Session{}, err
	}
	if token, session, err = s.Login(ctx, login, password, from); err != nil {
		return "", Session{}, err
	}
	if err := s.limits.Forget(ctx, "login inn "+inn); err != nil {
		return "", Session{}, err
	}
	if org == "" || session.Org == org {
		return token, session, nil
	}
	if err := s.Choose(ctx, session, org); err != nil {
		return "", Session{}, err
	}
	session.Org = org
	return token, session, nil
}

// nobody is a login that no user can have: a user name has no spaces. Each ИНН has its
// own, as tries are counted by login.
func nobody(inn string) string { return "no user of " + inn }

// resolve finds the login that an ИНН stands for and the organisation to open.
func (s *Service) resolve(ctx context.Context, inn, which string) (login, org string, err error) {
	u, err := s.store.UserBy(ctx, loginName(inn))
	if err == nil {
		return loginName(inn), "", nil
	}
	if !errors.Is(err, ErrNotFound) {
		return "", "", err
	}
	o, err := s.store.OrgByINN(ctx, inn)
	if errors.Is(err, ErrNotFound) {
		return nobody(inn), "", nil
	}
	if err != nil {
		return "", "", err
	}
	members, err := s.store.Members(ctx, o.ID)
	if err != nil {
		return "", "", err
	}
	if which = loginName(which); which != "" {
		if u, err = s.store.UserBy(ctx, which); err != nil && !errors.Is(err, ErrNotFound) {
			return "", "", err
		}
		for _, m := range members {
			if err == nil && m.User == u.ID {
				return which, o.ID, nil
			}
		}
		return nobody(inn), "", nil
	}
	if len(members) != 1 {
		return nobody(inn), "", nil
	}
	if u, err = s.store.User(ctx, members[0].User); err != nil {
		return "", "", err
	}
	for _, own := range []string{u.Email, u.Phone, u.Login} {
		if own != "" {
			return own, o.ID, nil
		}
	}
	return nobody(inn), "", nil
}
