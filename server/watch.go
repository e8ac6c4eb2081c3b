package server

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/flk"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// GapAlarm is how long numbers may be missing before people are told (E-22, O-090).
const GapAlarm = 24 * time.Hour

// watch remembers which alarms were raised, so that the store is asked once.
type watch struct {
	mu     sync.Mutex
	raised map[string]struct{}
}

// Watch looks after all drives every interval until ctx ends: see Sweep. It returns
// ctx's error.
func (s *Server) Watch(ctx context.Context, every time.Duration) error {
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-t.C:
		}
		if err := s.Sweep(ctx); err != nil && ctx.Err() == nil {
			s.o.Logger.Error("looking after the drives", "err", err)
		}
	}
}

// Sweep raises what the calendar brings and no document does: a gap open for more
// than a day (O-090) and the end of fiscal keys drawing near (O-046). Each is an
// incident once.
func (s *Server) Sweep(ctx context.Context) error {
	s.watch.mu.Lock()
	defer s.watch.mu.Unlock()
	page := store.Page{Limit: store.MaxLimit}
	for {
		drives, err := s.o.Store.Drives(ctx, page)
		if err != nil {
			return fmt.Errorf("server: listing drives: %w", err)
		}
		for i := range drives {
			if err := s.look(ctx, &drives[i]); err != nil {
				return err
			}
		}
		if len(drives) < store.MaxLimit {
			return nil
		}
		page.After = drives[len(drives)-1].ID
	}
}

func (s *Server) look(ctx context.Context, d *store.Drive) error {
	now := s.o.Now()
	for _, g := range d.Gaps {
		if now.Sub(g.Since) > GapAlarm {
			text := fmt.Sprintf("документы %d–%d не получены более 24 часов", g.From, g.To)
			if g.From == g.To {
				text = fmt.Sprintf("документ %d не получен более 24 часов", g.From)
			}
			if err := s.once(ctx, d.FN, g.From, fiscal.FDGap, text); err != nil {
				return err
			}
		}
	}
	if d.Status != store.DriveActive {
		return nil
	}
	h, err := flk.Load(*d)
	if err != nil {
		return fmt.Errorf("server: drive %s: %w", d.FN, err)
	}
	if text := h.KeyReminder(now); text != "" {
		return s.once(ctx, d.FN, 0, fiscal.FaultNone, text)
	}
	return nil
}

// once adds an incident unless one of the same text is there.
func (s *Server) once(ctx context.Context, fn fiscal.FNNumber, fd fiscal.FDNumber, f fiscal.Fault, text string) error {
	key := string(fn) + "\n" + text
	if _, done := s.watch.raised[key]; done {
		return nil
	}
	there, err := store.HasIncident(ctx, s.o.Store, fn, text)
	switch {
	case err != nil:
		return fmt.Errorf("server: %w", err)
	case there:
		s.remember(key)
		return nil
	}
	if err := s.o.Store.AddIncident(ctx, store.Incident{At: s.o.Now().UTC(), FN: fn, FD: fd, Fault: f, Text: text}); err != nil {
		return fmt.Errorf("server: adding an incident of %s: %w", fn, err)
	}
	s.remember(key)
	return nil
}

// maxRaised bounds the memory of alarms; when it is full it is forgotten and the
// store asked anew.
const maxRaised = 100_000

func (s *Server) remember(key string) {
	if s.watch.raised == nil || len(s.watch.raised) >= maxRaised {
		s.watch.raised = map[string]struct{}{}
	}
	s.watch.raised[key] = struct{}{}
}
