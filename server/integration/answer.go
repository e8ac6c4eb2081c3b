package integration

import (
	"context"
	"errors"
	"time"
)

// Answer is what was said to a POST with an Idempotency-Key, kept to be said again
// (API-06).
type Answer struct {
	ID      string // digest of who asked, what, and the key
	Request string // digest of the request's body
	Status  int    // 0: still under way
	Header  map[string]string
	Body    []byte
	At      time.Time
}

// AnswerTerm is how long answers are kept.
const AnswerTerm = 24 * time.Hour

// staleClaim is when a request that never ended stops holding its key.
const staleClaim = 5 * time.Minute

// Begin takes an Idempotency-Key up. When it was used before, the earlier answer comes
// back and first is false; its Status is 0 while the first request is still under way.
func (s *Service) Begin(ctx context.Context, who, what, key, body string) (a Answer, first bool, err error) {
	now := s.o.Now()
	a = Answer{ID: digest(who + "\n" + what + "\n" + key), Request: digest(body), At: now}
	for range 2 {
		err = s.store.Claim(ctx, a)
		if err == nil {
			return a, true, nil
		}
		if !errors.Is(err, ErrTaken) {
			return a, false, err
		}
		earlier, failed := s.store.Answer(ctx, a.ID)
		if errors.Is(failed, ErrNotFound) {
			continue
		}
		if failed != nil {
			return a, false, failed
		}
		if age := now.Sub(earlier.At); age < AnswerTerm && (earlier.Status != 0 || age < staleClaim) {
			if s.seal != nil && len(earlier.Body) > 0 {
				if earlier.Body, err = s.seal.open(earlier.Body, a.ID); err != nil {
					return a, false, err
				}
			}
			return earlier, false, nil
		}
		if err := s.store.Forget(ctx, a.ID); err != nil {
			return a, false, err
		}
	}
	return a, false, err
}

// Same tells whether the repeated request is the one that was answered.
func (a Answer) Same(body string) bool { return a.Request == digest(body) }

// End keeps the answer for those who ask again; without a status the key is free.
func (s *Service) End(ctx context.Context, a Answer) error {
	if a.Status == 0 {
		return s.store.Forget(ctx, a.ID)
	}
	if s.seal != nil {
		var err error
		if a.Body, err = s.seal.close(a.Body, a.ID); err != nil {
			return err
		}
	}
	return s.store.Finish(ctx, a)
}
