package account

import (
	"context"
	"errors"
	"time"

	"github.com/fiscalbench/fiscalbench/server/invalid"
)

// Forgot starts the recovery of a password (CAB-037 to CAB-039): a code by SMS when
// name is a phone, a letter with a link when it is an e-mail or a user name. Whether
// the name exists cannot be told from what happens. It returns how the answer goes
// out: ResetByPhone or ResetByLetter.
func (s *Service) Forgot(ctx context.Context, name string, from From) (Purpose, error) {
	if err := s.take(ctx, "forgot "+from.Address, 10, time.Hour); err != nil {
		return "", err
	}
	name = loginName(name)
	way := ResetByLetter
	if _, ok := Phone(name); ok {
		way = ResetByPhone
	}
	u, err := s.store.UserBy(ctx, name)
	if errors.Is(err, ErrNotFound) {
		return way, nil
	}
	if err != nil {
		return "", err
	}
	s.audit(ctx, Event{User: u.ID, Address: from.Address, Action: "password.forgot", Result: string(way)})
	if way == ResetByPhone {
		err = s.sendCode(ctx, u.ID, ResetByPhone, u.Phone, "NTF-01")
	} else if u.Email != "" {
		err = s.sendLink(ctx, u.ID, ResetByLetter, u.Email, "NTF-06", "/reset", ResetTerm)
	}
	var refused *Refused
	if errors.As(err, &refused) && refused.Reason == TooSoon {
		return way, nil // the code that was sent a moment ago still works
	}
	return way, err
}

// ResetByCode sets a new password with the code of an SMS (CAB-037, DEC-01).
func (s *Service) ResetByCode(ctx context.Context, phone, code, password, repeated string, from From) error {
	if err := newPassword(password, repeated); err != nil {
		return err
	}
	u, err := s.store.UserBy(ctx, loginName(phone))
	if errors.Is(err, ErrNotFound) {
		return &Refused{Reason: WrongCode}
	}
	if err != nil {
		return err
	}
	if _, err := s.useCode(ctx, u.ID, ResetByPhone, code); err != nil {
		var refused *Refused
		if errors.As(err, &refused) && refused.Reason == Expired {
			return &Refused{Reason: WrongCode} // as for a number that nobody has
		}
		return err
	}
	return s.setPassword(ctx, u, password, "", from)
}

// ResetByLink sets a new password with the link of a letter; it ends all sessions.
func (s *Service) ResetByLink(ctx context.Context, token, password, repeated string, from From) error {
	if err := newPassword(password, repeated); err != nil {
		return err
	}
	proof, err := s.useLink(ctx, ResetByLetter, token)
	if err != nil {
		return err
	}
	u, err := s.store.User(ctx, proof.User)
	if err != nil {
		return err
	}
	if proof.Subject == u.Email && u.EmailAt.IsZero() {
		u.EmailAt = s.o.Now() // the letter came through
	}
	return s.setPassword(ctx, u, password, "", from)
}

// ChangePassword asks for the current one and ends all other sessions (CAB-045).
func (s *Service) ChangePassword(ctx context.Context, session Session, current, password, repeated string) error {
	u, err := s.confirm(ctx, session, current, "password.change")
	if err != nil {
		return err
	}
	if err := newPassword(password, repeated); err != nil {
		return err
	}
	return s.setPassword(ctx, u, password, session.ID, From{Address: session.Address})
}

// confirm is the user of the session when the password is theirs; the audit hears of
// another one by the name of the action.
func (s *Service) confirm(ctx context.Context, session Session, password, action string) (User, error) {
	if err := s.take(ctx, "password "+session.User, loginTries, loginWindow); err != nil {
		return User{}, err
	}
	u, err := s.store.User(ctx, session.User)
	if err != nil {
		return User{}, err
	}
	good, err := matches(u.Password, password)
	if err != nil {
		return User{}, err
	}
	if !good {
		s.audit(ctx, Event{User: u.ID, Org: session.Org, Address: session.Address, Action: action, Result: string(WrongPassword)})
		return User{}, invalid.Fields{"current": "Текущий пароль указан неверно."}
	}
	return u, nil
}

func newPassword(password, repeated string) error {
	bad := invalid.Fields{}
	bad.Add("password", weak(password))
	if password != repeated {
		bad.Add("repeated", "Пароли не совпадают.")
	}
	return bad.Err()
}

func (s *Service) setPassword(ctx context.Context, u User, password, keep string, from From) error {
	hash, err := s.hash(password)
	if err != nil {
		return err
	}
	u.Password = hash
	if err := s.store.UpdateUser(ctx, u); err != nil {
		return err
	}
	s.audit(ctx, Event{User: u.ID, Address: from.Address, Action: "password.change", Result: "ok"})
	return s.store.EndSessions(ctx, u.ID, keep)
}

// ForgotLogin sends the login NTF-07 to the registered address of the owner of the
// organisation with these ИНН and КПП, and returns the address masked; empty when
// there is no such organisation (CAB-040).
func (s *Service) ForgotLogin(ctx context.Context, inn, kpp string, from From) (masked string, err error) {
	if err := s.take(ctx, "forgot "+from.Address, 10, time.Hour); err != nil {
		return "", err
	}
	o, err := s.store.OrgByINN(ctx, inn)
	if errors.Is(err, ErrNotFound) || (err == nil && o.KPP != kpp) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	u, err := s.store.User(ctx, o.Owner)
	if err != nil || u.Email == "" {
		return "", err
	}
	login := u.Login
	for _, other := range []string{u.Phone, u.Email} {
		if login == "" {
			login = other
		}
	}
	s.audit(ctx, Event{User: u.ID, Org: o.ID, Address: from.Address, Action: "login.forgot", Result: "ok"})
	return Mask(u.Email), s.o.Messenger.Letter(ctx, "NTF-07", u.Email, map[string]string{"login": login, "org": o.Name})
}
