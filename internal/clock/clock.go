// Package clock is the one clock of a bench (SIM-11): terms, colours, sessions and
// reports read it, so that a person can move it and see tomorrow today.
//
// It knows nothing of registers, which have clocks of their own, and never makes
// anybody wait: limits of connections are of the machine's time.
package clock

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Farthest is how far a clock can be moved either way: the formats write years of
// this century only.
const Farthest = 20 * 365 * 24 * time.Hour

// ErrTooFar: the clock cannot be moved there.
var ErrTooFar = errors.New("clock: farther than 20 years from the base clock")

// Clock is a base clock and how far it was moved. It goes on at the pace of the base.
// It is safe for concurrent use.
type Clock struct {
	base func() time.Time

	mu      sync.RWMutex
	moved   time.Duration
	changed chan struct{} // closed at the next move
}

// New makes a clock that is not moved. base is time.Now when nil.
func New(base func() time.Time) *Clock {
	if base == nil {
		base = time.Now
	}
	return &Clock{base: base, changed: make(chan struct{})}
}

// Now tells the time.
func (c *Clock) Now() time.Time { return c.base().Add(c.Moved()) }

// Moved is how far the clock is from its base; negative in its past.
func (c *Clock) Moved() time.Duration {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.moved
}

// Move moves the clock on; back with a negative by.
func (c *Clock) Move(by time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.put(c.moved + by)
}

// Set puts the clock to a moment.
func (c *Clock) Set(at time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.put(at.Sub(c.base()))
}

// Reset returns the clock to its base.
func (c *Clock) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.put(0)
}

func (c *Clock) put(moved time.Duration) error {
	if moved > Farthest || moved < -Farthest {
		return ErrTooFar
	}
	if moved == c.moved {
		return nil
	}
	c.moved = moved
	close(c.changed)
	c.changed = make(chan struct{})
	return nil
}

// Watch gives a signal after the clock was moved, until ctx ends, which closes the
// channel. Moves that come faster than they are looked at make one signal.
func (c *Clock) Watch(ctx context.Context) <-chan struct{} {
	out := make(chan struct{}, 1)
	c.mu.RLock()
	next := c.changed
	c.mu.RUnlock()
	go func() {
		defer close(out)
		for {
			select {
			case <-ctx.Done():
				return
			case <-next:
			}
			c.mu.RLock()
			next = c.changed
			c.mu.RUnlock()
			select {
			case out <- struct{}{}:
			default:
			}
		}
	}()
	return out
}

// Request is what the clock is asked to do by an API or a form: one of its fields.
type Request struct {
	Move  string `json:"move,omitempty"` // "24h", "-30m", "3d"
	Set   string `json:"set,omitempty"`  // "2026-08-01T09:00:00+03:00"
	Reset bool   `json:"reset,omitempty"`
}

// State is the clock as an API shows it.
type State struct {
	Now   time.Time `json:"now"`
	Moved string    `json:"moved"` // "24h0m0s"; "0s" when it was not
}

// State of the clock.
func (c *Clock) State() State {
	return State{Now: c.Now().UTC(), Moved: c.Moved().Round(time.Second).String()}
}

// Do does what is asked; an error says what is wrong with the request.
func (c *Clock) Do(r Request) (State, error) {
	said := 0
	for _, one := range []bool{r.Move != "", r.Set != "", r.Reset} {
		if one {
			said++
		}
	}
	if said != 1 {
		return State{}, errors.New("clock: want one of move, set and reset")
	}
	switch {
	case r.Reset:
		c.Reset()
	case r.Move != "":
		by, err := Span(r.Move)
		if err == nil {
			err = c.Move(by)
		}
		if err != nil {
			return State{}, fmt.Errorf("move %q: %w", r.Move, err)
		}
	default:
		at, err := time.Parse(time.RFC3339, r.Set)
		if err != nil {
			return State{}, fmt.Errorf("clock: set %q: want a moment as 2026-08-01T09:00:00+03:00", r.Set)
		}
		if err := c.Set(at); err != nil {
			return State{}, fmt.Errorf("set %q: %w", r.Set, err)
		}
	}
	return c.State(), nil
}

// Span reads a duration; whole days are written "3d".
func Span(text string) (time.Duration, error) {
	text = strings.TrimSpace(text)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.ParseInt(days, 10, 16); err == nil {
			return time.Duration(n) * 24 * time.Hour, nil
		}
	} else if by, err := time.ParseDuration(text); err == nil {
		return by, nil
	}
	return 0, fmt.Errorf("clock: %q: want a duration as 90m, 24h or 3d", text)
}
