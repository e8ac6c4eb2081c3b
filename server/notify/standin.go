package notify

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"
)

// StandIn pretends to deliver: the message stays in the outbox, where people and
// tests read it. It can be told to misbehave (SIM-01, SIM-02). The zero StandIn
// delivers at once.
type StandIn struct {
	mu     sync.Mutex
	faults Faults
}

// Faults of a stand-in.
type Faults struct {
	Delay  time.Duration // before each delivery
	Report time.Duration // after each delivery, until it is reported: it is sent and not delivered yet
	Refuse []string      // parts of numbers and addresses that never get anything
	Down   bool          // nothing goes through for now; messages wait and are tried again
}

// Set changes the faults.
func (s *StandIn) Set(f Faults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = f
}

// Faults that are on.
func (s *StandIn) Faults() Faults {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults
}

var errDown = errors.New("notify: the stand-in is told to be down")

// Delay implements Delayer.
func (s *StandIn) Delay() time.Duration { return s.Faults().Delay }

// Reports implements Reporter.
func (s *StandIn) Reports() time.Duration { return s.Faults().Report }

// Carry implements Carrier.
func (s *StandIn) Carry(_ context.Context, m Message) error {
	f := s.Faults()
	if f.Down {
		return errDown
	}
	for _, part := range f.Refuse {
		if part != "" && strings.Contains(m.To, part) {
			return &Lasting{Reason: "Адресат недоступен."}
		}
	}
	return nil
}
