package account

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/internal/ident"
	"github.com/fiscalbench/fiscalbench/server/access"
)

// From is where a person comes from: for limits, the list of sessions and the audit.
type From struct{ Address, Agent string }

// Login checks a password and opens a session. name is a phone, an e-mail or a user
// name (CAB-030 to CAB-032). The session has its organisation when the user has but
// one; else it has to be chosen (CAB-043). A wrong password and a name that does not
// exist are told apart by nothing, not even by time.
func (s *Service) Login(ctx context.Context, name, password string, from From) (token string, session Session, err error) {
	name = loginName(name)
	for _, key := range []string{"login " + from.Address, "login " + name} {
		if err := s.takeLogin(ctx, key, from); err != nil {
			return "", Session{}, err
		}
	}
	u, err := s.store.UserBy(ctx, name)
	hash := u.Password
	if errors.Is(err, ErrNotFound) {
		hash = s.nobody
	} else if err != nil {
		return "", Session{}, err
	}
	good, err := matches(hash, password)
	if err != nil {
		return "", Session{}, err
	}
	if !good || u.ID == "" {
		s.audit(ctx, Event{User: u.ID, Address: from.Address, Action: "login", Result: string(WrongPassword)})
		return "", Session{}, &Refused{Reason: WrongPassword}
	}
	if err := s.limits.Forget(ctx, "login "+name); err != nil {
		return "", Session{}, err
	}
	return s.open(ctx, u.ID, from)
}

// open makes a session of the user.
func (s *Service) open(ctx context.Context, user string, from From) (string, Session, error) {
	token, err := s.token()
	if err != nil {
		return "", Session{}, err
	}
	of, err := s.store.MemberOf(ctx, user)
	if err != nil {
		return "", Session{}, err
	}
	now := s.o.Now()
	session := Session{ID: digest(token), User: user, Address: from.Address, Agent: cut(from.Agent, 200), CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(SessionTerm)}
	if len(of) == 1 {
		session.Org = of[0].Org
	}
	if err := s.store.CreateSession(ctx, session); err != nil {
		return "", Session{}, err
	}
	s.audit(ctx, Event{User: user, Org: session.Org, Address: from.Address, Action: "login", Result: "ok"})
	return token, session, nil
}

// Enter opens a session without a password: for a user who has just brought back the
// letter of registration.
func (s *Service) Enter(ctx context.Context, user string, from From) (token string, session Session, err error) {
	return s.open(ctx, user, from)
}

// seenEvery is how often the time of a session's last use is written.
const seenEvery = time.Minute

// Resume finds the session of a token. It fails with a *Refused of Expired when there
// is none or its time is over.
func (s *Service) Resume(ctx context.Context, token string) (Session, User, error) {
	session, err := s.store.Session(ctx, digest(token))
	if errors.Is(err, ErrNotFound) {
		return Session{}, User{}, &Refused{Reason: Expired}
	}
	if err != nil {
		return Session{}, User{}, err
	}
	now := s.o.Now()
	if !now.Before(session.ExpiresAt) {
		return Session{}, User{}, &Refused{Reason: Expired}
	}
	u, err := s.store.User(ctx, session.User)
	if err != nil {
		return Session{}, User{}, err
	}
	if now.Sub(session.SeenAt) >= seenEvery {
		if err := s.store.TouchSession(ctx, session.ID, session.Org, now); err != nil {
			return Session{}, User{}, err
		}
		session.SeenAt = now
	}
	return session, u, nil
}

// Viewer is what the session may do in the organisation it has chosen: nothing
// before the choice or when the user is no member any more.
func (s *Service) Viewer(ctx context.Context, session Session) (access.Viewer, error) {
	if session.Org == "" {
		return access.Viewer{}, nil
	}
	m, err := s.store.Member(ctx, session.Org, session.User)
	if errors.Is(err, ErrNotFound) {
		return access.Viewer{}, nil
	}
	if err != nil {
		return access.Viewer{}, err
	}
	return access.View(access.Grant{Org: m.Org, User: m.User, Rights: m.Role.Rights(), Branches: m.Branches}), nil
}

// Choose sets the organisation of a session to one the user is a member of (CAB-043).
func (s *Service) Choose(ctx context.Context, session Session, org string) error {
	if _, err := s.store.Member(ctx, org, session.User); err != nil {
		if errors.Is(err, ErrNotFound) {
			return &Refused{Reason: Forbidden}
		}
		return err
	}
	return s.store.TouchSession(ctx, session.ID, org, s.o.Now())
}

// Orgs are the organisations the user can choose among.
func (s *Service) Orgs(ctx context.Context, user string) ([]Org, error) {
	of, err := s.store.MemberOf(ctx, user)
	if err != nil {
		return nil, err
	}
	orgs := make([]Org, 0, len(of))
	for _, m := range of {
		o, err := s.store.Org(ctx, m.Org)
		if err != nil {
			return nil, err
		}
		orgs = append(orgs, o)
	}
	return orgs, nil
}

// Logout ends the session.
func (s *Service) Logout(ctx context.Context, session Session) error {
	s.audit(ctx, Event{User: session.User, Org: session.Org, Address: session.Address, Action: "logout", Result: "ok"})
	return s.store.EndSession(ctx, session.User, session.ID)
}

// Sessions of a user, for the profile (CAB-046).
func (s *Service) Sessions(ctx context.Context, user string) ([]Session, error) {
	return s.store.Sessions(ctx, user)
}

// EndSession ends one session of the user.
func (s *Service) EndSession(ctx context.Context, user, id string) error {
	return s.store.EndSession(ctx, user, id)
}

// cut shortens s to at most n bytes and drops a letter cut in two.
func cut(s string, n int) string { return strings.ToValidUTF8(s[:min(n, len(s))], "") }

// audit writes an entry; a log that cannot be written is told about and stops nobody.
func (s *Service) audit(ctx context.Context, e Event) {
	id, err := s.newID()
	if err != nil {
		s.o.Logger.Error("audit", "err", err)
		return
	}
	e.At = s.o.Now()
	e.ID = ident.After(e.At, id)
	if err := s.store.AddEvent(ctx, e); err != nil {
		s.o.Logger.Error("audit", "action", e.Action, "err", err)
	}
}

// Audit adds an entry about something done elsewhere by a viewer.
func (s *Service) Audit(ctx context.Context, v access.Viewer, address, action, result, detail string) {
	s.audit(ctx, Event{Org: v.Org(), User: v.User(), Key: v.Key(), Address: address, Action: action, Result: result, Detail: detail})
}

// Events of the viewer's organisation, newest first; owners and administrators only.
func (s *Service) Events(ctx context.Context, v access.Viewer, f EventFilter) ([]Event, error) {
	if err := v.Need(access.ManageUsers); err != nil {
		return nil, err
	}
	return s.store.Events(ctx, v.Org(), f)
}

// Authors are the names of those who did what is told, by id, people who left the
// organisation among them.
func (s *Service) Authors(ctx context.Context, v access.Viewer, events []Event) (map[string]string, error) {
	if err := v.Need(access.ManageUsers); err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, e := range events {
		if _, known := names[e.User]; known || e.User == "" || e.Org != v.Org() {
			continue
		}
		u, err := s.store.User(ctx, e.User)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return nil, err
		}
		if names[e.User] = u.Name; u.Name == "" {
			names[e.User] = Mask(u.Email)
		}
	}
	return names, nil
}
