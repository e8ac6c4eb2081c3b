package load

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
)

// DefaultOFD is the operator that drives are registered with unless told otherwise:
// the bench's own.
const DefaultOFD fiscal.INN = "7704358518"

// Options of a run. One of Addr and Dial is required.
type Options struct {
	Addr string                                      // host:port of the operator
	Dial func(ctx context.Context) (net.Conn, error) // instead of Addr

	Registers int           // 16 when zero
	Rate      float64       // documents a second of all registers together; 0: each sends as soon as it is confirmed
	Duration  time.Duration // how long documents are sent: 10 s when zero
	Documents int           // ends the run earlier; 0: no limit. Needed by Prebuilt without a Rate
	// OneConnection opens a connection for each document (TRN-062) instead of one for
	// each register (TRN-061).
	OneConnection bool
	// Prebuilt signs all documents before the clock starts, so that signing takes no
	// part of the machine while it runs.
	Prebuilt bool
	// CheckSigns checks the sign of each confirmation (ФПП) too. Without Prebuilt the
	// drives do it always.
	CheckSigns bool

	FFD    fiscal.FFD    // of the documents: 1.2 when zero
	OFD    fiscal.INN    // the operator's own number: DefaultOFD when empty
	Seed   uint64        // of drive numbers and what is sold. A store that was loaded with a seed needs another one
	Answer time.Duration // how long a confirmation is awaited: 30 s when zero

	Now      func() time.Time // clock of the registers: time.Now when nil
	Logger   *slog.Logger     // nil: discarded
	Progress func(Progress)   // called a few times a second by one goroutine
}

// Progress of a run.
type Progress struct {
	Stage     Stage
	Done      int           // registers enrolled, documents built or confirmed, by stage
	Of        int           // of so many; 0: not known
	Elapsed   time.Duration // since the stage began
	Remaining time.Duration // of the time for sending
}

// Stage of a run.
type Stage string

// Stages in their order.
const (
	Building  Stage = "building"
	Enrolling Stage = "enrolling"
	Sending   Stage = "sending"
)

// Limits of a run.
const (
	maxRegisters = 1_000_000 // numbers of drives there are: DrawNumber
	maxBuilt     = 20_000_000
)

// Check finds options that contradict each other.
func (o Options) Check() error {
	_, err := o.resolved()
	return err
}

func (o Options) resolved() (Options, error) {
	if o.Addr == "" && o.Dial == nil {
		return o, errors.New("load: no address of an operator")
	}
	if o.Dial == nil {
		d := net.Dialer{KeepAlive: -1} // a run is short and its waits are limited
		addr := o.Addr
		o.Dial = func(ctx context.Context) (net.Conn, error) { return d.DialContext(ctx, "tcp", addr) }
	}
	if o.Registers == 0 {
		o.Registers = 16
	}
	if o.Duration == 0 {
		o.Duration = 10 * time.Second
	}
	if o.FFD == 0 {
		o.FFD = fiscal.FFD12
	}
	if o.OFD == "" {
		o.OFD = DefaultOFD
	}
	if o.Answer == 0 {
		o.Answer = 30 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	switch {
	case o.Registers < 0 || o.Registers > maxRegisters:
		return o, fmt.Errorf("load: %d registers: want 1 to %d", o.Registers, maxRegisters)
	case o.Rate < 0:
		return o, fmt.Errorf("load: rate %v: want more than zero, or zero for as fast as can be", o.Rate)
	case o.Duration < 0:
		return o, fmt.Errorf("load: duration %s: must not be negative", o.Duration)
	case o.Documents < 0:
		return o, fmt.Errorf("load: %d documents: must not be negative", o.Documents)
	case o.Answer < 0:
		return o, fmt.Errorf("load: answer limit %s: must not be negative", o.Answer)
	case o.FFD != fiscal.FFD105 && o.FFD != fiscal.FFD11 && o.FFD != fiscal.FFD12:
		return o, fmt.Errorf("load: FFD %s: want 1.05, 1.1 or 1.2", o.FFD)
	case o.Prebuilt && o.Rate == 0 && o.Documents == 0:
		return o, errors.New("load: documents that are built before at full speed must be counted: say how many")
	case o.Prebuilt && o.total() > maxBuilt:
		return o, fmt.Errorf("load: %d documents built before do not fit in memory: want at most %d", o.total(), maxBuilt)
	}
	return o, o.OFD.Check()
}

// total is how many documents the run sends at most; 0 when nothing says so.
func (o *Options) total() int {
	n := o.Documents
	if o.Rate > 0 {
		due := int(o.Rate*o.Duration.Seconds()) + 1
		if n == 0 || due < n {
			n = due
		}
	}
	return n
}

// share is how many of the documents the i-th register sends; -1 when there is no
// limit.
func (o *Options) share(i int) int {
	n := o.total()
	if n == 0 {
		return -1
	}
	each := n / o.Registers
	if i < n%o.Registers {
		each++
	}
	return each
}
