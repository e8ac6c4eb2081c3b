package account

import (
	"context"
	"errors"
	"time"

	"github.com/fiscalbench/fiscalbench/server/invalid"
)

// Identity is an account elsewhere that opens the account of a user: who the provider
// says somebody is. Issuer and Subject never change for one person (OpenID Connect
// Core 1.0, 5.7); the address may.
type Identity struct {
	Issuer   string // address of the provider
	Subject  string // the person's id there
	User     string
	Provider string // name for people
	Email    string // as the provider told it the last time; may be empty
	Bound    time.Time
	Used     time.Time // when somebody came in by it the last time; zero: never
}

// Outside is somebody as an outside provider vouches for them.
type Outside struct {
	Issuer, Subject string
	Provider        string // name for people
	Email           string // empty unless the provider has verified it
}

// Refusals of outside identities, for the person who came.
var (
	outsideNobody   = invalid.Fields{"": "С адресом почты этой учётной записи никто не зарегистрирован, или он не подтверждён. Зарегистрируйтесь или войдите по паролю."}
	outsideUnvouch  = invalid.Fields{"": "Служба входа не подтвердила ваш адрес электронной почты. Войдите по паролю."}
	outsideOther    = invalid.Fields{"": "К пользователю с этим адресом уже привязана другая учётная запись этой службы. Войдите по паролю: отвязать её можно в профиле."}
	outsideUnbound  = invalid.Fields{"": "Эту службу входа вы отвязали. Войдите по паролю: привязать её снова можно в профиле."}
	outsideSomebody = invalid.Fields{"": "Эта учётная запись службы входа уже привязана к другому пользователю."}
	outsideSecond   = invalid.Fields{"": "К вам уже привязана другая учётная запись этой службы: сначала отвяжите её."}
)

// EnterBy opens a session for the person an outside identity provider vouches for
// (CAB-035).
//
// The first time that is the user whose confirmed address the provider has verified,
// who has nobody bound there and never unbound anybody: the identity is bound to that
// user. An address that either side has not confirmed binds nothing: whoever registers
// with somebody's address first could wait there for its owner. From then on issuer and
// subject decide, whatever becomes of the address; whoever gets the address later at the
// provider is another subject and does not come in. It fails with invalid.Fields.
func (s *Service) EnterBy(ctx context.Context, o Outside, from From) (token string, session Session, err error) {
	bound, err := s.bound(ctx, o, from)
	var refused invalid.Fields
	if errors.As(err, &refused) {
		s.audit(ctx, Event{User: bound.User, Address: from.Address, Action: "login.outside", Result: "unknown", Detail: o.Provider})
	}
	if err != nil {
		return "", Session{}, err
	}
	if err := s.store.UseIdentity(ctx, o.Issuer, o.Subject, o.Email, s.o.Now()); err != nil {
		if errors.Is(err, ErrNotFound) { // unbound at this moment
			return "", Session{}, outsideUnbound
		}
		return "", Session{}, err
	}
	if token, session, err = s.open(ctx, bound.User, from); err != nil {
		return "", Session{}, err
	}
	s.audit(ctx, Event{User: bound.User, Org: session.Org, Address: from.Address, Action: "login.outside", Result: "ok", Detail: o.Provider})
	return token, session, nil
}

// bound is the identity, which is bound now if it may be. With invalid.Fields it tells
// of the user, too, whose address it was.
func (s *Service) bound(ctx context.Context, o Outside, from From) (Identity, error) {
	if o.Issuer == "" || o.Subject == "" {
		return Identity{}, outsideNobody
	}
	i, err := s.store.Identity(ctx, o.Issuer, o.Subject)
	if err == nil || !errors.Is(err, ErrNotFound) {
		return i, err
	}
	if o.Email == "" {
		return Identity{}, outsideUnvouch
	}
	address, ok := Email(o.Email)
	if !ok {
		return Identity{}, outsideNobody
	}
	u, err := s.store.UserBy(ctx, address)
	if errors.Is(err, ErrNotFound) || err == nil && (u.Email != address || u.EmailAt.IsZero()) {
		return Identity{User: u.ID}, outsideNobody
	}
	if err != nil {
		return Identity{}, err
	}
	i = Identity{Issuer: o.Issuer, Subject: o.Subject, User: u.ID, Provider: o.Provider, Email: o.Email, Bound: s.o.Now()}
	switch err := s.store.BindIdentity(ctx, i, true); {
	case errors.Is(err, ErrUnbound):
		return i, outsideUnbound
	case errors.Is(err, ErrTaken):
		// By another subject; or by this one, in another window of the same moment.
		if now, err := s.store.Identity(ctx, o.Issuer, o.Subject); err == nil && now.User == u.ID {
			return now, nil
		}
		return i, outsideOther
	case err != nil:
		return Identity{}, err
	}
	s.audit(ctx, Event{User: u.ID, Org: s.onlyOrg(ctx, u.ID), Address: from.Address, Action: "identity.bind", Result: "ok", Detail: o.Provider})
	return i, nil
}

// onlyOrg is the organisation of a user who has but one, for the journal.
func (s *Service) onlyOrg(ctx context.Context, user string) string {
	if of, err := s.store.MemberOf(ctx, user); err == nil && len(of) == 1 {
		return of[0].Org
	}
	return ""
}

// Confirm checks the password of the person of a session, before something that a
// browser left open must not do. It fails with invalid.Fields of "current".
func (s *Service) Confirm(ctx context.Context, session Session, password, action string) error {
	_, err := s.confirm(ctx, session, password, action)
	return err
}

// Bind lets the person of a session come in by an outside identity from now on, whatever
// address it has: they have shown their password (Confirm) and then the identity. It
// fails with invalid.Fields when the identity is somebody else's, or when another of that
// provider is bound.
func (s *Service) Bind(ctx context.Context, session Session, o Outside) error {
	if o.Issuer == "" || o.Subject == "" {
		return outsideNobody
	}
	i := Identity{Issuer: o.Issuer, Subject: o.Subject, User: session.User, Provider: o.Provider, Email: o.Email, Bound: s.o.Now()}
	err := s.store.BindIdentity(ctx, i, false)
	if errors.Is(err, ErrTaken) {
		switch now, err := s.store.Identity(ctx, o.Issuer, o.Subject); {
		case err == nil && now.User == session.User:
			return nil
		case err == nil:
			s.audit(ctx, Event{User: session.User, Org: session.Org, Address: session.Address, Action: "identity.bind", Result: "taken", Detail: o.Provider})
			return outsideSomebody
		}
		return outsideSecond
	}
	if err != nil {
		return err
	}
	s.audit(ctx, Event{User: session.User, Org: session.Org, Address: session.Address, Action: "identity.bind", Result: "ok", Detail: o.Provider})
	return nil
}

// Identities that a user comes in by, for the profile.
func (s *Service) Identities(ctx context.Context, user string) ([]Identity, error) {
	return s.store.Identities(ctx, user)
}

// Unbind ends one identity of the person of a session, and all their other sessions:
// somebody may be in by it. Its provider opens this account no more, by an address
// neither, until the person binds it again.
func (s *Service) Unbind(ctx context.Context, session Session, issuer, subject string) error {
	if err := s.store.UnbindIdentity(ctx, session.User, issuer, subject, s.o.Now()); err != nil {
		return err
	}
	s.audit(ctx, Event{User: session.User, Org: session.Org, Address: session.Address, Action: "identity.unbind", Result: "ok", Detail: issuer})
	return s.store.EndSessions(ctx, session.User, session.ID)
}
