package account

import (
	"context"
	"errors"
	"time"

	"github.com/fiscalbench/fiscalbench/server/tries"
)

const (
	loginTries  = 10
	loginWindow = 15 * time.Minute
)

// take notes a try for key and refuses it when there were n in the window. All servers
// of a base count together.
func (s *Service) take(ctx context.Context, key string, n int, window time.Duration) error {
	err := s.limits.Take(ctx, key, n, window)
	var many *tries.TooMany
	if errors.As(err, &many) {
		return &Refused{Reason: TooMany, Wait: many.Wait}
	}
	return err
}

// takeLogin notes a try to come in; the audit hears of a refusal.
func (s *Service) takeLogin(ctx context.Context, key string, from From) error {
	err := s.take(ctx, key, loginTries, loginWindow)
	var refused *Refused
	if errors.As(err, &refused) {
		s.audit(ctx, Event{Address: from.Address, Action: "login", Result: string(TooMany)})
	}
	return err
}
