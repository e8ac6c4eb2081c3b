package notify

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// How sending goes on.
const (
	maxTries = 6
	every    = time.Second // a look at the outbox when nobody woke the sender
	batch    = 50
)

// Run sends what is due until ctx ends, and returns ctx's error.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	var swept time.Time
	for {
		if s.o.Keep > 0 && time.Since(swept) > time.Hour {
			swept = time.Now()
			s.dropOld(ctx)
		}
		for {
			n, err := s.Step(ctx)
			if err != nil && ctx.Err() == nil {
				s.o.Logger.Error("sending messages", "err", err)
			}
			if n == 0 || err != nil {
				break
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.wake:
		case <-tick.C:
		}
	}
}

// Step sends what is due now and tells how many messages it took up.
func (s *Service) Step(ctx context.Context) (int, error) {
	due, err := s.store.Due(ctx, s.o.Now(), batch)
	if err != nil {
		return 0, err
	}
	for _, m := range due {
		if err := s.send(ctx, m); err != nil {
			return 0, err
		}
	}
	return len(due), nil
}

// send takes a message up before it goes: two servers must not send it twice. One
// that dies in between leaves it sent and not delivered, which is seen in the list.
func (s *Service) send(ctx context.Context, m Message) error {
	m.State, m.Tries, m.Done = Sent, m.Tries+1, s.o.Now()
	if err := s.store.Settle(ctx, m, Queued); err != nil {
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		return err
	}
	carrier := s.o.Mail
	if m.Channel == SMS {
		carrier = s.o.SMS
	}
	err := carrier.Carry(ctx, m)
	var lasting *Lasting
	switch {
	case err == nil:
		m.State = Delivered
	case errors.As(err, &lasting):
		m.State, m.Reason = Failed, lasting.Reason
	case m.Tries >= maxTries:
		m.State, m.Reason = Failed, fmt.Sprintf("Не удалось отправить за %d попыток.", m.Tries)
		s.o.Logger.Error("message given up", "id", m.ID, "kind", m.Kind, "err", err)
	default:
		m.State, m.Due = Queued, s.o.Now().Add(time.Minute<<(m.Tries-1))
		s.o.Logger.Warn("message will be tried again", "id", m.ID, "kind", m.Kind, "err", err)
	}
	m.Done = s.o.Now()
	return s.store.Settle(context.WithoutCancel(ctx), m, Sent)
}

// dropOld removes messages that have outlived their term.
func (s *Service) dropOld(ctx context.Context) {
	n, err := s.Drop(ctx, s.o.Now().Add(-s.o.Keep))
	if err != nil && ctx.Err() == nil {
		s.o.Logger.Error("dropping old messages", "err", err)
	}
	if n > 0 {
		s.o.Logger.Info("old messages dropped", "messages", n)
	}
}
