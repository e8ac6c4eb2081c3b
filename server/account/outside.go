package account

import (
	"context"
	"errors"
)

// EnterBy opens a session for the person whose e-mail an outside identity provider
// vouches for (CAB-035). The address has to be the confirmed one of a user: else whoever
// registers with somebody's address first could wait there for its owner. It fails with
// InvalidFields when nobody has it.
func (s *Service) EnterBy(ctx context.Context, provider, email string, from From) (token string, session Session, err error) {
	nobody := InvalidFields{{Text: "С адресом почты этой учётной записи никто не зарегистрирован, или он не подтверждён. Зарегистрируйтесь или войдите по паролю."}}
	address, ok := Email(email)
	if !ok {
		return "", Session{}, nobody
	}
	u, err := s.store.UserBy(ctx, address)
	if errors.Is(err, ErrNotFound) || err == nil && (u.Email != address || u.EmailAt.IsZero()) {
		s.audit(ctx, Event{User: u.ID, Address: from.Address, Action: "login.outside", Result: "unknown", Detail: provider})
		return "", Session{}, nobody
	}
	if err != nil {
		return "", Session{}, err
	}
	if token, session, err = s.open(ctx, u.ID, from); err != nil {
		return "", Session{}, err
	}
	s.audit(ctx, Event{User: u.ID, Org: session.Org, Address: from.Address, Action: "login.outside", Result: "ok", Detail: provider})
	return token, session, nil
}
