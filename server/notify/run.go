package notify

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// How sending goes on.
const (
	maxTries = 6
	every    = time.Second // a look at the outbox when nobody woke the sender
	batch    = 50
	senders  = 8 // of a channel: a slow delivery holds up one of them
	// lease is how long a delivery may take; then another server takes the message up.
	lease = 5 * time.Minute
)

// Run sends what is due until ctx ends, and returns ctx's error.
func (s *Service) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, c := range channels {
		g.Go(func() error { return s.run(ctx, c) })
	}
	g.Go(func() error { return s.sweep(ctx) })
	return g.Wait()
}

// run sends what is due on a channel: neither holds the other up.
func (s *Service) run(ctx context.Context, c Channel) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		for {
			n, err := s.step(ctx, c)
			if err != nil && ctx.Err() == nil {
				s.o.Logger.Error("sending messages", "channel", string(c), "err", err)
			}
			if n == 0 || err != nil {
				break
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.wake[c]:
		case <-tick.C:
		}
	}
}

// sweep drops old messages every hour.
func (s *Service) sweep(ctx context.Context) error {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		if s.o.Keep > 0 {
			s.dropOld(ctx)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// Step sends what is due now and tells how many messages it took up.
func (s *Service) Step(ctx context.Context) (int, error) {
	var taken atomic.Int64
	var g errgroup.Group
	for _, c := range channels {
		g.Go(func() error {
			n, err := s.step(ctx, c)
			taken.Add(int64(n))
			return err
		})
	}
	err := g.Wait()
	return int(taken.Load()), err
}

func (s *Service) step(ctx context.Context, c Channel) (int, error) {
	due, err := s.store.Due(ctx, c, s.o.Now(), batch)
	if err != nil {
		return 0, err
	}
	var g errgroup.Group
	g.SetLimit(senders)
	for _, m := range due {
		g.Go(func() error { return s.send(ctx, m) })
	}
	return len(due), g.Wait()
}

// Delayer is a carrier that wants messages to wait before they are given to it. They
// wait in the outbox, and hold up nobody.
type Delayer interface{ Delay() time.Duration }

// postpone puts off a message that its carrier wants later, and tells whether it did.
// One that was put off already has waited: from its last change to its time.
func (s *Service) postpone(ctx context.Context, m Message, c Carrier) (bool, error) {
	d, ok := c.(Delayer)
	if !ok {
		return false, nil
	}
	wait := d.Delay()
	if m.State != Queued || wait <= 0 || m.Due.Sub(m.Done) >= wait {
		return false, nil
	}
	m.Done = s.o.Now()
	m.Due = m.Done.Add(wait)
	return true, s.store.Settle(ctx, m, Queued, m.Tries)
}

// Reporter is a carrier that tells a while after it took a message that it is there. The
// message is sent until then.
type Reporter interface{ Reports() time.Duration }

// Awaited is the reason of a message that was carried and is not reported yet.
const Awaited = "Ждём отчёта о доставке."

// reported ends the wait for a report that has come.
func (s *Service) reported(ctx context.Context, m Message) error {
	m.State, m.Reason, m.Done = Delivered, "", s.o.Now()
	err := s.store.Settle(ctx, m, Sent, m.Tries)
	if errors.Is(err, ErrNotFound) {
		return nil // another server was faster
	}
	return err
}

// send takes a message up before it goes, so that of several servers one sends it. One
// that dies in between leaves it sent and not delivered; after the lease it is taken up
// again: it may come twice, and is not lost.
func (s *Service) send(ctx context.Context, m Message) error {
	carrier := s.o.Mail
	if m.Channel == SMS {
		carrier = s.o.SMS
	}
	if later, err := s.postpone(ctx, m, carrier); later {
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		return err
	}
	if m.State == Sent && m.Reason == Awaited {
		return s.reported(ctx, m)
	}
	from, tries := m.State, m.Tries
	m.State, m.Tries, m.Done = Sent, m.Tries+1, s.o.Now()
	m.Due = m.Done.Add(lease)
	if m.Tries > maxTries { // who sent it died each time
		m.State, m.Reason = Failed, fmt.Sprintf("Не удалось отправить за %d попыток.", tries)
		m.Tries = tries
	}
	if err := s.store.Settle(ctx, m, from, tries); err != nil {
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		return err
	}
	if m.State == Failed {
		return nil
	}
	err := carrier.Carry(ctx, m)
	var lasting *Lasting
	switch {
	case err == nil:
		m.State = Delivered
		if r, ok := carrier.(Reporter); ok && r.Reports() > 0 {
			m.State, m.Reason, m.Due = Sent, Awaited, s.o.Now().Add(r.Reports())
		}
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
	err = s.store.Settle(context.WithoutCancel(ctx), m, Sent, m.Tries)
	if errors.Is(err, ErrNotFound) {
		return nil // it took longer than the lease: another server has it
	}
	return err
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
