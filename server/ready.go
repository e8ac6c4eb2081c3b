package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fiscalbench/fiscalbench/server/store"
)

var (
	// ErrDraining: the server takes no new work, or is about to.
	ErrDraining = errors.New("server: draining")
	// ErrStarting: the server takes no work yet.
	ErrStarting = errors.New("server: starting")
	// errWriting: the store can be read, but nothing gets into it.
	errWriting = errors.New("server: the store cannot be written")
)

const (
	// healthLimit bounds a health check.
	healthLimit = 2 * time.Second
	// failureHold is how long a failed write makes a server unready when no other
	// succeeds: afterwards registers may come and try.
	failureHold = 3 * time.Second
	// stuckAfter is how long one transaction may take.
	stuckAfter = 5 * time.Second
)

// writing is what the store's writers are at. Times are of the machine's clock.
type writing struct {
	failed atomic.Int64 // of the last transaction when it failed, ns; 0: it did not
	mu     sync.Mutex
	began  []time.Time // of the transactions under way, the oldest first
}

func (w *writing) begins() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.began = append(w.began, time.Now())
}

// ends forgets the transaction that began so long ago, or the one nearest to it:
// writers do not tell who they are.
func (w *writing) ends(took time.Duration, err error) {
	w.mu.Lock()
	began, nearest := time.Now().Add(-took), 0
	for i, at := range w.began {
		if at.Sub(began).Abs() <= w.began[nearest].Sub(began).Abs() {
			nearest = i
		}
	}
	if len(w.began) > 0 {
		w.began = slices.Delete(w.began, nearest, nearest+1)
	}
	w.mu.Unlock()
	if err == nil {
		w.failed.Store(0)
		return
	}
	w.failed.Store(time.Now().UnixNano())
}

// works is false while writes fail or one does not end.
func (w *writing) works(now time.Time) bool {
	w.mu.Lock()
	stuck := len(w.began) > 0 && now.Sub(w.began[0]) > stuckAfter
	w.mu.Unlock()
	if stuck {
		return false
	}
	failed := w.failed.Load()
	return failed == 0 || now.Sub(time.Unix(0, failed)) > failureHold
}

// Leave makes the server unready while it goes on taking documents, so that balancers
// send it no new registers before Shutdown closes its ports.
func (s *Server) Leave() { s.leaving.Store(true) }

// Health is nil while the store can be read and the server has not been shut down.
func (s *Server) Health(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, healthLimit)
	defer cancel()
	if _, err := s.o.Store.Drive(ctx, "0"); err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("server: reading the store: %w", err)
	}
	if s.draining.Load() {
		return ErrDraining
	}
	return nil
}

// Ready is nil while new registers may be sent here: the server serves, is not about
// to end, and its store can be read and, as far as the last transactions tell, written.
func (s *Server) Ready(ctx context.Context) error {
	switch {
	case s.leaving.Load():
		return ErrDraining
	case !s.serving.Load():
		return ErrStarting
	case !s.metrics.works(time.Now()):
		return errWriting
	}
	return s.Health(ctx)
}

// readiness is Ready for the metric.
func (s *Server) readiness() float64 {
	if s.Ready(context.Background()) != nil {
		return 0
	}
	return 1
}

// answer answers 200 while check finds nothing, else 503 with the reason in a word.
func (s *Server) answer(check func(context.Context) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		status, code := "ok", http.StatusServiceUnavailable
		switch err := check(r.Context()); {
		case err == nil:
			code = http.StatusOK
		case errors.Is(err, ErrDraining):
			status = "draining"
		case errors.Is(err, ErrStarting):
			status = "starting"
		default:
			s.o.Logger.Error("health check", "err", err)
			status = "store"
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(code)
		fmt.Fprintf(w, "{\"status\":%q}\n", status)
	}
}
